"""Sees what a worktree holds when a human takes it over, and what they changed when it is handed back."""

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from cockpit.errors import CockpitError
from cockpit.git import handwork
from cockpit.schedule import facts as f
from cockpit.schedule.snapshot import Leg
from cockpit.schedule.states import State
from cockpit.schedule.taking import GO_ON, LEAVE, REVIEW, after_hand_back
from cockpit.store.paths import folder_name

if TYPE_CHECKING:
    from cockpit.engine.effects import Effects

PATHS_KEPT = 200


async def take_over(effects: "Effects", key: str) -> None:
    """Record that a worktree is a human's, with what it holds; what cannot be seen counts as changed later."""
    leg = effects.engine.snapshot.legs[key]
    objects = _objects(effects, leg)
    await effects.terminals.forget(leg)
    try:
        await effects.pool.short(handwork.forget, objects)
        tree = await effects.pool.git(
            handwork.tree_now, effects.repo, _worktree(effects, leg), objects, effects.project.setup_files
        )
    except (CockpitError, OSError) as error:
        effects.engine.read(notes={leg.workstream: f"what its worktree held cannot be told: {error}"})
        tree = ""
    effects.engine.record(f.TakenOver(key, tree))


async def hand_back(effects: "Effects", key: str) -> None:
    """Record that a worktree is cockpit's again, what was changed in it, and what follows."""
    leg = effects.engine.snapshot.legs[key]
    hand, objects = leg.hand, _objects(effects, leg)
    if hand is None:
        return
    paths: tuple[str, ...] = ()
    changed = True
    branch = effects.engine.snapshot.workstreams[leg.workstream].outline.branch
    try:
        place = _worktree(effects, leg)
        judged = hand.back == REVIEW or (leg.state is State.REVIEW and hand.back == LEAVE)
        reason = ""
        if judged and not await effects.pool.short(place.is_dir):
            reason = f"its worktree {place} is gone: bring it back, or hand it back by {GO_ON}, and a run makes it anew"
        elif judged or hand.back == GO_ON:
            reason = await effects.pool.git(handwork.in_the_way, effects.repo, place, branch)
        if reason:
            effects.engine.record(f.HandBackRefused(key, reason))
            return
        if hand.tree:
            paths = await effects.pool.git(
                handwork.changed_since,
                effects.repo,
                place,
                hand.tree,
                objects,
                effects.project.setup_files,
            )
            tip = await effects.pool.short(effects.repo.tip, branch)
            # A commit made anew of the same files, with another message, is not what is shown for approval.
            changed = bool(paths) or (leg.state is State.REVIEW and tip not in (leg.commit, None))
    except (CockpitError, OSError) as error:
        effects.engine.read(notes={leg.workstream: f"what was changed by hand cannot be told: {error}"})
    leg = effects.engine.snapshot.legs[key]
    back = f.HandedBack(key, hand.back, hand.back_by, paths[:PATHS_KEPT], changed)
    follow = after_hand_back(effects.engine.snapshot, leg, replace(hand, changed=changed))
    effects.engine.record(back, *follow)
    await effects.engine.durable()  # a driver that is killed before looks again
    await effects.pool.short(handwork.forget, objects)
    await effects.terminals.forget(leg)


def _worktree(effects: "Effects", leg: Leg) -> Path:
    return Path(effects.engine.snapshot.workstreams[leg.workstream].worktree)


def _objects(effects: "Effects", leg: Leg) -> Path:
    return effects.project.state.path / "hands" / folder_name(leg.key)
