"""The commands that resolve a conflict: by a rebase, by a new run, or by hand in a worktree that is opened for it."""

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cockpit.cli.commands import plain_order, reasoned_order
from cockpit.cli.giving import by, give, project_for, tell_answer
from cockpit.cli.options import Json, Plan, StateDir
from cockpit.cli.output import emit, say, tell
from cockpit.errors import CockpitError, OrderRefusedError
from cockpit.safetext import on_one_line, safe_line
from cockpit.schedule.orders import Order

if TYPE_CHECKING:
    from cockpit.engine.project import Project
    from cockpit.schedule.snapshot import Leg

_Workstream = Annotated[str, Parameter(help="Id of the workstream whose conflict it is.")]


rebase = plain_order(
    "rebase", "Resolve conflicts by bringing the work onto base; a clean rebase is gated and reviewed again."
)
rerun = reasoned_order(
    "rerun", "Resolve conflicts by a new run: the agent is given base's new state, the conflict and its own diff."
)


def resolve(
    plan: Plan,
    workstream: _Workstream,
    /,
    *,
    edit: Annotated[bool, Parameter(help="Open the files in $EDITOR instead of starting a shell.")] = False,
    done: Annotated[bool, Parameter(help="It is resolved: check, commit, and go on with gates and review.")] = False,
    abandon: Annotated[bool, Parameter(help="Give the resolution up; what was edited there is kept first.")] = False,
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Resolve a conflict by hand, in a worktree of its own that holds the merge with its markers.

    On a terminal it starts $SHELL there (or $EDITOR with the files, by `--edit`) and asks afterwards whether to go on.
    Without one it prints the path; `--done` goes on, `--abandon` gives it up.
    """
    if done and abandon:
        raise CockpitError("--done and --abandon were both given", hint="give one of them")
    if done or abandon:
        return give(plan, state_dir, Order("resolved" if done else "abandon", (workstream,), by()), json=json)
    project = project_for(plan, state_dir, "resolve")
    leg = _opened(project, workstream)
    files = _conflicted(Path(leg.opened))
    if json:
        emit({"ok": True, "worktree": leg.opened, "files": list(files), "report": leg.report})
        return 0
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        for line in _what_to_do(plan, workstream, leg.opened, files):
            say(safe_line(line))
        return 0
    return _by_hand(project, plan, workstream, leg.opened, edit=edit)


def _opened(project: "Project", workstream: str) -> "Leg":
    """Return the leg in conflict once a worktree is open for it. Raises OrderRefusedError."""
    from cockpit.cli.reach import ordered

    leg = _leg(project, workstream)
    if leg is None or not leg.opened or not Path(leg.opened).is_dir():
        answer = ordered(project, Order("resolve", (workstream,), by()))
        leg = _leg(project, workstream)
        if not answer.ok or leg is None or not leg.opened:
            raise OrderRefusedError(on_one_line(answer.note) or f"no worktree could be opened for {workstream}")
    return leg


def _leg(project: "Project", workstream: str) -> "Leg | None":
    from cockpit.cli.reach import view_of

    snapshot = view_of(project).snapshot
    return snapshot.leg_under_way(workstream) if workstream in snapshot.workstreams else None


def _conflicted(worktree: Path) -> tuple[str, ...]:
    from cockpit.git import status

    return tuple(sorted(entry.path for entry in status.read(worktree).entries if entry.kind == "unmerged"))


def _what_to_do(plan: Path, workstream: str, worktree: str, files: tuple[str, ...]) -> list[str]:
    command = f"cockpit resolve {shlex.quote(str(plan))} {shlex.quote(workstream)}"
    left = f"in conflict: {', '.join(files)}" if files else "nothing is left in conflict there"
    return [
        worktree,
        f"{left}; edit the files until no marker is left, then: {command} --done",
        f"to give it up: {command} --abandon",
    ]


def _by_hand(project: "Project", plan: Path, workstream: str, worktree: str, *, edit: bool) -> int:
    """Let the operator work in the worktree until it is resolved, given up, or left for later; return the exit code."""
    from cockpit.cli.reach import ordered

    while True:
        files = _conflicted(Path(worktree))
        tell(f"in {worktree}: {'in conflict: ' + ', '.join(files) if files else 'nothing is left in conflict'}")
        _work(Path(worktree), files, edit=edit)
        answer = _ask()
        if answer not in ("d", "a"):
            again = f"cockpit resolve {shlex.quote(str(plan))} {shlex.quote(workstream)}"
            if answer == "l":
                say(safe_line(f"left as it is in {worktree}; `{again}` goes on with it"))
                return 1
            continue
        order = Order("resolved" if answer == "d" else "abandon", (workstream,), by())
        given = ordered(project, order)
        if given.ok or answer == "a":
            return tell_answer(order, given, json=False)
        tell(f"not resolved yet: {on_one_line(given.note)}")
        if _leg_is_closed(project, workstream):
            return 1


def _leg_is_closed(project: "Project", workstream: str) -> bool:
    leg = _leg(project, workstream)
    return leg is None or not leg.opened


def _ask() -> str:
    try:
        answer = input("[d]one: check, commit and go on · [e]dit again · [a]bandon · [l]ater: ")
    except EOFError:
        return "l"
    return answer.strip().lower()[:1] or "e"


def _work(worktree: Path, files: tuple[str, ...], *, edit: bool) -> None:
    """Start the operator's editor or shell in the worktree and wait for its end. Raises CockpitError."""
    import subprocess

    from cockpit.process import clean_environment

    if edit:
        argv = [
            *shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"),
            *(f"./{one}" for one in files),
        ]
    else:
        tell("a shell is started there; leave it (exit) when you are done")
        argv = [os.environ.get("SHELL") or "/bin/sh"]
    try:
        subprocess.run(argv, cwd=worktree, env=clean_environment(), check=False)
    except OSError as error:
        hint = "set EDITOR to a program that is there" if edit else "set SHELL to a program that is there"
        raise CockpitError(f"{argv[0]} cannot be started: {error.strerror}", hint=hint) from error
