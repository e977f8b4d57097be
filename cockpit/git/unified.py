"""A change as text to be read, the file that is asked for first, and never too much of it; reads only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit.git import pairs, spawn
from cockpit.git.pairs import Touched

_LARGEST = "core.bigFileThreshold=1m"  # of a larger file git says only that it differs
_AT_ONCE = 40
_OPTIONS = (
    *("-M", "-U3", "--no-ext-diff", "--no-textconv", "--no-color", "--submodule=short"),
    *("--src-prefix=a/", "--dst-prefix=b/", "--ignore-submodules=dirty", "-O/dev/null"),
)


@dataclass(frozen=True, slots=True)
class Unified:
    """A unified diff of `files` files, of which `left_out` are not in the text; `cut`: its end is missing too."""

    text: bytes
    files: int
    left_out: int
    cut: bool


def since(worktree: Path, base: str, exclude: Sequence[str], path: str, limit: int) -> Unified:
    """Return how a worktree differs from a commit, what is not committed and untracked included. Raises GitError."""
    return _text(worktree, (base,), _wanted(pairs.since(worktree, base, exclude), path), limit)


def between(checkout: Path, base: str, commit: str, path: str, limit: int) -> Unified:
    """Return how two commits differ. Raises GitError."""
    return _text(checkout, (base, commit), _wanted(pairs.in_range(checkout, f"{base}..{commit}"), path), limit)


def _wanted(touched: Sequence[Touched], path: str) -> list[Touched]:
    return [one for one in touched if not path or path in (one.path, one.was)]


def _text(checkout: Path, revisions: tuple[str, ...], touched: list[Touched], limit: int) -> Unified:
    """Return at most `limit` bytes of the diff of these files; git is asked for some at a time."""
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
    return Unified(whole, len(touched), len(touched) - told, size > limit)


def _batches(checkout: Path, revisions: tuple[str, ...], touched: list[Touched]) -> Iterator[tuple[int, bytes]]:
    known = [one for one in touched if one.status != "?"]
    for at in range(0, len(known), _AT_ONCE):
        batch = known[at : at + _AT_ONCE]
        paths = sorted({path for one in batch for path in (one.path, one.was)})
        settings = ("-c", _LARGEST, "--literal-pathspecs")
        yield len(batch), spawn.git([*settings, "diff", *_OPTIONS, *revisions, "--", *paths], cwd=checkout).stdout
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
