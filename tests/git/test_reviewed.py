"""What was decided on last is compared on the base of now: what came to base meanwhile is no part of the change."""

from pathlib import Path

import pytest

from cockpit.errors import GitError
from cockpit.git import unified
from cockpit.git.repo import Repo
from cockpit.git.reviewed import Reviewed, brought_on
from tests.git.repos import commit, make_repo, run_git

LINES = [f"{at}\n" for at in range(30)]


def with_line(at: int, text: str, *more: tuple[int, str]) -> str:
    changed = dict([(at, text), *more])
    return "".join(changed.get(number, line) for number, line in enumerate(LINES))


def test_only_what_changed_since_is_left_after_base_moved(tmp_path: Path) -> None:
    folder = make_repo(tmp_path, {"a": "".join(LINES)})
    repo, base = Repo.open(folder), run_git(folder, "rev-parse", "HEAD").strip()
    reviewed = commit(folder, "Reviewed", {"a": with_line(3, "mine\n")})
    assert brought_on(repo, reviewed, base, base) == brought_on(repo, reviewed, "", base) == Reviewed(reviewed)
    run_git(folder, "reset", "--hard", base)
    now = commit(folder, "Base moves on", {"a": with_line(20, "theirs\n"), "b": "b\n"})
    tip = commit(folder, "Done again", {"a": with_line(3, "better\n", (20, "theirs\n"))})
    found = brought_on(repo, reviewed, base, now)
    shown = unified.between(folder, found.tree, tip, "", 10_000)
    assert [one.path for one in shown.listed] == ["a"]
    assert b"-mine\n+better\n" in shown.text
    assert b"theirs\n-" not in shown.text
    other = commit(folder, "Base changes the same line", {"a": with_line(3, "other\n")})
    assert brought_on(repo, reviewed, base, other).paths == ("a",)
    with pytest.raises(GitError, match="012345678, which was decided on last, is not in the repository"):
        brought_on(repo, "0123456789" * 4, base, now)
