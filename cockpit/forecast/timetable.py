"""What a simulation found: when each leg starts and ends, and what never does; computes nothing of it."""

from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType

from msgspec import Struct, field


class Planned(Struct, frozen=True):
    """A leg on the virtual clock, in seconds from the schedule's `at`; a start before that is negative.

    `freed_s`: its last run ended and gave its slot back; `end_s`: it is merged. `after` is the leg whose end let it
    start, empty where nothing held it up. `waited_s` is what its approvals took.
    """

    start_s: float
    slot: str = ""
    freed_s: float | None = None
    end_s: float | None = None
    after: str = ""
    waited_s: float = 0.0


class Schedule(Struct, frozen=True):
    """How the wanted rest of a plan goes on; `stuck` says in words why a leg cannot end without a human.

    `makespan_s` counts from `at` to the end of the last leg that can end. `approvals` is how many yeses are awaited.
    `roots` are the legs in `stuck` that are held up by themselves, not by another leg.
    """

    at: float
    legs: Mapping[str, Planned] = field(default_factory=lambda: MappingProxyType({}))
    makespan_s: float = 0.0
    approvals: int = 0
    stuck: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    roots: tuple[str, ...] = ()

    def critical(self) -> tuple[str, ...]:
        """Return the chain of legs that sets the makespan, first to last: each starts when the one before lets it."""
        ended = [(planned.end_s, key) for key, planned in self.legs.items() if planned.end_s is not None]
        chain: list[str] = []
        at = max(ended)[1] if ended else ""
        while at:
            chain.append(at)
            at = self.legs[at].after
        return tuple(reversed(chain))

    def approvals_s(self) -> float:
        """Return how many seconds of the makespan are waiting for approvals: those on the critical chain."""
        chain = [self.legs[key] for key in self.critical()]
        waited = chain[-1].waited_s if chain else 0.0
        for before, after in pairwise(chain):
            if before.end_s is not None and before.end_s <= after.start_s:
                waited += before.waited_s
        return waited
