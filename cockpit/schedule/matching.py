"""Which reply, given beforehand, answers a question: the operator's own for that workstream, else the plan's. Pure.

How well a pattern matches is the share of the question that its longest match covers, in percent, white space at both
ends left out and runs of it counted once. A reply is used where that is at least the pattern's threshold; the first
one in the plan's order wins. A standing reply is used for the very same words alone, whatever their case.
"""

import re
from collections.abc import Iterable
from functools import cache

from cockpit.schedule.outline import QuickReply
from cockpit.schedule.talk import Standing

LONGEST = 400
"""Characters of a question that patterns are tried on: an agent wrote it, and some patterns take ages on long text."""


def plain(text: str) -> str:
    """Return a text with its runs of white space as single blanks."""
    return " ".join(text.split())


def share(pattern: str, question: str) -> float:
    """Return how much of a question a pattern's longest match covers, from 0 to 100.

    A question that is too long, and a pattern that cannot be read, match nothing.
    """
    asked = plain(question)
    compiled = _compiled(pattern)
    if not asked or len(asked) > LONGEST or compiled is None:
        return 0.0
    longest = max((found.end() - found.start() for found in compiled.finditer(asked)), default=0)
    return 100.0 * longest / len(asked)


def standing_reply(replies: Iterable[Standing], question: str) -> Standing | None:
    """Return the operator's own reply to this very question, the newest first; None where there is none."""
    asked = plain(question).casefold()
    return next((one for one in reversed(tuple(replies)) if one.question.casefold() == asked), None)


def quick_reply(replies: Iterable[QuickReply], question: str) -> tuple[QuickReply, float] | None:
    """Return the plan's first reply whose pattern covers enough of a question, and how much; None where none does."""
    for one in replies:
        found = share(one.match, question)
        if found and found >= one.threshold:
            return one, found
    return None


@cache
def _compiled(pattern: str) -> "re.Pattern[str] | None":
    try:
        return re.compile(pattern)
    except re.error:
        return None
