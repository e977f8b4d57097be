"""What clean-up and rescue mean for a snapshot. Pure."""

from msgspec.structs import replace

from cockpit.schedule import facts as f
from cockpit.schedule.folding import apply, with_workstream, workstream_of
from cockpit.schedule.snapshot import Snapshot


@apply.register
def _(fact: f.CleanUpAsked, snapshot: Snapshot, at: float) -> Snapshot:
    workstream = replace(workstream_of(snapshot, fact.workstream), clean_up=True, clean_up_refused="")
    return with_workstream(snapshot, workstream)


@apply.register
def _(fact: f.CleanUpRefused, snapshot: Snapshot, at: float) -> Snapshot:
    workstream = workstream_of(snapshot, fact.workstream)
    return with_workstream(snapshot, replace(workstream, clean_up=False, clean_up_refused=fact.reason))


@apply.register
def _(fact: f.WorkRescued, snapshot: Snapshot, at: float) -> Snapshot:
    workstream = workstream_of(snapshot, fact.workstream)
    return with_workstream(snapshot, replace(workstream, rescues=(*workstream.rescues, fact.ref)))


@apply.register
def _(fact: f.WorktreeRemoved, snapshot: Snapshot, at: float) -> Snapshot:
    workstream = workstream_of(snapshot, fact.workstream)
    rescues = (*workstream.rescues, fact.rescue) if fact.rescue else workstream.rescues
    gone = replace(workstream, worktree="", clean_up=False, clean_up_refused="", rescues=rescues)
    return with_workstream(snapshot, gone)
