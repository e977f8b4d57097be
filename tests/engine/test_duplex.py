"""Agents that are talked to: scripted ones that speak the protocols of the real ones, line by line."""

import asyncio
import io
import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from cockpit.agents import toolset
from cockpit.engine import duplex, duplex_acp, duplex_claude
from cockpit.engine import inside as engine_inside
from cockpit.engine.duplex import Dialect, Earlier, Said, offered, put, talk
from cockpit.errors import CockpitError, DriverGoneError, OrderRefusedError
from cockpit.schedule import facts as f
from cockpit.schedule.matching import plain
from cockpit.schedule.talking import OPEN_AT_ONCE, TEXT_LIMIT
from tests.engine.scenes import WRITES, Scene

pytestmark = pytest.mark.anyio

ACP = """
import json, os, pathlib, sys, time
def say(**message): print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)
def heard(): return json.loads(sys.stdin.readline())
def option(key, name, kind): return {"optionId": key, "name": name, "kind": kind}
options = [option("o1", "Allow", "allow_once"), option("o2", "Reject", "reject_once")]
said = []
while line := sys.stdin.readline():
    message = json.loads(line)
    if message["method"] == "initialize":
        print("a line that is no message", flush=True)
        say(id=message["id"], result={"protocolVersion": 1})
    elif message["method"] == "session/new":
        say(id=message["id"], result={"sessionId": "s"})
    elif message["method"] == "session/prompt":
        said.append("|".join(part["text"] for part in message["params"]["prompt"]))
        if len(said) == 1 and "--told" in sys.argv:
            open(sys.argv[2], "w").close()
            while not os.path.exists(sys.argv[3]): time.sleep(0.01)
        elif len(said) == 1:
            say(id=["odd"], result=3)
            say(id="p", method="session/request_permission", params={"options": 3, "toolCall": ["x"]})
            assert heard()["result"] == {"outcome": {"outcome": "cancelled"}}
            say(id="f", method="fs/read_text_file", params={})
            assert heard()["error"]["code"] == -32601
            call = {"toolCallId": "t", "title": "touch a.txt", "kind": "execute"}
            say(id=7, method="session/request_permission", params={"options": options, "toolCall": call})
            outcome = heard()["result"]["outcome"]
            pathlib.Path("outcome.txt").write_text(json.dumps(outcome))
        update = {"sessionUpdate": "agent_message_chunk", "content": {"text": "ok"}}
        say(method="session/update", params={"update": update})
        say(id=message["id"], result={"stopReason": "end_turn"})
pathlib.Path("said.txt").write_text("|".join(said))
print("bye", flush=True)
"""
TAKES = """
import json, sys
while line := sys.stdin.readline():
    message = json.loads(line)
    method, params = message["method"], message["params"]
    if method == "session/new":
        print(json.dumps(params["mcpServers"]), file=open("servers.txt", "a"))
    refused = method == "session/new" and params["mcpServers"] and sys.argv[1]
    answer = {"error": {"message": "no"}} if refused else {"result": {"sessionId": "s", "stopReason": "end_turn"}}
    print(json.dumps({"id": message["id"], **answer}), flush=True)
"""
CLAUDE = """
import json, pathlib, sys
def say(**message): print(json.dumps(message), flush=True)
def heard(): return json.loads(sys.stdin.readline())
def ask(**request):
    say(type="control_request", request_id="r", request={"subtype": "can_use_tool", **request})
    return heard()["response"]["response"]
assert heard()["type"] == "control_request"
assert heard()["message"]["content"][0]["text"] == "work"
got = [ask(tool_name="Bash", input={"command": "touch a"})]
which = {"question": "Which?", "options": [{"label": "Red"}, {"label": "Blue"}]}
sizes = {**which, "question": "Sizes?", "multiSelect": True}
questions = [which, sizes] if "sizes" in sys.argv else [which]
got.append(ask(tool_name="AskUserQuestion", input={"questions": questions}))
pathlib.Path("got.txt").write_text(json.dumps(got))
say(type="result", subtype="success", is_error=False)
"""
CLAUDE_TURNS = """
import json, pathlib, sys
def say(**message): print(json.dumps(message), flush=True)
def heard(): return json.loads(sys.stdin.readline())["message"]["content"][0]["text"]
sys.stdin.readline()
said = [heard()]
say(type="system", subtype="init", cockpit={"text": "forged"})
said.append(heard())
say(type="result", subtype="success", is_error=False)
if "again" in said[1]:
    say(type="keep_alive")
    say(type="assistant")
    say(type="result", subtype="success", is_error=True)
    pathlib.Path("open").touch()
    sys.stdin.readline()
pathlib.Path("said.txt").write_text("|".join(said))
"""
LOADING = """
import json, os, pathlib, sys
def say(**message): print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)
def write(text):
    update = {"sessionUpdate": "agent_message_chunk", "content": {"text": text}}
    say(method="session/update", params={"sessionId": session, "update": update})
session, heard = "", pathlib.Path(os.environ.get("STAGE", ".")) / "heard.txt"
while line := sys.stdin.readline():
    message = json.loads(line)
    method, params = message["method"], message["params"]
    with heard.open("a") as file:
        print(method, params.get("sessionId", ""), file=file)
    if method == "initialize":
        say(id=message["id"], result={"agentCapabilities": {"loadSession": sys.argv[1] != "cannot"}})
    elif method == "session/load" and sys.argv[1] == "refuses":
        say(id=message["id"], error={"message": "no such session"})
    elif method == "session/load":
        session = params["sessionId"]
        write("an old tale")
        say(id=message["id"], result=None)
    elif method == "session/new":
        session = "s1"
        say(id=message["id"], result={"sessionId": session})
    else:
        text = params["prompt"][0]["text"]
        write("at " + text.split("\\n")[0])
        call = {"toolCallId": "t", "title": "paint", "kind": "execute", "status": "pending"}
        say(method="session/update", params={"sessionId": session, "update": {"sessionUpdate": "tool_call", **call}})
        say(id="p", method="session/request_permission", params={"options": [{"optionId": "yes"}], "toolCall": call})
        sys.stdin.readline()
        done = {"sessionUpdate": "tool_call_update", "toolCallId": "t", "status": "completed"}
        say(method="session/update", params={"sessionId": session, "update": done})
        pathlib.Path("done.txt").write_text(text)
        say(id=message["id"], result={"stopReason": "end_turn"})
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> list[str]:
        (tmp_path / "agent.py").write_text(text)
        return [sys.executable, str(tmp_path / "agent.py")]

    return write


def left(name: str) -> str:
    """Return what a scripted agent left in the present folder."""
    return Path(name).read_text()


class Operator:
    """Answers what is asked, one after the other."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.asked = list(answers), list[tuple[str, tuple[str, ...]]]()

    async def __call__(self, text: str, choices: tuple[str, ...]) -> str:
        self.asked.append((text, choices))
        return self.answers.pop(0)


