"""`cockpit status`: how a plan stands, as a table or as JSON; it changes nothing and starts no driver."""

import time
from collections.abc import Mapping

from cockpit.cli import shapes
from cockpit.cli.figures import figures_of
from cockpit.cli.options import Json, Plan, StateDir
from cockpit.cli.output import Cell, emit, paint, plural, say, table
from cockpit.clock import iso, span
from cockpit.engine.handle import View
from cockpit.schedule.issues import issue_done
from cockpit.schedule.queueing import waits_in_line
from cockpit.schedule.readings import Forecast, Readings
from cockpit.schedule.snapshot import OPEN, Leg, Snapshot, blockers, waits_for
from cockpit.schedule.states import AWAITS_HUMAN, State

UNSCANNED_SHOWN = 5
TROUBLED = frozenset({State.FAILED, State.CONFLICT, State.REJECTED, State.RETRYING, State.QUARANTINED, State.QUEUED})
STYLE_OF = {
    State.MERGED: "green",
    State.RUNNING: "blue",
    State.PREPARING: "blue",
    State.CHECKING: "blue",
    State.MERGING: "blue",
    State.REVIEW: "yellow",
    State.PAUSED: "yellow",
    State.RETRYING: "yellow",
    State.CONFLICT: "red",
    State.FAILED: "red",
    State.REJECTED: "red",
    State.QUARANTINED: "red",
    State.WAITING: "dim",
    State.STOPPED: "dim",
}


def status(plan: Plan, /, *, json: Json = False, state_dir: StateDir = None) -> int:
    """Print how the plan stands: the driver's view where one runs, else what the journal says."""
    from cockpit.cli.reach import present

    view, commit = present(plan, state_dir)
    now = time.time()
    if json:
        emit(shapes.document(status_of(view, now, commit)))
        return 0
    for line in status_lines(view, now, commit):
        say(line)
    return 0


def status_of(view: View, now: float, base_commit: str | None) -> shapes.Status:
    """Return the shape of a view at a time (seconds since the epoch); `base_commit` is what base is at."""
    snapshot, readings = view.snapshot, view.readings
    driven = view.connected and readings.driver_pid
    blocked = blockers(snapshot)
    return shapes.Status(
        plan=snapshot.outline.name,
        repo=snapshot.outline.repo,
        base=shapes.Base(snapshot.outline.base, readings.base_commit or base_commit or None),
        state=snapshot.state(),  # type: ignore[arg-type]  # one of the five words of its docstring
        driver=shapes.Driver(readings.driver_pid, iso(readings.driver_since) or "") if driven else None,
        counts=snapshot.counts(),
        eta=_eta(readings.forecast, now),
        cost=_cost(snapshot),
        workstreams=[_workstream(snapshot, key, readings, blocked) for key in snapshot.workstreams],
        agents=_slots(snapshot, now),
        violations=[
            shapes.Violation(
                one.id,
                one.rule,
                one.severity,
                one.path,
                one.line,
                one.excerpt,
                one.message,
                list(one.missing),
                snapshot.legs[one.leg].workstream,
                one.slot or None,
                one.state,  # type: ignore[arg-type]  # one of the three words of its class
                iso(one.at),
                one.by,
                one.reason,
            )
            for one in snapshot.violations.values()
            if one.leg in snapshot.legs
        ],
        merges=[
            shapes.Merge(one.workstream, one.leg, one.round, one.commit, iso(one.at) or "", reverted=bool(one.reverted))
            for one in snapshot.merges
        ],
        usage=_use(snapshot),
        figures=figures_of(view),
        questions=[
            shapes.Asked(one.id, one.workstream, one.run, one.text, list(one.choices), iso(one.at) or "")
            for one in snapshot.open_questions()
        ],
    )


