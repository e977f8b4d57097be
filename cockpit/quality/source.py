"""One side of a change: its text, its lines, and what a parser sees in it, worked out only when asked for."""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cockpit.quality.languages import HTML, SVELTE, VUE, Language, grammar_of, language_of, query_of

if TYPE_CHECKING:
    from tree_sitter import Node, Range, Tree

PARSE_SECONDS = 2.0  # for one side of one file; a grammar that needs longer is given up
LINE_ENDS = re.compile(r"\r\n|\r|\n")
_CHUNK = 1 << 12  # the library copies a chunk for the text of each node, too


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment with its markers (a Python docstring is not one).

    `line` and `end_line` count from 1, `column` too; `alone` tells that no code stands on its lines.
    """

    text: str
    line: int
    end_line: int
    column: int
    alone: bool


@dataclass(frozen=True, slots=True)
class Function:
    """A function or method with a name (empty: anonymous), `qualified` by the classes and functions around it."""

    name: str
    qualified: str
    node: "Node"
    body: "Node | None"
    line: int
    end_line: int


class Source:
    """The text of a file on one side of a change."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.gave_up = False  # the parser ran out of its time

    @cached_property
    def language(self) -> Language:
        """The language that the file's name or first line tells."""
        return language_of(self.path, self.text)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines without their ends; line n is at n - 1."""
        lines = LINE_ENDS.split(self.text)
        if lines and not lines[-1]:
            lines.pop()
        return tuple(lines)

    @cached_property
    def data(self) -> bytes:
        """The text as the parser reads it."""
        return self.text.encode("utf-8", "surrogatepass")

    @cached_property
    def tree(self) -> "Tree | None":
        """The syntax tree; None without a grammar, or when the grammar took too long (`gave_up`)."""
        if self.language in (VUE, SVELTE):
            page = self._parse(HTML, None)
            scripts = list(_scripts(page.root_node)) if page else []
            return self._parse(self.language, scripts) if scripts else None
        return self._parse(self.language, None)

    def _parse(self, language: Language, ranges: "Sequence[Range] | None") -> "Tree | None":
        grammar = grammar_of(language)
        if grammar is None:
            return None
        from tree_sitter import Parser

        parser = Parser(grammar, included_ranges=ranges) if ranges else Parser(grammar)
        limit = time.monotonic() + PARSE_SECONDS
        data = self.data
        try:
            return parser.parse(
                lambda at, _point: data[at : at + _CHUNK],
                progress_callback=lambda _at, _error: time.monotonic() > limit,
            )
        except ValueError:
            self.gave_up = True
            return None

    @cached_property
    def _captures(self) -> "dict[str, list[Node]]":
        query = query_of(self.language)
        if query is None or self.tree is None:
            return {}
        from tree_sitter import QueryCursor

        return QueryCursor(query).captures(self.tree.root_node)

    @cached_property
    def errors(self) -> "tuple[Node, ...]":
        """The nodes that the grammar could not read or had to make up, in the order of the text."""
        nodes = [*self._captures.get("errors", ()), *self._captures.get("missing", ())]
        if not nodes and self.language.kind == "code" and self.tree is not None and self.tree.root_node.has_error:
            nodes = [*_made_up(self.tree.root_node)]
        return tuple(sorted(nodes, key=lambda node: node.start_byte))

    @cached_property
    def strings(self) -> "tuple[Node, ...]":
        """The literals of text, in the order of the text."""
        return tuple(sorted(self._captures.get("strings", ()), key=lambda node: node.start_byte))

    @cached_property
    def comments(self) -> tuple[Comment, ...]:
        """All comments: by the grammar, else by Pygments where it knows the file, else none."""
        if self.tree is not None:
            nodes = sorted(self._captures.get("comments", ()), key=lambda node: node.start_byte)
            found = [self._comment(text_of(node), node.start_point[0], self._column(node.start_byte)) for node in nodes]
            return tuple(found)
        return tuple(self._comment(text, line, column) for text, line, column in _by_pygments(self.path, self.text))

    @cached_property
    def prose_lines(self) -> frozenset[int]:
        """The numbers, from 1, of the lines that hold nothing but comments, or a text that documents (a docstring)."""
        rows = {n for one in self.comments if one.alone for n in range(one.line, one.end_line + 1)}
        if self.language.name == "python" and self.tree is not None:
            for node in self.strings:
                if node.parent is not None and node.parent.type == "expression_statement":
                    rows.update(range(node.start_point[0] + 1, node.end_point[0] + 2))
        return frozenset(rows)

    def _column(self, byte: int) -> int:
        start = self.data.rfind(b"\n", 0, byte) + 1
        return len(self.data[start:byte].decode("utf-8", "replace"))

    def _comment(self, text: str, line: int, column: int) -> Comment:
        text = text.rstrip("\r\n")
        end = line + text.count("\n")
        before = self.lines[line][:column] if line < len(self.lines) else ""
        last = self.lines[end] if end < len(self.lines) else ""
        ends = column + len(text) if end == line else len(text) - text.rfind("\n") - 1
        alone = not before.strip() and not last[ends:].strip(" \t};")
        return Comment(text, line + 1, end + 1, column + 1, alone)

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """All functions that have a body or could have one, outer before inner."""
        nodes = sorted(self._captures.get("functions", ()), key=lambda node: (node.start_byte, -node.end_byte))
        return tuple(_function(node, self.language) for node in nodes)


def text_of(node: "Node") -> str:
    """Return the text of a node."""
    return (node.text or b"").decode("utf-8", "replace")


def name_of(node: "Node") -> str:
    """Return the name that a function or container gives itself, or that the variable or key it is bound to has."""
    for field in ("name", "declarator", "type"):
        named = node.child_by_field_name(field)
        while named is not None and (inner := named.child_by_field_name("declarator")) is not None:
            named = inner
        if named is not None:
            return text_of(named)
    above = node.parent
    if above is not None and (bound := above.child_by_field_name("name") or above.child_by_field_name("key")):
        return text_of(bound)
    if above is not None and (left := above.child_by_field_name("left")) is not None:
        return text_of(left)
    return ""


def body_of(node: "Node") -> "Node | None":
    """Return the body of a function, by its field or by the kind of its last child."""
    body = node.child_by_field_name("body")
    if body is not None:
        return body
    for child in reversed(node.named_children):
        if "body" in child.type or child.type in ("block", "compound_statement", "statements"):
            return child
    return None


def _made_up(node: "Node") -> "Iterator[Node]":
    """Yield the nodes that the grammar made up and that no query finds: those whose kind has no name of its own."""
    inner = [child for child in node.children if child.has_error or child.is_missing]
    if not inner:
        yield node
    for child in inner:
        yield from _made_up(child)


def _function(node: "Node", language: Language) -> Function:
    name = name_of(node)
    around = []
    above = node.parent
    while above is not None:
        if above.type in language.containers or above.type in language.functions:
            around.append(name_of(above))
        above = above.parent
    qualified = ".".join([*reversed(around), name])
    return Function(name, qualified, node, body_of(node), node.start_point[0] + 1, node.end_point[0] + 1)


def _scripts(page: "Node") -> "Iterator[Range]":
    for node in page.children:
        if node.type == "script_element":
            yield from (child.range for child in node.children if child.type == "raw_text")


def _by_pygments(path: str, text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the text, line and column (from 0) of what Pygments takes for comments."""
    from pygments.lexers import get_lexer_for_filename
    from pygments.token import Comment as CommentToken
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_for_filename(path, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return
    skipped = {CommentToken.Preproc, CommentToken.PreprocFile, CommentToken.Hashbang}
    text_so_far, begun = "", (0, 0)
    line = column = 0
    for kind, piece in lexer.get_tokens(text):
        is_comment = CommentToken in kind.split() and kind not in skipped
        if text_so_far and (not is_comment or text_so_far.endswith("\n")):
            yield text_so_far, *begun
            text_so_far = ""
        if is_comment and (text_so_far or piece.strip()):
            begun = begun if text_so_far else (line, column)
            text_so_far += piece
        ends = piece.count("\n")
        line += ends
        column = len(piece) - piece.rfind("\n") - 1 if ends else column + len(piece)
    if text_so_far:
        yield text_so_far, *begun
