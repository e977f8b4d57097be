"""Tells whether all that is put into a text is the program's own: numbers, what is written out, what its commands print."""

# ruff: noqa: E501 -- a pattern that is broken over lines cannot be read as one

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cockpit.quality.source import Source

if TYPE_CHECKING:
    from tree_sitter import Node

_NAMES = re.compile(r"(?<![\w$.>:@])[@$]*[A-Za-z_][\w$]*(?:(?:\??\.|->|::)[A-Za-z_]\w*)*[ \t]*\(?")
_NUMBERS = re.compile(
    r"(?:^|[._>:@$]|(?<=[a-z])(?=[A-Z]))(?i:p?pid|port|count|number|num|index|idx|size|length|width|height|timeout|seconds|year|month|day|timestamp|to_i|getpid)\(?$"
)
_WORKS = re.compile(
    r"(?i)(?:^|[.:>])(?:format|sprintf|join|concat|string|trim|tostring|to_s|strip|chomp|str|printf|append|substring|slice|tolowercase|touppercase|resolve|basename|dirname)!?\($"
)
_KEYWORDS = frozenset({"f", "r", "b", "u", "rb", "let", "const", "var", "new", "await", "return", "if", "else", "in"})
_SHOUTED = re.compile(
    r"(?:\w+(?:\.|::))*[A-Z][A-Z0-9_]*$|(?:__\w+__|__dirname|__filename)$|(?:import\.meta\.\w+|process\.(?:pid|platform|arch|execPath|cwd))\(?$"
)
_LITERAL = re.compile(r"""(?:-?\d[\d_.]*|"[^"{$#\\]*"|'[^'{$#\\]*'|`[^`{$#\\]*`|true|false|True|False)[;,]?\s*$""")
_COMMANDS = re.compile(
    r"\b(?:execSync|execFileSync|spawnSync|execaSync|execa|check_output|subprocess\.run|getoutput|shell_exec|popen|capture[23]e?)\b|`git |\$\(git |%x[\[({]"
    r"|\b(?:__dirname|__filename|__FILE__|__dir__|__DIR__|import\.meta|tmpdir|mkdtemp\w*|mktemp|Tempfile|Date\.now|time\.time|Time\.now|os\.getpid|process\.pid|Process\.pid|package\.json)\b"
)
_OUTSIDE = re.compile(
    r"(?i)argv|\bargs\b|request|\breq\b|params|input|environ|getenv|process\.env|stdin|prompt|query|payload|body|user"
)
_ROWS = 300  # lines above in which a value may have been assigned
_STEPS = 4  # assignments that are followed, one behind the other


def is_own(source: Source, node: "Node", said: str) -> bool:
    """Tell whether every name in an expression (`said`: without its texts) stands for a value of the program's own."""
    if _OUTSIDE.search(said):
        return False
    names = [one for one in map(str.strip, _NAMES.findall(said)) if one not in _KEYWORDS and not _WORKS.search(one)]
    return bool(names) and all(_is_own(source, node.start_point[0], one, _STEPS) for one in names)


def _is_own(source: Source, row: int, name: str, steps: int) -> bool:
    if _NUMBERS.search(name) or _SHOUTED.match(name):
        return True
    root = re.split(r"\??\.|->|::", name)[0].strip("@$ ")
    if name.endswith("(") and name.strip("@$ (") == root:
        return False
    values = list(_values(source, row, root)) if steps and root else []
    return bool(values) and all(_is_own_value(source, at, value, steps) for at, value in values)


def _is_own_value(source: Source, row: int, value: str, steps: int) -> bool:
    if _OUTSIDE.search(value):
        return False
    if _LITERAL.match(value) or _COMMANDS.search(value):
        return True
    chain = re.match(r"[@$]*[A-Za-z_]\w*(?=[.;)\s\[]|$)(?!\s*\()", value)
    return bool(chain) and _is_own(source, row, chain[0] if chain else "", steps - 1)


def _values(source: Source, row: int, name: str) -> Iterator[tuple[int, str]]:
    """Yield (row, text) of what a name was given above a row: by an assignment, a loop, or a function over a list."""
    one = re.escape(name)
    given = re.compile(
        rf"(?<![\w.$>]){one}\s*(?::\s*[\w<>\[\]| ]+)?\s*(?::=|=(?![=>~]))\s*(?P<a>\S.*)"
        rf"|\bfor\b[\s(]*(?:(?:const|let|var)\s+)?{one}\s+(?:of|in)\s+(?P<b>\S.*)"
        rf"|(?P<c>[\w.@$]+)\.(?:map|forEach|each|filter|flatMap|for_each)\b\s*(?:\(\s*(?:async\s*)?(?:function\s*)?\(?\s*{one}\b|(?:do|\{{)\s*\|{one}\b)"
    )
    for n in range(row, max(-1, row - _ROWS), -1):
        line = source.lines[n] if n < len(source.lines) else ""
        if name in line and len(line) <= 1000 and (found := given.search(line)):
            yield n, found["a"] or found["b"] or found["c"]
