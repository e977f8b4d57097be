"""Keeps the forecast fresh while somebody looks on, and how it moved; never in the loop's thread."""

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any

from msgspec import to_builtins

from cockpit.engine.loop import Engine
from cockpit.engine.pool import Pool
from cockpit.forecast.estimates import Estimate, Estimates
from cockpit.forecast.eta import forecast
from cockpit.forecast.ranked import ranked
from cockpit.schedule.codec import decode
from cockpit.schedule.facts import Recorded

SETTLE_S = 0.5
BUDGET_S = 0.2
REST = 10
EVERY_S = 15.0
UNSEEN_S = 300.0
KEEP_S = 60.0


class Forecasts:
    """Makes a new forecast after every few facts, at most one at a time; seldom, while nobody looks on.

    How the estimate moved is kept in a file; what a kill loses of it is a minute.
    """

    def __init__(self, engine: Engine, pool: Pool, path: Path) -> None:
        self._engine = engine
        self._pool = pool
        self._path = path
        self._news = asyncio.Event()
        self._ended = Event()
        self._kept = Estimates()
        self._kept_at = self._made_at = time.monotonic()

    def estimates(self) -> tuple[Estimate, ...]:
        """Return how the estimate of the finish moved, the oldest first."""
        return self._kept.all()

    async def run(self) -> None:
        """Forecast until cancelled."""
        self._ended.clear()
        end = self._engine.watch_facts(self._heard)
        try:
            self._kept = Estimates(await self._pool.short(read_estimates, self._path))
            while True:
                began = time.monotonic()
                if self._engine.followed or began - self._made_at >= UNSEEN_S:
                    await self._forecast()
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
            if self._kept.all():
                write_estimates(self._path, self._kept.all())

    async def _forecast(self) -> None:
        snapshot = ranked(self._engine.snapshot, self._engine.readings.records)
        made = await self._pool.idle(
            forecast, snapshot, self._engine.clock.now(), budget_s=BUDGET_S, stop=self._ended.is_set
        )
        self._engine.read(forecast=made)
        self._made_at = time.monotonic()
        if self._kept.add(made) and self._made_at - self._kept_at >= KEEP_S:
            self._kept_at = self._made_at
            await self._pool.short(write_estimates, self._path, self._kept.all())

    def _heard(self, recorded: tuple[Recorded, ...], _: Mapping[str, Any]) -> None:
        if recorded:
            self._news.set()


def read_estimates(path: Path) -> tuple[Estimate, ...]:
    """Return what was kept of the estimates before; none where the file is gone or damaged."""
    try:
        return decode(tuple[Estimate, ...], json.loads(path.read_bytes()))
    except (OSError, ValueError):
        return ()


def write_estimates(path: Path, estimates: tuple[Estimate, ...]) -> None:
    """Keep the estimates in a file, as far as the disk lets it."""
    with contextlib.suppress(OSError):  # a full disk is told by the journal
        new = path.with_suffix(".new")
        new.write_text(json.dumps(to_builtins(estimates)), "utf-8")
        new.replace(path)
