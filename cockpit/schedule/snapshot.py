"""How things stand: the frozen result of folding all facts, and what can be read off it; never changed in place.

It is longer than other modules since it is the one vocabulary of what is known: its parts name each other.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from msgspec import Struct, field

from cockpit.schedule.comments import Comment
from cockpit.schedule.orders import Order
from cockpit.schedule.outline import LegOutline, Outline, WorkstreamOutline
from cockpit.schedule.states import AWAITS_HUMAN, BLOCKS_OTHERS, UNBEGUN, WORKING, State
from cockpit.schedule.talk import Message, Question, Standing

UNKNOWN_EXIT = "~ exit unknown: nobody saw its agent end, and git shows changes"
JUDGED_BY_GIT = frozenset({State.CHECKING, State.REVIEW, State.QUEUED, State.MERGING})


class ByHand(Struct, frozen=True):
    """A human's work in a leg's worktree: who asked for it, since when it is theirs (0: not yet), until when.

    `tree` is what it held before, `back` how it is to be handed back, once `back_by` asked for that; `said` goes to
    the next run, with the `paths` that were changed. `refused` is why it could not be handed back the last time.
    """

    by: str = ""
    at: float = 0.0
    tree: str = ""
    back: str = ""
    back_by: str = ""
    said: str = ""
    ended: float = 0.0
    paths: tuple[str, ...] = ()
    changed: bool = False
    refused: str = ""


class Leg(Struct, frozen=True):
    """A leg and all that happened to it; times are seconds since the epoch, `outline` is its part of the plan.

    In a conflict, `report` is the file that describes it, `resolving` the step that was asked for, `opened` the
    worktree in which it is being resolved. `reverted` is the commit on base that undid its merge.
    In quarantine, `held_slot` is the slot that wrote it, `held_for` the ids of violations, `held_from` the state
    that it left. `start_over`: its next run begins at its base again; `avoid`: the profile that is not to do it.
    `continues` is the run, paused or handed back, whose session its next run goes on with.
    `allowed` are violations in its commit that comments allow, `unscanned` files of it that nobody looked at.
    `addition` is what the operator adds to the prompt of its next run, `additions` what its runs were told so.
    `note` is what its agent noted last, `claimed` what it said is done. `hand`: a human's work since its last run.
    `reviewed` is the commit that a human decided on last, made from `reviewed_base`; `comments` are what was said of
    its lines when it was refused.
    """

    outline: LegOutline
    rank: int = 0
    state: State = State.WAITING
    since: float = 0.0
    reason: str = ""
    attempt: int = 0
    failures: int = 0
    run: str | None = None
    slot: str | None = None
    ending: str = ""
    start_approved: bool = False
    retry_at: float = 0.0
    base: str = ""
    commit: str = ""
    tree: str = ""
    files: int = 0
    added: int = 0
    removed: int = 0
    built: str = ""
    built_on: str = ""
    built_at: float = 0.0
    merged: str = ""
    conflicts: int = 0
    paths: tuple[str, ...] = ()
    lessons: tuple[str, ...] = ()
    started: float | None = None
    ended: float | None = None
    worked_s: float = 0.0
    review_s: float = 0.0
    report: str = ""
    resolving: str = ""
    opened: str = ""
    reverted: str = ""
    held_slot: str = ""
    held_for: tuple[str, ...] = ()
    held_from: str = ""
    start_over: bool = False
    avoid: str = ""
    continues: str = ""
    allowed: tuple[str, ...] = ()
    unscanned: tuple[str, ...] = ()
    gone: bool = False
    note: str = ""
    claimed: tuple[str, ...] = ()
    addition: str = ""
    additions: tuple[str, ...] = ()
    reviewed: str = ""
    reviewed_base: str = ""
    comments: tuple[Comment, ...] = ()
    hand: ByHand | None = None

    @property
    def taken_over(self) -> bool:
        """Whether its worktree is a human's, or is about to be: then nothing of it begins."""
        return self.hand is not None and not self.hand.ended

    @property
    def handed_over(self) -> bool:
        """Whether its worktree is a human's by now: no run of it goes on, and what it held was seen."""
        return self.hand is not None and not self.hand.ended and bool(self.hand.at)

    @property
    def by_hand(self) -> bool:
        """Whether a human changed its worktree since its last run: what is in it is not that agent's alone."""
        return self.hand is not None and self.hand.changed

    @property
    def key(self) -> str:
        """The leg's key: its workstream and its first issue."""
        return self.outline.key

    @property
    def workstream(self) -> str:
        """The id of the leg's workstream."""
        return self.outline.workstream


