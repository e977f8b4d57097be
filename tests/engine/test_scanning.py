"""The scanning process: hangs, deaths and faults cost the file that they happen at, and never the rest."""

import asyncio
import os
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cockpit import processtree
from cockpit.engine.effects import Effects
from cockpit.engine.monitor import Monitor
from cockpit.engine.scanner import ScanError, Scanner
from cockpit.engine.scanning import LEFT_OUT, Scanning
from cockpit.quality import apart
from cockpit.quality.policy import Judged, Policy
from cockpit.quality.scan import Scanned
from tests.git.repos import make_repo, run_git

pytestmark = pytest.mark.anyio
HANGS = ["hangs", "(a+)+$", "HIGH", []]
"""A pattern that needs years for the text below."""
ENDLESS = "a" * 64 + "!\n"
EVIL = ["no-evil", "EVIL", "HIGH", []]


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = make_repo(tmp_path)
    (made / "endless.txt").write_text(ENDLESS)
    (made / "more.txt").write_text("EVIL\n")
    return made


def request(repo: Path, *forbid: list[Any], **more: Any) -> dict[str, Any]:
    base = run_git(repo, "rev-parse", "HEAD").strip()
    asked = {"key": "a", "checkout": str(repo), "base": base, "commit": "", "exclude": [], "ignore": []}
    return {**asked, "forbid": list(forbid), "scope": None, **more}


def test_a_file_that_takes_too_long_is_given_up_and_told(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "FILE_SECONDS", 0.5)
    found = Scanning().answer(request(repo, HANGS, EVIL))
    assert found["skipped"] == {"endless.txt": "took longer than 0.5 s"}
    assert [one["path"] for one in found["violations"]] == ["more.txt"]


def test_a_rule_that_fails_keeps_nothing_else_from_being_looked_at(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Policy.judge

    def fails(policy: Policy, one: Judged) -> Scanned:
        if one.path == "endless.txt":
            raise ZeroDivisionError("half a rule")
        return real(policy, one)

    monkeypatch.setattr(Policy, "judge", fails)
    found = Scanning().answer(request(repo, EVIL))
    assert found["skipped"] == {"endless.txt": "a rule failed: ZeroDivisionError: half a rule"}
    assert [one["path"] for one in found["violations"]] == ["more.txt"]


def test_a_changed_policy_judges_again_what_did_not_change(repo: Path) -> None:
    one = Scanning()
    for forbid, expected in ((EVIL, 1), (["other", "OTHER", "LOW", []], 0), (EVIL, 1)):
        assert len(one.answer(request(repo, forbid))["violations"]) == expected


def test_a_lost_test_is_told_again_at_each_look_and_not_beside_lost_code(repo: Path) -> None:
    test, code = repo / "tests" / "test_a.py", repo / "shop.py"
    test.parent.mkdir()
    test.write_text("def test_a():\n    assert one() == 1\n")
    code.write_text("def one():\n    return 1\n")
    run_git(repo, "add", "-A")
    run_git(repo, "commit", "-q", "-m", "More")
    test.unlink()
    one, asked = Scanning(), request(repo)
    for _ in range(2):
        assert [(found["rule"], found["path"]) for found in one.answer(asked)["violations"]] == [
            ("LOGIC_ERROR", "tests/test_a.py")
        ]
    code.write_text("")
    assert one.answer(asked)["violations"] == []


def test_a_file_whose_time_was_set_back_is_looked_at_again(repo: Path) -> None:
    one, more = Scanning(), repo / "more.txt"
    assert len(one.answer(request(repo, EVIL))["violations"]) == 1
    was = more.stat()
    more.write_bytes(b"GOOD\n")
    os.utime(more, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert one.answer(request(repo, EVIL))["violations"] == []


def test_what_is_over_is_forgotten(repo: Path) -> None:
    one = Scanning()
    for key in ("a", "b", "c"):
        one.answer(request(repo, key=key, live=["a", "b", "c"]))
    one.answer(request(repo, key="c", live=["b", "c"]))
    assert one._seen.keys() == {"b", "c"}


def test_what_was_written_is_scanned_before_what_may_have_been() -> None:
    monitor = Monitor(cast("Effects", SimpleNamespace(engine=None)))
    monitor.sweep("a", "b", "c")
    monitor.touch("d")
    monitor.touch("c")
    assert [monitor._next() for _ in range(6)] == ["d", "c", "a", "b", "c", None]


async def test_what_gets_ready_is_what_scans(repo: Path) -> None:
    scanner = Scanner()
    try:
        await scanner.get_ready()
        first = scanner.pid
        assert first
        assert (await scanner.scan(request(repo, EVIL))).violations
        assert scanner.pid == first
    finally:
        await scanner.close()


async def test_an_answer_that_is_an_error_ends_no_process(repo: Path) -> None:
    scanner = Scanner()
    try:
        await scanner.scan(request(repo))
        first = scanner.pid
        with pytest.raises(ScanError):
            await scanner.scan({**request(repo), "base": "0" * 40})
        with pytest.raises(ScanError, match="KeyError: 'ignore'"):
            await scanner.scan({key: value for key, value in request(repo).items() if key != "ignore"})
        assert scanner.pid == first
        assert (await scanner.scan(request(repo, EVIL))).violations
    finally:
        await scanner.close()


async def test_a_process_that_is_killed_is_started_anew_and_the_work_is_scanned(repo: Path) -> None:
    scanner = Scanner()
    try:
        await scanner.scan(request(repo, EVIL))
        first = scanner.pid
        os.kill(first, signal.SIGKILL)
        found = await scanner.scan(request(repo, EVIL))
        assert [one.path for one in found.violations] == ["more.txt"]
        assert scanner.pid not in (0, first)
    finally:
        await scanner.close()


async def test_a_file_at_which_the_process_ends_twice_is_left_out_and_the_rest_is_scanned(repo: Path) -> None:
    scanner = Scanner()
    killed: set[int] = set()

    async def kill_when_busy() -> None:
        while len(killed) < 2:
            pid = scanner.pid
            if scanner.at == "endless.txt" and pid and pid not in killed:
                killed.add(pid)
                os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.01)

    killing = asyncio.create_task(kill_when_busy())
    try:
        found = await scanner.scan(request(repo, HANGS, EVIL))
        assert found.skipped == {"endless.txt": LEFT_OUT}
        assert [one.path for one in found.violations] == ["more.txt"]
        assert len(killed) == 2
    finally:
        killing.cancel()
        await scanner.close()


async def test_it_gets_no_secrets_and_ends_with_whoever_asked(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hush")
    scanner = Scanner()
    await scanner.scan(request(repo))
    process = processtree.identity(scanner.pid)
    assert process is not None
    environ = _environ(process.pid)
    assert b"hush" not in environ
    assert b"PATH=" in environ
    assert scanner._process is not None
    assert scanner._process.stdin is not None
    scanner._process.stdin.close()  # what the kernel does when the driver is killed
    await scanner._process.wait()
    assert not processtree.alive(process)
    await scanner.close()


def _environ(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()
