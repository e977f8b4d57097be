"""LOGIC_ERROR: tests that a change takes away while the code that they may have tested stays; judges whole changes.

One file alone cannot tell: a test may go with its code, or to another file. So each file leaves traces, which are
weighed together when all are known.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cockpit.quality.change import Change
from cockpit.quality.source import Source
from cockpit.quality.violation import Severity, Violation, fingerprint

NAME = "LOGIC_ERROR"
_COMMENT = re.compile(r"\s*(?://|#(?!\[|\s*(?:include|define|if|el|end))|--|\*|/\*|<!--|\"\"\"|''')")
_WORD = re.compile(r"\w")
_LITTLE = 0.25  # lines that came into a file for each that its lost tests had: more, and they were rewritten


@dataclass(frozen=True, slots=True)
class LostTest:
    """A test that asserted something and is gone from its file; `line` is where it stood, in the text that stays."""

    name: str
    line: int
    asserted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Traces:
    """What the change of one file means for tests: those that went, those that came, and whether code went."""

    lost: tuple[LostTest, ...] = ()
    came: tuple[str, ...] = ()
    lost_code: bool = False


def traces_of_change(change: Change) -> Traces:
    """Return the traces of a change of a text."""
    from cockpit.quality.rules.logic_tests import ASSERTS, is_test_file, tests_named

    if change.before is None or change.language.kind != "code":
        return Traces() if change.before is not None else _new(change.after)
    removed, added = _code(change.before, change.removed), _code(change.after, change.added)
    in_tests = is_test_file(change.path)
    asserted = any(ASSERTS.search(one[:500]) for one in change.removed_lines)
    came = [one for one in change.added if ASSERTS.search(change.after.lines[one - 1][:500])]
    if not asserted and not came:
        return Traces(lost_code=not in_tests and len(removed) > len(added))
    old, new = list(tests_named(change.before)), list(tests_named(change.after))
    known = Counter(name for name, _ in new)
    gone = []
    for name, function in old:
        known[name] -= 1
        if known[name] < 0:
            gone.append((name, function))
    was = Counter(name for name, _ in old)
    fresh = tuple(name for name, n in (Counter(name for name, _ in new) - was).items() for _ in range(n))
    inside = {n for _, function in gone for n in range(function.line - 4, function.end_line + 1)}
    lines = sum(n in inside for n in removed)
    lost = []
    for name, function in gone if len(added) <= _LITTLE * lines else ():
        said = _asserted(change.before, function.line, function.end_line)
        if any(change.removed_lines.get(one) for one in said):
            at = max(1, min(_now(change, function.line), len(change.after.lines)))
            lost.append(LostTest(name, at, said))
    return Traces(tuple(lost), fresh, not in_tests and len(removed) - lines > len(added))


def traces_of_deleted(source: Source) -> Traces:
    """Return the traces of a file that was deleted."""
    from cockpit.quality.rules.logic_tests import is_test_file, tests_named

    if source.language.kind != "code" or not is_test_file(source.path):
        return Traces(lost_code=source.language.kind != "prose" and not is_test_file(source.path))
    tests = [(name, _asserted(source, one.line, one.end_line)) for name, one in tests_named(source)]
    return Traces(tuple(LostTest(name, 0, said) for name, said in tests if said))


def judge(traces: Iterable[tuple[str, Traces]]) -> Iterator[Violation]:
    """Yield the files from which tests are gone for nothing, among (path, traces) of all that a change touches."""
    known = list(traces)
    if any(one.lost_code for _, one in known):
        return
    came = Counter(name for _, one in known for name in one.came)
    renamed = came - Counter(test.name for _, one in known for test in one.lost)
    left = renamed.total()  # new tests of other names: each may be what became of a lost one
    for path, one in known:
        gone = []
        for test in one.lost:
            if came[test.name] > 0:
                came[test.name] -= 1
            elif left > 0:
                left -= 1
            else:
                gone.append(test)
        if gone:
            yield _violation(path, gone)


def _violation(path: str, gone: list[LostTest]) -> Violation:
    more = f" and {len(gone) - 1} more are" if len(gone) > 1 else " is"
    missing = tuple(line for test in gone for line in test.asserted)[:20]
    names = "\0".join(test.name for test in gone)
    return Violation(
        NAME,
        Severity.MEDIUM,
        path,
        gone[0].line,
        1 if gone[0].line else 0,
        "",
        f"the test {gone[0].name}{more} gone, and no code that it tested",
        missing,
        fingerprint(NAME, path, names, 1),
    )


def _new(source: Source) -> Traces:
    from cockpit.quality.rules.logic_tests import ASSERTS, tests_named

    if source.language.kind != "code" or not ASSERTS.search(source.text):
        return Traces()
    return Traces(came=tuple(name for name, _ in tests_named(source)))


def _code(source: Source, lines: Iterable[int]) -> list[int]:
    """Return those of some lines that are code."""
    return [n for n in lines if _WORD.search(source.lines[n - 1]) and not _COMMENT.match(source.lines[n - 1])]


def _asserted(source: Source, first: int, last: int) -> tuple[str, ...]:
    from cockpit.quality.rules.logic_tests import ASSERTS

    return tuple(one.strip() for one in source.lines[first - 1 : last] if ASSERTS.search(one[:500]))[:20]


def _now(change: Change, line: int) -> int:
    """Return where a line that went away stood, counted in the text that stays."""
    for hunk in change.hunks:
        if hunk.before_start < line <= hunk.before_end:
            return hunk.after_start + 1
    return line
