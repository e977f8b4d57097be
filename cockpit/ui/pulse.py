"""How busy a workstream was in the last minutes, and how far it has come: small figures of rows. Pure, bounded.

A pulse is made of readings as they come, so it begins when the screen is opened; the last ten minutes are kept.
"""

from collections.abc import Iterable

from msgspec import Struct

from cockpit.schedule.issues import issue_done
from cockpit.schedule.readings import RunReading, WorktreeReading
from cockpit.schedule.snapshot import Leg, Run, Snapshot
from cockpit.schedule.states import State

MINUTES = 10
_BARS = "▁▂▃▄▅▆▇█"
_EDIT = 256  # a look at which files had changed weighs like so many bytes of output

Pulse = tuple[int, tuple[int, ...]]
NO_PULSE: Pulse = (0, ())


class Progress(Struct, frozen=True):
    """Issues that are done of all, and the seconds worked on the leg under way against its estimate.

    `since` is when the run that goes on now started, None where none does.
    """

    done: int
    total: int
    worked_s: float = 0.0
    estimate_s: float = 0.0
    since: float | None = None

    def told(self, now: float) -> str:
        """Return it in few cells: `1/3  45%`; the share of the estimate only while something is under way."""
        share = self.used(now)
        return f"{self.done}/{self.total}" + (f" {share:>4.0%}" if share is not None else "")

    def used(self, now: float) -> float | None:
        """Return which share of the estimate is used, None where nothing is under way."""
        worked = self.worked_s + (max(0.0, now - self.since) if self.since is not None else 0.0)
        if not worked or not self.estimate_s:
            return None
        return min(worked / self.estimate_s, 9.99)


def progress(snapshot: Snapshot, legs: Iterable[Leg], leg: Leg) -> Progress:
    """Return how far a workstream has come; `leg` is the one that stands for it."""
    standing = [issue_done(one, issue) for one in legs for issue in one.outline.issues or ("",)]
    done, total = standing.count("done"), len(standing)
    if leg.state is State.MERGED:
        return Progress(done, total)
    run: Run | None = snapshot.runs.get(leg.run or "") if leg.state is State.RUNNING else None
    since = (run.started or run.taken) if run is not None and run.ended is None else None
    return Progress(done, total, leg.worked_s, leg.outline.estimate_s, since)


class Activity:
    """Gathers, minute by minute, what runs print and how often their files change, of what runs alone."""

    def __init__(self) -> None:
        self._minutes: dict[str, dict[int, int]] = {}
        self._seen: dict[str, tuple[str, int, float]] = {}

    def note(self, key: str, run: str, told: RunReading | None, worktree: WorktreeReading | None) -> Pulse:
        """Take in the readings of a workstream and return its pulse; what is as it was before counts nothing."""
        before = self._seen.get(key)
        size, changed = told.output_bytes if told else 0, worktree.changed_at if worktree else 0.0
        self._seen[key] = (run, size, changed)
        if told is not None and told.output_at:
            known = before[1] if before is not None and before[0] == run else None
            self._add(key, told.output_at, 1 if known is None and size else max(0, size - (known or 0)))
        if changed and (before is None or changed > before[2]):
            self._add(key, changed, _EDIT)
        return self.pulse(key)

    def pulse(self, key: str) -> Pulse:
        """Return the last minute in which something was, and the amounts of the minutes up to it."""
        minutes = self._minutes.get(key)
        if not minutes:
            return NO_PULSE
        last = max(minutes)
        return last, tuple(minutes.get(minute, 0) for minute in range(last - MINUTES + 1, last + 1))

    def forget(self, keys: Iterable[str]) -> None:
        """Forget workstreams that are no longer in the plan."""
        for key in keys:
            self._minutes.pop(key, None)
            self._seen.pop(key, None)

    def _add(self, key: str, at: float, amount: int) -> None:
        if amount <= 0:
            return
        minute, minutes = int(at // 60), self._minutes.setdefault(key, {})
        minutes[minute] = minutes.get(minute, 0) + amount
        for old in [one for one in minutes if one <= max(minutes) - MINUTES]:
            del minutes[old]


def spark(pulse: Pulse, now: float) -> str:
    """Return a pulse as one bar a minute, up to now, all rows to the same scale; empty where all was quiet."""
    last, amounts = pulse
    gone = int(now // 60) - last
    if not amounts or gone >= MINUTES:
        return ""
    kept = amounts[max(gone, 0) :]
    return ("".join(map(_bar, kept)) + " " * max(gone, 0)).rjust(MINUTES)


def _bar(amount: int) -> str:
    """Return the bar of a minute's amount: each next one stands for four times as much."""
    return _BARS[min(len(_BARS) - 1, amount.bit_length() // 2)] if amount else " "
