"""Says what of long work is being done just now, and since when: gates, merges, clean-ups; a reading, and no fact."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cockpit.schedule.readings import Step

if TYPE_CHECKING:
    from cockpit.engine.loop import Engine


@contextmanager
def step(engine: "Engine", workstreams: Iterable[str], what: str) -> Iterator[None]:
    """Show what is being done to some workstreams for as long as it lasts, or until something else is."""
    shown = Step(what, engine.clock.now())
    keys = tuple(workstreams)
    engine.read(steps=dict.fromkeys(keys, shown))
    try:
        yield
    finally:
        # What came later stays; what was before may be over by now, and nobody would end it a second time.
        engine.read(steps={key: None for key in keys if engine.readings.steps.get(key) == shown})


@contextmanager
def step_of_legs(engine: "Engine", legs: Iterable[str], what: str) -> Iterator[None]:
    """Show what is being done to the workstreams of some legs for as long as it lasts."""
    with step(engine, dict.fromkeys(engine.snapshot.legs[key].workstream for key in legs), what):
        yield
