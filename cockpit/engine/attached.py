"""What a human works with who took a worktree over: the folder, the environment, and the agent's own command.

The environment is that of the agent's runs, with what a terminal needs, and without what makes a process one of a run:
a preset's own variables are for work that nobody watches, among them the width of its lines.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cockpit.agents import environment, presets
from cockpit.agents.programs import EVERYWHERE
from cockpit.engine.project import Project
from cockpit.errors import CockpitError
from cockpit.plan.settings import AgentProfile
from cockpit.schedule.snapshot import Run, Snapshot

OF_A_TERMINAL = (
    "COLORTERM",
    "DISPLAY",
    "EDITOR",
    "NO_COLOR",
    "SSH_AUTH_SOCK",
    "TERM_PROGRAM",
    "TMUX",
    "TMUX_PANE",
    "TZ",
    "VISUAL",
    "WAYLAND_DISPLAY",
    "XDG_RUNTIME_DIR",
)
"""What a human's programs need beside what an agent gets."""

WHERE_COCKPIT_IS = ("COCKPIT_STATE_DIR",)


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where a human works, and with what; `agent` is the command that goes on with the conversation, `why_not` else."""

    worktree: Path
    env: Mapping[str, str]
    agent: tuple[str, ...]
    why_not: str


def workplace(project: Project, snapshot: Snapshot, workstream: str) -> Workplace:
    """Return what is needed to work in a workstream's worktree by hand. Raises CockpitError where there is none."""
    worktree = snapshot.workstreams[workstream].worktree
    if not worktree or not Path(worktree).is_dir():
        raise CockpitError(f"{workstream} has no worktree", where=worktree, hint="its next run makes one")
    run = last_run(snapshot, workstream)
    profile = profile_of(project, run)
    agent: tuple[str, ...] = ()
    try:
        agent, why_not = command(project, snapshot, workstream), ""
    except CockpitError as error:
        why_not = error.what
    known = project.loaded.plan.find(workstream)
    env = {
        **environment.passed(
            (*EVERYWHERE, *OF_A_TERMINAL, *WHERE_COCKPIT_IS, *(presets.pass_env(profile) if profile else ()))
        ),
        **(profile.env if profile else {}),
        **(known.env if known else {}),
        "COCKPIT_PLAN": project.loaded.name,
        "COCKPIT_WORKSTREAM": workstream,
        "COCKPIT_WORKTREE": worktree,
    }
    return Workplace(Path(worktree), env, agent, why_not)


def ways_in(project: Project, snapshot: Snapshot, workstream: str) -> dict[str, object]:
    """Return, as JSON values, what a screen needs to lead a human there.

    `argv` is the command to which `--shell` or `--agent` is added, `pass` names what of the screen's environment it
    gets (nothing secret: it is seen by all), `agent` is what that agent is opened by; else `why_not` says why it can't.
    """
    leg = snapshot.leg_under_way(workstream)
    agent, why_not = "", ""
    try:
        # The conversation of a run that goes on is known when it is over.
        agent = " ".join(command(project, snapshot, workstream, "ID" if leg.slot else ""))
    except CockpitError as error:
        why_not = error.what
    argv = [sys.executable, "-P", "-m", "cockpit", "attach", str(project.loaded.path), workstream]
    home = project.state.path.parent
    if home != project.repo.root / ".cockpit":
        argv += ["--state-dir", str(home.parent)]
    homes = (key for key in EVERYWHERE if key.startswith("XDG_"))
    names = {*environment.PASSED, *homes, *OF_A_TERMINAL} - {"TERM", "TMUX", "TMUX_PANE", "TERM_PROGRAM"}
    return {"argv": argv, "pass": sorted(names), "agent": agent, "why_not": why_not}


def command(project: Project, snapshot: Snapshot, workstream: str, session: str = "") -> tuple[str, ...]:
    """Return the command that opens the agent of a workstream for a human. Raises CockpitError where none does."""
    run = last_run(snapshot, workstream)
    profile = profile_of(project, run)
    if run is None or profile is None:
        raise CockpitError("no agent of the plan has worked there")
    return presets.attached(profile, session or session_of(snapshot, run))


def session_of(snapshot: Snapshot, run: Run) -> str:
    """Return the conversation that a run left; of one whose end nobody saw, none is known."""
    leg = snapshot.legs[run.leg]
    before = snapshot.runs.get(leg.continues)
    return run.session or (before.session if before is not None and before.profile == run.profile else "")


def last_run(snapshot: Snapshot, workstream: str) -> Run | None:
    """Return the last run of a workstream that really began."""
    legs = set(snapshot.workstreams[workstream].outline.legs)
    began = [run for run in snapshot.runs.values() if run.leg in legs and run.started is not None]
    return max(began, key=lambda run: run.taken, default=None)


def profile_of(project: Project, run: Run | None) -> AgentProfile | None:
    """Return the profile of the plan that a run was of."""
    return None if run is None else project.loaded.plan.agents.get(run.slot.rpartition("#")[0])


def shell() -> tuple[str, ...]:
    """Return the operator's shell."""
    return (os.environ.get("SHELL") or "/bin/sh",)
