"""Makes the pictures of the documentation from a real run of the demo: `make screenshots`, or into a named folder.

Real driver, real scripted agents; what is pictured is waited for, and no figure of it is written by hand.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from cockpit.cli.demo import PLAN, make
from cockpit.cli.trusting import keep_trust
from cockpit.engine.driver import Driver
from cockpit.engine.handle import View
from cockpit.engine.project import Project, open_project
from cockpit.schedule.orders import Order
from cockpit.schedule.snapshot import Snapshot
from cockpit.schedule.states import State
from cockpit.ui.app import CockpitApp
from cockpit.ui.screens.grid import GridPage

DOCS = Path(__file__).resolve().parent.parent / "docs"
PICTURES = {"screenshot.svg": (120, 34), "side-pane.svg": (40, 30)}
PACE_S = "6"  # how long the scripted agents take for an issue, so that some run while the pictures are taken
DEADLINE_S = 120.0


class Scene:
    """A demo that is carried to the moment of the pictures."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    @property
    def snapshot(self) -> Snapshot:
        return self.driver.engine.snapshot

    async def order(self, verb: str, *targets: str) -> None:
        answer = await self.driver.handle.order(Order(verb, targets, by="operator@screen"))
        if not answer.ok:
            raise RuntimeError(f"{verb} {' '.join(targets)}: {answer.note}")

    async def until(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait for a fact. Raises TimeoutError with what never came."""
        deadline = asyncio.get_running_loop().time() + DEADLINE_S
        while not condition():
            if asyncio.get_running_loop().time() > deadline:
                raise TimeoutError(f"never came: {what}")
            await asyncio.sleep(0.02)

    async def reaches(self, leg: str, state: State) -> None:
        await self.until(f"{leg} {state.value}", lambda: self.snapshot.legs[leg].state is state)

    async def merged(self, leg: str) -> None:
        await self.reaches(leg, State.REVIEW)
        await self.order("approve", leg.partition("/")[0])
        await self.reaches(leg, State.MERGED)

    async def play(self) -> None:
        """Carry the demo to where one leg runs, one is in conflict, one quarantined, one about to be retried."""
        await self.order("start", "rates", "pricing", "labels", "storage", "invoices")
        await self.merged("rates/RT-1")
        await self.reaches("pricing/PR-1", State.REVIEW)
        await self.order("approve", "pricing")
        await self.reaches("pricing/PR-1", State.CONFLICT)
        await self.reaches("labels/LB-1", State.QUARANTINED)
        await self.merged("storage/ST-1")
        await self.order("start", "orders")
        await self.reaches("storage/ST-2", State.RUNNING)
        await self.until("its output", partial(self._prints, "storage/ST-2"))
        await self.reaches("orders/OR-1", State.RETRYING)

    def _prints(self, leg: str) -> bool:
        runs = [run for run in self.snapshot.runs.values() if run.leg == leg and run.folder]
        log = Path(runs[-1].folder) / "stdout.log" if runs else None
        return log is not None and log.exists() and log.read_bytes().count(b"\n") > 1


async def take() -> dict[str, str]:
    """Run the demo in a temporary folder, and return the pictures, as SVG by their names."""
    for variable in ("NO_COLOR", "TEXTUAL_THEME"):
        os.environ.pop(variable, None)
    with tempfile.TemporaryDirectory(prefix="cockpit-pictures-") as folder:
        os.environ["XDG_CONFIG_HOME"] = str(Path(folder) / "config")
        os.environ["SCRIPTED_PACE"] = PACE_S
        project = open_project(make(Path(folder) / "parcel") / PLAN)
        keep_trust(project)
        async with driving(project) as driver:
            scene = Scene(driver)
            try:
                await scene.play()
                return {name: await picture(scene, size) for name, size in PICTURES.items()}
            finally:
                await end_all(scene)


@asynccontextmanager
async def driving(project: Project) -> AsyncIterator[Driver]:
    """Drive a plan in this process."""
    driver = Driver(project)
    await driver.start()
    running = asyncio.create_task(driver.run(detached=False, wait=True))
    try:
        yield driver
    finally:
        driver.engine.stop()
        with suppress(asyncio.CancelledError):
            await running
        await driver.close()


async def end_all(scene: Scene) -> None:
    """End the agents that still run, so that nothing writes into a folder that goes."""
    await scene.driver.handle.order(Order("stop", by="operator@screen", everything=True))
    await scene.until("all ended", lambda: all(run.ended or not run.started for run in scene.snapshot.runs.values()))


async def picture(scene: Scene, size: tuple[int, int]) -> str:
    """Open the cockpit at a size, go to a workstream whose agent runs, and return what is seen as SVG."""
    handle = scene.driver.handle
    app = CockpitApp(handle, View(scene.snapshot, scene.driver.engine.readings), who="operator@screen")
    app.animation_level = "none"
    async with app.run_test(size=size, notifications=False) as pilot:
        page = app.page
        if not isinstance(page, GridPage):
            raise TypeError("the grid is not in front")
        page.grid.go_to_row("storage")
        await scene.until("the base's commit", lambda: bool(app.view.readings.base_commit))
        await scene.until("a forecast", lambda: app.view.readings.forecast is not None)
        await scene.until("the output on the screen", lambda: bool(page.output.plain()))
        await pilot.pause()
        await pilot.pause(0.3)
        # Some viewers drop the spaces that a piece of a line begins with, unless they are told not to.
        return app.export_screenshot().replace("<svg ", '<svg xml:space="preserve" ', 1)


def main() -> None:
    """Write the pictures into docs/, or into the folder that is named."""
    into = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS
    into.mkdir(parents=True, exist_ok=True)
    for name, svg in asyncio.run(take()).items():
        (into / name).write_text(svg, encoding="utf-8")
        sys.stdout.write(f"wrote {into / name}\n")


if __name__ == "__main__":
    main()
