"""Frozen dataclasses to JSON values and back, by their type hints; tolerant of fields that an older version lacks."""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

TypeDecoder = Callable[[Any], Any]
T = TypeVar("T")


def encode(value: Any) -> Any:
    """Return a dataclass, mapping, sequence or plain value as what `json.dumps` takes; defaults are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: encode(item)
            for field in fields(value)
            if (item := getattr(value, field.name)) != field.default or field.default is MISSING
        }
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, (tuple, list, frozenset)):
        return [encode(item) for item in value]
    return value


def decode(cls: type[T], data: Any) -> T:
    """Return an instance of the dataclass `cls` from what `encode` made.

    Unknown keys are ignored and missing ones take their default. Raises ValueError, TypeError or KeyError for data
    that does not fit.
    """
    decoder: TypeDecoder = _decoder(cls)  # type: ignore[arg-type]  # a class is hashable
    result: T = decoder(data)
    return result


@cache
def _decoder(hint: Any) -> TypeDecoder:
    origin = get_origin(hint)
    if origin is tuple:
        return _tuple_decoder(get_args(hint))
    if origin is frozenset:
        member = _decoder(get_args(hint)[0])
        return lambda data: frozenset([member(item) for item in _list(data)])
    if origin is Mapping:
        value = _decoder(get_args(hint)[1])
        return lambda data: {key: value(item) for key, item in _object(data).items()}
    if origin in (Union, types.UnionType):
        return _optional_decoder(get_args(hint))
    if isinstance(hint, type) and is_dataclass(hint):
        return _dataclass_decoder(hint)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint
    if hint in (str, int, float, bool):
        return _plain_decoder(hint)
    raise TypeError(f"no way to decode {hint!r}")


def _tuple_decoder(args: tuple[Any, ...]) -> TypeDecoder:
    if len(args) == 2 and args[1] is Ellipsis:
        member = _decoder(args[0])
        return lambda data: tuple([member(item) for item in _list(data)])
    members = [_decoder(arg) for arg in args]
    return lambda data: tuple(member(item) for member, item in zip(members, _list(data), strict=True))


def _optional_decoder(args: tuple[Any, ...]) -> TypeDecoder:
    inner = [arg for arg in args if arg is not types.NoneType]
    if len(inner) != 1:
        raise TypeError(f"no way to decode a union of {inner}")
    decoder = _decoder(inner[0])
    return lambda data: None if data is None else decoder(data)


def _list(data: Any) -> list[Any]:
    if type(data) is not list:
        raise TypeError(f"{data!r} is not a list")
    return data


def _object(data: Any) -> dict[str, Any]:
    if type(data) is not dict:
        raise TypeError(f"{data!r} is not an object")
    return data


def _plain_decoder(hint: type) -> TypeDecoder:
    def plain(data: Any) -> Any:
        if hint is float and type(data) is int:
            return float(data)
        if type(data) is not hint:
            raise TypeError(f"{data!r} is not {hint.__name__}")
        return data

    return plain


def _dataclass_decoder(cls: type) -> TypeDecoder:
    hints = get_type_hints(cls)
    decoders = {field.name: _decoder(hints[field.name]) for field in fields(cls)}

    def instance(data: Any) -> Any:
        return cls(**{name: decoders[name](value) for name, value in _object(data).items() if name in decoders})

    return instance
