import shutil
from pathlib import Path

import pytest

from cockpit.errors import GitError
from cockpit.git import gatetree, rescue, sparse, status, worktrees
from cockpit.git.repo import Repo
from cockpit.git.submodules import Submodule, initialise_submodules
from tests.git.repos import commit, make_repo, run_git, write


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    library = make_repo(tmp_path, {"lib.py": "x = 1\n"}, "library")
    top = make_repo(tmp_path)
    allow = ("-c", "protocol.file.allow=always")
    run_git(top, *allow, "submodule", "--quiet", "add", "--name", "the lib", str(library), "vendor/lib")
    commit(top, "Add the library")
    return Repo.open(top)


def test_a_submodule_is_filled_from_the_main_worktree(repo: Repo, folder: Path) -> None:
    made = worktrees.add(repo, folder / "a", "a", "main").path
    (found,) = initialise_submodules(repo, made)
    assert found == Submodule("vendor/lib", run_git(repo.root / "vendor/lib", "rev-parse", "HEAD").strip())
    assert (made / "vendor/lib/lib.py").read_text() == "x = 1\n"
    assert initialise_submodules(repo, made) == (found,)
    assert status.read(made).entries == ()
    write(made / "vendor/lib", {"lib.py": "x = 2\n"})
    assert [entry.path for entry in status.read(made).entries] == ["vendor/lib"]
    assert (repo.root / "vendor/lib/lib.py").read_text() == "x = 1\n"
    assert run_git(repo.root, "status", "--porcelain") == ""
    assert run_git(repo.root / "vendor/lib", "status", "--porcelain") == ""


def test_one_that_is_not_there_is_named_and_nothing_is_fetched(repo: Repo, folder: Path) -> None:
    made = worktrees.add(repo, folder / "a", "a", "main").path
    (repo.common_dir / "modules" / "the lib").rename(folder / "away")
    (found,) = initialise_submodules(repo, made)
    assert found.left is not None
    assert "git submodule update --init" in found.left
    assert list((made / "vendor/lib").iterdir()) == []


def test_without_submodules_there_is_nothing_to_do(tmp_path: Path, folder: Path) -> None:
    repo = Repo.open(make_repo(tmp_path, None, "plain"))
    assert initialise_submodules(repo, worktrees.add(repo, folder / "a", "a", "main").path) == ()


def test_removal_keeps_a_submodules_commits_and_refuses_its_edits(repo: Repo, folder: Path) -> None:
    made = worktrees.add(repo, folder / "a", "a", "main").path
    initialise_submodules(repo, made)
    inner = made / "vendor/lib"
    write(inner, {"lib.py": "x = 2\n"})

    def remove() -> rescue.Removed:
        return rescue.remove(repo, made, parent=folder, branch="a", base="main", plan="p", workstream="a", at=1.0)

    with pytest.raises(GitError, match="uncommitted"):
        remove()
    assert (inner / "lib.py").read_text() == "x = 2\n"
    run_git(inner, "config", "user.email", "a@example.org")
    run_git(inner, "config", "user.name", "A")
    made_inside = commit(inner, "Two")
    commit(made, "Take two")
    assert remove().rescue is not None
    assert not made.exists()
    kept = run_git(repo.root / "vendor/lib", "for-each-ref", "--format=%(objectname)", "refs/cockpit")
    assert kept.split() == [made_inside]
    assert run_git(repo.root / "vendor/lib", "worktree", "list").count("\n") == 1


@pytest.mark.parametrize("staged", [False, True])
def test_a_checkout_that_went_with_its_worktree_is_made_again_unless_it_held_staged_work(
    repo: Repo, folder: Path, staged: bool
) -> None:
    made = worktrees.add(repo, folder / "a", "a", "main").path
    initialise_submodules(repo, made)
    inner = made / "vendor/lib"
    write(inner, {"lib.py": "x = 2\n"})
    lone = run_git(inner, "-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qam", "Two") or run_git(
        inner, "rev-parse", "HEAD"
    )
    if staged:
        write(inner, {"lib.py": "x = 3\n"})
        run_git(inner, "add", "lib.py")
    shutil.rmtree(made)  # what an operator's rm -rf does
    made = worktrees.add(repo, folder / "a", "a", "main").path
    (found,) = initialise_submodules(repo, made)
    library = repo.root / "vendor/lib"
    if staged:
        assert found.left is not None
        assert "staged" in found.left
        assert run_git(library, "worktree", "list").count("\n") == 2
    else:
        assert found.left is None
        assert (made / "vendor/lib/lib.py").read_text() == "x = 1\n"
        assert run_git(library, "for-each-ref", "--format=%(objectname)", "refs/cockpit").strip() == lone.strip()


def test_one_outside_a_sparse_checkout_is_left_out_until_it_is_widened(repo: Repo, folder: Path) -> None:
    made = worktrees.add(repo, folder / "a", "a", "main", parent=folder, sparse=["src/**"]).path
    assert initialise_submodules(repo, made) == ()
    assert sparse.widen(repo, made, ["vendor/lib"])
    (found,) = initialise_submodules(repo, made)
    assert found.left is None
    assert (made / "vendor/lib/lib.py").exists()
    assert status.read(made).entries == ()
    done = rescue.remove(repo, made, parent=folder, branch="a", base="main", plan="p", workstream="a", at=1.0)
    assert done.rescue is None
    assert not made.exists()


def test_gates_see_the_submodules_of_the_commit_that_they_judge(repo: Repo, tmp_path: Path) -> None:
    first, inner = repo.commit_id("main"), repo.root / "vendor/lib"
    newer = commit(inner, "Newer", {"lib.py": "x = 2\n"})
    second = commit(repo.root, "Take it")
    run_git(repo.root, "rm", "-q", "--cached", "vendor/lib", ".gitmodules")
    run_git(repo.root, "commit", "-qm", "Without it")
    third, gate = repo.commit_id("main"), tmp_path / "gate"
    run_git(repo.root, "reset", "-q", first)
    for target, held in ((first, "x = 1\n"), (second, "x = 2\n"), (first, "x = 1\n")):
        gatetree.gate_worktree(repo, gate, target)
        assert (gate / "vendor/lib/lib.py").read_text() == held
        assert status.read(gate).entries == ()
        write(gate / "vendor/lib", {"lib.py": "a gate's\n", "left/by a gate": "x"})
    own = commit(gate / "vendor/lib", "Somebody's", {"own": "x"})
    gatetree.gate_worktree(repo, gate, first)
    assert not (gate / "vendor/lib/left").exists()
    assert run_git(gate / "vendor/lib", "rev-parse", "HEAD").strip() != own
    assert own in run_git(inner, "for-each-ref", "--format=%(objectname)", "refs/cockpit/rescue")
    gatetree.gate_worktree(repo, gate, third)
    assert not (gate / "vendor").exists()
    gatetree.gate_worktree(repo, gate, second)
    assert gatetree.drop(repo, gate)
    assert not gate.exists()
    assert run_git(inner, "worktree", "list").count("\n") == 1
    assert run_git(inner, "rev-parse", "HEAD").strip() == newer
