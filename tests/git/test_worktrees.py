import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cockpit.errors import GitError, UnsafePathError
from cockpit.git import rescue, worktrees
from cockpit.git.repo import Repo
from tests.git.repos import commit, make_repo, run_git, watched, write


def status_of(worktree: Path) -> str:
    return run_git(worktree, "status", "--porcelain")


def test_makes_a_worktree_on_a_new_branch(repo: Repo, folder: Path) -> None:
    made = worktrees.add(repo, folder / "deep" / "a", "plan/a", "main", parent=folder)
    assert made.path == folder / "deep" / "a"
    assert made.branch == "plan/a"
    assert made.head == repo.tip("main")
    assert (made.path / "src" / "app.py").read_text() == "print('hello')\n"
    assert status_of(made.path) == ""
    assert repo.tip("plan/a") == repo.tip("main")


def test_is_made_with_two_processes_and_kept_with_none(repo: Repo, folder: Path) -> None:
    with watched() as commands:
        made = worktrees.add(repo, folder / "a", "plan/a", "main", parent=folder)
    assert commands == ["worktree", "read-tree"]
    write(made.path, {"README.md": "edited\n", "new": "x"})
    with watched() as commands:
        assert worktrees.add(repo, folder / "a", "plan/a", "main", parent=folder) == made
    assert commands == []
    assert (made.path / "README.md").read_text() == "edited\n"


def test_an_existing_branch_is_used_as_it_is(repo: Repo, folder: Path) -> None:
    run_git(repo.root, "checkout", "-q", "-b", "work")
    tip = commit(repo.root, "Work", {"w": "1"})
    run_git(repo.root, "checkout", "-q", "main")
    run_git(repo.root, "pack-refs", "--all")  # so that there is no file of its own for it
    made = worktrees.add(repo, folder / "w", "work", "main")
    assert made.head == tip
    assert (made.path / "w").exists()


def test_a_branch_checked_out_elsewhere_is_refused_by_name(repo: Repo, folder: Path) -> None:
    with pytest.raises(GitError, match="main is checked out at") as caught:
        worktrees.add(repo, folder / "m", "main", "main")
    assert str(repo.root) in str(caught.value)
    assert caught.value.hint
    assert not (folder / "m").exists()


def test_foreign_folders_files_and_symlinks_are_refused_untouched(repo: Repo, folder: Path, tmp_path: Path) -> None:
    write(folder / "full", {"mine": "x"})
    write(folder, {"file": "x"})
    (folder / "link").symlink_to(tmp_path)
    other = make_repo(tmp_path, None, "second")
    run_git(other, "worktree", "add", "-q", "-b", "foreign", str(folder / "foreign"))
    for name in ("full", "file", "foreign"):
        with pytest.raises(GitError):
            worktrees.add(repo, folder / name, f"b-{name}", "main", parent=folder)
    for path in (folder / "link", folder / "link" / "x", tmp_path / "outside"):
        with pytest.raises(UnsafePathError):
            worktrees.add(repo, path, "b-path", "main", parent=folder)
    with pytest.raises(UnsafePathError):
        worktrees.add(repo, folder / "link", "b-link", "main")
    assert (folder / "full" / "mine").read_text() == "x"
    assert run_git(repo.root, "branch", "--format=%(refname:short)").split() == ["main"]


def test_names_that_look_like_options_are_refused(repo: Repo, folder: Path) -> None:
    for branch in ("-b", "--force", "", "HEAD", "a@{1}"):
        with pytest.raises(GitError):
            worktrees.add(repo, folder / "x", branch, "main")
    with pytest.raises(GitError):
        worktrees.add(repo, folder / "x", "fine", "--force")
    with pytest.raises(GitError):
        worktrees.add(repo, folder / "x", "two..dots", "main")
    made = worktrees.add(repo, folder / "-rf", "plan/-x", "main", parent=folder)
    assert status_of(made.path) == ""


def test_finishes_metadata_without_a_checkout(repo: Repo, folder: Path) -> None:
    run_git(repo.root, "worktree", "add", "-q", "--no-checkout", "-b", "a", str(folder / "a"))
    made = worktrees.add(repo, folder / "a", "a", "main", parent=folder)
    assert status_of(made.path) == ""
    assert (made.path / "README.md").exists()


def test_finishes_a_checkout_that_was_killed(repo: Repo, folder: Path) -> None:
    run_git(repo.root, "worktree", "add", "-q", "--no-checkout", "-b", "a", str(folder / "a"))
    admin = repo.common_dir / "worktrees" / "a"
    write(admin, {"cockpit-unfinished": "head", "index.lock": "half"})
    write(folder / "a", {"README.md": "# de"})
    made = worktrees.add(repo, folder / "a", "a", "main", parent=folder)
    assert status_of(made.path) == ""
    assert not (admin / "cockpit-unfinished").exists()


