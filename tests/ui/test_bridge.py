"""The bridge joins views that come too fast, hands on a loss at once, and shows its own errors."""

import asyncio

import pytest

from cockpit.engine.handle import View
from cockpit.errors import DriverGoneError
from cockpit.schedule import facts as f
from cockpit.ui import bridge as bridge_module
from cockpit.ui.bridge import Bridge, merged
from tests.ui.fakes import FakeHandle, busy
from tests.ui.opening import opened, text_of

pytestmark = pytest.mark.anyio


async def spin(rounds: int = 10) -> None:
    for _ in range(rounds):
        await asyncio.sleep(0)


async def following(handle: FakeHandle, interval_s: float) -> tuple[Bridge, list[View], asyncio.Task[None]]:
    seen: list[View] = []
    bridge = Bridge(handle, seen.append, lambda error: pytest.fail(str(error)), interval_s=interval_s)
    task = asyncio.create_task(bridge.follow())
    await spin()
    return bridge, seen, task


async def test_the_first_view_comes_at_once_and_many_come_as_one() -> None:
    handle = busy()
    bridge, seen, task = await following(handle, 3600.0)
    assert len(seen) == 1
    for text in ("a", "b", "c"):
        handle.record(f.OrderDone("o", text))
    await spin()
    assert len(seen) == 1
    bridge.flush()
    assert [getattr(one.fact, "note", "") for one in seen[1].facts] == ["a", "b", "c"]
    assert seen[1].snapshot is handle.snapshot
    task.cancel()


async def test_what_waits_is_handed_on_when_its_time_comes() -> None:
    handle = busy()
    _, seen, task = await following(handle, 0.01)
    handle.publish()
    handle.publish()
    for _ in range(200):
        if len(seen) == 2:
            break
        await asyncio.sleep(0.005)
    assert len(seen) == 2
    task.cancel()


async def test_a_key_goes_before_a_view_but_many_keys_hold_none_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge_module, "LATEST_S", 0.02)
    handle = busy()
    bridge, seen, task = await following(handle, 0.0)
    bridge.hear()
    handle.publish()
    await spin()
    assert len(seen) == 1
    for _ in range(200):
        bridge.hear()
        if len(seen) == 2:
            break
        await asyncio.sleep(0.005)
    assert len(seen) == 2
    task.cancel()


async def test_a_driver_that_is_gone_is_handed_on_without_waiting() -> None:
    handle = busy()
    _, seen, task = await following(handle, 3600.0)
    handle.connected = False
    handle.publish()
    await spin()
    assert [view.connected for view in seen] == [True, False]
    task.cancel()


async def test_a_subscription_that_ends_is_a_driver_that_is_gone() -> None:
    handle = busy()
    _, seen, task = await following(handle, 3600.0)
    handle.break_line()
    await task
    assert not seen[-1].connected
    assert seen[-1].snapshot is handle.snapshot


async def test_a_subscription_that_is_given_up_says_nothing() -> None:
    handle = busy()
    _, seen, task = await following(handle, 3600.0)
    handle.publish()
    await spin()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [view.connected for view in seen] == [True]


async def test_changed_workstreams_are_united_and_unknown_means_all() -> None:
    view = busy().view()
    one = View(view.snapshot, changed=frozenset("a"))
    two = View(view.snapshot, changed=frozenset("b"))
    assert merged(one, two).changed == frozenset("ab")
    assert merged(one, view).changed is None


async def test_an_error_while_following_is_shown_and_the_last_state_stays() -> None:
    handle = busy()
    async with opened(handle) as one:
        handle.break_line(DriverGoneError("[/the line] is \x1b[31mcut"))
        await one.until(lambda: "✗ following the driver: [/the line] is cut" in one.status)
        assert "✗ driver gone" in text_of(one.page.header)
        assert "● running" in one.screen_text()
        await one.press("R")
        await one.until(lambda: "driver gone" not in text_of(one.page.header))


async def test_what_cannot_be_shown_in_its_time_is_said_and_the_next_view_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handle = busy()
    async with opened(handle) as one:
        take = one.app._arrivals.take
        bridge = one.app.bridge

        def broken(view: View) -> None:
            monkeypatch.setattr(bridge, "_deliver", take)
            raise ValueError("[/boom] \x1b[31mhere")

        monkeypatch.setattr(bridge, "_deliver", broken)
        bridge.hear()
        handle.publish()
        await one.until(lambda: "✗ following the driver: [/boom] here" in one.status)
        handle.record(f.WorkstreamWanted("docs"))
        await one.until(lambda: one.app.view.snapshot.workstreams["docs"].wanted)


async def test_leaving_the_screen_lets_go_of_the_driver() -> None:
    handle = busy()
    async with opened(handle):
        assert handle.subscribers
    assert handle.subscribers == []
