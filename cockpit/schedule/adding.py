"""What the operator adds to the prompt of a leg's next run: orders → facts, or refusals. Pure."""

from collections.abc import Iterator

from cockpit.errors import OrderRefusedError
from cockpit.plan.roundzero import PREPARE
from cockpit.schedule import facts as f
from cockpit.schedule.orders import Order
from cockpit.schedule.snapshot import Leg, Snapshot, Workstream
from cockpit.schedule.states import State

ADD = "add"
"""What an order says that puts its text behind what was added already; without it the text takes that one's place."""
LONGEST = 20_000
GOING_ON = frozenset({State.PREPARING, State.RUNNING})
NOT_TOLD = "the run that goes on is not told, the next one is"


def prompt(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    """Yield what changes the addition to the prompt of a workstream's next run; no text: nothing is added."""
    leg = snapshot.leg_under_way(workstream.id)
    if workstream.id == PREPARE:
        raise OrderRefusedError(f"{PREPARE} has no agent that could be told anything: it runs commands")
    if leg.state is State.MERGED:
        raise OrderRefusedError(f"{workstream.id} is merged: there is no next run to tell")
    if order.how == ADD and not order.reason.strip():
        raise OrderRefusedError("there is nothing to add: the text is empty")
    text = replaced(leg, order)
    if len(text) > LONGEST:
        raise OrderRefusedError(f"that is too long to add: {len(text)} characters, {LONGEST} at most")
    if text == leg.addition:
        what = "is what its next run is told already" if text else "nothing is added to it"
        raise OrderRefusedError(f"{workstream.id}: {what}")
    yield f.PromptChanged(leg.key, text, order.by)


def replaced(leg: Leg, order: Order) -> str:
    """Return what is added to the prompt of a leg's next run after an order."""
    text = order.reason.strip()
    return "\n\n".join(filter(None, (leg.addition, text))) if order.how == ADD else text


def note(legs: list[Leg]) -> str:
    """Return what the operator has to know about an addition that was just made."""
    return NOT_TOLD if any(leg.state in GOING_ON and leg.addition for leg in legs) else ""
