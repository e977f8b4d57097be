"""A unified diff → lines to show: what each is, its numbers before and after, where hunks and files begin. Pure."""

import re

from msgspec import Struct
from msgspec.structs import replace

from cockpit.ui.looks import code

FILE, HUNK, NOTE, SAME, ADDED, REMOVED = "file", "@", "", " ", "+", "-"
"""What a line is: a file's title, the head of a hunk, said by git or by us, or a line of the file."""
OF_FILES = frozenset({SAME, ADDED, REMOVED})
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)")
_ESCAPED = re.compile(r"\\([0-7]{3}|.)")
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_UNTOLD = ("new file, untracked", "index ", "similarity index ", "dissimilarity index ", "rename ", "copy ")
_CARRIAGE = "␍"


class DiffLine(Struct, frozen=True):
    """One line of safe text: its kind, and its number in the file before and after (0: it is not there)."""

    kind: str
    text: str
    path: str = ""
    old: int = 0
    new: int = 0


class DiffText(Struct, frozen=True):
    """All lines of a diff; the places among them where hunks and files begin."""

    lines: tuple[DiffLine, ...] = ()
    hunks: tuple[int, ...] = ()
    files: tuple[int, ...] = ()

    def place(self, path: str, number: int, *, removed: bool = False) -> int | None:
        """Return where a line of a file stands, or the line nearest to it in a hunk; None where the file is not."""
        best: tuple[int, int] | None = None
        for at, one in enumerate(self.lines):
            if one.path == path and one.kind not in (HUNK, FILE):
                its = one.old if removed else one.new
                away = abs(its - number) if its else 1_000_000
                if best is None or away < best[0]:
                    best = (away, at)
        return best[1] if best else self.title(path)

    def title(self, path: str) -> int | None:
        """Return where a file begins; None where it is not in the text."""
        return next((at for at in self.files if self.lines[at].path == path), None)

    def file_at(self, line: int) -> str:
        """Return the path of the file that a line belongs to."""
        return self.lines[line].path if line < len(self.lines) else ""


def parsed(text: str, left_out: str = "") -> DiffText:
    """Return the lines of a diff as git writes it, and at its end what is said of what it lacks."""
    reading = _Reading()
    for raw in text.split("\n"):
        reading.take(raw)
    reading.end_file()
    if left_out:
        reading.add(NOTE, left_out)
    return DiffText(tuple(reading.lines), tuple(reading.hunks), tuple(reading.files))


class _Reading:
    """How far a diff was read."""

    def __init__(self) -> None:
        self.lines: list[DiffLine] = []
        self.hunks: list[int] = []
        self.files: list[int] = []
        self._path = self._was = self._mode = self._title = ""
        self._old = self._new = 0
        self._inside = False
        self._carriages: list[int] = []

    def add(self, kind: str, text: str, old: int = 0, new: int = 0) -> None:
        self.lines.append(DiffLine(kind, code(text), self._path, old, new))

    def take(self, raw: str) -> None:
        kind = raw[:1]
        if self._inside and kind in ("+", "-", " "):
            self._line(kind, raw[1:])
        elif raw.startswith("diff --git "):
            self._begin_file(raw[11:])
        elif found := _HUNK.match(raw):
            self._old, self._new = int(found[1]), int(found[2])
            self._inside = True
            self.hunks.append(len(self.lines))
            self.add(HUNK, raw)
        elif raw and not self._inside:
            self._head(raw)
        elif raw:
            self.add(NOTE, raw.removeprefix("\\ "))

    def _line(self, kind: str, text: str) -> None:
        if text.endswith("\r") and kind != SAME:
            self._carriages.append(len(self.lines))
        self.add(kind, text, self._old if kind != ADDED else 0, self._new if kind != REMOVED else 0)
        self._old += kind != ADDED
        self._new += kind != REMOVED

    def _head(self, raw: str) -> None:
        """Take a line between a file's first one and its first hunk."""
        if raw.startswith("--- "):
            self._was = _name(raw[4:], "a/")
        elif raw.startswith("+++ "):
            path = _name(raw[4:], "b/")
            self._entitle(self._was if path == "/dev/null" else path)
        elif raw.startswith("rename to "):
            self._entitle(_name(raw[10:]))
        elif raw.startswith("old mode "):
            self._mode = raw[9:]
        elif raw.startswith("new mode "):
            self.add(NOTE, f"mode {self._mode} → {raw[9:]}")
        elif not raw.startswith(_UNTOLD):
            self.add(NOTE, raw)
        if raw.startswith("rename from "):
            self.add(NOTE, f"renamed from {_name(raw[12:])}")

    def _begin_file(self, header: str) -> None:
        self.end_file()
        self._inside, self._carriages = False, []
        self.files.append(len(self.lines))
        self._path = _named_twice(header)
        self.add(FILE, self._path)

    def _entitle(self, path: str) -> None:
        """Name the file that is being read: its first line names it twice, and cannot always be split."""
        if not self.files:  # a text without the line that a file begins with
            self.files.append(len(self.lines))
            self.add(FILE, path)
        self._path = path
        for at in range(self.files[-1], len(self.lines)):
            one = self.lines[at]
            self.lines[at] = replace(one, path=path, text=code(path) if one.kind == FILE else one.text)

    def end_file(self) -> None:
        """Show the carriage returns of a file's changed lines, where some of these have one and some have not."""
        first = self.files[-1] if self.files else 0
        changed = sum(one.kind in (ADDED, REMOVED) for one in self.lines[first:])
        if self._carriages and len(self._carriages) < changed:
            for at in self._carriages:
                self.lines[at] = replace(self.lines[at], text=self.lines[at].text + _CARRIAGE)


def _named_twice(header: str) -> str:
    """Return the name that a file's first line gives twice, `a/NAME b/NAME`; all of it where these differ."""
    if header.startswith('"'):
        return _name(header[: len(header) // 2], "a/")
    half = header[2 : len(header) // 2]
    return half if header == f"a/{half} b/{half}" else header


def _name(written: str, prefix: str = "") -> str:
    """Return a path as it is, from the way that git writes it."""
    path = written.rstrip("\t")
    if path.startswith('"') and path.endswith('"') and len(path) > 1:
        path = _ESCAPED.sub(_unescaped, path[1:-1])
    return path.removeprefix(prefix)


def _unescaped(found: re.Match[str]) -> str:
    what = found[1]
    return chr(int(what, 8)) if len(what) == 3 else _ESCAPES.get(what, what)
