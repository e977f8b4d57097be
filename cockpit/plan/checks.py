"""Checks what ties a plan's parts together: ids, dependencies, names, branches; never looks at the file system.

It works on raw data, so that it can speak even when other parts of the file are wrong.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from cockpit.plan.branches import filled, refusal, unknown_words
from cockpit.plan.graph import rings
from cockpit.plan.roundzero import PREPARE
from cockpit.plan.values import WrittenFloat, WrittenInt
from cockpit.plan.yamltree import Node, Path

DEFAULT_BRANCH = "{plan}/{id}"
RULES = (
    "PLACEHOLDER_DROPPED",
    "INCOMPLETE_CODE",
    "MALFORMED_SYNTAX",
    "SECURITY_RISK",
    "LOGIC_ERROR",
    "OUT_OF_SCOPE",
)
"""The rules that a plan can name beside its own patterns; the quality room, which has them, builds on this one."""
_MOST_COMPARED = 20  # unknown ids that are compared with all known ones; a thousand would take minutes


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a path of the plan, or at the key of that path."""

    path: Path
    message: str
    hint: str = ""
    at_key: bool = False


def as_text(value: object) -> str | None:
    """Return what stands where text is expected, None when it is something else."""
    if isinstance(value, WrittenInt | WrittenFloat):
        return value.written
    return value if isinstance(value, str) else None


def nearest(word: str, known: Any, otherwise: str = "") -> str:
    """Return the hint that names the known word which is nearest."""
    close = get_close_matches(word, list(known), 1, 0.6)
    return f"did you mean {close[0]!r}?" if close else otherwise


def findings(root: Node, plan_name: str) -> list[Finding]:
    """Return all that is wrong between the parts of a plan."""
    if not isinstance(root.data, dict):
        return []
    rows = list(_rows(root.data))
    return [
        *_duplicate_ids(rows, root),
        *_dependencies(rows),
        *_names(root.data, rows),
        *_branches(root.data, [*_prepared(root.data), *rows], plan_name),
    ]


@dataclass(frozen=True, slots=True)
class _Row:
    """A workstream or an issue as far as it can be read; `owner` is the issue's workstream."""

    id: str | None
    path: Path
    depends_on: tuple[tuple[Path, str], ...]
    owner: "_Row | None"
    data: dict[str, Any]


