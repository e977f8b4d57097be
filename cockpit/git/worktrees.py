"""Makes, finishes, lists and moves on the worktrees of workstreams; it never resets a branch and removes nothing."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit.errors import GitError, UnsafePathError
from cockpit.filelock import FileLock
from cockpit.git import interrupted, places, removal, spawn, status
from cockpit.git.largefiles import SKIP_SMUDGE
from cockpit.git.repo import LOCK_TIMEOUT, Repo

# Kept in the worktree's metadata while its files are being written; `head`: from HEAD, `index`: from its old index.
_UNFINISHED = "cockpit-unfinished"
# The lock that git itself puts on a worktree while it makes it; a killed git leaves it there for good.
INITIALIZING = "initializing"
# A status after the checkout pays for itself only when there are many files; below, it costs more than it saves.
_LARGE_INDEX = 100_000
_SET_UP = "cockpit-set-up"  # kept in the worktree's metadata once the plan's set-up went through


@dataclass(frozen=True, slots=True)
class Worktree:
    """One worktree: its top folder, branch (None: detached) and commit; `prunable` and `locked` give git's reason."""

    path: Path
    branch: str | None
    head: str | None
    prunable: str | None = None
    locked: str | None = None
    is_main: bool = False


def add(
    repo: Repo,
    path: Path,
    branch: str,
    base: str,
    *,
    parent: Path | None = None,
    sparse: Sequence[str] | None = None,
) -> Worktree:
    """Make the worktree of a branch at a path, or finish or return the one that is there.

    A new branch starts at `base`; one that exists is used as it is. `parent` is the folder that the path must be in.
    `sparse` holds the globs of a scope: a worktree without files yet gets only their folders and the top-level files.
    Raises UnsafePathError and GitError: a foreign folder, a branch checked out elsewhere.
    """
    places.require_branch_name(branch)
    full = _target(path, parent)
    start = repo.commit_id(base)
    with repo.lock().held(LOCK_TIMEOUT):
        admin = places.admin_of(repo.common_dir, full)
        if admin is not None and admin.locked == INITIALIZING:
            discard_half_made(full, admin)
            admin = None
        if admin is None:
            admin = _register(repo, full, branch, start)
        elif admin.branch != branch and not _reattached(repo, full, admin, branch):
            has = f"branch {admin.branch}" if admin.branch else "a detached HEAD"
            hint = f"switch it to {branch}, or clean it up"
            raise GitError(f"the worktree there has {has}, not {branch}", where=str(full), hint=hint)
        elif not (full / ".git").exists():
            _restore_link(full, admin)
        if sparse is not None and not admin.has_index:
            from cockpit.git.sparse import narrow

            narrow(repo, full, sparse, start)
            # Narrowing leaves an empty index; without one, a checkout cut short is known for what it is.
            (admin.folder / "index").unlink(missing_ok=True)
    _check_out(full, admin)
    return Worktree(full, branch, repo.tip(branch), locked=admin.locked)


def reattach(repo: Repo, worktree: Path, branch: str) -> bool:
    """Put a detached HEAD back on its branch, which moves on to it, where that loses nothing; tell whether it did.

    No file is touched. Raises GitError.
    """
    admin = places.admin_of(repo.common_dir, worktree)
    if admin is None or admin.branch is not None:
        return False
    with repo.lock().held(LOCK_TIMEOUT):
        return _reattached(repo, worktree, admin, branch)


def listed(repo: Repo) -> tuple[Worktree, ...]:
    """Return all worktrees of the repository, the main one first. Raises GitError."""
    return parse_list(repo.git("worktree", "list", "--porcelain", "-z"))


def parse_list(output: bytes) -> tuple[Worktree, ...]:
    """Return the worktrees of `git worktree list --porcelain -z`, the main one first."""
    found: list[Worktree] = []
    for record in output.split(b"\0\0"):
        fields: dict[str, str] = {}
        for raw in record.split(b"\0"):
            key, _, value = os.fsdecode(raw).partition(" ")
            fields[key] = value
        if "worktree" not in fields or "bare" in fields:
            continue
        branch = fields.get("branch")
        head = fields.get("HEAD", "")
        found.append(
            Worktree(
                Path(fields["worktree"]),
                branch.removeprefix("refs/heads/") if branch else None,
                head if head.strip("0") else None,
                fields.get("prunable"),
                fields.get("locked"),
                not found,
            )
        )
    return tuple(found)


