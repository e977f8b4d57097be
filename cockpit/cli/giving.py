"""Hands an order to the driver and says what became of it; only for humans, and only for a plan that is trusted."""

from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.cli.inside import refuse_inside_run
from cockpit.cli.output import emit, say
from cockpit.errors import CockpitError, OrderRefusedError
from cockpit.safetext import on_one_line
from cockpit.schedule.orders import Order

if TYPE_CHECKING:
    from cockpit.engine.handle import Answer
    from cockpit.engine.project import Project


_HOLDING_BACK = ("pause", "stop", "drain", "stop-driver")
"""Orders that only hold back what was trusted: a plan that was changed since must not keep an operator from them."""


def by() -> str:
    """Return who gives the orders of this command line."""
    from cockpit.cli.reach import who

    return who("command")


def order_of(
    verb: str, targets: tuple[str, ...], everything: bool, reason: str = "", *, also_needed: bool = False
) -> Order:
    """Return an order for the named workstreams, or for all. Raises CockpitError for both, or for neither."""
    if bool(targets) == everything:
        problem = "both ids and --all were given" if everything else "no workstream was named"
        raise CockpitError(problem, hint=f"cockpit {verb} PLAN WORKSTREAM…, or cockpit {verb} PLAN --all")
    return Order(verb, targets, by(), reason, everything=everything, also_needed=also_needed)


def project_for(plan: Path, state_dir: Path | None, verb: str, *, trust: bool = False) -> "Project":
    """Return a plan's project, ready for an order. Raises OrderRefusedError inside a run, UntrustedError."""
    from cockpit.cli.reach import opened, prepared
    from cockpit.cli.trusting import require_trust
    from cockpit.engine.peek import glimpse
    from cockpit.engine.project import require_own

    refuse_inside_run(f"cockpit {verb}")
    project = opened(plan, state_dir)
    require_own(project, glimpse(project.state).snapshot.path)
    if verb not in _HOLDING_BACK:
        require_trust(project, trust=trust)
    prepared(project)
    return project


def order_shown(project: "Project", order: Order, commit: str = "") -> Order:
    """Return an order that names what it decides about: a commit, or the work as it is now. Raises CockpitError."""
    from msgspec.structs import replace

    from cockpit.cli.reach import view_of
    from cockpit.schedule.shown import SHORTEST, shown

    if commit and (len(commit) < SHORTEST or not set(commit) <= set("0123456789abcdef")):
        hint = f"give at least {SHORTEST} of its digits"
        raise CockpitError(f"--commit {commit} is no commit's id", hint=hint)
    snapshot = view_of(project).snapshot
    targets = tuple(snapshot.workstreams) if order.everything else order.targets
    return replace(order, expected=commit or shown(snapshot, targets, order.verb))


def give(plan: Path, state_dir: Path | None, order: Order, *, json: bool, trust: bool = False) -> int:
    """Hand in an order and print what became of it; return the exit code. Raises OrderRefusedError, CockpitError."""
    return give_to(project_for(plan, state_dir, order.verb, trust=trust), order, json=json)


def give_to(project: "Project", order: Order, *, json: bool) -> int:
    """Hand in an order for a project; else as `give`."""
    from cockpit.cli.reach import ordered

    return tell_answer(order, ordered(project, order), json=json)


def tell_answer(order: Order, answer: "Answer", note: str = "", *, json: bool) -> int:
    """Print what became of an order, with `note` beside the driver's own. Raises OrderRefusedError when not JSON."""
    told = "; ".join(part for part in (answer.note, note) if part)
    if json:
        emit({"order": answer.order, "ok": answer.ok, "note": told})
        return 0 if answer.ok else 1
    if not answer.ok:
        raise OrderRefusedError(on_one_line(told) or f"the order {order.verb} was refused")
    whom = "everything" if order.everything else ", ".join(order.targets)
    done = " ".join(part for part in (order.verb, whom, "done") if part)
    say(on_one_line(f"{done}: {told}" if told else done))
    return 0
