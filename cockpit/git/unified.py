"""A change as text to be read, with all files that it touches, and never too much of it; reads only."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit.git import pairs, spawn
from cockpit.git.pairs import Touched

_LARGEST = "core.bigFileThreshold=1m"  # of a larger file git says only that it differs
_SETTINGS = ("-c", _LARGEST, "-c", "core.quotePath=false", "--literal-pathspecs")
_AT_ONCE = 40
_LISTED = 5_000
_OPTIONS = (
    *("-M", "--no-ext-diff", "--no-textconv", "--no-color", "--submodule=short"),
    *("--src-prefix=a/", "--dst-prefix=b/", "--ignore-submodules=dirty", "-O/dev/null"),
)


@dataclass(frozen=True, slots=True)
class Changed:
    """A file of a change: git's letter (`?` for an untracked file), and how many lines came and went.

    `note` says what it is instead, where it has no lines (`binary`, `submodule`) or only its mode changed (`mode`);
    the counts are -1 where they are not known.
    """

    path: str
    was: str
    letter: str
    added: int = -1
    removed: int = -1
    note: str = ""


@dataclass(frozen=True, slots=True)
class Unified:
    """A unified diff of `files` files, of which `left_out` are not in the text; `cut`: its end is missing too.

    Then `lines_left` lines of what was read are not in the text. `listed` are the files in the order of the text, the
    first thousands of them.
    """

    text: bytes
    files: int
    left_out: int
    cut: bool
    lines_left: int = 0
    listed: tuple[Changed, ...] = ()


def since(worktree: Path, base: str, exclude: Sequence[str], path: str, limit: int) -> Unified:
    """Return how a worktree differs from a commit, what is not committed and untracked included. Raises GitError."""
    return _text(worktree, (base,), _wanted(pairs.since(worktree, base, exclude), path), limit)


def between(checkout: Path, base: str, commit: str, path: str, limit: int) -> Unified:
    """Return how two commits or trees differ. Raises GitError."""
    return _text(checkout, (base, commit), _wanted(pairs.of_two(checkout, base, commit), path), limit)


def _wanted(touched: Sequence[Touched], path: str) -> list[Touched]:
    return [one for one in touched if not path or path in (one.path, one.was, shown_path(one.path))]


def shown_path(path: str) -> str:
    """Return a path as it stands in the text once that is decoded: bytes that are no UTF-8 are replaced."""
    return os.fsencode(path).decode("utf-8", "replace")


def _text(checkout: Path, revisions: tuple[str, ...], touched: list[Touched], limit: int) -> Unified:
    """Return at most `limit` bytes of the diff of these files; git is asked for some at a time."""
    touched = sorted(touched, key=lambda one: (one.status == "?", os.fsencode(one.path)))
    parts: list[bytes] = []
    size = told = 0
    for batch, data in _batches(checkout, revisions, touched):
        parts.append(data)
        size += len(data)
        told += batch
        if size > limit:
            break
    text = b"".join(parts)
    whole = text[:limit].rpartition(b"\n")[0] + b"\n" if size > limit else text
    left = text.count(b"\n") - whole.count(b"\n")
    listed = tuple(_listed(checkout, revisions, touched[:_LISTED]))
    return Unified(whole, len(touched), len(touched) - told, size > limit, left, listed)


def _listed(checkout: Path, revisions: tuple[str, ...], touched: list[Touched]) -> Iterator[Changed]:
    """Yield each file with its counts; of files that git does not know, those of the first ones."""
    counts = _counts(checkout, revisions, touched)
    for at, one in enumerate(touched):
        if one.kind == "submodule":
            yield Changed(one.path, one.was, one.status, note="submodule")
        elif one.status == "?":
            data = pairs.from_disk(checkout / one.path)[0] if at < _AT_ONCE else None
            binary = data is not None and b"\0" in data[:8000]
            lines = -1 if data is None or binary else data.count(b"\n") + (data[-1:] not in (b"", b"\n"))
            yield Changed(one.path, one.was, one.status, lines, 0 if lines >= 0 else -1, "binary" if binary else "")
        else:
            added, removed = counts.get(one.path, (-1, -1))
            unknown = added < 0 and one.path in counts
            alike = one.status == "M" and not added and not removed
            yield Changed(
                one.path, one.was, one.status, added, removed, "binary" if unknown else "mode" if alike else ""
            )


def _counts(checkout: Path, revisions: tuple[str, ...], touched: list[Touched]) -> dict[str, tuple[int, int]]:
    """Return how many lines came and went by path; of a binary file -1 and -1."""
    if not any(one.status != "?" for one in touched):
        return {}
    paths = sorted({path for one in touched if one.status != "?" for path in (one.path, one.was)})
    named = ("--", *paths) if len(paths) <= _AT_ONCE else ("--",)
    args = [*_SETTINGS, "diff", *_OPTIONS, "--numstat", "-z", *revisions, *named]
    fields = iter(spawn.git(args, cwd=checkout).stdout.split(b"\0"))
    found: dict[str, tuple[int, int]] = {}
    for field in fields:
        if not field:
            continue
        added, removed, path = field.split(b"\t", 2)
        if not path:
            next(fields)
            path = next(fields)
        numbers = (-1, -1) if added == b"-" else (int(added), int(removed))
        found[os.fsdecode(path)] = numbers
    return found


def _batches(checkout: Path, revisions: tuple[str, ...], touched: list[Touched]) -> Iterator[tuple[int, bytes]]:
    known = [one for one in touched if one.status != "?"]
    for at in range(0, len(known), _AT_ONCE):
        batch = known[at : at + _AT_ONCE]
        paths = sorted({path for one in batch for path in (one.path, one.was)})
        args = [*_SETTINGS, "diff", "-U3", *_OPTIONS, *revisions, "--", *paths]
        yield len(batch), spawn.git(args, cwd=checkout).stdout
    for one in touched:
        if one.status == "?":
            yield 1, _fresh(checkout, one.path)


def _fresh(checkout: Path, path: str) -> bytes:
    """Return the diff of a file that git does not know yet."""
    data, why = pairs.from_disk(checkout / path)
    name = path.encode("utf-8", "surrogateescape").replace(b"\n", b"?")
    head = b"diff --git a/%b b/%b\nnew file, untracked\n" % (name, name)
    if data is None:
        return head + f"{why or 'it is gone'}\n".encode()
    if b"\0" in data[:8000]:
        return head + b"Binary file\n"
    lines = data.split(b"\n")
    ended = not lines[-1]
    body = b"".join(b"+%b\n" % line for line in (lines[:-1] if ended else lines))
    count = len(lines) - ended
    end = b"" if ended else b"\\ No newline at end of file\n"
    return head + b"--- /dev/null\n+++ b/%b\n" % name + (b"@@ -0,0 +1,%d @@\n" % count if count else b"") + body + end
