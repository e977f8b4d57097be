"""The page of a diff: what a workstream's leg changed, file by file, and what is to be said of its lines."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content

from cockpit.engine.handle import Handle, View
from cockpit.errors import CockpitError
from cockpit.schedule.comments import Comment
from cockpit.schedule.orders import Order
from cockpit.ui.difffiles import ChangedFile, changed_files, row
from cockpit.ui.difflines import REMOVED, DiffText, parsed
from cockpit.ui.drafts import on_line, placed
from cockpit.ui.keys import BY_NAME, DIFF, on_page
from cockpit.ui.looks import count, line, name
from cockpit.ui.present import Row
from cockpit.ui.screens.page import Page
from cockpit.ui.styling import stylesheet
from cockpit.ui.widgets.commentline import CommentLine
from cockpit.ui.widgets.difffiles import DiffFiles
from cockpit.ui.widgets.difftext import DiffView
from cockpit.ui.widgets.lines import Keybar, Lines, StatusLine
from cockpit.ui.working import beside

LISTED_FROM, SIDE_FROM, SIDE_LEAST = 100, 160, 100  # columns: files beside the diff; side by side by itself; at all
AT_ONCE = 50_000  # characters that are read at once; more are read in a thread
FIRST = ("comment", "reject", "approve", "files", "since", "diff", "side", "edit", "help", "quit")


class DiffPage(Page):
    """The diff of a workstream; of one file where a path is given, opened at a line of it."""

    PAGE: ClassVar[str] = DIFF
    CSS_PATH = stylesheet("pages")

    def __init__(self, handle: Handle, workstream: str, path: str = "", at: int = 0) -> None:
        super().__init__()
        self._handle = handle
        self.workstream, self.path = workstream, path
        self._whole, self._since = not path, False
        self._side: bool | None = None
        self._choosing = False
        self._files: tuple[ChangedFile, ...] = ()
        self._answered: dict[str, Any] = {}
        self._stands: tuple[object, ...] = ()
        self._to: tuple[str, int, bool] = (path, at, False)
        self._input: CommentLine | None = None
        self._commented: Comment | None = None
        self.view = DiffView()
        self.view.note = "…"
        self.files = DiffFiles()
        self.current = Lines("current")

    def compose(self) -> ComposeResult:
        """Lay out the diff beside its files, above what is said of it."""
        yield self.current
        with Horizontal(id="difference"):
            yield self.files
            yield self.view
        yield StatusLine("status")
        yield Keybar("keybar")

    def on_mount(self) -> None:
        """Ask for the diff."""
        self._arrange()
        self._ask()
        self.show_keys()

    def on_resize(self) -> None:
        """Fit all to the new width."""
        self._arrange()
        self._show_files()
        self.show_keys()

    def targets(self) -> tuple[str, ...]:
        """Return the workstream."""
        return (self.workstream,)

    def place(self) -> tuple[str, int]:
        """Return the file under the cursor, and the line of it as it is now."""
        diff, at = self.view.diff, self.view.line
        return diff.file_at(at), diff.lines[at].new if at < len(diff.lines) else 0

    def show(self, view: View, rows: Mapping[str, Row], now: float) -> None:
        """Stay: a diff that moves under one's eyes cannot be read; R reads it again."""

    def ordered(self, order: Order) -> None:
        """Go back to where the review was opened from when it is decided, which goes on from there."""
        below = next((one for one in reversed(self.app.screen_stack[:-1]) if isinstance(one, Page)), None)
        if order.verb not in ("approve", "reject") or order.targets != (self.workstream,) or below is None:
            return
        self.dismiss()
        below.say(f"✓ {order.verb} {name(self.workstream)}", "good")
        self.app.call_later(below.ordered, order)

    def why_not(self, name: str) -> str | None:
        """Return why something of the diff cannot be done."""
        return self._why_not_shown(name) or self._why_not_said(name)

    def _why_not_shown(self, name: str) -> str | None:
        if name in ("previous", "following") and not self.view.diff.hunks:
            return "there is no hunk"
        if name in ("previous_file", "next_file") and len(self._files) < 2:
            return "there is no other file"
        if name in ("files", "diff") and not self._files:
            return "no file is there to be shown"
        if name == "pick" and not self._choosing:
            return f"{BY_NAME['files'].shown} lists the files first"
        if name == "side" and self.app.size.width < SIDE_LEAST:
            return f"side by side needs {SIDE_LEAST} columns"
        return None

    def _why_not_said(self, name: str) -> str | None:
        if name == "since" and not self._since and not self._is_reviewed():
            return "nobody decided on it yet: there is no review to compare with"
        if name == "comment":
            if self.cockpit.read_only:
                return "this screen is read only"
            if on_line(self.view.diff, self.view.line) is None:
                return "the cursor is on no line of a file"
        if name == "edit":
            path = self.place()[0]
            return None if path and self._worktree else "there is no file in a worktree to be edited"
        return None

    def _is_reviewed(self) -> bool:
        snapshot = self.cockpit.view.snapshot
        known = self.workstream in snapshot.workstreams
        return known and any(leg.reviewed for leg in snapshot.legs_of(self.workstream))

    @property
    def _worktree(self) -> str:
        known = self.cockpit.view.snapshot.workstreams.get(self.workstream)
        return known.worktree if known else ""

    # --- reading it -----------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        what = "all that changed" if self._whole else line(self.path)
        since = " since it was decided on" if self._since else ""
        self.view.border_title = Content(f"diff of {name(self.workstream)} · {what}{since}")
        beside(self, self._bring, "asking for a diff", "diff", exclusive=True)

    async def _bring(self) -> None:
        path = "" if self._whole else self.path
        since = {"since": "review"} if self._since else {}
        try:
            answer: dict[str, Any] = await self._handle.ask("diff", workstream=self.workstream, path=path, **since)
        except CockpitError as error:
            self.view.show(DiffText(), None, {}, f"it cannot be had: {line(error.what)}")
            self.say(f"✗ no diff: {line(error.what)}", "bad")
            return
        text, left = str(answer["text"]), self._left_out(answer)
        diff = await asyncio.to_thread(parsed, text, left) if len(text) > AT_ONCE else parsed(text, left)
        self._answered = answer
        found = changed_files(answer["listed"])
        if self._whole or not any(one.path == path for one in self._files):
            self._files = found
        self.view.titles = {one.path: one.title for one in found}
        went, number, removed = self._to
        at = diff.place(went, number, removed=removed) if number else diff.title(went)
        nothing = "has not changed since it was decided on" if self._since else "does not differ from base any more"
        self.view.show(diff, at, placed(diff, self._said), f"{line(path) or 'its work'} {nothing}")
        self._tell(diff)
        self._show_files()
        self.show_keys()

    def _left_out(self, answer: Mapping[str, Any]) -> str:
        if not answer["cut"]:
            return ""
        lines = f"… {count(int(answer['lines_left']), 'line')}"
        if self._whole:
            return f"{lines} or more are left out here: {BY_NAME['diff'].shown} shows the file alone"
        return f"{lines} of it are left out: {BY_NAME['edit'].shown} opens the file"

    def _tell(self, diff: DiffText) -> None:
        answer = self._answered
        told = [count(int(answer["files"]), "file"), count(len(diff.hunks), "hunk")]
        told += [f"{count(int(answer['left_out']), 'file')} left out: too much to show"] if answer["left_out"] else []
        told += ["cut: too much to show"] if answer["cut"] else []
        marked = answer.get("marked", ())
        told += (
            [f"! base changed the same lines of {count(len(marked), 'file')}: with conflict marks"] if marked else []
        )
        said = len(self._said)
        told += [f"{count(said, 'comment')} to be sent with {BY_NAME['reject'].shown}"] if said else []
        base = name(str(answer["base"]))[:9]
        self.say(f"{' · '.join(told)} · against {base or 'base'}", "warn" if answer["cut"] or marked else "dim")

    @property
    def _said(self) -> tuple[Comment, ...]:
        return self.cockpit.drafts.of(self.workstream)

    # --- its files ------------------------------------------------------------------------------------------------

    def _arrange(self) -> None:
        width = self.app.size.width
        self.set_class(width >= LISTED_FROM and len(self._files) > 1, "-beside")
        self.set_class(self._choosing, "-choosing")
        self.set_class(self._choosing and not self.has_class("-beside"), "-alone")
        self.files.styles.width = min(48, max(28, width // 4)) if width >= LISTED_FROM else "100%"
        side = width >= SIDE_FROM if self._side is None else self._side
        self.view.set_side(side and width >= SIDE_LEAST)

    def _at(self) -> int:
        """Return which file the cursor is in."""
        path = self.view.diff.file_at(self.view.line)
        return next((at for at, one in enumerate(self._files) if one.path == path), 0)

    def _show_files(self, current: int | None = None) -> None:
        self._arrange()
        at = self._at() if current is None else current
        said = Counter(one.path for one in self._said)
        self.files.border_title = Content(f"{count(len(self._files), 'file')}")
        self.files.show(self._files, at, said)
        lines: list[Sequence[tuple[str, str]]] = []
        if len(self._files) > 1 and not (self.has_class("-beside") or self._choosing):
            place = f"{at + 1}/{len(self._files)} "
            one = self._files[at]
            cells = row(one, max(20, self.app.size.width - 2 - len(place)), current=False, said=said[one.path])
            lines = [((place, "dim"), *cells)]
        self.current.show_lines([tuple(cells) for cells in lines])

    @on(DiffView.Moved)
    def _moved(self) -> None:
        stands = (self._at(), on_line(self.view.diff, self.view.line) is None)
        if stands != self._stands:
            self._stands = stands
            if not self._choosing:
                self._show_files()
            self.show_keys()

    @on(DiffFiles.Clicked)
    def _clicked(self, event: DiffFiles.Clicked) -> None:
        event.stop()
        self._end_choosing()
        self._go_to(event.at)

    def _go_to(self, at: int) -> None:
        """Go to a file: in the text, or alone where the text lacks it."""
        path = self._files[at].path
        title = self.view.diff.title(path)
        if title is not None:
            self.view.to_line(title, top=True)
            return
        self._whole, self.path, self._to = False, path, (path, 0, False)
        self._ask()

    def _end_choosing(self) -> None:
        self._choosing = False
        self._show_files()

    def _choose(self, at: int) -> None:
        """Make another file the current one of the list; where the diff is beside it, that follows."""
        at = min(max(0, at), len(self._files) - 1)
        self._show_files(at)
        if self.has_class("-beside"):
            self._go_to(at)

    # --- what is said of lines ------------------------------------------------------------------------------------

    def typed(self, key: str, character: str | None) -> bool:
        """Take a key for the comment, from the key that opens its line on until it has the focus."""
        if self._input is None:
            return False
        if key == "enter":
            self._keep_comment()
        elif character:
            self._input.insert_text_at_cursor(character)
        return bool(character) or key == "enter"

    @on(CommentLine.Submitted)
    def _submitted(self, event: CommentLine.Submitted) -> None:
        event.stop()
        self._keep_comment()

    def _keep_comment(self) -> None:
        if self._input is None or self._commented is None:
            return
        text = " ".join(self._input.value.split())
        refused = self.cockpit.drafts.put(self.workstream, replace(self._commented, text=text))
        self._end_comment()
        self.view.show_comments(placed(self.view.diff, self._said))
        self._show_files()
        if refused:
            self.say(refused, "warn")
        else:
            self._tell(self.view.diff)

    def _end_comment(self) -> None:
        if self._input is not None:
            self._input.remove()
            self._input = None
        self.set_focus(None)

    # --- keys -----------------------------------------------------------------------------------------------------

    def keys(self) -> list[tuple[str, str, bool]]:
        """Return the footer's keys, those of the diff first."""
        order = {name: at for at, name in enumerate(FIRST)}
        shown = sorted((one for one in on_page(self.PAGE) if one.short), key=lambda one: order.get(one.name, 99))
        shown = [one for one in shown if one.name not in ("help", "quit")] + [BY_NAME["help"], BY_NAME["quit"]]
        return [("esc", "back", True), *((one.shown, one.short, self.cockpit.why_not(one) is None) for one in shown)]

    def do_back(self) -> None:
        """Back out: the comment, the list of files, then the page."""
        if self._input is not None:
            self._end_comment()
        elif self._choosing:
            self._end_choosing()
        else:
            super().do_back()

    def do_diff(self) -> None:
        """Show the file under the cursor alone, or all that changed again."""
        diff, at = self.view.diff, self.view.line
        path = diff.file_at(at) or self.path
        self.path, self._to = path, self._standing()
        self._whole = not self._whole
        self._ask()

    def _standing(self) -> tuple[str, int, bool]:
        """Return where the cursor is: a file, a line of it, and whether that is one of before the change."""
        diff, at = self.view.diff, self.view.line
        if at >= len(diff.lines):
            return self._to
        one = diff.lines[at]
        removed = one.kind == REMOVED
        return one.path, one.old if removed else one.new, removed

    def do_refresh(self) -> None:
        """Ask for the diff again."""
        self._to = self._standing()
        self._ask()

    def do_since(self) -> None:
        """Show only what changed since it was decided on, or all of it again."""
        self._to, self._since = self._standing(), not self._since
        self._files = ()
        self._ask()

    def do_side(self) -> None:
        """Show before and after side by side, or one below the other."""
        self._side = not self.view.side
        self._arrange()

    def do_files(self) -> None:
        """Choose a file of the list, or go back to the diff."""
        self._choosing = not self._choosing
        self._show_files()
        self.show_keys()
        if self._choosing:
            self.say(f"↑ ↓ choose a file, {BY_NAME['pick'].shown} goes to it")

    def do_pick(self) -> None:
        """Go to the file that was chosen."""
        at = self.files.current
        self._end_choosing()
        self._go_to(at)

    def do_comment(self) -> None:
        """Open the line in which a comment is typed."""
        fresh = on_line(self.view.diff, self.view.line)
        if fresh is None or self._input is not None:
            return
        same = (
            one for one in self._said if (one.path, one.line, one.removed) == (fresh.path, fresh.line, fresh.removed)
        )
        self._commented = next(same, fresh)
        self._input = CommentLine(self._commented.text)
        self.mount(self._input, before="#status")
        self.set_focus(self._input)

    def do_edit(self) -> None:
        """Open the file under the cursor in the operator's editor, at its line."""
        from cockpit.ui.editing import begin

        path, number = self.place()
        begin(self.cockpit, Path(self._worktree) / path, number)

    def do_previous(self) -> None:
        """Go to the hunk before."""
        found = [at for at in self.view.diff.hunks if at < self.view.line]
        self.view.to_line(found[-1] if found else 0, top=True)

    def do_following(self) -> None:
        """Go to the next hunk."""
        found = [at for at in self.view.diff.hunks if at > self.view.line]
        if found:
            self.view.to_line(found[0], top=True)
        else:
            self.say("that is the last hunk")

    def do_previous_file(self) -> None:
        """Go to the file before."""
        self._go_on(-1)

    def do_next_file(self) -> None:
        """Go to the next file."""
        self._go_on(1)

    def _go_on(self, by: int) -> None:
        at = self._at() + by
        if 0 <= at < len(self._files):
            self._go_to(at)
        else:
            self.say("that is the last file" if by > 0 else "that is the first file")

    def do_up(self) -> None:
        """Move up."""
        self._move(-1)

    def do_down(self) -> None:
        """Move down."""
        self._move(1)

    def do_page_up(self) -> None:
        """Move up a page."""
        self._move(-1, page=True)

    def do_page_down(self) -> None:
        """Move down a page."""
        self._move(1, page=True)

    def _move(self, by: int, *, page: bool = False) -> None:
        if self._choosing:
            self._choose(self.files.current + by * (max(1, self.files.size.height - 1) if page else 1))
        elif page:
            self.view.page(by)
        else:
            self.view.move(by)

    def do_first(self) -> None:
        """Go to the first line or file."""
        if self._choosing:
            self._choose(0)
        else:
            self.view.to_line(0)

    def do_last(self) -> None:
        """Go to the last line or file."""
        if self._choosing:
            self._choose(len(self._files) - 1)
        else:
            self.view.to_line(len(self.view.diff.lines) - 1)
