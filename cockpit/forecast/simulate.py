"""Runs the same decide and fold as the engine on a virtual clock, from a snapshot to the end; touches nothing real.

Setting up and merging take no time on the virtual clock, and nothing fails for good: what only a human can unblock
stays where it is.
"""

import heapq
from collections.abc import Callable, Iterable, Mapping

from msgspec.structs import replace

from cockpit.forecast.pool import Pool
from cockpit.forecast.stuck import held_up
from cockpit.forecast.timetable import Planned, Schedule
from cockpit.schedule import facts as f
from cockpit.schedule.decide import decide
from cockpit.schedule.fold import fold
from cockpit.schedule.orders import CheckLeg, EndRun, Integrate, PrepareLeg, StartMerge, TakeLeg, Todo, WakeAt, WatchRun
from cockpit.schedule.outline import MAX_BACKOFF_S, Outline
from cockpit.schedule.readings import Readings
from cockpit.schedule.snapshot import Leg, Snapshot
from cockpit.schedule.states import State

NO_READINGS = Readings()
_Happening = Callable[[str], None]


def simulate(
    snapshot: Snapshot,
    now: float,
    *,
    duration: Callable[[Leg], float],
    approvals_s: float = 0.0,
    checks_s: float = 0.0,
    failures: Mapping[str, int] | None = None,
    agents: int | None = None,
    want_all: bool = False,
) -> Schedule:
    """Return how the rest of a plan goes on from `now` (seconds since the epoch) when nobody gives another order.

    `duration` gives the seconds that one whole run of a leg takes; what is running has the rest of them left, and
    never less than a little. `approvals_s` and `checks_s` are seconds each approval, and the gates of each leg, take.
    `failures` is how many more runs of a leg fail before one is done. `agents` and `want_all` as in `prepared`.
    """
    start = prepared(snapshot, now, agents=agents, want_all=want_all)
    return _Simulation(start, now, duration, approvals_s, checks_s, dict(failures or {})).schedule()


def prepared(snapshot: Snapshot, now: float, *, agents: int | None = None, want_all: bool = False) -> Snapshot:
    """Return the snapshot that a simulation starts from; to prepare it again changes nothing.

    With `agents`, so many may run at once, and every profile gets at least so many slots, so that the profiles are
    not a hidden limit. With `want_all`, every workstream is wanted. Worktrees are left out: clean-up takes no time.
    """
    if agents is not None:
        profiles = tuple(replace(one, slots=max(one.slots, agents)) for one in snapshot.outline.profiles)
        snapshot = replace(snapshot, outline=replace(snapshot.outline, profiles=profiles), agent_limit=agents)
        snapshot = replace(snapshot, slot_limits={})
    if want_all:
        for workstream in snapshot.workstreams.values():
            if not workstream.wanted:
                snapshot = fold(snapshot, f.Recorded(snapshot.seq, now, f.WorkstreamWanted(workstream.id)))
    if any(one.worktree for one in snapshot.workstreams.values()):
        bare = {key: replace(one, worktree="", clean_up=False) for key, one in snapshot.workstreams.items()}
        snapshot = replace(snapshot, workstreams=bare)
    under_way = {leg.run for leg in map(snapshot.legs.__getitem__, snapshot.active) if leg.run}
    runs = {key: snapshot.runs[key] for key in under_way if key in snapshot.runs}
    # No run is looked at for what it used, but a plan that has used up its limit of cost launches nothing.
    return replace(snapshot, runs=runs, gates={}, usage={"": snapshot.cost()}, merges=())


def backoff(outline: Outline, failures: int) -> float:
    """Return the seconds to wait before the run after so many failures (1 or more)."""
    return min(outline.backoff_s * 2.0 ** min(failures - 1, 20), MAX_BACKOFF_S)


def a_little(used_s: float) -> float:
    """Return the seconds that a run has left at least, however long it took already."""
    return 1.0 + used_s * 0.1


