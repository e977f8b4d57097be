"""Records of agent profiles: what they say of runs, how they are kept, and when they change who goes first."""

import sqlite3
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cockpit.errors import CockpitError
from cockpit.forecast.ranked import ranked
from cockpit.forecast.simulate import simulate
from cockpit.metrics.records import by, run_records, shape, words
from cockpit.schedule import facts as f
from cockpit.schedule.decide import decide
from cockpit.schedule.orders import TakeLeg
from cockpit.schedule.outline import Outline, Profile
from cockpit.schedule.readings import Readings
from cockpit.schedule.records import LEAST, MARGIN, PRIOR, Record, better_first, clean_rate, summed
from cockpit.store.records import KEPT, RecordsDamagedError, RecordStore, Row, _Opened
from tests.unit.outlines import loaded, outline, outlines, ran, told

NAMES = ("claude", "codex", "coder", "other")


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Draw a record whose sums fit together."""
    judged = draw(st.integers(0, 200))
    return Record(runs=judged, judged=judged, clean=draw(st.integers(0, judged)))


MANY = st.dictionaries(st.sampled_from(NAMES), records())
ORDERS = st.permutations(NAMES).flatmap(lambda names: st.integers(0, 4).map(lambda n: tuple(names[:n])))

# --- the rule -------------------------------------------------------------------------------------------------------


@given(ORDERS, MANY)
def test_profiles_are_only_put_in_another_order(agents: tuple[str, ...], known: dict[str, Record]) -> None:
    assert sorted(better_first(agents, known)) == sorted(agents)


@given(ORDERS, MANY)
def test_only_a_clear_difference_puts_one_before_another(agents: tuple[str, ...], known: dict[str, Record]) -> None:
    after = better_first(agents, known)
    rates = {one: clean_rate(known.get(one)) for one in agents}
    for at, one in enumerate(after):
        for other in after[at + 1 :]:
            if agents.index(other) < agents.index(one):
                assert rates[one] - rates[other] >= MARGIN
    for one, other in pairwise(after):
        assert rates[other] - rates[one] < MARGIN


@given(ORDERS, st.dictionaries(st.sampled_from(NAMES), st.integers(0, LEAST - 1)))
def test_a_few_runs_change_nothing(agents: tuple[str, ...], few: dict[str, int]) -> None:
    assert better_first(agents, {name: Record(judged=n, clean=0) for name, n in few.items()}) == agents


@given(records(), st.integers(1, 50))
def test_clean_changes_never_lower_a_rate_and_flawed_ones_never_raise_it(record: Record, more: int) -> None:
    before = clean_rate(record) if record.judged >= LEAST else None
    better = replace(record, judged=record.judged + more, clean=record.clean + more)
    worse = replace(record, judged=record.judged + more)
    assert 0 < clean_rate(worse) <= clean_rate(better) < 1
    if before is not None:
        assert clean_rate(worse) <= before <= clean_rate(better)


def test_the_prior_stands_for_nothing_known() -> None:
    assert clean_rate(None) == clean_rate(Record()) == PRIOR[0] / sum(PRIOR)


def two_profiles() -> Outline:
    plan = outline(
        [("a", []), ("b", [])], agents=("codex", "claude"), slots=[("claude", 1), ("codex", 1)], max_agents=1
    )
    return replace(plan, profiles=tuple(replace(one, digest=f"of-{one.name}") for one in plan.profiles))


def first_slot(known: dict[str, Record]) -> str:
    todos = decide(loaded(two_profiles()), Readings(records=known), 2_000_000.0)
    return next(todo.slot for todo in todos if isinstance(todo, TakeLeg))


def test_a_clearly_better_profile_gets_the_work_first() -> None:
    bad, good = Record(judged=20, clean=8), Record(judged=20, clean=19)
    assert first_slot({}) == "codex#1"
    assert first_slot({"of-codex": good, "of-claude": bad}) == "codex#1"
    assert first_slot({"of-codex": bad, "of-claude": good}) == "claude#1"
    assert first_slot({"codex": bad, "claude": good}) == "codex#1"  # another program of the same name


def test_a_forecast_gives_work_to_whom_decide_gives_it() -> None:
    start = loaded(two_profiles())
    bad, good = Record(judged=20, clean=8), Record(judged=20, clean=19)
    for known in ({}, {"of-codex": good, "of-claude": bad}, {"of-codex": bad, "of-claude": good}):
        planned = simulate(ranked(start, known), 2_000_000.0, duration=lambda _: 60.0).legs
        assert planned["a"].slot == first_slot(known)
    assert ranked(start, {"of-codex": good, "of-claude": bad}) is start


@given(outlines(), st.dictionaries(st.sampled_from(["claude", "codex"]), records()))
def test_records_change_who_works_and_never_whether(plan: Outline, known: dict[str, Record]) -> None:
    named = replace(plan, profiles=tuple(Profile(one.name, one.slots, one.name) for one in plan.profiles))
    snapshot = loaded(named)
    plain = decide(snapshot, Readings(), snapshot.at)
    ours = decide(snapshot, Readings(records=known), snapshot.at)
    taken = [todo for todo in ours if isinstance(todo, TakeLeg)]
    assert len({todo.slot for todo in taken}) == len(taken)
    for todo in taken:
        agents = named.workstreams[
            [one.id for one in named.workstreams].index(snapshot.legs[todo.leg].workstream)
        ].agents
        assert todo.slot.partition("#")[0] in agents
    if taken or any(isinstance(todo, TakeLeg) for todo in plain):
        assert taken
        assert any(isinstance(todo, TakeLeg) for todo in plain)


# --- what a run came to ---------------------------------------------------------------------------------------------

SCANNED = (f.RunEnded("a", "a@1", "done"), f.ChecksStarted("a"), f.WorkCommitted("a", "c", "t"))
FOUND = f.ViolationFound("a", "v1", "RULE", "HIGH", "x.py", 1, "", "bad", (), "codex#1", "a@1")


def record(*facts: f.Fact) -> Record:
    snapshot = told(loaded(two_profiles()), *ran("a", "codex#1"), *facts)
    (one,) = run_records(snapshot)
    assert (one.name, one.profile, one.plan) == ("codex", "of-codex", "plan@")
    return one.record


def test_a_clean_change_passed_every_gate_at_once() -> None:
    passed, failed = f.GateFinished("a", "g", True, "t"), f.GateFinished("a", "g", False, "t")
    scanned = f.WorkScanned("a", "a@1", "c")
    assert record(*SCANNED, scanned, passed) == Record(runs=1, judged=1, clean=1, gates=1, passed=1)
    assert record(*SCANNED, scanned, failed) == Record(runs=1, judged=1, gates=1)
    assert record(*SCANNED, replace(scanned, found=2), passed).flawed == 1
    assert record(f.RunEnded("a", "a@1", "failed")) == Record(runs=1)
    merged = f.GateFinished("a", "g", False, "merged with others")
    assert record(*SCANNED, scanned, passed, merged).gates == 1


def test_a_quarantine_counts_with_the_time_until_its_release() -> None:
    held = (*SCANNED, FOUND, f.WorkScanned("a", "a@1", "c", 1), f.LegQuarantined("a", "codex#1", ("v1",)))
    assert record(*held) == Record(runs=1, judged=1, flawed=1, quarantines=1)
    free = record(*held, f.LegReleased("a", "resume", "olga"))
    assert (free.releases, free.held_s, free.flawed) == (1, 1.0, 1)
    waived = record(*held, f.ViolationWaived("a", "v1", "olga", "fine"), f.ChecksStarted("a"))
    assert (waived.releases, waived.held_s, waived.flawed, waived.clean) == (1, 2.0, 0, 1)


def test_a_running_leg_has_no_record_yet() -> None:
    assert run_records(told(loaded(two_profiles()), *ran("a", "codex#1"))) == ()


def test_sums_and_words() -> None:
    one = Record(runs=1, judged=1, clean=1, gates=2, passed=2, usd=0.5)
    bad = Record(runs=1, judged=1, flawed=1, quarantines=1, releases=1, held_s=120.0, retries=1)
    both = summed([one, bad])
    assert words(both) == (
        "2 runs, 1 of 2 changes clean, 1 with violations, 1 quarantined, released after 2m 00s, 1 retried, "
        "2 of 2 gates passed, $0.50"
    )
    assert shape(both)["violation_rate"] == 0.5
    assert by([], lambda found: found.name) == {}


# --- the file -------------------------------------------------------------------------------------------------------


def row(run: str, profile: str = "p", plan: str = "one", ended: float = 1.0, **sums: int) -> Row:
    return plan, run, profile, "claude", "", ended, Record(runs=1, **sums)


@pytest.fixture
def store(tmp_path: Path) -> RecordStore:
    return RecordStore(tmp_path / "state" / "cockpit" / "records.db")


def test_runs_of_all_plans_are_summed_by_what_ran(store: RecordStore) -> None:
    assert store.by_profile() == {}
    store.put([row("a", judged=1, clean=1), row("b", judged=1), row("a", plan="two", judged=1), row("c", "other")])
    assert store.by_profile() == {"p": Record(runs=3, judged=3, clean=1), "other": Record(runs=1)}
    assert store.path.stat().st_mode & 0o777 == 0o600


def test_a_run_counts_once_however_often_it_is_written(store: RecordStore) -> None:
    store.put([row("a")])
    store.put([row("a", judged=1), row("a", judged=1, clean=1)])
    assert store.by_profile() == {"p": Record(runs=1, judged=1, clean=1)}


def test_the_oldest_runs_go_where_there_are_too_many(store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    assert KEPT > 1000
    monkeypatch.setattr("cockpit.store.records.KEPT", 2)
    store.put([row("a", "old", ended=1.0), row("b", "new", ended=2.0)])
    store.put([row("c", "new", ended=3.0)])
    assert store.by_profile() == {"new": Record(runs=2)}


def test_a_damaged_file_is_said_set_aside_and_begun_anew(store: RecordStore) -> None:
    store.put([row("a")])
    store.path.write_bytes(b"no database at all, but long enough to be taken for one" * 50)
    with pytest.raises(RecordsDamagedError) as said:
        store.put([row("b")])
    (aside,) = store.path.parent.glob("records.db.damaged-*")
    assert said.value.where == str(aside)
    store.put([row("b")])
    assert store.by_profile() == {"p": Record(runs=1)}


def test_a_file_that_another_process_began_anew_meanwhile_is_left_alone(store: RecordStore) -> None:
    store.path.parent.mkdir(parents=True)
    store.path.write_bytes(b"no database at all, but long enough to be taken for one" * 50)
    slow = _Opened(store.path)
    slow._inode = store.path.stat().st_ino
    with pytest.raises(RecordsDamagedError):
        store.put([row("a")])
    store.put([row("a")])
    assert isinstance(slow._told(sqlite3.DatabaseError("file is not a database")), RecordsDamagedError)
    assert store.by_profile() == {"p": Record(runs=1)}
    assert len(list(store.path.parent.glob("records.db.damaged-*"))) == 1


def test_a_file_that_cannot_be_used_is_an_error_in_words_and_stays(store: RecordStore) -> None:
    store.put([row("a")])
    with sqlite3.connect(store.path) as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(CockpitError, match="another version"):
        store.by_profile()
    store.path.unlink()
    store.path.mkdir()
    with pytest.raises(CockpitError, match="cannot be used"):
        store.put([row("a")])


def test_nothing_is_written_for_nothing(store: RecordStore) -> None:
    store.put([])
    assert not store.path.exists()
