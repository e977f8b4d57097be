from pathlib import Path

import pytest

from cockpit.errors import GitError
from cockpit.git import commits, status, worktrees
from cockpit.git.repo import Change, Repo
from tests.git.repos import commit, run_git, tree, watched, write
from tests.git.test_repo import HOSTILE


@pytest.fixture
def work(repo: Repo, folder: Path) -> Path:
    return worktrees.add(repo, folder / "a", "plan/a", "main").path


def test_commits_everything_with_its_trailers(repo: Repo, work: Path) -> None:
    write(work, {"new": "1\n2\n", "README.md": "# other\n", **dict.fromkeys(HOSTILE, "x")})
    (work / "src" / "app.py").unlink()
    (work / "link").symlink_to("README.md")
    write(work, {"run.sh": "#!/bin/sh\n"})
    (work / "run.sh").chmod(0o755)
    made = commits.commit_all(repo, work, "Do it\n\nBody.\n# not a comment", {"Workstream": "a\nb", "Leg": "a/1"})
    assert made is not None
    assert run_git(work, "status", "--porcelain") == ""
    assert tree(work) == {"README.md", "new", "link", "run.sh", *HOSTILE}
    assert made.id == repo.tip("plan/a")
    assert made.tree == repo.tree_of(made.id)
    assert made.files == 5 + len(HOSTILE)
    assert (made.added, made.removed) == (2 + 1 + 1 + 1 + len(HOSTILE), 2)
    shown = run_git(work, "log", "-1", "--format=%an <%ae>%n%B")
    assert shown.startswith("Olga Operator <olga@example.org>\nDo it\n\nBody.\n# not a comment\n\n")
    trailers = run_git(work, "log", "-1", "--format=%(trailers:only,unfold)")
    assert trailers.split("\n")[:2] == ["Workstream: a b", "Leg: a/1"]
    assert run_git(work, "ls-files", "-s", "run.sh").startswith("100755")


def test_nothing_to_commit_costs_one_process(repo: Repo, work: Path) -> None:
    with watched() as commands:
        assert commits.commit_all(repo, work, "x", {}) is None
    assert commands == ["status"]


def test_what_the_agent_committed_itself_is_left_alone(repo: Repo, work: Path) -> None:
    own = commit(work, "Agent", {"new": "x"})
    assert commits.commit_all(repo, work, "x", {}) is None
    assert repo.tip("plan/a") == own


def test_set_up_files_are_not_committed_even_when_the_agent_staged_them(repo: Repo, work: Path, tmp_path: Path) -> None:
    (work / "node_modules").symlink_to(tmp_path)
    write(work, {".env": "SECRET=1", ".env.local": "SECRET=2", "new": "x"})
    run_git(work, "add", "--all")
    made = commits.commit_all(repo, work, "x", {}, exclude=[".env*", "node_modules"])
    assert made is not None
    assert tree(work) == {"README.md", "new", "src/app.py"}
    assert (work / ".env").read_text() == "SECRET=1"
    assert (work / "node_modules").is_symlink()
    assert commits.commit_all(repo, work, "x", {}, exclude=[".env*", "node_modules"]) is None


def test_a_tracked_set_up_file_stays_what_it_was(repo: Repo, work: Path) -> None:
    write(work, {"README.md": "set up\n", "new": "x"})
    run_git(work, "add", "README.md")
    assert commits.commit_all(repo, work, "x", {}, exclude=["README.md"]) is not None
    assert run_git(work, "show", "HEAD:README.md") == "# demo\n"
    assert (work / "README.md").read_text() == "set up\n"


def test_a_file_that_became_a_folder_and_the_other_way_round(repo: Repo, work: Path) -> None:
    commit(work, "Shape", {"a": "file", "b/c": "inner", "b/d": "inner"})
    (work / "a").unlink()
    write(work, {"a/x": "1"})
    (work / "b/c").unlink()
    (work / "b/d").unlink()
    (work / "b").rmdir()
    write(work, {"b": "file"})
    assert commits.commit_all(repo, work, "x", {}) is not None
    assert tree(work) == {"README.md", "src/app.py", "a/x", "b"}
    assert run_git(work, "status", "--porcelain") == ""


def test_unresolved_conflicts_are_refused_and_a_resolved_merge_is_finished(repo: Repo, work: Path) -> None:
    commit(repo.root, "Theirs", {"README.md": "theirs\n"})
    commit(work, "Ours", {"README.md": "ours\n"})
    run_git(work, "merge", "-q", "main", check=False)
    with pytest.raises(GitError, match=r"unresolved conflicts of a merge: README\.md") as caught:
        commits.commit_all(repo, work, "x", {})
    assert caught.value.hint
    assert "<<<<<<<" in (work / "README.md").read_text()
    write(work, {"README.md": "both\n"})
    run_git(work, "add", "README.md")
    made = commits.commit_all(repo, work, "Merge it", {})
    assert made is not None
    assert len(run_git(work, "log", "-1", "--format=%P").split()) == 2
    assert made.files == 1


