"""A git command that is killed alone, while cockpit lives: the checkout ends at one commit or the other, whole."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from cockpit.errors import GitError
from cockpit.git import blobs, integrate, interrupted, rebase, spawn, worktrees
from cockpit.git.repo import Repo
from tests.git.repos import commit, make_repo, run_git, write

MANY = {f"folder/{number}": f"{number}\n" for number in range(300)}


def children() -> list[int]:
    found: list[int] = []
    for thread in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found += map(int, (thread / "children").read_text().split())
    return found


@contextmanager
def killing(command: str, checkout: Path, times: int) -> Iterator[list[int]]:
    """Kill git commands of this process that move a checkout, once they wrote some files there."""
    killed: list[int] = []
    over = Event()

    def kill() -> None:
        while not over.is_set() and len(killed) < times:
            if not (checkout / "folder").is_dir():
                time.sleep(0.001)
                continue
            for pid in children():
                with contextlib.suppress(OSError):
                    argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                    if command.encode() in argv and argv[0] == b"git" and pid not in killed:
                        os.kill(pid, signal.SIGKILL)
                        killed.append(pid)

    thread = Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def clean(checkout: Path, *, but: str = "") -> bool:
    return run_git(checkout, "status", "--porcelain") == but


@pytest.mark.parametrize("times", [1, 2])
def test_a_merge_that_was_killed_in_the_operators_checkout_is_undone_and_can_be_done_again(
    tmp_path: Path, times: int
) -> None:
    top = make_repo(tmp_path)
    old = run_git(top, "rev-parse", "HEAD").strip()
    new = commit(top, "Many", MANY)
    run_git(top, "reset", "-q", "--keep", old)
    write(top, {"mine": "the operator's\n"})
    repo = Repo.open(top)
    with killing("merge", top, times) as killed:
        while run_git(top, "rev-parse", "HEAD").strip() == old:
            before = len(killed)
            try:
                assert integrate.publish(repo, "main", old, new) == integrate.Published(new, top)
            except GitError as error:
                if error.code != -signal.SIGKILL or len(killed) == before:
                    raise
            if run_git(top, "rev-parse", "HEAD").strip() == old:
                assert clean(top, but="?? mine\n"), "all of it was put back"
                assert not (top / ".git" / "index.lock").exists()
    assert len(killed) <= times
    assert clean(top, but="?? mine\n")
    assert (top / "folder" / "299").exists()


@pytest.mark.parametrize("way", ["rebase", "advance"])
def test_a_reset_that_was_killed_in_a_worktree_is_undone_and_can_be_done_again(tmp_path: Path, way: str) -> None:
    top = make_repo(tmp_path)
    repo = Repo.open(top)
    place = tmp_path / "trees" / "a"
    worktrees.add(repo, place, "work", "main", parent=tmp_path / "trees")
    if way == "rebase":
        commit(place, "Work", {"work": "1\n"})
    old = run_git(place, "rev-parse", "HEAD").strip()
    target = commit(top, "Many", MANY)
    with killing("reset", place, 1) as killed:
        while run_git(place, "rev-parse", "HEAD").strip() == old:
            try:
                if way == "rebase":
                    rebase.rebase_worktree(repo, place, target, plan="p", workstream="a", at=1.0)
                else:
                    worktrees.advance(repo, place, target, plan="p", workstream="a", at=1.0)
            except GitError as error:
                if error.code != -signal.SIGKILL or not killed:
                    raise
            assert clean(place)
    assert clean(place)
    assert (place / "folder" / "299").exists()
    assert (place / "work").exists() is (way == "rebase")


def test_a_reset_past_own_commits_is_finished_once_git_wrote_every_file(tmp_path: Path) -> None:
    repo = Repo.open(make_repo(tmp_path))
    top = worktrees.add(repo, tmp_path / "w" / "a", "a", "main").path
    old = commit(top, "Own", {"own": "1\n"})
    new = commit(repo.root, "Squashed", {"own": "1\n", "other": "2\n"})
    admin = repo.common_dir / "worktrees" / "a"
    run_git(top, "read-tree", "-m", "-u", old, new)  # all of a reset but its last step
    (admin / "cockpit-moving").write_text(json.dumps({"old": old, "new": new}))
    assert interrupted.undo(repo, top, admin).finished
    assert run_git(top, "rev-parse", "HEAD", "a").split() == [new, new]
    assert clean(top)
    assert not interrupted.is_noted(admin)


@pytest.fixture
def half_moved(tmp_path: Path) -> tuple[Repo, Path]:
    """A checkout in which git was killed once it had written two files of a move, one of them in part."""
    top = make_repo(tmp_path, {"a": "old\n", "b": "old\n", "c": "old\n"})
    old = run_git(top, "rev-parse", "HEAD").strip()
    new = commit(top, "Next", {"a": "new\n", "b": "new\n" * 100, "c": "new\n", "d": "new\n"})
    run_git(top, "reset", "-q", "--keep", old)
    write(top, {"a": "new\n", "b": "new\n" * 50})
    write(top / ".git", {"cockpit-moving": json.dumps({"old": old, "new": new, "held": None, "env": {}})})
    return Repo.open(top), top


def test_a_file_that_is_written_while_it_is_judged_is_left(
    half_moved: tuple[Repo, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, top = half_moved
    real = blobs.blob_id

    def slow(path: Path, like: str) -> tuple[str, str] | None:
        found = real(path, like)
        if path.name == "a" and path.read_text() == "new\n":
            path.write_text("own\n")  # as long, and within the same tick of the clock
        return found

    monkeypatch.setattr(interrupted, "blob_id", slow)
    assert interrupted.undo(repo, top, top / ".git") == interrupted.Undone(("b",), ("a",))
    assert [(top / name).read_text() for name in "abc"] == ["own\n", "old\n", "old\n"]


def test_a_file_that_comes_into_the_place_of_one_that_is_put_back_is_left(
    half_moved: tuple[Repo, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, top = half_moved
    real = spawn.git

    def late(args: Sequence[str], **options: Any) -> spawn.Done:
        if args[0] == "checkout-index":
            write(top, {"a": "the operator's\n"})
        return real(args, **options)

    monkeypatch.setattr(spawn, "git", late)
    assert interrupted.undo(repo, top, top / ".git") == interrupted.Undone(("b",), ("a",))
    assert [(top / name).read_text() for name in "abc"] == ["the operator's\n", "old\n", "old\n"]


def test_an_undo_that_was_killed_is_done_again(half_moved: tuple[Repo, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    repo, top = half_moved
    real = spawn.git

    def killed(args: Sequence[str], **options: Any) -> spawn.Done:
        if args[0] == "checkout-index":
            raise GitError("killed", code=-signal.SIGKILL)
        return real(args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(spawn, "git", killed)
        with pytest.raises(GitError):
            interrupted.undo(repo, top, top / ".git")
    assert not (top / "a").exists()
    new = json.loads((top / ".git" / "cockpit-moving").read_text())["new"]
    assert integrate.publish(repo, "main", repo.commit_id("main"), new) == integrate.Published(new, top)
    assert clean(top)
    assert not interrupted.is_noted(top / ".git")


def test_an_index_lock_that_was_there_before_the_move_stays(half_moved: tuple[Repo, Path]) -> None:
    repo, top = half_moved
    lock, note = top / ".git" / "index.lock", top / ".git" / "cockpit-moving"
    lock.touch()
    found = lock.stat()
    note.write_text(json.dumps({**json.loads(note.read_text()), "held": [found.st_ino, found.st_ctime_ns]}))
    with pytest.raises(GitError, match="another git command"):
        interrupted.undo(repo, top, top / ".git")
    assert lock.exists()
    lock.unlink()
    assert interrupted.undo(repo, top, top / ".git").restored == ("a", "b")
    assert clean(top)
