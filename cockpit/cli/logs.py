"""`cockpit logs`: what a workstream's agent prints, made printable; reads the run's own files."""

import sys
import time
from pathlib import Path

from cockpit.agents import runs
from cockpit.agents.supervisor import LOGS
from cockpit.cli.options import Follow, Plan, StateDir
from cockpit.cli.output import coloured, tell
from cockpit.errors import CockpitError
from cockpit.safetext import safe_ansi, safe_text
from cockpit.schedule.snapshot import Run, Snapshot

_PAUSE = 0.2  # seconds between two looks at a log that is followed
_PIECE = 65536


def logs(plan: Plan, workstream: str, /, *, follow: Follow = False, state_dir: StateDir = None) -> int:
    """Print what the agent of a workstream printed in its newest run; with --follow, go on until that run ends.

    Escape sequences other than colours go, and colours too when the output is no terminal.
    """
    from cockpit.cli.reach import opened, view_of

    project = opened(plan, state_dir)
    waiting = False
    while True:
        snapshot = view_of(project).snapshot
        if workstream not in snapshot.workstreams:
            raise CockpitError(f"there is no workstream {workstream} in this plan", hint="`cockpit status` lists them")
        run = newest_run(snapshot, workstream)
        if run is not None:
            break
        if not waiting:
            tell(f"{workstream} has not run yet" + ("; waiting for its first run" if follow else ""))
        if not follow:
            return 0
        waiting = True
        time.sleep(1.0)
    where = f", on {run.slot}" if run.slot else ""
    tell(f"run {run.id} of {run.leg}{where}" + (f": {run.outcome}" if run.outcome else ""))
    _print(Path(run.folder) if run.folder else project.state.run(run.id), follow=follow)
    return 0


def newest_run(snapshot: Snapshot, workstream: str) -> Run | None:
    """Return the run that a workstream's agent was started in last; None when it never was."""
    legs = set(snapshot.workstreams[workstream].outline.legs)
    return max((run for run in snapshot.runs.values() if run.leg in legs), key=lambda run: run.taken, default=None)


def _print(folder: Path, *, follow: bool) -> None:
    copies = [_Copy(folder, name) for name in LOGS]
    while True:
        over = not follow or _over(folder)
        for copy in copies:
            while copy.more():
                pass
        if over:
            for copy in copies:
                copy.flush()
            return
        time.sleep(_PAUSE)


def _over(folder: Path) -> bool:
    return (folder / "spec").exists() and runs.look(folder).over


class _Copy:
    """Prints one log by whole lines, so that no character and no escape sequence is cut in two."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._place = 0
        self._rest = b""

    def more(self) -> bool:
        """Print what is new, at most one piece; say whether there was anything."""
        chunk = runs.read_output(self._folder, self._place, _PIECE, name=self._name)
        if not chunk.data:
            return False
        if chunk.lost:
            self.flush()
            tell(f"{chunk.lost} bytes are lost here: the log was cut")
        self._place = chunk.next
        lines, newline, rest = (self._rest + chunk.data).rpartition(b"\n")
        if len(rest) > _PIECE:
            lines, newline, rest = self._rest + chunk.data, b"", b""
        self._rest = rest
        self._write(lines + newline)
        return True

    def flush(self) -> None:
        """Print what came after the last newline."""
        self._write(self._rest)
        self._rest = b""

    def _write(self, data: bytes) -> None:
        if data:
            end = "\x1b[0m" if coloured() else ""
            sys.stdout.write((safe_ansi(data) if coloured() else safe_text(data)) + end)
            sys.stdout.flush()
