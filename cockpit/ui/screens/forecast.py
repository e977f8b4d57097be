"""The page of the forecast: the schedule as bars, how the finish moved, figures over time; it changes nothing."""

import time
from collections.abc import Mapping
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget

from cockpit.engine.handle import View
from cockpit.errors import CockpitError
from cockpit.forecast.estimates import Estimate
from cockpit.forecast.outlook import Coming, Outlook
from cockpit.metrics.stints import Stint
from cockpit.metrics.trends import DAY, WINDOWS, Bucket
from cockpit.schedule.codec import decode
from cockpit.schedule.readings import Forecast
from cockpit.ui.gantt import bars, leg_told, legend, span_of
from cockpit.ui.headline import problems
from cockpit.ui.keys import BY_NAME, FORECAST
from cockpit.ui.looks import count, line
from cockpit.ui.outlooks import BACK, SAID, estimate_drawing, finish_lines, trend_drawings
from cockpit.ui.present import Row
from cockpit.ui.screens.page import Page
from cockpit.ui.styling import stylesheet
from cockpit.ui.widgets.chart import Chart
from cockpit.ui.widgets.gantt import GanttChart
from cockpit.ui.widgets.lines import Keybar, Lines, StatusLine
from cockpit.ui.working import beside

PARTS = ("schedule", "finish", "trends")
FRESH_S = 5.0
REST = 10  # an answer that took long is asked for less often
MOST_AGENTS = 1_000
FIGURES = 4


