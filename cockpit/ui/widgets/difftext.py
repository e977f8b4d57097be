"""A diff, drawn line by line: signs, numbers, colours by language, comments below their lines; decides nothing."""

import asyncio
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.color import Color
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from cockpit.ui.colouring import KINDS, LINES, Span, spans
from cockpit.ui.difflayout import NONE, Layout, comments_of, differing, laid, parts
from cockpit.ui.difflines import ADDED, FILE, HUNK, OF_FILES, REMOVED, SAME, DiffLine, DiffText
from cockpit.ui.looks import STYLES, cells_of, fit
from cockpit.ui.working import beside

_NUMBERS_FROM = 50
_NUMBER = 6
_AT_ONCE = 2_000  # lines that are laid out at once; more are in a thread, so that keys are heard meanwhile
_TINT = 0.14  # more of it, and grey text on it is hard to read
_BASE = {ADDED: "good", REMOVED: "bad", HUNK: "busy", FILE: "strong", SAME: "plain"}
_SIGNS = {ADDED: "+", REMOVED: "−"}
_BAR = "┃ "
_NEW, _AS_BEFORE = Style(underline=True), Style()


class DiffView(ScrollView, can_focus=False, inherit_bindings=False):
    """The lines of a diff, folded to the width, one of them under the cursor; `side`: before and after side by side."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"diff--{style}" for style in STYLES),
        *(f"diff--{kind}" for kind in KINDS),
        "diff--point",
    }

    class Moved(Message):
        """The cursor stands on another line."""

    def __init__(self) -> None:
        super().__init__(id="diff")
        self.diff = DiffText()
        self.note = ""
        self.side = False
        self.titles: Mapping[str, str] = {}
        self._comments: Mapping[int, Sequence[str]] = {}
        self._layout_now = Layout()
        self._coming: tuple[int, int | None] | None = None  # where the cursor will stand, while lines are laid out
        self._cursor = 0
        self._spans: dict[int, list[Span]] = {}
        self._wanted: list[tuple[int, int]] = []
        self._looked_at: set[tuple[int, int]] = set()
        self._colouring = False
        self._styles: dict[tuple[str, str, bool], Style] = {}

    # --- what is shown --------------------------------------------------------------------------------------------

    def show(self, diff: DiffText, at: int | None, comments: Mapping[int, Sequence[str]], note: str = "") -> None:
        """Show a diff with the cursor on one of its lines (None: the first); the note is said where there is none."""
        self.diff, self.note, self._comments = diff, "" if diff.lines else note, comments
        self._spans, self._looked_at, self._wanted = {}, set(), []
        self._layout_now, self._cursor = Layout(), 0  # the rows of other lines must not be drawn of these
        self._lay_out(at or 0, None if at else 0)

    def show_comments(self, comments: Mapping[int, Sequence[str]]) -> None:
        """Show other comments below the lines."""
        self._comments = comments
        self._lay_out(*self._standing)

    def set_side(self, side: bool) -> None:
        """Show before and after side by side, or one below the other."""
        if side != self.side:
            self.side = side
            self._lay_out(*self._standing)

    def on_resize(self) -> None:
        """Fold anew where the width changed, and keep the cursor's line where it stands."""
        if self._layout_now.width != self._widths[1]:
            self._lay_out(*self._standing)

    def notify_style_update(self) -> None:
        """Forget styles that were looked up."""
        super().notify_style_update()
        self._styles.clear()

    @property
    def coloured(self) -> bool:
        """Whether all that was drawn has the colours of its language by now."""
        return not (self._wanted or self._colouring)

    @property
    def _gutter(self) -> int:
        return (_NUMBER if self._half >= _NUMBERS_FROM else 0) + 2

    @property
    def _half(self) -> int:
        width = self.scrollable_content_region.width or self.app.size.width
        return (width - 1) // 2 if self.side else width

    @property
    def _widths(self) -> tuple[int, int]:
        """How many cells a line of a file has, and what is on both sides."""
        width = self.scrollable_content_region.width or self.app.size.width
        return max(8, self._half - self._gutter), max(8, width - 3)

    def _lay_out(self, line: int, above: int | None) -> None:
        """Fold the lines, then stand on a line with so many rows above it; None: a third of the screen."""
        work = partial(laid, self.diff, self._widths[0], side=self.side, comments=self._comments, whole=self._widths[1])
        self._coming = coming = line, above
        if len(self.diff.lines) <= _AT_ONCE:
            self._put(work(), line, above)
            return

        async def in_a_thread() -> None:
            layout = await asyncio.to_thread(work)
            if self._coming is coming:  # else other lines, or another width, came meanwhile
                self._put(layout, line, above)

        beside(self, in_a_thread, "laying out a diff", "layout", exclusive=True)

    def _put(self, layout: Layout, line: int, above: int | None) -> None:
        self._coming = None
        self._layout_now = layout
        self._cursor = layout.stop_of[line] if line < len(layout.stop_of) else 0
        self.virtual_size = Size(self.scrollable_content_region.width, len(layout.rows))
        self.refresh()
        self.call_after_refresh(self._stand, above)
        self.post_message(self.Moved())

    def _stand(self, above: int | None) -> None:
        if self._layout_now.starts:
            rows = self.size.height // 3 if above is None else above
            self._scroll(self._layout_now.starts[self._cursor] - rows)

    def _scroll(self, row: int) -> None:
        self.scroll_to(y=max(0, row), animate=False, force=True)

    # --- the cursor -----------------------------------------------------------------------------------------------

    @property
    def line(self) -> int:
        """Return the line under the cursor: that after the change where there are two."""
        if not self._layout_now.stops:
            return self._coming[0] if self._coming is not None else 0
        left, right = self._layout_now.stops[self._cursor]
        return left if right == NONE else right

    @property
    def top(self) -> int:
        """Return the line that is at the top."""
        rows, stops = self._layout_now.rows, self._layout_now.stops
        if not rows:
            return 0
        left, right = stops[rows[min(self.scroll_offset.y, len(rows) - 1)][0]]
        return left if right == NONE else right

    @property
    def _standing(self) -> tuple[int, int | None]:
        """Return the line under the cursor and how many rows are above it, or will be: what comes is not lost."""
        if self._coming is not None:
            return self._coming
        starts = self._layout_now.starts
        return self.line, starts[self._cursor] - self.scroll_offset.y if starts else 0

    def move(self, by: int) -> None:
        """Move the cursor by so many lines, and keep it in sight."""
        self._go(self._cursor + by)
        self._into_sight()

    def page(self, by: int) -> None:
        """Move the cursor by so many screens."""
        rows, starts = self._layout_now.rows, self._layout_now.starts
        if rows:
            row = starts[self._cursor] + by * max(1, self.size.height - 2)
            self._go(rows[min(max(0, row), len(rows) - 1)][0])
            self._scroll(self.scroll_offset.y + by * max(1, self.size.height - 2))
            self._into_sight()

    def to_line(self, line: int, *, top: bool = False) -> None:
        """Put the cursor on a line; bring it to the top, or only into sight."""
        if 0 <= line < len(self._layout_now.stop_of):
            self._go(self._layout_now.stop_of[line])
            if top:
                self._scroll(self._layout_now.starts[self._cursor])
            else:
                self._into_sight()

    def _go(self, stop: int) -> None:
        stop = min(max(0, stop), len(self._layout_now.stops) - 1)
        if stop != self._cursor and stop >= 0:
            self._repaint(self._cursor)
            self._cursor = stop
            self._repaint(stop)
            self.post_message(self.Moved())

    def _repaint(self, stop: int) -> None:
        first, end = self._rows_of(stop)
        top = self.scroll_offset.y
        first, end = max(first, top), min(end, top + self.size.height)
        if first < end:
            self.refresh_lines(first, end - first)

    def _rows_of(self, stop: int) -> tuple[int, int]:
        """Return the first row of a stop, and the one after its last."""
        starts = self._layout_now.starts
        return starts[stop], starts[stop + 1] if stop + 1 < len(starts) else len(self._layout_now.rows)

    def _into_sight(self) -> None:
        starts, height = self._layout_now.starts, self.size.height
        if not starts or not height:
            return
        first, end = self._rows_of(self._cursor)
        if first < self.scroll_offset.y:
            self._scroll(first)
        elif end > self.scroll_offset.y + height:
            self._scroll(min(first, end - height))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where it was clicked."""
        place = event.get_content_offset(self)
        at = place.y + self.scroll_offset.y if place else -1
        if 0 <= at < len(self._layout_now.rows):
            self._go(self._layout_now.rows[at][0])

    # --- drawing --------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw one row."""
        width, at = self.scrollable_content_region.width, y + self.scroll_offset.y
        layout = self._layout_now
        if at >= len(layout.rows):
            note = f" {self.note}" if not layout.rows and y == 0 else ""
            return Strip([Segment(fit(note, width), self._look("dim", "", False))])
        stop, part = layout.rows[at]
        left, right = layout.stops[stop]
        pointed = stop == self._cursor
        if part < 0:
            return self._remark(comments_of((left, right), self._comments), -1 - part, width)
        one = self.diff.lines[left if right == NONE else right]
        if one.kind not in OF_FILES:
            return self._about(one, part, width, pointed=pointed)
        if not layout.side:
            return Strip(self._code(left if right == NONE else right, part, width, pointed=pointed, mark=pointed))
        mark = pointed and right != NONE
        half = self._half
        return Strip(
            [
                *self._code(left, part, half, pointed=pointed, mark=pointed and not mark, before=True),
                Segment("│", self._look("dim", "", pointed)),
                *self._code(right, part, width - half - 1, pointed=pointed, mark=mark),
            ]
        )

    def _remark(self, said: Sequence[str], part: int, width: int) -> Strip:
        every = [text[start:end] for text in said for start, end in parts(text, self._layout_now.width)]
        text = every[part] if part < len(every) else ""
        return Strip([Segment(fit(f" {_BAR}{text}", width), self._look("accent", "", False))])

    def _about(self, one: DiffLine, part: int, width: int, *, pointed: bool) -> Strip:
        """Draw what is no line of a file: its title, the head of a hunk, what git says."""
        cut = parts(one.text, self._layout_now.width)
        start, end = cut[part] if part < len(cut) else (0, 0)
        mark = "▶ " if pointed and not part else "  "
        told = f"  {self.titles.get(one.path, '')}" if one.kind == FILE and part == len(cut) - 1 else ""
        style = self._look(_BASE.get(one.kind, "dim"), "", pointed)
        return Strip([Segment(fit(f"{mark}{one.text[start:end]}{told}", width), style)])

    def _code(
        self, at: int, part: int, width: int, *, pointed: bool, mark: bool, before: bool = False
    ) -> list[Segment]:
        """Draw a part of a line of a file, with its number, its sign and the colours of its language."""
        if at == NONE:
            return [Segment(" " * width, self._look("plain", "", pointed))]
        one = self.diff.lines[at]
        number = one.old if before or one.kind == REMOVED else one.new
        cut = parts(one.text, max(8, width - self._gutter) if not self.side else self._widths[0])
        start, end = cut[part] if part < len(cut) else (0, 0)
        first = part == 0
        numbers = fit(str(number) if first else "", _NUMBER - 1, right=True) + " " if self._gutter > 2 else ""
        sign = _SIGNS.get(one.kind, " ") if first else " "
        margin = f"{numbers}{sign}{'▶' if mark and first else ' '}"
        base = _BASE[one.kind]
        segments = [Segment(margin, self._look(base, "margin", pointed))]
        text = one.text[start:end]
        marked = self._differing(at)
        for piece, kind, new in _pieces(text, start, self._of_language(at), marked):
            segments.append(Segment(piece, self._look(base, kind, pointed) + (_NEW if new else _AS_BEFORE)))
        room = width - cells_of(margin) - cells_of(text)
        return [*segments, Segment(" " * max(0, room), self._look(base, "", pointed))]

    def _differing(self, at: int) -> tuple[int, int]:
        """Return which part of a line differs from the one in its place."""
        other = self._layout_now.other.get(at)
        return (0, 0) if other is None else differing(self.diff.lines[at].text, self.diff.lines[other].text)

    def _look(self, base: str, kind: str, pointed: bool) -> Style:
        found = self._styles.get((base, kind, pointed))
        if found is None:
            found = self._styles[base, kind, pointed] = self._made_look(base, kind, pointed)
        return found

    def _made_look(self, base: str, kind: str, pointed: bool) -> Style:
        shown = "dim" if base == "plain" and kind == "margin" else base
        own = self.get_component_rich_style(f"diff--{shown}", partial=True)
        style = self.rich_style
        tinted = base in ("good", "bad") and self._is_tinted
        style += own if not tinted or kind == "margin" else self.get_component_rich_style("diff--plain", partial=True)
        if tinted and own.color is not None and style.bgcolor is not None:
            ground = Color.from_rich_color(style.bgcolor)
            tint = ground.blend(Color.from_rich_color(own.color), _TINT)
            style += Style(bgcolor=tint.rich_color)
        if kind in KINDS and self._is_tinted:
            style += self.get_component_rich_style(f"diff--{kind}", partial=True)
        return style + self.get_component_rich_style("diff--point", partial=True) if pointed else style

    @property
    def _is_tinted(self) -> bool:
        """Whether there are colours enough to show a line by its ground: else its text has the colour."""
        return not self.app.current_theme.ansi

    # --- colours by language ----------------------------------------------------------------------------------------

    def _of_language(self, at: int) -> list[Span]:
        if at not in self._spans and self._is_tinted:
            self._want(at)
        return self._spans.get(at, [])

    def _want(self, at: int) -> None:
        """Have the lines around one looked at, beside the screen."""
        place = bisect_right(self.diff.hunks, at)
        if not place:
            return
        first = self.diff.hunks[place - 1] + 1
        last = self.diff.hunks[place] if place < len(self.diff.hunks) else len(self.diff.lines)
        first += (at - first) // LINES * LINES
        block = (first, min(first + LINES, last))
        if block not in self._looked_at:
            self._looked_at.add(block)
            self._wanted.append(block)
            if not self._colouring:
                self._colouring = True
                beside(self, self._look_at_lines, "colouring a diff", "colours")

    async def _look_at_lines(self) -> None:
        try:
            while self._wanted:
                diff = self.diff
                found = await asyncio.to_thread(_looked_at, diff, *self._wanted.pop(0))
                if diff is self.diff:
                    self._spans.update(found)
                    self.refresh()
        finally:
            self._colouring = False


