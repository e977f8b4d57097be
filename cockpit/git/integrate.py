"""Builds merges without a checkout and moves base by fast-forward only; it never resets or stashes a checkout."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit.errors import GitError
from cockpit.git import claims, interrupted, mergetree, places, spawn, status, worktrees
from cockpit.git.builds import Built, Conflict, Strategy, commit_tree
from cockpit.git.gatetree import gate_worktree
from cockpit.git.mergetree import Special
from cockpit.git.replay import replay
from cockpit.git.repo import LOCK_TIMEOUT, Author, Repo
from cockpit.git.worktrees import Worktree

__all__ = [
    "Blocked", "Built", "Conflict", "Moved", "Published", "Strategy", "build", "contains", "gate_worktree",
    "is_obstacle", "last_author", "obstacle", "publish",
]  # fmt: skip


_GONE, _TWICE, _REBASED = "is gone", "is checked out twice", "a rebase of"
_NOWHERE, _BUSY = "is checked out at a place that is not there", "the checkout is in the middle of"


@dataclass(frozen=True, slots=True)
class Published:
    """Base is at this commit now; `checkout` is the worktree that went along, None when none has base."""

    commit: str
    checkout: Path | None


@dataclass(frozen=True, slots=True)
class Blocked:
    """Nothing changed: this is in the way, at these paths of this checkout."""

    reason: str
    paths: tuple[str, ...] = ()
    checkout: Path | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """Nothing changed: the branch is not where it was expected; it is at `now` (None: gone)."""

    now: str | None


def build(
    repo: Repo,
    onto: str,
    head: str,
    strategy: Strategy,
    message: str,
    *,
    author: Author | None = None,
    onto_tree: str | None = None,
    entries: Sequence[Special] | None = None,
) -> Built | Conflict:
    """Make the commit that brings `head` onto `onto`, without any checkout and without moving a ref.

    `onto_tree` and `entries` (its `specials`) are given by who knows them already: each saves a process.

    merge: always a merge commit, by `author` or git's identity. squash: one parent, by `author` or the author of
    head's own last commit. rebase: head's own commits one after another, each by its own author; where head holds
    merges and its commits conflict one by one, as one commit like squash. Raises GitError.
    """
    ours, theirs = repo.commit_id(onto), repo.commit_id(head)
    if strategy == "merge" and onto_tree is not None:
        merged = mergetree.merge(repo, ours, theirs, entries=entries)
        if merged.paths:
            return Conflict(merged.paths)
        if merged.tree != onto_tree:  # else it may be there already, which only the history tells
            return Built(commit_tree(repo, merged.tree, (ours, theirs), message, author), merged.tree)
    last = last_author(repo, ours, theirs)
    if last is None:
        return Built(ours, repo.tree_of(ours), empty=True)
    if strategy == "rebase":
        replayed = replay(repo, ours, theirs)
        if isinstance(replayed, Built) or not replayed.has_merges:
            return replayed if isinstance(replayed, Built) else Conflict(replayed.paths)
    merged = mergetree.merge(repo, ours, theirs, entries=entries)
    if merged.paths:
        return Conflict(merged.paths)
    if strategy == "merge":
        return Built(commit_tree(repo, merged.tree, (ours, theirs), message, author), merged.tree)
    if merged.tree == repo.tree_of(ours):
        return Built(ours, merged.tree, empty=True)
    return Built(commit_tree(repo, merged.tree, (ours,), message, author or last), merged.tree)


def last_author(repo: Repo, onto: str, head: str) -> Author | None:
    """Return who the last commit of `head` that `onto` lacks is by; None when it lacks none. Raises GitError."""
    asked = ["log", "-1", "--format=%an%x00%ae%x00%ad", "--date=raw", head, f"^{onto}", "--"]
    last = spawn.git(asked, cwd=repo.root).stdout.rstrip(b"\n")
    return Author(*(field.decode("utf-8", "replace") for field in last.split(b"\0"))) if last else None


def publish(repo: Repo, branch: str, old: str, new: str) -> Published | Blocked | Moved:
    """Move a branch from `old` to `new` by fast-forward, in the checkout that has it or, where none has, the ref alone.

    Doing it again after it succeeded is no error. Raises GitError for what nobody can wait out.
    """
    places.require_branch_name(branch)
    target = repo.commit_id(new)
    with repo.lock().held(LOCK_TIMEOUT):
        claims.drop_stale(repo.common_dir)
        everywhere = worktrees.listed(repo)
        holders = [worktree for worktree in everywhere if worktree.branch == branch and worktree.prunable is None]
        now = holders[0].head if holders else repo.tip(branch)
        if now == target:
            return Published(target, holders[0].path if holders else None)
        if now != old:
            return Moved(now)
        held_up = _held_up(branch, everywhere, holders)
        if held_up is not None:
            return held_up
        if holders:
            return _forward_checkout(repo, holders[0].path, branch, old, target)
        _require_forward(repo, branch, old, target)
        return _forward_ref(repo, branch, old, target)


def obstacle(repo: Repo, branch: str) -> str:
    """Return what of the operator's doing keeps a branch where it is, in words; empty where it could be moved now.

    Files of the checkout that are in the way of one commit or another are no part of it. Raises GitError.
    """
    if repo.tip(branch) is None:
        return f"the branch {branch} {_GONE}"
    everywhere = worktrees.listed(repo)
    holders = [worktree for worktree in everywhere if worktree.branch == branch and worktree.prunable is None]
    held_up = _held_up(branch, everywhere, holders)
    return held_up.reason if held_up else ""


def is_obstacle(reason: str) -> bool:
    """Tell whether the reason of a block is one that `obstacle` knows, so that its end can be seen."""
    return any(phrase in reason for phrase in (_GONE, _TWICE, _REBASED, _NOWHERE, _BUSY))


def _held_up(branch: str, everywhere: Sequence[Worktree], holders: Sequence[Worktree]) -> Blocked | None:
    if len(holders) > 1:
        places_ = " and ".join(str(holder.path) for holder in holders)
        return Blocked(f"{branch} {_TWICE}: {places_}", checkout=holders[0].path)
    for worktree in everywhere:
        folder = places.git_dir(worktree.path)
        if folder is not None and places.rebased_branch(folder) == branch:
            return Blocked(f"{_REBASED} {branch} is under way", checkout=worktree.path)
    if not holders:
        return None
    folder = places.git_dir(holders[0].path)
    if folder is None:
        return Blocked(f"{branch} {_NOWHERE}", checkout=holders[0].path)
    doing = places.under_way(folder)
    return Blocked(f"{_BUSY} {doing}", checkout=holders[0].path) if doing else None


def contains(repo: Repo, branch: str, commit: str) -> bool:
    """Tell whether a branch holds a commit; false when either is not there. Raises GitError."""
    tip, wanted = repo.tip(branch), repo.resolve(commit)
    return tip is not None and wanted is not None and repo.is_ancestor(wanted, tip)


def _require_forward(repo: Repo, branch: str, old: str, new: str) -> None:
    if not repo.is_ancestor(old, new):
        raise GitError(f"{new[:12]} is no fast-forward of {branch}", where=str(repo.root))


def _forward_ref(repo: Repo, branch: str, old: str, new: str) -> Published | Moved | Blocked:
    reason = "cockpit: integration"
    done = spawn.git(
        ["update-ref", "-m", reason, f"refs/heads/{branch}", new, old], cwd=repo.root, accept=(), locks=True
    )
    if done.code == 0:
        return Published(new, None)
    now = repo.tip(branch)
    if now != old:
        return Moved(now)
    if done.code < 0:
        raise GitError("`git update-ref` was killed", where=str(repo.root), code=done.code)
    return Blocked(done.stderr.strip()[-500:])


def _forward_checkout(repo: Repo, checkout: Path, branch: str, old: str, new: str) -> Published | Moved | Blocked:
    folder = places.git_dir(checkout)
    if folder is None:
        return Blocked(f"{branch} {_NOWHERE}", checkout=checkout)
    # What a user's configuration may add to a merge (an autostash, a squash) is turned off one by one.
    args = ["merge", "--quiet", "--no-stat", "--no-squash", "--no-autostash", "--no-verify-signatures"]
    args += ["--no-overwrite-ignore", "--ff-only", new]
    done = interrupted.move(repo, checkout, folder, old, new, args)
    now = repo.tip(branch)
    if now == new:
        return Published(new, checkout)
    if now != old:
        return Moved(now)
    if (folder / "index.lock").exists():
        return Blocked("another git command runs in the checkout (it holds index.lock)", ("index.lock",), checkout)
    _require_forward(repo, branch, old, new)
    paths = _in_the_way(repo, checkout, old, new)
    if paths:
        return Blocked("uncommitted or untracked files of the checkout are in the way", paths, checkout)
    return Blocked(done.stderr.strip()[-500:] or f"git merge ended with code {done.code}", (), checkout)


def _in_the_way(repo: Repo, checkout: Path, old: str, new: str) -> tuple[str, ...]:
    raw = repo.git("diff-tree", "-r", "-z", "--name-only", "--no-renames", old, new, "--")
    coming = {os.fsdecode(name) for name in raw.split(b"\0") if name}
    folders = {parent for path in coming for parent in _parents(path)}
    state = status.read(checkout, ignored=True)
    found: set[str] = set()
    for path in [*(entry.path for entry in state.entries), *state.ignored]:
        bare = path.rstrip("/")
        if path.endswith("/"):  # a whole folder that git doesn't track: only what is really there counts
            found.update(name for name in coming if name.startswith(path) and os.path.lexists(checkout / name))
        elif bare in folders:
            found.add(bare)
        if bare in coming or any(parent in coming for parent in _parents(bare)):
            found.add(path)
    return tuple(sorted(found))


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]
