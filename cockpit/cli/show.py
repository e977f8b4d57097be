"""Opens the full-screen cockpit; the screen itself is imported here and nowhere else among the commands."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.cli.inside import refuse_inside_run
from cockpit.cli.known import known_state
from cockpit.errors import CockpitError, PlanError
from cockpit.processtree import run_in_ancestry

if TYPE_CHECKING:
    from cockpit.engine.handle import View
    from cockpit.engine.project import Project
    from cockpit.store.paths import StateFolder

BROWSER = "textual.drivers.web_driver:WebDriver"


def open_cockpit(
    plan: Path,
    *,
    read_only: bool = False,
    agents: int | None = None,
    start: bool = False,
    trust: bool = False,
    state_dir: Path | None = None,
) -> int:
    """Show the cockpit over a plan until the operator leaves it; the driver goes on, unless it was told to stop."""
    browser = os.environ.get("TEXTUAL_DRIVER") == BROWSER
    if not browser and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CockpitError(
            "the cockpit needs a terminal, and this is none",
            hint=f"`cockpit run {plan}` works without one; `cockpit status {plan}` prints how it stands",
        )
    if agents is not None and agents < 1:
        raise CockpitError("--agents must be 1 or more")
    if read_only and (start or agents is not None):
        raise CockpitError("--read-only gives no order, and --start and --agents are orders", hint="leave one out")
    if run_in_ancestry() is not None:
        if start or trust or agents is not None:
            refuse_inside_run("cockpit PLAN --start, --agents or --trust")
        read_only = True  # promise 4: orders from inside a run are refused
    from cockpit.ui.settings import read_settings

    settings = read_settings()
    known = None if start or trust else known_state(plan, state_dir)
    broken = False
    try:
        state, first = known or _prepared(plan, state_dir, start=start, trust=trust, agents=agents)
    except PlanError:
        from cockpit.cli.known import driven_state

        driven = None if start or trust else driven_state(plan, state_dir)
        if driven is None:
            raise
        (state, first), broken = driven, True
    if agents is not None and not start:
        limit(state, agents)

    from cockpit.cli.reach import who
    from cockpit.engine.client import LazyHandle
    from cockpit.ui.app import CockpitApp
    from cockpit.ui.remembered import Remembered, default_folder

    handle = LazyHandle(plan.absolute(), state, agents=agents)
    app = CockpitApp(
        handle,
        first,
        read_only=read_only,
        broken=broken,
        who=who("browser" if browser else "screen"),
        settings=settings,
        remembered=Remembered(default_folder(), first.snapshot.path),
    )
    leaving = app.run()
    if not browser:  # there stdout is the line to the page
        _goodbye(leaving, plan, state)
    if app.fault is not None:
        raise CockpitError(
            f"the screen ended: internal error: {type(app.fault).__name__}: {app.fault}",
            hint="nothing else did: open it again; COCKPIT_DEBUG=1 shows where it happened",
        )
    return 0


def limit(state: "StateFolder", agents: int) -> None:
    """Tell a driver that runs already how many agents there may be at once; a new one is told at its start."""
    import asyncio

    from cockpit.cli.reach import who
    from cockpit.engine.client import connect
    from cockpit.errors import DriverGoneError
    from cockpit.schedule.orders import Order

    async def tell_it() -> None:
        try:
            handle = await connect(state)
        except DriverGoneError:
            return
        try:
            await handle.order(Order("limits", by=who("command"), number=agents))
        finally:
            await handle.close()

    asyncio.run(tell_it())


def _prepared(
    plan: Path, state_dir: Path | None, *, start: bool, trust: bool, agents: int | None
) -> "tuple[StateFolder, View]":
    from cockpit.cli.reach import as_written, glimpsed, prepared

    project = as_written(plan, state_dir)
    if start or trust:
        from cockpit.cli.trusting import require_trust

        require_trust(project, trust=trust)
    prepared(project)
    if start:
        if agents is not None:
            limit(project.state, agents)
        _start(project, agents)
    return project.state, glimpsed(project)


def _start(project: "Project", agents: int | None) -> None:
    from cockpit.cli.output import tell
    from cockpit.cli.reach import ordered, who
    from cockpit.schedule.orders import Order

    answer = ordered(project, Order("start", by=who("command"), everything=True), agents=agents)
    if not answer.ok:
        tell(f"nothing was started: {answer.note}")


def _goodbye(leaving: object, plan: Path, state: "StateFolder") -> None:
    from cockpit.cli.output import say
    from cockpit.engine.client import glimpse
    from cockpit.safetext import safe_line
    from cockpit.ui.present import going_on

    left = going_on(glimpse(state).snapshot)
    if left and leaving != "stop":
        say(f"The driver goes on with {safe_line(', '.join(left), 60)}.")
    say(f"Come back with `cockpit {safe_line(str(plan))}`.")
