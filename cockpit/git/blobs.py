"""Writes what is in a worktree's files to git's store, byte by byte, through an index of cockpit's own.

It writes neither the worktree nor its index.
"""

import hashlib
import os
import re
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

from cockpit.errors import GitError
from cockpit.git import spawn, status


class PrivateIndex:
    """A copy of a worktree's index, for making trees; the worktree's own is never written."""

    def __init__(self, worktree: Path, path: Path, git_dir: Path | None) -> None:
        self._worktree = worktree
        self._env = {"GIT_INDEX_FILE": str(path)}
        if git_dir is not None and (git_dir / "index").exists():
            shutil.copyfile(git_dir / "index", path)

    def change(self, rows: bytes) -> None:
        """Take in rows as `update-index --index-info` reads them. Raises GitError."""
        if rows:
            args = ["update-index", "--replace", "-z", "--index-info"]
            spawn.git(args, cwd=self._worktree, stdin=rows, env=self._env, locks=True)

    def tree(self) -> str:
        """Return the id of the tree that the index makes. Raises GitError."""
        return spawn.git(["write-tree"], cwd=self._worktree, env=self._env, locks=True).stdout.decode().strip()


def stages(worktree: Path, entries: Sequence[status.Entry]) -> bytes:
    """Return the index information that keeps the sides of a conflict as files of their own beside the path."""
    if not any(entry.kind == "unmerged" for entry in entries):
        return b""
    listed = spawn.git(["ls-files", "--unmerged", "-z"], cwd=worktree).stdout
    gone: dict[bytes, bytes] = {}
    sides: list[bytes] = []
    for row in listed.split(b"\0"):
        if row:
            head, path = row.split(b"\t", 1)
            mode, blob, stage = head.split(b" ")
            gone[path] = b"0 " + b"0" * len(blob) + b"\t" + path + b"\0"
            sides.append(mode + b" " + blob + b" 0\t.cockpit-conflict/" + stage + b"/" + path + b"\0")
    return b"".join([*gone.values(), *sides])


def write_files(worktree: Path, entries: Sequence[status.Entry], scratch: Path) -> dict[str, tuple[str, str] | None]:
    """Write the working files, byte by byte as they are, as blobs; None for those that are not there."""
    found: dict[str, tuple[str, str] | None] = {}
    sources: list[tuple[str, str, Path]] = []
    for number, entry in enumerate(entries):
        path = worktree / entry.path
        try:
            mode = path.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            found[entry.path] = None
            continue
        if stat.S_ISLNK(mode):
            target = scratch / f"link-{number}"  # hash-object would follow the link
            target.write_bytes(os.fsencode(path.readlink()))
            sources.append((entry.path, "120000", target))
        elif stat.S_ISREG(mode):
            sources.append((entry.path, mode_of(mode), path))
        else:
            found[entry.path] = None  # a folder, a socket, a pipe: its files are entries of their own
    if sources:
        names = b"".join(quoted(os.fsencode(path)) + b"\n" for _, _, path in sources)
        args = ["hash-object", "-w", "--no-filters", "--stdin-paths"]
        ids = spawn.git(args, cwd=worktree, stdin=names, timeout=1800.0).stdout.decode().split()
        if len(ids) != len(sources):
            raise GitError("git did not keep every file", where=str(worktree))
        found.update({name: (mode, blob) for (name, mode, _), blob in zip(sources, ids, strict=True)})
    return found


def rows(files: dict[str, tuple[str, str] | None], width: int) -> bytes:
    """Return the index information that puts these files into an index; `width` is how long an id is."""
    zero = b"0 " + b"0" * width + b"\t"
    gone = [zero + os.fsencode(name) + b"\0" for name, held in files.items() if held is None]
    there = [
        f"{held[0]} {held[1]}\t".encode() + os.fsencode(name) + b"\0"
        for name, held in files.items()
        if held is not None
    ]
    return b"".join([*gone, *there])


def mode_of(mode: int) -> str:
    """Return the mode that git keeps for a file or symlink of this mode."""
    if stat.S_ISLNK(mode):
        return "120000"
    return "100755" if mode & 0o100 else "100644"


def quoted(path: bytes) -> bytes:
    """Return a path as git reads it where each is a line."""
    if not re.search(rb'[\x00-\x1f"\\\x7f]', path):
        return path
    return b'"' + re.sub(rb'[\x00-\x1f"\\\x7f]', lambda found: b"\\%03o" % ord(found[0]), path) + b'"'


def blob_id(path: Path, like: str) -> tuple[str, str] | None:
    """Return mode and blob id of a file as it is, with the hash that `like` is of; None when it cannot be read."""
    try:
        found = path.lstat()
        data = os.fsencode(path.readlink()) if stat.S_ISLNK(found.st_mode) else path.read_bytes()
    except OSError:
        return None
    digest = hashlib.sha1(usedforsecurity=False) if len(like) == 40 else hashlib.sha256()
    digest.update(f"blob {len(data)}\0".encode())
    digest.update(data)
    return mode_of(found.st_mode), digest.hexdigest()