def advance(
    repo: Repo,
    worktree: Path,
    to_commit: str,
    *,
    plan: str,
    workstream: str,
    at: float,
    exclude: Sequence[str] = (),
    merged: Sequence[str] = (),
) -> None:
    """Bring a clean worktree's branch on to a commit; commits that only the branch holds are rescued first.

    Untracked files (what a gate left, say) stay. `at` is seconds since the epoch; `merged` are commits whose work is on
    base in another form (`proof.py`). Raises GitError when the worktree holds edits, or an untracked file is where the
    commit has one.
    """
    from cockpit.git import rescue

    target = repo.commit_id(to_commit)
    state = status.read(worktree, exclude=exclude)
    edited = [entry.path for entry in state.entries if entry.kind != "untracked"]
    if edited:
        names = ", ".join(edited[:5])
        raise GitError(f"uncommitted work: {names}", where=str(worktree), hint="commit it or take it away first")
    folder = places.git_dir(worktree)
    doing = places.under_way(folder) if folder else None
    if doing or state.branch is None:
        raise GitError(f"in the middle of {doing or 'nothing, but HEAD is detached'}", where=str(worktree))
    if state.head == target:
        return
    if state.head is not None and not repo.is_ancestor(state.head, target):
        rescue.keep(
            repo,
            worktree,
            plan,
            workstream,
            at,
            base=target,
            branch=state.branch,
            exclude=exclude,
            state=state,
            merged=merged,
        )
    with repo.lock().held(LOCK_TIMEOUT):
        if repo.tip(state.branch) != state.head:
            raise GitError(f"branch {state.branch} moved meanwhile", where=str(worktree), hint="try again")
        if folder is None or state.head is None:
            raise GitError("no commit is checked out", where=str(worktree))
        args = ["reset", "--quiet", "--keep", target, "--"]
        done = interrupted.move(repo, worktree, folder, state.head, target, args, SKIP_SMUDGE)
        if done.code > 0:
            raise GitError(f"`git reset` failed: {done.stderr.strip()[-500:]}", where=str(worktree), code=done.code)


def finish(repo: Repo, full: Path, admin: places.Admin) -> None:
    """Make the folder of a registered worktree again that somebody deleted, from its index. Raises GitError."""
    with repo.lock().held(LOCK_TIMEOUT):
        _restore_link(full, admin)
    _check_out(full, admin)


def finish_unlocked(full: Path, admin: places.Admin) -> None:
    """Do what `finish` does for a caller who holds the repository's lock. Raises GitError."""
    _restore_link(full, admin)
    _check_out(full, admin)


def is_unfinished(admin: places.Admin) -> bool:
    """Tell whether the checkout of a worktree was begun and not ended."""
    return (admin.folder / _UNFINISHED).exists()


def is_set_up(worktree: Path) -> bool:
    """Tell whether `mark_set_up` was called for this worktree."""
    folder = places.git_dir(worktree)
    return folder is not None and (folder / _SET_UP).exists()


def mark_set_up(worktree: Path) -> None:
    """Note in a worktree's metadata that its set-up went through, so that it is not done again."""
    folder = places.git_dir(worktree)
    if folder is not None:
        (folder / _SET_UP).touch()


def drop_stale_locks(repo: Repo, worktree: Path) -> bool:
    """Remove the locks that a killed git left in one of cockpit's linked worktrees and on its branch; tell if any was.

    The caller knows that no process works in that worktree. Raises UnsafePathError for any other worktree.
    """
    admin = places.admin_of(repo.common_dir, worktree)
    if admin is None:
        raise UnsafePathError("this is no linked worktree of the repository", where=str(worktree))
    locks = [admin.folder / "index.lock", admin.folder / "HEAD.lock"]
    if admin.branch is not None:
        locks.append(repo.common_dir / "refs" / "heads" / f"{admin.branch}.lock")
    with repo.lock().held(LOCK_TIMEOUT):  # what cockpit itself does to that branch is over then
        found = [lock for lock in locks if lock.exists()]
        for lock in found:
            lock.unlink(missing_ok=True)
    return bool(found)


def _target(path: Path, parent: Path | None) -> Path:
    if parent is not None:
        return places.inside(parent, path)
    full = Path(os.path.normpath(path.absolute()))
    if full.is_symlink():
        raise UnsafePathError("a symlink is in the way of the worktree", where=str(full), hint="remove the symlink")
    return Path(os.path.realpath(full))


def _register(repo: Repo, full: Path, branch: str, start: str) -> places.Admin:
    """Make the worktree's metadata and its empty folder; the caller holds the lock."""
    if full.is_dir() and any(full.iterdir()):
        link = places.points_to(full)
        if link is None or link.parent != repo.common_dir / "worktrees" or link.exists():
            hint = "move the folder away; cockpit overwrites nothing"
            raise GitError("a folder that is no worktree of this repository is in the way", where=str(full), hint=hint)
        _adopt_folder(repo, full, branch, start)
    elif full.exists() and not full.is_dir():
        raise GitError("a file is in the way", where=str(full), hint="move it away")
    else:
        full.parent.mkdir(parents=True, exist_ok=True)
        _worktree_add(repo, full, branch, start)
    admin = places.admin_of(repo.common_dir, full)
    if admin is None:
        raise GitError("git made no worktree", where=str(full))
    return admin


