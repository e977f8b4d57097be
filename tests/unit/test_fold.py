from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cockpit.errors import IllegalMoveError
from cockpit.schedule import facts as f
from cockpit.schedule.comments import Comment
from cockpit.schedule.fold import fold, replay
from cockpit.schedule.outline import LegOutline
from cockpit.schedule.snapshot import Cost, GateResult, Merge, Run, Snapshot, blockers, waits_for
from cockpit.schedule.states import IDLE, State
from tests.unit.fact_strategies import facts
from tests.unit.outlines import (
    OUT_OF_ORDER,
    START,
    changed_workstream,
    loaded,
    merged,
    outline,
    outlines,
    prepared,
    ran,
    told,
)

CHAIN = outline([("a", []), ("b", ["a"]), ("c", [])])


def states(snapshot: Snapshot) -> dict[str, State]:
    return {key: leg.state for key, leg in snapshot.legs.items()}


def check_whole(snapshot: Snapshot) -> None:
    """Compare what fold keeps up to date with what it can be computed from."""
    assert snapshot.active == {key for key, leg in snapshot.legs.items() if leg.state not in IDLE}
    for leg in snapshot.legs.values():
        needed = [snapshot.legs[key].state is State.MERGED for key in leg.outline.depends_on]
        wanted = snapshot.workstreams[leg.workstream].wanted
        if leg.state is State.WAITING:
            assert not (wanted and all(needed))
        if leg.state is State.READY:
            assert wanted
            assert all(needed)
        assert leg.key in snapshot.workstreams[leg.workstream].outline.legs
    for workstream in snapshot.workstreams:
        snapshot.state_of(workstream)
    snapshot.state()
    snapshot.counts()
    blockers(snapshot)


# --- plan -----------------------------------------------------------------------------------------------------------


def test_a_loaded_plan_does_nothing_until_it_is_told_to() -> None:
    snapshot = loaded(CHAIN, want=[])
    assert set(states(snapshot).values()) == {State.WAITING}
    assert (snapshot.path, snapshot.outline, snapshot.state()) == ("/plan.yaml", CHAIN, "idle")
    assert snapshot.dependents == {"a": ("b",)}
    assert snapshot.active == frozenset()


def test_what_is_wanted_is_ready_once_its_dependencies_are_merged() -> None:
    snapshot = loaded(CHAIN)
    assert states(snapshot) == {"a": State.READY, "b": State.WAITING, "c": State.READY}
    assert [waits_for(snapshot, snapshot.legs[key]) for key in "ab"] == [(), ("a",)]
    snapshot = told(snapshot, *merged("a"))
    assert states(snapshot) == {"a": State.MERGED, "b": State.READY, "c": State.READY}
    snapshot = told(snapshot, f.WorkstreamUnwanted("b"))
    assert snapshot.legs["b"].state is State.WAITING
    assert told(snapshot, f.WorkstreamWanted("b")).legs["b"].state is State.READY


def test_a_changed_plan_keeps_what_started_and_takes_the_rest_anew() -> None:
    plan = outline([("a/1", []), ("a/2", []), ("b", ["a/1"]), ("gone", [])])
    snapshot = told(loaded(plan), *merged("a/1"), *ran("gone", "claude#2"))
    snapshot = told(snapshot, f.WorktreeMade("a/2", "/w/a", "a", "base"))
    new = outline([("a/1", []), ("a/3", ["b"]), ("b", []), ("d", [])], seconds=30.0)
    after = told(snapshot, f.PlanLoaded("/plan.yaml", "new", new))
    assert set(after.legs) == {"a/1", "a/3", "b", "d", "gone"}
    assert after.legs["a/1"].state is State.MERGED
    assert after.legs["a/1"].merged == "commit-a/1"
    assert after.legs["gone"].state is State.RUNNING
    assert after.legs["gone"].gone
    assert after.workstreams["gone"].gone
    assert after.workstreams["gone"].outline.legs == ("gone",)
    assert after.legs["b"].outline.estimate_s == 30.0
    assert states(after)["a/3"] is State.WAITING
    assert not after.workstreams["d"].wanted
    assert after.workstreams["a"].worktree == "/w/a"
    check_whole(after)
    back = told(after, f.PlanLoaded("/plan.yaml", "", plan))
    assert not back.legs["gone"].gone
    assert not back.workstreams["gone"].gone
    check_whole(back)