class Workstream(Struct, frozen=True):
    """A workstream and what is kept of it beside its legs."""

    outline: WorkstreamOutline
    wanted: bool = False
    worktree: str = ""
    clean_up: bool = False
    clean_up_refused: str = ""
    rescues: tuple[str, ...] = ()
    gone: bool = False

    @property
    def id(self) -> str:
        """The workstream's id in the plan."""
        return self.outline.id


class Tally(Struct, frozen=True):
    """What was found out about the work of one run: its change is `judged` once, and `flawed` by a violation."""

    judged: bool = False
    flawed: bool = False
    quarantines: int = 0
    releases: int = 0
    held_s: float = 0.0
    gates: int = 0
    passed: int = 0


class Run(Struct, frozen=True):
    """One agent process on one leg; `profile` is a digest of what ran, whatever the plan called it.

    `session` is what the agent calls its conversation, where it can go on with that.
    """

    id: str
    leg: str
    slot: str
    attempt: int
    taken: float
    started: float | None = None
    ended: float | None = None
    pid: int = 0
    folder: str = ""
    outcome: str = ""
    code: int | None = None
    reason: str = ""
    profile: str = ""
    tally: Tally = Tally()
    session: str = ""
    model: str = ""


class GateResult(Struct, frozen=True):
    """How a gate ended on a tree; `how` is a digest of what the gate does; `flaky`: it had failed on that same tree."""

    gate: str
    ok: bool
    tree: str
    at: float
    seconds: float = 0.0
    reason: str = ""
    output: str = ""
    how: str = ""
    flaky: bool = False


class PendingOrder(Struct, frozen=True):
    """An order that was given and has not ended yet."""

    id: str
    order: Order


class Merge(Struct, frozen=True):
    """One merge into base, built on `onto` (the same commit: it brought nothing); `reverted` is what undid it."""

    workstream: str
    leg: str
    round: int
    commit: str
    at: float
    reverted: str = ""
    onto: str = ""


OPEN, RELEASED, FIXED = "open", "released", "fixed"


class Violation(Struct, frozen=True):
    """A rule broken in a leg's change, and what became of it: `open`, `released` (by whom and why), or `fixed`.

    `ended` is when it was released or fixed.
    """

    id: str
    leg: str
    rule: str
    severity: str
    path: str
    line: int = 0
    excerpt: str = ""
    message: str = ""
    missing: tuple[str, ...] = ()
    slot: str = ""
    run: str = ""
    at: float = 0.0
    state: str = OPEN
    by: str = ""
    reason: str = ""
    ended: float = 0.0


class Cost(Struct, frozen=True):
    """What all runs used so far."""

    usd: float = 0.0
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0


def total(costs: Iterable[Cost]) -> Cost:
    """Return what several costs come to."""
    every = tuple(costs)
    return Cost(
        sum(one.usd for one in every),
        sum(one.tokens_in for one in every),
        sum(one.tokens_cached for one in every),
        sum(one.tokens_out for one in every),
    )


class Sleep(Struct, frozen=True):
    """Until when a profile takes no leg (seconds since the epoch), and why."""

    until: float
    reason: str = ""


