import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.errors import GitError, UnsafePathError
from cockpit.git import removal, rescue, rescued, spawn, worktrees
from cockpit.git.mend import mend
from cockpit.git.repo import Repo
from tests.git.repos import commit, make_repo, run_git, tree, watched, write
from tests.git.test_repo import HOSTILE

AT = 1_700_000_000.0


@pytest.fixture
def work(repo: Repo, folder: Path) -> Path:
    return worktrees.add(repo, folder / "a", "plan/a", "main").path


def remove(repo: Repo, path: Path, *, branch: str = "plan/a", exclude: tuple[str, ...] = ()) -> rescue.Removed:
    return rescue.remove(
        repo, path, parent=path.parent, branch=branch, base="main", plan="p", workstream="a", at=AT, exclude=exclude
    )


def blob(repo: Repo, rev: str, path: str) -> bytes:
    return os.fsencode(run_git(repo.root, "cat-file", "blob", f"{rev}:{path}"))


def test_a_merged_clean_worktree_goes_in_four_processes(repo: Repo, work: Path) -> None:
    commit(work, "Own", {"own": "x"})
    run_git(repo.root, "merge", "-q", "--no-ff", "-m", "Merge", "plan/a")
    with watched() as commands:
        done = remove(repo, work)
    assert commands == ["status", "rev-list", "worktree", "update-ref"]
    assert done.rescue is None
    assert done.branch_deleted
    assert done.bytes_freed > 0
    assert not work.exists()
    assert os.listdir(work.parent) == []  # noqa: PTH208 - names are what is compared
    assert not repo.branch_exists("plan/a")
    assert len(worktrees.listed(repo)) == 1
    assert rescue.listed(repo) == ()
    again = remove(repo, work)
    assert again.rescue is None
    assert not again.branch_deleted


def test_unmerged_commits_are_kept_before_their_branch_goes(repo: Repo, work: Path) -> None:
    own = commit(work, "Own", {"own": "x"})
    done = remove(repo, work)
    assert done.rescue is not None
    assert done.rescue.files == ()
    assert not repo.branch_exists("plan/a")
    assert repo.is_ancestor(own, done.rescue.commit)
    run_git(repo.root, "reflog", "expire", "--expire=now", "--all")
    run_git(repo.root, "gc", "-q", "--prune=now")
    assert blob(repo, done.rescue.commit, "own") == b"x"


def test_every_kind_of_uncommitted_work_comes_back(repo: Repo, work: Path, folder: Path, tmp_path: Path) -> None:
    run_git(repo.root, "config", "core.autocrlf", "input")
    own = commit(work, "Own", {"gone": "x", "to-link": "x", "mode.sh": "x", "dir-to-be": "x", "be-file/in": "x"})
    content = {name: f"<{name}>\r\nmixed\n".encode() for name in HOSTILE} | {"raw": b"\0\xff\r\n", "empty": b""}
    write(work, {**content, "README.md": "staged\n"})
    run_git(work, "add", "README.md")
    write(work, {"README.md": "then edited\r\n"})
    for name in ("gone", "to-link", "dir-to-be", "be-file/in"):
        (work / name).unlink()
    (work / "be-file").rmdir()
    write(work, {"dir-to-be/in": "x", "be-file": "x"})
    (work / "to-link").symlink_to("/nonexistent/ü")
    (work / "dir-link").symlink_to(tmp_path)
    (work / "mode.sh").chmod(0o755)
    (work / "empty-folder").mkdir()
    os.mkfifo(work / "pipe")
    done = remove(repo, work)
    assert not work.exists()
    assert tmp_path.is_dir()
    assert done.rescue is not None
    (entry,) = rescue.listed(repo, "p")
    assert (entry.ref, entry.commit, entry.files) == (done.rescue.ref, done.rescue.commit, done.rescue.files)
    assert (entry.plan, entry.workstream, entry.at, entry.branch, entry.head) == ("p", "a", AT, "plan/a", own)
    back = rescue.restore(repo, entry.ref, path=folder / "back", parent=folder)
    assert back.branch == "plan/a-rescued-1"
    assert back.head == own
    for name, data in content.items():
        assert (back.path / name).read_bytes() == data
    assert (back.path / "README.md").read_bytes() == b"then edited\r\n"
    assert run_git(back.path, "show", ":README.md") == "staged\n"
    assert not (back.path / "gone").exists()
    assert (back.path / "to-link").readlink() == Path("/nonexistent/ü")
    assert (back.path / "dir-link").readlink() == tmp_path
    assert os.access(back.path / "mode.sh", os.X_OK)
    assert (back.path / "dir-to-be" / "in").read_text() == "x"
    assert (back.path / "be-file").read_text() == "x"
    text = rescue.show(repo, entry.ref)
    assert b"Own" not in text  # a branch holds it again
    assert b"then edited" in text
    assert b"Staged:" in text


