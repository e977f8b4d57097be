"""Pages and components: tags that lost their other half, and the scripts and styles that stand inside them."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cockpit.quality.change import Change
from cockpit.quality.languages import CSS, HTML, SVELTE, VUE, grammar_of
from cockpit.quality.source import Source, text_of
from cockpit.quality.syntax import Problem

if TYPE_CHECKING:
    from tree_sitter import Node

MARKUP = (HTML, VUE, SVELTE)
_CONTROL = re.compile(r"\{%|\{\{[#/^]|\{[#:/@]|<%|<\?|^\s*@(?:if|else|end|for)", re.MULTILINE)
_STRUCTURE_WORDS = (
    "html body div table ul ol section main nav header footer form article aside select button span script style "
    "template title h1 h2 h3 h4 h5 h6 svg a "
)
_STRUCTURE = frozenset(_STRUCTURE_WORDS.split())
_PAIRED = ("script", "style", "template", "html", "body", "div", "ul", "table", "form", "section", "span", "button")
_ANY_TAG = re.compile(
    rf"<(/?)({'|'.join(_PAIRED)})(?=[\s>/])(?:[^<>\"'{{]|\"[^\"]*\"|'[^']*'|\{{(?:[^{{}}]|\{{[^{{}}]*\}})*\}})*>",
    re.IGNORECASE,
)
_VOID_WORDS = (
    "area base br col embed hr img input link meta param source track wbr p li dt dd tr td th tbody thead tfoot "
    "option head optgroup colgroup "
)
_VOID = frozenset(_VOID_WORDS.split())
_COMMENTED = re.compile(rb"(?m)^[ \t]*<!--[^\n]*|^[ \t]*(?://[ \t]*)?-->[ \t]*$")
_NOT_A_SCRIPT = re.compile(
    r"type\s*=\s*[\"']?(?!text/javascript|module|application/javascript|text/babel)[\w/]", re.IGNORECASE
)
_OTHER_STYLE = re.compile(r"lang\s*=\s*[\"']?(?!css\b)\w", re.IGNORECASE)
_TYPED = re.compile(r"lang\s*=\s*[\"']?tsx?\b", re.IGNORECASE)
_EXPRESSION = re.compile(r"\s(?:@|:|v-|#)[\w.:@-]+=\"([^\"]*)\"")
_TEXTS = re.compile(r"'(?:\\.|[^'\\\n])*'|`[^`]*`|/\*.*?\*/|//[^\n]*", re.DOTALL)


def broken_page(change: Change) -> Problem | None:
    """Return what the change broke in a page, if anything; where a template decides what is there, nothing is said."""
    page = _Page(change.after)
    was = _Page(change.before) if change.before else None
    if any(_CONTROL.search(change.after.lines[n - 1]) for n in change.added) and change.language is HTML:
        return None
    problem = _tags(change, page, was) or _pieces(page, was) or _uneven(change)
    if problem is None and change.language is VUE:
        problem = _expressions(change) or _outside(page, was)
    return problem


class _Page:
    """One side of a page as the grammar of HTML sees it."""

    def __init__(self, source: Source) -> None:
        from tree_sitter import Query, QueryCursor

        self.source = source
        self.page = Source("page.html", source.text)
        self.alone: Counter[str] = Counter()
        self.first: dict[str, int] = {}
        self.pieces: list[tuple[str, str, Node]] = []
        grammar = grammar_of(HTML)
        if grammar is None or self.page.tree is None:
            return
        query = Query(
            grammar,
            "(erroneous_end_tag_name) @end (element (start_tag (tag_name) @name)) @open"
            " (script_element) @piece (style_element) @piece",
        )
        found = QueryCursor(query).captures(self.page.tree.root_node)
        for node in found.get("end", ()):
            self._lost("/" + text_of(node).lower(), node)
        for node in found.get("open", ()):
            if not any(child.type == "end_tag" for child in node.children):
                start = node.children[0]
                name = next((text_of(one).lower() for one in start.children if one.type == "tag_name"), "")
                self._lost(name, node)
        for node in found.get("piece", ()):
            raw = next((child for child in node.children if child.type == "raw_text"), None)
            if not any(child.type == "end_tag" for child in node.children):
                self._lost(node.type.partition("_")[0], node)
            if raw is not None:
                self.pieces.append((node.type, text_of(node.children[0]), raw))

    def _lost(self, name: str, node: "Node") -> None:
        bare = name.lstrip("/")
        if bare in _VOID or (self.source.language is HTML and bare not in _STRUCTURE):
            return
        self.alone[name] += 1
        self.first.setdefault(name, node.start_point[0] + 1)

    def read(self) -> Iterator[Source]:
        """Yield the scripts, and the styles, each as a text in which all else is blank."""
        for kind, name in (("script_element", "page.js"), ("style_element", "page.css")):
            typed = False
            keep = []
            for element, tag, raw in self.pieces:
                if element == kind and not (_NOT_A_SCRIPT if kind[1] == "c" else _OTHER_STYLE).search(tag):
                    keep.append((raw.start_byte, raw.end_byte))
                    typed = typed or bool(_TYPED.search(tag))
            yield Source("page.ts" if typed else name, _only(self.page.data, keep))


def _only(data: bytes, keep: list[tuple[int, int]]) -> str:
    out, at = [], 0
    for start, end in sorted(keep):
        out += [
            re.sub(rb"[^\n]", b" ", data[at:start]),
            _COMMENTED.sub(lambda one: b" " * len(one[0]), data[start:end]),
        ]
        at = end
    return b"".join(out).decode("utf-8", "replace")


def _tags(change: Change, page: _Page, was: _Page | None) -> Problem | None:
    if was is None:
        if _CONTROL.search(change.after.text) or "<html" not in change.after.text[:2000].lower():
            return None
        name = "html" if page.alone["html"] else ""
    else:
        if sum(was.alone.values()) > 2:
            return None
        name = next((one for one, n in page.alone.items() if n > was.alone[one]), "")
    if not name:
        return None
    said = f"</{name[1:]}> closes nothing" if name[0] == "/" else f"<{name}> is never closed"
    return Problem(page.first[name], 1, said)


def _uneven(change: Change) -> Problem | None:
    """Return a tag that opened as often as it closed, and does not any more: where the grammar loses its way."""
    was = _balance(change.before.text) if change.before else Counter[str]()
    now = _balance(change.after.text)
    named = ("script", "style") if change.before is None else _PAIRED
    for name in named:
        if now[name] and not was[name]:
            line = next((n for n in sorted(change.added) if f"<{name}" in change.after.lines[n - 1]), 0)
            return Problem(line, 1, f"<{name}> and </{name}> do not match")
    return None


def _balance(text: str) -> Counter[str]:
    """Count for each tag that needs its other half how often it opens, less how often it closes."""
    balance: Counter[str] = Counter()
    for found in _ANY_TAG.finditer(text):
        balance[found[2].lower()] += -1 if found[1] else 0 if found[0].endswith("/>") else 1
    return balance


def _pieces(page: _Page, was: _Page | None) -> Problem | None:
    olds = list(was.read()) if was else [None, None]
    for now, old in zip(page.read(), olds, strict=True):
        if (
            now.errors
            and "{{" not in now.text
            and "{%" not in now.text
            and "<%" not in now.text
            and ((now.path.endswith("s") and not now.path.endswith("css")) or any(_brackets_lost(now)))
        ):
            if old is not None and old.errors and now.language is not CSS:
                continue
            if old is not None and now.language is CSS and any(_brackets_lost(old)):
                continue
            if was is None and not page.source.text.rstrip().lower().endswith((">",)):
                continue
            node = now.errors[-1]
            return Problem(
                node.start_point[0] + 1, node.start_point[1] + 1, f"this cannot be read as {now.language.name}"
            )
    if was is not None:
        return _nets(page, was)
    return None


def _brackets_lost(style: Source) -> tuple[int, int]:
    return _net(style.text), style.text.count("(") - style.text.count(")")


def _nets(page: _Page, was: _Page) -> Problem | None:
    """Judge styles in a language without a grammar by their braces."""
    now, old = (
        [_net(text_of(raw)) for kind, tag, raw in one.pieces if kind[1] == "t" and _OTHER_STYLE.search(tag)]
        for one in (page, was)
    )
    if old and not any(old) and any(now):
        return Problem(0, 0, "braces of a style do not match")
    return None


def _net(text: str) -> int:
    bare = _TEXTS.sub("", re.sub(r'"(?:\\.|[^"\\\n])*"', "", text))
    return bare.count("{") - bare.count("}")


def _expressions(change: Change) -> Problem | None:
    lines = change.after.lines
    for n in sorted(change.added):
        line = lines[n - 1]
        for found in _EXPRESSION.finditer(line):
            bare = _TEXTS.sub("", found[1])
            if any(bare.count(a) != bare.count(b) for a, b in ("()", "[]", "{}")):
                return Problem(n, found.start(1) + 1, "brackets of this expression do not match")
    return None


def _outside(page: _Page, was: _Page | None) -> Problem | None:
    """Return text that stands outside all blocks of a component, where there was none."""
    for one, is_old in ((was, True), (page, False)):
        if one is None or one.page.tree is None:
            continue
        for node in one.page.tree.root_node.children:
            if node.type == "text" and text_of(node).strip():
                return None if is_old else Problem(node.start_point[0] + 1, 1, "text outside the blocks of a component")
    return None
