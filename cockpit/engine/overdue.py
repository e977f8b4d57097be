"""Lets an order wait until runs that are over, and that a driver which just started does not know of, are judged."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cockpit.agents import runs
from cockpit.errors import CockpitError
from cockpit.schedule.facts import Recorded
from cockpit.schedule.orders import Order
from cockpit.schedule.snapshot import Leg
from cockpit.schedule.states import State

if TYPE_CHECKING:
    from cockpit.engine.effects import Effects

LONGEST_S = 10.0
"""How long an order waits at most: what takes longer is no longer a matter of catching up."""


async def judge_ended(effects: "Effects", order: Order) -> None:
    """Wait until no leg of an order's targets is taken for running whose run is over; for a while, not longer."""
    snapshot = effects.engine.snapshot
    targets = (
        snapshot.workstreams if order.everything else [one for one in order.targets if one in snapshot.workstreams]
    )
    legs = [snapshot.leg_under_way(one) for one in targets]
    over = {leg.key: leg.run for leg in legs if await _is_over(effects, leg)}
    if not over:
        return
    news = asyncio.Event()

    def told(_facts: tuple[Recorded, ...], _readings: Mapping[str, Any]) -> None:
        news.set()

    forget = effects.engine.watch_facts(told)
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_S):
                while any(_is_taken_for_running(effects.engine.snapshot.legs[key], run) for key, run in over.items()):
                    news.clear()
                    await news.wait()
    finally:
        forget()


async def _is_over(effects: "Effects", leg: Leg) -> bool:
    if not _is_taken_for_running(leg, leg.run):
        return False
    folder = effects.project.state.run(leg.run or "")
    try:
        return (await effects.pool.short(runs.look, folder)).over
    except CockpitError:
        return False  # it has not been started


def _is_taken_for_running(leg: Leg, run: str | None) -> bool:
    return leg.state in (State.PREPARING, State.RUNNING) and leg.run == run and bool(run)
