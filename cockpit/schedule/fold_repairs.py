"""What resolutions of conflicts, rebases, rollbacks and recoveries mean for a snapshot. Pure."""

from msgspec.structs import replace

from cockpit.errors import IllegalMoveError
from cockpit.schedule import facts as f
from cockpit.schedule.folding import apply, leg_of, moved, put, unreadied
from cockpit.schedule.snapshot import Snapshot
from cockpit.schedule.states import State


@apply.register
def _(fact: f.ResolutionAsked, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    if leg.state is not State.CONFLICT:
        raise IllegalMoveError(f"{leg.key} is {leg.state.value}: there is no conflict to resolve")
    return put(snapshot, replace(leg, resolving=fact.how))


@apply.register
def _(fact: f.ResolutionEnded, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    return put(snapshot, replace(leg, resolving="", opened=fact.path, reason=fact.note or leg.reason))


@apply.register
def _(fact: f.LegRebased, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    rebased = replace(leg, base=fact.base, commit=fact.commit, tree=fact.tree, built="")
    after = put(snapshot, rebased)
    if not fact.rescue:
        return after
    workstream = after.workstreams[leg.workstream]
    kept = replace(workstream, rescues=(*workstream.rescues, fact.rescue))
    return replace(after, workstreams={**after.workstreams, workstream.id: kept})


@apply.register
def _(fact: f.RollbackAsked, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    if leg.state is not State.MERGED or not leg.merged:
        raise IllegalMoveError(f"{leg.key} is {leg.state.value}: there is no merge to roll back")
    waiting = [key for key in snapshot.reverting if key != leg.key]
    return replace(snapshot, reverting=(*waiting, leg.key))


@apply.register
def _(fact: f.RollbackEnded, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    after = put(snapshot, replace(leg, reason=fact.reason))
    return replace(after, reverting=tuple(key for key in snapshot.reverting if key != leg.key))


@apply.register
def _(fact: f.LegReverted, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    back = moved(leg, fact, at, reverted=fact.commit, merged="", built="", ended=None)
    after = put(snapshot, replace(back, reason=f"rolled back by {fact.commit[:9]}"))
    merges = tuple(
        replace(one, reverted=fact.commit) if one.leg == leg.key and not one.reverted else one for one in after.merges
    )
    reverting = tuple(key for key in snapshot.reverting if key != leg.key)
    return unreadied(replace(after, merges=merges, reverting=reverting), after.dependents.get(leg.key, ()), at)


@apply.register
def _(fact: f.Recovered, snapshot: Snapshot, at: float) -> Snapshot:
    return replace(snapshot, recovered=fact.found)
