"""What is known of a workstream, in lines: the first part of its page, and all that a review needs. Asks nobody."""

from collections.abc import Container

from textual.content import Content

from cockpit.clock import span
from cockpit.engine.handle import View
from cockpit.schedule.snapshot import FIXED, OPEN, Leg
from cockpit.schedule.states import State
from cockpit.ui.depending import needed_told, needs_told
from cockpit.ui.keyed import key_of
from cockpit.ui.looks import age, count, fit, line, look_of, name, time_left
from cockpit.ui.parts import checklist
from cockpit.ui.present import REMOVED, Row, on_older_base
from cockpit.ui.violations import is_waived, judged, told
from cockpit.ui.widgets.lines import COLOURS, content


def about(view: View, row: Row, now: float) -> Content:
    """Return all that is known of a workstream, as a review needs it: a line for each thing."""
    snapshot = view.snapshot
    workstream, leg = snapshot.workstreams[row.id], snapshot.leg_under_way(row.id)
    worktree = view.readings.worktrees.get(row.id)
    lines: list[Content] = [
        Content.assemble(
            (f"{row.look.glyph} {row.look.word}", COLOURS[row.look.style]),
            (f" for {age(now - leg.since)}" if leg.since else "", "$text-muted"),
            f"   {row.cells[8][0]}",
        ),
        Content(line(workstream.outline.title)),
        _pair("branch", f"{name(workstream.outline.branch)} → {name(snapshot.outline.base)}"),
        _pair("worktree", line(workstream.worktree) or "none"),
    ]
    if workstream.gone:
        lines.append(_pair("plan", f"{REMOVED}: it is kept as it was, and goes on until it is merged or stopped"))
    if worktree:
        changes = (
            f"{count(worktree.files, 'file')} +{worktree.added} −{worktree.removed}, {worktree.untracked} untracked"
        )
        lines.append(_pair("changes", f"{changes} · ↑{worktree.ahead} ↓{worktree.behind}"))
    if leg.commit and leg.state is not State.RUNNING:
        told_of = f"{name(leg.commit)[:9]} · {count(leg.files, 'file')} +{leg.added} −{leg.removed}"
        lines.append(_pair("committed", told_of))
    if doing := view.readings.steps.get(row.id):
        lines.append(_pair("step", f"{line(doing.what)}, for {age(now - doing.since)}", COLOURS["busy"]))
    lines += [_leg(view, key, current=key == leg.key) for key in workstream.outline.legs]
    lines.append(content((("needs      ", "dim"), *needs_told(snapshot, row.id))))
    lines.append(content((("needed by  ", "dim"), *needed_told(snapshot, row.id))))
    base = view.readings.base_commit
    lines += [
        _pair(
            "gate",
            f"{'✓' if gate.ok else '✗'} {name(gate.gate)} {span(gate.seconds)} {line(gate.reason)}"
            f"{' · flaky: it failed on the same tree' if gate.flaky else ''}"
            f"{' · passed on an older base' if on_older_base(gate, leg, base) else ''}",
        )
        for gate in snapshot.gates.get(leg.key, ())
    ]
    lines += _violations(view, leg, now)
    lines += _conflict(view, leg)
    if leg.state is State.REVIEW and workstream.outline.checklist:
        lines += [content(cells) for cells in checklist(snapshot, row.id)]
    lines += [_pair("lesson", line(lesson)) for lesson in leg.lessons[-2:]]
    lines += [_pair("next run", f"is also told: {line(leg.addition)}")] if leg.addition else []
    if workstream.rescues:
        more = len(workstream.rescues) - 1  # every rebase in the background adds one
        others = f" and {more} more (cockpit rescue list)" if more else ""
        lines.append(_pair("rescued", f"{name(workstream.rescues[-1])}{others}"))
    return Content("\n").join(lines)


