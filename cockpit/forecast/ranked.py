"""A snapshot whose workstreams name their agents as decide orders them by their records, for a virtual clock. Pure."""

from collections.abc import Mapping

from msgspec.structs import replace

from cockpit.schedule.decide import records_of
from cockpit.schedule.records import Record, better_first
from cockpit.schedule.snapshot import Snapshot


def ranked(snapshot: Snapshot, records: Mapping[str, Record]) -> Snapshot:
    """Return a snapshot in which agents with clearly better records (by digest) stand before those named first."""
    known = records_of(snapshot, records)
    changed = {}
    for key, one in snapshot.workstreams.items() if known else ():
        agents = better_first(one.outline.agents, known)
        if agents != one.outline.agents:
            changed[key] = replace(one, outline=replace(one.outline, agents=agents))
    return replace(snapshot, workstreams={**snapshot.workstreams, **changed}) if changed else snapshot
