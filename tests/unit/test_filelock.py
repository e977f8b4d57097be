"""The file lock where the disk does not play along."""

import errno
import os
from pathlib import Path

import pytest

from cockpit.errors import CockpitError
from cockpit.filelock import FileLock, LockHeldError


def test_a_full_disk_leaves_a_lock_that_is_held_and_can_be_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    path = tmp_path / "lock"
    for _ in range(2):
        lock = FileLock(path)
        lock.acquire()
        with pytest.raises(LockHeldError):
            FileLock(path)._acquire_file(0.0)  # as another process would
        lock.release()


def test_a_lock_that_cannot_be_made_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    lock = FileLock(tmp_path / "file" / "lock")
    for _ in range(2):
        with pytest.raises(CockpitError, match="the lock cannot be taken") as caught:
            lock.acquire()
        assert caught.value.where.endswith("file/lock")
