"""A plan of 1,000 workstreams: loading it, a key to its paint over a bare app's, a snapshot applied, and memory."""

import asyncio
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from msgspec.structs import replace

from cockpit.engine.client import driver_pid
from cockpit.engine.handle import View
from cockpit.plan.legs import cut
from cockpit.plan.load import load_plan
from cockpit.schedule.snapshot import Snapshot
from cockpit.store.paths import StateFolder
from cockpit.ui.app import CockpitApp
from cockpit.ui.present import Presenter
from tests.bench.paint import MARKER, bare_app
from tests.bench.terminal import Terminal, memory_mb
from tests.ui.fakes import FakeHandle

KEYS = 15
ROWS = 1000


def load_time(path: Path, rounds: int = 3) -> float:
    """Return the median time to load a plan and cut it into legs."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        cut(load_plan(path).plan)
        times.append(time.perf_counter() - start)
    return median(times)


def key_times(
    plan: Path, marker: bytes, env: Mapping[str, str], state: StateFolder
) -> tuple[float, float, float, float]:
    """Return the median time of a key in the bare app and in the cockpit, and the memory of screen and driver in MB."""
    bare, ours = Terminal(bare_app(ROWS), env), Terminal([sys.executable, "-m", "cockpit", str(plan)], env)
    try:
        bare.wait_for(MARKER)
        ours.wait_for(marker)
        keys = [(bare.key(b"\x1b[B"), ours.key(b"j")) for _ in range(KEYS)]
        driver = memory_mb(driver_pid(state) or 0)
        return median(one for one, _ in keys), median(two for _, two in keys), memory_mb(ours.pid), driver
    finally:
        bare.close()
        ours.close()


def apply_times(snapshot: Snapshot, rounds: int = 9) -> tuple[float, float]:
    """Return the median time to apply a snapshot in which all looks different, and one in which one row does."""

    async def measured() -> tuple[float, float]:
        handle = FakeHandle(snapshot)
        app = CockpitApp(handle, View(snapshot), clock=handle.clock)
        everything, one, presenter = [], [], Presenter()
        presenter.rows(View(snapshot))
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.pause()
            for number in range(rounds):
                legs = {
                    key: replace(leg, reason=f"look {number}", since=leg.since + number)
                    for key, leg in snapshot.legs.items()
                }
                everything.append(_applied(app, presenter, View(replace(snapshot, legs=legs))))
                key, leg = next(iter(legs.items()))
                legs = {**legs, key: replace(leg, reason=f"again {number}")}
                view = View(replace(snapshot, legs=legs), changed=frozenset({leg.workstream}))
                one.append(_applied(app, presenter, view))
                await pilot.pause()
        return median(everything), median(one)

    return asyncio.run(measured())


def _applied(app: CockpitApp, presenter: Presenter, view: View) -> float:
    start = time.perf_counter()
    app._view_came(CockpitApp.ViewCame(view, presenter.rows(view)))
    return time.perf_counter() - start