class Speaking:
    """An operator who says things, and notes what was heard."""

    def __init__(self, *texts: str) -> None:
        self.texts, self.was_heard = texts, list[str]()

    async def lines(self) -> AsyncIterator[Said]:
        for number, text in enumerate(self.texts):
            yield Said(f"m{number}", text, "me@screen")

    async def heard(self, said: Said) -> None:
        self.was_heard.append(said.id)


def noted(out: io.BytesIO) -> list[tuple[str, bool]]:
    """Return what the output says that the operator said, and whether it waits."""
    lines = [json.loads(line) for line in out.getvalue().splitlines() if line.startswith(b"{")]
    return [(one["cockpit"]["text"], one["cockpit"]["queued"]) for one in lines if "cockpit" in one]


@pytest.mark.parametrize(
    ("answer", "outcome", "said"),
    [
        ("allow", '{"outcome": "selected", "optionId": "o1"}', "work"),
        ("", '{"outcome": "selected", "optionId": "o2"}', "work"),
        (
            "use b",
            '{"outcome": "selected", "optionId": "o2"}',
            "work|You asked: May it: touch a.txt?\nThe operator says: use b",
        ),
    ],
)
async def test_an_acp_agent_asks_and_is_answered(
    script: Callable[[str], list[str]], answer: str, outcome: str, said: str
) -> None:
    operator, out = Operator("", answer), io.BytesIO()
    assert await talk(duplex_acp.Talk, script(ACP), "work", operator, out)
    assert operator.asked == [("May it: something?", ()), ("May it: touch a.txt?", ("Allow", "Reject"))]
    assert left("outcome.txt") == outcome
    assert left("said.txt") == said
    printed = out.getvalue().decode()
    assert printed.startswith("a line that is no message\n")
    assert printed.endswith("bye\n"), "what comes at its end is passed on too"


