"""View → alerts: what is wrong or awaits the operator, worst first. Pure, no widgets."""

from msgspec import Struct

from cockpit.engine.handle import View
from cockpit.schedule.snapshot import Leg
from cockpit.schedule.states import State
from cockpit.ui.looks import LOOKS, STALLED, count, exact_clock, line, name
from cockpit.ui.present import put_off
from cockpit.ui.violations import told


class Alert(Struct, frozen=True):
    """One thing to look at: safe text; `workstream` is empty where it is about the plan."""

    rank: int
    glyph: str
    text: str
    style: str
    workstream: str = ""


_BAD = {
    State.QUARANTINED: 2,
    State.CONFLICT: 3,
    State.FAILED: 4,
    State.REJECTED: 5,
}
_QUIET = frozenset({State.PREPARING, State.CHECKING, State.MERGING, State.RETRYING, State.PAUSED, State.STOPPED})


def alerts(view: View) -> tuple[Alert, ...]:
    """Return the alerts of a view, worst first; none where all is well."""
    snapshot, readings = view.snapshot, view.readings
    found = [Alert(0, "✗", f"plan file: {line(error)}", "bad") for error in readings.plan.errors]
    found += [Alert(1, "!", f"changed, not trusted yet (T): {line(ask)}", "warn") for ask in readings.plan.asks]
    if readings.plan.untrusted:
        found.append(
            Alert(1, "!", f"{count(len(readings.plan.untrusted), 'command')} of the plan not trusted yet: T", "warn")
        )
    for key, note in readings.notes.items():
        if key not in snapshot.workstreams:
            found.append(Alert(1, "!", f"{name(key)}: {line(note)}", "bad"))
    if readings.hold:
        found.append(Alert(1, "!", f"nothing is launched: {line(readings.hold)}", "warn"))
    if spent := snapshot.over_cost():
        found.append(Alert(1, "!", f"nothing is launched: {spent}", "warn"))
    found += [
        Alert(6, "z", f"{name(key)} sleeps until {exact_clock(one.until)}: {line(one.reason)}", "warn")
        for key, one in snapshot.sleepers(snapshot.at).items()
    ]
    if snapshot.skipped:
        found.append(Alert(9, "!", f"{count(snapshot.skipped, 'fact')} of the journal did not fit", "warn"))
    for leg in map(snapshot.legs.__getitem__, snapshot.active):
        found += _of_leg(view, leg)
    for workstream in snapshot.workstreams.values():
        if workstream.clean_up_refused:
            text = f"{name(workstream.id)}: clean-up refused: {line(workstream.clean_up_refused)}"
            found.append(Alert(7, "!", text, "warn", workstream.id))
    found += _seen(view)
    found += _foreseen(view)
    found += [Alert(11, "↺", f"put right: {line(one)}", "dim") for one in snapshot.recovered]
    places = {key: at for at, key in enumerate(snapshot.workstreams)}
    return tuple(sorted(found, key=lambda alert: (alert.rank, places.get(alert.workstream, -1))))


def _of_leg(view: View, leg: Leg) -> list[Alert]:
    approval = view.snapshot.approval_of(leg)
    run = view.readings.runs.get(leg.run or "")
    stalled = run.stalled_since if run and leg.state is State.RUNNING else None
    if leg.state in _QUIET or (leg.state in (State.READY, State.RUNNING) and approval is None and stalled is None):
        return []
    who = name(leg.workstream)
    look = LOOKS[leg.state]
    if leg.state in _BAD:
        text = f"{who}: {look.word}{f': {line(leg.reason)}' if leg.reason else ''}"
        if leg.state is State.QUARANTINED:
            text = f"{who}: {look.word}: {line(leg.reason) or 'for what it wrote'} · 4, there u releases, X discards"
        return [Alert(_BAD[leg.state], look.glyph, text, look.style, leg.workstream)]
    if leg.state is State.QUEUED and leg.retry_at:
        text = f"{who}: merge waits: {put_off(leg)} · next try {exact_clock(leg.retry_at)}"
        return [Alert(6, look.glyph, text, "warn", leg.workstream)]
    if stalled is not None:
        text = f"{who}: ~stalled: no output and no change since {exact_clock(stalled)}"
        return [Alert(6, STALLED.glyph, text, "warn", leg.workstream)]
    if approval and (approval == "merge" or view.snapshot.workstreams[leg.workstream].wanted):
        stand = len(view.snapshot.open_violations(leg.key)) if approval == "merge" else 0
        stands = f" · {count(stand, 'open violation')} (4)" if stand else ""
        return [Alert(8, "◆", f"{who}: awaits your yes to its {approval} (a, A){stands}", "warn", leg.workstream)]
    return []


def _seen(view: View) -> list[Alert]:
    """Return what will quarantine a leg if it stays: as a time, so that an alert stands still while time goes by."""
    found: list[Alert] = []
    for key, seen in view.readings.findings.items():
        due = min((one for one in seen if one.due), key=lambda one: one.due, default=None)
        if due is not None and key in view.snapshot.workstreams and view.snapshot.state_of(key) is State.RUNNING:
            text = f"{name(key)}: {told(due)}: quarantined {exact_clock(due.due)} if it stays"
            found.append(Alert(3, "⚠", text, "warn", key))
    return found


def _foreseen(view: View) -> list[Alert]:
    """Return what would conflict if it was merged now, each pair once, and the shared files that several edit."""
    snapshot, readings = view.snapshot, view.readings
    base = name(snapshot.outline.base)
    found: list[Alert] = []
    for path, keys in readings.shared.items():
        if len(keys) > 1:
            text = f"{line(path)}: {', '.join(map(name, keys))} (shared file)"
            found.append(Alert(9, "≈", text, "warn", next((key for key in keys if key in snapshot.workstreams), "")))
    for key, reading in readings.conflicts.items():
        if key not in snapshot.workstreams:
            continue
        if reading.base and snapshot.state_of(key) is not State.CONFLICT:
            found.append(Alert(10, "⚔", f"{name(key)} would conflict with {base}: {_paths(reading.base)}", "dim", key))
        for other, paths in reading.others.items():
            told = other in readings.conflicts and key in readings.conflicts[other].others and other < key
            if paths and not told:
                text = f"{name(key)} and {name(other)} would conflict: {_paths(paths)}"
                found.append(Alert(10, "⚔", text, "dim", key))
    return found


def _paths(paths: tuple[str, ...]) -> str:
    return line(", ".join(paths[:3])) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")


def top_lines(found: tuple[Alert, ...], most: int) -> tuple[Alert, ...]:
    """Return at most `most` alerts; where there are more, the last one says how many and how to reach them."""
    if len(found) <= most:
        return found
    rest = len(found) - most + 1
    return (*found[: most - 1], Alert(99, "…", f"{rest} more (n goes through them)", "dim"))
