"""The page of alerts: all that is wrong or awaits the operator, each with the keys that solve it, which work here."""

from collections.abc import Sequence
from typing import ClassVar

from cockpit.engine.handle import View
from cockpit.ui.alerting import CARD, COLUMNS, Item, detail, items
from cockpit.ui.alerts import alerts
from cockpit.ui.headline import Line
from cockpit.ui.keys import AGENTS, ALERTS, BY_NAME, MERGES, PLAN, QUARANTINE
from cockpit.ui.screens.detailed import DetailPage

_OF_ONE = frozenset({"open", "output", "timeline", "diff"})


class AlertsPage(DetailPage[Item]):
    """All alerts above what is known of the one under the cursor, which acts as its workstream."""

    PAGE: ClassVar[str] = ALERTS
    FILTERED: ClassVar[str] = "words of alert, workstream, what is wrong …"
    COLUMNS = COLUMNS
    CARD = CARD
    LED = 3
    NOTHING = "all is well: nothing is wrong, and nothing awaits you"

    def made_of(self, view: View) -> tuple[object, ...]:
        """Return what the list is made of."""
        return view.snapshot, view.readings, self.cockpit.acknowledged

    def items(self, view: View) -> dict[str, Item]:
        """Return all alerts."""
        return items(alerts(view), self.cockpit.acknowledged)

    def heading(self, view: View) -> Sequence[str]:  # noqa: ARG002 - the list is made of it
        """Say how many alerts there are."""
        seen = sum(item.acknowledged for item in self.listed())
        told = (f"alerts {len(self.listed()) - seen}",)
        return (*told, f"{seen} acknowledged") if seen else told

    def detail(self, view: View, item: Item, now: float) -> Sequence[Line]:
        """Return all that is known of an alert."""
        return detail(view, item, now)

    def first(self) -> tuple[str, ...]:
        """Return what solves the alert, and the key that acknowledges it."""
        item = self.item()
        return (*(item.alert.solve if item is not None else ()), "acknowledge")

    def why_not(self, name: str) -> str | None:
        """Return why there is nothing to acknowledge or to open."""
        item = self.item()
        if name == "acknowledge":
            return None if item is not None else "there is no alert"
        if name == "open" and item is not None and (item.alert.opens or "trust" in item.alert.solve):
            return ""
        action = BY_NAME[name]
        if item is not None and not item.workstream and not action.whole and (action.verb or name in _OF_ONE):
            return "this is about the plan, and not about one workstream"
        return super().why_not(name)

    def do_acknowledge(self) -> None:
        """Acknowledge the alert and go to the next one that is not, or take that back."""
        item = self.item()
        if item is None:
            return
        if not item.acknowledged:
            self._go_on(item.alert.key)
        self.cockpit.acknowledge(item.alert.key)
        told = "it counts again" if item.acknowledged else "acknowledged: the first page shows it no more"
        self.say(f"{told}: {item.alert.text}", "good")

    def _go_on(self, before: str) -> None:
        keys = self.grid.shown
        at = keys.index(before)
        fresh = {item.alert.key for item in self.listed() if not item.acknowledged}
        found = next((key for key in (*keys[at + 1 :], *reversed(keys[:at])) if key in fresh), None)
        if found is not None:
            self.grid.go_to_row(found)

    def do_open(self) -> None:
        """Open the page that shows it: of quarantines, merges, agents, the plan, what to trust, or its workstream."""
        from cockpit.ui.screens.agents import AgentsPage
        from cockpit.ui.screens.merges import MergesPage
        from cockpit.ui.screens.quarantine import QuarantinePage

        item = self.item()
        opens = item.alert.opens if item is not None else ""
        if opens == QUARANTINE:
            self.cockpit.turn_to(QuarantinePage, item.workstream if item is not None else "")
        elif opens == MERGES:
            self.cockpit.turn_to(MergesPage, item.workstream if item is not None else "")
        elif opens == AGENTS:
            self.cockpit.turn_to(AgentsPage)
        elif opens == PLAN:
            self.cockpit.do_plan()
        elif item is not None and not item.workstream:
            self.cockpit.do_trust()
        else:
            self.cockpit.do_open()