def status_lines(view: View, now: float, base_commit: str | None) -> list[str]:
    """Return what a human reads: the plan's line, its counts and finish, a table of workstreams, and what is wrong."""
    shape = status_of(view, now, base_commit)
    snapshot = view.snapshot
    commit = f" at {shape.base.commit[:9]}" if shape.base.commit else ""
    driver = f"driver {shape.driver.pid}" if shape.driver else "no driver"
    counts = " · ".join(f"{count} {state}" for state, count in shape.counts.items())
    lines = [
        f"{paint(shape.plan, 'bold')}  {shape.state}  base {paint(shape.base.branch + commit, 'plain')}  {driver}",
        f"{plural(len(shape.workstreams), 'workstream')}: {counts}" if counts else "no workstreams",
    ]
    lines += [paint(finish, "plain")] if (finish := _finish(view.readings.forecast, now)) else []
    if shape.cost.usd or shape.cost.tokens_out:
        lines.append(f"cost: ${shape.cost.usd:.2f}, {shape.cost.tokens_in:,} tokens in, {shape.cost.tokens_out:,} out")
    heads = ("WORKSTREAM", "STATE", "LEG", "AGENT", "CHANGES", "AHEAD", "WHY")
    rows = [_cells(snapshot, one, view.readings.notes) for one in shape.workstreams]
    lines += ["", *table(heads, rows, right=(5,))] if rows else []
    if snapshot.skipped:
        lines += ["", f"{plural(snapshot.skipped, 'fact')} of the journal could not be used and were skipped"]
    lines += _violation_lines(snapshot)
    lines += _review_lines(snapshot)
    lines += _record_lines(view)
    problems = [*view.readings.plan.errors, *([view.problem] if view.problem else [])]
    problems += [spent] if (spent := snapshot.over_cost()) else []
    problems += [
        f"{name} is asleep until {time.strftime('%H:%M', time.localtime(one.until))}: {one.reason}"
        for name, one in snapshot.sleepers(now).items()
    ]
    problems += [f"{key}: {note}" for key, note in view.readings.notes.items() if key not in snapshot.workstreams]
    return lines + [paint(f"! {problem}", "yellow") for problem in problems]


def _violation_lines(snapshot: Snapshot) -> list[str]:
    """Return a line for each violation that is open, worst first."""
    worst = ("CRITICAL", "HIGH", "MEDIUM", "LOW")
    found = [one for one in snapshot.violations.values() if one.state == OPEN and one.leg in snapshot.legs]
    found.sort(key=lambda one: worst.index(one.severity) if one.severity in worst else len(worst))
    return [
        paint(f"⊘ {one.leg}: {one.severity} {one.rule} {one.path}:{one.line}: {one.message} ({one.id})", "red")
        for one in found
    ]


def _review_lines(snapshot: Snapshot) -> list[str]:
    """Return what whoever reviews has to know: what comments allow, what was not scanned, which gates are flaky."""
    lines = []
    for leg in map(snapshot.legs.__getitem__, sorted(snapshot.active)):
        flaky = [one.gate for one in snapshot.gates.get(leg.key, ()) if one.flaky]
        lines += [f"{leg.key}: allowed by a comment: {one}" for one in leg.allowed]
        lines += [f"{leg.key}: not scanned: {one}" for one in leg.unscanned[:UNSCANNED_SHOWN]]
        if len(leg.unscanned) > UNSCANNED_SHOWN:
            lines.append(f"{leg.key}: not scanned: {len(leg.unscanned) - UNSCANNED_SHOWN} files more")
        lines += [f"{leg.key}: gate {one} is flaky: it failed, then passed, on the same tree" for one in flaky]
    return [paint(one, "yellow") for one in lines]


def _record_lines(view: View) -> list[str]:
    """Return what the runs of each agent profile came to, in this plan and over all."""
    from cockpit.metrics.records import by, run_records, words

    here = by(run_records(view.snapshot), lambda one: one.name)
    digests = {one.name: one.digest for one in view.snapshot.outline.profiles}
    lines = []
    for name, record in here.items():
        known = view.readings.records.get(digests.get(name, ""))
        more = f" (over all plans: {words(known)})" if known is not None and known.runs > record.runs else ""
        lines.append(paint(f"{name}: {words(record)}{more}", "plain"))
    return ["", *lines] if lines else []


