"""What the operator's keys order, what is asked before, and what is said when it cannot be done."""

import gc
from functools import partial

import pytest
from textual.widgets import Button, Input, Static

from cockpit.schedule import facts as f
from cockpit.schedule.orders import Order
from cockpit.schedule.states import State
from cockpit.ui.app import CockpitApp
from cockpit.ui.screens.confirm import ConfirmScreen
from cockpit.ui.working import beside
from tests.ui.fakes import busy, loaded, six, under_way
from tests.ui.opening import Opened, opened

pytestmark = pytest.mark.anyio
WHO = "user@screen"
SHOWN = "c0ffee1"  # the commit that the fakes have in review


def asked(one: Opened) -> str:
    return str(one.confirm.query_one("#question", Static).content)


def able_keys(one: Opened) -> dict[str, bool]:
    footer = one.page.keys()
    return {key: able for key, _, able in footer}


def limit_is(one: Opened, number: int) -> bool:
    return one.app.view.snapshot.max_agents() == number


async def test_s_starts_what_the_cursor_is_on() -> None:
    async with opened(loaded(six())) as one:
        await one.press("s")
        await one.until(lambda: one.handle.orders == [Order("start", ("ci-testing",), WHO)])
        await one.until(lambda: "○ ready" in one.lines()[1])
        assert "✓ start ci-testing" in one.status


async def test_s_asks_whether_to_start_what_it_needs_too() -> None:
    async with opened(loaded(six())) as one:
        await one.on("docs")
        await one.press("s")
        assert "Needs 2 workstreams that are not started: database, cli" in asked(one)
        await one.press("right", "right", "enter")
        await one.until(lambda: one.handle.orders == [Order("start", ("docs",), WHO, also_needed=True)])
        assert one.handle.snapshot.workstreams["database"].wanted


async def test_s_can_start_only_what_was_chosen() -> None:
    async with opened(loaded(six())) as one:
        await one.on("docs")
        await one.press("s", "right", "enter")
        await one.until(lambda: one.handle.orders == [Order("start", ("docs",), WHO)])


async def test_p_pauses_what_runs_and_resumes_what_is_paused() -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.press("p")
        await one.until(lambda: handle.orders == [Order("pause", ("ci-testing",), WHO)])
        handle.record(f.LegPaused("ci-testing/ci-testing-1"))
        await one.until(lambda: "paused" in one.lines()[1])
        await one.press("p")
        await one.until(lambda: handle.orders[1:] == [Order("resume", ("ci-testing",), WHO)])


async def test_p_on_marks_does_both_each_to_its_own() -> None:
    handle = busy()
    handle.record(f.LegPaused("ci-testing/ci-testing-1"), publish=False)
    handle.record(f.LegRetried("database/database-1"), publish=False)
    under_way(handle, "database/database-1", "coder#2")
    async with opened(handle) as one:
        await one.press("space", "j", "space", "p")
        await one.until(
            lambda: handle.orders == [Order("pause", ("database",), WHO), Order("resume", ("ci-testing",), WHO)]
        )


async def test_r_retries_what_failed() -> None:
    async with opened(busy()) as one:
        await one.on("database")
        await one.press("r")
        await one.until(lambda: one.handle.orders == [Order("retry", ("database",), WHO)])
        assert one.handle.snapshot.state_of("database") is State.READY


async def test_x_names_its_target_stands_on_cancel_and_stops_on_yes() -> None:
    async with opened(busy()) as one:
        await one.press("x")
        assert "ci-testing" in asked(one)
        assert "Ends 1 run now" in asked(one)
        assert one.app.focused is one.confirm.query_one("#cancel")
        await one.press("enter")
        assert one.handle.orders == []
        assert "nothing was done" in one.status
        await one.press("x", "right", "enter")
        await one.until(lambda: one.handle.orders == [Order("stop", ("ci-testing",), WHO)])


async def test_y_says_yes_and_esc_cancels() -> None:
    async with opened(busy()) as one:
        await one.press("x", "escape")
        assert one.app.screen is one.page
        await one.press("x", "y")
        await one.until(lambda: len(one.handle.orders) == 1)


async def test_a_confirm_checks_again_when_it_is_confirmed() -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.on("database")
        await one.press("C")
        assert not isinstance(one.app.screen, ConfirmScreen)
        handle.record(f.LegStopped("database/database-1"), f.WorkstreamUnwanted("database"))
        await one.until(lambda: "stopped" in one.lines()[3])
        await one.press("C")
        assert "rescue" in asked(one)
        await one.until(lambda: "3 ignored files of 1.5 MB go with it, and are not kept." in asked(one))
        handle.record(f.LegRetried("database/database-1"), f.WorkstreamWanted("database"))
        await one.until(lambda: "ready" in one.lines()[3])
        await one.press("y")
        assert "no longer possible" in str(one.confirm.query_one("#refused", Static).content)
        assert handle.orders == []


