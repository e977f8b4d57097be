"""View → rows of the merges page: the queue and what it does, all merges by round, base's log; each in full. Pure."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from cockpit.engine.handle import View
from cockpit.schedule.decide import merge_order
from cockpit.schedule.snapshot import Leg, Merge, Snapshot, waits_for
from cockpit.schedule.states import State
from cockpit.ui.columns import Column
from cockpit.ui.keyed import key_of
from cockpit.ui.looks import LOOKS, Look, age, count, exact_clock, line, name
from cockpit.ui.onbase import Commit, merges_of
from cockpit.ui.present import Cell, Row, put_off

Line = tuple[Cell, ...]

COLUMNS = (
    Column("state", "state", 0, 100, 9, 14),
    Column("name", "workstream", 1, 99, 10, 26),
    Column("leg", "leg", 2, 60, 5, 16),
    Column("round", "rnd", 3, 70, 3, 4),
    Column("commit", "commit", 4, 85, 9, 9),
    Column("strategy", "by", 5, 50, 6, 6),
    Column("why", "what it does", 6, 80, 20, 400),
    Column("time", "since", -1, 90, 5, 7, right=True),
)
CARD = (0, 1, 6, 4)
REVERTED = Look("↺", "reverted", "quiet")
ROLLING_BACK = Look("↺", "rolling back", "busy")
ON_BASE = Look("·", "on base", "dim")


class Item(Struct, frozen=True):
    """One line of the page: a leg in the queue, or a merge that was made."""

    row: Row
    workstream: str
    leg: str
    merge: Merge | None = None
    commit: Commit | None = None


def items(view: View, log: Sequence[Commit] = ()) -> dict[str, Item]:
    """Return what the page lists, by id: the queue in its order, the merges, the latest round first, base's log."""
    return {item.row.id: item for item in (*_queue(view), *_history(view.snapshot), *_log(view.snapshot, log))}


def counted(snapshot: Snapshot) -> tuple[int, int]:
    """Return how many legs are in the queue, and how many merges stand on base."""
    queued = sum(snapshot.legs[key].state in (State.QUEUED, State.MERGING) for key in snapshot.active)
    return queued + len(snapshot.reverting), sum(not one.reverted for one in snapshot.merges)


def why_not_merge(item: Item) -> str | None:
    """Return why what the line is about cannot be merged, where that is not a matter of its workstream."""
    if item.commit is not None:
        return "this is a commit of base"
    if item.merge is None:
        return None
    if item.merge.reverted:
        return "this merge was rolled back; what is in the queue can be merged"
    return "this leg is merged already"


def why_not_rollback(snapshot: Snapshot, item: Item) -> str | None:
    """Return why this very merge cannot be rolled back: only the last one of its workstream can."""
    if item.commit is not None:
        return "roll back its merge, further up" if item.merge else "no merge of this plan brought it"
    if item.leg in snapshot.reverting:
        return "it is being rolled back"
    if item.merge is None:
        return "it is not merged yet"
    if item.merge.reverted:
        return f"it was rolled back by {name(item.merge.reverted)[:9]}"
    last = next(one for one in reversed(snapshot.merges) if one.workstream == item.workstream and not one.reverted)
    if last != item.merge:
        return f"{name(item.workstream)} was merged again as {name(last.commit)[:9]}: roll that back first"
    return None


def _queue(view: View) -> Iterator[Item]:
    snapshot = view.snapshot
    active = [snapshot.legs[key] for key in snapshot.active]
    legs = [leg for leg in active if leg.state in (State.MERGING, State.QUEUED)]
    legs.sort(key=lambda leg: (leg.state is State.QUEUED, *merge_order(snapshot, view.readings, leg)))
    merging = any(leg.state is State.MERGING for leg in legs)
    for key in snapshot.reverting:
        leg = snapshot.legs[key]
        yield _queued(snapshot, leg, ROLLING_BACK, (_rolling_back(snapshot, leg, merging=merging), "busy"))
    for leg in legs:
        doing, step = _doing(snapshot, leg, merging=merging), view.readings.steps.get(leg.workstream)
        if step is not None and leg.state is State.MERGING and not leg.ending:
            doing = f"{doing[0]} · {line(step.what)}", "busy"
        yield _queued(snapshot, leg, LOOKS[leg.state], doing)


