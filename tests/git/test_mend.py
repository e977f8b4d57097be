import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cockpit.git import interrupted, removal, rescue, worktrees
from cockpit.git.atwork import is_git_at_work
from cockpit.git.integrate import Built, Published, build, publish
from cockpit.git.leftovers import leftovers
from cockpit.git.mend import Mended, mend
from cockpit.git.proof import is_delivered, is_on_base
from cockpit.git.repo import Repo
from tests.git.repos import commit, run_git, write


def old(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (1, 1))
    return path


def test_a_tidy_repository_is_left_alone(repo: Repo, folder: Path) -> None:
    worktrees.add(repo, folder / "a", "plan/a", "main")
    before = run_git(repo.root, "for-each-ref"), run_git(repo.root, "worktree", "list", "--porcelain")
    assert mend(repo, folder, ["plan/a"]) == ()
    assert mend(repo, folder / "none", []) == ()
    assert (run_git(repo.root, "for-each-ref"), run_git(repo.root, "worktree", "list", "--porcelain")) == before


def test_stale_locks_of_ours_go_and_others_are_named(repo: Repo, folder: Path) -> None:
    worktrees.add(repo, folder / "a", "plan/a", "main")
    admin = repo.common_dir / "worktrees" / "a"
    mine = [old(admin / "index.lock"), old(repo.common_dir / "refs/heads/plan/a.lock"),
            old(repo.common_dir / "refs/cockpit/rescue/p/x.lock")]  # fmt: skip
    theirs = [old(repo.common_dir / "index.lock"), old(repo.common_dir / "refs/heads/other.lock")]
    fresh = admin / "HEAD.lock"
    fresh.touch()
    found = mend(repo, folder, ["plan/a"])
    assert [path.exists() for path in (*mine, *theirs, fresh)] == [False] * 3 + [True] * 3
    assert {entry.what for entry in found if entry.ok} == {str(path) for path in mine}
    assert {entry.what for entry in found if not entry.ok} == {str(theirs[0]), str(fresh)}


def test_a_lock_whose_owner_is_there_stays(repo: Repo, folder: Path) -> None:
    made = worktrees.add(repo, folder / "a", "plan/a", "main").path
    lock = old(repo.common_dir / "worktrees" / "a" / "index.lock")
    with subprocess.Popen(["git", "-C", str(made), "cat-file", "--batch"], stdin=subprocess.PIPE) as git:
        assert mend(repo, folder, ["plan/a"]) == ()
        assert lock.exists()
        git.communicate(b"", timeout=30)
    assert [entry.ok for entry in mend(repo, folder, ["plan/a"])] == [True]
    assert not lock.exists()


def test_half_made_worktrees_are_undone_or_finished(repo: Repo, folder: Path) -> None:
    for name in ("half", "bare"):
        run_git(repo.root, "worktree", "add", "-q", "--no-checkout", "-b", name, str(folder / name))
    write(repo.common_dir / "worktrees" / "half", {"locked": "initializing\n"})
    begun = worktrees.add(repo, folder / "begun", "begun", "main").path
    (begun / "README.md").unlink()
    write(repo.common_dir / "worktrees" / "begun", {"cockpit-unfinished": "head"})
    found = mend(repo, folder, ["half", "bare", "begun"])
    assert [entry.ok for entry in found] == [True] * 3
    assert not (folder / "half" / ".git").exists()
    assert (folder / "bare" / "README.md").exists()
    assert run_git(begun, "status", "--porcelain") == ""
    assert repo.branch_exists("half")
    assert worktrees.add(repo, folder / "half", "half", "main", parent=folder).head
    assert mend(repo, folder, ["half", "bare", "begun"]) == ()


def test_prunable_worktrees_are_forgotten_or_made_again(repo: Repo, folder: Path) -> None:
    for name in ("gone", "staged", "lone"):
        path = worktrees.add(repo, folder / name, name, "main").path
        if name == "staged":
            write(path, {"work.txt": "staged\n"})
            run_git(path, "add", "work.txt")
        if name == "lone":
            run_git(path, "checkout", "-q", "--detach")
            lone = commit(path, "On no branch", {"lone.txt": "l\n"})
        subprocess.run(["rm", "-r", str(path)], check=True)
    elsewhere = worktrees.add(repo, folder.parent / "elsewhere", "elsewhere", "main").path
    subprocess.run(["rm", "-r", str(elsewhere)], check=True)
    found = mend(repo, folder, ["gone", "staged", "lone"])
    assert all(entry.ok for entry in found)
    assert not (folder / "gone").exists()
    assert repo.branch_exists("gone")
    assert (folder / "staged" / "work.txt").read_text() == "staged\n"
    assert run_git(folder / "lone", "rev-parse", "HEAD").strip() == lone
    assert [left.what for left in leftovers(repo, folder, []) if left.kind == "worktree"] == [str(elsewhere)]
    assert mend(repo, folder, ["gone", "staged", "lone"]) == ()


