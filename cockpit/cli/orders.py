"""The operator's orders as commands: each hands one order to the driver and says what became of it."""

import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from msgspec.structs import replace

from cockpit.cli.commands import deciding_order, plain_order, reasoned_order
from cockpit.cli.giving import by, give, give_to, order_of, order_shown, project_for, tell_answer
from cockpit.cli.inside import refuse_inside_run
from cockpit.cli.options import All, Json, Plan, Reason, StateDir, Trust, Workstreams
from cockpit.cli.output import emit, say
from cockpit.errors import OrderRefusedError
from cockpit.safetext import on_one_line
from cockpit.schedule.carry import carry_out
from cockpit.schedule.orders import Order

if TYPE_CHECKING:
    from cockpit.engine.project import Project
    from cockpit.schedule.snapshot import Snapshot


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
    order = order_of("start", workstreams, all, also_needed=with_needed)
    return give(plan, state_dir, order, json=json, trust=trust)


pause = plain_order("pause", "End runs so that they can be resumed.")
resume = plain_order("resume", "Let paused workstreams go on.")
stop = reasoned_order("stop", "End runs, checks and merges, and want the workstreams no longer; their worktrees stay.")
retry = reasoned_order("retry", "Give what failed, conflicts, was refused or stopped a new run, told what went wrong.")
approve = deciding_order("approve", "Say yes to the start or the merge that workstreams await.")
merge = deciding_order(
    "merge", "Merge now what is approved, without waiting for its next try; ends when it is merged or cannot be."
)


def rollback(
    plan: Plan,
    /,
    *workstreams: Workstreams,
    anyway: Annotated[bool, Parameter(help="Also where merged work depends on it.")] = False,
    reason: Reason = "",
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Undo the last merge of workstreams by a commit that is built and gated like a merge; they go back to review.

    Merged work that depends on it is named, and asked about on a terminal; `--anyway` answers yes.
    """
    order = order_of("rollback", workstreams, everything=False, reason=reason, also_needed=anyway)
    project = project_for(plan, state_dir, "rollback")
    order = order_shown(project, order)
    if not anyway and not json:
        order = _asked_anyway(project, order)
    return give_to(project, order, json=json)


def _asked_anyway(project: "Project", order: Order) -> Order:
    """Return the order, with the operator's yes where it is refused only because merged work depends on it."""
    from cockpit.cli.reach import view_of

    snapshot = view_of(project).snapshot
    anyway = replace(order, also_needed=True)
    in_the_way = why_refused(snapshot, order)
    if not in_the_way or why_refused(snapshot, anyway):
        return order  # the driver says what is wrong
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise OrderRefusedError(in_the_way, hint="or roll it back all the same: --anyway")
    answer = input(on_one_line(f"{in_the_way.partition(':')[0]}. Roll back anyway? [y/N]") + " ")
    if answer.strip().lower() not in ("y", "yes"):
        raise OrderRefusedError("nothing was rolled back")
    return anyway


def cleanup(
    plan: Plan, /, *workstreams: Workstreams, all: All = False, json: Json = False, state_dir: StateDir = None
) -> int:
    """Remove worktrees of what is merged or stopped; what only they hold is kept first (`cockpit rescue`).

    Says how much disk that freed. With `--all` it is no error when there is nothing to clean up.
    """
    from cockpit.cli.reach import ordered, view_of
    from cockpit.plan.duration import amount

    order = order_of("cleanup", workstreams, all)
    project = project_for(plan, state_dir, "cleanup")
    snapshot = view_of(project).snapshot
    if order.everything and why_refused(snapshot, order):
        return _nothing_to_clean_up(snapshot, json=json)
    answer = ordered(project, order)
    freed = _freed_since(project, snapshot.seq)
    return tell_answer(order, answer, f"{amount(freed)} freed" if freed else "", json=json)


def _nothing_to_clean_up(snapshot: "Snapshot", *, json: bool) -> int:
    kept = [f"{key} ({snapshot.state_of(key).value})" for key, one in snapshot.workstreams.items() if one.worktree]
    note = "nothing to clean up" + (f": still in use are the worktrees of {', '.join(kept)}" if kept else "")
    if json:
        emit({"order": "", "ok": True, "note": note})
    else:
        say(on_one_line(note))
    return 0


def _freed_since(project: "Project", seq: int) -> int:
    """Return how many bytes the removals since a fact freed."""
    from cockpit.schedule.facts import WorktreeRemoved
    from cockpit.store.journal import Journal

    journal = Journal(project.state.journal, read_only=True)
    try:
        return sum(one.fact.freed for one in journal.read(seq) if isinstance(one.fact, WorktreeRemoved))
    finally:
        journal.close()


def why_refused(snapshot: "Snapshot", order: Order) -> str:
    """Return why an order would be refused as things stand; empty where it would not be."""
    try:
        carry_out(snapshot, order)
    except OrderRefusedError as error:
        return error.what
    return ""


def drain(
    plan: Plan,
    /,
    *,
    off: Annotated[bool, Parameter(help="Let launching go on again.")] = False,
    profile: Annotated[str, Parameter(help="Only of this agent profile.")] = "",
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Launch nothing new, of the whole plan or of one agent profile; what runs goes on."""
    words = (profile,) if profile else ()
    return give(plan, state_dir, Order("undrain" if off else "drain", by=by(), words=words), json=json)


def limits(
    plan: Plan,
    /,
    *,
    agents: Annotated[int, Parameter(help="How many agents may run at once from now on.")],
    profile: Annotated[str, Parameter(help="Of this agent profile alone: so many slots it has from now on.")] = "",
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Change how many agents may run at once, all together or of one agent profile; what runs goes on."""
    words = (profile,) if profile else ()
    return give(plan, state_dir, Order("limits", by=by(), number=agents, words=words), json=json)


def stop_driver(plan: Plan, /, *, json: Json = False, state_dir: StateDir = None) -> int:
    """End the driver; agents that run go on, and the next driver takes them over."""
    from cockpit.cli.reach import opened
    from cockpit.engine.client import driver_pid

    refuse_inside_run("cockpit stop-driver")
    if driver_pid(opened(plan, state_dir).state) is None:
        raise OrderRefusedError("no driver runs for this plan", where=str(plan))
    return give(plan, state_dir, Order("stop-driver", by=by()), json=json)
