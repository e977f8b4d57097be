"""Facts in words, one line each, for commands and the screen; says what the fact says and nothing more."""

import time
from collections.abc import Callable
from functools import cache
from typing import Any

from cockpit.clock import span
from cockpit.safetext import on_one_line, safe_line
from cockpit.schedule import facts as f
from cockpit.schedule.changed import CHANGED
from cockpit.schedule.talk import TIMEOUT

_Words = Callable[[Any], str]
PLACES = 5


def line(recorded: f.Recorded, *, numbered: bool = False) -> str:
    """Return a fact as one printable line: its local time, what it is about, what happened."""
    day = time.strftime("%Y-%m-%d ", time.localtime(recorded.at)) if numbered else ""
    clock = time.strftime("%H:%M:%S", time.localtime(recorded.at))
    number = f"{recorded.seq:>6}  " if numbered else ""
    return f"{number}{day}{clock}  {safe_line(about(recorded.fact)):<16}  {on_one_line(words(recorded.fact))}"


def about(fact: f.Fact) -> str:
    """Return the leg, else the workstream, that a fact is about; `plan` where it is about the whole."""
    return getattr(fact, "leg", "") or getattr(fact, "workstream", "") or "plan"


def words(fact: f.Fact) -> str:
    """Return what happened, in words."""
    return _words()[type(fact)](fact)


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 round`, `3 rounds`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def _order(fact: f.OrderGiven) -> str:
    profiles = fact.words if fact.verb in ("limits", "drain", "undrain") else ()
    whom = "everything" if fact.everything else " ".join((*fact.targets, *profiles))
    number = f" {fact.number}" if fact.number is not None else ""
    by = f" by {fact.by}" if fact.by else ""
    again = f"waits on for {fact.expected}" if fact.verb == "ask" and fact.expected else ""
    return f"order {fact.verb}{number} {whom}".rstrip() + by + _because(fact.reason or again)


def _plan_changed(fact: f.PlanChanged) -> str:
    places = [f"{one.place} {one.what}" if one.what != CHANGED else one.place for one in fact.changes]
    more = len(places) - PLACES + fact.left_out
    told = "; ".join(f"{one.place}: {one.means}" for one in fact.changes[:PLACES] if one.touches and one.means)
    listed = ", ".join(places[:PLACES]) + (f" and {more} more" if more > 0 else "")
    return f"the plan changed: {listed}{f' ({told})' if told else ''}"


def _ended(fact: f.RunEnded) -> str:
    code = f" with code {fact.code}" if fact.code is not None else ""
    return f"run {fact.run} ended {fact.outcome}{code}{_because(fact.reason)}"


def _used(fact: f.UsageReported) -> str:
    cost = f", ${fact.usd:.2f}" if fact.usd else ""
    return f"run {fact.run} used {fact.tokens_in:,} tokens in, {fact.tokens_out:,} out{cost}"


def _gate(fact: f.GateFinished) -> str:
    how = "passed" if fact.ok else "failed"
    return f"gate {fact.gate} {how} in {span(fact.seconds)}{_because(fact.reason)}"


def _scanned(fact: f.WorkScanned) -> str:
    parts = [count(fact.found, "violation")]
    parts += [f"{len(fact.allowed)} allowed by comments"] if fact.allowed else []
    parts += [f"{count(len(fact.skipped), 'file')} not scanned: {'; '.join(fact.skipped[:3])}"] if fact.skipped else []
    return f"scanned: {', '.join(parts)}"


def _committed(fact: f.WorkCommitted) -> str:
    return f"work is commit {fact.commit[:9]}: {count(fact.files, 'file')}, +{fact.added} −{fact.removed}"


def _merged(fact: f.LegMerged) -> str:
    return f"merged into base as {fact.commit[:9]}" if fact.commit else "done; there was nothing to merge"


def _yes(fact: f.ApprovalGiven) -> str:
    work = f" of {fact.commit[:9]}" if fact.commit else ""
    return f"{fact.what}{work} approved by {fact.by or 'the operator'}"


def _no(fact: f.ApprovalRefused) -> str:
    said = "".join(f"\n{one.place}: {one.text}" for one in fact.comments)
    return f"{fact.what} refused by {fact.by or 'the operator'}{_because(fact.reason)}{said}"


def _slept(fact: f.ProfileSlept) -> str:
    at = _when(fact.until, "%Y-%m-%d %H:%M")
    return f"{fact.profile} takes nothing until {at}{_because(fact.reason)}"


def _when(seconds: float, shape: str) -> str:
    try:
        return time.strftime(shape, time.localtime(seconds))
    except (OverflowError, OSError, ValueError):
        return "a time that no calendar has"


def _retry(fact: f.RetryScheduled) -> str:
    at = _when(fact.at, "%H:%M:%S")
    return f"will be run again at {at}{_because(fact.reason)}"


def _removed(fact: f.WorktreeRemoved) -> str:
    from cockpit.plan.duration import amount

    freed = f", {amount(fact.freed)} freed" if fact.freed else ""
    kept = f"; what only it held is kept as {fact.rescue}" if fact.rescue else ""
    return f"worktree removed{freed}{kept}"


def _deferred(fact: f.MergeDeferred) -> str:
    paths = ", ".join(path for path in fact.paths if path not in fact.reason)
    return f"merge waits{_because(fact.reason)}{f' ({paths})' if paths else ''}"


def _conflict(fact: f.ConflictFound) -> str:
    report = f"; see {fact.report}" if fact.report else ""
    return f"conflicts with base in {', '.join(fact.paths)}{report}"


_STEPS = {
    "rebase": "its conflict is to be resolved by a rebase onto base",
    "rerun": "its conflict is to be resolved by a new run of its agent",
    "resolve": "a worktree is to be opened in which its conflict can be resolved",
    "resolved": "its conflict is said to be resolved",
    "abandon": "the resolution of its conflict is to be given up",
}


def _resolution(fact: f.ResolutionEnded) -> str:
    place = f" in {fact.path}" if fact.path and fact.path not in fact.note else ""
    return f"resolution: {fact.note or 'its step is done'}{place}"


def _rebased(fact: f.LegRebased) -> str:
    kept = f"; it was kept as {fact.rescue} before" if fact.rescue else ""
    return f"its work is on base at {fact.base[:9]} now, as {fact.commit[:9]}{kept}"


def _handed_back(fact: f.HandedBack) -> str:
    some = f"{', '.join(fact.paths[:5])}{' …' if len(fact.paths) > 5 else ''}"
    changed = some or ("something" if fact.changed else "nothing")
    return f"handed back by {fact.by or 'somebody'} ({fact.how}); changed by hand: {changed}"


def _asked(fact: f.QuestionAsked) -> str:
    choices = "".join(f" [{number}] {choice}" for number, choice in enumerate(fact.choices, 1))
    slow = f" (took too long to match: {', '.join(map(repr, fact.slow))})" if fact.slow else ""
    return f"asks ({fact.id}): {fact.text}{choices}{slow}"


def _answered(fact: f.QuestionAnswered) -> str:
    if fact.how == TIMEOUT:
        return f"question {fact.id} was not answered in time"
    often = ", for always" if fact.always else ""
    return f"question {fact.id} answered by {fact.by or 'somebody'} ({fact.how}{often}): {fact.text}"


def _added(fact: f.PromptChanged) -> str:
    who = fact.by or "the operator"
    return f"{who} adds to its next prompt: {fact.text}" if fact.text else f"{who} adds nothing more to its next prompt"


@cache
def _words() -> dict[type[f.Fact], _Words]:
    return {
        f.PlanLoaded: lambda fact: f"plan {fact.outline.name} in force, {len(fact.outline.workstreams)} workstreams",
        f.PlanChanged: _plan_changed,
        f.DriverStarted: lambda fact: f"driver {fact.pid} took the plan",
        f.DriverEnded: lambda fact: f"driver {fact.pid} ended{_because(fact.reason)}",
        f.OrderGiven: _order,
        f.OrderDone: lambda fact: f"order done{_because(fact.note)}",
        f.OrderRefused: lambda fact: f"order refused{_because(fact.reason)}",
        f.WorkstreamWanted: lambda _: "wanted",
        f.WorkstreamUnwanted: lambda _: "no longer wanted",
        f.LaunchingHeld: lambda _: "nothing new is launched",
        f.LaunchingFreed: lambda _: "launching goes on",
        f.AgentLimitChanged: lambda fact: f"{fact.agents} agents at once from now on",
        f.SlotsChanged: lambda fact: f"{fact.slots} slots of {fact.profile} from now on",
        f.ProfileDrained: lambda fact: f"{fact.profile} takes nothing new",
        f.ProfileFreed: lambda fact: f"{fact.profile} takes legs again",
        f.LegTaken: lambda fact: f"taken by {fact.slot or 'cockpit itself'}",
        f.WorktreeMade: lambda fact: f"worktree {fact.path} on branch {fact.branch} from {fact.base[:9]}",
        f.RunStarted: lambda fact: f"run {fact.run} started",
        f.RunAdopted: lambda fact: f"run {fact.run} found again and taken over",
        f.EndAsked: lambda fact: f"its run is being ended to {fact.why} it",
        f.RunEnded: _ended,
        f.UsageReported: _used,
        f.ProfileSlept: _slept,
        f.ChecksStarted: lambda _: "its work is being checked",
        f.WorkCommitted: _committed,
        f.WorkScanned: _scanned,
        f.GateFinished: _gate,
        f.ReviewAsked: lambda _: "awaits approval of its merge",
        f.ApprovalGiven: _yes,
        f.ApprovalRefused: _no,
        f.MergeQueued: lambda _: "queued for its merge",
        f.MergeStarted: lambda _: "merging",
        f.MergeBuilt: lambda fact: f"merge built as {fact.commit[:9]} on {fact.onto[:9]}",
        f.LegMerged: _merged,
        f.MergeDeferred: _deferred,
        f.ConflictFound: _conflict,
        f.ResolutionAsked: lambda fact: _STEPS.get(fact.how, f"its conflict is to be resolved: {fact.how}"),
        f.ResolutionEnded: _resolution,
        f.LegRebased: _rebased,
        f.RollbackAsked: lambda _: "its merge is to be rolled back",
        f.LegReverted: lambda fact: f"rolled back by {fact.commit[:9]}; its work is in review again",
        f.RollbackEnded: lambda fact: f"not rolled back{_because(fact.reason)}",
        f.Recovered: lambda fact: f"put right: {'; '.join(fact.found)}",
        f.RetryScheduled: _retry,
        f.LegFailed: lambda fact: f"failed{_because(fact.reason)}",
        f.LegRetried: lambda _: "gets a new run",
        f.ViolationFound: lambda fact: f"{fact.rule} in {fact.path}:{fact.line}{_because(fact.message)}",
        f.ViolationFixed: lambda fact: f"violation {fact.id} is mended",
        f.ViolationWaived: lambda fact: f"violation {fact.id} waived by {fact.by or 'somebody'}{_because(fact.reason)}",
        f.LegQuarantined: lambda fact: f"quarantined with {fact.slot or 'no slot'}{_because(fact.reason)}",
        f.LegReleased: lambda fact: f"released by {fact.by or 'somebody'} ({fact.how}){_because(fact.reason)}",
        f.LegReset: lambda _: "its work so far was set aside; it begins again on base",
        f.LegPaused: lambda _: "paused",
        f.LegResumed: lambda _: "goes on",
        f.LegStopped: lambda _: "stopped",
        f.NoteMade: lambda fact: f"notes: {fact.text}",
        f.DoneClaimed: lambda fact: f"its agent says that it is done with {', '.join(fact.items)}",
        f.QuestionAsked: _asked,
        f.QuestionAnswered: _answered,
        f.MessageSent: lambda fact: f"tells {fact.to} ({fact.id}): {fact.text}",
        f.PromptChanged: _added,
        f.AdditionTold: lambda fact: f"run {fact.run} was told what the operator added to its prompt",
        f.AgentTold: lambda fact: f"{fact.by or 'the operator'} tells its agent ({fact.id}): {fact.text}",
        f.MessagesRead: lambda fact: f"was told {', '.join(fact.ids)} ({fact.how})",
        f.TakeOverAsked: lambda fact: f"its worktree is to be taken over by {fact.by or 'somebody'}",
        f.TakenOver: lambda _: "its worktree is taken over: no agent works there until it is handed back",
        f.HandBackAsked: lambda fact: f"its worktree is to be handed back ({fact.how}){_because(fact.reason)}",
        f.HandedBack: _handed_back,
        f.HandBackRefused: lambda fact: f"not handed back{_because(fact.reason)}",
        f.CleanUpAsked: lambda _: "its worktree is to be removed",
        f.WorkRescued: lambda fact: f"work kept as {fact.ref}{_because(fact.why)}",
        f.WorktreeRemoved: _removed,
        f.CleanUpRefused: lambda fact: f"not cleaned up{_because(fact.reason)}",
    }