def test_a_started_leg_that_the_plan_lost_stays_in_its_workstream() -> None:
    snapshot = told(loaded(outline([("a/1", []), ("a/2", [])])), *ran("a/1"))
    after = told(snapshot, f.PlanLoaded("/plan.yaml", "", outline([("a/2", [])])))
    assert after.workstreams["a"].outline.legs == ("a/1", "a/2")
    assert after.leg_under_way("a").key == "a/1"
    check_whole(after)


def test_what_the_plan_lost_does_not_wait_for_what_it_lost_too() -> None:
    snapshot = told(loaded(CHAIN), *ran("a"), f.LegFailed("a"))
    snapshot = told(snapshot, f.PlanLoaded("/p", "", outline([("new", []), ("a", ["new"]), ("c", [])])))
    snapshot = told(snapshot, f.PlanLoaded("/p", "", outline([("c", [])])))
    check_whole(snapshot)
    assert told(snapshot, f.LegRetried("a")).legs["a"].state is State.READY


def test_where_a_worktree_stands_survives_a_changed_plan() -> None:
    plan = changed_workstream(CHAIN, "a", branch="old", worktree="/old")
    snapshot = told(loaded(plan), f.WorktreeMade("a", "/old", "old", "base"))
    after = told(snapshot, f.PlanLoaded("/p", "", changed_workstream(CHAIN, "a", branch="new", worktree="/new")))
    kept = after.workstreams["a"].outline
    assert (kept.branch, kept.worktree) == ("old", "/old")


def test_a_new_dependency_takes_a_ready_leg_back() -> None:
    after = told(loaded(CHAIN), f.PlanLoaded("/p", "", outline([("a", []), ("b", ["a"]), ("c", ["a"])])))
    assert after.legs["c"].state is State.WAITING
    check_whole(after)


# --- runs -----------------------------------------------------------------------------------------------------------


def test_a_run_from_its_slot_to_its_end() -> None:
    snapshot = told(loaded(CHAIN), f.LegTaken("a", "r1", "claude#2"), at=START)
    leg = snapshot.legs["a"]
    assert (leg.state, leg.slot, leg.run, leg.attempt, leg.started) == (State.PREPARING, "claude#2", "r1", 1, START)
    assert snapshot.runs["r1"] == Run("r1", "a", "claude#2", 1, START)
    assert snapshot.busy_slots() == {"claude#2": leg}
    snapshot = told(snapshot, f.WorktreeMade("a", "/w/a", "a", "abc"))
    assert (snapshot.workstreams["a"].worktree, snapshot.legs["a"].base) == ("/w/a", "abc")
    snapshot = told(snapshot, f.RunStarted("a", "r1", 42, "/runs/r1"), at=START + 5)
    assert (snapshot.runs["r1"].pid, snapshot.runs["r1"].folder) == (42, "/runs/r1")
    assert told(snapshot, f.RunAdopted("a", "r1", 43)).runs["r1"].pid == 43
    snapshot = told(snapshot, f.RunEnded("a", "r1", "done", 0, "fine"), at=START + 65)
    run = snapshot.runs["r1"]
    assert (run.outcome, run.code, run.reason, run.ended) == ("done", 0, "fine", START + 65)
    assert (snapshot.legs["a"].worked_s, snapshot.legs["a"].slot) == (60, None)
    snapshot = told(snapshot, f.ChecksStarted("a"), f.UsageReported("a", "r1", 10, 5, 2, 0.5))
    assert snapshot.legs["a"].state is State.CHECKING
    assert snapshot.cost() == Cost(0.5, 10, 5, 2)


@pytest.mark.parametrize("leaving", [f.LegFailed("a"), f.LegStopped("a"), f.LegPaused("a"), f.RetryScheduled("a", 9.0)])
def test_whoever_stops_working_gives_the_slot_back(leaving: f.Fact) -> None:
    assert told(loaded(CHAIN), *ran("a"), leaving).busy_slots() == {}


def test_a_wish_to_end_lasts_until_it_is_met() -> None:
    snapshot = told(loaded(CHAIN), *ran("a"), f.EndAsked("a", "pause"))
    assert snapshot.legs["a"].ending == "pause"
    paused = told(snapshot, f.LegPaused("a"))
    assert (paused.legs["a"].state, paused.legs["a"].ending) == (State.PAUSED, "")
    assert told(paused, f.LegResumed("a")).legs["a"].state is State.READY


@pytest.mark.parametrize(
    "facts_after",
    [
        (f.ChecksStarted("a"), f.ReviewAsked("a")),
        (f.ChecksStarted("a"), f.MergeQueued("a")),
        (f.ChecksStarted("a"), f.LegMerged("a")),
        (f.LegFailed("a"),),
    ],
)
def test_a_wish_to_end_is_gone_once_there_is_nothing_to_end(facts_after: tuple[f.Fact, ...]) -> None:
    assert told(loaded(CHAIN), *ran("a"), f.EndAsked("a", "pause"), *facts_after).legs["a"].ending == ""


