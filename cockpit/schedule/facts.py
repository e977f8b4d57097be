"""Everything that can happen, as frozen facts in the past tense; what they mean is said by fold, never here.

It is longer than other modules since it is the one list of what a journal may hold.

A kind of fact is a class `Name(LegFact, frozen=True)` (or `Fact`) with typed fields, those that an older journal lacks
with a default; `msgspec.structs.replace`, `fields` and `asdict` take the place of those of `dataclasses`. A class made
this way costs a fiftieth of a frozen dataclass at start-up, and a copy a twentieth.
"""

import json
from collections.abc import Callable
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from cockpit.errors import JournalError
from cockpit.schedule.changed import PlanChange
from cockpit.schedule.codec import decode, decode_text, encode
from cockpit.schedule.comments import Comment
from cockpit.schedule.outline import Outline


class Fact(Struct, frozen=True):
    """Root of all facts. `durable`: on disk before its effect is announced (synchronous FULL)."""

    durable: ClassVar[bool] = True
    version: ClassVar[int] = 1


class LegFact(Fact, frozen=True):
    """A fact about one leg, named by its key."""

    leg: str


class PlanLoaded(Fact, frozen=True):
    """A plan came into force: its text as the operator wrote it, and what the scheduler needs of it.

    `trust` says what of the text was trusted: `whole`, `part` (what trust covers stayed as it was), or nothing.
    """

    path: str
    text: str
    outline: Outline
    trust: str = ""


class PlanChanged(Fact, frozen=True):
    """A new version of the plan came into force: what it changed, and what that meant for the work under way.

    `left_out` says how many changes are not in it, of very many.
    """

    changes: tuple[PlanChange, ...]
    left_out: int = 0


class DriverStarted(Fact, frozen=True):
    """A driver took the plan."""

    pid: int
    version_of: str = ""


class DriverEnded(Fact, frozen=True):
    """A driver gave the plan back in good order."""

    pid: int
    reason: str = ""


class OrderGiven(Fact, frozen=True):
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
    how: str = ""
    words: tuple[str, ...] = ()


class OrderDone(Fact, frozen=True):
    """An order was carried out; `note` says what came of it."""

    order: str
    note: str = ""


class OrderRefused(Fact, frozen=True):
    """An order could not be carried out, for a reason."""

    order: str
    reason: str


class WorkstreamWanted(Fact, frozen=True):
    """A workstream was marked as wanted: its legs run as soon as they can."""

    workstream: str


class WorkstreamUnwanted(Fact, frozen=True):
    """A workstream is no longer wanted: nothing new of it starts."""

    workstream: str


class LaunchingHeld(Fact, frozen=True):
    """The operator asked that nothing new is launched."""


class LaunchingFreed(Fact, frozen=True):
    """The operator let launching go on."""


class AgentLimitChanged(Fact, frozen=True):
    """The number of agents at once was changed by the operator."""

    agents: int


class SlotsChanged(Fact, frozen=True):
    """The number of an agent profile's slots was changed by the operator."""

    profile: str
    slots: int


class ProfileDrained(Fact, frozen=True):
    """The operator asked that an agent profile takes no further leg; what it runs goes on."""

    profile: str


class ProfileFreed(Fact, frozen=True):
    """The operator let an agent profile take legs again."""

    profile: str


class LegTaken(LegFact, frozen=True):
    """A slot took a leg: the worktree is being made ready for a run."""

    run: str
    slot: str


class WorktreeMade(LegFact, frozen=True):
    """The worktree of a leg stands on `base` (a commit), with its branch checked out and its set-up done."""

    path: str
    branch: str
    base: str


class RunStarted(LegFact, frozen=True):
    """An agent process started on a leg; `folder` is the run's folder."""

    run: str
    pid: int
    folder: str = ""


class RunAdopted(LegFact, frozen=True):
    """A driver found a run of an earlier driver and took it over."""

    run: str
    pid: int


class EndAsked(LegFact, frozen=True):
    """The operator wants the leg's run to end: `why` is pause or stop."""

    why: str


