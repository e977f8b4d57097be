"""Quitting: asked about where anything is under way, left going on or stopped; a second ctrl+c asks nothing."""

from typing import TYPE_CHECKING, Any

from cockpit.errors import CockpitError
from cockpit.ui.looks import line
from cockpit.ui.working import beside

if TYPE_CHECKING:
    from textual.screen import Screen

    from cockpit.ui.app import CockpitApp

LEAVE, STOP = "leave", "stop"


class Quitting:
    """Ends the app with LEAVE, or with STOP after all that runs was stopped."""

    def __init__(self, app: "CockpitApp") -> None:
        self._app = app
        self._dialog: Screen[Any] | None = None

    def ask(self) -> None:
        """Quit; ask first when anything is under way."""
        front = self._app.screen
        if self._app.ordering.ask_about_quitting(self._answered):
            self._dialog = self._app.screen if self._app.screen is not front else None
        else:
            self._app.exit(LEAVE)

    def interrupt(self) -> None:
        """Quit; the second time at once, leaving all running."""
        if self._dialog is not None and self._dialog in self._app.screen_stack:
            self._app.exit(LEAVE)
        else:
            self.ask()

    def _answered(self, answer: str | None) -> None:
        if answer == "yes":
            self._app.exit(LEAVE)
        elif answer == "other":
            beside(self._app, self._stop, "stopping", "stopping")

    async def _stop(self) -> None:
        try:
            await self._app.ordering.stop_all()
        except CockpitError as error:
            self._app.fail(f"not stopped: {line(error.what)}")
        else:
            self._app.exit(STOP)
