"""Walks the folders of a worktree: which are worth a watch, and when a file in them last changed. Reads names only."""

import os

FOLDERS = 1500
UNWATCHED = frozenset({".git", "node_modules", ".venv", "venv", "__pycache__", "target", "dist", "build", ".tox"})


def newest_change(worktree: str) -> float:
    """Return when a file of a worktree last changed, git's own and build folders left out; 0 where there is none."""
    newest = 0.0
    for top, folders, files in os.walk(worktree):
        folders[:] = [name for name in folders if name not in UNWATCHED - {"target", "dist", "build"}]
        for name in files:
            try:
                newest = max(newest, os.lstat(f"{top}/{name}").st_mtime)
            except OSError:
                continue
    return newest


def folders_of(worktree: str) -> frozenset[str]:
    """Return the folders of a worktree that are worth a watch, at most FOLDERS of them."""
    found: list[str] = []
    for top, folders, _ in os.walk(worktree):
        found.append(top)
        folders[:] = sorted(name for name in folders if name not in UNWATCHED)
        if len(found) >= FOLDERS:
            break
    return frozenset(found)
