"""Finds the bodies that a change touched and the same bodies before it, and takes them apart into statements.

Works on syntax trees of any grammar by the kinds of their nodes; decides nothing.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cockpit.quality.change import Change
from cockpit.quality.languages import Language
from cockpit.quality.rules.incomplete_code_idle import LONGEST, Idle, idle
from cockpit.quality.source import Function, Source, body_of, name_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_MORE_FUNCTIONS = frozenset(
    {
        "operator_declaration",
        "destructor_declaration",
        "conversion_operator_declaration",
        "getter",
        "setter",
        "computed_property",
        "computed_getter",
        "computed_setter",
        "anonymous_initializer",
        "static_initializer",
        "subscript_declaration",
    }
)
_BLOCKS = frozenset({"block", "statement_block", "compound_statement", "control_structure_body", "do_block", "then"})
_WRAPPERS = _BLOCKS | {
    "function_body",
    "body_statement",
    "statements",
    "statement_list",
    "constructor_body",
    "arrow_expression_clause",
    "computed_property",
    "block_body",
    "lambda_literal",
}
_NO_STATEMENTS = frozenset(
    {
        "block_parameters",
        "parameters",
        "lambda_parameters",
        "lambda_function_type",
        "capture_list",
        "empty_statement",
        "attribute_item",
        "heredoc_body",
    }
)
_GIVES = frozenset({"rust", "ruby", "kotlin", "swift"})  # the last statement of a block is its value
_DEPTH = 5  # blocks in blocks that are opened to see their statements
_ALIKE = 0.6  # share of the words of a function that its twin has too
_WORDS = re.compile(r"\w+")
_ENOUGH = 200  # leaves that are counted


@dataclass(frozen=True, slots=True)
class Body:
    """The statements of a function or of a block inside one, without comments and docstring.

    `node` is the function, or the block; `docs` the text of a docstring.
    """

    node: "Node"
    is_function: bool
    statements: "tuple[Node, ...]"
    docs: str
    language: Language

    @property
    def line(self) -> int:
        """The first line, from 1."""
        return int(self.node.start_point[0]) + 1

    @property
    def end_line(self) -> int:
        """The last line, from 1."""
        return int(self.node.end_point[0]) + 1

    @property
    def kinds(self) -> tuple[Idle | None, ...]:
        """What each statement is; None is work."""
        return tuple(self._kind(one, last=one is self.statements[-1]) for one in self.statements)

    @property
    def is_idle(self) -> bool:
        """Tell whether no statement does any work."""
        if len(self.statements) > 3:
            return False
        return all(self._kind(one, last=one is self.statements[-1]) is not None for one in self.statements)

    @property
    def work(self) -> "tuple[Node, ...]":
        """The statements that do work."""
        return tuple(one for one, kind in zip(self.statements, self.kinds, strict=True) if kind is None)

    @property
    def is_constructor(self) -> bool:
        """Tell whether the body is that of a constructor."""
        name = name_of(self.node).rpartition("::")[2]
        if name in ("constructor", "__construct", "__init__", "initialize", "init") or "constructor" in self.node.type:
            return True
        if name == "new" and self.language.name == "rust" and head_of(self.node) == "()":
            return True
        if any(child.type == "field_initializer_list" for child in self.node.named_children):
            return True
        return bool(name) and any(
            name == name_of(above) for above in around(self.node) if above.type in self.language.containers
        )

    def _kind(self, node: "Node", *, last: bool) -> Idle | None:
        if node.end_byte - node.start_byte > 4 * LONGEST:
            return None
        gives = last and self.is_function and (self.language.name in _GIVES or _is_expression_body(node))
        return idle(plain(node, self.language), self.language.name, gives=gives)


def _is_expression_body(node: "Node") -> bool:
    above = node.parent
    return above is not None and (above.type not in _BLOCKS and above.type not in ("statement_list", "statements"))


def plain(node: "Node", language: Language) -> str:
    """Return the text of a statement on one line, without the comments in it."""
    text = text_of(node)
    for comment in _comments_in(node, language):
        text = text.replace(text_of(comment), " ")
    return " ".join(text.split())


def _comments_in(node: "Node", language: Language) -> "Iterator[Node]":
    below = [node]
    while below:
        one = below.pop()
        if one.type in language.comments:
            yield one
        else:
            below.extend(one.named_children)


def leaves(nodes: "tuple[Node, ...]") -> int:
    """Return how many names and literals stand in statements, up to a number that is plenty."""
    count = 0
    below = list(nodes)
    while below and count < _ENOUGH:
        one = below.pop()
        inner = one.named_children
        if inner:
            below.extend(inner)
        elif "comment" not in one.type:
            count += 1
    return count


def body_at(node: "Node", language: Language) -> Body | None:
    """Return the body of a function's node, or of a block; None for a function that is only declared."""
    is_function = is_callable(node, language)
    inner: Node | None = node
    if is_function and node.type not in _WRAPPERS:
        inner = body_of(node)
        if inner is None:
            if language.name == "ruby" and node.type in ("method", "singleton_method") and _ends(node):
                return Body(node, True, (), "", language)
            return None
    if inner is None:
        return None
    statements = list(_statements(inner, language))
    docs = ""
    if language.name == "python" and statements and is_function and _is_text(statements[0]):
        docs = text_of(statements.pop(0))
    return Body(node, is_function, tuple(statements), docs, language)


def _ends(node: "Node") -> bool:
    last = node.children[-1] if node.children else None
    return last is not None and last.type == "end"


def _is_text(node: "Node") -> bool:
    return (
        node.type == "expression_statement" and node.named_child_count == 1 and node.named_children[0].type == "string"
    )


