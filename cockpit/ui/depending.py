"""Who waits for whom: what a workstream needs of others, and which others need it, in one line. Pure."""

from collections.abc import Iterable

from cockpit.schedule.snapshot import Snapshot
from cockpit.schedule.states import State
from cockpit.ui.looks import LOOKS, name
from cockpit.ui.present import Cell

MOST = 5


def needed_by(snapshot: Snapshot, workstream: str) -> tuple[str, ...]:
    """Return the other workstreams of which a leg depends on a leg of this one, in plan order."""
    legs = snapshot.workstreams[workstream].outline.legs
    found = {snapshot.legs[one].workstream for key in legs for one in snapshot.dependents.get(key, ())}
    return _in_order(snapshot, found - {workstream})


def needs(snapshot: Snapshot, workstream: str) -> tuple[str, ...]:
    """Return the legs of other workstreams that legs of this one depend on, those that are not merged first."""
    found = dict.fromkeys(
        needed
        for leg in snapshot.legs_of(workstream)
        for needed in leg.outline.depends_on
        if needed in snapshot.legs and snapshot.legs[needed].workstream != workstream
    )
    return tuple(sorted(found, key=lambda key: snapshot.legs[key].state is State.MERGED))


def told(snapshot: Snapshot, workstream: str) -> tuple[Cell, ...]:
    """Return the line: what it waits for with its states, and who waits for it."""
    if workstream not in snapshot.workstreams:
        return ()
    before, after = needs_told(snapshot, workstream), needed_told(snapshot, workstream)
    return ("needs ", "dim"), *before, ("   needed by ", "dim"), *after


def needs_told(snapshot: Snapshot, workstream: str) -> tuple[Cell, ...]:
    """Return what a workstream needs of others, each with its state."""
    found = needs(snapshot, workstream)
    cells: list[Cell] = []
    for at, key in enumerate(found[:MOST]):
        look = LOOKS[snapshot.legs[key].state]
        cells += [(", " if at else "", "dim"), (f"{look.glyph} ", look.style), (_leg_named(snapshot, key), "plain")]
    return *cells, (_rest(len(found)) if found else "nothing", "dim")


def needed_told(snapshot: Snapshot, workstream: str) -> tuple[Cell, ...]:
    """Return who needs a workstream."""
    found = needed_by(snapshot, workstream)
    shown = ", ".join(map(name, found[:MOST])) or "nothing"
    return (shown, "plain" if found else "dim"), (_rest(len(found)), "dim")


def _leg_named(snapshot: Snapshot, key: str) -> str:
    """Return a leg by its workstream, and by its last issue where the workstream has several legs."""
    leg = snapshot.legs[key]
    several = len(snapshot.workstreams[leg.workstream].outline.legs) > 1
    issue = f" {name(leg.outline.issues[-1])}" if several and leg.outline.issues else ""
    return f"{name(leg.workstream)}{issue}"


def _rest(number: int) -> str:
    return f" and {number - MOST} more" if number > MOST else ""


def _in_order(snapshot: Snapshot, found: Iterable[str]) -> tuple[str, ...]:
    places = {key: at for at, key in enumerate(snapshot.workstreams)}
    return tuple(sorted(found, key=lambda key: places.get(key, -1)))
