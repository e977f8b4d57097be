"""`cockpit PLAN --line`: by the driver where one runs, by the journal where none does; starts none, loads no screen."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cockpit.cli.known import known_state
from cockpit.cli.main import run
from cockpit.engine.client import driver_pid, glimpse
from cockpit.engine.peek import peeked
from cockpit.engine.project import open_project
from cockpit.filelock import FileLock
from tests.e2e.desk import Desk

pytestmark = [
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
    pytest.mark.usefixtures("alone"),
]
ROOT = Path(__file__).resolve().parents[2]


def line(desk: Desk, *words: str) -> str:
    desk.capsys.readouterr()
    assert run([str(desk.plan), "--line", *words]) == 0
    out = desk.capsys.readouterr().out
    assert out.count("\n") == 1
    return out.rstrip("\n")


def test_a_plan_that_was_never_opened_stands_as_its_file_says(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of("workstreams: [{id: a}, {id: b}]\n")
    assert line(desk).startswith("tiny  idle  · 2  agents 0/3")
    assert not (desk.repo / ".cockpit").exists()


def test_it_follows_the_driver_and_then_the_journal(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of("approve: {merge: always}\nworkstreams: [{id: slow}, {id: a}]\n")
    desk.trust()
    assert desk("start", "--all")[0] == 0
    desk.until(lambda: desk.workstream("slow")["state"] == "running" and desk.workstream("a")["state"] == "review")
    said = line(desk)
    assert "● 1 ◆ 1" in said
    assert "agents 1/3" in said
    assert "◆ 1 awaits you" in said
    assert "no driver" not in said
    assert "#[fg=yellow]◆ 1 awaits you#[default]" in line(desk, "--tmux")
    assert len(line(desk, "--width", "16")) <= 16
    (desk.repo.parent / "repo.worktrees" / "go").touch()
    desk.until(lambda: "◆ 2 await you" in line(desk))
    assert desk("stop-driver")[0] == 0
    state = known_state(desk.plan)
    assert state is not None
    desk.until(lambda: driver_pid(state[0]) is None)
    assert "◆ 2 await you" in line(desk)
    assert driver_pid(state[0]) is None
    desk.plan.write_text("workstreams: [")
    assert "◆ 2 await you" in line(desk), "a plan that is being edited stands as it did"


def test_a_driver_that_hangs_costs_little_and_is_said(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of("workstreams: [{id: a}]\n")
    state = open_project(desk.plan).state
    state.make()
    with FileLock(state.lock).held(1.0), socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(state.socket))
        deaf.listen()
        view = peeked(state, glimpse(state), patience_s=0.01)
    assert (view.connected, view.problem) == (False, "the driver does not answer")
    assert peeked(state, glimpse(state)).problem == ""


def test_a_status_bar_sees_what_is_wrong_with_the_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = tmp_path / "bad.yaml"
    plan.write_text("workstreams: [")
    assert run([str(plan), "--line", "--width", "30"]) == 2
    out, err = capsys.readouterr()
    assert out.startswith("✗ bad.yaml: ")
    assert len(out) == 31
    assert "bad.yaml:2:1: " in err


@pytest.mark.parametrize("words", [["--width", "9"], ["--tmux"], ["--line", "--start"], ["--line", "--read-only"]])
def test_options_that_do_not_go_together_are_refused(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (plan := tmp_path / "p.yaml").write_text("workstreams: [{id: a}]\n")
    assert run([str(plan), *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "--line" in err


def test_it_loads_neither_the_screen_nor_an_event_loop(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of("workstreams: [{id: a}]\n")
    desk.trust()
    assert desk("drain")[0] == 0
    code = "import sys\nfrom cockpit.cli.main import run\nrun(sys.argv[1:])\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, str(desk.plan), "--line"],
        capture_output=True, text=True, timeout=60, cwd=ROOT, env=dict(os.environ),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, loaded = done.stdout.split("\n", 1)
    assert first.startswith("tiny  ")
    heavy = {"textual", "asyncio", "pydantic", "cyclopts", "yaml", "git", "psutil", "hashlib", "subprocess"}
    assert heavy & {name.split(".")[0] for name in loaded.split()} == set()
