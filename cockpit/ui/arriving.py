"""Views that come → views with their rows: many are made in slices, between which keys are heard; shows nothing."""

import asyncio
from collections.abc import Callable, Coroutine, Generator, Mapping

from cockpit.engine.handle import View
from cockpit.ui.bridge import merged
from cockpit.ui.present import Presenter, Row

AT_ONCE = 4
"""Slices that are made without a pause; most views need fewer."""
Begin = Callable[[Callable[[], Coroutine[None, None, None]]], None]


class Arrivals:
    """Hands on each view with its rows; what comes while rows are made is joined to one view. `begin` starts work."""

    def __init__(self, presenter: Presenter, begin: Begin, deliver: Callable[[View, Mapping[str, Row]], None]) -> None:
        self._presenter = presenter
        self._begin = begin
        self._deliver = deliver
        self._making: tuple[View, Generator[None, None, None]] | None = None
        self._waiting: View | None = None

    def take(self, view: View) -> None:
        """Hand a view on: at once where few rows of it differ."""
        if self._making is not None:
            self._waiting = view if self._waiting is None else merged(self._waiting, view)
            return
        making = self._presenter.making(view)
        for number, _ in enumerate(making, 1):
            if number >= AT_ONCE:
                self._making = view, making
                self._begin(self._go_on)
                return
        self._deliver(view, self._presenter.made)

    async def _go_on(self) -> None:
        try:
            while self._making is not None:
                view, making = self._making
                for _ in making:
                    await asyncio.sleep(0)
                self._deliver(view, self._presenter.made)
                waiting, self._waiting = self._waiting, None
                self._making = (waiting, self._presenter.making(waiting)) if waiting is not None else None
        finally:
            if self._making is not None:
                self._making[1].close()
                self._making = None
