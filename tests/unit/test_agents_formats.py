"""What agents really printed, whole and cut at every byte: never a false done, never an exception, sums that agree."""

import copy
import json
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unicodedata import category

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cockpit.agents.streams import events as e
from cockpit.agents.streams.formats import parser
from cockpit.agents.streams.limits import limit_in, wakes_at
from cockpit.errors import CockpitError

SAMPLES = Path(__file__).with_name("agent_streams")
FORMATS = ("plain", "claude", "codex", "opencode", "gemini", "aider", "acp")
TALKED = ("claude-duplex", "gemini-acp", "opencode-acp")
ONE, TWO, THREE = e.Usage(400, 800, 34), e.Usage(800, 1600, 68), e.Usage(1200, 2400, 102)


def costing(usage: e.Usage, usd: float) -> e.Usage:
    return e.Usage(usage.tokens_in, usage.tokens_cached, usage.tokens_out, usd)


NOTHING = e.Usage()
LENGTH = "its last answer was cut off at the longest length that its model may write"
CUT = "the answer of its model was cut off"
TOLD: dict[str, tuple[str, str, e.Usage]] = {
    "claude-edit": ("done", "", costing(THREE, 0.00975)),
    "claude-question": ("done", "", costing(ONE, 0.00325)),
    "claude-resume": ("done", "", costing(ONE, 0.00325)),
    "claude-ask-write": ("refused", "it was not allowed: Write /src/wt/asked2.txt", costing(TWO, 0.0065)),
    "claude-drop": ("failed", CUT, costing(ONE, 0.00325)),
    "claude-http400": ("failed", "API Error: 400 rig: scripted HTTP 400", NOTHING),
    "claude-http500": ("failed", "API Error: 500 rig: scripted HTTP 500.", NOTHING),
    "claude-duplex": ("refused", "Bash touch denyme.txt; Write /src/wt.txt", e.Usage(2800, 5600, 238, 0.02275)),
    "codex-edit": ("done", "", THREE),
    "codex-question": ("done", "", TWO),
    "codex-resume": ("done", "", ONE),
    "codex-ask-write": ("refused", "Read-only file system", TWO),
    "codex-drop": ("failed", "stream disconnected before completion", NOTHING),
    "codex-http400": ("failed", "rig: scripted HTTP 400", NOTHING),
    "codex-http500": ("failed", "currently experiencing high demand", NOTHING),
    "codex-app-edit": ("done", "", THREE),
    "codex-app-question": ("done", "", TWO),
    "codex-app-resume": ("done", "", e.Usage(1600, 3200, 136)),
    "codex-app-helper": ("done", "", e.Usage(1600, 3200, 136)),
    "codex-app-ask-write": ("refused", "printf x > y.txt", TWO),
    "codex-app-drop": ("failed", "stream disconnected before completion", NOTHING),
    "codex-app-http400": ("failed", "rig: scripted HTTP 400", NOTHING),
    "opencode-edit": ("done", "", costing(THREE, 0.00585)),
    "opencode-question": ("done", "", costing(ONE, 0.00195)),
    "opencode-resume": ("done", "", costing(ONE, 0.00195)),
    "opencode-ask-write": ("done", "", costing(TWO, 0.0039)),
    "opencode-drop": ("failed", CUT, costing(NOTHING, 0.0)),
    "opencode-http400": ("failed", "rig: scripted HTTP 400", NOTHING),
    "opencode-http500": ("failed", "its output ended before", NOTHING),
    "gemini-edit": ("done", "", THREE),
    "gemini-question": ("done", "", ONE),
    "gemini-resume": ("done", "", ONE),
    "gemini-ask-write": ("done", "", ONE),
    "gemini-drop": ("failed", "Model stream ended without a finish reason.", NOTHING),
    "gemini-http400": ("failed", "rig: scripted HTTP 400", NOTHING),
    "gemini-http500": ("failed", "rig: scripted HTTP 500", NOTHING),
    "aider-edit": ("done", "", e.Usage(2100, 0, 42, 0.0057)),
    "aider-whole": ("done", "", e.Usage(800, 0, 12)),
    "gemini-acp": ("done", "", e.Usage(6000, 0, 170)),
    "opencode-acp": ("done", "", e.Usage(800, 1600, 68, 0.0078)),
}


def sample(name: str) -> bytes:
    data = next(SAMPLES.glob(f"{name}.*")).read_bytes()
    if name not in TALKED:
        return data
    return b"".join(line[2:] for line in data.splitlines(keepends=True) if line.startswith(b"> "))


def format_of(name: str) -> str:
    return "acp" if name.endswith("-acp") else name.partition("-")[0]


def told(name: str, *pieces: bytes, stderr: bytes = b"") -> tuple[Any, list[e.Event]]:
    stream: Any = parser(name)
    found = [event for piece in pieces for event in stream.feed(piece)]
    found += stream.feed(stderr, stderr=True)
    return stream, [*found, *stream.finish()]


