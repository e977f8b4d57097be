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
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?")
_UNITS = {"ms": 0.001, "mi": 60.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": DAY}


class Limit(Struct, frozen=True):
    """A quota or rate limit as it was told: for how many seconds, until when (epoch), or until what time of day.

    `clock` is minutes after midnight, in `zone` (empty: here); all are None where no time was named.
    """

    text: str
    seconds: float | None = None
    at: float | None = None
    clock: int | None = None
    zone: str = ""


def limit_in(text: str, *, certain: bool = False) -> Limit | None:
    """Return the limit that an error message tells of; None for another error. `certain`: it is one, by its status."""
    if not certain and not _IS_LIMIT.search(text):
        return None
    text = text[:2000]
    if found := _EPOCH.search(text):
        return Limit(text, at=float(found[1]))
    if (found := _STAMP.search(text)) and (at := _stamp(found[0])) is not None:
        return Limit(text, at=at)
    if (found := _AFTER.search(text)) and (seconds := _seconds(found[1])) is not None:
        return Limit(text, seconds=seconds)
    if (found := _CLOCK.search(text)) and (clock := _clock(found)) is not None:
        return Limit(text, clock=clock, zone=found[5] or "")
    return Limit(text)


def wakes_at(limit: Limit, now: float) -> float | None:
    """Return when a limit that was told at a time ends (both seconds since the epoch); None where it named no time."""
    if limit.at is not None:
        wake = limit.at
    elif limit.seconds is not None:
        wake = now + limit.seconds
    elif limit.clock is not None:
        here = datetime.fromtimestamp(now, _zone(limit.zone))
        then = here.replace(hour=limit.clock // 60, minute=limit.clock % 60, second=0, microsecond=0)
        wake = (then if then > here else then + timedelta(days=1)).timestamp()
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


def _clock(found: re.Match[str]) -> int | None:
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
    if not found[2] and not half:
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
