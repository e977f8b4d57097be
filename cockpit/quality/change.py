"""A change of one file as rules see it: both sides, and which lines of each are not in the other."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from cockpit.quality.languages import Language
from cockpit.quality.source import Function, Source

_MARK = "\ufeff"  # of the order of bytes: no part of the text
_EXACT = 600  # lines that are compared in full; larger middles are cut at lines that are unique on both sides


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines that were replaced: [start, end) of each side, counted from 0; one of the two may be empty."""

    before_start: int
    before_end: int
    after_start: int
    after_end: int


class Change:
    """What became of one file: `before` is None for a new file; deleted files are not judged by rules."""

    def __init__(self, path: str, before: str | None, after: str) -> None:
        self.path = path
        self.before = None if before is None else Source(path, before.removeprefix(_MARK))
        self.after = Source(path, after.removeprefix(_MARK))

    @property
    def language(self) -> Language:
        """The language of the side that stays."""
        return self.after.language

    @cached_property
    def hunks(self) -> tuple[Hunk, ...]:
        """What was replaced, in order."""
        old = self.before.lines if self.before else ()
        return tuple(_hunks(old, self.after.lines))

    @cached_property
    def added(self) -> frozenset[int]:
        """The numbers, from 1, of the lines after the change that were not there before."""
        return frozenset(n + 1 for hunk in self.hunks for n in range(hunk.after_start, hunk.after_end))

    @cached_property
    def removed(self) -> frozenset[int]:
        """The numbers, from 1, of the lines before the change that went away."""
        return frozenset(n + 1 for hunk in self.hunks for n in range(hunk.before_start, hunk.before_end))

    @cached_property
    def removed_lines(self) -> Counter[str]:
        """The lines that went away, without indentation, less those that came back: moved code is not lost."""
        gone = Counter(self.before.lines[n - 1].strip() for n in self.removed) if self.before else Counter[str]()
        gone.subtract(self.after.lines[n - 1].strip() for n in self.added)
        return Counter({line: n for line, n in gone.items() if n > 0 and line})

    def touched(self, line: int, end_line: int | None = None) -> bool:
        """Tell whether any line of a range after the change (from 1, both included) is new."""
        last = line if end_line is None else end_line
        if last - line > len(self.added):
            return any(line <= n <= last for n in self.added)
        return any(n in self.added for n in range(line, last + 1))

    @cached_property
    def _shifts(self) -> tuple[list[int], list[int]]:
        """The first line (from 0) after each hunk on the new side, and what to add there to get to the old side."""
        return [hunk.after_end for hunk in self.hunks], [hunk.before_end - hunk.after_end for hunk in self.hunks]

    def line_before(self, line: int) -> int | None:
        """Return the number, from 1, that an unchanged line after the change had before it; None for a new line."""
        if self.before is None or line in self.added:
            return None
        starts, shifts = self._shifts
        nth = bisect_right(starts, line - 1)
        return line + (shifts[nth - 1] if nth else 0)

    @cached_property
    def functions(self) -> "tuple[tuple[Function | None, Function], ...]":
        """Each function after the change with the same one before it (None: it is new), by qualified name and order."""
        if self.before is None:
            return tuple((None, one) for one in self.after.functions)
        known: dict[str, list[Function]] = {}
        for one in self.before.functions:
            known.setdefault(one.qualified, []).append(one)
        pairs = []
        for one in self.after.functions:
            same = known.get(one.qualified)
            pairs.append((same.pop(0) if same else None, one))
        return tuple(pairs)


def _hunks(old: Sequence[str], new: Sequence[str]) -> Iterator[Hunk]:
    top = 0
    while top < len(old) and top < len(new) and old[top] == new[top]:
        top += 1
    bottom = 0
    while bottom < min(len(old), len(new)) - top and old[-1 - bottom] == new[-1 - bottom]:
        bottom += 1
    yield from _middle(old, new, (top, len(old) - bottom), (top, len(new) - bottom))


def _middle(old: Sequence[str], new: Sequence[str], a: tuple[int, int], b: tuple[int, int]) -> Iterator[Hunk]:
    if a[0] == a[1] and b[0] == b[1]:
        return
    if a[0] == a[1] or b[0] == b[1]:
        yield Hunk(a[0], a[1], b[0], b[1])
        return
    if a[1] - a[0] + b[1] - b[0] <= _EXACT:
        matcher = SequenceMatcher(None, old[a[0] : a[1]], new[b[0] : b[1]], autojunk=False)
        for tag, i, j, k, m in matcher.get_opcodes():
            if tag != "equal":
                yield Hunk(a[0] + i, a[0] + j, b[0] + k, b[0] + m)
        return
    anchors = list(_anchors(old, new, a, b))
    if not anchors:
        yield Hunk(a[0], a[1], b[0], b[1])
        return
    i, k = a[0], b[0]
    for at_old, at_new in [*anchors, (a[1], b[1])]:
        if at_old > i or at_new > k:
            yield from _piece(old, new, (i, at_old), (k, at_new))
        i, k = at_old + 1, at_new + 1


def _piece(old: Sequence[str], new: Sequence[str], a: tuple[int, int], b: tuple[int, int]) -> Iterator[Hunk]:
    """Compare what lies between two anchors; where it is still too long, it counts as replaced."""
    if a[1] - a[0] + b[1] - b[0] > _EXACT:
        yield Hunk(a[0], a[1], b[0], b[1])
    else:
        yield from _middle(old, new, a, b)


def _anchors(
    old: Sequence[str], new: Sequence[str], a: tuple[int, int], b: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    """Yield pairs of equal lines that are unique on both sides, rising on both (patience diff's longest such row)."""
    times_old, times_new = Counter(old[a[0] : a[1]]), Counter(new[b[0] : b[1]])
    where = {old[i]: i for i in range(*a) if times_old[old[i]] == 1}
    pairs = [(where[new[k]], k) for k in range(*b) if times_new[new[k]] == 1 and new[k] in where]
    tops: list[int] = []
    piles: list[int] = []  # for each pile the index of its top pair
    back: list[int] = []
    for n, (i, _) in enumerate(pairs):
        pile = bisect_left(tops, i)
        back.append(piles[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(i)
            piles.append(n)
        else:
            tops[pile] = i
            piles[pile] = n
    row = []
    at = piles[-1] if piles else -1
    while at >= 0:
        row.append(pairs[at])
        at = back[at]
    yield from reversed(row)
