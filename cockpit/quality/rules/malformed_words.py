"""Words that no grammar complains about: keywords misspelt or doubled, reserved words as names, texts in a row in C.

A misspelt keyword is read as a name of a type or a command; only the line as it was shows what it was to be.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from cockpit.quality.change import Change
from cockpit.quality.languages import (
    CPP,
    CSHARP,
    GO,
    JAVA,
    JAVASCRIPT,
    KOTLIN,
    PHP,
    PYTHON,
    RUBY,
    RUST,
    SHELL,
    SWIFT,
    TSX,
    TYPESCRIPT,
    C,
    Language,
    grammar_of,
)
from cockpit.quality.rule import Found

if TYPE_CHECKING:
    from tree_sitter import Query

_SCRIPT = "function class const return import export while switch else extends throw"
_C = "struct static return typedef while switch else break continue"
_WORDS = {
    PYTHON: "def class import while return elif except lambda else",
    JAVASCRIPT: _SCRIPT,
    TYPESCRIPT: f"{_SCRIPT} interface",
    TSX: f"{_SCRIPT} interface",
    GO: "func package import return range struct interface switch else",
    RUST: "impl struct match while return trait else",
    JAVA: "class public private protected import package static while return void extends implements throw else",
    C: _C,
    CPP: f"{_C} namespace class template typename public private using",
    CSHARP: "class public private protected using namespace static while return override foreach throw else",
    PHP: "function class namespace return public private protected foreach while extends throw else",
    KOTLIN: "class import package return override while throw else",
    SWIFT: "func class struct import guard return extension while throw else",
    RUBY: "class module unless return elsif else",
    SHELL: "then done elif else esac while function",
}
_KEYWORDS: Mapping[Language, frozenset[str]] = {
    language: frozenset(words.split()) for language, words in _WORDS.items()
}
_TWICE: Mapping[Language, re.Pattern[str]] = {
    language: re.compile(rf"(?<![\w.$@:-])({'|'.join([*words, *more])})[ \t]+\1\b(?![ \t]*[=:(])")
    for language, words in _KEYWORDS.items()
    for more in [("val", "var", "fun") if language is KOTLIN else ("let", "var") if language is SWIFT else ()]
    if language not in (RUBY, SHELL, RUST)
}
_RESERVED: Mapping[Language, str] = {
    JAVA: '((identifier) @name (#any-of? @name "true" "false" "null"))',
    KOTLIN: '((identifier) @name (#any-of? @name "return" "val" "fun" "when" "while"))',
    C: '(concatenated_string (identifier) @name (#match? @name "^[a-z][a-z0-9_]*$"))',
    CPP: '(concatenated_string (identifier) @name (#match? @name "^[a-z][a-z0-9_]*$"))',
}
_TOKEN = re.compile(r"[A-Za-z_]\w*|[^\w\s]|\d\w*")
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`')
_COMMENT = re.compile(r"//.*|/\*.*?\*/|(?<!\S)#\s.*|^\s*\*.*")
_PAIRS = 40  # lines of a hunk that are set against each other


def words(change: Change) -> Iterator[Found]:
    """Yield the first word that cannot stand where it does."""
    if change.language not in _KEYWORDS or not change.added:
        return
    for one in (_misspelt, _doubled, _reserved):
        found = next(one(change), None)
        if found:
            yield found
            return


def _misspelt(change: Change) -> Iterator[Found]:
    if change.before is None:
        return
    known = _KEYWORDS[change.language]
    for hunk in change.hunks:
        size = hunk.after_end - hunk.after_start
        if size != hunk.before_end - hunk.before_start or size > _PAIRS:
            continue
        for n in range(size):
            old, new = change.before.lines[hunk.before_start + n], change.after.lines[hunk.after_start + n]
            if abs(len(old) - len(new)) > 1 or not (word := _typo(old, new, known)):
                continue
            if not re.search(rf"\b{word}\b", change.before.text):
                number = hunk.after_start + n + 1
                if number not in change.after.prose_lines:
                    yield Found(number, f"'{word}' is no word of the language", new.index(word) + 1)


def _typo(old: str, new: str, known: frozenset[str]) -> str:
    """Return the word of a new line that was a keyword but for one letter; empty: there is none."""
    was, now = (_TOKEN.findall(_COMMENT.sub("", _QUOTED.sub('""', one))) for one in (old, new))
    if len(was) != len(now):
        return ""
    pairs = [(a, b) for a, b in zip(was, now, strict=True) if a != b]
    if len(pairs) != 1:
        return ""
    keyword, word = pairs[0]
    return word if keyword in known and word not in known and _near(keyword, word) else ""


def _near(keyword: str, word: str) -> bool:
    """Tell whether one letter was lost, doubled, changed, or two stand the wrong way round."""
    start = 0
    while start < min(len(keyword), len(word)) and keyword[start] == word[start]:
        start += 1
    a, b = keyword[start:], word[start:]
    return a[1:] == b or a == b[1:] or (len(b) > 1 and a[1:2] + a[:1] + a[2:] == b)


def _doubled(change: Change) -> Iterator[Found]:
    pattern = _TWICE.get(change.language)
    if pattern is None:
        return
    for n in sorted(change.added):
        line = change.after.lines[n - 1]
        found = pattern.search(line) and pattern.search(_COMMENT.sub("", _QUOTED.sub('""', line)))
        if found and n not in change.after.prose_lines and not _in_text(change, n):
            yield Found(n, f"'{found[1]}' stands there twice")


def _in_text(change: Change, line: int) -> bool:
    return any(one.start_point[0] < line <= one.end_point[0] for one in change.after.strings)


def _reserved(change: Change) -> Iterator[Found]:
    pattern = _RESERVED.get(change.language)
    if pattern is None or change.after.tree is None:
        return
    from tree_sitter import QueryCursor

    query = _query(change.language, pattern)
    for hunk in change.hunks:
        if query is None or hunk.after_end == hunk.after_start:
            continue
        cursor = QueryCursor(query)
        cursor.set_point_range((hunk.after_start, 0), (hunk.after_end + 1, 0))
        for node in cursor.captures(change.after.tree.root_node).get("name", ()):
            row = node.start_point[0]
            if row + 1 in change.added or row in change.added:  # the text before it is new
                yield Found(row + 1, f"'{(node.text or b'').decode()}' cannot stand here", node.start_point[1] + 1)
                return


@cache
def _query(language: Language, pattern: str) -> "Query | None":
    from tree_sitter import Query

    grammar = grammar_of(language)
    return None if grammar is None else Query(grammar, pattern)
