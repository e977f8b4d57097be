"""View → rows: what the grid shows of each workstream, and the differences between two times. Pure, no widgets.

It is longer than other modules since a row is made anew only where what it was made of differs: what is compared and
what is made of it are read together.
"""

from collections.abc import Generator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from cockpit.engine.handle import View
from cockpit.schedule.queueing import waits_in_line
from cockpit.schedule.readings import ConflictReading, FindingReading, RunReading, Step, WorktreeReading
from cockpit.schedule.snapshot import (
    OPEN,
    RELEASED,
    Cost,
    GateResult,
    Leg,
    Run,
    Snapshot,
    Workstream,
    blockers,
    total,
    waits_for,
)
from cockpit.schedule.states import AWAITS_HUMAN, WORKING, State
from cockpit.schedule.talk import Question
from cockpit.ui.keyed import key_of
from cockpit.ui.looks import LOOKS, Look, exact_clock, line, look_of, name
from cockpit.ui.pulse import NO_PULSE, Activity, Progress, Pulse, progress
from cockpit.ui.touched import Common, touched

Cell = tuple[str, str]
REMOVED = "removed from plan"
_BY_STEPS = (State.CHECKING, State.MERGING)
SLICE = 25


class Row(Struct, frozen=True):
    """A workstream as a row: safe text with style names; times stay numbers, so that a row is stable as time goes by.

    `cells` are in the order of columns.COLUMNS without the mark and the times; `awaits` says that it awaits the
    operator; `output` names the run and the number of bytes it printed (-1: all of them, it is over); `due` is when
    what is seen there quarantines.
    """

    id: str
    look: Look
    cells: tuple[Cell, ...]
    since: float | None
    finish: float | None
    awaits: bool
    output: tuple[str, int]
    search: str
    due: float | None = None
    pulse: Pulse = NO_PULSE
    progress: Progress | None = None


class Patch(Struct, frozen=True):
    """What is different: all ids in order (None where they are the same as before), and the rows that changed."""

    order: tuple[str, ...] | None = None
    rows: tuple[Row, ...] = ()

    @property
    def empty(self) -> bool:
        """Say whether nothing changed."""
        return self.order is None and not self.rows


def run_told(run: Run | None) -> str:
    """Return what follows the title of a run's output: its slot, where it took one, and which attempt it is."""
    if run is None:
        return ""
    return (f" · {name(run.slot)}" if run.slot else "") + f" · attempt {run.attempt}"


def patch(before: Mapping[str, Row], after: Mapping[str, Row]) -> Patch:
    """Return the difference between two sets of rows."""
    order = None if before.keys() == after.keys() and list(before) == list(after) else tuple(after)
    return Patch(order, tuple(row for key, row in after.items() if before.get(key) is not row))


