"""A plan in which every state, every kind of alert and every kind of reading is there at once; for pictures."""

from msgspec.structs import replace

from cockpit.clock import FakeClock
from cockpit.schedule import facts as f
from cockpit.schedule.outline import Outline
from cockpit.schedule.readings import (
    ConflictReading,
    FindingReading,
    Forecast,
    Readings,
    RunReading,
    WorktreeReading,
)
from tests.ui import past
from tests.ui.fakes import DIFF, START, FakeHandle, loaded, outline, under_way, workstream

OUTPUT = (
    "\x1b[1mReading\x1b[0m the issues\n"
    "$ pytest -q tests/test_install.py\n"
    "\x1b[32m....................\x1b[0m\x1b[31mF\x1b[0m..\n"
    "E   AssertionError: release 1.4.2 is not installed from a clean folder\n"
    "\x1b[33mlooking at\x1b[0m packages/core/install.py\n"
)


def plan() -> Outline:
    """Return nineteen workstreams of three rounds: titles of every length, one of them of wide characters."""
    points = ("the tests ran from a clean clone", "no secret is in the diff", "docs tell of every new setting")
    return outline(
        workstream("ci-testing", "Fresh-install test of the releases, mocks for partial answers", 3, checklist=points),
        workstream("security", "Rate limits and key rotation"),
        workstream("database", "Move sessions to the new schema", 2),
        workstream("wide", "設定画面の日本語訳と用語集の見直し", 1),
        workstream("billing-and-invoices", "Invoices in the currency of the customer", 2, critical=True),
        workstream("search", "Index only what changed"),
        workstream("mail", "Bounces stop a list"),
        workstream("web", "A page for each release"),
        workstream("jobs", "A queue that survives a restart"),
        workstream("cache", "Say when it is cold"),
        workstream("export", "CSV without formulas"),
        workstream("import", "Read what the old one wrote"),
        workstream("logs", "Rotate by size"),
        workstream("nightly", "Run the slow tests by night"),
        workstream("auth", "Sessions end when a key is revoked", approve_start=True),
        workstream("theme", "Dark pages"),
        workstream("cli", "Status command over the new schema", 1, ("database/database-1",), 2),
        workstream("api", "Health and metrics end points", 1, ("security/security-1",), 2),
        workstream("docs", "Write down how to run it", 1, ("cli/cli-1",), 3),
    )


def done(handle: FakeHandle, leg: str, slot: str, *more: f.Fact) -> None:
    """Take a leg through a run into its checks, then on as the facts say."""
    key = handle.snapshot.legs[leg].workstream
    run = f"{key}-{handle.snapshot.legs[leg].attempt + 1}"
    under_way(
        handle,
        leg,
        slot,
        f.UsageReported(leg, run, 90_000, 0, 6_000, 0.74),
        f.RunEnded(leg, run, "done", 0),
        f.ChecksStarted(leg),
        f.WorkCommitted(leg, f"{key[:4]}0ffee1"[:9], "tree", files=4, added=120, removed=33),
        *more,
    )
    handle.clock.advance(60)


def merged(leg: str, commit: str) -> tuple[f.Fact, ...]:
    """Return what takes a leg from its checks to base."""
    return (
        f.ReviewAsked(leg),
        f.ApprovalGiven(leg, "merge", "olga@desk"),
        f.MergeStarted(leg),
        f.MergeBuilt(leg, commit, "tree", "9f31c2ab77"),
        f.LegMerged(leg, commit),
    )


