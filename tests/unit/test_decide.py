from collections.abc import Sequence
from typing import TypeVar

import pytest
from msgspec.structs import replace

from cockpit.schedule import facts as f
from cockpit.schedule.decide import decide
from cockpit.schedule.orders import (
    CheckLeg,
    CleanUp,
    EndRun,
    Integrate,
    PrepareLeg,
    StartMerge,
    TakeLeg,
    Todo,
    WakeAt,
    WatchRun,
)
from cockpit.schedule.outline import Outline
from cockpit.schedule.readings import ConflictReading, PlanReading, Readings
from cockpit.schedule.scopes import overlap
from cockpit.schedule.snapshot import Snapshot, blockers
from cockpit.schedule.states import State
from tests.unit.outlines import OUT_OF_ORDER, START, changed_workstream, loaded, merged, outline, ran, told

NONE = Readings()
FOUR: list[tuple[str, list[str]]] = [("a", []), ("b", []), ("c", []), ("d", [])]
T = TypeVar("T")


def todos(snapshot: Snapshot, now: float | None = None, readings: Readings = NONE) -> list[Todo]:
    return decide(snapshot, readings, snapshot.at if now is None else now)


def only(kind: type[T], found: Sequence[Todo]) -> list[T]:
    return [todo for todo in found if isinstance(todo, kind)]


def taken(snapshot: Snapshot, now: float | None = None, readings: Readings = NONE) -> dict[str, str]:
    return {todo.leg: todo.slot for todo in only(TakeLeg, todos(snapshot, now, readings))}


def test_nothing_is_done_until_it_is_wanted() -> None:
    assert todos(loaded(outline(FOUR), want=[])) == []
    assert taken(loaded(outline(FOUR), want=["c"])) == {"c": "claude#1"}


def test_no_more_is_launched_than_the_limit_allows() -> None:
    plan = outline(FOUR, slots=[("claude", 9)], max_agents=2)
    snapshot = loaded(plan)
    assert taken(snapshot) == {"a": "claude#1", "b": "claude#2"}
    snapshot = told(snapshot, *ran("a"))
    assert taken(snapshot) == {"b": "claude#2"}
    snapshot = told(snapshot, *ran("b", "claude#2"))
    assert taken(snapshot) == {}
    assert taken(told(snapshot, f.AgentLimitChanged(3))) == {"c": "claude#3"}
    assert taken(told(snapshot, f.AgentLimitChanged(1), f.LegPaused("a"))) == {}


def test_the_operators_slots_count_and_a_draining_profile_takes_nothing() -> None:
    snapshot = loaded(outline(FOUR, slots=[("claude", 1), ("codex", 1)], max_agents=9))
    one = taken(snapshot)
    more = told(snapshot, f.SlotsChanged("claude", 3))
    assert (len(taken(more)), more.slots()) == (len(one) + 2, ("claude#1", "claude#2", "claude#3", "codex#1"))
    drained = told(more, f.ProfileDrained("claude"))
    assert "claude" not in {slot.partition("#")[0] for slot in taken(drained).values()}
    assert taken(told(drained, f.ProfileFreed("claude"))) == taken(more)
    assert told(drained, f.ProfileDrained("codex")).state() == "paused"


def test_a_slot_that_gets_free_counts_for_nothing_while_more_run_than_there_are_slots_now() -> None:
    snapshot = loaded(outline(FOUR, slots=[("claude", 3), ("codex", 1)], agents=("claude",), max_agents=9))
    snapshot = told(snapshot, *ran("a"), *ran("b", "claude#2"), *ran("c", "claude#3"), f.SlotsChanged("claude", 2))
    snapshot = told(snapshot, f.LegPaused("a"))
    assert taken(snapshot) == {}
    snapshot = told(snapshot, f.LegPaused("c"))
    assert taken(snapshot) == {"d": "claude#1"}


def test_a_slot_is_free_again_once_its_run_ended() -> None:
    snapshot = told(loaded(outline(FOUR, max_agents=1)), *ran("a"))
    assert taken(snapshot) == {}
    snapshot = told(snapshot, f.RunEnded("a", "a@1", "done"), f.ChecksStarted("a"))
    assert taken(snapshot) == {"b": "claude#1"}


def test_the_preferred_agent_comes_first_then_the_next_one() -> None:
    plan = outline(FOUR, agents=("codex", "claude"), slots=[("claude", 1), ("codex", 1)], max_agents=9)
    assert taken(loaded(plan)) == {"a": "codex#1", "b": "claude#1"}


def test_a_leg_whose_agents_are_busy_lets_others_go_first() -> None:
    plan = outline(FOUR, agents=("codex",), slots=[("claude", 1), ("codex", 1)], max_agents=9)
    plan = changed_workstream(plan, "d", agents=("claude",))
    assert taken(loaded(plan)) == {"a": "codex#1", "d": "claude#1"}
    assert taken(loaded(changed_workstream(plan, "d", agents=("nobody",)))) == {"a": "codex#1"}