def test_failures_are_counted_and_teach_the_next_run() -> None:
    snapshot = told(loaded(CHAIN), *ran("a"), f.RetryScheduled("a", 99.0, "gate tests failed"))
    leg = snapshot.legs["a"]
    assert (leg.state, leg.retry_at, leg.failures, leg.lessons) == (State.RETRYING, 99.0, 1, ("gate tests failed",))
    snapshot = told(snapshot, *ran("a", run="r2"), f.LegFailed("a", "x" * 9000))
    leg = snapshot.legs["a"]
    assert (leg.state, leg.failures, leg.attempt, leg.reason) == (State.FAILED, 2, 2, "x" * 9000)
    assert len(leg.lessons[-1]) == 4000
    fresh = told(snapshot, f.LegRetried("a")).legs["a"]
    assert (fresh.state, fresh.failures, fresh.lessons) == (State.READY, 0, leg.lessons)


def test_a_retry_of_what_is_not_wanted_waits() -> None:
    snapshot = told(loaded(CHAIN), *ran("a"), f.LegFailed("a"), f.WorkstreamUnwanted("a"), f.LegRetried("a"))
    assert snapshot.legs["a"].state is State.WAITING


# --- checks, approvals, merges --------------------------------------------------------------------------------------


def test_checks_commits_and_gates_are_kept() -> None:
    snapshot = told(loaded(CHAIN), *ran("a"), f.ChecksStarted("a"))
    snapshot = told(snapshot, f.WorkCommitted("a", "c1", "t1", "b1", 1, 2, 3))
    leg = snapshot.legs["a"]
    assert (leg.commit, leg.tree, leg.base, leg.files, leg.added, leg.removed) == ("c1", "t1", "b1", 1, 2, 3)
    snapshot = told(snapshot, f.GateFinished("a", "tests", False, "t1", 2.0, "exit 1", "/out"), at=START)
    assert snapshot.gates["a"] == (GateResult("tests", False, "t1", START, 2.0, "exit 1", "/out"),)
    again = told(snapshot, f.RetryScheduled("a", 0.0), *ran("a", run="r2"), f.ChecksStarted("a"))
    assert again.gates["a"] == ()


def test_approvals() -> None:
    plan = changed_workstream(changed_workstream(CHAIN, "a", approve_merge=True), "c", approve_start=True)
    snapshot = loaded(plan)
    assert snapshot.approval_of(snapshot.legs["c"]) == "start"
    assert snapshot.state() == "attention"
    snapshot = told(snapshot, f.ApprovalGiven("c", "start", "me"))
    assert (snapshot.legs["c"].state, snapshot.approval_of(snapshot.legs["c"])) == (State.READY, None)
    snapshot = told(snapshot, *ran("a"), f.ChecksStarted("a"), f.ReviewAsked("a"))
    assert snapshot.approval_of(snapshot.legs["a"]) == "merge"
    given = told(snapshot, f.ApprovalGiven("a", "merge"), at=snapshot.at + 30)
    assert (given.legs["a"].state, given.legs["a"].review_s) == (State.QUEUED, 30)
    refused = told(snapshot, f.ApprovalRefused("a", "merge", "me", "too big")).legs["a"]
    assert (refused.state, refused.reason) == (State.REJECTED, "too big")
    assert "too big" in refused.lessons[-1]
    assert (refused.reviewed, refused.comments) == ("", ()), "as an older journal tells it"
    said = (Comment("a.py", 3, "why?"),)
    done = told(snapshot, f.WorkCommitted("a", "c1", "t1", "b1"), f.ApprovalRefused("a", "merge", "me", "", "c1", said))
    assert [getattr(done.legs["a"], name) for name in ("reviewed", "reviewed_base", "comments")] == ["c1", "b1", said]
    again = told(
        done, f.LegRetried("a"), *ran("a", run="r2"), f.ChecksStarted("a"), f.WorkCommitted("a", "c2", "t2", "b2")
    )
    assert again.legs["a"].comments == said
    yes = told(again, f.ReviewAsked("a"), f.ApprovalGiven("a", "merge", "me", "c2")).legs["a"]
    assert (yes.reviewed, yes.reviewed_base, yes.comments) == ("c2", "b2", ())


