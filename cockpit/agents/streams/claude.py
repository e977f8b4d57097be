"""Reads the stream-json output of Claude Code; what counts is its `result` line, and that is not believed alone."""

from collections.abc import Iterable, Iterator
from typing import Any

from cockpit.agents.streams import events as e
from cockpit.agents.streams.limits import later, limit_in
from cockpit.agents.streams.stream import (
    JsonStream,
    added,
    denials,
    dig,
    number,
    rows,
    said_in,
    target,
    text,
    whole,
    whole_message,
)

_REASONS = {
    "error_max_turns": "it used up its number of turns before it was done",
    "error_max_budget_usd": "it used up its budget before it was done",
    "error_during_execution": "it was interrupted by an error",
    "error_max_structured_output_retries": "it did not produce what was asked for",
}
_LENGTH = "its last answer was cut off at the longest length that its model may write"
_STOPS = {
    "max_tokens": _LENGTH,
    "model_context_window_exceeded": "its conversation outgrew what its model can read",
    "refusal": "its model refused to answer",
    "tool_use": "it ended in the middle of its work",
    "pause_turn": "it ended in the middle of its work",
}


class ClaudeStream(JsonStream):
    """Until there is a result, the usage is that of the messages, each counted once; the result's own then stands."""

    def __init__(self) -> None:
        super().__init__()
        self._result: dict[str, Any] | None = None
        self._messages: dict[str, e.Usage] = {}
        self._tools: dict[str, str] = {}
        self._seen = e.Usage()
        self._cause = ""

    def _events(self, found: dict[str, Any]) -> Iterable[e.Event]:
        kind = found.get("type")
        if kind == "assistant":
            self._result = None  # a turn is under way: no earlier result speaks for it
            return self._assistant(found)
        if kind == "user":
            return self._user(found)
        if kind == "result":
            return self._ended(found)
        if kind == "control_request":
            return self._asked(found)
        if kind == "rate_limit_event":
            return self._limited(found)
        if kind == "system" and found.get("subtype") == "init":
            self._result = None
            return (e.Session(text(found, "session_id"), text(found, "model")),)
        if kind == "system" and found.get("subtype") == "api_retry":
            status = whole(found, "error_status")
            why = f"HTTP {status}" if status else text(found, "error") or "its model does not answer"
            return (e.Retry(why, whole(found, "attempt"), whole(found, "max_retries")),)
        return ()

    def _assistant(self, found: dict[str, Any]) -> Iterator[e.Event]:
        self._count(text(found, "message", "id"), dig(found, "message", "usage"))
        self._cause = text(found, "error")
        if found.get("error"):
            yield e.Error(next((text(part, "text") for part in rows(found, "message", "content")), "unknown"))
            return
        self.waits = None  # its model answers again, if only by thinking
        for part in rows(found, "message", "content"):
            if part.get("type") == "text" and (said := said_in(part, "text")):
                self.bore_fruit()
                yield e.Message(said)
            elif part.get("type") in ("tool_use", "server_tool_use"):
                use = e.ToolUse(text(part, "name") or "a tool", target(part.get("input")), text(part, "id"))
                if len(self._tools) < 10_000:
                    self._tools[use.id] = use.name
                yield use

    def _user(self, found: dict[str, Any]) -> Iterator[e.Event]:
        for part in rows(found, "message", "content"):
            if part.get("type") != "tool_result":
                continue
            ident, said = text(part, "tool_use_id"), text(part, "content")
            bad = part.get("is_error") is True
            yield e.ToolResult(not bad, said if bad else "", ident)
            path, kind = text(found, "tool_use_result", "filePath"), text(found, "tool_use_result", "type")
            if not bad and path and self._tools.get(ident, "").lower() in ("write", "edit", "multiedit"):
                yield e.FileEdit(path, kind)

    def _asked(self, found: dict[str, Any]) -> Iterable[e.Event]:
        request = dig(found, "request")
        if dig(request, "subtype") != "can_use_tool":
            return ()
        asked = rows(request, "input", "questions")
        if asked:
            options = tuple(text(one, "label") for one in rows(asked[0], "options"))
            return (e.Question(text(found, "request_id"), text(asked[0], "question"), options),)
        what = f"{text(request, 'tool_name')} {target(dig(request, 'input'))}".strip()
        return (e.Question(text(found, "request_id"), f"may it use {what}?", ("allow", "deny")),)

    def _limited(self, found: dict[str, Any]) -> Iterable[e.Event]:
        info = dig(found, "rate_limit_info")
        if dig(info, "status") != "rejected":
            return ()
        told = f"a {text(info, 'rateLimitType') or 'rate'} limit, until {whole(info, 'resetsAt')}"
        self.limit = limit_in(told, certain=True)
        return (e.Error("its account reached a limit"),)

    def _ended(self, found: dict[str, Any]) -> Iterator[e.Event]:
        self._result = found
        self._seen = _total(found)
        self.usage = self._seen if self._seen.usd or self._seen.tokens_out else self.usage
        for one in rows(found, "permission_denials"):
            yield e.Denied(f"{text(one, 'tool_name')} {target(one.get('tool_input'))}".strip())
        verdict = self._judged(found)
        said = text(found, "result") or "; ".join(_texts(found, "errors"))
        if found.get("is_error") is True:
            told = whole_message(found.get("result")) or said
            self.limit = later(self.limit, limit_in(told, certain=whole(found, "api_error_status") == 429))
        yield e.TurnEnd(verdict.ok, said if verdict.ok else verdict.reason)

    def verdict(self) -> e.Verdict:
        """Return what the output says: done where the last turn ended well, unforced, complete, with nothing denied."""
        if self._result is None:
            return self.unfinished()
        found = self._judged(self._result)
        return (denials(self) or found) if found.ok else found

    def _judged(self, found: dict[str, Any]) -> e.Verdict:
        subtype, said, stop = text(found, "subtype"), text(found, "result"), text(found, "stop_reason")
        if stop == "refusal":
            return e.Verdict("refused", f"{_STOPS[stop]}: {said}" if said else _STOPS[stop])
        if self._cause == "max_output_tokens":
            return e.Verdict("failed", _LENGTH)
        if subtype != "success":
            errors = "; ".join(_texts(found, "errors"))
            told = _REASONS.get(subtype) or said or errors
            return e.Verdict("failed", told or f"it ended with {subtype or 'nothing'}")
        if found.get("is_error") is not False:
            return e.Verdict("failed", said or "it ended with an error")
        if stop in _STOPS:
            return e.Verdict("failed", _STOPS[stop])
        ended = text(found, "terminal_reason")
        if ended and ended != "completed":
            return e.Verdict("failed", f"it ended early: {ended.replace('_', ' ')}")
        spent = sum(whole(found, "usage", key) for key in ("input_tokens", "output_tokens", "cache_read_input_tokens"))
        if not spent and (self._messages or _total(found).tokens_out):
            # A cut answer is taken for a whole one; that its turn counted no tokens is what gives it away.
            return e.Verdict("failed", "the answer of its model was cut off")
        return e.DONE

    def _count(self, message: str, usage: Any) -> None:
        """Count a message that repeats with each of its parts once, as long as no result tells the sum."""
        told = e.Usage(
            whole(usage, "input_tokens") + whole(usage, "cache_creation_input_tokens"),
            whole(usage, "cache_read_input_tokens"),
            whole(usage, "output_tokens"),
        )
        if not (told.tokens_in or told.tokens_cached or told.tokens_out):
            return
        before = self._messages.get(message, e.Usage())
        self._messages = {message: told}  # a message's parts follow one another
        more = e.Usage(
            max(0, told.tokens_in - before.tokens_in),
            max(0, told.tokens_cached - before.tokens_cached),
            max(0, told.tokens_out - before.tokens_out),
        )
        self.usage = added(self.usage, more)


def _total(found: dict[str, Any]) -> e.Usage:
    """Return what a process used so far: its models' sums where they are told, which later turns go on with."""
    models = dig(found, "modelUsage")
    models = [one for one in models.values() if isinstance(one, dict)] if isinstance(models, dict) else []
    usd = number(found, "total_cost_usd")
    if models:
        return e.Usage(
            sum(whole(one, "inputTokens") + whole(one, "cacheCreationInputTokens") for one in models),
            sum(whole(one, "cacheReadInputTokens") for one in models),
            sum(whole(one, "outputTokens") for one in models),
            usd,
        )
    usage = dig(found, "usage")
    fresh = whole(usage, "input_tokens") + whole(usage, "cache_creation_input_tokens")
    return e.Usage(fresh, whole(usage, "cache_read_input_tokens"), whole(usage, "output_tokens"), usd)


def _texts(found: dict[str, Any], key: str) -> list[str]:
    value = found.get(key)
    return [text({"one": one}, "one") for one in value if isinstance(one, str)] if isinstance(value, list) else []
