"""The one tree of errors: each says what happened, where, and what to do; never a traceback for a user."""

from dataclasses import dataclass


class CockpitError(Exception):
    """Root of all errors that cockpit raises on purpose.

    Attributes: `what` happened, `where` (path, file:line:column, workstream), `hint` (what to do), and the
    `exit_code` of the command line (1 finished but not all well, 2 usage or unusable input, 3 driven elsewhere).
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n  → {self.hint}" if self.hint else text


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a plan: its place (line and column from 1; 0 unknown) and what to do."""

    message: str
    file: str
    line: int = 0
    column: int = 0
    where: str = ""
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        key = f" {self.where}:" if self.where else ""
        hint = f"\n  → {self.hint}" if self.hint else ""
        return f"{place}:{key} {self.message}{hint}"


class PlanError(CockpitError):
    """A plan that cannot be used; carries every problem found in the file."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class CommandError(CockpitError):
    """A command that could not be started, ended with an unexpected code, or ran out of time."""

    def __init__(
        self,
        what: str,
        *,
        argv: tuple[str, ...] = (),
        code: int | None = None,
        stderr: str = "",
        where: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.argv = argv
        self.code = code
        self.stderr = stderr


class GitError(CommandError):
    """A git command that failed, or a repository that cannot be used."""


class IllegalMoveError(CockpitError):
    """A fact that does not fit the state of the leg it is about."""


class JournalError(CockpitError):
    """A journal that cannot be opened, read or written."""


class OrderRefusedError(CockpitError):
    """An order that cannot be carried out now; `what` is the reason."""

    exit_code = 1


class TooManyOrdersError(OrderRefusedError):
    """An order that is refused as one of many, and not worth being kept."""


class DrivenElsewhereError(CockpitError):
    """Another process drives this plan."""

    exit_code = 3


class DriverGoneError(CockpitError):
    """The driver of a plan cannot be reached, or went away in the middle."""


class UntrustedError(CockpitError):
    """A plan whose commands this user has not trusted yet."""


class UnsafePathError(CockpitError):
    """A path that cockpit will not touch: outside the plan's folder, a symlink, or the main worktree."""
