"""Which reply, given beforehand, answers a question: the operator's own for that workstream, else the plan's. Pure.

How well a pattern matches is the share of the question that its longest match covers, in percent, white space at both
ends left out and runs of it counted once. A reply is used where that is at least the pattern's threshold; the first
one in the plan's order wins. A standing reply is used for the very same words alone, whatever their case.

A permission must not come to more than what is meant: there a pattern has to cover the whole question, and a standing
reply to be to the same words in the same case.
"""

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from cockpit.schedule.outline import QuickReply
from cockpit.schedule.talk import Standing

if TYPE_CHECKING:
    from regex import Pattern

PERMISSION = "May it"
"""How all begins that is asked for an agent which wants to be allowed something."""
WHOLE = 100.0
PATIENCE_S = 0.02
"""How long a pattern is tried on a question: an agent wrote that, and on some text some patterns are tried for ever."""
LONGEST = 400
"""Characters of a question that patterns are tried on."""


class Found(Struct, frozen=True):
    """The reply that is used, and how much of the question it covers; `slow`: patterns that were given up on."""

    reply: QuickReply | None = None
    share: float = 0.0
    slow: tuple[str, ...] = ()


def plain(text: str) -> str:
    """Return a text with its runs of white space as single blanks."""
    return " ".join(text.split())


def share(pattern: str, question: str) -> float:
    """Return how much of a question a pattern's longest match covers, from 0 to 100.

    A question that is too long, and a pattern that cannot be read, match nothing. Raises TimeoutError where it takes
    more than PATIENCE_S.
    """
    asked = plain(question)
    compiled = _compiled(pattern)
    if not asked or len(asked) > LONGEST or compiled is None:
        return 0.0
    matches = compiled.finditer(asked, timeout=PATIENCE_S)
    longest = max((found.end() - found.start() for found in matches), default=0)
    return WHOLE * longest / len(asked)


def standing_reply(replies: Iterable[Standing], question: str) -> Standing | None:
    """Return the operator's own reply to this very question, the newest first; None where there is none."""
    asked = plain(question)
    cased = asked.startswith(PERMISSION)
    same = asked if cased else asked.casefold()
    newest = reversed(tuple(replies))
    return next((one for one in newest if (one.question if cased else one.question.casefold()) == same), None)


def quick_reply(replies: Iterable[QuickReply], question: str) -> Found:
    """Return the plan's first reply whose pattern covers enough of a question."""
    slow: list[str] = []
    for one in replies:
        try:
            found = share(one.match, question)
        except TimeoutError:
            slow.append(one.match)
            continue
        if found and found >= (WHOLE if plain(question).startswith(PERMISSION) else one.threshold):
            return Found(one, found, tuple(slow))
    return Found(slow=tuple(slow))


@cache
def _compiled(pattern: str) -> "Pattern[str] | None":
    import regex  # most plans have no patterns

    try:
        return regex.compile(pattern)
    except (regex.error, RecursionError):
        return None