def lines(*rows: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_every_sample_is_expected() -> None:
    assert {path.stem for path in SAMPLES.iterdir()} == set(TOLD)


@pytest.mark.parametrize("name", TOLD)
def test_a_sample_is_judged_and_summed(name: str) -> None:
    stream, _ = told(format_of(name), sample(name))
    outcome, reason, usage = TOLD[name]
    verdict = stream.verdict()
    assert (verdict.outcome, reason in verdict.reason) == (outcome, True), verdict
    assert verdict.ok == (verdict.reason == "")
    counts = (stream.usage.tokens_in, stream.usage.tokens_cached, stream.usage.tokens_out)
    assert counts == (usage.tokens_in, usage.tokens_cached, usage.tokens_out)
    assert stream.usage.usd == (pytest.approx(usage.usd) if usage.usd is not None else None)


def prefixes(name: str) -> Iterator[tuple[bool, Any]]:
    """Yield a stream cut off behind each byte of a sample, and whether the cut is at the end of its last line."""
    data = sample(name)
    ahead: Any = parser(format_of(name))
    end = len(data.rstrip(b"\n"))
    for line in data.splitlines(keepends=True):
        for size in range(1, len(line)):
            cut = copy.deepcopy(ahead)
            cut.feed(line[:size])
            cut.finish()
            end -= 1
            yield end <= 0, cut
        ahead.feed(line)
        end -= 1


@pytest.mark.parametrize("name", [one for one in TOLD if one.endswith(("-edit", "-ask-write", "gemini-drop"))])
def test_what_is_cut_off_at_any_byte_is_never_done(name: str) -> None:
    whole = told(format_of(name), sample(name))[0].verdict()
    for complete, cut in prefixes(name):
        if name.startswith("aider"):  # its text has no end; before any answer it is not done
            assert cut.verdict().ok is (cut.usage.tokens_out > 0)
        else:
            assert cut.verdict() == whole if complete else not cut.verdict().ok


def test_what_is_cut_off_at_any_byte_of_an_acp_turn_is_never_done() -> None:
    data = sample("gemini-acp")
    turn = data[: data.index(b"\n", data.index(b"stopReason")) + 1].splitlines(keepends=True)
    ahead, _ = told("acp", *turn[:3])  # what the session can do is told at length, and says nothing of its end
    for line in turn[3:]:
        for size in range(1, len(line)):
            cut = copy.deepcopy(ahead)
            cut.feed(line[:size])
            cut.finish()
            assert cut.verdict().ok is (b"stopReason" in line and size == len(line) - 1)
        ahead.feed(line)
    assert ahead.verdict().ok


@pytest.mark.parametrize(
    ("stop", "verdict"),
    [
        ("max_tokens", e.Verdict("failed", LENGTH)),
        ("max_turn_requests", e.Verdict("failed", "it used up its number of calls before it was done")),
        ("refusal", e.Verdict("refused", "its model refused to answer")),
        ("cancelled", e.Verdict("failed", "it was interrupted")),
        ("news", e.Verdict("failed", "it ended with news")),
    ],
)
def test_an_acp_turn_that_did_not_end_well_is_not_done(stop: str, verdict: e.Verdict) -> None:
    stream, found = told("acp", lines({"jsonrpc": "2.0", "id": 3, "result": {"stopReason": stop}}))
    assert stream.verdict() == verdict
    assert found[-1] == e.TurnEnd(False, verdict.reason.removeprefix("it ended with "))
    more = {"method": "session/update", "params": {"update": {"sessionUpdate": "agent_message_chunk"}}}
    good = {"jsonrpc": "2.0", "id": 4, "result": {"stopReason": "end_turn"}}
    stream.feed(lines(good))
    assert stream.verdict().ok
    stream.feed(lines(more))
    assert not stream.verdict().ok, "a turn is under way again"


@pytest.mark.parametrize("name", [one for one in TOLD if one.endswith(("-edit", "-http400"))])
def test_pieces_make_no_difference(name: str) -> None:
    data = sample(name)
    one, whole = told(format_of(name), data)
    other, bytewise = told(format_of(name), *(data[at : at + 1] for at in range(len(data))))
    assert bytewise == whole
    assert (other.verdict(), other.usage, other.session) == (one.verdict(), one.usage, one.session)


@pytest.mark.parametrize("name", FORMATS)
def test_a_line_of_20_mb_is_read_and_costs_little(name: str) -> None:
    big = json.dumps({"type": "user", "big": "x" * 20_000_000}).encode()
    stream = parser(name)
    for at in range(0, len(big), 1 << 20):
        stream.feed(big[at : at + (1 << 20)])
    stream.feed(b"\n" + sample("claude-edit"))
    stream.finish()
    if name == "claude":
        assert stream.verdict().ok
        assert stream.usage.tokens_out == 102


def test_an_endless_line_is_forgotten() -> None:
    stream = parser("claude")
    piece = b"x" * (1 << 20)
    tracemalloc.start()
    for _ in range(70):
        stream.feed(piece)
    left, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 120 * len(piece)
    assert left < 40 * len(piece)
    stream.feed(b"\n" + sample("claude-edit"))
    assert stream.verdict().ok


@pytest.mark.parametrize("name", FORMATS)
def test_error_output_between_pieces_of_a_line_does_no_harm(name: str) -> None:
    data = sample("codex-edit") if name == "codex" else sample("claude-edit")
    stream: Any = parser(name)
    for at in range(0, len(data), 97):
        stream.feed(data[at : at + 97])
        stream.feed(b'(node:1) Warning: {"type":"result"\n', stderr=True)
    stream.finish()
    clean, _ = told(name, data)
    assert (stream.verdict().outcome, stream.usage) == (clean.verdict().outcome, clean.usage)


def test_unknown_lines_are_kept_as_raw() -> None:
    _, found = told("claude", b'plain text\n{"type":"new thing","x":1}\n[1]\n\n{"broken\n')
    assert found == [e.Raw(one) for one in ("plain text", '{"type":"new thing","x":1}', "[1]", '{"broken')]


def test_text_is_safe_to_show() -> None:
    bad = "\x1b]0;title\x07\x1b[31mred\u202e"
    row = {"type": "assistant", "message": {"content": [{"type": "tool_use", "name": bad, "input": {"path": bad}}]}}
    stream, found = told("claude", lines(row))
    assert found == [e.ToolUse("red", "red")]
    assert stream.activity == "uses red red"


KEYS = (
    "type subtype message content usage item part result error id status params update sessionUpdate method stats "
    "tokens reason modelUsage permission_denials input role is_error thread threadId turn tokenUsage total changes "
    "path command permissions requestedSchema questions codexErrorInfo"
)
WORDS = (
    "assistant user result system init success item.completed turn.completed tool_use text step_finish error stop "
    "session/update usage_update tool_result turn.failed tool_call item/started item/completed turn/completed "
    "fileChange thread/tokenUsage/updated item/tool/requestUserInput item/fileChange/requestApproval completed "
    "usageLimitExceeded item/commandExecution/requestApproval item/permissions/requestApproval failed "
    "mcpServer/elicitation/request"
)
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(WORDS.split()), st.text(max_size=5)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=5)
    ),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=400), st.sampled_from(FORMATS), st.booleans())