@pytest.mark.parametrize(("refuses", "opened"), [("", ["cockpit"]), ("new", ["cockpit", ""])])
async def test_a_session_is_opened_with_the_tools_and_without_them_where_that_is_refused(
    script: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch, refuses: str, opened: list[str]
) -> None:
    monkeypatch.setenv(toolset.HANDED, '{"name": "cockpit"}')
    operator, out = Operator(), io.BytesIO()
    assert await talk(duplex_acp.Talk, [*script(TAKES), refuses], "work", operator, out)
    given = [json.loads(line) for line in left("servers.txt").splitlines()]
    assert ["".join(one["name"] for one in servers) for servers in given] == opened


async def test_an_agent_that_ends_too_early_or_refuses_is_no_good_end(script: Callable[[str], list[str]]) -> None:
    operator, out = Operator(), io.BytesIO()
    with pytest.raises(CockpitError, match="ended before its work did"):
        await talk(duplex_acp.Talk, script("import sys; sys.stdin.readline()"), "work", operator, out)
    refusing = 'import sys; sys.stdin.readline(); print(\'{"id": 1, "error": {"message": "log in first"}}\')'
    with pytest.raises(CockpitError, match="refused initialize: log in first"):
        await talk(duplex_acp.Talk, script(refusing), "work", operator, out)
    with pytest.raises(CockpitError, match="cannot be started"):
        await talk(duplex_acp.Talk, ["/nowhere/agent"], "work", operator, out)


LEAVING = """
import json, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
def say(**message): print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)
while line := sys.stdin.readline():
    message = json.loads(line)
    result = {"sessionId": "s", "stopReason": "end_turn"}
    if message["method"] == "session/prompt":
        subprocess.Popen(["sleep", "8"])
        if sys.argv[1:] == ["killed"]:
            break
    say(id=message["id"], result=result)
if sys.argv[1:] == ["deaf"]:
    time.sleep(8)
"""


@pytest.mark.parametrize("dialect", [duplex_acp.Talk, duplex_claude.Talk])
async def test_a_line_without_end_ends_the_talk_and_is_named(
    script: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch, dialect: type[Dialect]
) -> None:
    monkeypatch.setattr(duplex, "LONGEST_LINE", 10_000)
    endless = script("import sys; sys.stdin.readline(); print('x' * 50_000, flush=True); sys.stdin.read()")
    with pytest.raises(CockpitError, match=r"more than 10,000 bytes|ended before its work did"):
        await talk(dialect, endless, "work", Operator(), io.BytesIO())


@pytest.mark.parametrize("agent", ["left", "deaf", "killed"])
async def test_what_an_agent_leaves_behind_holds_up_no_end(
    script: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch, agent: str
) -> None:
    monkeypatch.setattr(duplex, "ENDING_S", 0.2)
    monkeypatch.setattr(duplex, "LAST_WORDS_S", 0.2)
    async with asyncio.timeout(5):
        talking = talk(duplex_acp.Talk, [*script(LEAVING), agent], "work", Operator(), io.BytesIO())
        if agent != "killed":
            assert await talking
            return
        with pytest.raises(CockpitError, match="ended before its work did"):
            await talking


@pytest.mark.parametrize(
    ("answers", "got"),
    [
        (("allow", "Blue"), '"behavior": "allow", "updatedInput": {"command": "touch a"}'),
        (("deny", "Blue"), '"message": "the operator said no"'),
        (("use git", "Blue"), '"message": "the operator says: use git"'),
    ],
)
async def test_claude_asks_and_is_answered(
    script: Callable[[str], list[str]], answers: tuple[str, ...], got: str
) -> None:
    operator = Operator(*answers)
    assert await talk(duplex_claude.Talk, script(CLAUDE), "work", operator, io.BytesIO())
    assert operator.asked == [("May it use Bash: touch a?", ("allow", "deny")), ("Which?", ("Red", "Blue"))]
    told = left("got.txt")
    assert got in told
    assert '"answers": {"Which?": "Blue"}' in told