def test_a_rebase_under_way_and_a_detached_head_are_refused(repo: Repo, work: Path) -> None:
    commit(repo.root, "Theirs", {"README.md": "theirs\n"})
    commit(work, "Ours", {"README.md": "ours\n"})
    run_git(work, "rebase", "-q", "main", check=False)
    with pytest.raises(GitError, match="conflicts of a rebase"):
        commits.commit_all(repo, work, "x", {})
    write(work, {"README.md": "both\n"})
    run_git(work, "add", "README.md")
    with pytest.raises(GitError, match="middle of a rebase"):
        commits.commit_all(repo, work, "x", {})
    run_git(work, "rebase", "--abort")
    run_git(work, "checkout", "-q", "--detach")
    write(work, {"new": "x"})
    with pytest.raises(GitError, match="detached"):
        commits.commit_all(repo, work, "x", {})


def test_a_repository_inside_is_refused(repo: Repo, work: Path) -> None:
    run_git(work, "init", "-q", "vendor")
    write(work, {"vendor/x": "1"})
    with pytest.raises(GitError, match="vendor"):
        commits.commit_all(repo, work, "x", {})


def test_hooks_and_signatures_run_only_when_asked(repo: Repo, work: Path) -> None:
    hook = repo.common_dir / "hooks" / "pre-commit"
    write(hook.parent, {"pre-commit": "#!/bin/sh\necho refused by the hook >&2\nexit 1\n"})
    hook.chmod(0o755)
    run_git(repo.root, "config", "commit.gpgSign", "true")
    run_git(repo.root, "config", "gpg.program", "/bin/false")
    write(work, {"new": "x"})
    assert commits.commit_all(repo, work, "x", {}) is not None
    write(work, {"new": "y"})
    with pytest.raises(GitError, match="refused by the hook"):
        commits.commit_all(repo, work, "x", {}, hooks=True)
    with pytest.raises(GitError):
        commits.commit_all(repo, work, "x", {}, sign=True)


def test_a_held_index_lock_is_named(repo: Repo, work: Path) -> None:
    write(work, {"new": "x"})
    (repo.common_dir / "worktrees" / "a" / "index.lock").touch()
    with pytest.raises(GitError) as caught:
        commits.commit_all(repo, work, "x", {})
    assert "index.lock" in caught.value.hint


def test_survey_counts_committed_and_uncommitted_work(repo: Repo, work: Path) -> None:
    commit(repo.root, "Base goes on", {"base": "1\n2\n3\n"})
    commit(work, "Own", {"own": "1\n2\n"})
    write(work, {"README.md": "# edited\n", "loose/ü\n": "1\n2\n3", "bin": b"\0\1", ".env": "x"})
    run_git(work, "add", "README.md")
    found = status.survey(work, "main", exclude=[".env"])
    assert found.branch == "plan/a"
    assert found.head == repo.tip("plan/a")
    assert (found.ahead, found.behind) == (1, 1)
    assert (found.files, found.untracked) == (4, 2)
    assert (found.added, found.removed) == (2 + 1 + 3, 1)
    assert found.conflicted == ()


def test_survey_takes_no_lock_and_sees_conflicts(repo: Repo, work: Path) -> None:
    commit(repo.root, "Theirs", {"README.md": "theirs\n"})
    commit(work, "Ours", {"README.md": "ours\n"})
    run_git(work, "merge", "-q", "main", check=False)
    (repo.common_dir / "worktrees" / "a" / "index.lock").touch()
    assert status.survey(work, "main").conflicted == ("README.md",)
    run_git(work, "checkout", "-q", "--orphan", "lone", check=False)
    with pytest.raises(GitError):
        status.survey(work, "nope")


def test_survey_before_the_first_commit(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "-q", "-b", "main", "unborn")
    write(tmp_path / "unborn", {"x": "1\n"})
    found = status.survey(tmp_path / "unborn", "main")
    assert found.head is None
    assert (found.files, found.added, found.untracked) == (1, 1, 1)


def test_changed_files_since_a_commit(repo: Repo, work: Path) -> None:
    start = repo.commit_id("main")
    commit(work, "Own", {"own\n": "1"})
    write(work, {"-new": "x", ".env": "x"})
    (work / "README.md").unlink()
    assert status.changed_files(work, start, [".env"]) == (
        Change("?", "-new"),
        Change("D", "README.md"),
        Change("A", "own\n"),
    )