def test_any_bytes_do_no_harm(data: bytes, name: str, stderr: bool) -> None:
    stream = parser(name)
    stream.feed(data, stderr=stderr)
    stream.lost()
    stream.feed(data)
    stream.finish()
    assert name == "plain" or not stream.verdict().ok
    assert not any(category(char) == "Cc" for char in stream.activity)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.dictionaries(st.sampled_from(KEYS.split()), VALUES, max_size=6), max_size=4), st.sampled_from(FORMATS)
)
def test_any_objects_do_no_harm(rows: list[dict[str, Any]], name: str) -> None:
    stream = parser(name)
    stream.feed(lines(*rows))
    stream.finish()
    stream.verdict()
    assert not any(category(char) == "Cc" for char in stream.activity)
    assert min(stream.usage.tokens_in, stream.usage.tokens_cached, stream.usage.tokens_out) >= 0


def test_deeply_nested_json_does_no_harm() -> None:
    _, found = told("claude", b'{"type":' * 100_000 + b"1" + b"}" * 100_000)
    assert len(found) == 1


# --- what cannot be trusted ------------------------------------------------------------------------------------------


def result(**more: Any) -> bytes:
    ended = {"type": "result", "subtype": "success", "is_error": False, "result": "fine", "stop_reason": "end_turn"}
    return lines({**ended, "usage": {"input_tokens": 5, "output_tokens": 2}, **more})


@pytest.mark.parametrize(
    ("more", "outcome", "reason"),
    [
        ({}, "done", ""),
        ({"subtype": "error_max_turns"}, "failed", "it used up its number of turns"),
        ({"subtype": "error_max_budget_usd"}, "failed", "it used up its budget"),
        ({"subtype": "error_during_execution", "is_error": True}, "failed", "interrupted by an error"),
        ({"subtype": "error_of_next_year"}, "failed", "fine"),
        ({"stop_reason": "max_tokens"}, "failed", "longest length"),
        ({"stop_reason": "refusal", "is_error": True, "result": "no"}, "refused", "its model refused to answer: no"),
        ({"terminal_reason": "aborted_streaming"}, "failed", "it ended early: aborted streaming"),
        ({"is_error": True}, "failed", "fine"),
        ({"permission_denials": [{"tool_name": "Bash", "tool_input": {"command": "make"}}]}, "refused", "Bash make"),
    ],
)
def test_a_result_of_claude_is_not_believed_alone(more: dict[str, Any], outcome: str, reason: str) -> None:
    verdict = told("claude", result(**more))[0].verdict()
    assert verdict.outcome == outcome
    assert reason in verdict.reason


