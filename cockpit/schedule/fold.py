"""fold(snapshot, fact) → snapshot: what each fact means. Pure: no I/O, no clock; the time comes with the fact."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from functools import singledispatch
from typing import Any

from cockpit.errors import IllegalMoveError
from cockpit.schedule import facts as f
from cockpit.schedule.change import changed
from cockpit.schedule.orders import Order
from cockpit.schedule.outline import LegOutline, Outline, WorkstreamOutline, dependents, ranks
from cockpit.schedule.snapshot import (
    Cost,
    GateResult,
    Leg,
    Merge,
    PendingOrder,
    Run,
    Snapshot,
    Workstream,
)
from cockpit.schedule.states import CAN_BE_ENDED, HOLDS_SLOT, IDLE, MOVING_FACTS, State, next_state

LESSON_LIMIT = 4000


def fold(snapshot: Snapshot, recorded: f.Recorded) -> Snapshot:
    """Return the snapshot after one more fact. Raises IllegalMoveError for a fact that does not fit."""
    after = _apply(recorded.fact, snapshot, recorded.at)
    return changed(after, seq=recorded.seq, at=recorded.at, hash=recorded.hash)


def replay(snapshot: Snapshot, recorded: Iterable[f.Recorded]) -> Snapshot:
    """Return the snapshot after many facts; those that don't fit are skipped and counted, never raised."""
    for one in recorded:
        try:
            snapshot = fold(snapshot, one)
        except IllegalMoveError:
            snapshot = replace(snapshot, skipped=snapshot.skipped + 1, seq=one.seq, at=one.at, hash=one.hash)
    return snapshot


@singledispatch
def _apply(fact: f.Fact, snapshot: Snapshot, at: float) -> Snapshot:
    if isinstance(fact, f.LegFact):
        leg = _leg(snapshot, fact.leg)
        if type(fact).__name__ in MOVING_FACTS:
            return _put(snapshot, _moved(leg, fact, at))
    return snapshot


def _leg(snapshot: Snapshot, key: str) -> Leg:
    try:
        return snapshot.legs[key]
    except KeyError:
        raise IllegalMoveError(f"there is no leg {key}") from None


def _workstream(snapshot: Snapshot, key: str) -> Workstream:
    try:
        return snapshot.workstreams[key]
    except KeyError:
        raise IllegalMoveError(f"there is no workstream {key}") from None


def _moved(leg: Leg, fact: f.Fact, at: float, **changes: Any) -> Leg:
    state = next_state(leg.state, type(fact).__name__)
    if leg.state in HOLDS_SLOT and state not in HOLDS_SLOT:
        changes = {"slot": None, **changes}
    if leg.ending and state not in CAN_BE_ENDED:
        changes = {"ending": "", **changes}
    return changed(leg, state=state, since=at, reason=getattr(fact, "reason", ""), **changes)


def _put(snapshot: Snapshot, leg: Leg) -> Snapshot:
    legs = dict(snapshot.legs)
    legs[leg.key] = leg
    active = snapshot.active
    if (leg.state in IDLE) is (leg.key in active):
        active = active - {leg.key} if leg.state in IDLE else active | {leg.key}
    return changed(snapshot, legs=legs, active=active)


def _with_workstream(snapshot: Snapshot, workstream: Workstream) -> Snapshot:
    return changed(snapshot, workstreams={**snapshot.workstreams, workstream.id: workstream})


def _readied(snapshot: Snapshot, keys: Iterable[str], at: float) -> Snapshot:
    """Move the legs among `keys` that are wanted, and whose dependencies are merged, from waiting to ready."""
    for key in keys:
        leg = snapshot.legs[key]
        if leg.state is not State.WAITING or not snapshot.workstreams[leg.workstream].wanted:
            continue
        if all(snapshot.legs[needed].state is State.MERGED for needed in leg.outline.depends_on):
            state = next_state(leg.state, "DependenciesMet")
            snapshot = _put(snapshot, changed(leg, state=state, since=at, reason=""))
    return snapshot


def _unreadied(snapshot: Snapshot, keys: Iterable[str], at: float) -> Snapshot:
    for key in keys:
        leg = snapshot.legs[key]
        if leg.state is State.READY:
            state = next_state(leg.state, "DependenciesUnmet")
            snapshot = _put(snapshot, replace(leg, state=state, since=at))
    return snapshot


