"""Orders about a quarantine, which only a human gives: release, waive, discard. Each says what became of it."""

import sys
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from msgspec.structs import replace

from cockpit.cli.giving import by, give, give_to, project_for
from cockpit.cli.options import Json, Plan, Reason, StateDir, Workstreams
from cockpit.cli.output import plural, tell
from cockpit.errors import CockpitError, OrderRefusedError
from cockpit.safetext import on_one_line
from cockpit.schedule.orders import Order

if TYPE_CHECKING:
    from cockpit.engine.project import Project

Way = Literal["resume", "restart", "other"]
NOTHING = "nothing"  # names no violation, where an order that names none would mean all that are open by then


def release(
    plan: Plan,
    /,
    *workstreams: Workstreams,
    by_way_of: Annotated[
        Way,
        Parameter(
            name="--how",
            help="resume: it goes on in its worktree, told what was wrong; restart: it begins again on base, what is"
            " there is rescued; other: so, by another agent.",
        ),
    ] = "resume",
    reason: Reason = "",
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Let a quarantined workstream and its slot go on; the next run is told what was wrong, and the reason."""
    order = replace(_order("release", workstreams, reason), how=by_way_of)
    return give(plan, state_dir, order, json=json)


def waive(
    plan: Plan,
    /,
    *workstreams: Workstreams,
    violation: Annotated[
        list[str] | None, Parameter(help="Ids of violations (`cockpit status --json`); default: all that are open.")
    ] = None,
    reason: Reason = "",
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Let violations stand, for a reason that the review shows; where nothing else holds it, the workstream goes on."""
    if not reason.strip():
        raise OrderRefusedError("a waiver needs a reason: it is shown in the review", hint="--reason …")
    project = project_for(plan, state_dir, "waive")
    named = " ".join(violation or ()) or _open(project, workstreams)
    return give_to(project, replace(_order("waive", workstreams, reason), expected=named), json=json)


def discard(
    plan: Plan,
    /,
    *workstreams: Workstreams,
    yes: Annotated[bool, Parameter(help="Do not ask.")] = False,
    reason: Reason = "",
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Give a quarantined workstream up: it is stopped and its worktree removed; what only that holds is rescued."""
    order = _order("discard", workstreams, reason)
    project = project_for(plan, state_dir, "discard")
    if not yes:
        _require_possible(project, order)
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise CockpitError("a discard is asked about on a terminal", hint="say so where there is none: --yes")
        question = f"Discard what {', '.join(workstreams)} did? It is kept as a rescue. [y/N]"
        if input(on_one_line(question) + " ").strip().lower() not in ("y", "yes"):
            raise OrderRefusedError("nothing was discarded")
    return give_to(project, order, json=json)


def _order(verb: str, workstreams: tuple[str, ...], reason: str) -> Order:
    if not workstreams:
        raise CockpitError("no workstream was named", hint=f"cockpit {verb} PLAN WORKSTREAM…")
    return Order(verb, workstreams, by(), reason)


def _require_possible(project: "Project", order: Order) -> None:
    """Refuse what the driver would refuse, before anybody is asked whether to do it. Raises OrderRefusedError."""
    from cockpit.cli.reach import view_of
    from cockpit.schedule.carry import carry_out

    carry_out(view_of(project).snapshot, order)


def _open(project: "Project", workstreams: tuple[str, ...]) -> str:
    """Return the ids of what is open now, so that nothing that is found meanwhile is waived unseen."""
    from cockpit.cli.reach import view_of

    snapshot = view_of(project).snapshot
    legs = [snapshot.leg_under_way(one).key for one in workstreams if one in snapshot.workstreams]
    found = [one for key in legs for one in snapshot.open_violations(key)]
    for one in found:
        tell(f"{one.path}:{one.line}: {one.rule}: {one.message}")
    if found:
        tell(f"waiving {plural(len(found), 'violation')}")
    return " ".join(one.id for one in found) or NOTHING