def test_what_is_staged_and_then_deleted_is_kept(repo: Repo, work: Path) -> None:
    write(work, {"secret plan": "staged only\n"})
    run_git(work, "add", "--all")
    (work / "secret plan").unlink()
    done = remove(repo, work)
    assert done.rescue is not None
    (entry,) = rescue.listed(repo)
    assert entry.staged is not None
    assert blob(repo, entry.staged, "secret plan") == b"staged only\n"
    assert b"staged only" in rescue.show(repo, entry.ref)


def test_the_worktree_and_its_index_are_not_touched_by_keeping(repo: Repo, work: Path) -> None:
    write(work, {"new": "x", "README.md": "staged\n"})
    run_git(work, "add", "README.md")
    write(work, {"README.md": "edited\n"})
    index = (repo.common_dir / "worktrees" / "a" / "index").read_bytes()
    kept = rescue.keep(repo, work, "p", "a", AT)
    assert kept is not None
    assert kept.files == ("README.md", "new")
    assert (repo.common_dir / "worktrees" / "a" / "index").read_bytes() == index
    assert run_git(work, "status", "--porcelain") == "MM README.md\n?? new\n"
    twice = rescue.keep(repo, work, "p", "a", AT)
    assert twice is not None
    assert twice.ref != kept.ref
    assert len(rescue.listed(repo)) == 2


def test_nothing_to_keep_is_none(repo: Repo, work: Path) -> None:
    write(repo.common_dir / "info", {"exclude": "*.log\n"})
    write(work, {"x.log": "ignored", ".env": "set-up"})
    assert rescue.keep(repo, work, "p", "a", AT, exclude=[".env"], base="main", branch="plan/a") is None
    commit(work, "Own", {"own": "x"})
    assert rescue.keep(repo, work, "p", "a", AT) is None  # its branch holds it
    assert rescue.keep(repo, work, "p", "a", AT, base="main", branch="plan/a") is not None


def test_a_detached_head_and_the_branch_are_both_kept(repo: Repo, work: Path) -> None:
    on_branch = commit(work, "On the branch", {"b": "x"})
    run_git(work, "checkout", "-q", "--detach", "main")
    detached = commit(work, "Detached", {"d": "x"})
    done = remove(repo, work)
    assert done.rescue is not None
    assert repo.is_ancestor(on_branch, done.rescue.commit)
    assert repo.is_ancestor(detached, done.rescue.commit)
    assert done.branch_deleted


def test_the_sides_of_a_conflict_are_kept(repo: Repo, work: Path) -> None:
    run_git(repo.root, "checkout", "-q", "-b", "side")
    side = commit(repo.root, "Side", {"README.md": "theirs\n"})
    run_git(repo.root, "checkout", "-q", "main")
    run_git(repo.root, "branch", "-q", "-D", "side")
    commit(work, "Ours", {"README.md": "ours\n"})
    run_git(work, "merge", "-q", side, check=False)
    write(work, {"README.md": "half resolved\n"})
    done = remove(repo, work)
    assert done.rescue is not None
    assert blob(repo, done.rescue.commit, "README.md") == b"half resolved\n"
    assert repo.is_ancestor(side, done.rescue.commit)
    (entry,) = rescue.listed(repo)
    assert entry.staged is not None
    assert blob(repo, entry.staged, ".cockpit-conflict/3/README.md") == b"theirs\n"


