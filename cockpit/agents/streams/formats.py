"""Names the formats of output and makes their parsers, each read only when it is used; never reads anything."""

from importlib import import_module
from typing import cast

from cockpit.agents.streams.events import Parser
from cockpit.errors import CockpitError

CUMULATIVE = frozenset({"codex"})
"""Formats whose tokens are those of the session so far, over all runs that went on with it."""

CUMULATIVE_COST = frozenset({"acp"})
"""Formats whose cost is that of the session so far, though their tokens are the run's own."""

STRUCTURED = frozenset({"claude", "codex", "opencode", "gemini", "acp"})
"""Formats of which every line is a message of its own, and not text to be read as it is."""

_CLASSES = {
    "plain": "PlainStream",
    "claude": "ClaudeStream",
    "codex": "CodexStream",
    "opencode": "OpencodeStream",
    "gemini": "GeminiStream",
    "aider": "AiderStream",
    "acp": "AcpStream",
}


def parser(name: str) -> Parser:
    """Return a fresh parser of a format. Raises CockpitError for one that does not exist."""
    if name not in _CLASSES:
        raise CockpitError(f"there is no output format `{name}`", hint=f"one of {', '.join(_CLASSES)}")
    module = import_module(f"cockpit.agents.streams.{name}")
    return cast("Parser", getattr(module, _CLASSES[name])())