class RunEnded(LegFact, frozen=True):
    """A run ended and its process tree is gone; `outcome`: done, refused, failed, timeout, stalled, stopped, unknown.

    `session` is what the agent calls its conversation, where it can go on with that.
    """

    run: str
    outcome: str
    code: int | None = None
    reason: str = ""
    session: str = ""


class UsageReported(LegFact, frozen=True):
    """What a run used, in total."""

    durable: ClassVar[bool] = False

    run: str
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    usd: float = 0.0


class ProfileSlept(LegFact, frozen=True):
    """A quota or rate limit ended a run: its profile takes no leg until a time (seconds since the epoch)."""

    run: str
    profile: str
    until: float
    reason: str = ""


class ChecksStarted(LegFact, frozen=True):
    """A run was done and its work is being committed and checked."""


class WorkCommitted(LegFact, frozen=True):
    """Cockpit committed what a run left in the worktree; counts are of the whole leg against its base."""

    commit: str
    tree: str
    base: str = ""
    files: int = 0
    added: int = 0
    removed: int = 0


class GateFinished(LegFact, frozen=True):
    """A gate ended on a tree; `output` is the path of what it printed, `how` a digest of what the gate does."""

    durable: ClassVar[bool] = False

    gate: str
    ok: bool
    tree: str
    seconds: float = 0.0
    reason: str = ""
    output: str = ""
    how: str = ""


class ReviewAsked(LegFact, frozen=True):
    """A leg passed its gates and awaits a human's yes to its merge."""


class ApprovalGiven(LegFact, frozen=True):
    """A human said yes to a start or a merge (`what`); `commit` is the work that the yes is about."""

    what: str
    by: str = ""
    commit: str = ""


class ApprovalRefused(LegFact, frozen=True):
    """A human said no to `commit`; the next run is told why, and what was said of single lines."""

    what: str
    by: str = ""
    reason: str = ""
    commit: str = ""
    comments: tuple[Comment, ...] = ()


class MergeQueued(LegFact, frozen=True):
    """A leg needs no approval (or has it) and awaits its merge."""


class MergeStarted(LegFact, frozen=True):
    """The integration of a leg began."""


class MergeBuilt(LegFact, frozen=True):
    """The commit that will merge a leg exists, on top of `onto`; base has not moved yet."""

    commit: str
    tree: str
    onto: str


class LegMerged(LegFact, frozen=True):
    """Base holds the leg's work in `commit` (empty where there was nothing to merge)."""

    commit: str = ""


class MergeDeferred(LegFact, frozen=True):
    """A merge has to wait: what is in the way, and until when to wait before the next try."""

    reason: str
    until: float = 0.0
    paths: tuple[str, ...] = ()


class ConflictFound(LegFact, frozen=True):
    """A leg does not merge with base: the paths in conflict; base and all checkouts are untouched.

    `report` is the file that describes it.
    """

    paths: tuple[str, ...]
    onto: str = ""
    report: str = ""


class ResolutionAsked(LegFact, frozen=True):
    """Somebody wants a conflict resolved: `how` is rebase, rerun, resolve, resolved or abandon."""

    how: str


class ResolutionEnded(LegFact, frozen=True):
    """A step of a resolution ended: `note` says what came of it, `path` is the worktree that is open for it."""

    note: str = ""
    path: str = ""


class LegRebased(LegFact, frozen=True):
    """A leg's work was brought onto a newer base: `commit` is its work there."""

    base: str
    commit: str
    tree: str
    rescue: str = ""


class RollbackAsked(LegFact, frozen=True):
    """The operator wants a merged leg undone."""


class LegReverted(LegFact, frozen=True):
    """Base holds a commit that undoes a merged leg; its work is back in review, with its branch."""

    commit: str


class RollbackEnded(LegFact, frozen=True):
    """A rollback did not happen, for a reason; base is as it was."""

    reason: str


class Recovered(Fact, frozen=True):
    """A driver found what an earlier one left behind, and put it right: one line for each thing."""

    found: tuple[str, ...]


