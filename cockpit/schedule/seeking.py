"""Facts as the list of a journal tells them, and which of them a filter lets through; reads no journal itself. Pure."""

from msgspec import Struct

from cockpit.safetext import on_one_line, safe_line
from cockpit.schedule.facts import Recorded
from cockpit.schedule.wording import about, words

TOLD_LIMIT = 400


class Told(Struct, frozen=True, array_like=True):
    """A fact as a line of a list: its number, time (seconds since the epoch) and kind, what it is about, its words."""

    seq: int
    at: float
    kind: str
    about: str
    words: str


class Sought(Struct, frozen=True):
    """What a filter asks for: one of the kinds, one of the workstreams, all of the words, none of the unwanted ones."""

    kinds: tuple[str, ...] = ()
    workstreams: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()

    def holds(self, told: Told) -> bool:
        """Say whether a fact is asked for."""
        kind, of = told.kind.lower(), told.about.lower()
        if self.kinds and not any(one in kind for one in self.kinds):
            return False
        if self.workstreams and not any(_is_of(told, of, one) for one in self.workstreams):
            return False
        if not (self.words or self.unwanted):
            return True
        text = f"{told.seq} {kind} {of} {told.words.lower()}"
        return all(one in text for one in self.words) and not any(one in text for one in self.unwanted)


def told(recorded: Recorded) -> Told:
    """Return a fact as a line of a list, printable and of bounded length."""
    fact = recorded.fact
    said = on_one_line(words(fact), TOLD_LIMIT)
    return Told(recorded.seq, recorded.at, type(fact).__name__, safe_line(about(fact), TOLD_LIMIT), said)


def sought(text: str) -> Sought:
    """Return what `kind:runended workstream:api word !word` asks for; `kind:` and `workstream:` may stand twice."""
    kinds, workstreams, plain, unwanted = [], [], [], []
    for part in text.lower().split():
        if part.startswith("kind:"):
            kinds += [part[5:]] if part[5:] else []
        elif part.startswith("workstream:"):
            workstreams += [part[11:]] if part[11:] else []
        elif part.startswith("!"):
            unwanted += [part[1:]] if part[1:] else []
        else:
            plain.append(part)
    return Sought(tuple(kinds), tuple(workstreams), tuple(plain), tuple(unwanted))


def _is_of(told: Told, about: str, workstream: str) -> bool:
    """Say whether a fact is of a workstream, of a leg of it, or an order that names it."""
    if about == workstream or about.startswith(f"{workstream}/"):
        return True
    return told.kind == "OrderGiven" and workstream in told.words.lower().split()
