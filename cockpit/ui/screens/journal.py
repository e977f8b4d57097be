"""The page of the journal: facts in words, the newest first, live, and each with all its fields; it gives no orders."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from cockpit.engine.handle import View
from cockpit.errors import CockpitError
from cockpit.schedule.codec import decode
from cockpit.schedule.facts import Recorded
from cockpit.schedule.seeking import Sought, Told, sought, told
from cockpit.ui.headline import Line
from cockpit.ui.keyed import key_of
from cockpit.ui.keys import JOURNAL
from cockpit.ui.looks import count
from cockpit.ui.past import FACTS, Item, fact_item, fact_lines
from cockpit.ui.present import Row
from cockpit.ui.screens.asked import PART, AskedPage
from cockpit.ui.working import beside


class JournalPage(AskedPage):
    """The facts above the one under the cursor in full."""

    PAGE: ClassVar[str] = JOURNAL
    FILTERED: ClassVar[str] = "words, !words, kind:legmerged, workstream:api …"
    COLUMNS = FACTS
    NOTHING = "no fact yet"

    def __init__(self, view: View, rows: Mapping[str, Row], now: float, workstream: str = "") -> None:
        super().__init__(view, rows, now, workstream)
        self._told_facts: dict[int, Told] = {}
        self._fields: dict[int, Mapping[str, Any]] = {}
        self._sought = Sought()
        self._meanwhile: list[Recorded] | None = None

    async def bring(self, before: int | None, text: str) -> tuple[list[int], int]:
        """Ask for facts before a number."""
        if before is None:
            self._meanwhile = []
        try:
            answer = await self.cockpit.handle.ask("facts", before=before, limit=PART, text=text)
            found = [decode(Told, one) for one in answer["facts"]]
            if before is None:
                self._sought = sought(text)
                found = [*self._newer(self._meanwhile or (), found[0].seq if found else 0), *found]
        finally:
            if before is None:
                self._meanwhile = None
        self._told_facts |= {one.seq: one for one in found}
        return [one.seq for one in found], int(answer["next"])

    def _newer(self, facts: Sequence[Recorded], than: int) -> list[Told]:
        """Return facts that the filter lets through, newest first."""
        found = [told(one) for one in facts if one.seq > than]
        return [one for one in reversed(found) if self._sought.holds(one)]

    def one(self, number: int) -> Item:
        """Return a fact as a line."""
        return fact_item(self._told_facts[number], self.view.snapshot, self.now)

    def keep(self, numbers: Collection[int]) -> None:
        """Let go of facts that are not listed."""
        self._told_facts = {number: one for number, one in self._told_facts.items() if number in numbers}
        self._fields = {number: one for number, one in self._fields.items() if number in numbers}

    def heading(self, view: View) -> Sequence[str]:
        """Say how many facts there are."""
        self.grid.of = view.snapshot.seq
        parts = [f"journal {count(view.snapshot.seq, 'fact')}"]
        if self.next and self.grid.filter:
            parts.append(f"looked at from {self.next} on")
        return parts if self.fresh else [*parts, f"{key_of('first')}: the newest"]

    def show(self, view: View, rows: Mapping[str, Row], now: float) -> None:
        """Take in the facts that came, or ask again where some are missing."""
        before = self.view.snapshot.seq
        super().show(view, rows, now)
        new = [one for one in view.facts if one.seq > before]
        if view.snapshot.seq > before and len(new) != view.snapshot.seq - before:
            self.again()
            return
        if self._meanwhile is not None:
            self._meanwhile += new
            return
        found = self._newer(new, self.numbers[0] if self.numbers else 0)
        self._told_facts |= {one.seq: one for one in found}
        self.put_first([one.seq for one in found])

    def detail(self, view: View, item: Item, now: float) -> Sequence[Line]:  # noqa: ARG002 - it changes with no view
        """Return a fact in full."""
        return tuple(fact_lines(self._told_facts[item.number], self._fields.get(item.number)))

    def settled(self) -> None:
        """Ask for the fields of the fact under the cursor, and for older facts."""
        super().settled()
        item = self.item()
        if item is not None and item.number not in self._fields:
            beside(self, self._bring_fields, "asking for a fact", "fact", exclusive=True)

    async def _bring_fields(self) -> None:
        item = self.item()
        if item is None:
            return
        try:
            answer = await self.cockpit.handle.ask("fact", seq=item.number)
        except CockpitError:
            return  # what the list says of it stays there
        self._fields[item.number] = answer["fields"]
        # Textual overlooks that a text has another height when it was changed twice before it is laid out.
        self.call_after_refresh(self.show_detail)
