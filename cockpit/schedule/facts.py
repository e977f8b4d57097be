"""Everything that can happen, as frozen facts in the past tense; what they mean is said by fold, never here."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from cockpit.errors import JournalError
from cockpit.schedule.codec import decode, encode
from cockpit.schedule.outline import Outline


@dataclass(frozen=True, slots=True)
class Fact:
    """Root of all facts. `durable`: on disk before its effect is announced (synchronous FULL)."""

    durable: ClassVar[bool] = True
    version: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class LegFact(Fact):
    """A fact about one leg, named by its key."""

    leg: str


@dataclass(frozen=True, slots=True)
class PlanLoaded(Fact):
    """A plan came into force: its text as the operator wrote it, and what the scheduler needs of it."""

    path: str
    text: str
    outline: Outline


@dataclass(frozen=True, slots=True)
class DriverStarted(Fact):
    """A driver took the plan."""

    pid: int
    version_of: str = ""


@dataclass(frozen=True, slots=True)
class DriverEnded(Fact):
    """A driver gave the plan back in good order."""

    pid: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OrderGiven(Fact):
    """Somebody gave an order; `by` names who (`user@screen`, `user@command`)."""

    order: str
    verb: str
    targets: tuple[str, ...] = ()
    by: str = ""
    reason: str = ""
    number: int | None = None
    everything: bool = False
    also_needed: bool = False
    expected: str = ""


@dataclass(frozen=True, slots=True)
class OrderDone(Fact):
    """An order was carried out; `note` says what came of it."""

    order: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class OrderRefused(Fact):
    """An order could not be carried out, for a reason."""

    order: str
    reason: str


@dataclass(frozen=True, slots=True)
class WorkstreamWanted(Fact):
    """A workstream was marked as wanted: its legs run as soon as they can."""

    workstream: str


@dataclass(frozen=True, slots=True)
class WorkstreamUnwanted(Fact):
    """A workstream is no longer wanted: nothing new of it starts."""

    workstream: str


@dataclass(frozen=True, slots=True)
class LaunchingHeld(Fact):
    """The operator asked that nothing new is launched."""


@dataclass(frozen=True, slots=True)
class LaunchingFreed(Fact):
    """The operator let launching go on."""


@dataclass(frozen=True, slots=True)
class AgentLimitChanged(Fact):
    """The number of agents at once was changed by the operator."""

    agents: int


@dataclass(frozen=True, slots=True)
class LegTaken(LegFact):
    """A slot took a leg: the worktree is being made ready for a run."""

    run: str
    slot: str


@dataclass(frozen=True, slots=True)
class WorktreeMade(LegFact):
    """The worktree of a leg stands on `base` (a commit), with its branch checked out and its set-up done."""

    path: str
    branch: str
    base: str


@dataclass(frozen=True, slots=True)
class RunStarted(LegFact):
    """An agent process started on a leg; `folder` is the run's folder."""

    run: str
    pid: int
    folder: str = ""


@dataclass(frozen=True, slots=True)
class RunAdopted(LegFact):
    """A driver found a run of an earlier driver and took it over."""

    run: str
    pid: int


@dataclass(frozen=True, slots=True)
class EndAsked(LegFact):
    """The operator wants the leg's run to end: `why` is pause or stop."""

    why: str


@dataclass(frozen=True, slots=True)
class RunEnded(LegFact):
    """A run ended and its process tree is gone; `outcome`: done, failed, timeout, stalled, stopped, unknown."""

    run: str
    outcome: str
    code: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class UsageReported(LegFact):
    """What a run used, in total."""

    durable: ClassVar[bool] = False

    run: str
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    usd: float = 0.0


@dataclass(frozen=True, slots=True)
class ChecksStarted(LegFact):
    """A run was done and its work is being committed and checked."""


@dataclass(frozen=True, slots=True)
class WorkCommitted(LegFact):
    """Cockpit committed what a run left in the worktree; counts are of the whole leg against its base."""

    commit: str
    tree: str
    base: str = ""
    files: int = 0
    added: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class GateFinished(LegFact):
    """A gate ended on a tree; `output` is the path of what it printed, `how` a digest of what the gate does."""

    durable: ClassVar[bool] = False

    gate: str
    ok: bool
    tree: str
    seconds: float = 0.0
    reason: str = ""
    output: str = ""
    how: str = ""


@dataclass(frozen=True, slots=True)
class ReviewAsked(LegFact):
    """A leg passed its gates and awaits a human's yes to its merge."""


@dataclass(frozen=True, slots=True)
class ApprovalGiven(LegFact):
    """A human said yes to a start or a merge (`what`)."""

    what: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalRefused(LegFact):
    """A human said no; the next run is told why."""

    what: str
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MergeQueued(LegFact):
    """A leg needs no approval (or has it) and awaits its merge."""


