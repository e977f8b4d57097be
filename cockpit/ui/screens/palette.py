"""The palette: finds an action of the registry by its words; what cannot be done now is dim and says why."""

from typing import TYPE_CHECKING, ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from cockpit.ui.keys import DIALOG, Action, bindings, on_page
from cockpit.ui.looks import fit
from cockpit.ui.styling import stylesheet

if TYPE_CHECKING:
    from cockpit.ui.app import CockpitApp


class PaletteScreen(ModalScreen[str | None]):
    """Ends with the name of the chosen action, or None."""

    BINDINGS: ClassVar[list[Binding]] = bindings(DIALOG)  # type: ignore[assignment]  # a list is invariant
    CSS_PATH = stylesheet("dialogs")
    AUTO_FOCUS = "#search"

    def __init__(self, page: str) -> None:
        super().__init__()
        self._page = page

    def compose(self) -> ComposeResult:
        """Lay out the search above what it finds."""
        with Vertical(id="palette") as box:
            box.border_title = Content("actions")
            search = Input(placeholder="what to do …", id="search", compact=True)
            search.cursor_blink = False
            yield search
            yield OptionList(*self._options(""), id="found", compact=True)

    def on_mount(self) -> None:
        """Stand on the first action."""
        self.query_one(OptionList).highlighted = 0

    def _options(self, text: str) -> list[Option]:
        words = text.lower().split()
        app = cast("CockpitApp", self.app)
        found = [action for action in on_page(self._page) if action.palette]
        return [
            self._option(action, app.why_not(action))
            for action in found
            if all(word in f"{action.name} {action.about} {action.shown}".lower() for word in words)
        ]

    def _option(self, action: Action, reason: str | None) -> Option:
        text = f"{fit(action.shown, 7)}{action.about}"
        shown = Content.styled(f"{text} — {reason}", "$text-muted") if reason else Content(text)
        return Option(shown, id=action.name)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        found = self.query_one(OptionList)
        found.set_options(self._options(event.value))
        found.highlighted = 0 if found.option_count else None

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        found = self.query_one(OptionList)
        if found.highlighted is not None:
            self.dismiss(found.get_option_at_index(found.highlighted).id)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option.id)

    def on_key(self, event: events.Key) -> None:
        """Move in what was found while typing."""
        if event.key in ("up", "down"):
            event.stop()
            event.prevent_default()
            found = self.query_one(OptionList)
            if event.key == "down":
                found.action_cursor_down()
            else:
                found.action_cursor_up()

    def do_close(self) -> None:
        """Close the palette."""
        self.dismiss(None)