class Presenter:
    """Makes rows of views, and makes again only those whose inputs changed."""

    def __init__(self) -> None:
        self._inputs: dict[str, tuple[object, ...]] = {}
        self._standing: dict[str, Leg] = {}
        self._rows: dict[str, Row] = {}
        self._activity = Activity()
        self._spent: tuple[object, object, dict[str, Cost]] = (None, None, {})
        self._before: tuple[View, Common] | None = None

    @property
    def made(self) -> dict[str, Row]:
        """The rows that were made last."""
        return self._rows

    def rows(self, view: View) -> dict[str, Row]:
        """Return the rows of a view in plan order; unchanged rows are the very same objects as before."""
        for _ in self.making(view):
            pass
        return self._rows

    def making(self, view: View) -> Generator[None, None, None]:
        """Make the rows of a view, with a pause after every few; at the end `made` holds them."""
        snapshot = view.snapshot
        common = self._common(view)
        before, self._before = self._before, (view, common)
        keys = touched(*before, view, common, self._standing) if before is not None else None
        if keys is None:
            gone = self._rows.keys() - snapshot.workstreams.keys()
            self._activity.forget(gone)
            for key in gone:
                del self._inputs[key], self._standing[key]
        shared = {key for keys in view.readings.shared.values() if len(keys) > 1 for key in keys}
        made: dict[str, Row] = {}
        whole = False
        try:
            for number, key in enumerate(snapshot.workstreams if keys is None else keys, 1):
                made[key] = self._row(view, key, common, shared=key in shared)
                if not number % SLICE:
                    yield
            whole = True
        finally:  # whoever asks no more, after an error or at the end, leaves rows that fit what they were made of
            if keys is None and whole:
                self._rows = made
            elif made:
                self._rows = {**self._rows, **made}
            if not whole:
                self._before = None

    def _common(self, view: View) -> Common:
        """Return what rows have in common; what is made of the very same snapshot is not made again."""
        snapshot, hold = view.snapshot, held_why(view)
        if self._before is not None and self._before[0].snapshot is snapshot:
            return replace(self._before[1], hold=hold)
        asked = {one.workstream: one for one in reversed(snapshot.open_questions())}
        spent, busy = self._costs(snapshot), snapshot.busy_slots()
        return Common(hold, blockers(snapshot), _judged(snapshot), asked, spent, busy)

    def _row(self, view: View, key: str, common: Common, *, shared: bool) -> Row:
        """Return the row of a workstream: the one there is, where it would be made of the same."""
        snapshot, readings = view.snapshot, view.readings
        workstream, leg = snapshot.workstreams[key], snapshot.leg_under_way(key)
        by = common.blocked.get(leg.key, ())
        needed = waits_for(snapshot, leg) if leg.state in (State.WAITING, State.QUEUED) else ()
        free = leg.state is State.READY and not common.hold
        done = progress(snapshot, snapshot.legs_of(key), leg)
        given = (
            workstream,
            leg,
            readings.worktrees.get(key),
            readings.runs.get(leg.run or ""),
            readings.notes.get(key, ""),
            tuple(snapshot.legs[one].state for one in (*by, *needed)),
            by,
            needed,
            _finish(view, workstream),
            common.hold if leg.state is State.READY else "",
            clash(readings.conflicts.get(key), leg, snapshot.outline.base),
            any(one in snapshot.reverting for one in workstream.outline.legs),
            snapshot.unsure_of(leg),
            waits_in_line(snapshot, leg, common.busy) if free else "",
            common.judged.get(leg.key, (0, 0)),
            readings.findings.get(key, ()) if leg.state is State.RUNNING else (),
            common.spent.get(key),
            shared,
            common.asked.get(key),
            done,
            readings.steps.get(key),
            readings.left.get(key, 0.0) if leg.handed_over else 0.0,
            _is_over(snapshot, leg),
        )
        if self._inputs.get(key) == given:
            return self._rows[key]
        self._inputs[key], self._standing[key] = given, leg
        pulse = self._activity.note(key, leg.run or "", given[3], given[2])
        return _row(snapshot, workstream, leg, given, pulse, done)

    def _costs(self, snapshot: Snapshot) -> dict[str, Cost]:
        """Return what each workstream used so far; summed anew only when there is more of it."""
        if self._spent[0] is not snapshot.usage or self._spent[1] is not snapshot.runs:
            parts: dict[str, list[Cost]] = {}
            for run, cost in snapshot.usage.items():
                if (one := snapshot.runs.get(run)) is not None and one.leg in snapshot.legs:
                    parts.setdefault(snapshot.legs[one.leg].workstream, []).append(cost)
            self._spent = (snapshot.usage, snapshot.runs, {key: total(costs) for key, costs in parts.items()})
        return self._spent[2]


def held_why(view: View) -> str:
    """Return why nothing new is launched, in words; empty where launching is free."""
    if view.readings.plan.untrusted:
        return f"the plan is not trusted yet ({key_of('trust')})"
    if view.snapshot.held:
        return f"launching is held ({key_of('drain')})"
    return line(view.readings.hold)


def awaits_operator(snapshot: Snapshot, key: str) -> bool:
    """Say whether a workstream awaits something that only the operator can give."""
    leg = snapshot.leg_under_way(key)
    workstream = snapshot.workstreams[key]
    stuck = leg.state in AWAITS_HUMAN and not leg.taken_over
    if stuck or workstream.clean_up_refused or snapshot.open_questions(key):
        return True
    return workstream.wanted and snapshot.approval_of(leg) is not None


