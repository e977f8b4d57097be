from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cockpit.forecast import simulate as module
from cockpit.forecast.durations import History
from cockpit.forecast.eta import critical_path_s, disk_at_once, dry_run, forecast, lower_bound_s
from cockpit.forecast.simulate import simulate
from cockpit.forecast.timetable import Schedule
from cockpit.plan.legs import cut
from cockpit.plan.model import Plan
from cockpit.schedule import facts as f
from cockpit.schedule.decide import decide
from cockpit.schedule.orders import TakeLeg, Todo
from cockpit.schedule.outline import LegOutline, Outline, Profile, WorkstreamOutline
from cockpit.schedule.readings import Readings
from cockpit.schedule.snapshot import Leg, Snapshot
from cockpit.schedule.states import IDLE, State
from tests.plans import plans
from tests.unit.outlines import OUT_OF_ORDER, START, changed_workstream, loaded, merged, outline, outlines, ran, told


def estimate(leg: Leg) -> float:
    return leg.outline.estimate_s


def run(snapshot: Snapshot, now: float | None = None, **arguments: object) -> Schedule:
    return simulate(snapshot, snapshot.at if now is None else now, duration=estimate, **arguments)  # type: ignore[arg-type]


def check_sound(plan: Outline, schedule: Schedule, agents: int, slots: Mapping[str, int]) -> None:
    assert set(schedule.legs) == {leg.key for leg in plan.legs}
    assert not schedule.stuck
    legs = {leg.key: leg for leg in plan.legs}
    for key, planned in schedule.legs.items():
        assert planned.end_s is not None
        assert planned.freed_s is not None
        assert planned.start_s <= planned.freed_s <= planned.end_s
        for needed in legs[key].depends_on:
            before = schedule.legs[needed].end_s
            assert before is not None
            assert before <= planned.start_s
    for workstream in plan.workstreams:
        own = sorted((schedule.legs[key] for key in workstream.legs), key=lambda one: (one.start_s, one.end_s))
        for one, other in pairwise(own):
            assert one.end_s is not None
            assert one.end_s <= other.start_s
        for key in workstream.legs:
            name, _, number = schedule.legs[key].slot.partition("#")
            assert name in workstream.agents
            assert 1 <= int(number) <= slots[name]
    for moment in {planned.start_s for planned in schedule.legs.values()}:
        busy = [one.slot for one in schedule.legs.values() if one.freed_s and one.start_s <= moment < one.freed_s]
        assert len(busy) <= agents
        assert len(set(busy)) == len(busy)


@given(outlines(), st.sampled_from([0.0, 13.0]))
@settings(max_examples=400, deadline=None)
def test_any_acyclic_plan_runs_to_its_end_within_its_limits(plan: Outline, approvals_s: float) -> None:
    schedule = run(loaded(plan, want=[]), want_all=True, approvals_s=approvals_s)
    slots = {profile.name: profile.slots for profile in plan.profiles}
    check_sound(plan, schedule, plan.max_agents, slots)
    assert schedule.makespan_s >= lower_bound_s(plan.legs, plan.max_agents) - 1e-6
    awaited = {one.id: one.approve_start + one.approve_merge for one in plan.workstreams}
    assert schedule.approvals == sum(awaited[leg.workstream] for leg in plan.legs)


@given(outlines(), st.integers(1, 6))
@settings(max_examples=150, deadline=None)
def test_a_number_of_agents_is_the_only_limit_when_it_is_given(plan: Outline, agents: int) -> None:
    schedule = run(loaded(plan, want=[]), want_all=True, agents=agents)
    check_sound(plan, schedule, agents, {profile.name: max(profile.slots, agents) for profile in plan.profiles})
    chain = [schedule.legs[key] for key in schedule.critical()]
    assert not chain or chain[-1].end_s == schedule.makespan_s
    for before, after in pairwise(chain):
        assert after.start_s in (before.end_s, before.freed_s)
    if chain:
        assert chain[0].start_s == 0


@given(outlines(most=10))
@settings(max_examples=150, deadline=None)
def test_decide_is_asked_about_every_leg_that_it_would_launch(plan: Outline) -> None:
    start = loaded(plan)

    def whole(snapshot: Snapshot, readings: Readings, now: float) -> list[Todo]:
        everything = frozenset(key for key, leg in snapshot.legs.items() if leg.state not in IDLE)
        todos = decide(snapshot, readings, now)
        launches = decide(replace(snapshot, active=everything, workstreams=start.workstreams), readings, now)
        assert [one for one in todos if isinstance(one, TakeLeg)] == [
            one for one in launches if isinstance(one, TakeLeg)
        ]
        return todos

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "decide", whole)
        assert not run(start, approvals_s=7.0).stuck


