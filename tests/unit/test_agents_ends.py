"""Ends of agents that look well and are not: each was printed by the real program, for a model that did so."""

import json
from typing import Any

import pytest

from cockpit.agents.streams import events as e
from cockpit.agents.streams.formats import parser
from cockpit.agents.streams.limits import wakes_at
from cockpit.agents.streams.stream import SILENT, message_in

NOON = 1_800_000_000.0
QUOTA = (
    "You exceeded your current quota, please check your plan and billing details. For more information on this error, "
    "head to: https://ai.google.dev/gemini-api/docs/rate-limits. To monitor your current usage, head to: "
    "https://ai.dev/rate-limit. \n* Quota exceeded for metric: "
    "generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 50, model: gemini-2.5-pro\n"
    "Please retry in 5400.5s.\nSuggested retry after 5401s."
)
WAIT = "Please wait and try again later. To increase your limits, request a quota increase, or switch to another /auth"


def read(name: str, *rows: dict[str, Any]) -> Any:
    stream = parser(name)
    stream.feed(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    stream.finish()
    return stream


def step(*parts: dict[str, Any], reason: str) -> list[dict[str, Any]]:
    finish = {"type": "step_finish", "part": {"reason": reason, "tokens": {"input": 1, "output": 1}}}
    return [{"sessionID": "s", **row} for row in ({"type": "step_start", "part": {}}, *parts, finish)]


def item(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": "item.completed", "item": {"id": "i", "type": kind, **more}}


SPEAKS = {"type": "text", "part": {"text": "I will shell now."}}
SHELL = {"type": "tool_use", "part": {"tool": "bash", "callID": "c", "state": {"status": "completed", "input": {}}}}


def test_words_before_a_call_are_no_word_about_its_end() -> None:
    worked = step(SPEAKS, SHELL, reason="tool-calls")
    assert read("opencode", *worked, *step(reason="stop")).verdict() == e.Verdict("failed", SILENT)
    assert read("opencode", *worked, *step(SPEAKS, reason="stop")).verdict() == e.DONE
    begun = [{"type": "turn.started"}, item("agent_message", text="I will shell now.")]
    begun.append(item("command_execution", command="x", exit_code=0, status="completed"))
    ended: dict[str, Any] = {"type": "turn.completed", "usage": {}}
    assert read("codex", *begun, ended).verdict() == e.Verdict("failed", SILENT)
    assert read("codex", *begun, item("agent_message", text="fine"), ended).verdict() == e.DONE
    over = item("command_execution", command="server", exit_code=0, status="completed")
    goes_on = [begun[0], {**over, "type": "item.started"}, item("agent_message", text="fine"), over, ended]
    assert read("codex", *goes_on).verdict() == e.DONE, "what goes on behind its last word may end"


def test_gemini_that_is_stopped_in_a_loop_is_not_done() -> None:
    warned = {"type": "error", "severity": "warning", "message": "Loop detected, stopping execution"}
    ended: dict[str, Any] = {"type": "result", "status": "success", "stats": {}}
    begun = {"type": "init", "session_id": "s"}
    verdict = read("gemini", begun, warned, ended).verdict()
    assert verdict.outcome == "failed"
    assert "Loop detected" in verdict.reason
    assert read("gemini", begun, {**warned, "message": "slow"}, ended).verdict() == e.DONE


@pytest.mark.parametrize("name", ["gemini", "opencode", "claude"])
def test_a_limit_is_heeded_where_its_end_is_named_behind_many_words(name: str) -> None:
    shown = QUOTA if name == "opencode" else f"[API Error: {QUOTA}] {WAIT}, {WAIT}"
    said: dict[str, dict[str, Any]] = {
        "gemini": {"type": "result", "status": "error", "error": {"message": shown}},
        "claude": {"type": "result", "is_error": True, "result": shown},
        "opencode": {"type": "error", "error": {"data": {"message": QUOTA, "statusCode": 429}}},
    }
    stream = read(name, said[name])
    assert stream.limit is not None
    assert wakes_at(stream.limit, NOON) == NOON + 5400.5


def test_of_a_long_message_both_ends_are_shown() -> None:
    shown = message_in(QUOTA)
    assert len(shown) <= 300
    assert shown.startswith("You exceeded")
    assert shown.endswith("Suggested retry after 5401s.")
    assert message_in(f"[API Error: {json.dumps({'error': {'code': 429, 'message': 'short'}})}]") == "short"


def test_a_limit_that_an_agent_waits_for_is_known_to_its_end() -> None:
    stream = parser("gemini")
    told = json.dumps({"error": {"message": QUOTA.replace("Please", f"{WAIT}. Please")}})
    line = f"Attempt 1 failed with status 429. Retrying with backoff... _ApiError: {told}\n"
    stream.feed(line.encode(), stderr=True)
    assert stream.waits is not None
    assert wakes_at(stream.waits, NOON) == NOON + 5400.5
    assert len(stream.activity) <= 300


def called(given: int, cached: int, out: int) -> bytes:
    return (
        '2026-11-21T23:58:39.953540Z  INFO codex_otel.trace_safe: event.name="codex.sse_event" '
        f"event.kind=response.completed input_token_count={given} output_token_count={out} cached_token_count={cached} "
        "cache_write_token_count=0 reasoning_token_count=6 tool_token_count=3055 ttft_ms=0\n"
    ).encode()


def test_what_codex_used_is_known_of_a_turn_that_never_ended() -> None:
    stream = read("codex", {"type": "thread.started", "thread_id": "t"}, {"type": "turn.started"})
    assert (stream.usage, stream.by_run) == (e.Usage(), False)
    stream.feed(called(3004, 2003, 51) + called(3008, 2006, 52) + b"INFO codex_otel.trace_safe: oops\n", stderr=True)
    used = e.Usage(2003, 4009, 103)
    assert (stream.usage, stream.by_run) == (used, True)
    # The sum of its thread, over all its runs, comes too late to be of use.
    whole = {"input_tokens": 9000, "cached_input_tokens": 1, "output_tokens": 900}
    stream.feed(json.dumps({"type": "turn.completed", "usage": whole}).encode() + b"\n")
    assert stream.usage == used


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("gemini", "The 'metricReader' option is deprecated. Please use 'metricReaders' instead."),
        ("gemini", "Warning: True color (24-bit) support not detected. Using a terminal with true color will help."),
        ("codex", "WARNING: proceeding, even though we could not create PATH aliases: Refusing to create them"),
    ],
)
def test_what_a_program_warns_of_is_not_why_it_was_cut_off(name: str, line: str) -> None:
    stream = parser(name)
    stream.feed(b"it broke down\n" + line.encode() + b"\n", stderr=True)
    stream.finish()
    assert stream.verdict().reason.endswith("it broke down")
