"""What can be done where an agent works: talk to it, take its worktree over, hand it back; each with why not."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from cockpit.engine.handle import View
from cockpit.ui.attaching import Way, about
from cockpit.ui.keys import DIALOG, bindings
from cockpit.ui.looks import name
from cockpit.ui.styling import stylesheet


class AttachScreen(ModalScreen[str | None]):
    """Ends with the name of the chosen way, or None."""

    BINDINGS: ClassVar[list[Binding]] = bindings(DIALOG)  # type: ignore[assignment]  # a list is invariant
    CSS_PATH = stylesheet("dialogs")
    AUTO_FOCUS = "#ways"

    def __init__(self, view: View, workstream: str, ways: Sequence[Way]) -> None:
        super().__init__()
        self._view, self._workstream, self._ways = view, workstream, ways

    def compose(self) -> ComposeResult:
        """Lay out what is known above the ways."""
        with Vertical(id="attach") as box:
            box.border_title = Content(f"attach to {name(self._workstream)}")
            yield Static(Content("\n".join(about(self._view, self._workstream))), id="question")
            yield OptionList(*map(_option, self._ways), id="ways", compact=True)

    def on_mount(self) -> None:
        """Stand on the first way that is open."""
        found = [at for at, way in enumerate(self._ways) if not way.why_not]
        self.query_one(OptionList).highlighted = found[0] if found else 0

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if not self._ways[event.option_index].why_not:
            self.dismiss(event.option.id)

    def do_close(self) -> None:
        """Close it, changing nothing."""
        self.dismiss(None)

    def do_left(self) -> None:
        """Stay: the ways are one below the other."""

    def do_right(self) -> None:
        """Stay: the ways are one below the other."""


def _option(way: Way) -> Option:
    if way.why_not:
        return Option(Content.styled(f"{way.about} — {way.why_not}", "$text-muted"), id=way.name)
    return Option(Content(way.about), id=way.name)
