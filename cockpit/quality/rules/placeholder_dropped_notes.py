"""Finds notes among the new lines of a change: comments that stand for themselves, ellipses, and prose that is no code.

It goes by lines, because a dropped piece of code often leaves text that no grammar reads; only what stands inside a
literal of several lines is asked of the grammar, and passed over.
"""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from cockpit.quality.change import Change
from cockpit.quality.rules.incomplete_code_idle import LONGEST, Idle, idle
from cockpit.quality.rules.placeholder_dropped_wording import NOTHING, Weight, only_dots, weigh
from cockpit.quality.rules.placeholder_dropped_words import DONE, GONE

COMMENT, TRAILING, DOTS, BRACKETED, PROSE = "comment", "trailing", "dots", "bracketed", "prose"

_PREPROCESSOR = (
    r"(?:include|define|if|ifn?def|el(?:se|if)|endif|pragma|(?:end)?region|undef|error|warning|line|import)\b"
)
_SPACED = (
    r"[ \t]+(?:include\s*[<\"]|(?:define|undef|ifn?def)\s+[A-Z_][A-Z0-9_]*\b|endif\s*(?:$|/)|else\s*(?:$|/)|"
    r"(?:el)?if\s+(?:!?\(?!?defined\b|[A-Z_]{3})|pragma\s+\w)"
)  # a preprocessor's word, indented behind its mark
_MARKED = re.compile(
    r"(?:\{\s*/\*+|/\*+!?|\*+/|\*+(?=\s)|//+!?|<!--+|<%#|<%--|\{\{?!(?:--)?|\{#(?!if|each|await|key|snippet)|@\*|"
    rf"#+(?![\[!]|{_PREPROCESSOR}|{_SPACED})|#(?=\[(?:\.\.|\w+[:,]? \w))|"
    r"--+(?=[\s\[(.]|\w+ \w)|;+(?=\s)|%+(?=\s)|\(\*|\{-|'(?=\s\w)|\"{3}|'{3}|"
    r"=begin\b|rem\b(?=\s)|dnl\b)",
    re.IGNORECASE,
)
_CLOSED = re.compile(r"(?:\*+/\s*\}|\*+/|--+>|--%>|%>|--\}\}|\}\}|#\}|\*@|\*\)|-\}|\"{3}|'{3}|^=end)[;,]?\s*$")
_TRAILING = re.compile(r"(?<=[\s{(\[;,])(?://+|/\*+|#+|--|<!--)\s?(?=[\s\w.\[(<\u2026*\-=~])")
_OPENS = re.compile(r"(?:[{(\[:>=|]|\bdo|\bthen|\bbegin|\belse)$")
_STUB = re.compile(r"(?:[\w .]*\{\s*\})?[;,]?")
_SAYS = re.compile(r"""["'`]([^"'`]*[^\W\d_][^"'`]*)["'`]""")
_SPREAD = re.compile(r"\.\.\.(?:[\w$@.]+(?:[(\[{].*)?\s*[,;)}\]]*|\s*[\w$@.]+(?:[(\[{].*)?\s*[,;)}\]]+)$")
_WRAPPED = re.compile(r"(?!\{[#:@/]\w)[\[(<{*_~]+\s*[^\[\](){}<>=;]{2,}[^\[\](){}<>=;]*[\])>}*_~]+[.,;]?$")
_ENDED = re.compile(r"(?:end|namespace|class|struct|extern|endif|#?if|for|while|function)\b")
_BRACED = re.compile(r"\{\s*(?:\.\.\.|\u2026)\s*\}[)\]};,]{0,4}$")
_COLUMNS = re.compile(r"\w\s{2,}\w|\t")
_SENTENCE = re.compile(r"(?:\d+ )?[^\W\d_][\w ,.'\u2019():/\u2014-]*[\w).:\u3002]$")
_CODE_ENDS = re.compile(
    r"\bdo$|^(?!(?:[^\W\d_]+ ){3})[^ ]*(?: .*)?[\w\])]\(\)$|\w\(\w+\)$|^\w+:\s*\S+$|^\w+(?:, ?\w+)*$"
)
_CODE_STARTS = re.compile(
    r"(?:from|import|case|def|func?|fn|if|elif|while|for|except|yield|raise|throw|return|class|export|public|private|"
    r"let|const|var|val|assert|expect|it|describe|select|insert|update|delete|create|alter|drop|set|echo|include|use)\b"
    r"(?! (?:the|of|all|a)\b)|[\w-]+:\s|\w+(?:\.\w+)*\((?!\)(?: [a-z]+){3})"
)
_JSON_NOTE = re.compile(
    r'"((?:\.\.|\u2026|//|#|_*(?:comment|note)s?_*\b)[^"]*)"\s*(?::\s*"?([^"]*)"?)?\s*,?$', re.IGNORECASE
)
_SPACELESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{3}")
_BEGINS = re.compile(r"\W*+[A-Z\u0400-\u042f]|[\[(<.\u2026*-]")
MOST = 50  # notes of one file that matter
_LONGEST = 400  # characters of a line that could be a note
_LONG = 25  # words of a comment about other things, among which a sentence weighs less
_ENDS = 20  # sentences that are weighed at each end of a comment
TRIVIAL = re.compile(
    r"\W*+(?:(?:end|else|pass|return|break|continue|fi|done|esac|do|then|begin|try|finally|default)\b\W*+)?"
)