def why(snapshot: Snapshot, workstream: str, notes: Mapping[str, str] | None = None) -> str:
    """Return in words what a workstream waits for, or what is wrong with it; empty where there is nothing to say."""
    leg = snapshot.leg_under_way(workstream)
    held = snapshot.workstreams[workstream]
    if held.clean_up_refused:
        return f"not cleaned up: {held.clean_up_refused}"
    if leg.hand is not None and leg.taken_over:
        since = f" since {time.strftime('%H:%M', time.localtime(leg.hand.at))}" if leg.hand.at else ""
        return f"taken over by {leg.hand.by or 'somebody'}{since} (`cockpit attach --back` hands it back)"
    if blocking := blockers(snapshot).get(leg.key):
        return f"blocked by {', '.join(f'{key} ({snapshot.legs[key].state.value})' for key in blocking)}"
    if asked := snapshot.open_questions(workstream):
        return f"asks ({asked[0].id}): {asked[0].text}"
    approval = snapshot.approval_of(leg)
    if approval:
        unsure = snapshot.unsure_of(leg)
        return f"awaits your approval of its {approval}{f' ({unsure})' if unsure else ''}"
    if leg.reason and leg.state is not State.MERGED:
        return leg.reason
    if leg.state is State.WAITING:
        needs = ", ".join(waits_for(snapshot, leg))
        if not held.wanted:
            return "not started" + (f"; needs {needs}" if needs else "")
        return f"needs {needs}" if needs else ""
    if leg.state is State.QUEUED and (needed := waits_for(snapshot, leg)):
        return f"waits for the merge of {', '.join(needed)}"
    if leg.state is State.READY:
        return "launching is held (drain)" if snapshot.held else waits_in_line(snapshot, leg)
    return (notes or {}).get(workstream, "") or (leg.note if leg.state is State.RUNNING else "")


def _workstream(
    snapshot: Snapshot, key: str, readings: Readings, blocked: Mapping[str, tuple[str, ...]]
) -> shapes.Workstream:
    held = snapshot.workstreams[key]
    legs = snapshot.legs_of(key)
    leg = snapshot.leg_under_way(key)
    seen = readings.worktrees.get(key) if held.worktree and leg.state is not State.MERGED else None
    merged = all(one.state is State.MERGED for one in legs)
    starts = [one.started for one in legs if one.started is not None]
    ends = [one.ended for one in legs if one.ended is not None]
    ahead = seen.ahead if seen else 0
    error = leg.reason if leg.state in TROUBLED else snapshot.unsure_of(leg)
    return shapes.Workstream(
        id=key,
        title=held.outline.title,
        state=leg.state.value,
        leg=leg.key,
        legs=[one.key for one in legs],
        round=leg.outline.round,
        issues=_issues(snapshot, key),
        agent=_agent(snapshot, leg),
        slot=leg.slot or None,
        run=leg.run,
        branch=held.outline.branch,
        worktree=held.worktree or None,
        commits=sum(1 for one in legs if one.merged) + ahead,
        ahead=ahead,
        behind=seen.behind if seen else 0,
        files=seen.files if seen else leg.files,
        added=seen.added if seen else leg.added,
        removed=seen.removed if seen else leg.removed,
        blocked_by=list(blocked.get(leg.key, ())),
        violations=len(snapshot.open_violations(leg.key)),
        approval=snapshot.approval_of(leg),  # type: ignore[arg-type]  # start, merge or None
        estimate_s=sum(one.outline.estimate_s for one in legs),
        started=iso(min(starts)) if starts else None,
        ended=iso(max(ends)) if merged and ends else None,
        error=error or held.clean_up_refused or None,
        note=leg.note or None,
        unread=len(snapshot.unread(key)),
        awaits=_awaits(snapshot, key, leg),
        taken_over=_taken_over(leg, readings),
        allowed=list(leg.allowed),
        unscanned=list(leg.unscanned),
        flaky_gates=[one.gate for one in snapshot.gates.get(leg.key, ()) if one.flaky],
    )


def _awaits(snapshot: Snapshot, key: str, leg: Leg) -> shapes.Awaits | None:
    if snapshot.open_questions(key):
        return "answer"
    if snapshot.approval_of(leg) == "merge" or (snapshot.approval_of(leg) and snapshot.workstreams[key].wanted):
        return "approval"
    stuck = leg.state in AWAITS_HUMAN and not leg.taken_over
    return "decision" if stuck or snapshot.workstreams[key].clean_up_refused else None


def _taken_over(leg: Leg, readings: Readings) -> shapes.TakenOver | None:
    if leg.hand is None or not leg.taken_over:
        return None
    left = readings.left.get(leg.workstream) if leg.handed_over else None
    return shapes.TakenOver(leg.hand.by, iso(leg.hand.at) if leg.hand.at else None, iso(left) if left else None)