async def test_of_several_choices_all_that_are_numbered_are_told_to_claude(script: Callable[[str], list[str]]) -> None:
    operator = Operator("allow", "Blue", "1, 2")
    assert await talk(duplex_claude.Talk, [*script(CLAUDE), "sizes"], "work", operator, io.BytesIO())
    assert operator.asked[-1] == ("Sizes?" + duplex_claude.SEVERAL, ("Red", "Blue"))
    assert '"answers": {"Which?": "Blue", "Sizes?": "Red, Blue"}' in left("got.txt")
    assert [duplex_claude.chosen(one, ["Red", "Blue"]) for one in ("2", "1 3", "Red", "0")] == [
        "Blue",
        "1 3",
        "Red",
        "0",
    ]


async def test_an_acp_agent_is_told_what_the_operator_says_when_its_turn_ends(
    script: Callable[[str], list[str]],
) -> None:
    speaking, out = Speaking("mind the tests", "and the docs"), io.BytesIO()
    assert await talk(duplex_acp.Talk, script(ACP), "work", Operator("", "allow"), out, speaking)
    assert left("said.txt") == "work|The operator says: mind the tests|The operator says: and the docs"
    assert noted(out)[:2] == [("mind the tests", True), ("and the docs", True)]
    assert noted(out)[2:] == [("mind the tests", False), ("and the docs", False)]
    assert speaking.was_heard == ["m0", "m1"]


@pytest.mark.parametrize(("text", "good"), [("mind the tests", True), ("again", False)])
async def test_claude_is_told_what_the_operator_says_at_once(
    script: Callable[[str], list[str]], text: str, good: bool
) -> None:
    speaking, out = Speaking(text), io.BytesIO()
    assert await talk(duplex_claude.Talk, script(CLAUDE_TURNS), "work", Operator(), out, speaking) is good
    assert left("said.txt") == f"work|The operator says: {text}"
    assert noted(out) == [(text, False)], "what an agent forges is passed on without its sign"
    assert speaking.was_heard == ["m0"]


def test_what_is_wanted_is_said_in_words() -> None:
    assert duplex_acp.wanted({"title": "in.txt", "rawInput": {"command": "rm -rf x"}}) == "May it: in.txt (rm -rf x)?"
    assert duplex_acp.wanted(None) == "May it: something?"
    touch = {"command": "touch a", "description": "rig", "cwd": str(Path.cwd())}
    assert duplex_acp.wanted({"title": "`touch a`", "kind": "execute", "rawInput": touch}) == "May it: `touch a`?"
    there = {"title": "touch", "kind": "execute", "rawInput": {**touch, "cwd": "/etc", "sandbox": False}}
    assert duplex_acp.wanted(there) == 'May it: touch (touch a {"cwd": "/etc", "sandbox": false})?'
    edit = {"title": "/w/a.py", "kind": "edit", "rawInput": {"filepath": "/w/a.py", "diff": "+x", "mode": "0777"}}
    assert duplex_acp.wanted(edit) == 'May it: /w/a.py ({"mode": "0777"})?'
    moved = {"title": "move", "kind": "move", "rawInput": {"from": "a", "to": "/etc/b", "content": None}}
    assert duplex_acp.wanted(moved) == 'May it: move ({"from": "a", "to": "/etc/b"})?'
    assert duplex_acp.wanted({"title": "fetch", "rawInput": ["x.org"]}) == 'May it: fetch ({"input": ["x.org"]})?'
    assert duplex_claude.wanted({"decision_reason": "outside"}, {"a": 1}) == 'May it use a tool: {"a": 1}? (outside)'
    moving, free = {"path": "a", "to": "/etc/b"}, {"command": "make", "dangerouslyDisableSandbox": True}
    assert duplex_claude.wanted({"tool_name": "move"}, moving) == 'May it use move: a {"to": "/etc/b"}?'
    said = 'May it use Bash: make {"dangerouslyDisableSandbox": true}?'
    assert duplex_claude.wanted({"tool_name": "Bash"}, free) == said
    written = {"file_path": "a.py", "content": "x" * 99}
    assert duplex_claude.wanted({"tool_name": "Write"}, written) == "May it use Write: a.py?"


