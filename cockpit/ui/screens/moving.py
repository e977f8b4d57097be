"""What one moves through in a diff: its lines, its hunks and its files; knows neither the driver nor comments."""

from collections.abc import Mapping, Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content

from cockpit.ui.difffiles import ChangedFile, row
from cockpit.ui.drafts import on_line
from cockpit.ui.keys import BY_NAME
from cockpit.ui.looks import count
from cockpit.ui.screens.page import Page
from cockpit.ui.widgets.difffiles import DiffFiles
from cockpit.ui.widgets.difftext import DiffView
from cockpit.ui.widgets.lines import Keybar, Lines, StatusLine

LISTED_FROM, SIDE_FROM, SIDE_LEAST = 100, 160, 100  # columns: files beside the diff; side by side by itself; at all


class MovingPage(Page):
    """A page of a diff beside the list of its files.

    What is listed may be more than what is in the text: then `show_alone(path)` has to bring a file, on the way to
    which the page is `heading` meanwhile. `said()` says on how many lines of which file something is said.
    """

    def __init__(self) -> None:
        super().__init__()
        self.heading = ""
        self._side: bool | None = None
        self._choosing = False
        self._files: tuple[ChangedFile, ...] = ()
        self._stands: tuple[object, ...] = ()
        self.view = DiffView()
        self.view.note = "…"
        self.files = DiffFiles()
        self.current = Lines("current")

    def show_alone(self, path: str) -> None:
        """Bring a file that the text lacks."""
        raise NotImplementedError

    def said(self) -> Mapping[str, int]:
        """Return on how many lines of each file something is said."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Lay out the diff beside its files, above what is said of it."""
        yield self.current
        with Horizontal(id="difference"):
            yield self.files
            yield self.view
        yield StatusLine("status")
        yield Keybar("keybar")

    def on_resize(self) -> None:
        """Fit all to the new width."""
        self._show_files()
        self.show_keys()

    def place(self) -> tuple[str, int]:
        """Return the file under the cursor, and the line of it as it is now."""
        diff, at = self.view.diff, self.view.line
        return diff.file_at(at), diff.lines[at].new if at < len(diff.lines) else 0

    def why_not(self, name: str) -> str | None:
        """Return why one cannot go somewhere."""
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
        """Return which file the cursor is in, or is on its way to."""
        path = self.heading or self.view.diff.file_at(self.view.line)
        return next((at for at, one in enumerate(self._files) if one.path == path), 0)

    def _show_files(self, current: int | None = None) -> None:
        self._arrange()
        at = self._at() if current is None else current
        said = self.said()
        self.files.border_title = Content(f"{count(len(self._files), 'file')}")
        self.files.show(self._files, at, said)
        lines: list[Sequence[tuple[str, str]]] = []
        if len(self._files) > 1 and not (self.has_class("-beside") or self._choosing):
            place = f"{at + 1}/{len(self._files)} "
            one = self._files[at]
            cells = row(one, max(20, self.app.size.width - 2 - len(place)), current=False, said=said.get(one.path, 0))
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
            self.heading = ""
            self.view.to_line(title, top=True)
            return
        self.heading = path
        self.show_alone(path)

    def _end_choosing(self) -> None:
        self._choosing = False
        self._show_files()

    def _choose(self, at: int) -> None:
        """Make another file the current one of the list; where the diff is beside it, that follows."""
        at = min(max(0, at), len(self._files) - 1)
        self._show_files(at)
        if self.has_class("-beside"):
            self._go_to(at)

    # --- keys -----------------------------------------------------------------------------------------------------

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
