"""What violations, quarantines and their releases mean for a snapshot. Pure."""

from collections.abc import Iterable

from msgspec.structs import replace

from cockpit.errors import IllegalMoveError
from cockpit.schedule import facts as f
from cockpit.schedule.folding import apply, learned, leg_of, moved, put, released, tallied
from cockpit.schedule.snapshot import FIXED, OPEN, RELEASED, Snapshot, Violation

MISSING_TOLD = 20  # lines of dropped code that the next run is shown again


@apply.register
def _(fact: f.ViolationFound, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    known = snapshot.violations.get(fact.id)
    if known is not None and known.leg == leg.key and known.state == RELEASED:
        return snapshot  # a human has judged it
    found = Violation(
        fact.id,
        leg.key,
        fact.rule,
        fact.severity,
        fact.path,
        fact.line,
        fact.excerpt,
        fact.message,
        fact.missing,
        fact.slot,
        fact.run,
        known.at if known else at,
    )
    return replace(snapshot, violations={**snapshot.violations, found.id: found})


@apply.register
def _(fact: f.ViolationFixed, snapshot: Snapshot, at: float) -> Snapshot:
    return _with(snapshot, [_open(snapshot, fact.id)], FIXED, at)


@apply.register
def _(fact: f.ViolationWaived, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    after = _with(snapshot, [_open(snapshot, fact.id)], RELEASED, at, fact.by, fact.reason)
    if not any(one.run == leg.run for one in after.open_violations(leg.key)):
        after = tallied(after, leg, flawed=False)  # what a human lets stand is not held against an agent
    return put(after, replace(leg, held_for=tuple(one for one in leg.held_for if one != fact.id)))


@apply.register
def _(fact: f.LegQuarantined, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    held = moved(leg, fact, at, held_slot=fact.slot, held_for=fact.violations, held_from=leg.state.value)
    run = snapshot.runs.get(leg.run or "")
    counts = {"judged": True, "flawed": True, "quarantines": run.tally.quarantines + 1} if run else {}
    return put(tallied(snapshot, leg, **counts), held)


@apply.register
def _(fact: f.WorkScanned, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    after = tallied(snapshot, leg, judged=True, flawed=fact.found > 0)
    return put(after, replace(leg, allowed=fact.allowed, unscanned=fact.skipped))


@apply.register
def _(fact: f.LegReleased, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    bad = [snapshot.violations[key] for key in leg.held_for if key in snapshot.violations]
    start_over = fact.how != "resume"
    avoid = leg.held_slot.rpartition("#")[0] if fact.how == "other" else leg.avoid
    lessons = learned(leg, lesson(bad, fact.reason, start_over=start_over))
    freed = moved(leg, fact, at, start_over=start_over, avoid=avoid, lessons=lessons)
    after = put(released(snapshot, leg, at), freed)
    # What was set aside is not there any more; if the next run does the same again, nobody has let that stand.
    gone = snapshot.open_violations(leg.key)
    return _with(after, gone, FIXED, at, fact.by, fact.reason) if start_over else after


@apply.register
def _(fact: f.LegReset, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    return put(snapshot, replace(leg, start_over=False, commit="", tree="", files=0, added=0, removed=0, comments=()))


def lesson(violations: Iterable[Violation], reason: str, *, start_over: bool) -> str:
    """Return what the next run is told about a quarantine: each violation, and what the human who released it said."""
    lines = ["The last run was stopped because of what it wrote:"]
    for one in violations:
        lines.append(
            f"- {one.path}:{one.line}: {one.rule}: {one.message}" + (f": {one.excerpt}" if one.excerpt else "")
        )
        if one.missing and not start_over:
            lines.append("  These lines went missing and belong there (or what does their work):")
            lines += [f"  | {line}" for line in one.missing[:MISSING_TOLD]]
    lines.append("Its work was set aside: begin again." if start_over else "Put it right, then go on.")
    return "\n".join([*lines, f"The operator says: {reason}"] if reason else lines)


def _open(snapshot: Snapshot, key: str) -> Violation:
    found = snapshot.violations.get(key)
    if found is None or found.state != OPEN:
        raise IllegalMoveError(f"there is no open violation {key}")
    return found


def _with(
    snapshot: Snapshot, bad: Iterable[Violation], state: str, at: float, by: str = "", reason: str = ""
) -> Snapshot:
    changed = {one.id: replace(one, state=state, ended=at, by=by, reason=reason) for one in bad}
    return replace(snapshot, violations={**snapshot.violations, **changed})