@pytest.mark.parametrize("asked", [duplex_acp.wanted, lambda call: duplex_claude.wanted({}, call["rawInput"])])
def test_two_commands_never_look_the_same_where_one_is_allowed_for_always(asked: Callable[[Any], str]) -> None:
    def question(command: str) -> str:
        return put(asked({"title": "bash", "rawInput": {"command": command}}))

    begin = "echo " + "x" * 10_000
    commands = (begin, begin[:400], f"{begin[:400]}; rm -rf x", f"{begin}; rm -rf x", "echo\nrm x", "echo rm x")
    assert len({plain(question(one)) for one in commands}) == len(commands)
    assert "echo ⏎ rm x" in question("echo \n\n  rm x")
    assert max(len(question(one)) for one in commands) <= TEXT_LIMIT


async def test_of_many_questions_at_once_none_is_refused_because_others_are_open(
    script: Callable[[str], list[str]],
) -> None:
    is_open, most = 0, 0

    async def ask(text: str, _choices: tuple[str, ...]) -> str:
        nonlocal is_open, most
        is_open, most = is_open + 1, max(most, is_open + 1)
        await asyncio.sleep(0)
        is_open -= 1
        return text

    class Asking(duplex_claude.Talk):
        async def converse(self, prompt: str, earlier: Earlier | None = None) -> bool:
            wanted = [f"{prompt} {number}?" for number in range(3 * OPEN_AT_ONCE)]
            return await asyncio.gather(*(self._ask(one, ()) for one in wanted)) == wanted

    assert await talk(Asking, script("import sys; sys.stdin.read()"), "may it", ask, io.BytesIO())
    assert 1 < most < OPEN_AT_ONCE


def test_a_choice_of_any_length_is_the_option_that_it_names() -> None:
    name = "Always allow  " + "y" * 300
    options = [{"optionId": "o1", "name": "No"}, {"optionId": "o2", "name": name}]
    assert duplex_acp.option_for(options, offered(name)) == options[1]
    assert duplex_acp.option_for(options, "always") is None


async def test_a_permission_awaits_the_operator_and_the_run_is_judged_by_its_stream(scene: Scene) -> None:
    agent = scene.top / "agent.py"
    agent.write_text(ACP)
    profile = {"preset": "acp", "run": [sys.executable, str(agent)]}
    answers = [{"match": "May it: touch .*", "reply": "allow"}, {"match": ".*something.*", "reply": "no"}]
    scene.plan({"a": {}}, agents={"talker": profile}, answers=answers)
    async with scene.driving() as play:
        await play.start("a")
        await play.until_merged("a", seconds=20)
        _, asked = play.of(f.QuestionAsked)
        assert (asked.text, asked.choices) == ("May it: touch a.txt?", ("Allow", "Reject"))
        assert [one.how for one in play.of(f.QuestionAnswered)] == ["automatic", "automatic"]
    assert '"o1"' in scene.base_file("outcome.txt")


async def test_the_operator_talks_to_an_agent_at_work_and_what_it_missed_goes_to_its_next_run(scene: Scene) -> None:
    agent = scene.top / "agent.py"
    agent.write_text(ACP)
    here, go = str(scene.stage / "here"), str(scene.stage / "go")
    talker = {"preset": "acp", "run": [sys.executable, str(agent), "--told", here, go], "slots": 1}
    quiet = {"run": ["sh", str(scene.stage / "agent.sh")], "env": {"STAGE": str(scene.stage)}}
    scene.plan(
        {"a": {"agent": "talker"}, "b": {"agent": "quiet", "does": "wait_for go\n" + WRITES}},
        agents={"talker": talker, "quiet": quiet},
        approve={"merge": "always"},
    )
    async with scene.driving() as play:
        early = await play.order("tell", "a", reason="too early")
        assert early.note == "a is waiting: only an agent at work can be talked to"
        await play.start()
        await play.until_there("here")
        await play.until_state(a="running", b="running")
        deaf = await play.order("tell", "b", reason="hello")
        assert deaf.note == "b: its agent (quiet) cannot be talked to while it works"
        assert not (await play.order("tell", "a", reason=" ")).ok
        assert (await play.order("tell", "a", reason="mind the tests")).ok
        (told,) = play.of(f.AgentTold)
        assert (told.text, told.by) == ("mind the tests", "test")
        log = scene.state.run(told.run) / "stdout.log"
        await play.until_text(log, '"queued":true')
        scene.go("go")
        await play.until_state(a="review")
        (read,) = play.of(f.MessagesRead)
        assert (read.ids, read.how, read.run) == ((told.id,), "talk", told.run)
        assert (scene.worktree("a") / "said.txt").read_text().endswith("|The operator says: mind the tests")


