"""Gives agent programs what they may say and ask as tools: configures `cockpit mcp` for those that take MCP servers.

It starts no server: the programs do. What a user's own configuration calls `cockpit` is left as it is.
"""

import json
import re
import sys
from collections.abc import Mapping
from importlib.util import find_spec

from cockpit.errors import CockpitError
from cockpit.plan.settings import AgentProfile

NAME = "cockpit"
SERVER = (sys.executable, "-P", "-m", "cockpit", "mcp")
"""The very cockpit that runs: the PATH of a run may lead to another one, or to none."""
KEPT = ("COCKPIT_RUN", "COCKPIT_WORKSTREAM", "COCKPIT_STATE", "COCKPIT_WORKTREE")
"""What the server needs to know of its run; not every program hands its whole environment on."""
HANDED = "COCKPIT_TOOLS"
"""The variable by which the server reaches whoever opens the session of an agent of the ACP, as JSON."""
EXTRA = "mcp"
ABSENT = f"the extra `{EXTRA}` is not installed"
_OPENCODE = "OPENCODE_CONFIG_CONTENT"
_CODEX_HAS_IT = re.compile(rf"\bmcp_servers\.{NAME}(\.command|\.url)?\s*=")  # with both Codex does not start
_CALL_MS = 60_000  # a call of `ask` takes up to 50 s


def installed() -> bool:
    """Say whether the extra is installed that the server needs: installing it is the wish for it."""
    return find_spec(EXTRA) is not None


def lacking(profile: AgentProfile) -> str:
    """Return why agents of this profile do not get the tools; empty where they do, or configure them by themselves."""
    if profile.mcp is False:
        return "`mcp: false`"
    if profile.preset == "gemini":
        return "Gemini CLI takes them from its own settings alone"
    if profile.preset not in ("acp", "claude", "codex", "opencode"):
        return "nothing is known of how it takes them"
    if isinstance(profile.run, str) and profile.preset in ("claude", "codex"):
        return "nothing is put into a shell string"
    return "" if installed() else ABSENT


def gives(profile: AgentProfile) -> bool:
    """Say whether agents of this profile get the tools. Raises CockpitError where they must and do not."""
    why = lacking(profile)
    if why and profile.mcp:
        otherwise = "pip install 'cockpit[mcp]', or " if why == ABSENT else ""
        raise CockpitError(f"`mcp: true`, and it gets no tools: {why}", hint=f"{otherwise}leave out `mcp: true`")
    return not why


def words(profile: AgentProfile) -> tuple[str, ...]:
    """Return the words that configure the server for a program whose command line does that.

    They stand before the plan's `args`, so that those win. Each is one word with its value: what stands behind a list
    of values would be taken for one more of them. Raises CockpitError as `gives` does.
    """
    command, *arguments = SERVER
    given = [*(profile.run or ()), *profile.args]
    if not gives(profile):
        return ()
    if profile.preset == "claude" and not any(map(_names_it, given)):
        servers = {"mcpServers": {NAME: {"command": command, "args": arguments}}}
        return (f"--mcp-config={json.dumps(servers)}", f"--allowedTools=mcp__{NAME}")
    if profile.preset == "codex" and not any(map(_CODEX_HAS_IT.search, given)):
        # What is required is waited for, and ends a run where it does not come up; else a second is all that it gets.
        required = {"required": True} if profile.mcp else {}
        kept = {"command": command, "args": arguments, "env_vars": KEPT, "default_tools_approval_mode": "approve"}
        pairs = {**kept, **required}.items()
        return tuple(word for key, value in pairs for word in ("-c", f"mcp_servers.{NAME}.{key}={_toml(value)}"))
    return ()


def environment(profile: AgentProfile, env: Mapping[str, str]) -> dict[str, str]:
    """Return a run's environment with the server in it, for programs that take it from there; nothing of it is lost.

    Raises CockpitError as `gives` does.
    """
    if not gives(profile):
        return dict(env)
    if profile.preset == "opencode":
        return {**env, _OPENCODE: _added(env.get(_OPENCODE, ""))}
    if profile.preset == "acp":
        command, *arguments = SERVER
        kept = [{"name": name, "value": env[name]} for name in KEPT if name in env]
        server = {"name": NAME, "command": command, "args": arguments, "env": kept}
        return {**env, HANDED: json.dumps(server)}
    return dict(env)


def handed(env: Mapping[str, str]) -> list[dict[str, object]]:
    """Return the servers that a session of the ACP is to be opened with."""
    return [json.loads(env[HANDED])] if env.get(HANDED) else []


def _names_it(word: str) -> bool:
    """Say whether a word of Claude Code's command line is a configuration with a server of this name."""
    try:
        found = json.loads(word.removeprefix("--mcp-config="))
        return NAME in found["mcpServers"]
    except (ValueError, RecursionError, TypeError, KeyError):
        return False


def _added(config: str) -> str:
    """Return a configuration of opencode with the server added; one that cannot be read, or has it, is left alone."""
    try:
        known = json.loads(config) if config.strip() else {}
    except (ValueError, RecursionError):
        return config
    servers = known.get("mcp", {}) if isinstance(known, dict) else None
    if not isinstance(servers, dict) or NAME in servers:
        return config
    server = {"type": "local", "command": SERVER, "timeout": _CALL_MS}
    return json.dumps({**known, "mcp": {**servers, NAME: server}})


def _toml(value: object) -> str:
    """Return a text, a truth or a list of texts as TOML, which writes these as JSON does."""
    return json.dumps(value, ensure_ascii=False)
