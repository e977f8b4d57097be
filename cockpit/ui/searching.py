"""A search in what a run printed: which lines hold a text, in all of its logs, and which of them is shown."""

import asyncio
from typing import Any

from cockpit.engine.handle import Handle
from cockpit.ui.feed import OutputFeed
from cockpit.ui.looks import line
from cockpit.ui.transcript import BOTH, ERR
from cockpit.ui.widgets.output import Output

REST_S = 0.15
"""How long typing has to rest before the logs are looked through."""


class Search:
    """One search; `text` is what is sought, empty where nothing is. Its words are asked for one after the other."""

    def __init__(self, handle: Handle, feed: OutputFeed, pane: Output) -> None:
        self._handle, self._feed, self._pane = handle, feed, pane
        self.text = ""
        self._matches: list[tuple[int, int]] = []
        self._at = 0
        self._whole = True
        self._asked = False
        self._number = 0
        self._size = self._seen = -1
        self._looking = False

    def title(self) -> str:
        """Return what is sought and how much of it there is, for a title."""
        if not self.text:
            return ""
        more = "" if self._whole else "+"
        if not self._asked:
            told = "…"
        elif not self._matches:
            told = "nothing" if self._whole else "nothing in the last part of it"
        else:
            told = f"{self._at + 1}/{len(self._matches)}{more}"
        return f"“{line(self.text)}” {told}"

    def end(self) -> None:
        """Seek nothing any more."""
        self._number += 1
        self.text, self._matches, self._asked = "", [], False
        self._pane.seek("")

    async def begin(self, workstream: str, text: str) -> None:
        """Seek a text, and show its newest place. Raises CockpitError."""
        self._number += 1
        self.text, self._matches, self._asked = text.strip(), [], False
        self._pane.seek(self.text)
        if not self.text:
            return
        await asyncio.sleep(REST_S)
        if await self._ask(workstream):
            self._at = max(0, len(self._matches) - 1)
            await self.show()

    def wants(self, size: int) -> bool:
        """Note how many bytes were printed; say whether `again` is to be started in a worker."""
        self._size = size
        return self._asked and size != self._seen and not self._looking

    async def again(self, workstream: str) -> None:
        """Look for more of it until all that was printed is looked through; what is shown stays. Raises CockpitError.

        One at a time, and beside `begin` and `step`: an agent that prints on and on must hold up neither.
        """
        self._looking = True
        try:
            while self._asked and self._size != self._seen:
                self._seen = self._size
                shown = self._matches[self._at] if self._matches else None
                if await self._ask(workstream):
                    self._at = self._matches.index(shown) if shown in self._matches else 0
        finally:
            self._looking = False

    async def _ask(self, workstream: str) -> bool:
        """Ask where it is; say whether it is still what is sought."""
        looks, number = self._pane.transcript, self._number
        err = None if looks.logs == BOTH else looks.logs == ERR
        asked = {"workstream": workstream, "text": self.text, "raw": looks.raw, "err": err}
        answer: Any = await self._handle.ask("sought", **asked)
        if number != self._number:
            return False
        self._matches = [(int(log), int(at)) for log, at in answer["matches"]]
        self._whole, self._asked = bool(answer["whole"]), True
        return True

    async def step(self, by: int) -> None:
        """Show the next place, or the one before; behind the last comes the first. Raises CockpitError."""
        if self._matches:
            self._at = (self._at + by) % len(self._matches)
            await self.show()

    async def show(self) -> None:
        """Bring the present place into sight, from far up in the log where it must be. Raises CockpitError."""
        if self._matches:
            log, at = self._matches[self._at]
            if not self._pane.show_line(log == 1, at):
                await self._feed.look_at(log == 1, at)