@dataclass(frozen=True, slots=True)
class MergeStarted(LegFact):
    """The integration of a leg began."""


@dataclass(frozen=True, slots=True)
class MergeBuilt(LegFact):
    """The commit that will merge a leg exists, on top of `onto`; base has not moved yet."""

    commit: str
    tree: str
    onto: str


@dataclass(frozen=True, slots=True)
class LegMerged(LegFact):
    """Base holds the leg's work in `commit` (empty where there was nothing to merge)."""

    commit: str = ""


@dataclass(frozen=True, slots=True)
class MergeDeferred(LegFact):
    """A merge has to wait: what is in the way, and until when to wait before the next try."""

    reason: str
    until: float = 0.0
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConflictFound(LegFact):
    """A leg does not merge with base: the paths in conflict; base and all checkouts are untouched.

    `report` is the file that describes it.
    """

    paths: tuple[str, ...]
    onto: str = ""
    report: str = ""


@dataclass(frozen=True, slots=True)
class ResolutionAsked(LegFact):
    """Somebody wants a conflict resolved: `how` is rebase, rerun, resolve, resolved or abandon."""

    how: str


@dataclass(frozen=True, slots=True)
class ResolutionEnded(LegFact):
    """A step of a resolution ended: `note` says what came of it, `path` is the worktree that is open for it."""

    note: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class LegRebased(LegFact):
    """A leg's work was brought onto a newer base: `commit` is its work there."""

    base: str
    commit: str
    tree: str
    rescue: str = ""


@dataclass(frozen=True, slots=True)
class RollbackAsked(LegFact):
    """The operator wants a merged leg undone."""


@dataclass(frozen=True, slots=True)
class LegReverted(LegFact):
    """Base holds a commit that undoes a merged leg; its work is back in review, with its branch."""

    commit: str


@dataclass(frozen=True, slots=True)
class RollbackEnded(LegFact):
    """A rollback did not happen, for a reason; base is as it was."""

    reason: str


@dataclass(frozen=True, slots=True)
class Recovered(Fact):
    """A driver found what an earlier one left behind, and put it right: one line for each thing."""

    found: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RetryScheduled(LegFact):
    """A leg failed and will be run again at a time (seconds since the epoch)."""

    at: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LegFailed(LegFact):
    """A leg failed for good, until a human orders a retry."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class LegRetried(LegFact):
    """A human ordered a new run of a leg."""


@dataclass(frozen=True, slots=True)
class LegPaused(LegFact):
    """A run was ended so that it can be resumed."""


@dataclass(frozen=True, slots=True)
class LegResumed(LegFact):
    """A paused leg may go on."""


@dataclass(frozen=True, slots=True)
class LegStopped(LegFact):
    """A leg was stopped by the operator."""


@dataclass(frozen=True, slots=True)
class CleanUpAsked(Fact):
    """The operator asked for a workstream's worktree to be removed."""

    workstream: str


@dataclass(frozen=True, slots=True)
class WorkRescued(Fact):
    """Work that would have gone away is kept under a rescue ref."""

    workstream: str
    ref: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class WorktreeRemoved(Fact):
    """A workstream's worktree (and branch) went; `rescue` is the ref that keeps what only they held."""

    workstream: str
    path: str
    rescue: str = ""
    freed: int = 0


@dataclass(frozen=True, slots=True)
class CleanUpRefused(Fact):
    """A worktree was left where it is, for a reason."""

    workstream: str
    reason: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A fact as the journal holds it: number, time (seconds since the epoch), and the hash that chains it."""

    seq: int
    at: float
    fact: Fact
    hash: str = field(default="", compare=False)


def _all_kinds(root: type[Fact]) -> dict[str, type[Fact]]:
    kinds = {root.__name__: root}
    for child in root.__subclasses__():
        kinds.update(_all_kinds(child))
    return kinds


KINDS = {name: kind for name, kind in _all_kinds(Fact).items() if name not in ("Fact", "LegFact")}


def to_json(fact: Fact) -> dict[str, Any]:
    """Return a fact's fields as a JSON object, without its kind."""
    data: dict[str, Any] = encode(fact)
    return data


def from_json(kind: str, data: dict[str, Any]) -> Fact:
    """Return the fact of a kind from its fields. Raises JournalError for what this version does not know."""
    if kind not in KINDS:
        raise JournalError(f"unknown kind of fact: {kind}")
    try:
        return decode(KINDS[kind], data)
    except (TypeError, ValueError, KeyError) as error:
        raise JournalError(f"a {kind} that does not fit: {error}") from error
