"""An in-process handle that really folds facts, and believable plans to look at; for tests of the screen."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec.structs import replace

from cockpit.clock import FakeClock
from cockpit.engine.handle import Answer, View
from cockpit.engine.outputs import printed, sought
from cockpit.errors import CockpitError, DriverGoneError, OrderRefusedError
from cockpit.forecast.estimates import Estimate
from cockpit.schedule import facts as f
from cockpit.schedule.carry import carry_out
from cockpit.schedule.fold import fold
from cockpit.schedule.orders import Order
from cockpit.schedule.outline import IssueOutline, LegOutline, Outline, Profile, WorkstreamOutline
from cockpit.schedule.readings import Forecast, Readings, RunReading, WorktreeReading
from cockpit.schedule.snapshot import Snapshot
from tests.ui import past

START = 1_700_000_000.0


class FakeHandle:
    """A driver without effects: orders become facts at once, facts are folded, every change is a view."""

    def __init__(self, snapshot: Snapshot, readings: Readings | None = None, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock(START)
        self.snapshot = snapshot
        self.readings = readings or Readings()
        self.connected = True
        self.orders: list[Order] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.outputs: dict[str, str] = {}
        self.errors: dict[str, str] = {}
        self.formats: dict[str, str] = {}
        self.commands: list[list[str]] = []
        self.diffs: dict[str, str] = {}
        self.since_review: dict[str, str] = {}
        self.unread: set[str] = set()
        self.told: dict[str, Any] = {}
        self.gates: list[dict[str, Any]] = []
        self.prompt: dict[str, Any] = {"run": None, "text": "", "left_out": 0}
        self.workplace: dict[str, Any] = {
            "argv": ["true"],
            "pass": ["HOME"],
            "agent": "claude --resume S",
            "why_not": "",
        }
        self.processes: dict[str, Any] | CockpitError = {"run": None, "at": 0.0, "processes": []}
        self.recorded: list[f.Recorded] = []
        self.ran: list[list[Any]] = []
        self.base: list[list[Any]] = []
        self.estimates: list[Estimate] = []
        self.subscribers: list[asyncio.Queue[View | Exception | None]] = []

    def view(self, *facts: f.Recorded) -> View:
        problem = "" if self.connected else "it was killed"
        return View(self.snapshot, self.readings, facts, None, self.connected, problem)

    def record(self, *facts: f.Fact, publish: bool = True) -> None:
        new = []
        for fact in facts:
            recorded = f.Recorded(self.snapshot.seq + 1, self.clock.now(), fact)
            self.snapshot = fold(self.snapshot, recorded)
            new.append(recorded)
        self.recorded += new
        if publish:
            self.publish(*new)

    def read(self, **changes: Any) -> None:
        self.readings = replace(self.readings, **changes)
        self.publish()

    def publish(self, *facts: f.Recorded) -> None:
        for queue in self.subscribers:
            queue.put_nowait(self.view(*facts))

    def break_line(self, error: Exception | None = None) -> None:
        for queue in self.subscribers:
            queue.put_nowait(error)

    def print(self, workstream: str, text: str) -> None:
        self.outputs[workstream] = self.outputs.get(workstream, "") + text
        run = self.snapshot.leg_under_way(workstream).run or ""
        size = len(self.outputs[workstream].encode())
        known = self.readings.runs.get(run, RunReading())
        self.read(runs={**self.readings.runs, run: replace(known, output_bytes=size)})

    async def subscribe(self) -> AsyncIterator[View]:
        queue: asyncio.Queue[View | Exception | None] = asyncio.Queue()
        self.subscribers.append(queue)
        try:
            yield self.view()
            while (item := await queue.get()) is not None:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            self.subscribers.remove(queue)

    async def order(self, order: Order) -> Answer:
        if not self.connected:
            raise DriverGoneError("the driver is gone")
        self.orders.append(order)
        if order.verb == "trust":
            self.read(plan=replace(self.readings.plan, untrusted=(), asks=()))
        try:
            carried = carry_out(self.snapshot, order)
        except OrderRefusedError as error:
            return Answer("o1", ok=False, note=error.what)
        self.record(*carried.facts)
        return Answer("o1", ok=True, note="; ".join(carried.left_out))

    async def ask(self, question: str, **arguments: Any) -> Any:
        self.asked.append((question, arguments))
        if not self.connected:
            raise DriverGoneError("the driver is gone")
        if question in ("printed", "sought"):
            return self.answer_printed(question, **arguments)
        if question == "ignored":
            return {"files": 3, "bytes": 1_500_000}
        if question == "commands":
            return {"commands": self.commands, "digest": "as shown"}
        if question == "diff":
            return self._diff(**arguments)
        if question == "processes":
            if isinstance(self.processes, CockpitError):
                raise self.processes
            return self.processes
        if question == "gates":
            return {"gates": self.gates}
        if question == "prompt":
            return self.prompt
        if question == "workplace":
            return self.workplace
        return past.answer(self, question, arguments)

    def _diff(self, workstream: str, path: str = "", since: str = "") -> dict[str, Any]:
        """Return the diffs of all files, or of one, as a driver tells them; all of it lacks those unread."""
        known = self.since_review if since else self.diffs
        text = known.get(path, "") if path else "".join(text for name, text in known.items() if name not in self.unread)
        leg = self.snapshot.leg_under_way(workstream)
        listed = [_listed(name, text) for name, text in known.items() if not path or name == path]
        told = {"files": len(listed), "left_out": 0 if path else len(self.unread), "cut": False, "lines_left": 0}
        return {"leg": leg.key, "base": leg.base, "text": text, **told, "listed": listed, "marked": []} | self.told

    def answer_printed(self, question: str, workstream: str, **arguments: Any) -> dict[str, Any]:
        """Return what a driver tells of the logs of a workstream's run: they lie in files, as everywhere."""
        run = self.snapshot.leg_under_way(workstream).run
        with TemporaryDirectory() as folder:
            where = Path(folder)
            (where / "stdout.log").write_text(self.outputs.get(workstream, ""), newline="")
            (where / "stderr.log").write_text(self.errors.get(workstream, ""), newline="")
            (where / "output-format").write_text(self.formats.get(workstream, "plain"))
            if question == "sought":
                return {"run": run, **sought(where, **arguments)}
            return {"run": run, **printed(where, arguments.pop("places", None), **{"limit": 65536, **arguments})}

    async def close(self) -> None:
        self.break_line()


