"""SQL that is put together from values, where the value stands in the place of a value; names of tables are let pass."""

# ruff: noqa: E501 -- a pattern that is broken over lines cannot be read as one

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cockpit.quality.rules.security_calls import LONGEST, Place
from cockpit.quality.rules.security_flow import CALLS, has_hole, in_comment, node_at
from cockpit.quality.source import Source, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_VERB = re.compile(
    r"(?i)\b(?:SELECT\b.{1,400}?\bFROM|INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE\s+[\w.\"`\[\]{}$#()\\]+\s+SET|DELETE\s+FROM|REPLACE\s+INTO|DROP\s+(?:TABLE|DATABASE)|WHERE\s+[\w.]+\s*(?:=|LIKE|IN|<|>))"
)
_ABOUT = re.compile(
    r"(?i)select|insert|update|delete|replace|drop|where|order|having|joins|pluck|find_by_sql|DB::raw|FromSqlRaw|ExecuteSqlRaw"
)
# What stands right before a value: a comparison, an opening quote, a list of values.
_VALUE = r"(?:[=<>]\s*|\bLIKE\s+|\bIN\s*\(\s*|\bVALUES\s*\(\s*|\bLIMIT\s+|\bOFFSET\s+|\bBETWEEN\s+|\bORDER\s+BY\s+|\bTHEN\s+)(?:N?\\?['\"]\s*%{0,2}|%)?|,\s*\\?'%?|\bVALUES\s*\((?:[^()]|\([^()]*\))*,\s*"
_HOLE = r"(?:\$\{|#\{|\\\(|\{(?!\{)|\{\}|%[sdiv]\b|%\(\w+\)[sd]|%@|\$\w+|\{\$)"
_IN_TEXT = re.compile(rf"(?is)(?:{_VALUE})\s*(?P<hole>{_HOLE})")
_FILLED = r"\s*(?:\$?\{[^{}]*\}|#\{[^{}]*\}|%s)\s*"
_TWO_LISTS = re.compile(rf"(?i)\({_FILLED}\)\s*VALUES\s*\({_FILLED}\)")  # names of columns, and as many parameters
_NUMBERED = re.compile(r"\{\d+\}\{\d+\}")  # the sign of a parameter and its number
_AT_END = re.compile(rf"(?is)(?:{_VALUE})\s*\Z")
_HARMLESS = re.compile(
    r"(?i)quote|escape|sanitiz|placeholder|\bparam(?:eter)?(?:marker|_?style|_?mark)|join\(|\bint\(|parseint|intval|\bsql\.(?:identifier|literal)|\bidentifier\b|binding|\?\s*['\"]|bindvar|prisma\.sql"
)
_FILLS = re.compile(r"(?i)(?:printf|\bformat|appendf|formatted|concat|mprintf)\w*!?\s*$")
_FRAGMENT = re.compile(
    r"(?:\bwhere|\border|\bhaving|\bjoins|\bpluck|\bfind_by_sql|whereRaw|orderByRaw|selectRaw|havingRaw|DB::raw|FromSqlRaw|ExecuteSqlRaw)\s*\(?\s*[\"'`]"
)
# A name for as many signs of parameters as there are values, and what is filled into a text under one name.
_ASSIGNED = re.compile(
    r"(?m)^[ \t]*(?:const |let |var |val |my |final |String )?\$?(?P<name>\w+)[ \t]*:?=(?!=)(?P<what>[^\n]{1,300})"
)
_SIGNS = re.compile(r"(?i)['\"`](?:\?|%s)\s*,?\s*['\"`]")
_REPEATED = re.compile(r"(?i)\bjoin\b|\bimplode\b|\*|repeat|\bfor\b")
_NAMED = re.compile(r"\s*\$?(\w+)\s*\}")
_FILLED_BY = re.compile(r"\s*%\s*\(?\s*(\w+)\s*,?\s*\)?\s*\Z")
_TAGGED = re.compile(r"(?i)(?:^|\.)(?:sql\w*|\$queryRaw|\$executeRaw|knex\.raw|gql|graphql|css|html)$")
_RUNS = re.compile(
    r"(?i)quer|exec|sql|stmt|statement|prepare|where|find_by|raw|select|command|cursor|db\b|conn|rows?\b"
)


def built_sql(source: Source, lines: Iterable[int]) -> Iterator[Place]:
    """Yield where SQL is built from values on some lines of a text."""
    if source.language.kind != "code" or source.tree is None:
        return
    seen: set[int] = set()
    for line in lines:
        text = source.lines[line - 1][:LONGEST]
        if not _ABOUT.search(text):
            continue
        for found in (*_VERB.finditer(text), *_FRAGMENT.finditer(text)):
            at = found.end() - 1 if found.re is _FRAGMENT else found.start()
            node = _literal(source, line, at)
            if node is None or node.start_byte in seen or in_comment(source, line, at):
                continue
            seen.add(node.start_byte)
            if _is_built(source, node):
                yield Place(
                    "sql",
                    line,
                    found.start() + 1,
                    "".join(text_of(_whole(node)).split()),
                    "puts values into SQL as text: use parameters",
                )
                break


