"""The real agent programs against a scripted model: what is proven with fakes elsewhere holds for them too.

Runs only where COCKPIT_TEST_MODEL_URL names a model server that takes scripts (tests.e2e.modelserver is one), for the
programs that are on the path. None of them asks anybody else.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cockpit.agents import runs
from cockpit.engine.attached import workplace
from cockpit.processtree import ProcessId
from cockpit.schedule import facts as f
from cockpit.schedule.snapshot import Run
from tests.e2e.test_terminal import Tmux, tmux
from tests.engine.scenes import Play, Scene, own_place

__all__ = ["tmux"]

URL = os.environ.get("COCKPIT_TEST_MODEL_URL", "").rstrip("/")
SECONDS = 150.0
TALKED = "codex app-server"
AGENTS = ("claude", "codex", TALKED, "opencode", "gemini", "aider")
RESUMABLE = AGENTS[:5]
CODEX = """
model = "scripted"
model_provider = "scripted"
[model_providers.scripted]
name = "scripted"
base_url = "{url}/v1"
wire_api = "responses"
env_key = "OPENAI_API_KEY"
"""
MODELS = {"gemini": "gemini-2.5-pro", "aider": "openai/scripted"}
_PRICED = {"cost": {"input": 1, "output": 10, "cache_read": 0.1}}
GEMINI = {
    "security": {"auth": {"selectedType": "gemini-api-key"}},
    "privacy": {"usageStatisticsEnabled": False},
    "general": {"enableAutoUpdate": False},
}
CLAUDE = {"hasCompletedOnboarding": True, "theme": "dark", "customApiKeyResponses": {"approved": ["none"]}}
LEAVES = {"claude": "/exit", "codex": "/quit", "opencode": "/exit", "gemini": "/quit", "aider": "/exit"}
ASKS_THE_HUMAN = re.compile(r"1\. (Yes|Allow once|Trust)|\(Y\)es/\(N\)o")

SERVER = {"command": "cockpit", "args": ["mcp"], "timeout": 60000}
pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not URL, reason="COCKPIT_TEST_MODEL_URL names no model server")]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    yield from own_place(tmp_path, monkeypatch)


@pytest.fixture
def model() -> Iterator[str]:
    """Yield the address of the model in a room that only this test is in."""
    room = f"{URL}/room/{uuid.uuid4().hex}"
    yield room
    urllib.request.urlopen(urllib.request.Request(f"{room}/seen", method="DELETE")).close()


@pytest.fixture
def agent(request: pytest.FixtureRequest, tmp_path: Path, model: str) -> dict[str, Any]:
    """Return a profile of a real program with a home of its own, in which it talks to the scripted model alone."""
    name, *mode = request.param.split()
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    home = tmp_path / "home"
    for folder in (".codex", ".gemini"):
        (home / folder).mkdir(parents=True)
    (home / ".codex" / "config.toml").write_text(CODEX.format(url=model))
    (home / ".gemini" / "settings.json").write_text(json.dumps(GEMINI))
    (home / ".claude.json").write_text(json.dumps(CLAUDE))
    env = {"HOME": str(home), "CODEX_HOME": str(home / ".codex"), "GOOGLE_GEMINI_BASE_URL": model}
    env |= {
        "ANTHROPIC_BASE_URL": model,
        "OPENAI_API_BASE": f"{model}/v1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    }
    env |= dict.fromkeys(("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY"), "none")
    env |= {"OPENCODE_CONFIG_CONTENT": opencode(model), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    if name == "opencode":  # its first starts at once would make its database over each other
        subprocess.run([name, "session", "list"], cwd=home, env={**os.environ, **env}, capture_output=True, check=True)
    cost = {"input": 1, "cached": 0.1, "output": 10}
    named = {"model": MODELS[name]} if name in MODELS else {}
    run = {"run": [name, *mode]} if mode else {}
    return {"preset": name, "slots": 4, "env": env, "cost": cost, **named, **run}


def opencode(model: str, **more: Any) -> str:
    """Return the configuration of opencode in which it knows the scripted model alone."""
    maker = {"npm": "@ai-sdk/openai-compatible", "options": {"baseURL": f"{model}/v1", "apiKey": "none"}}
    known = {"provider": {"scripted": {**maker, "models": {"scripted": _PRICED}}}}
    named = dict.fromkeys(("model", "small_model"), "scripted/scripted")
    return json.dumps({**known, **named, "autoupdate": False, **more})


def told(*steps: str) -> dict[str, Any]:
    return {"does": "", "prompt": f"RIG{{ {'; '.join(steps)} }}RIG"}


async def seen(model: str) -> list[dict[str, Any]]:
    """Return the requests that the model got in this test, each with its conversation as text and the step it took."""

    def read() -> Any:
        with urllib.request.urlopen(f"{model}/seen") as answer:
            return json.load(answer)

    return [{**one, "messages": json.dumps(one["messages"])} for one in await asyncio.to_thread(read)]


async def until_given(model: str, step: str, times: int = 1) -> None:
    """Wait until the model has been at a step so many times in this test."""
    async with asyncio.timeout(SECONDS):
        while [one["step"] for one in await seen(model)].count(step) < times:  # noqa: ASYNC110  # nobody else tells
            await asyncio.sleep(0.1)


def run_of(play: Play, leg: str) -> Run:
    return [one for one in play.snapshot.runs.values() if one.leg == leg][-1]


def process_of(play: Play, leg: str) -> ProcessId:
    found = runs.look(play.scene.state.run(play.leg(leg).run or "")).agent
    assert found is not None
    return found


@pytest.mark.parametrize("agent", AGENTS, indirect=True)
async def test_an_edit_is_merged_and_paid_for_and_nothing_else_is(
    scene: Scene, agent: dict[str, Any], model: str
) -> None:
    preset = agent["preset"]
    before = [] if preset == "aider" else ["edit x.txt x"]  # it makes its edits out of the text of one answer
    streams = {
        "edit": told("once http 500", "edit hello.txt hello", "say fine"),
        "idle": told("say nothing to do"),
        "refused": told(*before, "refuse I will not"),
        "long": told(*before, "length it goes on and"),
        "cut": told(*before, "drop 2"),
        "bad": told("http 400 no such model"),
    }
    scene.plan(streams, agents={"real": agent}, limits={"agents": 3})
    async with scene.driving() as play:
        await play.start()
        failing = dict.fromkeys(("idle", "refused", "long", "cut", "bad"), "failed")
        await play.until_state(edit="merged", **failing, seconds=SECONDS)
        assert scene.base_file("hello.txt").strip() == "hello"
        assert not scene.git("log", "--format=%H", "main", "--", "x.txt")
        why = {key: play.leg(key).reason for key in failing}
        assert "changed nothing" in why["idle"]
        assert ("changed nothing" if preset == "aider" else "refused") in why["refused"]
        assert any(word in why["long"] for word in ("longest length", "max_output_tokens", "token limit"))
        assert any(word in why["cut"] for word in ("cut off", "disconnected", "ECONNRESET", "nothing", "Connection"))
        assert "no such model" in why["bad"]
        run = run_of(play, "edit")
        used = play.snapshot.usage[run.id]
        calls = 1 if preset == "aider" else 2
        cached = 0 if preset == "aider" else 800 * calls  # it does not tell what came from a cache
        fresh = 400 * calls if cached else 1200
        assert (used.tokens_in, used.tokens_cached, used.tokens_out) == (fresh, cached, 34 * calls)
        priced = (fresh + 0.1 * cached + 10 * 34 * calls) / 1e6
        assert used.usd == pytest.approx(0.0065 if preset == "claude" else priced)  # one tells its own
        assert play.snapshot.cost().usd == pytest.approx(sum(one.usd for one in play.snapshot.usage.values()))
        assert run.session
        failed = [one["messages"] for one in await seen(model) if one["step"] == "http"]
        assert any("hello.txt" in one for one in failed), "the edit's first call failed"
    scene.check()


@pytest.mark.parametrize("agent", AGENTS, indirect=True)
async def test_a_limit_lets_the_profile_sleep_and_the_fallback_takes_over(scene: Scene, agent: dict[str, Any]) -> None:
    later = int(time.time()) + 7200
    named = {"type": "usage_limit_reached", "message": "rate limit, try again in 2 hours", "resets_at": later}
    streams: dict[str, dict[str, Any]] = {
        "a": {**told(f"http 429 {json.dumps(named)}"), "agent": "real", "fallback": ["sh"]},
        "b": {**told("http 429"), "agent": "other"},
    }
    scene.plan(streams, agents={"real": agent, "other": agent, "sh": {"run": "echo x > x.txt"}})
    async with scene.driving() as play:
        await play.start()
        await play.until_merged("a", seconds=SECONDS)
        await play.until_state(b="failed", seconds=SECONDS)
        slept = {one.profile: one.until for one in play.of(f.ProfileSlept)}
        # What names no time lets it sleep for a minute, which may be over by now.
        assert slept["real"] == pytest.approx(later, abs=90)
        assert slept["other"] <= time.time() + 60
        assert play.snapshot.legs["a"].failures == 0
    scene.check()


@pytest.mark.parametrize("agent", AGENTS, indirect=True)
async def test_a_kill_is_no_success_and_leaves_nothing_behind(scene: Scene, agent: dict[str, Any], model: str) -> None:
    busy = "once slow 60" if agent["preset"] == "aider" else "shell touch up.txt && setsid sleep 600"
    short = busy.replace("600", "10")  # what is told to end may wait for its tool
    streams = {"killed": told(busy, "say a"), "ended": told(short, "say b"), "held": told(busy, "say c")}
    scene.plan(streams, agents={"real": agent}, limits={"agents": 3})
    async with scene.driving() as play:
        await play.start()
        if agent["preset"] == "aider":
            await until_given(model, "slow", 3)
        else:
            up = [scene.worktree(key) / "up.txt" for key in streams]
            await play.until(lambda _: all(one.exists() for one in up) or None, SECONDS)
        await play.until_state(killed="running", ended="running", held="running")
        os.kill(process_of(play, "killed").pid, signal.SIGKILL)
        os.kill(process_of(play, "ended").pid, signal.SIGTERM)
        await play.order("stop", "held")
        await play.until_state(killed="failed", held="stopped", seconds=SECONDS)
        await play.until(lambda one: one.state("ended") in ("failed", "merged"), SECONDS)
        assert "signal 9" in play.leg("killed").reason
        if agent["preset"] != "gemini":  # which goes on to its end
            assert play.leg("ended").reason
            assert not scene.git("log", "--format=%H", "main", "--", "up.txt")
        assert not scene.ours(), "tools in sessions of their own are ended too"
    scene.check()


@pytest.mark.parametrize("agent", RESUMABLE, indirect=True)
@pytest.mark.parametrize("place", ["a tool", "a text"])
async def test_what_is_paused_goes_on_with_its_conversation(
    scene: Scene, agent: dict[str, Any], place: str, model: str
) -> None:
    tool = place == "a tool"
    busy = "shell touch up.txt && sleep 4" if tool else "once trickle 60"
    work = told(f"shell printf {scene.top.name} > w.txt", busy, "shell printf x > x.txt", "say fine")
    scene.plan({"a": work}, agents={"real": agent})
    async with scene.driving() as play:
        await play.start()
        up = scene.worktree("a") / ("up.txt" if tool else "w.txt")
        await play.until(lambda _: up.exists() or None, SECONDS)
        if tool and agent["preset"] != "opencode":  # it shows a tool call only once that is over
            await play.until(lambda play: any("runs" in one.activity for one in play.view.readings.runs.values()), 30)
        elif not tool:
            await until_given(model, "trickle")
        answer = await play.order("pause", "a")
        assert answer.ok
        await play.until_state(a="paused", seconds=SECONDS)
        assert not scene.ours()
        await play.order("resume", "a")
        await play.until_merged("a", seconds=SECONDS)
        first, second = play.snapshot.runs.values()
        assert first.session == second.session != ""
        assert (scene.base_file("w.txt"), scene.base_file("x.txt")) == (scene.top.name, "x")
        told_last = await seen(model)
        last = told_last[-1]["messages"]
        assert "# Go on" in last
        assert "RIG{" in last, "its model was told again what was said before"
        used = play.snapshot.cost()
        assert used.tokens_out % 34 == 0
        assert used.tokens_out <= 34 * len(told_last), "what the session used before is not counted twice"
    scene.check()


@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
@pytest.mark.parametrize("agent", AGENTS, indirect=True)
async def test_a_human_goes_on_with_its_conversation_and_it_with_theirs(
    scene: Scene, agent: dict[str, Any], model: str, tmux: Tmux
) -> None:
    preset = agent["preset"]
    first = [] if preset == "aider" else ["shell printf a > a.txt"]
    steps = "edit h.txt human" if preset == "aider" else "shell printf h > h.txt; say so"
    scene.plan({"a": told(*first, "http 400 no such thing")}, agents={"real": agent}, limits={"retries": 0})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="failed", seconds=SECONDS)
        assert (await play.order("takeover", "a")).ok
        place = workplace(scene.project(), play.snapshot, "a")
        words = [f"{name}={value}" for name, value in place.env.items() if not name.startswith("TMUX")]
        there = ("sh", "-c", 'cd "$0" && exec "$@"', str(place.worktree))
        pane = tmux.open("env", "-i", "TERM=xterm-256color", *words, *there, *place.agent)

        async def until(condition: Callable[[str], bool]) -> None:
            """Wait until the screen shows something; what it asks besides is answered by its first choice."""
            async with asyncio.timeout(SECONDS):
                while not condition(shown := await asyncio.to_thread(tmux.seen, pane)):
                    if ASKS_THE_HUMAN.search("\n".join(shown.rstrip().splitlines()[-15:])):
                        await asyncio.to_thread(tmux, "send-keys", "-t", pane, "Enter")
                        await asyncio.sleep(1)  # it would take one more for the next thing
                    await asyncio.sleep(0.3)

        async def typed(text: str) -> None:
            await asyncio.to_thread(tmux, "send-keys", "-t", pane, "-l", text)
            await until(lambda shown: text[-12:] in shown)
            await asyncio.sleep(1)  # what comes at once counts as pasted
            await asyncio.to_thread(tmux, "send-keys", "-t", pane, "Enter")

        await until(lambda shown: "Restored previous" in shown if preset == "aider" else "a.txt" in shown)
        await asyncio.sleep(2)  # they draw before they listen
        await typed(f"please RIG{{ {steps} }}RIG")
        await until(lambda _: (place.worktree / "h.txt").exists())
        await asyncio.sleep(2)
        await typed(LEAVES[preset])
        await until(lambda _: tmux.told(pane, "pane_dead") == "1")
        assert (await play.order("handback", "a", how="go-on", reason="as I said")).ok
        await play.until(lambda one: [bool(run.ended) for run in one.snapshot.runs.values()] == [True, True], SECONDS)
        before, after = play.snapshot.runs.values()
        assert before.session == after.session != ""
        last = (await seen(model))[-1]["messages"]
        assert "please RIG" in last, "what was said to it by hand is in the conversation"
        assert "as I said" in last
        assert scene.worktree("a").joinpath("h.txt").exists() or scene.base_file("h.txt")


@pytest.mark.parametrize("agent", ["claude", TALKED, "gemini", "opencode"], indirect=True)
async def test_a_permission_is_asked_for_and_the_answer_counts(scene: Scene, agent: dict[str, Any], model: str) -> None:
    preset = agent["preset"]
    permission = opencode(model, permission={"bash": "ask"})
    talked = {
        "claude": {**agent, "run": ["claude", "-p", "--output-format", "stream-json", "--verbose"]},
        "codex": {**agent, "args": ["-c", "features.default_mode_request_user_input=true"]},
        "gemini": {**agent, "preset": "acp", "run": ["gemini", "--acp", "--skip-trust", "-m", MODELS["gemini"]]},
        "opencode": {**agent, "preset": "acp", "run": ["opencode", "acp"]},
    }[preset]
    talked = {**talked, "env": {**agent["env"], "OPENCODE_CONFIG_CONTENT": permission}}
    if preset == "claude":
        talked["args"] = ["--permission-prompt-tool", "stdio"]
    elif preset != "codex":
        talked.pop("model", None)
    question = {"id": "q", "question": "Which colour?", "header": "Colour", "multiSelect": False}
    question["options"] = [{"label": one, "description": one} for one in ("Red", "Blue")]
    tool = {"claude": "AskUserQuestion", "codex": "request_user_input"}.get(preset)
    asks = [f"call {tool} {json.dumps({'questions': [question]})}"] if tool else []

    def writes(name: str) -> str:
        outside = {"cmd": f"printf x > {name}.txt", "sandbox_permissions": "require_escalated", "justification": "so"}
        return f"call exec_command {json.dumps(outside)}" if preset == "codex" else f"shell printf x > {name}.txt"

    streams = {"yes": told(writes("yes"), *asks, "say fine"), "no": told(writes("no"), "say fine")}
    scene.plan(streams, agents={"real": talked})
    async with scene.driving() as play:
        await play.start()
        await play.until(lambda one: all(one.snapshot.open_questions(key) for key in streams), SECONDS)
        (asked,) = play.snapshot.open_questions("no")
        assert "no.txt" in asked.text
        refusal = next(one for one in asked.choices if one.lower().startswith(("deny", "reject", "no")))
        assert (await play.order("answer", "no", reason=refusal)).ok
        assert (await play.order("answer", "yes", number=1)).ok
        if asks:
            await play.until(lambda one: "Which colour?" in "".join(q.text for q in one.snapshot.open_questions("yes")))
            assert (await play.order("answer", "yes", number=2)).ok
        await play.until_merged("yes", seconds=SECONDS)
        await play.until_state(no="failed", seconds=SECONDS)
        assert scene.base_file("yes.txt") == "x"
        if asks:
            assert "Blue" in "".join(one["messages"] for one in await seen(model))
        assert not (scene.worktree("no") / "no.txt").exists()
        calls = 1 if preset == "opencode" else 2  # over this protocol it tells what its last call used, no more
        assert play.snapshot.usage[run_of(play, "yes").id].tokens_out >= 34 * calls
    scene.check()


@pytest.mark.parametrize(
    ("agent", "more"),
    [
        *((one, {"mcp": True} if "codex" in one else {}) for one in RESUMABLE),  # else it gives the server a second
        ("claude", {"args": ["--permission-prompt-tool", "stdio"]}),
        ("opencode", {"preset": "acp", "run": ["opencode", "acp"]}),
    ],
    indirect=["agent"],
)
async def test_it_notes_and_asks_by_mcp_and_by_its_shell(
    scene: Scene, agent: dict[str, Any], more: dict[str, Any], model: str
) -> None:
    preset = agent["preset"]
    settings = Path(agent["env"]["HOME"]) / ".gemini" / "settings.json"
    settings.write_text(json.dumps({**GEMINI, "mcpServers": {"cockpit": SERVER}}))  # nothing else configures it there
    ask = f"call ask {json.dumps({'question': 'Which port?', 'choices': ['80', '8080']})}"
    by_mcp = ['call note {"text": "by mcp"}', ask, "shell printf x > mcp.txt", "say fine"]
    by_shell = ["shell cockpit note 'by shell' && cockpit done I-1 && cockpit inbox > out.txt 2>&1", "say fine"]
    streams: dict[str, dict[str, Any]] = {"a": told(*by_mcp)}
    if preset != "codex":  # its sandbox has no sockets
        streams["b"] = {**told(*by_shell), "issues": [{"id": "I-1"}]}
    scene.plan(streams, agents={"real": {**agent, **more}})
    async with scene.driving() as play:
        await play.start()
        await play.until(lambda one: one.snapshot.open_questions("a"), SECONDS)
        assert (await play.order("answer", "a", number=2)).ok
        await play.until_merged(*streams, seconds=SECONDS)
        assert {one.text for one in play.of(f.NoteMade)} == {"by mcp", *(["by shell"] if "b" in streams else [])}
        assert any("8080" in one["messages"].rpartition("Which port?")[2] for one in await seen(model))
    scene.check()


NARROW = {
    "claude": ["claude", "-p", "--output-format", "stream-json", "--verbose", "--permission-mode", "acceptEdits"],
    "codex": ["codex", "exec", "--json", "-s", "read-only"],
    "opencode": ["opencode", "run", "--format", "json"],
    "gemini": ["gemini", "-o", "stream-json", "--skip-trust", "--approval-mode", "auto_edit"],
}


@pytest.mark.parametrize("agent", NARROW, indirect=True)
async def test_what_its_own_mode_does_not_allow_is_a_refusal(scene: Scene, agent: dict[str, Any], model: str) -> None:
    preset = agent["preset"]
    ask = opencode(model, permission={"bash": "ask"})
    narrow = {**agent, "run": NARROW[preset], "env": {**agent["env"], "OPENCODE_CONFIG_CONTENT": ask}}
    streams = {"a": told("edit x.txt x", "shell python3 -c 1 && printf y > y.txt", "say Read-only file system")}
    profiles = {"real": narrow}
    if preset == "claude":
        profiles["poor"] = {**agent, "args": ["--max-budget-usd", "0.001"]}
        streams["b"] = {**told("edit x.txt x", "say fine"), "agent": "poor"}
        streams["a"]["agent"] = "real"
    scene.plan(streams, agents=profiles)
    async with scene.driving() as play:
        await play.start()
        await play.until_state(**dict.fromkeys(streams, "failed"), seconds=SECONDS)
        assert run_of(play, "a").outcome == "refused", play.leg("a").reason
        assert not (scene.worktree("a") / "y.txt").exists()
        if "b" in streams:
            assert "budget" in play.leg("b").reason
    scene.check()
