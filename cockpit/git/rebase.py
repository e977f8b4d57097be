"""Brings a clean, idle worktree's branch onto another commit, its old tip kept first; a conflict changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit.errors import GitError
from cockpit.git import interrupted, places, rescue, status
from cockpit.git.builds import Conflict
from cockpit.git.largefiles import SKIP_SMUDGE
from cockpit.git.replay import Stopped, replay
from cockpit.git.repo import LOCK_TIMEOUT, Repo


@dataclass(frozen=True, slots=True)
class Rebased:
    """A branch that was moved, where from and where to, and what was kept (None: base holds all of the old one).

    When there was nothing to do, old and new are the same.
    """

    old: str
    new: str
    rescue: rescue.Rescue | None


def rebase_worktree(
    repo: Repo,
    worktree: Path,
    onto: str,
    *,
    plan: str,
    workstream: str,
    at: float,
    exclude: Sequence[str] = (),
) -> Rebased | Conflict:
    """Replay what a worktree's branch holds beyond `onto` there, and move branch and files along.

    It is all computed before anything is touched. `at` is seconds since the epoch; the caller knows that nothing runs
    in the worktree. Raises GitError: uncommitted or untracked files, an operation under way, no branch, a branch that
    moved meanwhile.
    """
    target = repo.commit_id(onto)
    state, branch, old = _require_idle(repo, worktree, exclude)
    if repo.is_ancestor(target, old):
        return Rebased(old, old, None)
    replayed = replay(repo, target, old)
    if isinstance(replayed, Stopped):
        return Conflict(replayed.paths)
    new = replayed.commit
    kept = rescue.keep(
        repo, worktree, plan, workstream, at, base=new, branch=branch, exclude=exclude, state=state
    )  # fmt: skip
    admin = places.git_dir(worktree)
    if admin is None:
        raise GitError("this is no worktree any more", where=str(worktree))
    with repo.lock().held(LOCK_TIMEOUT):
        _, now, tip = _require_idle(repo, worktree, exclude)
        if (now, tip) != (branch, old):
            raise GitError(f"branch {branch} moved meanwhile", where=str(worktree), hint="try again")
        args = ["reset", "--quiet", "--keep", new, "--"]
        done = interrupted.move(repo, worktree, admin, old, new, args, SKIP_SMUDGE)
        if done.code > 0:
            raise GitError(f"`git reset` failed: {done.stderr.strip()[-500:]}", where=str(worktree), code=done.code)
    return Rebased(old, new, kept)


def _require_idle(repo: Repo, worktree: Path, exclude: Sequence[str]) -> tuple[status.State, str, str]:
    where = str(worktree)
    folder = places.git_dir(worktree)
    if folder is None:
        raise GitError("this is no worktree", where=where)
    if (folder / "index.lock").exists():
        hint = "wait until the git command that runs there has ended"
        raise GitError("another git command runs in the worktree", where=where, hint=hint)
    state = status.read(worktree, exclude=exclude)
    if state.entries:
        names = ", ".join(entry.path for entry in state.entries[:5])
        raise GitError(f"uncommitted work: {names}", where=where, hint="commit it or take it away first")
    doing = places.under_way(folder)
    if doing:
        raise GitError(f"in the middle of {doing}", where=where, hint="finish or abort it there")
    if state.branch is None or state.head is None:
        raise GitError("HEAD is detached", where=where, hint="git switch to the branch")
    if worktree.resolve() == repo.root.resolve():
        raise GitError("this is the main worktree", where=where, hint="it is the operator's: rebase it by hand")
    return state, state.branch, state.head
