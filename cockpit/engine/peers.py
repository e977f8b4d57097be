"""Finds out who is at the other end of a connection: a human's process, or one of a run; the guard of promise 4.

It looks at the process that connected and at those above it, in a thread, and decides nothing.
"""

import asyncio
import socket
import struct
import sys
from collections.abc import Callable

from cockpit.processtree import run_around, run_in_ancestry

GONE = ""
_SOL_LOCAL, _LOCAL_PEERPID = 0, 2  # macOS; the socket module does not name them
_CREDENTIALS = struct.Struct("3i")


class Peers:
    """Tells by a connection whether it comes from inside a run.

    One around this very driver does not count, unless the driver's own plan had it (`is_own`): an agent started that.
    """

    def __init__(self, is_own: Callable[[str], bool]) -> None:
        self._is_own = is_own
        self._around: str | None = None

    async def start(self) -> None:
        """See what this process itself is inside of, as a test of cockpit may be that an agent runs."""
        self._around = await asyncio.to_thread(run_in_ancestry)

    async def run_behind(self, connection: socket.socket) -> str | None:
        """Return the run that a connection comes from, None for a human's; GONE where nobody is left to look at."""
        run = await asyncio.to_thread(_run_behind, connection)
        return None if run and run == self._around and not self._is_own(run) else run


def _run_behind(connection: socket.socket) -> str | None:
    try:
        return run_around(_pid(connection))
    except OSError:
        return GONE


def _pid(connection: socket.socket) -> int:
    """Return the pid of who connected. Raises OSError where that is not told any more."""
    if sys.platform == "darwin":
        return connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID)
    given = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid: int = _CREDENTIALS.unpack(given)[0]
    return pid
