"""Codex as one that is talked to: a scripted app-server that speaks its protocol as the real one does, line by line."""

import asyncio
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cockpit.agents import presets
from cockpit.agents.streams.formats import parser
from cockpit.engine.duplex import Agent, AgentGoneError, Ask, Earlier, talk
from cockpit.engine.duplex_codex import KEPT, Talk
from cockpit.errors import CockpitError
from cockpit.plan.model import AgentProfile
from cockpit.schedule import facts as f
from tests.engine.scenes import Scene
from tests.engine.test_duplex import Operator, Speaking, noted

pytestmark = pytest.mark.anyio

# What it asks in its first turn comes from `asks.json`: methods with their params. What it was told is in `heard.txt`,
# what it was answered in `answered.txt`.
SERVER = """
import json, os, pathlib, sys
here = pathlib.Path(os.environ.get("STAGE", "."))
def say(**message): print(json.dumps(message), flush=True)
def tell(method, **params): say(method=method, params={"threadId": thread, **params})
def turn(status, **more): return {"turn": {"id": f"t{turns}", "status": status, **more}}
def note(file, *what):
    with (here / file).open("a") as out: print(*what, file=out)
def finish(status):
    tell("item/completed", item={"type": "agentMessage", "id": "m", "text": "fine"})
    total = {"inputTokens": 1200, "cachedInputTokens": 800, "outputTokens": 34}
    tell("thread/tokenUsage/updated", tokenUsage={"total": {key: one * turns for key, one in total.items()}})
    say(method="turn/completed", params={"threadId": "a helper's", **turn("failed")})
    tell("turn/completed", **turn(status))
assert sys.argv[1] == "app-server"
asks = json.loads((here / "asks.json").read_text())
thread, turns, open_, status = "", 0, [], "completed"
for line in sys.stdin:
    message = json.loads(line)
    method, params = message.get("method", ""), message.get("params", {})
    if not method:
        note("answered.txt", json.dumps(message.get("result", message.get("error"))))
        if message.get("result", {}).get("decision") == "accept":
            pathlib.Path("done.txt").write_text(said)
        open_.remove(message["id"])
        if not open_: finish(status)
    elif method == "initialize":
        say(id=message["id"], result={"userAgent": "codex"})
        say(method="account/updated", params={})
    elif method == "thread/resume" and params["threadId"] != "s1":
        note("heard.txt", method, params["threadId"])
        say(id=message["id"], error={"code": -32600, "message": "no rollout found"})
    elif method in ("thread/start", "thread/resume"):
        note("heard.txt", method)
        thread = "s1"
        say(id=message["id"], result={"thread": {"id": thread}, "model": "m"})
    elif method == "turn/start":
        said = params["input"][0]["text"]
        note("heard.txt", "turn/start", said.split("\\n")[-1 if said.startswith("You asked") else 0])
        if open_:
            say(id=message["id"], result=turn("inProgress"))
            continue
        turns += 1
        say(id=message["id"], result=turn("inProgress"))
        if said == "die": break
        tell("turn/started", **turn("inProgress"))
        files = {"type": "fileChange", "id": "f", "changes": [{"path": "a.txt"}], "status": "inProgress"}
        if any(name.startswith("item/fileChange") for name, _ in asks): tell("item/started", item=files)
        asked, asks = asks, []
        for number, (name, more) in enumerate(asked):
            open_.append(number)
            say(id=number, method=name, params={"threadId": thread, "turnId": f"t{turns}", **more})
        status = "failed" if said == "fail" else "completed"
        if not asked: finish(status)
"""
RUN = ("item/commandExecution/requestApproval", {"command": "/bin/bash -lc 'touch a.txt'"})
ELSEWHERE = (RUN[0], {"command": "touch\n b", "cwd": "/etc", "reason": "so"})
CHANGE = ("item/fileChange/requestApproval", {"itemId": "f"})
MORE = ("item/permissions/requestApproval", {"permissions": {"network": {"enabled": True}}})
TOOL = ("mcpServer/elicitation/request", {"message": "Note?", "requestedSchema": {"properties": {}}})
FORM = ("mcpServer/elicitation/request", {"message": "Who?", "requestedSchema": {"properties": {"name": {}}}})
COLOUR = {"id": "q1", "question": "Which?", "options": [{"label": "Red"}, {"label": "Blue"}], "isSecret": False}
ASK = ("item/tool/requestUserInput", {"questions": [COLOUR, {"id": "q2", "question": "Key?", "isSecret": True}]})
YES, SESSION, NO = "allow", "allow for this session", "deny"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    monkeypatch.chdir(tmp_path)

    def write(*asks: tuple[str, Any]) -> list[str]:
        (tmp_path / "asks.json").write_text(json.dumps(asks))
        (tmp_path / "server.py").write_text(SERVER)
        return [sys.executable, str(tmp_path / "server.py"), "app-server"]

    return write


