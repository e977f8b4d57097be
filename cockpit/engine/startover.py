"""Gives a leg a fresh worktree on its base; what the old one held is rescued first, and stays where it can't be."""

from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.engine import merges
from cockpit.errors import CockpitError
from cockpit.git import worktrees
from cockpit.plan.roundzero import PREPARE
from cockpit.schedule import facts as f
from cockpit.schedule.snapshot import Leg

if TYPE_CHECKING:
    from cockpit.engine.effects import Effects


async def start_over(effects: "Effects", leg: Leg) -> None:
    """Take a leg's worktree away, so that its next run begins on base. Raises CockpitError where that must stay."""
    if leg.key == PREPARE:
        effects.engine.read(notes={"prepare": None})  # what changed too late for the run before is not for this one
    await _take_away(effects, leg.workstream)
    effects.engine.record(f.LegReset(leg.key))


async def _take_away(effects: "Effects", workstream: str) -> None:
    known = effects.engine.snapshot.workstreams[workstream]
    if not known.worktree:
        return
    path = Path(known.worktree)
    if await effects.pool.short(path.exists):  # nothing runs there: a lock is what a killed git left behind
        await effects.pool.short(worktrees.drop_stale_locks, effects.repo, path)
    await merges.clean_up(effects, workstream)
    left = effects.engine.snapshot.workstreams[workstream]
    if left.worktree:
        raise CockpitError(f"the worktree of an earlier run cannot be removed: {left.clean_up_refused}")
