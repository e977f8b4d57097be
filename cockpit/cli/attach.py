"""`cockpit attach`: talk with an agent that can be talked to, or take its worktree over, in this terminal."""

import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cockpit.cli.giving import by, give_to, project_for, tell_answer
from cockpit.cli.options import Json, Plan, StateDir
from cockpit.cli.output import emit, say, tell
from cockpit.errors import CockpitError, OrderRefusedError
from cockpit.safetext import on_one_line, safe_line
from cockpit.schedule.orders import Order
from cockpit.schedule.taking import GO_ON, LEAVE, REVIEW

if TYPE_CHECKING:
    from cockpit.engine.attached import Workplace
    from cockpit.engine.project import Project
    from cockpit.schedule.snapshot import Leg, Snapshot

Back = Literal["go-on", "review", "leave"]
MENU = """
  g  go on: its agent continues, told what you changed
  r  to review: what is there is checked, then awaits your approval
  l  leave it as it is
  n  another shell there
  k  keep it: it stays taken over
"""
NAMED = 5
ASKED = {"g": GO_ON, "r": REVIEW, "l": LEAVE}


def attach(
    plan: Plan,
    workstream: Annotated[str, Parameter(help="Whose work it is.")],
    /,
    *,
    shell: Annotated[
        bool, Parameter(help="Take it over: a shell in its worktree; also where it can be talked to.")
    ] = False,
    agent: Annotated[bool, Parameter(help="Take it over: the agent for yourself, with its conversation.")] = False,
    back: Annotated[
        Back | None, Parameter(help="Hand it back: the agent goes on, its work is reviewed, or it is left as it is.")
    ] = None,
    reason: Annotated[str, Parameter(help="With --back: what the next run is told.")] = "",
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Work where an agent does: talk with it, or take its worktree over and hand it back.

    An agent that can be talked to and runs is shown live; what you type is told to it, or answers what it asks; ctrl+d
    leaves it. Of any other, and with `--shell` or `--agent`, the run is paused and you are in its worktree, in this
    terminal; meanwhile nothing of it starts, merges or is removed. When you leave, you are asked how it goes on. A
    worktree that was left taken over is handed back by `--back`. Without a terminal `--shell` prints its path.
    """
    if sum((shell, agent, back is not None)) > 1:
        raise CockpitError("several of --shell, --agent and --back were given", hint="give one of them")
    project = project_for(plan, state_dir, "attach")
    if back:
        return give_to(project, Order("handback", (workstream,), by(), reason, how=back), json=json)
    if reason or (json and not shell):
        raise CockpitError("--reason and --json go with --back", hint="cockpit attach PLAN WORKSTREAM --back review")
    snapshot = _snapshot(project, workstream)
    if not (shell or agent) and not _leg(snapshot, workstream).taken_over:
        from cockpit.schedule.talking import why_not_told

        if not why_not_told(snapshot, workstream):
            from cockpit.cli.chatting import chat

            return chat(project, workstream)
    if json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        if not shell:
            raise CockpitError("taking over needs a terminal", hint="or --shell, which then prints the worktree's path")
        worktree = str(_taken_over(project, workstream, agent=False).worktree)
        if json:
            emit({"ok": True, "worktree": worktree})
        else:
            say(safe_line(worktree))
        return 0
    return _by_hand(project, plan, workstream, agent=agent)


def _by_hand(project: "Project", plan: Path, workstream: str, *, agent: bool) -> int:
    from cockpit.agents.processes import of_human
    from cockpit.engine import terminals
    from cockpit.engine.attached import shell

    place = _taken_over(project, workstream, agent=agent)
    note = terminals.enter(project.state, _leg(_snapshot(project, workstream), workstream).key)
    argv = (place.agent if agent else ()) or shell()
    while True:
        what = "a shell; leave it (exit) when you are done" if argv == shell() else "its agent"
        tell(f"in {place.worktree}: {what}")
        try:
            _work(argv, place)
        except CockpitError as error:
            tell(str(error))
        if left := [f"{one.name} ({one.pid})" for one in of_human(place.worktree)]:
            tell(on_one_line(f"what you started still runs there: {', '.join(left[:NAMED])}"))
        argv = shell()
        if _is_over(project, plan, workstream, note):
            return 0


def _is_over(project: "Project", plan: Path, workstream: str, note: Path) -> bool:
    """Ask what is next until it is handed back or kept; say whether it is, or another shell is wanted."""
    from cockpit.cli.reach import ordered
    from cockpit.engine import terminals

    while _leg(_snapshot(project, workstream), workstream).taken_over:
        tell(MENU.rstrip())
        answer = _ask("what is next? ")
        if answer == "n":
            return False
        if answer == "k":
            terminals.leave(note)  # as the operator wants it: nobody has to be told
        if answer in ("k", ""):
            command = f"cockpit attach {shlex.quote(str(plan))} {shlex.quote(workstream)}"
            say(safe_line(f"it stays taken over; `{command}` goes in again, with --back review it is handed back"))
            return True
        if answer in ASKED:
            said = _ask("what it is to know besides (enter: nothing): ", whole=True) if answer == "g" else ""
            order = Order("handback", (workstream,), by(), said, how=ASKED[answer])
            done = ordered(project, order)
            if done.ok:
                tell_answer(order, done, json=False)
                return True
            tell(f"not handed back: {on_one_line(done.note)}")
    say(f"{workstream} was handed back meanwhile")
    return True


def _taken_over(project: "Project", workstream: str, *, agent: bool) -> "Workplace":
    """Take a worktree over, unless that was done before, and return what to work with. Raises CockpitError."""
    from cockpit.cli.reach import ordered
    from cockpit.engine.attached import workplace

    snapshot = _snapshot(project, workstream)
    leg = _leg(snapshot, workstream)
    if leg.handed_over:
        tell(f"{workstream} is taken over{f' by {on_one_line(leg.hand.by)}' if leg.hand else ''}")
    else:
        tell("its run is being paused …" if leg.run and leg.slot else "it is being taken over …")
        answer = ordered(project, Order("takeover", (workstream,), by()))
        if not answer.ok:
            raise OrderRefusedError(on_one_line(answer.note) or f"{workstream} could not be taken over")
    place = workplace(project, _snapshot(project, workstream), workstream)
    if agent and not place.agent:
        tell(f"not its agent, but a shell: {place.why_not}")
    return place


def _snapshot(project: "Project", workstream: str) -> "Snapshot":
    from cockpit.cli.reach import view_of

    snapshot = view_of(project).snapshot
    if workstream not in snapshot.workstreams:
        raise CockpitError(f"there is no workstream {workstream} in this plan", hint="`cockpit status` lists them")
    return snapshot


def _leg(snapshot: "Snapshot", workstream: str) -> "Leg":
    return snapshot.leg_under_way(workstream)


def _ask(text: str, *, whole: bool = False) -> str:
    """Return what is typed, or its first letter; nothing where no more can be typed."""
    try:
        answer = input(text).strip()
    except EOFError:
        return ""
    return answer if whole else answer.lower()[:1] or " "


def _work(argv: tuple[str, ...], place: "Workplace") -> None:
    """Run a program in a worktree until it ends; ctrl+c is its own. Raises CockpitError where it cannot be started."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        subprocess.run(argv, cwd=place.worktree, env=dict(place.env), check=False)
    except OSError as error:
        raise CockpitError(f"{argv[0]} cannot be started: {error.strerror}", hint="is it on the PATH?") from error
    finally:
        signal.signal(signal.SIGINT, before)
