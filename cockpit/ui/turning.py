"""Opens the pages and dialogs that show something, each loaded when it is first looked at; gives no orders."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textual.app import App

from cockpit.clock import Clock
from cockpit.engine.handle import Handle, View
from cockpit.ui import keys
from cockpit.ui.keys import GRID
from cockpit.ui.present import Row
from cockpit.ui.screens.page import Page

if TYPE_CHECKING:
    from cockpit.ui.screens.detailed import DetailPage


class Turning(App[str], inherit_bindings=False):
    """The part of the app that turns to pages: each over the view, and its rows, as they are now."""

    handle: Handle
    view: View
    rows: Mapping[str, Row]
    clock: Clock

    @property
    def page(self) -> Page | None:
        """Return the page in front, below any dialog."""
        return next((screen for screen in reversed(self.screen_stack) if isinstance(screen, Page)), None)

    def do_open(self) -> None:
        """Open the page of the workstream under the cursor."""
        self._open("page")

    def do_output(self) -> None:
        """Open its output."""
        self._open("output")

    def do_timeline(self) -> None:
        """Open what happened to it."""
        self._open("timeline")

    def _open(self, part: str) -> None:
        cursor = self.page.cursor() if self.page else None
        if cursor is not None:
            self.open_workstream(cursor, part)

    def open_workstream(self, workstream: str, part: str = "page") -> None:
        """Open the page of a workstream on one of its parts."""
        from cockpit.ui.screens.workstream import WorkstreamPage

        self.push_screen(WorkstreamPage(self.handle, workstream, part, self.view, self.rows, self.clock.now()))

    def do_diff(self) -> None:
        """Open the diff of what is selected, where that is."""
        from cockpit.ui.screens.diff import DiffPage

        page = self.page
        if page is not None and (cursor := page.cursor()) is not None:
            self.push_screen(DiffPage(self.handle, cursor, *page.place()))

    def do_grid(self) -> None:
        """Go back to the first page."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if self.page is not None:
            self.page.wake()

    def do_agents(self) -> None:
        """Open the page of all agents."""
        from cockpit.ui.screens.agents import AgentsPage

        self.turn_to(AgentsPage)

    def do_alerts(self) -> None:
        """Open the page of all alerts."""
        from cockpit.ui.screens.alerts import AlertsPage

        self.turn_to(AlertsPage)

    def do_quarantine(self) -> None:
        """Open the page of quarantines and violations."""
        from cockpit.ui.screens.quarantine import QuarantinePage

        self.turn_to(QuarantinePage)

    def do_merges(self) -> None:
        """Open the page of the merge queue and of all merges."""
        from cockpit.ui.screens.merges import MergesPage

        self.turn_to(MergesPage)

    def do_forecast(self) -> None:
        """Open the page of what is to come, and of figures over time."""
        from cockpit.ui.screens.forecast import ForecastPage

        if not isinstance(self.page, ForecastPage):
            self.do_grid()
            self.push_screen(ForecastPage(self.view, self.rows, self.clock.now()))

    def do_journal(self) -> None:
        """Open the page of all facts."""
        from cockpit.ui.screens.journal import JournalPage

        self.turn_to(JournalPage)

    def do_log(self) -> None:
        """Open the log of what cockpit ran."""
        from cockpit.ui.screens.log import LogPage

        self.turn_to(LogPage)

    def turn_to(self, page: "type[DetailPage[Any]]", workstream: str = "") -> None:
        """Open a page of a list above the first page, in place of any other; stay where it is in front already."""
        if not isinstance(self.page, page):
            self.do_grid()
            self.push_screen(page(self.view, self.rows, self.clock.now(), workstream))

    def do_tab(self) -> None:
        """Go to the page after the one that is open, or that was opened from."""
        here = next((one.PAGE for one in reversed(self.screen_stack) if getattr(one, "PAGE", "") in keys.TABS), GRID)
        after = keys.TABS[(keys.TABS.index(here) + 1) % len(keys.TABS)]
        getattr(self, f"do_{after}")()

    def talk(self, workstream: str) -> None:
        """Let something be said to the agent of a workstream, below its output."""
        from cockpit.ui.screens.printed import CHAT, PrintedPage

        page = self.page
        if isinstance(page, PrintedPage) and page.workstream == workstream:
            page.talk()
        else:
            self.open_workstream(workstream, CHAT)

    def do_plan(self) -> None:
        """Open the page of the plan file: its errors, and what its last change means."""
        from cockpit.ui.screens.plan import PlanPage

        if not isinstance(self.page, PlanPage):
            self.push_screen(PlanPage(self.handle, self.view, self.rows, self.clock.now()))

    def do_trust(self) -> None:
        """Show what an untrusted plan would run."""
        from cockpit.ui.screens.commands import CommandsPage

        if not isinstance(self.page, CommandsPage):
            self.push_screen(CommandsPage(self.handle, self.view))

    def do_help(self) -> None:
        """Show all keys of the page in front."""
        from cockpit.ui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.page.PAGE if self.page else keys.GRID))
