"""The page of quarantines and violations: what is held and why, what was found, and what became of it."""

from collections.abc import Sequence
from typing import ClassVar

from cockpit.engine.handle import View
from cockpit.schedule.snapshot import OPEN
from cockpit.ui.headline import Line
from cockpit.ui.keys import QUARANTINE
from cockpit.ui.looks import count
from cockpit.ui.screens.detailed import DetailPage
from cockpit.ui.violations import CARD, COLUMNS, Item, counted, detail, items


class QuarantinePage(DetailPage[Item]):
    """Held legs and all violations above what is known of the one under the cursor."""

    PAGE: ClassVar[str] = QUARANTINE
    FILTERED: ClassVar[str] = "words of rule, file, workstream, slot, state …"
    COLUMNS = COLUMNS
    CARD = CARD
    FIRST = ("release", "discard", "diff", "waive", "attach")
    NOTHING = "nothing is held, and no violation was found"

    def made_of(self, view: View) -> tuple[object, ...]:
        """Return what the list is made of."""
        return view.snapshot.violations, view.snapshot.legs, view.readings.findings

    def items(self, view: View) -> dict[str, Item]:
        """Return what is held, seen and found."""
        return items(view)

    def heading(self, view: View) -> Sequence[str]:
        """Say how much is held and stands open."""
        held, stands = counted(view.snapshot)
        return f"quarantine {held} held", count(stands, "open violation")

    def detail(self, view: View, item: Item, now: float) -> Sequence[Line]:
        """Return all that is known of a held leg or a violation."""
        return detail(view, item, now)

    def place(self) -> tuple[str, int]:
        """Return where it is."""
        item = self.item()
        return item.place if item else ("", 0)

    def violations(self) -> tuple[str, ...]:
        """Return the violation under the cursor; none where it is a whole leg."""
        item = self.item()
        return (item.violation.id,) if item and item.violation else ()

    def why_not(self, name: str) -> str | None:
        """Return why what the cursor is on cannot be waived, or there is nothing to scroll."""
        item = self.item()
        if name != "waive" or item is None:
            return super().why_not(name)
        if item.seen is not None:
            return "it is only seen: it counts when it stays"
        if item.violation is not None and item.violation.state != OPEN:
            return f"it is {item.row.look.word} already"
        if item.leg != self.view.snapshot.leg_under_way(item.workstream).key:
            return "its leg is done"
        return None