class Snapshot(Struct, frozen=True):
    """The state of a plan after the fact numbered `seq`; mappings are by id or key and never changed in place."""

    seq: int = 0
    at: float = 0.0
    hash: str = ""
    path: str = ""
    text: str = ""
    trust: str = ""
    outline: Outline = field(default_factory=lambda: Outline(""))
    workstreams: Mapping[str, Workstream] = field(default_factory=lambda: MappingProxyType({}))
    legs: Mapping[str, Leg] = field(default_factory=lambda: MappingProxyType({}))
    dependents: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    active: frozenset[str] = frozenset()
    runs: Mapping[str, Run] = field(default_factory=lambda: MappingProxyType({}))
    gates: Mapping[str, tuple[GateResult, ...]] = field(default_factory=lambda: MappingProxyType({}))
    failed: Mapping[str, tuple[GateResult, ...]] = field(default_factory=lambda: MappingProxyType({}))
    usage: Mapping[str, Cost] = field(default_factory=lambda: MappingProxyType({}))
    orders: Mapping[str, PendingOrder] = field(default_factory=lambda: MappingProxyType({}))
    merges: tuple[Merge, ...] = ()
    violations: Mapping[str, Violation] = field(default_factory=lambda: MappingProxyType({}))
    asleep: Mapping[str, Sleep] = field(default_factory=lambda: MappingProxyType({}))
    reverting: tuple[str, ...] = ()
    recovered: tuple[str, ...] = ()
    questions: Mapping[str, Question] = field(default_factory=lambda: MappingProxyType({}))
    standing: Mapping[str, tuple[Standing, ...]] = field(default_factory=lambda: MappingProxyType({}))
    messages: Mapping[str, tuple[Message, ...]] = field(default_factory=lambda: MappingProxyType({}))
    held: bool = False
    agent_limit: int | None = None
    slot_limits: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    draining: frozenset[str] = frozenset()
    skipped: int = 0

    def legs_of(self, workstream: str) -> tuple[Leg, ...]:
        """Return the legs of a workstream in the order of the cut."""
        return tuple(self.legs[key] for key in self.workstreams[workstream].outline.legs)

    def leg_under_way(self, workstream: str) -> Leg:
        """Return the leg that stands for its workstream: the one under way, else the next one, else the last."""
        legs = self.legs_of(workstream)
        begun = [leg for leg in legs if leg.state not in UNBEGUN]
        ready = [leg for leg in legs if leg.state is State.READY]
        waiting = [leg for leg in legs if leg.state is State.WAITING]
        return (begun or ready or waiting or [legs[-1]])[0]

    def state_of(self, workstream: str) -> State:
        """Return the state of a workstream: that of its leg under way; merged when all are."""
        return self.leg_under_way(workstream).state

    def is_merged(self, workstream: str) -> bool:
        """Say whether every leg of a workstream is merged."""
        return all(leg.state is State.MERGED for leg in self.legs_of(workstream))

    def approval_of(self, leg: Leg) -> str | None:
        """Return what a human's yes is awaited for: `start`, `merge`, or None."""
        if leg.taken_over:
            return None  # what is there may be another thing by the time that it is handed back
        if leg.state is State.REVIEW:
            return "merge"
        workstream = self.workstreams[leg.workstream]
        if leg.state is State.READY and workstream.outline.approve_start and not leg.start_approved:
            return "start"
        return None

    def unsure_of(self, leg: Leg) -> str:
        """Return what is only inferred of a leg's work, in words: nobody saw its run end; empty where all is known.

        Such work is never merged without a human's yes.
        """
        run = self.runs.get(leg.run or "")
        unknown = run is not None and run.outcome == "unknown"
        return UNKNOWN_EXIT if unknown and leg.state in JUDGED_BY_GIT else ""

    def max_agents(self) -> int:
        """Return how many agents may run at once."""
        return self.outline.max_agents if self.agent_limit is None else self.agent_limit

    def sizes(self) -> dict[str, int]:
        """Return how many slots each profile has: what the operator changed, else what the plan says."""
        return {one.name: self.slot_limits.get(one.name, one.slots) for one in self.outline.profiles}

    def slots(self) -> tuple[str, ...]:
        """Return the names of all slots, profile by profile."""
        return tuple(f"{name}#{n}" for name, size in self.sizes().items() for n in range(1, size + 1))

    def busy_slots(self) -> dict[str, Leg]:
        """Return the leg that holds each busy slot."""
        return {leg.slot: leg for leg in map(self.legs.__getitem__, self.active) if leg.slot}

    def held_slots(self) -> dict[str, Leg]:
        """Return the leg for which each quarantined slot is held."""
        legs = map(self.legs.__getitem__, self.active)
        return {leg.held_slot: leg for leg in legs if leg.state is State.QUARANTINED and leg.held_slot}

    def legs_in(self, *states: State) -> list[Leg]:
        """Return the legs under way that are in one of these states."""
        return [leg for leg in map(self.legs.__getitem__, self.active) if leg.state in states]

    def open_violations(self, leg: str) -> tuple[Violation, ...]:
        """Return the violations of a leg that are neither fixed nor released."""
        return tuple(one for one in self.violations.values() if one.leg == leg and one.state == OPEN)

    def open_questions(self, workstream: str | None = None) -> tuple[Question, ...]:
        """Return the questions that wait for an answer, oldest first: of one workstream, or of all."""
        return tuple(
            one for one in self.questions.values() if one.open and (workstream is None or one.workstream == workstream)
        )

    def unread(self, workstream: str) -> tuple[Message, ...]:
        """Return the messages that have not reached the agent of a workstream yet, oldest first."""
        return tuple(one for one in self.messages.get(workstream, ()) if not one.read)

    def counts(self) -> dict[str, int]:
        """Return how many workstreams are in each state; states that nobody is in are left out."""
        found: dict[str, int] = {}
        for workstream in self.workstreams:
            state = self.state_of(workstream).value
            found[state] = found.get(state, 0) + 1
        return found

    def cost(self) -> Cost:
        """Return what all runs used, summed."""
        return total(self.usage.values())

    def over_cost(self) -> str:
        """Return in words that the plan's limit of cost is reached; empty where it is not."""
        limit = self.outline.cost_limit
        if limit is None or (spent := self.cost().usd) < limit:
            return ""
        return f"the cost limit is reached: ${spent:,.2f} of ${limit:,.2f} (limits.cost)"

    def sleepers(self, now: float) -> dict[str, Sleep]:
        """Return the profiles that take no leg at a time, and until when."""
        return {name: sleep for name, sleep in self.asleep.items() if sleep.until > now}

    def state(self) -> str:
        """Return the state of the whole plan: finished, attention, paused, running or idle.

        What is taken over needs no attention: a human is at work on it.
        """
        if self.legs and all(leg.state is State.MERGED for leg in self.legs.values()):
            return "finished"
        active = [self.legs[key] for key in self.active]
        alone = [leg for leg in active if not leg.taken_over]
        if any(leg.state in AWAITS_HUMAN or self._start_awaited(leg) or self._is_in_the_way(leg) for leg in alone):
            return "attention"
        if self.open_questions():
            return "attention"
        if self.held or (self.draining and self.draining >= self.sizes().keys()):
            return "paused"
        if len(alone) < len(active):
            return "running"
        if any(leg.state in WORKING for leg in alone):
            return "running"
        if any(leg.state is State.READY and self._wanted(leg) for leg in alone):
            return "attention" if self.over_cost() else "running"
        return "idle"

    def _wanted(self, leg: Leg) -> bool:
        return self.workstreams[leg.workstream].wanted

    @staticmethod
    def _is_in_the_way(leg: Leg) -> bool:
        """Tell whether a merge waits for files of the operator's checkout."""
        return leg.state is State.QUEUED and bool(leg.retry_at and leg.paths)

    def _start_awaited(self, leg: Leg) -> bool:
        return leg.state is State.READY and self._wanted(leg) and self.approval_of(leg) == "start"


