"""What a workstream's leg changed: all of it, one file, or since somebody decided on it; reads only."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cockpit.engine.project import Project
from cockpit.errors import CockpitError
from cockpit.git import reviewed, unified
from cockpit.safetext import safe_line
from cockpit.schedule.snapshot import Leg, Snapshot
from cockpit.schedule.states import State

LIMIT = 262_144
FILE_LIMIT = 2_097_152  # of a file that is asked for by its name
REVIEW = "review"
DECIDED_ON = frozenset({State.REVIEW, State.QUEUED, State.MERGING, State.MERGED})
"""What is decided on, or was, is what was committed: what is edited in the worktree since is no part of it."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change as text, against a commit; in the files that are `marked` base changed the same lines since a review."""

    leg: Leg
    base: str
    shown: unified.Unified
    marked: tuple[str, ...] = ()

    def answer(self) -> dict[str, Any]:
        """Return it as JSON values."""
        shown = self.shown
        listed = [
            [unified.shown_path(one.path), unified.shown_path(one.was), one.letter, one.added, one.removed, one.note]
            for one in shown.listed
        ]
        told = {"leg": self.leg.key, "base": self.base, "text": shown.text.decode("utf-8", "replace")}
        counts = {"files": shown.files, "left_out": shown.left_out, "cut": shown.cut, "lines_left": shown.lines_left}
        return {**told, **counts, "listed": listed, "marked": list(self.marked)}


def begun_leg(snapshot: Snapshot, workstream: str) -> Leg:
    """Return the leg of a workstream that is under way, or the last that ran. Raises CockpitError."""
    if workstream not in snapshot.workstreams:
        raise CockpitError(f"there is no workstream {workstream} in this plan", hint="`cockpit status` lists them")
    leg = snapshot.leg_under_way(workstream)
    if leg.run is None:
        begun = [one for one in snapshot.legs_of(workstream) if one.run]
        return begun[-1] if begun else leg
    return leg


def change_of(
    snapshot: Snapshot, project: Project, workstream: str, path: str = "", since: str = "", limit: int = 0
) -> Change:
    """Return what is to be decided on, else what a leg's worktree holds changed, committed or not.

    At most so many bytes of it (0: as many as usual).
    Raises CockpitError.
    """
    leg = begun_leg(snapshot, workstream)
    limit = limit or (FILE_LIMIT if path else LIMIT)
    worktree = Path(snapshot.workstreams[workstream].worktree or "/")
    there = leg.base != "" and leg.state not in DECIDED_ON and (worktree / ".git").exists()
    if not there and not (leg.base and leg.commit):
        return Change(leg, leg.base, unified.Unified(b"", 0, 0, cut=False))
    start, told = leg.base, leg.base
    marked: tuple[str, ...] = ()
    if since == REVIEW:
        if not leg.reviewed:
            raise CockpitError(f"nobody decided on {workstream} yet: there is no review to compare with")
        found = reviewed.brought_on(project.repo, leg.reviewed, leg.reviewed_base, leg.base)
        start, told, marked = found.tree, leg.reviewed, tuple(map(safe_line, found.paths))
    if there:
        shown = unified.since(worktree, start, project.setup_files, path, limit)
    else:
        shown = unified.between(project.repo.root, start, leg.commit, path, limit)
    return Change(leg, told, shown, marked)
