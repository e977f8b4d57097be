"""Holds back a run that says more than anybody can read: so many orders at once, then one every few seconds.

It keeps the journal from growing by what a program says, or looks for, in a loop; it ends nothing.
"""

from collections.abc import Callable, Collection

from cockpit.clock import Clock
from cockpit.errors import OrderRefusedError, TooManyOrdersError
from cockpit.schedule.orders import Order
from cockpit.schedule.talk import TALK
from cockpit.schedule.talking import FROM_INSIDE, only_looks

AT_ONCE, EVERY_S = 60, 2.0
QUESTIONS_AT_ONCE, QUESTIONS_EVERY_S = 240, 1.0
"""More of these: an agent that is talked to asks before each tool that it uses, and the plan may answer all that."""
AGENTS_OWN = FROM_INSIDE | {"shared"}
"""The verbs that an agent may use; all others are for humans."""
_QUESTIONS = frozenset({"ask", "withdraw"})
_UNKNOWN = "(not under way)"


class Restraint:
    """How many orders each run may still give; `under_way` names the runs that may speak now."""

    def __init__(self, clock: Clock, under_way: Callable[[], Collection[str | None]]) -> None:
        self._clock = clock
        self._under_way = under_way
        self._free_at: dict[tuple[str, str], float] = {}
        self._told: set[tuple[str, str]] = set()
        self._noted: set[tuple[str, str, str]] = set()

    def require(self, order: Order) -> None:
        """Let an order of a run pass. Raises OrderRefusedError for the first one too many, then TooManyOrdersError.

        TooManyOrdersError, too, for one that only says again that it looks: the first is noted.
        """
        if order.verb not in AGENTS_OWN or not order.how:
            return
        under_way, looks = self._under_way(), (order.how, order.verb, order.expected)
        self._noted = {one for one in self._noted if one[0] in under_way}
        if looks in self._noted:
            raise TooManyOrdersError("that is noted already")
        self._count(order.how, _kind(order))
        if only_looks(order):
            self._noted.add(looks)
        elif order.verb == "inbox":
            self._noted.discard((order.how, order.verb, ""))

    def refuse(self, run: str, what: str) -> None:
        """Refuse a human's order from a run. Raises OrderRefusedError, and TooManyOrdersError for one too many."""
        self._count(run, "orders")
        raise OrderRefusedError(what)

    def _count(self, claimed: str, kind: str) -> None:
        most, every = (AT_ONCE, EVERY_S) if kind in ("says", "orders") else (QUESTIONS_AT_ONCE, QUESTIONS_EVERY_S)
        # Who speaks is only claimed: run ids that nobody has count as one, or a new one for each order would do.
        run = claimed if claimed in self._under_way() else _UNKNOWN
        who = (run, kind)
        now = self._clock.now()
        self._free_at = {one: free for one, free in self._free_at.items() if free > now}
        self._told &= self._free_at.keys()
        free = self._free_at.get(who, now) + every
        if free <= now + most * every:
            self._free_at[who] = free
            return
        what = f"run {run} says too much: at most {most} times at once, then once in {every:g} s"
        if who in self._told:
            raise TooManyOrdersError(what)
        self._told.add(who)
        raise OrderRefusedError(what)


def _kind(order: Order) -> str:
    if order.verb == "inbox" and order.words == (TALK,):
        return "hears"  # refused for what the agent says, it would be told the same again in its next run
    return "asks" if order.verb in _QUESTIONS else "says"
