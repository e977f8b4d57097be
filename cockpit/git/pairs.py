"""Both sides of every file that a change touches: commits, the index or the disk; reads only, never too much."""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit import globs
from cockpit.errors import GitError
from cockpit.git import spawn

LARGEST_READ = 4 * 1024 * 1024  # bytes of one side that are read at all
_BATCH = 200  # files whose contents are held at once
_LINK, _SUBMODULE = "120000", "160000"
_RAW = ("--raw", "-z", "--no-abbrev", "--no-ext-diff", "--ignore-submodules=dirty")


@dataclass(frozen=True, slots=True)
class Touched:
    """A file that a change touches: `was` is its earlier path, `status` git's letter (`?` for an untracked file).

    `before` and `after` are ids of blobs; empty: nothing there before, gone after, or (`on_disk`) still only on disk.
    """

    path: str
    was: str
    status: str
    before: str
    after: str
    on_disk: bool = False
    mode: str = "100644"

    @property
    def kind(self) -> str:
        """Whether it is a file, a link or a submodule after the change."""
        return {_LINK: "link", _SUBMODULE: "submodule"}.get(self.mode, "file")


@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides of a touched file; None where there is none. `skipped` says why a side that is there was not read."""

    touched: Touched
    before: bytes | None
    after: bytes | None
    skipped: str = ""


def top_of(folder: Path) -> Path:
    """Return the top of the checkout that a folder is in. Raises GitError where it is in none."""
    done = spawn.git(["rev-parse", "--show-toplevel"], cwd=folder, accept=())
    if done.code:
        raise GitError("not in a git checkout", where=str(folder.absolute()), hint="name files or folders to judge")
    return Path(os.fsdecode(done.stdout.removesuffix(b"\n")))


def in_range(checkout: Path, revisions: str) -> tuple[Touched, ...]:
    """Return what a range touches: `A..B`, `A...B`, or one revision against the files on disk. Raises GitError."""
    if revisions.startswith("-") or not revisions.strip():
        raise GitError(f"not a range of revisions: {revisions!r}", hint="give A..B, or one revision")
    done = spawn.git(["diff", *_RAW, "-M", "--end-of-options", revisions, "--"], cwd=checkout, accept=(0, 128, 129))
    if done.code:
        what = done.stderr.strip().splitlines()[:1]
        raise GitError(f"git knows no such range: {revisions}", where=str(checkout), hint="; ".join(what))
    return tuple(_rows(done.stdout))


def of_two(checkout: Path, before: str, after: str) -> tuple[Touched, ...]:
    """Return what differs between two commits or trees, given by their ids. Raises GitError."""
    return tuple(_rows(spawn.git(["diff", *_RAW, "-M", before, after, "--"], cwd=checkout).stdout))


def staged(checkout: Path) -> tuple[Touched, ...]:
    """Return what is staged for the next commit. Raises GitError."""
    return tuple(_rows(spawn.git(["diff", *_RAW, "-M", "--cached", "--"], cwd=checkout).stdout))


def since(worktree: Path, commit: str, exclude: Sequence[str] = ()) -> tuple[Touched, ...]:
    """Return what differs between a commit and the files on disk, untracked ones too. Raises GitError."""
    is_setup = globs.matcher(exclude)
    rows = list(_rows(spawn.git(["diff", *_RAW, "-M", commit, "--"], cwd=worktree).stdout))
    listed = spawn.git(["ls-files", "--others", "--exclude-standard", "-z"], cwd=worktree).stdout
    for raw in filter(None, listed.split(b"\0")):
        path = os.fsdecode(raw)
        if not path.endswith("/"):  # a repository inside: what it holds is its own
            rows.append(Touched(path, path, "?", "", "", on_disk=True))
    return tuple(row for row in rows if not is_setup(row.path))


def uncommitted(worktree: Path) -> tuple[Touched, ...]:
    """Return what is not committed yet; before a first commit that is everything. Raises GitError."""
    done = spawn.git(["rev-parse", "--verify", "--quiet", "HEAD^{tree}"], cwd=worktree, accept=(0, 1, 128))
    empty = spawn.git(["hash-object", "-t", "tree", "--stdin"], cwd=worktree) if done.code else done
    return since(worktree, empty.stdout.decode().strip())


def read(checkout: Path, touched: Iterable[Touched]) -> Iterator[Pair]:
    """Yield both sides of touched files, some at a time; links, submodules and what is too large are not read."""
    batch: list[Touched] = []
    for one in touched:
        batch.append(one)
        if len(batch) == _BATCH:
            yield from _read(checkout, batch)
            batch = []
    if batch:
        yield from _read(checkout, batch)


def _rows(output: bytes) -> Iterator[Touched]:
    fields = iter(output.split(b"\0"))
    for head in fields:
        if not head.startswith(b":"):
            continue
        _, mode, old, new, status = head.decode("ascii").split(" ")
        was = os.fsdecode(next(fields))
        path = os.fsdecode(next(fields)) if status[0] in "RC" else was
        on_disk = not new.strip("0") and status[0] != "D"
        yield Touched(path, was, status[0], old if old.strip("0") else "", new if new.strip("0") else "", on_disk, mode)


def _read(checkout: Path, batch: Sequence[Touched]) -> Iterator[Pair]:
    ids = sorted({one for row in batch if row.kind == "file" for one in (row.before, row.after) if one})
    sizes = _sizes(checkout, ids)
    blobs = _blobs(checkout, [one for one in ids if 0 <= sizes[one] <= LARGEST_READ])
    for row in batch:
        if row.kind != "file":
            yield Pair(row, None, None, f"a {row.kind}")
            continue
        before = blobs.get(row.before) if row.before else None
        after = blobs.get(row.after) if row.after else None
        skipped = ""
        if row.on_disk:
            after, skipped = from_disk(checkout / row.path)
        elif row.after and after is None:
            skipped = "too large to be read" if sizes[row.after] > LARGEST_READ else "not in this repository"
        if row.before and before is None and not skipped:
            skipped = "too large to be read before the change"
        yield Pair(row, before, after, skipped)


def _sizes(checkout: Path, ids: Sequence[str]) -> dict[str, int]:
    """Return the size of each blob; -1 where it is missing or no blob."""
    if not ids:
        return {}
    output = spawn.git(["cat-file", "--batch-check"], cwd=checkout, stdin="\n".join(ids).encode() + b"\n").stdout
    rows = [line.split() for line in output.splitlines()]
    return {one: int(row[2]) if len(row) == 3 and row[1] == b"blob" else -1 for one, row in zip(ids, rows, strict=True)}


def _blobs(checkout: Path, ids: Sequence[str]) -> dict[str, bytes]:
    if not ids:
        return {}
    output = spawn.git(["cat-file", "--batch"], cwd=checkout, stdin="\n".join(ids).encode() + b"\n").stdout
    found = {}
    at = 0
    for one in ids:
        end = output.index(b"\n", at)
        size = int(output[at:end].split()[2])
        found[one] = output[end + 1 : end + 1 + size]
        at = end + size + 2
    return found


def from_disk(path: Path) -> tuple[bytes | None, str]:
    """Return a regular file's bytes, or why they were not read; a file that is gone is (None, "")."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None, ""
    except OSError as error:
        return None, f"cannot be read: {error.strerror}"
    with os.fdopen(fd, "rb") as file:
        seen = os.fstat(fd)
        if not stat.S_ISREG(seen.st_mode):
            return None, "not a regular file"
        if seen.st_size > LARGEST_READ:
            return None, "too large to be read"
        data = file.read(LARGEST_READ + 1)
        return (data, "") if len(data) <= LARGEST_READ else (None, "too large to be read")
