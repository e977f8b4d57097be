"""What a human may do with a leg's worktree: take it over, and hand it back in one of three ways. Pure.

While it is taken over the worktree is the human's alone: no order begins, merges or removes anything of its leg.
"""

from collections.abc import Iterator

from cockpit.errors import OrderRefusedError
from cockpit.plan.roundzero import PREPARE
from cockpit.schedule import facts as f
from cockpit.schedule.adding import LONGEST
from cockpit.schedule.orders import Order
from cockpit.schedule.snapshot import ByHand, Leg, PendingOrder, Snapshot, Workstream
from cockpit.schedule.states import State

GO_ON, REVIEW, LEAVE = "go-on", "review", "leave"
WAYS = (GO_ON, REVIEW, LEAVE)
"""Go on: a run continues, told what was done; review: what is there is checked, then reviewed; leave: as it is."""

NAMED = 3
TAKEABLE = frozenset(
    {
        State.RUNNING,
        State.PAUSED,
        State.RETRYING,
        State.FAILED,
        State.REJECTED,
        State.STOPPED,
        State.REVIEW,
        State.QUARANTINED,
    }
)
HELD_UP = frozenset(
    {"start", "resume", "stop", "retry", "approve", "reject", "merge", "rebase", "rerun", "resolve", "resolved"}
) | frozenset({"abandon", "release", "waive", "discard", "rollback", "cleanup"})
"""The verbs that would begin, judge, merge or remove something of what a human works on."""


def require_free(snapshot: Snapshot, workstream: Workstream, verb: str) -> None:
    """Refuse what would touch a worktree that a human has taken over."""
    hand = snapshot.leg_under_way(workstream.id).hand
    if verb in HELD_UP and hand is not None and not hand.ended:
        who = f" by {hand.by}" if hand.by else ""
        raise OrderRefusedError(f"{workstream.id} is taken over{who}: hand it back first (`cockpit attach --back`)")


def take_over(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    """Yield what makes a worktree a human's: its run, where one goes on, is paused first."""
    leg = snapshot.leg_under_way(workstream.id)
    if reason := why_not(snapshot, workstream):
        raise OrderRefusedError(reason)
    yield f.TakeOverAsked(leg.key, order.by)
    if leg.state is State.RUNNING and leg.ending != "pause":
        yield f.EndAsked(leg.key, "pause")


def why_not(snapshot: Snapshot, workstream: Workstream) -> str:
    """Return why a worktree cannot be taken over as things stand; empty where it can be."""
    leg, who = snapshot.leg_under_way(workstream.id), workstream.id
    if leg.hand is not None and leg.taken_over:
        return f"{who} is taken over already, by {leg.hand.by or 'somebody'}"
    if who == PREPARE:
        return f"{who} has no agent, and begins anew at every run: change the plan's `prepare`"
    if leg.ending not in ("", "pause"):
        return f"{who} is being ended ({leg.ending})"
    if leg.state is State.CONFLICT:
        return f"{who} is conflict: resolve it by hand in a worktree of its own (`cockpit resolve`)"
    if leg.state is State.PREPARING:
        return f"{who} is preparing: its worktree is being made ready, try again in a moment"
    if leg.state not in TAKEABLE:
        return f"{who} is {leg.state.value}: only what runs, is paused, in review or has come to a halt is taken over"
    if leg.reverted:
        return f"{who} was rolled back: reject it, and its next run can be taken over"
    if workstream.clean_up:
        return f"{who}: its worktree is being removed"
    if not workstream.worktree or not leg.base:
        return f"{who} has no worktree"
    return ""


def hand_back(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    """Yield what gives a worktree back to cockpit, by `how`; anyone may, so that nothing stays with who went away."""
    leg = snapshot.leg_under_way(workstream.id)
    if leg.hand is None or not leg.taken_over:
        raise OrderRefusedError(f"{workstream.id} is {leg.state.value} and not taken over")
    if order.how not in WAYS:
        raise OrderRefusedError(f"a worktree is handed back by {', '.join(WAYS)}, not {order.how or 'nothing'}")
    if len(order.reason) > LONGEST:
        raise OrderRefusedError(f"that is too long to tell: {len(order.reason)} characters, {LONGEST} at most")
    if leg.hand.back:
        raise OrderRefusedError(f"{workstream.id} is being handed back already ({leg.hand.back})")
    yield f.HandBackAsked(leg.key, order.how, order.by, order.reason)


def after_hand_back(snapshot: Snapshot, leg: Leg, hand: ByHand) -> tuple[f.Fact, ...]:
    """Return what follows once a worktree is handed back in the way that was asked for."""
    by = hand.back_by
    again = () if snapshot.workstreams[leg.workstream].wanted else (f.WorkstreamWanted(leg.workstream),)
    if leg.state is State.REVIEW:
        if hand.back == GO_ON:
            why = hand.said or "the work goes on"
            return (*again, f.ApprovalRefused(leg.key, "merge", by, why), f.LegRetried(leg.key))
        return (f.ChecksStarted(leg.key),) if hand.changed else ()  # what was to be approved is not there any more
    if hand.back == LEAVE:
        return ()
    if hand.back == REVIEW:
        return (*again, f.ChecksStarted(leg.key))
    if leg.state is State.PAUSED:
        return (*again, f.LegResumed(leg.key))
    if leg.state is State.QUARANTINED:
        return (*again, f.LegReleased(leg.key, "resume", by, hand.said))
    return (*again, f.LegRetried(leg.key))


def progress(snapshot: Snapshot, pending: PendingOrder, legs: list[Leg]) -> f.OrderDone | f.OrderRefused | None:
    """Return how taking over, or handing back, ended; None while what is there is being looked at, or a run ends."""
    hands = [leg.hand for leg in legs if leg.hand is not None and leg.taken_over]
    if any(hand.back or not hand.at for hand in hands):
        return None
    if pending.order.verb == "takeover":
        return f.OrderDone(pending.id, "; ".join(snapshot.workstreams[leg.workstream].worktree for leg in legs))
    if stuck := [f"{leg.workstream}: {leg.hand.refused}" for leg in legs if leg.hand and leg.taken_over]:
        return f.OrderRefused(pending.id, "; ".join(stuck))
    changed = [f"{leg.workstream} ({', '.join(leg.hand.paths[:NAMED])})" for leg in legs if leg.hand and leg.hand.paths]
    return f.OrderDone(pending.id, f"changed by hand: {', '.join(changed)}" if changed else "")
