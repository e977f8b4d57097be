"""What runs, checks and approvals took so far, and from that how long the ones to come may take; knows no clock."""

import math
from collections import Counter
from dataclasses import dataclass
from random import Random
from statistics import median

from cockpit.plan.roundzero import PREPARE
from cockpit.schedule.outline import LegOutline
from cockpit.schedule.snapshot import Leg, Snapshot
from cockpit.schedule.states import PAST_CHECKING

PRIOR = 3.0
"""How many finished legs the estimates themselves weigh as much as."""


@dataclass(frozen=True, slots=True)
class History:
    """What finished legs teach about those to come.

    `ratio` is real time over estimate (1 when nothing finished yet), `spread` the standard deviation of its logarithm,
    `retry` the chance that a run fails; the seconds of an approval and of a leg's gates are medians (0 at first).
    """

    ratio: float = 1.0
    spread: float = 0.0
    retry: float = 0.0
    approvals_s: float = 0.0
    checks_s: float = 0.0

    @classmethod
    def of(cls, snapshot: Snapshot) -> "History":
        """Return what a snapshot's finished legs teach."""
        begun = [leg for key, leg in snapshot.legs.items() if leg.attempt and key != PREPARE]  # no agent, no lesson
        finished = [leg for leg in begun if leg.state in PAST_CHECKING]
        logs = [math.log(ratio) for leg in finished if (ratio := _ratio(snapshot, leg)) > 0]
        weight = len(logs) / (len(logs) + PRIOR)
        middle = median(logs) if logs else 0.0
        off = 1.4826 * median(abs(one - middle) for one in logs) if len(logs) > 2 else 0.0
        reviews = [leg.review_s for leg in snapshot.legs.values() if leg.review_s > 0]
        return cls(
            math.exp(weight * middle),
            weight * off,
            _retry_chance(snapshot, finished),
            median(reviews) if reviews else 0.0,
            _checks_s(snapshot, finished),
        )

    def typical(self, leg: Leg) -> float:
        """Return the seconds that one whole run of a leg takes, as far as is known."""
        return leg.outline.estimate_s * self.ratio

    def varies(self, legs: list[LegOutline], retries: int) -> bool:
        """Say whether two samples can differ at all."""
        return self.spread > 0 or (self.retry > 0 and retries > 0) or any(leg.low_s < leg.high_s for leg in legs)

    def sample(self, legs: list[LegOutline], retries: int, random: Random) -> tuple[dict[str, float], dict[str, int]]:
        """Draw for each leg the seconds of a run, and how many runs fail before the one that is done.

        The plan's low and high are the ends of a triangle around its estimate; history's spread is log-normal.
        """
        seconds: dict[str, float] = {}
        failures: dict[str, int] = {}
        for leg in legs:
            drawn = leg.estimate_s
            if leg.low_s < leg.high_s:
                drawn = random.triangular(leg.low_s, leg.high_s, min(max(leg.estimate_s, leg.low_s), leg.high_s))
            if self.spread:
                drawn *= random.lognormvariate(0.0, self.spread)
            seconds[leg.key] = drawn * self.ratio
            failed = 0
            while self.retry and failed < retries and random.random() < self.retry:
                failed += 1
            if failed:
                failures[leg.key] = failed
        return seconds, failures


def _ratio(snapshot: Snapshot, leg: Leg) -> float:
    """Return the real time of a finished leg's last run over its estimate; runs that failed are counted elsewhere."""
    if leg.outline.estimate_s <= 0:
        return 0.0
    run = snapshot.runs.get(leg.run or "")
    whole = run is not None and run.started is not None and run.ended is not None and leg.attempt > 1
    took = run.ended - run.started if whole and run and run.ended and run.started else leg.worked_s
    return took / leg.outline.estimate_s


def _retry_chance(snapshot: Snapshot, finished: list[Leg]) -> float:
    """Return the share of runs of finished legs that had to be followed by another, drawn to 0 by few data."""
    last = {leg.run for leg in finished}
    keys = {leg.key for leg in finished}
    outcomes = Counter(
        run.id in last for run in snapshot.runs.values() if run.leg in keys and run.outcome not in ("stopped", "")
    )
    return outcomes[False] / (outcomes.total() + PRIOR) if outcomes else 0.0


def _checks_s(snapshot: Snapshot, finished: list[Leg]) -> float:
    took = [sum(one.seconds for one in results) for leg in finished if (results := snapshot.gates.get(leg.key))]
    return median(took) if took else 0.0
