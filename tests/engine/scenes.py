"""Scenes for tests of the engine: a scratch repository, a plan of shell agents, a real driver, and waits for facts.

An agent does what the file `<workstream>.sh` on the scene's stage says; it can wait for a file there and make one.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from cockpit import processtree
from cockpit.engine.client import LazyHandle, driver_pid
from cockpit.engine.driver import Driver
from cockpit.engine.handle import Answer, Handle, View
from cockpit.engine.project import Project, open_project
from cockpit.plan.trust import TrustStore
from cockpit.processtree import ProcessId
from cockpit.schedule.facts import Fact, OrderDone, OrderRefused
from cockpit.schedule.orders import Order
from cockpit.schedule.snapshot import Leg, Snapshot
from cockpit.schedule.states import State
from cockpit.store.paths import state_folder
from tests.git.repos import make_repo, run_git

F = TypeVar("F", bound=Fact)

AGENT = """
wait_for() { while [ ! -e "$STAGE/$1" ]; do sleep 0.05; done; }
tell() { : > "$STAGE/$1"; }
echo "$COCKPIT_WORKSTREAM $COCKPIT_RUN $$" >> "$STAGE/begun"
cat > "$STAGE/$COCKPIT_RUN.prompt"
attempt=$(grep -c "^$COCKPIT_WORKSTREAM " "$STAGE/begun")
. "$STAGE/$COCKPIT_WORKSTREAM.sh"
"""
WRITES = 'echo "$COCKPIT_WORKSTREAM $attempt" >> "$COCKPIT_WORKSTREAM.txt"\n'
DEADLINE_S = 8.0


class Scene:
    """A repository, a plan and a state folder of their own, and what a test does with them."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.repo = make_repo(top)
        self.stage = top / "stage"
        self.stage.mkdir()
        (self.stage / "agent.sh").write_text(AGENT)
        self.path = top / "plan.yaml"
        self.state_dir = top / "state"
        self.state = state_folder(self.repo, "scene", self.state_dir)
        self.before = self.checkout()

    # --- the plan ---------------------------------------------------------------------------------------------

    def plan(self, workstreams: dict[str, dict[str, Any]], *, trusted: bool = True, **more: Any) -> None:
        """Write the plan: workstreams by id (each with its agent's program as `does`), other keys over defaults."""
        rows = []
        for key, given in workstreams.items():
            row = {"id": key, **given}
            self.does(key, row.pop("does", WRITES))
            rows.append(row)
        agent = {"run": ["sh", str(self.stage / "agent.sh")], "env": {"STAGE": str(self.stage)}, "slots": 8}
        plan = {
            "name": "scene",
            "repo": str(self.repo),
            "agents": {"sh": agent},
            "limits": {"agents": 4, "retries": 0, "backoff": "0s", **more.pop("limits", {})},
            "gates": [],
            "approve": {"merge": "never"},
            "cleanup": "never",
            **more,
            "workstreams": rows,
        }
        self.write(yaml.safe_dump(plan, allow_unicode=True, sort_keys=False))
        if trusted:
            self.trust()

    def write(self, text: str) -> None:
        """Replace the plan file as an editor does."""
        fresh = self.path.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self.path)

    def trust(self) -> None:
        """Trust the plan as it is on disk."""
        TrustStore().trust(self.project().loaded)

    def does(self, workstream: str, program: str) -> None:
        """Say what the agent of a workstream does."""
        (self.stage / f"{workstream}.sh").write_text(program)

    def project(self) -> Project:
        """Open the plan."""
        return open_project(self.path, self.state_dir)

    # --- the stage --------------------------------------------------------------------------------------------

    def go(self, name: str) -> None:
        """Make a file that an agent waits for."""
        (self.stage / name).touch()

    def begun(self, workstream: str) -> list[tuple[str, int]]:
        """Return the runs of a workstream that really began: run and pid of the agent."""
        file = self.stage / "begun"
        lines = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
        return [(run, int(pid)) for name, run, pid in lines if name == workstream]

    def prompts(self, workstream: str) -> list[str]:
        """Return what the agents of a workstream were told, run by run."""
        return [(self.stage / f"{run}.prompt").read_text() for run, _ in self.begun(workstream)]

    # --- git --------------------------------------------------------------------------------------------------

    def git(self, *args: str, check: bool = True) -> str:
        """Run git in the operator's checkout."""
        return run_git(self.repo, *args, check=check)

    def base_file(self, path: str) -> str:
        """Return a file as base holds it; empty where it does not."""
        return self.git("show", f"main:{path}", check=False)

    def merges_of(self, leg: str) -> int:
        """Return how many commits on base's first-parent line say that they merged a leg."""
        shape = "--format=%(trailers:key=Cockpit-Leg,valueonly,separator=%x2C)"
        shown = self.git("log", "--first-parent", shape, "main")
        return shown.split().count(leg)

    def checkout(self) -> str:
        """Return what git finds changed in the operator's checkout."""
        return self.git("status", "--porcelain=v1", "-uall")

    def worktree(self, workstream: str) -> Path:
        """Return the folder of a workstream's worktree."""
        return self.top / "repo.worktrees" / workstream

    # --- drivers ----------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def driving(self, agents: int | None = None) -> AsyncIterator["Play"]:
        """Drive the plan in this process until the block ends."""
        driver = Driver(self.project())
        await driver.start(agents=agents)
        running = asyncio.create_task(driver.engine.run(lambda _later: False))
        play = Play(self, driver.handle, driver)
        try:
            async with play.following():
                yield play
        finally:
            driver.engine.stop()
            await running
            await driver.close()

    @asynccontextmanager
    async def client(self) -> AsyncIterator["Play"]:
        """Follow a driver that is a process of its own, started when none runs."""
        handle = LazyHandle(self.path, self.state)
        play = Play(self, handle)
        try:
            async with play.following():
                yield play
        finally:
            await handle.close()

    def driver(self) -> ProcessId | None:
        """Return the driver that runs as a process of its own."""
        pid = driver_pid(self.state)
        return processtree.identity(pid) if pid else None

    def kill_driver(self) -> None:
        """Kill the driver at once, and wait until it is gone."""
        process = self.driver()
        assert process is not None, "no driver runs"
        assert process.pid != os.getpid()
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        gone(process)
        deadline = time.monotonic() + 10
        while driver_pid(self.state) == process.pid:  # its threads end one by one, and the last closes what was open
            assert time.monotonic() < deadline
            time.sleep(0.002)

    # --- afterwards -------------------------------------------------------------------------------------------

    def ours(self) -> list[ProcessId]:
        """Return the processes of runs and gates of this scene: they carry the marker and know its folder."""
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                environ = (entry / "environ").read_bytes()
                if b"COCKPIT_RUN=" in environ and os.fsencode(self.top) in environ:
                    process = processtree.identity(int(entry.name))
                    if process and processtree.alive(process) and process.pid != os.getpid():
                        found.append(process)
        return found

    def check(self) -> None:
        """Assert that nothing runs any more, that the repository is whole, and the checkout as it was."""
        deadline_passes = time.monotonic() + 10
        while (left := self.ours()) and time.monotonic() < deadline_passes:
            processtree.wait_for_end(left, 1.0)
        assert not left, [Path(f"/proc/{one.pid}/cmdline").read_bytes() for one in left]
        self.git("fsck", "--connectivity-only", "--no-dangling")
        assert self.checkout() == self.before

    def end(self) -> None:
        """End what a failed test left running."""
        if (process := self.driver()) and process.pid != os.getpid():
            os.kill(process.pid, signal.SIGKILL)
            gone(process)
        for one in self.ours():
            with contextlib.suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGKILL)