def test_files_in_a_worktree_that_was_never_checked_out_are_not_overwritten(repo: Repo, folder: Path) -> None:
    run_git(repo.root, "worktree", "add", "-q", "--no-checkout", "-b", "a", str(folder / "a"))
    write(folder / "a", {"README.md": "somebody's\n"})
    made = worktrees.add(repo, folder / "a", "a", "main", parent=folder)
    assert (made.path / "README.md").read_text() == "somebody's\n"
    assert (made.path / "src" / "app.py").exists()
    assert status_of(made.path) == " M README.md\n"


def test_a_deleted_folder_comes_back_with_what_was_staged(repo: Repo, folder: Path) -> None:
    made = worktrees.add(repo, folder / "a", "a", "main", parent=folder)
    write(made.path, {"staged": "kept\n"})
    run_git(made.path, "add", "staged")
    subprocess.run(["rm", "-r", str(made.path)], check=True)
    assert worktrees.listed(repo)[1].prunable
    again = worktrees.add(repo, folder / "a", "a", "main", parent=folder)
    assert (again.path / "staged").read_text() == "kept\n"
    assert status_of(again.path) == "A  staged\n"
    assert worktrees.listed(repo)[1].prunable is None


def test_a_folder_whose_metadata_was_pruned_is_adopted_with_its_files(repo: Repo, folder: Path) -> None:
    made = worktrees.add(repo, folder / "a", "a", "main", parent=folder)
    write(made.path, {"README.md": "edited\n", "new": "x"})
    made.path.rename(folder / "away")
    run_git(repo.root, "worktree", "prune")
    (folder / "away").rename(made.path)
    again = worktrees.add(repo, folder / "a", "a", "main", parent=folder)
    assert again.head == repo.tip("main")
    assert status_of(again.path) == " M README.md\n?? new\n"
    assert [path.name for path in folder.iterdir()] == ["a"]
    assert worktrees.listed(repo)[1].path == made.path


def test_another_branch_in_the_worktree_is_refused(repo: Repo, folder: Path) -> None:
    made = worktrees.add(repo, folder / "a", "a", "main", parent=folder)
    run_git(made.path, "checkout", "-q", "-b", "elsewhere")
    with pytest.raises(GitError, match="elsewhere"):
        worktrees.add(repo, folder / "a", "a", "main", parent=folder)


def test_a_detached_head_goes_back_on_its_branch_where_that_loses_nothing(repo: Repo, folder: Path) -> None:
    made = worktrees.add(repo, folder / "a", "plan/a", "main").path
    first = commit(made, "First", {"one": "1"})
    run_git(made, "checkout", "-q", "--detach")
    second = commit(made, "Second", {"two": "2"})
    write(made, {"two": "edited", "loose": "x"})
    before = status_of(made)
    assert worktrees.add(repo, made, "plan/a", "main").head == second
    assert run_git(made, "symbolic-ref", "HEAD").strip() == "refs/heads/plan/a"
    assert (repo.tip("plan/a"), status_of(made)) == (second, before)
    assert not worktrees.reattach(repo, made, "plan/a")
    run_git(made, "stash", "-q", "-u")
    run_git(made, "checkout", "-q", "--detach", first)
    assert not worktrees.reattach(repo, made, "plan/a"), "the branch holds more"
    assert not worktrees.reattach(repo, made, "no/such"), "there is no such branch"
    assert not worktrees.reattach(repo, repo.root, "main"), "it is the operator's"
    with pytest.raises(GitError, match="detached HEAD"):
        worktrees.add(repo, made, "plan/a", "main")
    assert repo.tip("plan/a") == second


def test_a_locked_worktree_without_its_folder_is_refused(repo: Repo, folder: Path) -> None:
    made = worktrees.add(repo, folder / "a", "a", "main", parent=folder)
    run_git(repo.root, "worktree", "lock", "--reason", "on a stick", str(made.path))
    assert worktrees.add(repo, folder / "a", "a", "main", parent=folder).locked == "on a stick"
    subprocess.run(["rm", "-r", str(made.path)], check=True)
    with pytest.raises(GitError, match="locked"):
        worktrees.add(repo, folder / "a", "a", "main", parent=folder)


def test_lists_hostile_paths_and_flags(repo: Repo, folder: Path) -> None:
    folder.mkdir()
    strange = folder / "new\nline ü"
    worktrees.add(repo, strange, "s", "main", parent=folder)
    run_git(repo.root, "worktree", "add", "-q", "--detach", str(folder / "d"))
    run_git(repo.root, "worktree", "lock", str(folder / "d"))
    main, *others = worktrees.listed(repo)
    assert main.is_main
    assert main.path == repo.root
    found = {worktree.path: worktree for worktree in others}
    assert found[strange].branch == "s"
    assert found[folder / "d"].branch is None
    assert found[folder / "d"].locked is not None
    assert found[folder / "d"].head == repo.tip("main")


def test_a_large_worktree_gets_its_one_status(tmp_path: Path, folder: Path) -> None:
    repo = Repo.open(make_repo(tmp_path, {f"f/{n}": "x" for n in range(1500)}))
    with watched() as commands:
        made = worktrees.add(repo, folder / "a", "a", "main")
    assert commands == ["worktree", "read-tree", "status"]
    assert status_of(made.path) == ""


