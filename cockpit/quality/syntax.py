"""Reads Python, JSON, TOML and YAML with the parsers that define them; never runs or imports what a file holds."""

import json
import re
import threading
import tomllib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cockpit.quality.source import Source

_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_COMMENTS = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING = re.compile(r'"(?:\\.|[^"\\\n])*"|,(?=\s*[}\]])')
# Python can only silence warnings for the whole process: one check at a time.
_warnings_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a text cannot be parsed, and where (from 1; 0: unknown); `indentation`: that alone is wrong."""

    line: int
    column: int
    message: str
    indentation: bool = False


def knows(source: Source) -> bool:
    """Tell whether a text is in a language that is parsed here."""
    return source.language.name in _PARSERS


def problem_of(source: Source) -> Problem | None:
    """Return the first thing that keeps a text from being parsed; None where all is well or the language is unknown."""
    parse = _PARSERS.get(source.language.name)
    if parse is None:
        return None
    try:
        return parse(source.text.removeprefix("\ufeff"))
    except (RecursionError, MemoryError):
        return Problem(0, 0, "nested too deeply")


def without_json_comments(text: str) -> str:
    """Return a JSON text without its comments and trailing commas, every other character at its place."""
    for pattern in (_COMMENTS, _TRAILING):
        text = pattern.sub(lambda one: one[0] if one[0][0] == '"' else re.sub(r"[^\n]", " ", one[0]), text)
    return text


def _python(text: str) -> Problem | None:
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(text, "<checked>", "exec", dont_inherit=True)
        except SyntaxError as error:
            indentation = isinstance(error, IndentationError) and not isinstance(error, TabError)
            return Problem(error.lineno or 0, max(0, error.offset or 0), error.msg, indentation)
        except ValueError as error:
            return Problem(0, 0, str(error))  # NUL bytes
    return None


def _json(text: str) -> Problem | None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return Problem(error.lineno, error.colno, error.msg)
    except ValueError as error:
        return None if "digits" in str(error) else Problem(0, 0, str(error))  # a number too long for Python is JSON
    return None


def _toml(text: str) -> Problem | None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        line, column = (int(place[1]), int(place[2])) if place and place[1] else (text.count("\n") + 1, 1)
        return Problem(line, column, _TOML_PLACE.sub("", str(error)))
    return None


def _yaml(text: str) -> Problem | None:
    import yaml  # 10 ms of start that most commands do not need

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # Events only: unknown tags are fine, and nothing is built however often an alias is repeated.
        for _ in yaml.parse(text, Loader=loader):
            pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        return Problem(mark.line + 1 if mark else 0, mark.column + 1 if mark else 0, error.problem or "not YAML")
    except yaml.YAMLError as error:
        return Problem(0, 0, " ".join(str(error).split()))
    return None


_PARSERS: Mapping[str, Callable[[str], Problem | None]] = {
    "python": _python,
    "json": _json,
    "toml": _toml,
    "yaml": _yaml,
}
