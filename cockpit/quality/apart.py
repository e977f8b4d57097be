"""Judges files in a process apart, within limits: a file that is too much for a rule or a grammar costs only itself.

A rule that hangs is interrupted. Native code of a grammar is not: Python's signal handlers wait for its end, so the
process is ended from outside. It reads nothing but what it is handed, and ends with whoever asks.
"""

import contextlib
import os
import pickle
import select
import signal
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Never

from cockpit.quality.policy import Judged
from cockpit.quality.scan import Scanned

FILE_SECONDS = 5.0  # for one file; a rule that needs longer is interrupted
GRACE_SECONDS = 2.0  # for what cannot be interrupted, beyond that
DEEP = "nested too deeply"
ENDED = "it ended the process that judged it, twice"
_TRIES = 2
_LENGTH = 8
Judge = Callable[[str, Judged], Scanned]


class _TooLongError(BaseException):
    """One file took longer than FILE_SECONDS; no rule may take it for a fault of its own."""


class Apart:
    """A process that calls `judge` with the name of a policy and a file; forked when it is needed, and when it ended.

    What `judge` refers to is as it was at that time.
    """

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._child: _Child | None = None

    def judge(self, one: Judged, policy: str = "") -> Scanned:
        """Return what is wrong with one file, or that it could not be looked at and why; never raises for the file."""
        for _ in range(_TRIES):
            self._child = self._child or _Child(self._judge)
            try:
                return self._child.ask(policy, one)
            except TimeoutError:
                self.close()
                return Scanned(skipped=_too_long())
            except (EOFError, OSError):
                self.close()
        return Scanned(skipped=ENDED)

    def close(self) -> None:
        """End the process."""
        child, self._child = self._child, None
        if child is not None:
            child.end()


class _Child:
    """The forked process, and the pipes to and from it."""

    def __init__(self, judge: Judge) -> None:
        asked, self._ask = os.pipe()
        self._told, tell = os.pipe()
        pid = os.fork()
        if not pid:
            _serve(judge, asked, tell, (self._ask, self._told))
        for end in (asked, tell):
            os.close(end)
        self.end = weakref.finalize(self, _end, pid, (self._ask, self._told))

    def ask(self, policy: str, one: Judged) -> Scanned:
        """Return the answer. Raises TimeoutError where there is none in time, EOFError and OSError where none comes."""
        _write(self._ask, pickle.dumps((policy, one), pickle.HIGHEST_PROTOCOL))
        found: Scanned = pickle.loads(_read(self._told, FILE_SECONDS + GRACE_SECONDS))  # noqa: S301  # of our own fork
        return found


def _end(pid: int, ends: tuple[int, ...]) -> None:
    for end in ends:
        os.close(end)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _serve(judge: Judge, asked: int, tell: int, others: tuple[int, ...]) -> Never:
    """Answer until nobody asks; never returns into what the parent was doing."""
    try:
        for end in others:
            os.close(end)
        nothing = os.open(os.devnull, os.O_RDWR)
        for end in (0, 1):  # whoever reads the parent's output waits for its last holder
            os.dup2(nothing, end)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPROF):
            signal.signal(number, signal.SIG_DFL)
        while True:
            policy, one = pickle.loads(_read(asked))  # noqa: S301  # from the process that forked this one
            _write(tell, pickle.dumps(_limited(judge, policy, one), pickle.HIGHEST_PROTOCOL))
    except BaseException:  # noqa: BLE001  # whatever it is, the parent sees that this process ended
        os._exit(1)


def _limited(judge: Judge, policy: str, one: Judged) -> Scanned:
    try:
        with _limit():
            return judge(policy, one)
    except _TooLongError:
        return Scanned(skipped=_too_long())
    except (RecursionError, MemoryError):
        return Scanned(skipped=DEEP)
    except Exception as error:  # noqa: BLE001  # a fault in one rule must not keep all else from being looked at
        return Scanned(skipped=f"a rule failed: {type(error).__name__}: {error}")


def _too_long() -> str:
    return f"took longer than {FILE_SECONDS:g} s"


@contextlib.contextmanager
def _limit() -> Iterator[None]:
    def ring(_number: int, _frame: object) -> None:
        raise _TooLongError

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, FILE_SECONDS)
    signal.setitimer(signal.ITIMER_PROF, FILE_SECONDS + GRACE_SECONDS)  # the system's: native code cannot put it off
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)


def _write(end: int, data: bytes) -> None:
    left = memoryview(len(data).to_bytes(_LENGTH) + data)
    while left:
        left = left[os.write(end, left) :]


def _read(end: int, seconds: float | None = None) -> bytes:
    limit = None if seconds is None else time.monotonic() + seconds
    size = int.from_bytes(_exactly(end, _LENGTH, limit))
    return _exactly(end, size, limit)


def _exactly(end: int, size: int, limit: float | None) -> bytes:
    data = bytearray()
    while len(data) < size:
        if limit is not None:
            poll = select.poll()
            poll.register(end, select.POLLIN)
            if not poll.poll(max(0.0, limit - time.monotonic()) * 1000):
                raise TimeoutError
        piece = os.read(end, min(1 << 20, size - len(data)))
        if not piece:
            raise EOFError
        data += piece
    return bytes(data)
