from pathlib import Path

import pytest

from cockpit.errors import GitError
from cockpit.git import rescue, worktrees
from cockpit.git.builds import Conflict
from cockpit.git.rebase import Rebased, rebase_worktree
from cockpit.git.repo import Repo
from tests.git.repos import commit, run_git, write


@pytest.fixture
def work(repo: Repo, folder: Path) -> Path:
    path = worktrees.add(repo, folder / "a", "plan/a", "main").path
    commit(path, "One", {"one": "1"})
    return path


def rebase(repo: Repo, work: Path, onto: str = "main") -> Rebased | Conflict:
    return rebase_worktree(repo, work, onto, plan="p", workstream="a", at=1.0, exclude=["env"])


def test_branch_and_files_move_and_the_old_tip_is_kept(repo: Repo, work: Path) -> None:
    base = commit(repo.root, "Base", {"base": "b"})
    write(work, {"env": "set-up"})
    old = repo.commit_id("plan/a")
    done = rebase(repo, work)
    assert isinstance(done, Rebased)
    assert (done.old, done.new) == (old, repo.commit_id("plan/a"))
    assert run_git(work, "log", "--format=%s").splitlines() == ["One", "Base", "Start"]
    assert repo.is_ancestor(base, "plan/a")
    assert run_git(work, "status", "--porcelain") == "?? env\n"
    assert (work / "base").exists()
    (entry,) = rescue.listed(repo)
    assert done.rescue is not None
    assert (entry.ref, repo.is_ancestor(old, entry.commit)) == (done.rescue.ref, True)
    assert rebase(repo, work) == Rebased(done.new, done.new, None)


def test_what_base_holds_already_needs_no_rescue(repo: Repo, work: Path) -> None:
    old = repo.commit_id("plan/a")
    run_git(repo.root, "merge", "-q", "--no-ff", "--no-edit", "plan/a")
    assert rebase(repo, work) == Rebased(old, repo.commit_id("main"), None)
    assert run_git(work, "status", "--porcelain", "--branch") == "## plan/a\n"


def test_a_conflict_leaves_everything_as_it_was(repo: Repo, work: Path) -> None:
    commit(repo.root, "Base", {"one": "other"})
    before = run_git(repo.root, "for-each-ref"), run_git(work, "status", "--porcelain=v2", "--branch")
    assert rebase(repo, work) == Conflict(("one",))
    assert (run_git(repo.root, "for-each-ref"), run_git(work, "status", "--porcelain=v2", "--branch")) == before


def test_worktrees_that_are_not_idle_are_refused_untouched(repo: Repo, work: Path) -> None:
    commit(repo.root, "Base", {"base": "b", "README.md": "other\n"})

    def refused(match: str) -> None:
        before = run_git(repo.root, "for-each-ref"), run_git(work, "status", "--porcelain=v2", "--branch")
        with pytest.raises(GitError, match=match):
            rebase(repo, work)
        assert (run_git(repo.root, "for-each-ref"), run_git(work, "status", "--porcelain=v2", "--branch")) == before

    write(work, {"untracked": "x"})
    refused("uncommitted work: untracked")
    run_git(work, "add", "untracked")
    refused("uncommitted work: untracked")
    commit(work, "Two", {"README.md": "mine\n"})
    lock = repo.common_dir / "worktrees" / "a" / "index.lock"
    lock.touch()
    refused("another git command")
    lock.unlink()
    run_git(work, "checkout", "-q", "--detach")
    refused("detached")
    run_git(work, "checkout", "-q", "plan/a")
    run_git(work, "rebase", "main", check=False)
    refused("uncommitted|middle of")
    with pytest.raises(GitError, match="main worktree"):
        rebase(repo, repo.root, "plan/a")
