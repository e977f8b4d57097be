from pathlib import Path

import pytest

from cockpit.git import commits, rebase, rescue, sparse, status, worktrees
from cockpit.git.repo import Repo
from tests.git.repos import commit, make_repo, run_git, write


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    names = ("top.txt", "src/x", "src/api/a", "src/api/deep/b", "src/web/w", "docs/d.md", "docs/more/e.md", "lib/l.md")
    return Repo.open(make_repo(tmp_path, dict.fromkeys(names, "1\n")))


def files(worktree: Path) -> set[str]:
    found = (path for path in worktree.rglob("*") if path.is_file() and path.name != ".git")
    return {str(path.relative_to(worktree)) for path in found}


def test_only_the_folders_of_the_scope_are_checked_out(repo: Repo, folder: Path) -> None:
    scope = ["src/api/**", "docs/more/*.md", "new/**", "*.txt"]
    made = worktrees.add(repo, folder / "a", "a", "main", parent=folder, sparse=scope).path
    assert files(made) == {"top.txt", "src/x", "src/api/a", "src/api/deep/b", "docs/d.md", "docs/more/e.md"}
    assert status.read(made).entries == ()
    assert worktrees.add(repo, folder / "a", "a", "main", parent=folder, sparse=["lib/**"]).path == made
    assert "lib/l.md" not in files(made)
    full = worktrees.add(repo, folder / "b", "b", "main", parent=folder).path
    assert "lib/l.md" in files(full)
    assert run_git(repo.root, "status", "--porcelain") == ""
    assert len(files(repo.root) & {"src/web/w", "lib/l.md"}) == 2


def test_globs_without_a_folder_are_taken_as_they_are(repo: Repo, folder: Path) -> None:
    made = worktrees.add(repo, folder / "a", "a", "main", parent=folder, sparse=["**/*.md", "src/api/a"]).path
    assert files(made) == {"top.txt", "src/api/a", "docs/d.md", "docs/more/e.md", "lib/l.md"}
    assert sparse.widen(repo, made, ["src/web/w"])
    assert "src/web/w" in files(made)
    assert status.read(made).entries == ()


def test_widening_brings_what_an_agent_needs_and_keeps_what_it_did(repo: Repo, folder: Path) -> None:
    made = worktrees.add(repo, folder / "a", "a", "main", parent=folder, sparse=["src/api/**"]).path
    write(made, {"src/api/a": "edited\n", "src/api/new": "n\n"})
    assert sparse.widen(repo, made, ["lib/l.md", "src/web"])
    assert {"lib/l.md", "src/web/w"} <= files(made)
    assert "docs/d.md" not in files(made)
    assert {entry.path for entry in status.read(made).entries} == {"src/api/a", "src/api/new"}
    commit(made, "Work")
    assert run_git(made, "show", "--format=", "--name-only", "HEAD").split() == ["src/api/a", "src/api/new"]
    assert not sparse.widen(repo, repo.root, ["lib"])


def test_a_sparse_worktree_is_rescued_and_removed_like_any_other(repo: Repo, folder: Path) -> None:
    made = worktrees.add(repo, folder / "a", "a", "main", parent=folder, sparse=["src/api/**"]).path
    write(made, {"src/api/a": "edited\n"})
    removed = rescue.remove(repo, made, parent=folder, branch="a", base="main", plan="p", workstream="a", at=1.0)
    assert removed.rescue is not None
    assert removed.rescue.files == ("src/api/a",)
    assert run_git(repo.root, "ls-tree", "-r", "--name-only", removed.rescue.commit).count("\n") == 8


def test_a_narrowing_that_was_killed_is_done_again(repo: Repo, folder: Path) -> None:
    run_git(repo.root, "worktree", "add", "-q", "--no-checkout", "-b", "a", str(folder / "a"))
    made = worktrees.add(repo, folder / "a", "a", "main", parent=folder, sparse=["lib/**"]).path
    assert files(made) == {"top.txt", "lib/l.md"}
    assert status.read(made).entries == ()


