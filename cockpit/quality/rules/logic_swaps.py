"""Conditions that a change turned round or decided in advance, where the text around them contradicts what they say now."""

# ruff: noqa: E501 -- a pattern that is broken over lines cannot be read as one

import re
from collections.abc import Iterator, Sequence

from cockpit.quality.change import Change, Hunk
from cockpit.quality.rule import Found

_TOKENS = re.compile(r"\w+|\s+|<=>|[<>=!]==|[<>=!]=|&&|\|\||->|=>|\+\+|--|<<|>>|\S")
_TURNED = (
    ({"<", "<=", ">", ">="}, "a comparison was turned"),
    ({"==", "!="}, "a comparison was turned round"),
    ({"===", "!=="}, "a comparison was turned round"),
    ({"&&", "||"}, "a condition joins its parts the other way round"),
    ({"and", "or"}, "a condition joins its parts the other way round"),
)
_COMMENT = re.compile(r"\s*(?://|#(?!\[)|--|\*|/\*|<!--|;;)")
_CONSTANT = re.compile(
    r"(?:\b(?:if|elif|elsif|unless|guard|else\s+if)\b\s*\(?|\breturn\b\s*\(?)\s*(?:(?:true|True|1)\s*(?:\|\||\bor\b)|(?:false|False|0)\s*(?:&&|\band\b))\s*\S"
    r"|\b(?:if|elif|elsif|else\s+if)\b.*\S\s*(?:(?:\|\||\bor\b)\s*(?:true|True|1\s*==\s*1)|(?:&&|\band\b)\s*(?:false|False))\s*\)?\s*(?:[:{]|then\b|$)"
    r"|^\s*(?:\}\s*)?(?:if|elif|elsif|unless|else\s+if)\b\s*\(?\s*!?(?:true|True|false|False|[01]|1\s*==\s*1|1\s*==\s*0)\s*\)?\s*(?:[:{]|then\b|$)"
)
_CONDITION = re.compile(r"\b(?:if|elif|elsif|unless|guard|while|return|when)\b")
_LENGTH = r"(?:\.(?:length|size|Length|Count|count)\b(?:\(\))?|\blen\([\w.]+\)|\bcount\(\$\w+\)|\bsizeof\(\w+\))"
_PAST_THE_END = re.compile(
    rf"\bfor\b.*=\s*0\s*;.*<=\s*[$\w.>()\[\]-]*?(?:{_LENGTH})\s*;|\bfor\b.*=\s*0\s*;.*<=\s*(?:len\([\w.]+\)|count\(\$\w+\)|strlen\(\w+\))\s*;|\bwhile\b.*\b(?:i|j|k|n|pos|index|idx|offset)\s*<=\s*(?:[\w.]+(?:\.length|\.size\(\)|\.Length|\.Count)|len\([\w.]+\))\s*[):{{]"
)
_ALWAYS = re.compile(rf"(?:{_LENGTH})\s*(?:>=\s*0|<\s*0)(?![.\dxX])")
_NOTHING = r"(?:null|nullptr|NULL|nil|None|undefined)"


def turned_conditions(change: Change) -> Iterator[Found]:
    """Yield the conditions that are decided in advance or contradict the code around them since the change."""
    if change.before is None or change.language.kind != "code":
        return
    for hunk in change.hunks:
        if hunk.after_end - hunk.after_start > 30 or hunk.before_end == hunk.before_start:
            continue
        found = _decided(change, hunk) or _contradicts(change, hunk)
        if found is not None:
            yield found


def _decided(change: Change, hunk: Hunk) -> Found | None:
    old = change.before.lines[hunk.before_start : hunk.before_end] if change.before else ()
    for number in range(hunk.after_start, hunk.after_end):
        line = change.after.lines[number]
        if (
            len(line) > 500
            or not _CONSTANT.search(line)
            or _COMMENT.match(line)
            or any(_CONSTANT.search(one[:500]) for one in old)
        ):
            continue
        words = set(re.findall(r"\w{3,}", line))
        asked = [one for one in old if _CONDITION.search(one)]
        shared = any(
            words & set(re.findall(r"\w{3,}", one)) - {"true", "false", "True", "False", "return", "else", "elif"}
            for one in asked
        )
        if shared or (len(old) == hunk.after_end - hunk.after_start == 1 and asked):
            return Found(number + 1, "a condition is decided in advance", missing=tuple(one.strip() for one in old))
    return None


def _contradicts(change: Change, hunk: Hunk) -> Found | None:
    size = hunk.after_end - hunk.after_start
    if change.before is None or size != hunk.before_end - hunk.before_start or size > 4:
        return None
    for nth in range(size):
        a, b = change.before.lines[hunk.before_start + nth], change.after.lines[hunk.after_start + nth]
        swap = _swap(a, b)
        if swap is None:
            continue
        number = hunk.after_start + nth
        if _makes_no_sense(swap, b, change.after.lines[number + 1 : number + 4]):
            return Found(number + 1, f"{swap[2]}, against what the code around it says", missing=(a.strip(),))
    return None


def _swap(a: str, b: str) -> tuple[str, str, str] | None:
    """Return the one operator that differs between two lines, before and after, and what that means."""
    if len(a) > 400 or len(b) > 400 or _COMMENT.match(a):
        return None
    old = [one for one in _TOKENS.findall(a) if not one.isspace()]
    new = [one for one in _TOKENS.findall(b) if not one.isspace()]
    if len(old) != len(new):
        return None
    other = [(x, y) for x, y in zip(old, new, strict=True) if x != y]
    if len(other) != 1:
        return None
    x, y = other[0]
    return next(((x, y, message) for group, message in _TURNED if x in group and y in group), None)


def _makes_no_sense(swap: tuple[str, str, str], line: str, below: Sequence[str]) -> bool:
    before, after, _ = swap
    if after in ("<=", ">=", "<", ">"):
        return bool(_PAST_THE_END.search(line) and after == "<=" and before == "<") or bool(_ALWAYS.search(line))
    if after in ("&&", "and"):
        return any(
            _uses(line[found.end() :], found[1])
            for found in re.finditer(rf"!?\b([\w.$>-]+?)\s*(?:===?|is)\s*{_NOTHING}\s*(?:&&|and)\s", line)
            if " not " not in found[0]
        )
    if after in ("||", "or"):
        return any(
            _uses(line[found.end() :], found[1])
            for found in re.finditer(rf"\b([\w.$>-]+?)\s*(?:!==?|is\s+not)\s*{_NOTHING}\s*(?:\|\||or)\s", line)
        )
    found = re.search(rf"\bif\b[\s(]*([\w.$>-]+)\s*({re.escape(after)})\s*{_NOTHING}\s*\)?\s*[:{{]?\s*$", line)
    if not found:
        return False
    first = next((one for one in below if one.strip() and not _COMMENT.match(one) and one.strip() != "{"), "")
    name = found[1]
    if after.startswith("=") and name in ("err", "error", "e", "ex"):
        return bool(
            re.search(rf"\b(?:return\b.*\b{name}\b|throw\b.*{name}|panic\({name}|log\.Fatal\w*\(.*\b{name}\b)", first)
        )
    return after.startswith("=") and _uses(first, name)


def _uses(text: str, name: str) -> bool:
    """Tell whether a text looks inside of what a name stands for."""
    return bool(re.search(rf"(?<![\w.$]){re.escape(name)}(?:\.|->|\[)(?!\s*=)\w*", text))
