"""Plain output: lines become messages, whatever arrives and however it is cut into pieces."""

import itertools
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from cockpit.agents.streams.plain import LINE_BYTES, PlainStream


def texts(*pieces: bytes) -> list[str]:
    stream = PlainStream()
    found = [message.text for piece in pieces for message in stream.feed(piece)]
    return found + [message.text for message in stream.finish()]


def test_lines_are_messages_and_the_last_is_the_activity() -> None:
    stream = PlainStream()
    assert stream.activity == ""
    assert [m.text for m in stream.feed(b"reading\n\nwri")] == ["reading"]
    assert stream.activity == "wri"
    assert [m.text for m in stream.feed(b"ting a.py\r\n   \n")] == ["writing a.py"]
    assert stream.activity == "writing a.py"
    assert stream.finish() == ()
    assert stream.activity == "writing a.py"


def test_the_last_line_needs_no_end() -> None:
    assert texts(b"one\ntw", b"o") == ["one", "two"]


def test_progress_bars_show_their_last_state() -> None:
    assert texts(b"10%\r20%\r30%\ndone") == ["30%", "done"]
    assert texts(b"10%", b"\r20%\r", b"30%") == ["30%"]


def test_escape_sequences_and_binary_do_no_harm() -> None:
    assert texts(b"\x1b[31mred\x1b[0m \x1b]0;title\x07here\n") == ["red here"]
    assert texts(bytes(range(256)) * 10 + b"\nafter\n")[-1] == "after"


def test_an_endless_line_is_cut_and_forgotten() -> None:
    stream = PlainStream()
    piece = b"x" * 65536
    tracemalloc.start()
    for _ in range(200):
        assert stream.feed(piece) == ()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * len(piece)
    assert [len(message.text) for message in stream.feed(b"\nnext\n")] == [LINE_BYTES, 4]


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_pieces_make_no_difference(data: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(places)]
    assert texts(*pieces) == texts(data)


@given(st.lists(st.sampled_from([b"\r", b"\n", b"a", b"bc", b" ", b"\xc3", b"\xa9", b"\x1b["]), max_size=12))
def test_pieces_of_the_hard_kind_make_no_difference(pieces: list[bytes]) -> None:
    assert texts(*pieces) == texts(b"".join(pieces))
