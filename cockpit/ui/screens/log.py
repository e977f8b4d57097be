"""The page of what cockpit ran: each command, when, how it ended, the end of what it printed; it runs nothing."""

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from cockpit.engine.handle import View
from cockpit.errors import CockpitError
from cockpit.schedule.codec import decode
from cockpit.ui.headline import Line
from cockpit.ui.keyed import key_of
from cockpit.ui.keys import LOG
from cockpit.ui.past import RAN, RAN_CARD, Item, Ran, ran_item, ran_lines
from cockpit.ui.present import Row
from cockpit.ui.screens.asked import PART, AskedPage
from cockpit.ui.working import beside


class LogPage(AskedPage):
    """The commands of this plan's driver above the one under the cursor in full."""

    PAGE: ClassVar[str] = LOG
    FILTERED: ClassVar[str] = "words of command, folder, output; !words, kind:change …"
    COLUMNS = RAN
    CARD = RAN_CARD
    NOTHING = "nothing was run yet"

    def __init__(self, view: View, rows: Mapping[str, Row], now: float, workstream: str = "") -> None:
        super().__init__(view, rows, now, workstream)
        self._ran: dict[int, Ran] = {}
        self._newest = 0
        self._driver = view.readings.driver_pid

    async def bring(self, before: int | None, text: str) -> tuple[list[int], int]:
        """Ask for commands before a number."""
        answer = await self.cockpit.handle.ask("ran", before=before, limit=PART, text=text)
        found = self._kept(answer["commands"])
        return found, found[-1] if len(found) == PART else 0

    def _kept(self, commands: Sequence[object]) -> list[int]:
        found = [decode(Ran, one) for one in commands]
        self._ran |= {one.number: one for one in found}
        self._newest = max([self._newest, *(one.number for one in found)])
        return [one.number for one in found]

    def one(self, number: int) -> Item:
        """Return a command as a line."""
        return ran_item(self._ran[number], self.now)

    def keep(self, numbers: Collection[int]) -> None:
        """Let go of commands that are not listed."""
        self._ran = {number: one for number, one in self._ran.items() if number in numbers}

    def heading(self, view: View) -> Sequence[str]:
        """Say whose commands these are."""
        pid = view.readings.driver_pid
        parts = [f"what the driver ran{f' (process {pid})' if pid else ''}"]
        self.grid.of = self._newest
        return parts if self.fresh else [*parts, f"{key_of('first')}: the newest"]

    def show(self, view: View, rows: Mapping[str, Row], now: float) -> None:
        """Begin anew where another driver took the plan."""
        super().show(view, rows, now)
        if view.connected and view.readings.driver_pid != self._driver:
            self._driver, self._newest = view.readings.driver_pid, 0
            self.again()

    def tick(self, now: float) -> None:
        """Ask for what was run since."""
        super().tick(now)
        if self.view.connected and self.fresh:
            beside(self, self._bring_newer, "asking what was run", "newer", exclusive=True)

    async def _bring_newer(self) -> None:
        since, text = self._newest, self.text
        try:
            answer = await self.cockpit.handle.ask("ran", since=since, limit=PART, text=text)
        except CockpitError:
            return  # the next view says that the driver is gone
        if since == self._newest and text == self.text:
            self.put_first(self._kept(answer["commands"]))

    def detail(self, view: View, item: Item, now: float) -> Sequence[Line]:  # noqa: ARG002 - it changes with no view
        """Return a command in full."""
        return tuple(ran_lines(self._ran[item.number]))
