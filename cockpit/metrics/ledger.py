"""What was used, by agent, model, workstream and day: summed from the usage facts of a journal. Pure."""

import time
from collections.abc import Callable, Iterable

from msgspec import Struct

from cockpit.schedule import facts as f
from cockpit.schedule.snapshot import Cost, Snapshot, total


class Entry(Struct, frozen=True):
    """What one run used on one day (of the local calendar): whose run it was, by which agent and model."""

    day: str
    workstream: str
    leg: str
    run: str
    agent: str
    model: str
    cost: Cost


def entries(recorded: Iterable[f.Recorded], snapshot: Snapshot) -> tuple[Entry, ...]:
    """Return the ledger of a journal, day by day.

    Each usage fact holds the sum of its run so far: it is the difference to the one before that counts.
    """
    so_far: dict[str, Cost] = {}
    found: dict[tuple[str, str], Cost] = {}
    legs: dict[str, str] = {}
    for one in recorded:
        fact = one.fact
        if not isinstance(fact, f.UsageReported):
            continue
        now = Cost(fact.usd, fact.tokens_in, fact.tokens_cached, fact.tokens_out)
        before = so_far.get(fact.run, Cost())
        so_far[fact.run] = now
        legs[fact.run] = fact.leg
        key = (_day(one.at), fact.run)
        found[key] = total((found.get(key, Cost()), _less(now, before)))
    return tuple(_entry(snapshot, day, run, legs[run], cost) for (day, run), cost in found.items())


def by(ledger: Iterable[Entry], key: Callable[[Entry], str]) -> dict[str, Cost]:
    """Return the sums of the entries that have the same key, dearest first; days in their order."""
    groups: dict[str, list[Cost]] = {}
    for one in ledger:
        groups.setdefault(key(one), []).append(one.cost)
    sums = {name: total(costs) for name, costs in groups.items()}
    return dict(sorted(sums.items(), key=lambda item: (-item[1].usd, -item[1].tokens_in - item[1].tokens_out, item[0])))


def _entry(snapshot: Snapshot, day: str, run: str, leg: str, cost: Cost) -> Entry:
    known = snapshot.runs.get(run)
    at = snapshot.legs.get(leg)
    workstream = at.workstream if at is not None else leg.partition("/")[0]
    agent = known.slot.rpartition("#")[0] if known is not None else ""
    return Entry(day, workstream, leg, run, agent, known.model if known is not None else "", cost)


def _less(now: Cost, before: Cost) -> Cost:
    return Cost(
        now.usd - before.usd,
        now.tokens_in - before.tokens_in,
        now.tokens_cached - before.tokens_cached,
        now.tokens_out - before.tokens_out,
    )


def _day(at: float) -> str:
    try:
        return time.strftime("%Y-%m-%d", time.localtime(at))
    except (OverflowError, OSError, ValueError):
        return "?"
