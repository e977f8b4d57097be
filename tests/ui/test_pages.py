"""The page of one workstream, and how pages are opened, followed and left."""

import pytest

from cockpit.schedule import facts as f
from cockpit.schedule.orders import Order
from cockpit.ui.screens.workstream import WorkstreamPage
from tests.ui.fakes import busy
from tests.ui.opening import Opened, opened

pytestmark = pytest.mark.anyio


def page(one: Opened) -> WorkstreamPage:
    screen = one.app.screen
    assert isinstance(screen, WorkstreamPage)
    return screen


async def test_enter_opens_what_is_known_above_the_output_and_esc_leaves() -> None:
    async with opened(busy()) as one:
        await one.press("enter")
        await one.until(lambda: "AssertionError" in one.screen_text())
        text = one.screen_text()
        for part in (
            "live/ci-testing → main",
            "/srv/app.worktrees/ci-testing",
            "7 files +214 −36, 1 untracked",
            "leg 2",
        ):
            assert part in text
        await one.press("escape")
        assert one.app.screen is one.page


async def test_l_shows_the_output_alone_and_keys_scroll_it() -> None:
    handle = busy()
    handle.outputs["ci-testing"] = "".join(f"line {at}\n" for at in range(300))
    async with opened(handle) as one:
        await one.press("l")
        output = page(one).output
        await one.until(lambda: output.scroll_offset.y > 200)
        assert output.size.height > 30
        await one.press("g")
        await one.until(lambda: output.scroll_offset.y == 0)
        await one.press("j", "pagedown", "k", "G")
        await one.until(lambda: output.scroll_offset.y == output.max_scroll_y)
        await one.press("l")
        assert page(one).part == "page"


async def test_t_shows_what_happened_and_follows_it() -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.press("t")
        await one.until(lambda: "ci-testing-1" in one.screen_text() and "started" in one.screen_text())
        assert "22:13:20" in one.screen_text()
        assert "[/boom]" not in one.screen_text()
        handle.record(f.LegFailed("ci-testing/ci-testing-1", "[/boom]"))
        await one.until(lambda: "failed: [/boom]" in one.screen_text())


async def test_orders_on_the_page_are_for_its_workstream_whatever_is_marked() -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.on("docs")
        await one.press("space", "g", "enter", "p")
        await one.until(lambda: handle.orders == [Order("pause", ("ci-testing",), "user@screen")])


async def test_the_page_says_that_the_driver_is_gone() -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.press("enter")
        handle.connected = False
        handle.publish()
        await one.until(lambda: "✗ driver gone: it was killed" in one.screen_text())


async def test_n_on_the_page_goes_on_to_the_next_that_awaits() -> None:
    async with opened(busy()) as one:
        await one.press("enter", "n")
        page = one.app.screen
        assert isinstance(page, WorkstreamPage)
        assert page.workstream == one.grid.cursor == "security"
        assert len(one.app.screen_stack) == 2


async def test_a_workstream_that_leaves_the_plan_is_said_on_its_page() -> None:
    from tests.ui.fakes import outline, workstream

    handle = busy()
    async with opened(handle) as one:
        await one.on("docs")
        await one.press("enter")
        handle.record(f.PlanLoaded("p", "", outline(workstream("other", "x"))))
        await one.until(lambda: "no longer in the plan" in one.screen_text())
        await one.press("s", "escape")
        assert handle.orders == []


async def test_what_came_while_a_page_was_in_front_is_on_the_grid_afterwards() -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.press("enter")
        handle.record(f.ApprovalGiven("security/security-1", "merge"))
        await one.until(lambda: one.app.view.snapshot.state_of("security") == "queued")
        await one.press("escape")
        await one.until(lambda: "▹ queued" in one.screen_text())
