"""Signs of a wrong paste, which need no grammar: conflict markers, fences, diffs, chat, cut-off ends.

Each sign is small, and what is one sign must not be taken for another: so they are read side by side.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from html import unescape
from itertools import pairwise

from cockpit.quality.change import Change, Hunk
from cockpit.quality.languages import LINES, MARKDOWN, PHP, SHELL
from cockpit.quality.rule import Found

_CONFLICT = re.compile(r"(?:<{7}|>{7}|\|{7})(?:\s|$)")
_FENCE = re.compile(r"\s{0,3}(?:`{3,}|~{3,})[^`\n]{0,200}$")
_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@|diff --git a/\S+ b/\S|index [0-9a-f]{7,40}\.\.[0-9a-f]{7,40}")
_OLD, _NEW = re.compile(r"--- \S"), re.compile(r"\+\+\+ \S")
_NUMBERED = re.compile(r"\s*(?:L|\[)?(\d+)(\t|\]\s?|\.\s|\s?[|→]\s?|: ?|\s{2})")
_TAG = re.compile(
    r"</?(?:file|content|contents|answer|code|document|output|invoke|parameter|function_calls?|artifact|response)\b[^<>]*>$"
    r"|\*{3} (?:(?:Begin|End) Patch|(?:Update|Add|Delete) File: .+|End of File)$"
    r"|(?:PY|JS|CODE)?_?EO[FL]$|END_?OF_?FILE$|cat >{1,2} ?\S+ <<-?[ '\"]*\w+['\"]?$"
    r"|</?[a-z][\w:-]*(?:\s+\w+=[\"'][^\"'<>]*[\"'])*>$"
    r"|<!\[CDATA\[$|\]\]>$|\[/?CODE\]$|<\|\w+\|>$|\[(?:end of (?:file|output|document)|truncated|output truncated)\]$",
    re.IGNORECASE,
)
_TOOL = re.compile(
    r"(?:file|contents?|answer|document|output|invoke|parameter|function_calls?|artifact|response)$", re.IGNORECASE
)
_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")
_ORDINARY_WORDS = (
    "a about above all also am an and any are as at be been before below but by can changed changes code could "
    "do does each else feel file following for free from have has here here's helps here’s hope how i i'd i'll "
    "i'm i've i’ve if in into is it its it's just let let's like made make me more my need needs needed no not "
    "now of on or our out over please should so some such sure than that that's the their them then there these "
    "they this those to too up updated used was we we'll we've what when where which will with without would you "
    "you'd you'll your certainly okay "
)
_ORDINARY = frozenset(_ORDINARY_WORDS.split())
_TALKS = re.compile(r"(?:\*\*|#{1,4} |[-*] |\d+[.)] )?[\"'(*_]*[A-Z][\w'’]*\b")
_CODE = re.compile(r"[={}<>$;|\\&@\[\]]|\w\(|::|--|\w\.\w")
_LEAD = re.compile(r"\**[A-Z]\w+(?: \w+){0,5}:\**$")
_ITEM = re.compile(r"(?:[-*•]|\d+[.)]) +[A-Z`*]")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|#39);")
_ESCAPED_CODE = re.compile(r"-&gt;|=&gt;|&lt;[\w/!=]|&amp;&amp;|&lt;&lt;|&gt;=|include &lt;|\w&lt;|\w&gt;")
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`')
_PAGES = ("php", "javascript", "typescript", "tsx", "vue", "svelte")  # code in which entities may stand as such
_PAIR = 0.6  # how alike an old and a new line of a diff are
_RUN = 4  # lines in a row that begin with their own number
_EDGE_LINES = 12  # lines at either end of a file where a chat's own words are looked for
_PATCHES = (".diff", ".patch", ".rej", ".orig")


def marks(change: Change) -> Iterator[Found]:
    """Yield the signs among the lines that are new."""
    if change.path.endswith(_PATCHES) or not change.added:
        return
    prose = change.language in (LINES, MARKDOWN)
    yield from _conflicts(change, prose=prose)
    if prose:
        return
    for one in (_begun_twice, _fences, _diffs, _chat, _escaped, _joined, _entities, _cut_off):
        found = next(one(change), None)
        if found:
            yield found


def _inside(change: Change, line: int, *, comments: bool = True) -> bool:
    """Tell whether a line lies in a text or comment that began on an earlier line and goes on to a later one."""
    if change.after.tree is None:
        return comments and any(one.line < line <= one.end_line for one in change.after.comments)
    row = line - 1
    if comments and any(one.line < line <= one.end_line for one in change.after.comments):
        return True
    return any(
        (node.start_point[0] < row or node.type == "heredoc_body") and node.start_point[0] <= row < node.end_point[0]
        for node in change.after.strings
    )


def _conflicts(change: Change, *, prose: bool) -> Iterator[Found]:
    lines = change.after.lines
    found = [n for n in sorted(change.added) if _CONFLICT.match(lines[n - 1])]
    if not found and change.language.package:
        middle = [n for n in sorted(change.added) if lines[n - 1].rstrip() == "=" * 7 and not _inside(change, n)]
        if middle:
            yield Found(middle[0], "the middle marker of an unresolved merge conflict")
            return
    if prose:
        fenced = _fenced(lines) if found else frozenset()
        kinds = {lines[n - 1][0] for n in found if n not in fenced}
        found = [n for n in found if n not in fenced] if kinds >= {"<", ">"} else []
    for n in found:
        # A text that holds markers is data of a test, but only where it does not hold them by the damage itself.
        if not prose and _inside(change, n, comments=False) and not _docstring(change, n):
            continue
        side = {"<": "begins", "|": "names the base of", ">": "ends"}[lines[n - 1][0]]
        yield Found(n, f"a marker that {side} an unresolved merge conflict")
        return


def _docstring(change: Change, line: int) -> bool:
    for node in change.after.strings:
        if node.start_point[0] < line - 1 < node.end_point[0]:
            return (
                change.language.name == "python"
                and node.parent is not None
                and (node.parent.type == "expression_statement")
            )
    return False


def _fenced(lines: Sequence[str]) -> frozenset[int]:
    """Return the numbers of the lines between fences of a Markdown text."""
    inside, fenced = False, set()
    for n, line in enumerate(lines, 1):
        if line.lstrip().startswith(("```", "~~~")):
            inside = not inside
        elif inside or line.startswith("    "):
            fenced.add(n)
    return frozenset(fenced)


def _edges(change: Change) -> tuple[int, int]:
    """Return the numbers of the first and last line that are not blank (0: there is none)."""
    filled = [n for n, line in enumerate(change.after.lines, 1) if line.strip()]
    return (filled[0], filled[-1]) if filled else (0, 0)


def _fences(change: Change) -> Iterator[Found]:
    lines = change.after.lines
    fences = [
        n for n in sorted(change.added) if _FENCE.match(lines[n - 1]) and lines[n - 1].strip()[:3] in ("```", "~~~")
    ]
    if not fences:
        return
    first, last = _edges(change)
    anywhere = change.language.name == "json" or (change.language.kind != "data" and bool(change.language.package))
    for n in fences:
        if n in (first, last) or (anywhere and not _inside(change, n)):
            if n == last != first and _inside(change, n):
                continue
            yield Found(n, "a Markdown fence in a file that is not Markdown")
            return


def _diffs(change: Change) -> Iterator[Found]:
    lines = change.after.lines
    for n in sorted(change.added):
        line = lines[n - 1]
        header = _HUNK.match(line) or (_OLD.match(line) and n < len(lines) and _NEW.match(lines[n]))
        if header and not _inside(change, n):
            yield Found(n, "the header of a diff, left in the file")
            return
    old = frozenset(one.strip() for one in change.before.lines) if change.before else None
    plus = change.before is not None and any(one[:1] == "+" for one in change.before.lines)
    if change.language.package and (number := _pair(change) or _own_numbers(change)):
        yield Found(number, "marks of a diff or line numbers, left before lines of the file")
        return
    for hunk in change.hunks:
        piece = lines[hunk.after_start : hunk.after_end]
        marked = [one for one in piece if one[:1] in "+-" and one.strip("+- \t")]
        if len(marked) >= 2 and not plus and _is_diff(piece, marked, old, lines):
            n = next(k for k, one in enumerate(piece, hunk.after_start + 1) if one[:1] in "+-" and one.strip())
            yield Found(n, "the marks of a diff ('+', '-') before lines of the file")
            return
        if len(piece) >= 3 and _is_numbered(piece, hunk, old, colons=change.language.kind == "code"):
            yield Found(hunk.after_start + 1, "line numbers pasted before the lines of the file")
            return


def _pair(change: Change) -> int:
    """Return the number of a line with '-' before it that a line like it with '+' follows; 0: there is none."""
    lines = change.after.lines
    for n in sorted(change.added):
        line = lines[n - 1]
        if line[:1] != "-" or n >= len(lines) or lines[n][:1] != "+" or n + 1 not in change.added:
            continue
        old, new = line[1:].strip(), lines[n][1:].strip()
        if min(len(old), len(new)) < 6 or not re.search(r"[A-Za-z]{3}", old) or _inside(change, n):
            continue
        if SequenceMatcher(None, old[:300], new[:300], autojunk=False).ratio() >= _PAIR:
            return n
    return 0


def _own_numbers(change: Change) -> int:
    """Return the number of the first of several new lines that begin with their own number; 0: there are none."""
    row = 0
    for n in sorted(change.added):
        line = change.after.lines[n - 1]
        found = _NUMBERED.match(line)
        row = row + 1 if found and int(found[1]) == n and (row == 0 or n - 1 in change.added) else 0
        if row >= _RUN and not _inside(change, n):
            return n - row + 1
    return 0


def _is_diff(piece: Sequence[str], marked: Sequence[str], old: frozenset[str] | None, lines: Sequence[str]) -> bool:
    if old is None:
        row = best = 0
        for one in lines:
            row = row + 1 if one[:1] == "+" else 0
            best = max(best, row)
        return best >= 3
    filled = [one for one in piece if one.strip()]
    known = sum(1 for one in marked if one[1:].strip() in old)
    return len(marked) >= 0.5 * len(filled) and known >= 0.5 * len(marked)


def _is_numbered(piece: Sequence[str], hunk: Hunk, old: frozenset[str] | None, *, colons: bool) -> bool:
    found = [_NUMBERED.match(one) for one in piece]
    numbers = [
        (int(one[1]), one[2].strip() == ":", text[one.end() :].strip())
        for one, text in zip(found, piece, strict=False)
        if one
    ]
    if len(numbers) < max(3, 0.8 * len(piece)):
        return False
    if any(after[0] != before[0] + 1 for before, after in pairwise(numbers)):
        return False
    if old is None:
        return hunk.after_start == 0 and numbers[0][0] <= 1 and (colons or not any(colon for _, colon, _ in numbers))
    return sum(1 for _, _, text in numbers if text in old) >= 0.5 * len(numbers)


def _begun_twice(change: Change) -> Iterator[Found]:
    """Yield where PHP begins within PHP."""
    if change.language is not PHP or "?>" in change.after.text:
        return
    begun = [n for n, line in enumerate(change.after.lines, 1) if line.startswith("<?php")]
    if len(begun) > 1 and (change.before is None or change.before.text.count("\n<?php") + 1 < len(begun)):
        if begun[1] not in change.added or _is_text_at(change, begun[1], 0):
            return
        yield Found(begun[1], "the file begins once more")


def _chat(change: Change) -> Iterator[Found]:
    lines = change.after.lines
    first, last = _edges(change)
    for n in {first, last} & change.added:
        if _TAG.match(lines[n - 1].strip()) and not _inside(change, n) and not _opened(change, n):
            yield Found(n, "a mark of the tool that wrote the file, left in it")
            return
    comments = _comment_lines(change)
    if n := _said_between(change, comments):
        yield Found(n, "a sentence of a chat where there should be code")
        return
    filled = [n for n, one in enumerate(change.before.lines, 1) if one.strip()] if change.before else []
    for numbers, known in (
        (range(first, min(last, first + _EDGE_LINES) + 1), filled[:3]),
        (range(last, max(first, last - _EDGE_LINES) - 1, -1), filled[-3:]),
    ):
        if _spoke(change, known) or not first:
            continue
        for n in numbers:
            line = lines[n - 1].strip()
            if not line:
                continue
            if n not in change.added or n in comments or _inside(change, n):
                break
            leads = _LEAD.match(line) and any(_ITEM.match(one) for one in lines[n : n + 3])
            if (leads or _speaks(line, change.path)) and not lines[n - 1][:1].isspace():
                yield Found(n, "a sentence of a chat where there should be code")
                return
            if not line.startswith(("-", "*", "```", "1", "2", "3", "#", "EOF")):
                break


def _spoke(change: Change, numbers: Sequence[int]) -> bool:
    """Tell whether one of these lines was a sentence before, and no comment."""
    before = change.before
    return before is not None and any(
        _speaks(before.lines[n - 1].strip()) and n not in before.prose_lines for n in numbers
    )


def _said_between(change: Change, comments: frozenset[int]) -> int:
    """Return the number of a sentence that stands between lines of code; 0: there is none."""
    if not change.language.package or change.language.kind != "code":
        return 0
    for n in sorted(change.added):
        line = change.after.lines[n - 1]
        if change.language is SHELL:  # any line of it could be a command
            line = line.lstrip()
        if not line[:1].isupper() or n in comments or not _speaks(line.rstrip(), change.path):
            continue
        if not _inside(change, n) and not _is_text_at(change, n, 0):
            return n
    return 0


def _comment_lines(change: Change) -> frozenset[int]:
    return frozenset(n for one in change.after.comments if one.alone for n in range(one.line, one.end_line + 1))


def _speaks(line: str, path: str = "") -> bool:
    """Tell whether a line is a sentence of English that no language would read as code of its own."""
    if not _TALKS.match(line) or line[-1] not in ".:!?*)`":
        return False
    bare = re.sub(r"`[^`]*`", "x", line).lstrip("#*- \"'(").rstrip("*")
    if path:
        bare = bare.replace(path, "x").replace(path.rpartition("/")[2], "x")
    words = _WORD.findall(bare)
    if len(words) < 3 or _CODE.search(bare):
        return False
    return sum(1 for one in words if one.lower() in _ORDINARY) >= 2


def _opened(change: Change, line: int) -> bool:
    """Tell whether a closing tag has its opening one: then it is markup of the file's own."""
    mark = change.after.lines[line - 1].strip()
    if mark[:1].isalpha():
        if mark.startswith("cat ") or (change.language is not SHELL and change.after.text.startswith("cat >")):
            return change.language is SHELL
        return re.search(rf"<<[-~]?\s*[\"']?{mark}\b", change.after.text) is not None or mark == "EOL"
    name = re.match(r"</?([\w:-]+)", change.after.lines[line - 1].strip())
    if name is None:
        return False
    if change.language.kind == "markup" and not _TOOL.match(name[1]):
        return True
    return (
        re.search(rf"<{name[1]}\b", change.after.text) is not None
        and f"</{name[1]}>" in change.after.text
        and (
            change.language.kind == "markup"
            or change.language.name in ("vue", "svelte", "javascript", "tsx", "php", "other")
        )
    )