_ADD = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from cockpit.git import worktrees
from cockpit.git.repo import Repo
root, folder, mark = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
repo = Repo.open(root)
with ThreadPoolExecutor(8) as pool:
    list(pool.map(lambda n: worktrees.add(repo, folder / f"{mark}{n}", f"{mark}/{n}", "main", parent=folder), range(8)))
"""


def test_eight_threads_in_two_processes_at_once(repo: Repo, folder: Path) -> None:
    argv = [sys.executable, "-c", _ADD, str(repo.root), str(folder)]
    both = [subprocess.Popen([*argv, mark], stderr=subprocess.PIPE) for mark in "xy"]
    for process in both:
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 0, stderr.decode()
    assert len(worktrees.listed(repo)) == 17
    assert all(status_of(path) == "" for path in folder.iterdir())


def test_the_same_worktree_from_eight_threads_is_made_once(repo: Repo, folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: worktrees.add(repo, folder / "a", "a", "main", parent=folder), range(8)))
    assert len({worktree.path for worktree in made}) == 1
    assert status_of(folder / "a") == ""


def test_advances_a_clean_branch(repo: Repo, folder: Path) -> None:
    made = worktrees.add(repo, folder / "a", "a", "main")
    target = commit(repo.root, "More", {"more": "x"})
    worktrees.advance(repo, made.path, "main", plan="p", workstream="a", at=1.7e9)
    assert repo.tip("a") == target
    assert (made.path / "more").exists()
    assert rescue.listed(repo) == ()


def test_advancing_past_own_commits_keeps_them(repo: Repo, folder: Path) -> None:
    made = worktrees.add(repo, folder / "a", "a", "main")
    own = commit(made.path, "Own", {"own": "x"})
    target = commit(repo.root, "Squashed", {"own": "x"})
    worktrees.advance(repo, made.path, target, plan="p", workstream="a", at=1.7e9)
    assert repo.tip("a") == target
    assert status_of(made.path) == ""
    (entry,) = rescue.listed(repo, "p")
    assert repo.is_ancestor(own, entry.commit)


def test_a_dirty_worktree_is_not_advanced(repo: Repo, folder: Path) -> None:
    made = worktrees.add(repo, folder / "a", "a", "main")
    before = repo.tip("a")
    commit(repo.root, "More", {"more": "x"})
    write(made.path, {"README.md": "edited"})
    with pytest.raises(GitError, match=r"README\.md"):
        worktrees.advance(repo, made.path, "main", plan="p", workstream="a", at=1.7e9)
    assert repo.tip("a") == before
    assert (made.path / "README.md").read_text() == "edited"


def test_untracked_files_stay_when_a_worktree_is_advanced(repo: Repo, folder: Path) -> None:
    made = worktrees.add(repo, folder / "a", "a", "main")
    before = repo.tip("a")
    commit(repo.root, "More", {"more": "x"})
    write(made.path, {"left-by-a-gate": "x", "more": "mine", ".env": "set-up"})
    with pytest.raises(GitError, match="more"):
        worktrees.advance(repo, made.path, "main", plan="p", workstream="a", at=1.7e9, exclude=[".env"])
    assert repo.tip("a") == before
    assert (made.path / "more").read_text() == "mine"
    (made.path / "more").unlink()
    worktrees.advance(repo, made.path, "main", plan="p", workstream="a", at=1.7e9, exclude=[".env"])
    assert repo.tip("a") == repo.tip("main")
    assert (made.path / "left-by-a-gate").read_text() == "x"
    assert (made.path / ".env").exists()


@pytest.mark.parametrize("name", ["worktrees/a/index.lock", "worktrees/a/HEAD.lock", "refs/heads/a.lock"])
def test_drops_only_its_own_stale_locks(repo: Repo, folder: Path, name: str) -> None:
    made = worktrees.add(repo, folder / "a", "a", "main")
    lock = repo.common_dir / name
    lock.touch()
    (repo.common_dir / "refs" / "heads" / "main.lock").touch()
    assert worktrees.drop_stale_locks(repo, made.path)
    assert not os.path.lexists(lock)
    assert (repo.common_dir / "refs" / "heads" / "main.lock").exists()
    assert not worktrees.drop_stale_locks(repo, made.path)
    with pytest.raises(UnsafePathError):
        worktrees.drop_stale_locks(repo, repo.root)


@pytest.mark.parametrize("lost", [[], ["HEAD"], ["HEAD", "commondir"]])
def test_an_add_that_was_killed_inside_git_is_made_again(repo: Repo, folder: Path, lost: list[str]) -> None:
    run_git(repo.root, "worktree", "add", "-q", "--no-checkout", "-b", "a", str(folder / "a"))
    admin = repo.common_dir / "worktrees" / "a"
    write(admin, {"locked": "initializing"})
    for name in lost:
        (admin / name).unlink()
    made = worktrees.add(repo, folder / "a", "a", "main", parent=folder)
    assert made.locked is None
    assert status_of(made.path) == ""
    assert len(worktrees.listed(repo)) == 2
