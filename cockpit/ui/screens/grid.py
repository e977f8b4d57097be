"""The first page: header, alerts, the grid of workstreams, and the live output of the one that is selected."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from cockpit.engine.handle import Handle, View
from cockpit.ui.alerts import Alert, alerts
from cockpit.ui.columns import CARDS_BELOW, COLUMNS
from cockpit.ui.depending import told
from cockpit.ui.feed import GLANCE, OutputFeed
from cockpit.ui.headline import headline
from cockpit.ui.hints import hint
from cockpit.ui.keyed import key_of
from cockpit.ui.keys import BY_NAME, GRID
from cockpit.ui.looks import name
from cockpit.ui.present import Row, patch, run_told
from cockpit.ui.remembered import Remembered
from cockpit.ui.screens.listing import ListPage
from cockpit.ui.widgets.grid import Grid
from cockpit.ui.widgets.lines import Alerts, Header, Keybar, Lines, StatusLine
from cockpit.ui.widgets.output import Output
from cockpit.ui.working import beside

if TYPE_CHECKING:
    from cockpit.schedule.snapshot import Snapshot
    from cockpit.ui.waves import Waves
    from cockpit.ui.widgets.wavemap import WaveMap

SHORT = 20  # lines of the terminal: below that there is room for the list alone
MAP_ONLY = frozenset({"earlier", "later"})


class GridPage(ListPage):
    """All workstreams at a glance."""

    PAGE: ClassVar[str] = GRID
    FILTERED: ClassVar[str] = "words, or state:running !docs round:>1 …"

    def __init__(
        self, handle: Handle, view: View, rows: Mapping[str, Row], now: float, remembered: Remembered | None = None
    ) -> None:
        super().__init__()
        self.view, self.now = view, now
        self.rows: Mapping[str, Row] = {}
        self.header, self.alerts = Header("header"), Alerts("alerts")
        self.grid, self.needs, self.output = Grid(now), Lines("needs"), Output()
        self.map: WaveMap | None = None
        self._waves: Waves | None = None
        self._drawn_of: tuple[Snapshot, Mapping[str, Row], tuple[str, ...]] | None = None
        self._remembered = remembered or Remembered(None, "")
        self.hint, self._hinted = Lines("hint"), self._remembered.for_all()
        self.grid.border_title = Content("workstreams")
        self.status, self.keybar = StatusLine("status"), Keybar("keybar")
        self.feed = OutputFeed(handle, self.output, GLANCE)
        self._first_rows = rows
        self._alerts: tuple[Alert, ...] = ()
        self._settling = False
        self._choices: dict[str, Mapping[str, bool]] = {}

    def compose(self) -> ComposeResult:
        """Lay out the page from top to bottom."""
        yield self.header
        yield self.alerts
        with Vertical(id="body"):  # shares what the lines leave, so that however many there are the keys are in sight
            yield self.grid
            yield self.needs
            yield self.output
        yield self.hint
        yield self.status
        yield self.keybar

    def on_mount(self) -> None:
        """Show what is known from the journal, as it was looked at the last time."""
        if text := self._remembered.get("rows"):
            from cockpit.ui.sorting import remembered

            self.grid.set_arrangement(remembered(text))
        if text := self._remembered.get("columns"):
            from cockpit.ui.choosing import remembered as chosen_columns

            self._choices = chosen_columns(text)
        self.show(self.view, self._first_rows, self.now)
        self.grid.go_to(0)
        if self._remembered.get("look") == "map":
            self.do_map()

    def on_resize(self) -> None:
        """Fit the lines to the new width, and show the columns that were chosen for it."""
        if self._choices:
            self._show_columns()
        self.show_lines()
        self.show_hint()
        self.show_needs()
        self.show_keys()

    def on_screen_resume(self) -> None:
        """Show what came while another page was in front, in the size that there is by now."""
        self.header.refresh(layout=True)
        self.alerts.refresh(layout=True)
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
        self.show_hint()
        self._show_selected()

    def tick(self, now: float) -> None:
        """Let ages and times to go move on."""
        self.now = now
        self.grid.tick(now)
        if self.mapped is not None:
            self.mapped.tick(now)
        self.show_lines()

    def show_lines(self) -> None:
        """Show the header and the alerts in the width and height that there are."""
        width, height = self.app.size
        model = headline(
            self.view, self.rows.values(), self.now, read_only=self.cockpit.read_only, reaching=not self.cockpit.reached
        )
        self.header.show(model, max(1, width - 2))
        self.alerts.show(self._alerts, 2 if height < SHORT else 3 if height < 34 else 6)

    def show_title(self) -> None:
        """Say above the grid how many rows there are, how many are shown and marked."""
        grid = self.grid
        parts = [f"workstreams {len(grid.shown)}/{grid.total}" if grid.filter else f"workstreams {grid.total}"]
        if self.mapped is not None:
            parts.append("» critical path")
        elif grid.arrangement is not None:
            parts.append(grid.arrangement.told())
        if grid.filter:
            parts.append(f"/{' '.join(grid.filter)}")
        if grid.marks:
            parts.append(f"{len(grid.marks)} marked" + (f", {self.hidden()} hidden" if self.hidden() else ""))
        if grid.ranging:
            parts.append("range: move, v ends it")
        self._titled(self.mapped or grid, " · ".join(parts))

    def _titled(self, widget: Widget, title: str) -> None:
        if str(widget.border_title) != title:
            widget.border_title = Content(title)

    def show_hint(self) -> None:
        """Show the hint that fits, where hints can be dismissed for good."""
        width, height = self.app.size
        found = hint(self.view, self._dismissed()) if self._hinted is not None else None
        if found is None or height < SHORT or width < CARDS_BELOW:
            self.hint.show_lines([])
            return
        keys = {name: action.shown for name, action in BY_NAME.items()}
        self.hint.show_lines([((f"{found.text.format_map(keys)}   {keys['dismiss']}: seen, for good", "accent"),)])

    def _dismissed(self) -> tuple[str, ...]:
        return tuple(self._hinted.get("hints").split()) if self._hinted is not None else ()

    def do_dismiss(self) -> None:
        """Dismiss the hint that is shown, for good."""
        found = hint(self.view, self._dismissed())
        if found is not None and self._hinted is not None:
            self._hinted.put("hints", " ".join((*self._dismissed(), found.name)))
            self.show_hint()

    def show_needs(self) -> None:
        """Say who the selected workstream waits for, and who waits for it."""
        cells = told(self.view.snapshot, self.grid.cursor or "") if self.app.size.height >= SHORT else ()
        self.needs.show_lines([cells] if cells else [])

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

    # --- the wave map -----------------------------------------------------------------------------------------------

    @property
    def mapped(self) -> "WaveMap | None":
        """Return the wave map where it is what is looked at, else None."""
        return self.map if self.map is not None and self.has_class("-map") else None

    def _show_map(self) -> None:
        """Show the cards of what the list shows, and what is under its cursor."""
        if self.mapped is None:
            return
        given = (self.view.snapshot, self.rows, self.grid.shown)
        known = self._drawn_of
        if known is None or known[0] is not given[0] or known[1] is not given[1] or known[2] != given[2]:
            from cockpit.ui.waves import waves

            self._waves, self._drawn_of = waves(*given), given
        assert self._waves is not None  # noqa: S101 - made above, for mypy
        self.mapped.show(self._waves, self.grid.cursor, self.grid.marks, self.now)

    def do_map(self) -> None:
        """Look at the wave map, or at the list again."""
        if self.map is None:
            from cockpit.ui.widgets.wavemap import WaveMap

            self.map = WaveMap(self.now, self.grid.go_to_row)
            self.mount(self.map, before=self.needs)
        self.toggle_class("-map")
        self._remembered.put("look", "map" if self.has_class("-map") else "")
        self.show_title()
        self._show_selected()

    def do_earlier(self) -> None:
        """Go to the round before."""
        self._move(across=-1)

    def do_later(self) -> None:
        """Go to the round after."""
        self._move(across=1)

    def _move(self, across: int = 0, down: int = 0) -> None:
        if self.mapped is None:
            self.grid.move(down)
        else:
            self.mapped.move(across, down)

    def why_not(self, name: str) -> str | None:
        """Return why a key is for the other look of the page."""
        if name in MAP_ONLY and self.mapped is None:
            return f"it moves in the wave map ({BY_NAME['map'].shown})"
        if name == "dismiss" and not self.hint.display:
            return "no hint is shown"
        if name == "range" and self.mapped is not None:
            return f"ranges are marked in the list ({BY_NAME['map'].shown})"
        if name == "columns" and (self.mapped is not None or self.grid.cards):
            return f"only the list has columns, from a width of {CARDS_BELOW}"
        return None

    # --- moving -----------------------------------------------------------------------------------------------------

    def do_up(self) -> None:
        """Move up."""
        self._move(down=-1)

    def do_down(self) -> None:
        """Move down."""
        self._move(down=1)

    def do_first(self) -> None:
        """Go to the first; in the map, of its round."""
        if self.mapped is not None:
            self.mapped.end(last=False)
        else:
            super().do_first()

    def do_last(self) -> None:
        """Go to the last; in the map, of its round."""
        if self.mapped is not None:
            self.mapped.end(last=True)
        else:
            super().do_last()

    def do_page_up(self) -> None:
        """Move up a page."""
        (self.mapped or self.grid).page(-1)

    def do_page_down(self) -> None:
        """Move down a page."""
        (self.mapped or self.grid).page(1)

    @on(Grid.Moved)
    def _moved(self) -> None:
        """Paint the cursor first; what hangs on it follows, once for all moves until then."""
        if not self._settling:
            self._settling = True
            self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        self._settling = False
        self.show_title()
        self._show_selected()

    def _show_selected(self) -> None:
        self._show_map()
        self.show_needs()
        self.show_output()
        self.show_keys()

    @on(Grid.Opened)
    def _opened(self) -> None:
        self.cockpit.action_do("open")

    @on(Alerts.Chosen)
    def _alert_chosen(self, event: Alerts.Chosen) -> None:
        """Open the page of alerts at the one that was clicked."""
        event.stop()
        self.cockpit.do_alerts()
        page = self.cockpit.page
        if event.key and isinstance(page, ListPage):
            page.call_after_refresh(page.grid.go_to_row, event.key)

    # --- keys -----------------------------------------------------------------------------------------------------

    def do_mark(self) -> None:
        """Mark the row and go to the next; in the map, mark the card's workstream and stay."""
        self.grid.toggle_mark(stay=self.mapped is not None)

    def do_sort(self) -> None:
        """Choose an order from a menu."""
        from cockpit.ui.screens.sort import SortScreen
        from cockpit.ui.sorting import Arrangement

        self.cockpit.push_screen(SortScreen(self.grid.arrangement or Arrangement()), self._sorted)

    def _sorted(self, choice: str | None) -> None:
        """Put the rows into the order that was chosen, and remember it."""
        if choice is None:
            return
        from cockpit.ui.sorting import Arrangement, chosen, kept

        how = chosen(self.grid.arrangement or Arrangement(), choice)
        self.grid.set_arrangement(None if how.plain else how)
        self._remembered.put("rows", kept(how))
        self.say(f"rows {how.told() or 'as the plan has them'}")

    def do_columns(self) -> None:
        """Choose from a menu which columns are shown at this width."""
        from cockpit.ui.choosing import width_class
        from cockpit.ui.screens.columns import ColumnsScreen

        width = width_class(self.app.size.width)
        self.cockpit.push_screen(ColumnsScreen(width, self._choices.get(width, {}), self._chosen))

    def _chosen(self, choice: Mapping[str, bool]) -> tuple[str, ...]:
        """Show the columns that were chosen for this width, and remember it."""
        from cockpit.ui.choosing import kept, width_class

        self._choices[width_class(self.app.size.width)] = choice
        self._remembered.put("columns", kept(self._choices))
        return self._show_columns()

    def _show_columns(self) -> tuple[str, ...]:
        from cockpit.ui.choosing import fitting, width_class

        return self.grid.set_columns(fitting(COLUMNS, self._choices.get(width_class(self.app.size.width), {})))

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
            self.say(f"nothing to back out of · {key_of('quit')} quits")