def _listed(name: str, text: str) -> list[Any]:
    signs = [line[:1] for line in text.splitlines() if not line.startswith(("+++", "---"))]
    letter = "A" if "new file" in text else "D" if "deleted file" in text else "M"
    return [name, name, letter, signs.count("+"), signs.count("-"), "binary" if "Binary" in text else ""]


def workstream(
    key: str, title: str, legs: int = 1, needs: tuple[str, ...] = (), round_: int = 1, **changes: Any
) -> tuple[WorkstreamOutline, tuple[LegOutline, ...]]:
    keys = tuple(f"{key}/{key}-{number}" for number in range(1, legs + 1))
    outlines = tuple(
        LegOutline(
            leg,
            key,
            number,
            (f"{key}-{number}",),
            (keys[number - 2],) if number > 1 else needs,
            round_ + number - 1,
            estimate_s=1800.0,
        )
        for number, leg in enumerate(keys, 1)
    )
    issues = tuple(IssueOutline(f"{key}-{number}", f"issue {number}") for number in range(1, legs + 1))
    one = WorkstreamOutline(
        key, title, branch=f"live/{key}", agents=("claude", "coder"), issues=issues, legs=keys, **changes
    )
    return one, outlines


def outline(*parts: tuple[WorkstreamOutline, tuple[LegOutline, ...]], name: str = "live-services") -> Outline:
    return Outline(
        name,
        repo="/srv/app",
        base="main",
        profiles=(Profile("claude", 2), Profile("coder", 3)),
        max_agents=3,
        workstreams=tuple(one for one, _ in parts),
        legs=tuple(leg for _, legs in parts for leg in legs),
    )


def loaded(plan: Outline, clock: FakeClock | None = None) -> FakeHandle:
    handle = FakeHandle(Snapshot(), clock=clock)
    handle.record(f.PlanLoaded("plan.yaml", "", plan), publish=False)
    return handle


def six() -> Outline:
    """Six workstreams in three rounds: two need others' legs, one asks for an approval before its start."""
    return outline(
        workstream("ci-testing", "Fresh-install test of the releases, mocks for partial answers", 2),
        workstream("security", "Rate limits and key rotation"),
        workstream("database", "Move sessions to the new schema", 2),
        workstream("cli", "Status command over the new schema", 1, ("database/database-1",), 2),
        workstream("api", "Health and metrics end points", 1, ("security/security-1",), 2, approve_start=True),
        workstream("docs", "Write down how to run it", 1, ("cli/cli-1",), 3),
    )


def under_way(handle: FakeHandle, leg: str, slot: str, *more: f.Fact) -> None:
    """Take a leg to running, then on as the facts say."""
    key = handle.snapshot.legs[leg].workstream
    run = f"{key}-{handle.snapshot.legs[leg].attempt + 1}"
    if not handle.snapshot.workstreams[key].wanted:
        handle.record(f.WorkstreamWanted(key), publish=False)
    handle.record(
        f.LegTaken(leg, run, slot),
        f.WorktreeMade(leg, f"/srv/app.worktrees/{key}", f"live/{key}", "abc"),
        f.RunStarted(leg, run, 4242),
        *more,
        publish=False,
    )


