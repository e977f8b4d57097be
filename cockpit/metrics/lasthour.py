"""The last hour of a plan, folded from facts, against the thresholds that its `alerts` name. Pure."""

import math
from collections import deque
from collections.abc import Mapping

from cockpit.clock import span
from cockpit.schedule import facts as f

HOUR_S = 3600.0
MOST = 20_000
_BY_ORDER = frozenset({"stopped"})  # ended because somebody wanted it: neither a success nor a failure


class LastHour:
    """Which runs and gates ended within an hour, and how; never more than MOST of each."""

    def __init__(self) -> None:
        self._runs: deque[tuple[float, bool, str]] = deque(maxlen=MOST)
        self._gates: deque[tuple[float, bool, float]] = deque(maxlen=MOST)

    def fold(self, recorded: f.Recorded) -> None:
        """Count a fact; facts come in the order of the journal."""
        match recorded.fact:
            case f.RunEnded(leg=leg, outcome=outcome) if outcome not in _BY_ORDER:
                self._runs.append((recorded.at, outcome != "done", leg))
            case f.RetryScheduled(leg=leg, counted=False):
                self._forgive(leg)
            case f.GateFinished(ok=ok, seconds=seconds):
                self._gates.append((recorded.at, not ok, seconds))
            case _:
                pass

    def _forgive(self, leg: str) -> None:
        """Leave out the last run of a leg where it failed: a limit that named its end is nobody's failure."""
        last = next((at for at in reversed(range(len(self._runs))) if self._runs[at][2] == leg), None)
        if last is not None and self._runs[last][1]:
            del self._runs[last]

    def exceeded(self, now: float, limits: Mapping[str, float | None]) -> dict[str, str]:
        """Return in words, for each threshold that is given, that it is exceeded; those that are not are left out.

        `limits`: `agent_failure_rate` in percent, `errors_per_hour` a number, `gate_p95` in seconds.
        """
        while self._runs and self._runs[0][0] <= now - HOUR_S:
            self._runs.popleft()
        while self._gates and self._gates[0][0] <= now - HOUR_S:
            self._gates.popleft()
        runs, gates = len(self._runs), len(self._gates)
        failed = sum(bad for _, bad, _ in self._runs)
        red = sum(bad for _, bad, _ in self._gates)
        found: dict[str, str] = {}
        most = limits.get("agent_failure_rate")
        if most is not None and runs and 100 * failed / runs > most:
            found["agent_failure_rate"] = f"{failed} of {runs} runs failed within an hour, {100 * failed / runs:.0f} %"
        most = limits.get("errors_per_hour")
        if most is not None and failed + red > most:
            errors = "1 error" if failed + red == 1 else f"{failed + red} errors"
            found["errors_per_hour"] = f"{errors} within an hour: {failed} of runs, {red} of gates"
        most = limits.get("gate_p95")
        if most is not None and gates:
            slow = sorted(seconds for *_, seconds in self._gates)[math.ceil(0.95 * gates) - 1]
            if slow > most:
                found["gate_p95"] = f"of {gates} gates within an hour, one in twenty took {span(slow)} or longer"
        return found