def test_set_up_and_ignored_files_go_without_a_rescue_and_links_are_not_followed(
    repo: Repo, work: Path, tmp_path: Path
) -> None:
    write(tmp_path / "shared", {"module.js": "keep me"})
    (work / "node_modules").symlink_to(tmp_path / "shared")
    write(repo.common_dir / "info", {"exclude": "build/\n"})
    write(work, {".env": "SECRET", "build/a/b": "x", ".env.d/x": "y"})
    (work / "build" / "to-shared").symlink_to(tmp_path / "shared")
    run_git(work, "add", "node_modules", ".env")
    done = remove(repo, work, exclude=("node_modules", ".env*"))
    assert done.rescue is None
    assert done.ignored_files == ("build/",)
    assert not work.exists()
    assert (tmp_path / "shared" / "module.js").read_text() == "keep me"


def test_set_up_files_stay_out_of_a_rescue(repo: Repo, work: Path) -> None:
    write(work, {".env": "SECRET", "new": "x"})
    run_git(work, "add", "--all")
    done = remove(repo, work, exclude=(".env",))
    assert done.rescue is not None
    assert tree(repo.root, done.rescue.commit) == {"README.md", "src/app.py", "new"}
    assert all(
        ".env" not in tree(repo.root, parent)
        for parent in run_git(repo.root, "log", "-1", "--format=%P", done.rescue.commit).split()
    )


def test_paths_that_are_not_ours_are_refused_untouched(repo: Repo, work: Path, folder: Path, tmp_path: Path) -> None:
    other = Repo.open(make_repo(tmp_path, None, "second"))
    foreign = worktrees.add(other, folder / "foreign", "plan/f", "main").path
    write(folder / "plain", {"x": "mine"})
    (folder / "link").symlink_to(work)
    outside = worktrees.add(repo, tmp_path / "outside", "plan/o", "main").path

    def attempt(path: Path, parent: Path) -> None:
        with pytest.raises((UnsafePathError, GitError)):
            rescue.remove(repo, path, parent=parent, branch="x", base="main", plan="p", workstream="a", at=AT)

    for path in (foreign, folder / "plain", folder / "link", outside, folder, folder / ".." / "outside"):
        attempt(path, folder)
    attempt(repo.root, tmp_path)
    attempt(repo.root.parent, tmp_path.parent)
    with pytest.raises(UnsafePathError):
        rescue.remove(repo, work, parent=folder, branch="main", base="main", plan="p", workstream="a", at=AT)
    for path in (foreign, outside, work, repo.root):
        assert (path / "README.md").exists()
    assert (folder / "plain" / "x").read_text() == "mine"


def test_a_locked_worktree_is_refused_with_a_hint(repo: Repo, work: Path) -> None:
    run_git(repo.root, "worktree", "lock", "--reason", "in use", str(work))
    with pytest.raises(GitError, match="locked") as caught:
        remove(repo, work)
    assert "unlock" in caught.value.hint
    assert (work / "README.md").exists()


def test_repositories_inside_are_refused(repo: Repo, work: Path) -> None:
    run_git(work, "init", "-q", "vendor")
    commit_inside = work / "vendor"
    write(commit_inside, {"x": "only here"})
    with pytest.raises(GitError, match="vendor"):
        remove(repo, work)
    assert (work / "vendor" / "x").read_text() == "only here"


def test_submodules_that_were_never_filled_are_no_obstacle_filled_ones_are(
    repo: Repo, folder: Path, tmp_path: Path
) -> None:
    module = make_repo(tmp_path, {"m": "x"}, "module")
    allow = ("-c", "protocol.file.allow=always")
    run_git(repo.root, *allow, "submodule", "--quiet", "add", str(module), "sub")
    run_git(repo.root, "commit", "-q", "-m", "Submodule")
    empty = worktrees.add(repo, folder / "empty", "plan/e", "main").path
    assert remove(repo, empty, branch="plan/e").rescue is None
    filled = worktrees.add(repo, folder / "filled", "plan/f", "main").path
    run_git(filled, *allow, "submodule", "--quiet", "update", "--init")
    with pytest.raises(GitError, match="submodules"):
        remove(repo, filled, branch="plan/f")
    assert (filled / "sub" / "m").exists()


