"""The kinds of value that a plan's keys take, each with its check and its place in the JSON Schema; knows no key."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

from cockpit.plan import duration

ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
PRIORITIES = {"P0": 0, "P1": 1, "P2": 2, "P3": 3, "CRITICAL": 0, "HIGH": 1, "MEDIUM": 2, "LOW": 3}
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

When = Literal["never", "critical", "always"]
Strategy = Literal["merge", "squash", "rebase"]
Command = str | tuple[str, ...]


class Frozen(BaseModel):
    """What all parts of a plan are: immutable, and closed to keys that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class WrittenInt(int):
    """A whole number that still knows how it was written, so that it can stand where text is expected."""

    written: str


class WrittenFloat(float):
    """A number that still knows how it was written, so that it can stand where text is expected."""

    written: str


def wrong(message: str, hint: str = "") -> PydanticCustomError:
    """Return the error that says what is wrong with a value, and what to write instead."""
    return PydanticCustomError("plan", "{message}", {"message": message, "hint": hint})


def _as_written(value: object) -> object:
    return value.written if isinstance(value, WrittenInt | WrittenFloat) else value


def _reader(read: Callable[[object], Any], hint: str) -> Callable[[object], Any]:
    def validate(value: object) -> Any:
        try:
            return read(value)
        except ValueError as error:
            raise wrong(str(error), hint) from None

    return validate


def _positive(value: float) -> float:
    if value <= 0:
        raise wrong("must be more than nothing", "for example 10m")
    return value


def _command(value: object) -> object:
    if isinstance(value, str) and value.strip() and "\0" not in value:
        return str(value)
    if isinstance(value, list | tuple) and value and all(isinstance(_as_written(part), str) for part in value):
        parts = tuple(str(_as_written(part)) for part in value)
        if parts[0] and not any("\0" in part for part in parts):
            return parts
    raise wrong("not a command", 'a string is run by sh -c, a list as it is: "make test" or ["make", "test"]')


def _commands(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _priority(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 3:
        return int(value)
    if isinstance(value, str) and value.upper() in PRIORITIES:
        return PRIORITIES[value.upper()]
    raise wrong(f"not a priority: {value!r}", "P0, P1, P2, P3 or critical, high, medium, low")


def _inside(pattern: str) -> str:
    if pattern.startswith(("/", "~")) or ".." in pattern.split("/") or not pattern or "\0" in pattern:
        raise wrong(f"not a path inside the repository: {pattern!r}", "relative to its top folder, without `..`")
    return pattern


def _own_files(pattern: str) -> str:
    if not pattern.strip("*?./"):
        raise wrong(f"that would be all of the work: {pattern!r}", "the agent's own files alone: [.my-agent*]")
    return pattern


def _env_name(name: str) -> str:
    if not _ENV_NAME.fullmatch(name):
        raise wrong(f"not a name of an environment variable: {name!r}", "letters, digits and _")
    return name


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise wrong("no program can be given a NUL", "remove it")
    return value


def _regex(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise wrong(f"not a regular expression: {error}", _REGEX_HINT) from None
    except RecursionError:
        raise wrong(*_TOO_DEEP) from None
    return pattern


def _reply_pattern(pattern: str) -> str:
    import regex  # as it is matched (`schedule/matching.py`); most plans have no such patterns

    try:
        regex.compile(pattern)
    except regex.error as error:
        raise wrong(f"not a regular expression: {error}", _REGEX_HINT) from None
    except RecursionError:
        raise wrong(*_TOO_DEEP) from None
    return pattern


_TOO_DEEP = ("a regular expression with too many groups in groups", "write it with fewer brackets")
_REGEX_HINT = "backslashes are doubled inside double quotes"
_DURATION_HINT = "s, m, h or d, for example 90s, 10m, 1h 30m"
_NUMBER_OR_TEXT = {"type": ["string", "number"]}
_COMMAND_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
    ]
}

Text = Annotated[str, BeforeValidator(_as_written), WithJsonSchema({"type": ["string", "number"]})]
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict()]
Flag = Annotated[bool, Strict()]
Name = Annotated[
    Text,
    Field(pattern=ID_PATTERN, max_length=200),
    WithJsonSchema({"type": ["string", "number"], "pattern": ID_PATTERN}),
]
Duration = Annotated[
    float,
    BeforeValidator(_reader(duration.seconds, _DURATION_HINT)),
    WithJsonSchema({**_NUMBER_OR_TEXT, "pattern": r"^\s*\d+(\.\d+)?\s*[smhd]", "examples": ["90s", "10m", "2h"]}),
]
TimeLimit = Annotated[Duration, AfterValidator(_positive)]
Estimate = Annotated[
    tuple[float, float],
    BeforeValidator(_reader(duration.estimate, "one value or a range: 45m, 2h, 3-4h, 1d (8 working hours)")),
    WithJsonSchema({**_NUMBER_OR_TEXT, "examples": ["45m", "3-4h", "1d"]}),
]
Size = Annotated[
    int,
    BeforeValidator(_reader(duration.size, "bytes, or with KB, MB, GB, TB, KiB, MiB, GiB, TiB")),
    WithJsonSchema({**_NUMBER_OR_TEXT, "examples": ["10GB", "512MiB"]}),
]
Percent = Annotated[
    float,
    BeforeValidator(_reader(duration.percent, "from 0% to 100%")),
    WithJsonSchema({**_NUMBER_OR_TEXT, "examples": ["5%"]}),
]
Priority = Annotated[
    int,
    BeforeValidator(_priority),
    WithJsonSchema({"enum": ["P0", "P1", "P2", "P3", "critical", "high", "medium", "low", 0, 1, 2, 3]}),
]
RunCommand = Annotated[Command, BeforeValidator(_command), WithJsonSchema(_COMMAND_SCHEMA)]
RunCommands = Annotated[
    tuple[RunCommand, ...],
    BeforeValidator(_commands),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": _COMMAND_SCHEMA}]}),
]
InsidePath = Annotated[Text, AfterValidator(_inside)]
OwnFiles = Annotated[InsidePath, AfterValidator(_own_files)]
Regex = Annotated[Text, AfterValidator(_regex)]
ReplyPattern = Annotated[Text, AfterValidator(_reply_pattern)]
Argument = Annotated[Text, AfterValidator(_no_nul)]
EnvName = Annotated[Text, AfterValidator(_env_name)]
Environment = dict[EnvName, Annotated[Text, AfterValidator(_no_nul)]]
