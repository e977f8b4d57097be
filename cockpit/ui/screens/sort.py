"""The menu of `,`: in which order rows are shown, and by what they are grouped; a letter chooses at once."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from cockpit.ui.keys import DIALOG, bindings
from cockpit.ui.sorting import GROUPED, GROUPS, SORTINGS, Arrangement
from cockpit.ui.styling import stylesheet

CHOICES = (*((one.name, one.letter, one.about) for one in SORTINGS), *GROUPS)
_LETTERS = {letter: name for name, letter, _ in CHOICES}


class SortScreen(ModalScreen[str | None]):
    """Ends with the name of what was chosen, or None."""

    BINDINGS: ClassVar[list[Binding]] = bindings(DIALOG)  # type: ignore[assignment]  # a list is invariant
    CSS_PATH = stylesheet("dialogs")
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-high")]  # noqa: RUF012 - declared by Textual
    AUTO_FOCUS = "#ways"

    def __init__(self, now: Arrangement) -> None:
        super().__init__()
        self._now = now

    def compose(self) -> ComposeResult:
        """List the orders, then the groups; what is chosen already is marked."""
        with Vertical(id="sorting") as box:
            box.border_title = Content("order of the rows")
            box.border_subtitle = Content("the same again turns it round")
            yield OptionList(*(self._option(*choice) for choice in CHOICES), id="ways", compact=True)

    def on_mount(self) -> None:
        """Stand on the order that is there."""
        self.query_one(OptionList).highlighted = [name for name, _, _ in CHOICES].index(self._now.order)

    def _option(self, name: str, letter: str, about: str) -> Option:
        chosen = name in (self._now.order, f"{GROUPED}{self._now.group}")
        turned = " (turned round)" if name == self._now.order and self._now.turned else ""
        mark = "•" if chosen else " "
        return Option(Content.assemble((f"{mark} ", "$accent"), (f"{letter}  ", "bold"), f"{about}{turned}"), id=name)

    def typed(self, key: str, character: str | None) -> bool:  # noqa: ARG002 - what is opened by a key takes both
        """Choose by a letter."""
        if character not in _LETTERS:
            return False
        self.dismiss(_LETTERS[character])
        return True

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option.id)

    def do_close(self) -> None:
        """Close the menu; the rows stay as they are."""
        self.dismiss(None)