# --- plan -----------------------------------------------------------------------------------------------------------


@_apply.register
def _(fact: f.PlanLoaded, snapshot: Snapshot, at: float) -> Snapshot:
    outline = fact.outline
    order = ranks(outline)
    begun = {key for key, leg in snapshot.legs.items() if leg.attempt or leg.state is State.MERGED}
    legs: dict[str, Leg] = {}
    for one in outline.legs:
        known = snapshot.legs.get(one.key)
        base = replace(known, gone=False) if known else Leg(one, since=at)
        legs[one.key] = replace(base, outline=one, rank=order[one.key])
    kept = {key: snapshot.legs[key] for key in snapshot.legs if key in begun and key not in legs}
    there = legs.keys() | kept.keys()
    legs |= {key: replace(leg, outline=_within(there, leg), gone=True, rank=len(legs)) for key, leg in kept.items()}
    workstreams = _merged_workstreams(snapshot, outline, kept)
    _check_fits(legs, workstreams)
    after = replace(
        snapshot,
        path=fact.path,
        text=fact.text,
        outline=outline,
        legs=legs,
        workstreams=workstreams,
        dependents=dependents(leg.outline for leg in legs.values()),
        active=frozenset(key for key, leg in legs.items() if leg.state not in IDLE),
    )
    unmet = [key for key, leg in legs.items() if leg.state is State.READY and not _met(after, leg)]
    return _readied(_unreadied(after, unmet, at), legs, at)


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


def _met(snapshot: Snapshot, leg: Leg) -> bool:
    wanted = snapshot.workstreams[leg.workstream].wanted
    return wanted and all(snapshot.legs[needed].state is State.MERGED for needed in leg.outline.depends_on)


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
    for key, known in snapshot.workstreams.items():
        if key in found or key not in started:
            continue
        legs = tuple(leg.key for leg in started[key])
        found[key] = replace(known, outline=replace(known.outline, legs=legs), gone=True)
    return found


# --- orders ---------------------------------------------------------------------------------------------------------


@_apply.register
def _(fact: f.OrderGiven, snapshot: Snapshot, at: float) -> Snapshot:
    order = Order(fact.verb, fact.targets, fact.by, fact.reason, fact.number, fact.everything, fact.also_needed)
    return replace(snapshot, orders={**snapshot.orders, fact.order: PendingOrder(fact.order, order)})


def _order_ended(fact: f.OrderDone | f.OrderRefused, snapshot: Snapshot, at: float) -> Snapshot:
    return replace(snapshot, orders={key: order for key, order in snapshot.orders.items() if key != fact.order})


_apply.register(f.OrderDone, _order_ended)
_apply.register(f.OrderRefused, _order_ended)


@_apply.register
def _(fact: f.WorkstreamWanted, snapshot: Snapshot, at: float) -> Snapshot:
    workstream = replace(_workstream(snapshot, fact.workstream), wanted=True, clean_up=False)
    return _readied(_with_workstream(snapshot, workstream), workstream.outline.legs, at)


@_apply.register
def _(fact: f.WorkstreamUnwanted, snapshot: Snapshot, at: float) -> Snapshot:
    workstream = replace(_workstream(snapshot, fact.workstream), wanted=False)
    return _unreadied(_with_workstream(snapshot, workstream), workstream.outline.legs, at)


@_apply.register
def _(fact: f.LaunchingHeld, snapshot: Snapshot, at: float) -> Snapshot:
    return replace(snapshot, held=True)


@_apply.register
def _(fact: f.LaunchingFreed, snapshot: Snapshot, at: float) -> Snapshot:
    return replace(snapshot, held=False)


@_apply.register
def _(fact: f.AgentLimitChanged, snapshot: Snapshot, at: float) -> Snapshot:
    return replace(snapshot, agent_limit=fact.agents)


# --- runs -----------------------------------------------------------------------------------------------------------


@_apply.register
def _(fact: f.LegTaken, snapshot: Snapshot, at: float) -> Snapshot:
    leg = _leg(snapshot, fact.leg)
    taken = _moved(leg, fact, at, run=fact.run, slot=fact.slot, attempt=leg.attempt + 1, started=leg.started or at)
    run = Run(fact.run, leg.key, fact.slot, taken.attempt, at)
    return changed(_put(snapshot, taken), runs={**snapshot.runs, run.id: run})


