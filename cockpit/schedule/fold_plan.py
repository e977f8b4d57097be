"""What plans, wishes and orders mean for a snapshot. Pure."""

from collections.abc import Container, Mapping

from msgspec.structs import replace

from cockpit.errors import IllegalMoveError
from cockpit.plan.roundzero import PREPARE
from cockpit.schedule import facts as f
from cockpit.schedule.folding import apply, is_met, readied, unreadied, with_workstream, workstream_of
from cockpit.schedule.orders import Order
from cockpit.schedule.outline import LegOutline, Outline, WorkstreamOutline, dependents, ranks
from cockpit.schedule.snapshot import Leg, PendingOrder, Snapshot, Workstream
from cockpit.schedule.states import IDLE, State


@apply.register
def _(fact: f.PlanLoaded, snapshot: Snapshot, at: float) -> Snapshot:
    outline = fact.outline
    order = ranks(outline)
    planned = {one.name: one.slots for one in snapshot.outline.profiles}
    sizes = {(one.name, one.slots) for one in outline.profiles}
    begun = {key for key, leg in snapshot.legs.items() if leg.attempt or leg.state is State.MERGED}
    legs: dict[str, Leg] = {}
    for one in outline.legs:
        known = snapshot.legs.get(one.key)
        legs[one.key] = replace(known or Leg(one, since=at), outline=one, rank=order[one.key], gone=False)
    kept = {key: snapshot.legs[key] for key in snapshot.legs if key in begun and key not in legs}
    there = legs.keys() | kept.keys()
    legs |= {key: replace(leg, outline=_within(there, leg), gone=True, rank=len(legs)) for key, leg in kept.items()}
    workstreams = _merged_workstreams(snapshot, outline, kept)
    _check_fits(legs, workstreams)
    after = replace(
        snapshot,
        path=fact.path,
        text=fact.text,
        trust=fact.trust,
        outline=outline,
        legs=legs,
        workstreams=workstreams,
        agent_limit=snapshot.agent_limit if outline.max_agents == snapshot.outline.max_agents else None,
        slot_limits={key: size for key, size in snapshot.slot_limits.items() if (key, planned.get(key)) in sizes},
        draining=snapshot.draining & {one.name for one in outline.profiles},
        dependents=dependents(leg.outline for leg in legs.values()),
        active=frozenset(key for key, leg in legs.items() if leg.state not in IDLE),
    )
    unmet = [key for key, leg in legs.items() if leg.state is State.READY and not is_met(after, leg)]
    return readied(unreadied(after, unmet, at), legs, at)


def _within(there: Container[str], leg: Leg) -> LegOutline:
    """Return the outline of a leg that the plan no longer has, without what it depended on and is gone too."""
    return replace(leg.outline, depends_on=tuple(key for key in leg.outline.depends_on if key in there))


def _check_fits(legs: Mapping[str, Leg], workstreams: Mapping[str, Workstream]) -> None:
    """Raise IllegalMoveError for an outline, of a damaged journal, whose parts name what is not there."""
    homes = {key: one.id for one in workstreams.values() for key in one.outline.legs}
    whole = homes.keys() == legs.keys() and all(homes[key] == leg.workstream for key, leg in legs.items())
    if not whole or not all(one.outline.legs for one in workstreams.values()):
        raise IllegalMoveError("the legs of a plan do not fit its workstreams")
    if not all(needed in legs for leg in legs.values() for needed in leg.outline.depends_on):
        raise IllegalMoveError("a leg of a plan depends on one that is not there")


