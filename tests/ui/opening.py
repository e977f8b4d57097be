"""Opens the cockpit over a fake handle, and waits for conditions instead of for seconds."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from cockpit.ui.app import CockpitApp
from cockpit.ui.screens.confirm import ConfirmScreen
from cockpit.ui.screens.grid import GridPage
from cockpit.ui.widgets.grid import Grid
from cockpit.ui.widgets.lines import Lines
from tests.ui.fakes import FakeHandle

ROUNDS = 100


class Opened:
    """An open cockpit: what a test looks at and presses."""

    def __init__(self, app: CockpitApp, pilot: Pilot[str], handle: FakeHandle) -> None:
        self.app, self.pilot, self.handle = app, pilot, handle

    @property
    def page(self) -> GridPage:
        page = self.app.screen_stack[0]
        assert isinstance(page, GridPage)
        return page

    @property
    def front(self) -> object:
        return self.app.screen

    @property
    def grid(self) -> Grid:
        return self.page.grid

    @property
    def status(self) -> str:
        return text_of(self.page.status)

    @property
    def confirm(self) -> ConfirmScreen:
        screen = self.app.screen
        assert isinstance(screen, ConfirmScreen)
        return screen

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, condition: Callable[[], Any]) -> None:
        for _ in range(ROUNDS):
            if condition():
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"never came true; the status line says {self.status!r}")

    async def on(self, workstream: str) -> None:
        """Put the cursor on a workstream."""
        self.grid.go_to_row(workstream)
        await self.pilot.pause()

    def lines(self) -> list[str]:
        """Return what the grid draws, line by line."""
        return ["".join(segment.text for segment in self.grid.render_line(y)) for y in range(self.grid.size.height)]

    def screen_text(self) -> str:
        """Return all that is on the screen."""
        return "\n".join("".join(s.text for s in strip) for strip in self.app.screen._compositor.render_strips())


def text_of(widget: Lines) -> str:
    return str(widget.content)


@asynccontextmanager
async def opened(handle: FakeHandle, size: tuple[int, int] = (120, 40), **options: Any) -> AsyncIterator[Opened]:
    app = CockpitApp(handle, handle.view(), clock=handle.clock, **options)
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        one = Opened(app, pilot, handle)
        await one.until(lambda: handle.subscribers)
        yield one
