"""A scripted model on the loopback interface, as agent programs of several makers expect one; it knows no language.

A prompt holds `RIG{ step; step }`; each result of a tool in a conversation is one step further:

    shell COMMAND      has the agent run that            edit FILE TEXT    has it write a file with a tool of its own
    call TOOL JSON     has it use cockpit's or any tool  say TEXT          ends the turn
    refuse TEXT        the model refuses                 length TEXT       its answer is cut at the longest length
    http STATUS [after=SECONDS] [MESSAGE]  that error    once STEP         any of these, the first time only
    drop [EVENTS]      cuts the answer off               slow SECONDS      takes its time before it ends the turn
    trickle SECONDS    writes for so long

`GET /seen` lists the requests that came, each as its path, its conversation, the names of the tools it offers and the
step that it was given. Whatever path starts with `/room/NAME` has a record of its own, by which tests that run at once
do not take part in each other's: what was seen there, and which steps were taken once. What asks for a title only (it
offers no tools) takes no step. It is started by `python -m tests.e2e.modelserver PORT`.
"""

import contextlib
import json
import re
import sys
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_SCRIPT = re.compile(r"RIG\{(.*?)\}RIG|RIG\{(.*?)\}", re.DOTALL)
_RESULT_IDS = ("tool_use_id", "call_id", "tool_call_id")
_AFTER = re.compile(r"after=(\d+) ?")
_ROOM = re.compile(r"/room/([^/]+)(/.*)")
TOKENS = {"input": 400, "cached": 800, "output": 34}
KEPT = 1000


@dataclass(frozen=True, slots=True)
class Step:
    """What the model does next: a word and what stands behind it; `tools` are the names that it was offered."""

    word: str
    rest: str
    tools: frozenset[str]

    @property
    def calls(self) -> bool:
        """Whether it uses a tool."""
        return self.word in ("shell", "call") or (self.word == "edit" and self.edit_tool is not None)

    @property
    def text(self) -> str:
        """What it says; an agent without tools reads files out of that."""
        if self.word == "edit":
            name, _, content = self.rest.partition(" ")
            return f"{name}\n```\n{content}\n```\n"
        return self.rest or self.word

    @property
    def edit_tool(self) -> str | None:
        """The tool by which the agent itself writes files."""
        return next((one for one in ("Write", "write", "write_file", "exec_command") if one in self.tools), None)

    @property
    def call(self) -> tuple[str, dict[str, Any]]:
        """The tool that it uses, and with what."""
        name, _, rest = self.rest.partition(" ")
        if self.word == "call":
            ours = (one for one in self.tools if re.fullmatch(rf".*cockpit.*[_.]{name}", one))
            return next(ours, name), json.loads(rest or "{}")
        if self.word == "edit":
            tool = self.edit_tool or ""
            if tool == "exec_command":  # Codex makes an edit of its own out of this
                patch = f"*** Begin Patch\n*** Add File: {name}\n+{rest}\n*** End Patch"
                return tool, {"cmd": f"apply_patch <<'EOF'\n{patch}\nEOF\n"}
            keys = {"Write": "file_path", "write": "filePath", "write_file": "file_path"}
            return tool, {keys.get(tool, "path"): name, "content": rest}
        shells = ("Bash", "bash", "run_shell_command", "exec_command", "shell_command", "shell")
        otherwise = "run_shell_command" if "read_file" in self.tools else "Bash"  # a mode may not offer it
        tool = next((one for one in shells if one in self.tools), otherwise)
        if tool == "exec_command":
            return tool, {"cmd": self.rest}
        if tool == "shell":
            return tool, {"command": ["bash", "-lc", self.rest]}
        return tool, {"command": self.rest, **({"description": "as scripted"} if tool != "shell_command" else {})}


@dataclass(slots=True)
class Room:
    """What was seen in one place, and which steps were taken there that are taken once."""

    seen: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT))
    taken: set[tuple[str, int]] = field(default_factory=set)


_rooms: defaultdict[str, Room] = defaultdict(Room)