def busy() -> FakeHandle:
    """A plan in the middle: one runs, one stalls, one awaits its merge, one failed, one is blocked, one waits."""
    clock = FakeClock(START)
    handle = loaded(six(), clock)
    leg = "ci-testing/ci-testing-1"
    under_way(handle, leg, "claude#1")
    under_way(
        handle,
        leg2 := "security/security-1",
        "coder#1",
        f.RunEnded(leg2, "security-1", "done", 0),
        f.ChecksStarted(leg2),
        f.WorkCommitted(leg2, "c0ffee1", "tree", files=4, added=120, removed=33),
        f.GateFinished(leg2, "syntax", ok=True, tree="tree", seconds=0.4),
        f.ReviewAsked(leg2),
    )
    under_way(handle, "database/database-1", "coder#2")
    clock.advance(95)
    leg3 = "database/database-1"
    handle.record(
        f.RunEnded(leg3, "database-1", "failed", 2, "tests failed"),
        f.LegFailed(leg3, "gate tests failed: 3 of 41"),
        f.WorkstreamWanted("cli"),
        f.WorkstreamWanted("api"),
        f.UsageReported(leg, "ci-testing-1", 120_000, 0, 8_000, 1.84),
        publish=False,
    )
    clock.advance(200)
    handle.readings = Readings(
        worktrees={
            "ci-testing": WorktreeReading(7, 214, 36, 1, 2, 1),
            "security": WorktreeReading(4, 120, 33, 0, 3, 0),
        },
        runs={
            "ci-testing-1": RunReading(activity="running pytest tests/test_install.py", source="asserted"),
        },
        forecast=Forecast(clock.now(), 4200.0, 6180.0, 3, 0.0, "", {"ci-testing": 1500.0, "security": 60.0}),
        base_commit="9f31c2ab77",
        driver_pid=77,
        driver_since=START,
    )
    handle.outputs["ci-testing"] = (
        "\x1b[1mReading\x1b[0m the issues\n"
        "$ pytest -q tests/test_install.py\n"
        "\x1b[32m....................\x1b[0m\x1b[31mF\x1b[0m..\n"
        "E   AssertionError: release 1.4.2 is not installed from a clean folder\n"
        "\x1b[33mlooking at\x1b[0m packages/core/install.py\n"
    )
    return handle


DROPPED = f.ViolationFound(
    "ci-testing/ci-testing-1",
    "v1",
    "PLACEHOLDER_DROPPED",
    "CRITICAL",
    "src/install.py",
    13,
    "    # ... the rest stays the same",
    "4 lines went away, and a comment says that they are still there",
    ("    for one in found:", "        check(one)", "    if not found:", "        raise MissingError(name)"),
    "claude#1",
    "ci-testing-1",
)
SECRET = f.ViolationFound(
    "ci-testing/ci-testing-1",
    "v2",
    "SECURITY_RISK",
    "HIGH",
    "packages/core/a/rather/long/path/to/settings.py",
    3,
    'TOKEN = "…"',
    "a token in a known format",
    (),
    "claude#1",
    "ci-testing-1",
)
STANDS = f.ViolationFound(
    "security/security-1",
    "v3",
    "LOGIC_ERROR",
    "MEDIUM",
    "tests/test_keys.py",
    40,
    "    assert True",
    "an assertion was made trivial",
    ("    assert rotated != key",),
    "coder#1",
    "security-1",
)
DIFF = """diff --git a/src/install.py b/src/install.py
index 1..2 100644
--- a/src/install.py
+++ b/src/install.py
@@ -1,3 +1,4 @@ import os
 import os
+import sys
\x20
 def main():
@@ -10,9 +11,6 @@ def install(name):
 def install(name):
     found = look_for(name)
-    for one in found:
-        check(one)
-    if not found:
-        raise MissingError(name)
+    # ... the rest stays the same
     return found
"""


def held() -> FakeHandle:
    """Return the plan in the middle, with one leg quarantined, one violation open in review, one waived, one fixed."""
    handle = busy()
    mild = replace(STANDS, id="v4", path="tests/conftest.py", line=2, rule="no-print", severity="LOW")
    gone = replace(STANDS, id="v5", path="tests/test_old.py", line=9, rule="INCOMPLETE_CODE", severity="HIGH")
    why = "PLACEHOLDER_DROPPED in src/install.py:13"
    handle.record(
        STANDS,
        mild,
        gone,
        f.ViolationWaived(mild.leg, "v4", "olga@desk", "it is a fixture"),
        f.ViolationFixed(gone.leg, "v5"),
        DROPPED,
        SECRET,
        f.EndAsked(DROPPED.leg, "quarantine"),
        f.RunEnded(DROPPED.leg, "ci-testing-1", "stopped"),
        f.LegQuarantined(DROPPED.leg, "claude#1", ("v1",), why),
        publish=False,
    )
    handle.clock.advance(42)
    handle.diffs = {"src/install.py": DIFF, "b.py": DIFF.replace("src/install.py", "b.py")}
    return handle


def many(number: int) -> FakeHandle:
    """A plan of many workstreams."""
    return loaded(outline(*(workstream(f"ws-{at:04d}", f"Workstream number {at}") for at in range(number))))
