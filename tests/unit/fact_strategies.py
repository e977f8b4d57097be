"""Draws facts and snapshots of every kind, fitting or not, for tests of the codec and of fold."""

import types
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from msgspec import Struct

from cockpit.schedule import facts as f

TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=32)


def of_type(hint: Any, names: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Draw a value of a type hint; `names` gives the strategies of fields by their names."""
    origin = get_origin(hint)
    args = get_args(hint)
    if origin is tuple and args[-1] is Ellipsis:
        return st.lists(of_type(args[0], names), max_size=3).map(tuple)
    if origin is frozenset:
        return st.frozensets(of_type(args[0], names), max_size=3)
    if origin is Mapping:
        return st.dictionaries(TEXTS, of_type(args[1], names), max_size=3)
    if origin in (Union, types.UnionType):
        return st.one_of(*(of_type(arg, names) for arg in args))
    if hint is types.NoneType:
        return st.none()
    if isinstance(hint, type) and issubclass(hint, Struct):
        return instances(hint, names)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    plain: dict[Any, st.SearchStrategy[Any]] = {
        str: TEXTS,
        int: st.integers(-(2**53), 2**53),
        float: FLOATS,
        bool: st.booleans(),
    }
    return plain[hint]


def instances(cls: type[Struct], names: Mapping[str, st.SearchStrategy[Any]] | None = None) -> st.SearchStrategy[Any]:
    """Draw an instance of a frozen struct, any value in any field."""
    given = names or {}
    types_of = get_type_hints(cls)
    hints = {name: types_of[name] for name in cls.__struct_fields__}
    drawn = {name: given[name] if name in given else of_type(hint, given) for name, hint in hints.items()}
    return st.builds(cls, **drawn)


def facts(names: Mapping[str, st.SearchStrategy[Any]] | None = None) -> st.SearchStrategy[f.Fact]:
    """Draw a fact of any kind."""
    return st.one_of(*(instances(kind, names) for kind in f.KINDS.values()))