def _violations(view: View, leg: Leg, now: float) -> list[Content]:
    """Return what was found in its change: what stands, what was let stand and by whom, what was not looked at."""
    mine = [one for one in view.snapshot.violations.values() if one.leg == leg.key]
    stands = [one for one in mine if one.state == OPEN]
    found: list[Content] = []
    if leg.state is State.QUARANTINED:
        ways = f"{key_of('release')}: resume, restart, another agent, waive"
        ways += f" · {key_of('discard')}: discard · {key_of('diff')}: diff"
        found.append(_pair("held", f"{name(leg.held_slot) or 'its slot'} · {ways}", COLOURS["bad"]))
    for one in stands:
        style = COLOURS["bad" if one.id in leg.held_for else "warn"]
        found.append(_pair("violation", f"{told(one)}: {line(one.message)}", style))
    found += [_pair("waived", f"{told(one)} · {judged(one)}") for one in mine if is_waived(one)]
    found += [_pair("allowed", f"by a comment: {line(one)}") for one in leg.allowed]
    found += [_pair("unscanned", line(one), COLOURS["warn"]) for one in leg.unscanned]
    fixed = sum(one.state == FIXED for one in mine)
    found += [_pair("fixed", count(fixed, "violation"))] if fixed else []
    found += _seen(view, leg, {one.id for one in stands}, now)
    return found if found or leg.state is not State.REVIEW else [_pair("violations", "none")]


def _seen(view: View, leg: Leg, known: Container[str], now: float) -> list[Content]:
    """Return what the monitor sees in its worktree now and has not settled."""
    if leg.state is not State.RUNNING:
        return []
    seen = [one for one in view.readings.findings.get(leg.workstream, ()) if one.id not in known]
    left = [time_left(one.due, now) if one.due else "its rule quarantines nothing" for one in seen]
    return [_pair("seen", f"{told(one)} · {when}", COLOURS["warn"]) for one, when in zip(seen, left, strict=True)]


def _conflict(view: View, leg: Leg) -> list[Content]:
    """Return what is known of a conflict that is there, and of those that are foreseen."""
    found: list[Content] = []
    if leg.paths and leg.state in (State.CONFLICT, State.QUEUED):
        what = "in the way" if leg.state is State.QUEUED else "conflict"
        found.append(_pair(what, line(", ".join(leg.paths))))
    if leg.state is State.CONFLICT:
        found += [_pair("report", line(leg.report))] if leg.report else []
        found += [_pair("open in", line(leg.opened))] if leg.opened else []
        found.append(_pair("ways", f"{key_of('conflict')}: rebase, rerun, resolve by hand, reject"))
    reading = view.readings.conflicts.get(leg.workstream)
    if reading is not None and leg.state is not State.MERGED:
        foreseen = {name(view.snapshot.outline.base): reading.base} if leg.state is not State.CONFLICT else {}
        foreseen |= {name(other): paths for other, paths in reading.others.items()}
        found += [
            _pair("foreseen", f"⚔ conflict with {who}: {line(', '.join(paths))}")
            for who, paths in foreseen.items()
            if paths
        ]
    found += [
        _pair("shared", f"≈ {line(path)}: {', '.join(name(key) for key in keys if key != leg.workstream)} too")
        for path, keys in view.readings.shared.items()
        if leg.workstream in keys and len(keys) > 1
    ]
    return found


def _pair(key: str, value: str, style: str = "") -> Content:
    return Content.assemble((fit(key, 11), "$text-muted"), (value, style))


def _leg(view: View, key: str, *, current: bool) -> Content:
    leg = view.snapshot.legs[key]
    look = look_of(leg, None)
    issues = ", ".join(name(one) for one in leg.outline.issues)
    return Content.assemble(
        (fit(f"leg {leg.outline.number}", 11), "$text-muted"),
        (fit(f"{look.glyph} {look.word}", 14), COLOURS[look.style]),
        (issues, "bold" if current else "$text-muted"),
        (f" · round {leg.outline.round} · about {age(leg.outline.estimate_s)}", "$text-muted"),
    )
