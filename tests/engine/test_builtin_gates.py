"""The gates that cockpit has built in, on real work, and gates that change their mind."""

from typing import Any

import pytest

from cockpit.engine.findings import Findings
from cockpit.engine.scanner import ScanError, Scanner
from cockpit.schedule import facts as f
from tests.engine.scenes import Scene

pytestmark = pytest.mark.anyio

LAX: dict[str, Any] = {
    "quarantine": [],
    "ignore": ["free/**"],
    "forbid": [{"name": "note", "pattern": "NOTE", "severity": "LOW"}],
}
IMPORTS = [{"name": "imports", "builtin": "imports"}, {"name": "never", "run": ["false"]}]
SCAN = [{"name": "scan", "builtin": "scan"}]


async def test_an_import_that_leads_to_nothing_fails_the_gate_and_nothing_comes_after_it(scene: Scene) -> None:
    scene.plan(
        {"a": {"does": "mkdir pkg; echo > pkg/__init__.py; echo 'from .gone import x' > pkg/one.py"}}, gates=IMPORTS
    )
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="failed")
        assert "gate imports failed: 1 imports lead to nothing" in play.leg("a").reason
        assert "pkg/one.py:1: UNRESOLVED_IMPORT: .gone is not in this repository" in play.leg("a").reason
        assert [one.gate for one in play.snapshot.gates["a"]] == ["imports"]
    scene.check()


async def test_imports_of_what_is_there_or_made_by_a_build_pass(scene: Scene) -> None:
    does = (
        "mkdir pkg; echo > pkg/__init__.py; echo x=1 > pkg/two.py; echo made.py > .gitignore\n"
        "echo 'from .two import x; from .made import y' > pkg/one.py"
    )
    scene.plan({"a": {"does": does}}, gates=IMPORTS[:1])
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
        assert [(one.gate, one.ok) for one in play.snapshot.gates["a"]] == [("imports", True)]
    scene.check()


async def test_the_scan_gate_takes_no_violation_of_whatever_severity_but_a_waived_one(scene: Scene) -> None:
    does = "mkdir -p free; echo NOTE > free/a.txt; echo NOTE > a.txt"
    scene.plan({"a": {"does": does}}, gates=SCAN, quality=LAX)
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="failed")
        assert "gate scan failed: 1 violations" in play.leg("a").reason
        assert "a.txt:1: note: " in play.leg("a").reason
        assert "free/" not in play.leg("a").reason
        assert (await play.order("waive", "a", reason="it is a note")).ok
        assert (await play.order("retry", "a")).ok
        await play.until_merged()
    assert scene.base_file("a.txt") == "NOTE\n"
    scene.check()


async def test_the_scan_gate_of_a_merge_knows_what_was_waived_and_whose_files_are_whose(scene: Scene) -> None:
    rows = {one: {"files": [f"{one}/**"], "does": f"mkdir {one}; echo NOTE > {one}/x.txt"} for one in ("a", "b")}
    gates = [{**SCAN[0], "when": "merge"}]
    scene.plan(rows, gates=gates, quality={**LAX, "quarantine": ["note"]}, approve={"merge": "always"})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="quarantined", b="quarantined")
        for one in ("a", "b"):
            assert (await play.order("waive", one, reason="it is a note")).ok
        await play.until_state(a="review", b="review")
        assert (await play.order("approve", "a", "b")).ok
        await play.until_merged()
        assert all(gate.ok for some in play.snapshot.gates.values() for gate in some)
        assert any(play.snapshot.gates.values())
    scene.check()


async def test_a_gate_that_fails_and_then_passes_on_the_same_tree_is_marked(scene: Scene) -> None:
    flips = ["sh", "-c", f"test -e {scene.stage}/second || {{ touch {scene.stage}/second; exit 1; }}"]
    scene.plan({"a": {"does": "echo same > a.txt"}}, gates=[{"name": "flips", "run": flips}], limits={"retries": 1})
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
        first, second = play.of(f.GateFinished)
        assert (first.ok, second.ok, first.tree == second.tree) == (False, True, True)
        assert [one.flaky for one in play.snapshot.gates["a"]] == [True]
        run = play.snapshot.runs[play.snapshot.legs["a"].run or ""]
        assert (run.tally.judged, run.tally.flawed, run.tally.gates, run.tally.passed) == (True, False, 1, 1)
    scene.check()


async def test_what_a_comment_allows_and_what_is_not_scanned_is_kept_for_the_review(scene: Scene) -> None:
    does = "echo 'x = 1  # NOTE cockpit: allow note it is one' > a.py; head -c 3000000 /dev/zero | tr '\\0' a > big.txt"
    scene.plan({"a": {"does": does}}, quality=LAX, approve={"merge": "always"})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="review")
        leg = play.leg("a")
        assert leg.allowed == ("a.py:1: note: it is one",)
        assert leg.unscanned == ("big.txt: larger than 2 MB",)
    scene.check()


async def test_the_scan_gate_takes_no_file_that_nobody_could_judge_but_an_image_and_what_is_ignored(
    scene: Scene,
) -> None:
    long = "head -c 30000 /dev/zero | tr '\\0' a"
    does = f"mkdir free; {long} > free/x.js; printf 'a\\0b' > image.png; {long} > %s"
    rows: dict[str, dict[str, Any]] = {"a": {"does": does % "min.js"}, "b": {"does": does % "/dev/null"}}
    scene.plan(rows, gates=SCAN, quality=LAX)
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="failed", b="merged")
        reason = play.leg("a").reason
        assert "gate scan failed: 1 files that could not be scanned" in reason
        assert "min.js: not scanned: has a line of over 20000 characters" in reason
        assert "image.png" not in reason
        assert play.leg("a").unscanned == (
            "image.png: binary",
            "min.js: has a line of over 20000 characters",
        )
    scene.check()


async def test_work_that_cannot_be_scanned_does_not_go_on_and_can_be_tried_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failing = Scanner.scan, [True]

    async def scan(scanner: Scanner, request: dict[str, Any]) -> Findings:
        if failing and request["commit"]:
            raise ScanError("the scan does not come to an end: the scanning process ended")
        return await real(scanner, request)

    monkeypatch.setattr(Scanner, "scan", scan)
    scene.plan({"a": {}})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="failed")
        assert "the work could not be scanned: the scan does not come to an end" in play.leg("a").reason
        failing.clear()
        assert (await play.order("retry", "a")).ok
        await play.until_merged()
    scene.check()


async def test_a_gate_for_critical_work_asks_nothing_of_other_work(scene: Scene) -> None:
    gates = [{**SCAN[0], "when": "critical"}]
    rows: dict[str, dict[str, Any]] = {"a": {"critical": True}, "b": {}}
    scene.plan({key: {**row, "does": f"echo NOTE > {key}.txt"} for key, row in rows.items()}, gates=gates, quality=LAX)
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="failed", b="merged")
        assert "gate scan failed" in play.leg("a").reason
        assert not play.snapshot.gates["b"]
    scene.check()
