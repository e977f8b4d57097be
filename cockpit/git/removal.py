"""Takes a worktree's folder away file by file, from a list that was checked; what is not on the list never goes."""

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cockpit.errors import GitError, UnsafePathError

_UNVERIFIED = ".cockpit-removing"
_VERIFIED = ".cockpit-removed-"

# inode, type and mode, size, modification and change time: a file that was touched in any way has another one
Signature = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Listing:
    """All that is in a folder: files (links included) and folders by path from its top, and the bytes on disk."""

    files: dict[str, Signature]
    folders: tuple[str, ...]
    bytes: int

    def repositories(self) -> tuple[str, ...]:
        """Return the folders below the top that are git repositories of their own."""
        names = [*self.files, *self.folders]
        return tuple(sorted({name[: -len("/.git")] for name in names if name.endswith("/.git")}))


def listing(top: Path) -> Listing:
    """List a folder without following symlinks."""
    files: dict[str, Signature] = {}
    folders: list[str] = []
    total = 0
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        with os.scandir(top / prefix) as entries:
            for entry in entries:
                name = f"{prefix}{entry.name}"
                found = entry.stat(follow_symlinks=False)
                total += found.st_blocks * 512
                if stat.S_ISDIR(found.st_mode):
                    folders.append(name)
                    waiting.append(f"{name}/")
                else:
                    files[name] = signature(found)
    return Listing(files, tuple(folders), total)


def aside_of(folder: Path) -> Path:
    """Return where a folder is put while its removal is being checked."""
    return folder.with_name(f".{folder.name}{_UNVERIFIED}")


def put_aside(folder: Path) -> Path:
    """Rename a folder so that nobody finds it by its path any more. Raises GitError."""
    aside = aside_of(folder)
    if os.path.lexists(aside):
        raise GitError("left by a removal that was interrupted", where=str(aside), hint="look into it, then move it")
    try:
        folder.rename(aside)
    except OSError as error:
        raise GitError(f"the folder cannot be moved aside: {error.strerror}", where=str(folder)) from error
    return aside


def put_back(aside: Path, folder: Path) -> None:
    """Undo `put_aside`. Raises GitError when something is at the old place by now."""
    if os.path.lexists(folder):
        raise GitError("a new folder is where the worktree was", where=str(folder), hint=f"its files are in {aside}")
    aside.rename(folder)


def differences(before: Listing, after: Listing) -> tuple[str, ...]:
    """Return the files that appeared, changed or went between two listings."""
    names = before.files.keys() | after.files.keys()
    return tuple(sorted(name for name in names if before.files.get(name) != after.files.get(name)))


def mark_verified(aside: Path, folder: Path) -> Path:
    """Rename a folder put aside once its removal is decided; the name keeps the time, for a removal cut short.

    The time is the file system's own, of the moment it was put aside: all that was checked is older.
    """
    verified = folder.with_name(f".{folder.name}{_VERIFIED}{aside.stat().st_ctime_ns}")
    aside.rename(verified)
    return verified


def cut_short(folder: Path) -> tuple[Path, ...]:
    """Return the verified remains of removals of this folder that were cut short."""
    start = f".{folder.name}{_VERIFIED}"
    if not folder.parent.is_dir():
        return ()
    found = [entry for entry in folder.parent.iterdir() if entry.name.startswith(start)]
    return tuple(entry for entry in sorted(found) if entry.name.removeprefix(start).isdigit())


def remains(parent: Path) -> tuple[Path, ...]:
    """Return all that removals which were cut short left in a folder, verified or not."""
    if not parent.is_dir():
        return ()
    found = [entry for entry in parent.iterdir() if entry.name.startswith(".")]
    return tuple(sorted(e for e in found if e.name.endswith(_UNVERIFIED) or _VERIFIED in e.name))


def finish(verified: Path) -> None:
    """Take away what is left of a removal cut short: only what is older than its decision. Raises GitError."""
    decided = int(verified.name.rpartition("-")[2])
    try:
        found = listing(verified)
    except FileNotFoundError:
        return  # it was not cut short: whoever began it goes on with it
    newer = [name for name, was in found.files.items() if was[4] >= decided]
    if newer:
        hint = "look at it, then move it away"
        raise GitError(f"written after the removal was decided: {newer[0]}", where=str(verified), hint=hint)
    take_away(verified, found)


def take_away(top: Path, listed: Listing) -> None:
    """Remove exactly the listed files and folders, and the top. Raises GitError when anything else is there.

    What is gone already is no error: the driver of another plan may finish the same removal.
    """
    for name, was in listed.files.items():
        path = top / name
        try:
            if signature(path.lstat()) != was:
                raise GitError(f"changed during its removal: {name}", where=str(top), hint="it was left there")
            path.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise GitError(f"{name} cannot be removed: {error.strerror}", where=str(top)) from error
    try:
        for folder in (*(top / name for name in sorted(listed.folders, key=len, reverse=True)), top):
            with suppress(FileNotFoundError):
                folder.rmdir()
    except OSError as error:
        where = str(error.filename or top)
        hint = "a program still writes there; what it wrote was left"
        raise GitError(f"the folder cannot be removed: {error.strerror}", where=where, hint=hint) from error


def require_folder(folder: Path) -> None:
    """Raise UnsafePathError unless this is a real folder and no symlink."""
    if folder.is_symlink() or not folder.is_dir():
        raise UnsafePathError("not a folder", where=str(folder), hint="only real folders are removed")


def signature(found: os.stat_result) -> Signature:
    """Return what tells a file from one that was touched since."""
    return (found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
