"""Reads the output of `opencode run --format json`; usage is told step by step, and the last step's reason decides."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from cockpit.agents.streams import events as e
from cockpit.agents.streams.limits import later, limit_in
from cockpit.agents.streams.stream import (
    SILENT,
    JsonStream,
    added,
    denials,
    dig,
    message_in,
    number,
    said_in,
    target,
    text,
    whole,
    whole_message,
)
from cockpit.safetext import safe_line

_REJECTING = b"auto-rejecting"
_CALLED = (b'message="stream error"', b" small=false ", b"error.error=")
"""What its log says, in this order, of a call that brought nothing: it calls again, for ever, and prints nothing."""
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_REFUSED = "its model refused to answer"
_REASONS = {
    "length": "its last answer was cut off at the longest length that its model may write",
    "unknown": "the answer of its model was cut off",
    "tool-calls": "it ended in the middle of its work",
    "content-filter": _REFUSED,
    "error": "its last step ended with an error",
}


class OpencodeStream(JsonStream):
    """A refusal is said on the error output alone."""

    def __init__(self) -> None:
        super().__init__()
        self._reason = ""
        self._failed = ""
        self._silent = True

    def _read_error(self, line: bytes) -> Iterable[e.Event]:
        events = tuple(super()._read_error(line))
        if _REJECTING in line[:65536]:
            raw = events[0]
            said = raw.text if isinstance(raw, e.Raw) else ""
            return (e.Denied(said.lstrip("! ").replace("; auto-rejecting", "")),)
        rest = line[:65536]
        for mark in _CALLED:
            rest = rest.partition(mark)[2]
        if found := _QUOTED.match(rest):
            why = safe_line(found[1].replace(b'\\"', b'"')[:4096])
            return (e.Retry(why.removeprefix("AI_APICallError: ")),)
        return events

    def _events(self, found: dict[str, Any]) -> Iterable[e.Event]:
        session = text(found, "sessionID")
        news = (e.Session(session),) if session and session != self.session else ()
        return (*news, *self._told(found))

    def _told(self, found: dict[str, Any]) -> Iterator[e.Event]:
        kind, part = found.get("type"), found.get("part")
        if kind == "text":
            self._silent = False
            yield e.Message(said_in(part, "text"))
        elif kind == "step_start":
            self._reason, self._silent = "", True
            yield e.Message("")
        elif kind == "tool_use":
            yield from self._tool(part)
        elif kind == "step_finish":
            self._reason = text(part, "reason") or "unknown"
            self._failed = ""
            tokens = dig(part, "tokens")
            fresh = whole(tokens, "input") + whole(tokens, "cache", "write")
            out = whole(tokens, "output") + whole(tokens, "reasoning")
            step = e.Usage(fresh, whole(tokens, "cache", "read"), out, number(part, "cost"))
            self.usage = added(self.usage, step)
            yield step
            if self._reason == "unknown":
                yield e.Retry("the answer was cut off")
            elif self._reason == "stop":
                self.bore_fruit()
                yield e.TurnEnd(True)
        elif kind == "error":
            error = found.get("error")
            said = (
                message_in(dig(error, "data", "message")) or text(error, "message") or text(error, "name") or "unknown"
            )
            self._failed = said
            yield e.Error(said)
            told = whole_message(dig(error, "data", "message")) or said
            self.limit = later(self.limit, limit_in(told, certain=whole(error, "data", "statusCode") == 429))

    def _tool(self, part: Any) -> Iterator[e.Event]:
        name, ident, status = text(part, "tool") or "a tool", text(part, "callID"), text(part, "state", "status")
        what = target(dig(part, "state", "input"))
        yield e.ToolUse(name, what, ident)
        if status == "completed":
            yield e.ToolResult(ok=True, id=ident)
            if name.lower() in ("write", "edit", "patch"):
                yield e.FileEdit(what)
        elif status == "error":
            said = text(part, "state", "error")
            if "rejected permission" in said or "prevents you from using" in said:
                yield e.Denied(f"{name} {what}".strip())
            yield e.ToolResult(ok=False, text=said, id=ident)

    def verdict(self) -> e.Verdict:
        """Return what the output says: done where the last step stopped by itself, without error or refusal."""
        refused = denials(self)
        if self._reason == "content-filter":
            return e.Verdict("refused", _REFUSED)
        if self._failed:
            return e.Verdict("failed", self._failed)
        if self._reason == "stop":
            return refused or (e.Verdict("failed", SILENT) if self._silent else e.DONE)
        if refused and self._reason:
            return refused
        if not self._reason:
            return self.unfinished()
        return e.Verdict("failed", _REASONS.get(self._reason, f"its last step ended with {self._reason}"))
