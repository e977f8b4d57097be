"""The records of a user's runs over all plans: one small SQLite file outside the repositories, safe to write again."""

import os
import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from cockpit.errors import CockpitError
from cockpit.filelock import FileLock
from cockpit.schedule.records import Record

KEPT = 20_000  # runs; the oldest go first
FORMAT = 1
_FIELDS = Record.__struct_fields__
_REAL = frozenset({"held_s", "usd"})
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS runs (plan TEXT NOT NULL, run TEXT NOT NULL, profile TEXT NOT NULL, name TEXT NOT NULL,
  role TEXT NOT NULL, ended REAL NOT NULL, {", ".join(f"{name} REAL NOT NULL" for name in _FIELDS)},
  PRIMARY KEY (plan, run)) STRICT;
"""
Row = tuple[str, str, str, str, str, float, Record]
"""Plan, run, digest of the profile, its name in that plan, role, when it ended, and what it came to."""


class RecordsDamagedError(CockpitError):
    """The file was no records, or damaged: it was set aside, and an empty one begun."""


def records_file() -> Path:
    """Return where this user's records are kept."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / "cockpit" / "records.db"


class RecordStore:
    """The file of records. Any number of processes read and write it; each call is one transaction of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, rows: Sequence[Row]) -> None:
        """Write runs, each once however often it is written. Raises RecordsDamagedError and CockpitError."""
        if not rows:
            return
        marks = ", ".join("?" * (6 + len(_FIELDS)))
        values = [(*row[:6], *(float(getattr(row[6], name)) for name in _FIELDS)) for row in rows]
        with self._opened() as db:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(f"INSERT OR REPLACE INTO runs VALUES ({marks})", values)  # noqa: S608  # question marks only
            db.execute("DELETE FROM runs WHERE rowid IN (SELECT rowid FROM runs ORDER BY ended DESC LIMIT -1 OFFSET ?)",
                       (KEPT,))  # fmt: skip
            db.execute("COMMIT")

    def by_profile(self) -> dict[str, Record]:
        """Return the sums of each profile by its digest. Raises RecordsDamagedError and CockpitError."""
        if not self.path.exists():
            return {}
        sums = ", ".join(f"SUM({name})" for name in _FIELDS)
        with self._opened() as db:
            found = db.execute(f"SELECT profile, {sums} FROM runs WHERE profile != '' GROUP BY profile")  # noqa: S608  # names of fields only
            return {profile: _record(values) for profile, *values in found}

    def _opened(self) -> "_Opened":
        return _Opened(self.path)


class _Opened:
    """A connection for one transaction; what SQLite says is put into words, and a damaged file aside."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._inode = 0

    def __enter__(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._inode = _inode(self._path)
            self._db = sqlite3.connect(self._path, isolation_level=None, timeout=5)
            self._path.chmod(0o600)
            if self._db.execute("PRAGMA user_version").fetchone()[0] not in (0, FORMAT):
                raise CockpitError("the records are of another version of cockpit", where=str(self._path))
            self._db.executescript(f"{_SCHEMA} PRAGMA user_version={FORMAT};")
        except (sqlite3.Error, OSError, CockpitError) as error:
            self._shut()
            raise self._told(error) from error
        return self._db

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._shut()
        if isinstance(error, (sqlite3.Error, OverflowError, TypeError)):
            raise self._told(error) from error

    def _shut(self) -> None:
        if self._db is not None:
            with suppress(sqlite3.Error), closing(self._db):
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    def _told(self, error: BaseException) -> CockpitError:
        if isinstance(error, CockpitError):
            return error
        if type(error) is sqlite3.DatabaseError:  # what it says of a file that is none of its own, or malformed
            aside = self._path.with_name(f"{self._path.name}.damaged-{time.time_ns()}")
            with FileLock(self._path.with_name(f"{self._path.name}.lock")).held():
                if _inode(self._path) == self._inode:  # else another process was quicker, and this is its new file
                    for end in ("", "-journal"):
                        with suppress(OSError):
                            self._path.with_name(f"{self._path.name}{end}").replace(f"{aside}{end}")
            return RecordsDamagedError(
                f"the records of agents were damaged, and are begun anew: {error}", where=str(aside)
            )
        return CockpitError(f"the records of agents cannot be used: {error}", where=str(self._path))


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def _record(values: Iterable[float | None]) -> Record:
    given = dict(zip(_FIELDS, (value or 0.0 for value in values), strict=True))
    numbers: dict[str, Any] = {name: value if name in _REAL else int(value) for name, value in given.items()}
    return Record(**numbers)
