"""Views with few new rows are handed on at once; many rows are made in slices, and what comes meanwhile is joined."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping

import pytest

from cockpit.engine.handle import View
from cockpit.schedule import facts as f
from cockpit.schedule.readings import RunReading
from cockpit.ui.arriving import AT_ONCE, Arrivals
from cockpit.ui.present import SLICE, Presenter, Row
from tests.ui.fakes import many, under_way

pytestmark = pytest.mark.anyio
Work = Callable[[], Coroutine[None, None, None]]


async def test_many_rows_are_made_in_slices_and_views_meanwhile_are_joined() -> None:
    handle, presenter = many(200), Presenter()
    under_way(handle, "ws-0003/ws-0003-1", "coder#1")
    begun: list[Work] = []
    seen: list[tuple[View, Mapping[str, Row]]] = []
    arrivals = Arrivals(presenter, begun.append, lambda view, rows: seen.append((view, rows)))
    arrivals.take(handle.view())
    assert (len(begun), seen) == (1, [])
    for text in ("a", "b"):
        handle.record(f.OrderDone("o", text))
        arrivals.take(handle.view(handle.recorded[-1]))
    turns = 0

    async def counting() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(counting())
    await begun.pop()()
    beside.cancel()
    assert turns >= 200 // SLICE - AT_ONCE
    assert [[getattr(one.fact, "note", "") for one in view.facts] for view, _ in seen] == [[], ["a", "b"]]
    assert list(seen[0][1]) == list(handle.snapshot.workstreams)
    assert seen[1][1] is presenter.made

    handle.read(runs={"ws-0003-1": RunReading(output_bytes=5)})
    arrivals.take(handle.view())
    assert not begun
    assert seen[2][1]["ws-0003"].output == ("ws-0003-1", 5)


async def test_rows_that_cannot_be_made_hold_up_no_later_view() -> None:
    handle, presenter = many(200), Presenter()
    begun: list[Work] = []
    seen: list[View] = []
    arrivals = Arrivals(presenter, begun.append, lambda view, _: seen.append(view))
    arrivals.take(handle.view())
    task = asyncio.create_task(begun.pop()())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    handle.record(f.LaunchingHeld())
    arrivals.take(handle.view())
    await begun.pop()()
    assert seen[-1].snapshot is handle.snapshot
    assert len(presenter.made) == 200