async def test_a_approves_at_once_and_a_capital_a_rejects_with_a_reason() -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.on("security")
        await one.press("A")
        await one.press(*"yes no", "enter")
        await one.until(lambda: handle.orders == [Order("reject", ("security",), WHO, "yes no", expected=SHOWN)])
        assert handle.snapshot.legs["security/security-1"].lessons[-1].endswith("yes no")


async def test_a_rejection_needs_a_reason() -> None:
    async with opened(busy()) as one:
        await one.on("security")
        await one.press("A", "enter")
        assert "needs a reason" in str(one.confirm.query_one("#refused", Static).content)
        assert one.app.focused is one.confirm.query_one("#reason", Input)
        await one.press("escape")
        assert one.handle.orders == []


async def test_a_gives_the_approval() -> None:
    async with opened(busy()) as one:
        await one.on("security")
        await one.press("a")
        await one.until(lambda: one.handle.orders == [Order("approve", ("security",), WHO, expected=SHOWN)])
        await one.until(lambda: "queued" in one.lines()[2])
        await one.press("m")
        await one.until(lambda: one.handle.orders[1:] == [Order("merge", ("security",), WHO, expected=SHOWN)])


async def test_a_decision_names_the_work_that_was_shown() -> None:
    first, second = "1" * 40, "2" * 40
    handle = busy()
    handle.record(f.WorkCommitted("security/security-1", first, "tree"), publish=False)
    async with opened(handle) as one:
        await one.on("security")
        await one.press("A", "n", "o")
        handle.record(f.LegRebased("security/security-1", "base", second, "tree"))
        await one.until(lambda: one.app.view.snapshot.legs["security/security-1"].commit == second)
        await one.press("enter")
        assert "its work is not what it was" in str(one.confirm.query_one("#refused", Static).content)
        assert not handle.orders
        await one.press("escape")
        handle.record(f.LegRebased("security/security-1", "base", first, "tree"), publish=False)
        await one.press("a")  # the screen has not been told of what came meanwhile
        await one.until(lambda: handle.orders == [Order("approve", ("security",), WHO, expected=second)])
        await one.until(lambda: "security is not what was shown any more" in one.status)
        assert handle.snapshot.legs["security/security-1"].state is State.REVIEW


async def test_capital_m_merges_all_that_is_approved_after_asking() -> None:
    handle = busy()
    handle.record(f.ApprovalGiven("security/security-1", "merge"), publish=False)
    async with opened(handle) as one:
        await one.press("M")
        assert asked(one).startswith("security")
        await one.press("y")
        await one.until(lambda: handle.orders == [Order("merge", by=WHO, everything=True, expected=SHOWN)])


async def test_capital_s_says_how_many_start() -> None:
    async with opened(loaded(six())) as one:
        await one.press("S")
        assert "Starts 6 workstreams, at most 3 agents at once." in asked(one)
        await one.press("y")
        await one.until(lambda: one.handle.orders == [Order("start", by=WHO, everything=True)])


async def test_capital_p_holds_launching_and_frees_it_again() -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.press("P")
        await one.until(lambda: handle.orders == [Order("drain", by=WHO)])
        await one.until(lambda: one.app.view.snapshot.held)
        await one.press("P")
        await one.until(lambda: handle.orders[1:] == [Order("undrain", by=WHO)])


async def test_plus_and_minus_change_the_limit_down_to_one() -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.press("plus")
        await one.until(lambda: one.app.view.snapshot.max_agents() == 4)
        for left in (3, 2, 1):
            await one.press("minus")
            await one.until(partial(limit_is, one, left))
        await one.press("minus")
        assert "one agent is the least" in one.status
        assert [order.number for order in handle.orders] == [4, 3, 2, 1]


async def test_a_disabled_key_says_why_and_is_dim_in_the_footer() -> None:
    async with opened(busy(), (200, 40)) as one:
        await one.press("r")
        assert "r retry: ci-testing is running: only what failed" in one.status
        assert one.handle.orders == []
        keys = able_keys(one)
        assert keys["p"]
        assert not keys["r"]
        await one.on("database")
        await one.pilot.pause()
        assert able_keys(one)["r"]


