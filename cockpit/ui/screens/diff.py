"""The page of a diff: what a workstream's leg changed, file by file, and what is to be said of its lines."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any, ClassVar

from msgspec.structs import replace
from textual import on
from textual.content import Content

from cockpit.engine.handle import Handle, View
from cockpit.errors import CockpitError
from cockpit.schedule.comments import Comment
from cockpit.schedule.orders import Order
from cockpit.schedule.snapshot import Leg
from cockpit.ui.difffiles import changed_files
from cockpit.ui.difflines import REMOVED, DiffText, parsed
from cockpit.ui.drafts import on_line, placed
from cockpit.ui.keys import BY_NAME, DIFF, on_page
from cockpit.ui.looks import count, line, name
from cockpit.ui.present import Row
from cockpit.ui.screens.moving import MovingPage
from cockpit.ui.screens.page import Page
from cockpit.ui.styling import stylesheet
from cockpit.ui.widgets.commentline import CommentLine
from cockpit.ui.working import beside

AT_ONCE = 50_000  # characters that are read at once; more are read in a thread
SETTLE_S = 0.1  # before a file is asked for that was come upon: the next one may be wanted already
FIRST = ("comment", "reject", "approve", "files", "since", "diff", "side", "edit", "help", "quit")


class DiffPage(MovingPage):
    """The diff of a workstream; of one file where a path is given, opened at a line of it."""

    PAGE: ClassVar[str] = DIFF
    CSS_PATH = stylesheet("pages")

    def __init__(self, handle: Handle, workstream: str, path: str = "", at: int = 0) -> None:
        super().__init__()
        self._handle = handle
        self.workstream, self.path = workstream, path
        self._whole, self._since = not path, False
        self._answered: dict[str, Any] = {}
        self._known: tuple[Leg, ...] = ()
        self._read: tuple[str, ...] | None = None
        self._to: tuple[str, int, bool] = (path, at, False)
        self._input: CommentLine | None = None
        self._commented: Comment | None = None

    def on_mount(self) -> None:
        """Ask for the diff."""
        self._arrange()
        self._ask()
        self.show_keys()

    def targets(self) -> tuple[str, ...]:
        """Return the workstream."""
        return (self.workstream,)

    def show(self, view: View, rows: Mapping[str, Row], now: float) -> None:  # noqa: ARG002 - only commits matter here
        """Stay: a diff that moves under one's eyes cannot be read; say that there is other work to be read by now."""
        legs = self._legs()
        if self.is_attached and any(old is not new for old, new in zip_longest(self._known, legs)):
            self._known = legs
            if self._is_stale():
                beside(self, self._compare, "comparing a diff", "same", exclusive=True)
            self.show_keys()

    def ordered(self, order: Order) -> None:
        """Go back to where the review was opened from when it is decided, which goes on from there."""
        below = next((one for one in reversed(self.app.screen_stack[:-1]) if isinstance(one, Page)), None)
        if order.verb not in ("approve", "reject") or order.targets != (self.workstream,) or below is None:
            return
        if not self.is_active:  # it stays below a dialog, and so does what is below it
            return
        self.dismiss()
        below.say(f"✓ {order.verb} {name(self.workstream)}", "good")
        self.app.call_later(below.ordered, order)

    def why_not(self, name: str) -> str | None:
        """Return why something of the diff cannot be done."""
        return super().why_not(name) or self._why_not_said(name)

    def _why_not_said(self, name: str) -> str | None:
        if name in ("approve", "reject") and self._is_stale():
            return self._stale()
        if name == "since" and not self._since and not any(leg.reviewed for leg in self._legs()):
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

    def _legs(self) -> tuple[Leg, ...]:
        snapshot = self.cockpit.view.snapshot
        return snapshot.legs_of(self.workstream) if self.workstream in snapshot.workstreams else ()

    def _is_stale(self) -> bool:
        """Tell whether something else was committed since the diff was read: nobody has seen that."""
        return self._read is not None and self._read != tuple(leg.commit for leg in self._legs())

    @staticmethod
    def _stale() -> str:
        return f"its work is not what is shown any more: {BY_NAME['refresh'].shown} reads it again"

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

    def show_alone(self, path: str) -> None:
        """Ask for a file that the text lacks."""
        self._whole, self.path, self._to = False, path, (path, 0, False)
        self._ask()

    async def _bring(self) -> None:
        if self.heading:
            await asyncio.sleep(SETTLE_S)
        path = "" if self._whole else self.path
        since = {"since": "review"} if self._since else {}
        read = tuple(leg.commit for leg in self._legs())
        try:
            answer: dict[str, Any] = await self._handle.ask("diff", workstream=self.workstream, path=path, **since)
        except CockpitError as error:
            self.view.show(DiffText(), None, {}, f"it cannot be had: {line(error.what)}")
            self.say(f"✗ no diff: {line(error.what)}", "bad")
            return
        finally:
            if self.heading == path:
                self.heading = ""
        text, left = str(answer["text"]), self._left_out(answer)
        diff = await asyncio.to_thread(parsed, text, left) if len(text) > AT_ONCE else parsed(text, left)
        self._answered, self._read = answer, read
        found = changed_files(answer.get("listed", ()))  # an older driver lists none
        if self._whole or not any(one.path == path for one in self._files):
            self._files = found
        self.view.titles = {one.path: one.title for one in found}
        went, number, removed = self._to
        at = diff.place(went, number, removed=removed) if number else diff.title(went)
        nothing = "has not changed since it was decided on" if self._since else "does not differ from base any more"
        self.view.show(diff, at, self._remarks(diff), f"{line(path) or 'its work'} {nothing}")
        self._tell(diff)
        self._show_files()
        self.show_keys()

    async def _compare(self) -> None:
        """Take what was committed since for what was read where it changes just the same, as after a new base."""
        read, before = tuple(leg.commit for leg in self._legs()), self._answered
        answer: dict[str, Any] = {}
        if self._whole and not self._since:
            try:
                answer = await self._handle.ask("diff", workstream=self.workstream, path="")
            except CockpitError:
                answer = {}  # what cannot be compared is other work
        if self._answered is not before or not self._is_stale():
            return
        known = ("text", "listed", "files", "marked")
        whole = bool(answer) and not answer["cut"] and not answer["left_out"]
        if whole and all(answer.get(one) == before.get(one) for one in known):
            self._answered, self._read = answer, read
            self._tell(self.view.diff)
        if self._is_stale():
            self.say(self._stale(), "warn")
        self.show_keys()

    def _left_out(self, answer: Mapping[str, Any]) -> str:
        if not answer["cut"]:
            return ""
        lines = f"… {count(int(answer.get('lines_left', 0)), 'line')}"
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

    def said(self) -> Mapping[str, int]:
        """Return how many comments there are on each file."""
        return Counter(one.path for one in self._said)

    def _remarks(self, diff: DiffText) -> dict[int, list[str]]:
        """Return what is said below which line, and what was sent with the last rejection, to see what came of it."""
        sent = (one for leg in self._legs() if leg.key == self._answered.get("leg") for one in leg.comments)
        before = [replace(one, text=f"said before: {one.text}") for one in sent]
        return placed(diff, (*before, *self._said))

    @property
    def _said(self) -> tuple[Comment, ...]:
        return self.cockpit.drafts.of(self.workstream)

    # --- what is said of lines ------------------------------------------------------------------------------------

    def line(self) -> CommentLine | None:
        """Return the line in which a comment is typed."""
        return self._input

    @on(CommentLine.Submitted)
    def _submitted(self, event: CommentLine.Submitted) -> None:
        event.stop()
        self.keep_line()

    def keep_line(self) -> None:
        """Keep the comment."""
        if self._input is None or self._commented is None:
            return
        text = " ".join(self._input.value.split())
        refused = self.cockpit.drafts.put(self.workstream, replace(self._commented, text=text))
        self._end_comment()
        self.view.show_comments(self._remarks(self.view.diff))
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
        back = (BY_NAME["back"].shown, "back", True)
        return [back, *((one.shown, one.short, self.cockpit.why_not(one) is None) for one in shown)]

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
