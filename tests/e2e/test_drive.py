"""Drivers from their start to their end: in the foreground and as processes of their own."""

import asyncio
import contextlib
import os

import pytest

from cockpit.engine.client import LazyHandle, connect, driver_pid, ensure_driver, glimpse
from cockpit.engine.driver import drive
from cockpit.engine.handle import View
from cockpit.engine.local import LocalHandle
from cockpit.errors import CockpitError, DrivenElsewhereError, DriverGoneError
from cockpit.filelock import FileLock
from cockpit.schedule import facts as f
from cockpit.schedule.orders import Order
from cockpit.store.journal import Journal
from tests.engine.scenes import WRITES, Scene, gone

pytestmark = pytest.mark.anyio

WAITS = 'tell "$COCKPIT_WORKSTREAM.on"; wait_for "$COCKPIT_WORKSTREAM.go"\n' + WRITES


async def test_a_plan_is_driven_to_its_end_in_the_foreground(scene: Scene) -> None:
    scene.plan({"a": {}, "b": {"depends_on": ["a"]}})
    views: list[View] = []

    async def talk(handle: LocalHandle) -> None:
        async for view in handle.subscribe():
            views.append(view)  # noqa: PERF401  # it never ends by itself

    assert await drive(scene.project(), talk=talk) == 0
    assert views[-1].snapshot.state() == "finished"
    assert scene.base_file("b.txt") == "b 1\n"
    assert driver_pid(scene.state) is None
    assert not scene.state.socket.exists()
    assert await drive(scene.project()) == 0, "what is done is done"
    assert scene.merges_of("a") == 1
    scene.check()


