"""LOGIC_ERROR: tests that prove less, exceptions that are swallowed, conditions decided in advance or turned against their code.

Judges both sides: what was weak before is not this agent's. A comparison that was turned is only told where the code around
it contradicts it, because a single turned operator is also what many a correction looks like.
"""

# ruff: noqa: E501 -- a pattern that is broken over lines cannot be read as one

import re
from collections.abc import Iterator, Sequence

from cockpit.quality.change import Change, Hunk
from cockpit.quality.rule import Example, Found, Rule
from cockpit.quality.violation import Severity

_HANDLER = re.compile(
    r"^\s*(?:\}\s*)?(?:except\s*(?:\(?\s*(?:Base)?Exception\b.*)?:|catch\s*(?:\(\s*(?:(?:final\s+)?(?:\\?(?:Exception|Throwable|Error|RuntimeException)|let|var|const|_)?\s*(?:\|\s*\w+\s*)*\$?(?:[a-z_]\w*)?|\.\.\.|const\s+std::exception\s*&\s*\w*|\w+\s*:\s*(?:Exception|Throwable))\s*\))?\s*(?:\{.*)?|rescue(?:\s+(?:StandardError|Exception))?(?:\s*=>\s*\w+)?)\s*(?:#.*|//.*)?$"
)
_NOTHING = re.compile(
    r"^\s*(?:pass|\.\.\.|continue|return(?:\s+(?:None|null|nil|undefined))?;?|nil|null|;)?\s*(?:#.*|//.*|/\*.*\*/)?$"
)
_ONE_LINE = re.compile(
    r"^\s*(?:except\s*(?:\(?\s*(?:Base)?Exception\b[^:]*)?:\s*(?:pass|\.\.\.)|(?:\}\s*)?catch\s*(?:\(\s*(?:(?:final\s+)?(?:\\?(?:Exception|Throwable|Error|RuntimeException)\s+)?\$?(?:[a-z_]\w*)?|\.\.\.|\w+\s*:\s*(?:Exception|Throwable))\s*\))?\s*\{\s*\}|.*\.catch\(\s*\(?\w*\)?\s*=>\s*\{\s*\}\s*\);?|.*\.catch\(\s*function\s*\(\w*\)\s*\{\s*\}\s*\);?)\s*(?:#.*|//.*)?$"
)
# A comment that says more than that nothing is done.
_REASON = re.compile(
    r"(?:#|//|/?\*+)\s*(?!(?i:ignor|silen|swallow|todo|fixme|do\s+noth|no-?op|nothing|for\s+now))(?:[^\W\d_][\w'-]*\W+){3}\w"
)
_ENDS = re.compile(r"^(?:__destruct|__del__|finalize|deinit|~\w+|dispose|Dispose)$")
_LETTERS = re.compile(r"\w.*\w")
_FAR = 40  # lines above a handler in which what it guards begins


def _judge(change: Change) -> Iterator[Found]:
    from cockpit.quality.rules.logic_swaps import turned_conditions
    from cockpit.quality.rules.logic_tests import is_test_file, weaker_tests

    told: set[int] = set()
    for one in weaker_tests(change):
        if one.line not in told:
            told.add(one.line)
            yield one
    if is_test_file(change.path):
        return
    for one in (*turned_conditions(change), *_swallowed(change)):
        if one.line not in told:
            told.add(one.line)
            yield one


def _swallowed(change: Change) -> Iterator[Found]:
    """Find handlers that take any exception and do nothing, new around code that was there."""
    if change.before is None or change.language.kind != "code":
        return
    for hunk in change.hunks:
        for number in range(max(0, hunk.after_start - 2), hunk.after_end):
            line = change.after.lines[number]
            if len(line) > 500 or not _swallows(change, number):
                continue
            if any(one.line <= number < one.end_line and _ENDS.match(one.name) for one in change.after.functions):
                continue  # what ends an object has nobody to tell
            if (number >= hunk.after_start and _guards_old(change, number)) or _did_more(change, hunk, number):
                yield Found(number + 1, "any exception is swallowed around code that was there before")


def _swallows(change: Change, number: int) -> bool:
    """Tell whether a handler begins at a line (from 0) and does nothing."""
    lines = change.after.lines
    line = lines[number]
    if _ONE_LINE.match(line):
        return True
    if not _HANDLER.match(line):
        return False
    if _REASON.search(line):
        return False
    depth = len(line) - len(line.lstrip())
    inner = []
    for one in lines[number + 1 : number + 5]:
        if not one.strip() or one.strip() == "{":
            continue
        if one.strip().startswith(("}", "end", "finally", "ensure", "else")) or len(one) - len(one.lstrip()) <= depth:
            break
        inner.append(one)
    python = change.language.name == "python"
    return (
        not any(_REASON.search(one) for one in inner)
        and all(_NOTHING.match(one) or re.match(r"\s*(?:#|//|/?\*)", one) for one in inner)
        and (bool(inner) or not python)
        and len(inner) <= 2
        and _closes(line, change.language.name)
    )