def _escaped(change: Change) -> Iterator[Found]:
    """Yield where a whole file stands on one line, its line ends written as backslash and n."""
    lines = change.after.lines
    if len(lines) > 3 or change.language.kind == "prose":
        return
    if change.before is None:
        comments = _comment_lines(change)
        whole = change.after.text.count("\\n") >= 5 and change.language.kind == "code"
        if whole and (change.after.errors or all(n in comments for n, one in enumerate(lines, 1) if one.strip())):
            yield Found(1, "line ends written as '\\n': the whole file stands on one line")
        return
    if len(change.before.lines) < 5:
        return
    pieces = {one.replace('\\"', '"').strip() for line in lines for one in line.split("\\n")}
    old = [one.strip() for one in change.before.lines if one.strip()]
    if sum(1 for one in old if one in pieces) >= 0.5 * len(old):
        yield Found(1, "line ends written as '\\n': the whole file stands on one line")


def _joined(change: Change) -> Iterator[Found]:
    """Yield a new line in which lines of the file stand one after the other, a backslash and n between them."""
    if change.before is None or change.language.kind != "code":
        return
    for n in sorted(change.added):
        pieces = [one.strip() for one in change.after.lines[n - 1].split("\\n")]
        if len(pieces) < 3 or "\\n" not in _QUOTED.sub("", change.after.lines[n - 1]):
            continue
        if sum(1 for one in pieces if len(one) > 3 and one in change.removed_lines) >= 2:
            yield Found(n, "line ends written as '\\n' in the middle of the file")
            return


