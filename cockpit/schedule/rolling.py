"""What a human may do about a merge: roll it back, after what is built on it, and only as it was shown. Pure."""

from collections.abc import Iterable, Iterator

from cockpit.errors import OrderRefusedError
from cockpit.schedule import facts as f
from cockpit.schedule.orders import Order
from cockpit.schedule.shown import require_merge_shown
from cockpit.schedule.snapshot import Snapshot, Workstream, last_merge
from cockpit.schedule.states import UNBEGUN


def roll_back(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    """Yield what has the last merge of a workstream undone."""
    merge, refusal = last_merge(snapshot, workstream.id), _refusal(snapshot, workstream.id, order)
    if merge is None or refusal:
        raise OrderRefusedError(refusal)
    require_merge_shown(merge, order.expected)
    yield f.RollbackAsked(merge.leg)


def dependents_first(snapshot: Snapshot, workstreams: Iterable[str]) -> tuple[str, ...]:
    """Return workstreams in an order in which their last merges can be undone: what depends on others before them."""

    def by_round(workstream: str) -> int:
        merge = last_merge(snapshot, workstream)
        return -snapshot.legs[merge.leg].outline.round if merge else 1

    return tuple(sorted(workstreams, key=by_round))


def still_needed(snapshot: Snapshot, leg: str) -> str:
    """Return why a leg whose rollback was asked for has to stay: work that was to go before it did not; else empty.

    An order that was given all the same lets it go.
    """
    workstream = snapshot.legs[leg].workstream
    orders = [one.order for one in snapshot.orders.values() if one.order.verb == "rollback"]
    mine = [one for one in orders if workstream in one.targets]
    if not mine or any(one.also_needed for one in mine):
        return ""
    left = _built_on(snapshot, leg)
    return f"{', '.join(left)} depend on {workstream} and stayed merged" if left else ""


def _refusal(snapshot: Snapshot, workstream: str, order: Order) -> str:
    under_way = snapshot.leg_under_way(workstream)
    if under_way.state not in UNBEGUN:
        return f"{workstream} is {under_way.state.value}: stop or merge that first"
    merge = last_merge(snapshot, workstream)
    if merge is None:
        return f"{workstream} has no merge to roll back"
    if order.also_needed:
        return ""
    left = [one for one in _built_on(snapshot, merge.leg) if not _goes_before(snapshot, one, merge.leg, order)]
    return f"{', '.join(left)} depend on {workstream} and are merged: roll them back first" if left else ""


def _built_on(snapshot: Snapshot, leg: str) -> list[str]:
    """Return the other workstreams with merged legs that depend on a leg."""
    later = [snapshot.legs[one] for one in snapshot.dependents.get(leg, ())]
    return sorted({one.workstream for one in later if one.merged and one.workstream != snapshot.legs[leg].workstream})


def _goes_before(snapshot: Snapshot, workstream: str, leg: str, order: Order) -> bool:
    """Tell whether an order undoes all that a workstream built on a leg before it undoes the leg."""
    merge = last_merge(snapshot, workstream)
    mine = [one for one in snapshot.dependents.get(leg, ()) if snapshot.legs[one].workstream == workstream]
    built = [one for one in mine if snapshot.legs[one].merged]
    named = order.everything or workstream in order.targets
    return named and merge is not None and built == [merge.leg] and not _refusal(snapshot, workstream, order)
