"""The journal keeps every fact or says which one it lost; the state folder has a safe place for any name."""

import json
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cockpit.engine.heads import Head, Loss, keep_head, kept_head, loss_of
from cockpit.engine.sockets import reachable
from cockpit.errors import CockpitError, IllegalMoveError, JournalError
from cockpit.schedule import facts as f
from cockpit.schedule.outline import LegOutline, Outline, Profile, WorkstreamOutline
from cockpit.schedule.snapshot import Snapshot
from cockpit.store import journal as store
from cockpit.store.journal import Journal
from cockpit.store.paths import ENVIRONMENT, StateFolder, folder_name, state_folder

OUTLINE = Outline(
    "p",
    profiles=(Profile("sh"),),
    workstreams=(WorkstreamOutline("a", legs=("a",), agents=("sh",)),),
    legs=(LegOutline("a", "a"),),
)
BEGIN: tuple[f.Fact, ...] = (
    f.PlanLoaded("p.yaml", "text", OUTLINE),
    f.WorkstreamWanted("a"),
    f.LegTaken("a", "a-1", "sh#1"),
)


def written(path: Path, count: int = 20) -> Snapshot:
    journal = Journal(path)
    snapshot, _ = journal.append(journal.snapshot(), BEGIN, 1.0)
    for number in range(count):
        snapshot, _ = journal.append(snapshot, [f.UsageReported("a", "a-1", tokens_in=number)], 2.0 + number)
    journal.close()
    return snapshot


def edit(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as db:
        db.execute(statement)
    db.close()


def opened(path: Path) -> tuple[Snapshot, int | None]:
    journal = Journal(path, read_only=True)
    try:
        return journal.snapshot(), journal.verify()
    finally:
        journal.close()


def test_what_was_appended_is_what_is_replayed(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    snapshot = written(path)
    assert opened(path) == (snapshot, None)
    assert snapshot.seq == 23
    assert snapshot.usage["a-1"].tokens_in == 19
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    journal = Journal(path)
    assert [one.seq for one in journal.read(20)] == [21, 22, 23]
    assert journal.last_seq() == 23
    journal.close()


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("UPDATE facts SET data = replace(data, '7', '8') WHERE seq = 11", 11),
        ("UPDATE facts SET at = at + 1 WHERE seq = 5", 5),
        ("UPDATE facts SET kind = 'LegStopped' WHERE seq = 9", 9),
        ("DELETE FROM facts WHERE seq = 12", 12),
        ("DELETE FROM facts WHERE seq = 1", 1),
        ("UPDATE facts SET seq = seq + 100 WHERE seq >= 15", 15),
        ("INSERT INTO facts SELECT 24, at, kind, version, data, hash FROM facts WHERE seq = 23", 24),
    ],
)
def test_a_row_that_was_changed_removed_or_inserted_is_named(tmp_path: Path, damage: str, named: int) -> None:
    path = tmp_path / "journal.db"
    written(path)
    edit(path, damage)
    snapshot, found = opened(path)
    assert found == named
    assert snapshot.seq > 0, "what is readable is still shown"


