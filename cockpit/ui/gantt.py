"""What legs did and are expected to do → bars on one scale of time, each kind with a glyph of its own. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import groupby

from msgspec import Struct

from cockpit.forecast.outlook import Coming
from cockpit.metrics.stints import CHECKING, HELD, MERGED, MERGING, REVIEW, RUNNING, WAITING, Stint
from cockpit.schedule.snapshot import Snapshot
from cockpit.schedule.states import State
from cockpit.ui.headline import Line
from cockpit.ui.looks import at_clock, cells_of, exact_clock, fit, look_of, name
from cockpit.ui.present import Cell

LOOK: Mapping[str, Cell] = {
    WAITING: ("·", "dim"),
    RUNNING: ("█", "accent"),
    CHECKING: ("▓", "busy"),
    REVIEW: ("▒", "warn"),
    MERGING: ("▸", "busy"),
    HELD: ("×", "bad"),
    MERGED: ("✓", "good"),
}
CRITICAL, COMING, AFTER, NOW = ("━", "strong"), ("─", "plain"), ("┄", "dim"), ("│", "dim")
LEGEND: tuple[tuple[Cell, str], ...] = (
    (LOOK[WAITING], "waiting"),
    (LOOK[RUNNING], "running"),
    (LOOK[CHECKING], "in check"),
    (LOOK[REVIEW], "review"),
    (LOOK[MERGING], "merging"),
    (LOOK[HELD], "held up"),
    (LOOK[MERGED], "merged"),
    (CRITICAL, "critical"),
    (COMING, "to come"),
    (AFTER, "checks, review"),
)
_RANK = {kind: rank for rank, kind in enumerate((WAITING, REVIEW, RUNNING, CHECKING, MERGING, HELD, MERGED))}
_LEAST = 12  # cells of a bar
_SHORT_S = 1200.0  # below that, times have seconds


class Bar(Struct, frozen=True):
    """A leg's line: what it did, what is expected of it."""

    leg: str
    workstream: str
    stints: tuple[Stint, ...] = ()
    coming: Coming | None = None


class Span(Struct, frozen=True):
    """The time that is shown, in seconds since the epoch; `now` lies in it."""

    start: float
    end: float
    now: float

    def place(self, moment: float, width: int) -> int:
        """Return the cell of a moment in so many cells."""
        share = (moment - self.start) / max(self.end - self.start, 1.0)
        return min(max(int(share * width), 0), width - 1)


def bars(snapshot: Snapshot, stints: Mapping[str, Sequence[Stint]], coming: Iterable[Coming]) -> tuple[Bar, ...]:
    """Return the bars of all legs of which there is something to show, by when they begin."""
    ahead = {one.leg: one for one in coming}
    found = [
        Bar(key, leg.workstream, tuple(stints.get(key, ())), ahead.get(key))
        for key, leg in snapshot.legs.items()
        if key in ahead or stints.get(key)
    ]
    return tuple(sorted(found, key=_begins))


def _begins(bar: Bar) -> tuple[float, float]:
    began = [one.start for one in bar.stints if one.kind != WAITING]
    first = min(began) if began else bar.coming.start if bar.coming else bar.stints[0].start
    return first, (bar.coming.end or bar.coming.start) if bar.coming else 0.0


def span_of(all_bars: Sequence[Bar], now: float, back_s: float | None) -> Span:
    """Return the time from the first stint (or so many seconds ago) to the last end that is expected."""
    starts = [one.start for bar in all_bars for one in bar.stints]
    ends = [end for bar in all_bars if bar.coming for end in (bar.coming.end or bar.coming.freed or bar.coming.start,)]
    first = min([now, *starts])
    start = first if back_s is None else max(first, now - back_s)
    return Span(start, max([now + 60.0, *ends]), now)


def bar_line(bar: Bar, span: Span, width: int, wide: int) -> Line:
    """Return the name and the bar of a leg, in `width` cells of which the name takes `wide`."""
    critical = bar.coming is not None and bar.coming.critical
    label = fit(_label(bar.leg, wide - 2), wide - 2) + ("* " if critical else "  ")
    return ((label, "strong" if critical else "plain"), *_cells(bar, span, width - wide))


def _label(leg: str, width: int) -> str:
    """Return a leg's name; its first issue alone, which is the leg's own, where the whole does not fit."""
    whole = name(leg)
    return whole if cells_of(whole) <= width else name(leg.rpartition("/")[2])


