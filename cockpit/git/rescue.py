"""Keeps what only a worktree holds, then removes it: the one place that removes. It forces nothing."""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cockpit import globs
from cockpit.errors import GitError, UnsafePathError
from cockpit.git import hidden, places, removal, spawn, status
from cockpit.git.blobs import PrivateIndex, blob_id, rows, stages, write_files
from cockpit.git.commits import as_in_head
from cockpit.git.repo import LOCK_TIMEOUT, Repo
from cockpit.git.rescued import RescueEntry, folder_of, listed, restore, show
from cockpit.git.scratch import scratch_folder

__all__ = ["Removed", "Rescue", "RescueEntry", "keep", "listed", "remove", "restore", "show"]

_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Rescue:
    """What was kept: the ref, its commit, and the paths that were not committed."""

    ref: str
    commit: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Removed:
    """What a removal did: the rescue (None: nothing was held), bytes freed, the ignored paths that went, the branch."""

    rescue: Rescue | None
    bytes_freed: int
    ignored_files: tuple[str, ...]
    branch_deleted: bool


@dataclass(frozen=True, slots=True)
class _Kept:
    """A rescue and what it says of each working file: its mode and blob, None for one that is deleted."""

    rescue: Rescue | None
    files: dict[str, tuple[str, str] | None]
    tips: tuple[str, ...]


def keep(
    repo: Repo,
    worktree: Path,
    plan: str,
    workstream: str,
    at: float,
    exclude: Sequence[str] = (),
    *,
    base: str | None = None,
    branch: str | None = None,
    state: status.State | None = None,
    merged: Sequence[str] = (),
) -> Rescue | None:
    """Keep under a rescue ref what only this worktree holds; None when that is nothing. The worktree stays as it is.

    That is: commits of HEAD and of `branch` that `base` doesn't hold (without `base`: that no ref holds), staged,
    unstaged and untracked files; not ignored and set-up files. `at` is in seconds since the epoch; `merged` as for
    `remove`. Raises GitError.
    """
    found = state or status.read(worktree)
    return _keep(repo, worktree, plan, workstream, at, exclude, base, branch, found, merged).rescue


def keep_commit(repo: Repo, commit: str, plan: str, workstream: str, at: float) -> str:
    """Keep a commit under a rescue ref, and return that; empty where some ref holds it anyway. Raises GitError."""
    if repo.resolve(commit) is None or not _unheld(repo, (commit,), None, plan, workstream):
        return ""
    return _store(repo, plan, workstream, at, commit)


