"""Undoes the merge of a leg by a commit that is built, gated and published like a merge; base never moves back."""

from typing import TYPE_CHECKING

from cockpit.engine import outfit
from cockpit.git import integrate, revert
from cockpit.git.builds import Conflict
from cockpit.schedule import facts as f
from cockpit.schedule.rolling import still_needed
from cockpit.schedule.snapshot import Leg

if TYPE_CHECKING:
    from cockpit.engine.effects import Effects

TRIES = 5


async def roll_back(effects: "Effects", key: str) -> None:
    """Undo a leg's merge; it ends back in review with its branch, or merged as it was, with the reason."""
    engine = effects.engine
    leg = engine.snapshot.legs[key]
    merge = next(one for one in reversed(engine.snapshot.merges) if one.leg == key and not one.reverted)
    if left := still_needed(engine.snapshot, key):
        engine.record(f.RollbackEnded(key, left))
        return
    if merge.onto == merge.commit:
        engine.record(f.RollbackEnded(key, "its merge brought nothing of its own to base"))
        return
    for _ in range(TRIES):
        tip = await effects.pool.short(effects.repo.tip, effects.base)
        if tip is None:
            engine.record(f.RollbackEnded(key, f"the branch {effects.base} is gone"))
            return
        if leg.built and leg.built != leg.merged and await _is_on_base(effects, leg.built):
            await _put_back(effects, leg, leg.built)
            return
        built = await effects.pool.short(
            revert.build_revert,
            effects.repo,
            tip,
            merge.commit,
            _message(leg),
            author=effects.identity,
            since=merge.onto or None,
        )
        if isinstance(built, Conflict):
            engine.record(f.RollbackEnded(key, f"later work builds on it: {', '.join(built.paths[:10])}"))
            return
        if built.empty:
            engine.record(f.RollbackEnded(key, "base holds nothing of it any more"))
            return
        engine.record(f.MergeBuilt(key, built.commit, built.tree, tip))
        failed = await effects.gate_integrated([key], tip, built.commit, built.tree)
        if failed:
            engine.record(f.RollbackEnded(key, failed))
            return
        await engine.durable()
        done = await effects.pool.short(integrate.publish, effects.repo, effects.base, tip, built.commit)
        if isinstance(done, integrate.Published):
            engine.read(base_commit=done.commit)
            await _put_back(effects, engine.snapshot.legs[key], built.commit)
            return
        if isinstance(done, integrate.Blocked):
            paths = f": {', '.join(done.paths[:10])}" if done.paths else ""
            engine.record(f.RollbackEnded(key, f"{done.reason}{paths}"))
            return
    engine.record(f.RollbackEnded(key, f"{effects.base} keeps moving"))


async def _is_on_base(effects: "Effects", commit: str) -> bool:
    there: bool = await effects.pool.short(integrate.contains, effects.repo, effects.base, commit)
    return there


async def _put_back(effects: "Effects", leg: Leg, commit: str) -> None:
    """Give the leg its branch and worktree back, as they were when it was approved."""
    known = effects.engine.snapshot.workstreams[leg.workstream]
    # The commit of a squashed or rebased leg may be gone with its branch: what was merged holds the same work.
    there = await effects.pool.short(effects.repo.resolve, leg.commit)
    work = leg.commit if there else leg.merged
    tree = await effects.pool.short(effects.repo.tree_of, work)
    made = await outfit.add_worktree(effects, effects.workstream(leg.workstream), work)
    effects.engine.record(
        f.WorktreeMade(leg.key, str(made.path), known.outline.branch, leg.base),
        f.LegReverted(leg.key, commit),
        *(() if there else (f.LegRebased(leg.key, leg.base, work, tree),)),
    )


def _message(leg: Leg) -> str:
    trailers = f"Cockpit-Workstream: {leg.workstream}\nCockpit-Rollback: {leg.key}\n"
    return f"Roll back {leg.workstream}: {leg.merged[:12]}\n\n{trailers}"