def every_state() -> FakeHandle:
    """Return the plan with a leg in each state, one that stalls, one that is blocked, and all that can be noted."""
    handle = loaded(plan(), FakeClock(START))
    clock = handle.clock
    _through(handle)
    _held_up(handle)
    clock.advance(95)
    handle.record(f.WorkstreamWanted("nightly"), f.LegTaken("nightly/nightly-1", "nightly-1", "coder#2"), publish=False)
    handle.record(f.WorkstreamWanted("cli"), f.WorkstreamWanted("auth"), f.WorkstreamWanted("docs"), publish=False)
    snapshot, now = handle.snapshot, clock.now()
    profiles = tuple(replace(one, digest=one.name, model="large") for one in snapshot.outline.profiles)
    handle.snapshot = replace(snapshot, outline=replace(snapshot.outline, profiles=profiles))
    handle.readings = _readings(now)
    handle.outputs["ci-testing"] = handle.outputs["billing-and-invoices"] = OUTPUT
    handle.diffs = {"src/install.py": DIFF, "b.py": DIFF.replace("src/install.py", "b.py")}
    handle.gates = [
        {"gate": "syntax", "ok": True, "seconds": 0.4, "reason": "", "output": ""},
        {
            "gate": "tests",
            "ok": False,
            "seconds": 42.0,
            "reason": "exited with 1",
            "output": "FAILED tests/test_a.py::test_that_the_release_is_installed\n3 failed, 38 passed in 41.2s",
        },
    ]
    told = "# Issue ci-testing-2\n\nTest the releases from a clean folder.\n\n- no network\n- in 5 minutes\n"
    handle.prompt = {"run": "ci-testing-2", "text": told, "left_out": 0}
    handle.processes = {
        "run": "ci-testing-2",
        "at": 1.0,
        "processes": [[4242, 0, "claude --print", 1.0, 120_000_000], [4243, 1, "pytest -q", 31.5, 48_000_000]],
    }
    handle.estimates = past.moved(now)
    handle.ran = [
        [1, now - 90, 0.25, 0, "git worktree add --detach /srv/app.worktrees/web", "/srv/app", ""],
        [2, now - 80, 0.5, 0, "git status --porcelain=v2", "/srv/app.worktrees/web", ""],
        [3, now - 70, 12.5, 128, "git fetch origin main", "/srv/app", "fatal: no such ref\nsecond line"],
    ]
    return handle


def _through(handle: FakeHandle) -> None:
    """Take legs along the straight way, each to another state."""
    first, second = "ci-testing/ci-testing-1", "ci-testing/ci-testing-2"
    done(handle, first, "claude#1", *merged(first, "1111aaaa2222"))
    handle.record(
        f.LegTaken(second, "ci-testing-2", "claude#1"),
        f.WorktreeMade(second, "/srv/app.worktrees/ci-testing", "live/ci-testing", "1111aaaa2222"),
        f.RunStarted(second, "ci-testing-2", 4242),
        f.UsageReported(second, "ci-testing-2", 120_000, 0, 8_000, 1.84),
        publish=False,
    )
    one = "security/security-1"
    done(
        handle,
        one,
        "coder#1",
        f.GateFinished(one, "syntax", ok=True, tree="tree", seconds=0.4),
        f.GateFinished(one, "tests", ok=True, tree="tree", seconds=42.0),
        f.ReviewAsked(one),
        f.ViolationFound(
            one, "v3", "LOGIC_ERROR", "MEDIUM", "tests/test_keys.py", 40, "    assert True", "an assertion went"
        ),
        f.ViolationFound(one, "v4", "no-print", "LOW", "tests/conftest.py", 2, "print()", "a print is left"),
        f.ViolationWaived(one, "v4", "olga@desk", "it is a fixture"),
    )
    one = "search/search-1"
    done(handle, one, "coder#1", f.ReviewAsked(one), f.ApprovalGiven(one, "merge"))
    one = "mail/mail-1"
    done(handle, one, "coder#1", f.ReviewAsked(one), f.ApprovalGiven(one, "merge"), f.MergeStarted(one))
    done(handle, "web/web-1", "coder#1")
    one = "theme/theme-1"
    done(handle, one, "coder#1", *merged(one, "3333bbbb4444"))


