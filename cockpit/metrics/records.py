"""What each run came to, and the sums by agent profile, role and plan: folded from a snapshot. Pure."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from cockpit.clock import span
from cockpit.schedule.records import LEAST, Record, clean_rate, summed
from cockpit.schedule.snapshot import Run, Snapshot


class RunRecord(Struct, frozen=True):
    """One run that ended: of which plan and profile (a digest of what it ran, and its name there), and what it did."""

    plan: str
    run: str
    profile: str
    name: str
    role: str
    ended: float
    record: Record


def run_records(snapshot: Snapshot) -> tuple[RunRecord, ...]:
    """Return the records of all runs of agents that ended, in the order in which they were taken."""
    plan = f"{snapshot.outline.name}@{snapshot.outline.repo}"
    return tuple(
        RunRecord(plan, run.id, run.profile, name, _role(snapshot, run), run.ended, record_of(snapshot, run))
        for run in snapshot.runs.values()
        if run.ended is not None and (name := run.slot.rpartition("#")[0])
    )


def record_of(snapshot: Snapshot, run: Run) -> Record:
    """Return what one run came to; its change is clean when no violation counts and every gate passed at once."""
    tally, cost = run.tally, snapshot.usage.get(run.id)
    clean = tally.judged and not tally.flawed and tally.gates == tally.passed
    return Record(
        runs=1,
        judged=int(tally.judged),
        flawed=int(tally.flawed),
        clean=int(clean),
        retries=int(run.attempt > 1),
        quarantines=tally.quarantines,
        releases=tally.releases,
        held_s=tally.held_s,
        gates=tally.gates,
        passed=tally.passed,
        usd=cost.usd if cost else 0.0,
    )


def by(records: Iterable[RunRecord], key: Callable[[RunRecord], str]) -> dict[str, Record]:
    """Return the sums of records that have the same key: a profile's digest or name, a role, a plan."""
    groups: dict[str, list[Record]] = {}
    for one in records:
        groups.setdefault(key(one), []).append(one.record)
    return {name: summed(group) for name, group in groups.items()}


def words(record: Record) -> str:
    """Return a record in one line; what there is nothing to say about is left out."""
    said = [f"{record.runs} {'run' if record.runs == 1 else 'runs'}"]
    if record.judged:
        share = f" ({record.clean / record.judged:.0%})" if record.judged >= LEAST else ""
        said.append(f"{record.clean} of {record.judged} changes clean{share}")
    said += [f"{record.flawed} with violations"] if record.flawed else []
    if record.quarantines:
        until = f", released after {span(record.held_s / record.releases)}" if record.releases else ""
        said.append(f"{record.quarantines} quarantined{until}")
    said += [f"{record.retries} retried"] if record.retries else []
    said += [f"{record.passed} of {record.gates} gates passed"] if record.gates else []
    said += [f"${record.usd:.2f}"] if record.usd else []
    return ", ".join(said)


def shape(record: Record) -> dict[str, float]:
    """Return a record as JSON values, with the rates that follow from it."""
    given = {name: getattr(record, name) for name in Record.__struct_fields__}
    return {
        **given,
        "violation_rate": record.flawed / record.judged if record.judged else 0.0,
        "clean_rate": record.clean / record.judged if record.judged else 0.0,
        "gate_pass_rate": record.passed / record.gates if record.gates else 0.0,
        "expected_clean_rate": clean_rate(record),
    }


def _role(snapshot: Snapshot, run: Run) -> str:
    leg = snapshot.legs.get(run.leg)
    workstream = snapshot.workstreams.get(leg.workstream) if leg else None
    return workstream.outline.role if workstream else ""
