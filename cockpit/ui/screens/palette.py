"""The palette: finds any action of the registry and any workstream by its words; what cannot be done says why."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from cockpit.ui.elsewhere import means, offered, told_there
from cockpit.ui.keys import DIALOG, Action, bindings
from cockpit.ui.looks import count, fit, line, name
from cockpit.ui.styling import stylesheet

if TYPE_CHECKING:
    from cockpit.ui.app import CockpitApp


MOST = 50
OPEN = "open "  # before the id of a workstream that was chosen; no action has a space in its name


class PaletteScreen(ModalScreen[str | None]):
    """Ends with the name of the chosen action, with OPEN and the id of a workstream, or with None."""

    BINDINGS: ClassVar[list[Binding]] = bindings(DIALOG)  # type: ignore[assignment]  # a list is invariant
    CSS_PATH = stylesheet("dialogs")
    AUTO_FOCUS = "#search"

    def __init__(self, page: str) -> None:
        super().__init__()
        self._page = page

    def compose(self) -> ComposeResult:
        """Lay out the search above what it finds."""
        with Vertical(id="palette") as box:
            box.border_title = Content("actions and workstreams")
            search = Input(placeholder="what to do, or where to go …", id="search", compact=True)
            search.cursor_blink = False
            yield search
            yield OptionList(*self._options(""), id="found", compact=True)

    def on_mount(self) -> None:
        """Stand on the first action."""
        self.query_one(OptionList).highlighted = 0

    def _options(self, text: str) -> list[Option]:
        app = cast("CockpitApp", self.app)
        searched = bool(text.split())
        found = [one for one in offered(self._page) if one.palette and means(one, text)]
        options = [
            self._option(action, app.why_not(action)) if self._page in action.where else self._elsewhere(action)
            for action in found
            if searched or self._page in action.where
        ]
        return [*options, *self._workstreams(app, text)] if searched else options

    def _workstreams(self, app: "CockpitApp", text: str) -> Iterator[Option]:
        """Yield the workstreams that have these words, as many as can be looked through."""
        words = text.lower().split()
        found = (row for row in app.rows.values() if all(word in row.search for word in words))
        for row in islice(found, MOST):
            title = line(app.view.snapshot.workstreams[row.id].outline.title)
            shown = ((f"{row.look.glyph}      ", ""), (f"{name(row.id)}  ", "bold"), (title, "$text-muted"))
            yield Option(Content.assemble(*shown), id=f"{OPEN}{row.id}")
        if more := sum(1 for _ in found):
            yield Option(
                Content.styled(f"       {count(more, 'workstream')} more: type on", "$text-muted"), disabled=True
            )

    def _elsewhere(self, action: Action) -> Option:
        return Option(Content.styled(f"{fit(action.shown, 7)}{told_there(action)}", "$text-muted"), id=action.name)

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
