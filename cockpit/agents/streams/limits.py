"""Reads quotas and rate limits out of error messages, and until when they hold; never reads a clock."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

from msgspec import Struct

DAY = 86400.0
LONGEST = 40 * DAY  # a time beyond that is no time that anybody waits for

_IS_LIMIT = re.compile(
    r"rate.?limit|usage.?limit|session.?limit|weekly.?limit|hour.?limit|\bquota\b|too many requests"
    r"|resource.?exhausted|\b429\b",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"(?<!\d)(1[5-9]\d{8}|2\d{9})(?:\d{3})?(?!\d)")
_AMOUNT = re.compile(
    r"(\d{1,9}(?:\.\d{1,9})?)\s*(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![a-z])",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(?:try again in|retry in|retry after|retry.after[\"':= ]+|reset(?:s|ting)? (?:in|after)|available in|wait)"
    r"\W{0,4}((?:about |around )?\d[^.;|\n]{0,60}(?:\.\d[^;|\n]{0,12})?)",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"(?:resets?|try again|available again|back)(?: at)?\W{1,3}(?:at )?(\d{1,2})(?::(\d{2}))?\s*([ap])?\.?(m)?\.?(?!\w)"
    r"(?:\s*\(([A-Za-z_+\-/0-9]{1,40})\))?",
    re.IGNORECASE,
)
_DATED = re.compile(
    r"(?:resets?|again|available|back|until)\W{1,3}(?:at |on )?"
    r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
    r" (\d{1,2})(?:st|nd|rd|th)?,?(?: (\d{4}),?)?(?: at)? (\d{1,2})(?::(\d{2}))?\s*([ap])?\.?(m)?\.?(?!\w)"
    r"(?:\s*\(([A-Za-z_+\-/0-9]{1,40})\))?",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": DAY}


class Limit(Struct, frozen=True):
    """A quota or rate limit as it was told: for how many seconds, until when (epoch), or until what time of day.

    `clock` is minutes after midnight, in `zone` (empty: here), on `day` (year, 0 where none was named; month; day) or
    the next; all are None where no time was named.
    """

    text: str
    seconds: float | None = None
    at: float | None = None
    clock: int | None = None
    zone: str = ""
    day: tuple[int, int, int] | None = None


def limit_in(text: str, *, certain: bool = False) -> Limit | None:
    """Return the limit that an error message tells of; None for another error. `certain`: it is one, by its status."""
    if not certain and not _IS_LIMIT.search(text):
        return None
    text = text[:2000]
    if found := _EPOCH.search(text):
        return Limit(text, at=float(found[1]))
    if (found := _STAMP.search(text)) and (at := _stamp(found[0])) is not None:
        return Limit(text, at=at)
    if (found := _DATED.search(text)) and (clock := _clock(*found.group(4, 5, 6))) is not None:
        day = (int(found[3] or 0), _MONTHS.index(found[1].lower()) + 1, int(found[2]))
        return Limit(text, clock=clock, zone=found[8] or "", day=day)
    if (found := _AFTER.search(text)) and (seconds := _seconds(found[1])) is not None:
        return Limit(text, seconds=seconds)
    if (found := _CLOCK.search(text)) and (clock := _clock(*found.group(1, 2, 3))) is not None:
        return Limit(text, clock=clock, zone=found[5] or "")
    return Limit(text)


def later(before: Limit | None, now: Limit | None) -> Limit | None:
    """Return which of two limits counts: the one told last, unless it names no time and the other does."""
    if now is None or (before is not None and not _named(now) and _named(before)):
        return before
    return now


def _named(limit: Limit) -> bool:
    return (limit.seconds, limit.at, limit.clock) != (None, None, None)


def wakes_at(limit: Limit, now: float) -> float | None:
    """Return when a limit that was told at a time ends (both seconds since the epoch); None where it named no time."""
    if limit.at is not None:
        wake = limit.at
    elif limit.seconds is not None:
        wake = now + limit.seconds
    elif limit.clock is not None:
        here = datetime.fromtimestamp(now, _zone(limit.zone))
        then = here.replace(hour=limit.clock // 60, minute=limit.clock % 60, second=0, microsecond=0)
        try:
            then = then if limit.day is None else _on(then, *limit.day)
            wake = (then if limit.day is not None or then > here else then + timedelta(days=1)).timestamp()
        except (ValueError, OverflowError):
            return None  # no such day, or none that a calendar reaches
    else:
        return None
    return wake if now < wake < now + LONGEST else None


def _seconds(text: str) -> float | None:
    amounts = _AMOUNT.findall(text)
    if not amounts:
        bare = re.match(r"\D{0,8}(\d{1,7})\s*$", text)
        return float(bare[1]) if bare else None  # as in a header: seconds
    total = 0.0
    for number, unit in amounts:
        short = unit.lower()
        total += float(number) * (_UNITS["ms"] if short.startswith(("ms", "milli")) else _UNITS[short[0]])
    return total


def _stamp(text: str) -> float | None:
    try:
        then = datetime.fromisoformat(text)
        return (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _on(then: datetime, year: int, month: int, day: int) -> datetime:
    """Return that time on another day; a day without a year is the next one of that name."""
    named = then.replace(year=year or then.year, month=month, day=day)
    return named if year or named.date() >= then.date() else named.replace(year=then.year + 1)


def _clock(hours: str, minutes: str | None, half: str | None) -> int | None:
    hour, minute, half = int(hours), int(minutes or 0), (half or "").lower()
    if not minutes and not half:
        return None  # a bare number is no time of day
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return hour * 60 + minute if hour < 24 and minute < 60 else None


def _zone(name: str) -> tzinfo | None:
    if not name:
        return None
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
