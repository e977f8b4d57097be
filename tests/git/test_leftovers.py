import os
import subprocess
from pathlib import Path

from cockpit.git import removal, worktrees
from cockpit.git.leftovers import leftovers
from cockpit.git.repo import Repo
from tests.git.repos import run_git, write


def test_a_tidy_repository_has_none(repo: Repo, folder: Path) -> None:
    assert leftovers(repo, folder, ["plan/a"]) == ()
    worktrees.add(repo, folder / "a", "plan/a", "main")
    assert leftovers(repo, folder, ["plan/a"]) == ()


def test_names_each_kind_and_changes_nothing(repo: Repo, folder: Path) -> None:
    gone = worktrees.add(repo, folder / "gone", "plan/gone", "main").path
    lost = worktrees.add(repo, folder / "lost", "plan/lost", "main").path
    lost.rename(folder / "moved")
    run_git(repo.root, "worktree", "prune")
    (folder / "moved").rename(lost)
    aside = removal.put_aside(worktrees.add(repo, folder / "half", "plan/half", "main").path)
    subprocess.run(["rm", "-r", str(gone)], check=True)
    old, fresh = repo.common_dir / "index.lock", repo.common_dir / "HEAD.lock"
    old.touch()
    os.utime(old, (1, 1))
    fresh.touch()
    write(folder, {"a file": "x"})
    (folder / "somebody's").mkdir()
    before = run_git(repo.root, "for-each-ref"), sorted(folder.iterdir())
    found = {(left.kind, left.what) for left in leftovers(repo, folder, ["plan/gone", "plan/lost", "plan/none"])}
    assert found == {
        ("worktree", str(gone)),
        ("worktree", str(folder / "half")),
        ("folder", str(lost)),
        ("removal", str(aside)),
        ("lock", str(old)),
        ("branch", "plan/lost"),
    }
    assert all(left.hint for left in leftovers(repo, folder, ["plan/lost"]))
    assert (run_git(repo.root, "for-each-ref"), sorted(folder.iterdir())) == before
