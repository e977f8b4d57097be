"""decide(snapshot, readings, now) → orders: what is to be done next. Pure, level-triggered and safe to ask again.

The orders for what is under way (prepare, watch, check, integrate) are given at every call; who carries them out
keeps at most one of each in flight. So a driver that starts after a crash goes on by asking the same question.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from operator import attrgetter

from cockpit.plan.roundzero import PREPARE
from cockpit.schedule.orders import (
    CheckLeg,
    CleanUp,
    EndRun,
    HandBack,
    Integrate,
    PrepareLeg,
    Resolve,
    Revert,
    StartMerge,
    TakeLeg,
    TakeOver,
    Todo,
    WakeAt,
    WatchRun,
)
from cockpit.schedule.readings import Readings
from cockpit.schedule.records import Record, better_first
from cockpit.schedule.scopes import overlap
from cockpit.schedule.snapshot import Leg, Snapshot, waits_for
from cockpit.schedule.states import CAN_BE_ENDED, State

MOST_CROWDED = 100


def decide(snapshot: Snapshot, readings: Readings, now: float) -> list[Todo]:
    """Return what is to be done, given how things stand at a time (seconds since the epoch)."""
    begun: list[Leg] = []
    ready: list[Leg] = []
    for leg in map(snapshot.legs.__getitem__, snapshot.active):
        (ready if leg.state is State.READY else begun).append(leg)
    return [
        *_under_way(begun),
        *_merges(snapshot, readings, begun, now),
        *_launches(snapshot, readings, begun, ready, now),
        *_clean_ups(snapshot),
        *_wake_ups(snapshot, begun, now),
    ]


def _under_way(active: Iterable[Leg]) -> Iterator[Todo]:
    for leg in active:
        run = leg.run or ""
        if leg.state is State.PREPARING:
            yield PrepareLeg(leg.key, run)
        elif leg.state is State.RUNNING:
            yield WatchRun(leg.key, run)
            if leg.ending:
                yield EndRun(leg.key, run)
        elif leg.state is State.CHECKING:
            yield CheckLeg(leg.key, run)
        elif leg.state is State.CONFLICT and leg.resolving:
            yield Resolve(leg.key, leg.resolving)
        if leg.hand is not None and leg.taken_over and leg.state not in CAN_BE_ENDED:
            if not leg.hand.at:
                yield TakeOver(leg.key)
            elif leg.hand.back:
                yield HandBack(leg.key, leg.hand.back)


def _merges(snapshot: Snapshot, readings: Readings, active: Iterable[Leg], now: float) -> Iterator[Todo]:
    merging = [leg for leg in active if leg.state is State.MERGING]
    if merging:
        merging.sort(key=lambda leg: merge_order(snapshot, readings, leg))
        yield Integrate(tuple(leg.key for leg in merging))
        return
    if snapshot.reverting:
        yield Revert(snapshot.reverting[0])
        return
    queued = [leg for leg in active if leg.state is State.QUEUED and leg.retry_at <= now]
    due = [leg for leg in queued if not waits_for(snapshot, leg)]  # a rollback may have taken back what it needs
    if due:
        due.sort(key=lambda leg: merge_order(snapshot, readings, leg))
        yield StartMerge(tuple(leg.key for leg in due))


def merge_order(snapshot: Snapshot, readings: Readings, leg: Leg) -> tuple[int, int, int, int]:
    """Order merges by round, then by who unblocks most, then by who conflicts with fewest."""
    foes = readings.conflicts.get(leg.workstream)
    return (
        leg.outline.round,
        -len(snapshot.dependents.get(leg.key, ())),
        len(foes.others) if foes else 0,
        leg.rank,
    )


def _launches(snapshot: Snapshot, readings: Readings, begun: list[Leg], ready: list[Leg], now: float) -> Iterator[Todo]:
    if snapshot.held or readings.hold or readings.plan.untrusted or snapshot.over_cost():
        return
    if PREPARE in snapshot.active and _may_begin(snapshot, snapshot.legs[PREPARE], now):
        yield TakeLeg(PREPARE, "")  # no agent runs it, so it takes no slot
    taken = {leg.slot for leg in begun if leg.slot}
    free = snapshot.max_agents() - len(taken)
    if free <= 0:
        return
    at_work = Counter(slot.rpartition("#")[0] for slot in taken)  # more than its slots, where these were made fewer
    taken |= snapshot.held_slots().keys()
    busy = {leg.workstream for leg in begun}
    sleepers = snapshot.sleepers(now)
    resting = sleepers.keys() | snapshot.draining
    sizes = {name: size for name, size in snapshot.sizes().items() if name not in resting}
    full: set[tuple[str, ...]] = set()
    records = records_of(snapshot, readings.records)
    orders: dict[tuple[str, ...], tuple[str, ...]] = {}
    retrying = [leg for leg in begun if _is_due(snapshot, leg, now)]
    # with a thousand legs ready, asking little of each until it is its turn is what keeps this fast
    ordered = sorted([*retrying, *ready], key=attrgetter("rank"))
    crowded: dict[str, Leg] = {}
    for leg in _one_after_the_other(ordered, crowded):
        if leg.state is State.READY and (leg.workstream in busy or snapshot.approval_of(leg) is not None):
            continue
        agents = _agents_for(snapshot, leg)
        if records and not leg.continues:
            agents = orders.get(agents) or orders.setdefault(agents, better_first(agents, records))
        slot = None if agents in full else _free_slot(agents, sizes, taken, at_work)
        if slot is None:
            full.add(agents)
            continue
        if leg.key not in crowded and len(crowded) < MOST_CROWDED and _is_crowded(snapshot, leg, busy):
            crowded[leg.key] = leg  # its turn comes when there is no other work
            continue
        yield TakeLeg(leg.key, slot)
        taken.add(slot)
        at_work[slot.rpartition("#")[0]] += 1
        busy.add(leg.workstream)
        free -= 1
        if free <= 0:
            return


def _one_after_the_other(first: Iterable[Leg], then: Mapping[str, Leg]) -> Iterator[Leg]:
    """Yield the legs of the one, then those that are in the other by then."""
    yield from first
    yield from tuple(then.values())


def _is_crowded(snapshot: Snapshot, leg: Leg, busy: Iterable[str]) -> bool:
    """Tell whether a leg may write files that a workstream under way may write too."""
    files = snapshot.workstreams[leg.workstream].outline.files
    if not files:
        return False
    others = (snapshot.workstreams[one].outline.files for one in busy if one != leg.workstream)
    return any(other and overlap(files, other) for other in others)


def _may_begin(snapshot: Snapshot, leg: Leg, now: float) -> bool:
    return (leg.state is State.READY and snapshot.approval_of(leg) is None) or _is_due(snapshot, leg, now)


def _is_due(snapshot: Snapshot, leg: Leg, now: float) -> bool:
    due = leg.state is State.RETRYING and leg.retry_at <= now and not leg.taken_over
    return due and snapshot.workstreams[leg.workstream].wanted


def _agents_for(snapshot: Snapshot, leg: Leg) -> tuple[str, ...]:
    """Return the profiles that may do a leg, in the operator's order."""
    agents = snapshot.workstreams[leg.workstream].outline.agents
    if leg.continues and (run := snapshot.runs.get(leg.continues)) is not None:
        own = run.slot.rpartition("#")[0]  # only it can go on with its session
        agents = tuple(sorted(agents, key=lambda one: one != own))
    return tuple(one for one in agents if one != leg.avoid) if leg.avoid else agents


