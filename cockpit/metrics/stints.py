"""What legs did when, folded from facts: waiting, running, in check, held up, merged; nothing of what is to come."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from cockpit.schedule import facts as f
from cockpit.schedule.states import MOVES, State

WAITING, RUNNING, CHECKING, REVIEW, MERGING, HELD, MERGED = (
    *("waiting", "running", "checking", "review", "merging", "held", "merged"),
)
KINDS: Mapping[State, str] = MappingProxyType(
    {
        **dict.fromkeys((State.WAITING, State.READY), WAITING),
        **dict.fromkeys((State.PREPARING, State.RUNNING), RUNNING),
        State.CHECKING: CHECKING,
        **dict.fromkeys((State.REVIEW, State.QUEUED), REVIEW),
        State.MERGING: MERGING,
        State.MERGED: MERGED,
        **dict.fromkeys((State.RETRYING, State.PAUSED, State.QUARANTINED, State.CONFLICT), HELD),
        **dict.fromkeys((State.FAILED, State.STOPPED, State.REJECTED), HELD),
    }
)
MOST = 24  # stints of one leg


class Stint(Struct, frozen=True, array_like=True):
    """A leg did one thing from a time to another (seconds since the epoch; `end` None: it still does)."""

    kind: str
    start: float
    end: float | None = None


class Stints:
    """The stints of all legs of the plan that is in force; of each leg the newest ones."""

    def __init__(self) -> None:
        self._states: dict[str, State] = {}
        self._done: dict[str, list[Stint]] = {}
        self._now: dict[str, Stint] = {}
        self._legs: dict[str, tuple[str, ...]] = {}

    def fold(self, recorded: f.Recorded) -> None:
        """Take in a fact; facts come in the order of the journal."""
        fact, at = recorded.fact, recorded.at
        if isinstance(fact, f.PlanLoaded):
            self._legs = {one.id: one.legs for one in fact.outline.workstreams}
            known = {leg.key for leg in fact.outline.legs}
            for table in (self._states, self._done, self._now):
                for gone in [key for key in table if key not in known]:
                    del table[gone]
            for key in known:
                self._states.setdefault(key, State.WAITING)
        elif isinstance(fact, f.WorkstreamWanted):
            for key in self._legs.get(fact.workstream, ()):
                if KINDS[self._states.get(key, State.MERGED)] == WAITING:
                    self._now.setdefault(key, Stint(WAITING, at))
        elif isinstance(fact, f.WorkstreamUnwanted):
            for key in self._legs.get(fact.workstream, ()):
                if (stint := self._now.get(key)) is not None and stint.kind == WAITING:
                    self._end(key, at)
        elif isinstance(fact, f.LegFact) and fact.leg in self._states:
            self._moved(fact.leg, type(fact).__name__, at)

    def of_all(self) -> dict[str, list[Stint]]:
        """Return the stints of each leg that did anything, the oldest first."""
        found = {key: list(stints) for key, stints in self._done.items()}
        for key, stint in self._now.items():
            found.setdefault(key, []).append(stint)
        return found

    def _moved(self, key: str, fact: str, at: float) -> None:
        before = self._states[key]
        state = MOVES[before].get(fact)
        if state is None and before is State.WAITING:  # that its dependencies are merged is no fact of its own
            state = MOVES[State.READY].get(fact)
        if state is None:
            return
        self._states[key] = state
        now = self._now.get(key)
        if now is not None and now.kind == KINDS[state]:
            return
        self._end(key, at)
        if state is State.MERGED:
            self._keep(key, Stint(MERGED, at, at))
        else:
            self._now[key] = Stint(KINDS[state], at)

    def _end(self, key: str, at: float) -> None:
        stint = self._now.pop(key, None)
        if stint is not None:
            self._keep(key, Stint(stint.kind, stint.start, at))

    def _keep(self, key: str, stint: Stint) -> None:
        kept = self._done.setdefault(key, [])
        kept.append(stint)
        del kept[:-MOST]
