"""The first page: header, alerts, the grid of workstreams, and the live output of the one that is selected."""

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget

from cockpit.engine.handle import Handle, View
from cockpit.ui.alerts import Alert, alerts
from cockpit.ui.feed import OutputFeed
from cockpit.ui.headline import headline
from cockpit.ui.keys import GRID
from cockpit.ui.looks import count, name
from cockpit.ui.present import Row, patch, run_told
from cockpit.ui.screens.listing import ListPage
from cockpit.ui.widgets.grid import Grid
from cockpit.ui.widgets.lines import Alerts, Header, Keybar, StatusLine
from cockpit.ui.widgets.output import Output
from cockpit.ui.working import beside


class GridPage(ListPage):
    """All workstreams at a glance."""

    PAGE: ClassVar[str] = GRID
    FILTERED: ClassVar[str] = "words of id, title, state, branch …"

    def __init__(self, handle: Handle, view: View, rows: Mapping[str, Row], now: float) -> None:
        super().__init__()
        self.view, self.now = view, now
        self.rows: Mapping[str, Row] = {}
        self.header, self.alerts = Header("header"), Alerts("alerts")
        self.grid, self.output = Grid(now), Output()
        self.grid.border_title = Content("workstreams")
        self.status, self.keybar = StatusLine("status"), Keybar("keybar")
        self.feed = OutputFeed(handle, self.output)
        self._first_rows = rows
        self._alerts: tuple[Alert, ...] = ()
        self._settling = False

    def compose(self) -> ComposeResult:
        """Lay out the page from top to bottom."""
        yield self.header
        yield self.alerts
        yield self.grid
        yield self.output
        yield self.status
        yield self.keybar

    def on_mount(self) -> None:
        """Show what is known from the journal."""
        self.show(self.view, self._first_rows, self.now)
        self.grid.go_to(0)

    def on_resize(self) -> None:
        """Fit the lines to the new width."""
        self.show_lines()
        self.show_keys()

    def on_screen_resume(self) -> None:
        """Show what came while another page was in front."""
        self.show_keys()

    # --- views --------------------------------------------------------------------------------------------------

    def show(self, view: View, rows: Mapping[str, Row], now: float) -> None:
        """Show a view: the rows that differ, the lines above them, and more output where there is more."""
        self.view, self.now = view, now
        changes = patch(self.rows, rows)
        self.rows = rows
        self.grid.apply(changes, now)
        self._alerts = tuple(one for one in alerts(view) if one.key not in self.cockpit.acknowledged)
        self.show_lines()
        self.show_title()
        self.show_output()
        self.show_keys()

    def tick(self, now: float) -> None:
        """Let ages and times to go move on."""
        self.now = now
        self.grid.tick(now)
        self.show_lines()

    def show_lines(self) -> None:
        """Show the header and the alerts in the width and height that there are."""
        width, height = self.app.size
        model = headline(
            self.view, self.rows.values(), self.now, read_only=self.cockpit.read_only, reaching=not self.cockpit.reached
        )
        self.header.show(model, max(1, width - 2))
        self.alerts.show(self._alerts, 2 if height < 20 else 3 if height < 34 else 6)

    def show_title(self) -> None:
        """Say above the grid how many rows there are, how many are shown and marked."""
        grid = self.grid
        parts = [f"workstreams {len(grid.shown)}/{grid.total}" if grid.filter else f"workstreams {grid.total}"]
        if grid.filter:
            parts.append(f"/{' '.join(grid.filter)}")
        if grid.marks:
            parts.append(f"{len(grid.marks)} marked" + (f", {self.hidden()} hidden" if self.hidden() else ""))
        if grid.ranging:
            parts.append("range: move, v ends it")
        self._titled(grid, " · ".join(parts))

    def _titled(self, widget: Widget, title: str) -> None:
        if str(widget.border_title) != title:
            widget.border_title = Content(title)

    def show_output(self) -> None:
        """Look at the output of the selected workstream."""
        row = self.grid.row(self.grid.cursor)
        if row is None:
            self._titled(self.output, "output")
            return
        run = self.view.snapshot.runs.get(row.output[0])
        self._titled(self.output, f"output of {name(row.id)}{run_told(run)}")
        if self.view.connected and self.feed.wants(row.id, *row.output):
            beside(self, self.feed.run, "output of the selected", "output")

    # --- what orders are for --------------------------------------------------------------------------------------

    def targets(self) -> tuple[str, ...]:
        """Return the marked workstreams in plan order, else the one under the cursor."""
        grid = self.grid
        if grid.marks:
            return tuple(key for key in self.rows if key in grid.marks)
        return (grid.cursor,) if grid.cursor is not None else ()

    def cursor(self) -> str | None:
        """Return the workstream under the cursor, whatever is marked."""
        return self.grid.cursor

    def hidden(self) -> int:
        """Return how many marked workstreams the filter hides."""
        return len(self.grid.marks - frozenset(self.grid.shown))

    @on(Grid.Moved)
    def _moved(self) -> None:
        """Paint the cursor first; what hangs on it follows, once for all moves until then."""
        if not self._settling:
            self._settling = True
            self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        self._settling = False
        self.show_title()
        self.show_output()
        self.show_keys()

    @on(Grid.Opened)
    def _opened(self) -> None:
        self.cockpit.action_do("open")

    # --- keys -----------------------------------------------------------------------------------------------------

    def do_next(self) -> None:
        """Go to the next workstream that awaits the operator, from the top again after the last."""
        keys = list(self.rows)
        cursor = self.grid.cursor
        at = keys.index(cursor) if cursor is not None and cursor in self.rows else -1
        waiting = [key for key in (*keys[at + 1 :], *keys[: at + 1]) if self.rows[key].awaits]
        shown = [key for key in waiting if key in self.grid.shown]
        if shown:
            self.grid.go_to_row(shown[0])
            self.say(f"{name(shown[0])} awaits you · {count(len(waiting), 'workstream')} in all", "warn")
        else:
            self.say(f"{count(len(waiting), 'workstream')} awaiting you hidden by the filter", "warn")

    def do_mark(self) -> None:
        """Mark the row."""
        self.grid.toggle_mark()

    def do_range(self) -> None:
        """Begin or end a range."""
        self.grid.toggle_range()

    def do_back(self) -> None:
        """Back out: the filter, then the marks; never the screen."""
        if self.read_error():
            return
        if self.filtering():
            self.end_filter(keep=False)
        elif not self.grid.clear_marks():
            self.say("nothing to back out of · q quits")
