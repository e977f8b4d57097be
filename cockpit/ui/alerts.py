"""View → alerts: what is wrong or awaits the operator, worst first, each with what solves it. Pure, no widgets."""

from collections.abc import Iterator

from msgspec import Struct

from cockpit.engine.handle import View
from cockpit.schedule.snapshot import Leg
from cockpit.schedule.states import State
from cockpit.ui.keys import AGENTS, BY_NAME, MERGES, PLAN, QUARANTINE
from cockpit.ui.looks import BY_HAND, LOOKS, STALLED, Look, count, exact_clock, line, name
from cockpit.ui.present import put_off
from cockpit.ui.violations import told


class Alert(Struct, frozen=True):
    """One thing to look at, in safe text; `workstream` is empty where it is about the plan, `since` 0 where unknown.

    `text` is all of it, `says` what is left where its workstream and its word stand beside it. `solve` are the names of
    the actions that solve it, `hint` says what does where no key can; `opens` is the page that shows it (empty: that
    of its workstream). `mark` stands for a text that tells figures, which are others at every look.
    """

    rank: int
    look: Look
    text: str
    workstream: str = ""
    says: str = ""
    since: float = 0.0
    solve: tuple[str, ...] = ()
    hint: str = ""
    opens: str = ""
    mark: str = ""

    @property
    def glyph(self) -> str:
        """Return its glyph."""
        return self.look.glyph

    @property
    def style(self) -> str:
        """Return the name of its style."""
        return self.look.style

    @property
    def key(self) -> str:
        """Return what stays the same for as long as it is the same alert: another time, or another text, is another."""
        return "\0".join(
            (self.look.word, self.workstream, f"{self.since:.0f}" if self.since else self.mark or self.text)
        )


PLAN_FILE = Look("✗", "plan file", "bad")
TRUST = Look("!", "trust", "warn")
TROUBLE = Look("!", "trouble", "bad")
THRESHOLD = Look("!", "threshold", "warn")
DISK = Look("!", "disk low", "bad")
HELD = Look("!", "held", "warn")
COST = Look("!", "cost limit", "warn")
ASLEEP = Look("z", "asleep", "warn")
JOURNAL = Look("!", "journal", "warn")
CLEAN_UP = Look("!", "clean-up", "warn")
PUT_OFF = Look(LOOKS[State.QUEUED].glyph, "put off", "warn")
YOURS = Look("◆", "approval", "warn")
QUESTION = Look("?", "question", "warn")
SEEN = Look("⚠", "seen", "warn")
SHARED = Look("≈", "shared", "warn")
FORESEEN = Look("⚔", "foreseen", "dim")
PUT_RIGHT = Look("↺", "put right", "dim")
RANKS = {State.QUARANTINED: 2, State.CONFLICT: 3, State.FAILED: 4, State.REJECTED: 5}
_SOLVE = {
    State.QUARANTINED: ("release", "discard"),
    State.CONFLICT: ("conflict", "retry"),
    State.FAILED: ("retry", "output"),
    State.REJECTED: ("retry", "stop"),
}
_QUIET = frozenset({State.PREPARING, State.CHECKING, State.MERGING, State.RETRYING, State.PAUSED, State.STOPPED})


def alerts(view: View) -> tuple[Alert, ...]:
    """Return the alerts of a view, worst first; none where all is well."""
    snapshot = view.snapshot
    found = [*_of_plan(view)]
    for leg in map(snapshot.legs.__getitem__, snapshot.active):
        found += _of_leg(view, leg)
    found += _questions(view)
    for workstream in snapshot.workstreams.values():
        if workstream.clean_up_refused:
            found.append(_of(7, CLEAN_UP, workstream.id, f"refused: {line(workstream.clean_up_refused)}", ("cleanup",)))
    found += _seen(view)
    found += _foreseen(view)
    found += [Alert(11, PUT_RIGHT, f"put right: {line(one)}", says=line(one)) for one in snapshot.recovered]
    places = {key: at for at, key in enumerate(snapshot.workstreams)}
    return tuple(sorted(found, key=lambda alert: (alert.rank, places.get(alert.workstream, -1))))


def keyed(*actions: str) -> str:
    """Return the keys of actions as the operator has them, with their words: `u release, X discard`."""
    known = (BY_NAME[action] for action in actions)
    return ", ".join(f"{one.shown} {one.short or one.name.replace('_', ' ')}" for one in known)


