"""What pages share that are a list above one of it in full; knows nothing of what they list.

A page of this kind is a subclass of `DetailPage[Item]`, where an item has a `row` (what the list draws) and the
`workstream` that it is of (empty: of none). It says

- `PAGE`: its name, which is also the name of the action that opens it; `FILTERED`: what words the filter looks at;
- `COLUMNS`, `CARD`: how its rows are drawn, as a table and, where it is narrow, as cards;
- `FIRST`: names of actions that lead the footer, in this order (those without a word there too; `first()` where they
  depend on the item), `LED`: how many of them stand before `esc`; `NOTHING`: what is said where the list is empty;
- `made_of(view)`: what the list is made of, compared by identity: only another one lists anew;
- `items(view)`: what it lists, by the row's id, in order; `heading(view)`: the parts of what stands above the list;
- `detail(view, item, now)`: one item in full, as lines of safe cells; asked again every second.

It may say `why_not(name)` (and else asks this one), `settled()` (the cursor stands on another row, or it changed) and
`do_<action>()`; `relist()` lists anew when what the page knows by itself changed, as answers of the driver do. The
list is as high as its rows, up to half of the screen, and the detail has the rest, unless styles/pages.tcss says
otherwise for it. A page is opened by `CockpitApp.turn_to(ThatPage)`, on a workstream where one is named.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Generic, Protocol, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from cockpit.engine.handle import View
from cockpit.ui.columns import Column
from cockpit.ui.headline import Line, problems
from cockpit.ui.keyed import key_of
from cockpit.ui.keys import on_page
from cockpit.ui.present import Row, patch
from cockpit.ui.screens.listing import ListPage
from cockpit.ui.styling import stylesheet
from cockpit.ui.widgets.grid import Grid
from cockpit.ui.widgets.lines import Keybar, Lines, StatusLine, content


class Listed(Protocol):
    """What a page lists."""

    @property
    def row(self) -> Row:
        """Return how the list draws it."""

    @property
    def workstream(self) -> str:
        """Return the workstream that it is of; empty where it is of none."""


ItemT = TypeVar("ItemT", bound=Listed)


class DetailPage(ListPage, Generic[ItemT]):
    """A list above all that is known of the one under the cursor."""

    COLUMNS: ClassVar[tuple[Column, ...]]
    CARD: ClassVar[tuple[int, int, int, int]]
    FIRST: ClassVar[tuple[str, ...]] = ()
    LED: ClassVar[int] = 1
    NOTHING: ClassVar[str] = ""
    CSS_PATH = stylesheet("pages")

    def __init__(self, view: View, rows: Mapping[str, Row], now: float, workstream: str = "") -> None:
        super().__init__()
        self.view, self.now = view, now
        self._first_workstream = workstream
        self._first_rows = rows
        self._items: dict[str, ItemT] = {}
        self._rows: dict[str, Row] = {}
        self._made_of: tuple[object, ...] | None = None
        self._told: tuple[Line, ...] | None = None
        self.problems = Lines("problems")
        self.grid = Grid(now, self.COLUMNS, self.CARD)
        self.about = Static("", id="detail", markup=False)
        self.full = VerticalScroll(self.about, id="full", can_focus=False)

    # --- what a page says of itself -------------------------------------------------------------------------------

    def made_of(self, view: View) -> tuple[object, ...]:
        """Return what the list is made of; it is listed anew when one of them is another one."""
        raise NotImplementedError

    def items(self, view: View) -> dict[str, ItemT]:
        """Return what the page lists, by the ids of the rows, in order."""
        raise NotImplementedError

    def heading(self, view: View) -> Sequence[str]:
        """Return the parts of what stands above the list; what the filter shows is added."""
        raise NotImplementedError

    def detail(self, view: View, item: ItemT, now: float) -> Sequence[Line]:
        """Return all that is known of one item."""
        raise NotImplementedError

    def first(self) -> tuple[str, ...]:
        """Return the names of the actions that lead the footer."""
        return self.FIRST

    def settled(self) -> None:
        """Be told that the cursor stands on another row, or that what is known of it may have changed."""

    # --- views ----------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Lay out the list above the one in full."""
        yield self.problems
        yield self.grid
        yield self.full
        yield StatusLine("status")
        yield Keybar("keybar")

    def on_mount(self) -> None:
        """Show what is known."""
        self.show(self.view, self._first_rows, self.now)
        self.go_to(self._first_workstream)

    def on_screen_resume(self) -> None:
        """Show what can be done by now."""
        self.show_keys()

    def show(self, view: View, rows: Mapping[str, Row], now: float) -> None:  # noqa: ARG002 - it has rows of its own
        """Show a view that came."""
        self.view, self.now = view, now
        if not self.is_attached:
            return
        self.problems.show_lines([(cell,) for cell in problems(view, reaching=not self.cockpit.reached)])
        made_of, before = self.made_of(view), self._made_of
        if before is None or any(old is not new for old, new in zip(before, made_of, strict=True)):
            self._made_of = made_of
            self._list()
        self._settle()

    def relist(self) -> None:
        """List anew, for what the page came to know by itself."""
        if self.is_attached:
            self._list()
            self._settle()

    def _list(self) -> None:
        """List what there is now; rows that are as before stay the very same."""
        self._items = self.items(self.view)
        before = self._rows
        fresh = {key: item.row for key, item in self._items.items()}
        self._rows = {key: before[key] if before.get(key) == row else row for key, row in fresh.items()}
        self.grid.apply(patch(before, self._rows), self.now)
        if self.grid.cursor is None:
            self.grid.go_to(0)

    def tick(self, now: float) -> None:
        """Let ages move on."""
        self.now = now
        self.grid.tick(now)
        self.show_detail()

    @on(Grid.Moved)
    def _moved(self) -> None:
        self._settle()

    @on(Grid.Opened)
    def _opened(self) -> None:
        self.cockpit.action_do("open")

    def _settle(self) -> None:
        self.settled()
        self._show_title()
        self.show_detail()
        self.show_keys()

    def _show_title(self) -> None:
        grid = self.grid
        parts = list(self.heading(self.view))
        if grid.filter:
            parts.append(f"{len(grid.shown)}/{grid.total} /{' '.join(grid.filter)}")
        grid.border_title = Content(" · ".join(parts))

    def show_detail(self) -> None:
        """Show the one under the cursor in full, if that reads differently now."""
        item = self.item()
        if item is None:
            nothing = "nothing matches the filter" if self.grid.total else self.NOTHING
            told: tuple[Line, ...] = (((nothing, "dim"),),)
        else:
            told = tuple(self.detail(self.view, item, self.now))
        if told != self._told:
            self._told = told
            self.about.update(Content("\n").join(content(cells) for cells in told))

    # --- what orders are for ----------------------------------------------------------------------------------------

    def listed(self) -> tuple[ItemT, ...]:
        """Return all that it lists, whether the filter shows it or not."""
        return tuple(self._items.values())

    def go_to(self, workstream: str) -> None:
        """Put the cursor on the first item of a workstream, where there is one."""
        found = next((key for key, one in self._items.items() if one.workstream == workstream), None)
        if workstream and found is not None:
            self.grid.go_to_row(found)

    def item(self) -> ItemT | None:
        """Return what the cursor is on."""
        return self._items.get(self.grid.cursor or "")

    def targets(self) -> tuple[str, ...]:
        """Return the workstream that it is of."""
        item = self.item()
        return (item.workstream,) if item is not None and item.workstream else ()

    def why_not(self, name: str) -> str | None:
        """Return why there is nothing to scroll."""
        if name in ("previous", "following") and not self.full.max_scroll_y:
            return "all of it is in sight"
        return None

    # --- keys -------------------------------------------------------------------------------------------------------

    def keys(self) -> list[tuple[str, str, bool]]:
        """Return the footer's keys, those of the page first."""
        order = {name: at for at, name in enumerate(self.first())}
        shown = [one for one in on_page(self.PAGE) if (one.short or one.name in order) and one.name != self.PAGE]
        ranked = [
            (one.shown, one.short or one.name.replace("_", " "), self.cockpit.why_not(one) is None)
            for one in sorted(shown, key=lambda one: order.get(one.name, len(order)))
        ]
        return [*ranked[: self.LED], (key_of("back"), "back", True), *ranked[self.LED :]]

    def do_previous(self) -> None:
        """Scroll the one in full up."""
        self.full.scroll_page_up(animate=False)

    def do_following(self) -> None:
        """Scroll the one in full down."""
        self.full.scroll_page_down(animate=False)

    def do_back(self) -> None:
        """Back out: the filter, then the page."""
        if self.filtering() and not self.read_error():
            self.end_filter(keep=False)
        else:
            super().do_back()
