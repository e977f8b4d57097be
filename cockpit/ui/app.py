"""The full-screen cockpit, a client of the driver: composes pages, routes keys, views and answers; decides nothing."""

import os
from collections.abc import Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.actions import SkipAction
from textual.app import App
from textual.binding import Binding, BindingsMap
from textual.message import Message
from textual.reactive import Reactive
from textual.screen import Screen
from textual.theme import Theme
from textual.worker import Worker, WorkerState

from cockpit.clock import Clock, SystemClock
from cockpit.engine.handle import Handle, View
from cockpit.ui import keys
from cockpit.ui.arriving import Arrivals
from cockpit.ui.bridge import Bridge
from cockpit.ui.calling import Calling
from cockpit.ui.collecting import spare
from cockpit.ui.keys import BY_NAME, COMMANDS, Action
from cockpit.ui.looks import line
from cockpit.ui.news import alarms, news, rings
from cockpit.ui.planning import PlanNews
from cockpit.ui.present import Presenter, Row
from cockpit.ui.quitting import Quitting
from cockpit.ui.remembered import Remembered
from cockpit.ui.screens.grid import GridPage
from cockpit.ui.screens.page import Page
from cockpit.ui.settings import Settings
from cockpit.ui.styling import PRINTED_DARK, PRINTED_LIGHT, THEME, stylesheet
from cockpit.ui.turning import Turning
from cockpit.ui.working import beside

if TYPE_CHECKING:
    from cockpit.ui.drafts import Drafts
    from cockpit.ui.ordering import Ordering

WARM_AFTER_S = 0.7
ACKNOWLEDGED = 100  # alerts that are remembered as seen