class _Simulation:
    def __init__(
        self,
        snapshot: Snapshot,
        now: float,
        duration: Callable[[Leg], float],
        approvals_s: float,
        checks_s: float,
        failures: dict[str, int],
    ) -> None:
        ready = [leg for key in sorted(snapshot.active) if (leg := snapshot.legs[key]).state is State.READY]
        # the ready ones wait in the pool instead: asking about all of a thousand at every step is what takes time
        self.snapshot = replace(snapshot, active=snapshot.active - {leg.key for leg in ready})
        self.ready = ready
        self.pool = Pool()
        self.at = self.now = now
        self.duration = duration
        self.approvals_s = approvals_s
        self.checks_s = checks_s
        self.failures = failures
        self.legs: dict[str, Planned] = {}
        self.approvals = 0
        self.last_freed = ("", -1.0)
        self.in_flight: set[tuple[str, str]] = set()
        self.heap: list[tuple[float, int, str, _Happening]] = []
        self.pushed = 0
        self.woken: set[float] = set()

    def schedule(self) -> Schedule:
        for leg in map(self._leg, sorted(self.snapshot.active)):
            if leg.state is State.REVIEW and not leg.taken_over:
                self._await_approval(leg.key, leg.since)
        for leg in self.ready:
            self._readied(leg)
        while True:
            again = [self._carry_out(todo) for todo in decide(self._asked(), NO_READINGS, self.now)]
            if any(again):
                continue
            if not self.heap:
                break
            self._on()
        ends = [planned.end_s for planned in self.legs.values() if planned.end_s is not None]
        stuck, roots = held_up(self.snapshot)
        return Schedule(self.at, self.legs, max(ends, default=0.0), self.approvals, stuck, roots)

    def _asked(self) -> Snapshot:
        """Return the snapshot with no more of ready legs, and of workstreams, than decide has to look at now."""
        active = self.snapshot.active | self.pool.window(self.snapshot, map(self._leg, self.snapshot.active))
        names = {self._leg(key).outline.workstream for key in active}
        return replace(self.snapshot, active=active, workstreams={one: self.snapshot.workstreams[one] for one in names})

    def _on(self) -> None:
        """Move the clock to the next event and let all happen that falls on the same moment."""
        self.now = max(self.heap[0][0], self.now)
        while self.heap and self.heap[0][0] <= self.now:
            _, _, key, happen = heapq.heappop(self.heap)
            happen(key)

    def _later(self, seconds: float, key: str, happen: _Happening) -> None:
        self._then(self.now + max(seconds, 0.0), key, happen)

    def _then(self, at: float, key: str, happen: _Happening) -> None:
        self.pushed += 1
        heapq.heappush(self.heap, (at, self.pushed, key, happen))

    def _fact(self, fact: f.Fact) -> None:
        self.snapshot = fold(self.snapshot, f.Recorded(self.snapshot.seq + 1, self.now, fact))

    def _leg(self, key: str) -> Leg:
        return self.snapshot.legs[key]

    def _carry_out(self, todo: Todo) -> bool:
        """Do what is to be done; say whether to decide again at the same moment."""
        match todo:
            case WatchRun(leg, run):  # the most frequent one comes first
                if (leg, run) not in self.in_flight:
                    self._watch(leg, run)
            case TakeLeg(leg, slot):
                self._take(leg, slot)
            case PrepareLeg(leg, run):
                return self._prepare(leg, run)
            case EndRun(leg, _):
                self._fact(f.LegPaused(leg) if self._leg(leg).ending == "pause" else f.LegStopped(leg))
                return True
            case CheckLeg(leg, _):
                return self._check(leg)
            case StartMerge(legs):
                for leg in legs:
                    self._fact(f.MergeStarted(leg))
                return True
            case Integrate(legs):
                for leg in legs:
                    self._merged(leg)
                return True
            case WakeAt(at) if at not in self.woken:
                self.woken.add(at)
                self._then(at, "", lambda _: None)
            case _:
                pass
        return False

    # --- runs -------------------------------------------------------------------------------------------------------

    def _take(self, key: str, slot: str) -> None:
        run = f"{key}@{self.snapshot.seq}"
        before = self.snapshot.runs.get(self._leg(key).run or "")
        self._fact(f.LegTaken(key, run, slot))
        self._fact(f.RunStarted(key, run, 0))
        self.in_flight.add((key, run))
        leg = self._leg(key)
        planned = self.legs.get(key)
        if planned is None:
            self.legs[key] = Planned(self.now - self.at, slot, after=self._let_go(leg))
        else:
            self.legs[key] = replace(planned, slot=slot)
        # a run after a pause or a stop goes on with the work of the one before it; one after a failure starts anew
        used = leg.worked_s if before is not None and before.outcome == "stopped" else 0.0
        rest = self.duration(leg)
        self._later(max(rest - used, a_little(used)) if used else rest, key, self._run_ended)

    def _let_go(self, leg: Leg) -> str:
        """Return the leg whose end let this one start now: one that it depends on, else one that gave a slot back."""
        now = self.now - self.at
        if now <= 0:
            return ""
        for needed in leg.outline.depends_on:
            planned = self.legs.get(needed)
            if planned is not None and planned.end_s == now:
                return needed
        key, freed = self.last_freed
        return key if freed == now else ""

    def _prepare(self, key: str, run: str) -> bool:
        leg = self._leg(key)
        if leg.ending:
            self._fact(f.LegPaused(key) if leg.ending == "pause" else f.LegStopped(key))
        else:
            self._fact(f.RunStarted(key, run, 0))
        return True

    def _watch(self, key: str, run: str) -> None:
        leg = self._leg(key)
        if leg.ending:
            return
        self.in_flight.add((key, run))
        known = self.snapshot.runs.get(run)
        began = known.started if known is not None and known.started is not None else leg.since
        used = max(self.now - began, 0.0)
        self.legs[key] = Planned(began - self.at, leg.slot or "")
        self._later(max(self.duration(leg) - used, a_little(used) if used else 0.0), key, self._run_ended)

    def _run_ended(self, key: str) -> None:
        self._freed(key)
        left = self.failures.get(key, 0)
        if left > 0:
            self.failures[key] = left - 1
            self._fact(f.RetryScheduled(key, self.now + backoff(self.snapshot.outline, self._leg(key).failures + 1)))
            return
        self._fact(f.ChecksStarted(key))
        if self.checks_s > 0:
            self._later(self.checks_s, key, self._checked)
        else:
            self._checked(key)

    def _freed(self, key: str) -> None:
        now = self.now - self.at
        self.legs[key] = replace(self.legs[key], freed_s=now)
        self.last_freed = (key, now)

    # --- checks, approvals, merges ----------------------------------------------------------------------------------

    def _check(self, key: str) -> bool:
        leg = self._leg(key)
        if leg.ending == "stop":
            self._fact(f.LegStopped(key))
            return True
        if key not in self.legs:
            self.legs[key] = Planned((leg.started or leg.since) - self.at, freed_s=leg.since - self.at)
            self._later(self.checks_s - (self.now - leg.since), key, self._checked)
        return False

    def _checked(self, key: str) -> None:
        if self.snapshot.workstreams[self._leg(key).workstream].outline.approve_merge:
            if self.approvals_s > 0:
                self._fact(f.ReviewAsked(key))
                self._await_approval(key, self.now)
                return
            self.approvals += 1
        # what needs no yes is merged in no time, and the order of merges at one moment changes no time either
        self._merged(key)

    def _await_approval(self, key: str, since: float) -> None:
        self.approvals += 1
        left = max(self.approvals_s - (self.now - since), 0.0)
        leg = self._leg(key)
        planned = self.legs.get(key) or Planned((leg.started or since) - self.at, freed_s=since - self.at)
        self.legs[key] = replace(planned, waited_s=planned.waited_s + left)
        self._later(left, key, self._approved)

    def _approved(self, key: str) -> None:
        self._fact(f.ApprovalGiven(key, "merge"))

    def _readied(self, leg: Leg) -> None:
        if self.snapshot.approval_of(leg) == "start":
            self.approvals += 1
            self._later(self.approvals_s - (self.now - leg.since), leg.key, self._start_approved)
        else:
            self.pool.add(self.snapshot, leg)

    def _start_approved(self, key: str) -> None:
        self._fact(f.ApprovalGiven(key, "start"))
        self._pooled([key])

    def _pooled(self, keys: Iterable[str]) -> None:
        """Let legs that became ready wait in the pool."""
        ready = [leg for leg in map(self._leg, keys) if leg.state is State.READY]
        if ready:
            self.snapshot = replace(self.snapshot, active=self.snapshot.active - {leg.key for leg in ready})
        for leg in ready:
            self._readied(leg)

    def _merged(self, key: str) -> None:
        leg = self._leg(key)
        now = self.now - self.at
        planned = self.legs.get(key) or Planned((leg.started or self.at) - self.at)
        self.legs[key] = replace(planned, end_s=now)
        self.last_freed = (key, now)
        self._fact(f.LegMerged(key))
        self._pooled(other for other in self.snapshot.dependents.get(key, ()) if other in self.snapshot.active)
