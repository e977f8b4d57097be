"""Knows what of a plan a user must have trusted before it runs, and holds back what a new version changes of that."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cockpit.plan.load import Loaded
from cockpit.plan.model import Command, Plan, Workstream

SETTINGS = (
    "repo",
    "base",
    "worktrees",
    "agents",
    "limits",
    "prepare",
    "setup",
    "gates",
    "quality",
    "approve",
    "merge",
    "commit",
    "notify",
    "answers",
    "track",
)
"""The plan's keys that trust covers: what is executed, what lies outside the worktrees, what checks."""

OWN = ("critical", "agent", "fallback", "env", "gates", "approve", "merge")
"""The keys of a workstream that trust covers."""

_ABSENT_AT_DEFAULT = ("resume", "leaves", "mcp")
"""Keys of a profile that are left out where it does not name them.

The others are always there. A key that comes new belongs here: else all plans would have to be trusted again.
"""


@dataclass(frozen=True, slots=True)
class Change:
    """A covered part that a new version of a plan changes; values as compact JSON, empty where there is none."""

    where: str
    old: str
    new: str


def commands(plan: Plan) -> tuple[tuple[str, str], ...]:
    """Return everything that the plan would run, as pairs of its place and the command's text."""
    found: list[tuple[str, str]] = []
    found += [(f"agents.{name}.env", _shown(profile.env)) for name, profile in plan.agents.items() if profile.env]
    found += [(f"{one.id}.env", _shown(one.env)) for one in plan.workstreams if one.env]
    for name, profile in plan.agents.items():
        start = f"preset {profile.preset}" if profile.run is None else command_text(profile.run)
        found.append((f"agents.{name}", " ".join([start, *profile.args])))
        found += [(f"agents.{name}.resume", command_text(profile.resume))] if profile.resume else []
        found += [(f"agents.{name}.attach", command_text(profile.attach))] if profile.attach else []
    if plan.prepare is not None:
        found += [(f"prepare.run[{n}]", command_text(command)) for n, command in enumerate(plan.prepare.run)]
    found += [(f"setup.run[{n}]", command_text(command)) for n, command in enumerate(plan.setup.run)]
    for gate in plan.gates:
        text = f"builtin {gate.builtin}" if gate.run is None else command_text(gate.run)
        found.append((f"gates[{gate.name}]", text))
    found += [(f"notify[{n}]", command_text(notify.run)) for n, notify in enumerate(plan.notify)]
    if plan.commit.hooks:
        found.append(("commit.hooks", "the repository's git hooks"))
    return tuple(found)


def _shown(env: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in env.items())


def command_text(command: Command) -> str:
    """Return a command as people read it: a string as it is, a list as a JSON list."""
    return command if isinstance(command, str) else json.dumps(list(command), ensure_ascii=False)


def covered(loaded: Loaded) -> dict[str, object]:
    """Return all that trust covers, as plain JSON values; folders are those that the plan's words amount to."""
    parts: dict[str, object] = dict(_settings(loaded.plan))
    parts["repo"], parts["worktrees"] = str(loaded.repo), str(loaded.worktrees)
    parts["workstreams"] = {w.id: own for w in loaded.plan.workstreams if (own := _own(w))}
    return parts


def digest(loaded: Loaded) -> str:
    """Return the hash of all that trust covers."""
    text = json.dumps(covered(loaded), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def keep_in_force(old: Plan, new: Plan) -> tuple[Plan, tuple[Change, ...]]:
    """Return the new plan with every covered part as the old one has it, and the changes to ask about.

    A workstream that the old plan doesn't hold gets the defaults in place of its covered keys, except that it stays
    `critical` if it says so: that adds checks and takes none away.
    """
    changes: list[Change] = []
    kept: dict[str, Any] = {}
    before, after = _settings(old), _settings(new)
    for key in SETTINGS:
        if found := _changes(key, before[key], after[key]):
            changes += found
            kept[key] = getattr(old, key)
    workstreams = []
    for workstream in new.workstreams:
        own, found = _kept_workstream(old.by_id.get(workstream.id), workstream)
        changes += found
        workstreams.append(own)
    if not changes:
        return new, ()
    return new.model_copy(update={**kept, "workstreams": tuple(workstreams)}), tuple(changes)


def _kept_workstream(old: Workstream | None, new: Workstream) -> tuple[Workstream, list[Change]]:
    before = {} if old is None else _own(old)
    after = _own(new)
    changes: list[Change] = []
    kept: dict[str, Any] = {}
    for key in OWN:
        if before.get(key) == after.get(key):
            continue
        changes += _changes(f"workstreams[{new.id}].{key}", before.get(key), after.get(key))
        if old is not None or key != "critical":
            kept[key] = getattr(old, key) if old is not None else _default(key)
    return (new.model_copy(update=kept) if kept else new), changes


def _settings(plan: Plan) -> dict[str, Any]:
    parts = plan.model_dump(mode="json", by_alias=True, include=set(SETTINGS))
    for profile in parts["agents"].values():
        for key in _ABSENT_AT_DEFAULT:
            if profile[key] is None:
                del profile[key]
    # The first agent is the default one, so their order counts.
    parts["agents"] = {**parts["agents"], "(order)": list(parts["agents"])} if parts["agents"] else {}
    return parts


def _own(workstream: Workstream) -> dict[str, Any]:
    """The covered keys of a workstream that say something else than their defaults."""
    own = workstream.model_dump(mode="json", by_alias=True, include=set(OWN), exclude_defaults=True)
    for key in ("approve", "merge"):
        part = getattr(workstream, key)
        own[key] = part.model_dump(mode="json", exclude_unset=True) if part is not None else None
    return {key: value for key, value in own.items() if value not in (None, {})}


def _default(key: str) -> Any:
    return Workstream.model_fields[key].get_default(call_default_factory=True)


def _changes(where: str, old: Any, new: Any) -> list[Change]:
    if old == new:
        return []
    if isinstance(old, dict) and isinstance(new, dict):
        keys = dict.fromkeys((*old, *new))
        return [change for key in keys for change in _changes(f"{where}.{key}", old.get(key), new.get(key))]
    return [Change(where, _text(old), _text(new))]


def _text(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)
