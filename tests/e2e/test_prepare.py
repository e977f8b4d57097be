"""What a plan prepares, by the commands as they are typed, and through kills of the driver at any moment."""

import asyncio
import random
from collections.abc import Callable

import pytest

from cockpit.plan.roundzero import PREPARE
from tests.e2e.desk import Desk
from tests.engine.scenes import Scene
from tests.git.repos import run_git

PLAN = """
prepare: {run: ["echo a > stubs.txt; echo said", [sh, -c, "cat stubs.txt >> stubs.txt.copy"]], message: "chore: stubs"}
workstreams: [{id: a}, {id: b, depends_on: [a]}]
"""


def test_a_plan_is_prepared_once_and_every_command_knows_it(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(PLAN)
    assert "after what `prepare` does" in desk("check")[1]
    first = desk.json("simulate")["legs"][0]
    assert (first["leg"], first["round"], first["slot"]) == (PREPARE, 0, None)
    code, out, _ = desk("run", "--trust", "--only", "a")
    assert code == 1
    assert "@prepare is review: awaits your approval of its merge" in out
    assert run_git(desk.repo, "log", "--format=%s").splitlines() == ["Start"]
    assert desk("run", "--approve", "all", "--only", "a")[0] == 0
    code, out, err = desk("logs", PREPARE)
    assert (code, "said\n" in out, "run @prepare-1" in err) == (0, True, True)
    found = desk.status()
    assert [(one["id"], one["state"], one["round"], one["agent"]) for one in found["workstreams"]] == [
        (PREPARE, "merged", 0, None),
        ("a", "merged", 1, "coder"),
        ("b", "waiting", 2, "coder"),
    ]
    assert [merge["leg"] for merge in found["merges"]] == [PREPARE, "a"]
    assert desk("run", "--approve", "all")[0] == 0
    assert run_git(desk.repo, "log", "--format=%s", "--grep", "^chore: stubs$").splitlines() == ["chore: stubs"]
    assert run_git(desk.repo, "show", "main:stubs.txt.copy") == "a\n"
    facts = [line for line in desk("facts")[1].splitlines() if "@prepare" in line]
    assert sum("taken by cockpit itself" in line for line in facts) == 1
    assert desk("doctor")[0] == 0
    assert run_git(desk.repo, "worktree", "list", "--porcelain").count("worktree ") == 1


@pytest.mark.anyio
async def test_a_driver_killed_while_it_prepares_is_followed_by_one_that_adopts_the_run(scene: Scene) -> None:
    waits = f"touch {scene.stage}/on; while [ ! -e {scene.stage}/go ]; do sleep 0.02; done"
    scene.plan(
        {"a": {"does": "cat stub.txt > a.txt"}},
        prepare={"run": [f"echo x >> {scene.stage}/ran", waits, "echo s > stub.txt"]},
    )
    async with scene.client() as play:
        await play.start("a")
        await play.until_there("on")
        await play.until(lambda now: now.state(PREPARE) == "running")
        scene.kill_driver()
        await play.until(lambda now: not now.view.connected)
        await play.until(lambda now: now.view.connected)
        scene.go("go")
        await play.until_merged()
        told = await play.handle.ask("facts", text=f"workstream:{PREPARE} kind:runadopted")
        assert len(told["facts"]) == 1
    assert (scene.stage / "ran").read_text() == "x\n"
    assert scene.base_file("a.txt") == "s\n"
    scene.check()


@pytest.mark.anyio
async def test_a_driver_killed_again_and_again_prepares_once(scene: Scene) -> None:
    chance = random.Random(1)
    scene.plan(
        {"a": {"does": "cat stub.txt > a.txt"}},
        prepare={"run": ["echo s >> stub.txt", "sleep 0.1", "echo s >> stub.txt"]},
        gates=[{"name": "own", "run": "sleep 0.05"}, {"name": "whole", "when": "merge", "run": "test -e stub.txt"}],
        limits={"retries": 3},
        cleanup="merged",
    )
    async with scene.client() as play:
        await play.start("a")
        for _ in range(6):
            seq = play.snapshot.seq + chance.randint(1, 5)
            await play.until(lambda now, seq=seq: now.snapshot.seq >= seq or now.snapshot.state() == "finished")  # type: ignore[misc]  # of this round
            if play.snapshot.is_merged("a"):
                break
            await asyncio.sleep(chance.random() * 0.03)  # the moment is meant to be any
            scene.kill_driver()
            await play.until(lambda now: not now.view.connected)
            await play.until(lambda now: now.view.connected)
        await play.until_merged(seconds=20)
    assert scene.base_file("stub.txt") == scene.base_file("a.txt") == "s\ns\n"
    assert scene.merges_of(PREPARE) == scene.merges_of("a") == 1
    scene.check()