async def test_who_prints_may_fail_without_the_work_ending_and_it_is_said(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.plan({"a": {}})

    async def talk(handle: LocalHandle) -> None:
        async for view in handle.subscribe():
            raise KeyError(f"no words for {len(view.facts)} facts")

    assert await drive(scene.project(), talk=talk) == 0
    assert "no words for" in capsys.readouterr().err
    assert scene.base_file("a.txt") == "a 1\n"


async def test_what_waits_for_a_human_ends_the_foreground_with_a_failure_and_can_be_gone_on_with(scene: Scene) -> None:
    scene.plan({"a": {}, "b": {"depends_on": ["a"]}}, approve={"merge": "always"})
    assert await drive(scene.project()) == 1
    assert glimpse(scene.state).snapshot.state_of("a").value == "review"
    assert scene.base_file("a.txt") == ""
    assert await drive(scene.project(), approve="all") == 0
    assert scene.merges_of("a") == scene.merges_of("b") == 1
    assert len(scene.begun("a")) == 1
    scene.check()


async def test_only_what_is_named_is_driven_and_what_it_needs(scene: Scene) -> None:
    scene.plan({"a": {}, "b": {"depends_on": ["a"]}, "c": {}})
    assert await drive(scene.project(), only=("b",), agents=1) == 0
    assert not scene.begun("c")
    snapshot = glimpse(scene.state).snapshot
    assert snapshot.state_of("c").value == "waiting"
    assert snapshot.agent_limit == 1
    with pytest.raises(CockpitError, match="nobody"):
        await drive(scene.project(), only=("nobody",))
    scene.check()


async def test_a_failed_workstream_makes_the_foreground_fail(scene: Scene) -> None:
    scene.plan({"a": {"does": "exit 1"}, "b": {"depends_on": ["a"]}, "c": {}})
    assert await drive(scene.project()) == 1
    assert scene.base_file("c.txt") == "c 1\n"
    scene.check()


async def test_a_plan_without_trust_is_not_driven(scene: Scene) -> None:
    scene.plan({"a": {}}, trusted=False)
    with pytest.raises(CockpitError, match="trust"):
        await drive(scene.project())
    assert not scene.begun("a")
    assert driver_pid(scene.state) is None
    scene.check()


async def test_a_plan_that_is_driven_elsewhere_is_left_alone(scene: Scene) -> None:
    scene.plan({"a": {"does": WAITS}})
    async with scene.driving() as play:
        await play.start()
        with pytest.raises(DrivenElsewhereError, match=f"process {os.getpid()}") as caught:
            await drive(scene.project())
        assert caught.value.exit_code == 3
        handle = await connect(scene.state)
        assert (await handle.ask("commands"))["commands"]
        with pytest.raises(CockpitError, match="no such question"):
            await handle.ask("weather")
        with pytest.raises(CockpitError, match="arguments"):
            await handle.ask("printed", wind=1)
        await handle.close()
        scene.go("a.go")
        await play.until_merged()
    scene.check()


async def test_a_driver_of_its_own_goes_on_without_clients_and_ends_when_nothing_is_left(scene: Scene) -> None:
    scene.plan({"a": {"does": WAITS}, "b": {"depends_on": ["a"]}})
    async with scene.client() as play:
        await play.start()
        await play.until_there("a.on")
    driver = scene.driver()
    assert driver is not None
    scene.go("a.go")
    gone(driver)
    assert glimpse(scene.state).snapshot.state() == "finished"
    assert not scene.state.socket.exists()
    journal = Journal(scene.state.journal, read_only=True)
    ended = [one.fact for one in journal.read() if isinstance(one.fact, f.DriverEnded)]
    journal.close()
    assert ended[-1].pid == driver.pid
    assert scene.state.log.read_text() == ""
    scene.check()


async def test_a_driver_that_was_stopped_stays_stopped_until_it_is_needed(scene: Scene) -> None:
    scene.plan({"a": {"does": WAITS}})
    async with scene.client() as play:
        await play.start()
        await play.until_there("a.on")
        await play.until_state(a="running")
        driver = scene.driver()
        assert driver is not None
        assert (await play.handle.order(Order("stop-driver", by="test"))).ok
        await play.until(lambda now: not now.view.connected)
        assert "stopped" in play.view.problem
        gone(driver)
        assert scene.driver() is None
        scene.go("a.go")
        assert (await play.order("drain")).ok, "an order starts it again"
        await play.until_merged()
        assert len(scene.begun("a")) == 1
    scene.check()


async def test_a_state_folder_whose_path_is_too_long_for_a_socket(scene: Scene) -> None:
    scene.state_dir = scene.top / ("d" * 100) / ("e" * 100)
    scene.plan({"a": {"does": WAITS}})
    scene.state = scene.project().state
    assert len(str(scene.state.socket)) > 200
    async with scene.client() as play:
        await play.start()
        scene.go("a.go")
        await play.until_merged()
    scene.check()


async def test_a_driver_that_cannot_start_says_why(scene: Scene) -> None:
    scene.plan({"a": {}})
    state = scene.state
    state.make()
    state.journal.write_bytes(b"no database" * 1000)
    with pytest.raises(DriverGoneError, match="journal cannot be used"):
        await ensure_driver(scene.path, state)
    handle = LazyHandle(scene.path, state)
    async with asyncio.timeout(20), contextlib.aclosing(handle.subscribe()) as views:  # type: ignore[type-var]
        async for view in views:
            if not view.connected:
                assert "journal cannot be used" in view.problem
                break
    await handle.close()
    assert driver_pid(state) is None


async def test_a_socket_that_a_dead_driver_left_is_replaced(scene: Scene) -> None:
    scene.plan({"a": {"does": WAITS}})
    async with scene.client() as play:
        await play.start()
        await play.until_there("a.on")
    scene.kill_driver()
    assert scene.state.socket.exists()
    with pytest.raises(DriverGoneError):
        await connect(scene.state)
    async with scene.client() as play:
        scene.go("a.go")
        await play.until_merged()
    scene.check()


async def test_a_driver_that_is_just_ending_is_waited_for(scene: Scene) -> None:
    """It has closed its socket, and still holds the lock: the one that is started beside it must not be the last."""
    scene.plan({"a": {}})
    scene.state.make()
    ending = FileLock(scene.state.lock)
    ending.acquire()
    async with asyncio.TaskGroup() as group:
        handle = group.create_task(ensure_driver(scene.path, scene.state))
        while not scene.state.log.exists() or "another driver runs" not in scene.state.log.read_text():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        ending.release()
    assert (await handle.result().ask("commands"))["commands"]
    await handle.result().close()
    scene.kill_driver()
