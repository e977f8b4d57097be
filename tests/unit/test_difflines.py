"""The text of a diff becomes lines that know what they are, rows that fit, and pairs side by side."""

import time

import pytest

from cockpit.schedule.comments import Comment
from cockpit.ui.colouring import spans
from cockpit.ui.difffiles import ChangedFile, changed_files, row, tail
from cockpit.ui.difflayout import NONE, below, comments_of, differing, laid, paired, parts
from cockpit.ui.difflines import parsed
from cockpit.ui.drafts import on_line, placed

DIFF = """diff --git a/src/install.py b/src/install.py
index 1..2 100644
--- a/src/install.py
+++ b/src/install.py
@@ -1,3 +1,4 @@ import os
 import os
+import sys
\x20
 def main():
@@ -10,6 +11,5 @@ def install(name):
     found = look_for(name)
-    for one in found:
-        check(one)
+    # rest
     return found
"""


def told(text: str) -> list[tuple[str, str]]:
    return [(one.kind, one.text) for one in parsed(text).lines]


def test_lines_know_what_they_are_and_their_numbers() -> None:
    diff = parsed(DIFF)
    assert [(one.kind, one.old, one.new, one.text) for one in diff.lines[:5]] == [
        ("file", 0, 0, "src/install.py"),
        ("@", 0, 0, "@@ -1,3 +1,4 @@ import os"),
        (" ", 1, 1, "import os"),
        ("+", 0, 2, "import sys"),
        (" ", 2, 3, ""),
    ]
    assert (diff.hunks, diff.files) == ((1, 6), (0,))
    assert {one.path for one in diff.lines} == {"src/install.py"}
    at = diff.place("src/install.py", 12)
    assert at is not None
    assert diff.lines[at].text == "    # rest"
    assert diff.place("src/install.py", 11, removed=True) == 8
    assert diff.place("other.py", 1) is None


def test_lines_that_look_like_headers_are_lines() -> None:
    text = "diff --git a/a.sql b/a.sql\n--- a/a.sql\n+++ b/a.sql\n@@ -1,2 +1,2 @@\n--- old\n+++ new\n diff --git x\n"
    assert told(text)[2:] == [("-", "-- old"), ("+", "++ new"), (" ", "diff --git x")]
    assert {one.path for one in parsed(text).lines[1:]} == {"a.sql"}


@pytest.mark.parametrize(
    ("text", "path", "lines"),
    [
        (
            "diff --git a/gone b/gone\ndeleted file mode 100644\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n",
            "gone",
            ["gone", "deleted file mode 100644", "@@ -1 +0,0 @@", "x"],
        ),
        (
            "diff --git a/a b/p.png b/a b/p.png\nBinary files a/p.png and b/p.png differ\n",
            "a b/p.png",
            ["a b/p.png", "Binary files a/p.png and b/p.png differ"],
        ),
        (
            'diff --git a/o b "b/n\\t\\"\\\\"\nsimilarity index 90%\nrename from o b\nrename to "n\\t\\"\\\\"\n',
            'n\t"\\',
            ['n    "\\', "renamed from o b"],
        ),
        ("diff --git a/r b/r\nold mode 100644\nnew mode 100755\n", "r", ["r", "mode 100644 → 100755"]),
        (
            'diff --git "a/\\033[2Jx" "b/\\033[2Jx"\n+++ "b/\\033[2Jx"\n@@ -1 +1 @@\n-\x1b[31ma\r\n+b\n',
            "\x1b[2Jx",
            ["x", "@@ -1 +1 @@", "a␍", "b"],
        ),
        (
            "diff --git a/s b/s\nindex 1..2 160000\n+++ b/s\n@@ -1 +1 @@\n-Subproject commit 1\n+Subproject commit 2",
            "s",
            ["s", "@@ -1 +1 @@", "Subproject commit 1", "Subproject commit 2"],
        ),
        (
            "diff --git a/w b/w\n--- a/w\n+++ b/w\n@@ -1 +1 @@\n-a\r\n+b\r\n\\ No newline at end of file\n",
            "w",
            ["w", "@@ -1 +1 @@", "a", "b", "No newline at end of file"],
        ),
    ],
)
def test_odd_files_are_told_and_their_names_are_read_as_they_are(text: str, path: str, lines: list[str]) -> None:
    diff = parsed(text)
    assert [one.text for one in diff.lines] == lines
    assert {one.path for one in diff.lines} == {path}
    assert diff.title(path) == 0


def test_what_was_removed_stands_beside_what_was_added_in_its_place() -> None:
    diff = parsed(DIFF)
    assert list(paired(diff)) == [
        *((at, at) for at in (0, 1, 2)),
        (NONE, 3),
        *((at, at) for at in (4, 5, 6, 7)),
        (8, 10),
        (9, NONE),
        (11, 11),
    ]
    two = "@@ -1,3 +1,3 @@\n-a\n+b\n-c\n d\n-e\n"
    assert list(paired(parsed(two))) == [(0, 0), (1, 2), (3, NONE), (4, 4), (5, NONE)]
    unended = "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n"
    assert list(paired(parsed(unended))) == [(0, 0), (1, 3), (2, 2), (4, 4)]
    assert list(below(parsed(two)))[1:4] == [(1, NONE), (NONE, 2), (3, NONE)]


