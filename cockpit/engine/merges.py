"""Integrates legs: builds a chain of merges, gates the last tree, moves base by fast-forward, and says what came of it.

Idempotent after a crash: a commit that was built is on base or it isn't, and that alone decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cockpit.engine import resolutions
from cockpit.engine.pruned import prune_state
from cockpit.engine.steps import step, step_of_legs
from cockpit.errors import CockpitError, GitError
from cockpit.git import integrate, proof, rebase, revert
from cockpit.git.mergetree import Special, specials
from cockpit.git.repo import Author
from cockpit.schedule import facts as f
from cockpit.schedule.snapshot import Leg
from cockpit.schedule.states import State

if TYPE_CHECKING:
    from cockpit.engine.effects import Effects

DEFER_S = 300.0
REBUILDS = 5


@dataclass(frozen=True, slots=True)
class _Link:
    leg: str
    built: integrate.Built


async def integrate_legs(effects: "Effects", keys: Sequence[str]) -> None:
    """Merge legs that are in the state merging, in this order; each ends merged, queued, in conflict, or failed.

    What belongs to one round and changes other files is built as one chain and gated once. A chain that does not pass
    is halved until the leg that spoils it is found; that one alone goes back.
    """
    left = _without_stopped(effects, await _without_published(effects, keys))
    while left:
        batch = await _batch(effects, left)
        while not await _integrate(effects, batch):
            batch = batch[: (len(batch) + 1) // 2]
        left = [key for key in left if effects.engine.snapshot.legs[key].state is State.MERGING]
        left = _without_stopped(effects, left)
    await _rebase_others(effects)


def _without_stopped(effects: "Effects", keys: Sequence[str]) -> list[str]:
    """Stop the legs whose merge the operator wants stopped, none of which is on base, and return the others."""
    effects.engine.record(*(f.LegStopped(key) for key in _stopped(effects, keys)))
    return [key for key in keys if effects.engine.snapshot.legs[key].state is State.MERGING]


def _stopped(effects: "Effects", keys: Sequence[str]) -> list[str]:
    return [key for key in keys if effects.engine.snapshot.legs[key].ending]


async def _batch(effects: "Effects", keys: Sequence[str]) -> list[str]:
    """Return the first legs that may be built as one chain: of one round, and disjoint in what they change."""
    legs = [effects.engine.snapshot.legs[key] for key in keys]
    if len(legs) == 1:
        return list(keys)
    together: list[str] = []
    seen: set[str] = set()
    for leg in legs:
        if leg.outline.round != legs[0].outline.round:
            break
        paths = effects.changed.get(leg.commit)
        if paths is None:
            changes = await effects.pool.short(effects.repo.changed_paths, leg.base or leg.commit, leg.commit)
            paths = frozenset(path for change in changes for path in (change.path, change.old_path) if path)
        if together and paths & seen:
            break
        seen |= paths
        together.append(leg.key)
    return together


async def _rebase_others(effects: "Effects") -> None:
    """Bring what awaits its review onto the new base, where the plan asks for it; a conflict changes nothing."""
    engine = effects.engine
    if engine.auto_approve:
        return  # nothing awaits anybody
    tip = await effects.pool.short(effects.repo.tip, effects.base)
    for key in sorted(engine.snapshot.active):
        leg = engine.snapshot.legs[key]
        workstream = engine.snapshot.workstreams[leg.workstream]
        asked = effects.project.loaded.plan.merge_of(effects.workstream(leg.workstream)).rebase_others
        mine = leg.state is State.REVIEW and not (leg.taken_over or leg.reverted)
        if not mine or not asked or tip is None or leg.base == tip:
            continue
        try:
            done = await effects.pool.git(
                rebase.rebase_worktree,
                effects.repo,
                Path(workstream.worktree),
                tip,
                plan=effects.project.loaded.name,
                workstream=leg.workstream,
                at=engine.clock.now(),
                exclude=effects.project.setup_files,
            )
        except CockpitError as error:
            engine.read(notes={leg.workstream: f"not rebased: {error.what}"})
            continue
        if isinstance(done, rebase.Rebased):
            tree = await effects.pool.short(effects.repo.tree_of, done.new)
            kept = done.rescue.ref if done.rescue else ""
            engine.record(f.LegRebased(key, tip, done.new, tree, kept))


async def _without_published(effects: "Effects", keys: Sequence[str]) -> list[str]:
    left: list[str] = []
    for key in keys:
        leg = effects.engine.snapshot.legs[key]
        there = bool(leg.built)
        if there:
            there = await effects.pool.short(integrate.contains, effects.repo, effects.base, leg.built)
        if there:
            effects.engine.record(f.LegMerged(key, leg.built))
        else:
            left.append(key)
    return left


async def _integrate(effects: "Effects", keys: Sequence[str]) -> bool:
    """Build, gate and publish; False when several could not be published together (nothing was decided then).

    Nothing is published once one of the legs is to be stopped: a merge is stopped whole or done.
    Legs that can't be judged before others of the batch are on base stay as they are. One leg alone is always decided.
    """
    engine = effects.engine
    for _ in range(REBUILDS):
        tip = await effects.pool.short(effects.repo.tip, effects.base)
        if tip is None:
            _defer(effects, keys, f"the branch {effects.base} is gone")
            return True
        with step_of_legs(engine, keys, f"its merge into {effects.base} is being built"):
            chain = await _build(effects, keys, tip)
        if not chain:
            return True
        keys = [link.leg for link in chain]
        failed = await effects.gate_integrated(keys, tip, chain[-1].built.commit, chain[-1].built.tree)
        if _stopped(effects, keys):
            return True  # what is stopped is taken out, and what is left is built anew
        if failed and len(chain) > 1:
            return False
        if failed:
            engine.record(engine.after_failure(keys[0], failed))
            return True
        await engine.durable()  # what was built must be known when base holds it, or a squash could be merged twice
        if _stopped(effects, keys):
            return True
        with step_of_legs(engine, keys, f"{effects.base} is being moved to it"):
            done = await effects.pool.git(integrate.publish, effects.repo, effects.base, tip, chain[-1].built.commit)
        if isinstance(done, integrate.Published):
            engine.record(*(f.LegMerged(link.leg, link.built.commit) for link in chain))
            engine.read(base_commit=done.commit)
            return True
        if isinstance(done, integrate.Blocked):
            if len(chain) > 1:
                return False
            where = f" in {done.checkout}" if done.checkout else ""
            _defer(effects, keys, f"{done.reason}{where}", done.paths)
            return True
    _defer(effects, keys, f"{effects.base} keeps moving")
    return True


async def _build(effects: "Effects", keys: Sequence[str], tip: str) -> list[_Link]:
    onto = tip
    entries: Sequence[Special] | None
    tree, entries = await effects.pool.short(_known_of, effects, tip)
    chain: list[_Link] = []
    for key in keys:
        leg = effects.engine.snapshot.legs[key]
        try:
            built = await effects.pool.short(_build_one, effects, leg, onto, tree, entries)
        except GitError as error:
            effects.engine.record(effects.engine.after_failure(key, f"the merge cannot be built: {error.what}"))
            continue
        unsure = onto != tip  # what was built before it is not on base yet, and may never be
        if isinstance(built, integrate.Conflict):
            if not unsure:
                await _conflict(effects, leg, built.paths, onto)
        elif built.empty:
            effects.engine.record(*(() if unsure else (f.LegMerged(key, onto),)))
        else:
            effects.engine.record(f.MergeBuilt(key, built.commit, built.tree, onto))
            chain.append(_Link(key, built))
            onto, tree = built.commit, built.tree
            entries = entries if _keeps_specials(effects, leg) else None
    return chain


def _known_of(effects: "Effects", tip: str) -> tuple[str, Sequence[Special]]:
    """Return the tree of base and what in it bears on merges, so that each merge of a chain need not ask again."""
    return effects.repo.tree_of(tip), specials(effects.repo, tip)


def _keeps_specials(effects: "Effects", leg: Leg) -> bool:
    """Tell whether a leg is known to leave alone what bears on how files are merged."""
    paths = effects.changed.get(leg.commit)
    return paths is not None and not any(path.endswith((".gitattributes", ".gitmodules")) for path in paths)


def _build_one(
    effects: "Effects", leg: Leg, onto: str, tree: str, entries: Sequence[Special] | None
) -> integrate.Built | integrate.Conflict:
    workstream = effects.engine.snapshot.workstreams[leg.workstream].outline
    strategy = cast("integrate.Strategy", workstream.strategy)
    author: Author | None = effects.identity if strategy == "merge" else None
    message = effects.merge_message(leg)
    if leg.reverted:
        return revert.build_again(effects.repo, onto, leg.commit, leg.reverted, strategy, message, author=author)
    return integrate.build(
        effects.repo, onto, leg.commit, strategy, message, author=author, onto_tree=tree, entries=entries
    )


async def _conflict(effects: "Effects", leg: Leg, paths: tuple[str, ...], onto: str) -> None:
    """Put a leg into conflict, with its report, and begin what the plan wants done about it."""
    engine = effects.engine
    try:
        report = await resolutions.write_report(effects, leg, onto)
    except (CockpitError, OSError) as error:
        report = ""
        engine.read(notes={leg.workstream: f"the conflict could not be described: {error}"})
    wanted = effects.project.loaded.plan.merge_of(effects.workstream(leg.workstream)).on_conflict
    again = wanted == "rerun" and leg.conflicts >= max(engine.snapshot.outline.retries, 1)
    facts: list[f.Fact] = [f.ConflictFound(leg.key, paths, onto, report)]
    if wanted != "ask" and not again:
        facts.append(f.ResolutionAsked(leg.key, wanted))
    engine.record(*facts)


def _defer(effects: "Effects", keys: Sequence[str], reason: str, paths: tuple[str, ...] = ()) -> None:
    until = effects.engine.clock.now() + DEFER_S
    named = f": {', '.join(paths[:5])}{' …' if len(paths) > 5 else ''}" if paths else ""
    reason = f"{reason}{named}"
    effects.engine.record(*(f.MergeDeferred(key, reason, until, paths) for key in keys))


async def clean_up(effects: "Effects", workstream: str) -> None:
    """Remove a workstream's worktree, rescue first; what stands in the way is said and nothing is removed."""
    from cockpit.git import rescue

    engine = effects.engine
    one = engine.snapshot.workstreams[workstream]
    try:
        merged = await effects.pool.short(delivered, effects, workstream)
        with step(engine, (workstream,), "its worktree is being removed, rescue first"):
            removed = await effects.pool.git(
                rescue.remove,
                effects.repo,
                Path(one.worktree),
                parent=Path(engine.snapshot.outline.worktrees),
                branch=one.outline.branch,
                base=effects.base,
                plan=effects.project.loaded.name,
                workstream=workstream,
                at=engine.clock.now(),
                exclude=effects.project.worthless,
                merged=merged,
            )
    except CockpitError as error:
        engine.record(f.CleanUpRefused(workstream, str(error)))
        return
    ref = removed.rescue.ref if removed.rescue else ""
    engine.record(f.WorktreeRemoved(workstream, one.worktree, ref, removed.bytes_freed))
    if one.clean_up:  # asked for by somebody; what is cleaned up by itself is pruned at the next start
        await effects.pool.idle(prune_state, effects.project.state, engine.snapshot)
    engine.read(worktrees={workstream: None}, notes={workstream: None, noted(workstream): None})


def noted(workstream: str) -> str:
    """Return the name of the note that tells what a workstream's worktree lacks."""
    return f"{workstream}: worktree"


def delivered(effects: "Effects", workstream: str) -> tuple[str, ...]:
    """Return the commit of the workstream's last merged leg where base holds its work in another form. Raises GitError.

    That is what a squash and a rebase leave; a merge commit holds the branch itself.
    """
    if effects.engine.snapshot.workstreams[workstream].outline.strategy == "merge":
        return ()
    merged = [leg for leg in effects.engine.snapshot.legs_of(workstream) if leg.state is State.MERGED and leg.merged]
    last = max(merged, key=lambda leg: leg.ended or 0.0, default=None)
    if last is None or not last.commit or not proof.is_delivered(effects.repo, effects.base, last.merged, last.commit):
        return ()
    return (last.commit,)
