"""Follows the driver's views and hands them on at most ten times a second, the latest winning; draws nothing.

A key goes first: what it changes is painted before the next view is handed on.
"""

import asyncio
from collections.abc import Callable

from msgspec.structs import replace

from cockpit.engine.handle import Handle, View

INTERVAL_S = 0.1
KEY_S, LATEST_S = 0.03, 0.3
"""A view waits so long after a key, and so long at most while one key follows the other."""


def merged(older: View, newer: View) -> View:
    """Return the newer view with what is new in both: facts joined, changed workstreams united."""
    changed = None if older.changed is None or newer.changed is None else older.changed | newer.changed
    return replace(newer, facts=(*older.facts, *newer.facts), changed=changed)


class Bridge:
    """One subscription: views that come faster than they are shown are joined before they are handed on.

    `failed` is told why one could not be handed on later than it came; the next one is handed on all the same.
    """

    def __init__(
        self,
        handle: Handle,
        deliver: Callable[[View], None],
        failed: Callable[[Exception], None],
        *,
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._failed = failed
        self._handle = handle
        self._deliver = deliver
        self._interval_s = interval_s
        self._waiting: View | None = None
        self._last: View | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._not_before = self._latest = 0.0

    async def follow(self) -> None:
        """Hand on views until the subscription ends; its end is shown as a driver that is gone."""
        try:
            async for view in self._handle.subscribe():
                self._take(view)
            self._gone("its line was closed")
        except asyncio.CancelledError:
            self._waiting = None
            raise
        except Exception:
            self._gone("its line broke")
            raise
        finally:
            self.flush()

    def flush(self) -> None:
        """Hand on what waits, now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting is not None:
            view, self._waiting = self._waiting, None
            self._not_before = asyncio.get_running_loop().time() + self._interval_s
            self._deliver(view)

    def hear(self) -> None:
        """Be told of a key."""
        self._not_before = max(self._not_before, asyncio.get_running_loop().time() + KEY_S)

    def _take(self, view: View) -> None:
        dropped = self._last is not None and self._last.connected != view.connected
        if self._waiting is None:
            self._latest = max(self._not_before, asyncio.get_running_loop().time() + LATEST_S)
        self._waiting = view if self._waiting is None else merged(self._waiting, view)
        self._last = view
        if dropped:
            self.flush()
        elif self._timer is None:
            self._flush_in_time()

    def _flush_in_time(self) -> None:
        loop, due = asyncio.get_running_loop(), min(self._not_before, self._latest)
        self._timer = None
        if loop.time() < due:
            self._timer = loop.call_at(due, self._flush_in_time)
            return
        try:
            self.flush()
        except Exception as error:  # noqa: BLE001 - nobody awaits a timer: it would be said to no one
            self._failed(error)

    def _gone(self, why: str) -> None:
        if self._last is not None and self._last.connected:
            self._take(replace(self._last, facts=(), changed=frozenset(), connected=False, problem=why))