def remove(
    repo: Repo,
    worktree: Path,
    *,
    parent: Path,
    branch: str | None,
    base: str,
    plan: str,
    workstream: str,
    at: float,
    exclude: Sequence[str] = (),
    merged: Sequence[str] = (),
) -> Removed:
    """Remove a workstream's worktree and branch (None: it has none), keeping under a rescue ref what only they hold.

    The worktree must be registered, unlocked, and inside `parent`. Whatever appears or changes meanwhile is rescued
    too or makes the removal fail. Commits of `merged` and what they hold are on base in another form (`proof.py`
    finds out) and need no rescue. Doing it again after it succeeded is no error. Raises UnsafePathError, GitError.
    """
    if branch is not None:
        places.require_branch_name(branch)
    safe = tuple(repo.commit_id(commit) for commit in merged)
    full = places.inside(parent, worktree)
    if full == repo.root or repo.root.is_relative_to(full):
        raise UnsafePathError("this is the main worktree", where=str(full), hint="it is never removed")
    if branch == base:
        raise UnsafePathError(f"{branch} is the base branch", where=str(full), hint="it is never deleted")
    base_commit = repo.commit_id(base)
    for left in removal.cut_short(full):
        removal.finish(left)
    admin = places.admin_of(repo.common_dir, full)
    _undo_cut_short(full, admin)
    if admin is not None and not (admin.folder / "HEAD").exists() and not os.path.lexists(full):
        with repo.lock().held(LOCK_TIMEOUT):  # what a killed `git worktree remove` left: no worktree any more
            removal.take_away(admin.folder, removal.listing(admin.folder))
        admin = None
    if admin is None:
        if os.path.lexists(full):
            hint = "look into it; cockpit removes only worktrees"
            raise UnsafePathError("this is no worktree of the repository", where=str(full), hint=hint)
        return Removed(None, 0, (), _drop_branch_alone(repo, branch, base_commit, plan, workstream, safe))
    if admin.locked is not None:
        reason = f" ({admin.locked})" if admin.locked else ""
        raise GitError(f"the worktree is locked{reason}", where=str(full), hint="git worktree unlock it first")
    if not (full / ".git").exists():
        from cockpit.git import worktrees

        worktrees.finish(repo, full, admin)
    removal.require_folder(full)
    _release_submodules(repo, full)
    changed: tuple[str, ...] = ()
    rescue: Rescue | None = None
    for _ in range(_ATTEMPTS):
        before = removal.listing(full)
        state = status.read(full, ignored=True)
        _require_removable(full, admin, before, state, exclude)
        kept = _keep(repo, full, plan, workstream, at, exclude, base_commit, branch, state, safe)
        rescue = kept.rescue or rescue
        with repo.lock().held(LOCK_TIMEOUT):
            changed, verified, deleted = _unregister(repo, full, before, kept, branch, state)
        if verified is not None:
            removal.take_away(verified, before)
            is_setup = globs.matcher(exclude)
            ignored = tuple(path for path in state.ignored if not is_setup(path))
            return Removed(rescue, before.bytes, ignored, deleted)
    names = ", ".join(changed[:5])
    hint = "stop the program that writes there"
    raise GitError(f"the worktree changes while it is being removed: {names}", where=str(full), hint=hint)


def _release_submodules(repo: Repo, full: Path) -> None:
    if (repo.common_dir / "modules").is_dir():
        from cockpit.git.submodules import release_submodules

        release_submodules(repo, full)


def _unregister(
    repo: Repo,
    full: Path,
    before: removal.Listing,
    kept: _Kept,
    branch: str | None,
    state: status.State,
) -> tuple[tuple[str, ...], Path | None, bool]:
    """Check once more and let git forget the worktree and the branch; the caller holds the lock.

    Returns what changed meanwhile (then nothing was done), the folder that may be taken away, and whether the
    branch was deleted.
    """
    now = places.admin_of(repo.common_dir, full)
    tip = repo.tip(branch) if branch is not None else None
    head = None if now is None else (repo.tip(now.branch) if now.branch else now.head)
    if now is None or now.branch != state.branch or head != state.head or (tip is not None and tip not in kept.tips):
        return ("HEAD",), None, False
    aside = removal.put_aside(full)
    changed = removal.differences(before, removal.listing(aside)) or _differing(aside, kept)
    if changed:
        removal.put_back(aside, full)
        return changed, None, False
    # Decided first, then forgotten by git: what a kill in between leaves is known to be checked and rescued.
    verified = removal.mark_verified(aside, full)
    names = _names_in(now.folder)
    try:
        spawn.git(["worktree", "remove", "--", str(full)], cwd=repo.root, locks=True)
    except GitError:
        left = _names_in(now.folder)
        if left == names:
            removal.put_back(verified, full)
            raise
        if left:  # a git that was killed while it forgot it: put back it would be no worktree any more
            removal.take_away(now.folder, removal.listing(now.folder))
    return (), verified, branch is not None and tip is not None and _delete_branch(repo, branch, tip)


def _names_in(folder: Path) -> frozenset[str]:
    return frozenset(one.name for one in folder.iterdir()) if folder.is_dir() else frozenset()


def _differing(folder: Path, kept: _Kept) -> tuple[str, ...]:
    """Return the rescued files that are no longer what was rescued."""
    held = {name: value for name, value in kept.files.items() if value is not None}
    return tuple(name for name, value in held.items() if blob_id(folder / name, value[1]) != value)


