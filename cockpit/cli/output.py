"""What the commands print: documents and lines on stdout, messages on stderr; nothing foreign goes out unfiltered."""

import json
import os
import sys
from collections.abc import Sequence
from typing import IO, Any

from cockpit.errors import CockpitError
from cockpit.safetext import on_one_line, safe_text

Cell = str | tuple[str, str]
_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "magenta": "35"}


def emit(document: Any) -> None:
    """Print one JSON document; control characters in it are escaped."""
    print(json.dumps(document, indent=2))


def emit_line(document: Any) -> None:
    """Print one JSON document on a line of its own, at once."""
    print(json.dumps(document, separators=(",", ":")), flush=True)


def say(text: str = "") -> None:
    """Print text, which may hold several lines, for a human to read; styles made by `paint` are kept."""
    print(text, flush=True)


def tell(text: str) -> None:
    """Print a message that is not the command's result, on stderr."""
    print(safe_text(text), file=sys.stderr, flush=True)


def complain(error: CockpitError) -> None:
    """Print an error on stderr: what, where, what to do."""
    lines = safe_text(str(error)).splitlines() or [type(error).__name__]
    head = paint("error:", "red", stream=sys.stderr)
    print("\n".join([f"{head} {lines[0]}", *lines[1:]]), file=sys.stderr, flush=True)


def coloured(stream: IO[str] | None = None) -> bool:
    """Say whether colours may be used: on a terminal only, and never with NO_COLOR."""
    out = stream or sys.stdout
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, style: str, *, stream: IO[str] | None = None, blanks: bool = False) -> str:
    """Return the text as one printable line, in a style (bold, dim, red, green, yellow, blue, magenta) if allowed.

    `blanks` stay as they are: it is a line of code.
    """
    plain = safe_text(text).replace("\n", " ") if blanks else on_one_line(text)
    return f"\x1b[{_STYLES[style]}m{plain}\x1b[0m" if style in _STYLES and coloured(stream) else plain


def table(heads: Sequence[str], rows: Sequence[Sequence[Cell]], *, right: Sequence[int] = ()) -> list[str]:
    """Return the lines of an aligned table; a cell is text, or text with its style.

    The columns in `right` are aligned to the right; the last column is never padded, so that it may be long.
    """
    cells = [[_cell(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(width(row[at][0]) for row in cells) for at in range(len(heads))]
    return [_row(row, widths, right) for row in cells]


def width(text: str) -> int:
    """Return how many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _cell(cell: Cell) -> tuple[str, str]:
    text, style = (cell, "") if isinstance(cell, str) else cell
    return on_one_line(text), style


def _row(row: Sequence[tuple[str, str]], widths: Sequence[int], right: Sequence[int]) -> str:
    parts: list[str] = []
    for at, (text, style) in enumerate(row):
        gap = " " * (widths[at] - width(text))
        shown = paint(text, style) if style else text
        parts.append(gap + shown if at in right else shown if at == len(row) - 1 else shown + gap)
    return "  ".join(parts).rstrip()


def plural(count: int, word: str, many: str = "") -> str:
    """Return a number with its noun."""
    return f"{count} {word if count == 1 else many or word + 's'}"
