"""What is to be done: orders from the scheduler (decide) and from humans; nothing here says how."""

from dataclasses import dataclass

VERBS = (
    "start",
    "pause",
    "resume",
    "stop",
    "retry",
    "approve",
    "reject",
    "merge",
    "rebase",
    "rerun",
    "resolve",
    "resolved",
    "abandon",
    "rollback",
    "cleanup",
    "drain",
    "undrain",
    "limits",
    "trust",
    "stop-driver",
)


@dataclass(frozen=True, slots=True)
class Order:
    """An order from a human: a verb, the workstreams it is for, who gives it and why; `number` where it takes one.

    `everything`: all workstreams that the verb makes sense for; `also_needed`: start what they depend on too, or roll
    back although merged work depends on it. `expected`: what the order is about, as it was shown (the digest of a plan
    that is to be trusted).
    """

    verb: str
    targets: tuple[str, ...] = ()
    by: str = ""
    reason: str = ""
    number: int | None = None
    everything: bool = False
    also_needed: bool = False
    expected: str = ""


@dataclass(frozen=True, slots=True)
class TakeLeg:
    """Reserve a slot for a leg."""

    leg: str
    slot: str


@dataclass(frozen=True, slots=True)
class PrepareLeg:
    """Make the worktree of a leg ready and start its run."""

    leg: str
    run: str


@dataclass(frozen=True, slots=True)
class WatchRun:
    """Follow a run to its end."""

    leg: str
    run: str


@dataclass(frozen=True, slots=True)
class EndRun:
    """End a run's process tree."""

    leg: str
    run: str


@dataclass(frozen=True, slots=True)
class CheckLeg:
    """Commit a leg's work and run its gates."""

    leg: str
    run: str


@dataclass(frozen=True, slots=True)
class StartMerge:
    """Begin the integration of legs, in this order."""

    legs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Integrate:
    """Build, check and publish the merges of legs, in this order."""

    legs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CleanUp:
    """Remove a workstream's worktree, rescue first."""

    workstream: str


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Decide again at a time (seconds since the epoch)."""

    at: float


@dataclass(frozen=True, slots=True)
class Resolve:
    """Do one step of a conflict's resolution."""

    leg: str
    how: str


@dataclass(frozen=True, slots=True)
class Revert:
    """Undo the merge of a leg."""

    leg: str


Todo = (
    TakeLeg | PrepareLeg | WatchRun | EndRun | CheckLeg | StartMerge | Integrate | CleanUp | Resolve | Revert | WakeAt
)