def _results(found: Any) -> Iterator[str]:
    """Yield the ids of the tool calls that a message brings results of; some agents repeat them when they resume."""
    if isinstance(found, list):
        for one in found:
            yield from _results(one)
    elif isinstance(found, dict):
        if found.get("output") == "aborted":
            return  # Codex gives a call that it was ended in an end; what was called for is called for again
        if found.get("type") in ("tool_result", "function_call_output") or found.get("role") == "tool":
            yield from (str(found[key]) for key in _RESULT_IDS if key in found)
        elif "functionResponse" in found:
            yield str(found["functionResponse"].get("id"))
        else:
            for one in found.values():
                yield from _results(one)


def step_of(messages: list[Any], tools: frozenset[str], taken: set[tuple[str, int]]) -> Step:
    """Return the step that is next; steps that were done show as results, those of `taken` are not taken again."""
    script = "say nothing was asked"
    results: set[str] = set()
    for message in messages:
        if found := _SCRIPT.findall(json.dumps(message)):
            script = json.loads(f'"{found[-1][0] or found[-1][1]}"')
            results.clear()
        else:
            results.update(_results(message))
    done = len(results)
    steps = [one.strip() for one in script.split(";")]
    for number, one in enumerate(steps):
        if one.startswith("once ") and number <= done:
            if (script, number) not in taken:
                taken.add((script, number))
                steps[done] = one.removeprefix("once ")
            else:
                done += 1
    word, _, rest = steps[min(done, len(steps) - 1)].partition(" ")
    return Step(word, rest, tools)


def _names(found: Any) -> Iterator[str]:
    """Yield the names of the tools that a request offers, whatever its maker's form."""
    for tool in found if isinstance(found, list) else ():
        yield from (str(one["name"]) for one in (tool, tool.get("function") or {}) if "name" in one)
        yield from _names(tool.get("functionDeclarations") or tool.get("function_declarations"))
        if tool.get("type") == "namespace":
            yield from (f"{tool['name']}.{one['name']}" for one in tool["tools"])


