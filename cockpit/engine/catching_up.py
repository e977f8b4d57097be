"""Brings a leg that is tried again onto base as it is now, where its worktree is clean; work in it stays as it is."""

from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.errors import GitError
from cockpit.git import rebase, worktrees
from cockpit.schedule import facts as f
from cockpit.schedule.snapshot import Leg

if TYPE_CHECKING:
    from cockpit.engine.effects import Effects


async def catch_up(effects: "Effects", leg: Leg, path: Path, head: str, base: str) -> str:
    """Bring a leg's branch from `head` onto `base`; return the commit that it stood on before, empty where it stays.

    A branch without commits of its own moves on. One with commits is rebased where the plan asks for that
    (`rebase_others`) and nothing conflicts, its old tip kept. Edits that are not committed keep it where it is, and so
    does a session that goes on: what it knows of its files must stay true. The prompt tells what came to base.
    """
    if not leg.base or leg.base == base or leg.continues or leg.reverted:
        return ""
    plan, at, exclude = effects.project.loaded.name, effects.engine.clock.now(), effects.project.setup_files
    try:
        if head == leg.base:
            await effects.pool.git(
                worktrees.advance,
                effects.repo,
                path,
                base,
                plan=plan,
                workstream=leg.workstream,
                at=at,
                exclude=exclude,
            )
            branch = effects.engine.snapshot.workstreams[leg.workstream].outline.branch
            effects.engine.record(f.WorktreeMade(leg.key, str(path), branch, base))
            return head
        if not effects.project.loaded.plan.merge_of(effects.workstream(leg.workstream)).rebase_others:
            return ""
        done = await effects.pool.git(
            rebase.rebase_worktree,
            effects.repo,
            path,
            base,
            plan=plan,
            workstream=leg.workstream,
            at=at,
            exclude=exclude,
        )
        if not isinstance(done, rebase.Rebased) or done.old == done.new:
            return ""
        tree = await effects.pool.short(effects.repo.tree_of, done.new)
    except GitError as error:
        effects.engine.read(notes={leg.workstream: f"not brought onto base: {error.what}"})
        return ""
    effects.engine.record(f.LegRebased(leg.key, base, done.new, tree, done.rescue.ref if done.rescue else ""))
    return leg.base
