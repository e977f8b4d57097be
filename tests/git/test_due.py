"""What a start would put right is told beforehand, each thing once, and nothing is changed by telling it."""

import os
from pathlib import Path

from cockpit.git import removal, worktrees
from cockpit.git.mend import due, mend
from cockpit.git.repo import Repo
from tests.git.repos import run_git, write


def everything(top: Path) -> dict[str, int]:
    """Return all paths below a folder with the times at which they were changed."""
    return {str(path): path.lstat().st_mtime_ns for path in sorted(top.rglob("*"))}


def test_what_is_due_is_what_mending_finds_and_telling_it_changes_nothing(repo: Repo, folder: Path) -> None:
    for name in ("half", "bare"):
        run_git(repo.root, "worktree", "add", "-q", "--no-checkout", "-b", name, str(folder / name))
    write(repo.common_dir / "worktrees" / "half", {"locked": "initializing\n"})
    for name in ("gone", "staged", "aside", "locked"):
        path = worktrees.add(repo, folder / name, name, "main").path
        if name == "staged":
            write(path, {"work.txt": "staged\n"})
            run_git(path, "add", "work.txt")
        if name in ("gone", "staged"):
            removal.take_away(path, removal.listing(path))
    removal.put_aside(folder / "aside")
    lock = repo.common_dir / "worktrees" / "locked" / "index.lock"
    lock.touch()
    os.utime(lock, (1, 1))
    branches = ["half", "bare", "gone", "staged", "aside", "locked"]
    before = everything(repo.common_dir), everything(folder)
    told = due(repo, folder, branches)
    assert (everything(repo.common_dir), everything(folder)) == before
    assert len({one.what for one in told}) == len(told) == len(branches)
    words = {Path(one.what).name: one.done for one in told}
    assert "will be undone" in words["half"]
    assert "will be finished" in words["bare"]
    assert "forgotten" in words["gone"]
    assert "made again" in words["staged"]
    assert "will be undone" in words[".aside.cockpit-removing"]
    assert "will be removed" in words["index.lock"]
    found = mend(repo, folder, branches)
    assert {one.what.replace("/aside", "/.aside.cockpit-removing") for one in found} <= {one.what for one in told}
    assert due(repo, folder, branches) == ()