def test_a_merge() -> None:
    snapshot = told(loaded(CHAIN), *merged("a")[:-1], f.MergeBuilt("a", "m1", "t1", "b1"))
    assert (snapshot.legs["a"].state, snapshot.legs["a"].built) == (State.MERGING, "m1")
    snapshot = told(snapshot, f.LegMerged("a", "m1"), at=START)
    assert snapshot.merges == (Merge("a", "a", 1, "m1", START, onto="b1"),)
    assert (snapshot.legs["a"].merged, snapshot.legs["a"].ended) == ("m1", START)
    assert snapshot.is_merged("a")


def test_a_leg_with_nothing_to_merge_is_merged_without_a_merge() -> None:
    snapshot = told(loaded(CHAIN), *ran("a"), f.ChecksStarted("a"), f.LegMerged("a"))
    assert (snapshot.merges, snapshot.legs["a"].state, snapshot.legs["b"].state) == ((), State.MERGED, State.READY)


def test_a_merge_that_has_to_wait_or_conflicts() -> None:
    snapshot = told(loaded(CHAIN), *merged("a")[:-1])
    waits = told(snapshot, f.MergeDeferred("a", "x.py is edited", 99.0, ("x.py",)))
    leg = waits.legs["a"]
    assert (leg.state, leg.retry_at, leg.paths, leg.reason) == (State.QUEUED, 99.0, ("x.py",), "x.py is edited")
    now = told(waits, f.MergeQueued("a")).legs["a"]
    assert (now.retry_at, now.paths) == (0.0, ())
    bad = told(snapshot, f.ConflictFound("a", ("x.py",), "b1"))
    assert (bad.legs["a"].state, bad.legs["a"].paths) == (State.CONFLICT, ("x.py",))
    assert "main in x.py" in bad.legs["a"].reason
    assert blockers(bad) == {"b": ("a",)}
    assert bad.state() == "attention"


# --- orders and clean-up --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [f.OrderDone("o1", "ok"), f.OrderRefused("o1", "no")])
def test_an_order_is_pending_until_it_ends(end: f.Fact) -> None:
    snapshot = told(loaded(CHAIN), f.OrderGiven("o1", "start", ("a",), "me", "why", 3, True, True))
    assert snapshot.orders["o1"].order.targets == ("a",)
    assert (snapshot.orders["o1"].order.number, snapshot.orders["o1"].order.everything) == (3, True)
    assert told(snapshot, end).orders == {}


def test_holding_and_limits() -> None:
    snapshot = told(loaded(CHAIN), f.LaunchingHeld(), f.AgentLimitChanged(7))
    assert (snapshot.held, snapshot.max_agents(), snapshot.state()) == (True, 7, "paused")
    assert told(snapshot, f.LaunchingFreed()).held is False
    same = told(snapshot, f.PlanLoaded("plan.yaml", "text", CHAIN))
    assert same.max_agents() == 7
    changed = told(snapshot, f.PlanLoaded("plan.yaml", "text", replace(CHAIN, max_agents=2)))
    assert changed.max_agents() == 2, "what was decided last counts"


def test_changed_slots_and_draining_stay_until_the_plan_says_otherwise() -> None:
    snapshot = told(loaded(CHAIN), f.SlotsChanged("claude", 5), f.ProfileDrained("claude"))
    name = snapshot.outline.profiles[0].name
    assert name == "claude"
    same = told(snapshot, f.PlanLoaded("plan.yaml", "text", CHAIN))
    assert (same.sizes()["claude"], same.draining) == (5, frozenset({"claude"}))
    other = replace(CHAIN, profiles=(replace(CHAIN.profiles[0], slots=CHAIN.profiles[0].slots + 1),))
    changed = told(snapshot, f.PlanLoaded("plan.yaml", "text", other))
    assert (changed.sizes()["claude"], changed.draining) == (other.profiles[0].slots, frozenset({"claude"}))
    gone = told(snapshot, f.PlanLoaded("plan.yaml", "text", replace(CHAIN, profiles=())))
    assert (gone.sizes(), gone.draining) == ({}, frozenset())


def test_clean_up() -> None:
    snapshot = told(loaded(CHAIN), f.WorktreeMade("a", "/w/a", "a", "b"), f.CleanUpAsked("a"))
    assert snapshot.workstreams["a"].clean_up
    refused = told(snapshot, f.CleanUpRefused("a", "busy")).workstreams["a"]
    assert (refused.clean_up, refused.clean_up_refused, refused.worktree) == (False, "busy", "/w/a")
    gone = told(snapshot, f.WorkRescued("a", "ref1"), f.WorktreeRemoved("a", "/w/a", "ref2")).workstreams["a"]
    assert (gone.worktree, gone.clean_up, gone.rescues) == ("", False, ("ref1", "ref2"))


