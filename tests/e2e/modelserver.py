"""A scripted model on the loopback interface, as agent programs of several makers expect one; it knows no language.

A prompt holds `RIG{ step; step }`: `shell COMMAND` has the agent run that, `say TEXT` ends the turn, `http STATUS`
answers with that error, `drop` cuts the answer off, `slow SECONDS` takes its time.
It is started by `python -m tests.e2e.modelserver PORT`.
"""

import json
import re
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_SCRIPT = re.compile(r"RIG\{(.*?)\}", re.DOTALL)
TOKENS = {"input": 400, "cached": 800, "output": 34}


def step_of(messages: list[Any]) -> tuple[str, str]:
    """Return the step that is next: its word and what stands behind it; steps that were done show as results."""
    steps, done = ["say nothing was asked"], 0
    for message in messages:
        text = json.dumps(message)
        if found := _SCRIPT.findall(text):
            steps, done = [one.strip() for one in json.loads(f'"{found[-1]}"').split(";")], 0
        elif any(
            mark in text for mark in ('"tool_result"', '"function_call_output"', '"role": "tool"', '"functionResponse"')
        ):
            done += 1
    word, _, rest = steps[min(done, len(steps) - 1)].partition(" ")
    return word, rest


class Model(BaseHTTPRequestHandler):
    """Answers one request after the other by the script."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name of the base class
        """Say nothing."""

    def do_HEAD(self) -> None:
        """Say that there is somebody."""
        self._send(200, {})

    def do_GET(self) -> None:
        """Name no models."""
        self._send(200, {"data": [], "models": []})

    def do_POST(self) -> None:
        """Answer with the next step."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "count_tokens" in self.path:
            self._send(200, {"input_tokens": 5})
            return
        word, rest = step_of(body.get("messages") or body.get("input") or body.get("contents") or [])
        if word == "http":
            status, _, message = rest.partition(" ")
            said = message or f"scripted HTTP {status}"
            self._send(int(status), {"type": "error", "error": {"type": "scripted", "message": said, "code": status}})
            return
        if word == "slow":
            time.sleep(float(rest))
        if "responses" in self.path:
            answer = _openai(word, rest, body)
        elif "chat/completions" in self.path:
            answer = _chat(word, rest)
        elif "GenerateContent" in self.path or "generateContent" in self.path:
            answer = _google(word, rest)
        else:
            answer = _anthropic(word, rest)
        if body.get("stream") or "stream" in self.path:
            self._stream(answer, cut=word == "drop")
        elif word == "drop":
            self.close_connection = True
        else:
            self._send(200, _whole(word, rest))

    def _send(self, status: int, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, events: Iterator[dict[str, Any]], *, cut: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for number, event in enumerate(events):
            if cut and number >= 3:
                return
            name = f"event: {event['type']}\n" if "type" in event else ""
            self.wfile.write(f"{name}data: {json.dumps(event)}\n\n".encode())
            self.wfile.flush()


def _usage() -> dict[str, int]:
    return {
        "input_tokens": TOKENS["input"],
        "cache_read_input_tokens": TOKENS["cached"],
        "cache_creation_input_tokens": 0,
        "output_tokens": TOKENS["output"],
    }


def _block(word: str, rest: str) -> dict[str, Any]:
    if word == "shell":
        return {"type": "tool_use", "id": f"toolu_{time.time_ns():x}", "name": "Bash", "input": {"command": rest}}
    return {"type": "text", "text": rest or word}


def _whole(word: str, rest: str) -> dict[str, Any]:
    reason = "tool_use" if word == "shell" else "end_turn"
    message = {"id": f"msg_{time.time_ns():x}", "type": "message", "role": "assistant", "model": "scripted"}
    return {
        **message,
        "content": [_block(word, rest)],
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": _usage(),
    }


def _anthropic(word: str, rest: str) -> Iterator[dict[str, Any]]:
    message = _whole(word, rest)
    (block,) = message["content"]
    yield {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}
    if block["type"] == "text":
        yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": block["text"]}}
    else:
        yield {"type": "content_block_start", "index": 0, "content_block": {**block, "input": {}}}
        part = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield {"type": "content_block_delta", "index": 0, "delta": part}
    yield {"type": "content_block_stop", "index": 0}
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": _usage()}
    yield {"type": "message_stop"}


def _openai(word: str, rest: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    ident = f"resp_{time.time_ns():x}"
    base = {"id": ident, "object": "response", "status": "in_progress", "output": []}
    yield {"type": "response.created", "response": base}
    item: dict[str, Any] = {
        "type": "message",
        "id": f"msg_{ident}",
        "role": "assistant",
        "content": [{"type": "output_text", "text": rest or word}],
    }
    if word == "shell":
        names = {tool.get("name") for tool in body.get("tools", [])}
        name = next(one for one in ("exec_command", "shell_command", "shell") if one in names)
        given = {"exec_command": {"cmd": rest}, "shell_command": {"command": rest}}
        arguments = given.get(name, {"command": ["bash", "-lc", rest]})
        item = {"type": "function_call", "id": f"fc_{ident}", "call_id": f"call_{ident}", "name": name}
        item["arguments"] = json.dumps(arguments)
    yield {"type": "response.output_item.added", "output_index": 0, "item": item}
    yield {"type": "response.in_progress", "response": base}
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    usage = {
        "input_tokens": TOKENS["input"] + TOKENS["cached"],
        "input_tokens_details": {"cached_tokens": TOKENS["cached"]},
        "output_tokens": TOKENS["output"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": sum(TOKENS.values()),
    }
    yield {"type": "response.completed", "response": {**base, "status": "completed", "output": [item], "usage": usage}}


def _chat(word: str, rest: str) -> Iterator[dict[str, Any]]:
    base = {"id": f"chat_{time.time_ns():x}", "object": "chat.completion.chunk", "created": 1, "model": "scripted"}
    delta: dict[str, Any] = {"role": "assistant", "content": rest or word}
    if word == "shell":
        given = json.dumps({"command": rest, "description": "as scripted"})
        call = {"index": 0, "id": f"call_{time.time_ns():x}", "type": "function"}
        delta = {"role": "assistant", "tool_calls": [{**call, "function": {"name": "bash", "arguments": given}}]}
    yield {**base, "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]}
    yield {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": None}]}
    reason = "tool_calls" if word == "shell" else "stop"
    usage = {
        "prompt_tokens": TOKENS["input"] + TOKENS["cached"],
        "completion_tokens": TOKENS["output"],
        "total_tokens": sum(TOKENS.values()),
        "prompt_tokens_details": {"cached_tokens": TOKENS["cached"]},
    }
    yield {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}], "usage": usage}


def _google(word: str, rest: str) -> Iterator[dict[str, Any]]:
    part: dict[str, Any] = {"text": rest or word}
    if word == "shell":
        given = {"command": rest, "description": "as scripted"}
        part = {"functionCall": {"id": f"fc_{time.time_ns():x}", "name": "run_shell_command", "args": given}}
    for _ in range(3):
        yield {"candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": " "}]}}]}
    usage = {
        "promptTokenCount": TOKENS["input"] + TOKENS["cached"],
        "cachedContentTokenCount": TOKENS["cached"],
        "candidatesTokenCount": TOKENS["output"],
        "totalTokenCount": sum(TOKENS.values()),
    }
    content = {"role": "model", "parts": [part]}
    yield {"candidates": [{"index": 0, "content": content, "finishReason": "STOP"}], "usageMetadata": usage}


def serve(port: int) -> None:
    """Answer until ended."""
    ThreadingHTTPServer(("127.0.0.1", port), Model).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
