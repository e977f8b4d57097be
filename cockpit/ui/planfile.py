"""The plan file → rows: what is wrong in it, what awaits trust, and what its last change means; each in full. Pure."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from msgspec import Struct

from cockpit.engine.handle import View
from cockpit.safetext import safe_text
from cockpit.schedule.changed import ADDED, REMOVED, PlanChange
from cockpit.schedule.facts import PlanChanged
from cockpit.schedule.readings import Flaw
from cockpit.ui.columns import Column
from cockpit.ui.headline import Line
from cockpit.ui.keyed import key_of
from cockpit.ui.looks import Look, count, line, name, steady
from cockpit.ui.present import Cell, Row

COLUMNS = (
    Column("state", "what", 0, 100, 9, 11),
    Column("name", "where", 1, 99, 12, 34),
    Column("why", "what it says", 2, 90, 20, 400),
)
CARD = (0, 1, 2, 3)
WRONG = Look("✗", "error", "bad")
WAITS = Look("!", "waits", "warn")
LOOKS = {ADDED: Look("+", "added", "good"), REMOVED: Look("−", "removed", "bad")}
OTHER = Look("~", "changed", "accent")
MEANS: Cell = ("  → ", "accent")


class Entry(Struct, frozen=True):
    """One line of the page: an error, a change that awaits trust, or a change that is in force."""

    row: Row
    flaw: Flaw | None = None
    change: PlanChange | None = None
    asks: str = ""
    held: bool = False

    @property
    def workstream(self) -> str:
        """Return the workstream that it is of; empty where it is of none."""
        return self.change.workstream if self.change is not None else ""


def entries(view: View, changed: PlanChanged | None) -> dict[str, Entry]:
    """Return what the page lists: errors, then what awaits trust, then the last change."""
    plan = view.readings.plan
    flaws = plan.flaws or tuple(Flaw(one) for one in plan.errors)
    found = [Entry(_row(f"error {at}", WRONG, place(one), line(one.message)), one) for at, one in enumerate(flaws)]
    for at, change in enumerate(plan.held):
        says = line(change.means or _values(change))
        found.append(Entry(_row(f"held {at}", WAITS, line(change.place) or "the plan", says), change=change, held=True))
    for at, ask in enumerate(() if plan.held else plan.asks):
        where, _, values = ask.partition(": ")
        found.append(Entry(_row(f"asks {at}", WAITS, line(where), line(values)), asks=ask))
    for at, change in enumerate(changed.changes if changed is not None else ()):
        says = line(change.means or _values(change))
        row = _row(f"change {at}", LOOKS.get(change.what, OTHER), line(change.place) or "the plan", says)
        found.append(Entry(row, change=change))
    return {one.row.id: one for one in found}


def _row(key: str, look: Look, where: str, says: str) -> Row:
    cells: tuple[Cell, ...] = (
        (f"{look.glyph} {look.word}", look.style),
        (where, "strong"),
        (says, "plain"),
        ("", "plain"),
    )
    search = " ".join(text for text, _ in cells).lower()
    return Row(key, look, cells, None, None, awaits=False, output=("", 0), search=search)


def _values(change: PlanChange) -> str:
    return f"{change.old or 'nothing'} → {change.new or 'nothing'}" if change.field else change.new or change.old


def place(flaw: Flaw) -> str:
    """Return where an error stands: the file's name, line and column, as far as they are known."""
    file = line(PurePath(flaw.file).name)
    return f"{file}:{flaw.line}:{flaw.column}" if flaw.line else file or "the plan file"


def detail(entry: Entry) -> Iterator[Line]:
    """Yield all that is known of an entry."""
    if entry.flaw is not None:
        yield from _flaw(entry.flaw)
        return
    if entry.change is not None:
        yield from told(entry.change)
    else:
        yield ((f"{WAITS.glyph} {line(entry.asks)}", WAITS.style),)
    if entry.held or entry.asks:
        yield (("the old value stays in force until you trust the new one: ", "plain"), (key_of("trust"), "accent"))


def _flaw(flaw: Flaw) -> Iterator[Line]:
    at = f"{line(flaw.file)}:{flaw.line}:{flaw.column}" if flaw.line else line(flaw.file)
    yield ((f"{WRONG.glyph} {line(flaw.message)}", "bad"),)
    if flaw.hint:
        yield MEANS, (line(flaw.hint), "plain")
    yield (line(flaw.where), "strong"), (f"{'  ' if flaw.where else ''}{at}", "dim")
    yield (key_of("edit"), "accent"), (" opens your editor there; the file is read again by itself", "dim")


def told(change: PlanChange) -> Iterator[Line]:
    """Yield a change as lines: what it is, the old and the new value, what it means for work under way."""
    look = LOOKS.get(change.what, OTHER)
    field = f" {line(change.field)}" if change.field else ""
    yield (f"{look.glyph} ", look.style), (name(change.workstream) or "the plan", "strong"), (field, "strong")
    for sign, style, text in (("−", "bad", change.old), ("+", "good", change.new)):
        for one in safe_text(text).expandtabs(4).splitlines():
            yield ((f"  {sign} {steady(one)}", style),)
    if change.means:
        yield MEANS, (line(change.means), "warn" if change.touches else "plain")


def dialog(facts: Sequence[PlanChanged], asks: Sequence[str]) -> Iterator[Line]:
    """Yield what the dialog says of changes that touch the work under way; the others are counted below them."""
    touching = [one for fact in facts for one in fact.changes if one.touches]
    for at, change in enumerate(touching):
        if at:
            yield (("", "plain"),)
        yield from told(change)
    others = sum(len(fact.changes) + fact.left_out for fact in facts) - len(touching)
    if others:
        yield (("", "plain"),)
        yield (
            (f"and {count(others, 'change')} that {'touches' if others == 1 else 'touch'} nothing under way", "dim"),
        )
    if asks:
        yield (("", "plain"),)
        verb = "awaits" if len(asks) == 1 else "await"
        yield (
            (f"! {count(len(asks), 'change')} {verb} your trust, and the old values stay in force until then", "warn"),
        )


def toast(fact: PlanChanged) -> str:
    """Return a change that touches nothing under way in a few words."""
    parts = [f"{line(one.place) or 'the plan'} {one.what if one.what in LOOKS else 'changed'}" for one in fact.changes]
    more = len(parts) - 2 + fact.left_out
    listed = ", ".join(parts[:2]) + (f" and {more} more" if more > 0 else "")
    return f"the plan changed: {listed} ({key_of('plan')})"


def line_of(text: str, workstream: str) -> int:
    """Return the line of a plan's text on which a workstream's id stands; 0 where it is not found."""
    named = rf"""(?m)^[ \t{{"'-]*id["']?[ \t]*:[ \t]*["']?{re.escape(workstream)}["']?[ \t]*(?:[,}}#\r].*)?$"""
    found = re.search(named, text) if workstream else None
    return text.count("\n", 0, found.start()) + 1 if found else 0
