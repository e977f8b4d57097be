"""The live output of an agent: folded entries with their colours and nothing else of their escape sequences."""

import asyncio
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from cockpit.safetext import safe_ansi
from cockpit.schedule.printed import Printed
from cockpit.ui.looks import STYLES, cells_of, code, steady
from cockpit.ui.transcript import CALL, LINE, Entry, Transcript, details, head
from cockpit.ui.working import beside

if TYPE_CHECKING:
    from rich.ansi import AnsiDecoder

MAX_LINE = 4_000
AT_ONCE = 200
"""Rows that are folded without a pause: what is in sight and no more; keys are heard before the others."""
_MARK = "e│"


def _shown(text: str) -> str:
    return steady(safe_ansi(text)).replace("\t", "    ")


class Output(ScrollView, can_focus=False, inherit_bindings=False):
    """What a run printed; follows the newest unless it was scrolled up. `point` is the entry that stands out."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"output--{style}" for style in STYLES),
        "output--match",
        "output--point",
    }

    def __init__(self, id: str = "output") -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self.transcript = Transcript()
        self.point: Entry | None = None
        self._sought: re.Pattern[str] | None = None
        self.note = ""
        self._starts: list[int] = [0]  # where each entry begins, and what is behind the last; lines that went count
        self._drawn: list[Entry] = []
        self._decoder: AnsiDecoder | None = None
        self._width = 0
        self._busy = False
        self._marked = False
        self._following = True

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
        return "\n".join("".join(cell.text for cell in line) for entry in self._drawn for line in self._lines(entry))

    def clear(self, note: str = "") -> None:
        """Forget all lines; the note says why there are none."""
        self.transcript.clear()
        self._decoder, self.note, self.point = None, note, None
        self._following = True
        self._fold(follow=True)

    def add(self, rows: Iterable[Printed], now: float = 0.0, *, structured: bool = False) -> None:
        """Take lines in one batch; see `Transcript.add`."""
        follow = self.following
        self.transcript.add(rows, now, structured=structured)
        self._fold(follow=follow)

    def add_note(self, text: str) -> None:
        """Add a line of our own."""
        follow = self.following
        self.transcript.note(text)
        self._fold(follow=follow)

    def look(self, *, raw: bool | None = None, logs: str | None = None) -> None:
        """Show it otherwise: as it came or folded, of one log or of both."""
        self.transcript.look(raw=raw, logs=logs)
        self._decoder, self.point = None, None
        self._fold(follow=True)

    def unfold(self) -> None:
        """Unfold the call at the point, or fold it again; without a point: all."""
        follow = self.following and self.point is None
        self.transcript.unfold(self.point)
        self._fold(follow=follow)
        self._bring_point()

    def follow(self) -> None:
        """Go to the newest line and stay there."""
        self._following, self.point = True, None
        self.scroll_to(y=self.max_scroll_y, animate=False, force=True)  # the scrollbar may not be there yet
        self.refresh()

    # --- the point ------------------------------------------------------------------------------------------------

    def move(self, by: int) -> None:
        """Move the point by an entry, from the one in sight where there is none; beyond the last it goes."""
        if not self._drawn:
            return
        if self.point is None:
            if by > 0 and self.following:
                return
            at = self._entry_at(self.scroll_offset.y + (0 if by > 0 else max(0, self.size.height - 1)))
        else:
            at = self._drawn.index(self.point) + by if self.point in self._drawn else len(self._drawn) - 1
        if at >= len(self._drawn):
            self.follow()
            return
        self.point = self._drawn[max(0, at)]
        self._bring_point()

    def on_click(self, event: events.Click) -> None:
        """Unfold the call that was clicked, or fold it again."""
        place = event.get_content_offset(self)
        line = place.y + self.scroll_offset.y if place else -1
        if 0 <= line < self._starts[-1] - self._starts[0]:
            entry = self._drawn[self._entry_at(line)]
            if entry.kind == CALL:
                self.transcript.unfold(entry)
                self._fold(follow=False)

    def _entry_at(self, line: int) -> int:
        return max(0, min(bisect_right(self._starts, line + self._starts[0]) - 1, len(self._drawn) - 1))

    def _bring_point(self, line: int = 0) -> None:
        """Bring the point into sight, and a line of it."""
        if self.point is None or self.point not in self._drawn:
            return
        at = self._drawn.index(self.point)
        top, end = self._starts[at] + line - self._starts[0], self._starts[at + 1] - self._starts[0]
        height = max(1, self.size.height)
        y = self.scroll_offset.y
        if top < y or top >= y + height:
            self.scroll_to(y=max(0, top - height // 3), animate=False, force=True)
        elif not line and end > y + height:
            self.scroll_to(y=min(top, end - height), animate=False, force=True)
        self.refresh()

    # --- what is sought -------------------------------------------------------------------------------------------

    def seek(self, needle: str) -> None:
        """Let a text stand out, whatever its case; none: nothing does."""
        self._sought = re.compile(re.escape(needle), re.IGNORECASE) if needle.strip() else None
        self.refresh()

    def show_line(self, err: bool, at: int) -> bool:
        """Bring a line of a log into sight, unfolded where what is sought is in its folds; say whether it is here."""
        entry = next((one for one in self._drawn if one.holds(err, at)), None)
        if entry is None:
            return False
        if entry.kind == CALL and not entry.open and self._first_with(entry) is None:
            self.transcript.unfold(entry)
            self._draw(entry)
            self._fold(follow=False)
        self.point, self._following = entry, False
        self._bring_point(self._first_with(entry) or 0)
        return True

    def _first_with(self, entry: Entry) -> int | None:
        if entry.drawn is None:
            self._draw(entry)
        lines = enumerate("".join(one.text for one in line) for line in entry.drawn)
        return next((at for at, text in lines if self._sought is not None and self._sought.search(text)), None)

    # --- entries → lines ------------------------------------------------------------------------------------------

    def _lines(self, entry: Entry) -> Iterator[list[Segment]]:
        """Yield the lines of an entry, each as it is before it is folded to the width."""
        if entry.kind == LINE:
            yield self._decoded(entry)
        elif entry.kind == CALL:
            yield [Segment(text, self._style(style)) for text, style in head(entry)]
            if entry.open:
                dim = self._style("dim")
                yield from ([Segment("    │ ", dim), Segment(text, dim)] for text in details(entry))
        else:
            for text in entry.text.strip("\n").split("\n"):
                yield [Segment(code(text), self._style(entry.style))]

    def _decoded(self, entry: Entry) -> list[Segment]:
        if self._decoder is None:
            from rich.ansi import AnsiDecoder

            self._decoder = AnsiDecoder()
        if entry.colours is None:
            printed = entry.text.rstrip("\r").rsplit("\r", 1)[-1]
            line = self._decoder.decode_line(_shown(printed[:MAX_LINE]))
            line.end = ""
            entry.colours = [Segment(one.text, one.style) for one in line.render(self.app.console)]
        found: list[Segment] = entry.colours
        return found

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"output--{name}", partial=True)

    def _folded(self, entry: Entry) -> list[list[Segment]]:
        """Return the lines of an entry as wide as there is room; they become strips only where they are painted."""
        mark = [Segment(_MARK, self._style("warn"))] if self._marked and entry.err else []
        width = max(8, self._width) - 2 * bool(mark)
        found: list[list[Segment]] = []
        for at, line in enumerate(self._lines(entry)):
            parts = [line]
            if (cells := sum(cells_of(one.text) for one in line)) > width:
                strip = Strip(line, cells)
                if entry.kind == CALL and at == 0 and not entry.open:
                    parts = [[*strip.crop(0, width - 1), Segment("…", self._style("dim"))]]
                else:
                    parts = [list(part) for part in strip.divide([*range(width, cells, width), cells])]
            found += [[*mark, *part] for part in parts] if mark else parts
        return found

    def _fold(self, *, follow: bool, anew: bool = False) -> None:
        """Fold what is not folded yet to the width, or all of it anew."""
        entries = self.transcript.entries
        anew = anew or self._marked != self.transcript.marks
        self._marked = self.transcript.marks
        gone, changed = self.transcript.news()
        if anew or gone > len(self._drawn):
            gone, changed = len(self._drawn), len(entries)
        del self._drawn[:gone], self._starts[:gone]
        same = len(entries) - changed
        del self._drawn[same:], self._starts[same + 1 :]
        fresh = tuple(reversed(tuple(islice(reversed(entries), changed))))
        for entry in fresh if anew else ():
            entry.drawn = None
        left = self._draw_newest(fresh)
        for entry in fresh:
            self._drawn.append(entry)
            self._starts.append(self._starts[-1] + entry.high)
        if left and not follow:
            top = self._entry_at(self.scroll_offset.y)
            self._draw_newest(self._drawn[top : top + max(1, self.size.height)])
            self._place()
        if left and not self._busy:
            self._busy = True
            beside(self, self._draw_rest, "folding an output", "folding")
        self._fit(follow=follow)

    def _draw(self, entry: Entry) -> None:
        entry.drawn = self._folded(entry)
        entry.high = len(entry.drawn)

    def _draw_newest(self, entries: Sequence[Entry]) -> bool:
        """Fold the newest of what is not folded yet; say whether any is left, which stays as high as it was."""
        rows = 0
        for entry in reversed(entries):
            if entry.drawn is None:
                if rows >= AT_ONCE and self.is_attached:
                    return True
                self._draw(entry)
                rows += entry.high
        return False

    async def _draw_rest(self) -> None:
        """Fold what is left piece by piece, then put it in its place at once: what is in sight stays there."""
        try:
            left = True
            while left:
                await asyncio.sleep(0)
                left = self._draw_newest(self._drawn)
        finally:
            self._busy = False
        follow = self.following
        y = self._place()
        self._fit(follow=follow)
        if not follow:
            self.scroll_to(y=y, animate=False, force=True)

    def _place(self) -> int:
        """Have each entry begin behind the one before; return where to scroll for the same to stand in sight."""
        y, first = self.scroll_offset.y, self._starts[0]
        if not self._drawn:
            return y
        at = self._entry_at(y)
        sight = range(at, self._entry_at(y + max(0, self.size.height - 1)) + 1)
        at = next((one for one in sight if self._drawn[one] is self.point), at)
        above = self._starts[at] - first - y
        self._starts = list(accumulate((one.high for one in self._drawn), initial=first))
        return max(0, self._starts[at] - first - above)

    def _fit(self, *, follow: bool) -> None:
        """Have as many lines to scroll through as there are."""
        size = Size(max(1, self._width), self._starts[-1] - self._starts[0])
        self.set_reactive(Output.virtual_size, size)  # set plainly, each line that comes would lay out the whole screen
        self._scroll_update(size)
        self.refresh()
        if follow and self.container_size:
            self._stay()  # in the same paint
        elif follow:
            self.call_after_refresh(self._stay)

    def _stay(self) -> None:
        self._following = True
        self.scroll_to(y=self.max_scroll_y, animate=False, force=True)

    def on_resize(self) -> None:
        """Fold the lines anew where the width changed."""
        width = self.scrollable_content_region.width
        if width != self._width:
            self._width = width
            self._fold(follow=self.following, anew=True)

    def notify_style_update(self) -> None:
        """Draw all anew where the theme changed."""
        super().notify_style_update()
        if self._drawn:
            self._fold(follow=self.following, anew=True)

    # --- lines → the screen ---------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width, style = self.scrollable_content_region.width, self.rich_style
        line = y + self.scroll_offset.y
        if not self._drawn and y == 0 and self.note:
            dim = style + Style(dim=True)
            return Strip([Segment(f" {self.note}", dim, None)], cell_len(self.note) + 1).adjust_cell_length(
                width, style
            )
        if line >= self._starts[-1] - self._starts[0]:
            return Strip.blank(width, style)
        at = self._entry_at(line)
        entry, row = self._drawn[at], line + self._starts[0] - self._starts[at]
        if entry.drawn is None:
            self._draw(entry)
        strip = Strip(entry.drawn[row] if row < len(entry.drawn) else [])
        strip = strip.apply_style(style).adjust_cell_length(width, style)
        if entry is self.point:
            strip = _over(strip, self._style("point"))
        return strip if self._sought is None else self._with_matches(strip, self._sought)

    def _with_matches(self, strip: Strip, sought: "re.Pattern[str]") -> Strip:
        text, done = strip.text, 0
        parts: list[Strip] = []
        for found in sought.finditer(text):
            begin, end = cell_len(text[: found.start()]), cell_len(text[: found.end()])
            parts += [strip.crop(done, begin), _over(strip.crop(begin, end), self._style("match"))]
            done = end
        return Strip.join([*parts, strip.crop(done)]) if parts else strip


def _over(strip: Strip, style: Style) -> Strip:
    """Return a strip with a style that goes before its own."""
    return Strip(Segment.apply_style(strip, post_style=style), strip.cell_length)