def _literal(source: Source, line: int, column: int) -> "Node | None":
    node = node_at(source, line, column)
    while node is not None and node.type not in source.language.strings:
        node = node.parent
    return node


def _is_built(source: Source, node: "Node") -> bool:
    said = text_of(node)
    whole = _whole(node)
    rest = source.data[whole.end_byte : whole.end_byte + 200].partition(b"\n")[0]
    around = text_of(whole) + rest.decode("utf-8", "replace")
    if _HARMLESS.search(around[:4000]) or _is_tagged(node):
        return False
    signs = _signs(source.text)
    filled = _FILLED_BY.match(text_of(whole)[len(said) :])
    if filled and filled[1] in signs:
        return False
    holes = has_hole(source, node)
    formatted = _is_formatted(source, node, whole)
    if (holes or formatted) and any(_counts(said, found, holes, signs) for found in _IN_TEXT.finditer(said)):
        return True
    return _is_joined(source, node, signs)


def _signs(text: str) -> frozenset[str]:
    """Return the names that stand for signs of parameters wherever they are given a value."""
    signs: set[str] = set()
    others: set[str] = set()
    for found in _ASSIGNED.finditer(text):
        made = _SIGNS.search(found["what"]) and _REPEATED.search(found["what"])
        (signs if made else others).add(found["name"])
    return frozenset(signs - others)


def _counts(said: str, found: "re.Match[str]", holes: bool, signs: frozenset[str]) -> bool:
    """Tell whether a hole in a text is one for values in this kind of text."""
    hole = found["hole"]
    if said[max(0, found.start("hole") - 1)] in "$:@?" or said[found.end("hole") : found.end("hole") + 1] == "?":
        return False
    at = found.start("hole")
    if _NUMBERED.match(said, at) or any(one.start() < at < one.end() for one in _TWO_LISTS.finditer(said)):
        return False
    named = _NAMED.match(said, found.end("hole"))
    if named and named[1] in signs:
        return False
    inner = re.match(r"[A-Z][A-Z0-9_.]*\b", said[found.end("hole") :])
    return not inner and (holes or not hole.startswith(("$", "#", "\\(")))


def _whole(node: "Node") -> "Node":
    """Return the expression of which a text is a part: what it is joined with and the call that formats it."""
    while node.parent is not None:
        kind = node.parent.type
        if "binary" in kind or kind in (
            "concatenated_string",
            "parenthesized_expression",
            "additive_expression",
            "infix_expression",
            "multiplicative_expression",
            "operator_assignment",
            "concatenated_string_expression",
        ):
            node = node.parent
        else:
            break
    return node


def _is_formatted(source: Source, node: "Node", whole: "Node") -> bool:
    """Tell whether a text is a pattern that is filled: by %, .format, sprintf, String.format, format!."""
    said = text_of(whole)[len(text_of(node)) :][:200] if whole.id != node.id else ""
    if re.match(r"\s*%\s*[\w(\[]", said):
        return True
    above = whole.parent
    for _ in range(3):
        if above is None:
            return False
        if above.type in CALLS or above.type.startswith("macro"):
            head = text_of(above)[: max(0, whole.start_byte - above.start_byte)]
            if _FILLS.search(head.partition("(")[0]):
                return True
        if re.match(
            r"\s*\.\s*(?:format|formatted)\s*\(",
            source.data[whole.end_byte : whole.end_byte + 40].decode("utf-8", "replace"),
        ):
            return True
        above = above.parent
    return False


def _is_joined(source: Source, node: "Node", signs: frozenset[str]) -> bool:
    """Tell whether a text ends where a value must follow, and something that is not constant is joined to it there."""
    said = text_of(node).rstrip().removesuffix('"""').rstrip()
    open_end = _AT_END.search(
        said.rstrip('"`').removesuffix("'") if not re.search(r"=\s*'[\"`]$", said) else said.rstrip('"`')
    )
    if open_end is None:
        return False
    after = source.data[node.end_byte : min(node.end_byte + 120, len(source.data))].decode("utf-8", "replace")
    found = re.match(
        r"\s*(?:\.to_(?:string|owned)\(\)|\.into\(\))?\s*(?:\+|\.(?!\w+\()|<<|\|\||\.append\(|&)\s*(?P<what>[&$@\w(!][\w.$>\[\]'\"-]*)",
        after,
    )
    if found is None or found["what"].lstrip("$") in signs:
        return False
    return not re.match(r"[\"'`]|[A-Z][A-Z0-9_]*\b(?![.(])", found["what"])


def _is_tagged(node: "Node") -> bool:
    """Tell whether a template is handed to a function that makes parameters of its holes."""
    above = node.parent
    if above is None or above.type != "call_expression":
        return False
    called = above.child_by_field_name("function")
    return (
        called is not None and above.child_by_field_name("arguments") == node and bool(_TAGGED.search(text_of(called)))
    )
