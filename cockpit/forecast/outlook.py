"""The rest of a plan on the virtual clock, leg by leg, also for another number of agents; changes nothing real."""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from cockpit.forecast.durations import History
from cockpit.forecast.eta import forecast
from cockpit.forecast.simulate import prepared, simulate
from cockpit.schedule.readings import Forecast
from cockpit.schedule.snapshot import Snapshot


class Coming(Struct, frozen=True, array_like=True):
    """A leg as it is expected (seconds since the epoch); `critical`: it is one of those that set the end.

    `freed`: its last run ends; `end`: it is merged, None where it needs a human before.
    """

    leg: str
    start: float
    freed: float | None
    end: float | None
    slot: str = ""
    critical: bool = False


class Outlook(Struct, frozen=True):
    """What is to come with so many agents; `all_wanted`: nothing was started, so all is taken as started."""

    forecast: Forecast
    agents: int
    all_wanted: bool
    legs: tuple[Coming, ...] = ()

    @property
    def rest_end(self) -> float | None:
        """When the last leg that can end without a human does (seconds since the epoch); None where there is none."""
        return max((one.end for one in self.legs if one.end is not None), default=None)


def outlook(
    snapshot: Snapshot,
    now: float,
    agents: int | None = None,
    *,
    budget_s: float = 0.5,
    stop: Callable[[], bool] = lambda: False,
) -> Outlook:
    """Return how the rest of a plan goes on from `now`, with its own number of agents, or with another one.

    For more of them than now, every profile gets at least so many slots, as `simulate` has it; with fewer, each keeps
    what it has. `budget_s` and `stop` as in `forecast`. The legs are those of one run of the simulation, in which
    everything takes what it usually takes.
    """
    if agents is not None and agents <= snapshot.max_agents():
        snapshot, agents = replace(snapshot, agent_limit=agents), None
    all_wanted = not any(one.wanted for one in snapshot.workstreams.values())
    start = prepared(snapshot, now, agents=agents, want_all=all_wanted)
    made = forecast(snapshot, now, agents=agents, want_all=all_wanted, budget_s=budget_s, stop=stop)
    history = History.of(snapshot)
    typical = simulate(start, now, duration=history.typical, approvals_s=history.approvals_s, checks_s=history.checks_s)
    critical = set(typical.critical())
    legs = tuple(
        Coming(
            key,
            now + one.start_s,
            now + one.freed_s if one.freed_s is not None else None,
            now + one.end_s if one.end_s is not None else None,
            one.slot,
            key in critical,
        )
        for key, one in typical.legs.items()
    )
    return Outlook(made, start.max_agents(), all_wanted, legs)
