"""What is started for an agent's profile, and in which environment."""

import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cockpit.agents import presets
from cockpit.agents.environment import environment, port_block
from cockpit.agents.presets import Launch
from cockpit.errors import CockpitError
from cockpit.plan.model import AgentProfile

PROMPT = Path("/runs/1/prompt.md")


def profile(**keys: Any) -> AgentProfile:
    return AgentProfile.model_validate(keys)


def launched(**keys: Any) -> Launch:
    return presets.command(profile(**keys), PROMPT, "do it")


def test_a_list_gets_the_prompt_on_stdin() -> None:
    assert launched(run=["agent", "{x}"], args=["-v"]) == Launch(("agent", "{x}", "-v"), PROMPT)


def test_placeholders_replace_whole_elements_only() -> None:
    run = ["agent", "{prompt}", "--file", "{prompt_file}", "x{prompt}"]
    assert launched(run=run, prompt="file") == Launch(("agent", "do it", "--file", str(PROMPT), "x{prompt}"), None)


def test_a_prompt_as_argument_comes_last_unless_it_is_placed() -> None:
    assert launched(run=["agent"], prompt="arg", args=["-p"]) == Launch(("agent", "-p", "do it"), None)
    assert launched(run=["agent", "{prompt}", "-q"], prompt="arg") == Launch(("agent", "do it", "-q"), None)


def test_nothing_is_put_into_a_shell_string() -> None:
    assert launched(preset="shell", run="agent {prompt} | tee log") == Launch("agent {prompt} | tee log", PROMPT)
    assert launched(run="agent", prompt="file") == Launch("agent", None)
    with pytest.raises(CockpitError, match="needs `run` as a list"):
        launched(run="agent", prompt="arg")
    with pytest.raises(CockpitError, match="`args` needs"):
        launched(run="agent", args=["-v"])


@pytest.mark.parametrize("preset", ["claude", "codex", "opencode", "gemini", "aider"])
def test_a_preset_that_is_not_here_yet_says_so(preset: str) -> None:
    with pytest.raises(CockpitError, match=f"`{preset}` is not in this version yet"):
        presets.adapter(profile(preset=preset))
    assert presets.program(profile(preset=preset)) == preset


def test_an_output_that_is_not_here_yet_says_so() -> None:
    with pytest.raises(CockpitError, match="output `codex` is not in this version"):
        presets.adapter(profile(run=["x"], output="codex"))


def test_an_adapter_reads_plain_output() -> None:
    parser = presets.adapter(profile(run=["x"])).parser()
    assert [event.text for event in parser.feed(b"hello\n")] == ["hello"]


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (["python3", "a.py"], "python3"),
        ("python3 tools/agent.py", "python3"),
        ("FOO=bar tools/agent -x", "tools/agent"),
        ("A=1", None),
        ("$AGENT --go", None),
        ("(cd x; y)", None),
    ],
)
def test_the_program_to_look_for(run: Any, expected: str | None) -> None:
    assert presets.program(profile(run=run)) == expected


def made(**more: Any) -> dict[str, str]:
    return environment(
        run_id="r1",
        plan="p",
        workstream="api",
        worktree=Path("/w"),
        prompt_file=PROMPT,
        port=20_000,
        **more,
    )


def test_only_what_is_named_is_passed_on() -> None:
    source = {
        "PATH": "/bin",
        "HOME": "/h",
        "LC_TIME": "C",
        "TOKEN": "t",
        "AWS_SECRET": "s",
        "GIT_DIR": "/elsewhere",
        "COCKPIT_RUN": "outer",
        "PYTHONPATH": "/p",
    }
    env = made(source=source, pass_env=["TOKEN", "GIT_DIR", "ABSENT"])
    assert env == {
        "PATH": "/bin",
        "HOME": "/h",
        "LC_TIME": "C",
        "TOKEN": "t",
        "COCKPIT_RUN": "r1",
        "COCKPIT_PLAN": "p",
        "COCKPIT_WORKSTREAM": "api",
        "COCKPIT_WORKTREE": "/w",
        "COCKPIT_PROMPT_FILE": str(PROMPT),
        "COCKPIT_PORT": "20000",
    }


def test_the_workstream_has_the_last_word_but_not_on_the_marker() -> None:
    profile_env = {"A": "profile", "B": "profile", "COCKPIT_RUN": "forged"}
    env = made(source={"A": "mine"}, profile_env=profile_env, workstream_env={"B": "workstream"})
    assert (env["A"], env["B"], env["COCKPIT_RUN"]) == ("profile", "workstream", "r1")


def test_this_environment_is_the_default_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCKPIT_TEST_SECRET", "s")
    assert made()["PATH"] == os.environ["PATH"]
    assert "COCKPIT_TEST_SECRET" not in made()
    assert subprocess.run(["true"], env=made()).returncode == 0


def test_ports_are_a_runs_own_while_they_are_free() -> None:
    first = port_block("run-1")
    assert first == port_block("run-1")
    assert 20_000 <= first < 32_768 - 10
    assert port_block("run-1", taken={first}) != first
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", first + 7))
        assert port_block("run-1") != first
