"""Cockpit's own detached worktree in which merge gates run; what gates leave there is no work and is taken away.

It is as whole as the worktrees of agents: submodules are filled and large files too, from what is here.
"""

import os
from pathlib import Path

from cockpit.errors import GitError, UnsafePathError
from cockpit.git import places, rescue, spawn, status, submodules, worktrees
from cockpit.git.largefiles import SKIP_SMUDGE, fill_large_files
from cockpit.git.repo import LOCK_TIMEOUT, Repo

_LAST = "cockpit-gate"  # in the worktree's metadata: the commit that cockpit put there


def gate_worktree(
    repo: Repo, path: Path, commit: str, *, parent: Path | None = None, plan: str = "integration", at: float = 0.0
) -> Path:
    """Bring cockpit's integration worktree to a commit, made or repaired as needed, and return its folder.

    Ignored files stay (they make gates fast); what else earlier gates left goes. A commit that somebody made there
    is rescued under `plan` at `at` (seconds since the epoch). The caller runs nothing in it meanwhile.
    Raises UnsafePathError for a foreign folder, GitError.
    """
    full = places.inside(parent, path) if parent is not None else Path(os.path.normpath(path.absolute()))
    if full.is_symlink() or full == repo.root:
        raise UnsafePathError("this cannot be the integration worktree", where=str(full))
    target = repo.commit_id(commit)
    admin = places.admin_of(repo.common_dir, full)
    if admin is not None and admin.locked == worktrees.INITIALIZING:
        with repo.lock().held(LOCK_TIMEOUT):
            worktrees.discard_half_made(full, admin)
        admin = None
    if admin is None:
        admin = _make(repo, full, target)
    elif not (full / ".git").exists():
        worktrees.finish(repo, full, admin)
    last = admin.folder / _LAST
    mine = last.read_text().strip() if last.exists() else None
    worktrees.drop_stale_locks(repo, full)
    if admin.has_index:
        if mine is None or admin.branch is not None or places.under_way(admin.folder):
            hint = "cockpit made no gate worktree of this: finish what is under way, or give another folder"
            raise UnsafePathError("somebody else works in the integration worktree", where=str(full), hint=hint)
        _settle_submodules(repo, full, target)
        state = status.read(full)
        if admin.head != mine and state.head is not None:
            rescue.keep(repo, full, plan, full.name, at, state=state)
        _drop_untracked(full, state)
    # The note goes first: after a crash, either commit is one that cockpit put there.
    with repo.lock().held(LOCK_TIMEOUT):
        last.write_text(target)
        spawn.git(["update-ref", "--no-deref", "HEAD", target], cwd=full, locks=True)
    _check_out(full, target)
    submodules.initialise_submodules(repo, full)
    fill_large_files(repo, full)
    return full


def drop(repo: Repo, path: Path) -> bool:
    """Remove cockpit's integration worktree when a plan is done; tell whether it went.

    What gates left in it goes with it. It stays where git refuses, or where somebody made a commit in it.
    """
    admin = places.admin_of(repo.common_dir, path)
    last = admin.folder / _LAST if admin else None
    if admin is None or last is None or not last.exists() or admin.head != last.read_text().strip():
        return False
    try:
        _check_out(path, "HEAD")
        _settle_submodules(repo, path, None)
        _drop_untracked(path, status.read(path))
        # Nothing of it is rescued: its commit is cockpit's own.
        rescue.remove(
            repo,
            path,
            parent=path.parent,
            branch=None,
            base=admin.head,
            plan="integration",
            workstream=path.name,
            at=0.0,
        )
    except (GitError, UnsafePathError):
        return False
    return True


def _check_out(full: Path, commit: str) -> None:
    args = ["read-tree", "-u", "--reset", commit]
    spawn.git(args, cwd=full, locks=True, timeout=1800.0, env=SKIP_SMUDGE)


def _settle_submodules(repo: Repo, full: Path, target: str | None) -> None:
    """Take away what gates left in submodules, and their checkouts where `target` (None: nothing) has others."""
    filled = submodules.filled(repo, full)
    for folder, _ in filled:
        _check_out(folder, "HEAD")
        _drop_untracked(folder, status.read(folder))
    moved = any(status.read(folder).head != commit for folder, commit in filled)
    if filled and (moved or target is None or submodules.linked(repo, full) != submodules.linked(repo, full, target)):
        submodules.release_submodules(repo, full)


def _make(repo: Repo, full: Path, target: str) -> places.Admin:
    if full.exists() and (not full.is_dir() or any(full.iterdir())):
        hint = "move it away; cockpit overwrites nothing"
        raise UnsafePathError("a foreign folder is where gates should run", where=str(full), hint=hint)
    with repo.lock().held(LOCK_TIMEOUT):
        full.parent.mkdir(parents=True, exist_ok=True)
        args = ["worktree", "add", "--quiet", "--detach", "--no-checkout", "--", str(full), target]
        spawn.git(args, cwd=repo.root, locks=True)
    admin = places.admin_of(repo.common_dir, full)
    if admin is None:
        raise GitError("git made no worktree", where=str(full))
    return admin


def _drop_untracked(full: Path, state: status.State) -> None:
    for entry in state.entries:
        if entry.is_repository:
            hint = "let the gate make it elsewhere, or ignore it; move this one away"
            raise GitError(f"a gate left a git repository: {entry.path}", where=str(full), hint=hint)
        if entry.kind == "untracked":
            path = full / entry.path
            places.inside(full, path.parent / "x")  # no folder on the way may be a symlink
            path.unlink(missing_ok=True)
            for above in path.relative_to(full).parents[:-1]:
                if any((full / above).iterdir()):
                    break
                (full / above).rmdir()
