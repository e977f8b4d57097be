"""View → rows of the quarantine page: what is held, what is seen just now, every violation; and each in full. Pure."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from cockpit.engine.handle import View
from cockpit.schedule.readings import FindingReading
from cockpit.schedule.snapshot import FIXED, OPEN, RELEASED, Leg, Snapshot, Violation
from cockpit.schedule.states import State
from cockpit.ui.columns import Column
from cockpit.ui.keyed import key_of
from cockpit.ui.looks import LOOKS, Look, age, cells_of, code, count, exact_clock, line, name, time_left
from cockpit.ui.present import Cell, Row

Line = tuple[Cell, ...]

COLUMNS = (
    Column("state", "state", 0, 100, 9, 13),
    Column("rule", "rule", 1, 98, 12, 19),
    Column("place", "file:line", 2, 99, 12, 21),
    Column("workstream", "workstream", 3, 97, 10, 14),
    Column("severity", "severity", 4, 70, 8, 8),
    Column("slot", "slot", 5, 60, 6, 14),
    Column("why", "what is wrong", 6, 80, 20, 400),
    Column("time", "since", -1, 90, 5, 7, right=True),
)
CARD = (0, 1, 7, 6)
VIOLATION_LOOKS: Mapping[str, Look] = {
    OPEN: Look("!", "open", "bad"),
    RELEASED: Look("~", "waived", "quiet"),
    FIXED: Look("✓", "fixed", "quiet"),
}
MERGED = Look("▸", "merged", "quiet")
SEEN = Look("◌", "seen", "warn")
_SEVERITY_ORDER = ("CRITICAL", "HIGH", "MEDIUM", "LOW")
_SEVERITIES = {"CRITICAL": "bad", "HIGH": "warn"}
_PLACE = 21
_MISSING, _FEW = 40, 8


class Item(Struct, frozen=True):
    """One line of the page: a quarantined leg, a violation of a leg, or what is seen in its worktree just now."""

    row: Row
    workstream: str
    leg: str
    violation: Violation | None = None
    seen: FindingReading | None = None

    @property
    def place(self) -> tuple[str, int]:
        """Return the file and the line that it is about; an empty path where it is a whole leg."""
        one = self.violation or self.seen
        return (one.path, one.line) if one else ("", 0)


def items(view: View) -> dict[str, Item]:
    """Return what the page lists, by id: held legs with what holds them, then what is open, then what ended."""
    found: dict[str, Item] = {}
    for item in (*_held(view.snapshot), *_seen(view), *_violations(view.snapshot)):
        found.setdefault(item.row.id, item)
    return found


def counted(snapshot: Snapshot) -> tuple[int, int]:
    """Return how many legs are quarantined and how many violations are open."""
    held = sum(snapshot.legs[key].state is State.QUARANTINED for key in snapshot.active)
    return held, sum(one.state == OPEN and one.leg in snapshot.legs for one in snapshot.violations.values())


def place(path: str, number: int) -> str:
    """Return a place as `file:line`; the line is left out where the file as a whole is meant."""
    return f"{line(path)}:{number}" if number else line(path)


def told(one: Violation | FindingReading) -> str:
    """Return a violation in one line: severity, rule and place."""
    return f"{name(one.severity)} {name(one.rule)} {place(one.path, one.line)}"


def is_waived(one: Violation) -> bool:
    """Say whether a human let it stand by itself, which needs a reason, and not with all that was merged."""
    return one.state == RELEASED and bool(one.reason)


def look_of_violation(one: Violation) -> Look:
    """Return how a violation looks: by what became of it."""
    if one.state == RELEASED and not one.reason:
        return MERGED
    return VIOLATION_LOOKS.get(one.state, VIOLATION_LOOKS[OPEN])


def judged(one: Violation) -> str:
    """Return who let a violation stand, when and why; empty where nobody did."""
    if not is_waived(one):
        return ""
    when = f" {exact_clock(one.ended)}" if one.ended else ""
    return f"waived by {name(one.by) or '?'}{when}: {line(one.reason)}"


def _held(snapshot: Snapshot) -> Iterator[Item]:
    legs = [snapshot.legs[key] for key in snapshot.active if snapshot.legs[key].state is State.QUARANTINED]
    for leg in sorted(legs, key=lambda leg: (leg.since, leg.key)):
        mine = snapshot.open_violations(leg.key)
        look = LOOKS[State.QUARANTINED]
        says = f"{name(leg.held_slot) or 'its slot'} is held: {line(leg.reason)}"
        parts = (count(len(mine), "violation"), "", leg.workstream, "", leg.held_slot, says)
        yield Item(_row(f"leg:{leg.key}", look, parts, leg.since), leg.workstream, leg.key)
        for one in sorted(mine, key=lambda one: (one.id not in leg.held_for, _how_bad(one), one.path, one.line)):
            yield _of(leg, one)


def _how_bad(one: Violation) -> int:
    return _SEVERITY_ORDER.index(one.severity) if one.severity in _SEVERITY_ORDER else len(_SEVERITY_ORDER)


def _seen(view: View) -> Iterator[Item]:
    known = view.snapshot.violations
    for workstream, readings in view.readings.findings.items():
        if workstream not in view.snapshot.workstreams:
            continue
        leg = view.snapshot.leg_under_way(workstream)
        for one in readings:
            if one.id in known and known[one.id].state == OPEN:
                continue
            parts = (one.rule, place_short(one.path, one.line), workstream, one.severity, leg.slot or "", "")
            row = _row(f"seen:{one.id}", SEEN, parts, one.since, due=one.due or None)
            yield Item(row, workstream, leg.key, seen=one)


def _violations(snapshot: Snapshot) -> Iterator[Item]:
    ranks = {OPEN: 0, RELEASED: 1, FIXED: 2}
    known = [one for one in snapshot.violations.values() if one.leg in snapshot.legs]
    for one in sorted(known, key=lambda one: (ranks.get(one.state, 3), -(one.ended or one.at), one.id)):
        yield _of(snapshot.legs[one.leg], one)


def _of(leg: Leg, one: Violation) -> Item:
    look = look_of_violation(one)
    says = judged(one) or line(one.message)
    parts = (one.rule, place_short(one.path, one.line), leg.workstream, one.severity, one.slot, says)
    return Item(_row(one.id, look, parts, one.at, dim=one.state != OPEN), leg.workstream, leg.key, one)


def _row(
    key: str, look: Look, parts: tuple[str, ...], since: float, *, dim: bool = False, due: float | None = None
) -> Row:
    rule, where, workstream, severity, slot, says = parts
    calm = "dim" if dim else "plain"
    cells: tuple[Cell, ...] = (
        (f"{look.glyph} {look.word}", look.style),
        (name(rule), "dim" if dim else "strong"),
        (where, calm),
        (name(workstream), calm),
        (name(severity), "dim" if dim else _SEVERITIES.get(severity, "plain")),
        (name(slot), "dim"),
        (says, "dim" if dim else look.style if due else "plain"),
        (f"{name(workstream)} {where or says}", calm),
    )
    search = " ".join(text for text, _ in cells).lower()
    return Row(key, look, cells, since or None, None, awaits=False, output=("", 0), search=search, due=due)


def place_short(path: str, number: int) -> str:
    """Return a place that fits its column: the end of a long path, which tells more than its beginning."""
    whole = place(path, number)
    if cells_of(whole) <= _PLACE:
        return whole
    kept = whole[-_PLACE:]
    while cells_of(kept) > _PLACE - 1:
        kept = kept[1:]
    return f"…{kept}"


# --- one of them in full ----------------------------------------------------------------------------------------------


def detail(view: View, item: Item, now: float) -> tuple[Line, ...]:
    """Return all that is known of one line of the page."""
    snapshot = view.snapshot
    leg = snapshot.legs.get(item.leg)
    if leg is None:
        return ()
    if item.violation is not None:
        return (*_of_violation(item.violation, now), *_what_to_do(leg, item.violation))
    if item.seen is not None:
        return _of_seen(item.seen, leg, now)
    return _of_leg(snapshot, leg, now)


def _of_violation(one: Violation, now: float) -> Iterator[Line]:
    look = look_of_violation(one)
    yield (f"{look.glyph} {look.word}", look.style), (f" · {name(one.severity)} {name(one.rule)}", "strong")
    yield ((place(one.path, one.line), "accent"),)
    yield ((line(one.message), "plain"),)
    yield ()
    yield from _excerpt(one, _MISSING)
    yield ()
    by = f"written by {name(one.slot)}" if one.slot else "found"
    run = f" in run {name(one.run)}" if one.run else ""
    yield ((f"{by}{run}, since {exact_clock(one.at)}, {age(now - one.at)} ago", "dim"),)


def _excerpt(one: Violation, most: int) -> Iterator[Line]:
    """Yield the lines that went missing, and what stands there now."""
    for text in one.missing[:most]:
        yield ((f"− {code(text)}", "bad"),)
    if len(one.missing) > most:
        yield ((f"… {count(len(one.missing) - most, 'line')} more went missing", "dim"),)
    if one.excerpt:
        yield ((f"+ {code(one.excerpt)}", "good"),)


def _what_to_do(leg: Leg, one: Violation) -> Iterator[Line]:
    if one.state == RELEASED:
        yield ((judged(one) or f"merged with its leg {exact_clock(one.ended)}", "warn" if one.reason else "dim"),)
    elif one.state == FIXED and one.by:
        yield ((f"its work was set aside by {name(one.by)}{f': {line(one.reason)}' if one.reason else ''}", "dim"),)
    elif one.state == FIXED:
        yield (("it is not there any more", "dim"),)
    elif leg.state is State.QUARANTINED:
        holds = "it holds the leg and its slot" if one.id in leg.held_for else "it alone would not hold the leg"
        ways = f"{key_of('release')} releases, {key_of('waive')} lets this stand, {key_of('discard')} discards"
        yield ((f"{holds} · {ways}", "warn"),)
    elif leg.state in (State.REVIEW, State.QUEUED, State.CONFLICT):
        yield ((f"it holds nothing: you see it in the review · {key_of('waive')} lets it stand for a reason", "dim"),)
    else:
        mend = "its run was told to mend it, and is judged again" if one.id in leg.held_for else "it is judged again"
        yield ((f"{mend} · {key_of('waive')} lets it stand for a reason", "dim"),)


def _of_seen(one: FindingReading, leg: Leg, now: float) -> tuple[Line, ...]:
    until = time_left(one.due, now) if one.due else "its rule quarantines nothing"
    look = f"{key_of('diff')} shows the diff, {key_of('stop')} stops the run"
    return (
        ((f"{SEEN.glyph} {SEEN.word}", SEEN.style), (f" · {name(one.severity)} {name(one.rule)}", "strong")),
        ((place(one.path, one.line), "accent"),),
        ((f"{name(leg.slot or '') or 'its agent'} writes it now: {until}", "warn"),),
        ((f"it counts when it stays; mended in time, it stops nothing ({look})", "dim"),),
    )


def _in_short(one: Violation) -> Iterator[Line]:
    yield ()
    yield (f"! {told(one)}", "bad"), (f"  {line(one.message)}", "plain")
    yield from _excerpt(one, _FEW)


def _of_leg(snapshot: Snapshot, leg: Leg, now: float) -> tuple[Line, ...]:
    look = LOOKS[State.QUARANTINED]
    mine = snapshot.open_violations(leg.key)
    ways = f"{key_of('release')} releases it in one of three ways, or waives what was found"
    ways = f"{ways} · {key_of('discard')} discards it · {key_of('diff')} shows its diff"
    if leg.hand is not None and leg.handed_over:  # the ways out are refused until then
        ways = f"taken over by {name(leg.hand.by or 'somebody')}: {key_of('attach')} hands it back"
    return (
        ((f"{look.glyph} {look.word}", look.style), (f" · {name(leg.workstream)}", "strong")),
        ((f"since {exact_clock(leg.since)}, for {age(now - leg.since)}, when it was {name(leg.held_from)}", "plain"),),
        ((f"{name(leg.held_slot) or 'its slot'} gets no other work, and nothing more is written", "plain"),),
        ((ways, "warn"),),
        *(cells for one in mine for cells in _in_short(one)),
    )
