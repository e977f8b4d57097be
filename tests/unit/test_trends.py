"""Figures over time, what legs did when, how the estimate moved, and the tables made of them."""

import csv
import io
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.engine.forecasts import read_estimates, write_estimates
from cockpit.forecast.estimates import MOST, Estimate, Estimates
from cockpit.forecast.outlook import outlook
from cockpit.metrics.stints import KINDS, Stint, Stints
from cockpit.metrics.tables import csv_text
from cockpit.metrics.trends import ALL, DAY, HOUR, WEEK, Bucket, Series, Trends
from cockpit.schedule import facts as f
from cockpit.schedule.fold import fold
from cockpit.schedule.outline import Outline
from cockpit.schedule.readings import Forecast
from cockpit.schedule.snapshot import Snapshot
from cockpit.schedule.states import State
from tests.unit.outlines import START, loaded, merged, outline, outlines, ran, told


def recorded(*facts: f.Fact, at: float = START) -> list[f.Recorded]:
    return [f.Recorded(seq, at, fact) for seq, fact in enumerate(facts, 1)]


def summed(points: list[Bucket]) -> Bucket:
    total = Bucket(0.0)
    for one in points:
        total.add(one)
    return total


# --- trends -----------------------------------------------------------------------------------------------------------


def test_figures_are_counted_where_they_happened_and_each_run_is_judged_once() -> None:
    trends = Trends()
    for one in recorded(
        f.LegTaken("a", "a-1", "claude#1"),
        f.UsageReported("a", "a-1", tokens_in=10, tokens_out=5, usd=0.5),
        f.UsageReported("a", "a-1", tokens_in=30, tokens_out=5, usd=2.0),
        f.LegQuarantined("a", "claude#1", ("v1",)),
        f.WorkScanned("a", "a-1", "c", found=2),
        f.WorkScanned("a", "a-2", "c", found=0),
        f.WorkScanned("a", "a-2", "c", found=1),
        f.GateFinished("a", "tests", ok=True, tree="t", seconds=4.0),
        f.GateFinished("a", "tests", ok=False, tree="t", seconds=2.0),
        f.LegMerged("a", "c"),
    ):
        trends.fold(one)
    for window in (HOUR, DAY, WEEK, ALL):
        total = summed(trends.series[window].points(START + 1))
        assert (total.merged, total.judged, total.flawed) == (1, 2, 2)
        assert (total.usd, total.tokens) == (2.0, 35)
        assert (total.gates, total.gate_s) == (2, 6.0)


def test_a_window_forgets_what_is_too_old_and_shows_where_nothing_happened() -> None:
    series = Series(60.0, 5)
    series.at(0.0).merged += 1
    series.at(600.0).merged += 2
    assert [one.merged for one in series.points(660.0)] == [0, 0, 0, 2, 0]
    series.at(10.0).merged += 9  # a clock that went backward
    assert sum(one.merged for one in series.points(660.0)) == 2


@given(st.lists(st.floats(0, 1e8), max_size=60))
def test_all_of_the_time_fits_into_so_many_buckets_and_loses_nothing(moments: list[float]) -> None:
    series = Series(60.0, 10, widens=True)
    for moment in moments:
        series.at(moment).merged += 1
    points = series.points(max(moments, default=0.0))
    assert len(points) <= 10
    assert sum(one.merged for one in points) == len(moments)
    assert [one.at for one in points] == sorted(one.at for one in points)


# --- stints -----------------------------------------------------------------------------------------------------------


@given(outlines(most=5), st.data())
def test_stints_end_in_the_state_that_the_fold_ends_in(plan: Outline, data: st.DataObject) -> None:
    stints, snapshot = Stints(), Snapshot()
    ways: list[tuple[f.Fact, ...]] = [merged(leg.key) for leg in plan.legs]
    ways.append(tuple(f.WorkstreamWanted(one.id) for one in plan.workstreams))
    facts = [f.PlanLoaded("", "", plan), *(one for way in data.draw(st.permutations(ways)) for one in way)]
    at = START
    for fact in facts:
        one = f.Recorded(snapshot.seq + 1, at, fact)
        try:
            snapshot = fold(snapshot, one)
        except Exception:  # noqa: BLE001 - a leg whose turn has not come
            continue
        stints.fold(one)
        at += 1
    for key, found in stints.of_all().items():
        kind = KINDS[snapshot.legs[key].state]
        assert found[-1].kind == kind
        for before, after in pairwise(found):
            assert before.end is not None
            assert before.start <= before.end <= after.start


