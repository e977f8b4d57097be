"""Where an argument comes from: written out, built of parts, a variable, or input from outside; judges nothing.

Works on the kinds of nodes that grammars have in common, so that one reading serves all languages.
"""

# ruff: noqa: E501 -- a pattern that is broken over lines cannot be read as one

import re
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

from cockpit.quality.rules.security_origin import is_own
from cockpit.quality.source import Source, text_of

if TYPE_CHECKING:
    from tree_sitter import Node


class Flow(IntEnum):
    """What is known of a value, from harmless to surely from outside."""

    CONSTANT = 0
    PLAIN = 1  # a variable of unknown origin
    PARAMETER = 2  # handed to the function around it
    BUILT = 3  # text put together with something that is not constant
    INPUT = 4  # its name or its call says that it comes from outside


_HOLES = frozenset(
    [
        "interpolation",
        "template_substitution",
        "string_interpolation",
        "interpolated_expression",
        "interpolated_identifier",
        "simple_expansion",
        "expansion",
        "command_substitution",
        "variable_name",
        "dynamic_variable_name",
        "format_expression",
    ]
)
CALLS = frozenset(
    [
        "call",
        "call_expression",
        "method_invocation",
        "object_creation_expression",
        "new_expression",
        "invocation_expression",
        "function_call_expression",
        "member_call_expression",
        "nullsafe_member_call_expression",
        "scoped_call_expression",
        "macro_invocation",
        "command",
        "constructor_invocation",
        "subshell",
        "shell_command_expression",
        "include_expression",
        "include_once_expression",
        "require_expression",
        "require_once_expression",
    ]
)
_LISTS = frozenset(["argument_list", "arguments", "value_arguments", "call_suffix", "token_tree"])
_LEAST = frozenset(
    {"identifier", "variable_name", "simple_identifier", "constant", "name", "attribute", "special_variable_name"}
)
_INPUT = re.compile(
    r"""(?ix) (?<![a-z]) (?: request | req | params | query_?(?:string|params) | searchparams | argv | sys\.argv | os\.args | env::args
      | raw_?input | input | stdin | read_?line | gets | prompt | getenv | user_?(?:input|code|data|cmd|command|script|expr\w*|supplied|query|text|value|file\w*|name_input)
      | (?:client|remote|external|untrusted|unsafe|tainted|attacker|posted|submitted)_?\w* | form_?(?:data|value)?s? | cookies? | \$_(?:get|post|request|cookie|server|files)
      | getparameter | getheader | formvalue | postform | url_?param\w* | location\.(?:hash|search|href) | document\.url | payload | body | (?:r|req)\.(?:url|form|postform|header|body) | (?:c|ctx|context)\.(?:query|param|postform|formvalue)\w* | input_\w+ | \w{1,30}_input | usercode | usercmd | userscript ) (?![a-z])
    """
)
_GLUE = frozenset(["+", "%", ".", "..", "<<", "&", "~"])
_FORMATS = re.compile(
    r"(?:^|[.:>\s])(?:format|sprintf|Sprintf|Sprint|concat|formatted|join|format!|asprintf|printf|String)!?$"
)
_SHOUTED = re.compile(r"^[A-Z][A-Z0-9_]*$|^__\w+__$|^__(?:dirname|filename|DIR__|FILE__)$")
_SELVES = frozenset(
    ["self", "this", "cls", "super", "None", "True", "False", "null", "nil", "true", "false", "undefined"]
)
_HOLE_IN_TEXT = re.compile(r"(?<!\{)\{[\w:?#.]*\}(?!\})")
_ESCAPES = re.compile(
    r"(?i)quote|escape|sanitiz|safe|shlex|literal_eval|\bint\b|parseint|intval|to_i\b|number\(|json_encode|json\.(?:dumps|stringify)"
)
_SIMPLE_HOLE = re.compile(r"(?<!\\)\$(?![A-Z][A-Z0-9_]*\b)[A-Za-z_]\w*")  # its grammar has no node for these
_DEPTH = 400  # nodes of one expression that are looked at


def node_at(source: Source, line: int, column: int) -> "Node | None":
    """Return the smallest node at a place of a text (line from 1, column from 0, in characters)."""
    if source.tree is None:
        return None
    at = (line - 1, len(source.lines[line - 1][:column].encode("utf-8", "surrogatepass")))
    return source.tree.root_node.descendant_for_point_range(at, at)