def test_a_result_speaks_only_for_what_was_before_it() -> None:
    late = {"type": "assistant", "message": {"id": "m2", "content": [{"type": "text", "text": "and on"}]}}
    assert not told("claude", result(), lines(late))[0].verdict().ok


def test_an_answer_of_claude_that_was_too_long_is_not_done() -> None:
    cut = {"type": "assistant", "error": "max_output_tokens", "message": {"content": [{"type": "text", "text": "API"}]}}
    stream, _ = told("claude", lines(cut), result(is_error=True, stop_reason="stop_sequence", result="API Error"))
    assert stream.verdict() == e.Verdict("failed", LENGTH)


def test_messages_of_claude_are_counted_once_until_the_result_tells() -> None:
    usage = {"input_tokens": 10, "cache_read_input_tokens": 7, "output_tokens": 1}
    row = {"type": "assistant", "message": {"id": "m1", "content": [{"type": "text", "text": "a"}], "usage": usage}}
    other = {"type": "assistant", "message": {**row["message"], "id": "m2"}}  # type: ignore[dict-item]  # as above
    stream, _ = told("claude", lines(row, row, other))
    assert stream.usage == e.Usage(20, 14, 2)
    stream.feed(result(total_cost_usd=0.5))
    assert stream.usage == e.Usage(5, 0, 2, 0.5)


@pytest.mark.parametrize(
    ("reason", "words"),
    [("length", "longest length"), ("unknown", CUT), ("tool-calls", "in the middle"), ("new", "ended with new")],
)
def test_a_last_step_of_opencode_that_did_not_stop_is_not_done(reason: str, words: str) -> None:
    step = {"type": "step_finish", "sessionID": "s", "part": {"reason": reason}}
    assert words in told("opencode", lines(step))[0].verdict().reason


def test_a_refusal_of_opencode_is_said_on_the_error_output_alone() -> None:
    said = b"! permission requested: bash (make); auto-rejecting\n"
    stream, found = told("opencode", sample("opencode-edit"), stderr=said)
    assert stream.verdict() == e.Verdict("refused", "it was not allowed: permission requested: bash (make)")
    assert found[-1] == e.Denied("permission requested: bash (make)")


def test_calls_of_opencode_that_bring_nothing_show_in_its_log_alone() -> None:
    log = 'level=ERROR message="stream error" session.id=s small={} error.error="AI_APICallError: {}"\n'
    said = r"rate limit of \"pro\", try again in 2 hours"
    stream, found = told("opencode", stderr=(log.format("true", "x") + log.format("false", said)).encode())
    assert found[-1] == e.Retry('rate limit of "pro", try again in 2 hours')
    assert (stream.fruitless, wakes_at(stream.waits, NOON)) == (1, NOON + 7200)
    stream.feed(sample("opencode-edit"))
    assert (stream.fruitless, stream.waits, stream.verdict().ok) == (0, None, True)


def test_a_log_of_opencode_that_only_looks_like_such_a_call_is_read_in_no_time() -> None:
    begun = time.process_time()
    _, found = told("opencode", stderr=b'message="stream error" small=false ' * 1800 + b"\n")
    assert not [event for event in found if isinstance(event, e.Retry)]
    assert time.process_time() - begun < 1.0


@pytest.mark.parametrize(
    ("name", "again", "answer"),
    [
        ("claude", {"type": "system", "subtype": "api_retry", "error_status": 429}, {"type": "assistant"}),
        (
            "codex",
            {"type": "error", "message": "Reconnecting... 1/5 (429 Too Many Requests)"},
            {"type": "item.completed", "item": {"type": "agent_message", "text": "On it."}},
        ),
    ],
)
def test_whose_model_answers_again_waits_for_no_limit(name: str, again: dict[str, Any], answer: dict[str, Any]) -> None:
    stream, _ = told(name, lines(again))
    assert stream.waits is not None
    stream.feed(lines(answer))
    assert stream.waits is None, "else it would be ended for a silence in which it works"


@pytest.mark.parametrize(
    ("line", "why", "limited"),
    [
        (
            'with status 429. Retrying with backoff... _ApiError: {"error":{"message":"slow down"}}',
            "HTTP 429: slow",
            True,
        ),
        ('with status 500. Retrying with backoff... _ApiError: {"error":{"message":"oops"}}', "HTTP 500: oops", False),
        (": your quota is used up. Retrying after 34000ms...", "your quota is used up. Retrying after", True),
        (". Retrying with backoff... Error: fetch failed", "Error: fetch failed", False),
    ],
)
def test_calls_of_gemini_that_bring_nothing_show_on_the_error_output_alone(line: str, why: str, limited: bool) -> None:
    space = "" if line[0] in ":." else " "
    stream, found = told("gemini", stderr=f"Attempt 3 failed{space}{line}\n    at x (file:1:2) {{\n}}\n".encode())
    (again,) = [event for event in found if isinstance(event, e.Retry)]
    assert (again.why.startswith(why), again.attempt, stream.waits is not None) == (True, 3, limited)
    stream.feed(lines({"type": "message", "role": "assistant", "content": "On", "delta": True}))
    assert stream.waits is None
    assert stream.verdict().reason == "its output ended before it said that it was done"


