"""Tests that prove less since a change: skipped, without their assertions, or with assertions that cannot fail."""

# ruff: noqa: E501 -- a pattern that is broken over lines cannot be read as one

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cockpit.quality.change import Change
from cockpit.quality.rule import Found
from cockpit.quality.source import Function, Source

_TEST_FILE = re.compile(
    r"(?i)(?:^|[/_.-])(?:tests?|specs?|__tests__|testing|e2e)(?:[/_.-]|$)|Tests?(?:/|\.\w+$)|Spec\.\w+$|IT\.java$"
)
_NAMED = re.compile(r"^(?:test|Test|it_|should|spec_)")
_MARKED = re.compile(
    r"@(?:\w+\.)*(?:Test|ParameterizedTest|RepeatedTest)\b|#\[(?:\w+::)*test\b|\[(?:Fact|Theory|Test|TestMethod|TestCase)\b|#\[Test\]|@test\b"
)
_BLOCK = re.compile(
    r"""^\s*(?:x|f)?(?:it|test|specify|scenario|example|context|describe)(?:\.(?:skip|only|todo|concurrent|each\(.*?\)|failing))*\s*\(?\s*(["'`])(?P<name>.*?)\1"""
)
ASSERTS = re.compile(
    r"(?:^|[^\w])(?:assert\w*[!(\s.:]|expect\w*\s*[(.!{]|should\b|XCT(?:Assert|Fail|Unwrap)\w*|EXPECT_\w+|ASSERT_\w+|REQUIRE\w*\s*\(|CHECK\w*\s*\(|t\.(?:Error|Fatal|Fail)\w*\(|require\.\w+\(|refute\w*|must_\w+|Assert\.\w+|verify\w*\(|pytest\.raises|raise_error|throws\(|#expect)"
)
_TRIVIAL = re.compile(
    r"(?x)^\s*(?:assert\s+(?:True|1|not\s+False|1\s*==\s*1|True\s+is\s+True)\s*(?:,.*)?$ | self\.assertTrue\(\s*(?:True|1)\s*\) | self\.assert(?:Equal|Is)\(\s*(?P<p>\w+|'[^']*'|\"[^\"]*\")\s*,\s*(?P=p)\s*\)"
    r"| (?:await\s+)?expect\(\s*(?P<e>true|1|'[^']*'|\w+)\s*\)\.(?:to(?:Be|Equal|StrictEqual)|to\.(?:be|equal|eql))\(\s*(?P=e)\s*\);? | expect\(\s*(?:true|1)\s*\)\.(?:toBeTruthy\(\)|to\.be\.true|to\.be\.ok);? | assert(?:\.ok|\.strictEqual|\.equal|\.isTrue)?\(\s*true\s*(?:,\s*true\s*)?\);?"
    r"| (?:Assert(?:ions)?\.)?assert(?:True|That)?\(\s*true\s*\)(?:\.isTrue\(\))?;? | (?:Assert\.|Assertions\.|\$this->|self::|static::)?assert(?:Equals|Same)\(\s*(?P<j>\d+|true|\"[^\"]*\"|'[^']*'|\$?\w+)\s*,\s*(?P=j)\s*\);? | (?:\$this->|self::|static::)assertTrue\(\s*true\s*\); "
    r"| assert!\(\s*true\s*\); | assert_eq!\(\s*(?P<r>[\w.]+)\s*,\s*(?P=r)\s*\); | Assert\.(?:True|IsTrue|That)\(\s*true\s*(?:,\s*Is\.True\s*)?\); | Assert\.(?:Equal|AreEqual)\(\s*(?P<c>\w+|\"[^\"]*\")\s*,\s*(?P=c)\s*\);"
    r"| assert(?:\(true\)|\s+true)\s*$ | assert_equal\s*\(?\s*(?P<b>\w+)\s*,\s*(?P=b)\s*\)?$ | expect\(true\)\.to\s+(?:be\(?\s?true\)?|be_truthy|eq\(?\s?true\)?)\s*$ | XCTAssert(?:True)?\(\s*true\s*\) | XCTAssertEqual\(\s*(?P<x>\w+)\s*,\s*(?P=x)\s*\)"
    r"| (?:EXPECT|ASSERT)_TRUE\(\s*true\s*\); | (?:EXPECT|ASSERT)_EQ\(\s*(?P<g>\w+)\s*,\s*(?P=g)\s*\); | (?:REQUIRE|CHECK)\(\s*true\s*\); | assert\s*\(\s*(?:true|1)\s*\)\s*;? | (?:assert|require)\.(?:True|Equal|NoError)\(t,\s*(?:true|nil|(?P<o>\w+)\s*,\s*(?P=o))\s*\)\s*$ )"
)
_NO_MATTER = re.compile(
    r"\bassert\b.*\bor\s+True\b|\bassert\w*\s*\(.*\|\|\s*true\s*\)|expect\(.*\|\|\s*true\s*\)|assert!\(.*\|\|\s*true\s*\)"
)
# A test that is switched off with no word why.
_SKIPS = re.compile(
    r"(?x)^\s*(?:@pytest\.mark\.skip\s*(?:\(\s*\))?\s*$ | @unittest\.skip\s*(?:\(\s*(?:''|\"\")?\s*\))?\s*$ | @(?:\w+\.)?(?:Disabled|Ignore)\s*(?:\(\s*\))?\s*$ | \#\[ignore\]\s*$ | \[(?:Ignore|Explicit)\]\s*$ | t\.Skip(?:Now)?\(\s*\)\s*$ | GTEST_SKIP\(\)\s*;\s*$"
    r"| (?:self\.skipTest|pytest\.skip)\(\s*(?:''|\"\")?\s*\)\s*$ | \$this->markTest(?:Skipped|Incomplete)\(\s*(?:''|\"\")?\s*\);\s*$ | (?:skip|pending)\s*$ | throw\s+XCTSkip\(\s*\)\s*$ | try\s+XCTSkipIf\(true\)\s*$ | this\.skip\(\);?\s*$ | @pytest\.mark\.skipif\(\s*True\b )"
)
_SKIPPED_BLOCK = re.compile(
    r"""^(?P<in>\s*)(?P<word>x(?:it|describe|test|context|specify)|(?:it|describe|test|context|suite)\.skip|(?:it|test)\.todo)(?P<rest>\s*\(?\s*["'`].*)$"""
)
_SKIPPED_FACT = re.compile(r"\[(?:Fact|Theory)\(\s*Skip\s*=|\bTEST(?:_F|_P)?\(\s*\w+\s*,\s*DISABLED_\w+")


