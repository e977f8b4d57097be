"""Finds out whether this process was started from inside a run; the guard of promise 4, no sandbox."""

import os
import sys
from pathlib import Path

from cockpit.errors import OrderRefusedError
from cockpit.processtree import MARKER

_DEEPEST = 200


def refuse_inside_run(what: str) -> None:
    """Let only humans go on. Raises OrderRefusedError inside a run, or below a process of one."""
    run = run_in_ancestry()
    if run is not None:
        raise OrderRefusedError(
            f"`{what}` is for humans: this command comes from inside run {run or '(unnamed)'}",
            hint="let the operator decide; an agent's work is done when it ends",
        )


def run_in_ancestry() -> str | None:
    """Return the id of the run that this process, or one of its ancestors, belongs to; None when there is none."""
    if MARKER in os.environ:
        return os.environ[MARKER]
    pid = os.getppid()
    for _ in range(_DEEPEST):
        if pid <= 1:
            return None
        looked = _by_proc(pid) if sys.platform.startswith("linux") else _by_ps(pid)
        if looked is None:
            return None
        parent, run = looked
        if run is not None:
            return run
        pid = parent
    return None


def _by_proc(pid: int) -> tuple[int, str | None] | None:
    folder = Path("/proc") / str(pid)
    try:
        stat = (folder / "stat").read_bytes()
    except OSError:
        return None
    parent = int(stat[stat.rfind(b")") + 2 :].split()[1])
    try:
        environment = (folder / "environ").read_bytes()
    except OSError:
        return parent, None  # another user's process: agents of this user are not above it
    prefix = f"{MARKER}=".encode()
    found = next((field for field in environment.split(b"\0") if field.startswith(prefix)), None)
    return parent, None if found is None else os.fsdecode(found.removeprefix(prefix))


def _by_ps(pid: int) -> tuple[int, str | None] | None:
    from cockpit.process import run

    argv = ["ps", "-E", "-ww", "-p", str(pid), "-o", "ppid=,command="]
    line = run(argv, cwd="/", accept=(0, 1)).stdout.decode("utf-8", "replace").split()
    if not line:
        return None
    found = next((word for word in line[1:] if word.startswith(f"{MARKER}=")), None)
    return int(line[0]), None if found is None else found.removeprefix(f"{MARKER}=")