def test_rows_fold_what_is_long_and_hold_what_is_said_below() -> None:
    diff = parsed("@@ -1 +1 @@\n-" + "a" * 25 + "\n+" + "b" * 5 + "\n+日本語日本\n")
    said = {1: ["x" * 31], 2: ["short"]}
    one = laid(diff, 10, side=False, comments=said, whole=30)
    assert one.rows == ((0, 0), (1, 0), (1, 1), (1, 2), (1, -1), (1, -2), (2, 0), (2, -1), (3, 0))
    assert (one.starts, one.stop_of) == ((0, 1, 6, 8), (0, 1, 2, 3))
    both = laid(diff, 6, side=True, comments=said, whole=30)
    assert both.stops == ((0, 0), (1, 2), (NONE, 3))
    assert both.stop_of == (0, 1, 1, 2)
    assert [row for row in both.rows if row[0] == 1] == [(1, part) for part in (0, 1, 2, 3, 4, -1, -2, -3)]
    assert [row for row in both.rows if row[0] == 2] == [(2, 0), (2, 1)]
    assert comments_of((1, 2), said) == ["x" * 31, "short"]


@pytest.mark.parametrize(
    ("text", "other", "marked"),
    [
        ("rate = 4.90", "rate = 5.20", "4.9"),
        ("    return a", "    return a + b", ""),
        ("    return a + b", "    return a", " + b"),
        ("same", "same", ""),
        ("nothing", "is alike here", ""),
        ("", "x", ""),
        ("aa", "aaa", ""),
        ("aaa", "aa", "a"),
    ],
)
def test_what_differs_in_a_line_is_found_where_most_of_it_stayed(text: str, other: str, marked: str) -> None:
    first, last = differing(text, other)
    assert text[first:last] == marked
    diff = parsed(f"@@ -1 +1 @@\n-{other}\n+{text}\n")
    assert dict(laid(diff, 20, side=False, comments={}, whole=20).other) == {1: 2, 2: 1}


def test_wide_characters_are_never_halved() -> None:
    assert [("日本語"[start:end]) for start, end in parts("日本語", 4)] == ["日本", "語"]
    assert [("abcdef"[start:end]) for start, end in parts("abcdef", 4)] == ["abcd", "ef"]
    assert len(parts("", 4)) == 1


def test_fifty_thousand_lines_are_read_and_laid_out_in_no_time() -> None:
    many = "diff --git a/x b/x\n@@ -1,40000 +1,40000 @@\n" + "".join(
        f"{'+- '[n % 3]} line {n}\n" for n in range(50_000)
    )
    begun = time.process_time()
    diff = parsed(many, "the rest is left out")
    assert len(laid(diff, 60, side=True, comments={}, whole=120).rows) > 30_000
    assert diff.lines[-1].text == "the rest is left out"
    assert time.process_time() - begun < 2


def test_files_are_listed_by_the_end_of_their_names() -> None:
    listed = [
        ["src/a.py", "src/a.py", "M", 3, 0, ""],
        ["n", "o\x1b[2J", "R", 0, 1, ""],
        ["b", "b", "A", -1, -1, "binary"],
    ]
    some = changed_files(listed)
    assert [one.counts for one in some] == ["+3", "−1", "binary"]
    assert [one.title for one in some] == ["+3", "renamed from o · −1", "new · binary"]
    cells = row(some[0], 24, current=True, said=2)
    assert "".join(text for text, _ in cells) == "▸M src/a.py       ┃2 +3 "
    long = ChangedFile("packages/core/install/日本/settings.py", added=3, removed=4)
    for width in (20, 30, 40):
        assert "settings.py" in "".join(text for text, _ in row(long, width, current=False, said=0))
    assert tail("日本語", 4) == "…語"


def test_comments_find_their_lines_again() -> None:
    diff = parsed(DIFF)
    assert on_line(diff, 1) is None
    fresh = on_line(diff, 10)
    assert fresh == Comment("src/install.py", 12, "", "    # rest")
    moved = Comment("src/install.py", 40, "why?", "    # rest")
    gone = Comment("src/install.py", 7, "and this\x1b[2J?", "no such line")
    removed = Comment("src/install.py", 12, "keep it", "        check(one)", removed=True)
    elsewhere = Comment("x.py", 1, "not shown", "")
    assert placed(diff, (moved, gone, removed, elsewhere)) == {
        10: ["why?"],
        0: ["line 7, which is not shown: and this?"],
        9: ["keep it"],
    }


def test_code_has_the_colours_of_its_language() -> None:
    lines = ["def f(x):", '    """doc', '    more"""', '    return "ä" + str(1)  # why', "x" * 1_000]
    found = spans("src/a.py", lines)
    kinds = [{lines[at][first:last]: kind for first, last, kind in some} for at, some in enumerate(found)]
    assert kinds[0] == {"def": "keyword", "f": "name"}
    assert kinds[1] == {'"""doc': "string"}
    assert kinds[3]["# why"] == "remark"
    assert kinds[3]["1"] == "number"
    assert found[4] == []
    assert spans("no-language", ["x = 1"]) == spans("a.txt", ["x = 1"]) == [[]]