@pytest.mark.parametrize(
    ("tokens", "reason", "verdict"),
    [
        (34, "stop", e.DONE),
        (0, "stop", e.Verdict("failed", CUT)),
        (34, "length", e.Verdict("failed", LENGTH)),
        (0, "content_filter", e.Verdict("refused", "its model refused to answer")),
    ],
)
def test_how_the_last_answer_of_gemini_ended_is_told_beside_its_output(
    tokens: int, reason: str, verdict: e.Verdict
) -> None:
    def answer(tokens: int, reason: str, role: str = "main") -> bytes:
        row = {"output_token_count": tokens, "status_code": 200, "finish_reasons": ["stop", reason], "role": role}
        return json.dumps({"attributes": row}, indent=2).encode() + b"\n"

    beside = answer(0, "length") + answer(tokens, reason) + answer(0, "content_filter", "utility_router")
    stream, _ = told("gemini", sample("gemini-edit"))
    stream.beside(beside)
    assert stream.verdict() == verdict
    failed, _ = told("gemini", sample("gemini-http400"))
    failed.beside(beside)
    assert "scripted HTTP 400" in failed.verdict().reason


def test_what_a_model_of_gemini_thought_counts_and_so_does_what_an_ended_run_used() -> None:
    stats = {"total_tokens": 5036, "input_tokens": 4903, "output_tokens": 113, "cached": 3202}
    stream, _ = told("gemini", lines({"type": "result", "status": "success", "stats": stats}))
    call = {"event.name": "gemini_cli.api_response", "model": "m", "input_token_count": 150, "output_token_count": 13}
    call |= {"cached_content_token_count": 50, "thoughts_token_count": 4, "tool_token_count": 0}
    beside = 2 * json.dumps({"attributes": call}, indent=2).encode()
    stream.beside(beside)
    assert stream.usage == e.Usage(1701, 3202, 133)
    ended, _ = told("gemini")
    ended.beside(beside)
    assert ended.usage == e.Usage(200, 100, 34)


def test_an_answer_that_opencode_says_was_filtered_is_a_refusal() -> None:
    step = {"type": "step_finish", "sessionID": "s", "part": {"reason": "content-filter"}}
    error = {"type": "error", "error": {"name": "ContentFilterError", "data": {"message": "blocked by the filter"}}}
    assert told("opencode", lines(step, error))[0].verdict() == e.Verdict("refused", "its model refused to answer")


def test_an_error_that_opencode_hands_on_as_json_is_told_by_its_message() -> None:
    error = {"name": "UnknownError", "data": {"message": '{"message":"it exploded","type":"server_error"}'}}
    assert told("opencode", lines({"type": "error", "error": error}))[0].verdict().reason == "it exploded"


def test_an_output_without_an_end_tells_what_was_said_beside_it() -> None:
    stream, _ = told("opencode", stderr=b"level=ERROR\nError: Failed query:\n\n  CREATE TABLE x\n)\n")
    said = "Error: Failed query: CREATE TABLE x"
    assert stream.verdict().reason == f"its output ended before it said that it was done: {said}"


def test_that_codex_waits_for_the_network_is_told_in_its_words() -> None:
    waiting = {"type": "error", "message": "Reconnecting... waiting for network (Connection failed)"}
    assert told("codex", lines(waiting))[0].activity == "calls the model again: waiting for network (Connection failed)"
    stream, _ = told("codex", lines(*[waiting] * 5))
    assert stream.fruitless >= stream.patience, "each takes half a minute"
    counted = [{"type": "error", "message": f"Reconnecting... {number}/5 (gone)"} for number in range(1, 6)]
    stream, _ = told("codex", lines(*counted))
    assert stream.fruitless < stream.patience, "it gives up by itself, and says why"


def test_a_tool_that_codex_may_not_call_is_a_refusal() -> None:
    error = {"message": "MCP tool call requires approval, but approval policy is never"}
    item = {"id": "i", "type": "mcp_tool_call", "server": "cockpit", "tool": "note", "error": error, "status": "failed"}
    last = {"type": "item.completed", "item": {"id": "j", "type": "agent_message", "text": "fine"}}
    data = lines({"type": "turn.started"}, {"type": "item.completed", "item": item}, last, {"type": "turn.completed"})
    assert told("codex", data)[0].verdict() == e.Verdict("refused", "it was not allowed: cockpit note")


