"""Working where an agent does, with the real command: talking with one at work, and taking its worktree over."""

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cockpit.engine.client import driver_pid
from cockpit.schedule import facts as f
from cockpit.store.paths import state_folder
from tests.e2e.desk import Desk
from tests.e2e.test_terminal import Tmux, tmux
from tests.engine.scenes import DEADLINE_S, Scene
from tests.git.repos import commit, run_git

__all__ = ["tmux"]

TALKER = """
import json, pathlib, sys
def say(**message): print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)
def write(text): say(method="session/update", params={"update": {"sessionUpdate": "agent_message_chunk",
                                                                 "content": {"text": text}}})
said = []
while line := sys.stdin.readline():
    message = json.loads(line)
    if message["method"] == "initialize":
        say(id=message["id"], result={"protocolVersion": 1})
    elif message["method"] == "session/new":
        say(id=message["id"], result={"sessionId": "s"})
    elif message["method"] == "session/prompt":
        said.append(message["params"]["prompt"][0]["text"])
        if len(said) == 1:
            write("which one")
            write(" is it?\\n")
            options = [{"optionId": "o", "name": name, "kind": "allow_once"} for name in ("red", "blue")]
            call = {"toolCallId": "t", "title": "paint", "kind": "execute"}
            say(id=7, method="session/request_permission", params={"options": options, "toolCall": call})
            pathlib.Path("paint.txt").write_text(sys.stdin.readline())
        else:
            pathlib.Path("said.txt").write_text(said[-1])
        say(id=message["id"], result={"stopReason": "end_turn"})
"""


@pytest.mark.anyio
async def test_a_talk_in_a_shell_shows_answers_and_tells(scene: Scene) -> None:
    (agent := scene.top / "agent.py").write_text(TALKER)
    profile = {"preset": "acp", "run": [sys.executable, str(agent)]}
    scene.plan({"a": {}, "b": {"does": ""}}, agents={"talker": profile})
    words = ["attach", str(scene.path), "a", "--state-dir", str(scene.state_dir)]
    async with scene.client() as play:
        await play.start("a")
        await play.until(lambda one: one.snapshot.open_questions("a"), 20)
        talk = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cockpit", *words,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            cwd=Path(__file__).parents[2],
        )  # fmt: skip
        assert talk.stdin is not None
        assert talk.stdout is not None
        shown = ""
        async with asyncio.timeout(DEADLINE_S):
            while "  2  blue" not in shown or "which one is it?" not in shown:
                shown += (await talk.stdout.readline()).decode()
            assert "? May it: paint?" in shown
            assert (await play.order("tell", "a", reason="and then sign it")).ok
            while "sign it (it hears this when its turn ends)" not in shown:
                shown += (await talk.stdout.readline()).decode()
            talk.stdin.write(b"2\n")
            rest = (await talk.stdout.read()).decode()
            assert await talk.wait() == 0
        assert "ended done" in rest
        await play.until_merged("a")
        (answered,) = play.of(f.QuestionAnswered)
        assert answered.text == "blue"
        assert answered.by.endswith("@command")
        await play.order("stop-driver")
    assert scene.base_file("said.txt") == "The operator says: and then sign it"


@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
@pytest.mark.usefixtures("alone")
@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_o_opens_a_window_that_outlives_screen_and_driver_and_hands_back(
    tmux: Tmux,
    desk_of: Callable[..., Desk],
) -> None:
    desk = desk_of("approve: {merge: never}\nworkstreams: [{id: a}]\n")
    commit(desk.repo, "an agent that never ends", {"agent.sh": "cat > /dev/null; echo half > a.txt; sleep 1000\n"})
    desk.trust()
    screen = tmux.open(sys.executable, "-m", "cockpit", str(desk.plan))
    tmux.until(lambda: "waiting" in tmux.seen(screen))
    tmux("send-keys", "-t", screen, "s")
    worktree = desk.repo.parent / f"{desk.repo.name}.worktrees" / "a"
    tmux.until(lambda: bool(re.search(r"running +a\b", tmux.seen(screen))) and (worktree / "a.txt").exists())
    tmux("send-keys", "-t", screen, "o")
    tmux.until(lambda: "attach to a" in tmux.seen(screen))
    tmux("send-keys", "-t", screen, "Enter")
    tmux.until(lambda: "a shell; leave it (exit)" in tmux("capture-pane", "-pJ"))
    window = tmux("display", "-p", "#{pane_id}")
    assert window != screen
    tmux.until(lambda: "by hand" in tmux.seen(screen) and "taken over by" in tmux.seen(screen))

    os.kill(int(tmux.told(screen, "pane_pid")), signal.SIGKILL)
    pid = driver_pid(state_folder(desk.repo, "tiny"))
    assert pid
    os.kill(pid, signal.SIGKILL)
    stays = "setsid sh -c '>../up; sleep 20; :' & until [ -e ../up ]; do :; done"
    tmux("send-keys", "-t", window, "-l", f"echo by hand > a.txt; {stays}; exit")
    tmux("send-keys", "-t", window, "Enter")
    tmux.until(lambda: "what is next?" in tmux.seen(window))
    assert "what you started still runs there: " in tmux.seen(window)
    assert "taken over by" in desk("status")[1]
    tmux("send-keys", "-t", window, "r", "Enter")
    desk.until(lambda: desk.workstream("a")["state"] == "review")
    assert desk("attach", "a")[0] == 2, "here is no terminal"
    assert desk.json("attach", "a", "--shell") == {"ok": True, "worktree": str(worktree)}
    assert desk("approve", "a")[0] == 1
    taken = desk.workstream("a")
    assert (taken["taken_over"]["by"].endswith("@command"), taken["awaits"], taken["approval"]) == (True, None, None)
    assert desk("attach", "a", "--back", "leave")[0] == 0
    assert desk("approve", "a")[0] == 0
    desk.until(lambda: desk.workstream("a")["state"] == "merged")
    assert run_git(desk.repo, "show", "main:a.txt") == "by hand\n"
    tmux.until(lambda: tmux.told(window, "pane_dead") == "1" or "handback a done" in tmux.seen(window))
