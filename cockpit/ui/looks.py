"""How each state looks (glyph, word and style name, never colour alone), and how text and times fit a width. Pure."""

import math
import time
from collections.abc import Mapping

from msgspec import Struct
from rich.cells import cell_len, set_cell_size

from cockpit.safetext import on_one_line, safe_line, safe_text
from cockpit.schedule.readings import RunReading
from cockpit.schedule.snapshot import Leg
from cockpit.schedule.states import State

NAME_LIMIT = 60
TEXT_LIMIT = 240
CODE_LIMIT = 1_000
STYLES = ("plain", "dim", "quiet", "strong", "busy", "good", "warn", "bad", "accent")


class Look(Struct, frozen=True):
    """A state as it is shown: one glyph of one cell, one word, one style name."""

    glyph: str
    word: str
    style: str


LOOKS: Mapping[State, Look] = {
    State.RUNNING: Look("●", "running", "accent"),
    State.PREPARING: Look("◔", "preparing", "busy"),
    State.CHECKING: Look("◕", "checking", "busy"),
    State.RETRYING: Look("↻", "retrying", "warn"),
    State.MERGING: Look("▸", "merging", "busy"),
    State.QUEUED: Look("▹", "queued", "busy"),
    State.REVIEW: Look("◆", "review", "warn"),
    State.READY: Look("○", "ready", "plain"),
    State.WAITING: Look("·", "waiting", "quiet"),
    State.PAUSED: Look("=", "paused", "warn"),
    State.QUARANTINED: Look("⊘", "quarantined", "bad"),
    State.CONFLICT: Look("≠", "conflict", "bad"),
    State.FAILED: Look("✗", "failed", "bad"),
    State.REJECTED: Look("↩", "rejected", "warn"),
    State.STOPPED: Look("■", "stopped", "quiet"),
    State.MERGED: Look("✓", "merged", "good"),
}
BLOCKED = Look("⊣", "blocked", "bad")
STALLED = Look("◌", "~stalled", "warn")
BY_HAND = Look("✎", "by hand", "warn")
DERIVED = (BLOCKED, STALLED, BY_HAND)
ORDER = (*(look.word for look in LOOKS.values()), *(look.word for look in DERIVED))


def look_of(leg: Leg, run: RunReading | None, *, blocked: bool = False, unsure: bool = False) -> Look:
    """Return the look of a leg: that of its state, or of what is derived or inferred from it (shown with `~`)."""
    if blocked and leg.state in (State.WAITING, State.READY):
        return BLOCKED
    if leg.handed_over:
        return BY_HAND
    look = LOOKS[leg.state]
    if unsure:
        return Look(look.glyph, f"~{look.word}", look.style)
    if leg.state is State.RUNNING and run is not None:
        if run.stalled_since is not None:
            return STALLED
        if run.source != "asserted":
            return Look(look.glyph, f"~{look.word}", look.style)
    return look


_JOINERS = {0x200D: None, 0xFE0E: None, 0xFE0F: None}


def steady(text: str) -> str:
    """Return the text without what joins characters to one: terminals disagree about how wide the result is."""
    return text if text.isascii() else text.translate(_JOINERS)


def name(text: str) -> str:
    """Return an untrusted name as one safe line."""
    if _harmless(text, NAME_LIMIT):
        return text
    return safe_line(steady(text[: NAME_LIMIT * 8]), NAME_LIMIT) or ("?" if text else "")


def line(text: str) -> str:
    """Return untrusted text as one safe line of bounded length; what was on several lines is kept apart."""
    if _harmless(text, TEXT_LIMIT):
        return text
    return on_one_line(steady(text[: TEXT_LIMIT * 8]), TEXT_LIMIT)


def code(text: str) -> str:
    """Return an untrusted line of code as one safe line that keeps its blanks, as far as it is looked at."""
    if text.isascii() and text.isprintable():
        return text[:CODE_LIMIT]
    return steady(safe_text(text[: TEXT_LIMIT * 8])).replace("\t", "    ").replace("\n", " ")[:CODE_LIMIT]


def _harmless(text: str, limit: int) -> bool:
    """Say whether a text needs no cleaning: a thousand rows are cleaned at once, and nearly all of them are plain."""
    return len(text) <= limit and text.isascii() and text.isprintable() and "  " not in text


def cells_of(text: str) -> int:
    """Return how many cells a text takes."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return the text in exactly `width` cells: padded, or cut with `…`; wide characters are never halved."""
    if width <= 0:
        return ""
    cells = cells_of(text)
    if cells > width:
        return set_cell_size(text, width - 1) + "…"
    return " " * (width - cells) + text if right else text + " " * (width - cells)


def age(seconds: float | None) -> str:
    """Return an age in few cells and coarse steps, so that it seldom changes: `12s`, `3m`, `1h 05m`, `3d 04h`."""
    if seconds is None:
        return ""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes}m"
    hours, minute = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h {minute:02d}m"
    return f"{hours // 24}d {hours % 24:02d}h"


def time_left(due: float, now: float) -> str:
    """Return how long it is until a quarantine, in words."""
    left = due - now
    if left <= 0:
        return "being quarantined"
    return f"{math.ceil(left)} s until quarantine" if left < 100 else f"{age(left)} until quarantine"


def at_clock(at: float, now: float) -> str:
    """Return a time as the operator's clock shows it, with the day where it is not within a day of `now`."""
    form = "%H:%M" if abs(at - now) < 86_000 else "%a %H:%M" if abs(at - now) < 6 * 86_400 else "%d %b %H:%M"
    return time.strftime(form, time.localtime(at))


def exact_clock(at: float) -> str:
    """Return a time to the second as the operator's clock shows it."""
    return time.strftime("%H:%M:%S", time.localtime(at))


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 workstream`, `3 workstreams`."""
    return f"{number} {one if number == 1 else many or one + 's'}"
