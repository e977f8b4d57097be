"""What checks, approvals, merges and conflicts mean for a snapshot. Pure."""

from msgspec.structs import replace

from cockpit.schedule import facts as f
from cockpit.schedule.folding import apply, is_met, learned, leg_of, moved, put, readied, settled, unreadied
from cockpit.schedule.snapshot import GateResult, Merge, Snapshot
from cockpit.schedule.states import State


@apply.register
def _(fact: f.ChecksStarted, snapshot: Snapshot, at: float) -> Snapshot:
    after = put(snapshot, moved(leg_of(snapshot, fact.leg), fact, at, resolving="", opened=""))
    return replace(after, gates={**snapshot.gates, fact.leg: ()})


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
    )
    return put(snapshot, leg)


@apply.register
def _(fact: f.GateFinished, snapshot: Snapshot, at: float) -> Snapshot:
    leg_of(snapshot, fact.leg)
    result = GateResult(fact.gate, fact.ok, fact.tree, at, fact.seconds, fact.reason, fact.output, fact.how)
    results = (*snapshot.gates.get(fact.leg, ()), result)
    return replace(snapshot, gates={**snapshot.gates, fact.leg: results})


@apply.register
def _(fact: f.ApprovalGiven, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    if fact.what == "start" and leg.state is State.READY:
        return put(snapshot, replace(leg, start_approved=True))
    return put(snapshot, moved(leg, fact, at, review_s=at - leg.since))


@apply.register
def _(fact: f.ApprovalRefused, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    lesson = f"The operator refused the {fact.what}: {fact.reason or 'no reason was given'}"
    return put(snapshot, moved(leg, fact, at, lessons=learned(leg, lesson)))


@apply.register
def _(fact: f.MergeBuilt, snapshot: Snapshot, at: float) -> Snapshot:
    return put(snapshot, replace(leg_of(snapshot, fact.leg), built=fact.commit, built_on=fact.onto))


@apply.register
def _(fact: f.LegMerged, snapshot: Snapshot, at: float) -> Snapshot:
    before = leg_of(snapshot, fact.leg)
    leg = moved(before, fact, at, merged=fact.commit, ended=at, paths=(), report="", reverted="", conflicts=0)
    after = settled(put(snapshot, leg), leg)
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
    before = settled(snapshot, leg) if isinstance(fact, f.LegStopped) else snapshot
    return put(before, moved(leg, fact, at, ending=""))


apply.register(f.LegRetried, _fresh)
apply.register(f.LegResumed, _fresh)
apply.register(f.LegPaused, _ended_on_request)
apply.register(f.LegStopped, _ended_on_request)
