"""What a run's processes are and use, read from the system while a real run is under way."""

import os
import time
from pathlib import Path

import pytest

from cockpit.agents import processes, runs
from cockpit.agents.processes import Process
from cockpit.agents.runs import RunSpec
from cockpit.errors import CockpitError


def look_until(folder: Path, *names: str) -> tuple[Process, ...]:
    deadline = time.monotonic() + 20
    while [one.name for one in processes.of_run(folder)] != [*names]:
        assert time.monotonic() < deadline, processes.of_run(folder)
        time.sleep(0.01)
    return processes.of_run(folder)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads /proc")
def test_a_runs_processes_are_told_as_a_tree_with_what_they_use(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    script = "sh -c 'sleep 60 && echo SECRET=1' & exec sleep 61"
    runs.start(RunSpec("r1", folder, ("sh", "-c", script), tmp_path, dict(os.environ)))
    try:
        found = look_until(folder, "sleep", "sh", "sleep")
        assert [one.depth for one in found] == [0, 1, 2]
        assert all(one.cpu_s is not None and one.memory for one in found)
        assert runs.look(folder).agent is not None
        assert found[0].pid == runs.look(folder).agent.pid  # type: ignore[union-attr]  # asserted above
    finally:
        runs.stop(folder, "end of test", 0.5)
    assert processes.of_run(folder) == ()


def test_without_a_way_to_look_names_and_figures_are_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_PROC", tmp_path)
    assert processes._look_at(os.getpid()) == (0, ("?", None, None))
    with pytest.raises(CockpitError):
        processes.of_run(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["/usr/bin/python3", "tools/agent.py", "--key", "abc"], "python3 agent.py"),
        (["git", "status"], "git status"),
        (["claude", "-p", "my prompt"], "claude"),
        (["curl", "AKIA1234567890SECRET"], "curl"),
        ([""], "comm"),
    ],
)
def test_a_process_is_named_without_what_may_be_a_secret(words: list[str], shown: str) -> None:
    assert processes._name("comm", words) == shown
