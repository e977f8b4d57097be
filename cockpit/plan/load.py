"""Loads a plan file: its text, its model, and what its names and folders amount to; reports every problem at once."""

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from cockpit.errors import PlanError, Problem
from cockpit.plan import yamltree
from cockpit.plan.branches import filled, unknown_words
from cockpit.plan.checks import Finding, as_text, findings
from cockpit.plan.model import Plan, Workstream
from cockpit.plan.problems import from_errors, to_problem
from cockpit.plan.values import ID_PATTERN

LARGEST = 8 * 1024 * 1024
"""Bytes that a plan file may have."""

_UNNAMABLE = re.compile(r"[^A-Za-z0-9._-]+|^[._-]+")


@dataclass(frozen=True)
class Loaded:
    """A plan with its text and its place; folders are absolute."""

    plan: Plan
    text: str
    path: Path

    @cached_property
    def name(self) -> str:
        """The plan's name: given, or made from the file's name."""
        return self.plan.name or _name_of(self.path)

    @cached_property
    def repo(self) -> Path:
        """The folder of the repository."""
        return _repo(self.plan.repo, self.path)

    @cached_property
    def worktrees(self) -> Path:
        """The folder that receives the worktrees."""
        return _worktrees(self.plan.worktrees, self.repo, self.name)

    def branch_of(self, workstream: Workstream) -> str:
        """Return the branch of a workstream."""
        return filled(workstream.branch or self.plan.branch, plan=self.name, id=workstream.id)

    def worktree_of(self, workstream: Workstream) -> Path:
        """Return the folder of a workstream's worktree."""
        return self.worktrees / workstream.id


def load_plan(path: Path) -> Loaded:
    """Read a plan file. Raises PlanError with every problem that it has."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise PlanError(
            (Problem(f"cannot be read: {reason}", str(path), hint="give the path of a plan file"),)
        ) from None
    _check_size(len(content), path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        problem = Problem("not YAML: not UTF-8 text", str(path), line, column, hint="save the file as UTF-8")
        raise PlanError((problem,)) from None
    return parse_plan(text, path)


def parse_plan(text: str, path: Path) -> Loaded:
    """Return the plan that a text holds; `path` is where it lies, or would. Raises PlanError with every problem."""
    file = str(path)
    try:
        _check_size(len(text.encode()), path)
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        problem = Problem("not YAML: half a surrogate pair", file, line, 1, hint="save the file as UTF-8")
        raise PlanError((problem,)) from None
    try:
        root = yamltree.read(text)
    except yamltree.YamlError as error:
        raise PlanError(tuple(Problem(f.message, file, f.line, f.column, hint=f.hint) for f in error.flaws)) from None
    if root is None or root.data is None:
        raise PlanError((Problem("the plan is empty", file, 1, 1, hint="write `workstreams:` and `- id: first`"),))
    if not isinstance(root.data, dict):
        message = "expected keys with values, such as `workstreams:`"
        raise PlanError((Problem(message, file, root.line, root.column, hint="see the sample plans"),))
    given = as_text(root.data.get("name"))
    name = given if given is not None and re.fullmatch(ID_PATTERN, given) else _name_of(path)
    found = findings(root, name)
    plan: Plan | None = None
    try:
        plan = Plan.model_validate(root.data)
    except ValidationError as error:
        found += from_errors(error.errors(include_url=False))
    else:
        found += _folders(plan, path)
    if found or plan is None:
        problems = {to_problem(finding, root, file): None for finding in found}
        raise PlanError(tuple(sorted(problems, key=lambda problem: (problem.line, problem.column))))
    return Loaded(plan, text, path.absolute())


def _check_size(size: int, path: Path) -> None:
    if size > LARGEST:
        limit = LARGEST // (1024 * 1024)
        raise PlanError((Problem(f"the file is larger than {limit} MiB", str(path), hint="is this a plan?"),))


def _folders(plan: Plan, path: Path) -> list[Finding]:
    """Check that each worktree lies in the folder for worktrees and is not the repository."""
    if unknown := unknown_words(plan.worktrees, "repo", "plan"):
        return [Finding(("worktrees",), f"unknown placeholder {{{unknown[0]}}}", "{repo} and {plan} are known")]
    repo = _repo(plan.repo, path)
    folder = _worktrees(plan.worktrees, repo, plan.name or _name_of(path))
    if folder == repo or folder == repo / ".git" or repo / ".git" in folder.parents:
        message = f"worktree path that leaves its folder: {plan.worktrees!r} is the repository itself"
        return [Finding(("worktrees",), message, "for example ../{repo}.worktrees")]
    found: list[Finding] = []
    for place, workstream in enumerate(plan.workstreams):
        spot = folder / workstream.id
        if spot == repo or spot in repo.parents:
            message = f"worktree path that leaves its folder: {str(spot)!r} holds the repository"
            found.append(Finding(("workstreams", place, "id"), message, "take another id, or another `worktrees`"))
        elif spot.is_symlink():
            message = f"worktree path that leaves its folder: {str(spot)!r} is a symbolic link"
            found.append(Finding(("workstreams", place, "id"), message, "remove the link, or take another id"))
    return found


def _name_of(path: Path) -> str:
    return _UNNAMABLE.sub("-", path.stem).strip("-.") or "plan"


def _repo(given: str | None, path: Path) -> Path:
    folder = _real(path.absolute().parent)
    if given is not None:
        return _real(folder / _expanded(given))
    return next((place for place in (folder, *folder.parents) if (place / ".git").exists()), folder)


def _worktrees(template: str, repo: Path, plan_name: str) -> Path:
    written = filled(template, repo=repo.name, plan=plan_name)
    return _real(repo / _expanded(written))


def _expanded(written: str) -> Path:
    return Path.home() / written[2:] if written.startswith("~/") else Path(written)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve raises on a ring of links
