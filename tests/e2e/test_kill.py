"""Whatever is killed, whenever: the same end is reached, nothing is merged twice, and what still runs is adopted."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cockpit import processtree
from cockpit.agents import runs
from cockpit.engine.client import glimpse
from cockpit.engine.driver import Driver
from cockpit.engine.sockets import reachable
from cockpit.schedule import facts as f
from cockpit.schedule.orders import Order
from tests.engine.scenes import WRITES, Scene, gone

pytestmark = pytest.mark.anyio

SIX = {
    "a": {"issues": [{"id": "A-1"}, {"id": "A-2", "depends_on": ["B-1"]}]},
    "b": {"issues": [{"id": "B-1"}, {"id": "B-2", "depends_on": ["C-1"]}]},
    "c": {"issues": [{"id": "C-1"}, {"id": "C-2", "depends_on": ["A-1"]}]},
}
WAITS = 'tell "$COCKPIT_WORKSTREAM.on"; wait_for "$COCKPIT_WORKSTREAM.go"\n' + WRITES


async def test_a_driver_that_is_killed_again_and_again_reaches_the_same_end(scene: Scene) -> None:
    chance = random.Random(2)
    gate = {"name": "own", "run": "sleep 0.05"}
    late = {"name": "whole", "when": "merge", "run": "test -e README.md"}
    scene.plan(
        {key: {"does": WRITES, **one} for key, one in SIX.items()},
        gates=[gate, late],
        merge={"strategy": "squash"},
        cleanup="merged",
    )
    kills = 0
    async with scene.client() as play:
        await play.start()
        while kills < 5:
            seq = play.snapshot.seq
            wanted = chance.randint(1, 9)
            await play.until(
                lambda now, seq=seq, wanted=wanted: (
                    (  # type: ignore[misc]  # of this round
                        now.view.connected and now.snapshot.seq >= seq + wanted
                    )
                    or now.snapshot.state() == "finished"
                )
            )
            if play.snapshot.state() == "finished":
                break
            await asyncio.sleep(chance.random() * 0.03)  # the moment is meant to be any
            scene.kill_driver()
            kills += 1
            await play.until(lambda now: not now.view.connected)
        await play.until_merged()
        legs = [leg.key for leg in play.snapshot.legs.values()]
        await play.until(lambda now: not any(one.worktree for one in now.snapshot.workstreams.values()))
        assert play.snapshot.skipped == 0
    assert kills >= 3
    assert len(legs) == 6
    assert [scene.merges_of(leg) for leg in legs] == [1] * 6
    assert [len(scene.base_file(f"{one}.txt").splitlines()) for one in "abc"] == [2, 2, 2]
    assert len(scene.git("worktree", "list").splitlines()) <= 2
    scene.check()


async def test_runs_are_adopted_by_the_next_driver(scene: Scene) -> None:
    scene.plan({"a": {"does": WAITS}})
    async with scene.client() as play:
        await play.start()
        await play.until_there("a.on")
        await play.until_state(a="running")
        first = scene.driver()
        scene.kill_driver()
        await play.until(lambda now: not now.view.connected)
        assert play.view.problem
        await play.until(lambda now: now.view.connected)
        await play.until(lambda now: now.of(f.RunAdopted))
        ((_, pid),) = scene.begun("a")
        assert play.of(f.RunAdopted)[0].pid == pid
        assert scene.driver() != first
        scene.go("a.go")
        await play.until_merged()
        assert len(scene.begun("a")) == 1, "it was not started again"
    scene.check()


async def test_a_run_that_ends_while_no_driver_is_there(scene: Scene) -> None:
    scene.plan({"a": {"does": WAITS}})
    async with scene.client() as play:
        await play.start()
        await play.until_there("a.on")
        await play.until_state(a="running")
    scene.kill_driver()
    scene.go("a.go")
    ((_, pid),) = scene.begun("a")
    agent = processtree.identity(pid)
    if agent:
        gone(agent)
    async with scene.client() as play:
        await play.until_merged()
    assert len(scene.begun("a")) == 1
    scene.check()


async def test_a_killed_supervisor_takes_its_agent_along_and_the_leg_is_retried(scene: Scene) -> None:
    does = 'echo part >> part.txt; [ "$attempt" = 2 ] || { (setsid sleep 1000 &); tell a.on; wait_for never; }'
    scene.plan({"a": {"does": does}}, limits={"retries": 1})
    async with scene.driving() as play:
        await play.start()
        await play.until_there("a.on")
        await play.until_state(a="running")
        look = runs.look(scene.state.run(play.leg("a").run or ""))
        assert look.supervisor is not None
        os.kill(look.supervisor.pid, signal.SIGKILL)
        await play.until_merged()
        first, second = play.of(f.RunEnded)
        assert (first.outcome, second.outcome) == ("stopped", "done")
        assert "supervisor" in first.reason
    assert scene.base_file("part.txt") == "part\npart\n", "what the first run wrote was kept"
    scene.check()


BOTH_KILLED = """
kill -9 $(ps -o ppid= -p $$)
kill -9 $$
"""


@pytest.mark.parametrize(("approve", "left"), [("never", ""), ("always", "setsid sleep 600 &\n")])
async def test_what_an_agent_left_whose_end_nobody_saw_is_checked_and_asked_about(
    scene: Scene, approve: str, left: str
) -> None:
    gate = {"name": "look", "run": f"touch {scene.stage}/gated"}
    scene.plan(
        {"a": {"does": left + WRITES + BOTH_KILLED}}, gates=[gate], approve={"merge": approve}, limits={"retries": 1}
    )
    async with scene.driving() as play:
        play.driver.engine.auto_approve = approve == "always"
        await play.start()
        await play.until_state(a="review")
        assert [one.outcome for one in play.of(f.RunEnded)] == ["unknown"]
        assert play.snapshot.unsure_of(play.leg("a")).startswith("~ exit unknown")
        assert (scene.stage / "gated").exists()
        await play.until(lambda now: not now.driver.engine.under_way())
        assert play.state("a") == "review", "never merged without a human's yes"
        assert (await play.order("approve", "a")).ok
        await play.until_merged()
    assert scene.base_file("a.txt") == "a 1\n"
    scene.check()


async def test_an_agent_whose_end_nobody_saw_and_that_left_nothing_is_retried(scene: Scene) -> None:
    scene.plan({"a": {"does": f'[ "$attempt" = 2 ] || {{ {BOTH_KILLED} }}\n{WRITES}'}}, limits={"retries": 1})
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
        assert [one.outcome for one in play.of(f.RunEnded)] == ["unknown", "done"]
        assert not play.snapshot.unsure_of(play.leg("a"))
    scene.check()


async def test_an_order_that_starts_a_driver_is_judged_by_how_runs_ended_meanwhile(scene: Scene) -> None:
    scene.plan({"a": {"does": "tell a.on; wait_for a.go; exit 1"}, "b": {"does": "tell b.on; wait_for b.go"}})
    async with scene.driving() as play:
        await play.start()
        await play.until_there("a.on", "b.on")
        await play.until_state(a="running", b="running")
        supervisor = runs.look(scene.state.run(play.leg("a").run or "")).supervisor
    assert supervisor
    scene.go("a.go")
    gone(supervisor)
    driver = Driver(scene.project())
    await driver.start()
    scene.does("a", WRITES)
    orders = [Order("retry", ("a", "b"), "test"), Order("stop", ("b",), "test")]
    giving = [asyncio.create_task(driver.engine.order(one)) for one in orders]
    await asyncio.sleep(0)
    running = asyncio.create_task(driver.engine.run(lambda _later: False))
    retried, stopped = await asyncio.gather(*giving)
    assert (retried.ok, stopped.ok) == (True, True), (retried.note, stopped.note)
    assert "b is running" in retried.note
    driver.engine.stop()
    await running
    await driver.close()
    scene.check()


async def test_a_killed_agent_is_retried(scene: Scene) -> None:
    does = '[ "$attempt" = 2 ] || { tell a.on; wait_for never; }\n' + WRITES
    scene.plan({"a": {"does": does}}, limits={"retries": 1})
    async with scene.driving() as play:
        await play.start()
        await play.until_there("a.on")
        await play.until_state(a="running")
        ((_, pid),) = scene.begun("a")
        os.kill(pid, signal.SIGKILL)
        await play.until_merged()
        assert "signal 9" in play.of(f.RunEnded)[0].reason
    scene.check()


async def test_a_driver_killed_while_a_gate_runs_leaves_no_second_gate_beside_the_next(scene: Scene) -> None:
    wait = f"while [ ! -e {scene.stage}/go ]; do sleep 0.05; done"
    gate = {"name": "slow", "run": f"echo $$ >> {scene.stage}/gates; {wait}"}
    scene.plan({"a": {}}, gates=[gate])
    async with scene.client() as play:
        await play.start()
        await play.until_lines("gates", 1)
        before = scene.ours()
        scene.kill_driver()
        await play.until_lines("gates", 2)
        for one in before:
            gone(one)
        scene.go("go")
        await play.until_merged()
    assert len((scene.stage / "gates").read_text().split()) == 2
    scene.check()


async def test_a_run_whose_start_was_cut_off_is_started_without_using_up_a_retry(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver was killed after it had written what to start, and before it started it."""
    monkeypatch.setattr("cockpit.engine.loop.secrets.token_hex", lambda _: "cafe")
    scene.plan({"a": {}})
    folder = scene.state.run("a-1-cafe")
    folder.mkdir(parents=True)
    (folder / "spec").write_bytes(b"run=a-1-cafe\0arg=true\0cap=1\0")
    (folder / "heartbeat").touch()
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
    assert [run for run, _ in scene.begun("a")] == ["a-1-cafe"]
    scene.check()


