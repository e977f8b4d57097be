"""Hints for who is new to the cockpit: one at a time, where it fits, until it is dismissed for good. Pure."""

from collections.abc import Callable, Collection

from msgspec import Struct

from cockpit.engine.handle import View
from cockpit.schedule.snapshot import Snapshot
from cockpit.schedule.states import State


class Hint(Struct, frozen=True):
    """One hint: what it says, with the keys of actions in braces, and when it fits."""

    name: str
    text: str
    fits: Callable[[Snapshot], bool]


def _any_in(state: State) -> Callable[[Snapshot], bool]:
    return lambda snapshot: any(snapshot.legs[key].state is state for key in snapshot.active)


HINTS: tuple[Hint, ...] = (
    Hint("quarantine", "{quarantine} shows what was quarantined, and the ways out of it", _any_in(State.QUARANTINED)),
    Hint("conflict", "{conflict} shows the ways to resolve a conflict", _any_in(State.CONFLICT)),
    Hint("review", "{next} goes to what awaits you, {diff} shows it, {approve} approves", _any_in(State.REVIEW)),
    Hint(
        "start",
        "nothing runs before you say so: {start} starts a workstream, {start_all} the whole plan",
        lambda snapshot: bool(snapshot.workstreams) and not any(one.wanted for one in snapshot.workstreams.values()),
    ),
    Hint("quit", "{quit} leaves the screen only: the driver and its agents go on", _any_in(State.RUNNING)),
    Hint("look", "{filter} filters, {sort} sorts, {map} shows the map of rounds, {help} all keys", lambda _: True),
)


def hint(view: View, dismissed: Collection[str]) -> Hint | None:
    """Return the first hint that fits how things stand and was not dismissed, None where there is none."""
    return next((one for one in HINTS if one.name not in dismissed and one.fits(view.snapshot)), None)