async def test_hidden_marks_are_counted_aloud_even_where_nothing_is_asked_else() -> None:
    async with opened(busy()) as one:
        await one.press("j", "space", "slash", *"failed", "enter")
        assert "1 hidden" in str(one.grid.border_title)
        await one.press("a")
        assert "1 marked workstream of these is hidden by the filter." in asked(one)
        await one.press("y")
        await one.until(lambda: one.handle.orders == [Order("approve", ("security",), WHO, expected=SHOWN)])


async def test_a_refusal_stays_until_it_is_read() -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.on("security")
        # unpublished: the screen's view is older than the driver's
        handle.record(f.ApprovalGiven("security/security-1", "merge"), publish=False)
        await one.press("a")
        await one.until(lambda: "✗ approve security: security is queued and awaits no approval" in one.status)
        await one.press("j")
        assert one.status.startswith("✗ approve")
        await one.press("escape")
        assert one.status == ""


async def test_an_order_that_cannot_reach_the_driver_says_so() -> None:
    handle = busy()
    async with opened(handle) as one:
        handle.connected = False
        await one.press("p")
        await one.until(lambda: "✗ pause ci-testing: the driver is gone" in one.status)


async def test_a_read_only_screen_gives_no_orders() -> None:
    async with opened(busy(), read_only=True) as one:
        await one.press("s", "p", "x", "S", "P", "plus")
        assert "read only" in one.status
        assert one.handle.orders == []
        assert one.app.screen is one.page


async def test_start_lets_the_whole_plan_run_when_the_driver_answers() -> None:
    async with opened(loaded(six()), start=True) as one:
        await one.until(lambda: one.handle.orders == [Order("start", by=WHO, everything=True)])


async def test_q_asks_while_something_runs_and_says_what_goes_on() -> None:
    async with opened(busy()) as one:
        await one.press("q")
        assert "1 workstream is under way." in asked(one)
        assert one.app.focused is one.confirm.query_one("#cancel")
        await one.press("enter")
        assert one.app.is_running
        await one.press("q", "y")
    assert one.app.return_value == "leave"
    assert one.handle.orders == []


async def test_q_asks_too_while_something_only_waits_for_a_slot() -> None:
    handle = loaded(six())
    handle.record(f.WorkstreamWanted("security"), publish=False)
    async with opened(handle) as one:
        await one.press("q")
        assert "1 workstream is under way." in asked(one)


async def test_q_asks_before_the_driver_is_reached_too() -> None:
    handle = busy()
    handle.connected = False
    async with opened(handle) as one:
        assert not one.app.reached
        await one.press("q")
        assert "1 workstream is under way." in asked(one)
        await one.press("y")
    assert one.app.return_value == "leave"


async def test_q_asks_nothing_of_a_driver_that_is_gone() -> None:
    handle = busy()
    async with opened(handle) as one:
        handle.connected = False
        handle.publish()
        await one.until(lambda: not one.app.view.connected)
        await one.press("q")
    assert one.app.return_value == "leave"


async def test_quitting_right_after_opening_leaves_no_work_unbegun() -> None:
    handle = busy()
    app = CockpitApp(handle, handle.view(), clock=handle.clock)
    async with app.run_test(size=(80, 24)) as pilot:
        for key in ("j", "k", "enter"):
            await pilot.press(key)
        beside(app.screen, never_reached, "never begun", "late")
        app.exit("leave")
    assert app.return_value == "leave"
    gc.collect()  # a coroutine that nobody awaited would warn here, and a warning is an error


async def never_reached() -> None:
    """Do nothing: the screen may go before it begins."""


async def test_quitting_can_stop_all() -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.press("q")
        assert str(one.confirm.query_one("#other", Button).label) == "Stop"
        await one.press("right", "enter")
        await one.until(lambda: not one.app.is_running)
    assert one.app.return_value == "stop"
    assert [order.verb for order in handle.orders] == ["drain", "pause", "stop-driver"]
    assert handle.orders[1].targets == ("ci-testing",)


async def test_q_quits_at_once_when_nothing_runs() -> None:
    async with opened(loaded(six())) as one:
        await one.press("q")
    assert one.app.return_value == "leave"


async def test_a_second_ctrl_c_quits_at_once_leaving_all() -> None:
    async with opened(busy()) as one:
        await one.press("ctrl+c")
        assert isinstance(one.app.screen, ConfirmScreen)
        await one.press("ctrl+c")
    assert one.app.return_value == "leave"
    assert one.handle.orders == []


async def test_ctrl_c_asks_again_after_a_cancel() -> None:
    async with opened(busy()) as one:
        await one.press("ctrl+c", "escape", "ctrl+c")
        assert isinstance(one.app.screen, ConfirmScreen)
        one.app.pop_screen()
        await one.press("ctrl+c")
        assert isinstance(one.app.screen, ConfirmScreen), "what was asked about is gone without an answer"
