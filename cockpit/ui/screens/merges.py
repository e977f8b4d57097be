"""The page of merges: the queue with what each step is doing, and what was merged, round by round."""

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from cockpit.engine.handle import View
from cockpit.ui.headline import problems
from cockpit.ui.keys import BY_NAME, MERGES
from cockpit.ui.looks import count, name
from cockpit.ui.merging import CARD, COLUMNS, Item, counted, detail, items, why_not_merge, why_not_rollback
from cockpit.ui.present import Row, patch
from cockpit.ui.screens.listing import ListPage
from cockpit.ui.styling import stylesheet
from cockpit.ui.widgets.grid import Grid
from cockpit.ui.widgets.lines import Keybar, Lines, StatusLine, content


class MergesPage(ListPage):
    """The queue and the history above what is known of the one under the cursor."""

    PAGE: ClassVar[str] = MERGES
    FILTERED: ClassVar[str] = "words of workstream, leg, round, commit, state …"
    CSS_PATH = stylesheet("pages")

    def __init__(self, view: View, rows: Mapping[str, Row], now: float) -> None:
        super().__init__()
        self._view, self._now = view, now
        self._items: dict[str, Item] = {}
        self._rows: dict[str, Row] = {}
        self._made_of: tuple[object, ...] = ()
        self.problems = Lines("problems")
        self.grid = Grid(now, COLUMNS, CARD)
        self.about = Static("", id="detail", markup=False)
        self._first = (view, rows, now)

    def compose(self) -> ComposeResult:
        """Lay out the list above the one in full."""
        yield self.problems
        yield self.grid
        with VerticalScroll(id="merge", can_focus=False):
            yield self.about
        yield StatusLine("status")
        yield Keybar("keybar")

    def on_mount(self) -> None:
        """Show what is known."""
        self.show(*self._first)

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
        snapshot = view.snapshot
        made_of = (snapshot.merges, snapshot.legs, snapshot.reverting, snapshot.outline, view.readings.conflicts)
        if not self._made_of or any(old is not new for old, new in zip(self._made_of, made_of, strict=True)):
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

    def why_not(self, name: str) -> str | None:
        """Return why what the cursor is on can be neither merged nor rolled back, or there is nothing to scroll."""
        if name in ("previous", "following") and not self.query_one("#merge").max_scroll_y:
            return "all of it is in sight"
        item = self.item()
        if item is not None and name == "merge":
            return why_not_merge(item)
        if item is not None and name == "rollback":
            return why_not_rollback(self._view.snapshot, item)
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
        grid, snapshot = self.grid, self._view.snapshot
        queued, merged = counted(snapshot)
        at = name(self._view.readings.base_commit)[:9]
        parts = [f"merges {queued} in the queue", f"{count(merged, 'merge')} on {name(snapshot.outline.base)}"]
        if at:
            parts[-1] += f" at {at}"
        if grid.filter:
            parts.append(f"{len(grid.shown)}/{grid.total} /{' '.join(grid.filter)}")
        grid.border_title = Content(" · ".join(parts))

    def _show_detail(self) -> None:
        item = self.item()
        if item is None:
            nothing = "nothing matches the filter" if self.grid.total else "nothing is merged or queued yet"
            self.about.update(Content.styled(nothing, "$text-muted"))
            return
        self.about.update(Content("\n").join(content(cells) for cells in detail(self._view, item, self._now)))

    def keys(self) -> list[tuple[str, str, bool]]:
        """Return the footer's keys, those of merges first."""
        every = BY_NAME["merge_all"]
        own = (every.shown, "merge all", self.cockpit.why_not(every) is None)
        first = [BY_NAME[one].shown for one in ("merge", "rollback")]
        rest = super().keys()
        ranked = sorted(rest, key=lambda one: first.index(one[0]) if one[0] in first else len(first))
        return [own, *ranked[:2], ("esc", "back", True), *ranked[2:]]

    def do_previous(self) -> None:
        """Scroll the one in full up."""
        self.query_one("#merge").scroll_page_up(animate=False)

    def do_following(self) -> None:
        """Scroll the one in full down."""
        self.query_one("#merge").scroll_page_down(animate=False)

    def do_back(self) -> None:
        """Back out: the filter, then the page."""
        if self.filtering() and not self.read_error():
            self.end_filter(keep=False)
        else:
            super().do_back()

    def do_merges(self) -> None:
        """Stay: it is this page."""
