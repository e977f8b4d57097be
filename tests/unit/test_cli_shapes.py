"""The JSON that commands print fits the schemas that `cockpit schema --of` prints, whatever the names are."""

from typing import Any
from unicodedata import category

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cockpit.cli import shapes
from cockpit.cli.status import status_lines, status_of, why
from cockpit.cli.telling import summary
from cockpit.engine.handle import View
from cockpit.schedule import facts as f
from cockpit.schedule.fold import fold
from cockpit.schedule.outline import IssueOutline, LegOutline, Outline, Profile, WorkstreamOutline
from cockpit.schedule.readings import Forecast, PlanReading, Readings, WorktreeReading
from cockpit.schedule.snapshot import Snapshot
from tests.unit.cli_schema_check import misfits
from tests.unit.outlines import loaded, outline, ran, told

HOSTILE = "\x1b]0;pwned\x07[bold]x[/] \u202e\n${HOME}"


def snapshot_after(*facts: f.Fact, title: str = "", approve_start: bool = False) -> Snapshot:
    """Fold facts over a plan of two workstreams: A = [A-1, A-2 ← B-1], B = [B-1]."""
    legs = (
        LegOutline("A/A-1", "A", 1, ("A-1",)),
        LegOutline("A/A-2", "A", 2, ("A-2",), ("A/A-1", "B/B-1"), 2),
        LegOutline("B/B-1", "B", 1, ("B-1",)),
    )
    workstreams = (
        WorkstreamOutline(
            "A",
            title,
            agents=("coder",),
            issues=(IssueOutline("A-1", title), IssueOutline("A-2")),
            legs=("A/A-1", "A/A-2"),
            approve_start=approve_start,
        ),
        WorkstreamOutline("B", agents=("coder",), issues=(IssueOutline("B-1"),), legs=("B/B-1",)),
    )
    outline = Outline("plan", "/repo", "main", "/trees", (Profile("coder", 2),), workstreams=workstreams, legs=legs)
    snapshot = Snapshot()
    for seq, fact in enumerate((f.PlanLoaded("/repo/plan.yaml", "", outline), *facts), 1):
        snapshot = fold(snapshot, f.Recorded(seq, 100.0 + seq, fact))
    return snapshot


def harmless(line: str) -> bool:
    """Say whether a line holds no control character, escape sequence, half character or change of direction."""
    return not any(category(char) in ("Cc", "Cs") or char in "\u202a\u202b\u202d\u202e\u2066\u2067" for char in line)


def running(leg: str = "A/A-1", run: str = "r1", slot: str = "coder#1") -> tuple[f.Fact, ...]:
    return (
        f.WorkstreamWanted(leg[0]),
        f.LegTaken(leg, run, slot),
        f.WorktreeMade(leg, f"/trees/{leg[0]}", f"plan/{leg[0]}", "0" * 40),
        f.RunStarted(leg, run, 42, "/runs/r1"),
    )


def reviewed(leg: str = "A/A-1", run: str = "r1") -> tuple[f.Fact, ...]:
    return (
        *running(leg, run),
        f.RunEnded(leg, run, "done", 0),
        f.ChecksStarted(leg),
        f.WorkCommitted(leg, "c" * 40, "t" * 40, files=3, added=7, removed=1),
        f.ReviewAsked(leg),
    )


def merged(leg: str = "A/A-1", run: str = "r1") -> tuple[f.Fact, ...]:
    return (*reviewed(leg, run), f.ApprovalGiven(leg, "merge"), f.MergeStarted(leg), f.LegMerged(leg, "d" * 40))


def conflicting(leg: str = "B/B-1") -> tuple[f.Fact, ...]:
    begun = (*reviewed(leg, "r2"), f.ApprovalGiven(leg, "merge"), f.MergeStarted(leg))
    return (*begun, f.ConflictFound(leg, ("src/a.py",)))


def document(view: View, now: float = 1000.0, commit: str | None = "e" * 40) -> dict[str, Any]:
    found = shapes.document(status_of(view, now, commit))
    assert misfits(found, shapes.schema_of("status")) == []
    return found


