"""Runs commands one after the other and ends with the first that fails; a program of its own, below a supervisor.

It is started as supervisors are, and imports no more than they do. What the commands print goes where it prints itself.
"""

import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

_PACKAGE_PARENT = str(Path(__file__).resolve().parents[2])
_BOOT = "import sys; sys.path.append(sys.argv[1]); from cockpit.agents.sequence import run; sys.exit(run(sys.argv[2]))"
_DEFAULTED = (signal.SIGPIPE, signal.SIGXFSZ)  # what the interpreter ignores


def command(commands: Sequence[str | Sequence[str]], file: Path) -> tuple[str, ...]:
    """Return the command that runs commands (a string by `sh -c`, a list as it is); they are written to a file."""
    file.write_text(json.dumps([one if isinstance(one, str) else list(one) for one in commands]), encoding="utf-8")
    python = getattr(sys, "_base_executable", "") or sys.executable
    return (python, "-I", "-S", "-c", _BOOT, _PACKAGE_PARENT, str(file))


def run(file: str) -> int:
    """Run the commands of a file; return 0, or the exit code of the one that failed, and say which."""
    for one in json.loads(Path(file).read_text(encoding="utf-8")):
        argv = ["/bin/sh", "-c", one] if isinstance(one, str) else one
        shown = one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)
        sys.stdout.write(f"$ {shown}\n")
        sys.stdout.flush()
        try:
            pid = os.posix_spawnp(argv[0], argv, os.environ, setsigdef=_DEFAULTED)
        except OSError as error:
            return _failed(shown, f"could not be started: {error.strerror}", 127)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code:
            how = f"ended with code {code}" if code > 0 else f"was ended by signal {-code}"
            return _failed(shown, how, code if code > 0 else 128 - code)
    return 0


def _failed(shown: str, how: str, code: int) -> int:
    sys.stderr.write(f"`{shown}` {how}\n")
    return code
