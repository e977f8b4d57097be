"""The real agent programs against a scripted model: what is proven with fakes elsewhere holds for them too.

Runs only where COCKPIT_TEST_MODEL_URL names a model server that takes scripts (tests.e2e.modelserver is one), for the
programs that are on the path. None of them asks anybody else.
"""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cockpit.agents import runs
from cockpit.schedule import facts as f
from tests.engine.scenes import Scene, own_place

URL = os.environ.get("COCKPIT_TEST_MODEL_URL", "").rstrip("/")
SECONDS = 90.0
CODEX = """
model = "scripted"
model_provider = "scripted"
[model_providers.scripted]
name = "scripted"
base_url = "{url}/v1"
wire_api = "responses"
env_key = "OPENAI_API_KEY"
"""
_PRICED = {"cost": {"input": 1, "output": 10, "cache_read": 0.1}}
OPENCODE = {
    "provider": {
        "scripted": {
            "npm": "@ai-sdk/openai-compatible",
            "options": {"baseURL": f"{URL}/v1", "apiKey": "none"},
            "models": {"scripted": _PRICED},
        }
    },
    "model": "scripted/scripted",
    "small_model": "scripted/scripted",
}
pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not URL, reason="COCKPIT_TEST_MODEL_URL names no model server")]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    yield from own_place(tmp_path, monkeypatch)


@pytest.fixture(params=["claude", "codex", "opencode"])
def agent(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """Return a profile of a real program with a home of its own, in which it talks to the scripted model alone."""
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    home = tmp_path / "home"
    (home / ".codex").mkdir(parents=True)
    (home / ".codex" / "config.toml").write_text(CODEX.format(url=URL))
    env = {"HOME": str(home), "ANTHROPIC_BASE_URL": URL, "ANTHROPIC_API_KEY": "none", "OPENAI_API_KEY": "none"}
    env |= {"CODEX_HOME": str(home / ".codex"), "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    env |= {"OPENCODE_CONFIG_CONTENT": json.dumps(OPENCODE)}
    cost = {"input": 1, "cached": 0.1, "output": 10}
    return {"preset": request.param, "slots": 8, "env": env, "cost": cost}


def told(*steps: str) -> dict[str, str]:
    return {"does": "", "prompt": f"RIG{{ {'; '.join(steps)} }}"}


async def test_an_edit_is_merged_and_paid_for_and_what_fails_says_why(scene: Scene, agent: dict[str, Any]) -> None:
    streams = {
        "edit": told("shell printf hello > hello.txt", "say fine"),
        "idle": told("say nothing to do"),
        "refused": told("http 400"),
    }
    if limits := agent["preset"] != "opencode":  # it calls again for ever, and says nothing
        streams["limited"] = told("http 429")
    scene.plan(streams, agents={"real": agent}, limits={"agents": 8})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(edit="merged", idle="failed", refused="failed", seconds=SECONDS)
        assert scene.base_file("hello.txt").strip() == "hello"
        assert "changed nothing" in play.leg("idle").reason
        assert "400" in play.leg("refused").reason
        if limits:
            await play.until_state(limited="failed", seconds=SECONDS)
            assert [(one.leg, one.profile) for one in play.of(f.ProfileSlept)] == [("limited", "real")]
        run = next(one for one in play.snapshot.runs.values() if one.leg == "edit")
        used = play.snapshot.usage[run.id]
        assert min(used.tokens_in, used.tokens_cached, used.tokens_out) > 0
        assert used.usd > 0
        assert run.session
    scene.check()


async def test_a_cut_answer_and_a_kill_are_no_success(scene: Scene, agent: dict[str, Any]) -> None:
    streams = {
        "cut": told("shell printf x > x.txt", "drop"),
        "killed": told("shell touch up.txt && sleep 60", "say fine"),
    }
    scene.plan(streams, agents={"real": agent}, limits={"agents": 8})
    async with scene.driving() as play:
        await play.start()
        await play.until(lambda _: (scene.worktree("killed") / "up.txt").exists() or None, SECONDS)
        agent_process = runs.look(scene.state.run(play.leg("killed").run or "")).agent
        assert agent_process is not None
        os.kill(agent_process.pid, signal.SIGKILL)
        await play.until_state(cut="failed", killed="failed", seconds=SECONDS)
        assert "signal 9" in play.leg("killed").reason
        assert not scene.git("log", "--format=%H", "main", "--", "x.txt", "up.txt")
    scene.check()


async def test_what_is_paused_goes_on_with_its_conversation(scene: Scene, agent: dict[str, Any]) -> None:
    scene.plan(
        {"a": told("shell touch up.txt && sleep 4", "shell printf x > x.txt", "say fine")}, agents={"real": agent}
    )
    async with scene.driving() as play:
        await play.start()
        await play.until(lambda _: (scene.worktree("a") / "up.txt").exists() or None, SECONDS)
        if agent["preset"] != "opencode":  # it shows a tool call only once that is over
            await play.until(
                lambda play: any("runs" in one.activity for one in play.view.readings.runs.values()), SECONDS
            )
        answer = await play.order("pause", "a")
        assert answer.ok
        await play.until_state(a="paused", seconds=SECONDS)
        await play.order("resume", "a")
        await play.until_merged("a", seconds=SECONDS)
        first, second = play.snapshot.runs.values()
        assert first.session == second.session != ""
        assert scene.base_file("x.txt") == "x"
    scene.check()