@pytest.mark.parametrize("fact", [f.DriverStarted(1), f.DriverEnded(1)])
def test_some_facts_change_nothing_but_the_number(fact: f.Fact) -> None:
    snapshot = loaded(CHAIN)
    after = told(snapshot, fact)
    assert after == replace(snapshot, seq=after.seq, at=after.at)


# --- any sequence of facts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fact",
    [
        f.LegMerged("a"),
        f.LegTaken("b", "r", "claude#1"),
        f.LegTaken("nobody", "r", "s"),
        f.RunStarted("a", "r", 1),
        f.WorkstreamWanted("nobody"),
        f.WorktreeRemoved("nobody", "/w"),
        f.GateFinished("nobody", "g", True, "t"),
        f.ApprovalGiven("b", "start"),
        f.RunEnded("a", "nobody", "done"),
    ],
)
def test_a_fact_that_does_not_fit_raises_and_replay_skips_and_counts_it(fact: f.Fact) -> None:
    snapshot = loaded(CHAIN)
    with pytest.raises(IllegalMoveError):
        told(snapshot, fact)
    after = replay(snapshot, [f.Recorded(9, START, fact, "hash")])
    assert after == replace(snapshot, seq=9, at=START, hash="hash", skipped=1)


KEYS = st.sampled_from([*(leg.key for leg in OUT_OF_ORDER.legs), "nobody"])
NAMES: dict[str, st.SearchStrategy[Any]] = {
    "leg": KEYS,
    "workstream": st.sampled_from(["A", "B", "nobody"]),
    "run": st.sampled_from(["r1", "r2"]),
    "slot": st.sampled_from(["claude#1", "claude#2"]),
    "what": st.sampled_from(["start", "merge"]),
    "outline": outlines(most=6) | st.just(OUT_OF_ORDER),
}


@given(st.lists(facts(NAMES), max_size=60))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_replay_never_raises_and_what_it_keeps_is_right(sequence: list[f.Fact]) -> None:
    snapshot = loaded(OUT_OF_ORDER)
    for number, fact in enumerate(sequence, 1):
        snapshot = replay(snapshot, [f.Recorded(number, START + number, fact)])
        check_whole(snapshot)
    assert snapshot.seq == max(len(sequence), 0) or not sequence


DAMAGED_LEG = st.builds(
    LegOutline,
    key=st.sampled_from("abcd"),
    workstream=st.sampled_from("wxyz"),
    depends_on=st.lists(st.sampled_from("abcde"), max_size=2).map(tuple),
    round=st.integers(-1, 3),
)


@given(st.lists(DAMAGED_LEG, max_size=4), st.lists(facts(NAMES | {"leg": st.sampled_from("abcde")}), max_size=8))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_replay_of_a_damaged_plan_never_raises(legs: list[LegOutline], sequence: list[f.Fact]) -> None:
    plan = replace(OUT_OF_ORDER, legs=tuple(legs))
    everything = [f.PlanLoaded("/p", "", plan), *sequence]
    after = replay(loaded(OUT_OF_ORDER), [f.Recorded(n, START, one) for n, one in enumerate(everything, 1)])
    check_whole(after)


@given(outlines(most=8), outlines(most=8) | outlines(most=8).map(prepared), st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_plan_may_take_the_place_of_any_other(one: Any, other: Any, data: st.DataObject) -> None:
    snapshot = loaded(one)
    ready = sorted(key for key, leg in snapshot.legs.items() if leg.state is State.READY)
    begun = data.draw(st.lists(st.sampled_from(ready), unique=True, max_size=3)) if ready else []
    for number, key in enumerate(begun):
        snapshot = told(snapshot, *(merged(key) if data.draw(st.booleans()) else ran(key, f"claude#{number}")))
    after = told(snapshot, f.PlanLoaded("/p", "", other))
    check_whole(after)
    for key in begun:
        assert after.legs[key].state is snapshot.legs[key].state
        assert after.legs[key].run == snapshot.legs[key].run
        assert after.legs[key].gone is (key not in {leg.key for leg in other.legs})


# --- copies ---------------------------------------------------------------------------------------------------------


def test_fold_leaves_the_snapshot_before_as_it_was() -> None:
    before = loaded(CHAIN)
    legs = dict(before.legs)
    fold(before, f.Recorded(9, START, f.LegTaken("a", "r", "claude#1")))
    assert before.legs == legs