def blockers(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    """Return for each blocked leg (waiting or ready) the legs that block it: failed, stopped, refused … ones."""
    found: dict[str, list[str]] = {}
    for bad in sorted(key for key in snapshot.active if snapshot.legs[key].state in BLOCKS_OTHERS):
        for key in _held_up_by(snapshot, bad):
            found.setdefault(key, []).append(bad)
    return {key: tuple(bad) for key, bad in found.items()}


def _held_up_by(snapshot: Snapshot, bad: str) -> Iterator[str]:
    seen = {bad}
    todo = [bad]
    while todo:
        at = todo.pop()
        siblings = snapshot.workstreams[snapshot.legs[at].workstream].outline.legs if at == bad else ()
        for key in (*snapshot.dependents.get(at, ()), *siblings):
            if key not in seen and snapshot.legs[key].state in (State.WAITING, State.READY):
                seen.add(key)
                todo.append(key)
                yield key


def last_merge(snapshot: Snapshot, workstream: str) -> Merge | None:
    """Return the last merge of a workstream that stands: the one that a rollback undoes."""
    merges = (one for one in reversed(snapshot.merges) if one.workstream == workstream and not one.reverted)
    return next(merges, None)


def waits_for(snapshot: Snapshot, leg: Leg) -> tuple[str, ...]:
    """Return the keys of the legs that a waiting leg waits for: those it depends on that are not merged."""
    return tuple(key for key in leg.outline.depends_on if snapshot.legs[key].state is not State.MERGED)
