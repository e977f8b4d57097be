"""The log of a branch along its first parents, whatever names and subjects hold."""

from pathlib import Path

from cockpit.git import baselog
from cockpit.git.repo import Repo
from tests.git.repos import commit, make_repo, run_git


def test_the_last_commits_come_first_and_what_was_merged_in_is_one_step(tmp_path: Path) -> None:
    root = make_repo(tmp_path, {"a.py": "a\n"})
    repo = Repo.open(root)
    branch = repo.current_branch() or ""
    run_git(root, "switch", "-qc", "side")
    commit(root, "Aside", {"b.py": "b\n"})
    run_git(root, "switch", "-q", branch)
    run_git(root, "-c", "user.name=Ølga \x1b[31m", "merge", "-q", "--no-ff", "-m", "Merge [red]side", "side")
    tip = run_git(root, "rev-parse", "HEAD").strip()
    run_git(root, "commit", "-q", "--allow-empty", "--allow-empty-message", "-m", "")
    found = baselog.last(repo, branch, 10)
    assert [one.subject for one in found][:2] == ["", "Merge [red]side"]
    assert found[1].commit == tip
    assert found[1].author == "Ølga \x1b[31m"
    assert "Aside" not in [one.subject for one in found]
    assert found[0].at >= found[-1].at > 1_000_000_000
    assert baselog.last(repo, branch, 1) == found[:1]
    assert baselog.last(repo, "no-such-branch", 10) == ()