def test_legs_run_out_of_their_numbered_order_where_they_must() -> None:
    schedule = run(loaded(OUT_OF_ORDER))
    check_sound(OUT_OF_ORDER, schedule, 3, {"claude": 3})
    starts = {key: planned.start_s for key, planned in schedule.legs.items()}
    assert starts["A/2"] < starts["B/1"] < starts["A/0"]


def test_a_chain_takes_the_sum_and_is_critical() -> None:
    schedule = run(loaded(outline([("a", []), ("b", ["a"]), ("c", ["b"]), ("d", [])])))
    assert schedule.makespan_s == 180
    assert schedule.critical() == ("a", "b", "c")


def test_one_agent_works_on_one_thing_at_a_time() -> None:
    plan = outline([("a", []), ("b", []), ("c", [])], max_agents=1)
    schedule = run(loaded(plan))
    assert sorted(one.start_s for one in schedule.legs.values()) == [0, 60, 120]
    assert len(schedule.critical()) == 3


def test_what_runs_has_only_the_rest_of_its_time_left() -> None:
    snapshot = told(loaded(outline([("a", [])])), *ran("a"))
    assert run(snapshot, snapshot.at + 20).makespan_s == 40
    late = run(snapshot, snapshot.at + 100)
    assert 0 < late.makespan_s <= 100 * 0.2
    assert late.legs["a"].start_s == -100


def test_what_is_checked_in_review_or_merging_goes_on_from_there() -> None:
    plan = changed_workstream(outline([("a", []), ("b", []), ("c", [])]), "b", approve_merge=True)
    snapshot = told(loaded(plan), *ran("a"), f.ChecksStarted("a"))
    snapshot = told(snapshot, *ran("b", "claude#2"), f.ChecksStarted("b"), f.ReviewAsked("b"))
    snapshot = told(snapshot, *ran("c", "claude#3"), f.ChecksStarted("c"), f.MergeQueued("c"), f.MergeStarted("c"))
    schedule = run(snapshot, snapshot.at, approvals_s=100.0, checks_s=30.0)
    since = snapshot.at - snapshot.legs["b"].since
    assert schedule.legs["a"].end_s == 30 - (snapshot.at - snapshot.legs["a"].since)
    assert schedule.legs["b"].end_s == 100 - since
    assert schedule.legs["c"].end_s == 0
    assert schedule.approvals == 1
    assert schedule.approvals_s() == 100 - since


def test_approvals_are_waited_for_and_counted_apart() -> None:
    plan = outline([("a", []), ("b", ["a"])], approve_merge=True)
    schedule = run(loaded(plan), approvals_s=10.0)
    assert schedule.makespan_s == 140
    assert (schedule.approvals, schedule.approvals_s()) == (2, 20.0)
    assert run(loaded(plan)).makespan_s == 120


def test_failed_runs_are_repeated_after_their_backoff() -> None:
    plan = outline([("a", [])])
    assert run(loaded(plan), failures={"a": 2}).makespan_s == 60 + 30 + 60 + 60 + 60


def test_a_deferred_merge_waits_until_its_time() -> None:
    snapshot = told(loaded(outline([("a", [])])), *merged("a")[:-1], f.MergeDeferred("a", "dirty", START + 500))
    assert run(snapshot, START + 100).makespan_s == 400


BAD: list[tuple[State, tuple[f.Fact, ...]]] = [
    (State.FAILED, (*ran("a"), f.LegFailed("a", "it broke"))),
    (State.STOPPED, (*ran("a"), f.LegStopped("a"))),
    (State.PAUSED, (*ran("a"), f.LegPaused("a"))),
    (State.QUARANTINED, ran("a")),
    (State.CONFLICT, (*merged("a")[:-1], f.ConflictFound("a", ("x.py",)))),
    (State.REJECTED, (*ran("a"), f.ChecksStarted("a"), f.ReviewAsked("a"), f.ApprovalRefused("a", "merge"))),
]