def shown(action: str) -> str:
    """Return the key of an action as the operator has it."""
    return BY_NAME[action].shown


def _of(
    rank: int,
    look: Look,
    workstream: str,
    says: str,
    solve: tuple[str, ...] = (),
    since: float = 0.0,
    opens: str = "",
    *,
    bare: bool = False,
) -> Alert:
    """Return an alert of a workstream; `bare`: its sentence needs no word before it."""
    who = name(workstream)
    text = f"{who}: {says}" if bare else f"{who}: {look.word}{' ' if look is CLEAN_UP else ': '}{says}".rstrip(": ")
    return Alert(rank, look, text, workstream, says, since, solve, opens=opens)


def _of_plan(view: View) -> Iterator[Alert]:
    snapshot, readings = view.snapshot, view.readings
    if errors := readings.plan.errors:
        hint = "mend it in the file: it is read again by itself, and the last good plan stays in force until then"
        more = f"{count(len(errors), 'error')} ({shown('plan')} lists them), first " if len(errors) > 1 else ""
        says = f"{more}{line(errors[0])}"
        yield Alert(0, PLAN_FILE, f"plan file: {says}", says=says, solve=("plan",), hint=hint, opens=PLAN)
    for ask in readings.plan.asks:
        text = f"changed, not trusted yet ({shown('trust')}): {line(ask)}"
        yield Alert(1, TRUST, text, says=f"changed: {line(ask)}", solve=("trust",))
    if readings.plan.untrusted:
        many = count(len(readings.plan.untrusted), "command")
        says = f"{many} of the plan not trusted yet"
        yield Alert(1, TRUST, f"{says}: {shown('trust')}", says=says, solve=("trust",))
    for key, note in readings.notes.items():
        if key not in snapshot.workstreams:
            yield _noted(key, note)
    if readings.hold:
        text = f"nothing is launched: {line(readings.hold)}"
        yield Alert(1, HELD, text, says=text, hint="it goes on by itself once that is over")
    if spent := snapshot.over_cost():
        text = f"nothing is launched: {spent}"
        hint = "raise `limits.cost` in the plan and trust that, and it goes on"
        yield Alert(1, COST, text, says=text, solve=("plan",), hint=hint)
    for key, one in snapshot.sleepers(snapshot.at).items():
        says = f"{name(key)} sleeps until {exact_clock(one.until)}: {line(one.reason)}"
        yield Alert(6, ASLEEP, says, says=says, opens=AGENTS, hint="it wakes by itself")
    if snapshot.skipped:
        text = f"{count(snapshot.skipped, 'fact')} of the journal did not fit"
        yield Alert(9, JOURNAL, text, says=text, hint="`cockpit facts PLAN --verify` says which")


def _noted(key: str, note: str) -> Alert:
    """Return what the driver noted about itself, its disk, or a threshold of the plan."""
    text = f"{name(key)}: {line(note)}"
    if key == "disk":
        hint = f"free some room: {shown('cleanup')} on a workstream that is merged or stopped removes its worktree"
        return Alert(1, DISK, text, says=line(note), hint=hint, mark=key)
    if key.startswith("alerts."):
        hint = f"the journal ({shown('journal')}) says what failed, the page of agents ({shown(AGENTS)}) of whom"
        return Alert(6, THRESHOLD, text, says=text, hint=hint, opens=AGENTS, mark=key)
    return Alert(1, TROUBLE, text, says=text)