class Model(BaseHTTPRequestHandler):
    """Answers one request after the other by the script."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name of the base class
        """Say nothing."""

    def do_HEAD(self) -> None:
        """Say that there is somebody."""
        self._send(200, {})

    def do_GET(self) -> None:
        """Name no models; tell what was asked."""
        name, path = self._place()
        self._send(200, list(_rooms[name].seen) if path == "/seen" else {"data": [], "models": []})

    def do_DELETE(self) -> None:
        """Forget what was seen in a room."""
        _rooms.pop(self._place()[0], None)
        self._send(200, {})

    def do_POST(self) -> None:
        """Answer with the next step."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "count_tokens" in self.path or "countTokens" in self.path:
            self._send(200, {"input_tokens": 5, "totalTokens": 5})
            return
        messages = body.get("messages") or body.get("input") or body.get("contents") or []
        tools = frozenset(_names(body.get("tools")))
        room = _rooms[self._place()[0]]
        titles = not tools and "title generator" in json.dumps(messages)
        step = Step("say", "A title", tools) if titles else step_of(messages, tools, room.taken)
        room.seen.append({"path": self.path, "messages": messages, "tools": sorted(tools), "step": step.word})
        if step.word == "http":
            self._fail(step.rest)
            return
        if step.word == "slow":
            time.sleep(float(step.rest))
        form = self._form()
        if body.get("stream") or "stream" in self.path:
            self._stream(form(step), step)
        elif step.word == "drop":
            self.close_connection = True
        else:
            self._send(200, _WHOLE[form](step))

    def _place(self) -> tuple[str, str]:
        """Return the room that a request is for, and the path within it."""
        found = _ROOM.match(self.path)
        return (found[1], found[2]) if found else ("", self.path)

    def _form(self) -> Any:
        if "responses" in self.path:
            return _openai
        if "chat/completions" in self.path:
            return _chat
        return _google if "enerateContent" in self.path else _anthropic

    def _fail(self, said: str) -> None:
        status, _, message = said.partition(" ")
        headers = {}
        if found := _AFTER.match(message):
            headers, message = {"Retry-After": found[1]}, message[found.end() :]
        message = message or f"scripted HTTP {status}"
        kind = {"400": "invalid_request_error", "429": "rate_limit_error"}.get(status, "api_error")
        error = {"type": kind, "message": message, "code": int(status) if "enerateContent" in self.path else kind}
        if message.startswith("{"):
            error |= json.loads(message)
        self._send(int(status), {"type": "error", "error": error}, headers)

    def _send(self, status: int, value: object, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        for name, said in {"Content-Type": "application/json", "Content-Length": len(data), **(headers or {})}.items():
            self.send_header(name, str(said))
        self.end_headers()
        with contextlib.suppress(OSError):  # the agent was ended
            self.wfile.write(data)

    def _stream(self, events: Iterator[dict[str, Any]], step: Step) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for number, event in enumerate(events):
            if step.word == "drop" and number >= int(step.rest or 3):
                return
            name = f"event: {event['type']}\n" if "type" in event else ""
            try:
                self.wfile.write(f"{name}data: {json.dumps(event)}\n\n".encode())
                self.wfile.flush()
            except OSError:  # the agent was ended
                return


def _pieces(step: Step) -> Iterator[str]:
    """Yield the pieces of a text as they are written; those of one that trickles take their time."""
    if step.word != "trickle":
        yield step.text
        return
    for number in range(int(float(step.rest) * 5)):
        time.sleep(0.2)
        yield f"word {number} "


def _id(kind: str) -> str:
    return f"{kind}_{time.time_ns():x}"


# --- Anthropic ---------------------------------------------------------------------------------------------------


def _usage() -> dict[str, int]:
    return {
        "input_tokens": TOKENS["input"],
        "cache_read_input_tokens": TOKENS["cached"],
        "cache_creation_input_tokens": 0,
        "output_tokens": TOKENS["output"],
    }


def _message(step: Step) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "text", "text": step.text}
    if step.calls:
        name, given = step.call
        block = {"type": "tool_use", "id": _id("toolu"), "name": name, "input": given}
    reason = {"refuse": "refusal", "length": "max_tokens"}.get(step.word, "tool_use" if step.calls else "end_turn")
    message = {"id": _id("msg"), "type": "message", "role": "assistant", "model": "scripted", "content": [block]}
    return {**message, "stop_reason": reason, "stop_sequence": None, "usage": _usage()}


def _anthropic(step: Step) -> Iterator[dict[str, Any]]:
    message = _message(step)
    (block,) = message["content"]
    yield {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}
    if block["type"] == "text":
        yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        for piece in _pieces(step):
            yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
    else:
        yield {"type": "content_block_start", "index": 0, "content_block": {**block, "input": {}}}
        part = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield {"type": "content_block_delta", "index": 0, "delta": part}
    yield {"type": "content_block_stop", "index": 0}
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": _usage()}
    yield {"type": "message_stop"}


# --- OpenAI ------------------------------------------------------------------------------------------------------