@pytest.mark.parametrize(("state", "facts"), BAD, ids=[state.value for state, _ in BAD])
def test_what_only_a_human_can_unblock_never_ends(state: State, facts: tuple[f.Fact, ...]) -> None:
    snapshot = told(loaded(outline([("a", []), ("b", ["a"]), ("c", [])])), *facts)
    if state is State.QUARANTINED:
        leg = replace(snapshot.legs["a"], state=state, slot=None)
        snapshot = replace(snapshot, legs={**snapshot.legs, "a": leg})
    assert snapshot.legs["a"].state is state
    schedule = run(snapshot)
    assert set(schedule.stuck) == {"a", "b"}
    assert schedule.roots == ("a",)
    assert schedule.legs["c"].end_s == 60
    found = forecast(snapshot, snapshot.at)
    assert (found.p50_s, found.p90_s) == (None, None)
    assert found.why_not.startswith(f"a is {state.value}")
    assert set(found.ends) == {"c"}


def test_a_workstream_that_is_not_started_is_named() -> None:
    found = forecast(loaded(outline([("a", []), ("b", ["a"])]), want=["b"]), START)
    assert found.why_not == "b waits for a, and a is not started"
    assert forecast(loaded(outline([("a", [])]), want=[]), START).why_not == "nothing is started"
    assert forecast(loaded(outline([("a", []), ("b", ["a"])]), want=["b"]), START, want_all=True).p50_s == 120


def test_held_launching_and_missing_slots_are_named() -> None:
    held = told(loaded(outline([("a", [])])), f.LaunchingHeld())
    assert forecast(held, START).why_not == "a is ready, but launching is held"
    assert "no agent has a slot" in forecast(loaded(outline([("a", [])], agents=("nobody",))), START).why_not


def test_a_run_that_is_asked_to_end_does_not_end_its_leg() -> None:
    snapshot = told(loaded(outline([("a", [])])), *ran("a"), f.EndAsked("a", "pause"))
    assert run(snapshot).stuck == {"a": "a is paused"}


def test_all_merged_is_done_now() -> None:
    snapshot = told(loaded(outline([("a", [])])), *merged("a"))
    assert forecast(snapshot, snapshot.at).p50_s == 0


def history_of(*ratios: float) -> History:
    plan = outline([(f"a{n}", []) for n in range(len(ratios))], seconds=100.0, max_agents=99, slots=[("claude", 99)])
    snapshot = loaded(plan)
    for n, ratio in enumerate(ratios):
        snapshot = told(snapshot, *ran(f"a{n}", f"claude#{n + 1}"), at=START)
        snapshot = told(snapshot, f.RunEnded(f"a{n}", f"a{n}@1", "done"), at=START + 100 * ratio)
        snapshot = told(snapshot, *merged(f"a{n}")[3:])
    return History.of(snapshot)


def test_estimates_are_corrected_by_what_legs_really_took() -> None:
    assert history_of().ratio == 1
    assert 1 < history_of(2.0).ratio < 1.5
    assert history_of(*[2.0] * 30).ratio == pytest.approx(2.0, rel=0.1)
    assert history_of(2.0, 2.0, 2.0, 2.0, 1000.0).ratio < 2
    assert history_of(*[2.0] * 30).spread == 0
    assert history_of(1.0, 2.0, 4.0, 8.0).spread > 0


def test_failed_runs_and_approvals_teach_too() -> None:
    snapshot = told(loaded(outline([("a", [])], approve_merge=True)), *ran("a"))
    snapshot = told(snapshot, f.RunEnded("a", "a@1", "failed"), f.RetryScheduled("a", 0.0), *ran("a", run="a@2"))
    snapshot = told(snapshot, f.RunEnded("a", "a@2", "done"), f.ChecksStarted("a"))
    snapshot = told(snapshot, f.GateFinished("a", "tests", True, "t", 12.0), f.ReviewAsked("a"))
    snapshot = told(snapshot, f.ApprovalGiven("a", "merge"), at=snapshot.at + 40)
    history = History.of(snapshot)
    assert 0 < history.retry < 0.5
    assert history.approvals_s == 40
    assert history.checks_s == 12


def spread_out(plan: Outline) -> Outline:
    return replace(plan, legs=tuple(replace(leg, low_s=30.0, high_s=90.0) for leg in plan.legs))


def test_samples_spread_with_low_and_high_and_the_seed_fixes_them() -> None:
    snapshot = loaded(spread_out(outline([("a", []), ("b", ["a"]), ("c", [])])))
    found = forecast(snapshot, START, samples=100, budget_s=60)
    assert found.p50_s is not None
    assert found.p90_s is not None
    assert 60 < found.p50_s < found.p90_s < 180
    assert found == forecast(snapshot, START, samples=100, budget_s=60)
    assert found != forecast(snapshot, START, samples=100, budget_s=60, seed=1)
    assert set(found.ends) == {"a", "b", "c"}
    assert 0 < found.ends["a"] < found.ends["b"]


