"""Whoever writes to the driver's socket from inside a run may say what an agent may, and give no order of a human."""

import json
import os
import socket
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from pathlib import Path
from typing import Any

import pytest

from cockpit.engine.peers import Peers
from cockpit.schedule.facts import OrderRefused
from tests.engine.scenes import Scene

pytestmark = pytest.mark.anyio

RAW = """
import json, socket, subprocess, sys
if sys.argv[1] == "below":
    sys.exit(subprocess.run([sys.executable, "-ISc", sys.argv[2], "here", *sys.argv[2:]], env={}).returncode)
line = socket.socket(socket.AF_UNIX)
line.connect(sys.argv[3])
if sys.argv[1] == "lend":
    lender = socket.socket(socket.AF_UNIX)
    lender.connect(sys.argv[4])
    socket.send_fds(lender, [b"x"], [line.fileno()])
    sys.exit()
for number, order in enumerate(sys.argv[4:]):
    line.sendall(json.dumps({"id": number, "op": "order", "order": json.loads(order)}).encode() + b"\\n")
answers = line.makefile()
print(json.dumps([json.loads(answers.readline())["answer"] for _ in sys.argv[4:]]))
"""


async def raw(socket_path: Path, where: str, *rest: Any, **env: str) -> str:
    """Run a client of the socket that is none of cockpit's, and return what it printed."""
    words = [one if isinstance(one, str) else json.dumps(one) for one in rest]
    argv = (sys.executable, "-ISc", RAW, where, RAW, socket_path.name, *words)
    there = socket_path.parent  # the whole path may be longer than a socket's name can be
    client = await create_subprocess_exec(*argv, stdout=PIPE, cwd=there, env={**os.environ, **env})
    printed, _ = await client.communicate()
    assert client.returncode == 0
    return printed.decode()


def order(verb: str, **more: Any) -> dict[str, Any]:
    return {"verb": verb, "targets": ["a"], "by": "me@screen", **more}


async def test_an_order_of_a_human_is_refused_whoever_hands_it_in_from_inside_a_run(scene: Scene) -> None:
    scene.plan({"a": {}})
    async with scene.driving() as play:
        for where in ("here", "below"):
            note = order("note", how="a-1-x", reason="half done")
            given = await raw(scene.state.socket, where, order("approve"), note, order("start"), COCKPIT_RUN="a-1-x")
            refused = [one["note"] for one in json.loads(given)]
            assert "`approve` is for humans: this order comes from inside run a-1-x" in refused
            assert "`start` is for humans: this order comes from inside run a-1-x" in refused
            assert "run a-1-x of a is not under way" in refused, "what an agent may say is let in, and judged as such"
        await play.until(lambda now: sum(isinstance(one, OrderRefused) for one in now.facts) == 6)
        assert play.state("a") == "waiting"
        (answer,) = json.loads(await raw(scene.state.socket, "here", order("drain")))
        assert answer["ok"], answer


async def test_an_order_is_refused_where_nobody_is_left_to_look_at(scene: Scene, tmp_path: Path) -> None:
    scene.plan({"a": {}})
    async with scene.driving() as play:
        with socket.socket(socket.AF_UNIX) as borrower:
            borrower.bind(str(tmp_path / "b"))
            borrower.listen()
            await raw(scene.state.socket, "lend", str(tmp_path / "b"), COCKPIT_RUN="a-1-x")
            with borrower.accept()[0] as lender:
                _, (fd, *_), _, _ = socket.recv_fds(lender, 1, 1)
        with socket.socket(fileno=fd) as line:
            message = {"id": 1, "op": "order", "order": order("start")}
            line.sendall(json.dumps(message).encode() + b"\n")
            await play.until(lambda now: any(isinstance(one, OrderRefused) for one in now.facts))
        (refused,) = [one for one in play.facts if isinstance(one, OrderRefused)]
        assert refused.reason == (
            "`start` is for humans: this order comes from a process that is gone, or that cannot be looked at"
        )


@pytest.mark.parametrize("own", [False, True])
async def test_a_driver_that_an_agent_started_lets_it_give_no_orders(
    own: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COCKPIT_RUN", "a-1-x")
    peers = Peers(lambda run: own and run == "a-1-x")
    await peers.start()
    script = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect('s'); s.recv(1)"
    with socket.socket(socket.AF_UNIX) as door:
        monkeypatch.chdir(tmp_path)
        door.bind("s")
        door.listen()
        client = await create_subprocess_exec(sys.executable, "-ISc", script)
        with door.accept()[0] as line:
            assert await peers.run_behind(line) == ("a-1-x" if own else None)
        await client.wait()