@_apply.register
def _(fact: f.WorktreeMade, snapshot: Snapshot, at: float) -> Snapshot:
    leg = _leg(snapshot, fact.leg)
    workstream = replace(snapshot.workstreams[leg.workstream], worktree=fact.path, clean_up_refused="")
    return _with_workstream(_put(snapshot, replace(leg, base=fact.base)), workstream)


@_apply.register
def _(fact: f.RunStarted, snapshot: Snapshot, at: float) -> Snapshot:
    leg = _moved(_leg(snapshot, fact.leg), fact, at)
    return _with_run(_put(snapshot, leg), fact.run, started=at, pid=fact.pid, folder=fact.folder)


@_apply.register
def _(fact: f.RunAdopted, snapshot: Snapshot, at: float) -> Snapshot:
    return _with_run(snapshot, fact.run, pid=fact.pid)


@_apply.register
def _(fact: f.EndAsked, snapshot: Snapshot, at: float) -> Snapshot:
    return _put(snapshot, replace(_leg(snapshot, fact.leg), ending=fact.why))


@_apply.register
def _(fact: f.RunEnded, snapshot: Snapshot, at: float) -> Snapshot:
    leg = _leg(snapshot, fact.leg)
    run = snapshot.runs.get(fact.run)
    worked = at - run.started if run and run.started else 0.0
    after = _put(snapshot, replace(leg, slot=None, worked_s=leg.worked_s + worked))
    return _with_run(after, fact.run, ended=at, outcome=fact.outcome, code=fact.code, reason=fact.reason)


@_apply.register
def _(fact: f.UsageReported, snapshot: Snapshot, at: float) -> Snapshot:
    cost = Cost(fact.usd, fact.tokens_in, fact.tokens_cached, fact.tokens_out)
    return replace(snapshot, usage={**snapshot.usage, fact.run: cost})


def _with_run(snapshot: Snapshot, key: str, **changes: Any) -> Snapshot:
    run = snapshot.runs.get(key)
    if run is None:
        raise IllegalMoveError(f"there is no run {key}")
    return changed(snapshot, runs={**snapshot.runs, key: changed(run, **changes)})


# --- checks, approvals, merges --------------------------------------------------------------------------------------


@_apply.register
def _(fact: f.ChecksStarted, snapshot: Snapshot, at: float) -> Snapshot:
    after = _put(snapshot, _moved(_leg(snapshot, fact.leg), fact, at))
    return changed(after, gates={**snapshot.gates, fact.leg: ()})


@_apply.register
def _(fact: f.WorkCommitted, snapshot: Snapshot, at: float) -> Snapshot:
    leg = replace(
        _leg(snapshot, fact.leg),
        commit=fact.commit,
        tree=fact.tree,
        base=fact.base,
        files=fact.files,
        added=fact.added,
        removed=fact.removed,
        built="",
    )
    return _put(snapshot, leg)


@_apply.register
def _(fact: f.GateFinished, snapshot: Snapshot, at: float) -> Snapshot:
    _leg(snapshot, fact.leg)
    result = GateResult(fact.gate, fact.ok, fact.tree, at, fact.seconds, fact.reason, fact.output, fact.how)
    results = (*snapshot.gates.get(fact.leg, ()), result)
    return replace(snapshot, gates={**snapshot.gates, fact.leg: results})


@_apply.register
def _(fact: f.ApprovalGiven, snapshot: Snapshot, at: float) -> Snapshot:
    leg = _leg(snapshot, fact.leg)
    if fact.what == "start" and leg.state is State.READY:
        return _put(snapshot, replace(leg, start_approved=True))
    return _put(snapshot, _moved(leg, fact, at, review_s=at - leg.since))


@_apply.register
def _(fact: f.ApprovalRefused, snapshot: Snapshot, at: float) -> Snapshot:
    leg = _leg(snapshot, fact.leg)
    lesson = f"The operator refused the {fact.what}: {fact.reason or 'no reason was given'}"
    return _put(snapshot, _moved(leg, fact, at, lessons=_learned(leg, lesson)))


@_apply.register
def _(fact: f.MergeBuilt, snapshot: Snapshot, at: float) -> Snapshot:
    return _put(snapshot, replace(_leg(snapshot, fact.leg), built=fact.commit))


