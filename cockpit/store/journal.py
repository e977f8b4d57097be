"""The journal: append-only facts in SQLite, chained by hashes, with checkpoints; facts are never changed or removed."""

import json
import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from msgspec.structs import replace

from cockpit.errors import JournalError
from cockpit.schedule.codec import decode_text, encode
from cockpit.schedule.facts import Fact, Recorded, from_text, to_text
from cockpit.schedule.fold import fold, replay
from cockpit.schedule.snapshot import Snapshot

CHECKPOINT_EVERY = 1000
FORMAT = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (
  seq INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, version INTEGER NOT NULL,
  data TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS checkpoint (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL,
  hash TEXT NOT NULL, format INTEGER NOT NULL, data TEXT NOT NULL) STRICT;
"""
_CHECKPOINT_FORMAT = 1


class Journal:
    """The journal of one plan. One process writes (the driver); any number read."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._read_only = read_only
        self._since_checkpoint = 0
        self._lock = RLock()
        try:
            self._db = self._connect()
        except sqlite3.Error as error:
            raise self._error(error) from error

    def _connect(self) -> sqlite3.Connection:
        options: dict[str, Any] = {"isolation_level": None, "timeout": 10, "check_same_thread": False}
        if self._read_only:
            db: sqlite3.Connection = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True, **options)
        else:
            db = sqlite3.connect(self.path, **options)
            self.path.chmod(0o600)
            db.execute("PRAGMA journal_mode=WAL")
            if db.execute("PRAGMA user_version").fetchone()[0] == 0:
                db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version={FORMAT}; COMMIT;")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and self._read_only:  # its driver is about to make the tables: there is nothing in it yet
            db.close()
            db = sqlite3.connect(":memory:", **options)
            db.executescript(f"{_SCHEMA} PRAGMA user_version={FORMAT};")
            return db
        if version != FORMAT:
            db.close()
            raise JournalError(
                f"written in format {version}, this cockpit reads format {FORMAT}",
                where=str(self.path),
                hint="use the cockpit that wrote it, or another --state-dir",
            )
        return db

    def _error(self, error: sqlite3.Error) -> JournalError:
        return JournalError(
            f"the journal cannot be used: {error}",
            where=str(self.path),
            hint="look at the disk's room and the file's rights; `cockpit facts --verify` finds damage",
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._error(error) from error

    def close(self) -> None:
        """Close the file, after a write that is under way."""
        with self._lock:
            self._db.close()

    def append(self, snapshot: Snapshot, facts: Sequence[Fact], at: float) -> tuple[Snapshot, tuple[Recorded, ...]]:
        """Check facts against the snapshot, write them in one transaction, and return the snapshot after them.

        Durable facts are on the disk when this returns. Raises IllegalMoveError (nothing is written) and JournalError.
        """
        snapshot, recorded = chained(snapshot, facts, at)
        self.write(recorded, snapshot)
        return snapshot, recorded

    def write(self, recorded: Sequence[Recorded], snapshot: Snapshot) -> None:
        """Write facts that `chained` numbered, in one transaction; `snapshot` is the state after the last of them.

        May be called from any thread. Durable facts are on the disk when this returns. Raises JournalError; then none
        of them is written, and the same call may be made again.
        """
        durable = any(one.fact.durable for one in recorded)
        with self._lock, self._translated():
            self._db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany("INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?)", map(_row, recorded))
                self._since_checkpoint += len(recorded)
                if self._since_checkpoint >= CHECKPOINT_EVERY:
                    self._write_checkpoint(snapshot)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def checkpoint(self, snapshot: Snapshot) -> None:
        """Keep a snapshot so that the next start need not replay what came before it."""
        with self._lock, self._translated():
            self._write_checkpoint(snapshot)

    def _write_checkpoint(self, snapshot: Snapshot) -> None:
        text = _in_pieces(encode(snapshot))
        self._db.execute(
            "INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?, ?, ?)",
            (snapshot.seq, snapshot.hash, _CHECKPOINT_FORMAT, text),
        )
        self._since_checkpoint = 0

    def snapshot(self) -> Snapshot:
        """Return the state after all facts: the checkpoint, if it is good, and what came after it.

        Facts that this version cannot read, or that don't fit, are skipped and counted. Raises JournalError.
        """
        snapshot = self._checkpointed()
        return replay_lenient(snapshot, self._rows(snapshot.seq))

    def _checkpointed(self) -> Snapshot:
        with self._translated():
            row = self._db.execute("SELECT seq, hash, format, data FROM checkpoint").fetchone()
            if row is None or row[2] != _CHECKPOINT_FORMAT:
                return Snapshot()
            there = self._db.execute("SELECT hash FROM facts WHERE seq = ?", (row[0],)).fetchone()
        if there is None or there[0] != row[1]:
            return Snapshot()
        try:
            return decode_text(Snapshot, row[3])
        except ValueError:
            return Snapshot()

    def read(self, since: int = 0) -> Iterator[Recorded]:
        """Yield the facts after a sequence number; those that this version cannot read are left out."""
        for seq, at, kind, data, digest in self._rows(since):
            fact = _fact(kind, data)
            if fact is not None:
                yield Recorded(seq, at, fact, digest)

    def read_back(self, before: int | None = None) -> Generator[Recorded, None, None]:
        """Yield the facts before a sequence number, the newest first; those that cannot be read are left out."""
        with self._translated():
            for seq, at, kind, data, digest in self._db.execute(
                "SELECT seq, at, kind, data, hash FROM facts WHERE seq < ? ORDER BY seq DESC",
                (before if before is not None else 2**62,),
            ):
                fact = _fact(kind, data)
                if fact is not None:
                    yield Recorded(seq, at, fact, digest)

    def newest(self, kind: str) -> Recorded | None:
        """Return the newest fact of a kind that can be read; None where there is none."""
        rows = "SELECT seq, at, kind, data, hash FROM facts WHERE kind = ? ORDER BY seq DESC"
        with self._translated(), closing(self._db.execute(rows, (kind,))) as found:
            for seq, at, name, data, digest in found:
                if (fact := _fact(name, data)) is not None:
                    return Recorded(seq, at, fact, digest)
        return None

    def _rows(self, since: int) -> Iterator[tuple[int, float, str, str, str]]:
        with self._translated():
            yield from self._db.execute(
                "SELECT seq, at, kind, data, hash FROM facts WHERE seq > ? ORDER BY seq", (since,)
            )

    def last_seq(self) -> int:
        """Return the number of the newest fact; 0 where there is none."""
        with self._translated():
            found = self._db.execute("SELECT max(seq) FROM facts").fetchone()[0]
        return int(found or 0)

    def last_checkpoint(self) -> tuple[int, str]:
        """Return the number and the hash of the fact that the checkpoint is of; 0 and nothing where there is none."""
        with self._translated():
            found = self._db.execute("SELECT seq, hash FROM checkpoint").fetchone()
        return (int(found[0]), str(found[1])) if found else (0, "")

    def hash_of(self, seq: int) -> str:
        """Return the hash of a fact; empty where there is none of that number."""
        with self._translated():
            found = self._db.execute("SELECT hash FROM facts WHERE seq = ?", (seq,)).fetchone()
        return str(found[0]) if found else ""

    def verify(self) -> int | None:
        """Return the number of the first fact whose hash does not fit it and the one before, None if all do.

        A checkpoint of a fact that is not there any more, or is another one, is told of, too: facts were cut off.
        """
        previous = ""
        expected = 1
        with self._translated():
            kept = self._db.execute("SELECT seq, hash FROM checkpoint").fetchone() or (0, "")
            for seq, at, kind, version, data, digest in self._db.execute(
                "SELECT seq, at, kind, version, data, hash FROM facts ORDER BY seq"
            ):
                if seq != expected or digest != _chained(previous, seq, at, kind, version, data):
                    return int(expected)
                if seq == kept[0] and digest != kept[1]:
                    return int(seq)
                previous, expected = digest, seq + 1
        return int(expected) if kept[0] >= expected else None


def _in_pieces(made: dict[str, Any]) -> str:
    """Return JSON text, made part by part: one call for all of it would hold up every other thread."""
    parts = (f"{json.dumps(key)}:{json.dumps(part, separators=(',', ':'))}" for key, part in made.items())
    return "{" + ",".join(parts) + "}"


def replay_lenient(snapshot: Snapshot, rows: Iterator[tuple[int, float, str, str, str]]) -> Snapshot:
    """Return the snapshot after rows of the journal; unreadable ones are skipped and counted."""
    for seq, at, kind, data, digest in rows:
        fact = _fact(kind, data)
        if fact is None:
            snapshot = replace(snapshot, skipped=snapshot.skipped + 1, seq=seq, at=at, hash=digest)
        else:
            snapshot = replay(snapshot, (Recorded(seq, at, fact, digest),))
    return snapshot


def _fact(kind: str, data: str) -> Fact | None:
    try:
        return from_text(kind, data)
    except JournalError:
        return None


def chained(snapshot: Snapshot, facts: Sequence[Fact], at: float) -> tuple[Snapshot, tuple[Recorded, ...]]:
    """Number facts, chain them by their hashes and fold them; nothing is written. Raises IllegalMoveError."""
    recorded: list[Recorded] = []
    for fact in facts:
        seq = snapshot.seq + 1
        one = Recorded(
            seq, at, fact, _chained(snapshot.hash, seq, at, type(fact).__name__, fact.version, to_text(fact))
        )
        snapshot = fold(snapshot, one)
        recorded.append(one)
    return snapshot, tuple(recorded)


def _row(one: Recorded) -> tuple[int, float, str, int, str, str]:
    return (one.seq, one.at, type(one.fact).__name__, one.fact.version, to_text(one.fact), one.hash)


def _chained(previous: str, seq: int, at: float, kind: str, version: int, data: str) -> str:
    from hashlib import sha256  # reading needs no hash, and a screen's first paint only reads

    return sha256(f"{previous}\n{seq}\n{at!r}\n{kind}\n{version}\n{data}".encode()).hexdigest()