def test_a_turn_of_codex_that_ends_without_a_word_is_not_done() -> None:
    row = {"type": "item.completed", "item": {"id": "i", "type": "command_execution", "command": "x", "exit_code": 0}}
    stream, _ = told("codex", lines({"type": "turn.started"}, row, {"type": "turn.completed"}))
    assert "it may have refused" in stream.verdict().reason


def test_what_codex_declines_is_a_refusal() -> None:
    item = {"id": "i", "type": "command_execution", "command": "rm x", "status": "declined"}
    data = lines({"type": "turn.started"}, {"type": "item.completed", "item": item}, {"type": "turn.completed"})
    assert told("codex", data)[0].verdict().reason == "it was not allowed: rm x"


ASKED: dict[str, list[tuple[dict[str, Any], str]]] = {
    "item/commandExecution/requestApproval": [
        ({"command": "/bin/bash -lc 'rm -r x'", "reason": "old"}, "May it run: rm -r x? (old)"),
        ({"command": "make 'x"}, "May it run: make 'x?"),
        ({"command": "./bash -c 'make test'"}, "May it run: ./bash -c 'make test'?"),
        ({"command": 3}, "May it run: 3?"),
        ({"command": "curl x", "networkApprovalContext": {"host": "x.org"}}, "May it reach: x.org?"),
    ],
    "item/fileChange/requestApproval": [
        ({"itemId": "f"}, "May it change: a.txt, b.txt?"),
        ({"itemId": "g", "grantRoot": "/src"}, "May it change: files, and all below /src?"),
    ],
    "item/permissions/requestApproval": [({"permissions": {"network": True}}, 'May it have: {"network": true}?')],
    "mcpServer/elicitation/request": [
        ({"message": "Note?", "_meta": {"tool_params": {"text": "a"}}}, 'May it: Note? ({"text": "a"})'),
        ({"message": "Log in", "url": "https://x.org"}, "May it: Log in (https://x.org)"),
        ({"requestedSchema": {"properties": {}}}, "May it: go on, it does not say with what"),
        ({"message": "Who?", "requestedSchema": {"properties": {"name": {}}}}, ""),
    ],
}


@pytest.mark.parametrize(("method", "params", "text"), [(key, *one) for key, some in ASKED.items() for one in some])
def test_what_the_app_server_of_codex_asks_for_is_said_in_words(method: str, params: dict[str, Any], text: str) -> None:
    files = {"type": "fileChange", "id": "f", "changes": [{"path": "a.txt"}, {"path": "b.txt"}]}
    row = {"method": "item/started", "params": {"item": files}}
    _, found = told("codex", lines(row, {"method": method, "id": 7, "params": params}))
    asked = [one for one in found if isinstance(one, e.Question)]
    assert asked == ([e.Question("7", text, ("allow", "allow for this session", "deny"))] if text else [])


def test_a_turn_of_codex_that_was_interrupted_or_reached_a_limit_says_so() -> None:
    def ended(**turn: Any) -> Any:
        return told("codex", lines({"method": "turn/completed", "params": {"threadId": "t", "turn": turn}}))[0]

    assert ended(status="interrupted").verdict().reason == "it was interrupted"
    error = {"message": "come back, available in 2 hours", "codexErrorInfo": "rateLimitExceeded"}
    assert wakes_at(ended(status="failed", error=error).limit, NOON) == NOON + 7200
    assert ended(status="failed", error={**error, "codexErrorInfo": "other"}).limit is None


def test_codex_has_to_answer_what_it_is_told_before_it_is_done() -> None:
    def item(**more: Any) -> dict[str, Any]:
        return {"method": "item/completed", "params": {"threadId": "t", "item": more}}

    ended = {"method": "turn/completed", "params": {"threadId": "t", "turn": {"status": "completed"}}}
    said, told_it = item(type="agentMessage", text="fine"), item(type="userMessage")
    assert told("codex", lines(said, ended))[0].verdict().ok
    assert "it may have refused" in told("codex", lines(said, told_it, ended))[0].verdict().reason
    for one in (told_it, item(type="commandExecution", command="make")):
        elsewhere = {**one, "params": {**one["params"], "threadId": "helper"}}
        assert told("codex", lines(said, elsewhere, ended))[0].verdict().ok


def test_a_tool_that_the_operator_did_not_let_codex_call_is_a_refusal() -> None:
    item: dict[str, Any] = {"type": "mcpToolCall", "server": "cockpit", "tool": "note", "status": "failed"}
    item["error"] = {"message": "user rejected MCP tool call"}
    data = lines({"method": "item/completed", "params": {"threadId": "t", "item": item}})
    assert told("codex", data)[0].denied == ["cockpit note"]


