"""Reads what Codex prints (`exec --json`) or sends (`app-server`); its usage is that of a thread, over all its runs."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from cockpit.agents.streams import codex_app as app
from cockpit.agents.streams import events as e
from cockpit.agents.streams.limits import limit_in
from cockpit.agents.streams.stream import (
    PATIENCE,
    SHOWN,
    SILENT,
    JsonStream,
    added,
    denials,
    dig,
    message_in,
    rows,
    said_in,
    text,
    whole,
)
from cockpit.safetext import safe_line

_WAITS = 5
_SANDBOX = ("Read-only file system", "rejected by user approval settings", "blocked by the sandbox")
_LOGGED = re.compile(rb"(\x1b\[2m)?\d{4}-\d\d-\d\dT[\d:.]{8,20}Z(\x1b\[0m)?\s{1,4}(\x1b\[\d\dm)?\s?(ERROR|WARN|INFO)\b")
_CALLED = re.compile(
    rb"[\dT:.-]{20,30}Z\s{1,4}INFO codex_otel\.trace_safe: .{0,500}?\binput_token_count=(\d{1,15}) "
    rb"output_token_count=(\d{1,15}) cached_token_count=(\d{1,15})\b"
)
_NOT_APPROVED = ("requires approval", "user rejected")


class CodexStream(JsonStream):
    """Done is a turn that completed after the last one began; an item of the type error may be a mere warning."""

    def __init__(self) -> None:
        super().__init__()
        self._turn = ""
        self._why = ""
        self._last = ""
        self._begun: set[str] = set()
        self._used: dict[str, e.Usage] = {}
        self._logged = e.Usage()
        self._wishes = app.Wishes()

    def _events(self, found: dict[str, Any]) -> Iterable[e.Event]:
        kind = found.get("type")
        if kind is None:
            return tuple(self._sent(found))
        if kind == "thread.started":
            return (e.Session(text(found, "thread_id")),)
        if kind == "turn.started":
            self._turn, self._last = "begun", ""
            return (e.Message(""),)
        if kind == "turn.completed":
            return self._completed(found)
        if kind == "turn.failed":
            self._turn, self._why = "failed", message_in(dig(found, "error", "message")) or "its turn failed"
            return (e.Error(self._why), e.TurnEnd(False, self._why))
        if kind == "error":
            said = message_in(found.get("message"))
            return (self._again(said) if said.startswith(app.AGAIN) else e.Error(said or "unknown"),)
        if kind in ("item.started", "item.updated", "item.completed"):
            return self._item(dig(found, "item"), over=kind == "item.completed", begins=kind == "item.started")
        return ()

    def _read_error(self, line: bytes) -> Iterable[e.Event]:
        if found := _CALLED.match(line[:4096]):
            given, out, cached = (int(one) for one in found.groups())
            self._logged = added(self._logged, e.Usage(max(0, given - cached), cached, out))
            if not self._used:
                self.usage, self.by_run = self._logged, True
            return (self._logged,)
        # What it logs of its own inside (skills, metadata) is no cause: those are in its events.
        own = _LOGGED.match(line) or line.startswith(b"WARNING: ")
        return (e.Raw(""),) if own else super()._read_error(line)

    def _again(self, said: str) -> e.Retry:
        told = said.removeprefix(app.AGAIN).strip()
        head, _, why = told.partition(" ")
        counts = "/" in head
        # It gives up by itself after the tries that it counts; for the network it waits, half a minute each, for ever.
        self.patience = PATIENCE if counts else _WAITS
        if not counts:
            return e.Retry(told or said)
        attempt, _, most = head.partition("/")
        numbers = [int(one) if one.isascii() and one.isdigit() and len(one) < 10 else 0 for one in (attempt, most)]
        return e.Retry(why.strip("()") or said, *numbers)

    def _completed(self, found: dict[str, Any]) -> Iterable[e.Event]:
        self._turn = "completed"
        if "usage" not in found or self.by_run:
            return (e.TurnEnd(True),)
        self.usage = _usage(found["usage"], "input_tokens", "cached_input_tokens", "output_tokens")
        return (self.usage, e.TurnEnd(True))

    def _sent(self, found: dict[str, Any]) -> Iterator[e.Event]:
        """Yield what a message of the app-server means; of its helpers' threads only what they do and use."""
        method, params, thread = found.get("method"), found.get("params"), text(found, "params", "threadId")
        self._wishes.see(method, params)
        if session := text(found, "result", "thread", "id") or ("" if self.session else thread):
            yield e.Session(session, text(found, "result", "model"))
        if method is None and isinstance(found.get("error"), dict):
            yield e.Error(text(found, "error", "message") or "unknown")
        elif "id" in found:
            yield from self._asked(found)
        elif method == "thread/tokenUsage/updated":
            told = dig(params, "tokenUsage", "total")
            self._used[thread] = _usage(told, "inputTokens", "cachedInputTokens", "outputTokens")
            self.usage, self.by_run = e.Usage(), False
            for one in self._used.values():
                self.usage = added(self.usage, one)
            yield self.usage
        elif row := app.printed(found):
            kind, ours = text(row, "item", "type"), thread == (session or self.session)
            if not ours and kind in ("", "agent_message", "userMessage"):
                return
            last = "" if kind == "userMessage" else self._last  # which it has yet to answer
            events = self._events(row)
            if not ours or kind == "userMessage":
                self._last = last
            yield from events
            failed = dig(params, "turn", "error")
            if dig(failed, "codexErrorInfo") in app.LIMITS:
                self.limit = limit_in(message_in(dig(failed, "message")), certain=True)

    def _asked(self, found: dict[str, Any]) -> Iterator[e.Event]:
        ident = str(found["id"])[:40] if isinstance(found["id"], (int, str)) else ""
        if wanted := self._wishes.wanted(found.get("method"), found.get("params")):
            yield e.Question(ident, safe_line(wanted[:4096], SHOWN), app.CHOICES)
        elif found.get("method") == app.ASKS:
            for one in rows(found, "params", "questions"):
                labels = tuple(text(option, "label") for option in rows(one, "options"))
                yield e.Question(ident, text(one, "question"), labels)

    def _item(self, item: Any, *, over: bool, begins: bool) -> Iterable[e.Event]:
        kind = text(item, "type")
        if kind == "agent_message" and over:
            said = dig(item, "text")
            self._last = said[-4096:] if isinstance(said, str) else ""
            self.bore_fruit()
            return (e.Message(said_in(item, "text")),)
        if kind in ("error", "reasoning", "todo_list"):
            return (e.Raw(text(item, "message") or text(item, "text") or kind),)
        if kind in ("command_execution", "file_change", "mcp_tool_call", "web_search", "collab_tool_call"):
            if begins:
                self._begun.add(text(item, "id"))
            # What it said before it began that is not its word about it; what goes on behind its last word may end.
            if begins or (over and text(item, "id") not in self._begun):
                self._last = ""
            if over:
                self._begun.discard(text(item, "id"))
            return _begun(item, kind) if begins else _over(item, kind) if over else ()
        return ()

    def verdict(self) -> e.Verdict:
        """Return what the output says: done where the last turn completed and nothing was declined."""
        if self._turn == "completed":
            # What the sandbox refuses shows in no item: only what the agent says at last can tell.
            if mark := next((one for one in _SANDBOX if one in self._last), ""):
                return e.Verdict("refused", f"its sandbox did not let it work: {mark}")
            return denials(self) or (e.DONE if self._last else e.Verdict("failed", SILENT))
        if self._turn == "failed":
            return e.Verdict("failed", self._why)
        return self.unfinished("its output ended before its turn was completed")


def _usage(told: Any, fresh: str, cached: str, out: str) -> e.Usage:
    """Return a usage from the names of its counts; what was read from a cache is told among the rest."""
    return e.Usage(max(0, whole(told, fresh) - whole(told, cached)), whole(told, cached), whole(told, out))


def _begun(item: Any, kind: str) -> Iterable[e.Event]:
    return (e.ToolUse(text(item, "tool") or kind, _what(item), text(item, "id")),)


def _over(item: Any, kind: str) -> Iterator[e.Event]:
    status = text(item, "status")
    ok = status in ("", "completed") and dig(item, "exit_code") in (0, None)
    said = text(item, "aggregated_output") or text(item, "error", "message")
    if status == "declined" or (status == "failed" and any(one in said for one in _NOT_APPROVED)):
        called = f"{text(item, 'server')} {text(item, 'tool')}".strip()
        yield e.Denied(_what(item) or called or kind)
    yield e.ToolResult(ok, "" if ok else said or status, text(item, "id"))
    if ok:
        yield from (e.FileEdit(text(one, "path"), text(one, "kind")) for one in rows(item, "changes"))


def _what(item: Any) -> str:
    return text(item, "command") or text(item, "query") or ", ".join(text(one, "path") for one in rows(item, "changes"))