@_apply.register
def _(fact: f.LegMerged, snapshot: Snapshot, at: float) -> Snapshot:
    leg = _moved(_leg(snapshot, fact.leg), fact, at, merged=fact.commit, ended=at)
    after = _put(snapshot, leg)
    if fact.commit:
        merge = Merge(leg.workstream, leg.key, leg.outline.round, fact.commit, at)
        after = replace(after, merges=(*after.merges, merge))
    return _readied(after, (*after.dependents.get(leg.key, ()),), at)


@_apply.register
def _(fact: f.MergeQueued, snapshot: Snapshot, at: float) -> Snapshot:
    return _put(snapshot, _moved(_leg(snapshot, fact.leg), fact, at, retry_at=0.0, paths=()))


@_apply.register
def _(fact: f.MergeDeferred, snapshot: Snapshot, at: float) -> Snapshot:
    leg = _moved(_leg(snapshot, fact.leg), fact, at, retry_at=fact.until, paths=fact.paths)
    return _put(snapshot, leg)


@_apply.register
def _(fact: f.ConflictFound, snapshot: Snapshot, at: float) -> Snapshot:
    leg = _leg(snapshot, fact.leg)
    reason = f"conflicts with {snapshot.outline.base} in {', '.join(fact.paths)}"
    moved = _moved(leg, fact, at, paths=fact.paths, lessons=_learned(leg, f"The work of the last run {reason}."))
    return _put(snapshot, replace(moved, reason=reason))


@_apply.register
def _(fact: f.RetryScheduled, snapshot: Snapshot, at: float) -> Snapshot:
    leg = _leg(snapshot, fact.leg)
    lessons = _learned(leg, fact.reason)
    return _put(snapshot, _moved(leg, fact, at, retry_at=fact.at, failures=leg.failures + 1, lessons=lessons))


@_apply.register
def _(fact: f.LegFailed, snapshot: Snapshot, at: float) -> Snapshot:
    leg = _leg(snapshot, fact.leg)
    return _put(snapshot, _moved(leg, fact, at, failures=leg.failures + 1, lessons=_learned(leg, fact.reason)))


def _fresh(fact: f.LegFact, snapshot: Snapshot, at: float) -> Snapshot:
    leg = _moved(_leg(snapshot, fact.leg), fact, at, failures=0, ending="", retry_at=0.0, paths=())
    after = _put(snapshot, leg)
    return after if _met(after, leg) else _unreadied(after, (leg.key,), at)


def _ended_on_request(fact: f.LegFact, snapshot: Snapshot, at: float) -> Snapshot:
    return _put(snapshot, _moved(_leg(snapshot, fact.leg), fact, at, ending=""))


_apply.register(f.LegRetried, _fresh)
_apply.register(f.LegResumed, _fresh)
_apply.register(f.LegPaused, _ended_on_request)
_apply.register(f.LegStopped, _ended_on_request)


def _learned(leg: Leg, lesson: str) -> tuple[str, ...]:
    return (*leg.lessons, lesson[-LESSON_LIMIT:])[-5:] if lesson else leg.lessons


# --- clean-up -------------------------------------------------------------------------------------------------------


@_apply.register
def _(fact: f.CleanUpAsked, snapshot: Snapshot, at: float) -> Snapshot:
    workstream = replace(_workstream(snapshot, fact.workstream), clean_up=True, clean_up_refused="")
    return _with_workstream(snapshot, workstream)


@_apply.register
def _(fact: f.CleanUpRefused, snapshot: Snapshot, at: float) -> Snapshot:
    workstream = _workstream(snapshot, fact.workstream)
    return _with_workstream(snapshot, replace(workstream, clean_up=False, clean_up_refused=fact.reason))


@_apply.register
def _(fact: f.WorkRescued, snapshot: Snapshot, at: float) -> Snapshot:
    workstream = _workstream(snapshot, fact.workstream)
    return _with_workstream(snapshot, replace(workstream, rescues=(*workstream.rescues, fact.ref)))


@_apply.register
def _(fact: f.WorktreeRemoved, snapshot: Snapshot, at: float) -> Snapshot:
    workstream = _workstream(snapshot, fact.workstream)
    rescues = (*workstream.rescues, fact.rescue) if fact.rescue else workstream.rescues
    gone = replace(workstream, worktree="", clean_up=False, clean_up_refused="", rescues=rescues)
    return _with_workstream(snapshot, gone)