@pytest.mark.parametrize("scope", [["src/api/**"], ["src/api/**", "**/*.nothing"]], ids=["cone", "globs"])
def test_what_is_written_outside_is_committed_and_nothing_outside_is_taken_for_deleted(
    repo: Repo, folder: Path, scope: list[str]
) -> None:
    made = worktrees.add(repo, folder / "a", "a", "main", parent=folder, sparse=scope).path
    assert sparse.is_sparse(made)
    assert not sparse.is_sparse(repo.root)
    write(made, {"src/api/a": "2\n", "fresh/folder/new": "n\n", "lib/l.md": "written unseen\n", "docs/new.md": "d\n"})
    assert {one.path for one in status.changed_files(made, "main")} == {
        "src/api/a", "fresh/folder/new", "lib/l.md", "docs/new.md",
    }  # fmt: skip
    done = commits.commit_all(repo, made, "Work", {})
    assert done is not None
    assert done.paths == {"src/api/a", "fresh/folder/new", "lib/l.md", "docs/new.md"}
    assert len(run_git(made, "ls-tree", "-r", "--name-only", "HEAD").split()) == 10
    assert status.read(made).entries == ()
    assert sparse.widen(repo, made, done.paths)
    assert {"fresh/folder/new", "lib/l.md", "docs/new.md", "src/api/a"} <= files(made)
    assert "src/web/w" not in files(made)
    assert not sparse.widen(repo, made, done.paths), "it is all there"
    assert status.read(made).entries == ()


def test_a_worktree_made_whole_keeps_every_edit(repo: Repo, folder: Path) -> None:
    made = worktrees.add(repo, folder / "a", "a", "main", parent=folder, sparse=["src/api/**"]).path
    write(made, {"src/api/a": "edited\n", "lib/l.md": "written unseen\n", "src/web/fresh": "f\n"})
    assert sparse.make_whole(repo, made)
    assert not sparse.is_sparse(made)
    assert len(files(made)) == 9
    assert (made / "lib/l.md").read_text() == "written unseen\n"
    assert {one.path for one in status.read(made).entries} == {"src/api/a", "lib/l.md", "src/web/fresh"}
    assert not sparse.make_whole(repo, made)
    assert not sparse.widen(repo, made, ["docs"])


def test_a_scope_that_grew_brings_its_folders(repo: Repo, folder: Path) -> None:
    made = worktrees.add(repo, folder / "a", "a", "main", parent=folder, sparse=["src/api/**"]).path
    assert sparse.widen(repo, made, ["no\nsuch"], ["src/api/deep/*", "docs/**"])
    assert {"docs/d.md", "docs/more/e.md"} <= files(made)
    assert sparse.widen(repo, made, [], ["**/*.md"])
    assert not sparse.is_sparse(made), "no folder holds all of it"
    other = worktrees.add(repo, folder / "b", "b", "main", parent=folder, sparse=["**/*.md"]).path
    assert sparse.widen(repo, other, [], ["src/web/**"])
    assert "src/web/w" in files(other)
    assert not sparse.widen(repo, other, [], ["src/web/**"])


def test_moving_on_and_rebasing_touch_nothing_outside(repo: Repo, folder: Path) -> None:
    made = worktrees.add(repo, folder / "a", "a", "main", parent=folder, sparse=["src/api/**"]).path
    new = commit(repo.root, "On base", {"lib/l.md": "2\n", "src/api/a": "2\n", "src/web/new": "n\n"})
    worktrees.advance(repo, made, new, plan="p", workstream="a", at=1.0)
    assert (made / "src/api/a").read_text() == "2\n"
    assert not (made / "lib").exists()
    commit(made, "Work", {"src/api/b": "b\n"})
    later = commit(repo.root, "Later", {"lib/l.md": "3\n"})
    assert isinstance(rebase.rebase_worktree(repo, made, later, plan="p", workstream="a", at=1.0), rebase.Rebased)
    assert not (made / "lib").exists()
    assert run_git(made, "show", "HEAD:lib/l.md") == "3\n"
    assert status.read(made).entries == ()


def test_the_size_of_a_part_is_what_its_checkout_takes(repo: Repo, folder: Path) -> None:
    scopes = (None, ["src/api/**"], ["docs/more/*.md"], ["*.txt"], ["**/*.md"])
    counted = sparse.sizes(repo, "main", scopes)
    for number, scope in enumerate(scopes[:4]):
        made = worktrees.add(repo, folder / str(number), f"w{number}", "main", parent=folder, sparse=scope).path
        assert counted[number] == sum((made / name).stat().st_size for name in files(made))
    assert counted == [16, 8, 6, 2, 16]
