"""The schedule as bars, one line a leg: draws those in sight, keeps the cursor on its leg; computes nothing of it."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from cockpit.ui.gantt import Bar, Span, axis, bar_line, name_width
from cockpit.ui.looks import STYLES
from cockpit.ui.present import Cell


class GanttChart(ScrollView, can_focus=False, inherit_bindings=False):
    """A line of times that stays, and a bar for each leg below it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*(f"gantt--{style}" for style in STYLES), "gantt--cursor"}

    class Moved(Message):
        """The cursor stands on another leg."""

    class Opened(Message):
        """A leg was double-clicked."""

    def __init__(self) -> None:
        super().__init__(id="gantt")
        self.cursor = 0
        self._bars: tuple[Bar, ...] = ()
        self._span = Span(0.0, 1.0, 0.0)
        self._wide = 8
        self._styles: dict[tuple[str, bool], Style] = {}

    @property
    def bar(self) -> Bar | None:
        """Return the bar under the cursor."""
        return self._bars[self.cursor] if self.cursor < len(self._bars) else None

    def show_bars(self, bars: Sequence[Bar], span: Span) -> None:
        """Draw other bars; the cursor stays on its leg."""
        before = self.bar
        self._bars, self._span = tuple(bars), span
        places = {bar.leg: at for at, bar in enumerate(self._bars)}
        at = places.get(before.leg) if before else None
        self.cursor = at if at is not None else min(self.cursor, max(0, len(self._bars) - 1))
        self._lay_out()

    def move(self, by: int) -> None:
        """Move the cursor by some legs, stopping at both ends."""
        self.go_to(self.cursor + by)

    def page(self, by: int) -> None:
        """Move the cursor by pages."""
        self.move(by * max(1, self.size.height - 2))

    def go_to(self, place: int) -> None:
        """Move the cursor to a leg and bring it into sight."""
        place = max(0, min(place, len(self._bars) - 1))
        if place != self.cursor:
            self.cursor = place
            self.refresh()
            self.post_message(self.Moved())
        top, height = self.scroll_offset.y, max(1, self.size.height - 1)
        if place < top:
            self.scroll_to(y=place, animate=False, force=True)
        elif place >= top + height:
            self.scroll_to(y=place - height + 1, animate=False, force=True)

    @property
    def last(self) -> int:
        """Return the place of the last leg."""
        return len(self._bars) - 1

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        self._wide = name_width(self._bars, width)
        self.virtual_size = Size(width, len(self._bars) + 1)
        self.refresh()

    def on_resize(self) -> None:
        """Lay out anew."""
        self._lay_out()

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the bar under the mouse; a double click opens its workstream."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < 1:
            return
        place = offset.y - 1 + self.scroll_offset.y
        if place < len(self._bars):
            self.go_to(place)
            if event.chain == 2:
                self.post_message(self.Opened())

    def notify_style_update(self) -> None:
        """Forget styles that were looked up."""
        super().notify_style_update()
        self._styles.clear()

    def render_line(self, y: int) -> Strip:
        """Draw the line of times, or a bar."""
        width = self.scrollable_content_region.width
        if y == 0:
            return self._strip(axis(self._span, width, self._wide), width)
        place = y - 1 + self.scroll_offset.y
        if place >= len(self._bars):
            return Strip.blank(width, self._look("plain"))
        cells = bar_line(self._bars[place], self._span, width, self._wide)
        return self._strip(cells, width, cursor=place == self.cursor)

    def _strip(self, cells: Iterable[Cell], width: int, *, cursor: bool = False) -> Strip:
        strip = Strip([Segment(text, self._look(style, cursor=cursor)) for text, style in cells if text])
        return strip.adjust_cell_length(width, self._look("plain", cursor=cursor))

    def _look(self, style: str, *, cursor: bool = False) -> Style:
        found = self._styles.get((style, cursor))
        if found is None:
            found = self.rich_style + self.get_component_rich_style(f"gantt--{style}", partial=True)
            if cursor:
                found += self.get_component_rich_style("gantt--cursor", partial=True)
            self._styles[style, cursor] = found
        return found