def _response(step: Step) -> dict[str, Any]:
    part = {"type": "refusal", "refusal": step.text} if step.word == "refuse" else None
    content: list[Any] = [part or {"type": "output_text", "text": step.text, "annotations": []}]
    item: dict[str, Any] = {"type": "message", "id": _id("msg"), "role": "assistant", "content": content}
    if step.calls:
        name, given = step.call
        item = {"type": "function_call", "id": _id("fc"), "call_id": _id("call"), "name": name}
        item["arguments"] = json.dumps(given)
        if "." in name:
            item["namespace"], _, item["name"] = name.partition(".")
    usage = {
        "input_tokens": TOKENS["input"] + TOKENS["cached"],
        "input_tokens_details": {"cached_tokens": TOKENS["cached"]},
        "output_tokens": TOKENS["output"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": sum(TOKENS.values()),
    }
    status = "incomplete" if step.word == "length" else "completed"
    more = {"incomplete_details": {"reason": "max_output_tokens"}} if step.word == "length" else {}
    return {"id": _id("resp"), "object": "response", "status": status, "output": [item], "usage": usage, **more}


def _openai(step: Step) -> Iterator[dict[str, Any]]:
    response = _response(step)
    (item,) = response["output"]
    base: dict[str, Any] = {**response, "status": "in_progress", "output": []}
    yield {"type": "response.created", "response": base}
    yield {"type": "response.output_item.added", "output_index": 0, "item": item}
    yield {"type": "response.in_progress", "response": base}
    if step.word == "trickle":
        for piece in _pieces(step):
            about = {"item_id": item["id"], "output_index": 0, "content_index": 0}
            yield {"type": "response.output_text.delta", **about, "delta": piece}
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    yield {"type": f"response.{response['status']}", "response": response}


def _chat_usage() -> dict[str, Any]:
    return {
        "prompt_tokens": TOKENS["input"] + TOKENS["cached"],
        "completion_tokens": TOKENS["output"],
        "total_tokens": sum(TOKENS.values()),
        "prompt_tokens_details": {"cached_tokens": TOKENS["cached"]},
    }


def _chat_reason(step: Step) -> str:
    return {"refuse": "content_filter", "length": "length"}.get(step.word, "tool_calls" if step.calls else "stop")


def _chat_call(step: Step) -> dict[str, Any]:
    name, given = step.call
    return {"id": _id("call"), "type": "function", "function": {"name": name, "arguments": json.dumps(given)}}


def _chat(step: Step) -> Iterator[dict[str, Any]]:
    base = {"id": _id("chat"), "object": "chat.completion.chunk", "created": 1, "model": "scripted"}
    deltas: Iterator[dict[str, Any]] = ({"role": "assistant", "content": piece} for piece in _pieces(step))
    if step.calls:
        deltas = iter([{"role": "assistant", "tool_calls": [{"index": 0, **_chat_call(step)}]}])
    yield {**base, "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]}
    for delta in deltas:
        yield {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": None}]}
    yield {
        **base,
        "choices": [{"index": 0, "delta": {}, "finish_reason": _chat_reason(step)}],
        "usage": _chat_usage(),
    }


def _completion(step: Step) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": step.text}
    if step.calls:
        message = {"role": "assistant", "content": None, "tool_calls": [_chat_call(step)]}
    choice = {"index": 0, "message": message, "finish_reason": _chat_reason(step)}
    base = {"id": _id("chat"), "object": "chat.completion", "created": 1, "model": "scripted"}
    return {**base, "choices": [choice], "usage": _chat_usage()}


# --- Google ------------------------------------------------------------------------------------------------------


def _candidate(step: Step) -> dict[str, Any]:
    part: dict[str, Any] = {"text": step.text}
    if step.calls:
        name, given = step.call
        part = {"functionCall": {"id": _id("fc"), "name": name, "args": given}}
    usage = {
        "promptTokenCount": TOKENS["input"] + TOKENS["cached"],
        "cachedContentTokenCount": TOKENS["cached"],
        "candidatesTokenCount": TOKENS["output"],
        "totalTokenCount": sum(TOKENS.values()),
    }
    reason = {"refuse": "SAFETY", "length": "MAX_TOKENS"}.get(step.word, "STOP")
    content = {"role": "model", "parts": [part]}
    return {"candidates": [{"index": 0, "content": content, "finishReason": reason}], "usageMetadata": usage}


def _google(step: Step) -> Iterator[dict[str, Any]]:
    pieces = _pieces(step) if step.word == "trickle" else ("I ", "go ", "on: ")
    for piece in pieces:
        yield {"candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": piece}]}}]}
    yield _candidate(step)


_WHOLE = {_anthropic: _message, _openai: _response, _chat: _completion, _google: _candidate}


def serve(port: int) -> None:
    """Answer until ended."""
    ThreadingHTTPServer(("127.0.0.1", port), Model).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