def test_the_longest_rest_comes_first_then_priority_then_the_plans_order() -> None:
    plan = outline([("a", []), ("b", []), ("c", []), ("long", []), ("after", ["long"])], slots=[("claude", 9)])
    plan = changed_workstream(replace(plan, max_agents=9), "c", priority=0)
    assert list(taken(loaded(plan))) == ["long", "c", "a", "b"]


def test_a_start_that_awaits_an_approval_is_not_launched() -> None:
    snapshot = loaded(changed_workstream(outline(FOUR), "a", approve_start=True), want=["a", "b"])
    assert taken(snapshot) == {"b": "claude#1"}
    assert list(taken(told(snapshot, f.ApprovalGiven("a", "start")))) == ["a", "b"]


def test_a_retry_waits_for_its_time_and_says_when_to_ask_again() -> None:
    snapshot = told(loaded(outline([("a", [])])), *ran("a"), f.RetryScheduled("a", START + 100))
    assert todos(snapshot, START + 99) == [WakeAt(START + 100)]
    assert todos(snapshot, START + 100) == [TakeLeg("a", "claude#1")]
    assert todos(told(snapshot, f.WorkstreamUnwanted("a")), START + 100) == []


def test_nothing_new_is_launched_while_it_is_held() -> None:
    snapshot = told(loaded(outline(FOUR)), *ran("a"))
    assert len(taken(snapshot)) == 2
    assert todos(told(snapshot, f.LaunchingHeld())) == [WatchRun("a", "a@1")]
    assert taken(told(snapshot, f.LaunchingHeld(), f.LaunchingFreed()))
    assert taken(snapshot, readings=Readings(hold="no disk")) == {}
    assert taken(snapshot, readings=Readings(plan=PlanReading(untrusted=("gate",)))) == {}


def test_no_two_legs_of_a_workstream_are_begun() -> None:
    plan = outline([("a/1", []), ("a/2", []), ("b", [])], max_agents=9)
    snapshot = loaded(plan)
    assert set(taken(snapshot)) == {"a/1", "b"}
    started: tuple[tuple[f.Fact, ...], ...] = (
        ran("a/1"),
        (*ran("a/1"), f.LegPaused("a/1")),
        (*ran("a/1"), f.LegFailed("a/1")),
        (*ran("a/1"), f.ChecksStarted("a/1")),
        (*ran("a/1"), f.RetryScheduled("a/1", START * 9)),
        merged("a/1")[:-1],
    )
    for facts in started:
        assert set(taken(told(snapshot, *facts))) == {"b"}
    assert set(taken(told(snapshot, *merged("a/1")))) == {"a/2", "b"}


def test_legs_run_by_their_dependencies_and_not_by_their_numbers() -> None:
    snapshot = loaded(OUT_OF_ORDER)
    order: list[str] = []
    while launches := taken(snapshot):
        order += launches
        for leg, slot in launches.items():
            snapshot = told(snapshot, *merged(leg, slot))
    assert set(order) == set(snapshot.legs)
    assert order.index("B/0") < order.index("A/2") < order.index("B/1") < order.index("A/0")
    assert snapshot.state() == "finished"


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ((*ran("a"), f.LegFailed("a")), State.FAILED),
        ((*ran("a"), f.LegStopped("a")), State.STOPPED),
        ((*merged("a")[:-1], f.ConflictFound("a", ("x",))), State.CONFLICT),
        ((*ran("a"), f.ChecksStarted("a"), f.ReviewAsked("a"), f.ApprovalRefused("a", "merge")), State.REJECTED),
    ],
)
def test_what_hangs_on_a_bad_leg_is_blocked_while_the_rest_goes_on(facts: tuple[f.Fact, ...], state: State) -> None:
    plan = outline([("a", []), ("b", ["a"]), ("c", ["b"]), ("d", [])])
    snapshot = told(loaded(plan), *facts)
    assert snapshot.legs["a"].state is state
    assert set(taken(snapshot)) == {"d"}
    assert blockers(snapshot) == {"b": ("a",), "c": ("a",)}


def test_what_is_under_way_is_ordered_again_at_every_call() -> None:
    snapshot = told(loaded(outline(FOUR), want=["a", "b", "c"]), f.LegTaken("a", "r1", "claude#1"))
    snapshot = told(snapshot, *ran("b", "claude#2", "r2"), *ran("c", "claude#3", "r3"), f.ChecksStarted("c"))
    expected = {PrepareLeg("a", "r1"), WatchRun("b", "r2"), CheckLeg("c", "r3")}
    assert set(todos(snapshot)) == expected
    assert set(todos(snapshot, START * 2)) == expected
    assert set(todos(told(snapshot, f.EndAsked("b", "stop")))) == expected | {EndRun("b", "r2")}


