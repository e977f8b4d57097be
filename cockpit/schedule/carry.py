"""carry_out(snapshot, order) → facts: what a human order means for each target. Pure; refuses with a reason.

It is longer than other modules since every verb that has no room of its own stands beside the one table of them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from cockpit.errors import OrderRefusedError
from cockpit.plan.roundzero import PREPARE
from cockpit.schedule import adding, releasing, rolling, taking, talking
from cockpit.schedule import facts as f
from cockpit.schedule.comments import require_sendable
from cockpit.schedule.orders import Order
from cockpit.schedule.shown import is_named, require_shown
from cockpit.schedule.snapshot import Leg, PendingOrder, Snapshot, Workstream, waits_for
from cockpit.schedule.states import CAN_BE_ENDED, UNBEGUN, WORKING, State

ENDABLE = frozenset({State.PREPARING, State.RUNNING})
STOPPABLE = frozenset(
    {
        State.REVIEW,
        State.QUEUED,
        State.RETRYING,
        State.PAUSED,
        State.FAILED,
        State.REJECTED,
        State.CONFLICT,
    }
)
RETRIABLE = frozenset({State.FAILED, State.REJECTED, State.CONFLICT, State.STOPPED, State.RETRYING})
REMOVABLE = frozenset({State.MERGED, State.STOPPED, State.WAITING, State.READY})


class _DoneAlreadyError(Exception):
    """What is ordered is so already, or on its way: nothing to do, and no reason to refuse."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What came of an order: the facts to record (none: it is done already), and why some targets were left out."""

    facts: tuple[f.Fact, ...]
    left_out: tuple[str, ...] = ()


def carry_out(snapshot: Snapshot, order: Order) -> Carried:
    """Return the facts that an order leads to. Raises OrderRefusedError when it can do nothing at all."""
    if order.verb in _WHOLE:
        return Carried(tuple(_WHOLE[order.verb](snapshot, order)))
    if order.verb not in _VERBS:
        raise OrderRefusedError(f"there is no order `{order.verb}`")
    found: list[f.Fact] = []
    refused: list[str] = []
    done: list[str] = []
    for target in _targets(snapshot, order):
        try:
            taking.require_free(snapshot, snapshot.workstreams[target], order.verb)
            found += _VERBS[order.verb](snapshot, snapshot.workstreams[target], order)
        except OrderRefusedError as error:
            refused.append(error.what)
        except _DoneAlreadyError as already:
            done.append(str(already))
    if not found and (refused or not (done or talking.only_looks(order))):
        raise OrderRefusedError("; ".join(refused[:5]) or f"nothing to {order.verb}")
    if len(order.reason) > adding.LONGEST:  # what has a limit of its own was refused with that
        count = len(order.reason)
        raise OrderRefusedError(f"the reason is too long: {count} characters, {adding.LONGEST} at most")
    return Carried(tuple(found), () if order.everything else (*done, *refused))


def progress(snapshot: Snapshot, pending: PendingOrder) -> f.OrderDone | f.OrderRefused | None:
    """Return how a pending order ended, or None while its effect is still under way."""
    order = pending.order
    # A plan that changed meanwhile may have dropped a target: what is gone holds nothing up.
    targets = [target for target in _wanted_targets(snapshot, order) if target in snapshot.workstreams]
    legs = [snapshot.leg_under_way(target) for target in targets]
    if order.verb in ("pause", "stop"):
        if any(leg.ending for leg in legs):
            return None
        late = [leg.workstream for leg in legs if leg.state is State.MERGED and not order.everything]
        return f.OrderDone(pending.id, f"merged before it could be stopped: {', '.join(late)}" if late else "")
    if order.verb == "cleanup":
        workstreams = [snapshot.workstreams[target] for target in targets]
        if any(workstream.clean_up for workstream in workstreams):
            return None
        refused = [f"{one.id}: {one.clean_up_refused}" for one in workstreams if one.clean_up_refused]
        return f.OrderRefused(pending.id, "; ".join(refused)) if refused else f.OrderDone(pending.id)
    if order.verb in ("takeover", "handback"):
        return taking.progress(snapshot, pending, legs)
    if order.verb == "merge":
        return _merge_progress(snapshot, pending, legs)
    if order.verb in ("rebase", "rerun", "resolve", "resolved", "abandon"):
        return _resolution_progress(pending, legs)
    if order.verb == "ask":
        newest = [one.id for one in snapshot.questions.values() if one.workstream in targets][-1:]
        return f.OrderDone(pending.id, "".join(newest))
    if order.verb == "rollback":
        return _rollback_progress(snapshot, pending, legs)
    return f.OrderDone(pending.id, adding.note(legs) if order.verb == "prompt" else "")


