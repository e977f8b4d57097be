"""The files of a change, as they are listed beside its diff: a letter, a name, how many lines came and went. Pure."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from cockpit.ui.looks import cells_of, code, fit

WORDS = {"A": "new", "D": "removed", "R": "renamed", "C": "copied", "T": "of another kind", "?": "new, untracked"}
_STYLES = {"A": "good", "?": "good", "D": "bad", "R": "busy", "C": "busy", "T": "warn"}
_LEAST = 12


class ChangedFile(Struct, frozen=True):
    """A file of a change: its path as it is, git's letter, the lines that came and went (-1: not known), and a note."""

    path: str
    was: str = ""
    letter: str = "M"
    added: int = -1
    removed: int = -1
    note: str = ""

    @property
    def counts(self) -> str:
        """What came and went, or what it is where it has no lines."""
        if self.note or self.added < 0:
            return self.note
        return " ".join((*([f"+{self.added}"] if self.added else ()), *([f"−{self.removed}"] if self.removed else ())))

    @property
    def title(self) -> str:
        """What is said of it beside its name."""
        word = WORDS.get(self.letter, "")
        was = f"{word} from {code(self.was)}" if self.was != self.path and word else word
        return " · ".join(filter(None, (was, self.counts)))


def changed_files(listed: Iterable[Sequence[object]]) -> tuple[ChangedFile, ...]:
    """Return the files of an answer of the driver."""
    return tuple(
        ChangedFile(str(path), str(was), str(letter), int(str(added)), int(str(removed)), str(note))
        for path, was, letter, added, removed, note in listed
    )


def row(one: ChangedFile, width: int, *, current: bool, said: int) -> list[tuple[str, str]]:
    """Return a file in so many cells: what does not fit of its name goes from the front of it; `said`: comments."""
    mark = "▸" if current else " "
    told = " ".join(filter(None, (f"┃{said}" if said else "", one.counts)))
    room = width - 4 - (cells_of(told) + 1 if told else 0)
    if room < _LEAST:
        told, room = "", width - 4
    name = tail(code(one.path), room)
    style = "strong" if current else "plain"
    return [
        (f"{mark}", "accent"),
        (f"{one.letter} ", _STYLES.get(one.letter, "plain")),
        (fit(name, room), style),
        (f" {told} " if told else " ", "dim"),
    ]


def tail(text: str, width: int) -> str:
    """Return a text in at most so many cells: its end, where it is too long, since the end tells files apart."""
    if cells_of(text) <= width:
        return text
    kept = text[-max(1, width - 1) :]
    while kept and cells_of(kept) > width - 1:
        kept = kept[1:]
    return f"…{kept}"
