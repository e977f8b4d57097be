"""What a human's work in a leg's worktree means for a snapshot. Pure."""

from msgspec.structs import replace

from cockpit.errors import IllegalMoveError
from cockpit.schedule import facts as f
from cockpit.schedule.folding import apply, leg_of, put
from cockpit.schedule.snapshot import ByHand, Leg, Snapshot
from cockpit.schedule.taking import GO_ON


@apply.register
def _(fact: f.TakeOverAsked, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    if leg.taken_over:
        raise IllegalMoveError(f"{leg.key} is taken over already")
    return put(snapshot, replace(leg, hand=ByHand(fact.by)))


@apply.register
def _(fact: f.TakenOver, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    return put(snapshot, replace(leg, hand=replace(_taken(leg), at=at, tree=fact.tree)))


@apply.register
def _(fact: f.HandBackAsked, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    return put(
        snapshot, replace(leg, hand=replace(_taken(leg), back=fact.how, back_by=fact.by, said=fact.reason, refused=""))
    )


@apply.register
def _(fact: f.HandedBack, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    done = replace(_taken(leg), back=fact.how, ended=at, paths=fact.paths, changed=fact.changed)
    run = snapshot.runs.get(leg.run or "")
    # Whatever ended the run: what was said to its agent by hand is in that conversation.
    continues = run.id if fact.how == GO_ON and run is not None and run.session else leg.continues
    return put(snapshot, replace(leg, hand=done, continues=continues))


@apply.register
def _(fact: f.HandBackRefused, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    return put(snapshot, replace(leg, hand=replace(_taken(leg), back="", refused=fact.reason)))


def _taken(leg: Leg) -> ByHand:
    if leg.hand is None or not leg.taken_over:
        raise IllegalMoveError(f"{leg.key} is not taken over")
    return leg.hand
