"""Sets what the parsers make of both sides of a change against each other: what could be read before must be still.

Its checks share one parse and one comparison of both sides: apart, each would have to be told all that the others know.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

from cockpit.quality.change import Change, Hunk
from cockpit.quality.languages import (
    CPP,
    CSHARP,
    GO,
    JAVA,
    KOTLIN,
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
from cockpit.quality.preprocessed import (
    PREPROCESSED,
    brackets,
    branches,
    open_comment,
    open_directives,
    unterminated,
    without_macros,
)
from cockpit.quality.rule import Found
from cockpit.quality.rules.malformed_markup import MARKUP, broken_page
from cockpit.quality.source import Source
from cockpit.quality.syntax import Problem, knows, problem_of, without_json_comments

if TYPE_CHECKING:
    from tree_sitter import Node, Query

_TEMPLATE = re.compile(r"\{\{|\{%|<%|<\?|@@?\w+@|\$\{\w+\}|__\w+__|%\w+%|\{#")
_YAML_TEMPLATE = re.compile(r"(?<!\$)\{\{|\{%|<%|\{#")
_TEMPLATE_LINE = re.compile(r"(?m)^[ \t]*(?:\{\{.*?\}\}|\{%.*?%\}|<%.*?%>)[ \t]*$")
_TEMPLATED = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|<%.*?%>|\{#.*?#\}", re.DOTALL)
_COMMENTED_JSON = re.compile(
    r"\.(?:jsonc|json5|code-workspace|sublime-\w+)$"
    r"|(^|/)(?:[tj]sconfig[^/]*\.json|\.\w+rc(?:\.json)?|devcontainer\.json"
    r"|api-extractor\.json|deno\.json)$|(^|/)\.(?:vscode|devcontainer)/"
)
# Data that a tool reads in its own tests, and that may be broken on purpose.
_MADE_FOR_TESTS = re.compile(
    r"(^|/)(?:[\w-]*tests?|__tests__|specs?)/(?:.*/)?"
    r"(?:[\w-]*data|fixtures?|samples?|cases|inputs?|expected|snapshots?|highlighted)/"
    r"|(^|/)(?:testdata|fixtures?|invalid|malformed|corpus|fuzz)/",
    re.IGNORECASE,
)
_DATA_OF_TESTS = re.compile(
    r"(^|/)(?:tests?|specs?|__tests__|testdata|test[_-]\w+|\w+[_-]tests?|fixtures?|samples?|invalid|corpus|fuzz|bad)/"
    r"(?!(?:.*/)?(?:package|tsconfig|composer)\.json$)",
    re.IGNORECASE,
)
# What Python 2 and newer Pythons may write, and the one that runs here may not.
_DIALECT = re.compile(
    r"Missing parentheses|leading zeros|multiple exception types|Function parameters cannot"
    r"|Lambda expression parameters"
    r"|f-string|invalid syntax|expected '\('|invalid (?:decimal|hexadecimal|octal|binary)|inconsistent use of tabs"
    r"|\(unicode error\)|invalid character|from __future__|encoding problem|unknown encoding"
)
_END = re.compile(r"\bend\b")
# Where a statement of Ruby stands, an `end` is none; nor are these words a command of the shell.
_RUBY_ENDS = " ".join(
    f'(({around} (identifier) @name) (#eq? @name "end"))'
    for around in ("program", "body_statement", "then", "else", "do", "ensure")
)
_SHELL_WORDS = (
    '((command name: (command_name (word) @name)) (#any-of? @name "}" "fi" "done" "esac"))'
    ' ((command argument: (word) @name) (#eq? @name "]"))'
)
_OPEN_INCLUDE = re.compile(r'[ \t]*#[ \t]*include[ \t]+(?:"[^"]*|<[^>]*|[\w./-]+[">])[ \t]*$')
_CLOSES = {")": "(", "]": "[", "}": "{"}
_EXPRESSION = re.compile(r"(?<!\{)\$\{\{(?!\{)(?:[^{}]|\{[^{}]*\})*\}\}(?!\})")
_CONDITION = re.compile(r"[ \t]*#[ \t]*(?:if|endif)")
# Once conditions are read one branch at a time, and gaps are bridged, their grammars leave nothing unread.
_WHEN = re.compile(r"[ \t]*#[ \t]*(?:if|elif)\b")
_WELL_READ = (RUST, CSHARP, SWIFT, KOTLIN, TYPESCRIPT, TSX)
_MACRO = re.compile(r"\b[A-Z]{2,}_[A-Z0-9_]+\b")
_COUNTED = (C, CPP, CSHARP, JAVA, KOTLIN, SWIFT, GO, RUST)  # languages whose texts a simple pattern finds
_ZSH = re.compile(r"\A#!.*\bzsh\b|\A#compdef|\$\{\$\{|\$\{\(")  # what another shell reads
_ESCAPE = "\x1b"  # what a terminal showed is no code
_NEAR = 3  # lines between what is new and an error that it may have caused, where errors were before


def unreadable(change: Change) -> Iterator[Found]:
    """Yield the place where a text can no longer be read, at most one."""
    if change.before is None and (_MADE_FOR_TESTS.search(change.path) or _ESCAPE in change.after.text):
        return
    if knows(change.after):
        problem = _problem(change)
    elif change.language in MARKUP:
        problem = broken_page(change) or (_damage(change) if change.before is not None else None)
    elif change.after.tree is not None:
        problem = _damage(change)
    else:
        problem = None
    if problem is not None:
        yield Found(_line(change, problem.line), problem.message, max(1, problem.column))


def _line(change: Change, line: int) -> int:
    """Return the line to show: where the parser stopped, or what is new and nearest to it."""
    lines = len(change.after.lines)
    return max(1, min(line or min(change.added, default=1), lines))


def _problem(change: Change) -> Problem | None:
    """Return what keeps a text from being read that Python's own parsers read."""
    before, after = change.before, change.after
    problem = problem_of(after)
    if problem is None:
        return _expression(change) if change.language.name == "yaml" else None
    name = change.language.name
    if name == "python":
        return _python(before, after, problem, change)
    if name == "json" and _COMMENTED_JSON.search(after.path):
        problem = problem_of(Source(after.path, without_json_comments(after.text)))
        if problem is None:
            return None
    if before is not None and problem_of(before) is None:
        return None if _explained(change, problem) else problem
    if before is None and _DATA_OF_TESTS.search(change.path):
        return None
    if name == "json":
        return _lenient_json(before, after, problem)
    templated = _YAML_TEMPLATE.search(after.text) if name == "yaml" else _near_template(after, problem)
    if before is None and not templated:
        return problem if after.errors or name == "toml" else None
    return _without_templates(before, after)


