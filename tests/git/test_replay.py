from pathlib import Path

import pytest

from cockpit.git import worktrees
from cockpit.git.integrate import Built, Conflict, build, publish
from cockpit.git.repo import Repo
from tests.git.repos import commit, run_git, tree, write


@pytest.fixture
def work(repo: Repo, folder: Path) -> Path:
    return worktrees.add(repo, folder / "a", "plan/a", "main").path


def rebased(repo: Repo, head: str = "plan/a", onto: str = "main") -> Built:
    found = build(repo, onto, head, "rebase", "not used")
    assert isinstance(found, Built)
    return found


def subjects(repo: Repo, since: str, until: str) -> list[str]:
    return run_git(repo.root, "log", "--reverse", "--format=%s", f"{since}..{until}").splitlines()


def test_commits_are_replayed_one_by_one_with_authors_dates_and_messages(repo: Repo, work: Path) -> None:
    message = b"Gr\xfc\xdfe\n\nbody  \n\n  indented\n"
    write(work, {"one": "1\n"})
    run_git(work, "add", "--all")
    who = ("--author", "Agent Smith <smith@example.org>", "--date", "1700000000 +0200", "--cleanup=verbatim")
    run_git(work, "-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", *who, "-F", "-", stdin=message)
    commit(work, "Two", {"README.md": "# demo\nmore\n"})
    base = commit(repo.root, "Other", {"other": "x\n"})
    refs = run_git(repo.root, "for-each-ref")
    found = rebased(repo)
    first = f"{found.commit}^"
    shown = run_git(repo.root, "log", "-1", "--date=raw", "--format=%P|%an <%ae>|%ad|%cn", first).strip()
    assert shown == f"{base}|Agent Smith <smith@example.org>|1700000000 +0200|Olga Operator"
    raw = run_git(repo.root, "cat-file", "commit", first)
    assert "\nencoding ISO-8859-1\n" in raw
    assert raw.encode("utf-8", "surrogateescape").endswith(b"\n\n" + message)
    assert tree(repo.root, found.commit) == {"README.md", "src/app.py", "one", "other"}
    assert found.tree == run_git(repo.root, "rev-parse", f"{found.commit}^{{tree}}").strip()
    assert run_git(repo.root, "for-each-ref") == refs
    assert run_git(repo.root, "status", "--porcelain") == ""
    publish(repo, "main", base, found.commit)
    assert (repo.root / "one").exists()


def test_the_result_is_that_of_git_rebase(repo: Repo, work: Path) -> None:
    write(work, {f"src/{number}.py": f"{number}\n" * 9 for number in range(3)})
    commit(work, "Files")
    run_git(work, "mv", "src", "source")
    commit(work, "Move")
    commit(work, "Edit", {"source/1.py": "1\n" * 8 + "one\n"})
    commit(repo.root, "Other", {"src/new.py": "n\n", "README.md": "other\n"})
    found = build(repo, "main", "plan/a", "rebase", "")
    run_git(work, "rebase", "-q", "main", check=False)
    if isinstance(found, Conflict):
        assert set(run_git(work, "diff", "--name-only", "--diff-filter=U", "-z").split("\0")) - {""} == set(found.paths)
    else:
        assert found.tree == run_git(work, "rev-parse", "HEAD^{tree}").strip()


def test_empty_commits_are_dropped(repo: Repo, work: Path) -> None:
    run_git(work, "commit", "-q", "--allow-empty", "-m", "Nothing")
    commit(work, "Same", {"README.md": "same\n"})
    commit(work, "Own", {"own": "1"})
    base = commit(repo.root, "The same on base", {"README.md": "same\n"})
    found = rebased(repo)
    assert subjects(repo, base, found.commit) == ["Own"]
    publish(repo, "main", base, found.commit)
    assert rebased(repo) == Built(found.commit, found.tree, empty=True)
    assert rebased(repo, "main", "plan/a").tree == found.tree


def test_a_conflict_names_the_paths_of_the_first_commit_that_conflicts(repo: Repo, work: Path) -> None:
    commit(work, "One", {"README.md": "mine\n"})
    commit(work, "Two", {"src/app.py": "mine\n"})
    commit(repo.root, "Other", {"README.md": "theirs\n", "src/app.py": "theirs\n"})
    assert build(repo, "main", "plan/a", "rebase", "") == Conflict(("README.md",))


def test_a_merge_of_base_into_the_branch_adds_nothing(repo: Repo, work: Path) -> None:
    commit(work, "One", {"one": "1"})
    commit(repo.root, "Other", {"other": "x"})
    run_git(work, "merge", "-q", "--no-edit", "main")
    commit(work, "Two", {"two": "2"})
    base = commit(repo.root, "Later", {"later": "x"})
    found = rebased(repo)
    assert subjects(repo, base, found.commit) == ["One", "Two"]
    assert tree(repo.root, found.commit) == {"README.md", "src/app.py", "one", "two", "other", "later"}


def test_what_a_merge_in_the_branch_resolved_stays_resolved(repo: Repo, work: Path) -> None:
    commit(work, "One", {"README.md": "mine\n"})
    commit(repo.root, "Other", {"README.md": "theirs\n"})
    run_git(work, "merge", "-q", "main", check=False)
    commit(work, "Resolved", {"README.md": "both\n"})
    base = commit(repo.root, "Later", {"later": "x"})
    found = build(repo, "main", "plan/a", "rebase", "All of it")
    assert isinstance(found, Built)
    assert subjects(repo, base, found.commit) == ["All of it"]
    assert run_git(repo.root, "show", f"{found.commit}:README.md") == "both\n"


def test_a_side_branch_merged_in_is_one_commit(repo: Repo, work: Path) -> None:
    run_git(work, "checkout", "-q", "-b", "side")
    commit(work, "Side", {"side": "1"})
    run_git(work, "checkout", "-q", "plan/a")
    commit(work, "One", {"one": "1"})
    run_git(work, "merge", "-q", "--no-ff", "-m", "Take the side in", "side")
    base = commit(repo.root, "Other", {"other": "x"})
    found = rebased(repo)
    assert subjects(repo, base, found.commit) == ["One", "Take the side in"]
    assert {"side", "one", "other"} <= tree(repo.root, found.commit)
