"""Comments on lines that were not sent yet: kept for a plan and its user, by workstream; what is sent is forgotten."""

from collections.abc import Callable, Iterable

import msgspec
from msgspec.structs import replace

from cockpit.schedule.comments import LONGEST, MOST, QUOTED, Comment
from cockpit.schedule.orders import Order
from cockpit.ui.difflines import OF_FILES, REMOVED, DiffText
from cockpit.ui.looks import code, count, line

Kept = tuple[Callable[[str], str], Callable[[str, str], None]]
TOLD = 6


class Drafts:
    """What an operator is going to say of lines; `kept` reads and writes a text by its name, where there is one."""

    def __init__(self, kept: Kept | None = None) -> None:
        self._kept = kept
        self._known: dict[str, tuple[Comment, ...]] = {}

    def of(self, workstream: str) -> tuple[Comment, ...]:
        """Return the comments on a workstream's lines, file by file."""
        if workstream not in self._known:
            text = self._kept[0](_name(workstream)) if self._kept else ""
            try:
                self._known[workstream] = msgspec.json.decode(text, type=tuple[Comment, ...]) if text else ()
            except msgspec.MsgspecError:
                self._known[workstream] = ()
        return self._known[workstream]

    def put(self, workstream: str, comment: Comment) -> str:
        """Keep a comment in place of one on the same line, an empty one of none; return why that cannot be."""
        others = [one for one in self.of(workstream) if _line(one) != _line(comment)]
        if not comment.text:
            self._keep(workstream, others)
            return ""
        if len(others) >= MOST:
            return f"{count(MOST, 'comment')} are the most that can be sent at once"
        kept = replace(comment, text=comment.text[:LONGEST], code=comment.code[:QUOTED])
        self._keep(workstream, sorted([*others, kept], key=lambda one: (one.path, one.line, one.removed)))
        return ""

    def with_comments(self, orders: Iterable[Order]) -> tuple[Order, ...]:
        """Return orders that reject workstreams with the comments on these; each of such a workstream is its own."""
        found: list[Order] = []
        for order in orders:
            said = [key for key in order.targets if self.of(key)]
            rest = tuple(key for key in order.targets if key not in said)
            found += [replace(order, targets=rest)] if rest else []
            found += [replace(order, targets=(key,), comments=self.of(key)) for key in said]
        return tuple(found)

    def settled(self, order: Order) -> None:
        """Forget what an order sent, or what it made needless."""
        for key in order.targets if order.verb in ("reject", "approve") else ():
            sent = set(order.comments) if order.verb == "reject" else set(self.of(key))
            if sent:
                self._keep(key, [one for one in self.of(key) if one not in sent])

    def told(self, workstreams: Iterable[str]) -> list[str]:
        """Return the comments on some workstreams, as lines to read, the first ones in full."""
        every = [one for key in workstreams for one in self.of(key)]
        told = [f"  {line(one.place)}: {line(one.text)}" for one in every[:TOLD]]
        return [*told, f"  and {len(every) - TOLD} more"] if len(every) > TOLD else told

    def _keep(self, workstream: str, comments: Iterable[Comment]) -> None:
        self._known[workstream] = tuple(comments)
        if self._kept:
            text = msgspec.json.encode(self._known[workstream]).decode() if self._known[workstream] else ""
            self._kept[1](_name(workstream), text)


def on_line(diff: DiffText, at: int) -> Comment | None:
    """Return an empty comment on a line of a diff; None where that is no line of a file."""
    if not 0 <= at < len(diff.lines) or (one := diff.lines[at]).kind not in OF_FILES:
        return None
    removed = one.kind == REMOVED
    return Comment(one.path, one.old if removed else one.new, "", one.text[:QUOTED], removed)


def placed(diff: DiffText, comments: Iterable[Comment]) -> dict[int, list[str]]:
    """Return what is said below which line of a diff: where the line went, else below its file's title.

    What is said of a file that is not in the diff is left out.
    """
    said = tuple(comments)
    found: dict[int, list[str]] = {}
    places = _places(diff, {_code(one) for one in said})
    for one in said:
        there = places.get(_code(one), ())
        title = diff.title(one.path)
        if there:
            at = min(there, key=lambda at: abs((diff.lines[at].old if one.removed else diff.lines[at].new) - one.line))
            found.setdefault(at, []).append(code(one.text))
        elif title is not None:
            found.setdefault(title, []).append(f"line {one.line}, which is not shown: {code(one.text)}")
    return found


def _places(diff: DiffText, wanted: set[tuple[str, str, bool]]) -> dict[tuple[str, str, bool], list[int]]:
    """Return where lines of these texts stand."""
    found: dict[tuple[str, str, bool], list[int]] = {}
    for at, one in enumerate(diff.lines if wanted else ()):
        if one.kind in OF_FILES:
            key = (one.path, one.text[:QUOTED], one.kind == REMOVED)
            if key in wanted:
                found.setdefault(key, []).append(at)
    return found


def _code(comment: Comment) -> tuple[str, str, bool]:
    return comment.path, comment.code, comment.removed


def _line(comment: Comment) -> tuple[str, int, bool]:
    return comment.path, comment.line, comment.removed


def _name(workstream: str) -> str:
    return f"comments:{workstream}"
