"""A diff, drawn line by line: colours and signs, numbers where there is room, one line pointed at; decides nothing."""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from cockpit.ui.difflines import DiffLine, DiffText
from cockpit.ui.looks import STYLES, cells_of, fit

_NUMBERS_FROM = 60
_NUMBER = 6


class DiffView(ScrollView, can_focus=False, inherit_bindings=False):
    """The lines of a diff, folded to the width; `point` is the line that it was opened at."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*(f"diff--{style}" for style in STYLES), "diff--point"}

    def __init__(self) -> None:
        super().__init__(id="diff")
        self.diff = DiffText()
        self.note = ""
        self._point: int | None = None
        self._rows: list[tuple[int, str]] = []  # a line of the diff, and the part of its text that stands there
        self._starts: list[int] = []
        self._width = 0
        self._styles: dict[tuple[str, bool], Style] = {}

    def show(self, diff: DiffText, point: int | None, note: str = "") -> None:
        """Show a diff at one of its lines; the note is what is said where there is none."""
        self.diff, self._point, self.note = diff, point, note
        self._fold()
        self.call_after_refresh(self._to_point)

    @property
    def top(self) -> int:
        """Return the line that is at the top."""
        at = min(self.scroll_offset.y, len(self._rows) - 1)
        return self._rows[at][0] if self._rows else 0

    def to_line(self, line: int) -> None:
        """Bring a line to the top."""
        if line < len(self._starts):
            self.scroll_to(y=self._starts[line], animate=False, force=True)

    def _to_point(self) -> None:
        if self._point is None or self._point >= len(self._starts):
            self.scroll_home(animate=False, force=True)
            return
        above = max(0, self.size.height // 3)
        self.scroll_to(y=max(0, self._starts[self._point] - above), animate=False, force=True)

    def on_resize(self) -> None:
        """Fold anew where the width changed, and keep the line at the top."""
        if self.scrollable_content_region.width != self._width:
            top = self.top
            self._fold()
            self.call_after_refresh(self.to_line, top)

    def notify_style_update(self) -> None:
        """Forget styles that were looked up."""
        super().notify_style_update()
        self._styles.clear()

    @property
    def _gutter(self) -> int:
        return _NUMBER + 2 if self._width >= _NUMBERS_FROM else 2

    def _fold(self) -> None:
        self._width = self.scrollable_content_region.width or self.app.size.width
        width = max(8, self._width - self._gutter)
        self._rows, self._starts = [], []
        for at, one in enumerate(self.diff.lines):
            self._starts.append(len(self._rows))
            self._rows += [(at, part) for part in _parts(one.text, width)]
        self.virtual_size = Size(self._width, len(self._rows))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width, at = self.scrollable_content_region.width, y + self.scroll_offset.y
        if at >= len(self._rows):
            note = f" {self.note}" if not self._rows and y == 0 else ""
            return Strip([Segment(fit(note, width), self._look("dim", False))])
        line, part = self._rows[at]
        one, pointed = self.diff.lines[line], line == self._point
        first = self._starts[line] == at
        text = f"{self._margin(one, first=first, pointed=pointed)}{part}"
        return Strip([Segment(fit(text, width), self._look(one.style, pointed))])

    def _margin(self, one: DiffLine, *, first: bool, pointed: bool) -> str:
        number = f"{one.number or ''}" if first else ""
        numbers = fit(number, _NUMBER - 1, right=True) + " " if self._gutter > 2 else ""
        if one.style == "strong" or one.sign == "@" or (not one.sign and one.style == "dim"):
            return numbers + ("▶ " if pointed and first else "")
        return f"{numbers}{one.sign if first else ' '}{'▶' if pointed and first else ' '}"

    def _look(self, style: str, pointed: bool) -> Style:
        found = self._styles.get((style, pointed))
        if found is None:
            found = self.rich_style + self.get_component_rich_style(f"diff--{style}", partial=True)
            if pointed:
                found += self.get_component_rich_style("diff--point", partial=True)
            self._styles[style, pointed] = found
        return found


def _parts(text: str, width: int) -> list[str]:
    """Return a text in parts that fit; wide characters are never halved."""
    if cells_of(text) <= width:
        return [text]
    parts: list[str] = []
    part, wide = "", 0
    for char in text:
        cells = cells_of(char)
        if wide + cells > width:
            parts.append(part)
            part, wide = "", 0
        part += char
        wide += cells
    return [*parts, part]
