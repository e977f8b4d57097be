"""Why an action cannot be done now, in words, or None: asked by the footer, by each key press and by each confirm."""

from collections.abc import Callable, Sequence

from cockpit.engine.handle import View
from cockpit.errors import OrderRefusedError
from cockpit.schedule import taking
from cockpit.schedule.carry import carry_out
from cockpit.schedule.orders import Order
from cockpit.schedule.states import State
from cockpit.schedule.talking import why_not_told
from cockpit.ui.keyed import key_of
from cockpit.ui.looks import count, line, name
from cockpit.ui.present import awaits_operator

WhyNot = Callable[[View, Sequence[str]], str | None]


def never(view: View, targets: Sequence[str]) -> str | None:  # noqa: ARG001 - all reasons share one signature
    """Return None: the action can always be done."""
    return None


def on_some(view: View, targets: Sequence[str]) -> str | None:
    """Return why there is nothing to act on."""
    if not view.snapshot.workstreams:
        return "the plan has no workstreams yet"
    return None if targets else "no workstream is selected"


def refused(view: View, order: Order) -> str | None:
    """Return the reason for which the driver would refuse an order as things stand now.

    A driver that is gone is no reason: an order starts it again.
    """
    try:
        carried = carry_out(view.snapshot, order)
    except OrderRefusedError as error:
        return line(error.what)
    done_already = carried.left_out and not carried.facts
    return line("; ".join(carried.left_out)) if done_already else None


def for_verb(verb: str) -> WhyNot:
    """Return the reason function of an order for chosen workstreams."""

    def why_not(view: View, targets: Sequence[str]) -> str | None:
        return on_some(view, targets) or refused(view, Order(verb, tuple(targets)))

    return why_not


def start_all(view: View, targets: Sequence[str]) -> str | None:  # noqa: ARG001 - it is for the plan
    """Return why there is nothing to start."""
    unwanted = (key for key, workstream in view.snapshot.workstreams.items() if not workstream.wanted)
    if any(refused(view, Order("start", (key,))) is None for key in unwanted):
        return None
    return "everything is started or merged already" if view.snapshot.workstreams else "the plan has no workstreams yet"


def merge_all(view: View, targets: Sequence[str]) -> str | None:  # noqa: ARG001 - it is for the plan
    """Return why there is nothing to merge."""
    snapshot = view.snapshot
    if any(snapshot.legs[key].state is State.QUEUED for key in snapshot.active):
        return None
    return "nothing is approved and waits for its merge"


def pause(view: View, targets: Sequence[str]) -> str | None:
    """Return why nothing can be paused or resumed."""
    reason = for_verb("pause")(view, targets)
    if reason is None or for_verb("resume")(view, targets) is None:
        return None
    return reason.replace("only what runs can be paused", "only what runs can be paused, and what is paused resumed")


def rollback(view: View, targets: Sequence[str]) -> str | None:
    """Return why nothing can be rolled back; merged work that depends on it is asked about, and no reason."""
    return on_some(view, targets) or refused(view, Order("rollback", tuple(targets), also_needed=True))


def depending(view: View, targets: Sequence[str]) -> str:
    """Return what merged work depends on what is to be rolled back, in words; empty where none does."""
    if rollback(view, targets) is not None:
        return ""
    anyway = _left_out(view, Order("rollback", tuple(targets), also_needed=True))
    left = [why for why in _left_out(view, Order("rollback", tuple(targets))) if why not in anyway]
    return "; ".join(why.partition(": roll")[0] for why in left)


def _left_out(view: View, order: Order) -> tuple[str, ...]:
    """Return the reasons for which an order would leave some of its targets out, or all."""
    try:
        return tuple(map(line, carry_out(view.snapshot, order).left_out))
    except OrderRefusedError as error:
        return tuple(map(line, error.what.split("; ")))


def waive(view: View, targets: Sequence[str]) -> str | None:
    """Return why there is no violation to let stand."""
    return on_some(view, targets) or refused(view, Order("waive", tuple(targets), reason="to be given"))


