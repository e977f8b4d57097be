"""A plan together with its repository and its state folder: what every command and the driver start from."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from hashlib import sha256
from pathlib import Path

from cockpit.agents import presets
from cockpit.agents.supervisor import write_atomically
from cockpit.errors import CockpitError, GitError
from cockpit.git.repo import Repo
from cockpit.plan.legs import LegSpec, cut
from cockpit.plan.load import Loaded, load_plan
from cockpit.plan.settings import AgentProfile
from cockpit.redaction import KNOWN
from cockpit.schedule.outline import (
    COVERED,
    IssueOutline,
    LegOutline,
    Outline,
    Profile,
    QuickReply,
    WorkstreamOutline,
)
from cockpit.schedule.snapshot import Snapshot
from cockpit.schedule.states import State
from cockpit.store.paths import EXCLUDED, StateFolder, state_folder

_LEG = tuple(field.name for field in fields(LegSpec))


@dataclass(frozen=True)
class Project:
    """A loaded plan, its repository, the folder that holds its state, and the branch that work is merged into."""

    loaded: Loaded
    repo: Repo
    state: StateFolder
    base: str

    @property
    def setup_files(self) -> tuple[str, ...]:
        """The patterns of set-up files and of agents' own: never committed, scanned or counted as changes."""
        return (*self.worthless, *presets.leaves(self.loaded.plan.agents.values()))

    @property
    def worthless(self) -> tuple[str, ...]:
        """Those that need not be kept when a worktree goes: copies, links, and what presets are known to leave.

        Where the plan says itself what an agent leaves, its patterns may match work, or what it leaves out may be work.
        """
        plan = self.loaded.plan
        known = (one for one in plan.agents.values() if one.leaves is None)
        return (*plan.setup.copy_, *plan.setup.link, *presets.leaves(known))

    def with_plan(self, loaded: Loaded) -> "Project":
        """Return the same project with another version of its plan."""
        return replace(self, loaded=loaded)


def open_project(plan: Path, state_dir: Path | None = None) -> Project:
    """Load a plan and find its repository. Raises PlanError, GitError and CockpitError; changes nothing."""
    return project_of(load_plan(plan), state_dir)


def project_of(loaded: Loaded, state_dir: Path | None = None) -> Project:
    """Find the repository and the state folder of a loaded plan, and learn its secrets. Raises GitError."""
    agents = (profile.env for profile in loaded.plan.agents.values())
    for variables in (os.environ, *agents, *(workstream.env for workstream in loaded.plan.workstreams)):
        KNOWN.learn(variables)
    repo = Repo.open(loaded.repo)
    state = state_folder(repo.root, loaded.name, state_dir)
    base = loaded.plan.base or _kept_base(state) or repo.current_branch()
    if base is None:
        raise GitError(
            "the repository has no branch checked out to merge into",
            where=str(repo.root),
            hint="name one in the plan: `base: main`",
        )
    return Project(loaded, repo, state, base)


def require_own(project: Project, opened: str) -> None:
    """Check that a state folder, which was `opened` for a plan file, is this plan's; a file that was moved keeps it.

    Raises CockpitError.
    """
    there, here = Path(opened), project.loaded.path
    if not opened or there == here or not there.exists() or (here.exists() and there.samefile(here)):
        return
    what = f"another plan of the name {project.loaded.name} was opened in this repository before: {there}"
    raise CockpitError(what, where=str(here), hint="give one of the two another `name`")


def keep_base(project: Project) -> None:
    """Keep the plan's base for later drivers: the operator may have another branch checked out by then.

    Raises CockpitError.
    """
    if _kept_base(project.state) == project.base:
        return
    try:
        write_atomically(str(project.state.base), project.base + "\n")
    except OSError as error:
        what = f"the plan's base cannot be kept: {error.strerror or error}"
        raise CockpitError(what, where=str(project.state.base), hint="name one in the plan: `base: main`") from error


def base_origin(project: Project) -> str:
    """Say in words where the name of the base comes from."""
    if project.loaded.plan.base == project.base:
        return "named in the plan"
    if _kept_base(project.state) == project.base:
        return "kept since the plan's first start"
    return "checked out in the repository; the plan's first start keeps it"


def _kept_base(state: StateFolder) -> str:
    try:
        return os.fsdecode(state.base.read_bytes()).strip()
    except OSError:
        return ""


def prepare_state(project: Project) -> None:
    """Make the state folder, and hide it from git through the repository's own exclude file. Raises CockpitError."""
    project.state.make()
    if project.state.path.is_relative_to(project.repo.root):
        project.repo.exclude([EXCLUDED])


def outline_of(project: Project, started: Mapping[str, Sequence[tuple[str, ...]]] | None = None) -> Outline:
    """Compile a plan for the scheduler; `started` are the issues of the legs that have started, by workstream."""
    loaded, plan = project.loaded, project.loaded.plan
    legs = cut(plan, started)
    keys: dict[str, list[str]] = {}
    for leg in legs:
        keys.setdefault(leg.workstream, []).append(leg.key)
    workstreams = tuple(
        WorkstreamOutline(
            id=one.id,
            title=one.title,
            priority=one.priority,
            critical=one.critical,
            branch=loaded.branch_of(one),
            worktree=str(loaded.worktree_of(one)),
            agents=plan.agents_of(one),
            issues=tuple(IssueOutline(issue.id, issue.title) for issue in one.issues),
            legs=tuple(keys[one.id]),
            approve_start=plan.asks_start(one),
            approve_merge=plan.asks_merge(one),
            files=one.files,
            strategy=plan.merge_of(one).strategy,
            expect_change=one.expect == "change",
            role=one.role,
            checklist=one.checklist,
        )
        for one in plan.all_workstreams
    )
    return Outline(
        name=loaded.name,
        repo=str(project.repo.root),
        base=project.base,
        worktrees=str(loaded.worktrees),
        profiles=tuple(
            Profile(name, profile.slots, _digest(profile), profile.model or "", bool(presets.dialect(profile)))
            for name, profile in plan.agents.items()
        ),
        max_agents=plan.limits.agents,
        retries=plan.limits.retries,
        backoff_s=plan.limits.backoff,
        stall_s=plan.limits.stall,
        clean_merged=plan.cleanup == "merged",
        cost_limit=plan.limits.cost,
        workstreams=workstreams,
        legs=tuple(LegOutline(*(getattr(leg, name) for name in _LEG)) for leg in legs),
        answers=tuple(
            QuickReply(one.match, one.reply, COVERED if one.threshold is None else one.threshold)
            for one in plan.answers
        ),
    )


def _digest(profile: AgentProfile) -> str:
    """Return what names the program and model of a profile, so that records of different ones are not mixed."""
    ran = [profile.preset, profile.run, profile.model, profile.args]
    return sha256(json.dumps(ran).encode()).hexdigest()[:16]


def started_legs(snapshot: Snapshot) -> dict[str, list[tuple[str, ...]]]:
    """Return the issues of the legs that have started, by workstream: a changed plan does not cut these anew."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for workstream in snapshot.workstreams:
        for leg in snapshot.legs_of(workstream):
            if leg.attempt or leg.state is State.MERGED:
                found.setdefault(workstream, []).append(leg.outline.issues)
    return found
