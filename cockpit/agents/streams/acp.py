"""Reads the messages that an agent sends over the Agent Client Protocol; it answers none of them."""

from collections.abc import Iterable, Iterator
from typing import Any

from cockpit.agents.streams import events as e
from cockpit.agents.streams.stream import JsonStream, added, denials, dig, number, rows, said_in, target, text, whole

_STOPS = {
    "max_tokens": "its last answer was cut off at the longest length that its model may write",
    "max_turn_requests": "it used up its number of calls before it was done",
    "refusal": "its model refused to answer",
    "cancelled": "it was interrupted",
}


class AcpStream(JsonStream):
    """Done is a prompt that was answered with `end_turn`; cost is told as a sum so far, tokens prompt by prompt."""

    def __init__(self) -> None:
        super().__init__()
        self._stop = ""

    def _events(self, found: dict[str, Any]) -> Iterable[e.Event]:
        method = found.get("method")
        if method == "session/update":
            return (*self._of(text(found, "params", "sessionId")), *self._update(dig(found, "params", "update")))
        if method == "session/request_permission":
            asked = dig(found, "params", "toolCall")
            options = tuple(text(one, "name") for one in rows(found, "params", "options"))
            what = text(asked, "title") or target(dig(asked, "rawInput"))
            ident = found.get("id")
            return (
                e.Question(str(ident)[:40] if isinstance(ident, (int, str)) else "", f"may it do {what}?", options),
            )
        if isinstance(method, str):
            return ()
        if isinstance(found.get("error"), dict):
            return (e.Error(text(found, "error", "message") or "unknown"),)
        return self._answer(found.get("result"))

    def _answer(self, result: Any) -> Iterator[e.Event]:
        if session := text(result, "sessionId"):
            yield e.Session(session)
        if stop := text(result, "stopReason"):
            self._stop = stop
            counts, quota = dig(result, "usage"), dig(result, "_meta", "quota", "token_count")
            fresh = whole(counts, "inputTokens") + whole(quota, "input_tokens")
            out = whole(counts, "outputTokens") + whole(quota, "output_tokens")
            self.usage = added(self.usage, e.Usage(fresh, whole(counts, "cachedReadTokens"), out))
            yield self.usage
            yield e.TurnEnd(stop == "end_turn", _STOPS.get(stop, stop))

    def _of(self, session: str) -> Iterator[e.Event]:
        if session and session != self.session:
            yield e.Session(session)

    def _update(self, update: Any) -> Iterator[e.Event]:
        kind = text(update, "sessionUpdate")
        if kind in ("agent_message_chunk", "agent_thought_chunk"):
            self._stop = ""
            yield e.Message(said_in(update, "content", "text"), part=True)
        elif kind in ("tool_call", "tool_call_update"):
            self._stop = ""
            yield from _tool(update)
        elif kind == "usage_update" and text(update, "cost", "currency") == "USD":
            told = self.usage  # `used` says how full its context is, not what was spent
            usd = number(update, "cost", "amount")
            self.usage = e.Usage(told.tokens_in, told.tokens_cached, told.tokens_out, usd)
            yield self.usage

    def verdict(self) -> e.Verdict:
        """Return what the output says: done where the last prompt was answered to its end."""
        if self._stop == "end_turn":
            return denials(self) or e.DONE
        if self._stop:
            reason = _STOPS.get(self._stop, f"it ended with {self._stop}")
            return e.Verdict("refused" if self._stop == "refusal" else "failed", reason)
        return self.unfinished()


def _tool(update: Any) -> Iterator[e.Event]:
    status, ident = text(update, "status"), text(update, "toolCallId")
    if status in ("pending", "in_progress"):
        where = next((text(one, "path") for one in rows(update, "locations")), "")
        what = target(dig(update, "rawInput")) or where or text(update, "title")
        yield e.ToolUse(text(update, "kind") or text(update, "title") or "a tool", what, ident)
    elif status in ("completed", "failed"):
        yield e.ToolResult(ok=status == "completed", id=ident)
        if status == "completed":
            yield from (e.FileEdit(text(one, "path")) for one in rows(update, "content") if one.get("type") == "diff")
