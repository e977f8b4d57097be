"""Two versions of a plan, or of a part → what differs, field by field, in words that people read; judges nothing."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cockpit.clock import span
from cockpit.plan.diff import changed_fields, compare
from cockpit.plan.duration import amount
from cockpit.plan.model import Plan
from cockpit.plan.values import Frozen

LONGEST = 400
LINES = 8
CUT = "…"
"""What a value ends with that is longer."""
_SECONDS = frozenset({"run_timeout", "stall", "backoff", "timeout", "settle", "gate_p95"})
_BYTES = frozenset({"min_free_disk"})
_NAMED = ("id", "name")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that differs: `where` as `issues[AUTH-1].prompt`, and both values as short texts; empty: nothing."""

    where: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Differences:
    """What differs in two versions of a plan: ids of workstreams, and of those in both and of the plan the fields."""

    old: Plan
    new: Plan
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: Mapping[str, tuple[FieldChange, ...]]
    settings: tuple[FieldChange, ...]


def differences(old: Plan, new: Plan) -> Differences:
    """Return what differs in two versions of a plan; it takes as long as the plan is large."""
    diff = compare(old, new)
    changed = {key: tuple(field_changes(old.by_id[key], new.by_id[key], keys)) for key, keys in diff.changed.items()}
    return Differences(old, new, diff.added, diff.removed, changed, tuple(field_changes(old, new, diff.settings)))


def field_changes(old: Frozen, new: Frozen, keys: Sequence[str] | None = None) -> Iterator[FieldChange]:
    """Yield what differs in two versions of the same part; of lists with ids or names, entry by entry."""
    changed = changed_fields(old, new) if keys is None else keys
    include = set(changed)
    before = old.model_dump(mode="json", by_alias=True, include=include)
    after = new.model_dump(mode="json", by_alias=True, include=include)
    for key in changed:
        yield from _differences(key, before.get(key), after.get(key))


def _differences(where: str, old: Any, new: Any) -> Iterator[FieldChange]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            if old.get(key) != new.get(key):
                yield from _differences(f"{where}.{key}", old.get(key), new.get(key))
        if old == new or (old.keys() == new.keys() and list(old) != list(new)):
            yield FieldChange(f"{where} (order)", ", ".join(old), ", ".join(new))
        return
    before, after = _by_name(old), _by_name(new)
    if before is None or after is None:
        key = where.rpartition(".")[2]
        yield FieldChange(where, *_apart(_text(key, old), _text(key, new)))
        return
    for name in dict.fromkeys((*before, *after)):
        if name not in before or name not in after:
            place = f"{where}[{name}]"
            yield FieldChange(place, _entry(before.get(name)), _entry(after.get(name)))
        elif before[name] != after[name]:
            yield from _differences(f"{where}[{name}]", before[name], after[name])
    both = [name for name in before if name in after]
    if both != [name for name in after if name in before]:
        yield FieldChange(f"{where} (order)", ", ".join(before), ", ".join(after))


def _by_name(value: Any) -> dict[str, Any] | None:
    """Return the entries of a list by their ids or names; None where they have none."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        return None
    names = [next((str(one[key]) for key in _NAMED if key in one), "") for one in value]
    return dict(zip(names, value, strict=True)) if all(names) and len(set(names)) == len(names) else None


def _entry(value: Any) -> str:
    """Return an entry that one of the versions lacks: its title, else what it says beside its defaults."""
    if value is None:
        return ""
    told = {key: one for key, one in value.items() if one not in (None, "", [], {})}
    return _cut(str(told.get("title") or told.get("run") or told.get("builtin") or _json(told)))


def _text(key: str, value: Any) -> str:
    if value is None:
        return ""
    if value in ([], {}):
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if key == "estimate" and isinstance(value, list):
        return span(value[0]) if value[0] == value[1] else f"{span(value[0])} to {span(value[1])}"
    if key in _SECONDS and isinstance(value, int | float):
        return span(value)
    if key in _BYTES and isinstance(value, int | float):
        return amount(value)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _apart(old: str, new: str) -> tuple[str, str]:
    """Return two texts without the lines that they begin and end with alike, where they have many; each cut."""
    before, after = old.strip().splitlines(), new.strip().splitlines()
    if max(len(before), len(after)) > 1 and before and after:
        while before and after and before[0] == after[0]:
            del before[0], after[0]
        while before and after and before[-1] == after[-1]:
            del before[-1], after[-1]
    return _few(before), _few(after)


def _few(lines: Sequence[str]) -> str:
    more = len(lines) - LINES
    return _cut("\n".join((*lines[:LINES], *([f"… and {more} lines more"] if more > 0 else []))))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}{CUT}"
