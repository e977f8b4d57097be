"""A unified diff → lines to show: what each is, its number in the file as it is now, and where hunks begin. Pure."""

import re

from msgspec import Struct

from cockpit.ui.looks import code

_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)")
_STYLES = {"+": "good", "-": "bad", " ": "plain", "\\": "dim"}
_SIGNS = {"-": "−"}


class DiffLine(Struct, frozen=True):
    """One line: a style name, its sign, its number after the change (0: it is not there any more), and safe text."""

    style: str
    sign: str
    number: int
    text: str
    path: str = ""


class DiffText(Struct, frozen=True):
    """All lines of a diff, and the places among them where hunks begin."""

    lines: tuple[DiffLine, ...] = ()
    hunks: tuple[int, ...] = ()

    def place(self, path: str, number: int) -> int | None:
        """Return where a line of a file stands, or the line nearest to it in a hunk; None where the file is not."""
        best: tuple[int, int] | None = None
        for at, one in enumerate(self.lines):
            if one.path == path and one.sign != "@":
                away = abs(one.number - number) if one.number else 1_000_000
                if best is None or away < best[0]:
                    best = (away, at)
        return best[1] if best else None


def parsed(text: str) -> DiffText:
    """Return the lines of a diff as git writes it; what is not known is shown as it is."""
    lines: list[DiffLine] = []
    hunks: list[int] = []
    path, was, number, head, inside = "", "", 0, 0, False
    for raw in text.split("\n"):
        if raw.startswith("diff --git "):
            inside, head = False, len(lines)
            lines.append(DiffLine("strong", "", 0, code(raw[11:])))
        elif not inside and raw.startswith(("--- ", "+++ ")):
            path, was = raw[4:].removeprefix("b/").rstrip("\t"), path
            if raw[0] == "+" and head < len(lines):
                title = f"{was.removeprefix('a/')} (removed)" if path == "/dev/null" else path
                lines[head] = DiffLine("strong", "", 0, code(title))
        elif not inside and raw.startswith("index "):
            continue
        elif found := _HUNK.match(raw):
            number, inside = int(found.group(1)), True
            hunks.append(len(lines))
            lines.append(DiffLine("busy", "@", 0, code(raw), path))
        elif inside and raw[:1] in _STYLES:
            there = raw[0] in "+ "
            lines.append(DiffLine(_STYLES[raw[0]], _SIGNS.get(raw[0], raw[0]), number * there, code(raw[1:]), path))
            number += there
        elif raw:
            lines.append(DiffLine("dim", "", 0, code(raw)))
    return DiffText(tuple(lines), tuple(hunks))
