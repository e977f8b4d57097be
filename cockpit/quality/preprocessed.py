"""What a grammar can read of a text with conditional compilation and macros: same places, without what it cannot know.

A grammar of C knows no macros, and reads both branches of a conditional as if they followed each other. Here one branch
of each is blanked, and in C and C++ what by its capitals is a macro that is no expression.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from cockpit.quality.gaps import CAPITALS, ROUND, blank, bridged
from cockpit.quality.languages import CPP, CSHARP, KOTLIN, RUST, SWIFT, TSX, TYPESCRIPT, C, Language

PREPROCESSED = (C, CPP, CSHARP, SWIFT, RUST, KOTLIN, TYPESCRIPT, TSX)
_DIRECTIVE = re.compile(r"[ \t]*#[ \t]*([a-z]+)\b[ \t]*(.*)")
_CONDITIONS = re.compile(r"(?m)^[ \t]*#[ \t]*(if|ifdef|ifndef|endif)\b")
_DIRECTIVES_WORDS = (
    "if ifdef ifndef elif elifdef elifndef elseif else endif define undef include include_next import pragma "
    "error warning line region endregion nullable available "
)
_DIRECTIVES = frozenset(_DIRECTIVES_WORDS.split())
# Comments and texts, so that nothing in them is taken for code.
_LEXED = re.compile(
    r"//(?:[^\n\\]|\\.)*|/\*.*?(?:\*/|\Z)"
    r'|R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"'
    r'|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL,
)
_QUOTED = re.compile(r'"""[\s\S]*?"""|//[^\n]*|/\*.*?(?:\*/|\Z)|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)
_NAME, _ROUND = CAPITALS, ROUND
_BEFORE_BLOCK = re.compile(rf"(?m)^([ \t]*)({_NAME}[ \t]*{_ROUND})(?=\s*\{{)")
_STATEMENT = re.compile(
    rf"(?m)(?:(?<=[;{{}}\n])|\A)([ \t]*)({_NAME}(?:[ \t]*{_ROUND})?)[ \t]*(?=\n)(?!\s*[,;:=.?+*/%&|^)\]<>-])"
)
_LABEL = re.compile(rf"(?m)^[ \t]*{_NAME}[ \t]*:(?!:)[ \t]*$")
_ATTRIBUTE = re.compile(
    rf"(?m){_NAME}(?:[ \t]*{_ROUND})?(?=[ \t]+(?!or\b|and\b|xor\b)[A-Za-z_][\w:]*(?:<[^<>;()]*>)?[ \t\n*&]+[A-Za-z_~*])"
)
_TRAILING = re.compile(
    rf"\s(?<=[)\]\w]\s)(?<!\bcase\s)(?<!\bgoto\s)(?<!\breturn\s)[ \t\n]*(?!NULL\b){_NAME}(?:[ \t]*{_ROUND})?"
    rf"(?:(?=\s*(?:[{{;:]|->|override\b|final\b))|(?=\s*=[ \t]*(?:default|delete)\b))"
)
_REFERENCE = re.compile(r"(?<=[\w>])&(?=\))")  # of a type that a macro is given
_CALLED = re.compile(rf"(?m)^(?!#)[A-Za-z_]\w*[ \t]*{_ROUND}[ \t]*(?=\n[ \t]*(?:\n|\Z|[A-Za-z_]\w*[ \t]*\())")
_C_BLOCK = re.compile(
    rf"(?m)(?<=[;{{}}\n])([ \t]+)((?!if\b|for\b|while\b|switch\b|return\b|else\b)[A-Za-z_]\w*[ \t]*{_ROUND})(?=\s*\{{)"
)


def branches(text: str, language: Language) -> tuple[str, ...]:
    """Return what can be read of each branch: of the first of each conditional, and of the last where it differs."""
    if language in (C, CPP):
        masked = _masked(text)
    else:
        masked = bridged(text, language)
        if language not in (CSHARP, SWIFT):
            return (masked,)
    first, last = _branch(masked, last=False), _branch(masked, last=True)
    return (first,) if first == last else (first, last)


def open_directives(text: str) -> int:
    """Return by how much the directives of a text that open a condition outnumber those that close one."""
    return sum(1 if one[1].startswith("if") else -1 for one in _CONDITIONS.finditer(_masked(text)))


def open_comment(text: str) -> int:
    """Return the number of the line on which a comment begins that never ends; 0: there is none."""
    at = 0
    for one in _LEXED.finditer(text):
        if one[0].startswith("/*") and (len(one[0]) < 4 or not one[0].endswith("*/")):
            at = text.count("\n", 0, one.start()) + 1
    return at


def unterminated(text: str) -> list[int]:
    """Return the numbers of the lines of a C text on which a text begins that does not end there."""
    found, lines = [], _masked(text).split("\n")
    continued = False
    for n, line in enumerate(lines, 1):
        directive = continued or line.lstrip().startswith("#")
        continued = line.rstrip("\r").endswith("\\")
        if not directive and not continued and line.count('"') % 2:
            found.append(n)
    return found


@lru_cache(maxsize=4)  # one change asks for each of its sides several times
def _masked(text: str) -> str:
    """Return a text with comments blanked, and what texts hold replaced."""

    def replaced(found: re.Match[str]) -> str:
        one = found[0]
        if one[0] == "/":
            return blank(one)
        if one[0] == "R":
            return '"' + blank(one[1:-1]).replace(" ", "x") + '"' if "\n" not in one else blank(one[:-2]) + '""'
        return one[0] + "x" * (len(one) - 2) + one[-1]

    return _LEXED.sub(replaced, text)


def brackets(text: str) -> Counter[str]:
    """Count the brackets outside comments and texts: less than a parser sees, but surely whatever it cannot read."""
    return Counter(re.findall(r"[()\[\]{}]", _QUOTED.sub("", text)))


def _branch(text: str, *, last: bool) -> str:
    lines = text.split("\n")
    out = list(lines)
    kept: list[bool] = []
    ends = _last_branches(lines) if last else {}
    continued = False
    for n, line in enumerate(lines):
        found = None if continued else _DIRECTIVE.match(line)
        word = found[1] if found else ""
        if continued or word in _DIRECTIVES:
            continued = line.rstrip("\r").endswith("\\")
            value = word.startswith("include") and (lines[n - 1] if n else "").rstrip().endswith("=")
            out[n] = "0".ljust(len(line)) if value else ""
            if word.startswith("if"):
                never = found is not None and found[2].strip() in ("0", "false")
                kept.append(not never if not last else ends.get(n, n) == n)
            elif word.startswith("el") and kept:
                kept[-1] = last and ends.get(n, -1) == n
            elif word == "endif" and kept:
                kept.pop()
        elif not all(kept):
            out[n] = ""
    return "\n".join(_padded(lines, out))


def _padded(lines: list[str], out: list[str]) -> Iterator[str]:
    for line, kept in zip(lines, out, strict=True):
        yield kept or " " * len(line)


def _last_branches(lines: list[str]) -> dict[int, int]:
    """Return for the first line of each branch the first line of the last branch of its conditional."""
    open_: list[list[int]] = []
    last: dict[int, int] = {}
    for n, line in enumerate(lines):
        found = _DIRECTIVE.match(line)
        word = found[1] if found else ""
        if word.startswith("if"):
            open_.append([n])
        elif word in ("elif", "elifdef", "elifndef", "elseif", "else") and open_:
            open_[-1].append(n)
        elif word == "endif" and open_:
            branches = open_.pop()
            last.update(dict.fromkeys(branches, branches[-1]))
    return last


def without_macros(text: str, language: Language) -> str:
    """Return a branch of C or C++ without what by its place and capitals is a macro and no expression."""
    text = bridged(text, language)
    text = _BEFORE_BLOCK.sub(_as_condition, text)
    if language is C:
        text = _C_BLOCK.sub(_as_condition, text)
    text = _LABEL.sub(lambda one: blank(one[0]), text)
    text = _ATTRIBUTE.sub(lambda one: blank(one[0]), text)
    text = _statements(_CALLED, _statements(_STATEMENT, text))
    text = _REFERENCE.sub(" ", text)
    for _ in range(2):  # one after the other
        text = _TRAILING.sub(lambda one: blank(one[0]), text)
    return text


def _statements(pattern: re.Pattern[str], text: str) -> str:
    """Return a text without the macros that stand where a statement ends, one after the other."""
    out, at, ends = [], 0, 0
    for one in pattern.finditer(text):
        between = text[max(ends, one.start() - 400) : one.start()].rstrip()
        if (between or ends == 0 or one.start() - ends > 400) and between[-1:] not in (*";{}:>", ""):
            continue
        out += [text[at : one.start()], blank(one[0])]
        at = ends = one.end()
    return "".join([*out, text[at:]])


def _as_condition(found: re.Match[str]) -> str:
    if not found[1]:  # at the left edge it is a function
        return "i f()" + blank(found[2])[5:]
    return found[1] + "if(1)" + blank(found[2])[5:]
