"""Gates: real commands, in order, ended with all that they started."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cockpit import processtree
from cockpit.plan.values import Command
from cockpit.quality import gates
from cockpit.quality.gates import GateResult, run_gate
from cockpit.quality.rules.malformed_syntax import RULE as MALFORMED_SYNTAX
from cockpit.quality.scan import scan_change


def ran(folder: Path, command: Command, timeout_s: float | None = None, **env: str) -> GateResult:
    return run_gate(
        "tests",
        command,
        worktree=folder,
        output=folder / "out.log",
        timeout_s=timeout_s,
        env={**os.environ, **env},
        cancelled=threading.Event(),
    )


def test_a_gate_that_passes(tmp_path: Path) -> None:
    result = ran(tmp_path, ("sh", "-c", "pwd; echo err >&2"))
    assert (result.ok, result.code, result.reason) == (True, 0, "")
    assert result.tail == f"{tmp_path}\nerr\n"
    assert result.output.read_text() == result.tail
    assert 0 < result.seconds < 30


def test_a_gate_that_fails_says_how(tmp_path: Path) -> None:
    result = ran(tmp_path, "echo 2 failed; exit 3")
    assert (result.ok, result.code, result.reason, result.tail) == (False, 3, "ended with code 3", "2 failed\n")
    assert ran(tmp_path, "kill -9 $$").reason == "was ended by signal 9"


def test_a_gate_that_cannot_be_run(tmp_path: Path) -> None:
    result = ran(tmp_path, ("no-such-program",))
    assert (result.ok, result.code) == (False, None)
    assert "no-such-program" in result.reason
    assert "no-such-program" in result.tail


@pytest.mark.parametrize("how", ["limit", "cancel"])
def test_the_whole_tree_goes_with_a_gate(tmp_path: Path, how: str) -> None:
    mark = f"gate-test-{os.getpid()}-{how}"
    ready = tmp_path / "ready"
    code = f"import os, time; os.fork() or (os.setsid(), open({str(ready)!r}, 'w')); time.sleep(600)"
    cancelled = threading.Event()

    def cancel_when_ready() -> None:
        deadline = time.monotonic() + 20
        while not ready.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        cancelled.set()

    if how == "cancel":
        threading.Thread(target=cancel_when_ready).start()
    result = run_gate(
        "slow",
        (sys.executable, "-I", "-S", "-c", code),
        worktree=tmp_path,
        output=tmp_path / "out.log",
        timeout_s=1.0 if how == "limit" else None,
        env=dict(os.environ),
        cancelled=cancelled,
        mark=mark,
    )
    assert (result.ok, result.code) == (False, None)
    assert result.reason == ("cancelled" if how == "cancel" else "did not end within its time limit")
    assert ready.exists()
    assert processtree.marked("COCKPIT_RUN", mark) == ()


def test_a_gate_leaves_nothing_running(tmp_path: Path) -> None:
    result = ran(tmp_path, "setsid sleep 600 & echo $COCKPIT_RUN")
    assert result.ok
    assert processtree.marked("COCKPIT_RUN", result.tail.strip()) == ()


def test_a_gate_does_not_end_the_run_around_it(tmp_path: Path) -> None:
    mark = f"gate-test-{os.getpid()}-around"
    with subprocess.Popen(["sleep", "600"], env={**os.environ, "COCKPIT_RUN": mark}) as bystander:
        assert ran(tmp_path, "sleep 600 & true", COCKPIT_RUN=mark).ok
        assert bystander.poll() is None
        bystander.kill()


def test_endless_output_is_cut_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "OUTPUT_CAP", 2 * 1024 * 1024)
    note = f"until grep -q 'not kept' {tmp_path}/out.log; do sleep 0.05; done"
    result = ran(tmp_path, f"head -c 5000000 /dev/zero | tr '\\0' x; {note}; echo the end", timeout_s=60)
    assert result.ok
    assert result.output.stat().st_size < 2 * 1024 * 1024
    assert b"bytes of output are not kept" in result.output.read_bytes()[:100]
    assert result.tail.endswith("the end\n")


@pytest.mark.parametrize(
    ("path", "data", "place"),
    [
        ("a.py", b"x = 1\nclass A:\n", (2, 9)),
        ("a.py", b"return 1\n", (1, 1)),
        ("a.pyi", b"def f(\n", (1, 6)),
        ("a.py", b"(" * 5000, None),
        ("p.json", b'{"a": 1,\n "b": }', (2, 7)),
        ("p.json", b"[\n" * 2_000, None),
        ("p.toml", b"a = 1\nb = \n", (2, 5)),
        ("p.yaml", b"a: 1\nb: [1, 2\nc: 3\n", (3, 2)),
        ("<<<<<<< ours.py", b"<<<<<<< ours\nx = 1\n=======\nx = 2\n>>>>>>> theirs\n", (1, 1)),
    ],
)
def test_what_does_not_parse_is_named_with_its_place(path: str, data: bytes, place: tuple[int, int] | None) -> None:
    (problem,) = scan_change(path, None, data, (MALFORMED_SYNTAX,)).violations
    assert problem.path == path
    assert problem.message
    if place:
        assert (problem.line, problem.column) == place


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("a.py", b"# coding: latin-1\nx = '\xff'\n"),
        ("a.py", b"import re\nre.compile('\\d')\nassert (1, 'x')\n"),  # warnings are no problems
        ("a.py", b"\xef\xbb\xbfx = 1\n"),
        ("a.py", b""),
        ("a.txt", b"def f(:"),
        ("p.json", b'\xef\xbb\xbf{"a": [1, null]}'),
        ("tsconfig.json", b'{\n  // comments are allowed here\n  "a": 1,\n}'),
        (".vscode/settings.json", b"{} // here too"),
        ("p.yaml", b"--- !Ref\na: !Sub {b: 1}\n---\nc: 3\n"),
        ("p.yaml", b""),
        ("p.toml", b'a = 1\n[b]\nc = "x"\n'),
    ],
)
def test_what_parses_is_fine(path: str, data: bytes) -> None:
    assert scan_change(path, None, data, (MALFORMED_SYNTAX,)).violations == ()