def _expression(change: Change) -> Problem | None:
    """Return an expression in YAML, `${{ … }}`, that a new line opens and does not close, or the other way round."""
    for hunk in change.hunks:
        for n in range(hunk.after_start, hunk.after_end):
            line = change.after.lines[n]
            bare = _EXPRESSION.sub("", line)
            if ("${{" in bare or "}}" in bare or "${ " in bare) and change.before is not None:
                old = change.before.lines[hunk.before_start : hunk.before_end]
                if any("${{" in one and not _EXPRESSION.sub("", one).count("{") for one in old):
                    return Problem(n + 1, 1, "an expression is not closed")
    return None


def _explained(change: Change, problem: Problem) -> bool:
    """Tell whether a template marker that is new explains why data cannot be read any more."""
    near = range(max(1, problem.line - _NEAR), problem.line + 2)
    lines = change.after.lines
    return any(n <= len(lines) and n in change.added and _TEMPLATE.search(lines[n - 1]) for n in near) and (
        _without_templates(change.before, change.after) is None
    )


def _without_templates(before: Source | None, after: Source) -> Problem | None:
    """Return what is wrong once the marks of a template are taken for words, if nothing was before."""
    if before is not None and problem_of(_plain(before)) is not None:
        return None
    problem = problem_of(_plain(after))
    return problem if before is not None else None


def _plain(source: Source) -> Source:
    """Return a text with each mark of a template taken for a word, and lines that are only marks taken away."""
    text = _TEMPLATE_LINE.sub(lambda one: "\n" * one[0].count("\n"), source.text)
    return Source(source.path, _TEMPLATED.sub(lambda one: "x" + "\n" * one[0].count("\n"), text))


def _near_template(source: Source, problem: Problem) -> bool:
    """Tell whether a mark of a template may be what a parser could not read."""
    lines = source.lines[max(0, problem.line - 2) : problem.line + 1] if problem.line else source.lines
    return any(_TEMPLATE.search(line) for line in lines)