def diff(view: View, targets: Sequence[str]) -> str | None:
    """Return why there is no change to look at."""
    if reason := on_some(view, targets):
        return reason
    known = [key for key in targets if key in view.snapshot.workstreams]
    if not known:
        return "it is no longer in the plan"
    begun = any(leg.base for leg in view.snapshot.legs_of(known[0]))
    return None if begun else f"{name(known[0])} has no worktree yet: no agent has worked on it"


def edit(view: View, targets: Sequence[str]) -> str | None:
    """Return why there is no worktree in which a file can be edited."""
    if reason := on_some(view, targets):
        return reason
    known = view.snapshot.workstreams.get(targets[0])
    if known is None:
        return "it is no longer in the plan"
    return None if known.worktree else f"{name(targets[0])} has no worktree"


def answer(view: View, targets: Sequence[str]) -> str | None:
    """Return why there is no question to answer."""
    if reason := on_some(view, targets):
        return reason
    asks = any(view.snapshot.open_questions(key) for key in targets)
    return None if asks else f"{name(targets[0])} asks nothing"


def attach(view: View, targets: Sequence[str]) -> str | None:
    """Return why the operator can get to no agent: neither talk to it, nor take its worktree over or hand it back."""
    if reason := on_some(view, targets):
        return reason
    snapshot = view.snapshot
    if len(targets) > 1:
        return f"one at a time: {count(len(targets), 'workstream')} are marked"
    if targets[0] not in snapshot.workstreams:
        return "it is no longer in the plan"
    if snapshot.leg_under_way(targets[0]).taken_over or not why_not_told(snapshot, targets[0]):
        return None
    return line(taking.why_not(snapshot, snapshot.workstreams[targets[0]])) or None


def conflict(view: View, targets: Sequence[str]) -> str | None:
    """Return why there is no conflict to resolve."""
    if reason := on_some(view, targets):
        return reason
    legs = [view.snapshot.leg_under_way(key) for key in targets if key in view.snapshot.workstreams]
    if not legs:
        return "it is no longer in the plan"
    if any(leg.state is State.CONFLICT for leg in legs):
        return None
    return f"{name(legs[0].workstream)} is {legs[0].state.value}: there is no conflict to resolve"


def drain(view: View, targets: Sequence[str]) -> str | None:  # noqa: ARG001 - it is for the plan
    """Return why launching can be neither held nor freed."""
    return refused(view, Order("undrain" if view.snapshot.held else "drain"))


def more_agents(view: View, targets: Sequence[str]) -> str | None:  # noqa: ARG001 - it is for the plan
    """Return why the number of agents cannot grow."""
    return refused(view, Order("limits", number=view.snapshot.max_agents() + 1))


def fewer_agents(view: View, targets: Sequence[str]) -> str | None:  # noqa: ARG001 - it is for the plan
    """Return why the number of agents cannot shrink."""
    if view.snapshot.max_agents() <= 1:
        return f"one agent is the least; {key_of('drain')} launches nothing new"
    return refused(view, Order("limits", number=view.snapshot.max_agents() - 1))


def next_awaiting(view: View, targets: Sequence[str]) -> str | None:  # noqa: ARG001 - it looks at all of them
    """Return why there is no next workstream that awaits the operator."""
    snapshot = view.snapshot
    active = {snapshot.legs[key].workstream for key in snapshot.active}
    refused_ones = (key for key, workstream in snapshot.workstreams.items() if workstream.clean_up_refused)
    waits = any(awaits_operator(snapshot, key) for key in active) or any(refused_ones)
    return None if waits else "nothing awaits you"


def trust(view: View, targets: Sequence[str]) -> str | None:  # noqa: ARG001 - it is for the plan
    """Return why there is nothing to trust."""
    plan = view.readings.plan
    return None if plan.untrusted or plan.asks else "all of the plan is trusted"