@dataclass(frozen=True, slots=True)
class Note:
    """A note on new lines (from 1, both included), its text without marks, and how it is written.

    `code` is the code before a note at a line's end that stood there already.
    """

    line: int
    end_line: int
    text: str
    kind: str
    sentences: tuple[str, ...]
    code: str = ""


def is_comment(line: str) -> bool:
    """Tell whether a line without its indentation looks like nothing but a comment."""
    return bool(_MARKED.match(line))


def is_code(line: str) -> bool:
    """Tell whether a line without its indentation holds code that does something."""
    return bool(line) and not is_comment(line) and not TRIVIAL.fullmatch(line)


def notes_in(change: Change, start: int, end: int, old: AbstractSet[str] = frozenset()) -> Iterator[Note]:
    """Yield the notes among the lines [start, end) after the change, counted from 0, that are new; `old`: what was."""
    lines = change.after.lines
    rows: list[tuple[int, str]] = []
    for n in range(start, end + 1):
        line = lines[n].strip() if n < end else ""
        marked = _MARKED.match(line) if n + 1 in change.added and line and len(line) <= _LONGEST else None
        if marked and rows and rows[-1][1].endswith("*/") and "/*" not in rows[-1][1]:
            yield _block(rows)
            rows = []
        if (marked and (rows or not line.startswith("*") or _only_line(lines, n))) or (
            rows and _inside_block(rows) and n < end
        ):
            rows.append((n, line))
            continue
        if rows:
            yield _block(rows)
            rows = []
        if n + 1 in change.added and line and len(line) <= _LONGEST and (note := _unmarked(change, n, line, old)):
            yield note


def _only_line(lines: tuple[str, ...], n: int) -> bool:
    """Tell whether a line is all that a comment of several lines says."""
    return (
        n > 0 and lines[n - 1].strip() in ("/*", "/**", "/*!") and n + 1 < len(lines) and lines[n + 1].strip() == "*/"
    )


def _inside_block(rows: list[tuple[int, str]]) -> bool:
    """Tell whether the last row is inside a comment of several lines that is not closed yet."""
    for n, line in reversed(rows[-60:]):
        if _CLOSED.search(line[-_LONGEST:]) and not (line in ('"""', "'''") and n == rows[0][0]):
            return False
        if line.startswith(("/*", "<!--", "{/*", "(*", '"""', "'''", "=begin")):
            return len(rows) < 60
    return False


def _block(rows: list[tuple[int, str]]) -> Note:
    texts = [unmarked(line) for _, line in rows]
    texts = [text for text in texts if re.search(r"[^\W_]|\.\s?\.|\u2026|\u2702|\u2704|\u22ee|\u22ef", text)]
    kind = DOTS if len(texts) == 1 and only_dots(texts[0]) else COMMENT
    return Note(rows[0][0] + 1, rows[-1][0] + 1, " ".join(texts), kind, tuple(_sentences(texts)))


def unmarked(line: str) -> str:
    """Return a line without its comment marks."""
    return _CLOSED.sub("", _MARKED.sub("", line.strip()[:_LONGEST], count=1)).strip()


def _sentences(lines: list[str]) -> Iterator[str]:
    """Join lines that run on, and part what ends: at a full stop, or where the next line begins anew."""
    text = ""
    for line in lines:
        begins = _BEGINS.match(line) or text.endswith((".", "!", ":", "\u2026")) or len(text) > _LONGEST
        if text and begins:
            yield text
            text = ""
        text = f"{text} {line}".strip()
    if text:
        yield from re.split(r"(?<=[^.\s]{2}[.!:])\s+(?=[A-Z])", text)


def _unmarked(change: Change, n: int, line: str, old: AbstractSet[str]) -> Note | None:
    """Return what a line without a comment mark at its start is a note of, if it is one."""
    if trailing := _behind(line, old):
        code, text = trailing
        return Note(n + 1, n + 1, text, TRAILING, (text,), code)
    found = _upright(change.after.lines, n) or _unmarked_text(change, line)
    if found is None:
        return None
    text, kind = found
    return Note(n + 1, n + 1, text, kind, (text,))