def _of_leg(view: View, leg: Leg) -> list[Alert]:
    if leg.handed_over:  # a human is at work on it: whatever it was before awaits nobody
        since = view.readings.left.get(leg.workstream, 0.0)
        says = f"taken over, but its terminal is gone: {shown('attach')} goes in again, or hands it back"
        return [_of(6, BY_HAND, leg.workstream, says, ("attach",), since, bare=True)] if since else []
    approval = view.snapshot.approval_of(leg)
    run = view.readings.runs.get(leg.run or "")
    stalled = run.stalled_since if run and leg.state is State.RUNNING else None
    if leg.state in _QUIET or (leg.state in (State.READY, State.RUNNING) and approval is None and stalled is None):
        return []
    key = leg.workstream
    if leg.state in RANKS:
        held = leg.state is State.QUARANTINED
        says = line(leg.reason) or ("for what it wrote" if held else "")
        found = _of(RANKS[leg.state], LOOKS[leg.state], key, says, _SOLVE[leg.state], leg.since, QUARANTINE * held)
        if held:
            release, discard = shown("release"), shown("discard")
            text = f"{found.text} · {shown(QUARANTINE)}, there {release} releases, {discard} discards"
            found = Alert(found.rank, found.look, text, key, says, leg.since, found.solve, opens=QUARANTINE)
        return [found]
    if leg.state is State.QUEUED and leg.retry_at:
        says = f"merge waits: {put_off(leg)} · next try {exact_clock(leg.retry_at)}"
        return [_of(6, PUT_OFF, key, says, ("merge",), leg.since, MERGES, bare=True)]
    if stalled is not None:
        says = f"no output and no change since {exact_clock(stalled)}"
        return [_of(6, STALLED, key, says, ("output", "pause", "stop"), stalled)]
    if approval and (approval == "merge" or view.snapshot.workstreams[key].wanted):
        stand = len(view.snapshot.open_violations(leg.key)) if approval == "merge" else 0
        stands = f" · {count(stand, 'open violation')} ({shown(QUARANTINE)})" if stand else ""
        says = f"awaits your yes to its {approval} ({shown('approve')}, {shown('reject')}){stands}"
        return [_of(8, YOURS, key, says, ("approve", "reject"), leg.since, bare=True)]
    return []


def _questions(view: View) -> Iterator[Alert]:
    """Yield what agents ask and nobody answered yet."""
    for one in view.snapshot.open_questions():
        if one.workstream in view.snapshot.workstreams:
            says = f"{name(one.by) or 'its agent'} asks: {line(one.text)}"
            yield _of(5, QUESTION, one.workstream, says, ("answer",), one.at, bare=True)


def _seen(view: View) -> list[Alert]:
    """Return what will quarantine a leg if it stays: as a time, so that an alert stands still while time goes by."""
    found: list[Alert] = []
    for key, seen in view.readings.findings.items():
        due = min((one for one in seen if one.due), key=lambda one: one.due, default=None)
        if due is not None and key in view.snapshot.workstreams and view.snapshot.state_of(key) is State.RUNNING:
            says = f"{told(due)}: quarantined {exact_clock(due.due)} if it stays"
            found.append(_of(3, SEEN, key, says, ("stop", "diff"), due.since, QUARANTINE, bare=True))
    return found


def _foreseen(view: View) -> list[Alert]:
    """Return what would conflict if it was merged now, each pair once, and the shared files that several edit."""
    snapshot, readings = view.snapshot, view.readings
    base = name(snapshot.outline.base)
    found: list[Alert] = []
    for path, keys in readings.shared.items():
        if len(keys) > 1:
            text = f"{line(path)}: {', '.join(map(name, keys))} (shared file)"
            first = next((key for key in keys if key in snapshot.workstreams), "")
            found.append(Alert(9, SHARED, text, first, text, solve=("diff",)))
    for key, reading in readings.conflicts.items():
        if key not in snapshot.workstreams:
            continue
        if reading.base and snapshot.state_of(key) is not State.CONFLICT:
            says = f"would conflict with {base}: {_paths(reading.base)}"
            found.append(Alert(10, FORESEEN, f"{name(key)} {says}", key, says, solve=("diff",)))
        for other, paths in reading.others.items():
            is_told = other in readings.conflicts and key in readings.conflicts[other].others and other < key
            if paths and not is_told:
                text = f"{name(key)} and {name(other)} would conflict: {_paths(paths)}"
                found.append(Alert(10, FORESEEN, text, key, text, solve=("diff",)))
    return found


def _paths(paths: tuple[str, ...]) -> str:
    return line(", ".join(paths[:3])) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")


def top_lines(found: tuple[Alert, ...], most: int) -> tuple[Alert, ...]:
    """Return at most `most` alerts; where there are more, the last one says how many and how to reach them."""
    if len(found) <= most:
        return found
    rest = len(found) - most + 1
    text = f"{rest} more ({shown('alerts')} shows all, {shown('next')} goes through yours)"
    return (*found[: most - 1], Alert(99, Look("…", "more", "dim"), text))
