"""What all pages share: a status line, a footer made from the registry, and the views they are given."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.screen import Screen
from textual.widget import Widget

from cockpit.engine.handle import View
from cockpit.schedule.orders import Order
from cockpit.ui.keys import on_page
from cockpit.ui.present import Row
from cockpit.ui.widgets.lines import Keybar, StatusLine

if TYPE_CHECKING:
    from textual.widgets import Input

    from cockpit.ui.app import CockpitApp


class Page(Screen[None], inherit_bindings=False):
    """A full screen that follows the views; `PAGE` is its name in the registry of actions.

    While another page is in front it is `rested`, and shows no view.
    """

    PAGE: ClassVar[str] = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal"), (120, "-wide")]  # noqa: RUF012 - declared by Textual
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-medium"), (34, "-tall")]  # noqa: RUF012 - declared by Textual

    @property
    def cockpit(self) -> "CockpitApp":
        """Return the app, by its own type."""
        return cast("CockpitApp", self.app)

    def __init__(self) -> None:
        super().__init__()
        self.rested = False
        self._error = False

    def on_resize(self) -> None:
        """Fit the footer to the new width."""
        self.show_keys()

    def targets(self) -> tuple[str, ...]:
        """Return the ids of the workstreams that orders are for."""
        return ()

    def cursor(self) -> str | None:
        """Return the workstream that the page is about just now."""
        return next(iter(self.targets()), None)

    def place(self) -> tuple[str, int]:
        """Return the file and the line that the page is about just now; an empty path where it is none."""
        return "", 0

    def violations(self) -> tuple[str, ...]:
        """Return the ids of the violations that the page is about just now; none: all of its workstream."""
        return ()

    def why_not(self, name: str) -> str | None:  # noqa: ARG002 - for pages that have reasons of their own
        """Return a reason of the page's own why an action cannot be done there, or None.

        An empty one says that it can be, whatever is selected.
        """
        return None

    def ordered(self, order: Order) -> None:
        """Go on from an order of this screen that the driver took."""

    def hidden(self) -> int:
        """Return how many of the targets are not in sight."""
        return 0

    def line(self) -> "Input | None":
        """Return the line of text that is open on the page, if it has one."""
        return None

    def keep_line(self) -> None:
        """Go on with what stands in the line of text."""

    def typed(self, key: str, character: str | None) -> bool:
        """Take a key for the line of text, from the key that opens it on until it has the focus; say whether it did."""
        line = self.line()
        if line is None:
            return False
        if key == "enter":
            self.keep_line()
        elif character:
            line.insert_text_at_cursor(character)
        return bool(character) or key == "enter"

    def show(self, view: View, rows: Mapping[str, Row], now: float) -> None:
        """Show a view that came."""

    def on_screen_resume(self) -> None:
        """Go on showing how things stand."""
        self.wake()

    def wake(self) -> None:
        """Show what came while another page was in front."""
        if self.rested:
            self.rested = False
            self.show(self.cockpit.view, self.cockpit.rows, self.cockpit.clock.now())

    def tick(self, now: float) -> None:
        """Let time go by."""

    def say(self, text: str, style: str = "dim") -> None:
        """Show safe text in the status line; an error stays there until esc, or until there is more to say."""
        if self._error and not text:
            return
        self._error = style == "bad"
        for line in self.query(StatusLine):
            line.show(text, style)

    def read_error(self) -> bool:
        """Take an error off the status line; say whether there was one."""
        had, self._error = self._error, False
        if had:
            self.say("")
        return had

    def show_keys(self) -> None:
        """Make the footer anew: on a change of what is selected or of what can be done with it."""
        for bar in self.query(Keybar):
            bar.show(self.keys(), self.app.size.width)

    def keys(self) -> Sequence[tuple[str, str, bool]]:
        """Return the footer's keys: how it is written, its word, whether it can be done now."""
        return [
            (action.shown, action.short, self.cockpit.why_not(action) is None)
            for action in on_page(self.PAGE)
            if action.short
        ]

    @on(Keybar.Pressed)
    def _key_clicked(self, event: Keybar.Pressed) -> None:
        event.stop()
        action = next((one for one in on_page(self.PAGE) if one.shown == event.shown), None)
        if action is not None:
            self.cockpit.action_do(action.name)

    def do_back(self) -> None:
        """Go back to the page before."""
        if not self.read_error():
            self.dismiss()

    # --- scrolling, on the pages that have no cursor ------------------------------------------------------------------

    def scrolled(self) -> Widget:
        """Return what the keys scroll."""
        return self

    def do_up(self) -> None:
        """Scroll up."""
        self.scrolled().scroll_up(animate=False)

    def do_down(self) -> None:
        """Scroll down."""
        self.scrolled().scroll_down(animate=False)

    def do_first(self) -> None:
        """Go to the top."""
        self.scrolled().scroll_home(animate=False)

    def do_last(self) -> None:
        """Go to the end and follow."""
        self.scrolled().scroll_end(animate=False)

    def do_page_up(self) -> None:
        """Scroll up a page."""
        self.scrolled().scroll_page_up(animate=False)

    def do_page_down(self) -> None:
        """Scroll down a page."""
        self.scrolled().scroll_page_down(animate=False)