def discard_half_made(full: Path, admin: places.Admin) -> None:
    """Take away what a `git worktree add` that was killed left; the caller holds the lock, so none is running.

    Raises GitError.
    """
    if full.exists() and [entry.name for entry in full.iterdir()] not in ([], [".git"]):
        hint = "look into the folder, then git worktree unlock it"
        raise GitError("a half-made worktree already holds files", where=str(full), hint=hint)
    (full / ".git").unlink(missing_ok=True)
    removal.take_away(admin.folder, removal.listing(admin.folder))


def _worktree_add(repo: Repo, full: Path, branch: str, start: str) -> None:
    exists = places.loose_ref(repo.common_dir, f"refs/heads/{branch}") is not None
    new = ["worktree", "add", "--quiet", "--no-checkout", "-b", branch, "--", str(full), start]
    old = ["worktree", "add", "--quiet", "--no-checkout", "--", str(full), branch]
    done = spawn.git(old if exists else new, cwd=repo.root, accept=(), locks=True)
    if done.code and not exists and repo.branch_exists(branch):
        done = spawn.git(old, cwd=repo.root, accept=(), locks=True)
    if not done.code:
        return
    for other in listed(repo):
        if other.branch == branch:
            gone = "; its folder is gone: git worktree prune" if other.prunable else ""
            hint = f"switch that worktree to another branch, or remove it{gone}"
            raise GitError(f"branch {branch} is checked out at {other.path}", where=str(full), hint=hint)
    raise GitError(f"`git worktree add` failed: {done.stderr.strip()[-500:]}", where=str(full), code=done.code)


def _adopt_folder(repo: Repo, full: Path, branch: str, start: str) -> None:
    """Give a folder whose metadata was pruned new metadata; what is in it stays as it is."""
    aside = full.with_name(f"{full.name}.cockpit-adopt")
    _worktree_add(repo, aside, branch, start)
    (aside / ".git").replace(full / ".git")
    aside.rmdir()
    spawn.git(["worktree", "repair", str(full)], cwd=repo.root, locks=True)


def _reattached(repo: Repo, full: Path, admin: places.Admin, branch: str) -> bool:
    """Do what `reattach` does for a caller who holds the lock."""
    tip = repo.tip(branch)
    if admin.branch is not None or admin.head is None or tip is None or places.under_way(admin.folder):
        return False
    if not repo.is_ancestor(tip, admin.head) or any(one.branch == branch for one in listed(repo)):
        return False
    if tip != admin.head:
        spawn.git(["update-ref", f"refs/heads/{branch}", admin.head, tip], cwd=repo.root, locks=True)
    spawn.git(["symbolic-ref", "HEAD", f"refs/heads/{branch}"], cwd=full, locks=True)
    return True


def _restore_link(full: Path, admin: places.Admin) -> None:
    """Make the folder of a worktree again that somebody deleted; its index still says what was staged."""
    if admin.locked is not None:
        hint = "bring its folder back, or git worktree unlock it"
        raise GitError("the worktree is locked and its folder is gone", where=str(full), hint=hint)
    if full.is_dir() and any(full.iterdir()):
        hint = "move the folder away; cockpit overwrites nothing"
        raise GitError("a folder that is no worktree any more is in the way", where=str(full), hint=hint)
    full.mkdir(parents=True, exist_ok=True)
    (admin.folder / _UNFINISHED).write_text("index" if admin.has_index else "head")
    (full / ".git").write_bytes(b"gitdir: " + os.fsencode(admin.folder) + b"\n")


def _check_out(full: Path, admin: places.Admin) -> None:
    """Write the files of a worktree that has none yet; outside the repository's lock: it touches no other."""
    marker = admin.folder / _UNFINISHED
    if admin.has_index and not marker.exists():
        return
    with FileLock(admin.folder / "cockpit-checkout.lock").held(LOCK_TIMEOUT):
        if admin.has_index and not marker.exists():
            return
        others = any(entry.name != ".git" for entry in full.iterdir())
        how = marker.read_text() if marker.exists() else ""
        if how == "index" or (not how and others):
            if not admin.has_index:
                spawn.git(["read-tree", "HEAD"], cwd=full, locks=True)
            # Without --force nothing that is there is overwritten; it complains about each and goes on.
            args = ["checkout-index", "--all", "--index", "--quiet"]
            spawn.git(args, cwd=full, accept=(), locks=True, env=SKIP_SMUDGE)
        else:
            if how:
                # Only cockpit's own checkout was ever at work here, and this process holds the right to it.
                (admin.folder / "index.lock").unlink(missing_ok=True)
            marker.write_text("head")
            args = ["read-tree", "-u", "--reset", "HEAD"]
            spawn.git(args, cwd=full, locks=True, timeout=1800.0, env=SKIP_SMUDGE)
        if (admin.folder / "index").stat().st_size > _LARGE_INDEX:
            spawn.git(["status", "--porcelain", "-z", "--untracked-files=no"], cwd=full, locks=True)
        marker.unlink(missing_ok=True)
