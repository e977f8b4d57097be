"""The seam to agent programs: how each is started, and how its output is read; never starts one."""

import json
import shlex
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cockpit.agents import toolset
from cockpit.agents.programs import EVERYWHERE, PROGRAMS
from cockpit.agents.streams import formats
from cockpit.agents.streams.events import Parser
from cockpit.errors import CockpitError
from cockpit.plan.settings import AgentProfile

ASKS_US = ("--permission-prompt-tool", "stdio")
"""What makes Claude Code ask whoever talks with it, where it may not do a thing."""
APP_SERVER = "app-server"
"""The word by which Codex is one that is talked to."""
ATTACH = "give its interactive command in the plan: attach: [my-agent, --resume, '{session}']"
LONGEST_WORD = 100_000
"""Bytes of a prompt that are handed over as one argument; systems refuse a few more."""

_SHELL_WORDS = {
    "!",
    ".",
    ":",
    "[",
    "break",
    "case",
    "cd",
    "command",
    "continue",
    "echo",
    "eval",
    "exec",
    "exit",
    "export",
}
_SHELL_WORDS |= {"false", "for", "if", "printf", "read", "return", "set", "shift", "test", "trap", "true", "ulimit"}
_SHELL_WORDS |= {"umask", "unset", "until", "wait", "while"}
_SHELL_CHARACTERS = set("|&;<>()$`\\\"'*?[#~{}\n")


