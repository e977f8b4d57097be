"""Asks the driver for the output of the workstream that is looked at, and only when there is more; one at a time."""

import asyncio

from cockpit.engine.handle import Handle
from cockpit.errors import CockpitError
from cockpit.ui.looks import count, line
from cockpit.ui.widgets.output import Output

LIMIT = 65_536
GLANCE = 8_192
REST_S = 0.12
_PIECE = 4_096


class OutputFeed:
    """Keeps an output pane up to date; `wants` returns True where `run` is to be started in a worker.

    `limit` is how many bytes of what was printed before are asked for at once. Another workstream is asked for when the
    cursor has rested on it for a moment, so that a key that is held down brings none of those that it passes.
    """

    def __init__(self, handle: Handle, pane: Output, limit: int = LIMIT) -> None:
        self._handle = handle
        self._pane = pane
        self._limit = limit
        self._wanted: tuple[str, str, int] | None = None
        self._got: tuple[str, str, int] | None = None
        self._next: int | None = None
        self._busy = False

    def wants(self, workstream: str, run: str, size: int) -> bool:
        """Note what is looked at: a workstream, its run, and how many bytes that printed so far."""
        self._wanted = (workstream, run, size)
        return self._wanted != self._got and not self._busy

    def again(self) -> None:
        """Ask anew at the next look."""
        self._got = None

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
            self._next = None
        self._got = wanted
        if not run:
            return
        try:
            answer = await self._handle.ask("output", workstream=workstream, offset=self._next, limit=self._limit)
        except CockpitError as error:
            if self._next is None:
                self._pane.clear(f"no output to show: {line(error.what)}")
            return
        if self._wanted is None or self._wanted[:2] != (workstream, run):
            return
        if self._next is None:
            self._pane.clear("it has printed nothing yet")
        elif int(answer["lost"]) or int(answer["start"]) > self._next:
            self._pane.append(f"\n… {count(int(answer['start']) - self._next, 'byte')} cut here …\n")
        if self._next is None and int(answer["start"]) > 0:
            self._pane.append("… earlier output is in its log …\n")
        self._next = int(answer["next"])
        await self._put(str(answer["data"]), (workstream, run))

    async def _put(self, data: str, seen: tuple[str, str]) -> None:
        """Hand on whole lines piece by piece, for as long as the same run is looked at: keys are heard in between."""
        at = 0
        while at < len(data) and self._wanted is not None and self._wanted[:2] == seen:
            end = data.find("\n", at + _PIECE) + 1 or len(data)
            self._pane.append(data[at:end])
            at = end
            await asyncio.sleep(0)
