"""How wide the cells of rows are, kept up to date row by row: a column is as wide as its widest cell. Pure."""

from collections import defaultdict
from collections.abc import Iterable

from cockpit.ui.looks import cells_of
from cockpit.ui.present import Row


class Contents:
    """Counts for each cell how many rows have it in each width."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._widths: defaultdict[int, dict[int, int]] = defaultdict(dict)
        for row in rows:
            self.change(None, row)

    def change(self, old: Row | None, new: Row | None) -> None:
        """Take a row for another one; None: for none, or for a new one."""
        before, after = old.cells if old else (), new.cells if new else ()
        for at in range(max(len(before), len(after))):
            text = before[at][0] if at < len(before) else None
            fresh = after[at][0] if at < len(after) else None
            if text != fresh:
                self._count(at, text, -1)
                self._count(at, fresh, 1)

    def widest(self, at: int) -> int:
        """Return the width of the widest of a cell."""
        return max(self._widths[at], default=0)

    def _count(self, at: int, text: str | None, by: int) -> None:
        if text is None:
            return
        widths, width = self._widths[at], cells_of(text)
        left = widths.get(width, 0) + by
        if left:
            widths[width] = left
        else:
            del widths[width]