def needed_too(snapshot: Snapshot, targets: Iterable[str]) -> tuple[str, ...]:
    """Return the workstreams that the targets depend on, directly or not, and that are neither wanted nor merged.

    What is to be prepared is not among them: it is started with whatever is.
    """
    given = set(targets)
    seen: set[str] = set()
    todo = [key for target in given for key in snapshot.workstreams[target].outline.legs]
    found: dict[str, None] = {}
    while todo:
        leg = snapshot.legs[todo.pop()]
        if leg.key in seen or leg.state is State.MERGED:
            continue
        seen.add(leg.key)
        todo += leg.outline.depends_on
        if leg.workstream not in given and not snapshot.workstreams[leg.workstream].wanted:
            found[leg.workstream] = None
    return tuple(key for key in snapshot.workstreams if key in found and key != PREPARE)


def _wanted_targets(snapshot: Snapshot, order: Order) -> tuple[str, ...]:
    return tuple(snapshot.workstreams) if order.everything else order.targets


def _targets(snapshot: Snapshot, order: Order) -> tuple[str, ...]:
    if order.everything:
        return tuple(snapshot.workstreams)
    unknown = [target for target in order.targets if target not in snapshot.workstreams]
    if unknown:
        raise OrderRefusedError(f"there is no workstream {', '.join(unknown)} in this plan")
    if order.verb == "rollback":
        return rolling.dependents_first(snapshot, order.targets)
    if order.verb != "start":
        return order.targets
    stopped = [PREPARE] if PREPARE in snapshot.workstreams and snapshot.state_of(PREPARE) is State.STOPPED else []
    also = needed_too(snapshot, order.targets) if order.also_needed else ()
    return tuple(dict.fromkeys((*stopped, *order.targets, *also)))


def _merge_progress(snapshot: Snapshot, pending: PendingOrder, legs: list[Leg]) -> f.OrderDone | f.OrderRefused | None:
    waiting = {leg.key: needed for leg in legs if leg.state is State.QUEUED and (needed := waits_for(snapshot, leg))}
    under_way = (leg for leg in legs if leg.state in (State.MERGING, State.QUEUED) and leg.key not in waiting)
    if any(leg.state is State.MERGING or not leg.retry_at for leg in under_way):
        return None
    # Of all workstreams only those whose merge waits are the order's own; of named ones, each.
    asked = [leg for leg in legs if leg.state in (State.QUEUED, State.CONFLICT) or not pending.order.everything]
    stuck = [f"{leg.workstream}: {leg.state.value}, {leg.reason}" for leg in asked if leg.reason]
    stuck += [_waits_for(leg, waiting[leg.key]) for leg in asked if leg.key in waiting and not leg.reason]
    return f.OrderRefused(pending.id, "; ".join(stuck)) if stuck else f.OrderDone(pending.id)


def _waits_for(leg: Leg, needed: tuple[str, ...]) -> str:
    return f"{leg.workstream} waits for the merge of {', '.join(needed)}, which it depends on"


def _resolution_progress(pending: PendingOrder, legs: list[Leg]) -> f.OrderDone | f.OrderRefused | None:
    if any(leg.resolving for leg in legs):
        return None
    stuck = [f"{leg.workstream}: {leg.reason}" for leg in legs if leg.state is State.CONFLICT and not leg.opened]
    if stuck and pending.order.verb in ("rebase", "rerun", "resolve"):
        return f.OrderRefused(pending.id, "; ".join(stuck))
    if pending.order.verb == "resolved" and any(leg.opened for leg in legs):
        return f.OrderRefused(pending.id, "; ".join(f"{leg.workstream}: {leg.reason}" for leg in legs))
    return f.OrderDone(pending.id, "; ".join(leg.opened for leg in legs if leg.opened))


def _rollback_progress(
    snapshot: Snapshot, pending: PendingOrder, legs: list[Leg]
) -> f.OrderDone | f.OrderRefused | None:
    workstreams = {leg.workstream for leg in legs}
    if any(snapshot.legs[key].workstream in workstreams for key in snapshot.reverting):
        return None
    # One without a reason was refused when the order came in, and is named in its answer.
    failed = [f"{leg.workstream}: {leg.reason}" for leg in legs if leg.state is State.MERGED and leg.reason]
    undone = [leg.workstream for leg in legs if leg.state is State.REVIEW and leg.reverted]
    also = [f"rolled back: {', '.join(undone)}"] if failed and undone else []
    return f.OrderRefused(pending.id, "; ".join((*failed, *also))) if failed else f.OrderDone(pending.id)


def _is(leg: Leg) -> str:
    return f"{leg.workstream} is {leg.state.value}"


def _not_while_removed(workstream: Workstream) -> None:
    if workstream.clean_up:
        raise OrderRefusedError(f"{workstream.id}: its worktree is being removed; try again in a moment")


