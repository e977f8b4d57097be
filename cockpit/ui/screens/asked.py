"""What the pages share whose list comes from the driver part by part: no more of it is held than can be read."""

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from textual import on

from cockpit.engine.handle import View
from cockpit.errors import CockpitError
from cockpit.ui.looks import line
from cockpit.ui.past import CARD, Item
from cockpit.ui.present import Row
from cockpit.ui.screens.detailed import DetailPage
from cockpit.ui.widgets.asked import AskedGrid
from cockpit.ui.widgets.grid import Grid
from cockpit.ui.working import beside

HELD = 600
PART = 200


class AskedPage(DetailPage[Item]):
    """The newest first; older ones are asked for when the cursor comes near the end, and the newest let go of then.

    A page says how it asks (`bring`) and what it does with an answer; `fresh` is whether the newest are in the list.
    """

    CARD = CARD
    FIRST = ("inspect", "filter")
    LED: ClassVar[int] = 2
    grid: AskedGrid

    def __init__(self, view: View, rows: Mapping[str, Row], now: float, workstream: str = "") -> None:
        super().__init__(view, rows, now, workstream)
        self.grid = AskedGrid(now, self.COLUMNS, self.CARD)
        self.numbers: list[int] = []
        self.next = 0
        self.fresh = True
        self._made: dict[int, Item] = {}
        self._made_for: object = None
        self._asking = False
        self._answered = False

    async def bring(self, before: int | None, text: str) -> tuple[list[int], int]:
        """Ask for a part before a number, keep it; return its numbers, newest first, and where to go on (0: end)."""
        raise NotImplementedError

    def one(self, number: int) -> Item:
        """Return one of those that were kept as a line of the list."""
        raise NotImplementedError

    def keep(self, numbers: Collection[int]) -> None:
        """Let go of all that is not listed."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Ask for the newest."""
        super().on_mount()
        self.again()

    def made_of(self, view: View) -> tuple[object, ...]:
        """Return what the list is made of: what the driver answered, which calls for a new list by itself."""
        return (view.snapshot.outline,)

    def items(self, view: View) -> dict[str, Item]:
        """Return what was asked for; only what is new is made, since a busy plan lists anew ten times a second."""
        known = self._made if self._made_for is view.snapshot.outline else {}
        self._made = {number: known.get(number) or self.one(number) for number in self.numbers}
        self._made_for = view.snapshot.outline
        return {one.row.id: one for one in self._made.values()}

    def again(self) -> None:
        """Begin anew, with the newest that the filter lets through."""
        beside(self, self._from_the_newest, "asking the driver", "asking", exclusive=True)

    async def _from_the_newest(self) -> None:
        self._asking = True
        try:
            found, self.next = await self.bring(None, self.text)
        except CockpitError as error:
            self.say(f"it cannot be had: {line(error.what)}", "bad")
            return
        finally:
            self._asking = False
        self.numbers, self.fresh, self._answered = found, True, True
        self._made = {}  # another driver numbers its commands anew
        self.keep(set(found))
        self.relist()
        self.grid.go_to(0)

    @property
    def text(self) -> str:
        """Return the filter as the driver is told it."""
        return " ".join(self.grid.filter)

    def put_first(self, numbers: Sequence[int]) -> None:
        """Take in what is newer than all there is, newest first; the cursor stays at the newest if it was there."""
        if not numbers or not self.fresh or not self._answered:
            return
        newest = self.grid.cursor is None or self.grid.cursor == str(next(iter(self.numbers), ""))
        self.numbers = [*numbers, *self.numbers]
        if len(self.numbers) > HELD:
            self.numbers = self.numbers[:HELD]
            self.next = self.numbers[-1]
            self.keep(set(self.numbers))
        self.relist()
        if newest:
            self.grid.go_to(0)

    def settled(self) -> None:
        """Ask for older ones when the cursor comes near the end."""
        place = self.numbers.index(int(self.grid.cursor)) if self.grid.cursor in self._items else 0
        if self.next and not self._asking and place >= len(self.numbers) - 20 and self._answered:
            self._asking = True
            beside(self, self._older, "asking for older ones", "older", exclusive=True)

    async def _older(self) -> None:
        text, before = self.text, self.next
        try:
            found, next_ = await self.bring(before, text)
        except CockpitError as error:
            self.say(f"it cannot be had: {line(error.what)}", "bad")
            return
        finally:
            self._asking = False
        if text != self.text or before != self.next:
            return
        self.numbers, self.next = [*self.numbers, *found], next_
        if len(self.numbers) > HELD:
            self.numbers, self.fresh = self.numbers[-HELD:], False
            self.keep(set(self.numbers))
        self.relist()

    @on(AskedGrid.Asked)
    def _filtered(self) -> None:
        self.again()

    @on(Grid.Opened)
    def _clicked_twice(self) -> None:
        self.cockpit.action_do("inspect")

    # --- keys -------------------------------------------------------------------------------------------------------

    def why_not(self, name: str) -> str | None:
        """Return why there is nothing to show in full, or to scroll."""
        if name == "inspect" and self.item() is None:
            return "nothing is selected"
        return super().why_not(name)

    def do_inspect(self) -> None:
        """Show the one under the cursor on the whole screen, or the list again."""
        self.toggle_class("-whole")

    def do_first(self) -> None:
        """Go to the newest, which may have to be asked for again."""
        if self.fresh:
            super().do_first()
        else:
            self.again()

    def do_back(self) -> None:
        """Back out: the one in full, the filter, the page."""
        if self.has_class("-whole"):
            self.remove_class("-whole")
        else:
            super().do_back()
