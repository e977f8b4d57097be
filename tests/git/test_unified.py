"""A change as text: everything of a worktree, one file, two commits, odd files, and never more than asked for."""

import os
from pathlib import Path

from cockpit.git import unified
from tests.git.repos import commit, make_repo, run_git, write

PLENTY = 100_000


def text(found: unified.Unified) -> list[str]:
    return found.text.decode("utf-8", "replace").splitlines()


def test_a_worktree_shows_what_is_committed_staged_edited_and_untracked(tmp_path: Path) -> None:
    repo = make_repo(tmp_path, {"a.py": "one\ntwo\n", "b.py": "b\n", "keep": "k\n"})
    base = run_git(repo, "rev-parse", "HEAD").strip()
    commit(repo, "More", {"a.py": "one\nTWO\n"})
    write(repo, {"b.py": "B\n", "new file.py": "n", ".env": "secret\n"})
    run_git(repo, "add", "b.py")
    found = unified.since(repo, base, [".env"], "", PLENTY)
    shown = text(found)
    assert (found.files, found.left_out, found.cut) == (3, 0, False)
    for part in ("-two", "+TWO", "-b", "+B", "+++ b/new file.py", "+n", "\\ No newline at end of file"):
        assert part in shown
    assert not any("secret" in line for line in shown)
    assert run_git(repo, "diff", "--cached", "--name-only").split() == ["b.py"]


def test_one_file_is_shown_alone_and_names_are_never_patterns(tmp_path: Path) -> None:
    repo = make_repo(tmp_path, {"a.py": "a\n", "[a].py": "b\n", "-x": "x\n"})
    base = run_git(repo, "rev-parse", "HEAD").strip()
    write(repo, {"a.py": "A\n", "[a].py": "B\n", "-x": "X\n"})
    assert [line for line in text(unified.since(repo, base, [], "[a].py", PLENTY)) if line[0] in "+-"][2:] == [
        "-b",
        "+B",
    ]
    assert "+X" in text(unified.since(repo, base, [], "-x", PLENTY))
    assert unified.since(repo, base, [], "gone", PLENTY).files == 0


def test_every_file_is_listed_with_what_came_and_went(tmp_path: Path) -> None:
    lines = "".join(f"{at}\n" for at in range(20))
    files: dict[str, str | bytes] = {"a": lines, "gone": "g\nh\n", "old name": lines, "run": "x\n", "b.bin": b"\0" * 9}
    repo = make_repo(tmp_path, files)
    base = run_git(repo, "rev-parse", "HEAD").strip()
    run_git(repo, "mv", "old name", "näme\twith")
    write(
        repo, {"a": lines.replace("7\n", "seven\n", 1), "b.bin": b"\0" * 8, "new": "1\n2", os.fsdecode(b"\xff"): "x\n"}
    )
    write(repo, {"fresh.bin": b"\0"})
    (repo / "gone").unlink()
    (repo / "run").chmod(0o755)
    told = {
        ("a", "a", "M", 1, 1, ""),
        ("b.bin", "b.bin", "M", -1, -1, "binary"),
        ("gone", "gone", "D", 0, 2, ""),
        ("näme\twith", "old name", "R", 0, 0, ""),
        ("run", "run", "M", 0, 0, "mode"),
    }
    fresh = {
        ("new", "new", "?", 2, 0, ""),
        ("\udcff", "\udcff", "?", 1, 0, ""),
        ("fresh.bin", "fresh.bin", "?", -1, -1, "binary"),
    }
    found = unified.since(repo, base, [], "", PLENTY)
    assert {(one.path, one.was, one.letter, one.added, one.removed, one.note) for one in found.listed} == told | fresh
    assert 'rename to "näme\\twith"' in text(found)
    assert unified.since(repo, base, [], unified.shown_path("\udcff"), PLENTY).files == 1
    run_git(repo, "add", "-A")
    tip = commit(repo, "All of it")
    listed = unified.between(repo, base, tip, "", PLENTY).listed
    assert {(one.path, one.letter) for one in listed} == {(one[0], one[2].replace("?", "A")) for one in told | fresh}


def test_no_more_than_the_limit_and_what_is_left_out_is_counted(tmp_path: Path) -> None:
    names = [f"f{at:03d}" for at in range(100)]
    repo = make_repo(tmp_path, dict.fromkeys(names, "old\n"))
    base = run_git(repo, "rev-parse", "HEAD").strip()
    write(repo, dict.fromkeys(names, "new\n" * 50))
    found = unified.since(repo, base, [], "", 2_000)
    assert found.cut
    assert (found.files, found.left_out) == (100, 60)
    assert len(found.listed) == 100
    assert found.lines_left == 40 * 56 - found.text.count(b"\n")
    assert len(found.text) <= 2_000
    assert found.text.endswith(b"\n")


def test_links_large_binary_and_vanished_files_are_told_not_read(tmp_path: Path) -> None:
    repo = make_repo(tmp_path, {"big": "x\n"})
    base = run_git(repo, "rev-parse", "HEAD").strip()
    write(repo, {"big": "y" * 2_000_000, "binary": b"\0\1\2", "huge": b"z" * 5_000_000})
    (repo / "link").symlink_to("/etc")
    os.mkfifo(repo / "pipe")
    found = unified.since(repo, base, [], "", PLENTY)
    assert not found.cut
    shown = text(found)
    assert "Binary files a/big and b/big differ" in shown
    assert "Binary file" in shown
    assert "too large to be read" in shown
    assert any(line.startswith("cannot be read") for line in shown)
    assert unified._fresh(repo, "never").endswith(b"it is gone\n")


def test_two_commits_and_the_operators_own_settings_change_nothing(tmp_path: Path) -> None:
    repo = make_repo(tmp_path, {"a.py": "a\n"})
    base = run_git(repo, "rev-parse", "HEAD").strip()
    tip = commit(repo, "Next", {"a.py": "b\n"})
    plain = unified.between(repo, base, tip, "", PLENTY)
    for name, value in (("diff.noprefix", "true"), ("diff.external", "/bin/false"), ("color.ui", "always")):
        run_git(repo, "config", name, value)
    assert unified.between(repo, base, tip, "", PLENTY) == plain
    assert "+++ b/a.py" in text(plain)
