"""The log of base: which of its last commits are the merges of which legs, and which came from elsewhere. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from cockpit.schedule.snapshot import Merge, Snapshot


class Commit(Struct, frozen=True, array_like=True):
    """A commit of base along its first parents: its id, its time, who made it, what it says."""

    id: str
    at: float
    author: str
    subject: str


def told_commits(answer: Mapping[str, Any]) -> tuple[Commit, ...]:
    """Return a driver's answer as the commits that it names, the newest first."""
    return tuple(Commit(str(one), float(at), str(by), str(subject)) for one, at, by, subject in answer["commits"])


def merges_of(snapshot: Snapshot, commits: Sequence[Commit]) -> dict[str, Merge]:
    """Return the merge that each commit belongs to: one that was rebased has several; those of others are left out."""
    by_end = {one.commit: one for one in snapshot.merges if one.commit != one.onto}
    undone = {one.reverted: one for one in snapshot.merges if one.reverted}
    known = {one.id for one in commits}
    found: dict[str, Merge] = {}
    under_way: Merge | None = None
    for one in commits:
        if under_way is not None and one.id == under_way.onto:
            under_way = None
        under_way = by_end.get(one.id, under_way)
        merge = undone.get(one.id, under_way)
        if merge is not None:
            found[one.id] = merge
        if under_way is not None and under_way.onto not in known:
            under_way = None  # where it began is not in sight: nothing before it is taken for it
    return found
