"""Lines of code → which parts of them are keywords, strings, comments; by the language that the file's name tells.

Knows no screen. It is slow enough to be called in a thread, and looks at no more than it is given.
"""

from collections.abc import Sequence
from functools import lru_cache
from time import monotonic
from typing import Any

KINDS = ("keyword", "string", "remark", "number", "name")
Span = tuple[int, int, str]
"""From a character to another, and one of KINDS."""
LINES = 200  # that are looked at together: what began above them is not known
_LONGEST = 400  # characters of a line: longer ones are data, and an expression can take very long on them
_PATIENCE_S = 0.5


def spans(path: str, lines: Sequence[str]) -> list[list[Span]]:
    """Return the coloured parts of each line; none where the language is not known or a line is very long."""
    found: list[list[Span]] = [[] for _ in lines]
    lexer = _lexer(path.rpartition("/")[2])
    if lexer is None:
        return found
    looked_at = [line if len(line) <= _LONGEST else "" for line in lines]
    starts = [0]
    for line in looked_at:
        starts.append(starts[-1] + len(line) + 1)
    end = monotonic() + _PATIENCE_S
    at = 0
    for offset, token, text in lexer.get_tokens_unprocessed("\n".join(looked_at) + "\n"):
        kind = _kind(token)
        if kind and text.strip():
            while starts[at + 1] <= offset:
                at += 1
            _put(found, starts, at, (offset, offset + len(text)), kind)
        if monotonic() > end:
            break
    return found


def _put(found: list[list[Span]], starts: list[int], at: int, where: tuple[int, int], kind: str) -> None:
    """Add a part that may go over several lines."""
    offset, end = where
    while offset < end and at < len(found):
        first, last = offset - starts[at], min(end, starts[at + 1] - 1) - starts[at]
        if last > first:
            found[at].append((first, last, kind))
        at += 1
        offset = starts[at]


@lru_cache(maxsize=64)
def _lexer(name: str) -> Any:
    from pygments.lexers import find_lexer_class_for_filename

    if not name or len(name) > 200:
        return None
    lexer = find_lexer_class_for_filename(name)
    return lexer() if lexer is not None and lexer.name != "Text only" else None


@lru_cache(maxsize=512)
def _kind(token: Any) -> str:
    from pygments import token as t

    for kind, types in (
        ("remark", (t.Comment,)),
        ("string", (t.String,)),
        ("number", (t.Number,)),
        ("keyword", (t.Keyword, t.Operator.Word, t.Name.Tag)),
        ("name", (t.Name.Function, t.Name.Class, t.Name.Decorator, t.Name.Attribute, t.Generic.Heading)),
    ):
        if any(token in one for one in types):
            return kind
    return ""
