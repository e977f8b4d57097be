"""The line in which a filter is typed; the page's list follows every character."""

from textual import events, on
from textual.widgets import Input

from cockpit.ui.screens.listing import ListPage


class FilterLine(Input):
    """An input that filters while it is typed: enter keeps the filter, esc drops it."""

    def __init__(self, text: str, about: str) -> None:
        super().__init__(text, placeholder=about, id="filter", compact=True)
        self.cursor_blink = False

    @property
    def _page(self) -> ListPage:
        assert isinstance(self.screen, ListPage)  # noqa: S101 - it is mounted there only
        return self.screen

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._page.grid.set_filter(event.value)

    @on(Input.Submitted)
    def _kept(self, event: Input.Submitted) -> None:
        event.stop()
        self._page.end_filter(keep=True)

    def on_key(self, event: events.Key) -> None:
        """Move in the grid while typing."""
        if event.key in ("up", "down"):
            event.stop()
            event.prevent_default()
            self._page.grid.move(1 if event.key == "down" else -1)
