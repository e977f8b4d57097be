"""Keeps what runs came to in the user's records over all plans, and tells the engine what these say of profiles."""

import asyncio
from collections.abc import Mapping
from typing import Any

from cockpit.engine.loop import Engine
from cockpit.engine.pool import Pool
from cockpit.errors import CockpitError
from cockpit.metrics.records import RunRecord, run_records
from cockpit.schedule import facts as f
from cockpit.schedule.facts import Recorded
from cockpit.store.records import RecordsDamagedError, RecordStore, Row

SETTLE_S = 1.0
NOTE = "records"
_TELLING = (
    f.RunEnded,
    f.WorkScanned,
    f.GateFinished,
    f.LegQuarantined,
    f.LegReleased,
    f.ViolationWaived,
    f.UsageReported,
    f.ChecksStarted,
)


class Recording:
    """Writes the runs whose record changed, a moment after it did; at the start all, in case a driver was killed."""

    def __init__(self, engine: Engine, pool: Pool, store: RecordStore) -> None:
        self._engine = engine
        self._pool = pool
        self._store = store
        self._written: dict[str, RunRecord] = {}
        self._news = asyncio.Event()
        self._news.set()

    async def run(self) -> None:
        """Keep up with what happens, until cancelled."""
        end = self._engine.watch_facts(self._heard)
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                await self.write()
                await asyncio.sleep(SETTLE_S)
        finally:
            end()

    async def write(self) -> None:
        """Write what is new, and read what all plans came to; what cannot be is said, and stops nothing."""
        fresh = [one for one in run_records(self._engine.snapshot) if self._written.get(one.run) != one]
        try:
            await self._pool.idle(self._store.put, [_row(one) for one in fresh])
            sums = await self._pool.idle(self._store.by_profile)
        except CockpitError as error:
            self._engine.read(notes={NOTE: str(error)})
            if isinstance(error, RecordsDamagedError):
                self._written.clear()
                self._news.set()  # the new file gets what this plan knows
            return
        self._engine.read(notes={NOTE: None})
        self._written.update((one.run, one) for one in fresh)
        gone = dict.fromkeys(self._engine.readings.records.keys() - sums.keys())
        self._engine.read(records={**sums, **gone})

    def _heard(self, recorded: tuple[Recorded, ...], _: Mapping[str, Any]) -> None:
        if any(isinstance(one.fact, _TELLING) for one in recorded):
            self._news.set()


def _row(one: RunRecord) -> Row:
    return one.plan, one.run, one.profile, one.name, one.role[:200], one.ended, one.record