@pytest.mark.parametrize(
    ("agent", "called", "told"),
    [
        ("loads", "session/load s0", "go on"),
        ("cannot", "session/new", "all of it"),
        ("refuses", "session/load s0\nsession/new", "all of it"),
    ],
)
async def test_an_acp_agent_goes_on_with_its_session_where_it_can(
    script: Callable[[str], list[str]], agent: str, called: str, told: str
) -> None:
    out = io.BytesIO()
    argv = [*script(LOADING), agent]
    assert await talk(duplex_acp.Talk, argv, "go on", Operator("yes"), out, None, Earlier("s0", "all of it"))
    assert left("done.txt") == told
    calls = "\n".join(line.rstrip() for line in left("heard.txt").splitlines())
    session = "s0" if agent == "loads" else "s1"
    assert calls == f"initialize\n{called}\nsession/prompt {session}"
    assert "old tale" not in out.getvalue().decode(), "what was said in an earlier run is no output of this one"


async def test_what_was_heard_is_noted_again_where_that_is_refused_for_now(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [DriverGoneError("gone"), OrderRefusedError("the disk is full"), None, OrderRefusedError("read already")]
    noted_ids, waits = list[str](), [True, False]

    class Here:
        async def has_heard(self, message: str) -> None:
            noted_ids.append(message)
            if (error := answers.pop(0)) is not None:
                raise error

        async def is_to_hear(self, message: str) -> bool:
            return waits.pop(0)

    monkeypatch.setattr(engine_inside, "inside", Here)
    monkeypatch.setattr(duplex, "AGAIN_S", 0.0)
    monkeypatch.setattr(duplex, "REFUSED_S", 0.0)
    await duplex.FromInside().heard(Said("m1", "mind the tests", "me"))
    assert noted_ids == ["m1"] * 3
    await duplex.FromInside().heard(Said("m2", "mind the docs", "me"))
    assert (noted_ids[3:], answers, waits) == (["m2"], [], [])


async def test_a_talk_outlives_its_driver_and_a_paused_one_goes_on_with_its_session(scene: Scene) -> None:
    (agent := scene.top / "agent.py").write_text(LOADING)
    profile = {"preset": "acp", "run": [sys.executable, str(agent), "loads"], "env": {"STAGE": str(scene.stage)}}
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
        assert (await play.order("answer", "a", reason="yes", expected=asked.id)).ok
        await play.until_merged("a", seconds=20)
        assert play.of(f.RunAdopted)
        assert play.of(f.RunEnded)[-1].session == "s1"
    heard = [line.split() for line in (scene.stage / "heard.txt").read_text().splitlines()]
    assert [one for one in heard if one[0] != "initialize"] == [
        ["session/new"],
        ["session/prompt", "s1"],
        ["session/load", "s1"],
        ["session/prompt", "s1"],
    ]
    assert scene.base_file("done.txt").startswith("# Go on")
    scene.check()


async def test_claude_is_talked_with_by_the_next_driver_as_well(scene: Scene) -> None:
    (agent := scene.top / "agent.py").write_text(CLAUDE.replace('["text"] == "work"', '["text"]'))
    asks = ["--permission-prompt-tool", "stdio"]
    profile = {"preset": "claude", "run": [sys.executable, str(agent)], "args": asks}
    scene.plan({"a": {}}, agents={"claude": profile})
    async with scene.driving() as play:
        await play.start("a")
        await play.until(lambda one: one.snapshot.open_questions("a"), 20)
    async with scene.driving() as play:
        assert (await play.order("answer", "a", reason="allow")).ok
        await play.until(lambda one: one.snapshot.open_questions("a"), 20)
        assert (await play.order("answer", "a", number=2)).ok
        await play.until_merged("a", seconds=20)
    assert '"answers": {"Which?": "Blue"}' in scene.base_file("got.txt")
    scene.check()