def test_a_branch_that_is_checked_out_elsewhere_stays(repo: Repo, work: Path, folder: Path) -> None:
    run_git(work, "checkout", "-q", "-b", "own-idea")
    tip = commit(work, "Idea", {"i": "x"})
    run_git(repo.root, "worktree", "add", "-q", str(folder / "b"), "plan/a")
    done = remove(repo, work)
    assert not done.branch_deleted
    assert repo.branch_exists("plan/a")
    assert repo.tip("own-idea") == tip


def test_a_worktree_whose_folder_was_deleted_goes_too(repo: Repo, work: Path) -> None:
    write(work, {"staged": "only in the index\n"})
    run_git(work, "add", "staged")
    subprocess.run(["rm", "-r", str(work)], check=True)
    done = remove(repo, work)
    assert done.rescue is not None
    assert blob(repo, done.rescue.commit, "staged") == b"only in the index\n"
    assert len(worktrees.listed(repo)) == 1


def test_a_file_that_appears_or_changes_meanwhile_is_rescued_again(
    repo: Repo, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(work, {"new": "first"})
    real, left = removal.put_aside, [{"late": "late"}, {"new": "2nd!!", "README.md": "edited late\n"}]

    def meanwhile(folder: Path) -> Path:
        if left:  # what a program that still runs would do, at the worst moment
            write(folder, left.pop(0))
        return real(folder)

    monkeypatch.setattr(removal, "put_aside", meanwhile)
    done = remove(repo, work)
    assert done.rescue is not None
    assert not work.exists()
    assert blob(repo, done.rescue.commit, "late") == b"late"
    assert blob(repo, done.rescue.commit, "new") == b"2nd!!"
    assert blob(repo, done.rescue.commit, "README.md") == b"edited late\n"


def test_a_worktree_that_never_comes_to_rest_is_left(repo: Repo, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, count = removal.put_aside, iter(range(100))

    def meanwhile(folder: Path) -> Path:
        write(folder, {"log": f"{next(count)}"})
        return real(folder)

    monkeypatch.setattr(removal, "put_aside", meanwhile)
    with pytest.raises(GitError, match="log"):
        remove(repo, work)
    assert (work / "log").exists()
    assert len(worktrees.listed(repo)) == 2
    assert repo.branch_exists("plan/a")


def test_a_commit_made_meanwhile_is_kept(repo: Repo, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    real = rescue._keep

    def meanwhile(*args: object) -> object:
        kept = real(*args)  # type: ignore[arg-type]
        if not made:
            made.append(commit(work, "Late", {"late": "x"}))
        return kept

    monkeypatch.setattr(rescue, "_keep", meanwhile)
    done = remove(repo, work)
    assert done.rescue is not None
    assert repo.is_ancestor(made[0], done.rescue.commit)


def test_a_file_written_during_the_removal_stays_and_fails_it(
    repo: Repo, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = os.open(work, os.O_RDONLY | os.O_DIRECTORY)  # a program whose folder this is, wherever it is moved
    real = removal.take_away

    def meanwhile(top: Path, listed: removal.Listing) -> None:
        late = os.open("late", os.O_CREAT | os.O_WRONLY, dir_fd=handle)
        os.write(late, b"late")
        os.close(late)
        real(top, listed)

    with monkeypatch.context() as patched:
        patched.setattr(removal, "take_away", meanwhile)
        with pytest.raises(GitError):
            remove(repo, work)
    os.close(handle)
    (left,) = removal.remains(work.parent)
    assert (left / "late").read_text() == "late"
    with pytest.raises(GitError, match="late"):
        remove(repo, work)
    assert (left / "late").read_text() == "late"


def test_a_removal_that_the_driver_of_another_plan_finishes_meanwhile_is_done(
    repo: Repo, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = removal.take_away

    def meanwhile(top: Path, listed: removal.Listing) -> None:
        monkeypatch.setattr(removal, "take_away", real)
        assert [one.ok for one in mend(repo, work.parent, ["plan/b"])] == [True]
        removal.finish(top)
        real(top, listed)

    monkeypatch.setattr(removal, "take_away", meanwhile)
    assert remove(repo, work).bytes_freed
    assert list(work.parent.iterdir()) == []


@pytest.mark.parametrize("moment", ["put_aside", "mark_verified", "take_away"])
def test_a_removal_that_was_killed_is_finished_by_the_next(
    repo: Repo, work: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    own = commit(work, "Own", {"own": "x"})
    write(work, {"new": "x"})
    real = getattr(removal, moment)

    class Killed(BaseException):
        pass

    def killed(*args: object) -> object:
        if moment != "take_away":
            real(*args)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(removal, moment, killed)
        with pytest.raises(Killed):
            remove(repo, work)
    remove(repo, work)
    assert list(work.parent.iterdir()) == []
    assert len(worktrees.listed(repo)) == 1
    assert not repo.branch_exists("plan/a")
    entries = rescue.listed(repo)
    assert all(repo.is_ancestor(own, entry.commit) for entry in entries)
    assert blob(repo, entries[-1].commit, "new") == b"x"


def test_restoring_overwrites_nothing(repo: Repo, work: Path, folder: Path) -> None:
    commit(work, "Own", {"own": "x"})
    write(work, {"new": "x"})
    done = remove(repo, work)
    assert done.rescue is not None
    ref = done.rescue.ref
    write(folder / "full", {"x": "mine"})
    with pytest.raises(GitError):
        rescue.restore(repo, ref, path=folder / "full")
    with pytest.raises(GitError):
        rescue.restore(repo, ref, path=folder / "b", branch="main")
    for bad in ("refs/heads/main", f"{rescued.REFS}/nope", "-x", ref + "*"):
        with pytest.raises(GitError):
            rescue.restore(repo, bad, path=folder / "b")
        with pytest.raises(GitError):
            rescue.show(repo, bad)
    first = rescue.restore(repo, ref, path=folder / "b")
    second = rescue.restore(repo, ref, path=folder / "c")
    third = rescue.restore(repo, ref, path=folder / "d", branch="mine")
    assert [made.branch for made in (first, second, third)] == ["plan/a-rescued-1", "plan/a-rescued-2", "mine"]
    assert all((made.path / "new").read_text() == "x" for made in (first, second, third))
    assert (folder / "full" / "x").read_text() == "mine"


def test_work_before_the_first_commit_is_kept(repo: Repo, work: Path, folder: Path) -> None:
    run_git(work, "checkout", "-q", "--orphan", "fresh")
    write(work, {"new": "x"})
    done = remove(repo, work)
    assert done.rescue is not None
    assert blob(repo, done.rescue.commit, "new") == b"x"
    back = rescue.restore(repo, done.rescue.ref, path=folder / "back", branch="back")
    assert (back.path / "new").read_text() == "x"


def test_names_of_plans_and_workstreams_come_back_whole(repo: Repo, work: Path) -> None:
    names = ["a b", "../..", "x.lock", "ü/~^:?*[\\", "-x", ".", "@{", "l" * 400, "two\nlines"]
    write(work, {"new": "x"})
    for name in names:
        assert rescue.keep(repo, work, name, name, AT) is not None
    found = rescue.listed(repo)
    assert {(entry.plan, entry.workstream) for entry in found} == {(name, name) for name in names}
    for name in names:
        assert [entry.plan for entry in rescue.listed(repo, name)] == [name]
    run_git(repo.root, "fsck", "--no-dangling")


@given(st.text(max_size=60))
def test_an_encoded_name_is_one_safe_component(name: str) -> None:
    out = rescued.encoded(name)
    assert out
    assert len(out) <= 150
    assert all(char.isascii() and (char.isalnum() or char in "_-%") for char in out)


def test_a_foreign_ref_among_the_rescues_is_listed_by_its_name(repo: Repo) -> None:
    run_git(repo.root, "update-ref", f"{rescued.REFS}/p%20x/w/1", "HEAD")
    (entry,) = rescue.listed(repo, "p x")
    assert (entry.plan, entry.workstream, entry.files) == ("p x", "w", ())


@pytest.mark.parametrize("version", ["2", "4"])
def test_edits_that_git_was_told_not_to_see_are_kept(repo: Repo, work: Path, version: str) -> None:
    commit(work, "More", {"x" * 200 + "/" + "y" * 200: "long name\n", "same": "same\n"})
    run_git(work, "update-index", "--index-version", version)
    run_git(work, "update-index", "--assume-unchanged", "README.md", "same")
    run_git(work, "update-index", "--skip-worktree", "src/app.py")
    write(work, {"README.md": "hidden edit\n", "src/app.py": "another\n"})
    assert run_git(work, "status", "--porcelain") == ""
    done = remove(repo, work)
    assert done.rescue is not None
    assert done.rescue.files == ("README.md", "src/app.py")
    assert blob(repo, done.rescue.commit, "README.md") == b"hidden edit\n"
    assert blob(repo, done.rescue.commit, "src/app.py") == b"another\n"


def test_a_removal_that_was_killed_inside_git_is_finished(
    repo: Repo, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(work, {"new": "x"})
    real = removal.mark_verified

    class Killed(BaseException):
        pass

    def killed(aside: Path, folder: Path) -> Path:
        real(aside, folder)
        (repo.common_dir / "worktrees" / "a" / "HEAD").unlink()
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(removal, "mark_verified", killed)
        with pytest.raises(Killed):
            remove(repo, work)
    assert remove(repo, work).branch_deleted
    assert list(work.parent.iterdir()) == []
    assert len(worktrees.listed(repo)) == 1
    (entry,) = rescue.listed(repo)
    assert blob(repo, entry.commit, "new") == b"x"


@pytest.mark.parametrize("forgotten", [("gitdir", "commondir"), ("HEAD",), ()])
def test_a_git_that_is_killed_while_it_forgets_a_worktree_leaves_no_half_of_one(
    repo: Repo, work: Path, monkeypatch: pytest.MonkeyPatch, forgotten: tuple[str, ...]
) -> None:
    write(work, {"new": "x"})
    real = spawn.git

    def killed(args: list[str], **more: Any) -> Any:
        if args[:2] != ["worktree", "remove"]:
            return real(args, **more)
        for name in forgotten:
            (repo.common_dir / "worktrees" / "a" / name).unlink()
        raise GitError("killed by signal 9")

    with monkeypatch.context() as patched:
        patched.setattr(spawn, "git", killed)
        if not forgotten:
            with pytest.raises(GitError, match="killed"):
                remove(repo, work)
            assert (work / "new").exists(), "git had not begun: it is as it was"
            return
        assert remove(repo, work).branch_deleted
    assert list(work.parent.iterdir()) == []
    assert len(worktrees.listed(repo)) == 1
    (entry,) = rescue.listed(repo)
    assert blob(repo, entry.commit, "new") == b"x"


def test_a_repository_with_sha256_ids(tmp_path: Path, folder: Path) -> None:
    run_git(tmp_path, "init", "-q", "-b", "main", "--object-format=sha256", "big")
    top = tmp_path / "big"
    run_git(top, "config", "user.name", "O")
    run_git(top, "config", "user.email", "o@example.org")
    commit(top, "Start", {"a": "x", "b": "x"})
    repo = Repo.open(top)
    path = worktrees.add(repo, folder / "a", "plan/a", "main").path
    write(path, {"new": "x", "staged": "x"})
    run_git(path, "add", "staged")
    (path / "b").unlink()
    done = remove(repo, path, exclude=("staged",))
    assert done.rescue is not None
    assert tree(top, done.rescue.commit) == {"a", "new"}
    assert not path.exists()
