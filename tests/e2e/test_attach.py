"""Working where an agent does, with the real command: talking with one at work, and taking its worktree over."""

import asyncio
import sys
from pathlib import Path

import pytest

from cockpit.schedule import facts as f
from tests.engine.scenes import DEADLINE_S, Scene

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
