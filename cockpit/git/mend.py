"""Does what `leftovers` only names, where it is safe: what a kill left half-made is finished, undone or taken away.

Nothing that could be anybody's work is removed, and no lock whose owner may still be there.
"""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cockpit.errors import CockpitError
from cockpit.git import claims, interrupted, places, removal, spawn, worktrees
from cockpit.git.atwork import is_git_at_work
from cockpit.git.repo import LOCK_TIMEOUT, Repo

_FRESH = 5.0  # seconds: a git lock that is younger may belong to a command that just began
_LOCKS = (
    "index.lock", "HEAD.lock", "config.lock", "config.worktree.lock", "packed-refs.lock", "packed-refs.new",
    "shallow.lock",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mended:
    """One thing that was found, and what was done about it; `ok` is false when it was left for a human."""

    what: str
    done: str
    ok: bool = True


def mend(repo: Repo, worktrees_folder: Path, branches: Iterable[str]) -> tuple[Mended, ...]:
    """Put in order what killed commands left of a plan's worktrees and refs, and return what was found and done.

    `branches` are those of the plan's workstreams. Call it before anything else works on the repository: worktrees
    in use are left alone, but a run that starts meanwhile isn't looked for. Doing it again finds nothing. Raises
    GitError, LockHeldError.
    """
    found: list[Mended] = []
    wanted = frozenset(branches)
    with repo.lock().held(LOCK_TIMEOUT):
        ours = claims.at_work(repo.common_dir)
        folders = {worktree.path: places.git_dir(worktree.path) for worktree in worktrees.listed(repo)}
        busy = {path for path in folders if path in ours or is_git_at_work(path)}
        found += _claimed(claims.drop_stale(repo.common_dir), "removed")
        found += _moves(repo, {p: f for p, f in folders.items() if f is not None and p not in busy})
        known = {one.what for one in found}
        found += [one for one in _locks(repo, worktrees_folder, wanted, busy) if one.what not in known]
        found += _removals(worktrees_folder)
        found += _half_made(repo, worktrees_folder)
        found += _prunable(repo, worktrees_folder)
    found += _unfinished(repo, worktrees_folder, wanted)
    return tuple(found)


def due(repo: Repo, worktrees_folder: Path, branches: Iterable[str]) -> tuple[Mended, ...]:
    """Return what `mend` would find, and in `done` what it would do about each; it changes nothing. Raises GitError."""
    wanted = frozenset(branches)
    folders = {worktree.path: places.git_dir(worktree.path) for worktree in worktrees.listed(repo)}
    busy = {path for path in folders if is_git_at_work(path)}
    found = [
        Mended(f"{path}: a move to another commit was cut short", "will be finished or undone")
        for path, folder in folders.items()
        if folder is not None and path not in busy and interrupted.is_noted(folder)
    ]
    ours = claims.stale(repo.common_dir)
    found += _claimed(ours, "will be removed")
    known = {str(one.path) for one in ours}
    found += [one for one in _locks(repo, worktrees_folder, wanted, busy, remove=False) if one.what not in known]
    for left in removal.remains(worktrees_folder):
        decided = left != removal.aside_of(left.with_name(left.name[1:].partition(".cockpit-remov")[0]))
        found.append(Mended(str(left), f"a removal that was cut short will be {'finished' if decided else 'undone'}"))
    for admin in _admins(repo, worktrees_folder):
        full = _place(admin)
        if admin.locked == worktrees.INITIALIZING:
            found.append(Mended(str(full), "a half-made worktree will be undone; its branch stays"))
        elif admin.locked is None and not os.path.lexists(full) and not removal.aside_of(full).is_dir():
            holds = (admin.folder / "HEAD").exists() and _holds_something(repo, admin)
            what = "made again, with what was staged there" if holds else "forgotten; its branch stays"
            found.append(Mended(str(full), f"its folder is gone: will be {what}"))
        elif admin.branch in wanted and full.is_dir() and full not in busy and _is_cut_short(admin):
            found.append(Mended(str(full), "its checkout was cut short: will be finished"))
    return tuple(found)


def _is_cut_short(admin: places.Admin) -> bool:
    return not admin.has_index or worktrees.is_unfinished(admin)


def _moves(repo: Repo, folders: dict[Path, Path]) -> list[Mended]:
    found: list[Mended] = []
    for checkout, folder in folders.items():
        if not interrupted.is_noted(folder):
            continue
        what = f"{checkout}: a move to another commit was cut short"
        try:
            undone = interrupted.undo(repo, checkout, folder)
        except CockpitError as error:
            found.append(Mended(what, str(error), ok=False))
            continue
        if undone.left:
            names = ", ".join(undone.left[:5])
            found.append(Mended(what, f"left for you to look at, they hold something else: {names}", ok=False))
        elif undone.finished:
            found.append(Mended(what, "finished"))
        else:
            found.append(Mended(what, f"{len(undone.restored)} files put back"))
    return found


def _claimed(locks: Iterable[claims.Stale], done: str) -> list[Mended]:
    """Tell of the locks that killed commands of cockpit's left anywhere in the repository."""
    ours = "a command of cockpit's that was killed held it"
    return [
        Mended(str(one.path), f"left: {one.held}" if one.held else f"{done}: {ours}", ok=not one.held) for one in locks
    ]


def _locks(repo: Repo, parent: Path, branches: frozenset[str], busy: set[Path], *, remove: bool = True) -> list[Mended]:
    """Remove the locks that git left in cockpit's own worktrees and on the refs that it moves, where no git runs."""
    idle = [admin for admin in _admins(repo, parent) if _place(admin) not in busy]
    paths = [admin.folder / name for admin in idle for name in _LOCKS]
    foreign: list[Path] = []
    if not busy:
        paths += [repo.common_dir / f"refs/heads/{branch}.lock" for branch in sorted(branches)]
        own = repo.common_dir / "refs" / "cockpit"
        paths += sorted(own.rglob("*.lock")) if own.is_dir() else []
        foreign = [repo.common_dir / name for name in _LOCKS]
    found: list[Mended] = []
    for path in (*paths, *foreign):
        try:
            age = time.time() - path.stat().st_mtime
        except OSError:
            continue
        if age < _FRESH:
            found.append(Mended(str(path), "left: it is too new to tell whose it is", ok=False))
        elif path in foreign:
            found.append(Mended(str(path), "left: no git command runs here, remove it if it isn't yours", ok=False))
        elif remove:
            path.unlink(missing_ok=True)
            found.append(Mended(str(path), "removed: no git command runs here"))
        else:
            found.append(Mended(str(path), "will be removed: no git command runs here"))
    return found


def _removals(parent: Path) -> list[Mended]:
    """Finish the removals that were decided, and put back the folders whose removal was not."""
    found: list[Mended] = []
    for left in removal.remains(parent):
        name = left.name.removeprefix(".")
        original = left.with_name(name.partition(".cockpit-remov")[0])
        try:
            if left == removal.aside_of(original):
                removal.put_back(left, original)
                found.append(Mended(str(original), "put back: its removal was cut short before it was decided"))
            elif left in removal.cut_short(original):
                removal.finish(left)
                found.append(Mended(str(original), "its removal, decided and rescued, was finished"))
        except CockpitError as error:
            found.append(Mended(str(left), str(error), ok=False))
    return found


def _half_made(repo: Repo, parent: Path) -> list[Mended]:
    """Take away worktrees that git had not finished to register: they never held a file."""
    found: list[Mended] = []
    for admin in _admins(repo, parent):
        if admin.locked != worktrees.INITIALIZING:
            continue
        full = _place(admin)
        try:
            worktrees.discard_half_made(full, admin)
            found.append(Mended(str(full), "a half-made worktree was undone; its branch stays"))
        except CockpitError as error:
            found.append(Mended(str(full), str(error), ok=False))
    return found


def _prunable(repo: Repo, parent: Path) -> list[Mended]:
    """Forget worktrees whose folder is gone and which held nothing; make the folder of others again."""
    found: list[Mended] = []
    for admin in _admins(repo, parent):
        full = _place(admin)
        if os.path.lexists(full) or admin.locked is not None:
            continue
        if (admin.folder / "HEAD").exists() and _holds_something(repo, admin):
            try:
                worktrees.finish_unlocked(full, admin)
                found.append(Mended(str(full), "its folder was gone: made again, with what was staged there"))
            except CockpitError as error:
                found.append(Mended(str(full), str(error), ok=False))
        else:
            removal.take_away(admin.folder, removal.listing(admin.folder))
            found.append(Mended(str(full), "its folder was gone and nothing was staged: forgotten; its branch stays"))
    return found


def _holds_something(repo: Repo, admin: places.Admin) -> bool:
    """Tell whether a worktree without a folder still holds work: something staged, or a commit that no ref holds."""
    env = {"GIT_DIR": str(admin.folder), "GIT_WORK_TREE": str(repo.root)}
    if places.under_way(admin.folder):
        return True
    if admin.branch is None and admin.head is not None:
        lone = ["rev-list", "--max-count=1", admin.head, "--not", "--single-worktree", "--all", "--"]
        if spawn.git(lone, cwd=repo.root).stdout.strip():
            return True
    if not admin.has_index:
        return False
    return bool(spawn.git(["diff-index", "--cached", "--quiet", "HEAD", "--"], cwd=repo.root, env=env, accept=()).code)


def _unfinished(repo: Repo, parent: Path, branches: frozenset[str]) -> list[Mended]:
    """Finish the checkouts of the plan's worktrees that were cut short."""
    found: list[Mended] = []
    for admin in _admins(repo, parent):
        full = _place(admin)
        if admin.branch not in branches or not full.is_dir() or is_git_at_work(full):
            continue
        if not _is_cut_short(admin):
            continue
        try:
            worktrees.add(repo, full, admin.branch, admin.branch, parent=parent)
            found.append(Mended(str(full), "its checkout was cut short: finished"))
        except CockpitError as error:
            found.append(Mended(str(full), str(error), ok=False))
    return found


def _admins(repo: Repo, parent: Path) -> list[places.Admin]:
    """Return the metadata of the worktrees in the plan's folder."""
    top = Path(os.path.realpath(parent))
    folder = repo.common_dir / "worktrees"
    if not folder.is_dir():
        return []
    found = [places.admin_at(entry) for entry in sorted(folder.iterdir()) if entry.is_dir()]
    return [admin for admin in found if _place(admin).is_relative_to(top) and _place(admin) != top]


def _place(admin: places.Admin) -> Path:
    """Return the folder of the worktree with this metadata."""
    try:
        text = os.fsdecode((admin.folder / "gitdir").read_bytes()).rstrip("\n")
    except OSError:
        return Path(os.devnull)
    dot = Path(os.path.normpath(admin.folder / text))
    return Path(os.path.realpath(dot.parent.parent)) / dot.parent.name
