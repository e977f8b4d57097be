"""Lines → entries: words, one line for each call with its end and its time, what is shown of which log. Pure."""

import json

from hypothesis import given
from hypothesis import strategies as st

from cockpit.schedule import printed as p
from cockpit.schedule.printed import Meaning, Printed
from cockpit.ui.transcript import ERR, MOST, OUT, Entry, Transcript, details, head


def says(at: int, text: str, *, part: bool = False) -> Printed:
    return Printed(at, json.dumps({"said": text}), means=(Meaning(p.SAYS, text, part=part),))


def calls(at: int, ident: str, target: str = "", *, time: float = 0.0, raw: str = "{}") -> Printed:
    return Printed(at, raw, time=time, means=(Meaning(p.CALLS, "runs", target, ident),))


def result(at: int, ident: str, text: str = "", *, ok: bool = True, time: float = 0.0, raw: str = "{}") -> Printed:
    return Printed(at, raw, time=time, means=(Meaning(p.RESULT, text, id=ident, ok=ok),))


def of(*rows: Printed, now: float = 0.0) -> Transcript:
    made = Transcript()
    made.add(rows, now, structured=True)
    return made


def heads(made: Transcript) -> list[str]:
    return ["".join(text for text, _ in head(one)) for one in made.entries if one.kind == "call"]


def texts(made: Transcript) -> list[str]:
    return [one.text for one in made.entries]


def test_a_call_and_its_result_are_one_line_with_its_time_where_that_is_known() -> None:
    made = of(calls(1, "a", "pytest", time=100.0), calls(2, "b", "ls"), calls(3, "c"), now=50.0)
    assert heads(made) == ["▸ ● runs pytest", "▸ ● runs ls", "▸ ● runs "]
    made.add([result(4, "a", "exit 1", ok=False, time=103.25), result(5, "b")], 62.0)
    assert heads(made)[:2] == ["▸ ✗ runs pytest · 3.2s: exit 1", "▸ ✓ runs ls · ~12s"]
    assert all(one.rows for one in made.entries)
    made.add([result(6, "nobody's", "odd", ok=False)])
    assert texts(made)[-1] == "✗ a call ended: odd"
    assert heads(of(calls(1, "a", "ls"), result(2, "a"))) == ["▸ ✓ runs ls"], "nobody saw how long it took"


def test_a_call_that_is_told_again_stays_one_and_names_the_files_that_it_edited() -> None:
    made = of(calls(1, "a", ""), calls(2, "a", "src/x.py"), result(3, "a"))
    made.add([Printed(4, "{}", means=(Meaning(p.EDITS, "src/x.py"), Meaning(p.EDITS, "src/y.py")))])
    assert heads(made) == ["▸ ✓ runs src/x.py · edited src/y.py"]
    assert of(Printed(1, "{}", means=(Meaning(p.EDITS, "z"),))).entries[0].text == "✎ edited z"


def test_words_that_come_in_parts_are_one_entry_and_other_meanings_are_told_in_a_line() -> None:
    made = of(says(1, "Hel", part=True), says(2, "lo\n  you", part=True), says(3, "next"), says(4, " \n"))
    assert texts(made) == ["Hel" + "lo\n  you", "next"]
    made.me = "me@screen"
    told = [
        Meaning(p.TOLD, "mind", "me@screen", "m1", part=True),
        Meaning(p.TOLD, "mind", "olga@command", "m2"),
        Meaning(p.ASKS, "may it?"),
        Meaning(p.DENIED, "rm"),
        Meaning(p.RETRIES, "HTTP 500"),
        Meaning(p.ENDED, "x", ok=False),
        Meaning(p.ENDED, "x"),
        Meaning(p.ERROR, "bad"),
    ]
    made.add([Printed(9, "{}", means=tuple(told))])
    assert texts(made)[2:] == [
        "» you (heard when its turn ends): mind",
        "» olga@command: mind",
        "? asks: may it?",
        "⊘ was not allowed: rm",
        "↻ calls its model again: HTTP 500",
        "✗ its turn ended: x",
        "✓ its turn ended",
        "✗ error: bad",
    ]


