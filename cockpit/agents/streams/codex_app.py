"""Translates what `codex app-server` sends into what `codex exec --json` prints, and its wishes into words."""

import json
import shlex
from typing import Any

from cockpit.agents.streams.stream import dig, rows, text

ALLOW, FOR_SESSION, DENY = "allow", "allow for this session", "deny"
CHOICES = (ALLOW, FOR_SESSION, DENY)
ASKS = "item/tool/requestUserInput"
RUNS, CHANGES, MORE = (f"item/{what}/requestApproval" for what in ("commandExecution", "fileChange", "permissions"))
FORM = "mcpServer/elicitation/request"
LIMITS = ("usageLimitExceeded", "rateLimitExceeded")
INTERRUPTED = "it was interrupted"
AGAIN = "Reconnecting..."
LONGEST = 10_000
"""Characters of a command up to which it is looked into."""
_SHELLS = {f"{folder}{name}" for folder in ("", "/bin/", "/usr/bin/") for name in ("bash", "sh", "zsh")}
_ITEMS = {
    "agentMessage": "agent_message",
    "commandExecution": "command_execution",
    "fileChange": "file_change",
    "mcpToolCall": "mcp_tool_call",
    "webSearch": "web_search",
    "collabAgentToolCall": "collab_tool_call",
}


def printed(found: dict[str, Any]) -> dict[str, Any]:
    """Return what the other mode would print for a message; empty where it prints nothing."""
    method, params = found.get("method"), dig(found, "params")
    if method == "turn/started":
        return {"type": "turn.started"}
    if method == "turn/completed":
        turn = dig(params, "turn")
        if text(turn, "status") == "completed":
            return {"type": "turn.completed"}
        return {"type": "turn.failed", "error": {"message": dig(turn, "error", "message") or INTERRUPTED}}
    if method == "error":
        said, more = (_words(dig(params, "error", key)) for key in ("message", "additionalDetails"))
        again = dig(params, "willRetry") is True and not said.startswith(AGAIN)
        return {"type": "error", "message": f"{f'{AGAIN} ' if again else ''}{said}{f' ({more})' if more else ''}"}
    if method in ("item/started", "item/completed"):
        return {"type": str(method).replace("/", "."), "item": _item(dig(params, "item"))}
    return {}


def _item(item: Any) -> dict[str, Any]:
    given = item if isinstance(item, dict) else {}
    changes = [{"path": one.get("path"), "kind": text(one, "kind", "type")} for one in rows(given, "changes")]
    told = {"aggregated_output": given.get("aggregatedOutput"), "exit_code": given.get("exitCode"), "changes": changes}
    return {**given, **told, "type": _ITEMS.get(text(given, "type"), text(given, "type"))}


class Wishes:
    """What it asks to be allowed, in words; a change of files is told when it begins, and only named when asked for.

    A command that is to run elsewhere than `here` says so, where that is given.
    """

    def __init__(self, here: str = "") -> None:
        self._here = here
        self._files: dict[str, str] = {}

    def see(self, method: object, params: Any) -> None:
        """Take note of a message."""
        item = dig(params, "item")
        if text(item, "type") != "fileChange":
            return
        if method == "item/started":
            self._files[text(item, "id")] = ", ".join(_words(one.get("path")) for one in rows(item, "changes"))
        else:
            self._files.pop(text(item, "id"), None)

    def wanted(self, method: object, params: Any) -> str:
        """Return what a request asks to be allowed; empty where it is no such request."""
        if method == RUNS:
            host, place = _words(dig(params, "networkApprovalContext", "host")), _words(dig(params, "cwd"))
            where = f" (in {place})" if self._here and place not in ("", self._here) else ""
            what = f"May it reach: {host}?" if host else f"May it run: {_command(dig(params, 'command'))}{where}?"
        elif method == CHANGES:
            files, root = self._files.get(text(params, "itemId")) or "files", _words(dig(params, "grantRoot"))
            what = f"May it change: {files}, and all below {root}?" if root else f"May it change: {files}?"
        elif method == MORE:
            what = f"May it have: {_words(dig(params, 'permissions'))}?"
        elif method == FORM and not dig(params, "requestedSchema", "properties"):
            more = _words(dig(params, "_meta", "tool_params") or dig(params, "url"))
            said = _words(dig(params, "message")) or "go on, it does not say with what"
            return f"May it: {said}{f' ({more})' if more else ''}"
        else:
            return ""
        return f"{what} ({why})" if (why := _words(dig(params, "reason"))) else what


def _words(value: Any) -> str:
    if isinstance(value, str) or not value:
        return value or ""
    try:
        return json.dumps(value, ensure_ascii=False)
    except (RecursionError, ValueError):
        return "something"


def _command(command: Any) -> str:
    """Return a command without the shell that it is handed to."""
    if not isinstance(command, str) or len(command) > LONGEST:
        return _words(command)
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    return words[2] if len(words) == 3 and words[0] in _SHELLS and words[1] in ("-c", "-lc") else command
