"""`cockpit check`: validates a plan and runs the preflight; changes nothing."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.cli import shapes
from cockpit.cli.options import Json, Plan, StateDir
from cockpit.cli.output import emit, paint, plural, say
from cockpit.errors import CockpitError, PlanError, Problem
from cockpit.redaction import secrets_of

if TYPE_CHECKING:
    from cockpit.plan.load import Loaded
    from cockpit.plan.model import Plan as PlanModel
    from cockpit.plan.yamltree import Node

UNUSABLE = 2


def check(plan: Plan, /, *, json: Json = False, state_dir: StateDir = None) -> int:
    """Validate the plan and look at what its start needs.

    Exits with 0 when nothing is in the way, 1 when the preflight found something, 2 when the plan cannot be used.
    """
    found = check_of(plan, state_dir)
    if json:
        emit(shapes.document(found))
    else:
        for line in lines(found, plan):
            say(line)
    return 0 if found.ok else UNUSABLE if found.errors else 1


def check_of(plan: Path, state_dir: Path | None = None) -> shapes.Check:
    """Return what is wrong or odd with a plan, and the preflight of one that can be used."""
    from cockpit.engine.preflight import preflight
    from cockpit.engine.project import project_of
    from cockpit.plan.load import load_plan

    try:
        loaded = load_plan(plan)
    except PlanError as error:
        return shapes.Check(False, [_finding(problem) for problem in error.problems], [], [])
    try:
        project = project_of(loaded, state_dir)
    except CockpitError as error:
        problem = Problem(error.what, str(plan), where=error.where, hint=error.hint)
        return shapes.Check(False, [_finding(problem)], warnings_of(loaded), [])
    found = [shapes.PreflightLine(one.name, one.ok, one.detail, one.hint) for one in preflight(project)]
    return shapes.Check(all(one.ok for one in found), [], warnings_of(loaded), found)


def warnings_of(loaded: "Loaded") -> list[shapes.Finding]:
    """Return what is allowed and still worth a look: keys without effect yet, tight limits, secrets in the plan."""
    from cockpit.clock import span
    from cockpit.plan.effect import not_in_effect
    from cockpit.plan.legs import cut
    from cockpit.plan.yamltree import read

    def warned(key: str, message: str, hint: str) -> shapes.Finding:
        line, column = _place(root, key)
        return shapes.Finding(str(loaded.path), line, column, key, message, hint)

    root = read(loaded.text)
    found = [
        warned(key_of(later), f"not in effect yet: {later}", "it is kept, and ignored by this version")
        for later in not_in_effect(loaded.plan)
    ]
    limit = loaded.plan.limits.run_timeout
    for leg in cut(loaded.plan) if limit is not None else ():
        if limit is not None and leg.high_s > limit:
            message = f"a run of {leg.key} is estimated at {span(leg.high_s)}, and limits.run_timeout is {span(limit)}"
            hint = "raise limits.run_timeout, or cut the work smaller"
            found.append(warned(f"workstreams[{leg.workstream}]", message, hint))
    for one in loaded.plan.workstreams:
        if one.sparse and not one.files:
            message = (
                f"`sparse` has no effect on {one.id}: without `files` it may write anywhere, so it gets everything"
            )
            found.append(warned(f"workstreams[{one.id}].sparse", message, 'name what it may write: files: ["src/**"]'))
    for key, name in _secrets_in(loaded.plan):
        message = f"a secret stands in the plan, and so in the journal: {key}.{name}"
        found.append(warned(f"{key}.{name}", message, f"set it in your environment instead: pass_env: [{name}]"))
    if not loaded.plan.agents:
        message = "the plan has no agents: it can be checked and simulated, but not run"
        found.append(warned("agents", message, 'agents: {coder: {run: "…"}}'))
    return found


def _secrets_in(plan: "PlanModel") -> Iterator[tuple[str, str]]:
    """Yield where variables with secret values are set, and their names."""
    places = [(f"agents.{name}.env", one.env) for name, one in plan.agents.items()]
    places += [(f"workstreams[{one.id}].env", one.env) for one in plan.workstreams]
    for place, variables in places:
        yield from ((place, name) for name, value in variables.items() if secrets_of(name, value))


def key_of(written: str) -> str:
    """Return the key that a line of `not_in_effect` is about: `agents.x.output: acp` is about `agents.x.output`."""
    return re.split(r": | \(", written, maxsplit=1)[0]


def _place(root: "Node | None", key: str) -> tuple[int, int]:
    """Return line and column of a key such as `workstreams[api].merge.strategy`, or of the nearest one above it."""
    path: list[str | int] = []
    data = root.data if root else None
    for name, listed in re.findall(r"([^.\[\]]+)|\[([^\]]+)\]", key):
        if listed and isinstance(data, list):
            at = next((n for n, one in enumerate(data) if listed in (one.get("id"), one.get("name"))), len(data))
            path.append(at)
            data = data[at] if at < len(data) else None
        else:
            path.append(name)
            data = data.get(name) if isinstance(data, dict) else None
    return root.place(tuple(path), key=bool(path) and isinstance(path[-1], str)) if root else (0, 0)


def lines(found: shapes.Check, plan: Path) -> list[str]:
    """Return what a human reads: errors, warnings, then a line for each check."""
    out: list[str] = []
    for title, style, findings in (("error", "red", found.errors), ("warning", "yellow", found.warnings)):
        for one in findings:
            place = f"{one.file}:{one.line}:{one.column}" if one.line else one.file
            where = f" {one.where}:" if one.where and one.where not in one.message else ""
            out.append(f"{paint(title, style)} {paint(f'{place}:{where} {one.message}', 'plain')}")
            out += [f"  → {paint(one.hint, 'plain')}"] if one.hint else []
    out += [""] if out and found.preflight else []
    last = ""
    for line in found.preflight:
        mark = paint("✓", "green") if line.ok else paint("✗", "red")
        name = line.name if line.name != last else ""
        last = line.name
        out.append(f"{mark} {name:<10} {paint(line.detail, 'plain')}")
        out += [f"             → {paint(line.hint, 'plain')}"] if line.hint else []
    wrong = sum(not line.ok for line in found.preflight) + len(found.errors)
    verdict = "nothing is in the way" if found.ok else f"{plural(wrong, 'thing')} in the way"
    return [*out, "", paint(f"{plan}: {verdict}", "green" if found.ok else "red")]


def _finding(problem: Problem) -> shapes.Finding:
    return shapes.Finding(problem.file, problem.line, problem.column, problem.where, problem.message, problem.hint)