def _statements(body: "Node", language: Language, depth: int = _DEPTH) -> "Iterator[Node]":
    if body.type not in _WRAPPERS or not depth:
        yield body
        return
    for child in body.named_children:
        if child.type in language.comments or child.type in _NO_STATEMENTS:
            continue
        if child.type in _WRAPPERS and child.type not in ("lambda_literal", "do_block"):
            yield from _statements(child, language, depth - 1)
        else:
            yield child


def is_callable(node: "Node", language: Language) -> bool:
    """Tell whether a node is a function, a method, an accessor or the like."""
    if node.type in _MORE_FUNCTIONS:
        return True
    return node.type in language.functions and not (language.name == "ruby" and node.type == "block")


class Bodies:
    """The bodies of a change: those after it that it touched, each with what it was."""

    def __init__(self, change: Change) -> None:
        self.change = change

    def touched(self) -> Iterator[Body]:
        """Yield the bodies after the change on whose lines something came or went, outer before inner."""
        tree = self.change.after.tree
        if tree is None:
            return
        language = self.change.language
        spans = [
            (h.after_start - (h.after_start == h.after_end), max(h.after_start, h.after_end - 1))
            for h in self.change.hunks
        ]
        firsts, lasts = [first for first, _ in spans], [last for _, last in spans]  # both rise, as the hunks do
        below = [(tree.root_node, 0, len(spans))]
        while below:
            node, begin, end = below.pop()
            begin = bisect_left(lasts, node.start_point[0], begin, end)
            end = bisect_right(firsts, node.end_point[0], begin, end)
            if begin == end:
                continue
            if self._is_body(node) and (body := body_at(node, language)) is not None:
                yield body
            below.extend((child, begin, end) for child in reversed(node.named_children))

    def _is_body(self, node: "Node") -> bool:
        """Tell whether a node is a function, or a block that is not the body of one."""
        language = self.change.language
        if is_callable(node, language):
            return True
        if node.type not in _BLOCKS:
            return False
        above = node.parent  # found from the root down: too dear to ask of every node
        return above is None or not (is_callable(above, language) or above.type == "function_body")

    def before(self, body: Body) -> Body | None:
        """Return what a body was: the one whose first line is the same line, else the one function of its name."""
        node = self._by_place(body.node) or (self._by_name(body.node) if body.is_function else None)
        return None if node is None else body_at(node, self.change.language)

    def has_twin(self, before: Body, body: Body) -> bool:
        """Tell whether a function came of the same name that does the work: then the one that does none is the new."""
        name, _ = self._places.get(body.node.id, ("", 0))
        new = self._new.get(name, ())
        if len(new) <= len(self._old.get(name, ())):
            return False
        had = set(_WORDS.findall(text_of(before.node)))
        others = (one for one in new if one.node.id != body.node.id and self.change.touched(one.line, one.end_line))
        return any(len(had.intersection(_WORDS.findall(text_of(one.node)))) >= _ALIKE * len(had) for one in others)

    def _by_place(self, node: "Node") -> "Node | None":
        """Find the node that begins at the same place of the same line, or stands in such a one at the same field."""
        found = self._same_begin(node)
        above = node.parent
        if found is None and above is not None and node.type in _BLOCKS:
            was = self._same_begin(above)
            field = above.field_name_for_child(above.children.index(node))
            found = was.child_by_field_name(field) if was is not None and field else None
        return found

    def _same_begin(self, node: "Node") -> "Node | None":
        source = self.change.before
        line = self.change.line_before(node.start_point[0] + 1)
        if line is None or source is None or source.tree is None:
            return None
        point = (line - 1, node.start_point[1])
        found = source.tree.root_node.named_descendant_for_point_range(point, point)
        while found is not None and found.start_point == point:
            if found.type == node.type:
                return found
            found = found.parent
        return None

    def _by_name(self, node: "Node") -> "Node | None":
        name = name_of(node)
        if not name or node.type not in self.change.language.functions:
            return None
        qualified, nth = self._places.get(node.id, (name, 0))
        old, new = self._old.get(qualified, ()), self._new.get(qualified, ())
        if len(old) == len(new):
            return old[nth].node if old else self._by_bare_name(name)
        if len(old) > _ENOUGH // 4:
            return None
        alike = [one for one in old if head_of(one.node) == head_of(node)]
        return alike[0].node if len(alike) == 1 else None

    def _by_bare_name(self, name: str) -> "Node | None":
        """Find a function that moved to another class, when it is the one of its name on both sides."""
        if self.change.before is None:
            return None
        old = [one for one in self.change.before.functions if one.name == name]
        new = [one for one in self.change.after.functions if one.name == name]
        return old[0].node if len(old) == len(new) == 1 else None

    @cached_property
    def _places(self) -> dict[int, tuple[str, int]]:
        """For each function after the change: its qualified name, and which of those of that name it is."""
        return {one.node.id: (name, nth) for name, same in self._new.items() for nth, one in enumerate(same)}

    @cached_property
    def _old(self) -> dict[str, list[Function]]:
        return _by_qualified(self.change.before)

    @cached_property
    def _new(self) -> dict[str, list[Function]]:
        return _by_qualified(self.change.after)


def _by_qualified(source: Source | None) -> dict[str, list[Function]]:
    found: dict[str, list[Function]] = {}
    for one in source.functions if source else ():
        found.setdefault(one.qualified, []).append(one)
    return found


def head_of(node: "Node") -> str:
    """Return what a function takes and what it sets before its body, without blanks."""
    parts = [
        one
        for one in node.named_children
        if "parameter" in one.type or "declarator" in one.type or "initializer" in one.type
    ]
    return "".join("".join(text_of(one).split()) for one in parts)


def around(node: "Node") -> "Iterator[Node]":
    """Yield the nodes that a node stands in, the nearest first."""
    above = node.parent
    while above is not None:
        yield above
        above = above.parent
