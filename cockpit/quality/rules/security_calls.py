"""Finds calls and settings that open a door: code and shells made from input, TLS not verified, unsafe unpacking, open rights.

The pattern of a danger only finds the place; the syntax tree then says whether it is code, which call it belongs to, and
where that call's arguments come from.
"""

# ruff: noqa: E501 -- a pattern that is broken over lines cannot be read as one

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from cockpit.quality.rules.security_dangers import DANGERS, SCRIPT, Danger
from cockpit.quality.rules.security_flow import Flow, arguments_of, call_at, flow_of, in_comment, is_code, node_at
from cockpit.quality.source import Source, text_of

LONGEST = 2000  # characters of a line that are looked at
_WRAPPER = re.compile(r"exec(?:Sync|Async|Promise)")  # calls of which are judged by their own name
_NEAR = 8  # lines within which two headers or settings belong together


@dataclass(frozen=True, slots=True)
class Place:
    """A danger at a place."""

    kind: str
    line: int
    column: int
    text: str
    message: str


@cache
def _dangers(language: str) -> tuple[Danger, ...]:
    return tuple(one for one in DANGERS if language in one.languages)


def _in_text(source: Source, text: str) -> list[Danger]:
    """Return the dangers that may stand on some lines, seen as one text: far quicker than each by each."""
    table = _dangers(source.language.name)
    return [one for one in table if one.anywhere.search(text) and (not one.needs or one.needs in source.text)]


def dangers(source: Source, lines: Iterable[int], *, tests: bool = False) -> Iterator[Place]:
    """Yield what opens a door on some lines of a text; `tests`: it runs what it likes, but for input."""
    lines = list(lines)
    texts = [source.lines[line - 1][:LONGEST] for line in lines]
    table = _in_text(source, "\n".join(texts))
    for line, text in zip(lines, texts, strict=True) if table else ():
        if len(text) < 5:
            continue
        for danger in table:
            for found in danger.pattern.finditer(text):
                place = _judged(source, danger, line, text, found, tests=tests)
                if place is not None:
                    yield place
                    break


def _judged(source: Source, danger: Danger, line: int, text: str, found: re.Match[str], *, tests: bool) -> Place | None:
    start = found.start() + len(found[0]) - len(found[0].lstrip())
    if danger.least > Flow.CONSTANT and not danger.inside and danger.which is not None and danger.which >= 0:
        start = found.start() + len(found[0].rstrip(" ('\"`[")) - 1  # the name that is called may stand after a text
    if danger.text:
        if in_comment(source, line, start):
            return None
    elif not is_code(source, line, start) and not (found[0].lstrip()[0] in "'\"[`" and _key(source, line, start)):
        return None
    said = text[start:]
    if danger.least > Flow.CONSTANT:
        flow, said = _flow(source, danger, line, found)
        if flow < (Flow.INPUT if tests and danger.kind == "shell" else danger.least):
            return None
        if (
            danger.languages is SCRIPT
            and danger.kind == "shell"
            and flow < Flow.INPUT
            and _hands_on(source, line, said)
        ):
            return None
    elif source.tree is not None and _is_definition(source, line, start):
        return None
    if danger.unless and danger.unless.search(said.replace("\n", " ") or text):
        return None
    return Place(danger.kind, line, start + 1, "".join(said.split()), danger.message)


def _hands_on(source: Source, line: int, said: str) -> bool:
    """Tell whether a call hands on the command of a function that is judged itself where this file alone calls it."""
    for one in source.functions:
        if one.line <= line <= one.end_line and _WRAPPER.fullmatch(one.name) and one.qualified == one.name:
            taken = next((child for child in one.node.named_children if "parameter" in child.type), None)
            first = re.match(r"\W*(\w+)", text_of(taken)) if taken is not None else None
            handed = first is not None and re.match(rf"[\w.]+\(\s*{first[1]}\s*[,)]", said)
            given = rf"\bexport\s+(?:default\s+|async\s+)*function\s+{one.name}\b|\b{one.name}\b(?!\s*[(<])"
            return bool(handed) and not re.search(given, source.text)
    return False


def _key(source: Source, line: int, column: int) -> bool:
    """Tell whether the text at a place is a whole key of a table or a command in backticks, not a piece of prose."""
    node = node_at(source, line, column + 1)
    while node is not None and node.type not in source.language.strings:
        if node.type in ("subshell", "shell_command_expression"):
            return True
        node = node.parent
    if node is None or node.start_point != (line - 1, len(source.lines[line - 1][:column].encode("utf-8", "replace"))):
        return node is None
    return node.parent is not None and node.parent.type in (
        "pair",
        "array_element_initializer",
        "subscript",
        "element_reference",
        "argument_list",
        "arguments",
        "block_mapping_pair",
        "keyword_argument",
        "argument",
        "value_argument",
        "subscript_expression",
    )


def _is_definition(source: Source, line: int, column: int) -> bool:
    """Tell whether a place is the default of a parameter or the name of what is defined, not something done."""
    node = node_at(source, line, column)
    for _ in range(3):
        if node is None:
            return False
        if node.type in (
            "default_parameter",
            "typed_default_parameter",
            "optional_parameter",
            "parameters",
            "formal_parameter",
            "import_statement",
            "import_declaration",
            "import_from_statement",
            "preproc_include",
            "type_annotation",
        ):
            return True
        node = node.parent
    return False