def workstream(found: dict[str, Any], key: str) -> dict[str, Any]:
    one: dict[str, Any] = next(one for one in found["workstreams"] if one["id"] == key)
    return one


def test_a_plan_that_nobody_opened_is_idle_and_all_of_it_waits() -> None:
    found = document(View(snapshot_after(), connected=False), commit=None)
    assert found["state"] == "idle"
    assert found["counts"] == {"waiting": 2}
    assert found["driver"] is None
    assert found["eta"] is None
    assert found["base"] == {"branch": "main", "commit": None}
    assert [slot["state"] for slot in found["agents"]] == ["free", "free"]


def test_what_was_found_and_what_runs_came_to_is_told_with_figures() -> None:
    gates = (f.GateFinished("A/A-1", "g", ok, "t" * 40, how="h") for ok in (False, True))
    held = (
        *reviewed()[:-1],
        f.ViolationFound("A/A-1", "v1", "RULE", "HIGH", "x.py", 3, "...", "bad", ("gone",), "coder#1", "r1"),
        f.WorkScanned("A/A-1", "r1", "c" * 40, 1, ("y.py:1: RULE: meant",), ("z.bin: binary",)),
        *gates,
        f.LegQuarantined("A/A-1", "coder#1", ("v1",), "RULE in x.py:3"),
    )
    found = document(View(snapshot_after(*held)))
    one = workstream(found, "A")
    assert (one["allowed"], one["unscanned"], one["flaky_gates"]) == (["y.py:1: RULE: meant"], ["z.bin: binary"], ["g"])
    (bad,) = found["violations"]
    assert (bad["message"], bad["missing"], bad["state"], bad["since"] is None) == ("bad", ["gone"], "open", False)
    assert [(one["of"], one["name"]) for one in found["figures"]] == [("profile", "coder"), ("plan", "plan")]
    assert [(one["violation_rate"], one["quarantines"], one["release_s"]) for one in found["figures"]] == [
        (1.0, 1, None)
    ] * 2


def test_a_run_shows_its_slot_and_what_the_worktree_holds() -> None:
    reading = WorktreeReading(files=2, added=10, removed=3, ahead=1, behind=4)
    readings = Readings(worktrees={"A": reading}, driver_pid=77, driver_since=50.0, base_commit="f" * 40)
    found = document(View(snapshot_after(*running()), readings))
    one = workstream(found, "A")
    assert (one["state"], one["leg"], one["slot"], one["run"], one["agent"]) == (
        "running",
        "A/A-1",
        "coder#1",
        "r1",
        "coder",
    )
    assert (one["files"], one["added"], one["removed"], one["ahead"], one["behind"]) == (2, 10, 3, 1, 4)
    assert one["worktree"] == "/trees/A"
    assert found["driver"] == {"pid": 77, "since": "1970-01-01T00:00:50.000+00:00"}
    assert found["base"]["commit"] == "f" * 40
    assert found["agents"][0] == {
        "slot": "coder#1",
        "profile": "coder",
        "state": "busy",
        "workstream": "A",
        "run": "r1",
    }


def test_a_driver_that_is_gone_is_not_shown() -> None:
    view = View(snapshot_after(), Readings(driver_pid=77, driver_since=50.0), connected=False)
    assert document(view)["driver"] is None


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ((), "waiting"),
        (running(), "running"),
        ((*running(), f.RunEnded("A/A-1", "r1", "done", 0), f.ChecksStarted("A/A-1")), "checking"),
        (reviewed(), "done"),
        (merged(), "done"),
        ((*reviewed(), f.ApprovalRefused("A/A-1", "merge")), "rejected"),
    ],
)
def test_an_issue_is_done_once_its_leg_is_past_checking(facts: tuple[f.Fact, ...], state: str) -> None:
    one = workstream(document(View(snapshot_after(*facts))), "A")
    assert one["issues"][0] == {"id": "A-1", "state": state}