def count(limit: int) -> tuple[list[int], Callable[[], bool]]:
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > limit

    return asked, stop


def test_it_can_be_stopped_between_samples_and_keeps_to_its_budget() -> None:
    snapshot = loaded(spread_out(outline([("a", [])])))
    asked, stop = count(3)
    assert forecast(snapshot, START, stop=stop).p50_s is not None
    assert len(asked) == 4
    assert forecast(snapshot, START, stop=lambda: True).why_not == "the forecast was stopped"
    asked, stop = count(10_000)
    assert forecast(snapshot, START, budget_s=0.0, stop=stop).p50_s is not None
    assert len(asked) == 11


def test_a_dry_run_has_the_documented_shape() -> None:
    plan = outline([("a", []), ("b", []), ("c", ["a"])], slots=[("claude", 1)])
    found = dry_run(plan, [1, 2], sizes={"a": 10, "b": 20, "c": 5})
    assert [row["agents"] for row in found["per_agents"]] == [1, 2]
    assert found["rounds"] == 2
    assert found["legs"][2] == {
        "workstream": "c",
        "leg": "c",
        "round": 2,
        "issues": [],
        "depends_on": ["a"],
        "estimate_s": 60.0,
        "start_s": found["legs"][2]["start_s"],
        "end_s": found["legs"][2]["start_s"] + 60,
        "slot": "claude#1",
        "critical": True,
    }
    assert found["per_agents"][1] == {
        "agents": 2,
        "makespan_p50_s": 120.0,
        "makespan_p90_s": 120.0,
        "critical_path_s": 120.0,
        "work_s": 180.0,
        "lower_bound_s": 120.0,
        "efficiency": 0.75,
        "disk_bytes": 35,  # c may be made before a and b are cleaned up
    }
    # without a number the plan's own limit and slots hold
    assert dry_run(plan)["per_agents"][0]["makespan_p50_s"] == 180.0


@pytest.mark.parametrize("agents", [1, 2, 9])
def test_the_critical_path_has_no_waits_for_a_slot(agents: int) -> None:
    plan = outline([("a", []), ("b", []), ("c", ["a"]), ("d", [])], slots=[("claude", 9)])
    legs = tuple(replace(leg, estimate_s=100.0) if leg.key == "d" else leg for leg in plan.legs)
    found = dry_run(replace(plan, legs=legs), [agents])
    assert [leg["leg"] for leg in found["legs"] if leg["critical"]] == ["a", "c"]
    assert found["per_agents"][0]["critical_path_s"] == 120.0


def test_bounds_and_worktrees() -> None:
    plan = outline([("a/1", []), ("a/2", []), ("b", ["a/1"]), ("c", [])])
    assert critical_path_s(plan.legs) == 120
    assert lower_bound_s(plan.legs, 1) == 240
    assert lower_bound_s(plan.legs, 9) == 120
    sizes = {"a": 100, "b": 10, "c": 1}
    assert disk_at_once(plan, run(loaded(plan)), sizes) == 111
    assert disk_at_once(replace(plan, clean_merged=False), run(loaded(plan)), sizes) == 111
    after = outline([("a", []), ("b", ["a"]), ("c", ["b"])])
    assert disk_at_once(after, run(loaded(after)), sizes) == 110, "a goes before c is made"
    assert disk_at_once(replace(after, clean_merged=False), run(loaded(after)), sizes) == 111


@given(plans())
@settings(max_examples=150, deadline=None)
def test_no_plan_that_was_cut_into_legs_deadlocks(data: dict[str, Any]) -> None:
    legs = cut(Plan.model_validate(data))
    names = dict.fromkeys(leg.workstream for leg in legs)
    plan = Outline(
        "plan",
        profiles=(Profile("claude", 3),),
        workstreams=tuple(
            WorkstreamOutline(one, agents=("claude",), legs=tuple(leg.key for leg in legs if leg.workstream == one))
            for one in names
        ),
        legs=tuple(
            LegOutline(leg.key, leg.workstream, leg.number, leg.issues, leg.depends_on, leg.round) for leg in legs
        ),
    )
    schedule = run(loaded(plan, want=[]), want_all=True)
    check_sound(plan, schedule, 3, {"claude": 3})
    assert schedule.makespan_s >= lower_bound_s(plan.legs, 3) - 1e-6
