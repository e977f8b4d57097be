"""What is to be done: orders from the scheduler (decide) and from humans; nothing here says how."""

from msgspec import Struct

from cockpit.schedule.comments import Comment

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
    "release",
    "waive",
    "discard",
    "rollback",
    "cleanup",
    "takeover",
    "handback",
    "drain",
    "undrain",
    "limits",
    "answer",
    "note",
    "ask",
    "withdraw",
    "send",
    "tell",
    "prompt",
    "inbox",
    "shared",
    "done",
    "trust",
    "stop-driver",
)


class Order(Struct, frozen=True):
    """An order from a human: a verb, the workstreams it is for, who gives it and why; `number` where it takes one.

    `everything`: all workstreams that the verb makes sense for; `also_needed`: start what they depend on too, or roll
    back although merged work depends on it. `expected`: what the order is about, as it was shown: the digest of a plan
    that is to be trusted, the commits of the work that is decided about (see `shown`), the
    violations that are waived, or for which something is released or discarded, a question, a recipient, a path.
    `how`: the way of a release (see `releasing`), the run that an agent's own order comes from, `always` for an answer.
    `words`: the choices of a question, what is done, or the agent profiles that limits and draining are for.
    `comments`: what is said of single lines of the work that is refused.
    """

    verb: str
    targets: tuple[str, ...] = ()
    by: str = ""
    reason: str = ""
    number: int | None = None
    everything: bool = False
    also_needed: bool = False
    expected: str = ""
    how: str = ""
    words: tuple[str, ...] = ()
    comments: tuple[Comment, ...] = ()


class TakeLeg(Struct, frozen=True):
    """Reserve a slot for a leg."""

    leg: str
    slot: str


class PrepareLeg(Struct, frozen=True):
    """Make the worktree of a leg ready and start its run."""

    leg: str
    run: str


class WatchRun(Struct, frozen=True):
    """Follow a run to its end."""

    leg: str
    run: str


class EndRun(Struct, frozen=True):
    """End a run's process tree."""

    leg: str
    run: str


class CheckLeg(Struct, frozen=True):
    """Commit a leg's work and run its gates."""

    leg: str
    run: str


class StartMerge(Struct, frozen=True):
    """Begin the integration of legs, in this order."""

    legs: tuple[str, ...]


class Integrate(Struct, frozen=True):
    """Build, check and publish the merges of legs, in this order."""

    legs: tuple[str, ...]


class CleanUp(Struct, frozen=True):
    """Remove a workstream's worktree, rescue first."""

    workstream: str


class WakeAt(Struct, frozen=True):
    """Decide again at a time (seconds since the epoch)."""

    at: float


class Resolve(Struct, frozen=True):
    """Do one step of a conflict's resolution."""

    leg: str
    how: str


class Revert(Struct, frozen=True):
    """Undo the merge of a leg."""

    leg: str


class TakeOver(Struct, frozen=True):
    """See what a worktree holds that a human takes over."""

    leg: str


class HandBack(Struct, frozen=True):
    """See what a human changed in a worktree, and go on as said."""

    leg: str
    how: str


Todo = (
    TakeLeg
    | PrepareLeg
    | WatchRun
    | EndRun
    | CheckLeg
    | StartMerge
    | Integrate
    | CleanUp
    | Resolve
    | Revert
    | TakeOver
    | HandBack
    | WakeAt
)
