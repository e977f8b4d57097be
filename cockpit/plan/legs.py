"""Cuts workstreams into legs and puts these into rounds, as PLAN_FORMAT.md defines them; does no I/O."""

import heapq
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cockpit.plan.model import Plan
from cockpit.plan.roundzero import ESTIMATE_S, PREPARE

UNESTIMATED = 1800.0
"""Seconds that an issue, or a workstream without issues, takes when the plan says nothing."""

_NONE: frozenset[str] = frozenset()
_Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class LegSpec:
    """One leg: `number` counts from 1 within its workstream, `depends_on` holds keys of legs; times in seconds."""

    key: str
    workstream: str
    number: int
    issues: tuple[str, ...]
    depends_on: tuple[str, ...]
    round: int
    estimate_s: float
    low_s: float
    high_s: float


def cut(plan: Plan, started: Mapping[str, Sequence[tuple[str, ...]]] | None = None) -> tuple[LegSpec, ...]:
    """Return the legs of a plan in plan order, each workstream's in the order of their numbers.

    Where the plan has `prepare`, its leg comes first, alone in round 0, and every other one depends on it.

    `started` holds the issues of each leg that has started, by workstream, in the order of their numbers: these stay
    as they are, and only what is left is cut anew. A started leg no longer waits for a leg that has not started.
    Started legs of a workstream that the plan no longer holds are left out.
    """
    frozen = {name: tuple(legs) for name, legs in (started or {}).items() if legs and name in plan.by_id}
    taken = {issue for legs in frozen.values() for leg in legs for issue in leg}
    graph = _Graph(plan)
    drafts: list[_Draft] = []
    for workstream in plan.workstreams:
        own = frozen.get(workstream.id, ())
        drafts += (
            _Draft(workstream.id, number, units or (workstream.id,), True) for number, units in enumerate(own, 1)
        )
        if workstream.issues:
            rest = [unit for unit in graph.ordered(workstream.id) if unit not in taken]
        else:
            rest = [] if own else [workstream.id]
        cuts = enumerate(graph.segments(rest), len(own) + 1)
        drafts += (_Draft(workstream.id, number, units, False) for number, units in cuts)
    legs = _in_rounds(plan, graph, drafts)
    if plan.prepare is None:
        return legs
    begun = PREPARE in (started or {})
    first = LegSpec(PREPARE, PREPARE, 1, (), (), 0, ESTIMATE_S, ESTIMATE_S, ESTIMATE_S)
    behind = (
        leg if draft.started and not begun else replace(leg, depends_on=(PREPARE, *leg.depends_on))
        for draft, leg in zip(drafts, legs, strict=True)
    )
    return (first, *behind)


@dataclass(frozen=True, slots=True)
class _Draft:
    workstream: str
    number: int
    units: tuple[str, ...]
    started: bool

    @property
    def key(self) -> str:
        return self.workstream if self.units == (self.workstream,) else f"{self.workstream}/{self.units[0]}"


class _Graph:
    """What each unit needs; a unit is an issue, or the whole of a workstream that has none."""

    def __init__(self, plan: Plan) -> None:
        self.units = {w.id: tuple(issue.id for issue in w.issues) or (w.id,) for w in plan.workstreams}
        self.home = {unit: name for name, units in self.units.items() for unit in units}
        self.inner: dict[str, tuple[str, ...]] = {}
        self.needs_outside: dict[str, frozenset[str]] = {}
        for workstream in plan.workstreams:
            for_all = [unit for name in workstream.depends_on for unit in self.units.get(name, (name,))]
            if not workstream.issues:
                self._add(workstream.id, for_all)
            for issue in workstream.issues:
                self._add(issue.id, [*for_all, *(u for d in issue.depends_on for u in self.units.get(d, (d,)))])
        needed_by: dict[str, set[str]] = {}
        for unit, others in self.needs_outside.items():
            for other in others:
                needed_by.setdefault(other, set()).add(unit)
        self.outside: dict[str, frozenset[str]] = {}
        self.waiters: dict[str, frozenset[str]] = {}
        for units in self.units.values():
            order = _topological(units, self.inner)
            for unit in order:
                before = [self.outside[other] for other in self.inner[unit]]
                self.outside[unit] = _union(self.needs_outside[unit], before)
            after: dict[str, list[frozenset[str]]] = {}
            for unit in reversed(order):
                direct = needed_by.get(unit)
                self.waiters[unit] = _union(frozenset(direct) if direct else _NONE, after.pop(unit, []))
                if self.waiters[unit]:
                    for other in self.inner[unit]:
                        after.setdefault(other, []).append(self.waiters[unit])

    def _add(self, unit: str, needs: list[str]) -> None:
        here = self.home[unit]
        known = dict.fromkeys(need for need in needs if need in self.home)
        self.inner[unit] = tuple(need for need in known if self.home[need] == here)
        self.needs_outside[unit] = frozenset(need for need in known if self.home[need] != here) or _NONE

    def needs(self, unit: str) -> tuple[str, ...]:
        return (*self.inner[unit], *self.needs_outside[unit]) if unit in self.home else ()

    def ordered(self, workstream: str) -> list[str]:
        """The workstream's units: dependencies first, then few `outside`, then many `waiters`, then plan order."""
        units = self.units[workstream]
        rank = {
            unit: (len(self.outside[unit]), -len(self.waiters[unit]), place, unit) for place, unit in enumerate(units)
        }
        missing = {unit: len(self.inner[unit]) for unit in units}
        needed_by: dict[str, list[str]] = {}
        for unit in units:
            for need in self.inner[unit]:
                needed_by.setdefault(need, []).append(unit)
        free = [rank[unit] for unit in units if not missing[unit]]
        heapq.heapify(free)
        order: list[str] = []
        while free:
            unit = heapq.heappop(free)[-1]
            order.append(unit)
            for other in needed_by.get(unit, ()):
                missing[other] -= 1
                if not missing[other]:
                    heapq.heappush(free, rank[other])
        return order

    def segments(self, units: Sequence[str]) -> list[tuple[str, ...]]:
        """Cut the units where `outside` or `waiters` changes."""
        cuts: list[list[str]] = []
        last: tuple[frozenset[str], frozenset[str]] | None = None
        for unit in units:
            sets = (self.outside[unit], self.waiters[unit])
            if sets == last:
                cuts[-1].append(unit)
            else:
                cuts.append([unit])
                last = sets
        return [tuple(units) for units in cuts]


