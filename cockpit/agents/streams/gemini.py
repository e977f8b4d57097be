"""Reads the stream-json output of Gemini CLI; its exit code says nothing, its `result` line does."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from cockpit.agents.streams import events as e
from cockpit.agents.streams.limits import later, limit_in
from cockpit.agents.streams.stream import (
    JsonStream,
    denials,
    dig,
    message_in,
    said_in,
    target,
    text,
    whole,
    whole_message,
)

_CALLED = re.compile(rb"Attempt (\d{1,9}) failed(?: with status (\d{3})\.|:|\.) ?(.*)", re.DOTALL)
_ANSWER, _CALL = b'"output_token_count": ', b'"event.name": "gemini_cli.api_response"'
"""By these its telemetry is cut into pieces, each looked at once: it is long, and anybody may write into it."""
_ENDED = re.compile(rb'(\d{1,15}),.{0,1000}?"finish_reasons": \[([^\]]{0,4000})\],\s{0,20}"role": "main"', re.DOTALL)
_USED = re.compile(
    rb'.{0,2000}?"input_token_count": (\d{1,15}),\s{0,20}'
    rb'"output_token_count": (\d{1,15}),\s{0,20}"cached_content_token_count": (\d{1,15}),\s{0,20}'
    rb'"thoughts_token_count": (\d{1,15})',
    re.DOTALL,
)
_NO_CAUSE = (
    b"shutdown may only be called once",
    b"A shutdown LoggerProvider",
    b"Ripgrep is not available",
    b"YOLO mode is enabled",
    b"256-color support",
    b"True color (24-bit) support",
    b"'metricReader' option is deprecated",
)  # what it says of itself at any start and end
_REASONS = {
    "length": e.Verdict("failed", "its last answer was cut off at the longest length that its model may write"),
    "content_filter": e.Verdict("refused", "its model refused to answer"),
}
_LOOP = "Loop detected"
_EDITS = ("write_file", "replace", "edit")
_OWN = (*_EDITS, "run_shell_command", "web_fetch", "google_web_search")
_DENIED = ("policy_violation", "denied by policy", "user cancelled", "not allowed", "permission_denied")


class GeminiStream(JsonStream):
    """Its `input_tokens` include those from the cache; it calls a failing model ten times, for minutes."""

    patience = 4

    def __init__(self) -> None:
        super().__init__()
        self._ended = ""
        self._why = ""
        self._halted = ""
        self._answer: e.Verdict | None = None
        self._tools: dict[str, tuple[str, str]] = {}

    def _read_error(self, line: bytes) -> Iterable[e.Event]:
        if found := _CALLED.match(line[:65536]):
            attempt, status, said = int(found[1]), found[2], found[3].decode("utf-8", "replace")
            why = whole_message(said.partition("Retrying with backoff...")[2] or said)
            return (e.Retry(f"HTTP {status.decode()}: {why}" if status else why, attempt),)
        if any(one in line for one in _NO_CAUSE):
            return (e.Raw(""),)
        return super()._read_error(line)

    def beside(self, data: bytes) -> None:
        """Take what it does not print: how the last answer of its model ended, and what a run that was ended used."""
        if not self._ended:
            told = filter(None, map(_USED.match, data.split(_CALL)[1:]))
            calls = [[int(one) for one in found.groups()] for found in told]
            fresh = sum(max(0, given - cached) for given, _, cached, _ in calls)
            self.usage = e.Usage(fresh, sum(one[2] for one in calls), sum(one[1] + one[3] for one in calls))
        if found := next(filter(None, map(_ENDED.match, reversed(data.split(_ANSWER)[1:]))), None):
            reason = found[2].decode("utf-8", "replace").rpartition(",")[2].strip().strip('"')
            # A cut answer is told as one that stopped by itself; that it has no tokens gives it away.
            cut = None if int(found[1]) else e.Verdict("failed", "the answer of its model was cut off")
            self._answer = _REASONS.get(reason, cut)

    def _events(self, found: dict[str, Any]) -> Iterable[e.Event]:
        kind = found.get("type")
        if kind == "init":
            self._ended = self._halted = ""
            return (e.Session(text(found, "session_id"), text(found, "model")),)
        if kind == "message":
            if found.get("role") != "assistant":
                return (e.Raw(text(found, "content")),)
            self.waits = None  # its model answers again; whether to the end, only what follows tells
            return (e.Message(said_in(found, "content"), part=found.get("delta") is True),)
        if kind == "tool_use":
            name, ident = text(found, "tool_name") or "a tool", text(found, "tool_id")
            what = target(found.get("parameters"))
            if len(self._tools) < 10_000:
                self._tools[ident] = (name, what)
            return (e.ToolUse(name, what, ident),)
        if kind == "tool_result":
            return self._result(found)
        if kind == "error":
            said = text(found, "message") or "unknown"
            if _LOOP in said:  # a mere warning, and a success behind it
                self._halted = f"it was stopped before its end, since it went round in circles: {said}"
            return (e.Error(said) if found.get("severity") != "warning" else e.Raw(said),)
        return self._end(found) if kind == "result" else ()

    def _result(self, found: dict[str, Any]) -> Iterator[e.Event]:
        ident = text(found, "tool_id")
        name, what = self._tools.get(ident, ("", ""))
        ok = found.get("status") == "success"
        said = "" if ok else text(found, "error", "message") or text(found, "output")
        kind = text(found, "error", "type").lower()
        held = kind == "tool_not_registered" and name in _OWN  # a mode that forbids a tool does not offer it
        if not ok and (held or any(word in kind or word in said.lower() for word in _DENIED)):
            yield e.Denied(f"{name} {what}".strip() or said)
        yield e.ToolResult(ok, said, ident)
        if ok and name in _EDITS:
            yield e.FileEdit(what)

    def _end(self, found: dict[str, Any]) -> Iterator[e.Event]:
        cached = whole(found, "stats", "cached")
        fresh = max(0, whole(found, "stats", "input_tokens") - cached)
        # What its model thinks is paid for as output, but stands in the sum alone.
        thought_too = whole(found, "stats", "total_tokens") - whole(found, "stats", "input_tokens")
        self.usage = e.Usage(fresh, cached, max(thought_too, whole(found, "stats", "output_tokens")))
        self._ended = text(found, "status") or "nothing"
        self._why = message_in(dig(found, "error", "message")) or self.error
        yield self.usage
        if self._ended != "success":
            yield e.Error(self._why or "it ended with an error")
            said = whole_message(dig(found, "error", "message"))
            self.limit = later(self.limit, limit_in(said or self._why))
        yield e.TurnEnd(self._ended == "success", self._why)

    def verdict(self) -> e.Verdict:
        """Return what the output says: done where its result is a success and nothing was denied."""
        if not self._ended:
            return self.unfinished()
        if self._ended != "success":
            return e.Verdict("failed", self._why or "it ended with an error")
        if self._halted:
            return e.Verdict("failed", self._halted)
        return self._answer or denials(self) or e.DONE
