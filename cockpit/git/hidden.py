"""Finds edits that git status was told not to look at (assume-unchanged, skip-worktree); it reads only."""

import os
import struct
from pathlib import Path

from cockpit.git import spawn

_ASSUME_VALID = 0x8000
_EXTENDED = 0x4000
_SKIP_WORKTREE = 0x4000  # in the extended flags


def unwatched(worktree: Path, git_dir: Path) -> tuple[tuple[str, str], ...]:
    """Return path and blob id (as the index has it) of the files whose edits git status doesn't show."""
    try:
        data = (git_dir / "index").read_bytes()
    except FileNotFoundError:
        return ()
    found = _parsed(data)
    return _asked(worktree) if found is None else found


def _parsed(data: bytes) -> tuple[tuple[str, str], ...] | None:
    """Read an index of version 2 or 3 with SHA-1 ids; None for any other. Saves a process for each removal."""
    magic, version, count = struct.unpack_from(">4sII", data)
    if magic != b"DIRC" or version not in (2, 3):
        return None
    found: list[tuple[str, str]] = []
    at = 12
    for _ in range(count):
        if at + 62 > len(data):
            return None
        (flags,) = struct.unpack_from(">H", data, at + 60)
        start = at + 62
        extended = 0
        if flags & _EXTENDED and version == 3:
            (extended,) = struct.unpack_from(">H", data, start)
            start += 2
        end = data.find(b"\0", start)
        if end < 0 or (flags & 0xFFF) not in (end - start, 0xFFF):
            return None  # other ids than SHA-1, or no index that this code knows
        if flags & _ASSUME_VALID or extended & _SKIP_WORKTREE:
            found.append((os.fsdecode(data[start:end]), data[at + 40 : at + 60].hex()))
        at += (end - at + 8) // 8 * 8
    return tuple(found)


def _asked(worktree: Path) -> tuple[tuple[str, str], ...]:
    output = spawn.git(["ls-files", "-v", "--stage", "-z"], cwd=worktree).stdout
    found: list[tuple[str, str]] = []
    for row in output.split(b"\0"):
        head, _, path = row.partition(b"\t")
        if head and (head[:1].islower() or head[:1] in b"Ss"):
            found.append((os.fsdecode(path), head.split()[2].decode()))
    return tuple(found)
