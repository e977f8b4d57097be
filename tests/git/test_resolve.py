from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cockpit.errors import GitError, UnsafePathError
from cockpit.git import rescue, spawn, worktrees
from cockpit.git.integrate import Built, Published, publish
from cockpit.git.repo import Repo
from cockpit.git.report import describe
from cockpit.git.resolve import Opened, StillConflicted, abandon, conflict_worktree, finish, is_half_made
from tests.git.repos import commit, run_git, tree, write


@pytest.fixture
def work(repo: Repo, folder: Path) -> Path:
    """A branch and main that both changed README.md, and where main deleted what the branch edits."""
    path = worktrees.add(repo, folder / "a", "plan/a", "main").path
    commit(path, "Mine", {"README.md": "# demo\nmine\nend\n"})
    commit(repo.root, "Theirs", {"README.md": "# demo\ntheirs\nend\n"})
    return path


def opened(repo: Repo, folder: Path, head: str = "plan/a") -> Opened:
    return conflict_worktree(repo, folder / "conflict", onto="main", head=head, parent=folder)


def drop(repo: Repo, folder: Path) -> rescue.Removed:
    return abandon(repo, folder / "conflict", parent=folder, plan="p", workstream="a", at=1.0)


def test_a_conflict_is_resolved_published_and_forgotten(repo: Repo, work: Path, folder: Path) -> None:
    found = opened(repo, folder)
    assert found == Opened(folder / "conflict", ("README.md",), ())
    assert "<<<<<<< HEAD\ntheirs\n=======\nmine\n>>>>>>> refs/heads/plan/a\n" in (found.path / "README.md").read_text()
    assert finish(repo, found.path, "Merge") == StillConflicted(("README.md",))
    run_git(found.path, "add", "README.md")  # with its markers
    assert finish(repo, found.path, "Merge") == StillConflicted(("README.md",))
    write(found.path, {"README.md": "# demo\nboth\nend\n", "src/app.py": "adapted\n", "notes.orig": "editor's\n"})
    old = repo.commit_id("main")
    built = finish(repo, found.path, "Merge it")
    assert isinstance(built, Built)
    assert run_git(repo.root, "log", "-1", "--format=%P %s", built.commit).split() == [
        old, repo.commit_id("plan/a"), "Merge", "it",
    ]  # fmt: skip
    assert publish(repo, "main", old, built.commit) == Published(built.commit, repo.root)
    assert (repo.root / "README.md").read_text() == "# demo\nboth\nend\n"
    assert tree(repo.root) == {"README.md", "src/app.py"}
    removed = drop(repo, folder)
    assert removed.rescue is not None
    assert removed.rescue.files == ("notes.orig",)
    assert not found.path.exists()
    assert drop(repo, folder).bytes_freed == 0


def test_the_same_conflict_is_resolved_by_itself_the_next_time(repo: Repo, folder: Path) -> None:
    lines = [f"{number}\n" for number in range(30)]

    def text(second: str, last: str = "29\n") -> str:
        return "".join([lines[0], second, *lines[2:29], last])

    commit(repo.root, "Lines", {"README.md": text("1\n")})
    work = worktrees.add(repo, folder / "a", "plan/a", "main").path
    commit(work, "Mine", {"README.md": text("mine\n")})
    commit(repo.root, "Theirs", {"README.md": text("theirs\n")})
    found = opened(repo, folder)
    write(found.path, {"README.md": text("both\n")})
    assert isinstance(finish(repo, found.path, "Merge"), Built)
    assert drop(repo, folder).rescue is None
    commit(repo.root, "Elsewhere in the file", {"README.md": text("theirs\n", "last\n")})
    again = opened(repo, folder)
    assert again == Opened(folder / "conflict", (), ("README.md",))
    assert (again.path / "README.md").read_text() == text("both\n", "last\n")
    built = finish(repo, again.path, "Merge")
    assert isinstance(built, Built)
    assert drop(repo, folder).rescue is None
    commit(repo.root, "Another conflict", {"README.md": text("theirs, changed\n", "last\n")})
    assert opened(repo, folder).conflicted == ("README.md",)


def test_the_operators_own_rerere_is_left_as_it_was(repo: Repo, work: Path, folder: Path) -> None:
    found = opened(repo, folder)
    write(found.path, {"README.md": "both\n"})
    finish(repo, found.path, "Merge")
    assert not (repo.common_dir / "rr-cache").exists()
    run_git(repo.root, "config", "rerere.enabled", "true")
    drop(repo, folder)
    again = opened(repo, folder)
    finish(repo, again.path, "Merge")
    assert not any((repo.common_dir / "rr-cache").glob("*"))


def test_what_has_no_markers_must_be_staged(repo: Repo, work: Path, folder: Path) -> None:
    commit(work, "Edit", {"src/app.py": "edited\n"})
    (repo.root / "src/app.py").unlink()
    commit(repo.root, "Delete", {"README.md": "# demo\nmine\nend\n"})
    found = opened(repo, folder)
    assert found.conflicted == ("src/app.py",)
    assert finish(repo, found.path, "Merge") == StillConflicted(("src/app.py",))
    run_git(found.path, "rm", "-q", "src/app.py")
    built = finish(repo, found.path, "Merge")
    assert isinstance(built, Built)
    assert tree(repo.root, built.commit) == {"README.md"}


