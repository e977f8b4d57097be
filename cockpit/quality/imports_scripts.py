"""Which imports of a JavaScript or TypeScript module lead to no file of its repository; runs nothing."""

import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from cockpit.quality.files import Files, Missing, join, split
from cockpit.quality.languages import TYPESCRIPT, Language, grammar_of
from cockpit.quality.source import Source, text_of
from cockpit.quality.syntax import without_json_comments

if TYPE_CHECKING:
    from tree_sitter import Node, Query

_QUERY = """
(import_statement source: (string) @from)
(export_statement source: (string) @from)
(call_expression function: [(import) (identifier)] arguments: (arguments . (string) @from))
"""
_QUERY_TYPESCRIPT = "(import_require_clause source: (string) @from)"
_CALLS = frozenset({"import", "require"})
_GUARDS = frozenset({"try_statement", "if_statement", "ternary_expression", "binary_expression", "catch_clause"})
_COMPILED = (".js", ".jsx", ".mjs", ".cjs")
_ENDS = ("", ".ts", ".tsx", ".js", ".d.ts", ".json", "/index.ts", "/index.js")
_MADE = re.compile(
    r"(^|/)([.$+][^/.][^/]*|[^/]*generated[^/]*|gen|dist|build|out|lib|pkg|target|wasm|es|esm|cjs|umd)(/|$)"
)
"""Folders that a build makes, where they are not in the tree."""


def missing(source: Source, files: Files) -> Iterator[Missing]:
    """Yield the imports that lead to nothing; those under a condition or a handler of errors are let pass."""
    if source.tree is None or source.errors or "virtual: true" in source.text or "virtual:true" in source.text:
        return
    for node in _specifiers(source):
        said = text_of(node)[1:-1]
        wanted = said.partition("?")[0].partition("#")[0] if said.startswith(".") else said
        if "\\" in said or "!" in said or not wanted:
            continue
        for stems in _stems(source.path, wanted, files):
            if stems and not any(_exists(one, files) for one in stems):
                would_do = tuple(f"{one}{end}" for one in stems for end in _ENDS)
                yield Missing(node.start_point[0] + 1, node.start_point[1] + 1, said, would_do)


def _specifiers(source: Source) -> "Iterator[Node]":
    from tree_sitter import QueryCursor

    query = _query(source.language)
    if query is None or source.tree is None:
        return
    for node in QueryCursor(query).captures(source.tree.root_node).get("from", ()):
        if not _is_guarded(node):
            yield node


@cache
def _query(language: Language) -> "Query | None":
    from tree_sitter import Query

    grammar = grammar_of(language)
    if grammar is None:
        return None
    typed = language.factory != "language" or language is TYPESCRIPT
    return Query(grammar, _QUERY + (_QUERY_TYPESCRIPT if typed else ""))


def _is_guarded(node: "Node") -> bool:
    """Tell whether an import is a call that may fail, or no import at all."""
    call = node.parent.parent if node.parent is not None and node.parent.type == "arguments" else None
    if call is None:
        return False
    called = call.child_by_field_name("function")
    if called is None or text_of(called) not in _CALLS:
        return True
    above = call.parent
    while above is not None:
        if above.type in _GUARDS:
            return True
        if above.type == "member_expression" and text_of(above).rstrip().endswith(".catch"):
            return True
        above = above.parent
    return False


def _stems(path: str, said: str, files: Files) -> Iterator[tuple[str, ...]]:
    """Yield the places, without suffix, at which what an import names can be; nothing for what is installed."""
    folder = split(path)[0]
    if said.startswith("."):
        if "rootDirs" in _config(folder, files)[1] or '"browser"' in _nearest(folder, ("package.json",), files)[1]:
            return  # one place stands for another
        stem = posixpath.normpath(join(folder, said))
        if not stem.startswith(".."):
            yield ("" if stem == "." else stem,)
    elif said.startswith(("@/", "~/")):
        yield _mapped(folder, said, files)


def _exists(stem: str, files: Files) -> bool:
    if stem in files.folders or files.has_stem(stem):
        return True
    for end in _COMPILED:
        if stem.endswith(end) and files.has_stem(stem.removesuffix(end)):
            return True
    made = _MADE.search(stem)
    return made is not None and stem[: made.end()].rstrip("/") not in files.folders


# --- tsconfig -------------------------------------------------------------------------------------------------------


def _config(folder: str, files: Files) -> tuple[str, str]:
    return _nearest(folder, ("tsconfig.json", "jsconfig.json"), files)


def _nearest(folder: str, names: Sequence[str], files: Files) -> tuple[str, str]:
    """Return the folder and the text of the first file of these names, from a folder upwards; empty: there is none."""
    at = folder
    while True:
        for name in names:
            if text := files.text(join(at, name)):
                return at, text
        if not at:
            return "", ""
        at = split(at)[0]


def _mapped(folder: str, said: str, files: Files) -> tuple[str, ...]:
    """Return where the `paths` of a tsconfig lead; empty where it has none for this, or is not simple."""
    home, text = _config(folder, files)
    try:
        options: Any = json.loads(without_json_comments(text))["compilerOptions"]
        paths: Mapping[str, Any] = options["paths"]
        base = posixpath.normpath(join(home, str(options.get("baseUrl", "."))))
        star = f"{said[:2]}*"
        targets = [str(one) for one in paths[star]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()
    if any(name != star and name.startswith(said[:2]) for name in paths):
        return ()
    found = [posixpath.normpath(join(base, one.replace("*", said[2:]))) for one in targets]
    return () if any(one.startswith(("..", "/")) for one in found) else tuple(found)
