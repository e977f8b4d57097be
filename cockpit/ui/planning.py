"""Tells of a plan that changed or broke: by a toast, or by a dialog where it touches work under way; orders nothing.

A dialog that comes by itself must not take what is being typed: it waits until a page is in front and nothing is.
"""

from typing import TYPE_CHECKING

from cockpit.engine.handle import View
from cockpit.schedule.facts import PlanChanged
from cockpit.ui.keyed import key_of
from cockpit.ui.keys import COMMANDS
from cockpit.ui.looks import count
from cockpit.ui.planfile import toast
from cockpit.ui.screens.page import Page

if TYPE_CHECKING:
    from cockpit.ui.app import CockpitApp


class PlanNews:
    """Tells one screen of its plan; `broken`: the screen was opened over a plan file that is, and begins with that."""

    def __init__(self, app: "CockpitApp", *, broken: bool) -> None:
        self._app, self._broken = app, broken
        self._waiting: list[PlanChanged] = []
        self._errors: tuple[str, ...] = ()
        self._asks: tuple[str, ...] = ()
        self._first = True

    def heard(self, view: View) -> None:
        """Tell what a view brings."""
        for one in view.facts:
            if not isinstance(one.fact, PlanChanged):
                continue
            if any(change.touches for change in one.fact.changes):
                self._waiting.append(one.fact)
            else:
                self._app.notify(toast(one.fact), markup=False, timeout=6)
        errors, before = view.readings.plan.errors, self._errors
        self._errors = errors
        if self._first and view.connected:  # what was so before stands in the header and among the alerts
            self._first, self._asks, before = False, view.readings.plan.asks, errors
        if errors and self._broken:
            self._broken = False
            self._app.do_plan()
        elif errors and errors != before:
            told = f"the plan file has {count(len(errors), 'error')}, and the last good plan stays in force"
            self._app.notify(f"{told} ({key_of('plan')} lists them)", severity="error", markup=False, timeout=10)
        elif before and not errors:
            self._app.notify("the plan file is good again", markup=False)
        self._hold_back(view.readings.plan.asks)
        self.offer()

    def _hold_back(self, asks: tuple[str, ...]) -> None:
        """Tell of changes that await trust, unless the dialog of what is in force will."""
        new, self._asks = asks and asks != self._asks, asks
        if new and not self._waiting:
            told = f"{count(len(asks), 'change')} of the plan {'awaits' if len(asks) == 1 else 'await'} your trust"
            kept = f"the old values stay in force until then ({key_of('trust')} shows them)"
            self._app.notify(f"{told}: {kept}", severity="warning", markup=False, timeout=10)

    def offer(self) -> None:
        """Open the dialog of what changed, unless something else is being done just now."""
        front = self._app.screen
        free = isinstance(front, Page) and front.PAGE != COMMANDS and front.focused is None and not self._app.lent
        if self._waiting and free:
            from cockpit.ui.screens.changed import ChangedScreen

            facts, self._waiting = self._waiting, []
            self._app.push_screen(ChangedScreen(facts, self._app.view.readings.plan.asks))