def _upright(lines: tuple[str, ...], n: int) -> tuple[str, str] | None:
    """Return an ellipsis that goes downwards, a point a line, if one begins there."""
    points = lines[n].strip() == "." and n + 1 < len(lines) and lines[n + 1].strip() == "."
    return ("...", DOTS) if points else None


def _unmarked_text(change: Change, line: str) -> tuple[str, str] | None:
    if change.language.name == "json" and line.startswith('"'):
        note = _JSON_NOTE.match(line)
        return (f"{note[1]} {note[2] or ''}".strip(), COMMENT) if note else None
    if only_dots(line) or (_BRACED.search(line) and change.language.name not in ("python", "ruby")):
        return (line, DOTS)
    if trailing := _trailing(line, change.language.name):
        return (trailing, TRAILING)
    if _SPREAD.match(line):
        return None
    if (line.startswith(("..", "\u2026")) or line.endswith(("...", "\u2026"))) and not re.search(
        r"[=;{}\"]|\w\(", line
    ):
        return (line, BRACKETED)
    if _WRAPPED.fullmatch(line):
        return (line, BRACKETED)
    if (
        _SENTENCE.fullmatch(line)
        and not _COLUMNS.search(line)
        and not (_CODE_STARTS.match(line) or (_CODE_ENDS.search(line) and not _SPACELESS.search(line)))
        and (" " in line or _SPACELESS.search(line))
    ):
        return (line, PROSE)
    return None


def _behind(line: str, old: AbstractSet[str]) -> tuple[str, str] | None:
    """Return the code of a line that stood there already, and the comment that came behind it."""
    for found in _TRAILING.finditer(line):
        code = line[: found.start()].rstrip()
        if code in old and not (code[-1:] == "}" and _ENDED.match(_comment(line, found))):
            return code, _comment(line, found)
    return None


def _comment(line: str, found: re.Match[str]) -> str:
    rest = line[found.end() :]
    if line[found.start()] == "/":
        rest = re.sub(r"[\s)\]};,]+$", "", rest) if rest[:1] not in ("(", "[") else rest.rstrip("; ")
    return _CLOSED.sub("", re.sub(r"\*/.*$|-->.*$", "", rest)).strip()


def _trailing(line: str, language: str) -> str:
    """Return the comment behind code that only opens a block, or only stands in for code; empty if there is none.

    What code says that fails for want of more is such a comment too.
    """
    for found in _TRAILING.finditer(line):
        code = line[: found.start()].rstrip()
        if code and (_OPENS.search(code) or _STUB.fullmatch(code) or stands_in(code, language)):
            comment = _comment(line, found)
            return "" if code[-1] == "}" and _ENDED.match(comment) else comment
    if len(line) <= LONGEST and line[0] != "#" and _fails(line, language) and (said := _SAYS.search(line)):
        return said[1].strip()
    return ""


def stands_in(code: str, language: str) -> bool:
    """Tell whether a statement does no work: what is left where code was."""
    return len(code) <= LONGEST and idle(code, language, gives=True) not in (None, Idle.LOCAL, Idle.SPEAKS)


def _fails(line: str, language: str) -> bool:
    return idle(line, language, gives=True) in (Idle.FAILS, Idle.UNFINISHED)


def weight_of(note: Note, missing: frozenset[str]) -> Weight:
    """Return the weight of the sentence that says most; one in a long comment about other things says less."""
    best = weigh(note.text, missing) if len(note.text) < 400 else NOTHING
    words = len(note.text.split())
    for sentence in (*note.sentences[:_ENDS], *note.sentences[_ENDS:][-_ENDS:]):
        weight = weigh(sentence, missing)
        long = words - weight.words > _LONG
        if weight.points - long > best.points:
            best = weight
    if DONE in weigh(note.text, missing).groups and not (best.dots or best.groups & {DONE, GONE}):
        return replace(best, groups=best.groups | {DONE}, points=max(0.0, best.points - 1.5))
    return best


def inside_literal(change: Change, n: int) -> bool:
    """Tell whether line n (from 0) is inside a literal that began on an earlier line and is no new docstring."""
    if change.language.name in ("yaml", "json"):
        return False  # scripts and settings inside a text are code too
    for node in change.after.strings:
        if node.start_point[0] > n:
            return False
        if node.start_point[0] == n and not node.type.startswith(("heredoc", "nowdoc")):
            continue
        if node.end_point[0] >= n:
            alone = node.parent is not None and node.parent.type == "expression_statement"
            short = node.end_point[0] - node.start_point[0] <= 4
            return not (alone and short and node.start_point[0] + 1 in change.added)
    return False