class ForecastPage(Page):
    """When all will be done above one of three parts: `schedule`, `finish`, `trends`."""

    PAGE: ClassVar[str] = FORECAST
    CSS_PATH = stylesheet("pages")

    def __init__(self, view: View, rows: Mapping[str, Row], now: float) -> None:
        super().__init__()
        self.view, self.now = view, now
        self.part, self.window = PARTS[0], DAY
        self.agents: int | None = None
        self._own: Outlook | None = None
        self._other: Outlook | None = None
        self._stints: dict[str, list[Stint]] = {}
        self._points: tuple[float, list[Bucket]] = (0.0, [])
        self._estimates: list[Estimate] = []
        self._seq = -1
        self._not_before = 0.0
        self._first = (view, rows, now)
        self.problems, self.finish = Lines("problems"), Lines("ends")
        self.gantt = GanttChart()
        self.legend, self.leg = Lines("legend"), Lines("leg")
        self.moved = Chart("moved")
        self.figures = tuple(Chart(f"figure-{at}") for at in range(FIGURES))

    def compose(self) -> ComposeResult:
        """Lay out the finish above the parts, of which one is shown."""
        yield self.problems
        yield self.finish
        with Vertical(id="schedule"):
            yield self.gantt
            yield self.legend
            yield self.leg
        yield self.moved
        with VerticalScroll(id="figures", can_focus=False):
            yield from self.figures
        yield StatusLine("status")
        yield Keybar("keybar")

    def on_mount(self) -> None:
        """Show what is known, and ask for the rest."""
        self._turn_to(self.part)
        self.finish.show_lines([(("reckoning …", "dim"),)])
        self.show(*self._first)

    def on_resize(self) -> None:
        """Fit the lines to the new width."""
        self.show_keys()
        self._draw()

    def on_screen_resume(self) -> None:
        """Show what can be done by now."""
        self.show_keys()

    def show(self, view: View, rows: Mapping[str, Row], now: float) -> None:  # noqa: ARG002 - it has bars instead
        """Show a view that came."""
        self.view, self.now = view, now
        if self.is_attached:
            self.problems.show_lines([(cell,) for cell in problems(view, reaching=not self.cockpit.reached)])
            self._ask_again()
            self.show_keys()

    def tick(self, now: float) -> None:
        """Let the time go on."""
        self.now = now
        self._ask_again()
        self._draw()

    # --- asking ---------------------------------------------------------------------------------------------------

    def _ask_again(self, *, at_once: bool = False) -> None:
        """Ask for all of it where something happened since, but not too often."""
        due = at_once or (self.view.snapshot.seq != self._seq and time.monotonic() >= self._not_before)
        if due and self.view.connected:
            self._seq = self.view.snapshot.seq
            self._not_before = time.monotonic() + FRESH_S
            beside(self, self._bring, "asking for the forecast", "forecast", exclusive=True)

    async def _bring(self) -> None:
        began, ask = time.monotonic(), self.cockpit.handle.ask
        agents, window = self.agents, self.window
        try:
            trends, stints = await ask("trends", window=window), await ask("stints")
            own = outlook_of(await ask("outlook"))
            other = outlook_of(await ask("outlook", agents=agents)) if agents is not None else None
        except CockpitError as error:
            self.say(f"it cannot be had: {line(error.what)}", "bad")
            return
        self._not_before = time.monotonic() + max(FRESH_S, REST * (time.monotonic() - began))
        self._points = float(trends["width_s"]), decode(list[Bucket], trends["points"])
        self._estimates = decode(list[Estimate], trends["estimates"])
        self._stints = decode(dict[str, list[Stint]], stints["legs"])
        self._own, self._other = own, other
        self._draw()

    def _draw(self) -> None:
        """Show what the driver answered last."""
        own, now = self._own, self.now
        if own is None or not self.is_attached:
            return
        wanted = self.agents is not None and self._other is None
        told = finish_lines(own, self._other, now)
        self.finish.show_lines(
            [*told, ((f"if {count(self.agents or 0, 'agent')}: reckoning …", "accent"),)] if wanted else told
        )
        shown = self._other or own
        found = bars(self.view.snapshot, self._stints, shown.legs)
        self.gantt.show_bars(found, span_of(found, now, BACK[self.window]))
        agents = f" · {count(shown.agents, 'agent')}" if self._other else ""
        self.gantt.border_title = Content(f"schedule{agents} · back {SAID[self.window]}")
        self.legend.show_lines([legend(found, self.app.size.width - 2)] if self.app.size.height >= 20 else [])
        self._show_leg()
        if self.part == "finish":
            self.moved.show_drawing(estimate_drawing(self._estimates, now, self.window), now)
        if self.part == "trends":
            width_s, points = self._points
            drawings = trend_drawings(points, width_s, self.window)
            for chart, drawing in zip(self.figures, drawings, strict=True):
                chart.show_drawing(drawing, now)

    def _show_leg(self) -> None:
        bar = self.gantt.bar
        nothing = (("nothing was started yet, and nothing is to come", "dim"),)
        self.leg.show_lines([leg_told(self.view.snapshot, bar, self.now) if bar else nothing])

    @on(GanttChart.Moved)
    def _moved_on(self) -> None:
        self._show_leg()
        self.show_keys()

    @on(GanttChart.Opened)
    def _opened(self) -> None:
        self.cockpit.action_do("open")

    # --- what the page is about -----------------------------------------------------------------------------------

    def targets(self) -> tuple[str, ...]:
        """Return the workstream of the leg under the cursor."""
        bar = self.gantt.bar
        leg = self.view.snapshot.legs.get(bar.leg) if bar and self.part == "schedule" else None
        return (leg.workstream,) if leg else ()

    def why_not(self, name: str) -> str | None:
        """Return why there is nothing to reckon or to write."""
        if name == "export" and self.cockpit.read_only:
            return "this screen is read only"
        if name in ("what_if_more", "what_if_fewer", "export") and not self.view.connected:
            return "there is no driver to ask"
        if name == "what_if_fewer" and self._tried() <= 1:
            return "there is no fewer than one agent"
        if name == "what_if_more" and self._tried() >= MOST_AGENTS:
            return f"{MOST_AGENTS} agents are the most"
        return None

    def _tried(self) -> int:
        return self.agents if self.agents is not None else self.view.snapshot.max_agents()

    def keys(self) -> list[tuple[str, str, bool]]:
        """Return the footer's keys."""
        part = PARTS[(PARTS.index(self.part) + 1) % len(PARTS)]
        every = super().keys()
        rest = [one for one in every if one[1] != "after"]
        first = [BY_NAME[name].shown for name in ("what_if_more", "what_if_fewer")]
        own = [one for one in rest if one[0] in first]
        turn = [(BY_NAME["following"].shown, part, True), (BY_NAME["back"].shown, "back", True)]
        return [*own, *turn, *(one for one in rest if one not in own)]

    def _turn_to(self, part: str) -> None:
        self.part = part
        for one in PARTS:
            self.set_class(one == part, f"-{one}")
        self._draw()
        self.show_keys()

    # --- keys -----------------------------------------------------------------------------------------------------

    def do_what_if_more(self) -> None:
        """Reckon with one agent more."""
        self._try(self._tried() + 1)

    def do_what_if_fewer(self) -> None:
        """Reckon with one agent fewer."""
        self._try(self._tried() - 1)

    def _try(self, agents: int | None) -> None:
        self.agents = agents if agents != self.view.snapshot.max_agents() else None
        self._other = None
        self._draw()
        self.show_keys()
        if self.agents is not None:
            beside(self, self._what_if, "reckoning with other agents", "what-if", exclusive=True)

    async def _what_if(self) -> None:
        agents = self.agents
        try:
            other = outlook_of(await self.cockpit.handle.ask("outlook", agents=agents))
        except CockpitError as error:
            self.say(f"it cannot be reckoned: {line(error.what)}", "bad")
            return
        if agents == self.agents:
            self._other = other
            self._draw()

    def do_window(self) -> None:
        """Look back over another window of time."""
        self.window = WINDOWS[(WINDOWS.index(self.window) + 1) % len(WINDOWS)]
        self._draw()
        self._ask_again(at_once=True)

    def do_export(self) -> None:
        """Write the reports, and say where they are."""
        beside(self, self._export, "writing reports", "export", exclusive=True)

    async def _export(self) -> None:
        self.say("writing …")
        try:
            answer = await self.cockpit.handle.ask("export", window=self.window)
        except CockpitError as error:
            self.say(f"not written: {line(error.what)}", "bad")
            return
        told = " and ".join(line(str(one)) for one in answer["paths"])
        self.say(f"written: {told}", "good")
        self.notify(f"written:\n{told.replace(' and ', chr(10))}", markup=False, timeout=10)

    def do_previous(self) -> None:
        """Show the part before."""
        self._turn_to(PARTS[PARTS.index(self.part) - 1])

    def do_following(self) -> None:
        """Show the next part."""
        self._turn_to(PARTS[(PARTS.index(self.part) + 1) % len(PARTS)])

    def do_back(self) -> None:
        """Back out: what an error says, another number of agents, the page."""
        if self.read_error():
            return
        if self.agents is not None:
            self._try(None)
        else:
            super().do_back()

    def scrolled(self) -> Widget:
        """Return what the keys scroll."""
        return self.query_one("#figures")

    def do_up(self) -> None:
        """Move up."""
        self.gantt.move(-1) if self.part == "schedule" else super().do_up()

    def do_down(self) -> None:
        """Move down."""
        self.gantt.move(1) if self.part == "schedule" else super().do_down()

    def do_first(self) -> None:
        """Go to the first leg."""
        self.gantt.go_to(0) if self.part == "schedule" else super().do_first()

    def do_last(self) -> None:
        """Go to the last leg."""
        self.gantt.go_to(self.gantt.last) if self.part == "schedule" else super().do_last()

    def do_page_up(self) -> None:
        """Move up a page."""
        self.gantt.page(-1) if self.part == "schedule" else super().do_page_up()

    def do_page_down(self) -> None:
        """Move down a page."""
        self.gantt.page(1) if self.part == "schedule" else super().do_page_down()


def outlook_of(answer: Mapping[str, Any]) -> Outlook:
    """Return the outlook that a driver answered."""
    made = decode(Forecast, answer["forecast"])
    legs = decode(tuple[Coming, ...], answer["legs"])
    return Outlook(made, int(answer["agents"]), bool(answer["all_wanted"]), legs)
