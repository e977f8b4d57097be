"""What a human decided about: the commits that were shown, named in the order, so newer work is not meant. Pure."""

from collections.abc import Iterable

from cockpit.errors import OrderRefusedError
from cockpit.schedule.snapshot import Leg, Merge, Snapshot, last_merge

SHORTEST = 7
START = "start"
DECIDING = frozenset({"approve", "reject", "merge", "rollback"})
"""The verbs whose orders name what was shown."""


def shown(snapshot: Snapshot, targets: Iterable[str], verb: str = "") -> str:
    """Return what an order that decides about workstreams names: the commits of their legs, or `start`.

    A rollback names the commits that merged them.
    """
    if verb == "rollback":
        merges = [last_merge(snapshot, target) for target in targets]
        return " ".join(dict.fromkeys(one.commit for one in merges if one))
    legs = [snapshot.leg_under_way(target) for target in targets if target in snapshot.workstreams]
    return " ".join(dict.fromkeys(named for leg in legs if (named := _named(snapshot, leg))))


def require_shown(snapshot: Snapshot, leg: Leg, expected: str) -> None:
    """Refuse a decision about other work than what was shown; one that names nothing is about what is there now."""
    if not expected:
        return
    named, now = expected.split(), _named(snapshot, leg)
    if now in named or any(len(one) >= SHORTEST and now.startswith(one) for one in named):
        return
    what = "its start now" if now == START else f"{now[:9]} now" if now else "nothing that was committed"
    raise OrderRefusedError(f"{leg.workstream} is not what was shown any more: it is about {what}; look at it again")


def require_merge_shown(merge: Merge, expected: str) -> None:
    """Refuse the rollback of another merge than was shown; an order that names none is about the last one."""
    if expected and not is_named(merge.commit, expected):
        what = f"its last merge is {merge.commit[:9]} now"
        raise OrderRefusedError(f"{merge.workstream} is not what was shown any more: {what}; look at it again")


def is_named(commit: str, expected: str) -> bool:
    """Tell whether an order names a commit."""
    named = expected.split()
    return bool(commit) and (commit in named or any(len(one) >= SHORTEST and commit.startswith(one) for one in named))


def _named(snapshot: Snapshot, leg: Leg) -> str:
    return START if snapshot.approval_of(leg) == START else leg.commit
