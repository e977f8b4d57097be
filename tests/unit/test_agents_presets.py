"""What is started for an agent's profile, and in which environment."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cockpit.agents import presets
from cockpit.agents.checkup import check_up
from cockpit.agents.environment import environment, port_block, with_own_command
from cockpit.agents.presets import Launch
from cockpit.agents.streams.events import Message
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


OWN: dict[str, Any] = {"run": ["x"], "output": "claude", "resume": ["-r", "{session}", "r{session}"]}


def test_the_words_that_go_on_with_a_session_are_the_plans_where_it_gives_them() -> None:
    def words(session: str, **keys: Any) -> str:
        found = presets.command(profile(**keys), PROMPT, "do it", session).command
        return " ".join(found)

    assert words("S", **OWN) == "x -r S r{session}"
    assert words("", **OWN) == "x"
    assert words("S", **OWN, prompt="arg", args=["-v"]) == "x -v -r S r{session} do it"
    assert words("S", preset="codex", run=["x"], resume=["go-on", "{session}"]) == "x go-on S -"
    assert words("S", preset="codex", run=["x"], resume=[]) == "x -"
    asking = {"preset": "claude", "run": ["x"], "args": [*presets.ASKS_US], "resume": ["-r", "{session}"]}
    assert words("S", **asking).endswith(" -r S")
    assert [presets.adapter(profile(**keys)).resumes for keys in (OWN, {"preset": "codex", "resume": []})] == [
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({**OWN, "run": "x"}, "`resume` needs `run` as a list"),
        ({**OWN, "output": "plain"}, "`resume` needs an `output` that tells a session"),
        ({"preset": "acp", "run": ["x"], "resume": ["-r"]}, "asked to go on by its protocol"),
        ({"preset": "codex", "run": ["codex", "app-server"], "resume": ["-r"]}, "asked to go on by its protocol"),
    ],
)
def test_words_that_would_never_be_used_are_refused(keys: dict[str, Any], why: str) -> None:
    with pytest.raises(CockpitError, match=why):
        presets.adapter(profile(**keys))


def test_what_an_agent_leaves_for_itself_is_the_plans_word_where_it_gives_one() -> None:
    own = profile(run=["x"], leaves=[".x*", "x/"])
    assert presets.leaves([own, profile(preset="aider"), own]) == (".x*", "x/", ".aider*")
    assert presets.leaves([profile(preset="aider", leaves=[]), profile(run=["x"])]) == ()


@pytest.mark.parametrize("pattern", ["*", "**", "./**/*", "", ".", "/x", "../x", "~/x"])
def test_what_an_agent_leaves_is_never_all_of_the_work_or_elsewhere(pattern: str) -> None:
    with pytest.raises(ValidationError, match=r"all of the work|not a path inside"):
        profile(run=["x"], leaves=[pattern])


def test_nothing_is_put_into_a_shell_string() -> None:
    assert launched(preset="shell", run="agent {prompt} | tee log") == Launch("agent {prompt} | tee log", PROMPT)
    assert launched(run="agent", prompt="file") == Launch("agent", None)
    with pytest.raises(CockpitError, match="needs `run` as a list"):
        launched(run="agent", prompt="arg")
    with pytest.raises(CockpitError, match="`args` needs"):
        launched(run="agent", args=["-v"])


@pytest.mark.parametrize(
    ("keys", "session", "words"),
    [
        ({"preset": "claude"}, "S", "claude --resume S"),
        ({"preset": "codex", "model": "m"}, "S", "codex resume --no-daemon S --model m"),
        ({"preset": "opencode"}, "S", "opencode --session S"),
        ({"preset": "gemini"}, "S", "gemini --skip-trust --resume S"),
        ({"preset": "aider"}, "", "aider --restore-chat-history --no-auto-commits --no-gitignore"),
        ({"preset": "claude", "model": "m", "attach": ["my-claude", "-r", "{session}"]}, "S", "my-claude -r S"),
        ({"run": "agent", "attach": ["agent", "-i"]}, "", "agent -i"),
    ],
)
def test_a_human_goes_on_with_its_conversation(keys: dict[str, Any], session: str, words: str) -> None:
    assert " ".join(presets.attached(profile(**keys), session)) == words


def test_without_a_conversation_or_a_command_nothing_is_opened() -> None:
    with pytest.raises(CockpitError, match="has left no conversation"):
        presets.attached(profile(preset="claude"))
    with pytest.raises(CockpitError, match="no `attach` in the plan"):
        presets.attached(profile(run="agent"), "S")


CLAUDE = "claude -p --output-format stream-json --verbose --allowedTools Bash --permission-mode acceptEdits"
OPENCODE = "opencode run --format json --auto --title cockpit --print-logs --log-level ERROR"
AIDER = "aider --yes-always --no-pretty --no-fancy-input --no-check-update --analytics-disable --no-gitignore"


@pytest.mark.parametrize(
    ("keys", "session", "words", "on_stdin"),
    [
        ({"preset": "claude"}, "", CLAUDE, True),
        ({"preset": "claude", "model": "m", "args": ["-v"]}, "S", f"{CLAUDE} --model m -v --resume S", True),
        ({"preset": "codex"}, "", "codex exec --json -s workspace-write -", True),
        ({"preset": "codex", "model": "m"}, "S", "codex exec --json -s workspace-write --model m resume S -", True),
        (
            {"preset": "opencode", "model": "a/b"},
            "",
            f"{OPENCODE} --model a/b",
            True,
        ),
        (
            {"preset": "opencode"},
            "S",
            f"{OPENCODE} --session S",
            True,
        ),
        ({"preset": "gemini"}, "", "gemini -o stream-json --skip-trust --approval-mode yolo -p DO", False),
        ({"preset": "gemini"}, "S", "gemini -o stream-json --skip-trust --approval-mode yolo --resume S -p DO", False),
        ({"preset": "aider"}, "", f"{AIDER} --no-auto-commits --no-stream --message-file {PROMPT}", False),
        (
            {"preset": "aider"},
            "chat-history",
            f"{AIDER} --no-auto-commits --no-stream --restore-chat-history --message-file {PROMPT}",
            False,
        ),
        (
            {"preset": "claude", "run": ["my-claude", "-p"], "model": "m"},
            "S",
            "my-claude -p --model m --resume S",
            True,
        ),
        ({"preset": "codex", "run": ["x"], "prompt": "arg"}, "", "x DO", False),
        ({"preset": "claude", "prompt": "file", "run": ["x", "{prompt_file}"]}, "", f"x {PROMPT}", False),
        ({"run": ["x"]}, "S", "x", True),
    ],
)
def test_a_preset_says_how_it_is_started_and_gone_on_with(
    keys: dict[str, Any], session: str, words: str, on_stdin: bool
) -> None:
    launch = presets.command(profile(**keys), PROMPT, "DO", session)
    assert launch == Launch(tuple(words.split()), PROMPT if on_stdin else None)


def test_a_prompt_that_is_too_long_for_a_word_comes_on_stdin() -> None:
    launch = presets.command(profile(preset="gemini"), PROMPT, "ü" * 60_000)
    assert launch.command[-2:] == ("-p", "Do what is written above.")
    assert launch.stdin == PROMPT


def test_a_preset_names_what_its_log_in_needs_and_no_more() -> None:
    source = {"ANTHROPIC_API_KEY": "a", "OPENAI_API_KEY": "o", "HTTPS_PROXY": "p", "MINE": "m", "AWS_SECRET": "s"}
    claude = profile(preset="claude", pass_env=["MINE"], env={"DISABLE_AUTOUPDATER": "0"})
    env = made(source=source, pass_env=presets.pass_env(claude), profile_env=presets.env(claude, Path("/runs/1")))
    assert {name: env.get(name) for name in source} == {**source, "OPENAI_API_KEY": None, "AWS_SECRET": None}
    assert (env["CLAUDE_CODE_MAX_RETRIES"], env["DISABLE_AUTOUPDATER"]) == ("3", "0")
    assert presets.pass_env(profile(run=["x"], pass_env=["MINE"])) == ("MINE",)


def test_gemini_tells_of_itself_in_its_runs_folder() -> None:
    env = presets.env(profile(preset="gemini"), Path("/runs/1"))
    assert (env["GEMINI_TELEMETRY_OUTFILE"], env["GEMINI_TELEMETRY_TARGET"]) == ("/runs/1/beside.log", "local")


def test_what_agents_leave_for_themselves_is_named() -> None:
    assert presets.leaves([profile(preset="aider"), profile(preset="claude"), profile(run=["x"])]) == (".aider*",)


@pytest.mark.parametrize("preset", ["claude", "codex", "opencode", "gemini", "aider"])
def test_a_preset_knows_its_output_and_its_program(preset: str) -> None:
    adapter = presets.adapter(profile(preset=preset))
    assert type(adapter.parser()).__module__.endswith(preset)
    assert adapter.resumes
    assert adapter.cumulative is (preset == "codex")
    assert presets.program(profile(preset=preset)) == preset
    plain = presets.adapter(profile(preset=preset, output="plain"))
    assert type(plain.parser()).__name__ == "PlainStream"


def test_an_agent_of_acp_is_talked_to_by_a_go_between() -> None:
    acp = profile(preset="acp", run=["gemini", "--acp"], args=["--debug"])
    launch = presets.command(acp, PROMPT, "hello")
    go_between = (sys.executable, "-P", "-m", "cockpit.engine.duplex", "acp", str(PROMPT))
    assert (launch.command, launch.stdin) == ((*go_between, "gemini", "--acp", "--debug"), None)
    assert type(presets.adapter(acp).parser()).__name__ == "AcpStream"
    shell = presets.command(profile(preset="acp", run="x --acp"), PROMPT, "hello")
    assert shell.command[-3:] == ("sh", "-c", "x --acp")


def test_claude_asks_where_the_plan_says_so() -> None:
    asking = profile(preset="claude", args=["--permission-prompt-tool", "stdio"])
    command = presets.command(asking, PROMPT, "hello", "s1").command
    assert isinstance(command, tuple)
    assert command[4:8] == ("claude", str(PROMPT), "claude", "-p")
    assert command[-6:] == ("--input-format", "stream-json", "--permission-prompt-tool", "stdio", "--resume", "s1")
    assert presets.dialect(profile(preset="claude", args=["stdio"])) == ""


def test_any_output_can_be_asked_for() -> None:
    assert type(presets.adapter(profile(run=["x"], output="codex")).parser()).__name__ == "CodexStream"


def test_an_adapter_reads_plain_output() -> None:
    parser = presets.adapter(profile(run=["x"])).parser()
    assert parser.feed(b"hello\n") == (Message("hello"),)


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
        state=Path("/s"),
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
        "COCKPIT_STATE": "/s",
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


def test_agents_find_the_cockpit_that_runs_them(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    env = with_own_command({"PATH": "/nowhere"}, folder)
    assert env["PATH"] == f"/nowhere{os.pathsep}{folder}"
    assert (folder / "cockpit").resolve() == Path(sys.executable).with_name("cockpit").resolve()
    (folder / "cockpit").unlink()
    (folder / "cockpit").symlink_to(tmp_path / "gone")
    assert with_own_command({"PATH": "/nowhere"}, folder) == env
    assert (folder / "cockpit").exists()
    assert with_own_command({"PATH": str(folder)}, tmp_path / "other") == {"PATH": str(folder)}


def test_ports_are_a_runs_own_while_they_are_free() -> None:
    first = port_block("run-1")
    assert first == port_block("run-1")
    assert 20_000 <= first < 32_768 - 10
    assert port_block("run-1", taken={first}) != first
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", first + 7))
        assert port_block("run-1") != first


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("SECRET_OF_MINE", "s")
    return tmp_path


def install(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_a_checkup_says_what_is_installed_and_starts(programs: Path) -> None:
    install(programs, "claude", 'echo "2.1.197 (Claude Code) $1$SECRET_OF_MINE"')
    install(programs, "codex", "echo broken >&2; exit 3")
    install(programs, "gemini", "exec sleep 60")
    found = {one.name: one for one in check_up(["claude", "codex", "gemini", "aider"], limit_s=1.0)}
    assert (found["claude"].version, found["claude"].starts) == ("2.1.197 (Claude Code) --version", True)
    assert "ended with code 3: broken" in found["codex"].problem
    assert "did not end within 1 s" in found["gemini"].problem
    assert (found["aider"].place, found["aider"].starts) == (None, False)
    assert not found["codex"].starts