def _held_up(handle: FakeHandle) -> None:
    """Take legs off the straight way, each in another manner."""
    one = "database/database-1"
    done(handle, one, "coder#2", f.LegFailed(one, "gate tests failed: 3 of 41"))
    one = "wide/wide-1"
    why = "PLACEHOLDER_DROPPED in src/install.py:13"
    under_way(
        handle,
        one,
        "claude#2",
        f.ViolationFound(
            one,
            "v1",
            "PLACEHOLDER_DROPPED",
            "CRITICAL",
            "src/install.py",
            13,
            "    # ... the rest stays the same",
            "4 lines went away, and a comment says that they are still there",
            ("    for one in found:", "        check(one)", "    if not found:", "        raise MissingError(name)"),
            "claude#2",
            "wide-1",
        ),
        f.ViolationFound(
            one,
            "v2",
            "SECURITY_RISK",
            "HIGH",
            "packages/core/a/rather/long/path/to/settings.py",
            3,
            'TOKEN = "…"',
            "a token in a known format",
            (),
            "claude#2",
            "wide-1",
        ),
        f.EndAsked(one, "quarantine"),
        f.RunEnded(one, "wide-1", "stopped"),
        f.LegQuarantined(one, "claude#2", ("v1", "v2"), why),
    )
    handle.clock.advance(42)
    one = "billing-and-invoices/billing-and-invoices-1"
    under_way(
        handle,
        one,
        "coder#1",
        f.QuestionAsked(
            one,
            "q1",
            "billing-and-invoices-1",
            "Round each line of an invoice, or only its sum?",
            ("each line, as before", "only the sum"),
            by="coder#1",
        ),
    )
    one = "jobs/jobs-1"
    done(handle, one, "coder#2", f.ReviewAsked(one), f.ApprovalGiven(one, "merge"), f.MergeStarted(one))
    handle.record(f.ConflictFound(one, ("src/queue.py", "src/db.py"), report="/srv/state/conflict-1.md"), publish=False)
    one = "cache/cache-1"
    under_way(handle, one, "coder#2", f.RunEnded(one, "cache-1", "failed", 1))
    handle.record(f.RetryScheduled(one, handle.clock.now() + 300, "the agent ended with 1"), publish=False)
    one = "export/export-1"
    under_way(handle, one, "coder#2", f.EndAsked(one, "pause"), f.RunEnded(one, "export-1", "stopped"))
    handle.record(f.LegPaused(one), publish=False)
    one = "import/import-1"
    done(
        handle, one, "coder#2", f.ReviewAsked(one), f.ApprovalRefused(one, "merge", "olga@desk", "no test of old files")
    )
    one = "logs/logs-1"
    under_way(handle, one, "coder#2", f.EndAsked(one, "stop"), f.RunEnded(one, "logs-1", "stopped"), f.LegStopped(one))


def _readings(now: float) -> Readings:
    return Readings(
        worktrees={
            "ci-testing": WorktreeReading(7, 214, 36, 1, 2, 1),
            "security": WorktreeReading(4, 120, 33, 0, 3, 0),
            "billing-and-invoices": WorktreeReading(12, 1_408, 977, 2, 0, 14),
        },
        runs={
            "ci-testing-2": RunReading(now - 5, len(OUTPUT), now - 2, "running pytest tests/test_install.py"),
            "billing-and-invoices-1": RunReading(now - 900, len(OUTPUT), now - 600, "", now - 600),
        },
        conflicts={"security": ConflictReading(("src/keys.py",), {"jobs": ("src/db.py", "src/queue.py")})},
        shared={"package-lock.json": ("ci-testing", "billing-and-invoices")},
        findings={"ci-testing": (FindingReading("s", "no-evil", "HIGH", "src/db.py", 12, now - 40, now + 80),)},
        notes={"disk": "only 1.2 GB is free in /srv", "alerts.gate_p95": "gates take 7 min, more than 5"},
        forecast=Forecast(
            now, 4200.0, 6180.0, 3, 900.0, "", {"ci-testing": 1500.0, "security": 60.0, "billing-and-invoices": 6000.0}
        ),
        base_commit="9f31c2ab77",
        driver_pid=77,
        driver_since=START,
    )
