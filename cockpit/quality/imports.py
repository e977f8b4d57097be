"""UNRESOLVED_IMPORT: imports of a changed module that lead to nothing in its own repository; what is unsure passes.

Judged are Python's relative imports and absolute ones of the repository's own packages, and the relative specifiers
(and `@/`, `~/` of a tsconfig) of JavaScript and TypeScript. What is installed is never judged, and an import that led
to nothing before the change neither.
"""

import re
from collections.abc import Iterator

from cockpit.quality import imports_python, imports_scripts
from cockpit.quality.change import Change
from cockpit.quality.files import Files, Missing
from cockpit.quality.rule import Found, Rule
from cockpit.quality.source import Source
from cockpit.quality.violation import Severity

NAME = "UNRESOLVED_IMPORT"
ABOUT = "a changed module imports what is not in the repository"
_SCRIPTS = frozenset({"javascript", "typescript", "tsx", "vue", "svelte"})
_NOT_RUN = re.compile(
    r"(^|/)(__?fixtures?_?_?|fixtures|test_?data|data|templates?|examples?|samples?|snippets?|node_modules|vendor|"
    r"vendored|third_party|playgrounds?|sandbox|dist|build|generated|\.[^/]+)/|[{}<>%]"
)
"""Paths of files that nobody runs where they are: data of tests, templates, what is built or belongs to others."""


def imports_rule(before: Files, after: Files) -> Rule:
    """Return the rule that finds imports which the files after a change do not resolve, and those before it did."""

    def judge(change: Change) -> Iterator[Found]:
        if _NOT_RUN.search(change.path):
            return
        now = list(_missing(change.after, after))
        if not now:
            return
        old = {one.name for one in _missing(change.before, before)} if change.before else set()
        for one in now:
            if one.name not in old and not after.may_come(one.would_do):
                yield Found(one.line, f"{one.name} is not in this repository", one.column)

    return Rule(NAME, Severity.HIGH, ABOUT, judge)


def is_judged(path: str) -> bool:
    """Tell whether a file of this name can have imports that are judged."""
    return path.endswith(
        (".py", ".pyi", ".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte")
    )


def _missing(source: Source, files: Files) -> Iterator[Missing]:
    if source.language.name == "python":
        yield from imports_python.missing(source, files)
    elif source.language.name in _SCRIPTS:
        yield from imports_scripts.missing(source, files)