def _lenient_json(before: Source | None, after: Source, problem: Problem) -> Problem | None:
    """Judge JSON that may hold comments, trailing commas, names without quotes, or several texts."""
    bare = without_json_comments(after.text)
    lenient = problem_of(Source(after.path, bare))
    if lenient is None:
        commented = before is not None or _COMMENTED_JSON.search(after.path) or "//" in after.text or "/*" in after.text
        return None if commented else problem
    if before is not None:
        was = problem_of(Source(before.path, without_json_comments(before.text)))
        return lenient if was is None else None
    if _COMMENTED_JSON.search(after.path) or _near_template(after, problem):
        return None
    if all(problem_of(Source(after.path, line)) is None for line in bare.split("\n") if line.strip()):
        return None  # one text a line
    return problem if not re.search(r"(?m)^\s*[A-Za-z_$]\w*\s*:", after.text) else None


def _python(before: Source | None, after: Source, problem: Problem, change: Change) -> Problem | None:
    if before is not None and problem_of(before) is not None:
        return _damage(change)
    if after.errors or problem.indentation:
        return problem
    return None if _DIALECT.search(problem.message) else problem


@dataclass(frozen=True, slots=True)
class _Error:
    """An error of a grammar, and by what it is known again on the other side."""

    line: int
    column: int
    kind: str
    key: tuple[str, str]
    end_line: int


def _damage(change: Change) -> Problem | None:
    """Return the error of the grammar that the change made."""
    before, after = change.before, change.after
    if change.language is SHELL and not after.errors and (stray := _stray_words(change)):
        return stray
    if change.language is SHELL and _ZSH.search(after.text):
        return None
    if change.language is RUBY and not after.errors and (stray := _stray_end(change)):
        return stray
    if change.language in (C, CPP) and (cut := _cut_text(change)):
        return cut
    if not after.errors:
        return None
    if before is None:
        return _in_new(change)
    if before.gave_up or before.tree is None:
        return None
    if change.language in PREPROCESSED:
        return _in_variants(change)
    if not before.errors:
        return _said(change, after)
    return _worse(change, before, after)


def _stray_words(change: Change) -> Problem | None:
    """Return a word of the shell's own that stands where a command should: the grammar takes it for a command."""
    now = _strays(change.after)
    was = len(_strays(change.before)) if change.before else 0
    if len(now) <= was:
        return None
    node = min(now, key=lambda one: min((abs(n - 1 - one.start_point[0]) for n in change.added), default=0))
    return Problem(node.start_point[0] + 1, node.start_point[1] + 1, f"'{(node.text or b'').decode()}' ends nothing")


def _strays(source: Source) -> "list[Node]":
    found = []
    for node in _named(source, _SHELL_WORDS):
        row, command = node.start_point[0], node.parent
        if node.text != b"]":
            found.append(node)
        elif command is not None and command.children[-1] == node and command.children[0].text != b"[":
            line = source.lines[row] if row < len(source.lines) else ""
            if line.count("[ ") < line.count(" ]"):
                found.append(node)
    return found


def _named(source: Source, pattern: str) -> "list[Node]":
    """Return what a query finds in a text, in the order of the text."""
    from tree_sitter import QueryCursor

    query = _query(source.language, pattern)
    if query is None or source.tree is None:
        return []
    nodes = QueryCursor(query).captures(source.tree.root_node).get("name", [])
    return sorted(nodes, key=lambda node: node.start_byte)


@cache
def _query(language: Language, pattern: str) -> "Query | None":
    from tree_sitter import Query

    grammar = grammar_of(language)
    return None if grammar is None else Query(grammar, pattern)


def _stray_end(change: Change) -> Problem | None:
    """Return an `end` of Ruby that ends nothing: its grammar takes it for a name."""
    now, was = (len(_END.findall(one.text)) if one else 0 for one in (change.after, change.before))
    if now == was or len(ends := _named(change.after, _RUBY_ENDS)) <= (
        len(_named(change.before, _RUBY_ENDS)) if change.before else 0
    ):
        return None
    return Problem(ends[-1].start_point[0] + 1, ends[-1].start_point[1] + 1, "'end' ends nothing")


