"""The mouse does what the keys do: rows, alerts, the keys at the foot, what menus list; and it is needed nowhere."""

import pytest
from textual import events
from textual.widget import Widget

from cockpit.ui.screens.alerts import AlertsPage
from cockpit.ui.screens.help import HelpScreen
from cockpit.ui.screens.palette import PaletteScreen
from cockpit.ui.screens.workstream import WorkstreamPage
from cockpit.ui.widgets.lines import Keybar
from tests.ui.fakes import busy
from tests.ui.opening import Opened, opened

pytestmark = pytest.mark.anyio


async def click_key(one: Opened, key: str) -> None:
    bar = one.app.screen.query_one(Keybar)
    await one.pilot.click(bar, offset=(str(bar.content).index(key) + 1, 0))
    await one.pilot.pause()


def on(one: Opened, page: type[Widget]) -> bool:
    return isinstance(one.front, page)


def wheel(widget: Widget) -> None:
    widget.post_message(events.MouseScrollDown(widget, 1, 1, 0, 1, 0, shift=False, meta=False, ctrl=False))


async def test_rows_alerts_and_the_keys_at_the_foot_are_clicked() -> None:
    async with opened(busy(), (230, 40)) as one:
        await one.pilot.click("Grid", offset=(10, 4))
        assert one.grid.cursor == "database"
        await click_key(one, "P hold")
        await one.until(lambda: [order.verb for order in one.handle.orders] == ["drain"])
        await click_key(one, "s start")
        assert "database is started already" in one.status, "as when the key is pressed"
        await one.pilot.click("#alerts", offset=(5, 1))
        await one.pilot.pause()
        page = one.app.screen
        assert isinstance(page, AlertsPage)
        await one.until(lambda: page.targets() == ("security",))
        await click_key(one, "esc back")
        assert one.app.screen is one.page
        await one.pilot.click("Grid", offset=(10, 3), times=2)
        await one.pilot.pause()
        assert on(one, WorkstreamPage)
        await one.press("escape")
        await click_key(one, "? help")
        assert on(one, HelpScreen)
        keys = one.app.screen.query_one("#listed-keys")
        await one.until(lambda: keys.max_scroll_y)
        wheel(keys)
        await one.until(lambda: keys.scroll_offset.y)
        await one.press("escape")
        await click_key(one, ": find")
        assert on(one, PaletteScreen)
        await one.press(*"page of all alerts")
        await one.pilot.click("#found", offset=(5, 0))
        await one.pilot.pause()
        assert on(one, AlertsPage), "so every page is a few clicks away"
        await one.pilot.click(Keybar, offset=(0, 0))
        assert on(one, AlertsPage)
