import os
from pathlib import Path

import pytest

from cockpit.git import resolve, worktrees
from cockpit.git.gatetree import gate_worktree
from cockpit.git.largefiles import fill_large_files
from cockpit.git.repo import Repo
from tests.git.repos import commit, run_git

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 5\n"
# What git-lfs is to cockpit: a filter that may not fetch, and a command that fills what is in the store.
LFS = """#!/bin/sh
case "$1" in
    smudge) cat; echo "${GIT_LFS_SKIP_SMUDGE:-fetched}" >> "$(dirname "$0")/asked" ;;
    clean) data=$(cat); [ "$data" = whole ] && data=$(cat "$(dirname "$0")/pointer"); echo "$data" ;;
    checkout) echo whole > one.bin; git update-index one.bin ;;
esac
"""


@pytest.fixture
def filled(repo: Repo) -> Repo:
    pointers = {"one.bin": POINTER.format("1" * 64), "deep/two.bin": POINTER.format("2" * 64), "not.txt": "text\n"}
    commit(repo.root, "Large", {".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", **pointers})
    return repo


def test_pointers_are_left_and_named_without_git_lfs(
    filled: Repo, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    made = worktrees.add(filled, folder / "a", "a", "main").path
    assert fill_large_files(filled, made) == ("deep/two.bin", "one.bin")


def test_git_lfs_fills_what_is_here_and_is_kept_from_fetching(
    filled: Repo, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git-lfs").write_text(LFS)
    (tools / "pointer").write_text(POINTER.format("1" * 64))
    (tools / "git-lfs").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    run_git(filled.root, "config", "filter.lfs.smudge", "git-lfs smudge -- %f")
    run_git(filled.root, "config", "filter.lfs.clean", "git-lfs clean -- %f")
    made = worktrees.add(filled, folder / "a", "a", "main").path
    assert (tools / "asked").read_text().split() == ["1", "1"]
    assert fill_large_files(filled, made) == ("deep/two.bin",)
    assert (made / "one.bin").read_text() == "whole\n"
    gate = gate_worktree(filled, folder / "gate", "main")
    assert (gate / "one.bin").read_text() == "whole\n"
    theirs = commit(made, "Theirs", {"not.txt": "theirs\n", "one.bin": POINTER.format("3" * 64)})
    commit(filled.root, "Ours", {"not.txt": "ours\n"})
    resolve.conflict_worktree(filled, folder / "conflict", onto="main", head=theirs, parent=folder)
    assert "fetched" not in (tools / "asked").read_text()


def test_a_repository_without_large_files_is_not_asked(repo: Repo, folder: Path) -> None:
    assert fill_large_files(repo, worktrees.add(repo, folder / "a", "a", "main").path) == ()