def _cut_text(change: Change) -> Problem | None:
    """Return a text, a comment, an include or a condition of C that does not end, if the change made it so."""
    before, after = change.before, change.after
    lines = after.lines
    for n in sorted(change.added):
        if _OPEN_INCLUDE.match(lines[n - 1]):
            return Problem(n, 1, "the name that is included does not end")
    for n in sorted(change.added):
        if _WHEN.match(lines[n - 1]) and not (n > 1 and lines[n - 2].endswith("\\")):
            text = re.sub(r"//.*|/\*.*?(?:\*/|$)|'.'", "", _continued(lines, n))
            if text.count("(") != text.count(")"):
                return Problem(n, 1, "brackets of this condition do not match")
    if before is None or before.text.count("*/") != after.text.count("*/"):
        line = open_comment(after.text)
        if line and (before is None or not open_comment(before.text)):
            return Problem(line, 1, "a comment does not end")
    if before is None or any(_CONDITION.match(one) for one in chain(_new_lines(change), _old_lines(change))):
        number = open_directives(after.text)
        if number and (before is None or not open_directives(before.text)):
            return Problem(0, 1, "an #if has no #endif" if number > 0 else "an #endif has no #if")
    if not any('"' in lines[n - 1] for n in change.added):
        return None
    now = unterminated(after.text)
    if not now or (before is not None and unterminated(before.text)):
        return None
    return Problem(now[0], 1, "a text does not end on its line")


def _continued(lines: Sequence[str], number: int) -> str:
    """Return a line, from 1, with those that continue it."""
    end = number
    while end < len(lines) and lines[end - 1].rstrip().endswith("\\"):
        end += 1
    return " ".join(lines[number - 1 : end])


def _new_lines(change: Change) -> Iterator[str]:
    return (change.after.lines[n - 1] for n in change.added)


def _old_lines(change: Change) -> Iterator[str]:
    return (change.before.lines[n - 1] for n in change.removed) if change.before else iter(())


def _in_new(change: Change) -> Problem | None:
    after = change.after
    if change.language in PREPROCESSED:
        for branch in _branches(after):
            if any(not one.errors for one in branch):
                continue
            if change.language in _WELL_READ or all(any(_net(one).values()) for one in branch):
                return _said(change, min(list(branch), key=lambda one: len(one.errors)))
        return None
    if _TEMPLATE.search(after.text) and change.language.kind == "markup":
        return None
    return _said(change, after)


class _Branch:
    """One branch of a text with conditions, and the ways to read it: it is whole when one of them finds no error."""

    def __init__(self, source: Source, text: str) -> None:
        self._ways = [source]  # as it stands, with all branches
        if text != source.text:
            self._ways.append(Source(source.path, text))
        self._more = source.language in (C, CPP)

    def __iter__(self) -> Iterator[Source]:
        yield from self._ways
        if self._more:
            self._more = False
            last = self._ways[-1]
            self._ways.append(Source(last.path, without_macros(last.text, last.language)))
            yield self._ways[-1]


def _branches(source: Source) -> list[_Branch]:
    return [_Branch(source, text) for text in branches(source.text, source.language)]


def _in_variants(change: Change) -> Problem | None:
    if change.before is None:
        return None
    befores, afters = _branches(change.before), _branches(change.after)
    if len(afters) != len(befores):
        befores, afters = (befores * 2)[:2], (afters * 2)[:2]
    for older, newer in zip(befores, afters, strict=True):
        if any(not one.errors for one in newer):
            continue
        olds, news = list(older), list(newer)
        size = min(len(olds), len(news))
        pairs = list(zip(olds[-size:], news[-size:], strict=True))
        clean = next((new for old, new in pairs if not old.errors), None)
        if clean is not None or not all(one.errors for one in olds):
            return _said(change, clean or news[-1])
        old, new = min(pairs, key=lambda pair: len(pair[0].errors))
        if problem := _worse(change, old, new):
            return problem
    return None


