"""fold(snapshot, fact) → snapshot: what each fact means. Pure: no I/O, no clock; the time comes with the fact."""

from collections.abc import Iterable

from msgspec.structs import replace

from cockpit.errors import IllegalMoveError
from cockpit.schedule import facts as f
from cockpit.schedule import (
    fold_cleanup,
    fold_hand,
    fold_merges,
    fold_plan,
    fold_quality,
    fold_repairs,
    fold_runs,
    fold_talk,
)
from cockpit.schedule.folding import apply
from cockpit.schedule.snapshot import Snapshot

MEANINGS = (
    fold_plan,
    fold_runs,
    fold_merges,
    fold_repairs,
    fold_quality,
    fold_cleanup,
    fold_hand,
    fold_talk,
)  # importing them is what teaches `apply` the facts


def fold(snapshot: Snapshot, recorded: f.Recorded) -> Snapshot:
    """Return the snapshot after one more fact. Raises IllegalMoveError for a fact that does not fit."""
    after = apply(recorded.fact, snapshot, recorded.at)
    return replace(after, seq=recorded.seq, at=recorded.at, hash=recorded.hash)


def replay(snapshot: Snapshot, recorded: Iterable[f.Recorded]) -> Snapshot:
    """Return the snapshot after many facts; those that don't fit are skipped and counted, never raised."""
    for one in recorded:
        try:
            snapshot = fold(snapshot, one)
        except IllegalMoveError:
            snapshot = replace(snapshot, skipped=snapshot.skipped + 1, seq=one.seq, at=one.at, hash=one.hash)
    return snapshot