@pytest.mark.parametrize(
    "line",
    [
        "litellm.BadRequestError: OpenAIException - no",
        "Model openai/x has hit a token limit!",
        "Only 3 reflections allowed, stopping.",
        "The API provider's servers are down or overloaded.",
    ],
)
def test_what_went_wrong_for_aider_is_no_success(line: str) -> None:
    stream, _ = told("aider", sample("aider-whole"), f"\n{line}\n".encode())
    assert stream.verdict() == e.Verdict("failed", line)
    assert told("aider", f"{line}\n".encode(), sample("aider-whole"))[0].verdict().ok


def test_a_tool_that_a_mode_of_gemini_does_not_offer_is_a_refusal() -> None:
    for name, outcome in (("run_shell_command", "refused"), ("invented", "done")):
        use = {"type": "tool_use", "tool_name": name, "tool_id": "t", "parameters": {"command": "make"}}
        error = {"type": "tool_not_registered", "message": "Tool not found"}
        ended = {"type": "tool_result", "tool_id": "t", "status": "error", "error": error}
        stream, _ = told("gemini", lines(use, ended, {"type": "result", "status": "success"}))
        assert stream.verdict().outcome == outcome


def test_what_aider_calls_again_for_is_the_error_itself() -> None:
    said = "litellm.RateLimitError: try again in 2 hours\nThe API provider has limited you.\nRetrying in 0.2 seconds\n"
    stream, _ = told("aider", said.encode())
    assert stream.waits is not None
    assert wakes_at(stream.waits, NOON) == NOON + 7200


def test_an_empty_answer_for_aider_is_none() -> None:
    said = "Empty response received from LLM. Check your provider account?"
    stream, _ = told("aider", f"Aider v0.86.2\n{said}\n\nTokens: 597 sent, 0 received.\n".encode())
    assert (stream.verdict(), stream.usage.tokens_in) == (e.Verdict("failed", said), 597)


# --- what is going on ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "line", "doing"),
    [
        ("claude-edit", 3, "writes /src/wt/hello.txt"),
        ("claude-edit", 4, "thinks"),
        ("claude-edit", 6, "runs echo hi > x.txt && cat x.txt"),
        ("claude-http500", 2, "calls the model again: 1 of 1, HTTP 500"),
        ("codex-edit", 8, "runs /bin/bash -lc 'echo hi > x.txt && cat x.txt'"),
        ("codex-app-edit", 6, "runs /bin/bash -lc 'echo hi > x.txt && cat x.txt'"),
        ("codex-app-drop", 7, "calls the model again: 1 of 5, stream disconnected before completion"),
        ("codex-app-question", 6, "asks: Which colour?"),
        ("codex-drop", 4, "calls the model again: 1 of 5, stream disconnected before completion: stream closed before"),
        ("gemini-edit", 4, "I will write now."),
        ("gemini-edit", 5, "writes /src/wt/hello.txt"),
        ("opencode-drop", 3, "calls the model again: the answer was cut off"),
        ("claude-duplex", 9, "asks: may it use Bash touch denyme.txt?"),
    ],
)
def test_the_activity_names_tool_and_file(name: str, line: int, doing: str) -> None:
    stream, _ = told(format_of(name), *sample(name).splitlines(keepends=True)[:line])
    assert stream.activity.startswith(doing)


def test_calls_that_bring_nothing_are_counted() -> None:
    stream, _ = told("opencode", sample("opencode-drop"))
    assert stream.fruitless == 4
    stream.feed(sample("opencode-edit"))
    assert stream.fruitless == 0


def test_a_question_names_its_choices() -> None:
    _, found = told("claude", sample("claude-duplex"))
    asked = [event for event in found if isinstance(event, e.Question)]
    assert asked[-1].text == "Which colour?"
    assert asked[-1].options == ("Red", "Blue")


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(CockpitError, match="no output format `x`"):
        parser("x")


# --- limits ----------------------------------------------------------------------------------------------------------

NOON = 1_795_262_400.0  # 2026-11-21 12:00 UTC


@pytest.mark.parametrize(
    ("said", "until"),
    [
        ("Claude AI usage limit reached|1795269600", 7200),
        ("You've hit your session limit · resets 3pm (UTC)", 10_800),
        ("5-hour limit reached ∙ resets 11:30am (UTC)", 84_600),
        ("You've hit your usage limit. Try again in 2 hours 5 minutes.", 7500),
        ("Rate limit reached for gpt. Please try again in 1.5s. Visit", 1.5),
        ("You exceeded your current quota. Please retry in 12.25s.", 12.25),
        ("Your quota will reset after 3h20m10s.", 12_010),
        ("429 Too Many Requests, retry-after: 90", 90),
        ("quota: resets at 2026-11-21T13:00:00Z", 3600),
        ("usage limit reached, retry in 800ms", 0.8),
        ("usage limit: try again at Nov 24th, 2026 3:54 AM (UTC).", 230_040),
        ("weekly limit reached ∙ resets Nov 22, 9am (UTC)", 75_600),
        ("usage limit: resets Dec 2 at 12pm (UTC)", 11 * 86400),
        ("usage limit: resets Feb 30 at 12pm (UTC)", None),
        ("rate limit exceeded", None),
        ("usage limit reached|1500000000", None),
        ("quota: try again in 900000000 days", None),
    ],
)
def test_a_limit_names_until_when_it_holds(said: str, until: float | None) -> None:
    limit = limit_in(said)
    assert limit is not None
    wake = wakes_at(limit, NOON)
    assert wake == (pytest.approx(NOON + until) if until is not None else None)


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of a process cannot be set here")
def test_a_day_that_no_calendar_reaches_is_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = limit_in("usage limit: resets Dec 31, 9999 at 11pm")
    assert limit is not None
    monkeypatch.setenv("TZ", "Pacific/Apia")
    try:
        time.tzset()
        assert wakes_at(limit, NOON) is None
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_day_without_a_year_may_be_one_of_the_next() -> None:
    limit = limit_in("usage limit: resets Jan 2 at 12pm (UTC)")
    assert limit is not None
    assert wakes_at(limit, NOON + 20 * 86400) == NOON + 42 * 86400


