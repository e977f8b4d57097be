"""The operator's orders as commands: each hands one order to the driver and says what became of it."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cockpit.cli.inside import refuse_inside_run
from cockpit.cli.options import All, Json, Plan, Reason, StateDir, Trust, Workstreams
from cockpit.cli.output import emit, say
from cockpit.errors import CockpitError, OrderRefusedError
from cockpit.schedule.orders import Order


def start(
    plan: Plan,
    /,
    *workstreams: Workstreams,
    all: All = False,
    with_needed: Annotated[bool, Parameter(help="Start what they depend on, too.")] = False,
    trust: Trust = False,
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Want workstreams: their legs run as soon as their dependencies are merged and a slot is free."""
    order = _order("start", workstreams, all, also_needed=with_needed)
    return _give(plan, state_dir, order, json=json, trust=trust)


def pause(
    plan: Plan, /, *workstreams: Workstreams, all: All = False, json: Json = False, state_dir: StateDir = None
) -> int:
    """End runs so that they can be resumed."""
    return _give(plan, state_dir, _order("pause", workstreams, all), json=json)


def resume(
    plan: Plan, /, *workstreams: Workstreams, all: All = False, json: Json = False, state_dir: StateDir = None
) -> int:
    """Let paused workstreams go on."""
    return _give(plan, state_dir, _order("resume", workstreams, all), json=json)


def stop(
    plan: Plan,
    /,
    *workstreams: Workstreams,
    all: All = False,
    reason: Reason = "",
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """End runs and want the workstreams no longer; their worktrees stay."""
    return _give(plan, state_dir, _order("stop", workstreams, all, reason), json=json)


def retry(
    plan: Plan,
    /,
    *workstreams: Workstreams,
    all: All = False,
    reason: Reason = "",
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Give what failed, conflicts, was refused or stopped a new run, told what went wrong."""
    return _give(plan, state_dir, _order("retry", workstreams, all, reason), json=json)


def approve(
    plan: Plan,
    /,
    *workstreams: Workstreams,
    all: All = False,
    reason: Reason = "",
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Say yes to the start or the merge that workstreams await."""
    return _give(plan, state_dir, _order("approve", workstreams, all, reason), json=json)


def reject(
    plan: Plan,
    /,
    *workstreams: Workstreams,
    all: All = False,
    reason: Reason = "",
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Say no to the start or the merge that workstreams await; the reason goes to the next run."""
    return _give(plan, state_dir, _order("reject", workstreams, all, reason), json=json)


def merge(
    plan: Plan, /, *workstreams: Workstreams, all: All = False, json: Json = False, state_dir: StateDir = None
) -> int:
    """Merge now what is approved, without waiting for its next try; ends when it is merged or cannot be."""
    return _give(plan, state_dir, _order("merge", workstreams, all), json=json)


def cleanup(
    plan: Plan, /, *workstreams: Workstreams, all: All = False, json: Json = False, state_dir: StateDir = None
) -> int:
    """Remove worktrees of what is merged or stopped; what only they hold is kept first (`cockpit rescue`)."""
    return _give(plan, state_dir, _order("cleanup", workstreams, all), json=json)


def drain(
    plan: Plan,
    /,
    *,
    off: Annotated[bool, Parameter(help="Let launching go on again.")] = False,
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Launch nothing new; what runs goes on."""
    return _give(plan, state_dir, Order("undrain" if off else "drain", by=_by()), json=json)


def limits(
    plan: Plan,
    /,
    *,
    agents: Annotated[int, Parameter(help="How many agents may run at once from now on.")],
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Change how many agents may run at once."""
    return _give(plan, state_dir, Order("limits", by=_by(), number=agents), json=json)


def stop_driver(plan: Plan, /, *, json: Json = False, state_dir: StateDir = None) -> int:
    """End the driver; agents that run go on, and the next driver takes them over."""
    from cockpit.cli.reach import opened
    from cockpit.engine.client import driver_pid

    refuse_inside_run("cockpit stop-driver")
    if driver_pid(opened(plan, state_dir).state) is None:
        raise OrderRefusedError("no driver runs for this plan", where=str(plan))
    return _give(plan, state_dir, Order("stop-driver", by=_by()), json=json)


def _order(
    verb: str, targets: tuple[str, ...], everything: bool, reason: str = "", *, also_needed: bool = False
) -> Order:
    if bool(targets) == everything:
        problem = "both ids and --all were given" if everything else "no workstream was named"
        raise CockpitError(problem, hint=f"cockpit {verb} PLAN WORKSTREAM…, or cockpit {verb} PLAN --all")
    return Order(verb, targets, _by(), reason, everything=everything, also_needed=also_needed)


def _by() -> str:
    from cockpit.cli.reach import who

    return who("command")


def _give(plan: Path, state_dir: Path | None, order: Order, *, json: bool, trust: bool = False) -> int:
    from cockpit.cli.reach import opened, ordered, prepared
    from cockpit.cli.trusting import require_trust

    refuse_inside_run(f"cockpit {order.verb}")
    project = opened(plan, state_dir)
    if order.verb not in ("stop-driver", "drain"):
        require_trust(project, trust=trust)
    prepared(project)
    answer = ordered(project, order)
    if json:
        emit({"order": answer.order, "ok": answer.ok, "note": answer.note})
        return 0 if answer.ok else 1
    if not answer.ok:
        raise OrderRefusedError(answer.note or f"the order {order.verb} was refused")
    whom = "everything" if order.everything else ", ".join(order.targets)
    from cockpit.safetext import safe_line

    say(safe_line(" ".join(part for part in (order.verb, whom, "done") if part) + _note(answer.note)))
    return 0


def _note(note: str) -> str:
    return f": {note}" if note else ""