def _finish(view: View, workstream: Workstream) -> float | None:
    forecast = view.readings.forecast
    if forecast is None:
        return None
    ends = forecast.ends
    found = [ends[key] for key in (workstream.id, *workstream.outline.legs) if key in ends]
    return (forecast.at + max(found)) // 60 * 60 if found else None  # as it is shown: most forecasts change no row


def _row(
    snapshot: Snapshot,
    workstream: Workstream,
    leg: Leg,
    given: tuple[object, ...],
    pulse: Pulse,
    done: Progress,
) -> Row:
    worktree, run = given[2], given[3]
    assert worktree is None or isinstance(worktree, WorktreeReading)  # noqa: S101 - what _rows put there, for mypy
    assert run is None or isinstance(run, RunReading)  # noqa: S101 - the same
    note, by, needed, finish, hold = str(given[4]), given[6], given[7], given[8], str(given[9])
    clashes, reverting = str(given[10]), bool(given[11])
    unsure = snapshot.unsure_of(leg)
    look = look_of(leg, run, blocked=bool(by), unsure=bool(unsure))
    in_line = str(given[13])
    why, why_style = explain(snapshot, workstream, leg, run, note, hold=hold, in_line=in_line, by=by, needed=needed)  # type: ignore[arg-type]  # tuples of keys, as put there
    if isinstance(given[20], Step) and not leg.ending and (workstream.clean_up or leg.state in _BY_STEPS):
        why, why_style = line(given[20].what), "busy"
    if given[21]:
        why = f"taken over, but its terminal is gone ({key_of('attach')} hands it back)"
    if unsure:
        why = f"{why} · {unsure}"
    if reverting:
        why, why_style = "its merge is being rolled back", "busy"
    known, seen = given[14], given[15]
    assert isinstance(known, tuple)  # noqa: S101 - the same
    assert isinstance(seen, tuple)  # noqa: S101 - the same
    due = min((one.due for one in seen if one.due), default=None)
    if seen and not leg.ending:
        why, why_style = _of_seen(seen), "warn"
    cost, shared, asks = given[16], bool(given[17]), given[18]
    if isinstance(asks, Question) and not leg.ending:
        why, why_style = f"asks: {line(asks.text)}", "warn"
    if workstream.gone:
        why = f"{why} · {REMOVED}" if why else REMOVED
    signs = _signs(look, leg, seen=len(seen), stands=known[0], clashes=bool(clashes), shared=shared)
    legs = workstream.outline.legs
    merged = leg.state is State.MERGED
    calm = "dim" if look.style in ("quiet", "good") else "plain"
    cells: tuple[Cell, ...] = (
        (f"{look.glyph} {look.word}", look.style),
        (name(workstream.id), "dim" if look.style == "quiet" else "strong"),
        (line(workstream.outline.title), calm),
        (f"r{leg.outline.round}", "dim"),
        (f"{legs.index(leg.key) + 1 if leg.key in legs else 1}/{len(legs)}", "dim"),
        (name(leg.slot or ""), "plain"),
        (_files(leg, worktree), "dim" if merged else "plain"),
        (f"↑{worktree.ahead} ↓{worktree.behind}" if worktree and (worktree.ahead or worktree.behind) else "", "dim"),
        (why, why_style),
        (clashes, "warn"),
        (_violations(known[0], known[1], len(seen)), "warn" if known[0] or seen else "dim"),
        (spent_told(cost) if isinstance(cost, Cost) else "", "dim"),
        (signs, "warn"),
    )
    return Row(
        workstream.id,
        look,
        cells,
        since=leg.since or None,
        finish=finish if isinstance(finish, float) and not (merged or leg.handed_over) else None,
        awaits=awaits_operator(snapshot, workstream.id),
        output=(leg.run or "", run.output_bytes if run else -1 if given[22] else 0),
        search=" ".join([name(workstream.outline.branch), *(text for text, _ in cells)]).lower(),
        due=None if leg.ending else due,
        pulse=pulse,
        progress=done,
    )


def _is_over(snapshot: Snapshot, leg: Leg) -> bool:
    run = snapshot.runs.get(leg.run or "")
    return run is not None and run.ended is not None