def test_facts_that_were_cut_off_at_the_end_are_missed_where_a_checkpoint_knows_of_them(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    snapshot = written(path)
    journal = Journal(path)
    journal.checkpoint(snapshot)
    assert journal.verify() is None
    journal.close()
    edit(path, "DELETE FROM facts WHERE seq >= 20")
    assert opened(path)[1] == 20


def test_a_cut_at_the_end_is_missed_by_what_was_kept_beside_the_journal(tmp_path: Path) -> None:
    path, beside = tmp_path / "journal.db", tmp_path / "journal.head"
    snapshot = written(path)
    assert kept_head(beside) == Head()
    keep_head(beside, Head(snapshot.seq, snapshot.hash))
    head = kept_head(beside)
    assert head == Head(23, snapshot.hash)

    def told() -> Loss | None:
        journal = Journal(path)
        assert journal.verify() is None, "the chain itself is whole"
        loss = loss_of(head, journal)
        journal.close()
        return loss

    assert told() is None
    edit(path, "DELETE FROM facts WHERE seq = 23")
    assert told() == Loss(23, 1, "1 fact is missing at the end of the journal: it held 23, and holds 22")
    edit(path, "DELETE FROM facts WHERE seq > 20")
    assert told() == Loss(21, 3, "3 facts are missing at the end of the journal: it held 23, and holds 20")
    journal = Journal(path)
    journal.append(journal.snapshot(), [f.LaunchingHeld()] * 5, 99.0)
    journal.close()
    lost = "fact 23 of the journal is another one than it was: facts before it were lost"
    assert told() == Loss(23, 0, lost)
    journal = Journal(path)
    journal.checkpoint(journal.snapshot())
    journal.close()
    assert told() == Loss(23, 0, lost), "a newer checkpoint hides nothing"
    for damaged in ("", "{", "[]", '{"facts": "many"}'):
        beside.write_text(damaged)
        assert kept_head(beside) == Head()


def test_what_cannot_be_read_is_skipped_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    written(path)
    edit(path, "UPDATE facts SET kind = 'FromTheFuture' WHERE seq = 11")
    edit(path, "UPDATE facts SET data = 'no json' WHERE seq = 12")
    edit(path, "UPDATE facts SET data = '[]' WHERE seq = 13")
    edit(path, """UPDATE facts SET kind = 'LegMerged', data = '{"leg": "nobody"}' WHERE seq = 14""")
    snapshot, found = opened(path)
    assert snapshot.skipped == 4
    assert snapshot.seq == 23
    assert found == 11


def test_an_illegal_move_writes_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    snapshot, _ = journal.append(Snapshot(), BEGIN, 1.0)
    with pytest.raises(IllegalMoveError):
        journal.append(snapshot, [f.LegPaused("a"), f.LegMerged("a", "abc")], 2.0)
    assert journal.last_seq() == 3
    assert journal.snapshot() == snapshot
    journal.close()


def test_two_readers_see_whole_facts_while_one_writes(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    program = """
import sys
from pathlib import Path
from cockpit.store.journal import Journal
journal = Journal(Path(sys.argv[1]), read_only=True)
print("ready", flush=True)
seen = 0
while seen < 300:
    snapshot = journal.snapshot()
    assert snapshot.seq >= seen and snapshot.skipped == 0, (snapshot.seq, seen)
    seen = snapshot.seq
assert journal.verify() is None
"""
    journal = Journal(path)
    snapshot, _ = journal.append(Snapshot(), BEGIN, 1.0)
    argv = [sys.executable, "-c", program, str(path)]
    readers = [subprocess.Popen(argv, stdout=subprocess.PIPE) for _ in range(2)]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"ready\n"
    while snapshot.seq < 300:
        snapshot, _ = journal.append(snapshot, [f.UsageReported("a", "a-1", tokens_in=snapshot.seq)], 2.0)
    for reader in readers:
        with reader:
            assert reader.wait(30) == 0
    journal.close()


def test_a_journal_of_a_newer_format_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    written(path)
    edit(path, "PRAGMA user_version = 99")
    before = path.read_bytes()
    for read_only in (True, False):
        with pytest.raises(JournalError, match="format 99"):
            Journal(path, read_only=read_only)
    assert path.read_bytes() == before


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    with pytest.raises(JournalError, match="cannot be used"):
        Journal(path)
    with pytest.raises(JournalError):
        Journal(tmp_path / "missing.db", read_only=True)


def test_checkpoints_shorten_the_start_and_a_damaged_one_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "CHECKPOINT_EVERY", 7)
    path = tmp_path / "journal.db"
    snapshot = written(path)
    with sqlite3.connect(path) as db:
        (seq,) = db.execute("SELECT seq FROM checkpoint").fetchone()
    db.close()
    assert seq > 14
    assert opened(path)[0] == snapshot
    for damage in (
        "UPDATE checkpoint SET data = substr(data, 1, 50)",
        "UPDATE checkpoint SET data = '{}'",
        "UPDATE checkpoint SET data = '[1]'",
        """UPDATE checkpoint SET data = '{"seq": "many"}'""",
        "UPDATE checkpoint SET hash = 'other'",
        "UPDATE checkpoint SET seq = 99",
        "UPDATE checkpoint SET format = 99",
    ):
        edit(path, damage)
        assert opened(path)[0] == snapshot, damage


def test_a_full_disk_loses_no_fact_and_writes_no_half_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path)
    snapshot, _ = journal.append(Snapshot(), BEGIN, 1.0)
    (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
    journal._db.execute(f"PRAGMA max_page_count = {pages}")
    big = f.UsageReported("a", "x" * 100_000)
    with pytest.raises(JournalError, match="full"):
        journal.append(snapshot, [f.UsageReported("a", "a-1"), big], 2.0)
    assert journal.snapshot() == snapshot
    journal._db.execute("PRAGMA max_page_count = 1000000")
    after, _ = journal.append(snapshot, [big], 3.0)
    assert journal.snapshot() == after
    assert journal.verify() is None
    journal.close()


@pytest.mark.parametrize("name", ["plan", "../../etc", "a/b", "..", "", "ünï", "-rf", "x" * 300, "new\nline", "CON."])
def test_every_name_is_one_safe_folder(name: str) -> None:
    made = folder_name(name)
    assert made == Path(made).name
    assert made not in ("", ".", "..")
    assert len(made.encode()) < 120
    assert made.isascii()
    assert not made.startswith("-")


def test_names_that_had_to_be_changed_stay_distinct() -> None:
    names = ["a/b", "a-b", "a b", "a\nb", "x" * 300, "x" * 301, "", "-", "\udcff"]
    assert len({folder_name(name) for name in names}) == len(names)


def test_the_state_folder_is_private_and_goes_where_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    one, two = tmp_path / "one" / "repo", tmp_path / "two" / "repo"
    assert state_folder(one, "p").path == one / ".cockpit" / "p"
    told = state_folder(one, "p", tmp_path / "state")
    assert told.path != state_folder(two, "p", tmp_path / "state").path
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "env"))
    assert state_folder(one, "p").path.is_relative_to(tmp_path / "env")
    assert state_folder(one, "p", tmp_path / "state") == told
    told.make()
    assert stat.S_IMODE(told.path.stat().st_mode) == 0o700
    assert told.run("../x").parent == told.path / "runs"
    (tmp_path / "file").write_text("")
    with pytest.raises(CockpitError, match="cannot be made"):
        StateFolder(tmp_path / "file" / "below").make()


@pytest.mark.parametrize("length", [20, 104, 108, 109, 500])
def test_a_socket_is_reachable_however_long_its_path_is(tmp_path: Path, length: int) -> None:
    import socket

    folder = tmp_path
    while len(str(folder)) < length:
        folder /= "d" * min(100, max(1, length - len(str(folder)) - 1))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "driver.sock"
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        with reachable(path) as name:
            server.bind(name)
        server.listen()
        with reachable(path) as name:
            client.connect(name)
        assert path.is_socket()


def test_a_fact_in_the_journal_is_plain_json(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path)
    hostile = "\x1b[31m \udcff é 'quote\" \n"
    journal.append(Snapshot(), [f.OrderGiven("1", "stop", (hostile,), reason=hostile)], 1.0)
    (one,) = journal.read()
    assert isinstance(one.fact, f.OrderGiven)
    assert one.fact.reason == hostile
    (text,) = journal._db.execute("SELECT data FROM facts").fetchone()
    assert json.loads(text)["reason"] == hostile
    journal.close()
