"""The handle of a client in the own process of the driver: for `cockpit run`, and for tests of the app."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from cockpit.engine import wire
from cockpit.engine.feed import Feed
from cockpit.engine.handle import Answer, View
from cockpit.engine.loop import Engine
from cockpit.schedule.fold import replay
from cockpit.schedule.orders import Order


class LocalHandle:
    """A handle on an engine of this process; see `Handle` for what its verbs do."""

    def __init__(self, engine: Engine, ask: Callable[[str, dict[str, Any]], Awaitable[Any]]) -> None:
        self._engine = engine
        self._ask = ask

    async def subscribe(self) -> AsyncIterator[View]:
        """Yield how things stand, at once and after every change."""
        feed = Feed(self._engine)
        try:
            view = self._engine.view()
            snapshot = view.snapshot
            yield view
            while True:
                told, changes = await feed.take()
                facts = tuple(one for one in told if one.seq > snapshot.seq)
                # The engine's own may be ahead, by facts that are not written yet.
                snapshot = self._engine.snapshot if feed.overrun else replay(snapshot, facts)
                changed = None if feed.overrun else wire.workstreams_of(snapshot, facts, changes)
                feed.overrun = False
                yield View(snapshot, self._engine.readings, facts, changed, problem=self._engine.trouble)
        finally:
            feed.close()

    async def order(self, order: Order) -> Answer:
        """Hand in an order and wait until it was carried out or refused."""
        return await self._engine.order(order)

    async def ask(self, question: str, **arguments: Any) -> Any:
        """Ask the driver."""
        return await self._ask(question, arguments)

    async def close(self) -> None:
        """Do nothing: the driver is this process."""
