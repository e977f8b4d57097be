"""`cockpit trust`: shows what a plan would run and, when the operator says yes, trusts it."""

import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cockpit.cli.inside import refuse_inside_run
from cockpit.cli.options import Json, Plan, StateDir
from cockpit.cli.output import emit, say, tell
from cockpit.errors import UntrustedError

if TYPE_CHECKING:
    from cockpit.engine.project import Project


def trust(
    plan: Plan,
    /,
    *,
    yes: Annotated[bool, Parameter(help="Trust it without asking.")] = False,
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Show every command that a plan would run, and trust them: nothing of a plan runs before.

    Trust covers what is executed, what is read or written outside the worktrees, and every check; when one of these
    changes, the plan has to be trusted again.
    """
    from cockpit.cli.reach import as_written
    from cockpit.cli.trusting import give_trust, is_trusted
    from cockpit.plan.trust import commands

    refuse_inside_run("cockpit trust")
    project = as_written(plan, state_dir)
    before = is_trusted(project)
    if not json:
        _show(project, before)
    if not before:
        if not yes and not _agrees():
            raise UntrustedError("nothing was trusted", where=str(plan), hint="add --yes to trust without being asked")
        give_trust(project)
        _tell_driver(project)
    if json:
        listed = [{"where": where, "command": command} for where, command in commands(project.loaded.plan)]
        emit({"plan": project.loaded.name, "trusted": True, "already": before, "commands": listed})
    else:
        say("trusted already" if before else "trusted, until something of this changes")
    return 0


def _show(project: "Project", trusted: bool) -> None:
    from cockpit.cli.trusting import listing
    from cockpit.safetext import safe_line

    say(safe_line(f"{project.loaded.path} {'runs' if trusted else 'would run'}:"))
    for line in listing(project):
        say(f"  {line}")
    say(safe_line(f"in worktrees under {project.loaded.worktrees}, merged into {project.base} of {project.repo.root}"))


def _agrees() -> bool:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    try:
        answer = input("Trust this plan? [y/N] ")
    except EOFError:
        return False
    return answer.strip().lower() in ("y", "yes")


def _tell_driver(project: "Project") -> None:
    """Let a driver that runs take the plan into force; without one there is nobody to tell."""
    from cockpit.cli.reach import ordered, who
    from cockpit.engine.client import driver_pid
    from cockpit.plan.trust import digest
    from cockpit.schedule.orders import Order

    if driver_pid(project.state) is None:
        return
    answer = ordered(project, Order("trust", by=who("command"), expected=digest(project.loaded)))
    if not answer.ok:
        tell(f"the driver says: {answer.note}")