@dataclass(frozen=True, slots=True)
class Test:
    """A test in a file: its name, its lines, and how many of them assert."""

    name: str
    line: int
    end_line: int
    asserts: int


def is_test_file(path: str) -> bool:
    """Tell whether a path says that its file holds tests."""
    return bool(_TEST_FILE.search(path))


def weaker_tests(change: Change) -> Iterator[Found]:
    """Yield the tests that prove less since the change."""
    if change.before is None or change.language.kind != "code":
        return
    if not is_test_file(change.path) and not _MARKED.search(change.after.text):
        return
    yield from _trivial(change)
    yield from _skipped(change)
    yield from _lost_asserts(change)


def _trivial(change: Change) -> Iterator[Found]:
    old = change.before.lines if change.before else ()
    for hunk in change.hunks:
        lost = [
            one
            for one in old[hunk.before_start : hunk.before_end]
            if ASSERTS.search(one) and change.removed_lines.get(one.strip())
        ]
        if not lost or any(_TRIVIAL.match(one) for one in lost):
            continue
        new = change.after.lines[hunk.after_start : hunk.after_end]
        real = [one for one in new if ASSERTS.search(one) and not _TRIVIAL.match(one[:500])]
        for nth, line in enumerate(new):
            if len(line) > 500:
                continue
            if (_TRIVIAL.match(line) and len(real) < len(lost)) or _NO_MATTER.search(line):
                yield Found(
                    hunk.after_start + nth + 1,
                    "an assertion cannot fail any more",
                    missing=tuple(one.strip() for one in lost),
                )
                break


