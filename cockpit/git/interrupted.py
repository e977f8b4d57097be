"""Notes that cockpit moves a checkout from one commit to another, and undoes what git wrote when it was killed at it.

Only what is known to come from the new commit is put back: a file that holds anything else is left and named.
"""

import json
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit.errors import GitError, UnsafePathError
from cockpit.git import claims, places, removal, spawn
from cockpit.git.blobs import blob_id, quoted
from cockpit.git.repo import Repo

_NOTE = "cockpit-moving"  # in the checkout's git folder while cockpit's own git command is at work there
_LINK = "160000"
_NONE = "000000"

_Held = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Undone:
    """What was put back to the old commit, and what was left because it may be somebody's work."""

    restored: tuple[str, ...]
    left: tuple[str, ...]
    finished: bool = False


def move(
    repo: Repo,
    checkout: Path,
    folder: Path,
    old: str,
    new: str,
    args: Sequence[str],
    env: Mapping[str, str] | None = None,
) -> spawn.Done:
    """Run the git command that moves a checkout (`folder` is its git folder), and return how it ended.

    Where that command alone was killed, what it left is undone or finished here. The caller holds the repository's
    lock, and has kept what `new` lacks of `old`. Raises GitError with the signal's negative code where nothing was
    moved.
    """
    if is_noted(folder):  # what was cut short before could not be undone then
        undo(repo, checkout, folder)
    _write_note(folder, old, new, env)
    try:
        done = spawn.git(args, cwd=checkout, accept=(), locks=True, timeout=1800.0, env=env)
    except GitError:  # it was ended at its time limit, or never began
        undo(repo, checkout, folder)
        raise
    if done.code >= 0:
        (folder / _NOTE).unlink(missing_ok=True)
    elif not undo(repo, checkout, folder).finished and _head(repo, checkout) != new:
        raise GitError(f"`git {args[0]}` was killed", where=str(checkout), code=done.code)
    return done


def is_noted(folder: Path) -> bool:
    """Tell whether moving the checkout with this git folder was cut short (or is under way)."""
    return (folder / _NOTE).exists()