def able(snapshot: Snapshot, leg: Leg) -> tuple[str, ...]:
    """Return the profiles that may do a leg once they are awake and free: what drains or is quarantined stays out."""
    held = snapshot.held_slots()
    open_now = {slot.rpartition("#")[0] for slot in snapshot.slots() if slot not in held} - snapshot.draining
    return tuple(one for one in _agents_for(snapshot, leg) if one in open_now)


def records_of(snapshot: Snapshot, known: Mapping[str, Record]) -> dict[str, Record]:
    """Return what is known of this plan's profiles, by their names here; it is `known` by their digests."""
    return {one.name: known[one.digest] for one in snapshot.outline.profiles if one.digest in known} if known else {}


def _free_slot(
    agents: Iterable[str], sizes: Mapping[str, int], taken: Container[str | None], at_work: Counter[str]
) -> str | None:
    for name in agents:
        if at_work[name] >= sizes.get(name, 0):
            continue
        for number in range(1, sizes[name] + 1):
            if f"{name}#{number}" not in taken:
                return f"{name}#{number}"
    return None


def _clean_ups(snapshot: Snapshot) -> Iterator[Todo]:
    for workstream in snapshot.workstreams.values():
        if not workstream.worktree or workstream.clean_up_refused:
            continue
        merged = snapshot.outline.clean_merged and snapshot.is_merged(workstream.id)
        if workstream.clean_up or merged:
            yield CleanUp(workstream.id)


def _wake_ups(snapshot: Snapshot, active: Iterable[Leg], now: float) -> Iterator[Todo]:
    times = [leg.retry_at for leg in active if leg.state in (State.RETRYING, State.QUEUED) and leg.retry_at > now]
    times += [sleep.until for sleep in snapshot.sleepers(now).values()]
    if times:
        yield WakeAt(min(times))
