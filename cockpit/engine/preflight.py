"""The checks before the first start: each says on its own what it found and what to do; changes nothing."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cockpit.engine.project import Project, base_origin, outline_of
from cockpit.errors import CockpitError
from cockpit.plan.duration import amount
from cockpit.plan.settings import AgentProfile
from cockpit.schedule.wording import count

LOGS_PER_RUN = 2 * 32 * 1024 * 1024
"""Bytes that the two logs of a run may take, beside the part of each that is kept when it is cut."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: its name, whether nothing is in the way, what was found, and what to do about it."""

    name: str
    ok: bool
    detail: str
    hint: str = ""


def preflight(project: Project) -> tuple[Finding, ...]:
    """Return what every check found, in a fixed order; a check that itself fails is a finding too."""
    found: list[Finding] = []
    for name, check in _CHECKS.items():
        try:
            found += [Finding(name, ok, detail, hint) for ok, detail, hint in check(project)]
        except CockpitError as error:
            found.append(Finding(name, False, error.what, error.hint))
        except OSError as error:
            found.append(Finding(name, False, f"cannot be looked at: {error}", "see the path's rights"))
    return tuple(found)


_Found = Iterator[tuple[bool, str, str]]  # ok, detail, hint


def _graph(project: Project) -> _Found:
    outline = outline_of(project)
    rounds = max((leg.round for leg in outline.legs), default=0)
    streams, legs = len(project.loaded.plan.workstreams), sum(1 for leg in outline.legs if leg.round)
    before = ", after what `prepare` does" if legs < len(outline.legs) else ""
    sizes = f"{count(streams, 'workstream')}, {count(legs, 'leg')}, {count(rounds, 'round')}"
    yield True, f"{sizes}, no cycle{before}", ""


def _git(_project: Project) -> _Found:
    from cockpit.git.repo import check_version

    yield True, f"git {'.'.join(map(str, check_version()))}", ""


def _system(_project: Project) -> _Found:
    fits = sys.platform.startswith("linux") or sys.platform == "darwin"
    yield fits, sys.platform, "" if fits else "cockpit needs Linux or macOS"


def _base(project: Project) -> _Found:
    commit = project.repo.tip(project.base)
    if commit is None:
        empty = project.repo.resolve("HEAD") is None
        hint = "make a first commit" if empty else "name a branch that exists in the plan: `base: …`; see `git branch`"
        yield False, f"there is no branch {project.base} ({base_origin(project)})", hint
    else:
        yield True, f"{project.base} at {commit[:9]} ({base_origin(project)})", ""
    if not os.access(project.repo.common_dir, os.W_OK | os.X_OK):
        yield False, f"{project.repo.common_dir} cannot be written to", "make it writable: commits go there"


def _identity(project: Project) -> _Found:
    author = project.repo.identity()
    yield True, f"{author.name} <{author.email}>", ""


def _branches(project: Project) -> _Found:
    from cockpit.engine.client import glimpse
    from cockpit.git import worktrees

    places = {tree.branch: tree.path for tree in worktrees.listed(project.repo) if tree.branch}
    snapshot = glimpse(project.state).snapshot
    begun = {leg.workstream for leg in snapshot.legs.values() if leg.attempt}
    tips = project.repo.branches()
    ours = taken = 0
    for workstream in project.loaded.plan.all_workstreams:
        branch = project.loaded.branch_of(workstream)
        tip = tips.get(branch)
        if tip is None:
            continue
        place = places.get(branch)
        known = snapshot.workstreams.get(workstream.id)
        homes = {str(project.loaded.worktree_of(workstream)), known.worktree if known else ""} - {""}
        at_home = place is not None and os.path.realpath(place) in map(os.path.realpath, homes)
        wrong = _why_not_ours(project, branch, tip, None if at_home else place, workstream.id in begun)
        if wrong:
            taken += 1
            hint = "give the workstream another `branch`, or rename that one: git branch --move"
            yield False, f"{workstream.id}: branch {branch} {wrong}", hint
        else:
            ours += 1
    if not taken:
        yield True, f"all are free but {ours}, which are gone on with" if ours else "all are free", ""


def _why_not_ours(project: Project, branch: str, tip: str, elsewhere: Path | None, begun: bool) -> str:
    """Return why a workstream cannot go on with a branch that exists; empty where it can."""
    if branch == project.base:
        return "is the base"
    if elsewhere is not None:
        return f"is checked out in {elsewhere}"
    base = project.repo.tip(project.base)
    if begun or base is None or project.repo.is_ancestor(tip, base):
        return ""
    return f"exists already, with commits that {project.base} lacks and that this plan did not make"


def _agents(project: Project) -> _Found:
    from cockpit.agents import toolset
    from cockpit.agents.presets import program

    plan = project.loaded.plan
    if not plan.agents:
        yield False, "the plan has no agents, so nothing can run it", "add `agents:` with at least one profile"
    for name, profile in plan.agents.items():
        try:
            toolset.gives(profile)
        except CockpitError as error:
            yield False, f"{name}: {error.what}", error.hint
        wanted = program(profile)
        if wanted is None:
            yield True, f"{name}: a shell command", ""
            continue
        place = _found(wanted, project.repo.root)
        hint = f"install {wanted}, or correct the profile's `run`"
        told = f", {_tools(profile)}" if place and profile.preset not in (None, "shell") else ""
        yield place is not None, f"{name}: {place or f'{wanted} is not found'}{told}", "" if place else hint


def _tools(profile: AgentProfile) -> str:
    from cockpit.agents.toolset import lacking

    why = lacking(profile)
    return f"without cockpit's tools ({why})" if why else "with cockpit's tools"


