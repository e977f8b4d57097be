from pathlib import Path

import pytest

from cockpit.errors import GitError
from cockpit.git.trees import CommitFiles, are_any_ignored
from tests.git.repos import commit, make_repo


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = make_repo(tmp_path)
    commit(made, "one", {"a b/ü.txt": "text\n", ".gitignore": "made/\n*.gen.py\n", "kept.gen.py": ""})
    return made


def test_the_files_of_a_commit_are_those_of_the_commit(repo: Path) -> None:
    files = CommitFiles(repo, "HEAD")
    (repo / "a b" / "ü.txt").write_text("changed on disk\n")
    (repo / "more.txt").touch()
    assert "a b/ü.txt" in files.paths
    assert "more.txt" not in CommitFiles(repo, "HEAD").paths
    assert files.text("a b/ü.txt") == "text\n"
    assert files.text("more.txt") == ""
    with pytest.raises(GitError):
        CommitFiles(repo, "no-such-commit")


def test_what_git_ignores_is_told_also_where_it_is_not_there(repo: Path) -> None:
    assert are_any_ignored(repo, ["src/a.py", "made/a.py"])
    assert are_any_ignored(repo, ["x.gen.py"])
    assert not are_any_ignored(repo, ["src/a.py", "a b/ü.txt"])
    assert not are_any_ignored(repo, ["../outside.py"])