def _skipped(change: Change) -> Iterator[Found]:
    if change.before is None:
        return
    for hunk in change.hunks:
        old = change.before.lines[hunk.before_start : hunk.before_end]
        new = change.after.lines[hunk.after_start : hunk.after_end]
        for nth, line in enumerate(new):
            if len(line) > 500:
                continue
            number = hunk.after_start + nth + 1
            block = _SKIPPED_BLOCK.match(line)
            if block:
                rest = "".join(block["rest"].split())
                if any("".join(one.split()).endswith(rest) and not _SKIPPED_BLOCK.match(one) for one in old):
                    yield Found(number, "a test is switched off")
            elif _SKIPPED_FACT.search(line):
                if old and not any(_SKIPPED_FACT.search(one) for one in old):
                    yield Found(number, "a test is switched off")
            elif (
                _SKIPS.match(line)
                and len(new) <= 2
                and not old
                and not any("import" in one for one in new)
                and _was_test(change, number)
            ):
                yield Found(number, "a test is switched off, and nothing says why")


def _was_test(change: Change, line: int) -> bool:
    """Tell whether what stands right below or around a line was there before the change and is a test."""
    lines = change.after.lines
    below = [n for n in range(line + 1, min(line + 6, len(lines)) + 1) if lines[n - 1].strip()]
    return bool(below) and below[0] not in change.added


def tests_named(source: Source) -> Iterator[tuple[str, Function]]:
    """Yield the tests of a file with their names, in order; those inside of others after them."""
    for function in source.functions:
        first = function.line
        name = function.name
        if not function.body and source.language.name != "ruby":  # where what is empty has no body
            continue
        block = _BLOCK.match(source.lines[first - 1]) if first <= len(source.lines) else None
        if block:
            name = block["name"]
            if re.match(r"\s*(?:context|describe)", source.lines[first - 1]):
                continue
        elif not _NAMED.match(name) and not _MARKED.search("\n".join(source.lines[max(0, first - 4) : first])):
            continue
        yield name, function


def _tests_of(source: Source) -> list[Test]:
    found = []
    for name, function in tests_named(source):
        lines = source.lines[function.line - 1 : function.end_line]
        asserts = sum(1 for one in lines if ASSERTS.search(one[:500]))
        found.append(Test(name, function.line, function.end_line, asserts))
    return found


def _lost_asserts(change: Change) -> Iterator[Found]:
    """Find tests that stay but check nothing now, or hardly anything."""
    if (
        change.before is None
        or not change.removed
        or not any(ASSERTS.search(one[:500]) for one in change.removed_lines)
    ):
        return
    old, new = _tests_of(change.before), _tests_of(change.after)
    known: dict[str, list[Test]] = {}
    for one in old:
        known.setdefault(one.name, []).append(one)
    for one in new:
        same = known.get(one.name)
        before = same.pop(0) if same else None
        if before is None or one.asserts >= before.asserts:
            continue
        if one.asserts == 0 and not any(
            n in change.added and _is_call(change.after.lines[n - 1]) for n in range(one.line, one.end_line + 1)
        ):
            yield Found(one.line, "a test lost all that it asserts", missing=_lines(change, before))
        elif not change.added and 0 < one.asserts * 2 < before.asserts and _only_asserts(change, before):
            yield Found(
                one.line,
                "a test lost most of what it asserts, and nothing else changed",
                missing=_lines(change, before),
            )


def _only_asserts(change: Change, test: Test) -> bool:
    """Tell whether all that a test lost are assertions."""
    if change.before is None:
        return False
    lost = [change.before.lines[n - 1] for n in range(test.line, test.end_line + 1) if n in change.removed]
    return bool(lost) and all(ASSERTS.search(one[:500]) or not one.strip() for one in lost)


def _is_call(line: str) -> bool:
    """Tell whether a line may assert by a function of its own."""
    return (
        bool(re.search(r"\w\s*\(", line))
        and not re.match(r"\s*(?://|#|/?\*)", line)
        and not re.match(r"\s*(?:def|func|function|fn|public|it|test)\b", line)
    )


def _lines(change: Change, test: Test) -> tuple[str, ...]:
    if change.before is None:
        return ()
    return tuple(
        one.strip()
        for n, one in enumerate(change.before.lines[test.line - 1 : test.end_line], test.line)
        if n in change.removed and ASSERTS.search(one[:500])
    )[:20]