def _found(program: str, root: Path) -> str | None:
    if "/" in program and not program.startswith("/"):
        path = root / program
        return str(path) if os.access(path, os.X_OK) and path.is_file() else None
    return shutil.which(program)


def _disk(project: Project) -> _Found:
    plan = project.loaded.plan
    commit = project.repo.tip(project.base)
    sizes = sorted(worktree_sizes(project, commit).values(), reverse=True) if commit else [0]
    wanted = _worktrees_at_once(project)
    there = sum(project.loaded.worktree_of(one).is_dir() for one in plan.all_workstreams)
    new = max(0, wanted - there)
    logs = min(plan.limits.agents, len(plan.workstreams)) * LOGS_PER_RUN
    needed = sum(sizes[:new]) + plan.limits.min_free_disk
    place = _nearest(project.loaded.worktrees)
    free = shutil.disk_usage(place).free
    state = _nearest(project.state.path)
    if state.stat().st_dev == place.stat().st_dev:
        needed += logs
    elif (left := shutil.disk_usage(state).free) < logs:
        yield False, f"{amount(left)} free for logs of up to {amount(logs)} in {state}", "move the state: --state-dir"
    sums = (
        f"{_shown(sizes, new)} + logs of up to {amount(logs)} + min_free_disk "
        f"{amount(plan.limits.min_free_disk)} = {amount(needed)}; {amount(free)} free in {place}"
    )
    hint = "free some room, lower `limits.min_free_disk` or `limits.agents`, or move `worktrees` to another disk"
    most = len(plan.all_workstreams)
    if free < needed:
        yield False, sums, hint
    elif most > wanted and free < needed + sum(sizes[wanted:most]):
        yield True, f"{sums}; all {most} worktrees at once would not fit", "approve merges as they come"
    else:
        yield True, sums, ""


def worktree_sizes(project: Project, commit: str) -> dict[str, int]:
    """Return how many bytes each workstream's worktree takes: a sparse one holds a part of the files."""
    from cockpit.engine.outfit import scope
    from cockpit.git.sparse import sizes

    every = project.loaded.plan.all_workstreams
    found = sizes(project.repo, commit, [scope(project, one) for one in every])
    return {one.id: size for one, size in zip(every, found, strict=True)}


def _shown(sizes: list[int], new: int) -> str:
    if sizes and sizes[0] == sizes[-1]:
        return f"{new} worktrees × {amount(sizes[0])}"
    return f"{new} worktrees of {amount(sizes[-1])} to {amount(sizes[0])}"


def _worktrees_at_once(project: Project) -> int:
    from cockpit.forecast.eta import dry_run

    outline = outline_of(project)
    if not outline.clean_merged:
        return len(outline.workstreams)
    each = {one.id: 1 for one in outline.workstreams}
    simulated = int(dry_run(outline, samples=1, sizes=each)["per_agents"][0]["disk_bytes"])
    return max(simulated, min(outline.max_agents, len(outline.workstreams)))


def _nearest(path: Path) -> Path:
    """Return the path, or the nearest folder above it that exists."""
    return next(place for place in (path, *path.parents) if place.is_dir())


def _leftovers(project: Project) -> _Found:
    from cockpit.git.leftovers import leftovers

    branches = [project.loaded.branch_of(one) for one in project.loaded.plan.all_workstreams]
    found = leftovers(project.repo, project.loaded.worktrees, branches)
    for one in found:
        yield one.kind == "branch", f"{one.kind} {one.what}", one.hint
    if not found:
        yield True, "none", ""


def _folder(project: Project) -> _Found:
    folder = project.loaded.worktrees
    if os.path.lexists(folder) and not folder.is_dir():
        yield False, f"{folder} is no folder", "move it away, or name another place: `worktrees: …`"
        return
    parent = _nearest(folder)
    if not os.access(parent, os.W_OK | os.X_OK):
        yield False, f"{parent} cannot be written to", "make it writable, or name another place: `worktrees: …`"
        return
    args = ("rev-parse", "--show-toplevel")
    top = os.fsdecode(project.repo.git(*args, cwd=parent, accept=(0, 128)).rstrip(b"\n"))
    if top and not _is_worktree_of(project, Path(top)):
        tracked = project.repo.git("ls-files", "-z", "--", str(folder), cwd=parent)
        if tracked:
            yield False, f"{folder} holds tracked files of {top}", "name another place: `worktrees: …`"
            return
        ignored = project.repo.git("check-ignore", "--", str(folder), cwd=parent, accept=(0, 1, 128))
        hint = "" if ignored else f"{top} will list it as untracked: ignore it there, or name another `worktrees`"
        yield True, f"{folder}, inside the checkout {top}", hint
        return
    yield True, str(folder), ""


def _is_worktree_of(project: Project, top: Path) -> bool:
    """Say whether this checkout is one of the plan's own worktrees."""
    return top.is_relative_to(project.loaded.worktrees) and top != project.repo.root


def _driver(project: Project) -> _Found:
    from cockpit.engine.client import driver_pid

    pid = driver_pid(project.state)
    yield True, "none runs" if pid is None else f"process {pid} drives this plan", ""


_CHECKS: dict[str, Callable[[Project], _Found]] = {
    "graph": _graph,
    "git": _git,
    "system": _system,
    "base": _base,
    "identity": _identity,
    "branches": _branches,
    "agents": _agents,
    "worktrees": _folder,
    "disk": _disk,
    "leftovers": _leftovers,
    "driver": _driver,
}