def test_a_call_unfolds_to_the_words_of_its_lines() -> None:
    raw = {"type": "x", "message": {"content": [{"name": "Bash", "input": {"command": "a\nb", "n": 3}, "id": "t"}]}}
    made = of(calls(1, "a", raw=json.dumps(raw)), result(2, "a", raw="no json"), calls(3, "b"))
    call = made.entries[0]
    assert details(call) == ["name: Bash", "input:", "  command:", "    a", "    b", "  n: 3", "no json"]
    made.unfold(call)
    assert [one.open for one in made.entries] == [True, False]
    made.unfold()
    made.add([calls(4, "c")])
    assert [one.open for one in made.entries] == [True, True, True], "those that come are unfolded, too"
    deep = of(calls(1, "a", raw="[" * 10_000)).entries[0]
    assert details(deep)
    long = of(calls(1, "a", raw=json.dumps({"a": "x\n" * 999}))).entries[0]
    assert len(details(long)) == 201


def test_it_can_be_shown_as_it_came_and_one_log_alone_and_goes_back_with_its_times() -> None:
    made = of(calls(1, "a", "ls", raw='{"call": 1}'), now=5.0)
    made.add([result(2, "a", raw='{"result": 1}')], 7.0)
    made.add([Printed(0, "oops", err=True)])
    made.add([Printed(9, "tokens=9", err=True, means=(Meaning(p.COUNTS),))])
    assert made.marks
    assert texts(made)[1:] == ["oops"]
    made.look(raw=True)
    assert texts(made) == ['{"call": 1}', '{"result": 1}', "oops", "tokens=9"]
    made.look(raw=False, logs=ERR)
    assert (texts(made), made.marks) == (["oops"], False)
    made.look(raw=False, logs=OUT)
    assert heads(made) == ["▸ ✓ runs ls · ~2.0s"]
    made.clear()
    assert (texts(made), made.logs) == ([], OUT)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), max_size=60))
def test_whoever_draws_only_what_is_news_has_all_of_it(steps: list[tuple[int, int]]) -> None:
    made, drawn = of(), list[str]()
    for at, (what, ident) in enumerate(steps):
        match what:
            case 0 | 1:
                made.add([calls(at, f"{ident}", f"{at}")])
            case 2:
                made.add([result(at, f"{ident}"), says(at, "x", part=True)])
            case 3:
                made.add([Printed(at, f"{at}", err=True, open=ident > 0)])
            case 4:
                made.unfold(made.entries[ident] if ident < len(made.entries) else None)
            case 5:
                made.look(raw=ident > 1)
            case _:
                made.add([Printed(at, "{}", means=(Meaning(p.EDITS, f"{at}"),))])
        gone, changed = made.news()
        same = len(made.entries) - changed
        del drawn[:gone], drawn[same:]
        drawn += [shown(one) for one in list(made.entries)[same:]]
        assert drawn == [shown(one) for one in made.entries]


def shown(entry: Entry) -> str:
    return "".join(text for text, _ in head(entry)) if entry.kind == "call" else entry.text


def test_a_line_without_an_end_comes_again_and_what_is_kept_is_bounded() -> None:
    made = Transcript()
    made.add([Printed(0, "10%", open=True), Printed(0, "warn", err=True, open=True)])
    made.add([Printed(0, "10%\r20%", open=True)])
    assert sorted(texts(made)) == ["10%\r20%", "warn"]
    made.add([Printed(0, "done"), Printed(5, "x")])
    assert texts(made) == ["warn", "done", "x"]
    made.look(raw=True)
    assert texts(made) == ["warn", "done", "x"]
    made.add(Printed(at, "y" * 5_000) for at in range(MOST + 5))
    assert len(made.entries) == MOST
    made.look(raw=False)
    assert len(made.entries) == 200, "of very long lines fewer are kept beside"


def test_what_is_kept_beside_is_counted_by_what_is_there_and_calls_go_with_their_lines() -> None:
    made = Transcript()
    made.add(Printed(at, "z" * 100) for at in range(12_000))
    made.note("cut here")
    made.add(Printed(at, "y" * 5_000) for at in range(50))
    made.look(raw=True)
    assert len(made.entries) == MOST, "what went long ago leaves no less room"
    held = of(calls(0, "old"), *(says(at, "word") for at in range(1, MOST + 1)))
    held.add([result(9_000, "old")], structured=True)
    assert texts(held)[-1] == "✓ a call ended", "nothing is held for the end of what is not shown any more"


def test_each_message_of_a_call_is_read_once_however_often_it_is_drawn() -> None:
    made = of(calls(1, "a", raw='{"input": "one"}'))
    (call,) = made.entries
    before = details(call)
    call.rows[0] = result(1, "a", raw='{"output": "read again"}')
    assert details(call) == before == ["input: one"]
    made.add([result(2, "a", raw='{"output": "two"}')])
    assert details(call) == ["input: one", "output: two"]
