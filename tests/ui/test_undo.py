"""Taking back the last order: exactly where that can be, and otherwise saying what comes nearest."""

import pytest

from cockpit.schedule import facts as f
from cockpit.schedule.carry import carry_out
from cockpit.schedule.orders import VERBS, Order
from cockpit.ui.keys import BY_NAME
from cockpit.ui.undoing import Given, inverse
from tests.ui.fakes import FakeHandle, busy, loaded, six, under_way
from tests.ui.opening import opened

WHO = "user@screen"
KEYS = {name: action.shown for name, action in BY_NAME.items()}


def undone(handle: FakeHandle, order: Order, *later: f.Fact) -> Order | str:
    before = handle.snapshot
    handle.record(*carry_out(before, order).facts, *later, publish=False)
    return inverse(Given(order, before), handle.snapshot, WHO, KEYS)


def test_what_nobody_took_yet_is_started_no_more() -> None:
    assert undone(loaded(six()), Order("start", ("cli",), also_needed=True)) == Order("stop", ("database", "cli"), WHO)
    assert undone(loaded(six()), Order("start", ("cli",))) == Order("stop", ("cli",), WHO)
    everything = undone(busy(), Order("start", everything=True))
    assert everything == Order("stop", ("docs",), WHO), "what was started before stays so"


def test_what_an_agent_took_is_not_unstarted() -> None:
    took = f.LegTaken("security/security-1", "security-1", "coder#1")
    assert undone(loaded(six()), Order("start", ("security",)), took) == (
        "it has no exact inverse: security is preparing; x stops it"
    )
    gone = f.WorkstreamUnwanted("security")
    assert undone(loaded(six()), Order("start", ("security",)), gone) == "it is not started any more"


def test_pausing_and_resuming_undo_each_other_once_they_are_done() -> None:
    leg, pause = "ci-testing/ci-testing-1", Order("pause", ("ci-testing",))
    assert undone(busy(), pause) == "ci-testing is being paused, and only what is paused can be resumed"
    ended = (f.RunEnded(leg, "ci-testing-1", "stopped"), f.LegPaused(leg))
    handle = busy()
    assert undone(handle, pause, *ended) == Order("resume", ("ci-testing",), WHO)
    again = undone(handle, Order("resume", ("ci-testing",)))
    assert again == "ci-testing is ready, and only what is running can be paused"
    under_way(handle, leg, "claude#1")
    assert inverse(Given(Order("resume", ("ci-testing",)), handle.snapshot), handle.snapshot, WHO, KEYS) == Order(
        "pause", ("ci-testing",), WHO
    )


def test_holding_and_limits_are_set_back() -> None:
    assert undone(busy(), Order("drain")) == Order("undrain", by=WHO)
    assert undone(busy(), Order("limits", number=5)) == Order("limits", by=WHO, number=3)
    changed = f.AgentLimitChanged(7)
    assert undone(busy(), Order("limits", number=5), changed) == "the number is 7 by now"


def test_what_was_added_to_a_prompt_is_set_back_until_a_run_was_told() -> None:
    handle, leg = busy(), "security/security-1"
    handle.record(f.PromptChanged(leg, "Use tabs."), publish=False)
    more = Order("prompt", ("security",), WHO, "Mind the docs.", how="add")
    assert undone(handle, more) == Order("prompt", ("security",), WHO, "Use tabs.")
    told = f.AdditionTold(leg, "security-2", "Use tabs.\n\nMind the docs.\n\nMore.")
    assert undone(handle, Order("prompt", ("security",), WHO, "More.", how="add"), told) == "a run was told it since"
    assert undone(handle, Order("prompt", ("security",), WHO, "x"), f.PromptChanged(leg, "y")) == "it was changed since"


@pytest.mark.parametrize("verb", VERBS)
def test_every_other_order_says_what_comes_nearest(verb: str) -> None:
    snapshot = busy().snapshot
    found = inverse(Given(Order(verb, ("security",), number=1), snapshot), snapshot, WHO, KEYS)
    assert isinstance(found, Order) or (found and "{" not in found)


@pytest.mark.anyio
async def test_u_takes_back_what_can_be_taken_back_one_after_the_other() -> None:
    async with opened(loaded(six())) as one:
        await one.press("U")
        assert "nothing to undo" in one.status
        await one.press("plus")
        await one.until(lambda: one.app.view.snapshot.max_agents() == 4)
        await one.press("s")
        await one.until(lambda: one.app.view.snapshot.workstreams["ci-testing"].wanted)
        await one.press("U")
        await one.until(lambda: not one.app.view.snapshot.workstreams["ci-testing"].wanted)
        await one.until(lambda: "✓ stop ci-testing" in one.status)
        await one.press("U")
        await one.until(lambda: one.app.view.snapshot.max_agents() == 3)
        await one.press("U")
        await one.until(lambda: "nothing to undo" in one.status)


@pytest.mark.anyio
async def test_u_says_what_comes_nearest_with_the_operators_keys() -> None:
    async with opened(busy()) as one:
        await one.on("security")
        await one.press("a")
        await one.until(lambda: "✓ approve" in one.status)
        await one.press("U")
        assert (
            one.status
            == "approve security: it has no exact inverse: Z rolls the merge back, A rejects what is not merged yet"
        )
    async with opened(busy(), read_only=True) as one:
        await one.press("U")
        assert "read only" in one.status
