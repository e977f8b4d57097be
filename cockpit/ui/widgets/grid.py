"""The live grid: draws immutable rows line by line and repaints only those that changed; decides nothing.

It is longer than other modules since it is one widget: cursor, places, layout and paint share what was painted last.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from cockpit.ui.columns import CARDS_BELOW, COLUMNS, GAP, Column, Laid, lay_out, time_cell
from cockpit.ui.contents import Contents
from cockpit.ui.looks import STYLES, age, at_clock, cells_of, fit, time_left
from cockpit.ui.present import Patch, Row
from cockpit.ui.pulse import spark
from cockpit.ui.stacking import Stack

if TYPE_CHECKING:
    from cockpit.ui.sorting import Arrangement

_GUTTER = 3
_CARD = (0, 1, 8, 2)


class Grid(ScrollView, can_focus=False, inherit_bindings=False):
    """Rows as a table, or as cards of two lines where it is narrow; cursor and marks hang on row ids.

    `card` are the places among a row's cells of what a card shows: its state, its name, what is said of it, and what
    is said where that is empty.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"grid--{style}" for style in STYLES),
        "grid--head",
        "grid--cursor",
        "grid--marked",
        "grid--bar",
    }

    class Moved(Message):
        """The cursor stands on another row, or marks or filter changed."""

    class Opened(Message):
        """A row was double-clicked."""

    def __init__(
        self, now: float, columns: tuple[Column, ...] = COLUMNS, card: tuple[int, int, int, int] = _CARD
    ) -> None:
        super().__init__()
        self._columns, self._card_of = columns, card
        self._fitting = columns
        self.cursor: str | None = None
        self.marks: frozenset[str] = frozenset()
        self.filter: tuple[str, ...] = ()
        self.wrong = ""
        self.arrangement: Arrangement | None = None
        self._now = now
        self._rows: dict[str, Row] = {}
        self._contents = Contents()
        self._lets: Callable[[Row], bool] | None = None
        self._stack = Stack()
        self._range: tuple[str, frozenset[str]] | None = None
        self._layout_of: tuple[Laid, ...] = ()
        self._style_cache: dict[tuple[str, str], Style] = {}
        self._painted_times: dict[str, tuple[str, ...]] = {}

    # --- what it shows ------------------------------------------------------------------------------------------

    @property
    def cards(self) -> bool:
        """Say whether it is too narrow for a table."""
        return (self.size.width or self.app.size.width) < CARDS_BELOW - 2

    @property
    def total(self) -> int:
        """Return the number of rows, shown or not."""
        return len(self._rows)

    @property
    def shown(self) -> tuple[str, ...]:
        """Return the ids of the rows that the filter lets through, in the order in which they stand."""
        return tuple(self._stack.shown)

    @property
    def ranging(self) -> bool:
        """Say whether a range is being marked."""
        return self._range is not None

    def row(self, key: str | None) -> Row | None:
        """Return the row of an id."""
        return self._rows.get(key) if key is not None else None

    def apply(self, patch: Patch, now: float) -> None:
        """Take over what is different: rows by id; the cursor stays on its row, and the row where it is."""
        if patch.empty:
            return
        self._now = now
        for row in patch.rows:
            self._contents.change(self._rows.get(row.id), row)
            self._rows[row.id] = row
        if patch.order is not None:
            for key in self._rows.keys() - set(patch.order):
                self._contents.change(self._rows[key], None)
            self._rows = {key: self._rows[key] for key in patch.order}
            self.marks &= frozenset(patch.order)
            if self._range and self._range[0] not in self._rows:
                self._range = None
        relaid = self._lay_out()
        if patch.order is not None or self.filter or self.arrangement:
            relaid = self._choose_shown() or relaid
        if relaid:
            self.refresh()
        else:
            self._refresh_rows(row.id for row in patch.rows)

    def tick(self, now: float) -> None:
        """Let time go by: repaint the visible lines whose times read differently now."""
        self._now = now
        self._refresh_rows(
            key
            for key, times in list(self._painted_times.items())
            if (row := self._rows.get(key)) and times != self._times(row)
        )

    def set_filter(self, text: str) -> None:
        """Show only the rows that the text means (see `filters`); `wrong` says what of it means nothing."""
        from cockpit.ui.filters import parsed

        found = parsed(text, self._columns)
        self.filter, self.wrong = found.terms, found.wrong
        self._lets = found.lets if found.tests else None
        self._choose_shown()
        self.refresh()
        self.post_message(self.Moved())

    def set_arrangement(self, how: "Arrangement | None") -> None:
        """Show the rows in an order and in groups; None: as they come."""
        self.arrangement = how
        self._choose_shown()
        self.refresh()
        self.post_message(self.Moved())

    def set_columns(self, fitting: tuple[Column, ...]) -> tuple[str, ...]:
        """Show only such columns as far as they fit; return the names of those that do. Filters know all of them."""
        self._fitting = fitting
        if self._lay_out():
            self._painted_times.clear()
            self.refresh()
        return tuple(one.column.name for one in self._layout_of)

    # --- cursor and marks ---------------------------------------------------------------------------------------

    def move(self, by: int) -> None:
        """Move the cursor by some rows, stopping at both ends."""
        self.go_to(self._stack.places.get(self.cursor or "", 0) + by)

    def page(self, by: int) -> None:
        """Move the cursor by pages."""
        self.move(by * max(1, self._visible_rows() - 1))

    def go_to(self, place: int) -> None:
        """Move the cursor to a place among the shown rows; negative counts from the end."""
        shown = self._stack.shown
        if shown:
            self.go_to_row(shown[min(max(0, place), len(shown) - 1)])

    def go_to_row(self, key: str) -> None:
        """Move the cursor to a row, if it is shown, and bring it into sight."""
        if key not in self._stack.places:
            return
        before, self.cursor = self.cursor, key
        if self._range:
            self._mark_range()
        if before != key:
            self._refresh_rows((before or "", key))
            self.post_message(self.Moved())
        self._into_sight()

    def toggle_mark(self, *, stay: bool = False) -> None:
        """Mark the cursor's row or unmark it, and go to the next one or stay; end a range if one is being marked."""
        if self._range:
            self._range = None
        elif self.cursor is not None:
            self.marks ^= {self.cursor}
            self._refresh_rows((self.cursor,))
            self.move(0 if stay else 1)
        self.post_message(self.Moved())

    def toggle_range(self) -> None:
        """Begin to mark a range at the cursor, or end it."""
        if self._range or self.cursor is None:
            self._range = None
        else:
            self._range = (self.cursor, self.marks)
            self._mark_range()
        self.post_message(self.Moved())

    def clear_marks(self) -> bool:
        """Unmark all; say whether anything was marked."""
        had = bool(self.marks or self._range)
        marked, self.marks, self._range = self.marks, frozenset(), None
        if had:
            self._refresh_rows(marked)
            self.post_message(self.Moved())
        return had

    def _mark_range(self) -> None:
        if self._range is None or self.cursor is None:
            return
        places = self._stack.places
        ends = sorted((places.get(self._range[0], 0), places.get(self.cursor, 0)))
        changed, self.marks = self.marks, self._range[1] | frozenset(self._stack.shown[ends[0] : ends[1] + 1])
        self._refresh_rows(changed ^ self.marks)

    # --- places -------------------------------------------------------------------------------------------------

    def _choose_shown(self) -> bool:
        before = self._stack
        place = before.places.get(self.cursor or "", 0)
        lets, rows = self._lets, self._rows
        shown = list(rows) if lets is None else [key for key, row in rows.items() if lets(row)]
        groups = [("", shown)]
        if self.arrangement is not None:
            from cockpit.ui.sorting import arranged

            groups = arranged(rows, shown, self.arrangement)
        after = Stack(groups, self._lines)
        if (after.shown, after.headings, after.lines) == (before.shown, before.headings, before.lines):
            return False
        self._stack = after
        if self.cursor not in after.places:
            self.cursor = after.shown[min(place, len(after.shown) - 1)] if after.shown else None
            self.post_message(self.Moved())
        grown = self._resize_content()
        moved = after.top(after.places.get(self.cursor or "", 0)) - before.top(place)
        if moved and before.lines == after.lines and self.scroll_offset.y and not grown:
            self.scroll_to(y=self.scroll_offset.y + moved, animate=False, force=True)
        self.call_after_refresh(self._into_sight)
        return True

    def _resize_content(self) -> bool:
        size = Size(self._width, self._stack.height + self._head)
        changed = size != self.virtual_size
        if changed:
            self.virtual_size = size
            self.refresh(layout=True)
        return changed

    @property
    def _width(self) -> int:
        """Its width; before the first layout that of the terminal, which it fills: so the first paint has its rows."""
        return self.scrollable_content_region.width or self.app.size.width

    @property
    def _lines(self) -> int:
        return 2 if self.cards else 1

    @property
    def _head(self) -> int:
        return 0 if self.cards else 1

    def _visible_rows(self) -> int:
        return max(1, (self.size.height - self._head) // self._lines)

    def _into_sight(self) -> None:
        place = self._stack.places.get(self.cursor or "")
        if place is None:
            return
        first, bottom = self.scroll_offset.y, self._stack.top(place) + self._lines
        height = max(self._lines, self.size.height - self._head)
        above = self._stack.above(place)
        if above < first:
            self.scroll_to(y=above, animate=False, force=True)
        elif bottom > first + height:
            self.scroll_to(y=bottom - height, animate=False, force=True)

    def _lay_out(self) -> bool:
        width = self._width - _GUTTER
        rows = self._rows.values()
        before, self._layout_of = self._layout_of, lay_out(rows, width, self._now, self._fitting, self._contents)
        return before != self._layout_of

    def _refresh_rows(self, keys: Iterable[str]) -> None:
        first, size, lines, head = self.scroll_offset.y, self.size, self._lines, self._head  # asked once: each is dear
        stack, regions = self._stack, []
        for key in keys:
            place = stack.places.get(key)
            if place is None:
                continue
            y = stack.top(place) - first + head
            if -lines < y < size.height:
                regions.append(Region(0, max(0, y), size.width, lines))
        if regions:
            self.refresh(*regions)

    # --- events -------------------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        """Lay out anew and keep the cursor's row in sight."""
        self._lay_out()
        if self._stack.lines != self._lines:
            self._choose_shown()
        self._resize_content()
        self._painted_times.clear()
        self.refresh()
        self.call_after_refresh(self._into_sight)

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the row under the mouse; a double click opens it."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < self._head:
            return
        place, _ = self._stack.at(offset.y - self._head + self.scroll_offset.y)
        if 0 <= place < len(self._stack.shown):
            self.go_to(place)
            if event.chain == 2:
                self.post_message(self.Opened())

    def notify_style_update(self) -> None:
        """Forget styles that were looked up."""
        super().notify_style_update()
        self._style_cache.clear()

    # --- drawing ------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw one line: the head, or a line of the row that is there."""
        width = self.scrollable_content_region.width
        if y < self._head:
            return self._strip([("   ", "head"), *self._head_cells()], "head", width)
        place, part = self._stack.at(y - self._head + self.scroll_offset.y)
        if place < 0:
            return self._strip([(f" {self._stack.headings[part]} ", "accent")], "", width)
        if place >= len(self._stack.shown):
            return Strip.blank(width, self._look("plain", ""))
        row = self._rows[self._stack.shown[place]]
        self._painted_times[row.id] = self._times(row)
        kind = "cursor" if row.id == self.cursor else "marked" if row.id in self.marks else ""
        gutter = [
            ("▌" if kind == "cursor" else " ", "bar"),
            ("*" if row.id in self.marks and not part else " ", "accent"),
            (" ", "plain"),
        ]
        cells = self._card(row, part, width - _GUTTER) if self.cards else self._cells(row)
        return self._strip([*gutter, *cells], kind, width)

    def _head_cells(self) -> list[tuple[str, str]]:
        text = (" " * GAP).join(fit(one.column.head, one.width, right=one.column.right) for one in self._layout_of)
        return [(text, "head")]

    def _cells(self, row: Row) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for one in self._layout_of:
            column = one.column
            text, style = row.cells[column.at] if column.at >= 0 else time_cell(row, column, self._now)
            if row.due is not None and column.name == "why":
                text = self._with_time_left(row, text, one.width)
            found += [(fit(text, one.width, right=column.right), style), (" " * GAP, "plain")]
        return found[:-1]

    def _card(self, row: Row, part: int, width: int) -> list[tuple[str, str]]:
        passed, finish, *_ = self._times(row)
        aside = passed if part == 0 else f"→{finish}" if finish else ""
        rest = width - len(aside) - (1 if aside else 0)
        gap = " " if aside else ""
        if part == 0:
            state, name = row.cells[self._card_of[0]], row.cells[self._card_of[1]]
            wide = min(max((one.width for one in self._layout_of if one.column.name == "state"), default=0) + 1, rest)
            return [
                (fit(state[0], wide), state[1]),
                (fit(f" {name[0]}", rest - wide), name[1]),
                (gap + aside, "dim"),
            ]
        why, title = row.cells[self._card_of[2]], row.cells[self._card_of[3]]
        text, style = why if why[0] else (title[0], "dim")
        if row.due is not None:
            text = self._with_time_left(row, text, rest - 2)
        return [("  ", "plain"), (fit(text, rest - 2), style), (gap + aside, "dim")]

    def _times(self, row: Row) -> tuple[str, ...]:
        """Return what of a row reads differently as time goes by."""
        passed = age(self._now - row.since) if row.since else ""
        finish = at_clock(row.finish, self._now) if row.finish else ""
        left = time_left(row.due, self._now) if row.due is not None else ""
        told = row.progress.told(self._now) if row.progress and not self.cards else ""
        return passed, finish, left, told, "" if self.cards else spark(row.pulse, self._now)

    def _with_time_left(self, row: Row, text: str, width: int) -> str:
        """Return what is said of a row with the time that it has left, which comes first where there is little room."""
        left = time_left(row.due or 0.0, self._now)
        after = f"{text} · {left}" if text else left
        return after if cells_of(after) <= width else f"{left.replace(' until quarantine', '')} · {text}"

    def _strip(self, cells: Iterable[tuple[str, str]], kind: str, width: int) -> Strip:
        strip = Strip([Segment(text, self._look(style, kind)) for text, style in cells if text])
        return strip.adjust_cell_length(width, self._look("plain", kind))

    def _look(self, style: str, kind: str) -> Style:
        found = self._style_cache.get((style, kind))
        if found is None:
            found = self.rich_style + self.get_component_rich_style(f"grid--{style}", partial=True)
            if kind:
                found += self.get_component_rich_style(f"grid--{kind}", partial=True)
            self._style_cache[style, kind] = found
        return found