def queued(plan: Outline, *legs: str) -> Snapshot:
    snapshot = loaded(plan)
    for leg in legs:
        snapshot = told(snapshot, *ran(leg), f.ChecksStarted(leg), f.MergeQueued(leg))
    return snapshot


def test_merges_go_by_round_then_by_who_waits_then_by_rank() -> None:
    plan = outline([("late", ["x"]), ("x", []), ("a", []), ("b", []), ("c", ["b"]), ("d", ["b"])], max_agents=9)
    snapshot = told(queued(plan, "a", "b"), *merged("x"), *ran("late"), f.ChecksStarted("late"), f.MergeQueued("late"))
    assert only(StartMerge, todos(snapshot)) == [StartMerge(("b", "a", "late"))]


def test_one_batch_is_integrated_at_a_time() -> None:
    snapshot = told(queued(outline(FOUR), "a", "b", "c"), f.MergeStarted("b"), f.MergeStarted("a"))
    found = todos(snapshot)
    assert only(Integrate, found) == [Integrate(("a", "b"))]
    assert only(StartMerge, found) == []


def test_a_deferred_merge_waits_for_its_time_and_others_do_not_wait_for_it() -> None:
    snapshot = told(queued(outline(FOUR), "a", "b"), f.MergeStarted("a"), f.MergeDeferred("a", "dirty", START + 100))
    found = todos(snapshot, START + 50)
    assert only(StartMerge, found) == [StartMerge(("b",))]
    assert only(WakeAt, found) == [WakeAt(START + 100)]
    assert only(StartMerge, todos(snapshot, START + 100)) == [StartMerge(("a", "b"))]


def test_what_is_in_review_is_not_merged() -> None:
    snapshot = told(loaded(outline([("a", [])])), *ran("a"), f.ChecksStarted("a"), f.ReviewAsked("a"))
    assert todos(snapshot) == []
    assert todos(told(snapshot, f.ApprovalGiven("a", "merge"))) == [StartMerge(("a",))]


def test_worktrees_are_removed_once_all_is_merged_or_when_asked() -> None:
    plan = outline([("a/1", []), ("a/2", ["a/1"])])
    snapshot = told(loaded(plan), f.WorktreeMade("a/1", "/w/a", "a", "base"), *merged("a/1"))
    assert only(CleanUp, todos(snapshot)) == []
    done = told(snapshot, *merged("a/2"))
    assert todos(done) == [CleanUp("a")]
    assert todos(told(done, f.CleanUpRefused("a", "it has work"))) == []
    assert todos(told(done, f.CleanUpRefused("a", "it has work"), f.CleanUpAsked("a"))) == [CleanUp("a")]
    assert todos(told(done, f.WorktreeRemoved("a", "/w/a"))) == []
    kept = replace(done, outline=replace(done.outline, clean_merged=False))
    assert todos(kept) == []
    assert todos(told(kept, f.CleanUpAsked("a"))) == [CleanUp("a")]


def test_asking_again_changes_nothing() -> None:
    snapshot = queued(outline(FOUR), "a")
    assert todos(snapshot) == todos(snapshot)


def test_scopes_that_overlap_start_together_only_when_there_is_no_other_work() -> None:
    plan = outline([("a", ()), ("b", ()), ("c", ())], max_agents=2)
    for key, files in {"a": "src/api/**", "b": "src/**", "c": "docs/*.md"}.items():
        plan = changed_workstream(plan, key, files=(files,))
    assert set(taken(loaded(plan))) == {"a", "c"}
    assert set(taken(loaded(replace(plan, max_agents=3)))) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (("src/a.py",), ("src/a.py",), True),
        (("src",), ("src/a.py",), True),
        (("src/a",), ("src/ab",), False),
        (("src/*.py",), ("src/sub/**",), True),
        (("src/api/**",), ("src/web/**",), False),
        (("docs/*",), ("src/**", "docs/x.md"), True),
        (("**/*.md",), ("src/a.py",), True),
        ((), ("src/a.py",), False),
    ],
)
def test_scopes_overlap_where_a_path_may_be_in_both(
    first: tuple[str, ...], second: tuple[str, ...], expected: bool
) -> None:
    assert overlap(first, second) is expected
    assert overlap(second, first) is expected


def test_merges_of_one_round_go_by_who_conflicts_with_fewest() -> None:
    plan = outline([("a", ()), ("b", ())])
    readings = Readings(conflicts={"a": ConflictReading((), {"c": ("x",)})})
    (order,) = only(StartMerge, todos(queued(plan, "a", "b"), readings=readings))
    assert order.legs == ("b", "a")
