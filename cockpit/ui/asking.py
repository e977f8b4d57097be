"""What an action orders, and what is asked before it is ordered: names targets and says what will happen. Pure."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from cockpit.engine.handle import View
from cockpit.errors import OrderRefusedError
from cockpit.schedule.carry import carry_out, needed_too
from cockpit.schedule.facts import EndAsked, LegResumed, MergeQueued, WorkstreamWanted
from cockpit.schedule.orders import Order
from cockpit.schedule.shown import DECIDING, shown
from cockpit.schedule.snapshot import OPEN, Snapshot
from cockpit.schedule.states import State
from cockpit.ui.keyed import key_of
from cockpit.ui.keys import Action
from cockpit.ui.looks import count, line, name
from cockpit.ui.reasons import depending
from cockpit.ui.violations import is_waived, judged, told

NAMED = 8
_TITLES = {"rollback": "Roll back"}


class Question(Struct, frozen=True):
    """What a confirm asks: a title, what will happen, the word of its yes, and whether it needs a reason.

    `despite` is what the order would be refused for and a yes to it overrides, `told` who is told the reason, and
    `given` a reason that stands there already.
    """

    title: str
    lines: tuple[str, ...]
    yes: str
    reason: bool = False
    other: str = ""
    danger: bool = False
    despite: str = ""
    told: str = "the next run is told"
    given: str = ""


def orders_for(action: Action, view: View, targets: Sequence[str], who: str) -> tuple[Order, ...]:
    """Return the orders that an action gives for targets as things stand."""
    snapshot, chosen = view.snapshot, tuple(targets)
    if action.name == "pause":
        running = tuple(facts.leg for facts in _would(view, Order("pause", chosen)) if isinstance(facts, EndAsked))
        paused = tuple(facts.leg for facts in _would(view, Order("resume", chosen)) if isinstance(facts, LegResumed))
        found = [Order("pause", _workstreams(view, running), who)] if running else []
        return (*found, *([Order("resume", _workstreams(view, paused), who)] if paused else []))
    if action.name == "merge_all":
        return (Order("merge", by=who, everything=True, expected=shown(snapshot, _mergeable(view))),)
    if action.name == "start_all":
        return (Order("start", by=who, everything=True),)
    if action.name == "drain":
        return (Order("undrain" if snapshot.held else "drain", by=who),)
    if action.name == "discard":
        return (Order("discard", chosen, who, expected=_open(snapshot, chosen)),)
    expected = shown(snapshot, chosen, action.verb) if action.verb in DECIDING else ""
    return (Order(action.verb, chosen, who, expected=expected),)


def question(action: Action, view: View, targets: Sequence[str], hidden: int) -> Question | None:
    """Return what is to be asked before an action, or None where it is done at once."""
    snapshot, chosen = view.snapshot, tuple(targets)
    if action.name == "start_all":
        starts = sum(isinstance(one, WorkstreamWanted) for one in _would(view, Order("start", everything=True)))
        return Question(
            "Start all",
            (f"Starts {count(starts, 'workstream')}, at most {count(snapshot.max_agents(), 'agent')} at once.",),
            "Start all",
        )
    if action.name == "merge_all":
        legs = _mergeable(view)
        base = name(snapshot.outline.base)
        return Question(
            f"Merge {count(len(legs), 'workstream')} into {base}", (named(legs), "In round order."), "Merge"
        )
    also = needed_too(snapshot, chosen) if action.name == "start" else ()
    found = _judged(snapshot, chosen) if action.name == "approve" else []
    if not action.hard and not hidden and not also and not found:
        return None
    lines = [named(chosen)]
    if hidden:
        lines.append(
            f"{count(hidden, 'marked workstream')} of these {'is' if hidden == 1 else 'are'} hidden by the filter."
        )
    if also:
        verb = "is" if len(also) == 1 else "are"
        lines.append(f"Needs {count(len(also), 'workstream')} that {verb} not started: {named(also)}")
        whole = "Start these too"
        return Question(_title("Start", chosen), tuple(lines), whole, other="Only the chosen")
    lines += _consequences(action, view, chosen) + found
    return Question(
        _title("Approve" if found else _TITLES.get(action.name) or _verb(action), chosen),
        tuple(lines),
        action.name.replace("cleanup", "clean up").replace("rollback", "roll back").capitalize(),
        reason=action.name == "reject",
        danger=action.hard,
        despite=depending(view, chosen) if action.name == "rollback" else "",
    )


def with_comments(
    asked: Question | None, action: Action, targets: Sequence[str], told: Sequence[str]
) -> Question | None:
    """Return what is asked where comments on lines are there, `told` line by line: a rejection sends them."""
    if not told or action.name not in ("approve", "reject"):
        return asked
    if action.name == "reject" and asked is not None:
        lines = (*asked.lines, "Sent with it, and told to the next run:", *told)
        return replace(asked, lines=lines, given="See the comments on its lines.")
    lines = (
        *(asked.lines if asked else (named(targets),)),
        "What you said of its lines is not sent, and forgotten:",
        *told,
    )
    return replace(asked, lines=lines) if asked else Question(_title("Approve", targets), lines, "Approve")


def waiving(view: View, workstream: str, violations: Sequence[str]) -> Question:
    """Return what is asked before violations are let stand."""
    snapshot = view.snapshot
    found = [snapshot.violations[key] for key in violations if key in snapshot.violations]
    leg = snapshot.leg_under_way(workstream)
    lines = [f"! {told(one)}: {line(one.message)}" for one in found[:NAMED]]
    lines += [f"and {len(found) - NAMED} more"] if len(found) > NAMED else []
    lines.append(f"{'It stands' if len(found) == 1 else 'They stand'} from now on: the review and the report say why.")
    if leg.state is State.QUARANTINED:
        free = not set(leg.held_for) - set(violations)
        rest = "Other violations hold it still."
        lines.append(f"Nothing else holds it: {name(leg.held_slot)} is free, and it goes on." if free else rest)
    title = f"Waive {count(len(found), 'violation')} of {name(workstream)}"
    return Question(title, tuple(lines), "Waive", reason=True, danger=True, told="the review shows it")


def quit_question(running: int) -> Question:
    """Return what is asked on quitting while something runs."""
    goes_on, resumes = f" ({key_of('drain')} goes on)", f" ({key_of('pause')} resumes it)"
    return Question(
        "Quit the screen",
        (
            f"{count(running, 'workstream')} {'is' if running == 1 else 'are'} under way.",
            "Leave running: the driver and its agents go on without the screen.",
            f"Stop: launches nothing more{goes_on}, pauses what runs{resumes}, and ends the driver.",
        ),
        "Leave running",
        other="Stop",
    )


def _consequences(action: Action, view: View, chosen: tuple[str, ...]) -> list[str]:
    snapshot = view.snapshot
    legs = [snapshot.leg_under_way(key) for key in chosen]
    if action.name == "stop":
        live = sum(leg.state in (State.PREPARING, State.RUNNING, State.CHECKING) for leg in legs)
        merging = sum(leg.state is State.MERGING for leg in legs)
        base = name(snapshot.outline.base)
        return [
            *([f"Ends {count(live, 'run')} now; what was written stays in the worktree."] if live else []),
            *([f"Ends {count(merging, 'merge')} now; {base} is as it was, the work stays."] if merging else []),
            "Starts nothing new of it until s or r.",
        ]
    if action.name in ("cleanup", "discard"):
        ended = ["Stops it for good; r starts it again on base."] if action.name == "discard" else []
        return [
            *ended,
            "Removes worktree and branch; what only they hold is kept under a rescue ref first.",
            *(
                f"  {line(snapshot.workstreams[key].worktree)}"
                for key in chosen[:3]
                if snapshot.workstreams[key].worktree
            ),
        ]
    if action.name == "rollback":
        return _of_rollback(view, chosen)
    if action.name == "abandon":
        return [
            "Removes the worktree that is open for the conflict; what was edited there is kept under a rescue ref.",
            *(f"  {line(leg.opened)}" for leg in legs[:3] if leg.opened),
        ]
    if action.name == "reject":
        return ["The next run is told the reason (r retries)."]
    return []


def _judged(snapshot: Snapshot, chosen: tuple[str, ...]) -> list[str]:
    """Return what a review has to know of violations: those that are open, and those that a human let stand."""
    found: list[str] = []
    for key in chosen:
        leg = snapshot.leg_under_way(key)
        if snapshot.approval_of(leg) != "merge":
            continue
        mine = [one for one in snapshot.violations.values() if one.leg == leg.key]
        found += [f"! open: {told(one)}: {line(one.message)}" for one in mine if one.state == OPEN]
        found += [f"~ {told(one)}: {judged(one)}" for one in mine if is_waived(one)]
    return [*found[:NAMED], f"and {len(found) - NAMED} more"] if len(found) > NAMED else found


def _of_rollback(view: View, chosen: tuple[str, ...]) -> list[str]:
    snapshot = view.snapshot
    merges = {one.workstream: one for one in snapshot.merges if one.workstream in chosen and not one.reverted}
    base = name(snapshot.outline.base)
    why = depending(view, chosen)
    return [
        *(f"  {name(one.workstream)}: merged as {name(one.commit)[:9]}" for one in list(merges.values())[:NAMED]),
        f"Undoes that by a commit on {base}, which is built and checked like a merge.",
        "Its work goes back to review, with its branch, and can be merged again.",
        *([f"! {why}: that stays merged, without what it was built on."] if why else []),
    ]


def _open(snapshot: Snapshot, chosen: tuple[str, ...]) -> str:
    """Return the ids of the violations that are open in what a human decides about."""
    legs = [snapshot.leg_under_way(key) for key in chosen if key in snapshot.workstreams]
    return " ".join(one.id for leg in legs for one in snapshot.open_violations(leg.key))


def _would(view: View, order: Order) -> tuple[object, ...]:
    try:
        return carry_out(view.snapshot, order).facts
    except OrderRefusedError:
        return ()


def _mergeable(view: View) -> tuple[str, ...]:
    facts = _would(view, Order("merge", everything=True))
    return _workstreams(view, tuple(one.leg for one in facts if isinstance(one, MergeQueued)))


def _workstreams(view: View, legs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(view.snapshot.legs[key].workstream for key in legs))


def named(keys: Sequence[str]) -> str:
    """Return workstreams by name, as many as are read at a glance."""
    found = ", ".join(name(key) for key in keys[:NAMED])
    return f"{found} and {len(keys) - NAMED} more" if len(keys) > NAMED else found


def _verb(action: Action) -> str:
    return action.about.split(":")[0].split(",")[0].capitalize()


def _title(verb: str, keys: Sequence[str]) -> str:
    return f"{verb} {name(keys[0])}" if len(keys) == 1 else f"{verb} {count(len(keys), 'workstream')}"
