"""Judges one changed file by the rules; says what it did not look at, and never raises for what a file holds."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cockpit.quality.change import Change
from cockpit.quality.lost_tests import Traces, traces_of_change, traces_of_deleted
from cockpit.quality.rule import Found, Rule
from cockpit.quality.rules import RULES
from cockpit.quality.source import Source
from cockpit.quality.unscanned import BINARY
from cockpit.quality.violation import EXCERPT, Violation, fingerprint
from cockpit.redaction import KNOWN

LARGEST = 2 * 1024 * 1024  # bytes of a file that is scanned
LONGEST_LINE = 20_000  # characters: beyond that a file is not written by hand
_SNIFFED = 8000  # bytes that are looked at for what makes a file binary, as git does
_ALLOW = re.compile(r"cockpit:\s*allow\s+([A-Za-z][\w-]*)[ \t:,-]*(.*)")


@dataclass(frozen=True, slots=True)
class Allowed:
    """A violation that a comment in the file silences, and the reason which that comment gives."""

    violation: Violation
    reason: str


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan of one change found; `skipped` says why it was not looked at, empty when it was.

    `traces` are of the tests that went and came, for whoever judges the whole change.
    """

    violations: tuple[Violation, ...] = ()
    allowed: tuple[Allowed, ...] = ()
    skipped: str = ""
    traces: Traces = field(default_factory=Traces)


def scan_change(path: str, before: bytes | None, after: bytes | None, rules: Iterable[Rule] = RULES) -> Scanned:
    """Return what is wrong with a change of one file; `before` is None for a new file, `after` for a deleted one."""
    if after is None:
        fit = before is not None and not _unfit(before)
        return Scanned(traces=traces_of_deleted(Source(path, _text(before)))) if before and fit else Scanned()
    if after == before:
        return Scanned()
    if reason := _unfit(after):
        return Scanned(skipped=reason)
    known = None if before is None or _unfit(before) else _text(before)
    return scan_text(path, known, _text(after), rules)


def scan_text(path: str, before: str | None, after: str, rules: Iterable[Rule] = RULES) -> Scanned:
    """Return what is wrong with a change of a text."""
    change = Change(path, before, after)
    allowances = _allowances(change.after)
    violations: list[Violation] = []
    allowed: list[Allowed] = []
    seen: Counter[tuple[str, str]] = Counter()
    for rule in rules:
        for found in sorted(rule.judge(change), key=lambda one: (one.line, one.column)):
            violation = _violation(rule, found, change, seen)
            reason = allowances.get((rule.name, found.line))
            if reason is None:
                violations.append(violation)
            else:
                allowed.append(Allowed(violation, reason))
    skipped = "the parser took too long: only rules that need no syntax were applied" if change.after.gave_up else ""
    return Scanned(tuple(violations), tuple(allowed), skipped, traces_of_change(change))


def _violation(rule: Rule, found: Found, change: Change, seen: Counter[tuple[str, str]]) -> Violation:
    lines = change.after.lines
    excerpt = lines[found.line - 1].strip()[:EXCERPT] if 0 < found.line <= len(lines) else ""
    seen[rule.name, excerpt] += 1
    return Violation(
        rule.name,
        found.severity or rule.severity,
        change.path,
        found.line,
        found.column,
        KNOWN.text(excerpt),  # it is shown, printed and kept, and what it holds may be the very key that is wrong here
        found.message,
        tuple(map(KNOWN.text, found.missing)),
        fingerprint(rule.name, change.path, excerpt, seen[rule.name, excerpt]),
    )


def _allowances(source: Source) -> dict[tuple[str, int], str]:
    """Return (rule, line) → reason, for each line that a comment on it, or alone right above it, allows."""
    if "cockpit:" not in source.text:
        return {}
    return dict(_allowed_lines(source))


def _allowed_lines(source: Source) -> Iterator[tuple[tuple[str, int], str]]:
    for comment in source.comments:
        for found in _ALLOW.finditer(comment.text):
            reason = found[2].strip().rstrip("*/->").strip()
            for line in range(comment.line, comment.end_line + (2 if comment.alone else 1)):
                yield (found[1].upper().replace("-", "_"), line), reason
                yield (found[1], line), reason


def _unfit(data: bytes) -> str:
    """Return why a file is not scanned; empty when it is."""
    if len(data) > LARGEST:
        return f"larger than {LARGEST // 1024 // 1024} MB"
    if b"\0" in data[:_SNIFFED]:
        return BINARY
    if max(map(len, data.split(b"\n"))) > LONGEST_LINE:
        return f"has a line of over {LONGEST_LINE} characters"
    return ""


def _text(data: bytes) -> str:
    return data.decode("utf-8-sig", "replace")
