"""What would exactly undo an order, as things stand now; or why nothing does, and what comes nearest. Pure."""

from collections.abc import Mapping

from msgspec import Struct

from cockpit.schedule.adding import replaced
from cockpit.schedule.orders import Order
from cockpit.schedule.snapshot import Snapshot
from cockpit.schedule.states import State
from cockpit.ui.looks import name

KEPT = 20
_UNBEGUN = frozenset({State.WAITING, State.READY})
# verb → the action whose key comes nearest, and what to say of it; an action of the registry, so that its key is named
_NEAREST: Mapping[str, tuple[str, str]] = {
    "approve": ("rollback", "rolls the merge back, {reject} rejects what is not merged yet"),
    "merge": ("rollback", "rolls the merge back by a commit of its own"),
    "reject": ("retry", "gives it a new run"),
    "retry": ("stop", "stops the new run"),
    "stop": ("start", "starts it again, with a new run"),
    "rebase": ("diff", "shows what became of it; what it was is kept: cockpit rescue"),
    "rerun": ("stop", "stops the new run"),
    "discard": ("start", "starts it again; what was discarded is kept: cockpit rescue"),
    "cleanup": ("timeline", "names what was kept: cockpit rescue brings it back"),
    "rollback": ("retry", "merges its work again after a review"),
    "release": ("stop", "stops it"),
    "takeover": ("attach", "hands it back"),
    "handback": ("attach", "takes it over again"),
    "trust": ("trust", "shows what is trusted; the plan file says what is run"),
}


class Given(Struct, frozen=True):
    """An order that was carried out, and how things stood when it was given."""

    order: Order
    before: Snapshot


def inverse(given: Given, now: Snapshot, who: str, keys: Mapping[str, str]) -> Order | str:
    """Return the order that exactly undoes another one, or why there is none; `keys` are the keys of actions."""
    order = given.order
    if order.verb in ("drain", "undrain"):
        return Order("undrain" if order.verb == "drain" else "drain", by=who, words=order.words)
    if order.verb == "limits":
        return _other_limit(given, now, who)
    if order.verb == "start":
        return _unstarted(given, now, who, keys)
    if order.verb in ("pause", "resume"):
        return _other_way(order, now, who)
    if order.verb == "prompt":
        return _other_addition(given, now, who)
    action, what = _NEAREST.get(order.verb, ("", ""))
    if not action:
        return "it cannot be taken back"
    return f"it has no exact inverse: {keys[action]} {what.format_map(keys)}"


def _other_limit(given: Given, now: Snapshot, who: str) -> Order | str:
    """Return what sets a number to what it was, unless somebody else changed it since."""
    order, profile = given.order, next(iter(given.order.words), "")
    before, after = (one.sizes().get(profile) if profile else one.max_agents() for one in (given.before, now))
    if before is None or after != order.number:
        return f"the number is {after} by now" if after is not None else f"{name(profile)} is no longer in the plan"
    return Order("limits", by=who, number=before, words=order.words)


def _other_addition(given: Given, now: Snapshot, who: str) -> Order | str:
    """Return what adds to a prompt what was added before, unless a run was told since, or somebody changed it."""
    key = given.order.targets[0]
    if key not in now.workstreams:
        return f"{name(key)} is no longer in the plan"
    then, leg = given.before.leg_under_way(key), now.leg_under_way(key)
    left = replaced(then, given.order)
    if leg.key != then.key or leg.addition != left:
        return "a run was told it since" if left in leg.additions else "it was changed since"
    return Order("prompt", (key,), who, then.addition)


def _unstarted(given: Given, now: Snapshot, who: str, keys: Mapping[str, str]) -> Order | str:
    """Return what un-wants the workstreams that the order made wanted, if no agent took one of them since."""
    before = given.before.workstreams
    started = [key for key, one in now.workstreams.items() if one.wanted and key in before and not before[key].wanted]
    if not given.order.everything and not given.order.also_needed:
        started = [key for key in started if key in given.order.targets]
    if not started:
        return "it is not started any more"
    for key in started:
        leg, then = now.leg_under_way(key), given.before.leg_under_way(key)
        if leg.state not in _UNBEGUN or then.state not in _UNBEGUN:
            return f"it has no exact inverse: {name(key)} is {leg.state.value}; {keys['stop']} stops it"
    return Order("stop", tuple(started), who)


def _other_way(order: Order, now: Snapshot, who: str) -> Order | str:
    """Return what resumes what was paused, or pauses what was resumed."""
    verb, wanted = ("resume", State.PAUSED) if order.verb == "pause" else ("pause", State.RUNNING)
    legs = {key: now.leg_under_way(key) for key in order.targets if key in now.workstreams}
    there = tuple(key for key, leg in legs.items() if leg.state is wanted)
    if there or not legs:
        return Order(verb, there, who) if there else "it is no longer in the plan"
    key, leg = next(iter(legs.items()))
    state = "being paused" if leg.ending == "pause" else leg.state.value
    return f"{name(key)} is {state}, and only what is {wanted.value} can be {verb.rstrip('e')}ed"