def _delete_branch(repo: Repo, branch: str, tip: str) -> bool:
    ref = f"refs/heads/{branch}"
    heads = [repo.common_dir / "HEAD", *(repo.common_dir / "worktrees").glob("*/HEAD")]
    if any(head.read_bytes().strip() == b"ref: " + os.fsencode(ref) for head in heads if head.exists()):
        return False  # checked out somewhere else: then it is somebody's
    spawn.git(["update-ref", "--no-deref", "-d", ref, tip], cwd=repo.root, locks=True)
    return True


def _drop_branch_alone(
    repo: Repo, branch: str | None, base: str, plan: str, workstream: str, safe: Sequence[str]
) -> bool:
    """Delete a branch whose worktree is gone, if base or a rescue holds it."""
    if branch is None:
        return False
    with repo.lock().held(LOCK_TIMEOUT):
        tip = repo.tip(branch)
        if tip is None or _unheld(repo, (tip,), base, plan, workstream, safe):
            return False
        return _delete_branch(repo, branch, tip)


def _undo_cut_short(full: Path, admin: places.Admin | None) -> None:
    aside = removal.aside_of(full)
    if aside.is_dir() and not os.path.lexists(full) and admin is not None:
        removal.put_back(aside, full)


def _require_removable(
    full: Path, admin: places.Admin, before: removal.Listing, state: status.State, exclude: Sequence[str]
) -> None:
    is_setup = globs.matcher(exclude)
    modules = admin.folder / "modules"
    if modules.is_dir() and any(modules.iterdir()):
        hint = "push what it holds, then git submodule deinit it there"
        raise GitError("the worktree has submodules with repositories of their own", where=str(full), hint=hint)
    dropped = tuple(path for path in state.ignored if path.endswith("/"))
    for inner in before.repositories():
        if not is_setup(inner) and not f"{inner}/".startswith(dropped):
            hint = "move it away; cockpit cannot keep what it holds"
            raise GitError(f"a git repository inside the worktree: {inner}", where=str(full), hint=hint)


def _keep(
    repo: Repo,
    worktree: Path,
    plan: str,
    workstream: str,
    at: float,
    exclude: Sequence[str],
    base: str | None,
    branch: str | None,
    state: status.State,
    safe: Sequence[str] = (),
) -> _Kept:
    is_setup = globs.matcher(exclude)
    folder = places.git_dir(worktree)
    entries = tuple(e for e in (*state.entries, *_hidden_edits(worktree, folder)) if not is_setup(e.path))
    staged_setup = [e for e in state.entries if e.kind == "changed" and e.staged != "." and is_setup(e.path)]
    tip = repo.tip(branch) if branch is not None else None
    tips = tuple(dict.fromkeys(commit for commit in (state.head, tip) if commit is not None))
    held_by_head_branch = base is None and state.branch is not None and tips == (state.head,)
    unheld = bool(tips) and not held_by_head_branch and _unheld(repo, tips, base, plan, workstream, safe)
    if not entries and not unheld:
        return _Kept(None, {}, tips)
    _require_keepable(worktree, entries)
    files: dict[str, tuple[str, str] | None] = {}
    staged_tree: str | None = None
    working_tree: str | None = None
    head_tree = repo.tree_of(state.head) if state.head is not None else None
    if entries:
        with scratch_folder("rescue") as scratch:
            index = PrivateIndex(worktree, Path(scratch) / "index", folder)
            if any(entry.staged != "." for entry in entries) or staged_setup:
                index.change(as_in_head(staged_setup) + stages(worktree, entries))
                staged_tree = index.tree()
            files = write_files(worktree, entries, Path(scratch))
            index.change(rows(files, len(tips[0]) if tips else 40))
            working_tree = index.tree()
    parents = [*([state.head] if state.head else [])]
    note = {
        "plan": plan,
        "workstream": workstream,
        "at": at,
        "branch": branch or state.branch,
        "head": state.head,
        "staged": None,
        "files": sorted(entry.path for entry in entries),
    }
    if staged_tree is not None and staged_tree not in (head_tree, working_tree):
        note["staged"] = _commit(repo, staged_tree, parents, "Staged when it was rescued\n", at)
        parents.append(str(note["staged"]))
    parents += [*tips, *_other_heads(folder)]
    tree = working_tree or head_tree
    if tree is None:
        raise GitError("nothing to rescue", where=str(worktree))
    message = f"Rescue of {_line(workstream)} in {_line(plan)}\n\n{json.dumps(note)}\n"
    commit = _commit(repo, tree, list(dict.fromkeys(parents)), message, at)
    rescue = Rescue(_store(repo, plan, workstream, at, commit), commit, tuple(sorted(e.path for e in entries)))
    return _Kept(rescue, files, tips)


