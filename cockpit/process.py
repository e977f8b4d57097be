"""Runs short commands: argv lists, a time limit, no GIT_* in the environment, a trace; never a shell string of ours."""

import os
import subprocess
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

from cockpit.errors import CommandError
from cockpit.redaction import KNOWN

TRACED = 1000  # commands, and as many again that only read
EXCERPT = 600  # bytes of what each printed


@dataclass(frozen=True, slots=True)
class Traced:
    """One command that cockpit ran: when (seconds since the epoch), how long (seconds), and how it ended.

    `code` is None where it did not end by itself, or still runs; `output` is the end of what it printed; `reads`: it
    changes nothing.
    """

    argv: tuple[str, ...]
    cwd: str
    at: float
    seconds: float
    code: int | None
    output: str = ""
    reads: bool = False


@dataclass(frozen=True, slots=True)
class Completed:
    """How a short command ended: its exit code and what it printed, as bytes."""

    argv: tuple[str, ...]
    code: int
    stdout: bytes
    stderr: bytes


class Trace:
    """The last commands that were run, for the operator to look at; safe to use from any thread.

    Those that only read are many, and push no others out.
    """

    def __init__(self, size: int = TRACED) -> None:
        self._reading: deque[tuple[int, Traced]] = deque(maxlen=size)
        self._changing: deque[tuple[int, Traced]] = deque(maxlen=size)
        self._added = 0
        self._lock = Lock()

    def add(self, entry: Traced) -> None:
        """Keep one entry, without the secrets in it; the oldest one goes when there are too many."""
        safe = replace(entry, argv=tuple(map(KNOWN.text, entry.argv)), output=KNOWN.text(entry.output))
        with self._lock:
            self._added += 1
            (self._reading if safe.reads else self._changing).append((self._added, safe))

    def entries(self) -> tuple[Traced, ...]:
        """Return what is kept, oldest first."""
        return tuple(one for _, one in self.numbered())

    def numbered(self) -> tuple[tuple[int, Traced], ...]:
        """Return what is kept, oldest first, each with its number since this process began, from 1."""
        with self._lock:
            return tuple(sorted((*self._reading, *self._changing), key=lambda one: one[0]))


TRACE = Trace()


def excerpt(*printed: bytes) -> str:
    """Return the end of what a command printed, of the first stream that is not empty; bounded, and still untrusted."""
    text = next((one for one in printed if one.strip()), b"")
    return text[-EXCERPT:].decode("utf-8", "replace")


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without git's own variables, then with `extra`."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        **(extra or {}),
    }


def run(
    argv: Sequence[str],
    *,
    cwd: Path | str,
    timeout: float = 60.0,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    accept: Sequence[int] = (0,),
) -> Completed:
    """Run a command to its end and return what it printed.

    `timeout` is in seconds; `env` replaces the whole environment (default: the clean one); `accept` lists the exit
    codes that are no error (empty: all). Raises CommandError.
    """
    started, clock = time.time(), time.perf_counter()
    code: int | None = None
    said = ""
    try:
        done = subprocess.run(
            list(argv),
            cwd=cwd,
            env=dict(env) if env is not None else clean_environment(),
            input=stdin,
            capture_output=True,
            timeout=timeout,
        )
        code, said = done.returncode, excerpt(done.stderr, done.stdout)
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"`{argv[0]}` did not end within {timeout:g} s", argv=tuple(argv)) from error
    except OSError as error:
        raise CommandError(f"`{argv[0]}` cannot be run: {error.strerror or error}", argv=tuple(argv)) from error
    finally:
        TRACE.add(Traced(tuple(argv), str(cwd), started, time.perf_counter() - clock, code, said))
    if accept and done.returncode not in accept:
        stderr = done.stderr.decode("utf-8", "replace").strip()
        raise CommandError(
            f"`{' '.join(argv[:3])}` ended with code {done.returncode}: {stderr[-500:]}",
            argv=tuple(argv),
            code=done.returncode,
            stderr=stderr,
        )
    return Completed(tuple(argv), done.returncode, done.stdout, done.stderr)
