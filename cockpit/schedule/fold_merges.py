"""What checks, approvals, merges and conflicts mean for a snapshot. Pure."""

from msgspec.structs import replace

from cockpit.schedule import facts as f
from cockpit.schedule.folding import (
    apply,
    is_met,
    learned,
    leg_of,
    moved,
    put,
    readied,
    released,
    settled,
    tallied,
    unreadied,
)
from cockpit.schedule.snapshot import FIXED, RELEASED, GateResult, Leg, Merge, Snapshot
from cockpit.schedule.states import State

FAILED_KEPT = 20  # gates of a leg's earlier checks that failed, by which a flaky one is known


@apply.register
def _(fact: f.ChecksStarted, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    after = put(released(snapshot, leg, at), moved(leg, fact, at, resolving="", opened=""))
    old = tuple(one for one in snapshot.gates.get(leg.key, ()) if not one.ok)
    failed = {**snapshot.failed, leg.key: (*snapshot.failed.get(leg.key, ()), *old)[-FAILED_KEPT:]}
    return replace(after, gates={**snapshot.gates, leg.key: ()}, failed=failed if old else snapshot.failed)


@apply.register
def _(fact: f.WorkCommitted, snapshot: Snapshot, at: float) -> Snapshot:
    leg = replace(
        leg_of(snapshot, fact.leg),
        commit=fact.commit,
        tree=fact.tree,
        base=fact.base,
        files=fact.files,
        added=fact.added,
        removed=fact.removed,
        built="",
        allowed=(),
        unscanned=(),
    )
    return put(snapshot, leg)


@apply.register
def _(fact: f.GateFinished, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    flaky = fact.ok and _has_failed(snapshot, fact.how, fact.tree)
    result = GateResult(fact.gate, fact.ok, fact.tree, at, fact.seconds, fact.reason, fact.output, fact.how, flaky)
    results = (*snapshot.gates.get(fact.leg, ()), result)
    if leg.tree == fact.tree:  # what is merged with others is not this run's alone
        run = snapshot.runs.get(leg.run or "")
        counts = {"gates": run.tally.gates + 1, "passed": run.tally.passed + fact.ok} if run else {}
        snapshot = tallied(snapshot, leg, **counts)
    return replace(snapshot, gates={**snapshot.gates, fact.leg: results})


def _has_failed(snapshot: Snapshot, how: str, tree: str) -> bool:
    """Tell whether a gate failed on a tree before, in this round of checks or in an earlier one."""
    every = (*snapshot.gates.values(), *snapshot.failed.values())
    return bool(how) and any(one.how == how and one.tree == tree and not one.ok for some in every for one in some)


@apply.register
def _(fact: f.ApprovalGiven, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    if fact.what == "start" and leg.state is State.READY:
        return put(snapshot, replace(leg, start_approved=True))
    known = {"reviewed": fact.commit, "reviewed_base": leg.base} if fact.commit else {}
    return put(snapshot, moved(leg, fact, at, review_s=at - leg.since, comments=(), **known))


@apply.register
def _(fact: f.ApprovalRefused, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    lesson = f"The operator refused the {fact.what}: {fact.reason or 'no reason was given'}"
    known = {"reviewed": fact.commit, "reviewed_base": leg.base} if fact.commit else {}
    return put(snapshot, moved(leg, fact, at, lessons=learned(leg, lesson), comments=fact.comments, **known))


@apply.register
def _(fact: f.MergeBuilt, snapshot: Snapshot, at: float) -> Snapshot:
    return put(snapshot, replace(leg_of(snapshot, fact.leg), built=fact.commit, built_on=fact.onto, built_at=at))


@apply.register
def _(fact: f.LegMerged, snapshot: Snapshot, at: float) -> Snapshot:
    before = leg_of(snapshot, fact.leg)
    leg = moved(before, fact, at, merged=fact.commit, ended=at, paths=(), report="", reverted="", conflicts=0)
    after = settled(put(snapshot, leg), leg, RELEASED, at)
    if fact.commit:
        onto = before.built_on if fact.commit == before.built else fact.commit
        merge = Merge(leg.workstream, leg.key, leg.outline.round, fact.commit, at, onto=onto)
        after = replace(after, merges=(*after.merges, merge))
    return readied(after, (*after.dependents.get(leg.key, ()),), at)


@apply.register
def _(fact: f.MergeQueued, snapshot: Snapshot, at: float) -> Snapshot:
    return put(snapshot, moved(leg_of(snapshot, fact.leg), fact, at, retry_at=0.0, paths=()))


@apply.register
def _(fact: f.MergeDeferred, snapshot: Snapshot, at: float) -> Snapshot:
    leg = moved(leg_of(snapshot, fact.leg), fact, at, retry_at=fact.until, paths=fact.paths)
    return put(snapshot, leg)


@apply.register
def _(fact: f.ConflictFound, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    reason = f"conflicts with {snapshot.outline.base} in {', '.join(fact.paths)}"
    lessons = learned(leg, f"The work of the last run {reason}.")
    stuck = moved(leg, fact, at, paths=fact.paths, lessons=lessons, report=fact.report, resolving="", opened="")
    return put(snapshot, replace(stuck, reason=reason, conflicts=leg.conflicts + 1))


@apply.register
def _(fact: f.RetryScheduled, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    if not fact.counted:
        return put(snapshot, moved(leg, fact, at, retry_at=fact.at))
    lessons = learned(leg, fact.reason)
    return put(snapshot, moved(leg, fact, at, retry_at=fact.at, failures=leg.failures + 1, lessons=lessons))


@apply.register
def _(fact: f.LegFailed, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    return put(snapshot, moved(leg, fact, at, failures=leg.failures + 1, lessons=learned(leg, fact.reason)))


def _fresh(fact: f.LegFact, snapshot: Snapshot, at: float) -> Snapshot:
    leg = moved(leg_of(snapshot, fact.leg), fact, at, failures=0, ending="", retry_at=0.0, paths=())
    after = put(snapshot, leg)
    return after if is_met(after, leg) else unreadied(after, (leg.key,), at)


def _ended_on_request(fact: f.LegFact, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    # A discard takes the work away; one that is only stopped keeps it, and whoever starts it again is held by it too.
    discarded = isinstance(fact, f.LegStopped) and leg.state is State.QUARANTINED
    before = settled(snapshot, leg, FIXED, at) if discarded else snapshot
    return put(before, moved(leg, fact, at, ending="", continues=_continued(fact, snapshot, leg)))


def _continued(fact: f.LegFact, snapshot: Snapshot, leg: Leg) -> str:
    """Return the run whose session a leg's next run goes on with: that which was paused, in the same worktree."""
    run = snapshot.runs.get(leg.run or "")
    if run is None or not isinstance(fact, f.LegPaused):
        return ""
    return leg.continues if run.started is None else run.id if run.session else ""


apply.register(f.LegRetried, _fresh)
apply.register(f.LegResumed, _fresh)
apply.register(f.LegPaused, _ended_on_request)
apply.register(f.LegStopped, _ended_on_request)
