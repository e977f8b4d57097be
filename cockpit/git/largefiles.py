"""Finds the files of a worktree that git LFS keeps elsewhere, and fills them from what is here; it fetches nothing."""

import os
import shutil
from pathlib import Path

from cockpit.git import spawn
from cockpit.git.repo import Repo

_POINTER = b"version https://git-lfs.github.com/spec/"
_POINTER_BYTES = 1024  # git-lfs takes nothing larger for a pointer
SKIP_SMUDGE = {"GIT_LFS_SKIP_SMUDGE": "1"}  # else git-lfs would fetch what it lacks, at every checkout


def fill_large_files(repo: Repo, worktree: Path) -> tuple[str, ...]:
    """Let git-lfs, where it is installed, fill what the repository's own store has; return what is left a pointer.

    Raises GitError.
    """
    return fill_from(repo.common_dir, worktree)


def fill_from(git_dir: Path, worktree: Path) -> tuple[str, ...]:
    """Do the same for a worktree of the repository, or of the submodule, whose git folder this is. Raises GitError."""
    left = _pointers(git_dir, worktree)
    if left and shutil.which("git-lfs") is not None:
        spawn.git(["lfs", "checkout"], cwd=worktree, locks=True, timeout=1800.0)
        left = tuple(path for path in left if _is_pointer(worktree / path))
    return left


def _pointers(git_dir: Path, worktree: Path) -> tuple[str, ...]:
    if not (git_dir / "lfs").is_dir() and b"filter=lfs" not in _attributes(worktree):
        return ()
    listed = spawn.git(["ls-files", "-z", "--", ":(attr:filter=lfs)"], cwd=worktree).stdout
    names = [os.fsdecode(raw) for raw in listed.split(b"\0") if raw]
    return tuple(name for name in names if _is_pointer(worktree / name))


def _attributes(worktree: Path) -> bytes:
    path = worktree / ".gitattributes"
    return path.read_bytes() if path.is_file() and not path.is_symlink() else b""


def _is_pointer(path: Path) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _POINTER_BYTES:
        return False
    return path.read_bytes().startswith(_POINTER)
