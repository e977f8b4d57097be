"""Parses data and source files to see whether they can be read at all; never runs or imports what they hold."""

import json
import re
import threading
import tomllib
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

_TOML_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")
_COMMENTED_JSON = re.compile(r"(^|/)(tsconfig|jsconfig)[^/]*\.json$|(^|/)\.(vscode|devcontainer)/")
# Python can only silence warnings for the whole process: one check at a time.
_warnings_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class SyntaxProblem:
    """A file that cannot be parsed, and where (line and column from 1; 0: unknown)."""

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


def check(files: Iterable[tuple[str, bytes]]) -> tuple[SyntaxProblem, ...]:
    """Return the first problem of each file that does not parse; files of other kinds are passed over.

    `files` are (path, content). Known: .py, .json (without the kinds that allow comments), .toml, .yaml and .yml.
    """
    problems = []
    for path, data in files:
        parse = _PARSERS.get(PurePosixPath(path).suffix.lower())
        if parse is None or (parse is _json and _COMMENTED_JSON.search(path)):
            continue
        try:
            problem = parse(data)
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            problem = (line, 0, f"not {error.encoding}: {error.reason}")
        except (RecursionError, MemoryError):
            problem = (0, 0, "nested too deeply")
        if problem:
            problems.append(SyntaxProblem(path, *problem))
    return tuple(problems)


def knows(path: str) -> bool:
    """Tell whether files of this name are parsed."""
    return PurePosixPath(path).suffix.lower() in _PARSERS


_Found = tuple[int, int, str] | None


def _python(data: bytes) -> _Found:
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(data, "<checked>", "exec", dont_inherit=True)
        except SyntaxError as error:
            return error.lineno or 0, max(0, error.offset or 0), error.msg
        except ValueError as error:
            return 0, 0, str(error)  # NUL bytes
    return None


def _json(data: bytes) -> _Found:
    try:
        json.loads(data)
    except json.JSONDecodeError as error:
        return error.lineno, error.colno, error.msg
    return None


def _toml(data: bytes) -> _Found:
    try:
        tomllib.loads(data.decode())
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        line, column = (int(place[1]), int(place[2])) if place else (0, 0)
        return line, column, _TOML_PLACE.sub("", str(error))
    return None


def _yaml(data: bytes) -> _Found:
    import yaml  # 10 ms of start that most commands do not need

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # Events only: unknown tags are fine, and nothing is built however often an alias is repeated.
        for _ in yaml.parse(data, Loader=loader):
            pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        return (mark.line + 1 if mark else 0), (mark.column + 1 if mark else 0), error.problem or "not YAML"
    except yaml.YAMLError as error:
        return 0, 0, " ".join(str(error).split())
    return None


_PARSERS: dict[str, Callable[[bytes], _Found]] = {
    ".py": _python,
    ".pyi": _python,
    ".json": _json,
    ".toml": _toml,
    ".yaml": _yaml,
    ".yml": _yaml,
}
