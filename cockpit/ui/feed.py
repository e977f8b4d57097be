"""Asks the driver for the output of the workstream that is looked at, and only when there is more; one at a time."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from msgspec import convert

from cockpit.engine.handle import Handle
from cockpit.errors import CockpitError
from cockpit.schedule.printed import Printed
from cockpit.ui.keyed import key_of
from cockpit.ui.looks import count, line
from cockpit.ui.transcript import MOST
from cockpit.ui.widgets.output import Output

LIMIT = 65_536
GLANCE = 8_192
REST_S = 0.12
BEFORE = 16_384
ABOVE, BELOW = 300, 700
"""Bytes that are asked for before a line that was looked for, and lines that are shown above and below it."""
FAR_BEHIND = 262_144
EARLIER = "… earlier output is in its log …"
_PIECE = 50


class OutputFeed:
    """Keeps an output pane up to date; `wants` returns True where `run` is to be started in a worker.

    `limit` is how many bytes of what was printed before are asked for at once. Another workstream is asked for when the
    cursor has rested on it for a moment, so that a key that is held down brings none of those that it passes. `away`:
    it shows a place further up in the log, and no new output until `again`. `number` tells what was asked for from
    further up from what was given up since.
    """

    def __init__(
        self, handle: Handle, pane: Output, limit: int = LIMIT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._handle = handle
        self._pane = pane
        self._limit = limit
        self._wanted: tuple[str, str, int] | None = None
        self._got: tuple[str, str, int] | None = None
        self._clock = clock
        self._next: list[int] | None = None
        self._busy = False
        self.away = False
        self.number = 0

    def wants(self, workstream: str, run: str, size: int) -> bool:
        """Note what is looked at: a workstream, its run, and how many bytes that printed so far."""
        self._wanted = (workstream, run, size)
        return self._wanted != self._got and not self._busy

    def again(self) -> None:
        """Ask anew at the next look."""
        self._got = None
        self.away = False

    def give_up(self) -> None:
        """Show nothing from further up that was asked for and has not come yet."""
        self.number += 1

    async def run(self) -> None:
        """Ask until the pane shows what is wanted. An answer that cannot be had is said in the pane."""
        if self._busy:
            return
        self._busy = True
        try:
            while self._wanted is not None and self._wanted != self._got:
                if self._got is not None and self._got[:2] != self._wanted[:2]:
                    await self._rest()
                await self._bring(self._wanted)
        finally:
            self._busy = False

    async def _rest(self) -> None:
        """Wait until the same workstream has been looked at for a moment."""
        before = None
        while self._wanted is not None and before != self._wanted[:2]:
            before = self._wanted[:2]
            await asyncio.sleep(REST_S)

    async def _bring(self, wanted: tuple[str, str, int]) -> None:
        workstream, run, _ = wanted
        if self._got is None or self._got[:2] != (workstream, run):
            self._pane.clear("…" if run else "no agent has worked on it yet")
            self._next, self.away = None, False
        self._got = wanted
        if not run or self.away:
            return
        try:
            more = True
            while more and self._is_looked_at(workstream, run) and not self.away:
                more = await self._ask(workstream, run)
        except CockpitError as error:
            if self._next is None:
                self._pane.clear(f"no output to show: {line(error.what)}")

    def _is_looked_at(self, workstream: str, run: str) -> bool:
        return self._wanted is not None and self._wanted[:2] == (workstream, run)

    async def _ask(self, workstream: str, run: str) -> bool:
        """Ask for more of what was printed, show it, and say whether there is more. Raises CockpitError."""
        if self._next is not None and self._wanted is not None and self._pane.following:
            behind = self._wanted[2] - sum(self._next)
            self._next = None if behind > FAR_BEHIND else self._next  # what it would pass by is not kept anyway
        answer = await self._handle.ask("printed", workstream=workstream, places=self._next, limit=self._limit)
        if not self._is_looked_at(workstream, run) or self.away:
            return False
        first = self._next is None
        if first:
            self._pane.clear("it has printed nothing yet")
        elif int(answer["lost"]):
            self._pane.add_note(f"… {count(int(answer['lost']), 'byte')} cut here …")
        if first and any(answer["start"]):
            self._pane.add_note(EARLIER)
        self._next = answer["next"]
        rows = convert(answer["lines"], list[Printed])
        there = await self._put(rows[-MOST:], answer, (workstream, run), now=0.0 if first else self._clock())
        return there and bool(answer["more"]) and not first

    async def _put(self, rows: list[Printed], answer: Any, seen: tuple[str, str], now: float) -> bool:
        """Hand on lines piece by piece: keys are heard in between. Say whether the same place is looked at still."""
        away = self.away
        for at in range(0, len(rows), _PIECE):
            if away != self.away or not self._is_looked_at(*seen):
                return False
            self._pane.add(rows[at : at + _PIECE], now, structured=bool(answer.get("structured")))
            await asyncio.sleep(0)
        return away == self.away and self._is_looked_at(*seen)

    async def turn(self, *, back: bool) -> bool:
        """Show what was printed before what is here, or after it; say whether there is any. Raises CockpitError."""
        at = self._pane.transcript.edge(last=not back)
        if not at or (not back and not self.away):
            return False
        shown = await self.look_at(False, at)
        self._pane.point = None
        return shown

    async def look_at(self, err: bool, at: int) -> bool:
        """Show a line of a log that is not here, with what stands around it; new output then waits for `again`.

        Say whether it is there. Raises CockpitError.
        """
        if self._got is None:
            return False
        workstream, run, _ = self._got
        number = self.number
        places: list[int | None] = [None, None]
        places[err] = max(0, at - BEFORE)
        answer = await self._handle.ask("printed", workstream=workstream, places=places, limit=LIMIT, align=at > BEFORE)
        if number != self.number or not self._is_looked_at(workstream, run):
            return False
        self.away = True
        self._pane.clear()
        if any(answer["start"]):
            self._pane.add_note(EARLIER)
        rows = [one for one in convert(answer["lines"], list[Printed]) if not one.open]
        here = next((number for number, one in enumerate(rows) if one.at == at), 0)
        if not await self._put(rows[max(0, here - ABOVE) : here + BELOW], answer, (workstream, run), now=0.0):
            return False
        self._pane.add_note(f"… later output follows · {key_of('last')} goes to the newest …")
        return self._pane.show_line(err, at)
