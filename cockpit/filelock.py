"""An operating-system file lock that other processes respect too; the kernel frees it when its holder dies."""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from cockpit.errors import CockpitError


class LockHeldError(CockpitError):
    """A lock that somebody else holds; `holder` is the process id that its file names, or 0."""

    exit_code = 3

    def __init__(self, path: Path, holder: int) -> None:
        who = f"process {holder}" if holder else "another process"
        super().__init__(f"locked by {who}", where=str(path))
        self.holder = holder


_turns: dict[str, Lock] = {}
_turns_guard = Lock()


def _turn_of(path: Path) -> Lock:
    with _turns_guard:
        return _turns.setdefault(str(path), Lock())


class FileLock:
    """A lock on a file, held by at most one process (and one FileLock object) at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None
        self._turn = _turn_of(path)

    def acquire(self, timeout: float = 0.0) -> None:
        """Take the lock, waiting up to `timeout` seconds (0: not at all). Raises LockHeldError and CockpitError."""
        deadline = time.monotonic() + timeout
        # Threads of this process queue up for a lock of their own: the one on the file has no queue.
        if not self._turn.acquire(blocking=timeout > 0, timeout=timeout if timeout > 0 else -1):
            raise LockHeldError(self.path, os.getpid())
        try:
            self._fd = self._acquire_file(deadline)
        except BaseException:
            self._turn.release()
            raise

    def _acquire_file(self, deadline: float) -> int:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CockpitError(
                f"the lock cannot be taken: {error.strerror}", where=str(self.path), hint="make its folder writable"
            ) from error
        pause = 0.001
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES) or time.monotonic() >= deadline:
                    holder = _holder(fd)
                    os.close(fd)
                    raise LockHeldError(self.path, holder) from error
            time.sleep(pause)
            pause = min(pause * 2, 0.02)
        with suppress(OSError):  # on a full disk it is held all the same, only that nobody can read by whom
            os.ftruncate(fd, 0)
            os.pwrite(fd, str(os.getpid()).encode(), 0)
        return fd

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
            self._turn.release()

    @contextmanager
    def held(self, timeout: float = 60.0) -> Iterator[None]:
        """Hold the lock for a block. Raises LockHeldError when it is not free within `timeout` seconds."""
        self.acquire(timeout)
        try:
            yield
        finally:
            self.release()


def holder_of(path: Path) -> int | None:
    """Return the process id that holds the lock on this file (0: unknown), None when it is free or absent."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return _holder(fd)
    else:
        return None
    finally:
        os.close(fd)


def _holder(fd: int) -> int:
    text = os.pread(fd, 32, 0).decode("ascii", "replace")
    return int(text) if text.isdigit() else 0
