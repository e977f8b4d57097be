"""How the estimate of the finish moved as time went by: a bounded list of what was forecast when; forecasts nothing."""

from collections.abc import Iterable

from msgspec import Struct

from cockpit.schedule.readings import Forecast

MOST = 360
APART_S = 60.0
MOVED = 0.02


class Estimate(Struct, frozen=True, array_like=True):
    """What was forecast at a time: when the end comes (seconds since the epoch), the median and nine in ten."""

    at: float
    p50: float
    p90: float


class Estimates:
    """The estimates so far, the oldest first; the older they are, the further they lie apart."""

    def __init__(self, kept: Iterable[Estimate] = ()) -> None:
        self._kept = list(kept)
        self._thin()

    def add(self, made: Forecast) -> bool:
        """Keep a forecast that says when the end comes, if it is another one than the last; say whether it is."""
        if made.p50_s is None:
            return False
        new = Estimate(made.at, made.at + made.p50_s, made.at + (made.p90_s or made.p50_s))
        last = self._kept[-1] if self._kept else None
        if last is not None and new.at - last.at < APART_S and not _moved(last, new):
            return False
        self._kept.append(new)
        self._thin()
        return True

    def all(self) -> tuple[Estimate, ...]:
        """Return what is kept, the oldest first."""
        return tuple(self._kept)

    def _thin(self) -> None:
        while len(self._kept) > MOST:
            half = len(self._kept) // 2
            self._kept = [*self._kept[:half:2], *self._kept[half:]]


def _moved(last: Estimate, new: Estimate) -> bool:
    """Say whether the end moved by more than a little of the time that is left."""
    slack = max(APART_S, MOVED * (new.p50 - new.at))
    return abs(new.p50 - last.p50) > slack or abs(new.p90 - last.p90) > slack
