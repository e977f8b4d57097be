"""Counts what of a worktree goes with it unrescued: its ignored files. It reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit.git import removal, status


@dataclass(frozen=True, slots=True)
class Ignored:
    """How many ignored files there are, set-up files left out, and the bytes that they take."""

    files: int = 0
    bytes: int = 0


def count(worktree: Path, exclude: Sequence[str] = ()) -> Ignored:
    """Return what a worktree holds that git ignores. Raises GitError."""
    files = total = 0
    for name in status.read(worktree, exclude=exclude, ignored=True).ignored:
        path = worktree / name
        if path.is_dir() and not path.is_symlink():
            found = removal.listing(path)
            files, total = files + len(found.files), total + found.bytes
        else:
            files, total = files + 1, total + path.lstat().st_blocks * 512
    return Ignored(files, total)