async def test_two_drivers_at_once_are_one_too_many(scene: Scene) -> None:
    scene.plan({"a": {}})
    state = scene.state
    async with scene.client() as play:
        await play.start()
        argv = [sys.executable, "-m", "cockpit.engine.driver", str(scene.path), str(state.path)]
        second = await asyncio.to_thread(subprocess.run, argv, capture_output=True, text=True, timeout=30)
        assert second.returncode == 3
        first = scene.driver()
        assert first is not None
        assert f"process {first.pid}" in second.stderr
        await play.until_merged()
    scene.check()


async def test_sigterm_ends_the_driver_in_good_order_and_agents_go_on(scene: Scene) -> None:
    gate = {"name": "slow", "run": f"touch {scene.stage}/gate.on; sleep 1000"}
    scene.plan({"a": {"does": WAITS, "gates": []}, "b": {}}, gates=[gate])
    async with scene.client() as play:
        await play.start()
        await play.until_there("a.on", "gate.on")
        await play.until_state(a="running", b="checking")
        driver = scene.driver()
        assert driver is not None
        os.kill(driver.pid, signal.SIGTERM)
        gone(driver, 10)
    ((_, pid),) = scene.begun("a")
    agent = processtree.identity(pid)
    assert agent is not None
    assert processtree.alive(agent)
    last = glimpse(scene.state).snapshot
    assert last.state_of("b").value == "checking", "a gate that was cut off is no failure"
    scene.plan({"a": {"does": WAITS, "gates": []}, "b": {}}, gates=[{**gate, "run": "true"}])
    scene.go("a.go")
    async with scene.client() as play:
        await play.until_merged()
    assert len(scene.begun("a")) == 1
    scene.check()


