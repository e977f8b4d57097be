"""What a rule is: a name, a severity, a function that judges one change, and a table of examples that prove it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from cockpit.quality.change import Change
from cockpit.quality.violation import Severity


@dataclass(frozen=True, slots=True)
class Found:
    """A place in the text after the change (line and column from 1; 0: the whole file) where a rule is broken."""

    line: int
    message: str
    column: int = 1
    missing: tuple[str, ...] = ()
    severity: Severity | None = None  # where it differs from the rule's


@dataclass(frozen=True, slots=True)
class Example:
    """A change that shows what a rule catches (`caught`) or must let pass; `before` is None for a new file."""

    about: str
    path: str
    before: str | None
    after: str
    caught: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: `judge` yields the places where a change breaks it; it is pure, and quick on what did not change."""

    name: str
    severity: Severity
    about: str
    judge: Callable[[Change], Iterator[Found]]
    examples: Iterable[Example] = ()
