"""What is different about the leg of round 0: cockpit runs the plan's own commands."""

from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.agents import runs, sequence
from cockpit.errors import CockpitError
from cockpit.plan.roundzero import PREPARE
from cockpit.plan.settings import Prepare
from cockpit.schedule.snapshot import Leg, Snapshot
from cockpit.schedule.states import State

if TYPE_CHECKING:
    from cockpit.engine.effects import Effects


def spec(effects: "Effects", run: str, port: int) -> runs.RunSpec:
    """Return the run of the plan's commands; `port` is the first of a block that is its own.

    Raises CockpitError where the plan has none any more.
    """
    plan, folder = effects.project.loaded.plan, effects.project.state.run(run)
    if plan.prepare is None:
        raise CockpitError("the plan has no `prepare` any more", hint="stop it: nothing waits for it")
    worktree = Path(effects.engine.snapshot.workstreams[PREPARE].worktree)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return runs.RunSpec(
        run_id=run,
        folder=folder,
        command=sequence.command(plan.prepare.run, folder / "commands.json"),
        cwd=worktree,
        env={**effects.gate_environment(plan.preparing, worktree), "COCKPIT_PORT": str(port)},
        timeout_s=plan.limits.run_timeout,
    )


def changed_too_late(snapshot: Snapshot, old: Prepare | None, new: Prepare | None) -> str | None:
    """Return what to say where a changed `prepare` has begun already; None where there is nothing to say."""
    leg: Leg | None = snapshot.legs.get(PREPARE)
    if leg is None or old is None or new is None or old == new or not leg.attempt:
        return None
    if leg.state is State.MERGED:
        return "it changed after it was merged, and is not run again: a plan is prepared once"
    return "it changed after it began: the change counts from its next run on"