def _merged_workstreams(snapshot: Snapshot, outline: Outline, kept: Mapping[str, Leg]) -> dict[str, Workstream]:
    started: dict[str, list[LegOutline]] = {}
    for leg in kept.values():
        started.setdefault(leg.workstream, []).append(leg.outline)
    found: dict[str, Workstream] = {}
    for one in outline.workstreams:
        legs = tuple(leg.key for leg in started.get(one.id, ()))
        known = snapshot.workstreams.get(one.id)
        merged: WorkstreamOutline = replace(one, legs=legs + one.legs) if legs else one
        if known and known.worktree:
            merged = replace(merged, branch=known.outline.branch, worktree=known.outline.worktree)
        found[one.id] = replace(known, outline=merged, gone=False) if known else Workstream(merged)
    if PREPARE in found and PREPARE not in snapshot.workstreams and any(one.wanted for one in found.values()):
        found[PREPARE] = replace(found[PREPARE], wanted=True)
    for key, known in snapshot.workstreams.items():
        if key in found or key not in started:
            continue
        legs = tuple(leg.key for leg in started[key])
        found[key] = replace(known, outline=replace(known.outline, legs=legs), gone=True)
    return found


@apply.register
def _(fact: f.OrderGiven, snapshot: Snapshot, at: float) -> Snapshot:
    order = Order(
        fact.verb,
        fact.targets,
        fact.by,
        fact.reason,
        fact.number,
        fact.everything,
        fact.also_needed,
        fact.expected,
        fact.how,
    )
    return replace(snapshot, orders={**snapshot.orders, fact.order: PendingOrder(fact.order, order)})


def _order_ended(fact: f.OrderDone | f.OrderRefused, snapshot: Snapshot, at: float) -> Snapshot:
    return replace(snapshot, orders={key: order for key, order in snapshot.orders.items() if key != fact.order})


apply.register(f.OrderDone, _order_ended)
apply.register(f.OrderRefused, _order_ended)


@apply.register
def _(fact: f.WorkstreamWanted, snapshot: Snapshot, at: float) -> Snapshot:
    workstream = replace(workstream_of(snapshot, fact.workstream), wanted=True, clean_up=False)
    after = readied(with_workstream(snapshot, workstream), workstream.outline.legs, at)
    first = after.workstreams.get(PREPARE)
    if first is None or first.wanted or first.gone or after.is_merged(PREPARE):
        return after
    return readied(with_workstream(after, replace(first, wanted=True)), first.outline.legs, at)  # all depends on it


@apply.register
def _(fact: f.WorkstreamUnwanted, snapshot: Snapshot, at: float) -> Snapshot:
    workstream = replace(workstream_of(snapshot, fact.workstream), wanted=False)
    after = unreadied(with_workstream(snapshot, workstream), workstream.outline.legs, at)
    first = after.workstreams.get(PREPARE)
    if first is None or any(one.wanted and key != PREPARE for key, one in after.workstreams.items()):
        return after
    begun = after.legs[PREPARE].state not in (State.WAITING, State.READY)
    return after if begun else unreadied(with_workstream(after, replace(first, wanted=False)), (PREPARE,), at)


@apply.register
def _(fact: f.LaunchingHeld, snapshot: Snapshot, at: float) -> Snapshot:
    return replace(snapshot, held=True)


@apply.register
def _(fact: f.LaunchingFreed, snapshot: Snapshot, at: float) -> Snapshot:
    return replace(snapshot, held=False)


@apply.register
def _(fact: f.AgentLimitChanged, snapshot: Snapshot, at: float) -> Snapshot:
    return replace(snapshot, agent_limit=fact.agents)


@apply.register
def _(fact: f.SlotsChanged, snapshot: Snapshot, at: float) -> Snapshot:
    return replace(snapshot, slot_limits={**snapshot.slot_limits, fact.profile: fact.slots})


@apply.register
def _(fact: f.ProfileDrained, snapshot: Snapshot, at: float) -> Snapshot:
    return replace(snapshot, draining=snapshot.draining | {fact.profile})


@apply.register
def _(fact: f.ProfileFreed, snapshot: Snapshot, at: float) -> Snapshot:
    return replace(snapshot, draining=snapshot.draining - {fact.profile})
