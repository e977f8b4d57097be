"""The ready legs of a simulation, so that decide need be asked only about those that can be next; launches nothing."""

import heapq
from collections.abc import Iterable

from cockpit.schedule.snapshot import Leg, Snapshot
from cockpit.schedule.states import State


class Pool:
    """Legs that may be launched at once, by the agents that can take them, first in the order of launching first.

    All legs of a workstream name the same agents, and where those have no slot for one leg they have none for the
    next: so of each such kind, only as many legs as agents are free can be launched, and these are the first ones.
    """

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, ...], list[tuple[int, str]]] = {}

    def add(self, snapshot: Snapshot, leg: Leg) -> None:
        """Take in a leg that is ready and awaits no approval."""
        agents = snapshot.workstreams[leg.workstream].outline.agents
        heapq.heappush(self._kinds.setdefault(agents, []), (leg.rank, leg.key))

    def window(self, snapshot: Snapshot, begun: Iterable[Leg]) -> frozenset[str]:
        """Return the keys of all legs that decide may launch now, given the legs that are begun."""
        begun = tuple(begun)
        free = snapshot.max_agents() - sum(1 for leg in begun if leg.slot)
        if free <= 0:
            return frozenset()
        busy = {leg.workstream for leg in begun}
        return frozenset(key for kind in self._kinds.values() for key in _first(snapshot, kind, free, busy))


def _first(snapshot: Snapshot, kind: list[tuple[int, str]], free: int, busy: set[str]) -> list[str]:
    """Return the first `free` legs of a kind that are still ready, none of a busy workstream, no two of one."""
    looked_at: list[tuple[int, str]] = []
    found: dict[str, str] = {}
    while kind and len(found) < free:
        rank, key = heapq.heappop(kind)
        leg = snapshot.legs[key]
        if leg.state is not State.READY:
            continue
        looked_at.append((rank, key))
        if leg.workstream not in busy:
            found.setdefault(leg.workstream, key)
    for one in looked_at:
        heapq.heappush(kind, one)
    return list(found.values())
