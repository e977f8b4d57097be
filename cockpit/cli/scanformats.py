"""How a scan is printed: for a human, as JSON, as SARIF 2.1.0 for code scanning, or as GitHub's workflow commands."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from cockpit import __version__
from cockpit.cli import shapes
from cockpit.cli.output import paint, plural
from cockpit.quality.policy import Report
from cockpit.quality.rules import RULES
from cockpit.quality.violation import Severity, Violation
from cockpit.safetext import safe_line, safe_text

_COLOURS = {Severity.CRITICAL: "red", Severity.HIGH: "red", Severity.MEDIUM: "yellow", Severity.LOW: "dim"}
_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
_SHOWN_MISSING = 5


def shape_of(report: Report) -> shapes.Scan:
    """Return the shape of a report."""
    return shapes.Scan(
        [violation_shape(one) for one in report.violations],
        [
            shapes.ScanAllowed(one.violation.rule, one.violation.path, one.violation.line, one.reason)
            for one in report.allowed
        ],
        [shapes.NotScanned(path, reason) for path, reason in report.skipped.items()],
        report.files,
        report.bytes,
        round(report.seconds, 3),
    )


def violation_shape(one: Violation) -> shapes.ScanViolation:
    """Return the shape of a violation."""
    return shapes.ScanViolation(
        one.rule, one.severity.value, one.path, one.line, one.column, one.excerpt, one.message, one.fingerprint
    )


def text(report: Report) -> Iterator[str]:
    """Yield what a human reads: each violation with the line and what went missing, then the sum."""
    for one in report.violations:
        place = ":".join(str(part) for part in (one.path, one.line, one.column) if part)
        what = paint(f"{one.severity} {one.rule}", _COLOURS[one.severity])
        yield f"{paint(place, 'bold')}: {what} {safe_line(one.message)}"
        if one.excerpt:
            yield f"    {safe_line(one.excerpt)}"
        for line in one.missing[:_SHOWN_MISSING]:
            yield paint(f"    - {line.rstrip()}", "red")
        if len(one.missing) > _SHOWN_MISSING:
            yield paint(f"    - and {plural(len(one.missing) - _SHOWN_MISSING, 'more line')}", "dim")
    for allowed in report.allowed:
        found = allowed.violation
        yield paint(f"{found.path}:{found.line}: {found.rule} allowed: {allowed.reason or 'no reason given'}", "dim")
    for path, reason in report.skipped.items():
        yield paint(f"{path}: not scanned: {reason}", "yellow")
    count = len(report.violations)
    verdict = plural(count, "violation") if count else "no violation"
    yield paint(f"{verdict} in {plural(report.files, 'file')}", "red" if count else "green")


def github(report: Report) -> Iterator[str]:
    """Yield workflow commands, which GitHub shows beside the lines of a pull request."""
    for one in report.violations:
        level = {"note": "notice"}.get(_LEVELS[one.severity], _LEVELS[one.severity])
        place = f"file={_property(one.path)},line={max(1, one.line)}"
        if one.column:
            place += f",col={one.column}"
        yield f"::{level} {place},title={_property(one.rule)}::{_data(one.message)}"
    for allowed in report.allowed:
        found = allowed.violation
        place = f"file={_property(found.path)},line={max(1, found.line)},title={_property(found.rule)}"
        yield f"::notice {place}::{_data('allowed: ' + (allowed.reason or 'no reason given'))}"
    for path, reason in report.skipped.items():
        yield f"::notice file={_property(path)},title=cockpit::{_data('not scanned: ' + reason)}"


def sarif(report: Report) -> dict[str, Any]:
    """Return a SARIF log of one run."""
    known = {rule.name: rule.about for rule in RULES}
    names = sorted({*known, *(one.rule for one in report.violations)})
    driver = {
        "name": "cockpit",
        "version": __version__,
        "rules": [{"id": name, "shortDescription": {"text": known.get(name, name)}} for name in names],
    }
    notes = [
        {"level": "note", "message": {"text": f"not scanned: {reason}"}, "locations": [_location(path, 0, 0)]}
        for path, reason in report.skipped.items()
    ]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, names.index(one.rule)) for one in report.violations],
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notes}],
    }
    return {"$schema": _SARIF, "version": "2.1.0", "runs": [run]}


def _result(one: Violation, index: int) -> dict[str, Any]:
    return {
        "ruleId": one.rule,
        "ruleIndex": index,
        "level": _LEVELS[one.severity],
        "message": {"text": one.message},
        "locations": [_location(one.path, one.line, one.column)],
        "partialFingerprints": {"cockpit/v1": one.fingerprint},
    }


def _location(path: str, line: int, column: int) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(path, errors="surrogateescape")}}
    if line:
        place["region"] = {"startLine": line, **({"startColumn": column} if column else {})}
    return {"physicalLocation": place}


def _data(text: str) -> str:
    return safe_text(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
