"""The page of agents: profiles and slots, what each does, uses and came to; its keys change how many there are."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from msgspec.structs import replace

from cockpit.engine.handle import View
from cockpit.errors import CockpitError
from cockpit.schedule.orders import Order
from cockpit.ui.headline import Line
from cockpit.ui.keys import AGENTS, BY_NAME
from cockpit.ui.looks import line
from cockpit.ui.present import Row
from cockpit.ui.reasons import refused
from cockpit.ui.screens.detailed import DetailPage
from cockpit.ui.slots import CARD, COLUMNS, Item, Processes, Sums, detail, items, process_lines, told_processes
from cockpit.ui.working import beside

EVERY_S = 2.0


class AgentsPage(DetailPage[Item]):
    """All agents above what is known of one; only the processes of the run under the cursor are asked for."""

    PAGE: ClassVar[str] = AGENTS
    FILTERED: ClassVar[str] = "words of slot, state, workstream, what it does …"
    COLUMNS = COLUMNS
    CARD = CARD
    FIRST = ("more", "fewer", "drain", "pause", "stop", "output")
    LED = 4

    def __init__(self, view: View, rows: Mapping[str, Row], now: float, workstream: str = "") -> None:
        super().__init__(view, rows, now, workstream)
        self._sums = Sums()
        self._run = ""
        self._processes: tuple[Processes | None, Processes | None] = (None, None)
        self._trouble = ""
        self._asked_at = 0.0
        self._asking = False

    def made_of(self, view: View) -> tuple[object, ...]:
        """Return what the list is made of."""
        snapshot, readings = view.snapshot, view.readings
        return snapshot, readings.runs, readings.plan, readings.hold

    def items(self, view: View) -> dict[str, Item]:
        """Return all agents, profiles and slots."""
        return items(view, self._sums)

    def heading(self, view: View) -> Sequence[str]:
        """Say how many agents are at work."""
        busy = len(view.snapshot.busy_slots())
        return f"agents {busy}/{view.snapshot.max_agents()}", f"{len(view.snapshot.slots())} slots"

    def detail(self, view: View, item: Item, now: float) -> Sequence[Line]:
        """Return all that is known of a slot, a profile or all agents."""
        lines: Sequence[Line] = ()
        if self._run:
            lines = (((self._trouble, "dim"),),) if self._trouble else process_lines(*self._processes)
        return detail(view, self._sums, item, now, lines)

    # --- the processes of the one under the cursor ---------------------------------------------------------------

    def settled(self) -> None:
        """Look at the processes of the run under the cursor."""
        item = self.item()
        snapshot = self.view.snapshot
        leg = snapshot.legs.get(item.leg) if item is not None and item.leg in snapshot.active else None
        run = (leg.run or "") if leg is not None and leg.slot else ""
        if run != self._run:
            self._run, self._processes, self._trouble, self._asked_at = run, (None, None), "", 0.0
        self._ask()

    def tick(self, now: float) -> None:
        """Let ages move on, and look at the processes again."""
        super().tick(now)
        self._ask()

    def _ask(self) -> None:
        due = self.now - self._asked_at >= EVERY_S or self._asked_at > self.now
        if self._run and due and not self._asking and self.view.connected and self.is_current:
            self._asking, self._asked_at = True, self.now
            beside(self, self._bring, "looking at processes", "processes")

    async def _bring(self) -> None:
        item, run = self.item(), self._run
        try:
            answer = await self.cockpit.handle.ask("processes", workstream=item.workstream if item else "")
            found = told_processes(answer)
        except CockpitError as error:
            if run == self._run:
                self._trouble = f"its processes cannot be told: {line(error.what)}"
        else:
            if run == self._run == found.run:
                self._processes, self._trouble = (found, self._processes[0]), ""
        finally:
            self._asking = False
        self.show_detail()

    # --- what orders are for -----------------------------------------------------------------------------------------

    def targets(self) -> tuple[str, ...]:
        """Return the workstream of a slot, or all that a profile works on; all of the plan's are never meant here."""
        item = self.item()
        return item.workstreams if item is not None and item.profile else ()

    def _profile(self) -> str:
        """Return the profile under the cursor, where it is a profile and no slot."""
        item = self.item()
        return item.profile if item is not None and not item.slot else ""

    def _changed(self, action: str) -> Order:
        """Return what an action orders for the profile under the cursor."""
        profile, snapshot = self._profile(), self.view.snapshot
        order = Order("undrain" if profile in snapshot.draining else "drain", by=self.cockpit.who, words=(profile,))
        if action == "drain":
            return order
        size = snapshot.sizes().get(profile, 1) + (1 if action == "more" else -1)
        return replace(order, verb="limits", number=size)

    def why_not(self, name: str) -> str | None:
        """Return why a profile's slots cannot be changed; what is for the plan elsewhere is for it here."""
        if name in ("more", "fewer", "drain") and self._profile():
            order = self._changed(name)
            if name == "fewer" and order.number == 0:
                return "one slot is the least; drain it instead"
            return refused(self.view, order) or ""
        item = self.item()
        if item is not None and not item.workstreams and name in ("open", "output", "timeline", "diff"):
            return "no agent is at work there"
        return super().why_not(name)

    def do_more(self) -> None:
        """Give the profile under the cursor one slot more, or allow one agent more."""
        self.cockpit.ordering.limit(+1, self._profile())

    def do_fewer(self) -> None:
        """Take a slot from the profile under the cursor, or allow one agent fewer."""
        self.cockpit.ordering.limit(-1, self._profile())

    def do_drain(self) -> None:
        """Let the profile under the cursor take nothing new, or all of them; again: go on."""
        if self._profile():
            self.cockpit.ordering.hand_in((self._changed("drain"),))
        else:
            self.cockpit.ordering.give(BY_NAME["drain"], (), 0)
