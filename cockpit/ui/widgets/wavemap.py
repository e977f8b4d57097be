"""The wave map on the screen: draws the cards that are in sight and moves among them; decides nothing."""

from collections.abc import Callable, Iterable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from cockpit.ui.columns import CARDS_BELOW
from cockpit.ui.looks import STYLES, age, fit
from cockpit.ui.waves import GUTTER, Card, Edges, Waves
from cockpit.ui.widgets.grid import Grid

HEIGHT = 3  # two lines of a card, and one between cards
_HEAD = 1
_LEAST, _MOST = 22, 34


class WaveMap(ScrollView, can_focus=False, inherit_bindings=False):
    """Cards of legs in columns of rounds; where it is narrow, one round at a time. The cursor hangs on a leg's key.

    `chosen` is called with the workstream of a card that the operator moved to.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"grid--{style}" for style in STYLES),
        "grid--head",
        "grid--cursor",
        "grid--marked",
        "grid--bar",
    }

    def __init__(self, now: float, chosen: Callable[[str], None]) -> None:
        super().__init__()
        self._chosen = chosen
        self.cursor = ""
        self.waves = Waves()
        self._marks: frozenset[str] = frozenset()
        self._now = now
        self._first = 0
        self._painted: dict[str, str] = {}
        self._edges: tuple[Waves, str, Edges] | None = None
        self._style_cache: dict[tuple[str, str], Style] = {}

    # --- what it shows ------------------------------------------------------------------------------------------

    @property
    def workstream(self) -> str | None:
        """Return the workstream of the card under the cursor."""
        return self.waves.cards[self.cursor].workstream if self.cursor in self.waves.cards else None

    def show(self, found: Waves, workstream: str | None, marks: frozenset[str], now: float) -> None:
        """Show these cards; the cursor stays on its card, unless another workstream is to be under it."""
        if self.cursor not in found.cards:
            self.cursor = ""
        changed = (found, marks) != (self.waves, self._marks)
        self.waves, self._marks, self._now = found, marks, now
        before = self.cursor
        if workstream is not None and self.workstream != workstream:
            self.cursor = found.card_of(workstream) or ""
        if changed or before != self.cursor:
            self._resize_content()
            self.refresh()
            self.call_after_refresh(self._into_sight)

    def tick(self, now: float) -> None:
        """Let time go by: paint anew if an age in sight reads differently now."""
        self._now = now
        cards = self.waves.cards
        if any(key in cards and told != self._age(cards[key]) for key, told in self._painted.items()):
            self.refresh()

    # --- moving ---------------------------------------------------------------------------------------------------

    def move(self, across: int, down: int) -> None:
        """Move the cursor by columns and by cards; it stops at the ends."""
        columns = self.waves.columns
        if not columns:
            return
        column, place = self.waves.places.get(self.cursor, (0, 0))
        column = min(max(0, column + across), len(columns) - 1)
        keys = columns[column]
        self.go_to(keys[min(max(0, place + down), len(keys) - 1)])

    def page(self, by: int) -> None:
        """Move the cursor by pages."""
        self.move(0, by * max(1, (self.size.height - _HEAD) // HEIGHT))

    def end(self, *, last: bool) -> None:
        """Go to the first or the last card of the round."""
        self.move(0, len(self.waves.cards) if last else -len(self.waves.cards))

    def go_to(self, key: str) -> None:
        """Go to a card and bring it into sight."""
        if key != self.cursor:
            self.cursor = key
            self.refresh()
            self._chosen(self.waves.cards[key].workstream)
        self._into_sight()

    def _into_sight(self) -> None:
        if self.cursor not in self.waves.places:
            return
        column, place = self.waves.places[self.cursor]
        room = max(0, len(self.waves.columns) - self._columns_in_sight)  # none of it stays empty where there is more
        first = min(max(self._first, column - self._columns_in_sight + 1), column, room)
        if first != self._first:
            self._first = first
            self.refresh()
        top, seen = place * HEIGHT, max(HEIGHT, self.size.height - _HEAD)
        if top < self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, force=True)
        elif top + HEIGHT - 1 > self.scroll_offset.y + seen:
            self.scroll_to(y=top + HEIGHT - 1 - seen, animate=False, force=True)

    # --- places -----------------------------------------------------------------------------------------------------

    @property
    def _wide(self) -> int:
        return self.scrollable_content_region.width or self.app.size.width

    @property
    def _one_at_a_time(self) -> bool:
        return self._wide < CARDS_BELOW - 2

    @property
    def _columns_in_sight(self) -> int:
        return 1 if self._one_at_a_time else max(1, (self._wide + GUTTER) // (_LEAST + GUTTER))

    @property
    def _card_width(self) -> int:
        number = max(1, min(self._columns_in_sight, len(self.waves.columns)))
        width = (self._wide + GUTTER) // number - GUTTER
        return width if self._one_at_a_time else min(width, _MOST)

    def _resize_content(self) -> None:
        most = max(map(len, self.waves.columns), default=0)
        size = Size(self._wide, most * HEIGHT - 1 + _HEAD if most else _HEAD)
        if size != self.virtual_size:
            self.virtual_size = size
            self.refresh(layout=True)

    def on_resize(self) -> None:
        """Keep the cursor's card in sight."""
        self._resize_content()
        self.refresh()
        self.call_after_refresh(self._into_sight)

    def on_click(self, event: events.Click) -> None:
        """Go to the card under the mouse; a double click opens its workstream."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < _HEAD:
            return
        column = self._first + offset.x // (self._card_width + GUTTER)
        place = (offset.y - _HEAD + self.scroll_offset.y) // HEIGHT
        if column < len(self.waves.columns) and place < len(self.waves.columns[column]):
            self.go_to(self.waves.columns[column][place])
            if event.chain == 2:
                self.post_message(Grid.Opened())

    def notify_style_update(self) -> None:
        """Forget styles that were looked up."""
        super().notify_style_update()
        self._style_cache.clear()

    # --- drawing ------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw one line of all columns in sight."""
        width = self._wide
        found, wide = self.waves, self._card_width
        last = min(self._first + self._columns_in_sight, len(found.columns))
        if y < _HEAD:
            self._painted.clear()
            heads = [fit(self._heading(at), wide + GUTTER) for at in range(self._first, last)]
            return self._strip([("".join(heads), "head", "")], width)
        line, edges = y - _HEAD + self.scroll_offset.y, self._edges_now()
        place, part = divmod(line, HEIGHT)
        cells: list[tuple[str, str, str]] = []
        for column in range(self._first, last):
            keys = found.columns[column]
            if part < HEIGHT - 1 and place < len(keys):
                cells += self._card(found.cards[keys[place]], part, wide)
            else:
                cells.append((" " * wide, "plain", ""))
            if column + 1 < last or self._columns_in_sight > 1:
                cells.append((edges.between(column, line), "accent", ""))
        return self._strip(cells, width)

    def _edges_now(self) -> Edges:
        """Return the edges of the card under the cursor, found out once for each cursor."""
        known = self._edges
        if known is None or known[0] is not self.waves or known[1] != self.cursor:
            known = self._edges = (self.waves, self.cursor, Edges(self.waves, self.cursor, HEIGHT))
        return known[2]

    def _heading(self, column: int) -> str:
        told = self.waves.heading(column)
        if self._one_at_a_time:
            return f"{'← ' if column else '  '}{told}{' →' if column + 1 < len(self.waves.columns) else ''}"
        more = column == self._first and column > 0
        rest = len(self.waves.columns) - self._first - self._columns_in_sight
        last = column == self._first + self._columns_in_sight - 1
        return f"{'← ' if more else '  '}{told}{f' → {rest} more' if last and rest > 0 else ''}"

    def _card(self, card: Card, part: int, wide: int) -> Iterable[tuple[str, str, str]]:
        under = "cursor" if card.key == self.cursor else "marked" if card.workstream in self._marks else ""
        yield "▌" if card.key == self.cursor else " ", "bar", under
        yield "*" if card.workstream in self._marks and not part else " ", "accent", under
        if part == 0:
            sign = "»" if card.critical else " "
            at = self.waves.cards.get(self.cursor)
            near = at is not None and (card.key in at.needs or at.key in card.needs)
            style = "strong" if near or under else "dim" if card.look.style in ("quiet", "good") else "plain"
            yield f"{card.look.glyph} ", card.look.style, under
            yield fit(card.name, wide - 5), style, under
            yield sign, "warn", under
            return
        told = self._painted[card.key] = self._age(card)
        yield "  ", "plain", under
        yield fit(card.look.word, wide - 5 - len(told)), card.look.style, under
        yield f"{told} ", "dim", under

    def _age(self, card: Card) -> str:
        return age(self._now - card.since) if card.since and card.look.word != "merged" else ""

    def _strip(self, cells: Iterable[tuple[str, str, str]], width: int) -> Strip:
        strip = Strip([Segment(text, self._look(style, under)) for text, style, under in cells if text])
        return strip.adjust_cell_length(width, self._look("plain", ""))

    def _look(self, style: str, under: str) -> Style:
        found = self._style_cache.get((style, under))
        if found is None:
            found = self.rich_style + self.get_component_rich_style(f"grid--{style}", partial=True)
            if under:
                found += self.get_component_rich_style(f"grid--{under}", partial=True)
            self._style_cache[style, under] = found
        return found
