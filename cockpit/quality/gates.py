"""Runs the gates that work passes before it may merge; keeps their output, and never leaves a process behind."""

import os
import select
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cockpit import processtree
from cockpit.plan.values import Command
from cockpit.process import EXCERPT, TRACE, Traced
from cockpit.processtree import MARKER
from cockpit.redaction import KNOWN

OUTPUT_CAP = 16 * 1024 * 1024
TAIL_BYTES = 8192
_KEPT = 1024 * 1024  # bytes that stay when a gate writes more than the cap
_LOOK = 0.2  # seconds between looks at the cap and at a cancel
_GRACE = 2.0
_MARK = "gate."


@dataclass(frozen=True, slots=True)
class GateResult:
    """How a gate ended: `code` is None when it did not end by itself, `tail` the end of its `output` file.

    `reason` says in a few words why it is not ok; empty when it is.
    """

    name: str
    ok: bool
    code: int | None
    seconds: float
    output: Path
    tail: str
    reason: str = ""


def run_gate(
    name: str,
    command: Command,
    *,
    worktree: Path,
    output: Path,
    timeout_s: float | None,
    env: Mapping[str, str],
    cancelled: threading.Event,
    mark: str = "",
) -> GateResult:
    """Run one command as a gate: a list as argv, a string by `sh -c`; never raises for what the command does.

    Its output goes to a file, of which the end stays when it grows over OUTPUT_CAP. Its whole process tree is gone
    when this returns: after its end, its time limit, or the cancel. `mark` becomes the COCKPIT_RUN by which its
    processes are found; it must be nobody else's (default: a new one, whatever `env` holds).
    """
    begun, at = time.monotonic(), time.time()
    argv = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
    # Never the marker that `env` may hold: that of a run around cockpit would end the wrong processes.
    if mark and output.exists():  # begun before, by a cockpit that was killed: what is left of it would be in the way
        processtree.end_tree(processtree.ProcessId(0, ""), (MARKER, mark), _GRACE)
    mark = mark or f"gate-{name}-{os.getpid()}-{time.time_ns()}"
    code: int | None = None
    with output.open("wb") as empty:
        empty.truncate(0)
    with output.open("ab", buffering=0) as log:
        try:
            process = subprocess.Popen(
                argv,
                cwd=worktree,
                env={**env, MARKER: mark},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            reason = f"cannot be run: {error.strerror or error}: {error.filename or argv[0]}"
            log.write(f"{reason}\n".encode())
        else:
            root = processtree.identity(process.pid) or processtree.ProcessId(process.pid, "")
            reason = _wait(process, output, begun + timeout_s if timeout_s else None, cancelled)
            processtree.end_tree(root, (MARKER, mark), _GRACE)
            code = process.wait() if not reason else None
            if reason:
                process.wait()
            elif code:
                reason = f"ended with code {code}" if code > 0 else f"was ended by signal {-code}"
    KNOWN.file(str(output))
    result = GateResult(name, not reason, code, time.monotonic() - begun, output, _tail(output), reason)
    TRACE.add(Traced(tuple(argv), str(worktree), at, result.seconds, code, result.tail[-EXCERPT:] or reason))
    return result


def mark_of(run: str, gate: str) -> str:
    """Return the mark of a gate's processes, by which they are found after the driver was killed."""
    return f"{_MARK}{run}.{gate}"


def end_left_over(runs: Iterable[str]) -> tuple[str, ...]:
    """End the gates after these runs that a driver which was killed left running; return their marks."""
    begins = tuple(mark_of(run, "") for run in runs)
    found = tuple(sorted(one for one in processtree.values_of(MARKER) if begins and one.startswith(begins)))
    for mark in found:
        processtree.end_tree(processtree.ProcessId(0, ""), (MARKER, mark), _GRACE)
    return found


def _wait(process: subprocess.Popen[bytes], output: Path, limit: float | None, cancelled: threading.Event) -> str:
    """Wait for the end of a gate; return why it is not waited for any longer, empty when it has ended."""
    fd = processtree.descriptor(process.pid)
    try:
        while True:
            pause = _LOOK if limit is None else max(0.0, min(_LOOK, limit - time.monotonic()))
            if _ended(process, fd, pause):
                return ""
            if cancelled.is_set():
                return "cancelled"
            if limit is not None and time.monotonic() >= limit:
                return "did not end within its time limit"
            if output.stat().st_size > OUTPUT_CAP:
                _shorten(output)
    finally:
        if fd >= 0:
            os.close(fd)


def _ended(process: subprocess.Popen[bytes], fd: int, pause: float) -> bool:
    if fd >= 0:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        return bool(poll.poll(pause * 1000))
    try:
        process.wait(pause)
    except subprocess.TimeoutExpired:
        return False
    return True


def _shorten(output: Path) -> None:
    """Cut away all but the end of an output that is still being appended to."""
    with output.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(size - _KEPT)
        end = file.read(_KEPT)
        file.truncate(0)
    with output.open("ab") as log:
        _note(log, size - _KEPT, end)


def _note(log: IO[bytes], lost: int, end: bytes) -> None:
    log.write(b"[cockpit: %d bytes of output are not kept]\n" % lost + end)


def _tail(output: Path) -> str:
    with output.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL_BYTES))
        return file.read(TAIL_BYTES).decode("utf-8", "replace")