def _flow(source: Source, danger: Danger, line: int, found: re.Match[str]) -> tuple[Flow, str]:
    """Tell where the arguments of the call at a place come from, and what that call says."""
    end = len(found[0].rstrip(" ("))
    if danger.which == -1:  # a command in backticks
        node = node_at(source, line, found.start() + 1)
        while node is not None and node.type != "subshell":
            node = node.parent
        return (flow_of(source, [node]), text_of(node)) if node is not None else (Flow.CONSTANT, "")
    if danger.which == -3:  # an array that is assigned
        node = node_at(source, line, found.end() - 1)
        while node is not None and node.type != "array_literal":
            node = node.parent
        return (flow_of(source, [node]), text_of(node)) if node is not None else (Flow.CONSTANT, "")
    if danger.inside:
        node = node_at(source, line, found.start())
        while node is not None and node.type not in ("call", "call_expression", "new_expression"):
            node = node.parent
        call = node
    elif danger.which == -2:  # a chain of calls: the outermost
        call = call_at(source, line, found.start() + 1)
        while (
            call is not None
            and call.parent is not None
            and call.parent.type in ("field_expression", "call_expression", "try_expression", "await_expression")
        ):
            call = call.parent
        return (flow_of(source, [call]), text_of(call)) if call is not None else (Flow.CONSTANT, "")
    else:
        ends = re.search(r"[\w)`]+(?=\W*$)", found[0].split("(")[0] if danger.kind != "shell" else found[0][:end])
        call = call_at(source, line, found.start() + (ends.end() - 1 if ends else 0))
    if call is None:
        return Flow.CONSTANT, ""
    arguments = arguments_of(call)
    if danger.which == 0:
        arguments = arguments[:1]
    return (flow_of(source, arguments) if arguments else Flow.CONSTANT), text_of(call)


_ORIGIN = re.compile(
    r"(?i)Access-Control-Allow-Origin['\"]?\]?\s*(?:[:,=]|=>|\)|\.set\()+\s*['\"]?\s*(?:\*|['\"]\*['\"])|\b(?:allow_?(?:ed_?)?origins?|origins?)['\"]?\s*(?:=>|[:=]|\(|\s(?=['\"]))\s*(?:\[\](?:string)?\{|\[|arrayOf\(|listOf\(|List\.of\()?\s*(?:\w+\.)*(?:['\"]\*['\"]|true\b|any\b)|\bCORS_(?:ORIGIN_)?ALLOW_ALL(?:_ORIGINS)?\s*=\s*True|\bSetIsOriginAllowed\s*\(\s*\(?\w+\)?\s*=>\s*true|\bAllowAnyOrigin\s*\(\)|\ballow_origin\s*\(\s*(?:\w+::)*(?:Any|any\(\)|mirror_request\(\))|\banyHost\s*\(\)|\bAllowAllOrigins\s*:\s*true|\bAllowOriginFunc\b.*return true|\baddAllowedOrigin(?:Pattern)?\s*\(\s*\"\*\"|\ballowedOrigin(?:Pattern)?s\s*\(\s*\"\*\"|\borigin\s*:\s*(?:\(?\w+(?:,\s*\w+)?\)?\s*=>\s*\w+\(null,\s*true\))|Access-Control-Allow-Origin['\"]?\]?\s*(?:[:,=]|=>)+\s*(?:req(?:uest)?\.|r\.|\$_SERVER|origin\b)"
)
_ABOUT_ORIGINS = re.compile(r"(?i)origin|credentials|any_?host")
_CREDENTIALS = re.compile(
    r"(?i)Access-Control-Allow-Credentials['\"]?\]?\s*(?:[:,=]|=>|\))+\s*['\"]?true|\b(?:allow_?credentials|supports_credentials|credentials|CORS_ALLOW_CREDENTIALS)['\"]?\s*(?:=>|[:=]|\()\s*['\"]?true|\bAllowCredentials\s*\(\)|\ballowCredentials\s*=\s*true"
)


def open_origins(source: Source, lines: Iterable[int]) -> Iterator[Place]:
    """Yield where any site may ask with the user's own credentials."""
    done = -_NEAR
    lines = list(lines)
    if not any(_ABOUT_ORIGINS.search(source.lines[line - 1][:LONGEST]) for line in lines):
        return
    for line in lines:
        text = source.lines[line - 1][:LONGEST]
        if line - done < _NEAR or not (_ORIGIN.search(text) or _CREDENTIALS.search(text)):
            continue
        first = max(0, line - 1 - _NEAR)
        near = source.lines[first : line + _NEAR]
        origin = next(
            (
                n
                for n, one in enumerate(near)
                if (found := _ORIGIN.search(one[:LONGEST])) and _stands(source, first + n + 1, found.start())
            ),
            None,
        )
        credentials = next(
            (
                n
                for n, one in enumerate(near)
                if (found := _CREDENTIALS.search(one[:LONGEST])) and _stands(source, first + n + 1, found.start())
            ),
            None,
        )
        if origin is not None and credentials is not None:
            done = line
            yield Place(
                "cors",
                first + origin + 1,
                1,
                "".join(near[origin].split()),
                "lets any site ask with the user's own credentials",
            )


def _stands(source: Source, line: int, column: int) -> bool:
    return not in_comment(source, line, column)
