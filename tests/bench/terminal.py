"""A program on a pseudo terminal: what it paints, how soon after its start or a key, and what memory it takes."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

QUIET_S = 0.4
BETWEEN_S = 0.04


class Terminal:
    """A program on a terminal of its own; `close` ends it."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], size: tuple[int, int] = (120, 40)) -> None:
        self.started = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], list(argv), {**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"})
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def wait_for(self, marker: bytes, timeout: float = 60.0) -> float:
        """Return the seconds from the start until the program painted a marker."""
        seen = b""
        while marker not in seen:
            left = timeout - (time.perf_counter() - self.started)
            if left <= 0 or not select.select([self._fd], [], [], left)[0]:
                raise SystemExit(f"{marker!r} was not painted within {timeout:g} s: {seen[-500:]!r}")
            seen += os.read(self._fd, 65536)
        return time.perf_counter() - self.started

    def settle(self) -> None:
        """Read until the program has been quiet for a moment."""
        while select.select([self._fd], [], [], QUIET_S)[0]:
            os.read(self._fd, 65536)

    def key(self, key: bytes, timeout: float = 10.0) -> float:
        """Return the seconds from a key to the first thing that is painted after it; the program is quiet before."""
        self.settle()
        start = time.perf_counter()
        os.write(self._fd, key)
        if not select.select([self._fd], [], [], timeout)[0]:
            raise SystemExit(f"the key {key!r} painted nothing within {timeout:g} s")
        os.read(self._fd, 65536)
        return time.perf_counter() - start

    def drain(self, seconds: float) -> None:
        """Read for so long, whatever is painted."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            if select.select([self._fd], [], [], left)[0]:
                os.read(self._fd, 65536)

    def key_until(self, key: bytes, marker: re.Pattern[bytes]) -> float:
        """Return the seconds from a key until what only this key can bring is painted; other things may be too."""
        start = time.perf_counter()
        os.write(self._fd, key)
        seen = b""
        while not marker.search(seen):
            if not select.select([self._fd], [], [], 10.0)[0]:
                raise SystemExit(f"{marker.pattern!r} was not painted after the key {key!r}: {seen[-500:]!r}")
            seen += os.read(self._fd, 65536)
        return time.perf_counter() - start

    def press(self, key: bytes) -> None:
        """Press a key, and wait for nothing."""
        os.write(self._fd, key)

    def meanwhile(self, keys: Sequence[bytes], marker: bytes, timeout: float = 20.0) -> tuple[float, list[float]]:
        """Press keys in turn, again and again, until a marker is painted that they do not bring.

        Return the seconds until then, and those from each key to the first thing painted after it.
        """
        start = time.perf_counter()
        seen = b""
        answered: list[float] = []
        while marker not in seen:
            pressed = time.perf_counter()
            if pressed - start > timeout:
                raise SystemExit(f"{marker!r} was not painted within {timeout:g} s")
            os.write(self._fd, keys[len(answered) % len(keys)])
            if select.select([self._fd], [], [], timeout)[0]:
                seen += os.read(self._fd, 65536)
            answered.append(time.perf_counter() - pressed)
            while (left := pressed + BETWEEN_S - time.perf_counter()) > 0:
                if select.select([self._fd], [], [], left)[0]:
                    seen += os.read(self._fd, 65536)
        return time.perf_counter() - start, answered

    def close(self) -> None:
        """End the program."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._fd)


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process in MB (Linux; NaN elsewhere, or when it is gone)."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return float("nan")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
