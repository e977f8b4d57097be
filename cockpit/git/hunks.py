"""Reads the conflict markers that a merge left in a text; it reads no file and runs nothing."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hunk:
    """A place where both sides changed the same lines: the first line in the merged file, and what each side has."""

    line: int
    ours: str
    theirs: str


def parse_hunks(data: bytes, ours: bytes, theirs: bytes) -> tuple[Hunk, ...]:
    """Return the conflicts that are marked in a file, with these names of the sides in their markers."""
    found: list[Hunk] = []
    sides: tuple[list[bytes], list[bytes]] = ([], [])
    start = 0
    for number, (where, line) in enumerate(_lines(data, ours, theirs), 1):
        if where == "<":
            start, sides = number, ([], [])
        elif where == ">":
            found.append(Hunk(start, *(b"".join(side).decode("utf-8", "surrogateescape") for side in sides)))
        elif where in ("ours", "theirs"):
            sides[where == "theirs"].append(line)
    return tuple(found)


def without_labels(data: bytes, ours: bytes, theirs: bytes) -> bytes:
    """Return the file with bare markers and without the common ancestor's lines, whatever the sides are called."""
    out: list[bytes] = []
    for where, line in _lines(data, ours, theirs):
        if where in ("<", "=", ">"):
            out.append(where.encode() * 7 + b"\n")
        elif where not in ("|", "base"):
            out.append(line)
    return b"".join(out)


def _lines(data: bytes, ours: bytes, theirs: bytes) -> Iterator[tuple[str, bytes]]:
    """Give each line with what it is: a marker (`<`, `|`, `=`, `>`), part of ours, base or theirs, or neither."""
    where, size = "", 7
    for line in data.splitlines(keepends=True):
        bare = line.rstrip(b"\r\n")
        kind = where
        if not where and bare.startswith(b"<<<<<<<") and _label(bare, b"<", ours):
            kind, where = "<", "ours"
            size = len(bare) - len(bare.lstrip(b"<"))
        elif where == "ours" and bare.startswith(b"|" * size) and not bare[size:].startswith(b"|"):
            kind, where = "|", "base"
        elif where in ("ours", "base") and bare == b"=" * size:
            kind, where = "=", "theirs"
        elif where == "theirs" and bare.startswith(b">" * size) and _label(bare, b">", theirs):
            kind, where = ">", ""
        yield kind, line


def _label(line: bytes, sign: bytes, name: bytes) -> bool:
    """Tell whether this is a marker of the side with this name; for a renamed file git adds `:path` to it."""
    label = line.lstrip(sign).strip()
    return label == name or label.startswith(name + b":")