@dataclass(frozen=True, slots=True)
class Adapter:
    """What is particular to one kind of agent program.

    `resumes`: it can go on with a session; `cumulative`: its tokens are those of the session, over all its runs;
    `cumulative_cost`: so is the cost that it tells.
    """

    name: str
    parser: Callable[[], Parser]
    resumes: bool = False
    cumulative: bool = False
    cumulative_cost: bool = False


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start: an argv list or a string for `sh -c`, and the file on its stdin (None: nothing)."""

    command: tuple[str, ...] | str
    stdin: Path | None


def adapter(profile: AgentProfile) -> Adapter:
    """Return how agents of this profile are driven. Raises CockpitError for what this version cannot drive."""
    if isinstance(profile.run, str):
        # Nothing is ever put into a shell string.
        keys = {"prompt: arg": profile.prompt == "arg", "args": profile.args, "resume": profile.resume}
        for key, used in keys.items():
            if used:
                raise CockpitError(f"`{key}` needs `run` as a list", hint=f"run: {shlex.split(profile.run)!r}")
    output = output_of(profile)
    if profile.resume and loads(profile):
        raise CockpitError("`resume` is not for an agent that is asked to go on by its protocol", hint="remove it")
    if profile.resume and output == "plain":
        raise CockpitError("`resume` needs an `output` that tells a session", hint="output: claude")
    return Adapter(
        profile.preset or "shell",
        partial(formats.parser, output),
        resumes=(bool(_resume(profile, "")) and not isinstance(profile.run, str)) or loads(profile),
        cumulative=output in formats.CUMULATIVE,
        cumulative_cost=output in formats.CUMULATIVE_COST,
    )


def output_of(profile: AgentProfile) -> str:
    """Return the format of what an agent prints: the plan's word for it, else its preset's."""
    if profile.preset is None or profile.preset == "shell" or "output" in profile.model_fields_set:
        return profile.output
    return profile.preset


def dialect(profile: AgentProfile) -> str:
    """Return in which protocol an agent of this profile is talked to; empty where it is only told its prompt."""
    if profile.preset == "acp":
        return "acp"
    if profile.preset == "codex" and not isinstance(profile.run, str) and APP_SERVER in (profile.run or ()):
        return "codex"
    asks = any(pair == ASKS_US for pair in zip(profile.args, profile.args[1:], strict=False))
    return "claude" if profile.preset == "claude" and asks and not isinstance(profile.run, str) else ""


def loads(profile: AgentProfile) -> bool:
    """Say whether it is asked to go on with a session, and not told so by its command line."""
    return dialect(profile) in ("acp", "codex")


def command(
    profile: AgentProfile, prompt_file: Path, prompt_text: str, session: str = "", *, tools: bool = False
) -> Launch:
    """Return what to start for a prompt that is kept in a file. Raises CockpitError as `adapter` does.

    In a list `{prompt}` and `{prompt_file}` replace whole elements; `prompt: arg` without a `{prompt}` appends it, and
    `prompt: file` leaves it to `{prompt_file}` or $COCKPIT_PROMPT_FILE. A preset hands it over in its own way unless
    the plan gives `prompt`. `session`: go on with that. `tools`: with what cockpit itself offers by MCP, where the
    command line is the place for it.
    """
    adapter(profile)
    own_tools = toolset.words(profile) if tools else ()
    known = PROGRAMS.get(profile.preset or "")
    if talked := dialect(profile):
        words = ["sh", "-c", profile.run] if isinstance(profile.run, str) else list(profile.run or ())
        if talked == "codex":
            model = ["-c", f"model={json.dumps(profile.model, ensure_ascii=False)}"] if profile.model else []
            words += [*model, "-c", 'sandbox_mode="workspace-write"']  # as in its other mode, unless `args` say more
        elif known is not None:
            words = [*(words or known.run), *([known.model, profile.model] if profile.model else [])]
            words += ["--input-format", "stream-json"]
        words += [*own_tools, *profile.args]
        if session and not loads(profile):
            words += _resume(profile, session)
        go_between = (sys.executable, "-P", "-m", "cockpit.engine.duplex", talked, str(prompt_file))
        return Launch((*go_between, *words), None)
    if isinstance(profile.run, str):
        return Launch(profile.run, prompt_file if profile.prompt == "stdin" else None)
    own = known is not None and "prompt" not in profile.model_fields_set
    how = known.prompt if known is not None and own else profile.prompt
    words = list(profile.run or (known.run if known else ()))
    if known is not None:
        words += [known.model, profile.model] if profile.model else []
    words += [*own_tools, *profile.args]
    if session:
        words += _resume(profile, session)
    long = own and how == "arg" and len(prompt_text.encode("utf-8", "replace")) > LONGEST_WORD
    if known is not None and own:
        words += known.told
    elif how == "arg" and "{prompt}" not in words:
        words.append("{prompt}")
    # What is too long for a word comes on stdin, which these programs put before the word.
    said = "Do what is written above." if long else prompt_text
    meant = {"{prompt}": said, "{prompt_file}": str(prompt_file)}
    stdin = prompt_file if how == "stdin" or long else None
    return Launch(tuple(meant.get(word, word) for word in words), stdin)


def attached(profile: AgentProfile, session: str = "") -> tuple[str, ...]:
    """Return the command by which a human goes on with an agent's conversation. Raises CockpitError for none.

    That is the plan's `attach`, else the preset's own; `{session}` in it needs a session.
    """
    known = PROGRAMS.get(profile.preset or "")
    words = profile.attach
    if known is not None and not words:
        words = (*known.attach, *((known.model, profile.model) if profile.model else ()))
    if not words:
        raise CockpitError("no `attach` in the plan says how it is opened for you", hint=ATTACH)
    if "{session}" in words and not session:
        raise CockpitError("its agent has left no conversation that could be gone on with", hint="take a shell there")
    return _with_session(words, session)


def _resume(profile: AgentProfile, session: str) -> tuple[str, ...]:
    """Return the words that go on with a session: the plan's, else the preset's."""
    known = PROGRAMS.get(profile.preset or "")
    words = (known.resume if known is not None else ()) if profile.resume is None else profile.resume
    return _with_session(words, session)


def _with_session(words: Iterable[str], session: str) -> tuple[str, ...]:
    return tuple(session if word == "{session}" else word for word in words)


def pass_env(profile: AgentProfile) -> tuple[str, ...]:
    """Return the names of what an agent gets of cockpit's environment: what its log-in needs, and what the plan names.

    Beside these it gets what every run gets.
    """
    known = PROGRAMS.get(profile.preset or "")
    return (*(EVERYWHERE if known else ()), *(known.pass_env if known else ()), *profile.pass_env)


def env(profile: AgentProfile, folder: Path) -> dict[str, str]:
    """Return what is set for an agent whose run has this folder: its preset's variables, over them the plan's."""
    known = PROGRAMS.get(profile.preset or "")
    own = {name: value.replace("{folder}", str(folder)) for name, value in known.env.items()} if known else {}
    return {**own, **profile.env}


def leaves(profiles: Iterable[AgentProfile]) -> tuple[str, ...]:
    """Return the patterns of what agents write into a worktree for themselves: no part of anybody's work."""
    known = {name: program.leaves for name, program in PROGRAMS.items()}
    found = [known.get(one.preset or "", ()) if one.leaves is None else one.leaves for one in profiles]
    return tuple(dict.fromkeys(pattern for patterns in found for pattern in patterns))


def program(profile: AgentProfile) -> str | None:
    """Return the program that must be found for this profile; None where a shell string does not show it."""
    if not isinstance(profile.run, str):
        known = PROGRAMS.get(profile.preset or "")
        return profile.run[0] if profile.run else known.run[0] if known else profile.preset
    words = [word for word in profile.run.split() if "=" not in word.split("/")[0]]
    return None if not words or words[0] in _SHELL_WORDS or _SHELL_CHARACTERS & set(words[0]) else words[0]