def test_a_workstream_is_merged_when_all_its_legs_are() -> None:
    one = workstream(document(View(snapshot_after(*merged()))), "A")
    assert (one["state"], one["leg"], one["ended"], one["commits"]) == ("waiting", "A/A-2", None, 1)
    facts = (*merged(), *merged("B/B-1", "r2"), *merged("A/A-2", "r3"))
    found = document(View(snapshot_after(*facts)))
    assert found["state"] == "finished"
    assert found["counts"] == {"merged": 2}
    assert workstream(found, "A")["commits"] == 2
    assert workstream(found, "A")["ended"] is not None
    assert [merge["leg"] for merge in found["merges"]] == ["A/A-1", "B/B-1", "A/A-2"]


def test_a_merge_that_was_rolled_back_is_shown_as_reverted() -> None:
    undone = (*merged(), f.RollbackAsked("A/A-1"), f.LegReverted("A/A-1", "9" * 40))
    found = document(View(snapshot_after(*undone)))
    assert [(one["commit"], one["reverted"]) for one in found["merges"]] == [("d" * 40, True)]
    assert workstream(found, "A")["state"] == "review"
    lines = summary(snapshot_after(*undone))
    assert lines[:3] == ["merged: 0 legs", "rolled back: 1 merge", "  A/A-1: ddddddddd by 999999999"]


def test_the_lines_of_an_error_are_kept_apart_in_the_table() -> None:
    facts = (*running(), f.RunEnded("A/A-1", "r1", "failed", 1), f.LegFailed("A/A-1", "gate x failed\nline 1\nline 2"))
    text = "\n".join(status_lines(View(snapshot_after(*facts)), 1000.0, None))
    assert "gate x failed │ line 1 │ line 2" in text


def test_what_is_blocked_names_the_leg_that_blocks_it() -> None:
    snapshot = snapshot_after(*merged(), *conflicting())
    found = document(View(snapshot))
    assert found["state"] == "attention"
    assert workstream(found, "A")["blocked_by"] == ["B/B-1"]
    assert workstream(found, "B")["error"] == "conflicts with main in src/a.py"
    assert why(snapshot, "A") == "blocked by B/B-1 (conflict)"


def test_an_approval_before_the_start_is_named() -> None:
    snapshot = snapshot_after(f.WorkstreamWanted("A"), approve_start=True)
    assert workstream(document(View(snapshot)), "A")["approval"] == "start"
    assert why(snapshot, "A") == "awaits your approval of its start"
    assert workstream(document(View(snapshot_after(*reviewed()))), "A")["approval"] == "merge"


def test_the_finish_counts_from_now() -> None:
    forecast = Forecast(at=1000.0, p50_s=60.0, p90_s=90.0, approvals=2)
    found = document(View(snapshot_after(*running()), Readings(forecast=forecast)), now=1010.0)
    assert found["eta"]["p50_s"] == 50.0
    assert found["eta"]["finish_p90"] == "1970-01-01T00:18:10.000+00:00"
    stuck = Forecast(at=1000.0, why_not="B is conflict")
    assert document(View(snapshot_after(), Readings(forecast=stuck)))["eta"] is None


def test_usage_is_summed() -> None:
    used = (f.UsageReported("A/A-1", "r1", 10, 5, 3, 0.5), f.UsageReported("A/A-1", "r2", 1, 0, 1, 0.25))
    found = document(View(snapshot_after(*running(), *used)))
    assert found["cost"] == {"usd": 0.75, "tokens_in": 11, "tokens_cached": 5, "tokens_out": 4}
    (use,) = found["usage"]  # of what no run is known for, nobody can say whose it was
    assert (use["run"], use["leg"], use["workstream"], use["profile"]) == ("r1", "A/A-1", "A", "coder")
    assert (use["usd"], use["tokens_in"], use["tokens_cached"], use["tokens_out"]) == (0.5, 10, 5, 3)