def _signs(look: Look, leg: Leg, *, seen: int, stands: int, clashes: bool, shared: bool) -> str:
    """Return a glyph for each thing to look at that the state itself does not tell."""
    if leg.state is State.MERGED:
        return ""
    told = ((seen, "⚠"), (stands and look.glyph != LOOKS[State.QUARANTINED].glyph, "⊘"), (clashes, "⚔"), (shared, "≈"))
    return "".join(glyph for there, glyph in told if there)


def spent_told(cost: Cost) -> str:
    """Return a cost in few cells: in dollars, else in tokens."""
    if cost.usd:
        return f"${cost.usd:,.2f}"
    tokens = cost.tokens_in + cost.tokens_out
    return f"{tokens / 1000:,.0f}k tok" if tokens else ""


def _judged(snapshot: Snapshot) -> dict[str, tuple[int, int]]:
    """Return how many violations of each leg are open, and how many a human let stand."""
    found: dict[str, tuple[int, int]] = {}
    for one in snapshot.violations.values():
        stands, waived = found.get(one.leg, (0, 0))
        found[one.leg] = (stands + (one.state == OPEN), waived + (one.state == RELEASED and bool(one.reason)))
    return found


def _violations(stands: int, waived: int, seen: int) -> str:
    if not (stands or waived or seen):
        return ""
    counts = ((stands, "open"), (seen - stands, "seen"), (waived, "waived"))
    return " ".join(f"{number} {word}" for number, word in counts if number > 0)


def _of_seen(seen: tuple[FindingReading, ...]) -> str:
    first = min(seen, key=lambda one: (not one.due, one.due, one.since))
    more = f" +{len(seen) - 1}" if len(seen) > 1 else ""
    return f"⚠ {name(first.rule)} {line(first.path)}{f':{first.line}' if first.line else ''}{more}"


def clash(reading: ConflictReading | None, leg: Leg, base: str) -> str:
    """Return what a workstream would conflict with if it was merged now, in few words: `⚔ api: src/db.py +1`."""
    if reading is None or leg.state in (State.MERGED, State.CONFLICT):
        return ""
    found = [(name(base), reading.base)] if reading.base else []
    found += [(name(other), paths) for other, paths in reading.others.items() if paths]
    if not found:
        return ""
    who, paths = found[0]
    more = len(found) - 1 + len(paths) - 1
    return f"⚔ {who}: {line(paths[0])}{f' +{more}' if more else ''}"


def on_older_base(gate: GateResult, leg: Leg, base_commit: str) -> bool:
    """Say whether a gate passed on work that base, or the leg itself, has moved on from."""
    if not gate.ok or leg.state is State.MERGED:
        return False
    if gate.tree != leg.tree:
        return not leg.built  # once a merge was built, another tree is the integrated one
    return bool(base_commit and leg.base) and leg.base != base_commit


def put_off(leg: Leg) -> str:
    """Return why a merge waits, with the paths that are in its way."""
    unnamed = [path for path in leg.paths if path not in leg.reason]
    return line(f"{leg.reason}{': ' if unnamed else ''}{', '.join(unnamed)}")


def _files(leg: Leg, worktree: WorktreeReading | None) -> str:
    if worktree and worktree.files:
        return f"{worktree.files} +{worktree.added} −{worktree.removed}"
    return f"{leg.files} +{leg.added} −{leg.removed}" if leg.files else ""


def explain(
    snapshot: Snapshot,
    workstream: Workstream,
    leg: Leg,
    run: RunReading | None,
    note: str,
    *,
    hold: str = "",
    in_line: str = "",
    by: tuple[str, ...] = (),
    needed: tuple[str, ...] = (),
) -> Cell:
    """Return why a workstream is as it is, or what it is doing, in words, with the style of the words."""
    if workstream.clean_up_refused:
        return f"clean-up refused: {line(workstream.clean_up_refused)}", "warn"
    if workstream.clean_up:
        return "its worktree is being removed", "busy"
    if by and leg.state in (State.WAITING, State.READY):
        return f"blocked by {_named(snapshot, by, leg.workstream)}", "bad"
    waiting = None if leg.taken_over else _explain_waiting(snapshot, workstream, leg, hold, in_line, needed)
    return waiting or _explain_work(leg, run, note)


