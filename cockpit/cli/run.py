"""`cockpit run`: the driver in the foreground, without a screen."""

import sys
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cockpit.cli.inside import refuse_inside_run
from cockpit.cli.options import Agents, Plan, StateDir, Trust
from cockpit.cli.output import emit, say
from cockpit.errors import CockpitError
from cockpit.safetext import on_one_line

if TYPE_CHECKING:
    from cockpit.engine.project import Project

Approve = Literal["all", "none", "ask"]


def run(
    plan: Plan,
    /,
    *,
    agents: Agents = None,
    approve: Annotated[
        Approve,
        Parameter(help="Who approves: all says yes to everything, ask asks on the terminal.", show_default=True),
    ] = "none",
    only: Annotated[
        tuple[str, ...],
        Parameter(help="Want only these workstreams, and what they depend on.", consume_multiple=True),
    ] = (),
    wait: Annotated[bool, Parameter(help="Wait when only a human can go on, instead of ending.")] = False,
    trust: Trust = False,
    json: Annotated[bool, Parameter(help="Print the status as JSON at the end; the lines go to stderr.")] = False,
    state_dir: StateDir = None,
) -> int:
    """Carry the plan out here and now, printing a line per fact.

    Ends with 0 when all is merged, with 1 when nothing can go on without a human (saying what it waits for), and with
    3 when another driver runs.
    """
    from cockpit.cli.reach import as_written, prepared
    from cockpit.cli.trusting import require_trust

    refuse_inside_run("cockpit run")
    if agents is not None and agents < 1:
        raise CockpitError("--agents must be 1 or more")
    if approve == "ask" and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CockpitError("--approve ask needs a terminal, and this is none", hint="use --approve all or none")
    project = as_written(plan, state_dir)
    require_trust(project, trust=trust)
    prepared(project)
    return carry_through(project, agents=agents, approve=approve, only=only, wait=wait, json=json)


def carry_through(
    project: "Project", *, agents: int | None, approve: Approve, only: tuple[str, ...], wait: bool, json: bool
) -> int:
    """Drive a project in this process, telling what happens, and return the exit code."""
    import asyncio
    import time

    from cockpit.cli.reach import view_of
    from cockpit.cli.telling import Teller, summary
    from cockpit.engine.driver import drive

    teller = Teller(sys.stderr if json else sys.stdout)
    talk = teller.follow
    if approve == "ask":
        from cockpit.cli.approving import Asker

        talk = Asker(teller, wait=wait).follow
    began = time.time()
    try:
        # Whoever is asked must be waited for; the asker ends the driver when there is nothing left to ask.
        code = asyncio.run(
            drive(project, talk=talk, approve=approve, only=only, wait=wait or approve == "ask", agents=agents)
        )
    finally:
        teller.end()
    if teller.interrupted:
        return _interrupted(project)
    view = view_of(project)
    if json:
        from cockpit.cli import shapes
        from cockpit.cli.status import status_of

        emit(shapes.document(status_of(view, time.time(), project.repo.tip(project.base))))
        return code
    say()
    if code == 0:
        now = any((leg.ended or 0.0) >= began for leg in view.snapshot.legs.values())
        what = ", ".join(only) or "all"
        say(on_one_line(f"{what} is merged" if now else f"{what} is merged already: nothing was left to do"))
    for line in summary(view.snapshot):
        say(line)
    return code


def _interrupted(project: "Project") -> int:
    from cockpit.cli.main import INTERRUPTED
    from cockpit.cli.output import tell

    tell(f"interrupted; agents that run go on, and `cockpit run {project.loaded.path}` takes them over")
    return INTERRUPTED
