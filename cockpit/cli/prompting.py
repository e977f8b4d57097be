"""`cockpit prompt`: what the agent of a workstream was told and will be told; only humans may add to it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cockpit.cli.giving import by, give_to, project_for
from cockpit.cli.logs import newest_run
from cockpit.cli.options import Json, Plan, StateDir
from cockpit.cli.output import emit, say, tell
from cockpit.errors import CockpitError
from cockpit.safetext import safe_text
from cockpit.schedule.adding import ADD
from cockpit.schedule.orders import Order

if TYPE_CHECKING:
    from cockpit.engine.project import Project
    from cockpit.schedule.snapshot import Run, Snapshot

HINT = "give one of --add, --set, --file and --clear; without any, the prompt is printed"


def prompt(
    plan: Plan,
    workstream: str,
    /,
    *,
    add: Annotated[str | None, Parameter(help="Tell the next run this too.", allow_leading_hyphen=True)] = None,
    set: Annotated[
        str | None, Parameter(help="Tell it this in place of what was added.", allow_leading_hyphen=True)
    ] = None,
    file: Annotated[Path | None, Parameter(help="Tell it what this file holds, in place; `-` is stdin.")] = None,
    clear: Annotated[bool, Parameter(help="Add nothing to it any more.")] = False,
    next: Annotated[bool, Parameter(help="Print what the next run is told, not what the last one was.")] = False,
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Print what the agent of a workstream was told, or change what is added to the prompt of its next run.

    A run that goes on is not told. What a run was told so is told again to those that come after it.
    """
    given = [add is not None, set is not None, file is not None, clear]
    if sum(given) > 1:
        raise CockpitError("only one change can be made at once", hint=HINT)
    if not any(given):
        return _print(plan, workstream, state_dir, upcoming=next, json=json)
    project = project_for(plan, state_dir, "prompt")
    text = add or set or (_content(file) if file is not None else "")
    if not text.strip() and not clear:
        raise CockpitError("the text is empty", hint="--clear takes away what was added")
    return give_to(project, Order("prompt", (workstream,), by(), text, how="" if add is None else ADD), json=json)


def _content(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text("utf-8", "replace")
    except OSError as error:
        raise CockpitError(f"it cannot be read: {error.strerror or error}", where=str(file)) from error


def _print(plan: Plan, workstream: str, state_dir: Path | None, *, upcoming: bool, json: bool) -> int:
    from cockpit.cli.reach import opened, view_of

    project = opened(plan, state_dir)
    snapshot = view_of(project).snapshot
    if workstream not in snapshot.workstreams:
        raise CockpitError(f"there is no workstream {workstream} in this plan", hint="`cockpit status` lists them")
    run, leg = newest_run(snapshot, workstream), snapshot.leg_under_way(workstream)
    upcoming = upcoming or run is None
    text = _upcoming(project, snapshot, workstream) if upcoming else _told(project, run)
    if json:
        known = {"workstream": workstream, "leg": leg.key, "run": None if upcoming or run is None else run.id}
        emit({**known, "text": text, "addition": leg.addition, "added_before": list(leg.additions)})
        return 0
    tell(f"what the next run of {workstream} is told" if upcoming or run is None else f"what run {run.id} was told")
    say(safe_text(text).rstrip())
    if upcoming:
        tell("what git shows by then, and what other agents sent, is added")
    elif leg.addition:
        tell(f"the next run is also told: {' '.join(safe_text(leg.addition).split())}")
    return 0


def _upcoming(project: "Project", snapshot: "Snapshot", workstream: str) -> str:
    from cockpit.engine.prompting import text
    from cockpit.redaction import KNOWN

    plan = project.loaded.plan
    if (known := plan.find(workstream)) is None:
        raise CockpitError(f"{workstream} is no longer in the plan: it has no next run")
    return KNOWN.text(text(plan, known, snapshot.leg_under_way(workstream)))


def _told(project: "Project", run: "Run | None") -> str:
    from cockpit.redaction import KNOWN

    path = project.state.run(run.id if run else "") / "prompt.md"
    try:
        return KNOWN.text(path.read_text("utf-8", "replace"))
    except OSError as error:
        raise CockpitError(f"what it was told cannot be read: {error.strerror or error}", where=str(path)) from error
