"""The live output of an agent: capped, folded lines with their colours and nothing else of their escape sequences."""

from collections import deque
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from cockpit.safetext import safe_ansi
from cockpit.ui.looks import steady

if TYPE_CHECKING:
    from rich.ansi import AnsiDecoder

MAX_LINES = 2_000
MAX_LINE = 4_000


def _shown(text: str) -> str:
    return steady(safe_ansi(text)).replace("\t", "    ")


class Output(ScrollView, can_focus=False, inherit_bindings=False):
    """Lines that a run printed; follows the newest unless it was scrolled up."""

    def __init__(self, id: str = "output") -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._lines: deque[list[Segment]] = deque(maxlen=MAX_LINES)
        self._folded: list[Strip] = []
        self._folds: deque[int] = deque()
        self._open = ""
        self._open_folded = 0
        self._decoder: AnsiDecoder | None = None
        self._width = 0
        self._following = True
        self.note = ""

    @property
    def following(self) -> bool:
        """Say whether the newest line is kept in sight: until somebody scrolls up, and again from the end on."""
        return self._following

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Stop following on the way up, follow again at the end; lines that come never move it up."""
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value or new_value >= self.max_scroll_y - 1:
            self._following = new_value >= self.max_scroll_y - 1

    def plain(self) -> str:
        """Return what it holds as plain text."""
        return "\n".join("".join(segment.text for segment in line) for line in [*self._lines, *self._open_line()])

    def clear(self, note: str = "") -> None:
        """Forget all lines; the note says why there are none."""
        self._lines.clear()
        self._open, self._decoder, self.note = "", None, note
        self._following = True
        self._fold_all(follow=True)

    def append(self, data: str) -> None:
        """Add what was printed (with escape sequences) in one batch; an unfinished last line is kept open."""
        follow = self.following
        *whole, rest = (self._open + data.replace("\r\n", "\n")).split("\n")
        if len(rest) > MAX_LINE:
            whole.append(rest)
            rest = ""
        del self._folded[len(self._folded) - self._open_folded :]
        gone = 0
        for text in whole[-MAX_LINES:]:
            if len(self._lines) == MAX_LINES:
                gone += self._folds.popleft()
            self._add(self._decoded(text))
        del self._folded[:gone]
        self._open = rest
        self._fold_open()
        self._resized(follow=follow)

    def _add(self, line: list[Segment]) -> None:
        folded = self._fold(line)
        self._lines.append(line)
        self._folds.append(len(folded))
        self._folded += folded

    def follow(self) -> None:
        """Go to the newest line and stay there."""
        self._following = True
        self.scroll_to(y=self.max_scroll_y, animate=False, force=True)  # the scrollbar may not be there yet

    def _decoded(self, text: str) -> list[Segment]:
        if self._decoder is None:
            from rich.ansi import AnsiDecoder

            self._decoder = AnsiDecoder()
        printed = text.rstrip("\r").rsplit("\r", 1)[-1]
        line = self._decoder.decode_line(_shown(printed[:MAX_LINE]))
        line.end = ""
        return [Segment(one.text, one.style) for one in line.render(self.app.console)]

    def _open_line(self) -> list[list[Segment]]:
        if not self._open:
            return []
        from rich.text import Text

        text = Text.from_ansi(_shown(self._open.rsplit("\r", 1)[-1]), end="")
        return [[Segment(one.text, one.style) for one in text.render(self.app.console)]]

    def _fold(self, line: list[Segment]) -> list[Strip]:
        strip = Strip(line)
        width = max(8, self._width)
        if strip.cell_length <= width:
            return [strip]
        return list(strip.divide([*range(width, strip.cell_length, width), strip.cell_length]))

    def _fold_open(self) -> None:
        folded = [strip for line in self._open_line() for strip in self._fold(line)]
        self._folded += folded
        self._open_folded = len(folded)

    def _fold_all(self, *, follow: bool) -> None:
        folded = [self._fold(line) for line in self._lines]
        self._folds = deque(map(len, folded))
        self._folded = [strip for strips in folded for strip in strips]
        self._fold_open()
        self._resized(follow=follow)

    def _resized(self, *, follow: bool) -> None:
        size = Size(max(1, self._width), len(self._folded))
        self.set_reactive(Output.virtual_size, size)  # set plainly, each line that comes would lay out the whole screen
        self._scroll_update(size)
        self.refresh()
        if follow and self.container_size:
            self.follow()  # in the same paint
        elif follow:
            self.call_after_refresh(self.follow)

    def on_resize(self) -> None:
        """Fold the lines anew where the width changed."""
        width = self.scrollable_content_region.width
        if width != self._width:
            self._width = width
            self._fold_all(follow=self.following)

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width, style = self.scrollable_content_region.width, self.rich_style
        at = y + self.scroll_offset.y
        if not self._folded and y == 0 and self.note:
            dim = style + Style(dim=True)
            return Strip([Segment(f" {self.note}", dim, None)], cell_len(self.note) + 1).adjust_cell_length(
                width, style
            )
        if at >= len(self._folded):
            return Strip.blank(width, style)
        return self._folded[at].apply_style(style).adjust_cell_length(width, style)
