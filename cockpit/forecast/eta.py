"""When all will be done: many simulations of the rest, each with durations drawn anew; starts and orders nothing."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import Any

from cockpit.forecast.durations import History
from cockpit.forecast.simulate import prepared, simulate
from cockpit.forecast.timetable import Schedule
from cockpit.schedule import facts as f
from cockpit.schedule.fold import fold
from cockpit.schedule.outline import LegOutline, Outline
from cockpit.schedule.readings import Forecast
from cockpit.schedule.snapshot import Snapshot
from cockpit.schedule.states import UNBEGUN, State

FEWEST = 10


def forecast(
    snapshot: Snapshot,
    now: float,
    *,
    samples: int = 200,
    budget_s: float = 0.5,
    seed: int = 0,
    want_all: bool = False,
    agents: int | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Forecast:
    """Return when the wanted rest will be done, in seconds from `now` (seconds since the epoch).

    `p50_s` and `p90_s` hold the waiting for approvals in them; `approvals_s` is their part of `p50_s`. Both are None,
    and `why_not` names the leg, where only a human can unblock the rest; `ends` has the workstreams that end all the
    same. Draws up to `samples`, after the first ten only as long as `budget_s` seconds of this thread's processor
    time last; `stop` is asked between samples, and ends the drawing. The same seed draws the same samples. `agents`
    and `want_all` as in `prepared`.
    """
    start = prepared(snapshot, now, agents=agents, want_all=want_all)
    history = History.of(snapshot)
    if not any(one.wanted for one in start.workstreams.values()):
        return Forecast(now, why_not="nothing is started")
    drawn = list(_samples(start, now, history, samples, budget_s, seed, stop))
    if not drawn:
        return Forecast(now, why_not="the forecast was stopped")
    by_length = sorted(drawn, key=lambda schedule: schedule.makespan_s)
    middle = by_length[(len(by_length) - 1) // 2]
    ends = _ends(start, drawn)
    if middle.stuck:
        key = (*middle.roots, *middle.stuck)[0]
        return Forecast(now, None, None, middle.approvals, middle.approvals_s(), middle.stuck[key], ends)
    p90 = _quantile([schedule.makespan_s for schedule in by_length], 0.9)
    return Forecast(now, middle.makespan_s, p90, middle.approvals, middle.approvals_s(), "", ends)


def dry_run(
    outline: Outline,
    agents: Sequence[int] = (),
    now: float = 0.0,
    *,
    samples: int = 200,
    budget_s: float = 2.0,
    seed: int = 0,
    sizes: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return the schedule of a plan that nothing of has started, as the JSON value that `simulate` prints.

    `legs` is the schedule by the plan's estimates for the first number of `agents`, `per_agents` has a row for each;
    without any it is the plan's own limit with its profiles' slots as they are. For a number that is given, every
    profile gets at least so many slots, so that only the number itself is the limit. `sizes` holds the bytes of each
    workstream's worktree: `disk_bytes` is the most that those which are there at the same time take. `efficiency` is
    the share of the agents' time that is work; `lower_bound_s` the longest of the critical path, the longest
    workstream, and the work divided by the agents. `budget_s` is shared among the numbers.
    """
    loaded = fold(Snapshot(), f.Recorded(0, now, f.PlanLoaded("", "", outline)))
    numbers: list[int | None] = list(dict.fromkeys(agents)) or [None]
    rows: list[dict[str, Any]] = []
    first: Schedule | None = None
    for number in numbers:
        start = prepared(loaded, now, agents=number, want_all=True)
        typical = simulate(start, now, duration=History().typical)
        first = first or typical
        drawn = _samples(start, now, History(), samples, budget_s / len(numbers), seed, lambda: False)
        lengths = sorted(schedule.makespan_s for schedule in drawn)
        rows.append(_row(outline, start.max_agents(), lengths, disk_at_once(outline, typical, sizes)))
    schedule = first or Schedule(now)
    return {"legs": _legs(outline, schedule), "rounds": max((leg.round for leg in outline.legs), default=0)} | {
        "per_agents": rows
    }


def disk_at_once(outline: Outline, schedule: Schedule, sizes: Mapping[str, int]) -> int:
    """Return the most bytes that worktrees take at a time: each from its workstream's first start to its clean-up."""
    changes: list[tuple[float, int]] = []
    for workstream in outline.workstreams:
        legs = [schedule.legs[key] for key in workstream.legs if key in schedule.legs]
        if not legs:
            continue
        size = sizes.get(workstream.id, 0)
        changes.append((min(leg.start_s for leg in legs), size))
        ends = [leg.end_s for leg in legs if leg.end_s is not None]
        if outline.clean_merged and len(ends) == len(workstream.legs):
            changes.append((max(ends), -size))
    most = now = 0
    # the worktree of a merged workstream may still be there when the next one is made
    for _, change in sorted(changes, key=lambda one: (one[0], -one[1])):
        now += change
        most = max(most, now)
    return most


