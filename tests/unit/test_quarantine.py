"""Quarantine in the core: what a violation does to a leg and its slot, and that only a human's order undoes it."""

import pytest

from cockpit.errors import OrderRefusedError
from cockpit.schedule import facts as f
from cockpit.schedule.carry import carry_out
from cockpit.schedule.decide import decide
from cockpit.schedule.orders import Order, TakeLeg
from cockpit.schedule.readings import Readings
from cockpit.schedule.snapshot import Snapshot
from cockpit.schedule.states import State
from tests.unit.outlines import changed_workstream, loaded, outline, ran, told

PLAN = changed_workstream(
    outline([("a", []), ("b", [])], slots=[("claude", 3), ("coder", 1)]), "a", agents=("claude", "coder")
)
DROPPED = f.ViolationFound(
    "a", "v1", "PLACEHOLDER_DROPPED", "CRITICAL", "x.py", 4, "# ...", "dropped", ("one()",), "claude#1", "a@1"
)
STUB = f.ViolationFound("a", "v2", "INCOMPLETE_CODE", "HIGH", "y.py", 1, "pass", "emptied", (), "claude#1", "a@1")
HELD = f.LegQuarantined("a", "claude#1", ("v1", "v2"), "2 violations")
RUNNING = (*ran("a"), DROPPED, STUB, f.EndAsked("a", "quarantine"), f.RunEnded("a", "a@1", "stopped"), HELD)
CHECKED = (*ran("a"), f.RunEnded("a", "a@1", "done"), f.ChecksStarted("a"), DROPPED, STUB, HELD)


def ordered(snapshot: Snapshot, verb: str, *, reason: str = "", how: str = "", expected: str = "") -> Snapshot:
    order = Order(verb, ("a",), by="olga", reason=reason, how=how, expected=expected)
    return told(snapshot, *carry_out(snapshot, order).facts)


def taken(snapshot: Snapshot) -> list[tuple[str, str]]:
    todos = decide(snapshot, Readings(), snapshot.at)
    return [(todo.leg, todo.slot) for todo in todos if isinstance(todo, TakeLeg)]


def test_a_quarantined_slot_gets_no_other_work() -> None:
    held = told(loaded(PLAN), *RUNNING)
    assert held.legs["a"].state is State.QUARANTINED
    assert held.held_slots().keys() == {"claude#1"}
    assert "claude#1" not in {slot for _, slot in taken(held)}


@pytest.mark.parametrize("verb", ["start", "pause", "resume", "stop", "retry", "approve", "reject", "merge", "cleanup"])
def test_no_other_order_frees_it(verb: str) -> None:
    with pytest.raises(OrderRefusedError):
        ordered(told(loaded(PLAN), *RUNNING), verb)


def test_a_changed_plan_does_not_free_it() -> None:
    held = told(loaded(PLAN), *RUNNING)
    gone = outline([("b", [])])
    for plan in (PLAN, gone):
        after = told(held, f.PlanLoaded("p", "t", plan))
        assert after.legs["a"].state is State.QUARANTINED
        assert after.held_slots().keys() == {"claude#1"}


def test_it_is_resumed_and_told_what_was_wrong() -> None:
    free = ordered(told(loaded(PLAN), *RUNNING), "release", reason="put it back")
    leg = free.legs["a"]
    assert (leg.state, leg.start_over, free.held_slots()) == (State.READY, False, {})
    assert all(words in leg.lessons[-1] for words in ("x.py:4", "dropped", "| one()", "put it back"))
    assert {one.state for one in free.violations.values()} == {"open"}
    fixed = told(free, f.ViolationFixed("a", "v1"))
    assert fixed.violations["v1"].state == "fixed"


def test_it_is_started_over() -> None:
    alone = f.LegQuarantined("a", "claude#1", ("v1",), "one of 2")
    free = ordered(told(loaded(PLAN), *RUNNING[:-1], alone), "release", how="restart")
    assert free.legs["a"].start_over
    assert {one.state for one in free.violations.values()} == {"fixed"}
    assert not told(free, f.LegReset("a")).legs["a"].start_over


def test_it_is_given_to_another_agent() -> None:
    free = ordered(told(loaded(PLAN), *RUNNING), "release", how="other")
    assert ("a", "coder#1") in taken(free)
    only = told(loaded(changed_workstream(PLAN, "a", agents=("claude",))), *RUNNING)
    with pytest.raises(OrderRefusedError, match="no other agent"):
        ordered(only, "release", how="other")


def test_a_waiver_needs_a_reason_and_names_what_it_is_for() -> None:
    held = told(loaded(PLAN), *CHECKED)
    with pytest.raises(OrderRefusedError, match="reason"):
        ordered(held, "waive")
    one = ordered(held, "waive", reason="meant", expected="v1")
    assert (one.legs["a"].state, one.legs["a"].held_for) == (State.QUARANTINED, ("v2",))
    waived = one.violations["v1"]
    assert (waived.state, waived.by, waived.reason) == ("released", "olga", "meant")
    assert one.violations["v2"].state == "open"
    both = ordered(one, "waive", reason="meant too")
    assert both.legs["a"].state is State.CHECKING
    with pytest.raises(OrderRefusedError, match="no such open violation"):
        ordered(both, "waive", reason="again")


def test_what_was_waived_while_it_ran_runs_on() -> None:
    assert ordered(told(loaded(PLAN), *RUNNING), "waive", reason="fine").legs["a"].state is State.READY


def test_what_was_waived_stays_waived_when_it_is_found_again() -> None:
    waived = ordered(told(loaded(PLAN), *CHECKED), "waive", reason="meant")
    assert told(waived, DROPPED).violations["v1"].state == "released"


def test_discarding_ends_it_and_cleans_up() -> None:
    held = told(loaded(PLAN), *ran("a")[:1], f.WorktreeMade("a", "/w", "b", "c"), *ran("a")[1:], *RUNNING[2:])
    gone = ordered(held, "discard")
    assert (gone.legs["a"].state, gone.workstreams["a"].wanted, gone.workstreams["a"].clean_up) == (
        State.STOPPED,
        False,
        True,
    )
    assert {one.state for one in gone.violations.values()} == {"fixed"}
    again = told(gone, DROPPED)
    assert [one.id for one in again.open_violations("a")] == ["v1"], "nobody let it stand"


@pytest.mark.parametrize("verb", ["release", "discard"])
def test_what_names_violations_is_about_these_alone(verb: str) -> None:
    held = told(loaded(PLAN), *RUNNING)
    with pytest.raises(OrderRefusedError, match=r"not what was shown any more: it has INCOMPLETE_CODE in y\.py:1"):
        ordered(held, verb, expected="v1")
    assert ordered(held, verb, expected="v1 v2").legs["a"].state in (State.READY, State.STOPPED)


def test_a_stop_lets_nothing_stand() -> None:
    stopped = told(loaded(PLAN), *ran("a"), DROPPED, f.EndAsked("a", "stop"), f.LegStopped("a"))
    assert [one.id for one in stopped.open_violations("a")] == ["v1"]


def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(OrderRefusedError, match="resume, restart, other"):
        ordered(told(loaded(PLAN), *RUNNING), "release", how="magic")


def test_merged_work_has_no_open_violations() -> None:
    snapshot = told(loaded(PLAN), *CHECKED[:-1], f.MergeQueued("a"), f.MergeStarted("a"), f.LegMerged("a", "c"))
    assert not snapshot.open_violations("a")