def _cells(bar: Bar, span: Span, width: int) -> list[Cell]:
    drawn: list[Cell | None] = [None] * width
    ranks = [-1] * width
    for stint in bar.stints:
        if (stint.end or span.now) < span.start:
            continue
        rank = _RANK.get(stint.kind, 0)
        for at in range(span.place(stint.start, width), span.place(stint.end or span.now, width) + 1):
            if rank >= ranks[at]:
                drawn[at], ranks[at] = LOOK.get(stint.kind, COMING), rank
    if (coming := bar.coming) is not None:
        begins = max(coming.start, span.now)
        freed = coming.freed if coming.freed is not None else begins
        parts = [(begins, freed, CRITICAL if coming.critical else COMING)] if freed > begins else []
        if coming.end is not None and coming.end > max(freed, span.now):
            parts.append((max(freed, span.now), coming.end, AFTER))
        for start, end, look in parts:
            for at in range(span.place(start, width), span.place(end, width) + 1):
                if drawn[at] is None or (look is not AFTER and drawn[at] == AFTER):
                    drawn[at] = look
    today = span.place(span.now, width)
    if drawn[today] is None:
        drawn[today] = NOW
    looks = [one or (" ", "plain") for one in drawn]
    return [("".join(glyph for glyph, _ in group), style) for style, group in groupby(looks, key=lambda one: one[1])]


def axis(span: Span, width: int, wide: int) -> Line:
    """Return the line above the bars: times from left to right, and where now is."""
    room = width - wide
    text = [" "] * room
    now = span.place(span.now, room)
    clock = exact_clock if span.end - span.start < _SHORT_S and room >= 40 else partial(at_clock, now=span.now)
    last = clock(span.end)
    marks = [(max(0, min(now - 1, room - 3)), "now"), (0, clock(span.start)), (room - len(last), last)]
    marks += [(room // 2, clock((span.start + span.end) / 2))] if room >= 40 else []
    for at, said in marks:
        if all(one == " " for one in text[max(0, at - 1) : at + len(said) + 1]):
            for offset, char in enumerate(said):
                if at + offset < room:
                    text[at + offset] = char
    return (fit("leg", wide), "dim"), ("".join(text), "dim")


def name_width(all_bars: Iterable[Bar], width: int) -> int:
    """Return how many cells the names take: what they need, and never so many that the bars are unreadable."""
    longest = max((len(name(bar.leg)) for bar in all_bars), default=3)
    return max(8, min(longest + 2, 30, width - _LEAST, max(12, width // 3)))


def legend(all_bars: Iterable[Bar], width: int) -> Line:
    """Return what the glyphs that are there mean, as far as it fits."""
    there: set[Cell] = set()
    for bar in all_bars:
        there |= {
            LOOK[one.kind] for one in bar.stints if one.kind in LOOK and (one.end != one.start or one.kind == MERGED)
        }
        if bar.coming is not None:
            there |= {CRITICAL if bar.coming.critical else COMING}
            there |= {AFTER} if bar.coming.end != bar.coming.freed else set()
    cells: list[Cell] = []
    used = 0
    for (glyph, style), word in LEGEND:
        if (glyph, style) not in there:
            continue
        used += len(word) + 4
        if used > width:
            break
        cells += [(glyph * 2, style), (f" {word} ", "dim")]
    return tuple(cells)


def leg_told(snapshot: Snapshot, bar: Bar, now: float) -> Line:
    """Return in words what is known of a leg, and what is expected of it."""
    leg = snapshot.legs.get(bar.leg)
    if leg is None:
        return ((name(bar.leg), "strong"),)
    look = look_of(leg, None)
    word = "at" if leg.state is State.MERGED else "since"
    said = f" {word} {at_clock(leg.since, now)}" if leg.since else ""
    cells: list[Cell] = [(f"{look.glyph} {look.word}", look.style), (said, "dim"), (f"  {name(bar.leg)}", "strong")]
    coming = bar.coming
    if coming is not None:
        if coming.start > now:
            cells.append((f" · starts about {at_clock(coming.start, now)}", "plain"))
        ends = f" · merged about {at_clock(coming.end, now)}" if coming.end else " · ends when you let it"
        cells.append((ends, "plain" if coming.end else "warn"))
        cells.append((" · critical", "accent") if coming.critical else ("", "plain"))
    return tuple(cells)
