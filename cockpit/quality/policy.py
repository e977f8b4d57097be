"""What is judged, and by which rules: those of cockpit, the patterns of a plan, its scope, and what it leaves out."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cockpit.globs import matcher
from cockpit.quality import lost_tests
from cockpit.quality.change import Change
from cockpit.quality.lost_tests import Traces
from cockpit.quality.rule import Found, Rule
from cockpit.quality.rules import RULES
from cockpit.quality.scan import Allowed, Scanned, scan_change
from cockpit.quality.scope import Scope
from cockpit.quality.violation import Severity, Violation

Named = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Judged:
    """One file to be judged: both sides (None where there is none), `was` its earlier path, `kind` what it is.

    `skipped` says why a side that is there could not be read.
    """

    path: str
    before: bytes | None
    after: bytes | None
    kind: str = "file"
    skipped: str = ""


@dataclass(slots=True)
class Report:
    """What a scan of many files found, what comments allowed, and what was not looked at, with the reason."""

    violations: list[Violation] = field(default_factory=list)
    allowed: list[Allowed] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    files: int = 0
    bytes: int = 0
    seconds: float = 0.0


def _nothing(_path: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules that hold for a change; `scope` is None where anything may be written."""

    rules: tuple[Rule, ...] = RULES
    is_ignored: Callable[[str], bool] = _nothing
    scope: Scope | None = None

    def judge(self, one: Judged) -> Scanned:
        """Return what is wrong with one file."""
        if self.is_ignored(one.path):
            return Scanned()
        if one.skipped:
            return Scanned(skipped=one.skipped)
        return scan_change(one.path, one.before, one.after, self.rules)

    def judge_all(
        self, touched: Sequence[tuple[str, str]], traces: Iterable[tuple[str, Traces]]
    ) -> Iterator[Violation]:
        """Yield what only a whole change shows, of (path, kind) and (path, traces) of what it touches."""
        yield from lost_tests.judge(traces)
        if self.scope is not None:
            yield from self.scope.judge(touched)

    def report(self, changes: Iterable[Judged], judge: Callable[[Judged], Scanned] | None = None) -> Report:
        """Return what is wrong with a whole change, its files in their order; `judge` judges one (default: here)."""
        judge = judge or self.judge
        begun = time.perf_counter()
        report = Report()
        touched = []
        traces = []
        for one in changes:
            if self.is_ignored(one.path):
                continue
            touched.append((one.path, one.kind))
            scanned = judge(one)
            traces.append((one.path, scanned.traces))
            add(report, one, scanned)
        report.violations += self.judge_all(touched, traces)
        report.seconds = time.perf_counter() - begun
        return report


def add(report: Report, one: Judged, scanned: Scanned) -> None:
    """Add what the scan of one file found to a report."""
    report.files += 1
    report.bytes += len(one.after or b"")
    report.violations += scanned.violations
    report.allowed += scanned.allowed
    if scanned.skipped:
        report.skipped[one.path] = scanned.skipped


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A pattern that added lines must not match, in files that the globs name (none: in all)."""

    name: str
    pattern: str
    severity: str
    paths: tuple[str, ...] = ()


def policy_of(
    ignore: Sequence[str], forbid: Iterable[Forbidden], scope: Scope | None = None, named: Named = str
) -> Policy:
    """Return what a plan wants judged: without what it ignores, with the patterns that it forbids.

    `named` turns the path of a judged file into that from the top of the repository, of which a plan's globs speak.
    """
    ignored = matcher(ignore)
    rules = (_forbidden(one, named) for one in forbid)
    return Policy((*RULES, *rules), lambda path: ignored(named(path)), scope)


def _forbidden(wanted: Forbidden, named: Named) -> Rule:
    pattern = re.compile(wanted.pattern)
    in_paths = matcher(wanted.paths)

    def judge(change: Change) -> Iterator[Found]:
        if wanted.paths and not in_paths(named(change.path)):
            return
        for number in sorted(change.added):
            found = pattern.search(change.after.lines[number - 1])
            if found:
                yield Found(number, "matches a pattern that the plan forbids", found.start() + 1)

    return Rule(wanted.name, Severity(wanted.severity), "a pattern that the plan forbids", judge)
