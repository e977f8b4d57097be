"""MALFORMED_SYNTAX: a file that could be read before the change, or is new, and cannot be read now."""

from collections.abc import Iterator

from cockpit.quality.change import Change
from cockpit.quality.languages import LINES, MARKDOWN
from cockpit.quality.rule import Example, Found, Rule
from cockpit.quality.violation import Severity


def _judge(change: Change) -> Iterator[Found]:
    from cockpit.quality.rules.malformed_grammar import unreadable
    from cockpit.quality.rules.malformed_marks import marks
    from cockpit.quality.rules.malformed_words import words

    found = next(marks(change), None) or next(words(change), None)
    if found is None and change.language not in (LINES, MARKDOWN):
        found = next(unreadable(change), None)
    if found is not None:
        yield found


EXAMPLES = (
    Example("a bracket lost", "a.py", "f(1)\n", "f(1\n", True),
    Example("a body without indentation", "a.py", "def f():\n    g()\n", "def f():\ng()\n", True),
    Example("a brace lost", "a.ts", "if (a) {\n  b()\n}\n", "if (a) {\n  b()\n", True),
    Example("a conflict left in", "a.go", "package a\n", "package a\n\n<<<<<<< HEAD\nvar b = 1\n", True),
    Example("a Markdown fence", "a.sh", "ls\n", "```sh\nls\n```\n", True),
    Example("an answer of a chat", "a.php", "<?php\nf();\n", "Here is the file you need:\n\n<?php\nf();\n", True),
    Example("a comma lost", "a.json", '{"a": 1, "b": 2}\n', '{"a": 1 "b": 2}\n', True),
    Example("a keyword misspelt", "a.c", "int f() {\n  return g;\n}\n", "int f() {\n  retrun g;\n}\n", True),
    Example("it was broken before", "a.py", "f(1\n", "f(2\n", False),
    Example("Python 2", "a.py", "x = 1\n", "x = 1\nprint x\n", False),
    Example("a template of YAML", "a.yaml", "a: 1\n", "a: 1\nb: {{ c }}\n", False),
    Example("a macro", "a.cpp", "int a;\n", 'int a;\nTEST("b")\n{\n  c();\n}\n', False),
)

RULE = Rule(
    name="MALFORMED_SYNTAX",
    severity=Severity.HIGH,
    about="a file that could be read before, or is new, cannot be read now",
    judge=_judge,
    examples=EXAMPLES,
)
