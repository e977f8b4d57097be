"""What an agent tells of its calls: of tools, and beside its output of those of its model."""

import json
import time
from typing import Any

import pytest

from cockpit.agents.streams.formats import parser
from cockpit.agents.streams.stream import MOST_CALLS


def called(name: str) -> dict[str, Any]:
    use = {"type": "tool_use", "id": name, "name": "Bash", "input": {"command": "make"}}
    return {"type": "assistant", "message": {"content": [use]}}


def ended(name: str) -> dict[str, Any]:
    return {"type": "user", "message": {"content": [{"type": "tool_result", "tool_use_id": name}]}}


SAYS = {"type": "assistant", "message": {"content": [{"type": "text", "text": "so far"}]}}


@pytest.mark.parametrize(
    ("rows", "works"),
    [
        ([called("a"), called("b")], True),
        ([called("a"), called("b"), ended("a")], True),
        ([called("a"), called("b"), ended("b"), ended("a")], False),
        ([called("a"), called("b"), ended("a"), SAYS], False),
        ([called("a"), ended("b")], True),
        ([called(str(number)) for number in range(10 * MOST_CALLS)] + [SAYS], False),
    ],
)
def test_a_tool_is_at_work_until_the_last_one_that_was_called_has_ended(
    rows: list[dict[str, Any]], works: bool
) -> None:
    stream = parser("claude")
    stream.feed(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    assert stream.in_tool is works


@pytest.mark.parametrize("piece", [b'"output_token_count": 1,', b'"event.name": "gemini_cli.api_response"'])
def test_a_telemetry_that_says_the_same_over_and_over_is_read_in_no_time(piece: bytes) -> None:
    begun = time.process_time()
    parser("gemini").beside(piece * (3_000_000 // len(piece)))
    assert time.process_time() - begun < 1.0
