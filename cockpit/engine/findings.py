"""What the driver and its scanning process tell each other, apart from both: the latter starts without the former."""

from msgspec import Struct

IMPORTS = "imports"  # the task that looks for imports which lead to nothing


class Finding(Struct, frozen=True):
    """A violation as the scanning process tells it."""

    rule: str
    severity: str
    path: str
    line: int = 0
    excerpt: str = ""
    message: str = ""
    missing: tuple[str, ...] = ()
    fingerprint: str = ""


class Findings(Struct, frozen=True):
    """What a scan of one worktree found; `allowed` holds rule, path, line and reason, `skipped` path → why."""

    violations: tuple[Finding, ...] = ()
    allowed: tuple[tuple[str, str, int, str], ...] = ()
    skipped: dict[str, str] = {}
