"""What goes over the socket: JSON lines, each one message; facts and readings as the schedule room writes them."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from cockpit.schedule import facts as f
from cockpit.schedule.codec import decode, encode
from cockpit.schedule.facts import Recorded, from_json, to_text
from cockpit.schedule.readings import (
    ConflictReading,
    FindingReading,
    Forecast,
    PlanReading,
    Readings,
    RunReading,
    Step,
    WorktreeReading,
)
from cockpit.schedule.records import Record
from cockpit.schedule.snapshot import Snapshot

LIMIT = 64 * 1024 * 1024
_KEYED: Mapping[str, Any] = {
    "worktrees": WorktreeReading,
    "runs": RunReading,
    "conflicts": ConflictReading,
    "shared": tuple[str, ...],
    "findings": tuple[FindingReading, ...],
    "records": Record,
    "steps": Step,
    "notes": str,
    "left": float,
}
_WHOLE: Mapping[str, type] = {"forecast": Forecast, "plan": PlanReading}


def line(message: Mapping[str, Any]) -> bytes:
    """Return a message as one line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def message(text: bytes) -> dict[str, Any]:
    """Return the message in a line. Raises ValueError for what is none."""
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("a message is a JSON object")
    return found


def news(message: Mapping[str, Any], recorded: Iterable[Recorded]) -> bytes:
    """Return a message that brings facts as one line; it has other keys, too."""
    rows = ",".join(map(_row, recorded))
    return f'{json.dumps(message, separators=(",", ":"))[:-1]},"facts":[{rows}]}}\n'.encode()


def _row(one: Recorded) -> str:
    head = json.dumps([one.seq, one.at, type(one.fact).__name__])[:-1]
    return f"{head},{to_text(one.fact)},{json.dumps(one.hash)}]"


def facts_in(rows: Iterable[list[Any]]) -> tuple[Recorded, ...]:
    """Return the facts of JSON rows. Raises JournalError for what this version does not know."""
    return tuple(Recorded(seq, at, from_json(kind, data), digest) for seq, at, kind, data, digest in rows)


def readings_out(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return changed readings as JSON values."""
    return {name: encode(value) for name, value in changes.items()}


def all_readings(readings: Readings) -> dict[str, Any]:
    """Return all readings as changes."""
    return {name: getattr(readings, name) for name in Readings.__struct_fields__}


def patched(readings: Readings, changes: Mapping[str, Any]) -> Readings:
    """Return readings after changes that came as JSON values."""
    new: dict[str, Any] = {}
    for name, value in changes.items():
        if name in _KEYED:
            merged = dict(getattr(readings, name))
            for key, item in value.items():
                if item is None:
                    merged.pop(key, None)
                else:
                    merged[key] = item if _KEYED[name] is str else decode(_KEYED[name], item)
            new[name] = merged
        elif name in _WHOLE:
            new[name] = None if value is None else decode(_WHOLE[name], value)
        elif name in Readings.__struct_fields__:
            new[name] = value
    return replace(readings, **new)


_FAR_REACHING = (
    f.PlanLoaded,
    f.LaunchingHeld,
    f.LaunchingFreed,
    f.AgentLimitChanged,
    f.SlotsChanged,
    f.ProfileDrained,
    f.ProfileFreed,
    f.LegMerged,
    f.LegFailed,
    f.LegStopped,
    f.LegRetried,
    f.ConflictFound,
    f.ApprovalRefused,
    f.WorkstreamWanted,
    f.WorkstreamUnwanted,
    f.LegReverted,
)


def workstreams_of(
    snapshot: Snapshot, recorded: Iterable[Recorded], changes: Mapping[str, Any]
) -> frozenset[str] | None:
    """Return the workstreams that look different after facts and changed readings; None when it may be all of them."""
    if changes.keys() & {"forecast", "plan", "hold"}:
        return None
    found: set[str] = {*changes.get("worktrees", ()), *changes.get("conflicts", ()), *changes.get("findings", ())}
    found.update(changes.get("steps", ()), changes.get("left", ()))
    for one in recorded:
        if isinstance(one.fact, _FAR_REACHING):
            return None
        leg, workstream = getattr(one.fact, "leg", None), getattr(one.fact, "workstream", None)
        if isinstance(leg, str) and leg in snapshot.legs:
            found.add(snapshot.legs[leg].workstream)
        elif workstream is not None:
            found.add(str(workstream))
        if isinstance(one.fact, f.MessageSent):
            found.add(one.fact.to)
    for run in changes.get("runs", ()):
        if run in snapshot.runs:
            found.add(snapshot.legs[snapshot.runs[run].leg].workstream)
    return frozenset(found)
