"""Says in the plan's own words what the models found wrong, and where it stands in the file; never raises."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from cockpit.errors import Problem
from cockpit.plan.checks import Finding, as_text, nearest
from cockpit.plan.model import Issue, Plan, Tracked, Workstream
from cockpit.plan.settings import (
    AgentProfile,
    Alerts,
    Answer,
    Approve,
    Commit,
    Cost,
    ForbidPattern,
    Gate,
    Limits,
    Merge,
    Notify,
    Prepare,
    Quality,
    Setup,
)
from cockpit.plan.values import WrittenFloat, WrittenInt
from cockpit.plan.yamltree import Node, Path
from cockpit.safetext import safe_line

MODELS: Mapping[tuple[str, ...], type[BaseModel]] = {
    (): Plan,
    ("agents", "*"): AgentProfile,
    ("agents", "*", "cost"): Cost,
    ("limits",): Limits,
    ("prepare",): Prepare,
    ("setup",): Setup,
    ("gates", "*"): Gate,
    ("quality",): Quality,
    ("quality", "forbid", "*"): ForbidPattern,
    ("approve",): Approve,
    ("merge",): Merge,
    ("commit",): Commit,
    ("notify", "*"): Notify,
    ("alerts",): Alerts,
    ("answers", "*"): Answer,
    ("workstreams", "*"): Workstream,
    ("workstreams", "*", "approve"): Approve,
    ("workstreams", "*", "merge"): Merge,
    ("workstreams", "*", "issues", "*"): Issue,
}
"""Where in a plan which model stands; `*` is any index or any name of an agent."""

_EXPECTED = {
    "string_type": ("text", "put it in quotes"),
    "bool_type": ("true or false", "write true or false"),
    "int_type": ("a whole number", "without quotes"),
    "int_from_float": ("a whole number", "without a decimal point"),
    "float_type": ("a number", "without quotes"),
    "tuple_type": ("a list", "write [a, b], or one `- …` a line"),
    "dict_type": ("keys with values", "write `key: value` lines"),
    "model_type": ("keys with values", "write `key: value` lines"),
    "model_attributes_type": ("keys with values", "write `key: value` lines"),
}


def from_errors(errors: list[ErrorDetails]) -> list[Finding]:
    """Return what pydantic's errors mean."""
    found: list[Finding] = []
    broken_below = {error["loc"][:length] for error in errors for length in range(1, len(error["loc"]))}
    for error in errors:
        path = error["loc"]
        if error["type"] == "too_short" and path in broken_below:
            continue  # its items were dropped because they are wrong themselves
        found.append(_finding(error, path))
    return found


def to_problem(finding: Finding, root: Node, file: str) -> Problem:
    """Return the finding with its place in the file."""
    line, column = root.place(finding.path, key=finding.at_key)
    where = safe_line(_where(finding.path, root.data))
    return Problem(safe_line(finding.message), file, line, column, where, safe_line(finding.hint))


def shown(value: object) -> str:
    """Return a value as an error names it: short and printable."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "keys with values"
    if isinstance(value, list | tuple):
        return "a list"
    return safe_line(value.written if isinstance(value, WrittenInt | WrittenFloat) else repr(value), 60)


def _finding(error: ErrorDetails, path: Path) -> Finding:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if path and path[-1] == "[key]":
        return Finding(path[:-1], *_refusal(kind, value, context, path[:-1]), at_key=True)
    if kind == "extra_forbidden":
        known = known_keys(path[:-1])
        hint = nearest(str(path[-1]), known, f"known here: {', '.join(known)}")
        return Finding(path, f"unknown key {str(path[-1])!r}", hint, at_key=True)
    if kind == "missing":
        return Finding(path, f"key {str(path[-1])!r} is missing", f"add `{path[-1]}: …`")
    return Finding(path, *_refusal(kind, value, context, path))


def _refusal(kind: str, value: Any, context: Mapping[str, Any], path: Path) -> tuple[str, str]:
    if kind == "plan":
        return context["message"], context["hint"]
    if kind in _EXPECTED:
        expected, hint = _EXPECTED[kind]
        return f"expected {expected}, not {shown(value)}", hint
    if kind == "string_pattern_mismatch":
        if as_text(value) in (".", "..") or any(mark in str(as_text(value)) for mark in ("/", "\\")):
            return f"worktree path that leaves its folder: {shown(value)}", "an id is one name, without / and .."
        word = "id" if path[-1:] == ("id",) else "name"
        return f"{word} {shown(value)} is not allowed", "letters, digits, `.`, `_`, `-`; a letter or digit first"
    if kind == "literal_error":
        known = context["expected"].replace("'", "").replace(" or ", ", ")
        word = "preset" if path[-1:] == ("preset",) else "event" if path[:1] == ("notify",) else "value"
        hint = nearest(str(value), known.split(", "))
        return f"unknown {word} {shown(value)}, expected one of {known}", hint or f"one of {known}"
    if kind in ("too_long", "string_too_long"):
        return f"{shown(value)} is too long", f"at most {context['max_length']} characters"
    if kind == "too_short":
        if path == ("workstreams",):
            return "the plan has no workstreams", "add one: `- id: first`"
        return "the list is empty", "add at least one"
    bounds = {"greater_than": "more than", "greater_than_equal": "at least", "less_than_equal": "at most"}
    if kind in bounds:
        limit = next(iter(context.values()))
        return f"{shown(value)} is out of range", f"{bounds[kind]} {limit}"
    return f"{error_text(kind)}: {shown(value)}", "see PLAN_FORMAT"


def error_text(kind: str) -> str:
    """Return the words for a kind of error that has none of its own."""
    return kind.replace("_", " ")


def known_keys(path: Path) -> tuple[str, ...]:
    """Return the keys that may stand in the mapping at this path of a plan."""
    model = MODELS.get(_shape(path))
    fields = model.model_fields if model else {}
    return tuple(field.alias or name for name, field in fields.items() if name not in Tracked.model_fields)


def _shape(path: Path) -> tuple[str, ...]:
    named = path[:1] == ("agents",)
    return tuple("*" if isinstance(step, int) or (named and place == 1) else step for place, step in enumerate(path))


def _where(path: Path, data: Any) -> str:
    """Return a path as people read it: workstreams and issues by their ids, the rest by number."""
    text = ""
    for step in path:
        if isinstance(step, int):
            data = data[step] if isinstance(data, list) and step < len(data) else None
            name = as_text(data.get("id", data.get("name"))) if isinstance(data, dict) else None
            text += f"[{name or step}]"
        else:
            data = data.get(step) if isinstance(data, dict) else None
            text += f".{step}" if text else step
    return text
