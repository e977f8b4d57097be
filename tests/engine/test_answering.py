"""When orders are answered: once what became of each of them is on the disk itself."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from cockpit.clock import FakeClock
from cockpit.engine.loop import Engine
from cockpit.schedule.orders import Order
from cockpit.store.journal import Journal

pytestmark = pytest.mark.anyio


async def test_an_order_that_is_given_while_others_are_written_is_answered_with_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "journal.db")
    engine = Engine(journal, FakeClock(1000.0))
    loop, begun, allowed, write = asyncio.get_running_loop(), asyncio.Event(), threading.Semaphore(0), journal.write

    def slowly(batch: Any, snapshot: Any) -> None:
        loop.call_soon_threadsafe(begun.set)
        allowed.acquire(timeout=5)  # a test that fails must end
        write(batch, snapshot)

    monkeypatch.setattr(journal, "write", slowly)
    writing = asyncio.create_task(engine.keep_writing())
    async with asyncio.timeout(10):
        first = asyncio.create_task(engine.order(Order("limits", (), "test", number=3)))
        await begun.wait()
        begun.clear()
        second = asyncio.create_task(engine.order(Order("limits", (), "test", number=4)))
        await asyncio.sleep(0)
        allowed.release()
        assert (await first).ok
        await begun.wait()
        assert (engine.written.max_agents(), second.done()) == (3, False)
        allowed.release()
        assert (await second).ok
        assert engine.written.max_agents() == 4
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    journal.close()
