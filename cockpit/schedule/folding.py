"""What the meanings of facts have in common: the dispatcher, and careful changes of a snapshot. Pure."""

from collections.abc import Iterable
from functools import singledispatch
from typing import Any

from msgspec.structs import replace

from cockpit.errors import IllegalMoveError
from cockpit.schedule import facts as f
from cockpit.schedule.snapshot import Leg, Snapshot, Workstream
from cockpit.schedule.states import CAN_BE_ENDED, HOLDS_SLOT, IDLE, MOVING_FACTS, State, next_state

LESSON_LIMIT = 4000


@singledispatch
def apply(fact: f.Fact, snapshot: Snapshot, at: float) -> Snapshot:
    """Return the snapshot after a fact; the modules beside this one say for each kind what that means."""
    if isinstance(fact, f.LegFact):
        leg = leg_of(snapshot, fact.leg)
        if type(fact).__name__ in MOVING_FACTS:
            return put(snapshot, moved(leg, fact, at))
    return snapshot


def leg_of(snapshot: Snapshot, key: str) -> Leg:
    """Return a leg by its key. Raises IllegalMoveError."""
    try:
        return snapshot.legs[key]
    except KeyError:
        raise IllegalMoveError(f"there is no leg {key}") from None


def workstream_of(snapshot: Snapshot, key: str) -> Workstream:
    """Return a workstream by its id. Raises IllegalMoveError."""
    try:
        return snapshot.workstreams[key]
    except KeyError:
        raise IllegalMoveError(f"there is no workstream {key}") from None


def moved(leg: Leg, fact: f.Fact, at: float, **changes: Any) -> Leg:
    """Return a leg in the state that a fact leads to, with other changes. Raises IllegalMoveError."""
    state = next_state(leg.state, type(fact).__name__)
    if leg.state in HOLDS_SLOT and state not in HOLDS_SLOT:
        changes = {"slot": None, **changes}
    if leg.state is State.QUARANTINED:
        changes = {"held_slot": "", "held_for": (), "held_from": "", **changes}
    if leg.ending and state not in CAN_BE_ENDED:
        changes = {"ending": "", **changes}
    return replace(leg, state=state, since=at, reason=getattr(fact, "reason", ""), **changes)


def learned(leg: Leg, lesson: str) -> tuple[str, ...]:
    """Return what a leg's next run is told, with one more lesson; empty: none."""
    return (*leg.lessons, lesson[-LESSON_LIMIT:])[-5:] if lesson else leg.lessons


def settled(snapshot: Snapshot, leg: Leg, state: str, at: float) -> Snapshot:
    """Return the snapshot with a leg's open violations released (its work was merged) or fixed (it is gone)."""
    bad = snapshot.open_violations(leg.key)
    if not bad:
        return snapshot
    changed = {one.id: replace(one, state=state, ended=at) for one in bad}
    return replace(snapshot, violations={**snapshot.violations, **changed})


def tallied(snapshot: Snapshot, leg: Leg, **changes: Any) -> Snapshot:
    """Return the snapshot with more known about the work of a leg's last run."""
    run = snapshot.runs.get(leg.run or "")
    if run is None or not changes or leg.by_hand:  # what a human changed is no agent's record
        return snapshot
    return replace(snapshot, runs={**snapshot.runs, run.id: replace(run, tally=replace(run.tally, **changes))})


def released(snapshot: Snapshot, leg: Leg, at: float) -> Snapshot:
    """Return the snapshot with the time that a leg was quarantined in its run's tally, where it is that now."""
    run = snapshot.runs.get(leg.run or "")
    if leg.state is not State.QUARANTINED or run is None:
        return snapshot
    held = run.tally.held_s + at - leg.since
    return tallied(snapshot, leg, releases=run.tally.releases + 1, held_s=held)


def put(snapshot: Snapshot, leg: Leg) -> Snapshot:
    """Return the snapshot with another version of a leg."""
    legs = dict(snapshot.legs)
    legs[leg.key] = leg
    active = snapshot.active
    if (leg.state in IDLE) is (leg.key in active):
        active = active - {leg.key} if leg.state in IDLE else active | {leg.key}
    return replace(snapshot, legs=legs, active=active)


def with_workstream(snapshot: Snapshot, workstream: Workstream) -> Snapshot:
    """Return the snapshot with another version of a workstream."""
    return replace(snapshot, workstreams={**snapshot.workstreams, workstream.id: workstream})


def readied(snapshot: Snapshot, keys: Iterable[str], at: float) -> Snapshot:
    """Move the legs among `keys` that are wanted, and whose dependencies are merged, from waiting to ready."""
    for key in keys:
        leg = snapshot.legs[key]
        if leg.state is not State.WAITING or not snapshot.workstreams[leg.workstream].wanted:
            continue
        if all(snapshot.legs[needed].state is State.MERGED for needed in leg.outline.depends_on):
            state = next_state(leg.state, "DependenciesMet")
            snapshot = put(snapshot, replace(leg, state=state, since=at, reason=""))
    return snapshot


def unreadied(snapshot: Snapshot, keys: Iterable[str], at: float) -> Snapshot:
    """Move the ready legs among `keys` back to waiting."""
    for key in keys:
        leg = snapshot.legs[key]
        if leg.state is State.READY:
            state = next_state(leg.state, "DependenciesUnmet")
            snapshot = put(snapshot, replace(leg, state=state, since=at))
    return snapshot


def is_met(snapshot: Snapshot, leg: Leg) -> bool:
    """Tell whether a leg is wanted and all that it depends on is merged."""
    wanted = snapshot.workstreams[leg.workstream].wanted
    return wanted and all(snapshot.legs[needed].state is State.MERGED for needed in leg.outline.depends_on)