class RetryScheduled(LegFact, frozen=True):
    """A leg failed and will be run again at a time (seconds since the epoch).

    `counted`: it is one of the plan's retries; it is not where only a quota ended the run.
    """

    at: float
    reason: str = ""
    counted: bool = True


class LegFailed(LegFact, frozen=True):
    """A leg failed for good, until a human orders a retry."""

    reason: str = ""


class LegRetried(LegFact, frozen=True):
    """A human ordered a new run of a leg."""


class ViolationFound(LegFact, frozen=True):
    """A rule is broken at a place of a leg's change; `missing` are lines that went away with it.

    `id` stays the same for the same finding in the same leg; `slot` and `run` are those that wrote it.
    """

    id: str
    rule: str
    severity: str
    path: str
    line: int = 0
    excerpt: str = ""
    message: str = ""
    missing: tuple[str, ...] = ()
    slot: str = ""
    run: str = ""


class ViolationFixed(LegFact, frozen=True):
    """A violation is no longer there."""

    id: str


class ViolationWaived(LegFact, frozen=True):
    """A human lets a violation stand, for a reason."""

    id: str
    by: str = ""
    reason: str = ""


class WorkScanned(LegFact, frozen=True):
    """What a leg committed was judged: how many violations stand, what comments allow, and what was not looked at.

    `allowed` and `skipped` are lines for the review: a place with its rule and reason, a path with why.
    """

    run: str
    commit: str
    found: int = 0
    allowed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


class LegQuarantined(LegFact, frozen=True):
    """A leg and the slot that wrote it are stopped, for violations, until a human releases them."""

    slot: str
    violations: tuple[str, ...] = ()
    reason: str = ""


class LegReleased(LegFact, frozen=True):
    """A human let a quarantined leg run again; `how` is resume, restart or other."""

    how: str
    by: str = ""
    reason: str = ""


class LegReset(LegFact, frozen=True):
    """A leg's work so far was set aside: its next run begins on base."""


class LegPaused(LegFact, frozen=True):
    """A run was ended so that it can be resumed."""


class LegResumed(LegFact, frozen=True):
    """A paused leg may go on."""


class LegStopped(LegFact, frozen=True):
    """A leg was stopped by the operator."""


class TakeOverAsked(LegFact, frozen=True):
    """A human wants to work in a leg's worktree: nothing of the leg begins until it is handed back."""

    by: str = ""


class TakenOver(LegFact, frozen=True):
    """A leg's worktree is a human's from now on; `tree` is what it held then, empty where that is not known."""

    tree: str = ""


class HandBackAsked(LegFact, frozen=True):
    """A human is done in a worktree that was taken over; `how` is go-on, review or leave."""

    how: str
    by: str = ""
    reason: str = ""


class HandedBack(LegFact, frozen=True):
    """A worktree is cockpit's again; `paths` differ from what it held before, `changed` tells whether any does."""

    how: str
    by: str = ""
    paths: tuple[str, ...] = ()
    changed: bool = False


class PromptChanged(LegFact, frozen=True):
    """The operator changed what is added to the prompt of a leg's next run; no text: nothing is."""

    text: str
    by: str = ""


class AdditionTold(LegFact, frozen=True):
    """A run was told what the operator had added to its prompt; later runs of the leg are told it again."""

    run: str
    text: str


class HandBackRefused(LegFact, frozen=True):
    """A worktree cannot be cockpit's again as it is, for a reason; it stays a human's."""

    reason: str


class CleanUpAsked(Fact, frozen=True):
    """The operator asked for a workstream's worktree to be removed."""

    workstream: str


class WorkRescued(Fact, frozen=True):
    """Work that would have gone away is kept under a rescue ref."""

    workstream: str
    ref: str
    why: str = ""


class WorktreeRemoved(Fact, frozen=True):
    """A workstream's worktree (and branch) went; `rescue` is the ref that keeps what only they held."""

    workstream: str
    path: str
    rescue: str = ""
    freed: int = 0