def lines(name: str) -> list[str]:
    return Path(name).read_text().splitlines()


@pytest.mark.parametrize(
    ("ask", "answer", "asked", "told"),
    [
        (RUN, "Allow", "May it run: touch a.txt?", {"decision": "accept"}),
        (RUN, SESSION, "May it run: touch a.txt?", {"decision": "acceptForSession"}),
        (RUN, "no", "May it run: touch a.txt?", {"decision": "decline"}),
        (RUN, "", "May it run: touch a.txt?", {"decision": "decline"}),
        (ELSEWHERE, "no", "May it run: touch ⏎ b (in /etc)? (so)", {"decision": "decline"}),
        (CHANGE, "yes", "May it change: a.txt?", {"decision": "accept"}),
        (MORE, YES, None, {"permissions": {"network": {"enabled": True}}, "scope": "turn"}),
        (MORE, NO, None, {"permissions": {}, "scope": "turn"}),
        (TOOL, SESSION, "May it: Note?", {"action": "accept", "content": {}, "_meta": {"persist": "session"}}),
        (TOOL, NO, "May it: Note?", {"action": "decline", "content": None, "_meta": None}),
        (FORM, None, None, {"action": "decline", "content": None, "_meta": None}),
        (("item/tool/call", {}), None, None, {"code": -32601, "message": "this client does not offer that"}),
    ],
)
async def test_what_it_asks_for_is_put_to_the_operator(
    server: Callable[..., list[str]], ask: Any, answer: str | None, asked: str | None, told: dict[str, Any]
) -> None:
    operator, out = Operator(*([answer] if answer is not None else [])), io.BytesIO()
    assert await talk(Talk, server(ask), "work", operator, out)
    assert [json.loads(one) for one in lines("answered.txt")] == [told]
    if asked is not None:
        assert operator.asked == [(asked, (YES, SESSION, NO))]
    assert lines("heard.txt") == ["thread/start", "turn/start work"]
    stream: Any = parser("codex")
    stream.feed(out.getvalue())
    assert (stream.verdict().ok, stream.session, stream.usage.tokens_out) == (True, "s1", 34)


async def test_other_words_are_a_no_and_are_told_to_it(server: Callable[..., list[str]]) -> None:
    assert await talk(Talk, server(RUN, CHANGE), "work", Operator("use git", YES), io.BytesIO())
    assert sorted(lines("answered.txt")) == ['{"decision": "accept"}', '{"decision": "decline"}']
    assert lines("heard.txt") == ["thread/start", "turn/start work", "turn/start The operator says: use git"]


async def test_its_questions_come_with_their_choices_and_a_secret_is_said_to_be_kept(
    server: Callable[..., list[str]],
) -> None:
    operator = Operator("Blue", "")
    assert await talk(Talk, server(ASK), "work", operator, io.BytesIO())
    assert operator.asked == [("Which?", ("Red", "Blue")), (f"Key?{KEPT}", ())]
    assert lines("answered.txt") == ['{"answers": {"q1": {"answers": ["Blue"]}}}']


async def test_half_a_character_in_an_answer_is_replaced_as_codex_would_drop_the_answer(
    server: Callable[..., list[str]], tmp_path: Path
) -> None:
    asked = ("item/tool/requestUserInput", {"questions": [{"id": "q", "question": "Which?"}]})

    async def answer(_: str, __: tuple[str, ...]) -> str:
        return "caf\udce9 \U0001f9d1"

    assert await talk(Talk, server(asked), "go", answer, io.BytesIO())
    answered = json.loads((tmp_path / "answered.txt").read_text())
    assert answered == {"answers": {"q": {"answers": ["caf? \U0001f9d1"]}}}