def _listed(data: dict[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    return value if isinstance(value, list) else []


def _rows(data: dict[str, Any]) -> Iterator[_Row]:
    for place, raw in enumerate(_listed(data, "workstreams")):
        if not isinstance(raw, dict):
            continue
        row = _row(raw, ("workstreams", place), None)
        yield row
        for number, issue in enumerate(_listed(raw, "issues")):
            if isinstance(issue, dict):
                yield _row(issue, (*row.path, "issues", number), row)


def _prepared(data: dict[str, Any]) -> Iterator[_Row]:
    if data.get("prepare") is not None:
        yield _Row(PREPARE, ("prepare",), (), None, {})


def _row(raw: dict[str, Any], path: Path, owner: _Row | None) -> _Row:
    needs = tuple(
        ((*path, "depends_on", place), text)
        for place, value in enumerate(_listed(raw, "depends_on"))
        if (text := as_text(value)) is not None
    )
    return _Row(as_text(raw.get("id")), path, needs, owner, raw)


def _duplicate_ids(rows: list[_Row], root: Node) -> Iterator[Finding]:
    seen: dict[str, Path] = {}
    for row in rows:
        if row.id is None:
            continue
        path: Path = (*row.path, "id")
        if row.id in seen:
            line, column = root.place(seen[row.id])
            hint = f"the first one is at line {line}, column {column}; workstreams and issues share their ids"
            yield Finding(path, f"duplicate id {row.id!r}", hint)
        else:
            seen[row.id] = path


def _dependencies(rows: list[_Row]) -> Iterator[Finding]:
    known = {row.id for row in rows if row.id is not None}
    unknown = 0
    needs: dict[str, list[str]] = {}
    where: dict[tuple[str, str], Path] = {}
    whole = {row.id for row in rows if row.owner is None and _listed(row.data, "issues")}
    for row in rows:
        for path, text in row.depends_on:
            if text not in known:
                unknown += 1
                close = known if unknown <= _MOST_COMPARED else ()
                yield Finding(path, f"unknown dependency {text!r}", nearest(text, close, "ids are case-sensitive"))
        if row.id is None:
            continue
        # A workstream with issues is two nodes: its own dependencies come before its issues, it is done after them.
        before = f"before {row.id}" if row.id in whole else row.id
        if row.owner is not None and row.owner.id is not None:
            needs.setdefault(row.id, []).append(f"before {row.owner.id}")
            needs.setdefault(row.owner.id, []).append(row.id)
        for path, text in row.depends_on:
            needs.setdefault(before, []).append(text)
            where.setdefault((before, text), path)
        needs.setdefault(row.id, [])
        needs.setdefault(before, [])
    for circle in rings(needs):
        edges = list(zip(circle, [*circle[1:], circle[0]], strict=True))
        start = next((place for place, edge in enumerate(edges) if edge in where), None)
        if start is None:
            continue  # made by a duplicate id alone, which is reported by itself
        ring = circle[start:] + circle[:start]
        names = [node.removeprefix("before ") for node in ring]
        shown = [name for place, name in enumerate(names) if place == 0 or name != names[place - 1]]
        path = where[ring[0], ring[1 % len(ring)]]
        told = " → ".join([*shown, shown[0]] if shown[-1] != shown[0] or len(shown) == 1 else shown)
        yield Finding(path, f"dependency cycle: {told}", "each needs the next one; take one of them out")


def _names(data: dict[str, Any], rows: list[_Row]) -> Iterator[Finding]:
    agents = data.get("agents")
    if agents is None or isinstance(agents, dict):
        known = dict.fromkeys(agents or ())
        for row in rows:
            if row.owner is None:
                yield from _unknown(row, "agent", "agent", known)
                yield from _unknown(row, "fallback", "agent", known)
    gates = [as_text(gate.get("name")) for gate in _listed(data, "gates") if isinstance(gate, dict)]
    names = dict.fromkeys(name for name in gates if name is not None)
    for key, word in (("gates", "gate"), ("forbid", "pattern")):
        yield from _twice(data if key == "gates" else data.get("quality"), key, word)
    yield from _rules(data.get("quality"))
    if "gates" not in data:
        names = dict.fromkeys(["syntax"])
    for row in rows:
        if row.owner is None:
            yield from _unknown(row, "gates", "gate", names)


def _rules(quality: Any) -> Iterator[Finding]:
    """Check that what quarantines is a rule or a pattern of the plan: a name that is wrong would quarantine nothing."""
    if not isinstance(quality, dict):
        return
    own = [as_text(one.get("name")) for one in _listed(quality, "forbid") if isinstance(one, dict)]
    known = dict.fromkeys((*RULES, *(name for name in own if name is not None)))
    names = ", ".join(known)
    for place, item in enumerate(_listed(quality, "quarantine")):
        text = as_text(item)
        if text is not None and text not in known:
            path: Path = ("quality", "quarantine", place)
            hint = nearest(text, known, "or the name of a pattern in `quality.forbid`")
            yield Finding(path, f"unknown rule {text!r}, expected one of {names}", hint)


def _twice(data: Any, key: str, word: str) -> Iterator[Finding]:
    seen: set[str] = set()
    top: Path = () if key == "gates" else ("quality",)
    for place, item in enumerate(_listed(data, key) if isinstance(data, dict) else []):
        name = as_text(item.get("name")) if isinstance(item, dict) else None
        if name is not None and name in seen:
            yield Finding((*top, key, place, "name"), f"duplicate {word} {name!r}", "names are unique")
        if name is not None:
            seen.add(name)


def _unknown(row: _Row, key: str, word: str, known: dict[str, None]) -> Iterator[Finding]:
    value = row.data.get(key)
    many = isinstance(value, list)
    for place, item in enumerate(value if isinstance(value, list) else [value]):
        text = as_text(item)
        if text is not None and text not in known:
            hint = nearest(text, known, f"known: {', '.join(known)}" if known else f"the plan has no `{word}s`")
            path: Path = (*row.path, key, place) if many else (*row.path, key)
            yield Finding(path, f"unknown {word} {text!r}", hint)


def _branches(data: dict[str, Any], rows: list[_Row], plan_name: str) -> Iterator[Finding]:
    template = as_text(data.get("branch", DEFAULT_BRANCH))
    common_is_bad = False
    if template is not None and "branch" in data and (why := _refused(template, plan_name, "x")):
        common_is_bad = True
        yield Finding(("branch",), *why)
    base = as_text(data.get("base"))
    seen: dict[str, str] = {} if base is None else {base: "base"}
    written: list[tuple[str, Path, str]] = []
    ids: set[str] = set()
    for row in rows:
        own = as_text(row.data.get("branch")) if row.owner is None else None
        if row.owner is not None or row.id is None or (own is None and (template is None or common_is_bad)):
            continue
        if own is None and row.id in ids:
            continue  # a duplicate id, reported as that
        ids.add(row.id)
        path = _place_of_branch(row, own)
        if why := _refused(own if own is not None else template or "", plan_name, row.id):
            if own is not None or not refusal(row.id.replace("/", "")):
                yield Finding(path, *why)
            continue
        name = filled(own if own is not None else template or "", plan=plan_name, id=row.id)
        if name in seen:
            yield Finding(path, f"branch {name!r} is already that of {seen[name]}", "every workstream has its own")
            continue
        seen[name] = f"workstream {row.id!r}"
        written.append((name, path, row.id))
    for name, path, _ in written:
        for end in (place for place, char in enumerate(name) if char == "/"):
            if (holder := seen.get(name[:end])) is not None:
                message = f"branch {name!r} cannot exist beside {name[:end]!r}, that of {holder}"
                yield Finding(path, message, "git keeps branches like files in folders; rename one")


def _place_of_branch(row: _Row, own: str | None) -> Path:
    if row.id == PREPARE:
        return row.path
    return (*row.path, "branch" if own is not None else "id")


def _refused(template: str, plan_name: str, identifier: str) -> tuple[str, str] | None:
    if unknown := unknown_words(template, "plan", "id"):
        return f"unknown placeholder {{{unknown[0]}}} in a branch name", "{plan} and {id} are known"
    name = filled(template, plan=plan_name, id=identifier)
    if why := refusal(name):
        return f"git refuses the branch name {name!r}: {why}", "see git check-ref-format"
    return None
