"""The states of a leg and the one table of legal moves; everything that affects a state transition lives here."""

from collections.abc import Mapping
from enum import StrEnum

from cockpit.errors import IllegalMoveError


class State(StrEnum):
    """The states of a leg; a workstream shows that of its leg under way."""

    WAITING = "waiting"
    READY = "ready"
    PREPARING = "preparing"
    RUNNING = "running"
    CHECKING = "checking"
    REVIEW = "review"
    QUEUED = "queued"
    MERGING = "merging"
    MERGED = "merged"
    RETRYING = "retrying"
    PAUSED = "paused"
    QUARANTINED = "quarantined"
    CONFLICT = "conflict"
    FAILED = "failed"
    STOPPED = "stopped"
    REJECTED = "rejected"


S = State

# state → name of the fact (or of the derived event DependenciesMet) → the next state
MOVES: Mapping[State, Mapping[str, State]] = {
    S.WAITING: {"DependenciesMet": S.READY},
    S.READY: {
        "LegTaken": S.PREPARING,
        "ApprovalRefused": S.REJECTED,
        "DependenciesUnmet": S.WAITING,
    },
    S.PREPARING: {
        "RunStarted": S.RUNNING,
        "RetryScheduled": S.RETRYING,
        "LegFailed": S.FAILED,
        "LegStopped": S.STOPPED,
        "LegPaused": S.PAUSED,
    },
    S.RUNNING: {
        "ChecksStarted": S.CHECKING,
        "RetryScheduled": S.RETRYING,
        "LegFailed": S.FAILED,
        "LegStopped": S.STOPPED,
        "LegPaused": S.PAUSED,
        "LegQuarantined": S.QUARANTINED,
    },
    S.CHECKING: {
        "ReviewAsked": S.REVIEW,
        "MergeQueued": S.QUEUED,
        "LegMerged": S.MERGED,
        "RetryScheduled": S.RETRYING,
        "LegFailed": S.FAILED,
        "LegStopped": S.STOPPED,
        "LegQuarantined": S.QUARANTINED,
    },
    S.REVIEW: {
        "ApprovalGiven": S.QUEUED,
        "ApprovalRefused": S.REJECTED,
        "ChecksStarted": S.CHECKING,
        "LegStopped": S.STOPPED,
    },
    S.QUEUED: {
        "MergeStarted": S.MERGING,
        "MergeQueued": S.QUEUED,
        "ApprovalRefused": S.REJECTED,
        "LegStopped": S.STOPPED,
    },
    S.MERGING: {
        "LegMerged": S.MERGED,
        "ConflictFound": S.CONFLICT,
        "MergeDeferred": S.QUEUED,
        "RetryScheduled": S.RETRYING,
        "LegFailed": S.FAILED,
        "LegStopped": S.STOPPED,
    },
    S.MERGED: {"LegReverted": S.REVIEW},
    S.RETRYING: {
        "LegTaken": S.PREPARING,
        "ChecksStarted": S.CHECKING,
        "LegStopped": S.STOPPED,
        "LegRetried": S.READY,
    },
    S.PAUSED: {"LegResumed": S.READY, "ChecksStarted": S.CHECKING, "LegStopped": S.STOPPED},
    S.QUARANTINED: {"LegReleased": S.READY, "ChecksStarted": S.CHECKING, "LegStopped": S.STOPPED},
    S.CONFLICT: {
        "LegRetried": S.READY,
        "ChecksStarted": S.CHECKING,
        "ApprovalRefused": S.REJECTED,
        "LegStopped": S.STOPPED,
    },
    S.FAILED: {"LegRetried": S.READY, "ChecksStarted": S.CHECKING, "LegStopped": S.STOPPED},
    S.STOPPED: {"LegRetried": S.READY, "ChecksStarted": S.CHECKING},
    S.REJECTED: {"LegRetried": S.READY, "ChecksStarted": S.CHECKING, "LegStopped": S.STOPPED},
}

MOVING_FACTS = frozenset(name for moves in MOVES.values() for name in moves)
HOLDS_SLOT = frozenset({S.PREPARING, S.RUNNING})
CAN_BE_ENDED = frozenset({S.PREPARING, S.RUNNING, S.CHECKING, S.MERGING})
IDLE = frozenset({S.WAITING, S.MERGED})
UNBEGUN = frozenset({S.WAITING, S.READY, S.MERGED})
BLOCKS_OTHERS = frozenset({S.FAILED, S.STOPPED, S.QUARANTINED, S.CONFLICT, S.REJECTED})
AWAITS_HUMAN = frozenset({S.REVIEW, S.QUARANTINED, S.CONFLICT, S.FAILED, S.REJECTED})
WORKING = frozenset({S.PREPARING, S.RUNNING, S.CHECKING, S.QUEUED, S.MERGING, S.RETRYING})
PAST_CHECKING = frozenset({S.REVIEW, S.QUEUED, S.MERGING, S.MERGED, S.CONFLICT})


def next_state(state: State, fact: str) -> State:
    """Return the state that a fact leads to. Raises IllegalMoveError for a fact that the state has no move for."""
    try:
        return MOVES[state][fact]
    except KeyError:
        raise IllegalMoveError(f"a leg that is {state.value} has no move for {fact}") from None
