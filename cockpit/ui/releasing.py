"""The ways out of a quarantine as they are asked about: what each means, why one is not open, what it orders. Pure."""

from collections.abc import Sequence

from msgspec import Struct

from cockpit.engine.handle import View
from cockpit.schedule.orders import Order
from cockpit.schedule.states import State
from cockpit.ui.looks import count, line, name
from cockpit.ui.reasons import refused
from cockpit.ui.violations import told

CANCEL, RESUME, RESTART, OTHER, WAIVE = "cancel", "resume", "restart", "other", "waive"
NAMED = 4


class Way(Struct, frozen=True):
    """One way: what it is called, what it means, whether it needs a reason, and why it cannot be gone now."""

    name: str
    about: str
    means: str = ""
    reason: bool = False
    why_not: str | None = None


class Held(Struct, frozen=True):
    """What a dialog shows of a quarantine and asks a human to decide about; another one is another question."""

    leg: str
    run: str | None
    slot: str
    since: float
    quarantined: bool
    violations: tuple[str, ...]


def held(view: View, workstream: str) -> Held | None:
    """Return what is held of a workstream now; None where it left the plan."""
    snapshot = view.snapshot
    if workstream not in snapshot.workstreams:
        return None
    leg = snapshot.leg_under_way(workstream)
    found = tuple(one.id for one in snapshot.open_violations(leg.key))
    return Held(leg.key, leg.run, leg.held_slot, leg.since, leg.state is State.QUARANTINED, found)


def about(view: View, one: Held) -> tuple[str, ...]:
    """Return what the dialog says of it: the slot, and what was found."""
    snapshot = view.snapshot
    found = [snapshot.violations[key] for key in one.violations]
    lines = [f"{name(one.slot) or 'Its slot'} is held for {count(len(found), 'open violation')}:"]
    lines += [f"  {told(violation)}" for violation in found[:NAMED]]
    lines += [f"  and {len(found) - NAMED} more"] if len(found) > NAMED else []
    return tuple(lines)


def ways(view: View, workstream: str, one: Held) -> tuple[Way, ...]:
    """Return the ways out, the first of which changes nothing."""
    slot = name(one.slot) or "its slot"
    profile = name(one.slot.rpartition("#")[0]) or "the one that did it"
    left = view.snapshot.legs[one.leg].held_from
    then = "it goes on to its checks" if left == State.CHECKING.value else "a further run goes on in its worktree"
    number = count(len(one.violations), "violation")

    def can(how: str) -> str | None:
        return refused(view, order(how, workstream, "to be given", one))

    told_it = "the next run is told what was wrong"
    return (
        Way(CANCEL, "cancel: leave it quarantined", f"Nothing is done. {slot} stays held."),
        Way(
            RESUME,
            "resume: go on in its worktree",
            f"What it wrote stays; {told_it}, and is to mend it. {slot} is free again.",
            why_not=can(RESUME),
        ),
        Way(
            RESTART,
            "restart: begin again on base",
            f"What is in its worktree is kept under a rescue ref first; {told_it}. {slot} is free again.",
            why_not=can(RESTART),
        ),
        Way(
            OTHER,
            f"other: begin again with another agent than {profile}",
            f"What is in its worktree is kept under a rescue ref first; {told_it}. {slot} is free again.",
            why_not=can(OTHER),
        ),
        Way(
            WAIVE,
            f"waive: let {number} stand",
            f"The review and the report show who let {'it' if len(one.violations) == 1 else 'them'} stand, and why;"
            f" {then}.",
            reason=True,
            why_not=can(WAIVE),
        ),
    )


def order(way: str, workstream: str, reason: str, one: Held, by: str = "") -> Order:
    """Return the order of a way, which names the violations that were shown."""
    if way == WAIVE:
        return waiver(workstream, reason, one.violations, by)
    return Order("release", (workstream,), by, reason, expected=" ".join(one.violations), how=way)


def waiver(workstream: str, reason: str, violations: Sequence[str], by: str) -> Order:
    """Return the order to let violations stand."""
    return Order("waive", (workstream,), by, reason, expected=" ".join(violations))


def changed(view: View, workstream: str, one: Held) -> str | None:
    """Return why a decision about what was shown cannot be taken now; None where it is still as shown."""
    if held(view, workstream) == one:
        return None
    if workstream not in view.snapshot.workstreams:
        return "it is no longer in the plan"
    state = view.snapshot.state_of(workstream)
    return (
        "what it is held for is not what was shown; esc, and look again"
        if state is State.QUARANTINED
        else f"{line(workstream)} is {state.value}, not quarantined"
    )