def _worse(change: Change, before: Source, after: Source) -> Problem | None:
    """Judge by a grammar that could not read all before: brackets that no longer match, or errors of a new kind."""
    if _net(before) != _net(after) and not _counts_alike(before, after):
        return _said(change, after)
    old = _errors(before)
    known = Counter(one.key for one in old)
    for one in _errors(after):
        if known[one.key]:
            known[one.key] -= 1
            continue
        hunk = _hunk_at(change, one.line)
        if hunk is None or one.end_line - one.line > 20:
            continue
        clean = not any(hunk.before_start - _NEAR < was.line <= hunk.before_end + _NEAR for was in old)
        first, last = min(hunk.after_start, one.line - 1), max(hunk.after_end, one.end_line)
        macros = any(_MACRO.search(line) for line in change.after.lines[max(0, first - 1) : last + 1])
        if clean and not macros and len(after.errors) > len(old):
            return Problem(one.line, one.column, "this cannot be read as " + change.language.name)
    return None


def _counts_alike(before: Source, after: Source) -> bool:
    """Tell whether as many brackets are open as before, by a count that no error of the grammar disturbs."""
    if before.language not in _COUNTED:
        return False
    was, now = brackets(before.text), brackets(after.text)
    return all(was[a] - was[b] == now[a] - now[b] for a, b in ("()", "[]", "{}"))


def _hunk_at(change: Change, line: int) -> Hunk | None:
    return next((one for one in change.hunks if one.after_start - 1 <= line - 1 <= one.after_end), None)


def _errors(source: Source) -> list[_Error]:
    found = []
    for node in source.errors:
        row = node.start_point[0]
        line = source.lines[row].strip() if row < len(source.lines) else ""
        kind = node.type if node.is_missing else "ERROR"
        found.append(_Error(row + 1, node.start_point[1] + 1, kind, (kind, line), node.end_point[0] + 1))
    return found


def _brackets(source: Source) -> "list[Node]":
    from tree_sitter import QueryCursor

    query = _bracket_query(source.language)
    if query is None or source.tree is None:
        return []
    nodes = QueryCursor(query).captures(source.tree.root_node).get("bracket", [])
    return sorted((one for one in nodes if not one.is_missing), key=lambda node: node.start_byte)


@cache
def _bracket_query(language: Language) -> "Query | None":
    from tree_sitter import Query, QueryError

    grammar = grammar_of(language)
    tokens = []
    if grammar is None:
        return None
    for token in ("(", ")", "[", "]", "{", "}", "${", "#{", "#[", "\\\\("):
        try:
            Query(grammar, f'"{token}" @bracket')
        except QueryError:
            continue
        tokens.append(f'"{token}"')
    return Query(grammar, f"[{' '.join(tokens)}] @bracket") if tokens else None


def _net(source: Source) -> Counter[str]:
    """Return by how much the opening brackets of each kind outnumber the closing ones."""
    net: Counter[str] = Counter()
    for node in _brackets(source):
        token = node.type[-1]
        net[_CLOSES.get(token, token)] += -1 if token in _CLOSES else 1
    return Counter({token: n for token, n in net.items() if n})


def _said(change: Change, source: Source) -> Problem:
    """Say what is wrong: the bracket without its other half, else the error that is nearest to what is new."""
    errors = _errors(source)
    near = min(errors, key=lambda one: (_distance(change, one), one.line))
    alone = _unmatched(source)
    if alone is not None:
        return alone
    if near.kind != "ERROR":
        return Problem(near.line, near.column, f"'{near.kind}' is missing here")
    return Problem(near.line, near.column, "this cannot be read as " + change.language.name)


def _distance(change: Change, error: _Error) -> int:
    return min((abs(n - error.line) for n in _places(change)), default=0)


def _places(change: Change) -> Iterable[int]:
    """Return lines after the change where it began or added something."""
    return {hunk.after_start + 1 for hunk in change.hunks} | {hunk.after_end for hunk in change.hunks}


def _unmatched(source: Source) -> Problem | None:
    open_: list[Node] = []
    for node in _brackets(source):
        token = node.type[-1]
        if token not in _CLOSES:
            open_.append(node)
            continue
        if open_ and open_[-1].type[-1] == _CLOSES[token]:
            open_.pop()
            continue
        line, column = node.start_point[0] + 1, node.start_point[1] + 1
        if not open_:
            return Problem(line, column, f"'{token}' closes nothing")
        opened = open_[-1]
        return Problem(line, column, f"'{token}' does not close '{opened.type}' of line {opened.start_point[0] + 1}")
    if open_:
        node = open_[-1]
        return Problem(
            node.start_point[0] + 1,
            node.start_point[1] + 1,
            f"'{node.type}' of line {node.start_point[0] + 1} is never closed",
        )
    return None
