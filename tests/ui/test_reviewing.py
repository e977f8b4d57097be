"""From one review to the next by keys: ten of them in no more than twenty, and none that is decided on unseen."""

from functools import partial

import pytest

from cockpit.schedule import facts as f
from cockpit.schedule.orders import Order
from cockpit.schedule.states import State
from cockpit.ui.screens.workstream import LOOK_FIRST_S, WorkstreamPage
from tests.ui.fakes import FakeHandle, loaded, outline, under_way, workstream
from tests.ui.opening import Opened, opened, text_of

pytestmark = pytest.mark.anyio
REVIEWS, KEYS = 10, 20


def reviews(number: int) -> FakeHandle:
    """Return a plan in which so many workstreams await their review, between others that await nothing."""
    names = [f"{kind}{at}" for at in range(number) for kind in ("waits", "done")]
    handle = loaded(outline(*(workstream(one, f"What {one} does", checklist=("it is fast",)) for one in names)))
    for key in names[1::2]:
        leg, run = f"{key}/{key}-1", f"{key}-1"
        under_way(handle, leg, "claude#1", f.RunEnded(leg, run, "done", 0), f.ChecksStarted(leg))
        handle.record(
            f.WorkCommitted(leg, "c0ffee1", "tree", files=4, added=120, removed=33),
            f.GateFinished(leg, "syntax", ok=True, tree="tree", seconds=0.4),
            f.ReviewAsked(leg),
            publish=False,
        )
    return handle


def page(one: Opened) -> WorkstreamPage:
    screen = one.app.screen
    assert isinstance(screen, WorkstreamPage)
    return screen


def _is_on(one: Opened, key: str) -> bool:
    return page(one).workstream == key


async def test_ten_reviews_need_no_more_than_twenty_keys() -> None:
    handle = reviews(REVIEWS)
    pressed = 0
    async with opened(handle) as one:
        await one.press("n")
        pressed += 1
        for at in range(REVIEWS):
            await one.until(partial(_is_on, one, f"done{at}"))
            shown = one.screen_text()
            assert f"What done{at} does" in shown
            assert "✓ syntax" in shown
            assert "it is fast" in shown
            handle.clock.advance(LOOK_FIRST_S)
            await one.press("a")
            pressed += 1
        await one.until(lambda: "nothing more awaits you" in one.screen_text())
    assert pressed <= KEYS
    assert [order.targets for order in handle.orders] == [(f"done{at}",) for at in range(REVIEWS)]
    assert {handle.snapshot.state_of(f"done{at}") for at in range(REVIEWS)} == {State.QUEUED}


async def test_a_key_that_is_held_down_approves_nothing_unseen() -> None:
    handle = reviews(3)
    async with opened(handle) as one:
        await one.press("n", "a")
        await one.until(lambda: page(one).workstream == "done1")
        await one.press("a", "a", "A")
        assert "it came only now: look at it first" in text_of(page(one).status)
        assert [order.targets for order in handle.orders] == [("done0",)]
        handle.clock.advance(LOOK_FIRST_S)
        await one.press("a")
        await one.until(lambda: page(one).workstream == "done2")
        assert one.grid.cursor == "done2"


async def test_a_rejection_goes_on_too_and_other_orders_stay() -> None:
    handle = reviews(2)
    async with opened(handle) as one:
        await one.press("n", "A", *"slow", "enter")
        await one.until(lambda: page(one).workstream == "done1")
        assert handle.orders[0].reason == "slow"
        assert "✓ reject done0 · done1 awaits you · 1 workstream in all" in text_of(page(one).status)
        page(one).ordered(Order("retry", ("done1",)))
        page(one).ordered(Order("approve", ("done0",)))
        assert page(one).workstream == "done1"


async def test_an_approval_that_is_refused_stays_where_it_is() -> None:
    handle = reviews(2)
    async with opened(handle) as one:
        await one.press("n")
        handle.connected = False
        await one.press("a")
        await one.until(lambda: "✗" in text_of(page(one).status))
        assert page(one).workstream == "done0"
