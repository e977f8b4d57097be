"""The page of merges: the queue with what each step is doing, what was merged, round by round, and base's log."""

from collections.abc import Sequence
from typing import ClassVar

from cockpit.engine.handle import View
from cockpit.errors import CockpitError
from cockpit.ui.headline import Line
from cockpit.ui.keys import MERGES
from cockpit.ui.looks import count, line, name
from cockpit.ui.merging import CARD, COLUMNS, Item, counted, detail, items, why_not_merge, why_not_rollback
from cockpit.ui.onbase import Commit, told_commits
from cockpit.ui.screens.detailed import DetailPage
from cockpit.ui.working import beside


class MergesPage(DetailPage[Item]):
    """The queue and the history above what is known of the one under the cursor."""

    PAGE: ClassVar[str] = MERGES
    FILTERED: ClassVar[str] = "words of workstream, leg, round, commit, state …"
    COLUMNS = COLUMNS
    CARD = CARD
    FIRST = ("merge_all", "merge", "rollback")
    LED = 3
    NOTHING = "nothing is merged or queued yet"

    _log: tuple[Commit, ...] = ()
    _log_of: tuple[bool, str, int] | None = None

    def made_of(self, view: View) -> tuple[object, ...]:
        """Return what the list is made of."""
        snapshot = view.snapshot
        readings = view.readings
        return snapshot.merges, snapshot.legs, snapshot.reverting, snapshot.outline, readings.conflicts, readings.steps

    def items(self, view: View) -> dict[str, Item]:
        """Return the queue, the history and base's log."""
        return items(view, self._log)

    def settled(self) -> None:
        """Ask for base's log where base moved, or the driver came back."""
        view = self.view
        known = view.connected, view.readings.base_commit, len(view.snapshot.merges)
        if view.connected and known != self._log_of:
            self._log_of = known
            beside(self, self._bring, "asking for base's log", "base", exclusive=True)

    async def _bring(self) -> None:
        try:
            self._log = told_commits(await self.cockpit.handle.ask("base"))
        except CockpitError as error:
            self.say(f"the log of base cannot be had: {line(error.what)}", "warn")
            return
        self.relist()

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
