"""Reads and writes the quantities of a plan: durations, estimates, sizes, percentages; never guesses a unit."""

import math
import re

HOUR = 3600.0
WORKING_DAY = 8 * HOUR

_UNITS = {"s": 1.0, "m": 60.0, "h": HOUR, "d": 24 * HOUR}
_PART = r"\d+(?:\.\d+)?\s*[smhd]"
_DURATION = re.compile(rf"\s*({_PART}(?:\s*{_PART})*)\s*")
_PIECE = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
_RANGE = re.compile(r"\s*(?P<low>[^–-]+?)\s*[–-]\s*(?P<high>[^–-]+?)\s*")
_BARE = re.compile(r"\d+(?:\.\d+)?")
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?)b?|b)?\s*", re.IGNORECASE)
_PERCENT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%?\s*")
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4}
_LONGEST = 1e10  # seconds, about 300 years: whatever is longer is a slip of the pen and would overflow dates


def seconds(written: object, *, day: float = 24 * HOUR) -> float:
    """Return a duration (`90s`, `1h 30m`, `2d`, or a number of seconds) in seconds. Raises ValueError."""
    if isinstance(written, bool) or not isinstance(written, str | int | float):
        raise ValueError(f"not a duration: {written!r}")
    if isinstance(written, int | float):
        value = float(written)
    else:
        if not _DURATION.fullmatch(written):
            raise ValueError(f"cannot be read as a duration: {written!r}")
        value = sum(float(n) * (day if unit == "d" else _UNITS[unit]) for n, unit in _PIECE.findall(written))
    if not math.isfinite(value) or not 0 <= value <= _LONGEST:
        raise ValueError(f"not a duration that can be kept: {written!r}")
    return value


def estimate(written: object) -> tuple[float, float]:
    """Return an estimate (`3-4h`, `45m`, `1d` of 8 working hours) as its low and high seconds. Raises ValueError."""
    if isinstance(written, list | tuple) and len(written) == 2:
        low, high = (seconds(part, day=WORKING_DAY) for part in written)
    elif isinstance(written, str) and (found := _RANGE.fullmatch(written)):
        last = found["high"]
        first = found["low"]
        if _BARE.fullmatch(first):
            first += last[-1]  # `3-4h`: the unit is written once
        low, high = seconds(first, day=WORKING_DAY), seconds(last, day=WORKING_DAY)
    else:
        low = high = seconds(written, day=WORKING_DAY)
    if low > high:
        raise ValueError(f"an estimate runs from low to high: {written!r}")
    return low, high


def size(written: object) -> int:
    """Return a size (`10GB`, `512MiB`, or a number of bytes) in bytes. Raises ValueError."""
    if isinstance(written, bool) or not isinstance(written, str | int | float):
        raise ValueError(f"not a size: {written!r}")
    if isinstance(written, int | float):
        if not math.isfinite(written) or written < 0:
            raise ValueError(f"not a size: {written!r}")
        return int(written)
    found = _SIZE.fullmatch(written)
    if found is None:
        raise ValueError(f"cannot be read as a size: {written!r}")
    number, prefix, binary = found.groups()
    power = _POWERS[prefix.lower()] if prefix else 0
    value = float(number) * (1024 if binary else 1000) ** power
    if not math.isfinite(value):
        raise ValueError(f"not a size: {written!r}")
    return int(value)


def percent(written: object) -> float:
    """Return a percentage (`5%`, `5`) as a number from 0 to 100. Raises ValueError."""
    if isinstance(written, bool) or not isinstance(written, str | int | float):
        raise ValueError(f"not a percentage: {written!r}")
    found = _PERCENT.fullmatch(str(written))
    if found is None or float(found[1]) > 100:
        raise ValueError(f"cannot be read as a percentage: {written!r}")
    return float(found[1])


def amount(count: float) -> str:
    """Return a number of bytes in the unit that reads best."""
    for unit in ("B", "KB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or abs(count) >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
