"""Both sides of what a change touches: ranges, the index, the disk; hostile names, links, submodules, huge files."""

import os
from pathlib import Path

import pytest

from cockpit.errors import GitError
from cockpit.git import pairs
from tests.git.repos import commit, make_repo, run_git, write

FILES = {"a.py": "one\n", "b.py": "two\n" * 30, "gone.py": "x\n", "bad\nname é.py": "n\n"}


def seen(folder: Path, touched: tuple[pairs.Touched, ...]) -> dict[str, tuple[bytes | None, bytes | None]]:
    return {pair.touched.path: (pair.before, pair.after) for pair in pairs.read(folder, touched)}


def test_the_disk_against_a_commit(tmp_path: Path) -> None:
    top = make_repo(tmp_path, FILES)
    start = run_git(top, "rev-parse", "HEAD").strip()
    commit(top, "More", {"a.py": "one more\n"})
    write(top, {"bad\nname é.py": "changed\n", "new \x1b.py": "new\n", "set/up": "not ours\n"})
    (top / "gone.py").unlink()
    found = pairs.since(top, start, exclude=["set/**"])
    assert seen(top, found) == {
        "a.py": (b"one\n", b"one more\n"),
        "bad\nname é.py": (b"n\n", b"changed\n"),
        "gone.py": (b"x\n", None),
        "new \x1b.py": (None, b"new\n"),
    }


def test_a_range_follows_renames(tmp_path: Path) -> None:
    top = make_repo(tmp_path, FILES)
    start = run_git(top, "rev-parse", "HEAD").strip()
    run_git(top, "mv", "b.py", "c.py")
    commit(top, "Move", {"c.py": "two\n" * 30 + "three\n"})
    found = pairs.in_range(top, f"{start}..HEAD")
    assert [(one.was, one.path, one.status) for one in found] == [("b.py", "c.py", "R")]
    assert seen(top, found) == {"c.py": (b"two\n" * 30, b"two\n" * 30 + b"three\n")}


def test_what_is_staged_is_read_from_the_index(tmp_path: Path) -> None:
    top = make_repo(tmp_path, FILES)
    write(top, {"a.py": "staged\n"})
    run_git(top, "add", "a.py")
    write(top, {"a.py": "later\n"})
    assert seen(top, pairs.staged(top)) == {"a.py": (b"one\n", b"staged\n")}


def test_what_is_no_file_or_too_large_is_said(tmp_path: Path) -> None:
    top = make_repo(tmp_path, FILES)
    inner = make_repo(tmp_path, {"x": "y\n"}, "inner")
    run_git(top, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "sub")
    (top / "loop").symlink_to("loop")
    os.mkfifo(top / "pipe")
    with (top / "huge.py").open("wb") as file:
        file.truncate(pairs.LARGEST_READ + 1)
    run_git(top, "add", "loop", "huge.py")
    skipped = {pair.touched.path: pair.skipped for pair in pairs.read(top, pairs.since(top, "HEAD")) if pair.skipped}
    assert skipped == {"loop": "a link", "sub": "a submodule", "huge.py": "too large to be read"}


@pytest.mark.parametrize("text", ["--output=/x", "nope..HEAD", "", "HEAD^{blob}"])
def test_a_bad_range_is_a_clear_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(GitError, match="range"):
        pairs.in_range(make_repo(tmp_path, FILES), text)