def is_code(source: Source, line: int, column: int) -> bool:
    """Tell whether a place is code: in no comment, and in no text but where code is put into that text."""
    if source.tree is None:
        return not any(
            (one.line, one.column - 1) <= (line, column)
            and line <= one.end_line
            and (line < one.end_line or one.line != line or column < one.column - 1 + len(one.text))
            for one in source.comments
        )
    node = node_at(source, line, column)
    language = source.language
    while node is not None:
        if node.type in language.comments or node.type == "comment":
            return False
        if node.type in _HOLES:
            return True
        if node.type in language.strings:
            return False
        node = node.parent
    return True


def in_comment(source: Source, line: int, column: int) -> bool:
    """Tell whether a place is in a comment, or in a text that documents (a Python docstring)."""
    if source.tree is None:
        return not is_code(source, line, column)
    node = node_at(source, line, column)
    while node is not None:
        if node.type in source.language.comments or node.type == "comment":
            return True
        if node.type == "string" and node.parent is not None and node.parent.type == "expression_statement":
            return True
        node = node.parent
    return False


def call_at(source: Source, line: int, column: int) -> "Node | None":
    """Return the call whose name stands at a place; None where that place is no call."""
    node = node_at(source, line, column)
    at = node.start_byte if node is not None else 0
    while node is not None:
        if node.type in CALLS:
            listed = _listed(node)
            return node if listed is None or listed.start_byte > at or node.type == "command" else None
        node = node.parent
        if node is not None and node.end_byte - node.start_byte > 20_000:
            return None
    return None


def _listed(call: "Node") -> "Node | None":
    found = call.child_by_field_name("arguments")
    if found is not None:
        return found
    for child in call.named_children:
        if child.type in _LISTS:
            return _listed(child) or child if child.type == "call_suffix" else child
    return None


def arguments_of(call: "Node") -> "list[Node]":
    """Return the arguments of a call; for what has no list of them, all that follows its name."""
    listed = _listed(call)
    if listed is None:
        return call.named_children[1:] if len(call.named_children) > 1 else list(call.named_children)
    return [one for one in listed.named_children if "comment" not in one.type]


def leaves(node: "Node") -> "Iterator[Node]":
    """Yield the nodes of an expression, outer before inner, up to a bound."""
    waiting, seen = [node], 0
    while waiting and seen < _DEPTH:
        one = waiting.pop()
        seen += 1
        yield one
        waiting.extend(reversed(one.children))


def has_hole(source: Source, node: "Node") -> bool:
    """Tell whether a literal of text has something put into it that is not constant."""
    for one in leaves(node):
        if one is not node and one.type in _HOLES:
            inner = text_of(one).strip("${}#\\() ")
            if not _SHOUTED.match(inner.rpartition(".")[2]) and not _ESCAPES.search(inner):
                return True
    return source.language.name == "kotlin" and bool(_SIMPLE_HOLE.search(text_of(node)))


def flow_of(source: Source, nodes: "Sequence[Node]", resolve: int = 2) -> Flow:
    """Tell where a value comes from; variables are followed to their last assignment in the function around them."""
    texts, named, built = _read(source, nodes)
    text = " ".join(text_of(root)[:2000] for root in nodes)
    if source.language.name == "rust" and "format!" in text and _HOLE_IN_TEXT.search(text):
        built, texts = True, texts + 1
    if not named and not (built and texts and _has_holes(source, nodes)):
        return Flow.CONSTANT
    if _ESCAPES.search(text):
        return Flow.PLAIN
    if _INPUT.search(_without_texts(source, nodes)):
        return Flow.INPUT
    if built and (texts or "format" in text):
        return Flow.CONSTANT if is_own(source, nodes[0], _without_texts(source, nodes)) else Flow.BUILT
    if resolve and len(nodes) == 1:
        return _followed(source, nodes[0], resolve)
    return Flow.PLAIN


