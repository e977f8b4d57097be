"""The line in which a filter is typed; the page's list follows every character."""

from typing import ClassVar

from rich.segment import Segment
from textual import events, on
from textual.strip import Strip
from textual.widgets import Input

from cockpit.ui.looks import cells_of, fit
from cockpit.ui.screens.listing import ListPage

_LEAST = 12  # cells of a complaint: below that it is not begun


class FilterLine(Input):
    """An input that filters while it is typed: enter keeps the filter, esc drops it; at its end, what means nothing."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"filter--wrong"}

    def __init__(self, text: str, about: str) -> None:
        super().__init__(text, placeholder=about, compact=True)
        self.cursor_blink = False

    @property
    def _page(self) -> ListPage:
        assert isinstance(self.screen, ListPage)  # noqa: S101 - it is mounted there only
        return self.screen

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._page.is_open(self):
            self._page.grid.set_filter(event.value)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw what was typed and, where there is room behind it, what of it means nothing."""
        strip = super().render_line(y)
        wrong, width = self._page.grid.wrong, self.size.width
        room = min(width - cells_of(self.value) - 3, cells_of(wrong))
        if not wrong or room < min(_LEAST, cells_of(wrong)) or strip.cell_length < width:
            return strip
        said = Segment(fit(wrong, room), self.get_component_rich_style("filter--wrong"))
        return Strip.join([strip.crop(0, width - room), Strip([said])])

    def on_key(self, event: events.Key) -> None:
        """Move in the grid while typing."""
        if event.key in ("up", "down"):
            event.stop()
            event.prevent_default()
            self._page.grid.move(1 if event.key == "down" else -1)
