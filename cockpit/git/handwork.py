"""Tells what somebody changed in a worktree by hand: what it held before, and which paths differ by now. Changes none.

What is not committed is written below a folder of the caller's, never into the repository.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from cockpit.git import places, spawn, status
from cockpit.git.builds import reading
from cockpit.git.looks import tree_of_worktree
from cockpit.git.repo import Repo

SHOWN = 5


def tree_now(repo: Repo, worktree: Path, objects: Path, exclude: Sequence[str] = ()) -> str:
    """Return the tree of what is in a worktree now; what of it is not committed lies below `objects`. Raises GitError.

    Not in it are ignored and set-up files.
    """
    return tree_of_worktree(repo, worktree, exclude, objects=objects).tree


def changed_since(repo: Repo, worktree: Path, tree: str, objects: Path, exclude: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the paths in which a worktree differs from a tree that `tree_now` gave before. Raises GitError."""
    now = tree_now(repo, worktree, objects, exclude)
    if now == tree:
        return ()
    stores = sorted(one for one in objects.iterdir() if one.is_dir()) if objects.is_dir() else []
    argv = ["diff-tree", "-r", "-z", "--name-only", "--no-renames", tree, now]
    shown = spawn.git(argv, cwd=repo.root, env=reading(*stores)).stdout
    return tuple(os.fsdecode(name) for name in shown.split(b"\0") if name)


def in_the_way(repo: Repo, worktree: Path, branch: str) -> str:
    """Return why what is in a worktree cannot be taken for work on its branch; empty where it can. Raises GitError."""
    admin = places.admin_of(repo.common_dir, worktree)
    if admin is None:
        return ""  # it is gone, and the next run makes it again
    if admin.branch not in (None, branch):
        return f"its worktree is on the branch {admin.branch}: bring the work to {branch}, and switch back to that"
    tip = repo.tip(branch)
    if admin.branch is None and admin.head and tip and not repo.is_ancestor(tip, admin.head):
        return f"its HEAD is detached, and without what is on {branch}: bring the work there, and switch back to that"
    if any((admin.folder / name).is_dir() for name in ("rebase-merge", "rebase-apply")):
        return "a rebase is under way in its worktree: finish it, or abort it"
    unmerged = sorted(entry.path for entry in status.read(worktree).entries if entry.kind == "unmerged")
    return f"files of its worktree are in conflict: {', '.join(unmerged[:SHOWN])}" if unmerged else ""


def forget(objects: Path) -> None:
    """Remove what `tree_now` wrote below a folder."""
    shutil.rmtree(objects, ignore_errors=True)
