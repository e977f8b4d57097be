"""Logs of runs as clients are told them: whole lines from any place on, what they mean, and where a text stands."""

import json
import os
from pathlib import Path

import pytest
from msgspec import convert

from cockpit.agents.streams.formats import STRUCTURED
from cockpit.engine.outputs import OPEN, printed, sought
from cockpit.schedule.printed import Printed

CALL = {"type": "assistant", "message": {"content": [{"type": "tool_use", "id": "t", "name": "Bash", "input": {}}]}}
RESULT = {"type": "tool_result", "tool_use_id": "t", "is_error": True, "content": "exit 1"}
CLAUDE = [
    {"type": "system", "subtype": "init", "session_id": "s", "tools": ["Bash"]},
    {"type": "assistant", "message": {"content": [{"type": "text", "text": 'I say "ärger"\nand go on'}]}},
    CALL,
    {"type": "user", "message": {"content": [RESULT]}, "timestamp": "2026-11-21T00:00:01.500Z"},
    {"cockpit": {"id": "m1", "by": "me@screen", "text": "mind the tests", "queued": True}},
]


def folder(tmp_path: Path, out: str, err: str = "", format_: str = "plain") -> Path:
    (tmp_path / "stdout.log").write_text(out)
    (tmp_path / "stderr.log").write_text(err)
    (tmp_path / "output-format").write_text(format_)
    return tmp_path


def lines(found: dict[str, object]) -> list[Printed]:
    return convert(found["lines"], list[Printed])


def test_text_is_handed_on_line_by_line_and_a_line_without_an_end_again(tmp_path: Path) -> None:
    where = folder(tmp_path, "one\r\ntwo\nthr", "oops\n")
    os.utime(where / "stderr.log", (1, 1))
    found = printed(where, None, 1000)
    assert [(one.text, one.err, one.open) for one in lines(found)] == [
        ("oops", True, False),
        ("one", False, False),
        ("two", False, False),
        ("thr", False, True),
    ], "the log that was written to last comes last"
    assert (found["next"], found["start"], found["more"]) == ([9, 5], [0, 0], False)
    folder(tmp_path, "one\r\ntwo\nthree\n" + "x" * OPEN, "oops\nmore\n")
    found = printed(where, found["next"], 10_000)
    assert [(one.at, len(one.text), one.err) for one in lines(found)] == [
        (9, 5, False),
        (15, OPEN, False),
        (5, 4, True),
    ]
    assert found["next"] == [15 + OPEN, 10], "a line that is long is handed on although it has no end"
    found = printed(where, [6, None], 1000, align=True)
    assert [one.text[:5] for one in lines(found)] == ["three", "xxxxx"]
    assert found["start"] == [9, 0]
    found = printed(where, [0, 0], 4)
    assert (found["more"], found["next"]) == (True, [0, 0]), "a log may be read in pieces of any size"


def test_lines_of_a_format_say_what_they_mean_and_are_whole(tmp_path: Path) -> None:
    text = "".join(json.dumps(one) + "\n" for one in CLAUDE)
    where = folder(tmp_path, text + "a warning\n" + text[:40], "trace\n", "claude")
    init, says, calls, result, told, warning, err = lines(printed(where, None, 10_000))
    assert init.means == ()
    assert [(one.kind, one.text) for one in says.means] == [("says", 'I say "ärger"\nand go on')]
    assert [(one.kind, one.text, one.id) for one in calls.means] == [("calls", "runs", "t")]
    assert [(one.kind, one.text, one.id, one.ok) for one in result.means] == [("result", "exit 1", "t", False)]
    assert result.time == 1795219201.5
    assert [(one.kind, one.text, one.more, one.part) for one in told.means] == [
        ("told", "mind the tests", "me@screen", True)
    ]
    assert [(one.kind, one.text) for one in warning.means] == [("says", "a warning")]
    assert (err.text, err.err, err.means) == ("trace", True, ())
    (where / "exit.json").write_text("{}")
    assert lines(printed(where, None, 10_000))[-2].open, "once the run is over, what has no end is shown too"


def test_what_a_program_logs_only_to_be_counted_is_marked_so_and_not_found(tmp_path: Path) -> None:
    count = (
        "2026-11-21T23:58:39.953540Z  INFO codex_otel.trace_safe: event.kind=response.completed input_token_count=9 "
        "output_token_count=1 cached_token_count=0\n"
    )
    where = folder(tmp_path, "", f"{count}token trouble\n", "codex")
    counts, trouble = lines(printed(where, None, 10_000))
    assert [one.kind for one in counts.means] == ["counts"]
    assert (trouble.text, trouble.means) == ("token trouble", ())
    assert sought(where, "token")["matches"] == [(1, len(count))]
    assert sought(where, "token", raw=True)["matches"] == [(1, 0), (1, len(count))]


def test_a_text_is_found_in_all_of_both_logs_as_it_is_and_as_json_writes_it(tmp_path: Path) -> None:
    where = folder(tmp_path, "Needle\nhay\nhay needle needle\n" + "hay\n" * 400_000 + "needle", "a nEEdle\n")
    end = (where / "stdout.log").stat().st_size - 6
    assert sought(where, "needle") == {"matches": [(0, 0), (0, 11), (0, end), (1, 0)], "whole": True}
    assert sought(where, "needle", err=True)["matches"] == [(1, 0)]
    assert sought(where, " ")["matches"] == []
    starts = [0]
    text = [json.dumps(one) + "\n" for one in CLAUDE]
    for one in text:
        starts.append(starts[-1] + len(one))
    where = folder(tmp_path, "".join(text), "", "claude")
    assert sought(where, 'say "ärger"')["matches"] == [(0, starts[1])]
    assert sought(where, "bash")["matches"] == [(0, starts[2])], "what is shown in no line is no match"
    assert sought(where, "bash", raw=True)["matches"] == [(0, 0), (0, starts[2])]


@pytest.mark.parametrize("name", sorted(STRUCTURED))
def test_any_bytes_are_some_lines(name: str, tmp_path: Path) -> None:
    where = folder(tmp_path, "", "", name)
    (where / "stdout.log").write_bytes(
        b'{"timestamp": 1e999}\n{"timestamp": "x"}\n\xff\x00{\n[' + b"[" * 5000 + b"\n{}"
    )
    assert len(lines(printed(where, None, 10_000))) == 4
    assert sought(where, "timestamp", raw=True)["matches"] == [(0, 0), (0, 21)]
