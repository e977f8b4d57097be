"""The release of a quarantine: what holds it, the ways out and what each means, a reason; it stands on Cancel."""

from collections.abc import Callable
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from cockpit.engine.handle import View
from cockpit.schedule.orders import Order
from cockpit.ui.keys import DIALOG, bindings
from cockpit.ui.looks import name
from cockpit.ui.releasing import CANCEL, Held, Way, about, changed, order, ways
from cockpit.ui.screens.confirm import REASON_LIMIT
from cockpit.ui.styling import stylesheet


class ReleaseScreen(ModalScreen[Order | None]):
    """Ends with the order that was decided on, or None; `now` gives the view at the moment of the yes."""

    BINDINGS: ClassVar[list[Binding]] = bindings(DIALOG)  # type: ignore[assignment]  # a list is invariant
    CSS_PATH = stylesheet("dialogs")
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-high")]  # noqa: RUF012 - declared by Textual
    AUTO_FOCUS = "#ways"

    def __init__(self, now: Callable[[], View], workstream: str, held: Held, who: str) -> None:
        super().__init__()
        self._now, self._workstream, self._held, self._who = now, workstream, held, who
        self._ways = ways(now(), workstream, held)

    def compose(self) -> ComposeResult:
        """Lay out what holds it above the ways out, what the chosen one means, and the reason."""
        with Vertical(id="release") as box:
            box.border_title = Content(f"release {name(self._workstream)}")
            yield Static(Content("\n".join(about(self._now(), self._held))), id="question")
            yield OptionList(*(self._option(way) for way in self._ways), id="ways", compact=True)
            yield Static("", id="means")
            reason = Input(id="reason", max_length=REASON_LIMIT, compact=True)
            reason.cursor_blink = False
            yield reason
            yield Static("", id="refused")

    def on_mount(self) -> None:
        """Stand on Cancel, in sight."""
        self.query_one(OptionList).highlighted = 0
        self.call_after_refresh(self.call_after_refresh, self._show_first)  # the focus scrolls to the end of the ways

    def _show_first(self) -> None:
        box, chosen = self.query_one("#release"), self.query_one(OptionList)
        top = chosen.virtual_region.y
        box.scroll_to(y=max(0, top + 2 - box.scrollable_content_region.height), animate=False, force=True)

    @property
    def _way(self) -> Way:
        return self._ways[self.query_one(OptionList).highlighted or 0]

    def _option(self, way: Way) -> Option:
        if way.why_not:
            return Option(Content.styled(f"{way.about} — {way.why_not}", "$text-muted"), id=way.name)
        return Option(Content(way.about), id=way.name)

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self.query_one("#means", Static).update(Content(self._way.means))
        reason = self.query_one("#reason", Input)
        reason.placeholder = "the reason, shown in the review" if self._way.reason else "a reason, told to the next run"
        reason.display = self._way.name != CANCEL
        self.query_one("#refused").remove_class("-shown")

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        """Go on to the reason, where enter decides."""
        event.stop()
        if self._way.name == CANCEL:
            self.dismiss(None)
        elif self._way.why_not:
            self._refuse(self._way.why_not)
        else:
            self.query_one("#reason", Input).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.do_yes()

    def on_key(self, event: events.Key) -> None:
        """Choose another way while the reason is typed."""
        if event.key in ("up", "down") and self.query_one("#reason").has_focus:
            event.stop()
            event.prevent_default()
            self.query_one(OptionList).focus()

    def do_yes(self) -> None:
        """Decide: as long as it is what was shown."""
        way, reason = self._way, self.query_one("#reason", Input)
        text = " ".join(reason.value.split())
        if way.name == CANCEL:
            self._refuse("choose a way; esc leaves it quarantined")
        elif why := way.why_not or changed(self._now(), self._workstream, self._held):
            self._refuse(f"not possible: {why}")
        elif way.reason and not text:
            self._refuse("it needs a reason: the review shows it")
            reason.focus()
        else:
            self.dismiss(order(way.name, self._workstream, text, self._held, self._who))

    def do_close(self) -> None:
        """Leave it quarantined."""
        self.dismiss(None)

    def do_left(self) -> None:
        """Stay: the ways are one below the other."""

    def do_right(self) -> None:
        """Stay: the ways are one below the other."""

    def _refuse(self, why: str) -> None:
        line = self.query_one("#refused", Static)
        line.update(Content(why))
        line.add_class("-shown")
