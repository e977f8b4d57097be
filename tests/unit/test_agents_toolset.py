"""Which agents get cockpit's own tools, and by which words and variables; what users configured is never lost."""

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cockpit.agents import presets, toolset
from cockpit.agents.prompt import TOOLS, compose
from cockpit.errors import CockpitError
from cockpit.plan.legs import LegSpec
from cockpit.plan.model import AgentProfile, Plan

COMMAND = [sys.executable, "-P", "-m", "cockpit", "mcp"]
PROMPT = Path("/runs/1/prompt.md")


@pytest.fixture(autouse=True)
def extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolset, "installed", lambda: True)


def profile(preset: str | None, **keys: Any) -> AgentProfile:
    return AgentProfile.model_validate({"preset": preset, **keys})


def launched(preset: str, **keys: Any) -> list[str]:
    return list(presets.command(profile(preset, **keys), PROMPT, "do it", "S", tools=True).command)


def config(found: str) -> Any:
    return json.loads(toolset.environment(profile("opencode"), {"OPENCODE_CONFIG_CONTENT": found})[OPENCODE])


OPENCODE = "OPENCODE_CONFIG_CONTENT"
OURS = {"type": "local", "command": COMMAND, "timeout": 60000}


@pytest.mark.parametrize("talks", [[], ["--permission-prompt-tool", "stdio"]])
def test_claude_gets_a_server_and_may_use_it_before_the_plans_own_words(talks: list[str]) -> None:
    words = launched("claude", args=[*talks, "--verbose", "--append-system-prompt", 'call it "cockpit"'])
    server, allowed = [one for one in words if "cockpit" in one.partition("=")[2]]
    assert words.index(server) > words.index("acceptEdits")
    assert json.loads(server.removeprefix("--mcp-config=")) == {
        "mcpServers": {"cockpit": {"command": sys.executable, "args": COMMAND[1:]}}
    }
    assert allowed == "--allowedTools=mcp__cockpit"
    assert words.index(allowed) < words.index("--verbose", words.index(server))
    assert words[-2:] == ["--resume", "S"]


@pytest.mark.parametrize("run", [None, ["codex", "app-server"]])
def test_codex_gets_a_server_that_nothing_waits_for_unless_it_is_demanded(run: list[str] | None) -> None:
    words = launched("codex", run=run, args=["-c", "mcp_servers.cockpit.enabled=false"])
    table = tomllib.loads("\n".join(one for one in words if one.startswith("mcp_servers")))["mcp_servers"]["cockpit"]
    assert [table.pop("command"), *table.pop("args")] == COMMAND
    assert table.pop("env_vars") == list(toolset.KEPT)
    assert table == {"default_tools_approval_mode": "approve", "enabled": False}
    own = [one.partition("=")[0].rpartition(".")[2] for one in words if one.startswith("mcp_servers")]
    assert own[-1] == "enabled", "the plan's own words stand behind ours, and win"
    assert "mcp_servers.cockpit.required=true" in launched("codex", run=run, mcp=True)


@pytest.mark.parametrize(
    ("preset", "args"),
    [
        ("claude", ["--mcp-config", '{"mcpServers": {"cockpit": {"command": "cockpit", "args": ["mcp"]}}}']),
        ("claude", ['--mcp-config={"mcpServers": {"cockpit": {"command": "cockpit", "args": ["mcp"]}}}']),
        ("codex", ["-c", 'mcp_servers.cockpit.command="cockpit"', "-c", 'mcp_servers.cockpit.args=["mcp"]']),
        ("codex", ["-c", 'mcp_servers.cockpit.url="http://127.0.0.1:1/"']),
        ("codex", ["--config=mcp_servers.cockpit = {command = 'cockpit'}"]),
    ],
)
def test_who_configured_it_by_hand_has_one_server_and_not_two(preset: str, args: list[str]) -> None:
    assert launched(preset, args=args) == list(
        presets.command(profile(preset, args=args), PROMPT, "do it", "S").command
    )
    assert toolset.gives(profile(preset, args=args))


def test_a_server_of_another_name_that_is_told_of_cockpit_is_another_one() -> None:
    other = '{"mcpServers": {"db": {"command": "db", "args": ["cockpit"]}}}'
    assert "--allowedTools=mcp__cockpit" in launched("claude", args=["--mcp-config", other])


def test_opencode_gets_it_beside_what_is_configured() -> None:
    assert config("") == {"mcp": {"cockpit": OURS}}
    found = config('{"model": "a/b", "mcp": {"other": {"type": "remote"}}}')
    assert found == {"model": "a/b", "mcp": {"other": {"type": "remote"}, "cockpit": OURS}}


@pytest.mark.parametrize("found", ['{"mcp": {"cockpit": {"enabled": false}}}', "{ // a remark\n}", "[]", '{"mcp": 1}'])
def test_a_configuration_of_opencode_that_has_it_or_cannot_be_read_is_left_alone(found: str) -> None:
    given = {OPENCODE: found, "PATH": "/bin"}
    assert toolset.environment(profile("opencode"), given) == given


def test_an_agent_of_the_acp_is_handed_it_for_its_session() -> None:
    env = toolset.environment(profile("acp", run=["x"]), {"COCKPIT_RUN": "r1", "COCKPIT_STATE": "/s", "TOKEN": "t"})
    assert toolset.handed(env) == [
        {
            "name": "cockpit",
            "command": sys.executable,
            "args": COMMAND[1:],
            "env": [{"name": "COCKPIT_RUN", "value": "r1"}, {"name": "COCKPIT_STATE", "value": "/s"}],
        }
    ]
    assert toolset.handed({}) == []


@pytest.mark.parametrize(
    ("preset", "keys", "why"),
    [
        ("claude", {"mcp": False}, "`mcp: false`"),
        ("gemini", {}, "settings"),
        ("aider", {}, "nothing is known"),
        (None, {"run": "x"}, "nothing is known"),
        ("codex", {"run": "codex exec"}, "shell string"),
    ],
)
def test_who_gets_none_is_started_as_ever(preset: str | None, keys: dict[str, Any], why: str) -> None:
    without = profile(preset, **keys)
    assert why in toolset.lacking(without)
    assert toolset.words(without) == ()
    assert toolset.environment(without, {OPENCODE: "{}"}) == {OPENCODE: "{}"}


def test_what_is_demanded_and_cannot_be_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CockpitError, match="settings"):
        toolset.gives(profile("gemini", mcp=True))
    monkeypatch.setattr(toolset, "installed", lambda: False)
    assert not toolset.gives(profile("claude"))
    with pytest.raises(CockpitError, match="the extra `mcp` is not installed"):
        toolset.gives(profile("claude", mcp=True))


def test_a_prompt_names_the_tools_where_there_are_any() -> None:
    plan = Plan.model_validate({"workstreams": [{"id": "a"}]})
    leg = LegSpec("a", "a", 1, (), (), 1, 0.0, 0.0, 0.0)
    told = [compose(plan, plan.workstreams[0], leg, tools=tools) for tools in (False, True)]
    assert [TOOLS in one for one in told] == [False, True]
