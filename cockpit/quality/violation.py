"""What a rule finds in a change, how bad it is, and the fingerprint by which the same finding is known again."""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

EXCERPT = 200  # characters of a line that are kept


class Severity(StrEnum):
    """How bad a violation is; the order of the names is that of the plan format."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule broken at a place: `line` and `column` count from 1 (0: the file as a whole); `message` says why.

    `missing` holds the lines that went away with it, where that is what is wrong; `fingerprint` stays the same when
    lines move.
    """

    rule: str
    severity: Severity
    path: str
    line: int
    column: int
    excerpt: str
    message: str
    missing: tuple[str, ...] = ()
    fingerprint: str = ""


def fingerprint(rule: str, path: str, excerpt: str, nth: int) -> str:
    """Return what names the nth finding of a rule with this excerpt in a file, wherever in the file it stands."""
    text = "\0".join((rule, path, " ".join(excerpt.split()), str(nth)))
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]  # a path may hold bytes that are no UTF-8
