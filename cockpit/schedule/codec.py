"""Frozen structs to JSON values and back, by their type hints; tolerant of fields that an older version lacks."""

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from msgspec import NODEFAULT, Struct, convert
from msgspec.json import decode as parse
from msgspec.structs import fields

T = TypeVar("T")
_PLAIN = frozenset({str, int, float, bool, type(None)})


def encode(value: Any) -> Any:
    """Return a struct, mapping, sequence or plain value as what `json.dumps` takes; defaults are left out."""
    if type(value) in _PLAIN:  # asked first: a plan of a thousand workstreams has tens of thousands of these
        return value
    if isinstance(value, Struct):
        return {
            name: item if type(item) in _PLAIN else encode(item)
            for name, default in _defaults(type(value))
            if (item := getattr(value, name)) is not default and (item != default or default is NODEFAULT)
        }
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, (tuple, list, frozenset)):
        return [encode(item) for item in value]
    return value


def decode(cls: type[T], data: Any) -> T:
    """Return an instance of the struct `cls` from what `encode` made.

    Unknown keys are ignored and missing ones take their default. Raises ValueError for data that does not fit.
    """
    return convert(data, cls)


def decode_text(cls: type[T], text: str) -> T:
    """Return an instance of the struct `cls` from what `json.dumps` made of what `encode` made; else as `decode`."""
    try:
        return parse(text, type=cls)
    except ValueError:  # json.dumps writes what is no JSON: NaN, infinity, half of a surrogate pair
        import json

        return decode(cls, json.loads(text))


@cache
def _defaults(cls: type[Struct]) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, field.default) for field in fields(cls))
