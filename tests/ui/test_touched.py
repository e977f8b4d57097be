"""Rows that are made again only where they may differ: the same rows as those of a screen that is opened just now."""

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cockpit.engine.handle import View
from cockpit.schedule import facts as f
from cockpit.schedule.fold import replay
from cockpit.schedule.readings import (
    ConflictReading,
    FindingReading,
    Forecast,
    Readings,
    RunReading,
    Step,
    WorktreeReading,
)
from cockpit.ui.present import Presenter, Row
from cockpit.ui.pulse import NO_PULSE
from tests.ui.fakes import many, under_way
from tests.unit.fact_strategies import facts
from tests.unit.outlines import START, changed_workstream, loaded, merged, outline
from tests.unit.test_fold import NAMES

PLAN = outline([("A", []), ("B", ["A"]), ("C", ["B"]), ("D", []), ("E", ["D", "A"])])
LEGS = [leg.key for leg in PLAN.legs]
LIFE = [fact for key in LEGS for fact in merged(key)]
MORE = [
    one
    for key in LEGS
    for one in (
        f.RunEnded(key, f"{key}@1", "unknown"),
        f.RunEnded(key, f"{key}@1", "failed"),
        f.LegFailed(key, "no"),
        f.ViolationFound(key, f"v{key}", "RULE", "HIGH", "a.py", 1, "x", "why", (), "claude#1", f"{key}@1"),
        f.LegRetried(key),
        f.UsageReported(key, f"{key}@1", 1000, 0, 10, 1.5),
        f.ReviewAsked(key),
    )
]
OTHERS = [
    f.LaunchingHeld(),
    f.LaunchingFreed(),
    f.AgentLimitChanged(1),
    f.AgentLimitChanged(9),
    f.WorkstreamUnwanted("A"),
    f.WorkstreamWanted("A"),
    f.PlanLoaded("/p", "", changed_workstream(PLAN, "B", title="another")),
]
READINGS: list[dict[str, Any]] = [
    {"runs": {"A@1": RunReading(output_bytes=7, activity="edits")}},
    {"runs": {"B@1": RunReading(stalled_since=START)}},
    {"worktrees": {"A": WorktreeReading(1, 2, 3, changed_at=START)}},
    {"notes": {"B": "looks on"}},
    {"conflicts": {"A": ConflictReading(("a.py",)), "B": ConflictReading(others={"A": ("b.py",)})}},
    {"conflicts": {}},
    {"findings": {"A": (FindingReading("1", "RULE", "HIGH", "a.py", due=START + 60),)}},
    {"steps": {"A": Step("gate unit (1 of 2)", START)}},
    {"left": {"A": START}},
    {"shared": {"lock": ("A", "B")}},
    {"hold": "the disk is full"},
    {"hold": ""},
    {"forecast": Forecast(START, 60.0, ends={"A": 30.0, "B": 60.0})},
]
STEPS = st.one_of(
    st.sampled_from([*LIFE, *MORE, *OTHERS]), facts(NAMES | {"leg": st.sampled_from(LEGS)}), st.sampled_from(READINGS)
)


def rested(rows: dict[str, Row]) -> dict[str, Row]:
    return {key: replace(row, pulse=NO_PULSE) for key, row in rows.items()}


@given(st.lists(STEPS, min_size=10, max_size=60))
@example([f.LegTaken("A", "r2", "claude#1"), f.RunEnded("B", "r2", "")])
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_rows_are_those_that_a_fresh_screen_would_show(steps: list[Any]) -> None:
    presenter, snapshot, readings = Presenter(), loaded(PLAN), Readings()
    for number, step in enumerate(steps, 1):
        if isinstance(step, dict):
            readings = replace(readings, **step)
        else:
            snapshot = replay(snapshot, [f.Recorded(number, START + number, step)])
        view = View(snapshot, readings)
        rows = presenter.rows(view)
        fresh = Presenter().rows(view)
        assert rested(rows) == rested(fresh)
        assert list(rows) == list(fresh)


def test_of_many_rows_only_those_are_made_that_may_differ() -> None:
    handle = many(200)
    under_way(handle, "ws-0003/ws-0003-1", "coder#1")
    looked_at: list[str] = []

    class Watched(Presenter):
        def _row(self, view: View, key: str, *args: Any, **more: Any) -> Row:
            looked_at.append(key)
            return super()._row(view, key, *args, **more)

    presenter = Watched()
    presenter.rows(handle.view())
    assert len(looked_at) == 200
    looked_at.clear()
    handle.read(runs={"ws-0003-1": RunReading(output_bytes=5)})
    presenter.rows(handle.view())
    handle.record(f.UsageReported("ws-0003/ws-0003-1", "ws-0003-1", 1000, 0, 10, 1.5))
    presenter.rows(handle.view())
    handle.read(steps={"ws-0003": Step("gate unit (1 of 2)")})
    presenter.rows(handle.view())
    assert looked_at == ["ws-0003"] * 3
    looked_at.clear()
    before = presenter.rows(handle.view())
    assert presenter.rows(handle.view()) is before
    assert not looked_at
    handle.record(f.LaunchingHeld())
    presenter.rows(handle.view())
    assert len(looked_at) == 200
