import csv
import html.parser
import time

from msgspec.structs import replace

from cockpit.cli.report import markdown, page, parts, sheet
from cockpit.metrics.ledger import by, entries
from cockpit.metrics.report import document
from cockpit.schedule import facts as f
from cockpit.schedule.fold import fold
from cockpit.schedule.outline import Profile
from cockpit.schedule.snapshot import Cost, Snapshot
from tests.unit.outlines import outline, ran

DAY = 86_400.0
NOON = time.mktime((2026, 3, 4, 12, 0, 0, 0, 0, -1))
PLAN = replace(
    outline([("a", []), ("b", [])], slots=(("claude", 2), ("coder", 1))),
    profiles=(Profile("claude", 2, model="sonnet"), Profile("coder", 1)),
)


def used(leg: str, run: str, usd: float, tokens: int = 0) -> f.UsageReported:
    return f.UsageReported(leg, run, tokens, 0, tokens // 10, usd)


def lived(*more: tuple[float, f.Fact]) -> tuple[Snapshot, list[f.Recorded]]:
    """Return a plan on which two agents worked, and its facts: each with the time that it happened at."""
    begun = [f.DriverStarted(1), f.PlanLoaded("/p", "", PLAN), f.WorkstreamWanted("a"), f.WorkstreamWanted("b")]
    told = [(NOON, one) for one in (*begun, *ran("a", "claude#1"), *ran("b", "coder#1"))]
    snapshot, recorded = Snapshot(), []
    for seq, (at, fact) in enumerate((*told, *more), 1):
        recorded.append(f.Recorded(seq, at, fact))
        snapshot = fold(snapshot, recorded[-1])
    return snapshot, recorded


USED = (
    (NOON, used("a", "a@1", 1.0, 100)),
    (NOON + 60, used("a", "a@1", 1.5, 150)),
    (NOON + DAY, used("a", "a@1", 4.0, 400)),
    (NOON + DAY, used("b", "b@1", 0.25, 1000)),
)


def test_the_ledger_counts_what_was_added_on_each_day() -> None:
    snapshot, recorded = lived(*USED)
    ledger = entries(recorded, snapshot)
    assert [(one.day, one.run, one.agent, one.model, one.cost.usd) for one in ledger] == [
        ("2026-03-04", "a@1", "claude", "sonnet", 1.5),
        ("2026-03-05", "a@1", "claude", "sonnet", 2.5),
        ("2026-03-05", "b@1", "coder", "", 0.25),
    ]
    assert by(ledger, lambda one: one.agent) == {"claude": Cost(4.0, 400, 0, 40), "coder": Cost(0.25, 1000, 0, 100)}
    assert sum(one.cost.usd for one in ledger) == snapshot.cost().usd


def test_a_report_sums_by_agent_model_workstream_and_day_and_counts_questions() -> None:
    snapshot, recorded = lived(
        *USED,
        (NOON, f.QuestionAsked("a", "q1", "a@1", "?")),
        (NOON, f.QuestionAnswered("a", "q1", "yes", "olga", "operator")),
        (NOON, f.QuestionAsked("a", "q2", "a@1", "?")),
        (NOON, f.QuestionAnswered("a", "q2", "yes", "the plan", "automatic")),
        (NOON, f.QuestionAsked("a", "q3", "a@1", "?")),
    )
    found = document(snapshot, recorded, NOON)
    cost = found["cost"]
    assert (cost["total"]["usd"], cost["total"]["tokens_in"]) == (4.25, 1400)
    for part, names in (
        ("agent", ["claude", "coder"]),
        ("model", ["sonnet", "(the agent's own)"]),
        ("workstream", ["a", "b"]),
        ("day", ["2026-03-04", "2026-03-05"]),
    ):
        assert [one["name"] for one in cost[f"by_{part}"]] == names
    assert found["questions"] == {"asked": 3, "answered": 1, "automatic": 1, "unanswered": 1}
    assert [(one["id"], one["runs"], one["usd"]) for one in found["workstreams"]] == [("a", 1, 4.0), ("b", 1, 0.25)]


def test_a_plan_that_was_never_begun_has_a_report() -> None:
    found = document(Snapshot(), [], NOON)
    assert found["cost"]["ledger"] == []
    assert "not begun" in markdown(found)


def test_what_agents_wrote_means_nothing_to_markdown_html_or_a_spreadsheet() -> None:
    evil = "=1+1|<script>x</script>\x1b[31m\n# h"
    outline_ = replace(PLAN, profiles=(Profile("claude", 2, model=evil), Profile("coder", 1)))
    snapshot, recorded = lived((NOON, f.PlanLoaded("/p", "", outline_)), (NOON, f.RunEnded("a", "a@1", "failed")))
    snapshot = fold(snapshot, f.Recorded(99, NOON, f.LegFailed("a", evil)))
    again = (f.LegRetried("a"), f.LegTaken("a", "a@2", "claude#1"), used("a", "a@2", 1.0))
    for seq, fact in enumerate(again, 100):
        recorded.append(f.Recorded(seq, NOON, fact))
        snapshot = fold(snapshot, recorded[-1])
    snapshot = fold(snapshot, f.Recorded(200, NOON, f.LegFailed("a", evil)))
    found = document(snapshot, recorded, NOON)
    assert "\\|\\<script\\>" in markdown(found)
    assert "<script" not in page(found)
    assert "\x1b" not in markdown(found) + page(found) + sheet(found)
    rows = list(csv.DictReader(sheet(found).splitlines()))
    assert rows[-1]["model"].startswith("'=1+1|")
    assert all(len(row) == len(part.heads) for part in parts(found) for row in part.rows)
    html.parser.HTMLParser().feed(page(found))


def test_the_sheet_is_the_ledger() -> None:
    snapshot, recorded = lived(*USED)
    rows = list(csv.reader(sheet(document(snapshot, recorded, NOON)).splitlines()))
    assert rows[0][:3] == ["day", "workstream", "leg"]
    assert [row[6] for row in rows[1:]] == ["1.5", "2.5", "0.25"]
