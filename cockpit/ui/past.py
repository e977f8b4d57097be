"""Facts and commands → rows of the pages of the journal and of the log, and each of them in full. Pure, no widgets."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from cockpit.clock import span
from cockpit.safetext import safe_text
from cockpit.schedule.seeking import Told
from cockpit.schedule.snapshot import Snapshot
from cockpit.ui.columns import Column
from cockpit.ui.headline import Line
from cockpit.ui.looks import Look, at_clock, code, exact_clock, line, name
from cockpit.ui.present import Cell, Row

FACTS = (
    Column("state", "time", 0, 100, 8, 12),
    Column("name", "about", 1, 99, 8, 24),
    Column("why", "what happened", 2, 98, 30, 400),
    Column("kind", "kind", 4, 60, 10, 18),
    Column("number", "number", 3, 50, 4, 8, right=True),
)
RAN = (
    Column("state", "time", 0, 100, 8, 12),
    Column("name", "took", 1, 90, 5, 8, right=True),
    Column("exit", "exit", 4, 99, 4, 8, right=True),
    Column("why", "command", 2, 98, 30, 400),
    Column("cwd", "in", 3, 40, 12, 40),
)
CARD = (0, 1, 2, 3)
RAN_CARD = (0, 5, 2, 3)
FULL_LIMIT = 400  # lines of one of them in full
_STYLES = {
    "LegMerged": "good",
    "LegFailed": "bad",
    "OrderRefused": "bad",
    "ConflictFound": "bad",
    "LegQuarantined": "bad",
    "ViolationFound": "warn",
    "MergeDeferred": "warn",
    "RetryScheduled": "warn",
    "RollbackEnded": "warn",
    "ReviewAsked": "warn",
    "OrderGiven": "accent",
    "ApprovalGiven": "accent",
    "ApprovalRefused": "accent",
    "UsageReported": "dim",
}
_PLAIN = Look(" ", "", "plain")


class Item(Struct, frozen=True):
    """One line of either page; `number` is that of the fact, or of the command since the driver began."""

    row: Row
    workstream: str
    number: int


class Ran(Struct, frozen=True, array_like=True):
    """A command that the driver ran: when (seconds since the epoch), for how long, how it ended, what it printed."""

    number: int
    at: float
    seconds: float
    code: int | None
    command: str
    cwd: str
    output: str


def fact_item(told: Told, snapshot: Snapshot, now: float) -> Item:
    """Return a fact as a line of the journal's page."""
    style = _STYLES.get(told.kind, "plain")
    of = told.about.partition("/")[0]
    cells: tuple[Cell, ...] = (
        (_when(told.at, now), "dim"),
        (name(told.about), "strong" if told.about != "plan" else "dim"),
        (line(told.words), style),
        (str(told.seq), "dim"),
        (name(told.kind), "dim"),
    )
    return Item(_row(told.seq, cells), of if of in snapshot.workstreams else "", told.seq)


def ran_item(ran: Ran, now: float) -> Item:
    """Return a command as a line of the log's page."""
    ended, style = _ended(ran)
    cells: tuple[Cell, ...] = (
        (_when(ran.at, now), "dim"),
        (_took(ran.seconds), "warn" if ran.seconds >= 10 else "dim"),
        (line(ran.command), "plain" if style in ("dim", "quiet") else style),
        (line(ran.cwd), "dim"),
        (ended, style),
        (f"{ended if style == 'bad' else f'exit {ended}'} · {_took(ran.seconds)}", style),
    )
    return Item(_row(ran.number, cells), "", ran.number)


def fact_lines(told: Told, fields: Mapping[str, Any] | None) -> Iterator[Line]:
    """Yield a fact in full: what happened, and its fields, once the driver has told them."""
    yield ((line(told.words), _STYLES.get(told.kind, "plain")),)
    yield (f"fact {told.seq}", "dim"), (f" · {name(told.kind)} · ", "dim"), (name(told.about), "strong")
    yield ((_exactly(told.at), "dim"),)
    for key, value in (fields or {}).items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        first, *more = _split(text)
        yield (f"{name(key)}  ", "dim"), (first, "plain")
        yield from ((("  " + one, "plain"),) for one in more)


def ran_lines(ran: Ran) -> Iterator[Line]:
    """Yield a command in full, with the end of what it printed."""
    ended, style = _ended(ran)
    yield ((line(ran.command), "strong"),)
    yield (f"{ended}", style), (f" after {_took(ran.seconds)} · {_exactly(ran.at)}", "dim")
    yield ((f"in {line(ran.cwd)}", "dim"),)
    yield from (((one, "plain"),) for one in _split(ran.output) if one)


def _row(number: int, cells: tuple[Cell, ...]) -> Row:
    return Row(str(number), _PLAIN, cells, None, None, awaits=False, output=("", 0), search="")


def _when(at: float, now: float) -> str:
    return exact_clock(at) if abs(now - at) < 43_200 else at_clock(at, now)


def _exactly(at: float) -> str:
    return at_clock(at, at + 30 * 86_400).rpartition(" ")[0] + " " + exact_clock(at)


def _took(seconds: float) -> str:
    return f"{seconds * 1000:.0f}ms" if seconds < 1 else f"{seconds:.1f}s" if seconds < 60 else span(seconds)


def _ended(ran: Ran) -> Cell:
    if ran.code is None:
        return ("–", "dim") if not ran.seconds else ("cut off", "bad")
    return ("0", "dim") if ran.code == 0 else (str(ran.code), "warn")


def _split(text: str) -> list[str]:
    lines = safe_text(text).split("\n")
    told = [code(one) for one in lines[:FULL_LIMIT]]
    return [*told, f"… and {len(lines) - FULL_LIMIT} lines more"] if len(lines) > FULL_LIMIT else told or [""]
