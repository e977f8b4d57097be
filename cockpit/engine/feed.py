"""What one client of an engine still has to be told: gathered as it happens, handed over at most every so often."""

import asyncio
from collections.abc import Mapping
from typing import Any

from cockpit.engine.loop import Engine
from cockpit.schedule.facts import Recorded

INTERVAL_S = 0.05
SETTLE_S = 0.005
MOST_FACTS = 20_000


class Feed:
    """Facts and changed readings since the last `take`; of several values of one reading only the newest is kept.

    `overrun` says that the client is too far behind: it has to begin again from the journal.
    """

    def __init__(self, engine: Engine) -> None:
        self._facts: list[Recorded] = []
        self._changes: dict[str, Any] = {}
        self._something = asyncio.Event()
        self._not_before = 0.0
        self.overrun = False
        self._end = engine.subscribe(self._heard)

    def _heard(self, recorded: tuple[Recorded, ...], changes: Mapping[str, Any]) -> None:
        self._facts += recorded
        if len(self._facts) > MOST_FACTS:
            self.overrun = True
            self._facts.clear()
        for name, value in changes.items():
            known = self._changes.get(name)
            merge = isinstance(value, Mapping) and isinstance(known, Mapping)
            self._changes[name] = {**known, **value} if merge and known else value
        self._something.set()

    async def take(self) -> tuple[tuple[Recorded, ...], dict[str, Any]]:
        """Wait until there is something and, where the last was taken just now, for more; return all of it."""
        await self._something.wait()
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(SETTLE_S, self._not_before - loop.time()))
        self._not_before = loop.time() + INTERVAL_S
        self._something.clear()
        facts, changes = tuple(self._facts), self._changes
        self._facts, self._changes = [], {}
        return facts, changes

    def close(self) -> None:
        """End the subscription."""
        self._end()
