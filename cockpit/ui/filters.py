"""The language of `/`: words, and conditions like `state:running,review agent:claude !docs round:>2`. Pure.

Every condition looks at what a column of the row says, so that what can be filtered for can be seen.
"""

import re
from collections.abc import Callable, Sequence
from operator import eq, ge, gt, le, lt

from msgspec import Struct

from cockpit.ui.columns import Column
from cockpit.ui.looks import line
from cockpit.ui.present import Row

Test = Callable[[Row], bool]
_TERM = re.compile(r'!?(?:[A-Za-z]+:)?(?:"[^"]*"?|\S+)|\S+')
_PARTS = re.compile(r"(!?)(?:([A-Za-z]+):)?(.*)", re.DOTALL)
_NUMBER = re.compile(r"\d[\d,]*\.?\d*")
_COMPARED = re.compile(r"(>=|<=|>|<|=)?\$?(\d+(?:\.\d+)?)")
_SIGNS: dict[str, Callable[[float, float], bool]] = {">": gt, "<": lt, ">=": ge, "<=": le, "=": eq, "": eq}


class Filter(Struct, frozen=True):
    """A filter that was typed: its terms, their tests, and what is wrong with it; a wrong term hides nothing."""

    terms: tuple[str, ...] = ()
    tests: tuple[Test, ...] = ()
    wrong: str = ""

    def lets(self, row: Row) -> bool:
        """Say whether a row is shown."""
        return all(test(row) for test in self.tests)


def parsed(text: str, columns: Sequence[Column]) -> Filter:
    """Return the filter that a text means for rows with these columns; never raises.

    A term that is still being typed (`state:`, `round:>`, `!`) hides nothing and is not wrong.
    """
    terms = tuple(_TERM.findall(text.lower()))
    tests: list[Test] = []
    wrong = ""
    for term in terms:
        found = _meant(term, {column.field or column.name: column for column in columns})
        if isinstance(found, str):
            wrong = wrong or found
        elif found is not None:
            tests.append(found)
    return Filter(terms, tuple(tests), wrong)


def number_in(text: str) -> float | None:
    """Return the first number of a cell, or None where it has none."""
    found = _NUMBER.search(text)
    return float(found[0].replace(",", "")) if found else None


def _meant(term: str, fields: dict[str, Column]) -> Test | str | None:
    """Return the test of a term, what is wrong with it, or None where it is not complete."""
    match = _PARTS.fullmatch(term)
    negated, field, value = match.groups() if match else ("", None, term)
    if field is None:
        test = _of_word(value)
    elif field == "is":
        return _turned(_awaiting, negated) if value == "awaiting" else _unlike("awaiting", value)
    elif column := fields.get(field):
        made = _of_column(column, field, value)
        if isinstance(made, str):
            return made
        test = made
    else:
        known = ", ".join((*(name for name, one in fields.items() if one.at >= 0), "is"))
        return f"no field {line(field)}: there are {known}"
    return None if test is None else _turned(test, negated)


def _of_word(word: str) -> Test | None:
    word = word.strip('"')
    return (lambda row: word in row.search) if word else None


def _awaiting(row: Row) -> bool:
    return row.awaits


def _unlike(known: str, value: str) -> str | None:
    return None if known.startswith(value) else f"is:{line(value)} is unknown: there is is:{known}"


def _of_column(column: Column, field: str, value: str) -> Test | str | None:
    at = column.at
    if at < 0:
        return f"{field} goes by with time, and cannot be filtered for"
    if column.number:
        return _of_number(at, field, value)
    choices = tuple(one for one in (part.strip('"') for part in value.split(",")) if one)
    if not choices:
        return None
    if column.words and (strange := [one for one in choices if not any(one in word for word in column.words)]):
        return f"no {field} is called {line(strange[0])}: {', '.join(column.words[:4])} …"

    def test(row: Row) -> bool:
        cell = row.cells[at][0].lower()
        return any(choice in cell for choice in choices)

    return test


def _of_number(at: int, field: str, value: str) -> Test | str | None:
    if value in ("", *_SIGNS):
        return None
    match = _COMPARED.fullmatch(value)
    if match is None:
        return f"{field} takes a number, like {field}:2 or {field}:>2"
    compare, wanted = _SIGNS[match[1] or ""], float(match[2])

    def test(row: Row) -> bool:
        found = number_in(row.cells[at][0])
        return found is not None and compare(found, wanted)

    return test


def _turned(test: Test, negated: str) -> Test:
    return (lambda row: not test(row)) if negated else test
