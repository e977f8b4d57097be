"""Pictures of the pages of the forecast, of the journal and of the log, at the sizes that matter."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from cockpit.schedule import facts as f
from cockpit.ui.app import CockpitApp
from cockpit.ui.widgets.lines import Lines
from tests.ui.fakes import FakeHandle
from tests.ui.test_forecasts import flying
from tests.ui.test_journal import logged

Compare = Callable[..., bool]


def shown(handle: FakeHandle) -> CockpitApp:
    return CockpitApp(handle, handle.view(), clock=handle.clock)


def after(*keys: str, there: str) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Return what presses keys, then waits until all of some texts, parted by bars, are on the screen."""

    async def act(pilot: Pilot[Any]) -> None:
        await pilot.press(*keys)
        for _ in range(200):
            strips = pilot.app.screen._compositor.render_strips()
            text = "\n".join("".join(segment.text for segment in strip) for strip in strips)
            if all(one in text for one in there.split("|")):
                break
            await pilot.pause(0.01)
        else:
            raise AssertionError([str(one.render()) for one in pilot.app.screen.query(Lines)])
        await pilot.pause()

    return act


def late() -> FakeHandle:
    """Return the plan in flight with one leg in check, its gates, its cost and a violation."""
    handle, leg = flying(), "docs/docs-1"
    handle.record(
        f.UsageReported(leg, "docs-1", 200_000, 0, 20_000, 2.5),
        f.RunEnded(leg, "docs-1", "done", 0),
        f.ChecksStarted(leg),
        f.WorkCommitted(leg, "c", "t", files=1),
        f.WorkScanned(leg, "docs-1", "c", 1),
        f.GateFinished(leg, "tests", ok=True, tree="t", seconds=42.0),
        publish=False,
    )
    handle.clock.advance(900)
    return handle


def test_the_journal(snap_compare: Compare) -> None:
    assert snap_compare(shown(logged()), terminal_size=(80, 24), run_before=after("7", "j", there="outcome  stopped"))


def test_what_another_number_of_agents_changes(snap_compare: Compare) -> None:
    act = after("6", "plus", "plus", "j", there="if 5 agents: done")
    assert snap_compare(shown(late()), terminal_size=(80, 24), run_before=act)


def test_how_the_finish_moved_without_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    act = after("6", "right_square_bracket", there="50% by")
    assert snap_compare(shown(late()), terminal_size=(80, 24), run_before=act)


def test_the_figures(snap_compare: Compare) -> None:
    act = after("6", "left_square_bracket", "w", "w", "w", there=" 1┤|100┤|2.5┤| 42┤")
    assert snap_compare(shown(late()), terminal_size=(120, 40), run_before=act)