class CleanUpRefused(Fact, frozen=True):
    """A worktree was left where it is, for a reason."""

    workstream: str
    reason: str


class NoteMade(LegFact, frozen=True):
    """An agent noted how far it is."""

    durable: ClassVar[bool] = False

    run: str
    text: str


class DoneClaimed(LegFact, frozen=True):
    """An agent said that issues, or points of the checklist, are done; nothing follows from it but that it is shown."""

    run: str
    items: tuple[str, ...]


class QuestionAsked(LegFact, frozen=True):
    """An agent asked the operator something, and waits; `by` is its slot.

    `slow`: patterns of the plan's replies that took too long on it, and so matched nothing.
    """

    id: str
    run: str
    text: str
    choices: tuple[str, ...] = ()
    by: str = ""
    slow: tuple[str, ...] = ()


class QuestionAnswered(LegFact, frozen=True):
    """A question was closed: `how` is operator, automatic (a reply given beforehand; `by` says which) or timeout.

    `always`: the same question of that workstream is answered so from now on.
    """

    id: str
    text: str = ""
    by: str = ""
    how: str = ""
    always: bool = False


class MessageSent(LegFact, frozen=True):
    """The agent of a leg sent a message to another workstream (`to`)."""

    id: str
    to: str
    text: str
    run: str = ""


class AgentTold(LegFact, frozen=True):
    """The operator said something to the agent of a run that can be talked to while it works."""

    id: str
    run: str
    text: str
    by: str = ""


class MessagesRead(LegFact, frozen=True):
    """Messages reached the agent of a leg: in its inbox, in its prompt, or while it worked (`how`)."""

    ids: tuple[str, ...]
    how: str
    run: str = ""


class Recorded(Struct, frozen=True):
    """A fact as the journal holds it: number, time (seconds since the epoch), and the hash that chains it."""

    seq: int
    at: float
    fact: Fact
    hash: str = ""


def _all_kinds(root: type[Fact]) -> dict[str, type[Fact]]:
    kinds = {root.__name__: root}
    for child in root.__subclasses__():
        kinds.update(_all_kinds(child))
    return kinds


KINDS = {name: kind for name, kind in _all_kinds(Fact).items() if name not in ("Fact", "LegFact")}


def to_json(fact: Fact) -> dict[str, Any]:
    """Return a fact's fields as a JSON object, without its kind."""
    made: dict[str, Any] = encode(fact)
    return made


def to_text(fact: Fact) -> str:
    """Return a fact's fields as JSON text, as the journal and clients get them.

    That of a plan, often of a megabyte, is made once for its hash, its row and each client, and in a tenth of the time.
    """
    if not isinstance(fact, PlanLoaded):
        return json.dumps(encode(fact), separators=(",", ":"))
    known, text = _plan_told[0]
    if known is not fact:
        text = _plan_text(fact)
        _plan_told[0] = (fact, text)
    return text


def _plan_text(fact: PlanLoaded) -> str:
    try:
        text = msgspec.json.encode(fact).decode()
        if from_text(type(fact).__name__, text) == fact:
            return text
    except (ValueError, JournalError):
        pass  # half of a surrogate pair: json.dumps writes it, as it does infinity
    return json.dumps(encode(fact), separators=(",", ":"))


_plan_told: list[tuple[Fact | None, str]] = [(None, "")]


def from_json(kind: str, data: dict[str, Any]) -> Fact:
    """Return the fact of a kind from its fields. Raises JournalError for what this version does not know."""
    return _read(kind, decode, data)


def from_text(kind: str, text: str) -> Fact:
    """Return the fact of a kind from its fields as JSON text, in a tenth of the time. Raises JournalError."""
    return _read(kind, decode_text, text)


def _read(kind: str, how: Callable[[type[Fact], Any], Fact], written: Any) -> Fact:
    if kind not in KINDS:
        raise JournalError(f"unknown kind of fact: {kind}")
    try:
        return how(KINDS[kind], written)
    except ValueError as error:
        raise JournalError(f"a {kind} that does not fit: {error}") from error
