"""In which order rows are shown, and in which groups: chosen by the operator, never by what moves. Pure.

An order never depends on the time that goes by, so that rows change places only when something happened.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from math import inf
from typing import Any

import msgspec
from msgspec import Struct

from cockpit.ui.looks import DERIVED, LOOKS, ORDER
from cockpit.ui.present import Row

PLAN, BY_ROUND, BY_STATE = "plan", "round", "state"
GROUPED = "grouped by "
_PLACES = {word: at for at, word in enumerate(ORDER)} | {f"~{word}": at for at, word in enumerate(ORDER)}
_ROUND, _AGENT, _FILES, _COST = 3, 5, 6, 11
_GLYPHS = {look.word: look.glyph for look in (*LOOKS.values(), *DERIVED)}


class Sorting(Struct, frozen=True):
    """An order that can be chosen: by its letter in the menu; `key` is what rows are sorted by."""

    name: str
    letter: str
    about: str
    key: Callable[[Row], Any]


class Arrangement(Struct, frozen=True):
    """What the operator chose: an order, whether it is turned round, and by what rows are grouped (empty: not)."""

    order: str = PLAN
    turned: bool = False
    group: str = ""

    @property
    def plain(self) -> bool:
        """Say whether rows stand as the plan has them."""
        return self == Arrangement()

    def told(self) -> str:
        """Return it in few words; empty where rows stand as the plan has them."""
        order = "" if self.order == PLAN and not self.turned else f"by {self.order}{' ↑' if self.turned else ''}"
        return " · ".join(part for part in (order, f"grouped by {self.group}" if self.group else "") if part)


def _round(row: Row) -> int:
    text = row.cells[_ROUND][0][1:]
    return int(text) if text.isdecimal() else 0


def _quiet(row: Row) -> tuple[int, int]:
    """Return how long a row was quiet, and how little it did; in coarse steps, so that rows seldom change places."""
    return -row.pulse[0], -(sum(row.pulse[1]).bit_length() // 2)


def _figure(row: Row, at: int) -> float:
    from cockpit.ui.filters import number_in

    return number_in(row.cells[at][0]) or 0.0


SORTINGS: tuple[Sorting, ...] = (
    Sorting(PLAN, "p", "as the plan has them", lambda _: 0),
    Sorting("need", "n", "what awaits you first", lambda row: not row.awaits),
    Sorting("state", "s", "by state, running first", lambda row: _PLACES.get(row.look.word, 0)),
    Sorting("id", "i", "by id", lambda row: row.id),
    Sorting("round", "r", "by round", _round),
    Sorting(
        "agent", "a", "by agent slot, those without last", lambda row: (not row.cells[_AGENT][0], row.cells[_AGENT])
    ),
    Sorting("time", "t", "longest in its state first", lambda row: row.since or inf),
    Sorting("eta", "e", "done soonest first", lambda row: row.finish or inf),
    Sorting("files", "f", "most files first", lambda row: -_figure(row, _FILES)),
    Sorting("cost", "c", "most cost first", lambda row: -_figure(row, _COST)),
    Sorting("activity", "o", "busiest in the last minutes first", _quiet),
)
BY_SORTING = {one.name: one for one in SORTINGS}
GROUPS: tuple[tuple[str, str, str], ...] = (
    (f"{GROUPED}{BY_ROUND}", "R", "group by round"),
    (f"{GROUPED}{BY_STATE}", "S", "group by state"),
)


def arranged(rows: Mapping[str, Row], shown: Sequence[str], how: Arrangement) -> list[tuple[str, list[str]]]:
    """Return the shown ids in order, group by group, each with its heading; one group without any where none is asked.

    Rows that are equal in what they are sorted by stand as the plan has them.
    """
    key = BY_SORTING.get(how.order, SORTINGS[0]).key
    ordered = list(shown)
    if how.order != PLAN:
        ordered.sort(key=lambda one: key(rows[one]))
    if how.turned:
        ordered.reverse()
    if not how.group:
        return [("", ordered)]
    by = _round if how.group == BY_ROUND else _state
    ordered.sort(key=lambda one: by(rows[one]))
    return [
        (_heading(how.group, rows, group), group)
        for group in (list(keys) for _, keys in groupby(ordered, key=lambda one: by(rows[one])))
    ]


def _state(row: Row) -> int:
    return _PLACES.get(row.look.word, 0)


def _heading(group: str, rows: Mapping[str, Row], keys: Iterable[str]) -> str:
    members = [rows[key] for key in keys]
    if group == BY_STATE:
        word = ORDER[_state(members[0])]
        return f"{_GLYPHS[word]} {word} · {len(members)}"
    merged = sum(row.look.word == "merged" for row in members)
    return f"round {_round(members[0])} · {len(members)}{f' · {merged} merged' if merged else ''}"


def chosen(now: Arrangement, name: str) -> Arrangement:
    """Return the arrangement after a choice: the order that is there already is turned round, the group goes."""
    if name.startswith(GROUPED):
        group = name.removeprefix(GROUPED)
        return Arrangement(now.order, now.turned, "" if now.group == group else group)
    turned = not now.turned if now.order == name and name != PLAN else False
    return Arrangement(name, turned, now.group)


def kept(how: Arrangement) -> str:
    """Return an arrangement as a text that can be remembered; empty where rows stand as the plan has them."""
    return "" if how.plain else msgspec.json.encode(how).decode()


def remembered(text: str) -> Arrangement | None:
    """Return the arrangement that a text stands for, None where it is none (any more)."""
    try:
        how = msgspec.json.decode(text, type=Arrangement)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return None
    known = how.order in BY_SORTING and how.group in ("", BY_ROUND, BY_STATE)
    return how if known and not how.plain else None
