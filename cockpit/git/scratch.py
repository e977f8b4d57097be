"""Temporary folders that go when their process ends, and those of killed processes when the next driver starts.

A process has one folder in the system's temporary folder (and in memory, where that is asked for), locked for as long
as it lives. What has our name, our user and our mark, and whose lock is free, is taken away; nothing else ever is.
"""

import atexit
import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from threading import Lock

MEMORY = Path("/dev/shm")  # noqa: S108  # a folder of its own is made there, for this user only
_PREFIX = "cockpit-scratch-"
_MARK = "cockpit"
_MARKED = b"made by cockpit, and taken away once no process holds this folder's lock\n"

_roots: dict[tuple[int, Path], tuple[Path, int]] = {}
_guard = Lock()


def scratch_folder(name: str, place: Path | None = None) -> tempfile.TemporaryDirectory[str]:
    """Return a new temporary folder, below `place` (default: the system's own); it goes when its block ends."""
    return tempfile.TemporaryDirectory(dir=_root(place or Path(tempfile.gettempdir())), prefix=f"{name}-")


def sweep(*places: Path) -> int:
    """Take away the folders of processes that are gone and return how many; default: wherever they are made."""
    gone = 0
    for place in places or (Path(tempfile.gettempdir()), MEMORY):
        with contextlib.suppress(OSError), os.scandir(place) as entries:
            names = [entry.name for entry in entries if entry.name.startswith(_PREFIX)]
            gone += sum(_take_away(place / name) for name in names)
    return gone


def _root(place: Path) -> Path:
    with _guard:
        known = _roots.get((os.getpid(), place))
        if known is not None:
            if known[0].is_dir():
                return known[0]
            os.close(known[1])  # something cleaned up there
        if not _roots:
            atexit.register(_clear)
        path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        with contextlib.suppress(OSError):  # where nothing can be locked it has no mark, and is left
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            (path / _MARK).write_bytes(_MARKED)
        _roots[os.getpid(), place] = (path, fd)
        return path


def _clear() -> None:
    for (pid, _), (path, _) in _roots.items():
        if pid == os.getpid():  # one that was forked has folders of its own
            shutil.rmtree(path, ignore_errors=True)


def _take_away(path: Path) -> bool:
    """Take a folder away if it is one of ours that nobody holds; tell whether it went."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        found = os.fstat(fd)
        if found.st_uid != os.getuid() or not _is_marked(fd):
            return False
        # The mark is written under the lock: where that is free, its owner is gone.
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        there = path.lstat()
        if (there.st_dev, there.st_ino) != (found.st_dev, found.st_ino):
            return False
        shutil.rmtree(path)
    except OSError:
        return False
    finally:
        os.close(fd)
    return True


def _is_marked(folder: int) -> bool:
    try:
        fd = os.open(_MARK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return False
    try:
        return os.read(fd, len(_MARKED) + 1) == _MARKED
    finally:
        os.close(fd)