def _closes(line: str, language: str) -> bool:
    return language in ("python", "ruby") or "{" in line or line.rstrip().endswith(")")


def _guards_old(change: Change, number: int) -> bool:
    """Tell whether a new `try` stands above a line (from 0), with code between that was there before."""
    lines = change.after.lines
    old = 0
    before = {one.strip() for one in change.before.lines} if change.before else set()
    for n in range(number - 1, max(-1, number - _FAR), -1):
        one = lines[n].strip()
        if re.match(r"(?:\}?\s*try\b|begin\b|do\s*\{)", one):
            return n + 1 in change.added and old > 0
        if _LETTERS.search(one) and one in before:
            old += 1
    return False


def _did_more(change: Change, hunk: Hunk, number: int) -> bool:
    """Tell whether the handler was there and did something that is gone now."""
    lost: Sequence[str] = change.before.lines[hunk.before_start : hunk.before_end] if change.before else ()
    same = next((n for n, one in enumerate(lost) if re.match(r"\s*(?:\}\s*)?(?:except|catch|rescue)\b", one)), None)
    if same is None:
        if number >= hunk.after_start:
            return False
        same = -1  # the handler itself did not change: all that went away was in it
        depth = len(change.after.lines[number]) - len(change.after.lines[number].lstrip())
        lost = [one for one in lost if len(one) - len(one.lstrip()) > depth]
    return any(
        _LETTERS.search(one) and change.removed_lines.get(one.strip()) and not _NOTHING.match(one)
        for one in lost[same + 1 :]
    )


EXAMPLES = (
    Example(
        "an assertion that cannot fail",
        "tests/test_shop.py",
        "def test_total():\n    assert total([3, 4]) == 7\n",
        "def test_total():\n    assert True\n",
        caught=True,
    ),
    Example(
        "a test switched off with no word why",
        "src/shop.test.js",
        "it('adds', () => {\n  expect(add(3, 4)).toBe(7);\n});\n",
        "it.skip('adds', () => {\n  expect(add(3, 4)).toBe(7);\n});\n",
        caught=True,
    ),
    Example(
        "a condition decided in advance",
        "src/door.go",
        "package door\n\nfunc open(a bool) {\n\tif a && ready() {\n\t\tmove()\n\t}\n}\n",
        "package door\n\nfunc open(a bool) {\n\tif true {\n\t\tmove()\n\t}\n}\n",
        caught=True,
    ),
    Example(
        "an exception swallowed around what was there",
        "shop/load.py",
        "def load(path):\n    rows = read(path)\n    return rows\n",
        "def load(path):\n    rows = []\n    try:\n        rows = read(path)\n    except Exception:\n        pass\n"
        "    return rows\n",
        caught=True,
    ),
    Example(
        "a loop that runs past the end",
        "src/sum.js",
        "function sum(a) {\n  for (let i = 0; i < a.length; i++) {\n    add(a[i]);\n  }\n}\n",
        "function sum(a) {\n  for (let i = 0; i <= a.length; i++) {\n    add(a[i]);\n  }\n}\n",
        caught=True,
    ),
    Example(
        "a test that asserts something else",
        "tests/test_shop.py",
        "def test_total():\n    assert total([3, 4]) == 7\n",
        "def test_total():\n    assert sum([3, 4]) == 7\n",
        caught=False,
    ),
    Example(
        "a turned comparison that nothing contradicts",
        "shop/age.py",
        "def adult(age):\n    if age > 18:\n        return True\n    return False\n",
        "def adult(age):\n    if age >= 18:\n        return True\n    return False\n",
        caught=False,
    ),
    Example(
        "a test switched off with a reason",
        "tests/test_shop.py",
        "import pytest\n\n\ndef test_total():\n    assert total([3, 4]) == 7\n",
        'import pytest\n\n\n@pytest.mark.skip(reason="the store is gone, 41")\ndef test_total():\n'
        "    assert total([3, 4]) == 7\n",
        caught=False,
    ),
    Example(
        "a narrow handler",
        "shop/clean.py",
        "def clean(path):\n    os.remove(path)\n",
        "def clean(path):\n    try:\n        os.remove(path)\n    except FileNotFoundError:\n        pass\n",
        caught=False,
    ),
)

RULE = Rule(
    name="LOGIC_ERROR",
    severity=Severity.MEDIUM,
    about="tests that prove less, exceptions swallowed, conditions decided in advance or turned against their code",
    judge=_judge,
    examples=EXAMPLES,
)