def _issues(snapshot: Snapshot, key: str) -> list[shapes.Issue]:
    legs = {issue: leg for leg in snapshot.legs_of(key) for issue in leg.outline.issues}
    return [
        shapes.Issue(one.id, _issue_state(legs.get(one.id), one.id)) for one in snapshot.workstreams[key].outline.issues
    ]


def _issue_state(leg: Leg | None, issue: str) -> shapes.IssueState:
    if leg is None:
        return "waiting"
    return issue_done(leg, issue) or leg.state.value


def _agent(snapshot: Snapshot, leg: Leg) -> str | None:
    run = snapshot.runs.get(leg.run or "")
    slot = leg.slot or (run.slot if run else "")
    if slot:
        return slot.rpartition("#")[0]
    return next(iter(snapshot.workstreams[leg.workstream].outline.agents), None)


def _slots(snapshot: Snapshot, now: float) -> list[shapes.Slot]:
    busy, quarantined = snapshot.busy_slots(), snapshot.held_slots()
    asleep = snapshot.sleepers(now)
    found: list[shapes.Slot] = []
    for slot in dict.fromkeys((*snapshot.slots(), *busy, *quarantined)):
        leg = busy.get(slot) or quarantined.get(slot)
        held = leg.workstream if leg else None
        profile = slot.rpartition("#")[0]
        draining: shapes.SlotState = "draining" if profile in snapshot.draining else "free"
        unused: shapes.SlotState = "asleep" if profile in asleep else draining
        state: shapes.SlotState = "quarantined" if slot in quarantined else "busy" if leg else unused
        found.append(shapes.Slot(slot, profile, state, held, leg.run if leg else None))
    return found


def _use(snapshot: Snapshot) -> list[shapes.Use]:
    told = [(run, snapshot.usage[run.id]) for run in snapshot.runs.values() if run.id in snapshot.usage]
    return [
        shapes.Use(
            run.id,
            run.leg,
            snapshot.legs[run.leg].workstream,
            run.slot.rpartition("#")[0],
            used.usd,
            used.tokens_in,
            used.tokens_cached,
            used.tokens_out,
        )
        for run, used in told
        if run.leg in snapshot.legs
    ]


def _cost(snapshot: Snapshot) -> shapes.Cost:
    cost = snapshot.cost()
    return shapes.Cost(cost.usd, cost.tokens_in, cost.tokens_cached, cost.tokens_out)


def _eta(forecast: Forecast | None, now: float) -> shapes.Eta | None:
    if forecast is None or forecast.p50_s is None or forecast.p90_s is None:
        return None
    p50, p90 = forecast.at + forecast.p50_s, forecast.at + forecast.p90_s
    return shapes.Eta(max(0.0, p50 - now), max(0.0, p90 - now), iso(p50) or "", iso(p90) or "")


def _finish(forecast: Forecast | None, now: float) -> str:
    if forecast is None:
        return ""
    if forecast.p50_s is None or forecast.p90_s is None:
        return f"no finish time: {forecast.why_not}" if forecast.why_not else ""
    left = max(0.0, forecast.at + forecast.p50_s - forecast.approvals_s - now)
    later = max(0.0, forecast.at + forecast.p90_s - now)
    clock = time.strftime("%H:%M", time.localtime(forecast.at + forecast.p50_s))
    asks = f" + your {plural(forecast.approvals, 'approval')}" if forecast.approvals else ""
    return f"done in about {span(left)} (at most {span(later)} in 9 of 10 cases){asks}, at {clock}"


def _cells(snapshot: Snapshot, one: shapes.Workstream, notes: Mapping[str, str]) -> list[Cell]:
    number = next((at for at, key in enumerate(one.legs, 1) if key == one.leg), 1)
    changes = f"{plural(one.files, 'file')} +{one.added} −{one.removed}" if one.files else ""
    gone = "removed from plan" if snapshot.workstreams[one.id].gone else ""
    alone = "its terminal is gone" if one.taken_over and one.taken_over.left else ""
    return [
        (one.id, "bold"),
        (one.state, STYLE_OF.get(State(one.state), "")),
        f"{number}/{len(one.legs)}",
        one.slot or one.agent or "",
        changes,
        str(one.ahead) if one.ahead else "",
        " · ".join(filter(None, (why(snapshot, one.id, notes), alone, gone))),
    ]
