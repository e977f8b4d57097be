"""What the supervisor writes without `json` is what `json` reads."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.agents import runs, supervisor


@given(st.text(st.characters()))
def test_strings_are_json(text: str) -> None:
    assert json.loads(supervisor.quoted(text)) == text
    assert supervisor.quoted(text).isascii()


def test_undecodable_bytes_survive() -> None:
    assert json.loads(supervisor.quoted("a\udcffb")) == "a\udcffb"


def test_fields_keep_what_they_hold(tmp_path: Path) -> None:
    path = tmp_path / "spec"
    supervisor.write_atomically(str(path), "arg=a=b\n\0arg=\0cwd=/x y\0")
    assert supervisor.read_fields(str(path)) == {"arg": ["a=b\n", ""], "cwd": ["/x y"]}
    assert [entry.name for entry in tmp_path.iterdir()] == ["spec"]  # no draft is left
    with pytest.raises(OSError, match="No such file"):
        supervisor.read_fields(str(tmp_path / "none"))


def test_a_log_that_was_never_cut(tmp_path: Path) -> None:
    assert supervisor.cut_of(str(tmp_path / "stdout.log")) == (0, 0)


def test_a_long_log_is_read_in_pieces_that_hold_nobody_up_and_its_end_is_whole(tmp_path: Path) -> None:
    data = b"".join(b"%07d\n" % number for number in range(50_000))
    (tmp_path / "stdout.log").write_bytes(data)
    assert runs.read_output(tmp_path, 0, len(data)).data == data[: runs.AT_ONCE]
    assert runs.tail(tmp_path, limit=300_000) == data[-300_000:]
