"""The list of a change's files: one of them is the current one; shows what it is given, decides nothing."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from cockpit.ui.difffiles import ChangedFile, row
from cockpit.ui.looks import STYLES, fit


class DiffFiles(ScrollView, can_focus=False, inherit_bindings=False):
    """The files of a change, a line each."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*(f"diff--{style}" for style in STYLES), "diff--point"}

    class Clicked(Message):
        """A file was clicked."""

        def __init__(self, at: int) -> None:
            super().__init__()
            self.at = at

    def __init__(self) -> None:
        super().__init__(id="files")
        self.files: tuple[ChangedFile, ...] = ()
        self.current = 0
        self._said: Mapping[str, int] = {}
        self._styles: dict[tuple[str, bool], Style] = {}

    def show(self, files: Sequence[ChangedFile], current: int, said: Mapping[str, int]) -> None:
        """Show files, the current one in sight, and on how many lines of each something is said."""
        if (tuple(files), current, said) == (self.files, self.current, self._said):
            return
        self.files, self.current, self._said = tuple(files), current, said
        self.virtual_size = Size(self.scrollable_content_region.width, len(self.files))
        self.refresh()
        self.call_after_refresh(self._into_sight)

    def _into_sight(self) -> None:
        top, height = self.scroll_offset.y, self.size.height
        if height and not top <= self.current < top + height:
            self.scroll_to(y=max(0, self.current - height // 2), animate=False, force=True)

    def on_resize(self) -> None:
        """Keep the current one in sight."""
        self.virtual_size = Size(self.scrollable_content_region.width, len(self.files))
        self._into_sight()

    def on_click(self, event: events.Click) -> None:
        """Tell which file was clicked."""
        place = event.get_content_offset(self)
        at = place.y + self.scroll_offset.y if place else -1
        if 0 <= at < len(self.files):
            self.post_message(self.Clicked(at))

    def render_line(self, y: int) -> Strip:
        """Draw one file."""
        width, at = self.scrollable_content_region.width, y + self.scroll_offset.y
        if at >= len(self.files):
            return Strip([Segment(fit("", width), self._look("plain", False))])
        one, current = self.files[at], at == self.current
        cells = row(one, width, current=current, said=self._said.get(one.path, 0))
        return Strip([Segment(text, self._look(style, current)) for text, style in cells]).crop(0, width)

    def notify_style_update(self) -> None:
        """Forget styles that were looked up."""
        super().notify_style_update()
        self._styles.clear()

    def _look(self, style: str, current: bool) -> Style:
        found = self._styles.get((style, current))
        if found is None:
            found = self.rich_style + self.get_component_rich_style(f"diff--{style}", partial=True)
            if current:
                found += self.get_component_rich_style("diff--point", partial=True)
            self._styles[style, current] = found
        return found
