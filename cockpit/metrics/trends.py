"""Figures over time, folded from facts: merges, violations, cost, gates; never more buckets than a chart shows."""

from typing import ClassVar

from msgspec import Struct

from cockpit.schedule import facts as f

HOUR, DAY, WEEK, ALL = "1h", "24h", "7d", "all"
WINDOWS = (HOUR, DAY, WEEK, ALL)


class Bucket(Struct):
    """What happened in a span of time that begins at `at`; the change of a run is judged once, and flawed once at most.

    `gate_s` are the seconds that its `gates` took together.
    """

    at: float
    merged: int = 0
    judged: int = 0
    flawed: int = 0
    usd: float = 0.0
    tokens: int = 0
    gates: int = 0
    gate_s: float = 0.0

    def add(self, other: "Bucket") -> None:
        """Count what is in another one here, too."""
        for name in FIGURES:
            setattr(self, name, getattr(self, name) + getattr(other, name))


FIGURES = tuple(name for name in Bucket.__struct_fields__ if name != "at")


class Series:
    """At most `most` buckets of one width; those that are too old go, or with `widens` all become twice as wide."""

    def __init__(self, width_s: float, most: int, *, widens: bool = False) -> None:
        self.width_s = width_s
        self._most, self._widens = most, widens
        self._buckets: dict[int, Bucket] = {}

    def at(self, moment: float) -> Bucket:
        """Return the bucket of a moment; one that is too old for the others is not kept."""
        place = int(moment // self.width_s)
        if place in self._buckets:
            return self._buckets[place]
        if self._buckets and not self._widens:
            newest = max(place, *self._buckets)
            for old in [one for one in self._buckets if one <= newest - self._most]:
                del self._buckets[old]
            if place <= newest - self._most:
                return Bucket(place * self.width_s)
        if self._widens and self._buckets:
            while self._span(place) > self._most:
                self._widen()
                place = int(moment // self.width_s)
        return self._buckets.setdefault(place, Bucket(place * self.width_s))

    def points(self, now: float) -> list[Bucket]:
        """Return the buckets up to `now`, the oldest first; those in which nothing happened are there, too."""
        last = int(now // self.width_s)
        if not self._widens:
            first = last - self._most + 1
        elif not self._buckets:
            return []
        else:
            while self._span(int(now // self.width_s)) > self._most:
                self._widen()
            first, last = min(self._buckets), max(int(now // self.width_s), *self._buckets)
        return [self._buckets.get(place) or Bucket(place * self.width_s) for place in range(first, last + 1)]

    def _span(self, place: int) -> int:
        return max(place, *self._buckets) - min(place, *self._buckets) + 1

    def _widen(self) -> None:
        before, self._buckets, self.width_s = self._buckets, {}, self.width_s * 2
        for place, bucket in before.items():
            self._buckets.setdefault(place // 2, Bucket(place // 2 * self.width_s)).add(bucket)


class Trends:
    """The figures of one plan over each of the windows of time."""

    _SHAPES: ClassVar[dict[str, tuple[float, int, bool]]] = {
        HOUR: (60.0, 60, False),
        DAY: (1800.0, 48, False),
        WEEK: (3 * 3600.0, 56, False),
        ALL: (60.0, 120, True),
    }

    def __init__(self) -> None:
        shapes = self._SHAPES.items()
        self.series = {name: Series(width, most, widens=widens) for name, (width, most, widens) in shapes}
        self._used: dict[str, tuple[float, int]] = {}
        self._runs: dict[str, str] = {}
        self._judged: dict[str, bool] = {}

    def fold(self, recorded: f.Recorded) -> None:
        """Count a fact; facts come in the order of the journal."""
        found = self._counted(recorded.fact)
        if found is not None:
            for series in self.series.values():
                series.at(recorded.at).add(found)

    def _counted(self, fact: f.Fact) -> Bucket | None:
        match fact:
            case f.LegTaken(leg=leg, run=run):
                self._runs[leg] = run
            case f.LegMerged():
                return Bucket(0.0, merged=1)
            case f.GateFinished(seconds=seconds):
                return Bucket(0.0, gates=1, gate_s=seconds)
            case f.UsageReported(run=run, usd=usd):
                tokens = fact.tokens_in + fact.tokens_out
                before = self._used.get(run, (0.0, 0))  # what is reported is a run's total so far
                self._used[run] = (usd, tokens)
                return Bucket(0.0, usd=max(usd - before[0], 0.0), tokens=max(tokens - before[1], 0))
            case f.WorkScanned(run=run, found=found):
                return self._judge(run, flawed=found > 0)
            case f.LegQuarantined(leg=leg):
                return self._judge(self._runs.get(leg, leg), flawed=True)
            case _:
                pass
        return None

    def _judge(self, run: str, *, flawed: bool) -> Bucket | None:
        before = self._judged.get(run)
        self._judged[run] = flawed or bool(before)
        if before is None:
            return Bucket(0.0, judged=1, flawed=int(flawed))
        return Bucket(0.0, flawed=1) if flawed and not before else None
