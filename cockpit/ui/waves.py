"""The wave map without a screen: legs as cards in the column of their round, and who waits for whom. Pure."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from cockpit.schedule.snapshot import Leg, Snapshot
from cockpit.schedule.states import State
from cockpit.ui.looks import Look, look_of, name
from cockpit.ui.present import Row

# (a line comes from the left, goes to the right, comes from above, goes below) → how it is drawn
_CORNERS = {
    (True, True, False, False): "─",
    (True, False, False, True): "╮",
    (True, False, True, False): "╯",
    (False, True, False, True): "╭",
    (False, True, True, False): "╰",
    (False, False, True, True): "│",
    (True, True, True, True): "┼",
    (True, True, False, True): "┬",
    (True, True, True, False): "┴",
    (True, False, True, True): "┤",
    (False, True, True, True): "├",
}
GUTTER = 4
_NOTHING = " " * GUTTER


class Card(Struct, frozen=True):
    """One leg as it is drawn: safe texts; `since` is when it came to its state, `needs` the legs that it depends on."""

    key: str
    workstream: str
    look: Look
    name: str
    since: float | None
    critical: bool
    needs: tuple[str, ...]


class Waves(Struct, frozen=True):
    """All cards by the rounds that they are in; `places` are (column, place in it), `after` who depends on a card."""

    rounds: tuple[int, ...] = ()
    columns: tuple[tuple[str, ...], ...] = ()
    cards: Mapping[str, Card] = {}
    places: Mapping[str, tuple[int, int]] = {}
    after: Mapping[str, tuple[str, ...]] = {}

    def heading(self, column: int) -> str:
        """Return what stands above a round."""
        keys = self.columns[column]
        merged = sum(self.cards[key].look.word == "merged" for key in keys)
        return f"round {self.rounds[column]} · {merged}/{len(keys)} merged"

    def card_of(self, workstream: str) -> str | None:
        """Return the first card of a workstream that is not merged, else its last one."""
        mine = [card for card in self.cards.values() if card.workstream == workstream]
        under_way = [card for card in mine if card.look.word != "merged"]
        return (under_way or mine[-1:])[0].key if mine else None


def waves(snapshot: Snapshot, rows: Mapping[str, Row], shown: Iterable[str]) -> Waves:
    """Return the cards of the workstreams that are shown, in that order within each round."""
    critical = _critical(snapshot)
    cards: dict[str, Card] = {}
    columns: dict[int, list[str]] = {}
    for workstream in shown:
        if workstream not in snapshot.workstreams or workstream not in rows:
            continue
        legs = snapshot.legs_of(workstream)
        now = snapshot.leg_under_way(workstream).key if len(legs) > 1 else legs[0].key
        for leg in legs:
            key = leg.outline.key
            look = rows[workstream].look if key == now else look_of(leg, None)
            cards[key] = _card(leg, len(legs), look, critical=key in critical)
            columns.setdefault(leg.outline.round, []).append(key)
    rounds = tuple(sorted(columns))
    places = {key: (at, place) for at, one in enumerate(rounds) for place, key in enumerate(columns[one])}
    after: dict[str, list[str]] = {}
    for key, card in cards.items():
        for needed in card.needs:
            after.setdefault(needed, []).append(key)
    told = {key: tuple(keys) for key, keys in after.items()}
    return Waves(rounds, tuple(tuple(columns[one]) for one in rounds), cards, places, told)


def _critical(snapshot: Snapshot) -> frozenset[str]:
    """Return the legs of the longest path through what is not merged yet."""
    from cockpit.forecast.eta import critical_path

    return frozenset(critical_path([leg.outline for leg in snapshot.legs.values() if leg.state is not State.MERGED]))


def _card(leg: Leg, legs: int, look: Look, *, critical: bool) -> Card:
    outline = leg.outline
    told = f"{name(outline.workstream)}{f' {outline.number}/{legs}' if legs > 1 else ''}"
    return Card(outline.key, outline.workstream, look, told, leg.since or None, critical, outline.depends_on)


class Edges:
    """The edges of one card, ready to be drawn between the columns; a card takes `height` lines.

    Edges from one round to the next are drawn whole; of those that go farther, both ends.
    """

    def __init__(self, found: Waves, selected: str, height: int) -> None:
        self._column, place = found.places.get(selected, (-9, 0))
        self._own = frozenset({place * height})
        needs = found.cards[selected].needs if selected in found.cards else ()
        places = found.places
        befores = {(places[key][0], places[key][1] * height) for key in needs if key in places}
        afters = {(places[key][0], places[key][1] * height) for key in found.after.get(selected, ())}
        self._before = frozenset(y for at, y in befores if at == self._column - 1)
        self._after = frozenset(y for at, y in afters if at == self._column + 1)
        self._starts = frozenset((at, y) for at, y in befores if at < self._column - 1)
        self._ends = frozenset((at, y) for at, y in afters if at > self._column + 1)

    def between(self, column: int, y: int) -> str:
        """Return what is drawn at a line right of a column."""
        if column == self._column - 1:
            return _drawn(self._before, self._own, y) or ("  ┄▸" if self._starts and y in self._own else _NOTHING)
        if column == self._column:
            return _drawn(self._own, self._after, y) or ("─┄  " if self._ends and y in self._own else _NOTHING)
        starts, ends = (column, y) in self._starts, (column + 1, y) in self._ends
        return ("─┄" if starts else "  ") + ("┄▸" if ends else "  ")


def _drawn(left: frozenset[int], right: frozenset[int], y: int) -> str:
    """Return one line of the edges between lines on the left and on the right; empty where there are none at all."""
    if not (left and right):
        return ""
    first, last = min(*left, *right), max(*left, *right)
    if not first <= y <= last:
        return _NOTHING
    corner = _CORNERS.get((y in left, y in right, y > first, y < last), " ")
    return f"{'─' if y in left else ' '}{corner}{'─▸' if y in right else '  '}"
