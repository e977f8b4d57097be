"""What rules see of a file: lines, comments, functions and errors, by real grammars and without one."""

import pytest

from cockpit.quality.change import Change
from cockpit.quality.languages import language_of
from cockpit.quality.scan import LARGEST, LONGEST_LINE, scan_change
from cockpit.quality.source import Source

PYTHON = "class A:\n    def f(self):\n        return 1  # one\n\n# two\ndef g():\n    h = lambda: 2\n    return h\n"
VUE = "<template>\n  <p/>\n</template>\n<script>\n// note\nexport function f() {\n  return 1\n}\n</script>\n"


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [
        ("a/b.py", "", "python"),
        ("a.TSX", "", "tsx"),
        ("Gemfile", "", "ruby"),
        ("tool", "#!/usr/bin/env python3\n", "python"),
        ("tool", "#!/bin/sh -e\n", "shell"),
        ("tool", "what\n", "other"),
        ("x.sql", "", "sql"),
    ],
)
def test_a_language_is_told_by_name_or_first_line(path: str, text: str, name: str) -> None:
    assert language_of(path, text).name == name


def test_functions_have_names_places_and_bodies() -> None:
    functions = Source("a.py", PYTHON).functions
    assert [(one.qualified, one.line, one.end_line) for one in functions] == [("A.f", 2, 3), ("g", 6, 8)]
    assert all(one.body is not None for one in functions)


def test_comments_know_whether_code_stands_beside_them() -> None:
    assert [(one.text, one.line, one.column, one.alone) for one in Source("a.py", PYTHON).comments] == [
        ("# one", 3, 19, False),
        ("# two", 5, 1, True),
    ]


def test_comments_are_found_without_a_grammar() -> None:
    found = Source("q.sql", "select 1; -- one\n-- two\n/* three\nfour */\n").comments
    assert [(one.line, one.end_line, one.alone) for one in found] == [(1, 1, False), (2, 2, True), (3, 4, True)]


def test_a_script_inside_a_page_is_read_at_its_place() -> None:
    source = Source("a.vue", VUE)
    assert [(one.text, one.line) for one in source.comments] == [("// note", 5)]
    assert [(one.name, one.line) for one in source.functions] == [("f", 6)]
    assert not source.errors


def test_errors_are_in_the_order_of_the_text() -> None:
    errors = Source("a.js", "function f( {\n}\nlet = ;\n").errors
    assert errors
    assert [one.start_byte for one in errors] == sorted(one.start_byte for one in errors)


def test_hunks_say_what_was_replaced() -> None:
    change = Change("a.txt", "a\nb\nc\nd\n", "a\nx\nc\nd\ne\n")
    assert change.added == {2, 5}
    assert change.removed == {2}
    assert change.removed_lines == {"b": 1}


def test_moved_lines_are_not_lost() -> None:
    assert not Change("a.txt", "a\nb\nc\n", "c\n  a\nb\n").removed_lines


def test_long_texts_are_compared_at_their_unique_lines() -> None:
    old = [f"line {n}" for n in range(9000)]
    new = [*old[:100], "new", *old[101:8000], *old[8010:]]
    new[0] = "first"
    new[-1] = "last"
    change = Change("a.txt", "\n".join(old), "\n".join(new))
    assert change.added == {1, 101, len(new)}
    assert change.removed == {1, 101, *range(8001, 8011), 9000}


def test_an_unchanged_line_knows_where_it_was() -> None:
    change = Change("a.txt", "a\nb\nc\nd\ne\n", "new\na\nx\nd\ne\n")
    assert [change.line_before(n) for n in range(1, 6)] == [None, 1, None, 4, 5]
    assert Change("a.txt", None, "a\n").line_before(1) is None


def test_functions_are_paired_with_what_they_were() -> None:
    change = Change("a.py", PYTHON, PYTHON.replace("return 1", "return 3") + "\ndef new():\n    return 0\n")
    assert [(old and old.qualified, new.qualified) for old, new in change.functions] == [
        ("A.f", "A.f"),
        ("g", "g"),
        (None, "new"),
    ]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"a\0b", "binary"),
        (b"x" * (LONGEST_LINE + 1), "characters"),
        (b"x\n" * LARGEST, "larger"),
    ],
)
def test_what_is_not_scanned_is_said(data: bytes, why: str) -> None:
    assert why in scan_change("a.py", None, data).skipped


def test_a_grammar_that_takes_too_long_is_given_up_and_the_other_rules_still_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cockpit.quality.source.PARSE_SECONDS", -1)
    before = "".join(f"function f{n}(a) {{\n  return [a, {n}]\n}}\n" for n in range(4000))
    scanned = scan_change("a.js", before.encode(), (before + "<<<<<<< HEAD\nf1()\n=======\n").encode())
    assert "took too long" in scanned.skipped
    assert [(one.rule, one.line) for one in scanned.violations] == [("MALFORMED_SYNTAX", 12001)]


def test_any_bytes_are_scanned_without_an_error() -> None:
    for n in range(256):
        data = bytes([n, 255 - n, 10]) * 3
        for path in ("a.py", "a.ts", "a.sql", "a.vue", "a.unknown"):
            scan_change(path, data[::-1].replace(b"\0", b""), data.replace(b"\0", b""))


def test_lines_of_prose_are_comments_and_docstrings_alone() -> None:
    text = '"""Says\nwhat."""\n\n# so\na = 1  # and\nb = """no\nprose"""\n'
    assert Source("a.py", text).prose_lines == {1, 2, 4}
