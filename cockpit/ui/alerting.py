"""Alerts → rows of the alerts page: the worst and newest first, what was acknowledged last; and each in full. Pure."""

from collections.abc import Collection, Iterator

from msgspec import Struct

from cockpit.engine.handle import View
from cockpit.ui.alerts import Alert, keyed
from cockpit.ui.columns import Column
from cockpit.ui.headline import Line
from cockpit.ui.keys import BY_NAME
from cockpit.ui.looks import age, exact_clock, line, look_of, name
from cockpit.ui.present import Cell, Row

COLUMNS = (
    Column("state", "alert", 0, 100, 9, 13),
    Column("name", "workstream", 1, 99, 10, 20),
    Column("why", "what is wrong", 2, 90, 20, 400),
    Column("solve", "solved by", 3, 70, 9, 34),
    Column("time", "since", -1, 80, 5, 7, right=True),
)
CARD = (0, 1, 2, 3)


class Item(Struct, frozen=True):
    """One line of the page: an alert, and whether the operator has acknowledged it."""

    row: Row
    alert: Alert
    acknowledged: bool

    @property
    def workstream(self) -> str:
        """Return the workstream that it is of; empty where it is about the plan."""
        return self.alert.workstream


def items(found: tuple[Alert, ...], acknowledged: Collection[str]) -> dict[str, Item]:
    """Return what the page lists, by the keys of the alerts."""
    ranked = sorted(found, key=lambda one: (one.key in acknowledged, one.rank, -one.since))
    return {one.key: Item(_row(one, dim=one.key in acknowledged), one, one.key in acknowledged) for one in ranked}


def _row(one: Alert, *, dim: bool) -> Row:
    look = one.look
    cells: tuple[Cell, ...] = (
        (f"{look.glyph} {look.word}", "dim" if dim else look.style),
        (name(one.workstream) or "the plan", "dim" if dim or not one.workstream else "strong"),
        (f"acknowledged: {one.says}" if dim else one.says, "dim" if dim else "plain"),
        (keyed(*one.solve), "dim" if dim else "accent"),
    )
    search = " ".join(text for text, _ in cells).lower()
    return Row(one.key, look, cells, one.since or None, None, awaits=False, output=("", 0), search=search)


def detail(view: View, item: Item, now: float) -> tuple[Line, ...]:
    """Return all that is known of an alert, and what solves it."""
    return tuple(_detail(view, item.alert, now, acknowledged=item.acknowledged))


def _detail(view: View, one: Alert, now: float, *, acknowledged: bool) -> Iterator[Line]:
    snapshot = view.snapshot
    known = snapshot.workstreams.get(one.workstream)
    head: Line = ((f"{one.look.glyph} {one.look.word}", one.look.style),)
    if known is not None:
        title = f" · {line(known.outline.title)}" if known.outline.title else ""
        head = (*head, (f" · {name(known.id)}", "strong"), (title, "plain"))
    yield head
    if one.says:
        yield ((one.says, "plain"),)
    if one.since:
        yield ((f"since {exact_clock(one.since)}, for {age(now - one.since)}", "dim"),)
    if known is not None:
        leg = snapshot.leg_under_way(known.id)
        look = look_of(leg, None)
        slot = f", {name(leg.slot or leg.held_slot)}" if leg.slot or leg.held_slot else ""
        told = f"leg {name(leg.key)} is {look.word}{slot}, attempt {leg.attempt}"
        yield ((told if leg.attempt else f"leg {name(leg.key)} is {look.word}", "dim"),)
    for action in one.solve:
        yield (f"{BY_NAME[action].shown}  ", "accent"), (BY_NAME[action].about, "plain")
    if one.hint:
        yield ((one.hint, "plain"),)
    if acknowledged:
        yield ((f"acknowledged; {BY_NAME['acknowledge'].shown} takes that back", "dim"),)
