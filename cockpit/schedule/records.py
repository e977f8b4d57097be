"""How well an agent profile did so far, and which of several profiles goes first for that. Pure.

A profile's clean rate is the mean of a Beta distribution: PRIOR says what is believed before anything was judged (four
of five changes are clean, as sure as after 20 changes), and each change that was judged is counted on top of it.
Fewer than LEAST changes count as none. One profile goes before another that the operator named first only where its
clean rate is higher by MARGIN or more; else the operator's order stands. So it takes several changes, not one unlucky
one, before anything is reordered, and nothing but a clear difference does it.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

PRIOR = (16.0, 4.0)
LEAST = 5
MARGIN = 0.15


class Record(Struct, frozen=True):
    """What is known of the runs of a profile, in sums.

    `judged` changes were scanned, `flawed` of them had a violation, `clean` had none and passed every gate at once;
    `retries` are runs after a leg's first; `held_s` is the time of all `releases` from quarantine.
    """

    runs: int = 0
    judged: int = 0
    flawed: int = 0
    clean: int = 0
    retries: int = 0
    quarantines: int = 0
    releases: int = 0
    held_s: float = 0.0
    gates: int = 0
    passed: int = 0
    usd: float = 0.0


def summed(records: Iterable[Record]) -> Record:
    """Return what several records come to."""
    every = list(records)
    sums = {name: sum(getattr(one, name) for one in every) for name in Record.__struct_fields__}
    return Record(**sums)


def clean_rate(record: Record | None) -> float:
    """Return how likely a change of a profile is clean: the mean of the posterior, or of the prior for too few."""
    good, bad = PRIOR
    if record is not None and record.judged >= LEAST:
        clean = min(record.clean, record.judged)
        good, bad = good + clean, bad + record.judged - clean
    return good / (good + bad)


def better_first(agents: Sequence[str], records: Mapping[str, Record]) -> tuple[str, ...]:
    """Return profiles with the clearly better ones moved forward; without a clear difference, as they were given.

    Each is moved past those right before it that it clearly beats. `records` are by profile.
    """
    if len(agents) < 2 or not records:
        return tuple(agents)
    rates = {one: clean_rate(records.get(one)) for one in agents}
    ordered: list[str] = []
    for one in agents:
        at = len(ordered)
        while at and rates[one] - rates[ordered[at - 1]] >= MARGIN:
            at -= 1
        ordered.insert(at, one)
    return tuple(ordered)
