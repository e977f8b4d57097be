"""What a worktree holds, committed and not; it reads only, takes no lock and refreshes no index."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit import globs
from cockpit.errors import GitError
from cockpit.git import places, spawn
from cockpit.git.repo import Change, parse_name_status

_COUNTED_BYTES = 2_000_000  # of untracked files, whose lines are counted here and not by git


@dataclass(frozen=True, slots=True)
class Entry:
    """One path that git status names. `kind`: changed, unmerged, untracked or ignored; ids are of HEAD and index."""

    kind: str
    path: str
    staged: str = "."
    unstaged: str = "."
    head_mode: str = ""
    head_id: str = ""
    index_mode: str = ""
    index_id: str = ""
    submodule: bool = False

    @property
    def is_repository(self) -> bool:
        """Tell whether the entry is an untracked folder that is a git repository of its own."""
        return self.kind == "untracked" and self.path.endswith("/")


@dataclass(frozen=True, slots=True)
class State:
    """Where HEAD is (None before the first commit), its branch (None when detached), and what differs from it."""

    head: str | None
    branch: str | None
    entries: tuple[Entry, ...]
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Survey:
    """How a worktree stands against base: files and lines since they parted (uncommitted ones too), commits apart."""

    head: str | None
    branch: str | None
    files: int
    added: int
    removed: int
    untracked: int
    ahead: int
    behind: int
    conflicted: tuple[str, ...]


def read(
    worktree: Path, *, exclude: Sequence[str] = (), ignored: bool = False, locks: bool = False, timeout: float = 120.0
) -> State:
    """Return the worktree's state without its set-up files. Raises GitError.

    `ignored` lists the ignored paths too (whole folders as one), `locks` lets git refresh the index.
    """
    args = ["status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--no-renames"]
    args += ["--ignore-submodules=none", f"--ignored={'matching' if ignored else 'no'}"]
    output = spawn.git(args, cwd=worktree, locks=locks, timeout=timeout).stdout
    is_setup = globs.matcher(exclude)
    head: str | None = None
    branch: str | None = None
    entries: list[Entry] = []
    found_ignored: list[str] = []
    for raw in output.split(b"\0"):
        line = os.fsdecode(raw)
        if line.startswith("# branch.oid "):
            head = line.removeprefix("# branch.oid ")
        elif line.startswith("# branch.head "):
            branch = line.removeprefix("# branch.head ")
        elif line.startswith("! "):
            found_ignored.append(line[2:])
        elif line and line[0] in "1u?":
            entry = _entry(line)
            if not is_setup(entry.path):
                entries.append(entry)
    return State(
        head if head and places.is_id(head) else None,
        None if branch == "(detached)" else branch,
        tuple(entries),
        tuple(path for path in found_ignored if not is_setup(path)),
    )


def survey(worktree: Path, base: str, exclude: Sequence[str] = ()) -> Survey:
    """Return how a worktree stands against `base` (a branch or commit), set-up files left out. Raises GitError."""
    state = read(worktree, exclude=exclude)
    is_setup = globs.matcher(exclude)
    untracked = [entry.path for entry in state.entries if entry.kind == "untracked"]
    conflicted = tuple(sorted(entry.path for entry in state.entries if entry.kind == "unmerged"))
    rows: dict[str, tuple[int, int]] = {}
    ahead = behind = 0
    if state.head is not None:
        since = _commit(worktree, base)
        if since != state.head:
            counts = spawn.git(["rev-list", "--left-right", "--count", f"{since}...{state.head}", "--"], cwd=worktree)
            behind, ahead = (int(field) for field in counts.stdout.split())
        if since != state.head or len(untracked) < len(state.entries):
            rows = {path: lines for path, lines in _numstat(worktree, since).items() if not is_setup(path)}
    budget = _COUNTED_BYTES
    added = 0
    for path in untracked:
        lines, size = _lines(worktree / path, budget)
        added += lines
        budget -= size
    return Survey(
        head=state.head,
        branch=state.branch,
        files=len(rows.keys() | set(untracked)),
        added=added + sum(lines[0] for lines in rows.values()),
        removed=sum(lines[1] for lines in rows.values()),
        untracked=len(untracked),
        ahead=ahead,
        behind=behind,
        conflicted=conflicted,
    )


def changed_files(worktree: Path, since_commit: str, exclude: Sequence[str] = ()) -> tuple[Change, ...]:
    """Return what differs between a commit and the working files (untracked ones as `?`), sorted. Raises GitError."""
    is_setup = globs.matcher(exclude)
    since = _commit(worktree, since_commit)
    args = ["diff", "--name-status", "-z", "-M", "--no-ext-diff", "--ignore-submodules=none", since, "--"]
    changes = parse_name_status(spawn.git(args, cwd=worktree).stdout)
    listed = spawn.git(["ls-files", "--others", "--exclude-standard", "-z"], cwd=worktree).stdout
    others = [Change("?", os.fsdecode(raw)) for raw in listed.split(b"\0") if raw]
    known = {change.path for change in changes if change.status != "D"}
    found = [change for change in (*changes, *others) if not is_setup(change.path)]
    return tuple(sorted((c for c in found if c.status != "?" or c.path not in known), key=lambda c: (c.path, c.status)))


def parse_numstat(output: bytes) -> dict[str, tuple[int, int]]:
    """Return lines added and removed by path, from `--numstat -z --no-renames` (binary files count none)."""
    rows: dict[str, tuple[int, int]] = {}
    for raw in output.split(b"\0"):
        fields = raw.lstrip(b"\n").split(b"\t", 2)
        if len(fields) == 3:
            added, removed = (int(field) if field.isdigit() else 0 for field in fields[:2])
            rows[os.fsdecode(fields[2])] = (added, removed)
    return rows


def _numstat(worktree: Path, since: str) -> dict[str, tuple[int, int]]:
    args = ["diff", "--numstat", "-z", "--no-renames", "--no-ext-diff", "--no-textconv"]
    done = spawn.git([*args, "--merge-base", since, "--"], cwd=worktree, accept=())
    if done.code:  # no common ancestor: then what differs is everything
        done = spawn.git([*args, since, "--"], cwd=worktree)
    return parse_numstat(done.stdout)


def _commit(worktree: Path, rev: str) -> str:
    if places.is_id(rev):
        return rev
    for name in (f"refs/heads/{rev}", rev):
        args = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"]
        found = spawn.git(args, cwd=worktree, accept=(0, 1, 128)).stdout.decode().strip()
        if found:
            return found
    raise GitError(f"no commit is called {rev!r}", where=str(worktree), hint="see git branch --all")


def _entry(line: str) -> Entry:
    if line[0] == "?":
        return Entry("untracked", line[2:])
    if line[0] == "u":
        _, xy, sub, *_, path = line.split(" ", 10)
        return Entry("unmerged", path, xy[0], xy[1], submodule=sub[0] == "S")
    _, xy, sub, head_mode, index_mode, _, head_id, index_id, path = line.split(" ", 8)
    return Entry("changed", path, xy[0], xy[1], head_mode, head_id, index_mode, index_id, sub[0] == "S")


def _lines(path: Path, budget: int) -> tuple[int, int]:
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > budget:
            return 0, 0
        data = path.read_bytes()
    except OSError:  # gone or unreadable since it was listed: then it has no lines to show
        return 0, 0
    if b"\0" in data[:8000]:
        return 0, len(data)
    return data.count(b"\n") + (not data.endswith(b"\n") and bool(data)), len(data)