def _read(source: Source, nodes: "Sequence[Node]") -> tuple[int, bool, bool]:
    """Return how many texts an expression has, whether it names a variable, and whether it puts things together."""
    texts, named, built = 0, False, False
    for root in nodes:
        skip = -1
        for node in leaves(root):
            if node.start_byte < skip:
                continue
            if node.type in source.language.strings or node.type in ("string_literal", "raw_string_literal"):
                texts += 1
                if has_hole(source, node):
                    built = True
                else:
                    skip = node.end_byte
            elif node.type in _GLUE or (_is_name(node) and _FORMATS.search(text_of(node))):
                built = True
            elif _is_name(node) and not _SHOUTED.match(name := text_of(node)) and name not in _SELVES:
                named = True
    return texts, named, built


def _is_name(node: "Node") -> bool:
    kind = node.type
    return node.child_count == 0 and (kind in _LEAST or "identifier" in kind)


def _has_holes(source: Source, nodes: "Sequence[Node]") -> bool:
    return any(
        node.type in source.language.strings and has_hole(source, node) for root in nodes for node in leaves(root)
    )


def _without_texts(source: Source, nodes: "Sequence[Node]") -> str:
    """Return what an expression says in code: its names, without what stands in its literals."""
    parts = []
    for root in nodes:
        skip = -1
        for node in leaves(root):
            if node.start_byte < skip:
                continue
            if node.type in source.language.strings and not has_hole(source, node):
                skip = node.end_byte
            elif node.child_count == 0 and "content" not in node.type and "fragment" not in node.type:
                parts.append(text_of(node))
    return re.sub(r" ?([.:\[\]>-]|->|::) ?", r"\1", " ".join(parts)).replace("$ ", "$")


def around(source: Source, node: "Node") -> "Node | None":
    """Return the function around a node."""
    above = node.parent
    while above is not None:
        if above.type in source.language.functions:
            return above
        above = above.parent
    return None


def _followed(source: Source, node: "Node", resolve: int) -> Flow:
    """Follow a variable to where it got its value in the function around it, or to that function's parameters."""
    name = text_of(node).lstrip("&*$").removeprefix("name: ")
    if not re.fullmatch(
        r"[A-Za-z_]\w*(?:\.c_str\(\)|\.as_str\(\)|\.trim\(\)|\.toString\(\))?|self\.\w+|this\.\w+", name
    ):
        return Flow.PLAIN
    name = name.partition("(")[0]
    name = re.sub(r"\.(?:c_str|as_str|trim|toString)$", "", name)
    function = around(source, node)
    first = function.start_point[0] if function is not None else max(0, node.start_point[0] - 200)
    last = node.start_point[0]
    assigned = re.compile(
        rf"(?<![\w.]){re.escape(name)}\s*(?::\s*[\w<>&\[\]?. ]+)?\s*(?::=|\.=|\+=|=(?![=>~]))\s*(?=\S)"
    )
    written = re.compile(rf"\b(?:v?sn?printf|strn?cat|strn?cpy)\s*\(\s*{re.escape(name)}\b(.*)")
    best = None
    for row in range(max(first, last - 200), last + 1):
        line = source.lines[row] if row < len(source.lines) else ""
        if name not in line or len(line) > 2000:
            continue
        found = assigned.search(line)
        if found:
            value = node_at(source, row + 1, found.end())
            whole = _expression(value, row) if value is not None else None
            if whole is not None and whole.id != node.id and not (whole.start_byte <= node.start_byte < whole.end_byte):
                flow = flow_of(source, [whole], resolve - 1)
                best = flow if best is None or "+=" in found[0] else max(flow, Flow.PLAIN if best > flow else flow)
        elif found := written.search(line):
            best = Flow.BUILT if re.search(r"%s|,\s*[a-z]\w*\s*\)", found[1]) else best
    if best is not None:
        return best
    if function is not None:
        heads = [
            one
            for one in (
                function.child_by_field_name("parameters"),
                function.child_by_field_name("declarator"),
                function.child_by_field_name("parameter"),
            )
            if one is not None
        ]
        heads = heads or [one for one in function.named_children if "param" in one.type]
        said = " ".join(text_of(one) for one in heads)
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said):
            return Flow.PARAMETER
    return Flow.PLAIN


def _expression(node: "Node", row: int) -> "Node":
    """Return the largest expression that begins where a node does."""
    while node.parent is not None and node.parent.start_byte == node.start_byte and node.parent.end_point[0] - row < 30:
        if any(
            word in node.parent.type
            for word in ("statement", "declaration", "block", "module", "program", "body", "assignment")
        ):
            break
        node = node.parent
    return node
