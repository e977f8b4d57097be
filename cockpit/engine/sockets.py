"""Names for Unix sockets whose path is longer than the system allows; opens and removes nothing."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from cockpit.errors import CockpitError

LONGEST_NAME = 100


@contextlib.contextmanager
def reachable(path: Path) -> Iterator[str]:
    """Yield a name of a socket's path that is short enough for the system, whatever the path's length.

    Raises CockpitError where that can't be had.
    """
    if len(os.fsencode(path)) <= LONGEST_NAME:
        yield str(path)
        return
    if not Path("/proc/self/fd").is_dir():
        raise CockpitError(
            "the path of the state folder is too long for a socket",
            where=str(path),
            hint="name a shorter one with --state-dir or COCKPIT_STATE_DIR",
        )
    fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{fd}/{path.name}"
    finally:
        os.close(fd)