def test_removals_cut_short_are_finished_or_undone(repo: Repo, folder: Path) -> None:
    begun = worktrees.add(repo, folder / "begun", "begun", "main").path
    write(begun, {"work.txt": "mine\n"})
    removal.put_aside(begun)
    decided = worktrees.add(repo, folder / "decided", "decided", "main").path
    verified = removal.mark_verified(removal.put_aside(decided), decided)
    found = mend(repo, folder, ["begun", "decided"])
    assert all(entry.ok for entry in found)
    assert (begun / "work.txt").read_text() == "mine\n"
    assert not verified.exists()
    assert not decided.exists()
    assert mend(repo, folder, ["begun", "decided"]) == ()


@pytest.fixture
def coming(repo: Repo, folder: Path) -> str:
    """A commit for main that edits, adds, deletes, links and turns a file into a folder."""
    write(repo.root, {"gone.txt": "g\n", "swap": "a file\n", "tool.sh": "#!/bin/sh\n", "long.txt": "old\n" * 2000})
    commit(repo.root, "More")
    work = worktrees.add(repo, folder / "a", "plan/a", "main").path
    for name in ("gone.txt", "swap"):
        (work / name).unlink()
    (work / "link").symlink_to("README.md")
    write(work, {"README.md": "new\n", "dir/new.txt": "n\n", "swap/inside": "i\n", "long.txt": "new\n" * 2000})
    (work / "tool.sh").chmod(0o755)
    commit(work, "Work")
    built = build(repo, "main", "plan/a", "merge", "Merge")
    assert isinstance(built, Built)
    return built.commit


def half_written(repo: Repo, new: str, until: int) -> None:
    """Leave in the checkout what a killed `git merge --ff-only` leaves: some files written, one of them in part."""
    top = repo.root
    write(repo.common_dir, {"cockpit-moving": f'{{"old": "{repo.commit_id("main")}", "new": "{new}"}}'})
    (repo.common_dir / "index.lock").touch()
    steps: list[Callable[[], object]] = [
        (top / "gone.txt").unlink,
        (top / "swap").unlink,
        lambda: write(top, {"README.md": "new\n"}),
        lambda: write(top, {"dir/new.txt": "n\n", "swap/inside": "i\n"}),
        lambda: (top / "tool.sh").chmod(0o755),
        lambda: (top / "link").symlink_to("README.md"),
        lambda: write(top, {"long.txt": "new\n" * 900 + "ne"}),
    ]
    for step in steps[:until]:
        step()


@pytest.mark.parametrize("until", [0, 1, 2, 4, 7])
def test_a_merge_killed_while_it_wrote_is_put_back(repo: Repo, folder: Path, coming: str, until: int) -> None:
    write(repo.root, {"src/app.py": "the operator's\n", "loose.txt": "l\n"})
    before = run_git(repo.root, "status", "--porcelain"), run_git(repo.root, "diff", "HEAD")
    half_written(repo, coming, until)
    (entry,) = mend(repo, folder, ["plan/a"])
    assert entry.ok
    assert (run_git(repo.root, "status", "--porcelain"), run_git(repo.root, "diff", "HEAD")) == before
    assert publish(repo, "main", repo.commit_id("main"), coming) == Published(coming, repo.root)
    assert (repo.root / "src/app.py").read_text() == "the operator's\n"


def test_what_is_not_from_the_merge_is_left_and_named(repo: Repo, folder: Path, coming: str) -> None:
    half_written(repo, coming, 4)
    write(repo.root, {"README.md": "the operator's own\n", "dir/new.txt": "the operator's own\n"})
    (entry,) = mend(repo, folder, ["plan/a"])
    assert not entry.ok
    assert "README.md" in entry.done
    assert "dir/new.txt" in entry.done
    assert run_git(repo.root, "status", "--porcelain").splitlines() == [" M README.md", "?? dir/"]
    assert (repo.root / "swap").read_text() == "a file\n"


