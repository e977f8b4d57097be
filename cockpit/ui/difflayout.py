"""The lines of a diff → rows of a width, folded: one below the other or side by side, with comments. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from types import MappingProxyType

from msgspec import Struct

from cockpit.ui.difflines import ADDED, NOTE, OF_FILES, REMOVED, DiffText
from cockpit.ui.looks import cells_of

NONE = -1
Stop = tuple[int, int]
"""What the cursor stands on: a line before the change and one after it (NONE: there is none); the same one: both."""
Row = tuple[int, int]
"""A stop and which part of it is drawn: 0 and on its text, folded; below 0 its comments."""


class Layout(Struct, frozen=True):
    """The rows of a diff: `starts` says in which row a stop begins, `stop_of` on which stop a line stands.

    `other` is the line that stood in a line's place before the change, or stands there after it.
    """

    stops: tuple[Stop, ...] = ()
    rows: tuple[Row, ...] = ()
    starts: tuple[int, ...] = ()
    stop_of: tuple[int, ...] = ()
    width: int = 0
    side: bool = False
    other: Mapping[int, int] = MappingProxyType({})


def paired(diff: DiffText) -> Iterator[Stop]:
    """Yield the stops of a diff side by side: what was removed stands beside what was added in its place."""
    removed: list[int] = []
    added: list[int] = []
    notes: list[int] = []  # that a file does not end with a newline is said between what was removed and what was added

    def changed() -> Iterator[Stop]:
        yield from zip_longest(removed, added, fillvalue=NONE)
        yield from ((at, at) for at in notes)
        for places in (removed, added, notes):
            places.clear()

    for at, one in enumerate(diff.lines):
        if one.kind == REMOVED:
            if added:  # an addition came between: these are two places
                yield from changed()
            removed.append(at)
        elif one.kind == ADDED:
            added.append(at)
        elif one.kind == NOTE and (removed or added):
            notes.append(at)
        else:
            yield from changed()
            yield at, at
    yield from changed()


def below(diff: DiffText) -> Iterator[Stop]:
    """Yield the stops of a diff whose lines stand one below the other."""
    for at, one in enumerate(diff.lines):
        yield (at if one.kind != ADDED else NONE), (at if one.kind != REMOVED else NONE)


def laid(diff: DiffText, width: int, *, side: bool, comments: Mapping[int, Sequence[str]], whole: int) -> Layout:
    """Return the rows: `width` cells for a line of the file, `whole` for what is on both sides, and for comments."""
    pairs = tuple(paired(diff))
    stops = pairs if side else tuple(below(diff))
    rows: list[Row] = []
    starts: list[int] = []
    stop_of = [0] * len(diff.lines)
    for stop, (left, right) in enumerate(stops):
        starts.append(len(rows))
        high = 1
        for at in {left, right} - {NONE}:
            stop_of[at] = stop
            one = diff.lines[at]
            high = max(high, len(parts(one.text, width if one.kind in OF_FILES else whole)))
        rows += [(stop, part) for part in range(high)]
        folded = sum(len(parts(text, whole)) for text in comments_of((left, right), comments)) if comments else 0
        rows += [(stop, -1 - part) for part in range(folded)]
    changed = [(left, right) for left, right in pairs if left != right and NONE not in (left, right)]
    other = dict(changed) | {right: left for left, right in changed}
    return Layout(stops, tuple(rows), tuple(starts), tuple(stop_of), whole, side, other)


def differing(text: str, other: str) -> tuple[int, int]:
    """Return from where to where a text differs from the one in its place; nothing where hardly anything is alike."""
    shorter = min(len(text), len(other))
    first = next((at for at in range(shorter) if text[at] != other[at]), shorter)
    alike = range(1, shorter - first + 1)
    after = next((at - 1 for at in alike if text[-at] != other[-at]), shorter - first)
    kept = len(text[:first].strip()) + len(text[len(text) - after :].strip())
    return (first, len(text) - after) if kept * 3 >= len(text.strip()) else (0, 0)


def comments_of(stop: Stop, comments: Mapping[int, Sequence[str]]) -> list[str]:
    """Return what is said of the lines of a stop."""
    return [text for at in dict.fromkeys(stop) for text in comments.get(at, ())]


def parts(text: str, width: int) -> list[tuple[int, int]]:
    """Return where a text is cut so that its parts fit; wide characters are never halved."""
    if text.isascii():
        return [(at, at + width) for at in range(0, max(1, len(text)), width)]
    if cells_of(text) <= width:
        return [(0, len(text))]
    found: list[tuple[int, int]] = []
    start = wide = 0
    for at, char in enumerate(text):
        cells = cells_of(char)
        if wide + cells > width:
            found.append((start, at))
            start, wide = at, 0
        wide += cells
    return [*found, (start, len(text))]