async def test_clients_that_come_and_go_stay_in_step(scene: Scene) -> None:
    scene.plan({"a": {"does": WAITS}, "b": {"does": WAITS}})
    async with scene.client() as one, scene.client() as two:
        await one.start()
        async with scene.client() as third:
            await third.until_state(a="running")
        await two.until_there("a.on", "b.on")
        await asyncio.gather(one.order("pause", "a"), two.order("stop", "b"))
        assert one.state("a") == "paused"
        await one.until_state(a="paused", b="stopped")
        await two.until_state(a="paused", b="stopped")
        await one.until(lambda now: now.snapshot.seq == two.snapshot.seq)
        assert one.snapshot == two.snapshot
        assert one.snapshot == glimpse(scene.state).snapshot
        scene.go("a.go")
        scene.go("b.go")
        await asyncio.gather(one.order("resume", "a"), two.order("start", "b"))
        await asyncio.gather(one.until_merged(), two.until_merged())
    scene.check()


async def test_a_client_that_dies_or_talks_nonsense_harms_nobody(scene: Scene) -> None:
    scene.plan({"a": {"does": WAITS}})
    state = scene.state
    nonsense = ("words", '{"op": "dance", "id": 1}', "[]", '{"op": "order", "id": 1, "order": {"x": 1}}', "\0", "{}")
    async with scene.client() as play:
        await play.start()
        await play.until_there("a.on")
        for said in nonsense:
            reader, writer = await connected(state.socket)
            writer.write(said.encode() + b"\n")
            async with asyncio.timeout(10):
                assert await reader.read() == b"", "it is let go"
            writer.close()
            await writer.wait_closed()
        reader, writer = await connected(state.socket)
        writer.write(b'{"op": "subscribe", "id": 1, "since": 0}\n')
        await reader.read(10)
        writer.transport.abort()
        scene.go("a.go")
        await play.until_merged()
        assert (await play.order("drain")).ok
    assert "Traceback" not in state.log.read_text()
    scene.check()


async def connected(socket: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect as a stranger does, however long the path of the test's folder is."""
    with reachable(socket) as name:
        return await asyncio.open_unix_connection(name)
