"""Which file of a worktree is to be edited: those that its leg changed, or the folder itself; it opens none."""

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from cockpit.engine.handle import Handle
from cockpit.errors import CockpitError
from cockpit.ui.keys import DIALOG, bindings
from cockpit.ui.looks import count, line, name
from cockpit.ui.styling import stylesheet
from cockpit.ui.working import beside

SHOWN = 500
REMOVED = "D"


class FilesScreen(ModalScreen[str | None]):
    """Ends with a path in the worktree, empty for the folder itself; None where none was chosen.

    Where exactly one file changed, it is that one at once.
    """

    BINDINGS: ClassVar[list[Binding]] = bindings(DIALOG)  # type: ignore[assignment]  # a list is invariant
    CSS_PATH = stylesheet("dialogs")
    AUTO_FOCUS = "#ways"

    def __init__(self, handle: Handle, workstream: str, worktree: str, *, running: bool) -> None:
        super().__init__()
        self._handle, self._workstream, self._worktree = handle, workstream, worktree
        self._agent_there = running
        self._paths: list[str] = []

    def compose(self) -> ComposeResult:
        """Lay out the files below what is to be known."""
        with Vertical(id="editable") as box:
            box.border_title = Content(f"edit a file of {name(self._workstream)}")
            yield Static(Content("…"), id="question")
            yield OptionList(id="ways", compact=True)

    def on_mount(self) -> None:
        """Ask which files changed."""
        beside(self, self._bring, "asking which files changed", "files")

    async def _bring(self) -> None:
        try:
            answer = await self._handle.ask("diff", workstream=self._workstream)
        except CockpitError as error:
            self._list(f"its files cannot be had: {line(error.what)}")
            return
        there = [(str(path), letter, *counts) for path, _, letter, *counts in answer["listed"] if letter != REMOVED]
        if len(there) == 1 and answer["files"] == 1:
            self.dismiss(there[0][0])
            return
        self._paths = [path for path, *_ in there[:SHOWN]]
        left = int(answer["files"]) - len(self._paths)
        more = f"; {left} that were removed or are too many are left out" if left > 0 else ""
        agent = "its agent works there too\n" if self._agent_there else ""
        told = f"{count(int(answer['files']), 'changed file')}{more}" if answer["files"] else "no file changed yet"
        self._list(f"{agent}{told}", [_option(*one) for one in there[:SHOWN]])

    def _list(self, told: str, options: list[Option] | None = None) -> None:
        self.query_one("#question", Static).update(Content(told))
        ways = self.query_one(OptionList)
        ways.add_options([*(options or []), Option(Content(f"the folder itself: {line(self._worktree)}"))])
        ways.highlighted = 0

    def on_key(self, event: events.Key) -> None:
        """Move by the letters that move everywhere else."""
        ways = self.query_one(OptionList)
        if event.key in ("j", "k"):
            event.stop()
            ways.action_cursor_down() if event.key == "j" else ways.action_cursor_up()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        at = event.option_index
        self.dismiss(self._paths[at] if at < len(self._paths) else "")

    def do_close(self) -> None:
        """Close it, opening nothing."""
        self.dismiss(None)


def _option(path: str, letter: str, added: int, removed: int, note: str) -> Option:
    counts = f"  +{added} −{removed}" if added >= 0 else f"  {line(note)}"
    return Option(Content.assemble((f"{letter} ", "$accent"), line(path), (counts, "$text-muted")))
