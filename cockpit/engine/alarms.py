"""Looks now and then whether a threshold of the plan is exceeded or the disk runs full, and notes it; stops nothing."""

import asyncio
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from cockpit.engine.effects import Effects
from cockpit.metrics.lasthour import HOUR_S, LastHour
from cockpit.plan.duration import amount
from cockpit.schedule import facts as f

EVERY_S = 30.0
THRESHOLD = "alerts."  # before the name of a threshold, in the key of its note
DISK = "disk"
_COUNTED = (f.RunEnded, f.RetryScheduled, f.GateFinished)


class Alarms:
    """Keeps the notes about thresholds and the disk fresh, and hands the keys of those that stand to `tell`.

    `every_s` is how often it looks where nothing happens.
    """

    def __init__(self, effects: Effects, tell: Callable[[frozenset[str]], None], every_s: float = EVERY_S) -> None:
        self._effects = effects
        self._tell = tell
        self._engine = effects.engine
        self._every_s = every_s
        self._news = asyncio.Event()
        self._new: list[f.Recorded] = []
        self._hour = LastHour()

    async def run(self) -> None:
        """Look until cancelled."""
        self._hour, self._new = LastHour(), []
        end = self._engine.watch_facts(self._heard)
        upto = self._engine.snapshot.seq
        try:
            await self._engine.durable()
            self._count(await self._effects.pool.short(self._past, upto))
            while True:
                self._new, new = [], self._new
                self._count(one for one in new if one.seq > upto)
                await self.look()
                try:
                    async with asyncio.timeout(self._every_s):
                        await self._news.wait()
                except TimeoutError:
                    continue
                finally:
                    self._news.clear()
        finally:
            end()

    async def look(self) -> None:
        """Note what is exceeded by now, and take back what is not any more."""
        plan = self._effects.project.loaded.plan
        limits = {name: getattr(plan.alerts, name) for name in type(plan.alerts).model_fields}
        over = self._hour.exceeded(self._engine.clock.now(), limits)
        notes: dict[str, str | None] = {f"{THRESHOLD}{name}": over.get(name) for name in limits}
        free = await self._effects.pool.idle(_free, self._effects.project.loaded.worktrees)
        least = plan.limits.min_free_disk
        low = f"{amount(free)} free for worktrees, less than limits.min_free_disk {amount(least)}"
        notes[DISK] = low if free < least else None
        self._engine.read(notes=notes)
        self._tell(frozenset(key for key, note in notes.items() if note is not None))

    def _heard(self, recorded: tuple[f.Recorded, ...], _: Mapping[str, Any]) -> None:
        new = [one for one in recorded if isinstance(one.fact, _COUNTED)]
        if new:
            self._new += new
            self._news.set()

    def _count(self, recorded: Iterable[f.Recorded]) -> None:
        for one in recorded:
            self._hour.fold(one)

    def _past(self, upto: int) -> list[f.Recorded]:
        """Return what the journal holds of the last hour, the oldest first."""
        since = self._engine.clock.now() - HOUR_S
        found: list[f.Recorded] = []
        with closing(self._engine.journal.read_back(upto + 1)) as facts:
            for one in facts:
                if one.at <= since:
                    break
                if isinstance(one.fact, _COUNTED):
                    found.append(one)
        return found[::-1]


def _free(path: Path) -> int:
    """Return how many bytes are free where a folder is or will be."""
    there = next(one for one in (path, *path.parents) if one.is_dir())
    return shutil.disk_usage(there).free
