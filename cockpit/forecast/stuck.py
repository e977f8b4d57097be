"""Says in words why legs cannot end without a human; decides nothing."""

from cockpit.schedule.snapshot import Leg, Snapshot, waits_for
from cockpit.schedule.states import UNBEGUN, State


def held_up(snapshot: Snapshot) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return why each wanted leg that is not merged is held up, once nothing goes on by itself any more.

    The second value are the legs that are held up by themselves and not by another leg, in the order of launching;
    a workstream that is not started is named by its leg that others wait for.
    """
    begun = {leg.workstream: leg for leg in map(snapshot.legs.__getitem__, snapshot.active) if leg.state not in UNBEGUN}
    stuck: dict[str, str] = {}
    roots: list[tuple[int, str]] = []
    for key, leg in snapshot.legs.items():
        if leg.state is State.MERGED or not snapshot.workstreams[leg.workstream].wanted:
            continue
        stuck[key], root = _why(snapshot, leg, begun.get(leg.workstream))
        if root:
            roots.append((leg.rank, key))
    return stuck, tuple(key for _, key in sorted(roots))


def _why(snapshot: Snapshot, leg: Leg, begun: Leg | None) -> tuple[str, bool]:
    if leg.taken_over:
        return f"{leg.key} is worked on by hand", True
    if leg.state not in UNBEGUN:
        return f"{leg.key} is {leg.state.value}" + (f" ({leg.reason})" if leg.reason else ""), True
    if begun is not None and leg.state is State.READY:
        return f"{leg.key} waits for {begun.key}, which is {begun.state.value}", False
    if leg.state is State.READY:
        return _unlaunched(snapshot, leg), True
    for needed in waits_for(snapshot, leg):
        other = snapshot.legs[needed]
        if not snapshot.workstreams[other.workstream].wanted and other.state in UNBEGUN:
            return f"{leg.key} waits for {needed}, and {other.workstream} is not started", True
        return f"{leg.key} waits for {needed}, which is {other.state.value}", False
    return f"{leg.key} is waiting", True


def _unlaunched(snapshot: Snapshot, leg: Leg) -> str:
    if snapshot.held:
        return f"{leg.key} is ready, but launching is held"
    if spent := snapshot.over_cost():
        return f"{leg.key} is ready, but {spent}"
    agents = ", ".join(snapshot.workstreams[leg.workstream].outline.agents) or "none is named"
    return f"{leg.key} is ready, but no agent has a slot for it ({agents})"