async def test_what_the_operator_says_goes_on_with_its_turn_or_is_one_of_its_own(
    server: Callable[..., list[str]],
) -> None:
    speaking, out = Speaking("mind the tests"), io.BytesIO()
    assert await talk(Talk, server(ASK), "work", Operator("Red", "x"), out, speaking)
    assert lines("heard.txt")[2:] == ["turn/start The operator says: mind the tests"]
    assert noted(out) == [("mind the tests", False)]
    assert speaking.was_heard == ["m0"]


async def test_what_is_said_at_its_end_begins_no_turn_that_would_be_cut_off(server: Callable[..., list[str]]) -> None:
    kept: list[Talk] = []

    class Keeping(Talk):
        def __init__(self, agent: Agent, ask: Ask) -> None:
            super().__init__(agent, ask)
            kept.append(self)

    assert await talk(Keeping, server(), "work", Operator(), io.BytesIO())
    with pytest.raises(AgentGoneError):
        async with asyncio.timeout(5):
            await kept[0].tell("too late")


@pytest.mark.parametrize("prompt", ["fail", "die"])
async def test_a_turn_that_fails_or_never_ends_is_no_good_end(server: Callable[..., list[str]], prompt: str) -> None:
    if prompt == "fail":
        assert not await talk(Talk, server(), prompt, Operator(), io.BytesIO())
        return
    with pytest.raises(CockpitError, match="ended before its work did"):
        await talk(Talk, server(), prompt, Operator(), io.BytesIO())


@pytest.mark.parametrize(
    ("session", "heard"),
    [
        ("s1", ["thread/resume", "turn/start go on"]),
        ("s0", ["thread/resume s0", "thread/start", "turn/start all of it"]),
    ],
)
async def test_it_goes_on_with_its_thread_where_that_is_still_there(
    server: Callable[..., list[str]], session: str, heard: list[str]
) -> None:
    assert await talk(Talk, server(), "go on", Operator(), io.BytesIO(), None, Earlier(session, "all of it"))
    assert lines("heard.txt") == heard


def test_the_word_app_server_makes_codex_one_that_is_talked_to() -> None:
    keys = {"preset": "codex", "run": ["codex", "app-server"], "model": "m", "args": ["-c", "x=1"]}
    profile = AgentProfile.model_validate(keys)
    launch = presets.command(profile, Path("/runs/1/prompt.md"), "hello", "s1")
    go_between = (sys.executable, "-P", "-m", "cockpit.engine.duplex", "codex", "/runs/1/prompt.md")
    sandbox = ("-c", 'sandbox_mode="workspace-write"')
    assert launch.command == (*go_between, "codex", "app-server", "-c", 'model="m"', *sandbox, "-c", "x=1")
    assert presets.adapter(profile).resumes
    assert type(presets.adapter(profile).parser()).__name__ == "CodexStream"
    assert presets.dialect(AgentProfile.model_validate({"preset": "codex"})) == ""


async def test_a_paused_one_goes_on_with_its_thread_and_outlives_its_driver(scene: Scene) -> None:
    (agent := scene.top / "agent.py").write_text(SERVER)
    (scene.stage / "asks.json").write_text(json.dumps([RUN]))
    run = [sys.executable, str(agent), "app-server"]
    profile = {"preset": "codex", "run": run, "env": {"STAGE": str(scene.stage)}}
    scene.plan({"a": {}}, agents={"talker": profile})
    async with scene.driving() as play:
        await play.start("a")
        await play.until(lambda one: one.snapshot.open_questions("a"), 20)
        assert (await play.order("pause", "a")).ok
        assert play.snapshot.open_questions() == ()
        (ended,) = play.of(f.RunEnded)
        assert ended.session == "s1"
        assert (await play.order("resume", "a")).ok
        await play.until(lambda one: one.snapshot.open_questions("a"), 20)
    async with scene.driving() as play:
        (asked,) = play.snapshot.open_questions("a")
        assert (asked.text, asked.choices) == ("May it run: touch a.txt?", (YES, SESSION, NO))
        assert (await play.order("answer", "a", number=1, expected=asked.id)).ok
        await play.until_merged("a", seconds=20)
        assert play.of(f.RunAdopted)
    heard = [line.split()[0] for line in (scene.stage / "heard.txt").read_text().splitlines()]
    assert heard == ["thread/start", "turn/start", "thread/resume", "turn/start"]
    assert scene.base_file("done.txt").startswith("# Go on")
    scene.check()
