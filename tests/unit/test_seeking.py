"""Facts as lines of a list, which of them a filter lets through, and reading a journal from its end."""

from pathlib import Path
from unicodedata import category

import pytest
from hypothesis import given, settings

from cockpit.process import TRACE, Trace, Traced, excerpt, run
from cockpit.schedule import facts as f
from cockpit.schedule.seeking import Sought, Told, sought, told
from cockpit.schedule.snapshot import Snapshot
from cockpit.store.journal import Journal
from tests.unit.fact_strategies import facts

ENDED = Told(7, 1.0, "RunEnded", "api/api-1", "run api-1 ended failed: no network")
ORDER = Told(8, 1.0, "OrderGiven", "plan", "order start api docs by olga@desk")


@settings(max_examples=200, deadline=None)
@given(facts({}))
def test_any_fact_is_told_in_harmless_lines_of_bounded_length(fact: f.Fact) -> None:
    one = told(f.Recorded(7, 1.0, fact))
    for text in (one.about, one.words):
        assert len(text) <= 400
        assert not any(category(char) in ("Cc", "Cs") for char in text)
    assert Sought().holds(one)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("", (True, True)),
        ("kind:runended", (True, False)),
        ("kind:run kind:order", (True, True)),
        ("workstream:api", (True, True)),
        ("workstream:ap", (False, False)),
        ("workstream:docs", (False, True)),
        ("NETWORK failed", (True, False)),
        ("!network", (False, True)),
        ("workstream:api !kind", (True, True)),
        ("7", (True, False)),
        ("kind: workstream: !", (True, True)),
    ],
)
def test_what_a_filter_lets_through(text: str, held: tuple[bool, bool]) -> None:
    assert (sought(text).holds(ENDED), sought(text).holds(ORDER)) == held


def test_a_journal_is_read_from_its_end_and_from_any_number(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    journal.append(Snapshot(), [f.DriverStarted(pid) for pid in range(1, 6)], 1.0)
    journal._db.execute("INSERT INTO facts VALUES (6, 1.0, 'NoSuchFact', 1, '{}', '')")
    assert [one.seq for one in journal.read_back()] == [5, 4, 3, 2, 1]
    back = journal.read_back(4)
    assert next(back).fact == f.DriverStarted(3)
    back.close()
    journal.close()


def test_the_trace_numbers_what_it_keeps_and_keeps_the_end_of_what_was_printed(tmp_path: Path) -> None:
    trace = Trace(2)
    for name in "abc":
        trace.add(Traced((name,), "/", 1.0, 0.1, 0))
    assert [(number, one.argv) for number, one in trace.numbered()] == [(2, ("b",)), (3, ("c",))]
    for name in "xyz":
        trace.add(Traced((name,), "/", 1.0, 0.1, 0, reads=True))
    trace.add(Traced(("d",), "/", 1.0, 0.1, 0))
    assert [(number, *one.argv) for number, one in trace.numbered()] == [(3, "c"), (5, "y"), (6, "z"), (7, "d")]
    run(["sh", "-c", "echo out; echo wrong >&2; exit 3"], cwd=tmp_path, accept=())
    last = TRACE.entries()[-1]
    assert (last.code, last.output) == (3, "wrong\n")
    assert excerpt(b" ", b"out") == "out"
    assert len(excerpt(b"x" * 5000)) < 1000
