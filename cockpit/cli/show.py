"""Opens the full-screen cockpit; the screen itself is imported here and nowhere else among the commands."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.errors import CockpitError

if TYPE_CHECKING:
    from cockpit.engine.project import Project


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
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CockpitError(
            "the cockpit needs a terminal, and this is none",
            hint=f"`cockpit run {plan}` works without one; `cockpit status {plan}` prints how it stands",
        )
    if agents is not None and agents < 1:
        raise CockpitError("--agents must be 1 or more")
    from cockpit.cli.reach import opened, prepared, who
    from cockpit.engine.client import LazyHandle, glimpse

    if start or trust:
        from cockpit.cli.inside import refuse_inside_run

        refuse_inside_run("cockpit PLAN --start or --trust")
    project = opened(plan, state_dir)
    if trust or start:
        from cockpit.cli.trusting import require_trust

        require_trust(project, trust=trust)
    prepared(project)
    if start:
        _start(project)
    first = glimpse(project.state)
    handle = LazyHandle(project.loaded.path, project.state, agents=agents)
    from cockpit.ui.app import CockpitApp

    leaving = CockpitApp(handle, first, read_only=read_only, who=who("screen")).run()
    _goodbye(leaving, plan)
    return 0


def _start(project: "Project") -> None:
    from cockpit.cli.output import tell
    from cockpit.cli.reach import ordered, who
    from cockpit.schedule.orders import Order

    answer = ordered(project, Order("start", by=who("command"), everything=True))
    if not answer.ok:
        tell(f"nothing was started: {answer.note}")


def _goodbye(leaving: object, plan: Path) -> None:
    from cockpit.cli.output import say
    from cockpit.safetext import safe_line

    if leaving != "stop":
        say(f"The driver and its agents go on. Come back with `cockpit {safe_line(str(plan))}`.")