def _looked_at(diff: DiffText, first: int, last: int) -> dict[int, list[Span]]:
    """Return the colours of some lines: what was removed is looked at among what stood there before."""
    found: dict[int, list[Span]] = {}
    for kinds in ((SAME, REMOVED), (SAME, ADDED)):
        places = [at for at in range(first, last) if diff.lines[at].kind in kinds]
        if any(diff.lines[at].kind == kinds[1] for at in places) or kinds[1] == ADDED:
            found.update(zip(places, spans(diff.file_at(first), [diff.lines[at].text for at in places]), strict=True))
    return found


def _pieces(text: str, start: int, coloured: Sequence[Span], marked: tuple[int, int]) -> list[tuple[str, str, bool]]:
    """Return a part of a line, that begins at a character of it, in pieces of one kind, marked or not."""
    kinds: list[tuple[int, int, str]] = []
    at = 0
    for begins, ends, kind in coloured:
        first, last = max(at, begins - start), min(len(text), ends - start)
        if last > first:
            kinds += [(at, first, ""), (first, last, kind)]
            at = last
    cuts = [marked[0] - start, marked[1] - start]
    found: list[tuple[str, str, bool]] = []
    for first, last, kind in (*kinds, (at, len(text), "")):
        edges = [first, *(cut for cut in cuts if first < cut < last), last]
        found += [(text[one:two], kind, cuts[0] <= one < cuts[1]) for one, two in pairwise(edges) if two > one]
    return found