def _rolling_back(snapshot: Snapshot, leg: Leg, *, merging: bool) -> str:
    if merging:
        return "waits for the merge that is under way"
    if snapshot.reverting[0] != leg.key:
        return "waits for the rollback before it"
    return "the commit that undoes it is built and checked"


def _doing(snapshot: Snapshot, leg: Leg, *, merging: bool) -> Cell:
    """Return what a leg of the queue is doing, or why it waits."""
    if leg.ending:
        return "being ended; base stays as it was", "warn"
    if leg.state is State.MERGING:
        built = leg.built if leg.built_at >= leg.since else ""
        return (f"built as {name(built)[:9]}, being checked", "busy") if built else ("being built", "busy")
    if leg.retry_at:
        return f"{put_off(leg)} · next try {exact_clock(leg.retry_at)}", "warn"
    if needed := waits_for(snapshot, leg):
        return f"waits for the merge of {line(', '.join(needed))}", "dim"
    if merging:
        return "waits for the merge that is under way", "dim"
    if snapshot.reverting:
        return "waits for a rollback", "dim"
    return "is merged next", "dim"


def _queued(snapshot: Snapshot, leg: Leg, look: Look, doing: Cell) -> Item:
    commit = leg.merged or leg.commit
    row = _row(snapshot, f"leg:{leg.key}", look, leg.key, leg.workstream, leg.outline.round, commit, doing, leg.since)
    return Item(row, leg.workstream, leg.key)


def _history(snapshot: Snapshot) -> Iterator[Item]:
    ordered = sorted(enumerate(snapshot.merges), key=lambda one: (-one[1].round, -one[0]))
    for at, merge in ordered:
        look, says = LOOKS[State.MERGED], ""
        if merge.reverted:
            look, says = REVERTED, f"undone by {name(merge.reverted)[:9]}"
        elif merge.onto == merge.commit:
            says = "brought nothing that was not there"
        leg = snapshot.legs.get(merge.leg)
        if leg is not None and not merge.reverted and leg.state is State.MERGED and leg.reason:
            says = f"not rolled back: {line(leg.reason)}"
        cell = (says, "warn" if says.startswith("not rolled") else "dim")
        key = f"merge:{at}"
        row = _row(snapshot, key, look, merge.leg, merge.workstream, merge.round, merge.commit, cell, merge.at)
        yield Item(row, merge.workstream, merge.leg, merge)


def _log(snapshot: Snapshot, log: Sequence[Commit]) -> Iterator[Item]:
    ours = merges_of(snapshot, log)
    for one in log:
        merge = ours.get(one.id)
        cells: tuple[Cell, ...] = (
            (f"{ON_BASE.glyph} {ON_BASE.word}", ON_BASE.style),
            (name(merge.workstream) if merge else "", "plain"),
            (name(merge.leg.removeprefix(f"{merge.workstream}/")) if merge else "", "dim"),
            (f"r{merge.round}" if merge else "", "dim"),
            (name(one.id)[:9], "plain"),
            ("", "dim"),
            (line(one.subject) if merge else f"{line(one.author)}: {line(one.subject)}", "dim" if merge else "plain"),
        )
        search = " ".join(text for text, _ in cells).lower()
        row = Row(f"log:{one.id}", ON_BASE, cells, one.at, None, awaits=False, output=("", 0), search=search)
        yield Item(row, merge.workstream if merge else "", merge.leg if merge else "", merge, one)


def _row(
    snapshot: Snapshot,
    key: str,
    look: Look,
    leg: str,
    workstream: str,
    round_: int,
    commit: str,
    doing: Cell,
    since: float,
) -> Row:
    calm = "dim" if look is REVERTED else "plain"
    cells: tuple[Cell, ...] = (
        (f"{look.glyph} {look.word}", look.style),
        (name(workstream), "dim" if look is REVERTED else "strong"),
        (name(leg.removeprefix(f"{workstream}/")), calm),
        (f"r{round_}", "dim"),
        (name(commit)[:9], calm),
        (_strategy(snapshot, workstream), "dim"),
        doing,
    )
    search = " ".join(text for text, _ in cells).lower()
    return Row(key, look, cells, since or None, None, awaits=False, output=("", 0), search=search)


