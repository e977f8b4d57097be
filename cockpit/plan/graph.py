"""Finds rings in what depends on what; pure, iterative, and ignorant of plans."""

from collections import deque
from collections.abc import Mapping, Sequence


def rings(needs: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Return rings of a graph, each a list of nodes that need the next one and the last the first; empty if acyclic.

    No node is in two of them, and without the nodes of all of them nothing is left in a ring.
    """
    left = _trimmed({node: [need for need in others if need in needs] for node, others in needs.items()})
    found: list[list[str]] = []
    while left:
        ring = _shortest(left, _on_a_ring(left))
        found.append(ring)
        gone = set(ring)
        left = _trimmed({node: others for node, others in left.items() if node not in gone})
    return found


def _trimmed(graph: dict[str, list[str]]) -> dict[str, list[str]]:
    """Leave out, again and again, what needs nothing that is left and what nothing left needs."""
    for _ in range(2):
        missing = {node: sum(1 for need in set(others) if need in graph) for node, others in graph.items()}
        needed_by: dict[str, list[str]] = {}
        for node, others in graph.items():
            for need in set(others):
                needed_by.setdefault(need, []).append(node)
        gone = deque(node for node, count in missing.items() if not count)
        while gone:
            node = gone.popleft()
            del missing[node]
            for other in needed_by.get(node, ()):
                if other in missing:
                    missing[other] -= 1
                    if not missing[other]:
                        gone.append(other)
        reverse: dict[str, list[str]] = {node: [] for node in graph if node in missing}
        for node in reverse:
            for need in graph[node]:
                if need in reverse:
                    reverse[need].append(node)
        graph = reverse  # turned round twice, the edges point as they did
    return graph


def _on_a_ring(graph: Mapping[str, Sequence[str]]) -> str:
    node, seen = next(iter(graph)), set[str]()
    while node not in seen:
        seen.add(node)
        node = graph[node][0]
    return node


def _shortest(graph: Mapping[str, Sequence[str]], start: str) -> list[str]:
    came_from: dict[str, str] = {}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for other in graph[node]:
            if other == start:
                ring = [node]
                while ring[-1] != start:
                    ring.append(came_from[ring[-1]])
                return ring[::-1]
            if other not in came_from:
                came_from[other] = node
                queue.append(other)
    raise AssertionError(f"{start} is on no ring")