def test_a_move_whose_files_are_all_there_is_finished(repo: Repo, folder: Path, coming: str) -> None:
    before = repo.commit_id("main")
    run_git(repo.root, "merge", "-q", "--ff-only", coming)
    run_git(repo.root, "update-ref", "refs/heads/main", before)
    write(repo.common_dir, {"cockpit-moving": f'{{"old": "{before}", "new": "{coming}"}}'})
    assert mend(repo, folder, []) == (
        Mended(f"{repo.root}: a move to another commit was cut short", "finished"),
    )  # fmt: skip
    assert repo.commit_id("main") == coming
    assert run_git(repo.root, "status", "--porcelain") == ""


_PUBLISH = """
import sys
from collections.abc import Callable
from pathlib import Path
from cockpit.git import integrate
from cockpit.git.repo import Repo
repo = Repo.open(Path(sys.argv[1]))
print("ready", flush=True)
integrate.publish(repo, "main", sys.argv[2], sys.argv[3])
"""


@pytest.mark.parametrize("delay", [0.0, 0.004, 0.008, 0.012])
def test_publishing_killed_at_any_moment_ends_the_same(repo: Repo, folder: Path, coming: str, delay: float) -> None:
    before = repo.commit_id("main")
    argv = [sys.executable, "-c", _PUBLISH, str(repo.root), before, coming]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
    _until_no_git(repo.root)
    assert all(entry.ok for entry in mend(repo, folder, ["plan/a"]))
    assert publish(repo, "main", before, coming) == Published(coming, repo.root)
    assert run_git(repo.root, "status", "--porcelain") == ""
    assert not interrupted.is_noted(repo.common_dir)


def _until_no_git(folder: Path) -> None:
    """Wait until the git command of a killed process, which has a session of its own, has ended."""
    while is_git_at_work(folder):
        os.sched_yield()


def test_work_that_was_squashed_or_rebased_is_proven_to_be_on_base(repo: Repo, folder: Path) -> None:
    for strategy in ("squash", "rebase"):
        name = f"plan/{strategy}"
        work = worktrees.add(repo, folder / strategy, name, "main").path
        commit(work, "One", {f"{strategy}.txt": "1\n"})
        commit(work, "Two", {f"{strategy}.txt": "2\n"})
        commit(repo.root, "Others", {f"before-{strategy}.txt": "x"})
        assert not is_on_base(repo, "main", name)
        built = build(repo, "main", name, strategy, "Merge")
        assert isinstance(built, Built)
        publish(repo, "main", repo.commit_id("main"), built.commit)
        tip = repo.commit_id(name)
        assert is_on_base(repo, "main", tip)
        assert is_delivered(repo, "main", built.commit, tip)
        done = rescue.remove(
            repo, work, parent=folder, branch=name, base="main", plan="p", workstream="w", at=1.0, merged=(tip,)
        )
        assert (done.rescue, done.branch_deleted) == (None, True)
    assert rescue.listed(repo) == ()


def test_work_beyond_what_was_merged_is_rescued_all_the_same(repo: Repo, folder: Path) -> None:
    work = worktrees.add(repo, folder / "a", "plan/a", "main").path
    tip = commit(work, "One", {"one.txt": "1\n"})
    built = build(repo, "main", "plan/a", "squash", "Merge")
    assert isinstance(built, Built)
    publish(repo, "main", repo.commit_id("main"), built.commit)
    assert is_delivered(repo, "main", built.commit, tip)
    commit(repo.root, "Changed again on base", {"one.txt": "of base\n"})
    assert is_delivered(repo, "main", built.commit, tip), "what became of it on base since doesn't matter"
    assert not is_on_base(repo, "main", tip)
    later = commit(work, "Two", {"one.txt": "2\n"})
    write(work, {"loose.txt": "l\n"})
    done = rescue.remove(
        repo, work, parent=folder, branch="plan/a", base="main", plan="p", workstream="a", at=1.0, merged=(tip,)
    )
    assert done.rescue is not None
    assert done.rescue.files == ("loose.txt",)
    assert repo.is_ancestor(later, done.rescue.commit)
    assert not is_delivered(repo, "main", built.commit, later)
    assert not is_delivered(repo, "main", tip, tip), "what was never published delivers nothing"
