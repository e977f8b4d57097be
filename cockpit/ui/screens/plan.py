"""The page of the plan file: its errors, what awaits trust, and what its last change means for the work under way."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from msgspec import convert

from cockpit.engine.handle import Handle, View
from cockpit.errors import CockpitError
from cockpit.schedule.changed import PlanChange
from cockpit.schedule.facts import PlanChanged
from cockpit.ui.editing import begin
from cockpit.ui.headline import Line
from cockpit.ui.keys import PLAN
from cockpit.ui.looks import count, exact_clock, line
from cockpit.ui.planfile import CARD, COLUMNS, Entry, detail, entries, line_of
from cockpit.ui.present import Row
from cockpit.ui.screens.detailed import DetailPage
from cockpit.ui.working import beside


class PlanPage(DetailPage[Entry]):
    """What there is to know of the plan file above one thing of it in full."""

    PAGE: ClassVar[str] = PLAN
    FILTERED: ClassVar[str] = "words of place, error, change …"
    COLUMNS = COLUMNS
    CARD = CARD
    FIRST = ("edit", "trust")
    LED = 2
    NOTHING = "nothing is wrong in the plan file, and it did not change yet"

    def __init__(self, handle: Handle, view: View, rows: Mapping[str, Row], now: float) -> None:
        super().__init__(view, rows, now)
        self._handle = handle
        self._changed: PlanChanged | None = None
        self._at = 0.0

    def on_screen_resume(self) -> None:
        """Ask for the plan's last change: another one may have come while another page was in front."""
        super().on_screen_resume()
        beside(self, self._bring, "asking for the plan's last change", "changes", exclusive=True)

    async def _bring(self) -> None:
        try:
            answer = await self._handle.ask("changes")
        except CockpitError as error:
            self.say(f"the plan's last change cannot be had: {line(error.what)}", "warn")
            return
        self._at = float(answer["at"])
        self._changed = PlanChanged(convert(answer["changes"], tuple[PlanChange, ...]), int(answer["left_out"]))
        self.relist()

    def show(self, view: View, rows: Mapping[str, Row], now: float) -> None:
        """Show a view that came, with the change that came with it."""
        for one in view.facts:
            if isinstance(one.fact, PlanChanged):
                self._changed, self._at = one.fact, one.at
        super().show(view, rows, now)

    def made_of(self, view: View) -> tuple[object, ...]:
        """Return what the list is made of."""
        return view.readings.plan, self._changed

    def items(self, view: View) -> dict[str, Entry]:
        """Return errors, what awaits trust, and the last change."""
        return entries(view, self._changed)

    def heading(self, view: View) -> Sequence[str]:
        """Say which file it is, how many errors it has, and when it changed last."""
        plan = view.readings.plan
        parts = [f"plan file {line(Path(view.snapshot.path).name)}"]
        parts += [count(len(plan.errors), "error")] if plan.errors else []
        parts += [f"{count(len(plan.asks), 'change')} not trusted yet"] if plan.asks else []
        return [*parts, f"changed {exact_clock(self._at)}"] if self._at else parts

    def detail(self, view: View, item: Entry, now: float) -> Sequence[Line]:  # noqa: ARG002 - every page's signature
        """Return all that is known of one of them."""
        return tuple(detail(item))

    def why_not(self, name: str) -> str | None:
        """Return why nothing is opened or scrolled; the plan file can always be edited."""
        if name == "edit":
            return "this screen is read only" if self.cockpit.read_only else ""
        if name == "open" and self.targets() and self.targets()[0] not in self.view.snapshot.workstreams:
            return "it is no longer in the plan"
        return super().why_not(name)

    def do_edit(self) -> None:
        """Open the editor on the plan file, at what the cursor is on."""
        item, snapshot = self.item(), self.view.snapshot
        flaw = item.flaw if item is not None else None
        if flaw is not None and flaw.file:
            begin(self.cockpit, Path(flaw.file), flaw.line, flaw.column)
        else:
            begin(self.cockpit, Path(snapshot.path), line_of(snapshot.text, item.workstream if item else ""))