def test_a_profile_that_a_limit_put_to_sleep_is_asleep_until_it_wakes() -> None:
    ended = f.RunEnded("A/A-1", "r1", "failed", 1)
    slept = f.ProfileSlept("A/A-1", "r1", "coder", 2000.0, "quota")
    again = f.RetryScheduled("A/A-1", 1000.0, "quota", counted=False)
    view = View(snapshot_after(*running(), ended, slept, again))
    assert {one["state"] for one in document(view, now=1999.0)["agents"] if one["profile"] == "coder"} == {"asleep"}
    assert {one["state"] for one in document(view, now=2000.0)["agents"] if one["profile"] == "coder"} == {"free"}
    assert any("coder is asleep until" in line for line in status_lines(view, 1999.0, None))


def test_the_table_says_what_is_wrong_and_prints_nothing_hostile() -> None:
    facts = (*running(), f.RunEnded("A/A-1", "r1", "failed", 1), f.LegFailed("A/A-1", f"boom {HOSTILE}"))
    readings = Readings(plan=PlanReading(errors=(f"plan.yaml:3:1 {HOSTILE}",)))
    lines = status_lines(View(snapshot_after(*facts, title=HOSTILE), readings), 1000.0, "e" * 40)
    text = "\n".join(lines)
    assert "failed" in text
    assert "boom" in text
    assert "! plan.yaml:3:1" in text
    assert harmless(text.replace("\n", ""))


def test_columns_stay_aligned_under_wide_titles() -> None:
    lines = status_lines(View(snapshot_after(*running())), 1000.0, None)
    head = next(line for line in lines if line.startswith("WORKSTREAM"))
    rows = lines[lines.index(head) + 1 :]
    assert [row.index(word) for row, word in zip(rows, ("running", "waiting"), strict=True)] == [
        head.index("STATE")
    ] * 2


@settings(max_examples=50, deadline=None)  # the first example imports the schema's library
@given(st.text(), st.text())
def test_any_text_of_a_plan_keeps_the_shape(title: str, problem: str) -> None:
    view = View(snapshot_after(*running(), title=title), Readings(notes={"A": problem}), problem=problem)
    assert workstream(document(view), "A")["title"] == title
    assert all(harmless(line) for line in status_lines(view, 1000.0, None))


def test_a_document_that_lacks_or_adds_a_key_does_not_fit() -> None:
    found = document(View(snapshot_after()))
    schema = shapes.schema_of("status")
    assert misfits({**found, "more": 1}, schema)
    assert misfits({key: value for key, value in found.items() if key != "plan"}, schema)
    assert misfits({**found, "state": "asleep"}, schema)
    assert misfits({**found, "counts": {"merged": "2"}}, schema)


def test_every_shape_has_a_schema_that_says_what_its_parts_are() -> None:
    for name in shapes.ROOTS:
        schema = shapes.schema_of(name)
        assert schema["additionalProperties"] is False
        assert all(part["description"] for part in (schema, *schema.get("$defs", {}).values()))


def test_skipped_facts_are_said() -> None:
    lines = status_lines(View(replace(snapshot_after(), skipped=2)), 1000.0, None)
    assert any("2 facts of the journal" in line for line in lines)


def test_the_status_says_what_each_workstream_awaits_of_the_operator() -> None:
    plan = outline([("a", []), ("b", []), ("c", [])], approve_merge=True)
    snapshot = told(loaded(plan), *ran("a"), *ran("b", "claude#2"), *ran("c", "claude#3"))
    asked = f.QuestionAsked("a", "q1", "a@1", "Which?", ("x", "y"), "claude#1")
    ended = (f.RunEnded("b", "b@1", "done", 0), f.ChecksStarted("b"), f.ReviewAsked("b"))
    snapshot = told(snapshot, f.NoteMade("a", "a@1", "half way"), asked, *ended, f.RunEnded("c", "c@1", "failed"))
    status = status_of(View(told(snapshot, f.LegFailed("c", "no"))), 0.0, None)
    assert [(one.id, one.awaits) for one in status.workstreams] == [
        ("a", "answer"),
        ("b", "approval"),
        ("c", "decision"),
    ]
    assert (status.workstreams[0].note, status.questions[0].choices) == ("half way", ["x", "y"])
    assert misfits(shapes.document(status), shapes.schema_of("status")) == []