def undo(repo: Repo, checkout: Path, folder: Path) -> Undone:
    """Undo or finish a move that was cut short, and take the note away.

    The caller holds the repository's lock and knows that no git command runs in the checkout. Raises GitError; the note
    is still there then, and it can be done again.
    """
    note = folder / _NOTE
    try:
        said = json.loads(note.read_text())
        old, new, held = str(said["old"]), str(said["new"]), said.get("held")
        env = {str(key): str(value) for key, value in said.get("env", {}).items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        note.unlink(missing_ok=True)
        return Undone((), ())
    _take_lock_away(repo, checkout, folder, held)
    head = _head(repo, checkout)
    result = Undone((), ())
    if head == old:
        index_is_new = not spawn.git(["diff-index", "--cached", "--quiet", new, "--"], cwd=checkout, accept=(0, 1)).code
        if index_is_new:  # git wrote every file; what only the old commit held was kept before the move was begun
            args = ["update-ref", "-m", "cockpit: finished what was cut short", "HEAD", new, old]
            spawn.git(args, cwd=checkout, locks=True)
            result = Undone((), (), finished=True)
        else:
            result = _put_back(repo, checkout, old, new, env)
    note.unlink(missing_ok=True)
    return result


def _write_note(folder: Path, old: str, new: str, env: Mapping[str, str] | None) -> None:
    draft = folder / f"{_NOTE}.new"
    note = {"old": old, "new": new, "held": _identity(folder / "index.lock"), "env": dict(env or {})}
    draft.write_text(json.dumps(note))
    draft.replace(folder / _NOTE)


def _take_lock_away(repo: Repo, checkout: Path, folder: Path, held: object) -> None:
    """Remove the index.lock of the killed command: git takes it first of all. One that may be another's stays."""
    lock = folder / "index.lock"
    others = {one.path for one in claims.stale(repo.common_dir) if one.held}
    if lock in others or (lock.exists() and _identity(lock) == held):
        raise GitError("another git command runs in the checkout (it holds index.lock)", where=str(checkout))
    lock.unlink(missing_ok=True)


def _identity(path: Path) -> list[int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return [found.st_ino, found.st_ctime_ns]


def _head(repo: Repo, checkout: Path) -> str:
    return repo.git("rev-parse", "--verify", "--quiet", "HEAD", cwd=checkout, accept=(0, 1)).decode().strip()


@dataclass(frozen=True, slots=True)
class _Path:
    """A path that a move changes: what it was (mode and blob), and what it becomes; a mode of 000000 is none."""

    name: str
    old: _Held
    new: _Held

    @property
    def is_added(self) -> bool:
        """Tell whether the old commit has nothing there."""
        return self.old[0] == _NONE


@dataclass(frozen=True, slots=True)
class _Found:
    """A file as it was read: mode and blob as git would store it and as it is, and the signature that it had then."""

    held: _Held
    plain: _Held
    signature: removal.Signature


def _put_back(repo: Repo, checkout: Path, old: str, new: str, env: Mapping[str, str]) -> Undone:
    """Take away each file that holds what git wrote, and let git write the old ones where nothing is.

    Git overwrites nothing here, and each file that goes is looked at once more right before.
    """
    paths = [path for path in _changed(repo, old, new) if path.new[0] != _LINK and path.old[0] != _LINK]
    index = _index(checkout)
    paths = [path for path in paths if index.get(path.name) == (None if path.is_added else path.old)]
    restored: list[str] = []
    left: list[str] = []
    back: list[_Path] = []
    # What was added goes first: it may be in the place of what has to come back.
    for added in (True, False):
        some, unsafe = _reachable(checkout, [path for path in paths if path.is_added is added])
        left += [path.name for path in unsafe]
        found = _files(checkout, some)
        for path in some:
            now = found.get(path.name)
            if (now is None and path.is_added) or (now is not None and now.held == path.old):
                continue
            if now is not None and not _take_away(checkout, path, now, env):
                left.append(path.name)
                continue
            restored.append(path.name)
            if path.is_added:
                _drop_empty(checkout, (checkout / path.name).parent)
            else:
                back.append(path)
    if back:
        stdin = b"".join(os.fsencode(path.name) + b"\0" for path in back)
        args = ["checkout-index", "--quiet", "--index", "-z", "--stdin"]
        done = spawn.git(args, cwd=checkout, stdin=stdin, accept=(0, 1, 128), locks=True, timeout=1800.0, env=env)
        if done.code:  # something came into its place meanwhile
            found = _files(checkout, back)
            left += [path.name for path in back if path.name not in found or found[path.name].held != path.old]
    kept = frozenset(left)
    return Undone(tuple(name for name in restored if name not in kept), tuple(left))


def _changed(repo: Repo, old: str, new: str) -> list[_Path]:
    raw = repo.git("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", old, new, "--").split(b"\0")
    found: list[_Path] = []
    for head, name in zip(raw[0::2], raw[1::2], strict=False):
        old_mode, mode, old_id, blob, _ = head.decode().lstrip(":").split(" ")
        found.append(_Path(os.fsdecode(name), (old_mode, old_id), (mode, blob)))
    return found


def _index(checkout: Path) -> dict[str, _Held | None]:
    """Return mode and blob of each path in the index; None and no such path are the same, a conflict is neither."""
    found: dict[str, _Held | None] = {}
    for row in spawn.git(["ls-files", "--stage", "-z"], cwd=checkout).stdout.split(b"\0"):
        if row:
            head, _, name = row.partition(b"\t")
            mode, blob, stage = head.decode().split(" ")
            found[os.fsdecode(name)] = (mode, blob) if stage == "0" else (stage, "")
    return found


def _reachable(checkout: Path, paths: Sequence[_Path]) -> tuple[list[_Path], list[_Path]]:
    """Return the paths that no symlink leads to, and the others."""
    safe: dict[str, bool] = {}
    good: list[_Path] = []
    unsafe: list[_Path] = []
    for path in paths:
        folder = path.name.rpartition("/")[0]
        if folder not in safe:
            try:
                places.inside(checkout, checkout / folder / "x")
                safe[folder] = True
            except UnsafePathError:
                safe[folder] = False
        (good if safe[folder] else unsafe).append(path)
    return good, unsafe


def _files(checkout: Path, paths: Sequence[_Path]) -> dict[str, _Found]:
    """Read what is at these paths; what is not there is left out. Many files cost two processes at most."""
    found: dict[str, _Found] = {}
    filtered: list[str] = []
    for path in paths:
        full = checkout / path.name
        try:
            signature = removal.signature(full.lstat())
        except OSError:
            continue
        if not (stat.S_ISREG(signature[1]) or stat.S_ISLNK(signature[1])):
            found[path.name] = _Found(("", ""), ("", ""), signature)
            continue
        held = blob_id(full, path.new[1])
        if held is None:
            continue
        found[path.name] = _Found(held, held, signature)
        if held[0] != "120000" and held[1] not in (path.old[1], path.new[1]):
            filtered.append(path.name)
    if filtered:  # as it is on disk it is neither: git's filters may make it one of them
        names = b"".join(quoted(os.fsencode(name)) + b"\n" for name in filtered)
        ids = spawn.git(["hash-object", "--stdin-paths"], cwd=checkout, stdin=names, timeout=1800.0).stdout.split()
        for name, blob in zip(filtered, ids, strict=True):
            before = found[name]
            found[name] = _Found((before.held[0], blob.decode()), before.plain, before.signature)
    return found


def _take_away(checkout: Path, path: _Path, now: _Found, env: Mapping[str, str]) -> bool:
    """Remove a file that holds what git wrote or was writing, if it is still as it was read; tell whether it went."""
    if now.held != path.new and not _is_beginning(checkout, path, env):
        return False
    full = checkout / path.name
    try:
        # The content too: a file may be written again within one tick of its times.
        if blob_id(full, path.new[1]) != now.plain or removal.signature(full.lstat()) != now.signature:
            return False
        full.unlink()
    except OSError:
        return False
    return True


def _is_beginning(checkout: Path, path: _Path, env: Mapping[str, str]) -> bool:
    """Tell whether a file is a part of what git was writing: the beginning of the new file's content."""
    full = checkout / path.name
    if not path.new[0].startswith("100") or full.is_symlink() or not full.is_file():
        return False
    args = ["cat-file", "--filters", f"--path={path.name}", path.new[1]]
    whole = spawn.git(args, cwd=checkout, env=env).stdout
    return whole.startswith(full.read_bytes())


def _drop_empty(checkout: Path, folder: Path) -> None:
    while folder != checkout and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
