"""Sets what the parsers make of both sides of a change against each other: what could be read before must be still."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from cockpit.quality.change import Change, Hunk
from cockpit.quality.languages import CPP, SHELL, C, Language, grammar_of
from cockpit.quality.preprocessed import PREPROCESSED, unterminated, variants
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
_ENDS = (b"}", b"fi", b"done", b"esac")
_OPEN_INCLUDE = re.compile(r'[ \t]*#[ \t]*include[ \t]+(?:"[^"]*|<[^>]*|[\w./-]+[">])[ \t]*$')
_CLOSES = {")": "(", "]": "[", "}": "{"}
_EXPRESSION = re.compile(r"(?<!\{)\$\{\{(?!\{)(?:[^{}]|\{[^{}]*\})*\}\}(?!\})")
_MACRO = re.compile(r"\b[A-Z]{2,}_[A-Z0-9_]+\b")
_NEAR = 3  # lines between what is new and an error that it may have caused, where errors were before


def unreadable(change: Change) -> Iterator[Found]:
    """Yield the place where a text can no longer be read, at most one."""
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
    if before is not None and problem_of(before) is None:
        return None if _explained(change, problem) else problem
    if before is None and _DATA_OF_TESTS.search(change.path):
        return None
    if name == "json":
        return _lenient_json(before, after, problem)
    if before is None and not (_TEMPLATE if name != "yaml" else _YAML_TEMPLATE).search(after.text):
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
    if _COMMENTED_JSON.search(after.path) or _TEMPLATE.search(after.text):
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
    from tree_sitter import Query, QueryCursor

    grammar = grammar_of(SHELL)
    if grammar is None or source.tree is None:
        return []
    nodes = QueryCursor(Query(grammar, "(command) @command")).captures(source.tree.root_node).get("command", [])
    found = []
    for node in nodes:
        name = (node.children[0].text or b"") if node.children else b""
        last = node.children[-1].text or b""
        row = node.start_point[0]
        opened = row < len(source.lines) and source.lines[row].count("[ ") >= source.lines[row].count(" ]")
        if name in _ENDS or (last == b"]" and name != b"[" and not opened):
            found.append(node.children[0] if name in _ENDS else node.children[-1])
    return found


def _cut_text(change: Change) -> Problem | None:
    """Return a text or an include of C that does not end on its line, among the lines that are new."""
    lines = change.after.lines
    for n in sorted(change.added):
        if _OPEN_INCLUDE.match(lines[n - 1]):
            return Problem(n, 1, "the name that is included does not end")
    if not any('"' in lines[n - 1] for n in change.added):
        return None
    now = unterminated(change.after.text)
    if not now or (change.before is not None and unterminated(change.before.text)):
        return None
    return Problem(now[0], 1, "a text does not end on its line")


def _in_new(change: Change) -> Problem | None:
    after = change.after
    if change.language in PREPROCESSED:
        sides = [Source(after.path, one) for one in variants(after.text, change.language)]
        if not all(one.errors for one in sides):
            return None
        unbalanced = [one for one in sides if any(_net(one).values())]
        return _said(change, sides[0]) if len(unbalanced) == len(sides) else None
    if _TEMPLATE.search(after.text) and change.language.kind == "markup":
        return None
    return _said(change, after)


def _in_variants(change: Change) -> Problem | None:
    if change.before is None:
        return None
    befores = [Source(change.path, one) for one in variants(change.before.text, change.language)]
    afters = [Source(change.path, one) for one in variants(change.after.text, change.language)]
    if len(afters) != len(befores):
        befores, afters = (befores * 2)[:2], (afters * 2)[:2]
    if not change.before.errors and not any(one.errors for one in afters):
        return None
    problems: list[Problem | None] = []
    for before, after in zip(befores, afters, strict=True):
        if not after.errors:
            problems.append(None)
        elif not before.errors:
            problems.append(_said(change, after))
        else:
            problems.append(_worse(change, before, after))
    return next((one for one in problems if one), None)


def _worse(change: Change, before: Source, after: Source) -> Problem | None:
    """Judge by a grammar that could not read all before: brackets that no longer match, or errors of a new kind."""
    if _net(before) != _net(after):
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
        replaced = hunk.before_end > hunk.before_start and hunk.after_end - hunk.after_start <= 3
        macros = any(_MACRO.search(change.after.lines[n]) for n in range(hunk.after_start, hunk.after_end))
        if clean and replaced and not macros and len(after.errors) > len(old):
            return Problem(one.line, one.column, "this cannot be read as " + change.language.name)
    return None


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
