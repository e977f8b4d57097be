"""The menu of columns: which of them are shown at this width of the screen; each choice is seen at once behind it."""

from collections.abc import Callable, Collection
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from cockpit.ui.choosing import ABOUT, SAID, Choice, turned
from cockpit.ui.columns import COLUMNS
from cockpit.ui.keys import DIALOG, bindings
from cockpit.ui.looks import fit
from cockpit.ui.styling import stylesheet

BY_ITSELF = "as the width allows"
_KNOWN = {one.name: one for one in COLUMNS if one.name in ABOUT}


class ColumnsScreen(ModalScreen[None]):
    """Turns columns on and off by `choose`, which returns the names of those that are shown from then on."""

    BINDINGS: ClassVar[list[Binding]] = bindings(DIALOG)  # type: ignore[assignment]  # a list is invariant
    CSS_PATH = stylesheet("dialogs")
    AUTO_FOCUS = "#ways"

    def __init__(self, width: str, choice: Choice, choose: Callable[[Choice], Collection[str]]) -> None:
        super().__init__()
        self._width, self._choice, self._choose = width, choice, choose
        self._shown = choose(choice)

    def compose(self) -> ComposeResult:
        """List the columns, and what takes every choice back."""
        with Vertical(id="columns") as box:
            box.border_title = Content(f"columns at a width of {SAID[self._width]}")
            box.border_subtitle = Content("enter shows or hides · esc closes")
            yield OptionList(*self._options(), id="ways", compact=True)

    def on_mount(self) -> None:
        """Stand on the first column."""
        self.query_one(OptionList).highlighted = 0

    def _options(self) -> list[Option]:
        found = [Option(self._told(name), id=name) for name in _KNOWN]
        mark = " " if self._choice else "✓"
        return [*found, Option(Content.assemble((f"{mark} ", "$accent"), BY_ITSELF), id=BY_ITSELF)]

    def _told(self, name: str) -> Content:
        shown = name in self._shown
        wanted = self._choice.get(name)
        missing = "" if shown or not wanted else " — no room, or nothing in it yet"
        head = "$accent" if shown else "$text-muted"
        glyph = "✓" if shown else "·" if wanted else " "
        style = "" if shown else "$text-muted"
        return Content.assemble(
            (f"{glyph} ", head),
            (fit(_KNOWN[name].head, 16), "bold" if shown else style),
            (ABOUT[name] + missing, style),
        )

    def typed(self, key: str, character: str | None) -> bool:  # noqa: ARG002 - what is opened by a key takes both
        """Choose by the space bar too."""
        found = self.query_one(OptionList)
        if character == " " and found.highlighted is not None:
            found.action_select()
        return character == " "

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        column = event.option.id or ""
        self._choice = {} if column == BY_ITSELF else turned(self._choice, column, shown=column in self._shown)
        self._shown = self._choose(self._choice)
        found = event.option_list
        for at, option in enumerate(self._options()):
            found.replace_option_prompt_at_index(at, option.prompt)

    def do_close(self) -> None:
        """Close the menu; the columns stay as they were chosen."""
        self.dismiss(None)
