"""The dialog of a plan that changed: what touches the work under way, old and new, and what each change means."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from cockpit.schedule.facts import PlanChanged
from cockpit.ui.keyed import key_of
from cockpit.ui.keys import DIALOG, bindings
from cockpit.ui.planfile import dialog
from cockpit.ui.styling import stylesheet
from cockpit.ui.widgets.lines import content

if TYPE_CHECKING:
    from cockpit.ui.app import CockpitApp

_SCROLLS = {"j": 1, "k": -1}


class ChangedScreen(ModalScreen[None]):
    """Informs, and changes nothing: what it tells of is in force already, but for what awaits trust."""

    BINDINGS: ClassVar[list[Binding]] = bindings(DIALOG)  # type: ignore[assignment]  # a list is invariant
    CSS_PATH = stylesheet("dialogs")
    AUTO_FOCUS = "#changes"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-normal")]  # noqa: RUF012 - declared by Textual

    def __init__(self, facts: Sequence[PlanChanged], asks: Sequence[str]) -> None:
        super().__init__()
        self._facts, self._asks = facts, asks

    def compose(self) -> ComposeResult:
        """Lay out the changes above the answers."""
        with Vertical(id="changed") as box:
            box.border_title = Content("the plan changed: what that means for work under way")
            box.border_subtitle = Content(f"esc closes · {key_of('plan')} shows it again")
            with VerticalScroll(id="changes"):
                lines = Content("\n").join(content(cells) for cells in dialog(self._facts, self._asks))
                yield Static(lines, markup=False)
            with Horizontal(id="answers"):
                if self._asks:
                    yield Button(Content(f"Look at what awaits trust ({key_of('trust')})"), id="trust", compact=True)
                yield Button(Content("Close"), id="close", compact=True)

    def on_key(self, event: events.Key) -> None:
        """Close by enter, and scroll by the letters that move everywhere else."""
        changes = self.query_one("#changes")
        if not changes.has_focus:
            return
        if event.key == "enter":
            event.stop()
            self.do_close()
        elif event.key in _SCROLLS:
            event.stop()
            changes.scroll_relative(y=_SCROLLS[event.key], animate=False)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        trust = event.button.id == "trust"
        self.do_close()
        if trust:
            cast("CockpitApp", self.app).do_trust()

    def do_close(self) -> None:
        """Close it."""
        self.dismiss(None)

    def do_yes(self) -> None:
        """Close it."""
        self.do_close()

    def do_left(self) -> None:
        """Go to the answer before."""
        self.focus_previous()

    def do_right(self) -> None:
        """Go to the next answer."""
        self.focus_next()