def test_a_merge_commit_made_by_hand_is_taken(repo: Repo, work: Path, folder: Path) -> None:
    found = opened(repo, folder)
    write(found.path, {"README.md": "by hand\n"})
    run_git(found.path, "commit", "-q", "-a", "-m", "By hand")
    built = finish(repo, found.path, "Merge")
    assert isinstance(built, Built)
    assert built.commit == run_git(found.path, "rev-parse", "HEAD").strip()
    run_git(found.path, "reset", "-q", "--hard", "HEAD^2")
    with pytest.raises(GitError, match="does not hold both sides"):
        finish(repo, found.path, "Merge")


def test_giving_up_keeps_what_was_begun_and_nothing_else(repo: Repo, work: Path, folder: Path) -> None:
    opened(repo, folder)
    assert drop(repo, folder).rescue is None
    assert rescue.listed(repo) == ()
    found = opened(repo, folder)
    write(found.path, {"README.md": "half done\n"})
    kept = drop(repo, folder).rescue
    assert kept is not None
    assert run_git(repo.root, "show", f"{kept.commit}:README.md") == "half done\n"
    assert not found.path.exists()
    assert run_git(repo.root, "worktree", "list").count("\n") == 2


def test_opening_again_goes_on_and_other_work_is_refused(repo: Repo, work: Path, folder: Path) -> None:
    found = opened(repo, folder)
    write(found.path, {"README.md": "half done\n"})
    assert opened(repo, folder).path == found.path
    assert (found.path / "README.md").read_text() == "half done\n"
    commit(work, "More", {"more": "x"})
    with pytest.raises(GitError, match="another conflict"):
        opened(repo, folder)
    write(folder / "foreign", {"x": "mine"})
    for path in (folder / "foreign", work, folder.parent / "outside", repo.root):
        with pytest.raises(UnsafePathError):
            conflict_worktree(repo, path, onto="main", head="plan/a", parent=folder)


def test_one_whose_making_was_killed_is_made_again(repo: Repo, work: Path, folder: Path) -> None:
    run_git(repo.root, "worktree", "add", "-q", "--detach", "--no-checkout", str(folder / "conflict"), "main")
    assert opened(repo, folder).conflicted == ("README.md",)
    note = repo.common_dir / "worktrees" / "conflict" / "cockpit-conflict"
    note.write_text('{"state": "making"}')
    assert opened(repo, folder).conflicted == ("README.md",)


def test_a_report_names_files_hunks_and_both_histories(repo: Repo, work: Path, folder: Path) -> None:
    commit(work, "Edit", {"src/app.py": "edited\n", "both.txt": "mine\n", "blob": b"\0mine"})
    (repo.root / "src/app.py").unlink()
    commit(repo.root, "Delete", {"both.txt": "theirs\n", "blob": b"\0theirs"})
    found = describe(repo, "main", "plan/a")
    files = {file.path: file for file in found.files}
    assert set(files) == {"README.md", "src/app.py", "both.txt", "blob"}
    assert files["README.md"].kinds == ("content",)
    (hunk,) = files["README.md"].hunks
    assert (hunk.line, hunk.ours, hunk.theirs) == (2, "theirs\n", "mine\n")
    assert files["src/app.py"].kinds == ("modify/delete",)
    assert files["src/app.py"].stages == ("base", "theirs")
    assert files["both.txt"].stages == ("ours", "theirs")
    assert files["both.txt"].hunks[0].theirs == "mine\n"
    assert files["blob"].hunks == ()
    assert [row.subject for row in found.log_ours] == ["Delete", "Theirs"]
    assert [row.subject for row in found.log_theirs] == ["Edit", "Mine"]
    assert found.merge_bases == (repo.commit_id("main~2"),)
    assert describe(repo, "main", "main").files == ()


@pytest.mark.parametrize("until", ["folder", "worktree", "read-tree", "merge"])
def test_a_conflict_worktree_whose_making_was_killed_goes_when_it_is_given_up(
    repo: Repo, work: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, until: str
) -> None:
    path = folder / "conflict"
    assert work.is_dir()
    if until == "folder":
        path.mkdir()
    elif until == "worktree":
        run_git(repo.root, "worktree", "add", "-q", "--detach", "--no-checkout", str(path), "main")
    else:
        real = spawn.git

        def killed(args: Sequence[str], **options: Any) -> spawn.Done:
            if until in args:
                raise GitError("killed", code=-9)
            return real(args, **options)

        with monkeypatch.context() as patch:
            patch.setattr(spawn, "git", killed)
            with pytest.raises(GitError):
                opened(repo, folder)
    assert is_half_made(repo, path)
    assert drop(repo, folder).rescue is None
    assert not path.exists()
    assert str(path) not in run_git(repo.root, "worktree", "list")
    assert opened(repo, folder).conflicted == ("README.md",)
    assert not is_half_made(repo, path)