def _start(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    leg = snapshot.leg_under_way(workstream.id)
    if snapshot.is_merged(workstream.id):
        raise OrderRefusedError(f"{workstream.id} is merged already")
    _not_while_removed(workstream)
    if workstream.wanted and leg.state is not State.STOPPED:
        raise OrderRefusedError(f"{workstream.id} is started already ({leg.state.value})")
    yield f.WorkstreamWanted(workstream.id)
    if leg.state is State.STOPPED:
        yield f.LegRetried(leg.key)


def _pause(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    leg = snapshot.leg_under_way(workstream.id)
    if leg.taken_over:
        raise _DoneAlreadyError(f"{workstream.id} is taken over, and runs no agent")
    if leg.state not in ENDABLE:
        raise OrderRefusedError(f"{_is(leg)}: only what runs can be paused")
    _require_no_quarantine(leg)
    yield f.EndAsked(leg.key, "pause")


def _take_over(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    leg = snapshot.leg_under_way(workstream.id)
    if leg.taken_over and not leg.handed_over:
        raise _DoneAlreadyError(f"{workstream.id} is being taken over already")  # who asks waits for its run's end
    yield from taking.take_over(snapshot, workstream, order)


def _resume(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    leg = snapshot.leg_under_way(workstream.id)
    if leg.state is not State.PAUSED:
        raise OrderRefusedError(f"{_is(leg)}: only what is paused can be resumed")
    if not workstream.wanted:
        yield f.WorkstreamWanted(workstream.id)
    yield f.LegResumed(leg.key)


def _stop(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    leg = snapshot.leg_under_way(workstream.id)
    if leg.state is State.QUARANTINED:
        raise OrderRefusedError(f"{_is(leg)}: release or discard it")
    _require_no_quarantine(leg)
    if leg.state is State.MERGED:
        raise OrderRefusedError(f"{workstream.id} is merged already")
    if not workstream.wanted and leg.state not in CAN_BE_ENDED | STOPPABLE:
        raise OrderRefusedError(f"{_is(leg)} and not started")
    _require_closed(leg)
    if workstream.wanted:
        yield f.WorkstreamUnwanted(workstream.id)
    if leg.state in CAN_BE_ENDED:
        yield f.EndAsked(leg.key, "stop")
    elif leg.state in STOPPABLE:
        yield f.LegStopped(leg.key)


def _require_no_quarantine(leg: Leg) -> None:
    """Refuse what would let a run that is being quarantined end in another way."""
    if leg.ending == "quarantine":
        raise OrderRefusedError(f"{leg.workstream} is being quarantined")


def _retry(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    leg = snapshot.leg_under_way(workstream.id)
    if leg.state not in RETRIABLE:
        raise OrderRefusedError(f"{_is(leg)}: only what failed, conflicts, was refused or stopped can be retried")
    _require_closed(leg)
    _not_while_removed(workstream)
    if not workstream.wanted:
        yield f.WorkstreamWanted(workstream.id)
    yield f.LegRetried(leg.key)


def _approve(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    leg = snapshot.leg_under_way(workstream.id)
    what = snapshot.approval_of(leg)
    if what is None:
        raise OrderRefusedError(f"{_is(leg)} and awaits no approval")
    require_shown(snapshot, leg, order.expected)
    yield f.ApprovalGiven(leg.key, what, order.by, leg.commit if what == "merge" else "")


def _reject(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    leg = snapshot.leg_under_way(workstream.id)
    what = snapshot.approval_of(leg) or ("merge" if leg.state in (State.QUEUED, State.CONFLICT) else None)
    if what is None:
        raise OrderRefusedError(f"{_is(leg)} and awaits no approval")
    _require_closed(leg)
    require_shown(snapshot, leg, order.expected)
    require_sendable(order.comments, order.targets)
    commit = leg.commit if what == "merge" else ""
    yield f.ApprovalRefused(leg.key, what, order.by, order.reason, commit, order.comments)


def _merge(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    leg = snapshot.leg_under_way(workstream.id)
    if leg.state is State.MERGING:
        raise _DoneAlreadyError(f"{workstream.id} is being merged already")
    merged = [one for one in snapshot.legs_of(workstream.id) if one.state is State.MERGED]
    if snapshot.is_merged(workstream.id) or any(is_named(one.commit, order.expected) for one in merged):
        raise _DoneAlreadyError(f"{workstream.id} is merged already")
    if merged and leg.state in UNBEGUN | WORKING - {State.QUEUED}:
        raise _DoneAlreadyError(f"{merged[-1].key} is merged already, {leg.key} is {leg.state.value}")
    if leg.state is State.REVIEW:
        raise OrderRefusedError(f"{workstream.id} awaits your approval first")
    if leg.state is not State.QUEUED:
        raise OrderRefusedError(f"{_is(leg)}: there is nothing approved to merge")
    if needed := waits_for(snapshot, leg):
        raise OrderRefusedError(_waits_for(leg, needed))
    require_shown(snapshot, leg, order.expected)
    yield f.MergeQueued(leg.key)


def _resolution(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    leg = snapshot.leg_under_way(workstream.id)
    if leg.state is not State.CONFLICT:
        raise OrderRefusedError(f"{_is(leg)}: there is no conflict to resolve")
    if leg.resolving:
        raise OrderRefusedError(f"{workstream.id}: `{leg.resolving}` is under way")
    if order.verb in ("resolved", "abandon") and not leg.opened:
        raise OrderRefusedError(f"{workstream.id}: no worktree is open for its conflict (resolve)")
    if order.verb in ("rebase", "rerun"):
        _require_closed(leg)
    yield f.ResolutionAsked(leg.key, order.verb)


def _require_closed(leg: Leg) -> None:
    """Refuse what would leave a step of a resolution, or the worktree that is open for it, behind."""
    if leg.opened:
        raise OrderRefusedError(f"{leg.workstream}: it is being resolved in {leg.opened} (resolved, abandon)")
    if leg.resolving:
        raise OrderRefusedError(f"{leg.workstream}: `{leg.resolving}` is under way")


def _cleanup(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    leg = snapshot.leg_under_way(workstream.id)
    if not workstream.worktree:
        raise OrderRefusedError(f"{workstream.id} has no worktree")
    if leg.state not in REMOVABLE:
        raise OrderRefusedError(f"{_is(leg)}: stop it before its worktree is removed")
    if leg.state in (State.WAITING, State.READY) and workstream.wanted:
        raise OrderRefusedError(f"{workstream.id} still has work to do: stop it before its worktree is removed")
    yield f.CleanUpAsked(workstream.id)


def _drain(snapshot: Snapshot, order: Order) -> Iterator[f.Fact]:
    if order.words:
        for profile in _profiles(snapshot, order):
            if profile in snapshot.draining:
                raise OrderRefusedError(f"{profile} takes nothing new already")
            yield f.ProfileDrained(profile)
        return
    if snapshot.held:
        raise OrderRefusedError("launching is held already")
    yield f.LaunchingHeld()


def _undrain(snapshot: Snapshot, order: Order) -> Iterator[f.Fact]:
    if order.words:
        for profile in _profiles(snapshot, order):
            if profile not in snapshot.draining:
                raise OrderRefusedError(f"{profile} takes legs already")
            yield f.ProfileFreed(profile)
        return
    if not snapshot.held:
        raise OrderRefusedError("launching is not held")
    yield f.LaunchingFreed()


def _limits(snapshot: Snapshot, order: Order) -> Iterator[f.Fact]:
    if order.number is None or order.number < 1:
        raise OrderRefusedError(f"the number of {'slots' if order.words else 'agents'} must be 1 or more")
    if order.words:
        yield from (f.SlotsChanged(profile, order.number) for profile in _profiles(snapshot, order))
        return
    yield f.AgentLimitChanged(order.number)


def _profiles(snapshot: Snapshot, order: Order) -> tuple[str, ...]:
    """Return the agent profiles that an order names. Raises OrderRefusedError for one that the plan has not."""
    known = snapshot.sizes()
    for profile in order.words:
        if profile not in known:
            raise OrderRefusedError(f"there is no agent {profile} in this plan: it has {', '.join(known) or 'none'}")
    return order.words


def _by_driver(snapshot: Snapshot, order: Order) -> Iterator[f.Fact]:
    """Lead to no fact: the driver itself acts when it admits the order."""
    return iter(())


_Verb = Callable[[Snapshot, Workstream, Order], Iterator[f.Fact]]
_VERBS: dict[str, _Verb] = {
    "start": _start,
    "pause": _pause,
    "resume": _resume,
    "stop": _stop,
    "retry": _retry,
    "approve": _approve,
    "reject": _reject,
    "merge": _merge,
    "rebase": _resolution,
    "rerun": _resolution,
    "resolve": _resolution,
    "resolved": _resolution,
    "abandon": _resolution,
    "release": releasing.release,
    "waive": releasing.waive,
    "discard": releasing.discard,
    "rollback": rolling.roll_back,
    "cleanup": _cleanup,
    "takeover": _take_over,
    "handback": taking.hand_back,
    "answer": talking.answer,
    "note": talking.note,
    "ask": talking.ask,
    "withdraw": talking.withdraw,
    "send": talking.send,
    "tell": talking.tell,
    "prompt": adding.prompt,
    "inbox": talking.inbox,
    "done": talking.done,
}
_WHOLE: dict[str, Callable[[Snapshot, Order], Iterator[f.Fact]]] = {
    "drain": _drain,
    "undrain": _undrain,
    "limits": _limits,
    "shared": _by_driver,
    "trust": _by_driver,
    "stop-driver": _by_driver,
}