def _union(own: frozenset[str], others: list[frozenset[str]]) -> frozenset[str]:
    for other in others:
        if not other <= own:
            own = other if own <= other else own | other
    return own


def _topological(units: Sequence[str], inner: Mapping[str, tuple[str, ...]]) -> list[str]:
    missing = {unit: len(inner[unit]) for unit in units}
    needed_by: dict[str, list[str]] = {}
    for unit in units:
        for need in inner[unit]:
            needed_by.setdefault(need, []).append(unit)
    order = [unit for unit in units if not missing[unit]]
    for unit in order:
        for other in needed_by.get(unit, ()):
            missing[other] -= 1
            if not missing[other]:
                order.append(other)
    return order


def _in_rounds(plan: Plan, graph: _Graph, drafts: list[_Draft]) -> tuple[LegSpec, ...]:
    needs = _needs(plan, graph, drafts)
    levels = _levels(needs, [place for place, draft in enumerate(drafts) if draft.started])
    spans = _spans(plan)
    legs: list[LegSpec] = []
    for draft, before, level in zip(drafts, needs, levels, strict=True):
        low, high = _span(draft, spans)
        legs.append(
            LegSpec(
                key=draft.key,
                workstream=draft.workstream,
                number=draft.number,
                issues=() if draft.key == draft.workstream else draft.units,
                depends_on=tuple(drafts[other].key for other in sorted(before)),
                round=level,
                estimate_s=(low + high) / 2,
                low_s=low,
                high_s=high,
            )
        )
    return tuple(legs)


def _needs(plan: Plan, graph: _Graph, drafts: list[_Draft]) -> list[set[int]]:
    holders: dict[str, list[int]] = {}
    for place, draft in enumerate(drafts):
        units = draft.units if plan.by_id[draft.workstream].issues else (*draft.units, draft.workstream)
        for unit in units:
            holders.setdefault(unit, []).append(place)
    needs: list[set[int]] = []
    for place, draft in enumerate(drafts):
        found = {other for unit in draft.units for need in graph.needs(unit) for other in holders.get(need, ())}
        found.discard(place)
        needs.append({other for other in found if drafts[other].started} if draft.started else found)
    return needs


def _levels(needs: list[set[int]], started: list[int]) -> list[int]:
    """Return the topological level of each leg from 1.

    Started legs that a changed plan puts into a ring lose, in place, the dependencies that close it: they are past
    the moment at which a dependency holds anything up.
    """
    level = [0] * len(needs)
    missing = [len(before) for before in needs]
    needed_by: list[list[int]] = [[] for _ in needs]
    for place, before in enumerate(needs):
        for other in before:
            needed_by[other].append(place)
    ready = deque(place for place, count in enumerate(missing) if not count)
    left = iter(started)
    for _ in needs:
        if not ready:
            place = next(place for place in left if not level[place])
            needs[place] = {other for other in needs[place] if level[other]}
            ready.append(place)
        place = ready.popleft()
        level[place] = 1 + max((level[other] for other in needs[place]), default=0)
        for other in needed_by[place]:
            missing[other] -= 1
            if not missing[other] and not level[other]:
                ready.append(other)
    return level


def _spans(plan: Plan) -> dict[str, _Span]:
    """Return the low and high seconds of each unit; a workstream's estimate goes to its issues that have none."""
    spans: dict[str, _Span] = {}
    for workstream in plan.workstreams:
        if not workstream.issues:
            spans[workstream.id] = workstream.estimate or (UNESTIMATED, UNESTIMATED)
            continue
        given = {issue.id: issue.estimate for issue in workstream.issues if issue.estimate is not None}
        spans |= given
        bare = [issue.id for issue in workstream.issues if issue.id not in given]
        share = (UNESTIMATED, UNESTIMATED)
        if workstream.estimate is not None and bare:
            low = max(0.0, workstream.estimate[0] - sum(low for low, _ in given.values())) / len(bare)
            high = max(0.0, workstream.estimate[1] - sum(high for _, high in given.values())) / len(bare)
            if high:
                share = (min(low, high), high)
        spans |= dict.fromkeys(bare, share)
    return spans


def _span(draft: _Draft, spans: Mapping[str, _Span]) -> _Span:
    unknown = (UNESTIMATED, UNESTIMATED)
    parts = [spans.get(unit, unknown) for unit in draft.units]
    return sum(low for low, _ in parts), sum(high for _, high in parts)
