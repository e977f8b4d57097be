"""The page of quarantines and violations: what is held and why, what was found, and what became of it."""

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from cockpit.engine.handle import View
from cockpit.schedule.snapshot import OPEN
from cockpit.ui.headline import problems
from cockpit.ui.keys import BY_NAME, QUARANTINE
from cockpit.ui.looks import count
from cockpit.ui.present import Row, patch
from cockpit.ui.screens.listing import ListPage
from cockpit.ui.styling import stylesheet
from cockpit.ui.violations import CARD, COLUMNS, Item, counted, detail, items
from cockpit.ui.widgets.grid import Grid
from cockpit.ui.widgets.lines import Keybar, Lines, StatusLine, content


class QuarantinePage(ListPage):
    """Held legs and all violations above what is known of the one under the cursor."""

    PAGE: ClassVar[str] = QUARANTINE
    FILTERED: ClassVar[str] = "words of rule, file, workstream, slot, state …"
    CSS_PATH = stylesheet("pages")

    def __init__(self, view: View, rows: Mapping[str, Row], now: float) -> None:
        super().__init__()
        self._view, self._now = view, now
        self._items: dict[str, Item] = {}
        self._rows: dict[str, Row] = {}
        self._made_of: tuple[object, object, object] | None = None
        self.problems = Lines("problems")
        self.grid = Grid(now, COLUMNS, CARD)
        self.about = Static("", id="detail", markup=False)
        self._first = (view, rows, now)

    def compose(self) -> ComposeResult:
        """Lay out the list above the one in full."""
        yield self.problems
        yield self.grid
        with VerticalScroll(id="violation", can_focus=False):
            yield self.about
        yield StatusLine("status")
        yield Keybar("keybar")

    def on_mount(self) -> None:
        """Show what is known."""
        self.show(*self._first)
        self.grid.go_to(0)
        self.show_keys()

    def on_resize(self) -> None:
        """Fit the footer to the new width."""
        self.show_keys()

    def on_screen_resume(self) -> None:
        """Show what can be done by now."""
        self.show_keys()

    def show(self, view: View, rows: Mapping[str, Row], now: float) -> None:  # noqa: ARG002 - it has rows of its own
        """Show a view that came."""
        self._view, self._now = view, now
        if not self.is_attached:
            return
        self.problems.show_lines([(cell,) for cell in problems(view, reaching=not self.cockpit.reached)])
        made_of = (view.snapshot.violations, view.snapshot.legs, view.readings.findings)
        if self._made_of is None or any(old is not new for old, new in zip(self._made_of, made_of, strict=True)):
            self._made_of = made_of
            self._list()
        self._settle()

    def _list(self) -> None:
        """List what there is now; rows that are as before stay the very same."""
        self._items = items(self._view)
        before = self._rows
        fresh = {key: item.row for key, item in self._items.items()}
        self._rows = {key: before[key] if before.get(key) == row else row for key, row in fresh.items()}
        self.grid.apply(patch(before, self._rows), self._now)
        if self.grid.cursor is None:
            self.grid.go_to(0)

    def tick(self, now: float) -> None:
        """Let ages move on."""
        self._now = now
        self.grid.tick(now)
        self._show_detail()

    def item(self) -> Item | None:
        """Return what the cursor is on."""
        return self._items.get(self.grid.cursor or "")

    def targets(self) -> tuple[str, ...]:
        """Return the workstream that it is of."""
        item = self.item()
        return (item.workstream,) if item else ()

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
        if name in ("previous", "following") and not self.query_one("#violation").max_scroll_y:
            return "all of it is in sight"
        item = self.item()
        if name != "waive" or item is None:
            return None
        if item.seen is not None:
            return "it is only seen: it counts when it stays"
        if item.violation is not None and item.violation.state != OPEN:
            return f"it is {item.row.look.word} already"
        if item.leg != self._view.snapshot.leg_under_way(item.workstream).key:
            return "its leg is done"
        return None

    @on(Grid.Moved)
    def _moved(self) -> None:
        self._settle()

    @on(Grid.Opened)
    def _opened(self) -> None:
        self.cockpit.action_do("open")

    def _settle(self) -> None:
        self._show_title()
        self._show_detail()
        self.show_keys()

    def _show_title(self) -> None:
        grid = self.grid
        held, stands = counted(self._view.snapshot)
        parts = [f"quarantine {held} held", f"{count(stands, 'open violation')}"]
        if grid.filter:
            parts.append(f"{len(grid.shown)}/{grid.total} /{' '.join(grid.filter)}")
        grid.border_title = Content(" · ".join(parts))

    def _show_detail(self) -> None:
        item = self.item()
        if item is None:
            nothing = "nothing matches the filter" if self.grid.total else "nothing is held, and no violation was found"
            self.about.update(Content.styled(nothing, "$text-muted"))
            return
        self.about.update(Content("\n").join(content(cells) for cells in detail(self._view, item, self._now)))

    def keys(self) -> list[tuple[str, str, bool]]:
        """Return the footer's keys, those that solve it first."""
        first = ("u", "X", "d", "W")
        able = super().keys()
        found = [shown for shown in able if shown[0] != BY_NAME["quarantine"].shown]
        ranked = sorted(found, key=lambda one: first.index(one[0]) if one[0] in first else len(first))
        return [*ranked[:1], ("esc", "back", True), *ranked[1:]]

    def do_previous(self) -> None:
        """Scroll the one in full up."""
        self.query_one("#violation").scroll_page_up(animate=False)

    def do_following(self) -> None:
        """Scroll the one in full down."""
        self.query_one("#violation").scroll_page_down(animate=False)

    def do_back(self) -> None:
        """Back out: the filter, then the page."""
        if self.filtering() and not self.read_error():
            self.end_filter(keep=False)
        else:
            super().do_back()

    def do_quarantine(self) -> None:
        """Stay: it is this page."""
