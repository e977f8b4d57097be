"""Names what earlier work left behind in a repository, and what to do about each; it changes nothing."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cockpit.git import places, removal, worktrees
from cockpit.git.repo import Repo

Kind = Literal["worktree", "folder", "lock", "branch", "removal"]
_FRESH = 5.0  # seconds: a git lock that is younger belongs to a command that runs


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing left behind: its kind, its path or name, and what to do."""

    kind: Kind
    what: str
    hint: str


def leftovers(repo: Repo, worktrees_folder: Path, branches: Iterable[str]) -> tuple[Leftover, ...]:
    """Return what was left behind: worktrees without folders, folders without worktrees, stale locks, lone branches.

    `branches` are those that the plan's workstreams use. Raises GitError.
    """
    everywhere = worktrees.listed(repo)
    found = [
        Leftover("worktree", str(worktree.path), f"git worktree prune ({worktree.prunable})")
        for worktree in everywhere
        if worktree.prunable is not None
    ]
    found.extend(_folders(worktrees_folder, {worktree.path.resolve() for worktree in everywhere}))
    found.extend(_locks(repo))
    checked_out = {worktree.branch for worktree in everywhere}
    known = repo.branches()
    for branch in dict.fromkeys(branches):
        if branch not in checked_out and branch in known:
            hint = "a workstream would go on with it; git branch --delete it if that is not wanted"
            found.append(Leftover("branch", branch, hint))
    return tuple(found)


def _folders(parent: Path, known: set[Path]) -> list[Leftover]:
    if not parent.is_dir():
        return []
    cut_short = removal.remains(parent)
    found = [
        Leftover("removal", str(path), "a removal was cut short: look into it, then clean up") for path in cut_short
    ]
    for folder in sorted(parent.iterdir()):
        if folder in cut_short or not folder.is_dir() or folder.is_symlink() or folder.resolve() in known:
            continue
        if places.points_to(folder) is not None:
            found.append(Leftover("folder", str(folder), "its metadata is gone: git worktree repair, or move it away"))
    return found


def _locks(repo: Repo) -> list[Leftover]:
    names = ("index.lock", "HEAD.lock", "config.lock", "packed-refs.lock", "shallow.lock")
    folders = [repo.common_dir, *sorted((repo.common_dir / "worktrees").glob("*"))]
    found: list[Leftover] = []
    for folder in folders:
        for name in names:
            path = folder / name
            try:
                age = time.time() - path.stat().st_mtime
            except OSError:
                continue
            if age >= _FRESH:
                found.append(Leftover("lock", str(path), "if no git command runs, remove it"))
    return found
