"""Which columns fit a width: they drop by priority, state and name never do. Pure."""

from collections.abc import Collection

from msgspec import Struct

from cockpit.ui.contents import Contents
from cockpit.ui.looks import ORDER, age, at_clock
from cockpit.ui.present import Cell, Row
from cockpit.ui.pulse import MINUTES, spark

CARDS_BELOW = 80
GAP = 2


class Column(Struct, frozen=True):
    """A column: `at` is its place in Row.cells (−1: computed from the time), `keep` the priority (higher stays).

    A filter calls it by its `field` (else its name); `words` are all that it can say; `number`: it is compared as one.
    """

    name: str
    head: str
    at: int
    keep: int
    least: int
    most: int
    right: bool = False
    field: str = ""
    words: tuple[str, ...] = ()
    number: bool = False


COLUMNS = (
    Column("state", "state", 0, 100, 9, 13, words=ORDER),
    Column("name", "workstream", 1, 99, 10, 26, field="id"),
    Column("title", "title", 2, 59, 14, 44),
    Column("round", "rnd", 3, 20, 3, 3, number=True),
    Column("leg", "leg", 4, 53, 3, 5, number=True),
    Column("agent", "agent", 5, 70, 9, 14),
    Column("activity", "activity", -1, 58, MINUTES, MINUTES),
    Column("progress", "issues", -1, 57, 6, 12),
    Column("files", "files +/−", 6, 55, 9, 16, right=True, number=True),
    Column("ahead", "vs base", 7, 30, 7, 9, number=True),
    Column("clash", "conflicts with", 9, 54, 14, 40, field="conflict"),
    Column("bad", "violations", 10, 68, 6, 18, field="violations", number=True),
    Column("cost", "cost", 11, 45, 4, 10, right=True, number=True),
    Column("alerts", "!", 12, 72, 1, 4),
    Column("why", "now", 8, 90, 26, 400, field="now"),
    Column("time", "for", -1, 80, 3, 7, right=True),
    Column("eta", "done", -1, 75, 5, 12, right=True),
)
_WHY = "why"
_TIME_LEFT = len(" · 99 s until quarantine")
_ELASTIC = ("title", "clash")
_OPTIONAL = ("title", "clash", "bad", "activity", "cost", "alerts")


class Laid(Struct, frozen=True):
    """A column with the width that it got."""

    column: Column
    width: int


def time_cell(row: Row, column: Column, now: float) -> Cell:
    """Return the cell of a column that is computed from the time."""
    if column.name == "time":
        return (age(now - row.since) if row.since else ""), "dim"
    if column.name == "activity":
        return spark(row.pulse, now), "busy"
    if column.name == "progress":
        used = row.progress.used(now) if row.progress else None
        over = used is not None and used > 1
        return (row.progress.told(now) if row.progress else ""), "warn" if over else "dim"
    return (at_clock(row.finish, now) if row.finish else ""), "dim"


def lay_out(
    rows: Collection[Row],
    width: int,
    now: float,
    columns: tuple[Column, ...] = COLUMNS,
    contents: Contents | None = None,
) -> tuple[Laid, ...]:
    """Return the columns that fit `width` cells, with their widths, for what the rows hold.

    `contents` are those of the rows, where somebody keeps them.
    """
    held = Contents(rows) if contents is None else contents
    wanted = {column.name: _wanted(rows, held, column, now) for column in columns}
    chosen = [column for column in columns if column.name not in _OPTIONAL or wanted[column.name]]
    while sum(_need(column, wanted) for column in chosen) + GAP * (len(chosen) - 1) > width:
        drop = min(chosen, key=lambda column: column.keep)
        if drop.keep > 95:
            break
        chosen.remove(drop)
    widths = {column.name: _need(column, wanted) for column in chosen}
    spare = width - sum(widths.values()) - GAP * (len(chosen) - 1)
    for elastic in _ELASTIC:
        if elastic in widths and spare > 0:
            short = wanted[_WHY] > widths.get(_WHY, 0)
            more = max(0, min(wanted[elastic] - widths[elastic], spare // 2 if short else spare))
            widths[elastic] += more
            spare -= more
    if _WHY in widths:
        widths[_WHY] += max(0, spare)
    return tuple(Laid(column, widths[column.name]) for column in chosen)


def _wanted(rows: Collection[Row], contents: Contents, column: Column, now: float) -> int:
    if column.name == "time":
        content = 6 if rows else 0
    elif column.name == "activity":
        content = MINUTES if any(row.pulse[1] and spark(row.pulse, now) for row in rows) else 0
    elif column.name == "progress":
        content = max((len(one.told(now)) for one in {row.progress for row in rows if row.progress}), default=0)
    elif column.name == "eta":
        known = [row.finish for row in rows if row.finish]
        ends = (min(known), max(known)) if known else ()  # what is furthest off is told at the greatest length
        content = max((len(at_clock(at, now)) for at in ends), default=0)
    else:
        content = contents.widest(column.at)
        if column.name == _WHY and any(row.due is not None for row in rows):
            content += _TIME_LEFT
    return min(max(content, len(column.head)), column.most) if content else 0


def _need(column: Column, wanted: dict[str, int]) -> int:
    """Return the least width that a column takes part with: its content where that is short."""
    if column.name in _ELASTIC:
        return min(column.least, max(wanted[column.name], len(column.head)))
    if column.name == _WHY:
        return column.least
    return max(column.least, wanted[column.name])