def test_a_leg_waits_from_when_it_is_wanted_and_each_stint_has_its_times() -> None:
    stints = Stints()
    steps: list[tuple[float, f.Fact]] = [
        (0, f.PlanLoaded("", "", outline([("a", ())]))),
        (5, f.WorkstreamWanted("a")),
        (9, f.LegTaken("a", "r", "claude#1")),
        (10, f.RunStarted("a", "r", 1)),
        (20, f.ChecksStarted("a")),
        (25, f.ReviewAsked("a")),
        (30, f.ApprovalGiven("a", "merge")),
        (31, f.MergeStarted("a")),
        (33, f.LegMerged("a", "c")),
    ]
    for seq, (at, fact) in enumerate(steps, 1):
        stints.fold(f.Recorded(seq, at, fact))
    assert stints.of_all()["a"] == [
        Stint("waiting", 5, 9),
        Stint("running", 9, 20),
        Stint("checking", 20, 25),
        Stint("review", 25, 31),
        Stint("merging", 31, 33),
        Stint("merged", 33, 33),
    ]
    stints.fold(f.Recorded(99, 50, f.PlanLoaded("", "", outline([("b", ())]))))
    assert stints.of_all() == {}


def test_every_state_is_some_kind_of_stint() -> None:
    assert set(KINDS) == set(State)


# --- estimates --------------------------------------------------------------------------------------------------------


def test_estimates_are_kept_when_they_move_or_a_minute_went_by_and_never_without_an_end() -> None:
    kept = Estimates()
    assert kept.add(Forecast(0.0, 1000.0, 1200.0))
    assert not kept.add(Forecast(10.0, 995.0, 1195.0))
    assert kept.add(Forecast(20.0, 2000.0, 2400.0))
    assert kept.add(Forecast(80.0, 1940.0, 2340.0))
    assert not kept.add(Forecast(500.0, why_not="a waits for you"))
    assert kept.all() == (Estimate(0.0, 1000.0, 1200.0), Estimate(20.0, 2020.0, 2420.0), Estimate(80.0, 2020.0, 2420.0))


def test_many_estimates_are_thinned_from_the_old_end() -> None:
    kept = Estimates()
    for minute in range(5 * MOST):
        kept.add(Forecast(minute * 60.0, 1000.0, 1200.0))
    times = [one.at for one in kept.all()]
    assert MOST // 2 < len(times) <= MOST
    assert times[0] == 0.0
    assert times[-1] == (5 * MOST - 1) * 60.0
    assert times[1] - times[0] > times[-1] - times[-2]


def test_estimates_outlive_their_driver_and_a_damaged_file_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "estimates.json"
    assert read_estimates(path) == ()
    kept = (Estimate(0.0, 1000.0, 1200.0), Estimate(20.0, 2020.0, 2420.0))
    write_estimates(path, kept)
    assert read_estimates(path) == kept
    for damaged in ("[[1.0, 2.0", '{"a": 1}', '[["x", 1, 2]]', ""):
        path.write_text(damaged)
        assert read_estimates(path) == ()
    write_estimates(tmp_path / "no" / "such" / "folder.json", kept)


# --- outlook and tables -----------------------------------------------------------------------------------------------


def test_an_outlook_has_each_leg_to_come_with_the_critical_ones_and_answers_for_other_numbers_of_agents() -> None:
    plan = outline([("a", ()), ("b", ()), ("c", ("a",))])
    one = outlook(loaded(plan, want=[]), START, 1)
    two = outlook(loaded(plan, want=[]), START, 2)
    assert one.all_wanted
    assert (one.agents, two.agents) == (1, 2)
    assert one.forecast.p50_s is not None
    assert two.forecast.p50_s is not None
    assert two.forecast.p50_s < one.forecast.p50_s
    assert {leg.leg for leg in two.legs} == {leg.key for leg in plan.legs}
    by_leg = {leg.leg: leg for leg in two.legs}
    assert by_leg["a"].critical
    assert by_leg["c"].critical
    assert not by_leg["b"].critical
    assert by_leg["c"].start == by_leg["a"].end


def test_fewer_agents_get_no_slots_that_more_of_them_have_not() -> None:
    plan = outline([("a", ()), ("b", ()), ("c", ())], max_agents=3, slots=[("claude", 1)])
    own, two, four = (outlook(loaded(plan, want=["a", "b", "c"]), START, agents) for agents in (None, 2, 4))
    assert own.forecast.p50_s == two.forecast.p50_s, "the one slot is the limit, with three agents as with two"
    assert four.forecast.p50_s is not None
    assert own.forecast.p50_s is not None
    assert four.forecast.p50_s < own.forecast.p50_s


def test_an_outlook_of_what_is_started_is_that_of_the_forecast() -> None:
    snapshot = told(loaded(outline([("a", ()), ("b", ())]), want=["a"]), *ran("a"))
    found = outlook(snapshot, START + 10)
    assert not found.all_wanted
    assert {leg.leg for leg in found.legs} == {"a"}


@pytest.mark.parametrize("text", ["=1+1", "+x", "-x", "@x", "a,b", 'a"b', "a\nb\x1b[31m"])
def test_what_is_in_a_cell_stays_one_cell_of_text(text: str) -> None:
    (head, row) = csv.reader(io.StringIO(csv_text(("name", "n"), [(text, 1.5)])))
    assert head == ["name", "n"]
    assert row[1] == "1.5"
    assert row[0][:1] not in "=+-@"
    assert "\x1b" not in row[0]
