"""Tables as CSV, for a spreadsheet: what is in a cell stays text there, and never becomes a formula. Pure."""

import csv
import io
from collections.abc import Iterable, Sequence

from cockpit.safetext import on_one_line


def csv_text(heads: Sequence[str], rows: Iterable[Sequence[str | float | None]], *, end: str = "\r\n") -> str:
    """Return a table with its heads as CSV (RFC 4180, but for another `end` of its lines); None is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end)
    writer.writerow(heads)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: str | float | None) -> str | float:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return round(value, 6)
    text = on_one_line(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
