"""Two views → the workstreams whose rows may differ between them. Pure; it names rather one too many than one too few.

Of a thousand workstreams a view changes a few, and most views change readings alone: what is the very same object in
both is not looked at.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from cockpit.engine.handle import View
from cockpit.schedule.snapshot import Leg, Snapshot
from cockpit.schedule.states import State


class Common(Struct, frozen=True):
    """What rows are made of beside their own leg and readings: the same for all, or by leg or workstream.

    `hold` keeps everything from being launched; `blocked` are the legs that block a leg.
    """

    hold: str
    blocked: Mapping[str, tuple[str, ...]]
    judged: Mapping[str, tuple[int, int]]
    asked: Mapping[str, Any]
    spent: Mapping[str, Any]
    busy: Mapping[str, Leg]


def touched(
    before: View, common: Common, view: View, now: Common, standing: Mapping[str, Leg]
) -> frozenset[str] | None:
    """Return the workstreams whose rows may differ, None where all may; `standing` are the legs that stood for them."""
    old, new = before.readings, view.readings
    if before.snapshot.outline is not view.snapshot.outline or before.snapshot.reverting != view.snapshot.reverting:
        return None
    if common.hold != now.hold or old.forecast is not new.forecast or old.shared != new.shared:
        return None
    found = set(_of_readings(before, view))
    if before.snapshot is not view.snapshot:
        found |= set(_of_facts(before.snapshot, common, view.snapshot, now))
        if _queue(before.snapshot, common) != _queue(view.snapshot, now):
            found |= {key for key, leg in standing.items() if leg.state is State.READY}
    return frozenset(found & view.snapshot.workstreams.keys())


def _of_readings(before: View, view: View) -> Iterator[str]:
    old, new, snapshot = before.readings, view.readings, view.snapshot
    for name in ("worktrees", "notes", "conflicts", "findings", "steps", "left"):
        yield from _differing(getattr(old, name), getattr(new, name))
    for run in _differing(old.runs, new.runs):
        if run in snapshot.runs:
            yield from _workstreams(snapshot, snapshot.runs[run].leg)


def _of_facts(old: Snapshot, common: Common, new: Snapshot, now: Common) -> Iterator[str]:
    changed = frozenset(_differing(old.legs, new.legs))
    for key in changed:
        yield from _workstreams(new, key, *new.dependents.get(key, ()))
    for key in _differing(common.blocked, now.blocked, same=False):
        yield from _workstreams(new, key)
    for key, blocking in now.blocked.items():
        if not changed.isdisjoint(blocking):
            yield from _workstreams(new, key)
    yield from _differing(old.workstreams, new.workstreams)
    for run in _differing(old.runs, new.runs):
        if run in new.runs:
            yield from _workstreams(new, new.runs[run].leg)
    for key in _differing(common.judged, now.judged, same=False):
        yield from _workstreams(new, key)
    yield from _differing(common.asked, now.asked)
    if common.spent is not now.spent:
        yield from _differing(common.spent, now.spent, same=False)


def _differing(old: Mapping[str, Any], new: Mapping[str, Any], *, same: bool = True) -> Iterator[str]:
    """Yield the keys of what is not the same object (or not equal) in both, or only in one."""
    if old is new:
        return
    get = old.get
    for key, value in new.items():
        if (known := get(key)) is not value and (same or known != value):
            yield key
    if len(old) != len(new) or old.keys() != new.keys():
        yield from old.keys() - new.keys()


def _workstreams(snapshot: Snapshot, *legs: str) -> Iterator[str]:
    for key in legs:
        if key in snapshot.legs:
            yield snapshot.legs[key].workstream


def _queue(snapshot: Snapshot, common: Common) -> tuple[object, ...]:
    """Return what decides how what is ready waits in line."""
    busy = {slot: leg.workstream for slot, leg in common.busy.items()}
    asleep = snapshot.sleepers(snapshot.at)
    return busy, snapshot.max_agents(), snapshot.sizes(), asleep, snapshot.draining, snapshot.over_cost()
