"""Keeps the forecast fresh while somebody looks on: after facts, and as time goes by; never in the loop's thread."""

import asyncio
import time
from collections.abc import Mapping
from threading import Event
from typing import Any

from cockpit.engine.loop import Engine
from cockpit.engine.pool import Pool
from cockpit.forecast.eta import forecast
from cockpit.schedule.facts import Recorded

SETTLE_S = 0.5
BUDGET_S = 0.2
REST = 10
EVERY_S = 15.0


class Forecasts:
    """Makes a new forecast after every few facts, at most one at a time."""

    def __init__(self, engine: Engine, pool: Pool) -> None:
        self._engine = engine
        self._pool = pool
        self._news = asyncio.Event()
        self._ended = Event()

    async def run(self) -> None:
        """Forecast until cancelled."""
        self._ended.clear()
        end = self._engine.watch_facts(self._heard)
        try:
            while True:
                began = time.monotonic()
                if self._engine.followed:
                    snapshot = self._engine.snapshot
                    made = await self._pool.idle(
                        forecast, snapshot, self._engine.clock.now(), budget_s=BUDGET_S, stop=self._ended.is_set
                    )
                    self._engine.read(forecast=made)
                # A thousand legs take seconds: they are forecast less often, so that the loop has the processor.
                await asyncio.sleep(max(SETTLE_S, REST * (time.monotonic() - began)))
                try:
                    async with asyncio.timeout(EVERY_S):  # wait_for may swallow a cancellation on Python 3.11
                        await self._news.wait()
                except TimeoutError:
                    continue
                finally:
                    self._news.clear()
        finally:
            self._ended.set()
            end()

    def _heard(self, recorded: tuple[Recorded, ...], _: Mapping[str, Any]) -> None:
        if recorded:
            self._news.set()
