"""The seam to agent programs: how each is started, and how its output is read; never starts one."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cockpit.agents.streams.events import Parser
from cockpit.agents.streams.plain import PlainStream
from cockpit.errors import CockpitError
from cockpit.plan.model import AgentProfile

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
    """What is particular to one kind of agent program."""

    name: str
    parser: Callable[[], Parser]


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start: an argv list or a string for `sh -c`, and the file on its stdin (None: nothing)."""

    command: tuple[str, ...] | str
    stdin: Path | None


def adapter(profile: AgentProfile) -> Adapter:
    """Return how agents of this profile are driven. Raises CockpitError for what this version cannot drive."""
    if profile.preset not in (None, "shell"):
        raise CockpitError(
            f"the preset `{profile.preset}` is not in this version yet",
            hint='give the agent a `run`, e.g. run: ["python3", "tools/agent.py"]',
        )
    if profile.output != "plain":
        raise CockpitError(f"the output `{profile.output}` is not in this version yet", hint="use `output: plain`")
    if isinstance(profile.run, str):
        # Nothing is ever put into a shell string.
        for key, used in (("prompt: arg", profile.prompt == "arg"), ("args", bool(profile.args))):
            if used:
                raise CockpitError(f"`{key}` needs `run` as a list", hint=f"run: {shlex.split(profile.run)!r}")
    return Adapter("shell", PlainStream)


def command(profile: AgentProfile, prompt_file: Path, prompt_text: str) -> Launch:
    """Return what to start for a prompt that is kept in a file. Raises CockpitError as `adapter` does.

    In a list `{prompt}` and `{prompt_file}` replace whole elements; `prompt: arg` without a `{prompt}` appends it, and
    `prompt: file` leaves it to `{prompt_file}` or $COCKPIT_PROMPT_FILE.
    """
    adapter(profile)
    stdin = prompt_file if profile.prompt == "stdin" else None
    if profile.run is None or isinstance(profile.run, str):
        return Launch(profile.run or "", stdin)
    words = [*profile.run, *profile.args]
    if profile.prompt == "arg" and "{prompt}" not in words:
        words.append("{prompt}")
    meant = {"{prompt}": prompt_text, "{prompt_file}": str(prompt_file)}
    return Launch(tuple(meant.get(word, word) for word in words), stdin)


def program(profile: AgentProfile) -> str | None:
    """Return the program that must be found for this profile; None where a shell string does not show it."""
    if not isinstance(profile.run, str):
        return profile.run[0] if profile.run else profile.preset
    words = [word for word in profile.run.split() if "=" not in word.split("/")[0]]
    return None if not words or words[0] in _SHELL_WORDS or _SHELL_CHARACTERS & set(words[0]) else words[0]
