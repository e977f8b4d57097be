"""Where rows and the headings of their groups stand, line by line; pure arithmetic, nothing is kept for each line."""

from bisect import bisect_right
from collections.abc import Sequence


class Stack:
    """Rows below one another in groups; a row takes `lines` lines, a heading one, an empty heading none."""

    def __init__(self, groups: Sequence[tuple[str, Sequence[str]]] = (), lines: int = 1) -> None:
        self.lines = lines
        self.shown: list[str] = [key for _, keys in groups for key in keys]
        self.places = {key: at for at, key in enumerate(self.shown)}
        self.headings: list[str] = []
        self._starts: list[int] = []
        self._tops: list[int] = []
        place = 0
        for heading, keys in groups:
            if heading and keys:
                self._tops.append(place * lines + len(self.headings))
                self._starts.append(place)
                self.headings.append(heading)
            place += len(keys)

    @property
    def height(self) -> int:
        """Return how many lines all of it takes."""
        return len(self.shown) * self.lines + len(self.headings)

    def top(self, place: int) -> int:
        """Return the first line of a row."""
        return place * self.lines + bisect_right(self._starts, place)

    def above(self, place: int) -> int:
        """Return the line from which on a row is to be in sight: that of its heading, where it is the first below."""
        return self.top(place) - (place in self._starts)

    def at(self, y: int) -> tuple[int, int]:
        """Return the row at a line and which of its lines that is; (−1, n): heading n. May be past all rows."""
        before = bisect_right(self._tops, y)
        if before and self._tops[before - 1] == y:
            return -1, before - 1
        return divmod(y - before, self.lines)