def _entities(change: Change) -> Iterator[Found]:
    """Yield a new line of code in which signs are written as a page would write them."""
    if change.language.kind != "code" or not change.language.package or "&" not in change.after.text:
        return
    old = change.removed_lines
    if change.language is PHP and change.after.text.lstrip().startswith("&lt;?"):
        yield Found(1, "signs of the code written as entities of HTML")
        return
    for n in sorted(change.added):
        line = change.after.lines[n - 1]
        if "&" not in line or not _ENTITY.search(bare := _QUOTED.sub("", line)):
            continue
        text = unescape(bare)
        was = {_QUOTED.sub("", one) for one in old} if old else set()
        turned = text.strip() in was and not (change.language.name in _PAGES and "&amp;" in bare)
        plain = change.language.name not in _PAGES and _ESCAPED_CODE.search(bare)
        if (turned or plain) and not _inside(change, n) and not _is_text_at(change, n, line.index("&")):
            yield Found(n, "signs of the code written as entities of HTML")
            return


def _is_text_at(change: Change, line: int, column: int) -> bool:
    tree = change.after.tree
    at = (line - 1, len(change.after.lines[line - 1][:column].encode("utf-8", "surrogatepass")))
    node = tree.root_node.descendant_for_point_range(at, at) if tree else None
    while node is not None:
        if "string" in node.type or "comment" in node.type or "heredoc" in node.type or "text" in node.type:
            return True
        node = node.parent
    return False


def _cut_off(change: Change) -> Iterator[Found]:
    """Yield where the file stops in the middle of a line that it had."""
    before, after = change.before, change.after
    if before is None or not change.hunks or not before.text.endswith("\n") or after.text.endswith("\n"):
        return
    hunk = change.hunks[-1]
    if hunk.after_end != len(after.lines) or hunk.after_end - hunk.after_start != 1:
        return
    if hunk.before_end != len(before.lines) or hunk.before_end == hunk.before_start:
        return
    last, was = after.lines[-1].rstrip(), before.lines[hunk.before_start].rstrip()
    if last.strip() and was != last and was.startswith(last):
        yield Found(len(after.lines), "the file is cut off in the middle of a line")
