"""Another workstream's output is asked for once the cursor rests on it, and never for those that it passed."""

import asyncio

import pytest

from cockpit.ui import feed
from cockpit.ui.feed import OutputFeed
from tests.ui.fakes import busy
from tests.ui.opening import opened

pytestmark = pytest.mark.anyio


async def test_what_the_cursor_passes_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "REST_S", 0.02)
    handle = busy()
    async with opened(handle) as one:
        pane = one.page.output
        fed = OutputFeed(handle, pane)
        assert fed.wants("ci-testing", "ci-testing-1", 5)
        await fed.run()
        handle.asked.clear()
        assert fed.wants("database", "database-1", 5)
        running = asyncio.create_task(fed.run())
        await asyncio.sleep(0)
        fed.wants("security", "security-1", 5)
        await running
        assert {given["workstream"] for _, given in handle.asked if "workstream" in given} == {"security"}
