"""What keeps profiles from being launched beside slots: a reached limit of cost, a sleep; and who goes on with what."""

from msgspec.structs import replace

from cockpit.forecast.eta import forecast
from cockpit.schedule import facts as f
from cockpit.schedule.decide import decide
from cockpit.schedule.orders import TakeLeg, WakeAt
from cockpit.schedule.queueing import waits_in_line
from cockpit.schedule.readings import Readings
from cockpit.schedule.snapshot import Snapshot
from cockpit.schedule.states import State
from tests.unit.outlines import changed_workstream, loaded, merged, outline, ran, told

TWO: list[tuple[str, list[str]]] = [("a", []), ("b", [])]


def taken(snapshot: Snapshot, now: float | None = None) -> dict[str, str]:
    found = decide(snapshot, Readings(), snapshot.at if now is None else now)
    return {one.leg: one.slot for one in found if isinstance(one, TakeLeg)}


def limited(usd: float) -> Snapshot:
    return loaded(replace(outline(TWO, slots=[("claude", 2), ("coder", 1)]), cost_limit=usd))


def slept(snapshot: Snapshot, until: float) -> Snapshot:
    again = f.RetryScheduled("a", snapshot.at, "quota", counted=False)
    ended = f.RunEnded("a", "a-1", "failed", 1, "quota")
    return told(snapshot, *ran("a", run="a-1"), ended, f.ProfileSlept("a", "a-1", "claude", until, "quota"), again)


def test_a_reached_limit_of_cost_launches_nothing_and_says_so() -> None:
    snapshot = told(limited(2.0), *ran("a", run="a-1"), f.UsageReported("a", "a-1", usd=1.99))
    assert taken(snapshot) == {"b": "claude#2"}
    assert snapshot.over_cost() == ""
    snapshot = told(snapshot, f.UsageReported("a", "a-1", usd=2.0))  # the sum of that run, not more of it
    assert taken(snapshot) == {}
    assert waits_in_line(snapshot, snapshot.legs["b"]) == snapshot.over_cost()
    assert snapshot.over_cost() == "the cost limit is reached: $2.00 of $2.00 (limits.cost)"
    ended = told(snapshot, f.RunEnded("a", "a-1", "done", 0), *merged("a")[-4:])
    assert (snapshot.state(), ended.state()) == ("running", "attention"), "only a human raises it"
    assert forecast(ended, ended.at, samples=10).why_not == f"b is ready, but {snapshot.over_cost()}"
    assert taken(replace(snapshot, outline=replace(snapshot.outline, cost_limit=3.0))) == {"b": "claude#2"}


def test_a_profile_that_sleeps_takes_nothing_until_it_wakes() -> None:
    snapshot = slept(limited(2.0), 5000.0 + limited(2.0).at)
    until = snapshot.asleep["claude"].until
    assert taken(snapshot) == {}
    assert WakeAt(until) in decide(snapshot, Readings(), snapshot.at)
    assert "asleep until" in waits_in_line(snapshot, snapshot.legs["b"])
    assert taken(snapshot, until) == {"a": "claude#1", "b": "claude#2"}
    leg = snapshot.legs["a"]
    assert (leg.state, leg.failures, leg.lessons) == (State.RETRYING, 0, ())
    sooner = told(snapshot, f.ProfileSlept("b", "b-1", "claude", until - 1000.0, "another of its runs"))
    assert sooner.asleep == snapshot.asleep
    later = told(snapshot, f.ProfileSlept("b", "b-1", "claude", until + 1000.0, "quota"))
    assert later.asleep["claude"].until == until + 1000.0


def test_a_fallback_takes_over_from_a_profile_that_sleeps() -> None:
    plan = changed_workstream(outline(TWO, slots=[("claude", 2), ("coder", 1)]), "a", agents=("claude", "coder"))
    snapshot = slept(loaded(plan), 1e10)
    assert taken(snapshot) == {"a": "coder#1"}


def paused(snapshot: Snapshot, session: str = "S") -> Snapshot:
    ended = f.RunEnded("a", "a-1", "stopped", session=session)
    snapshot = told(snapshot, *ran("a", "coder#1", run="a-1"), f.EndAsked("a", "pause"), ended)
    return told(snapshot, f.LegPaused("a"))


def test_a_paused_leg_goes_on_with_its_session_and_its_profile() -> None:
    plan = changed_workstream(outline(TWO, slots=[("claude", 2), ("coder", 1)]), "a", agents=("claude", "coder"))
    snapshot = paused(loaded(plan))
    assert snapshot.legs["a"].continues == "a-1"
    assert snapshot.runs["a-1"].session == "S"
    assert taken(told(snapshot, f.LegResumed("a")))["a"] == "coder#1"
    assert taken(told(paused(loaded(plan), session=""), f.LegResumed("a")))["a"] == "claude#1"


def test_a_session_is_gone_on_with_once_unless_the_next_run_never_began() -> None:
    snapshot = told(paused(loaded(outline(TWO))), f.LegResumed("a"), f.LegTaken("a", "a-2", "claude#1"))
    assert snapshot.legs["a"].continues == "a-1"
    never = told(snapshot, f.EndAsked("a", "pause"), f.RunEnded("a", "a-2", "stopped"), f.LegPaused("a"))
    assert never.legs["a"].continues == "a-1"
    begun = told(snapshot, f.RunStarted("a", "a-2", 7), f.RunEnded("a", "a-2", "failed"), f.LegFailed("a"))
    assert begun.legs["a"].continues == ""
    assert told(paused(loaded(outline(TWO))), f.LegStopped("a")).legs["a"].continues == ""
