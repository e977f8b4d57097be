"""The last hour against thresholds: what counts, what is too old, and how it is said."""

from cockpit.metrics.lasthour import LastHour
from cockpit.schedule import facts as f

NOW = 1_700_000_000.0
ALL = {"agent_failure_rate": 25.0, "errors_per_hour": 3.0, "gate_p95": 60.0}


def folded(*facts: tuple[float, f.Fact]) -> LastHour:
    hour = LastHour()
    for seq, (ago, fact) in enumerate(facts, 1):
        hour.fold(f.Recorded(seq, NOW - ago, fact))
    return hour


def ran(outcome: str) -> f.Fact:
    return f.RunEnded("a", "a-1", outcome)


def gate(*, ok: bool = True, seconds: float = 1.0) -> f.Fact:
    return f.GateFinished("a", "tests", ok, "tree", seconds)


def test_nothing_is_exceeded_where_nothing_happened_or_no_threshold_is_given() -> None:
    assert folded().exceeded(NOW, ALL) == {}
    hour = folded((1.0, ran("failed")), (1.0, gate(ok=False, seconds=999.0)))
    assert hour.exceeded(NOW, dict.fromkeys(ALL)) == {}


def test_runs_that_failed_count_and_those_that_were_stopped_do_not() -> None:
    hour = folded(*((9.0, ran(one)) for one in ("done", "done", "timeout", "stopped", "failed", "stopped")))
    assert hour.exceeded(NOW, ALL) == {"agent_failure_rate": "2 of 4 runs failed within an hour, 50 %"}
    assert hour.exceeded(NOW, {"agent_failure_rate": 50.0}) == {}, "as many as allowed is not more"


def test_a_run_that_a_limit_ended_is_no_failure_where_it_is_not_counted_as_one() -> None:
    again = f.RetryScheduled("a", NOW, "usage limit, until 19:00", counted=False)
    other = f.RunEnded("b", "b-1", "failed")
    hour = folded((9.0, ran("done")), (8.0, other), (7.0, ran("failed")), (7.0, again))
    assert hour.exceeded(NOW, ALL) == {"agent_failure_rate": "1 of 2 runs failed within an hour, 50 %"}
    counted = folded((9.0, ran("failed")), (9.0, f.RetryScheduled("a", NOW, "it broke")))
    assert "1 of 1 runs" in counted.exceeded(NOW, ALL)["agent_failure_rate"]
    assert folded((9.0, ran("done")), (8.0, again)).exceeded(NOW, {"agent_failure_rate": 0.0}) == {}


def test_errors_are_runs_and_gates_that_failed() -> None:
    hour = folded((9.0, ran("failed")), *((5.0, gate(ok=False)) for _ in range(3)), (1.0, gate()))
    assert hour.exceeded(NOW, {"errors_per_hour": 3.0}) == {
        "errors_per_hour": "4 errors within an hour: 1 of runs, 3 of gates"
    }


def test_one_slow_gate_in_twenty_is_enough_and_in_a_hundred_is_not() -> None:
    slow = (3.0, gate(seconds=200.0))
    few = folded(*((5.0, gate()) for _ in range(9)), slow)
    assert few.exceeded(NOW, ALL) == {"gate_p95": "of 10 gates within an hour, one in twenty took 3m 20s or longer"}
    assert folded(*((5.0, gate()) for _ in range(99)), slow).exceeded(NOW, ALL) == {}


def test_what_is_older_than_an_hour_counts_no_more() -> None:
    hour = folded((3599.0, ran("failed")), (0.0, ran("done")))
    assert "agent_failure_rate" in hour.exceeded(NOW, ALL)
    assert hour.exceeded(NOW + 2, ALL) == {}
