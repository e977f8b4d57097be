"""Facts and readings over the socket: what comes in is what went out, entry by entry."""

import json
from typing import Any

import pytest

from cockpit.engine.wire import facts_in, message, news, patched, readings_out, workstreams_of
from cockpit.schedule.facts import LegFailed, PlanLoaded, Recorded
from cockpit.schedule.readings import FindingReading, Readings, Step
from cockpit.schedule.records import Record
from cockpit.schedule.snapshot import Snapshot
from tests.unit.outlines import OUT_OF_ORDER

FACTS = (
    Recorded(7, 12.5, PlanLoaded("/p", "workstreams: [{id: é}]\n", OUT_OF_ORDER), "ab"),
    Recorded(8, 13.25, LegFailed("a", "half a pair: \ud800, a line\n]}"), 'a "hash"'),
)
SEEN = FindingReading("v1", "RULE", "HIGH", "a.py", 3, 12.5)


def sent(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(readings_out(changes)))
    return found


@pytest.mark.parametrize("facts", [(), FACTS[:1], FACTS])
def test_facts_come_in_one_line_beside_the_rest_of_their_message(facts: tuple[Recorded, ...]) -> None:
    told = news({"id": 3, "problem": "é", "readings": {"notes": {}}}, facts)
    assert told.count(b"\n") == 1
    assert told.endswith(b"\n")
    found = message(told)
    assert facts_in(found.pop("facts")) == facts
    assert found == {"id": 3, "problem": "é", "readings": {"notes": {}}}


def test_findings_of_one_worktree_leave_those_of_others_alone() -> None:
    readings = patched(Readings(), sent(findings={"a": (SEEN,), "b": (SEEN, SEEN)}))
    assert readings.findings == {"a": (SEEN,), "b": (SEEN, SEEN)}
    assert patched(readings, sent(findings={"b": None})).findings == {"a": (SEEN,)}
    assert workstreams_of(Snapshot(), (), {"findings": {"b": None}}) == frozenset({"b"})


def test_a_step_comes_and_goes_with_its_workstream() -> None:
    readings = patched(Readings(), sent(steps={"a": Step("gate tests", 1.5)}))
    assert readings.steps == {"a": Step("gate tests", 1.5)}
    assert patched(readings, sent(steps={"a": None})).steps == {}
    assert workstreams_of(Snapshot(), (), {"steps": {"a": None}}) == frozenset({"a"})


def test_records_come_by_profile() -> None:
    record = Record(runs=3, judged=2, clean=1, held_s=1.5)
    assert patched(Readings(), sent(records={"x": record})).records == {"x": record}