def critical_path(legs: Sequence[LegOutline]) -> tuple[str, ...]:
    """Return the longest path through the legs' dependencies, by the plan's estimates; waits for a slot are no part."""
    ends: dict[str, float] = {}
    before: dict[str, str] = {}
    for leg in sorted(legs, key=lambda leg: leg.round):
        last = max((key for key in leg.depends_on if key in ends), key=lambda key: ends[key], default="")
        ends[leg.key] = leg.estimate_s + ends.get(last, 0.0)
        before[leg.key] = last
    path: list[str] = []
    at = max(ends, key=lambda key: ends[key], default="")
    while at:
        path.append(at)
        at = before[at]
    return tuple(reversed(path))


def critical_path_s(legs: Sequence[LegOutline]) -> float:
    """Return the seconds of the critical path."""
    estimates = {leg.key: leg.estimate_s for leg in legs}
    return sum(estimates[key] for key in critical_path(legs))


def lower_bound_s(legs: Sequence[LegOutline], agents: int) -> float:
    """Return the seconds that no schedule with so many agents can beat, by the plan's estimates."""
    workstreams: dict[str, float] = {}
    for leg in legs:
        workstreams[leg.workstream] = workstreams.get(leg.workstream, 0.0) + leg.estimate_s
    work = sum(workstreams.values())
    return max(critical_path_s(legs), max(workstreams.values(), default=0.0), work / max(agents, 1))


def _samples(
    start: Snapshot, now: float, history: History, samples: int, budget_s: float, seed: int, stop: Callable[[], bool]
) -> Iterator[Schedule]:
    """Yield simulations from a prepared snapshot; one where no two can differ."""
    legs = [leg.outline for leg in start.legs.values() if leg.state is not State.MERGED]
    retries = start.outline.retries
    random = Random(seed)  # noqa: S311 - durations, not secrets
    count = samples if history.varies(legs, retries) else 1
    until = time.thread_time() + budget_s
    for number in range(count):
        if stop() or (number >= FEWEST and time.thread_time() >= until):
            return
        seconds, failures = history.sample(legs, retries, random)
        yield simulate(
            start,
            now,
            duration=lambda leg, seconds=seconds: seconds[leg.key],  # type: ignore[misc]  # binds this sample
            approvals_s=history.approvals_s,
            checks_s=history.checks_s,
            failures=failures,
        )


def _ends(start: Snapshot, drawn: Sequence[Schedule]) -> dict[str, float]:
    """Return the median end of each workstream that is under way or to come, and that can end."""
    ends: dict[str, float] = {}
    for key, workstream in start.workstreams.items():
        left = [one for one in workstream.outline.legs if start.legs[one].state is not State.MERGED]
        begun = any(start.legs[one].state not in UNBEGUN for one in left)
        if not left or not (workstream.wanted or begun):
            continue
        found = [end for schedule in drawn if (end := _end(schedule, left)) is not None]
        if len(found) == len(drawn):
            ends[key] = _quantile(sorted(found), 0.5)
    return ends


def _end(schedule: Schedule, legs: Sequence[str]) -> float | None:
    ends = [planned.end_s for key in legs if (planned := schedule.legs.get(key)) and planned.end_s is not None]
    return max(ends) if len(ends) == len(legs) else None


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which a share of the ordered values lies; the lower one where it falls between two."""
    return ordered[int((len(ordered) - 1) * share)] if ordered else 0.0


def _legs(outline: Outline, schedule: Schedule) -> list[dict[str, Any]]:
    critical = set(critical_path(outline.legs))
    rows: list[dict[str, Any]] = []
    for leg in outline.legs:
        planned = schedule.legs.get(leg.key)
        end = planned.end_s if planned else None
        rows.append(
            {
                "workstream": leg.workstream,
                "leg": leg.key,
                "round": leg.round,
                "issues": list(leg.issues),
                "depends_on": list(leg.depends_on),
                "estimate_s": leg.estimate_s,
                "start_s": round(planned.start_s, 3) if planned else None,
                "end_s": round(end, 3) if end is not None else None,
                "slot": planned.slot or None if planned else None,
                "critical": leg.key in critical,
            }
        )
    return rows


def _row(outline: Outline, agents: int, lengths: Sequence[float], disk_bytes: int) -> dict[str, Any]:
    work = sum(leg.estimate_s for leg in outline.legs)
    p50 = _quantile(lengths, 0.5)
    return {
        "agents": agents,
        "makespan_p50_s": round(p50, 3),
        "makespan_p90_s": round(_quantile(lengths, 0.9), 3),
        "critical_path_s": round(critical_path_s(outline.legs), 3),
        "work_s": round(work, 3),
        "lower_bound_s": round(lower_bound_s(outline.legs, agents), 3),
        "efficiency": round(work / (agents * p50), 4) if p50 else 0.0,
        "disk_bytes": disk_bytes,
    }