def test_other_errors_are_no_limits() -> None:
    assert limit_in("connection refused, try again in 5 s") is None
    assert limit_in("overloaded, try again in 5 s", certain=True) is not None


@given(st.text(max_size=200), st.floats(0, 4e9))
def test_any_message_does_no_harm(text: str, now: float) -> None:
    limit = limit_in(text, certain=True)
    assert limit is not None
    wake = wakes_at(limit, now)
    assert wake is None or wake > now


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("claude", result(is_error=True, api_error_status=429, result="API Error: try again in 30 s")),
        ("codex", lines({"type": "turn.failed", "error": {"message": "usage limit: try again in 30 s"}})),
        ("gemini", lines({"type": "result", "status": "error", "error": {"message": "quota: retry in 30s"}})),
        ("opencode", lines({"type": "error", "error": {"data": {"message": "wait 30s", "statusCode": 429}}})),
        (
            "aider",
            b"litellm.RateLimitError: try again in 30s\nThe API provider has rate limited you.\n",
        ),
    ],
)
def test_a_run_that_a_limit_ended_knows_it(name: str, data: bytes) -> None:
    stream, _ = told(name, data)
    assert not stream.verdict().ok
    assert wakes_at(stream.limit, NOON) == NOON + 30


LATER = int(NOON) + 18_000
OVERAGE = {"type": "rate_limit_event", "rate_limit_info": {"status": "rejected", "resetsAt": LATER}}
WORKS = {"type": "assistant", "message": {"content": [{"type": "tool_use", "id": "t", "name": "Bash", "input": {}}]}}
SPOKE = {"type": "item.completed", "item": {"type": "agent_message", "text": "On it."}}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("claude", lines(OVERAGE, WORKS) + result(subtype="error_max_turns")),
        (
            "codex",
            lines({"type": "error", "message": "rate limit, try again in 2 hours"}, SPOKE)
            + lines({"type": "turn.failed", "error": {"message": "its context is full"}}),
        ),
        (
            "aider",
            b"litellm.RateLimitError: wait 2h\nTokens: 2k sent, 42 received.\nOnly 3 reflections allowed, stopping.",
        ),
    ],
)
def test_a_limit_after_which_the_model_answered_did_not_end_the_run(name: str, data: bytes) -> None:
    stream, _ = told(name, data)
    assert not stream.verdict().ok
    assert stream.limit is None, "else its profile would sleep for a failure that has nothing to do with it"


def test_a_limit_that_claude_timed_before_keeps_its_time_where_the_result_names_none() -> None:
    late = {"type": "user", "message": {"content": [{"type": "tool_result", "tool_use_id": "t"}]}}
    stream, _ = told("claude", lines(OVERAGE, late), result(is_error=True, api_error_status=429, result="rate limited"))
    assert wakes_at(stream.limit, NOON) == LATER


def test_a_limit_that_an_agent_talks_about_is_none() -> None:
    row = {"type": "assistant", "message": {"content": [{"type": "text", "text": "the rate limit: wait 30 s"}]}}
    assert told("claude", lines(row))[0].limit is None


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("codex", b"2026-11-21T21:43:38.362569Z ERROR codex_skills: failed to install system skills: os error 39\n"),
        (
            "codex",
            b"\x1b[2m2026-11-21T23:10:18.764984Z\x1b[0m \x1b[31mERROR\x1b[0m \x1b[2mcodex_app_server\x1b[0m: oh\n",
        ),
        ("gemini", b"A shutdown LoggerProvider cannot provide a Logger\n"),
        ("gemini", b"Ripgrep is not available. Falling back to GrepTool.\n"),
    ],
)
def test_what_a_program_logs_of_itself_is_not_named_as_why_it_ended(name: str, line: bytes) -> None:
    stream, _ = told(name, stderr=line)
    assert ": " not in stream.verdict().reason
