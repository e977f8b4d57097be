"""Holds back a run that says more than anybody can read: so many orders at once, then one every few seconds.

It keeps the journal from growing by what a program says in a loop; it ends nothing.
"""

from cockpit.clock import Clock
from cockpit.errors import OrderRefusedError, TooManyOrdersError
from cockpit.schedule.orders import Order
from cockpit.schedule.talking import FROM_INSIDE

AT_ONCE, EVERY_S = 60, 2.0
QUESTIONS_AT_ONCE, QUESTIONS_EVERY_S = 240, 1.0
"""More of these: an agent that is talked to asks before each tool that it uses, and the plan may answer all that."""
_HELD = FROM_INSIDE | {"shared"}
_QUESTIONS = frozenset({"ask", "withdraw"})


class Restraint:
    """How many orders each run may still give."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._free_at: dict[tuple[str, bool], float] = {}
        self._told: set[tuple[str, bool]] = set()

    def require(self, order: Order) -> None:
        """Let an order of a run pass. Raises OrderRefusedError for the first one too many, then TooManyOrdersError."""
        if order.verb not in _HELD or not order.how:
            return
        asks = order.verb in _QUESTIONS
        most, every = (QUESTIONS_AT_ONCE, QUESTIONS_EVERY_S) if asks else (AT_ONCE, EVERY_S)
        who, now = (order.how, asks), self._clock.now()
        self._free_at = {one: free for one, free in self._free_at.items() if free > now}
        self._told &= self._free_at.keys()
        free = self._free_at.get(who, now) + every
        if free <= now + most * every:
            self._free_at[who] = free
            return
        what = f"run {order.how} says too much: at most {most} times at once, then once in {every:g} s"
        if who in self._told:
            raise TooManyOrdersError(what)
        self._told.add(who)
        raise OrderRefusedError(what)
