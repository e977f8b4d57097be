"""Says which runs are still needed, so that what older ones printed can be removed; at a start and after a clean-up."""

from cockpit.schedule.snapshot import Snapshot
from cockpit.schedule.states import State
from cockpit.store.paths import StateFolder
from cockpit.store.pruning import KEPT_RUNS, prune, shorten_log


def prune_state(state: StateFolder, snapshot: Snapshot) -> None:
    """Remove what runs and gates of merged legs printed, but for the newest, and shorten the driver's log."""
    unmerged = {key for key, leg in snapshot.legs.items() if leg.state is not State.MERGED}
    needed = {one.id for one in snapshot.runs.values() if one.leg in unmerged} | unmerged
    prune(state, needed | set(snapshot.reverting), runs=KEPT_RUNS)
    shorten_log(state)
