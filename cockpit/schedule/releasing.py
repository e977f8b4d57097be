"""What a human may do about a quarantine: release it in one of three ways, waive what was found, or discard. Pure."""

from collections.abc import Iterator

from cockpit.errors import OrderRefusedError
from cockpit.schedule import facts as f
from cockpit.schedule.orders import Order
from cockpit.schedule.snapshot import OPEN, Leg, Snapshot, Workstream
from cockpit.schedule.states import State

WAYS = ("resume", "restart", "other")
"""Resume: the same agent goes on in its worktree; restart: from its last good commit; other: so, by another agent."""


def release(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    """Yield what lets a quarantined leg run again, told what was wrong."""
    leg = _quarantined(snapshot, workstream)
    _require_shown(snapshot, leg, order.expected)
    how = order.how or "resume"
    if how not in WAYS:
        raise OrderRefusedError(f"a quarantine is released by {', '.join(WAYS)}, not {how}")
    bad = leg.held_slot.rpartition("#")[0]
    if how == "other" and all(one == bad for one in workstream.outline.agents):
        raise OrderRefusedError(f"{workstream.id} has no other agent than {bad} (`fallback` in the plan)")
    if not workstream.wanted:
        yield f.WorkstreamWanted(workstream.id)
    yield f.LegReleased(leg.key, how, order.by, order.reason)


def waive(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    """Yield what lets violations stand: those that the order names, else all that are open in the leg under way.

    Where nothing is left that holds the leg, it goes on: to its checks when its run had ended, else to a further run.
    """
    if not order.reason.strip():
        raise OrderRefusedError("a waiver needs a reason: it is shown in the review")
    leg = snapshot.leg_under_way(workstream.id)
    named = order.expected.split()
    bad = [
        one.id
        for one in snapshot.violations.values()
        if one.leg == leg.key and one.state == OPEN and (not named or one.id in named)
    ]
    if not bad:
        raise OrderRefusedError(f"{workstream.id} has no such open violation")
    for key in bad:
        yield f.ViolationWaived(leg.key, key, order.by, order.reason)
    if leg.state is State.QUARANTINED and not set(leg.held_for) - set(bad):
        if leg.held_from == State.CHECKING.value:
            yield f.ChecksStarted(leg.key)
        else:
            yield f.LegReleased(leg.key, "resume", order.by, order.reason)


def discard(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    """Yield what ends a quarantined leg for good: its worktree goes, and what only it holds is rescued first."""
    leg = _quarantined(snapshot, workstream)
    _require_shown(snapshot, leg, order.expected)
    if workstream.wanted:
        yield f.WorkstreamUnwanted(workstream.id)
    yield f.LegStopped(leg.key)
    if workstream.worktree:
        yield f.CleanUpAsked(workstream.id)


def _require_shown(snapshot: Snapshot, leg: Leg, expected: str) -> None:
    """Refuse a decision about other violations than those that it names; one that names none is about what is there."""
    named = expected.split()
    more = [one for one in snapshot.open_violations(leg.key) if one.id not in named]
    if named and more:
        what = f"{more[0].rule} in {more[0].path}:{more[0].line}"
        raise OrderRefusedError(f"{leg.workstream} is not what was shown any more: it has {what}; look at it again")


def _quarantined(snapshot: Snapshot, workstream: Workstream) -> Leg:
    leg = snapshot.leg_under_way(workstream.id)
    if leg.state is not State.QUARANTINED:
        raise OrderRefusedError(f"{workstream.id} is {leg.state.value}, not quarantined")
    return leg