def _explain_waiting(
    snapshot: Snapshot, workstream: Workstream, leg: Leg, hold: str, in_line: str, needed: tuple[str, ...]
) -> Cell | None:
    if leg.state is State.WAITING:
        if not workstream.wanted:
            others = _named(snapshot, needed, leg.workstream)
            return f"not started{f' · needs {others}' if others else ''}", "dim"
        return f"waits for {_named(snapshot, needed, leg.workstream) or 'its turn'}", "dim"
    approval = snapshot.approval_of(leg)
    if approval:
        return f"approval: {approval}", "warn"
    if leg.state is State.READY:
        return (hold, "warn") if hold else (line(in_line), "dim")
    if leg.state is State.QUEUED:
        if leg.retry_at:
            return f"{put_off(leg)} · next try {exact_clock(leg.retry_at)}", "warn"
        if needed:
            return f"approved, waits for the merge of {_named(snapshot, needed, leg.workstream)}", "dim"
        return "waits for its merge", "dim"
    return None


def _explain_work(leg: Leg, run: RunReading | None, note: str) -> Cell:
    if leg.hand is not None and leg.taken_over and leg.hand.at:
        return f"taken over by {name(leg.hand.by or 'somebody')} since {exact_clock(leg.hand.at)}", "warn"
    if leg.ending:
        doing = {"pause": "pausing…", "stop": "stopping…", "quarantine": "being quarantined…"}
        return doing.get(leg.ending, "ending…"), "warn"
    if leg.state is State.PREPARING and run and run.activity:
        return line(run.activity), "dim"
    if leg.state is State.RETRYING:
        return f"again at {exact_clock(leg.retry_at)}{f' · {line(leg.reason)}' if leg.reason else ''}", "warn"
    if leg.state is State.RUNNING:
        if run and run.stalled_since is not None:
            return f"no output and no change since {exact_clock(run.stalled_since)}", "warn"
        said = (leg.note, run.activity if run else "")
        return line(note or " · ".join(filter(None, said))), "plain"
    if leg.state is State.MERGED:
        kept = f" · not rolled back: {line(leg.reason)}" if leg.reason else ""
        return (f"as {name(leg.merged)[:9]}{kept}" if leg.merged else "nothing to merge"), "warn" if kept else "dim"
    if leg.state is State.CONFLICT and leg.resolving:
        return f"{name(leg.resolving)} is under way", "busy"
    if leg.state is State.CONFLICT and leg.opened:
        return f"being resolved in {line(leg.opened)} ({key_of('conflict')})", "warn"
    if leg.reason:
        return line(leg.reason), LOOKS[leg.state].style
    return {
        State.PREPARING: ("its worktree is being made", "dim"),
        State.CHECKING: ("committing, then its gates", "dim"),
        State.MERGING: ("being built and checked", "dim"),
        State.PAUSED: ("p resumes it", "dim"),
        State.STOPPED: ("s starts it again", "dim"),
    }.get(leg.state, (line(note), "dim"))


def _named(snapshot: Snapshot, keys: tuple[str, ...], own: str) -> str:
    """Return legs by their workstreams, each with its state; a leg of the workstream itself by its issue."""
    found: dict[str, None] = {}
    for key in keys:
        leg = snapshot.legs[key]
        who = name(leg.outline.issues[0] if leg.workstream == own and leg.outline.issues else leg.workstream)
        found[f"{who} ({leg.state.value})"] = None
    return ", ".join(found)


def going_on(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the workstreams that have an agent, or go on by themselves when nobody looks."""
    active = [snapshot.legs[key] for key in sorted(snapshot.active)]
    ready = [leg for leg in active if leg.state is State.READY and snapshot.workstreams[leg.workstream].wanted]
    waiting = [] if snapshot.held else [leg for leg in ready if snapshot.approval_of(leg) is None]
    found = {leg.workstream for leg in (*waiting, *(leg for leg in active if leg.state in WORKING))}
    return tuple(key for key in snapshot.workstreams if key in found)
