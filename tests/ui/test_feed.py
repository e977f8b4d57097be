"""Another workstream's output is asked for once the cursor rests on it, and never for those that it passed."""

import asyncio

import pytest

from cockpit.ui import feed
from cockpit.ui.feed import OutputFeed
from cockpit.ui.widgets.output import Output
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


async def test_what_is_shown_further_up_is_not_mixed_with_what_was_on_its_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handle = busy()
    handle.outputs["ci-testing"] = "".join(f"line {at:04}\n" for at in range(3_000))
    async with opened(handle) as one:
        pane = one.page.output
        await one.until(lambda: "line 2999" in pane.plain())  # which the page's own feed brought
        pane.clear()
        fed = OutputFeed(handle, pane)
        fed.wants("ci-testing", "ci-testing-1", 30_000)
        came = asyncio.Event()

        def clear(note: str = "") -> None:
            came.set()
            Output.clear(pane, note)

        monkeypatch.setattr(pane, "clear", clear)
        running = asyncio.create_task(fed.run())
        async with asyncio.timeout(5):
            await came.wait()
        assert await fed.look_at(False, 0)
        await running
        shown = pane.plain().splitlines()
        assert shown[0] == "line 0000"
        assert shown[:-1] == sorted(shown[:-1])
        assert "later output follows" in shown[-1]
