"""What old runs printed is removed, and what a leg may still need is not."""

import os
from pathlib import Path

import pytest

from cockpit.store.paths import StateFolder
from cockpit.store.pruning import LOG_BYTES, LOG_KEPT, prune, shorten_log
from tests.engine.scenes import Scene


def printed(state: StateFolder, run: str, age: int, size: int = 10) -> None:
    for folder in (state.run(run), state.gates(run)):
        folder.mkdir(parents=True)
        (folder / "out.log").write_bytes(b"x" * size)
        os.utime(folder, (1_000_000 - age, 1_000_000 - age))


def left(state: StateFolder) -> set[str]:
    runs, gates = ({one.name for one in (state.path / top).iterdir()} for top in ("runs", "gates"))
    assert runs == gates
    return runs


def test_the_newest_stay_and_what_is_needed_however_old(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    for number in range(6):
        printed(state, f"run-{number}", age=number)
    assert prune(state, {"run-5"}, runs=2) == 3
    assert left(state) == {"run-0", "run-1", "run-5"}
    assert prune(state, {"run-5"}, runs=2) == 0


def test_no_more_bytes_stay_than_there_may_be(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    for number in range(4):
        printed(state, f"run-{number}", age=number, size=100)
    assert prune(state, (), size=450) == 2
    assert left(state) == {"run-0", "run-1"}


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    printed(state, "run-0", age=0)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "work").write_text("dear")
    (state.run("run-0") / "link").symlink_to(tmp_path / "mine")
    (state.path / "runs" / "other").symlink_to(tmp_path / "mine")
    assert prune(state, (), runs=0) == 1
    assert (tmp_path / "mine" / "work").read_text() == "dear"


def test_a_long_log_keeps_its_end_and_who_writes_to_it(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    shorten_log(state)
    with state.log.open("ab", buffering=0) as log:
        log.write(b"line\n" * (LOG_BYTES // 5 + 1))
        shorten_log(state)
        assert LOG_KEPT - 5 <= state.log.stat().st_size <= LOG_KEPT
        log.write(b"last\n")
    assert state.log.read_bytes().startswith(b"line\n")
    assert state.log.read_bytes().endswith(b"line\nlast\n")
    shorten_log(state)
    assert state.log.read_bytes().endswith(b"last\n")


@pytest.mark.anyio
async def test_a_driver_that_starts_removes_what_merged_work_printed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cockpit.engine.pruned.KEPT_RUNS", 0)
    scene.plan({"a": {}, "b": {"does": "exit 1"}})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="merged", b="failed")
        merged, failed = play.leg("a").run or "", play.leg("b").run or ""
    assert scene.state.run(merged).exists()
    async with scene.driving() as play:
        assert not scene.state.run(merged).exists()
        assert scene.state.run(failed).exists()
    scene.check()