def _strategy(snapshot: Snapshot, workstream: str) -> str:
    known = snapshot.workstreams.get(workstream)
    return name(known.outline.strategy) if known else ""


# --- one of them in full ----------------------------------------------------------------------------------------------


def detail(view: View, item: Item, now: float) -> tuple[Line, ...]:
    """Return all that is known of one line of the page."""
    if item.commit is not None:
        return tuple(_of_commit(view.snapshot, item.commit, item.merge, now))
    return tuple(_of_merge(view.snapshot, item, item.merge, now) if item.merge else _of_queued(view, item, now))


def _of_commit(snapshot: Snapshot, one: Commit, merge: Merge | None, now: float) -> Iterator[Line]:
    yield (f"{ON_BASE.glyph} {ON_BASE.word}", ON_BASE.style), (f" · {line(one.subject)}", "strong")
    yield (
        (name(one.id), "accent"),
        (f" · {exact_clock(one.at)}, {age(now - one.at)} ago, by {line(one.author)}", "plain"),
    )
    if merge is None:
        yield ((f"it came to {name(snapshot.outline.base)} from elsewhere: no merge of this plan brought it", "dim"),)
    elif merge.reverted == one.id:
        yield ((f"it rolls back {name(merge.commit)[:9]}, the merge of leg {name(merge.leg)}", "plain"),)
    else:
        yield ((f"merged from {name(merge.workstream)}: leg {name(merge.leg)}, round {merge.round}", "plain"),)
        if merge.commit != one.id:
            yield ((f"one of the commits that ended in {name(merge.commit)[:9]}", "dim"),)


def _head(snapshot: Snapshot, item: Item) -> Line:
    look = item.row.look
    known = snapshot.workstreams.get(item.workstream)
    title = f" · {line(known.outline.title)}" if known and known.outline.title else ""
    return (f"{look.glyph} {look.word}", look.style), (f" · {name(item.workstream)}", "strong"), (title, "plain")


def _of_merge(snapshot: Snapshot, item: Item, merge: Merge, now: float) -> Iterator[Line]:
    base, strategy = name(snapshot.outline.base), _strategy(snapshot, item.workstream)
    yield _head(snapshot, item)
    by = f" by {strategy}" if strategy else ""
    yield ((f"leg {name(merge.leg)}, round {merge.round}", "plain"),)
    yield ((f"{name(merge.commit)} on {base}{by}, {exact_clock(merge.at)}, {age(now - merge.at)} ago", "accent"),)
    if text := item.row.cells[6][0]:
        yield ((text, item.row.cells[6][1]),)
    elif why := why_not_rollback(snapshot, item):
        yield ((why, "dim"),)
    else:
        yield ((f"{key_of('rollback')} rolls it back by a commit on {base}, which is checked like a merge", "dim"),)


def _of_queued(view: View, item: Item, now: float) -> Iterator[Line]:
    snapshot = view.snapshot
    yield _head(snapshot, item)
    leg = snapshot.legs.get(item.leg)
    if leg is None:
        return
    yield (item.row.cells[6],)
    if doing := view.readings.steps.get(item.workstream):
        yield ((f"{line(doing.what)}, for {age(now - doing.since)}", "busy"),)
    yield ((f"leg {name(leg.key)}, round {leg.outline.round}, for {age(now - leg.since)}", "plain"),)
    if leg.commit:
        text = f"its work is {name(leg.commit)[:9]}: {count(leg.files, 'file')} +{leg.added} −{leg.removed}"
        yield ((text, "accent"),)
    gates = [one for one in snapshot.gates.get(leg.key, ()) if leg.state is State.MERGING and one.at >= leg.since]
    if gates:
        told = ", ".join(f"{name(one.gate)} {'passed' if one.ok else 'failed'}" for one in gates)
        yield ((f"since the merge began: {told}", "plain"),)
