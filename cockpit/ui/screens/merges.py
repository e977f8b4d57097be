"""The page of merges: the queue with what each step is doing, and what was merged, round by round."""

from collections.abc import Sequence
from typing import ClassVar

from cockpit.engine.handle import View
from cockpit.ui.headline import Line
from cockpit.ui.keys import MERGES
from cockpit.ui.looks import count, name
from cockpit.ui.merging import CARD, COLUMNS, Item, counted, detail, items, why_not_merge, why_not_rollback
from cockpit.ui.screens.detailed import DetailPage


class MergesPage(DetailPage[Item]):
    """The queue and the history above what is known of the one under the cursor."""

    PAGE: ClassVar[str] = MERGES
    FILTERED: ClassVar[str] = "words of workstream, leg, round, commit, state …"
    COLUMNS = COLUMNS
    CARD = CARD
    FIRST = ("merge_all", "merge", "rollback")
    LED = 3
    NOTHING = "nothing is merged or queued yet"

    def made_of(self, view: View) -> tuple[object, ...]:
        """Return what the list is made of."""
        snapshot = view.snapshot
        return snapshot.merges, snapshot.legs, snapshot.reverting, snapshot.outline, view.readings.conflicts

    def items(self, view: View) -> dict[str, Item]:
        """Return the queue and the history."""
        return items(view)

    def heading(self, view: View) -> Sequence[str]:
        """Say how much is queued and merged, and where base stands."""
        queued, merged = counted(view.snapshot)
        at = name(view.readings.base_commit)[:9]
        base = name(view.snapshot.outline.base)
        return f"merges {queued} in the queue", f"{count(merged, 'merge')} on {base}{f' at {at}' if at else ''}"

    def detail(self, view: View, item: Item, now: float) -> Sequence[Line]:
        """Return all that is known of one in the queue, or of a merge."""
        return detail(view, item, now)

    def why_not(self, name: str) -> str | None:
        """Return why what the cursor is on can be neither merged nor rolled back, or there is nothing to scroll."""
        item = self.item()
        if item is not None and name == "merge":
            return why_not_merge(item)
        if item is not None and name == "rollback":
            return why_not_rollback(self.view.snapshot, item)
        return super().why_not(name)