class Play:
    """A client of a driver: it follows the views, gives orders and waits for what is to come."""

    def __init__(self, scene: Scene, handle: Handle, driver: Driver | None = None) -> None:
        self.scene = scene
        self.handle = handle
        self._driver = driver
        self.view = View(Snapshot())
        self.facts: list[Fact] = []
        self._news = asyncio.Condition()

    @property
    def driver(self) -> Driver:
        """The driver, where it is in this process."""
        assert self._driver is not None
        return self._driver

    @property
    def snapshot(self) -> Snapshot:
        """How things stand."""
        return self.view.snapshot

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follow the driver for as long as the block lasts."""
        task = asyncio.create_task(self._follow())
        try:
            await self.until(lambda play: play.snapshot.seq > 0)
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _follow(self) -> None:
        async with contextlib.aclosing(self.handle.subscribe()) as views:  # type: ignore[type-var]  # a generator
            async for view in views:
                self.view = view
                self.facts += [one.fact for one in view.facts]
                async with self._news:
                    self._news.notify_all()

    async def until(self, condition: Callable[["Play"], object], seconds: float = DEADLINE_S) -> None:
        """Wait until something holds; looked at whenever the driver tells of a change."""
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: condition(self))
        except TimeoutError:
            raise AssertionError(self.told()) from None

    async def until_state(self, seconds: float = DEADLINE_S, **states: str) -> None:
        """Wait until workstreams are in states."""
        await self.until(lambda play: all(play.state(key) == wanted for key, wanted in states.items()), seconds)

    async def until_merged(self, *workstreams: str, seconds: float = DEADLINE_S) -> None:
        """Wait until workstreams (none: all) are merged."""
        await self.until(
            lambda play: all(play.snapshot.is_merged(one) for one in workstreams or play.snapshot.workstreams), seconds
        )

    async def until_there(self, *names: str) -> None:
        """Wait until agents made these files on the stage."""
        async with asyncio.timeout(DEADLINE_S):
            while not all((self.scene.stage / name).exists() for name in names):  # noqa: ASYNC110  # others make them
                await asyncio.sleep(0.01)

    async def until_lines(self, name: str, count: int) -> None:
        """Wait until a file on the stage has so many lines."""
        file = self.scene.stage / name
        async with asyncio.timeout(DEADLINE_S):
            while not file.exists() or len(file.read_text().splitlines()) < count:  # noqa: ASYNC110  # as above
                await asyncio.sleep(0.01)

    async def until_text(self, file: Path, text: str) -> None:
        """Wait until a file holds a text."""

        def holds() -> bool:
            return file.exists() and text in file.read_text()

        async with asyncio.timeout(DEADLINE_S):
            while not holds():  # noqa: ASYNC110  # as above
                await asyncio.sleep(0.01)

    async def order(self, verb: str, *targets: str, **more: Any) -> Answer:
        """Give an order, and wait for what becomes of it and until the view shows it."""
        async with asyncio.timeout(DEADLINE_S):
            answer = await self.handle.order(Order(verb, targets, "test", **more))
        ends = (OrderDone, OrderRefused)
        await self.until(lambda play: any(isinstance(one, ends) and one.order == answer.order for one in play.facts))
        return answer

    async def start(self, *targets: str, **more: Any) -> None:
        """Start workstreams (none: all)."""
        answer = await self.order("start", *targets, everything=not targets, **more)
        assert answer.ok, answer.note

    async def printed(self, workstream: str) -> str:
        """Return what a workstream's newest run printed, as a client is told it."""
        lines = (await self.handle.ask("printed", workstream=workstream))["lines"]
        return "".join(f"{text}\n" for _, text, *_ in lines)

    def state(self, workstream: str) -> str:
        """Return the state of a workstream."""
        return self.snapshot.state_of(workstream).value

    def leg(self, workstream: str) -> Leg:
        """Return the leg of a workstream that is under way."""
        return self.snapshot.leg_under_way(workstream)

    def of(self, kind: type[F]) -> list[F]:
        """Return the facts of a kind that came while this play followed."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def told(self) -> str:
        """Return how things stand, for a test that failed."""
        snapshot = self.snapshot
        legs = "\n".join(f"  {leg.key}: {leg.state.value} {leg.reason}" for leg in snapshot.legs.values())
        facts = "\n".join(f"  {fact!r:.300}" for fact in self.facts[-25:])
        notes = dict(self.view.readings.notes)
        return f"it did not come true\n{legs}\n{facts}\n{notes} {self.view.problem} {self.view.readings.hold}"


def gone(process: ProcessId, seconds: float = 20.0) -> None:
    """Wait until a process is gone."""
    processtree.wait_for_end([process], seconds)
    assert not processtree.alive(process)


def workstreams_in(snapshot: Snapshot, state: State) -> list[str]:
    """Return the workstreams that are in a state."""
    return [one for one in snapshot.workstreams if snapshot.state_of(one) is state]


def own_place(tmp_path: Path, patch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """Yield a scene with a trust file and a state folder of its own; end what is left of it afterwards."""
    patch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    patch.delenv("COCKPIT_STATE_DIR", raising=False)
    made = Scene(tmp_path)
    try:
        yield made
    finally:
        made.end()