class CockpitApp(Turning, inherit_bindings=False):
    """The cockpit over one plan. `run()` returns what the operator chose on quitting: `leave` or `stop`.

    Paints at once from `first`, then follows the handle. `who` signs the orders; `read_only` gives none;
    `start` lets the whole plan run as soon as the driver answers; `broken`: the plan file is, and the screen begins
    with that; `settings` are the operator's own, `remembered` is how the operator looked at this plan the last time.
    """

    BINDINGS: ClassVar[list[Binding]] = keys.bindings(*keys.PAGES)  # type: ignore[assignment]  # a list is invariant
    ENABLE_COMMAND_PALETTE = False
    ansi_theme_dark = Reactive(PRINTED_DARK, init=False)
    ansi_theme_light = Reactive(PRINTED_LIGHT, init=False)
    TITLE = "cockpit"

    class ViewCame(Message):
        """The driver's state as it is now."""

        def __init__(self, view: View, rows: Mapping[str, Row]) -> None:
            super().__init__()
            self.view, self.rows = view, rows

    def __init__(
        self,
        handle: Handle,
        first: View,
        *,
        read_only: bool = False,
        start: bool = False,
        broken: bool = False,
        who: str = "user@screen",
        clock: Clock | None = None,
        settings: Settings | None = None,
        remembered: Remembered | None = None,
    ) -> None:
        settings = settings or Settings()
        theme = THEME if settings.theme == "dark" else _other_theme(settings.theme)
        super().__init__(css_path=[stylesheet("cockpit")], ansi_color=theme.ansi or None)
        self.fault: Exception | None = None
        self._remembered = remembered
        if settings.actions:
            BY_NAME.update(settings.actions)
            self._bindings = BindingsMap(keys.bindings(*keys.PAGES))
        self._calling = Calling(settings, self._write)
        self.handle = handle
        self.view = first
        self.read_only = read_only
        self.who = who
        self.clock = clock or SystemClock()
        presenter = Presenter()
        self.rows: Mapping[str, Row] = presenter.rows(first)
        self._arrivals = Arrivals(presenter, partial(beside, self, name="making rows", group="rows"), self._deliver)
        self.bridge = Bridge(handle, self._arrivals.take, self._not_shown)
        self.reached = first.connected
        known = remembered.get("acknowledged").split("\n") if remembered is not None else ()
        self.acknowledged: dict[str, None] = dict.fromkeys(filter(None, known))
        self._start = start and not read_only
        self._quitting = Quitting(self)
        self.lent = False  # the terminal, to another program
        self._plan_news = PlanNews(self, broken=broken)
        self._plan_reasons: dict[str, str | None] = {}
        self._shown_untrusted: tuple[str, ...] = ()
        self.register_theme(theme)
        if not os.environ.get("TEXTUAL_THEME"):
            self.set_reactive(App.theme, theme.name)  # a watcher would have all styles parsed twice
            self.stylesheet.set_variables(self.get_css_variables())
        self._refresh_truecolor_filter(self.ansi_theme)

    def get_default_screen(self) -> Screen[None]:
        """Return the first page."""
        return GridPage(self.handle, self.view, self.rows, self.clock.now(), self._remembered)

    async def on_unmount(self) -> None:
        """Give the terminal its title back, and let go of the driver."""
        self._calling.end()
        await self.handle.close()

    def _handle_exception(self, error: Exception) -> None:
        self.fault = error
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """End without Textual's traceback, which shows the values of every frame; who opened the screen says why."""
        if os.environ.get("COCKPIT_DEBUG"):
            super()._fatal_error()
        else:
            self._close_messages_no_wait()

    def on_mount(self) -> None:
        """Follow the driver, which may have to be started, once the first paint is out; and the time."""
        self.call_after_refresh(self._follow)
        if not self.is_headless:
            self.call_after_refresh(spare)
            self.set_timer(WARM_AFTER_S, self._warm, name="warming")
        self.call_after_refresh(self._call_operator)
        self.set_interval(1.0, self.tick, name="ages")

    def _warm(self) -> None:
        from cockpit.ui.warming import load

        beside(self, partial(load, self.stylesheet), "loading pages", "warming")

    # --- views ----------------------------------------------------------------------------------------------------

    @cached_property
    def ordering(self) -> "Ordering":
        """What gives the orders; the first paint needs none."""
        from cockpit.ui.ordering import Ordering

        return Ordering(self)

    @cached_property
    def drafts(self) -> "Drafts":
        """What is to be said of lines with a rejection."""
        from cockpit.ui.drafts import Drafts

        return Drafts((self._remembered.get, self._remembered.put) if self._remembered is not None else None)

    def tick(self) -> None:
        """Let the page in front move its ages and times on, and show what waited for a quiet moment."""
        if self.page is not None:
            self.page.tick(self.clock.now())
        self._plan_news.offer()

    @on(ViewCame)
    def _view_came(self, event: ViewCame) -> None:
        event.stop()
        self.view, self.rows = event.view, event.rows
        self._plan_reasons.clear()
        self.reached = self.reached or event.view.connected
        self._show_pages()
        self._call_operator()
        self._plan_news.heard(self.view)
        for text, bad in news(self.view.snapshot, self.view.facts):
            self.notify(text, severity="error" if bad else "information", markup=False, timeout=10 if bad else 4)
        if self._start and self.view.connected:
            self._start = False
            self.ordering.start_all()
        untrusted, asks = self.view.readings.plan.untrusted, self.view.readings.plan.asks
        front = self.page if self.screen is self.page else None  # below a dialog it waits for the next view
        if self.view.connected and not (untrusted or asks) and front is not None and front.PAGE == COMMANDS:
            self.pop_screen()  # it was trusted meanwhile, on another screen or by a command
        if untrusted and untrusted != self._shown_untrusted and not self.read_only:
            self.do_trust()
        self._shown_untrusted = untrusted

    def returned(self) -> None:
        """Go on after another program had the terminal."""
        self._call_operator()

    def _show_pages(self) -> None:
        """Show how things stand on the page in front; those behind it rest until they are in front again."""
        front = self.page
        for screen in self.screen_stack:
            if isinstance(screen, Page):
                screen.rested = screen is not front
        if front is not None:
            front.show(self.view, self.rows, self.clock.now())

    def _call_operator(self) -> None:
        if self.lent:
            return
        plan, urgent = self.view.snapshot.outline.name, rings(self.view.facts)
        if self._calling.show(plan, self.rows, self.clock.now(), urgent=urgent, alarms=alarms(self.view)):
            self.bell()

    def _write(self, sequence: str) -> None:
        if not self.is_headless and self._driver is not None:
            self._driver.write(sequence)

    def _deliver(self, view: View, rows: Mapping[str, Row]) -> None:
        self.post_message(self.ViewCame(view, rows))

    def _follow(self) -> None:
        beside(self, self.bridge.follow, "following the driver", "bridge", exclusive=True)

    def _not_shown(self, error: Exception) -> None:
        self.fail(f"following the driver: {line(str(error))}")

    @on(Worker.StateChanged)
    def _worker_changed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR:
            self.fail(f"{event.worker.name}: {line(str(event.worker.error))}")

    # --- saying ---------------------------------------------------------------------------------------------------

    def say(self, text: str, style: str = "dim") -> None:
        """Show safe text in the status line of the page in front."""
        if self.page is not None:
            self.page.say(text, style)

    def fail(self, text: str) -> None:
        """Show an error: it stays in the status line until something else is done."""
        self.say(f"✗ {text}", "bad")
        self.notify(text, severity="error", markup=False, timeout=10)

    # --- keys -----------------------------------------------------------------------------------------------------

    def why_not(self, action: Action) -> str | None:
        """Return why an action cannot be done on the page in front, or None."""
        if self.read_only and action.verb:
            return "this screen is read only"
        reason = self.page.why_not(action.name) if self.page else None
        if reason is not None:
            return reason or None
        if not action.whole:
            return action.why_not(self.view, self.page.targets() if self.page else ())
        if action.name not in self._plan_reasons:
            self._plan_reasons[action.name] = action.why_not(self.view, ())
        return self._plan_reasons[action.name]

    def action_key(self, name: str) -> None:
        """Do what a key stands for on the page in front; on another page it may stand for something else."""
        self.bridge.hear()
        from cockpit.ui.elsewhere import taken

        action, page = BY_NAME[name], self.page
        if page is not None and page.PAGE not in action.where and keys.DIALOG not in action.where:
            if not taken(action, page.PAGE):
                self._say_where(action)
            raise SkipAction
        self.action_do(name)

    def _say_where(self, action: Action) -> None:
        """Say where a key works that means nothing on the page in front."""
        from cockpit.ui.elsewhere import told

        self.say(f"{action.shown} {action.short or action.name.replace('_', ' ')}: {told(action)}", "warn")

    def on_key(self, event: events.Key) -> None:
        """Let what was just opened have what was typed before it had the focus: letters are orders here."""
        typed = getattr(self.screen, "typed", None)
        if typed is not None and typed(event.key, event.character if event.is_printable else None):
            event.stop()
            event.prevent_default()

    def action_do(self, name: str) -> None:
        """Do what a key stands for, or say why it cannot be done."""
        action = BY_NAME[name]
        if keys.DIALOG in action.where or name == "interrupt":
            getattr(self.screen, f"do_{name}", getattr(self, f"do_{name}", self.bell))()
            return
        page = self.page
        if page is None:
            return
        if page.PAGE not in action.where:
            self._say_where(action)
            return
        if reason := self.why_not(action):
            self.say(f"{action.shown} {action.short or name.replace('_', ' ')}: {reason}", "warn")
            return
        self.say("")
        if handler := getattr(page, f"do_{name}", None) or getattr(self, f"do_{name}", None):
            handler()
        else:
            self.ordering.give(action, page.targets(), page.hidden())

    def acknowledge(self, alert: str) -> None:
        """Note that the operator has seen an alert, or take that back: the first page leaves it out until it ends."""
        kept = [key for key in self.acknowledged if key != alert]
        kept += [] if alert in self.acknowledged else [alert]
        self.acknowledged = dict.fromkeys(kept[-ACKNOWLEDGED:])
        if self._remembered is not None:
            self._remembered.put("acknowledged", "\n".join(self.acknowledged))
        for screen in self.screen_stack:
            if isinstance(screen, Page):
                screen.show(self.view, self.rows, self.clock.now())

    def do_next(self) -> None:
        """Open the page of the next thing that awaits the operator."""
        from cockpit.ui.awaiting import go_on

        go_on(self)

    def do_release(self) -> None:
        """Show the ways out of a quarantine."""
        self.ordering.release(self.page.targets() if self.page else ())

    def do_answer(self) -> None:
        """Show what an agent asks."""
        self.ordering.answer(self.page.targets() if self.page else ())

    def do_attach(self) -> None:
        """Show what can be done where an agent works."""
        from cockpit.ui.attaching import begin

        if self.page is not None and (workstream := self.page.cursor()) is not None:
            begin(self, workstream)

    def do_waive(self) -> None:
        """Ask for the reason for which violations are let stand."""
        page = self.page
        if page is not None:
            self.ordering.waive(page.targets(), page.violations())

    def do_conflict(self) -> None:
        """Show the ways to resolve the conflict of what is selected."""
        from cockpit.ui.screens.ways import WaysScreen

        targets = self.page.targets() if self.page else ()
        self.push_screen(WaysScreen(self.view, targets), self._chosen)

    def do_edit(self) -> None:
        """Open the editor on the file that the page is about, else on one that is chosen of its worktree."""
        from cockpit.ui.editing import of_worktree

        page = self.page
        if page is not None and (cursor := page.cursor()) is not None:
            of_worktree(self, cursor, *page.place())

    def do_more(self) -> None:
        """Allow one agent more."""
        self.ordering.limit(+1)

    def do_fewer(self) -> None:
        """Allow one agent fewer."""
        self.ordering.limit(-1)

    def do_undo(self) -> None:
        """Undo the last order of this screen, or say why nothing exactly does."""
        if self.read_only:
            self.say("this screen is read only", "warn")
        else:
            self.ordering.undo()

    def do_palette(self) -> None:
        """Find an action by its name."""
        from cockpit.ui.screens.palette import PaletteScreen

        self.push_screen(PaletteScreen(self.page.PAGE if self.page else keys.GRID), self._chosen)

    def _chosen(self, name: str | None) -> None:
        from cockpit.ui.screens.palette import OPEN

        if name and name.startswith(OPEN):
            self.open_workstream(name.removeprefix(OPEN))
        elif name:
            self.action_do(name)

    def do_refresh(self) -> None:
        """Subscribe anew and paint everything again."""
        self.bridge = Bridge(self.handle, self._arrivals.take, self._not_shown)
        self._follow()
        self.refresh(repaint=True, layout=True)
        self.say("reading everything again")

    def do_quit(self) -> None:
        """Quit, or ask about it."""
        self._quitting.ask()

    def do_interrupt(self) -> None:
        """Quit, or ask about it; the second time at once."""
        self._quitting.interrupt()


def _other_theme(name: str) -> Theme:
    from cockpit.ui.themes import theme

    return theme(name)