def _hidden_edits(worktree: Path, git_dir: Path | None) -> tuple[status.Entry, ...]:
    if git_dir is None:
        return ()
    found: list[status.Entry] = []
    for path, blob in hidden.unwatched(worktree, git_dir):
        now = blob_id(worktree / path, blob)
        if now is not None and now[1] != blob:
            found.append(status.Entry("changed", path, unstaged="M"))
    return tuple(found)


def _unheld(
    repo: Repo, tips: Iterable[str], base: str | None, plan: str, workstream: str, safe: Sequence[str] = ()
) -> bool:
    if base is not None and all(tip == base for tip in tips):
        return False
    # The HEADs of linked worktrees hold nothing here: one of them is what this is about.
    others = [base, f"--glob={folder_of(plan, workstream)}"] if base is not None else ["--single-worktree", "--all"]
    args = ["rev-list", "--max-count=1", *tips, "--not", *others, *safe, "--"]
    return bool(spawn.git(args, cwd=repo.root).stdout.strip())


def _require_keepable(worktree: Path, entries: Sequence[status.Entry]) -> None:
    for entry in entries:
        if entry.is_repository or entry.submodule:
            hint = "commit and push in there, or move it away"
            raise GitError(f"a git repository inside the worktree: {entry.path}", where=str(worktree), hint=hint)


def _other_heads(git_dir: Path | None) -> list[str]:
    """Return the commits that a merge, rebase or cherry-pick under way still needs."""
    names = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge/orig-head", "rebase-apply/orig-head")
    if git_dir is None:
        return []
    found = [line.strip() for name in names if (git_dir / name).is_file() for line in _lines(git_dir / name)]
    return [line for line in found if places.is_id(line)]


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="ascii", errors="replace").splitlines()


def _commit(repo: Repo, tree: str, parents: Sequence[str], message: str, at: float) -> str:
    args = ["commit-tree", "--no-gpg-sign", *(part for parent in parents for part in ("-p", parent)), "-F", "-", tree]
    when = f"@{int(at)} +0000"
    who = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in _WHO.items()}
    env = {**who, "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
    text = message.encode("utf-8", "surrogateescape")
    return spawn.git(args, cwd=repo.root, stdin=text, env=env).stdout.decode().strip()


_WHO = {"NAME": "cockpit", "EMAIL": "cockpit@localhost"}


def _store(repo: Repo, plan: str, workstream: str, at: float, commit: str) -> str:
    stamp = datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3] + "Z"
    with repo.lock().held(LOCK_TIMEOUT):
        for number in range(1, 1000):
            ref = f"{folder_of(plan, workstream)}/{stamp}" + (f"-{number}" if number > 1 else "")
            taken = repo.git("for-each-ref", "--format=%(refname)", ref) if number > 1 else b""
            if taken:
                continue
            args = ["update-ref", "-m", "cockpit: rescue", "--create-reflog", ref, commit, "0" * len(commit)]
            done = spawn.git(args, cwd=repo.root, accept=(), locks=True)
            if done.code == 0:
                return ref
            if not repo.git("for-each-ref", "--format=%(refname)", ref):
                reason = done.stderr.strip()[-500:]
                raise GitError(f"the rescue cannot be kept: {reason}", where=ref, code=done.code)
    raise GitError("too many rescues at the same instant", where=folder_of(plan, workstream))


def _line(text: str) -> str:
    return " ".join(text.split())[:80]
