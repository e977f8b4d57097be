"""What runs mean for a snapshot: slots taken, processes started, adopted and ended. Pure."""

from typing import Any

from msgspec.structs import replace

from cockpit.errors import IllegalMoveError
from cockpit.schedule import facts as f
from cockpit.schedule.fold_talk import run_is_over
from cockpit.schedule.folding import apply, leg_of, moved, put, with_workstream
from cockpit.schedule.outline import Profile
from cockpit.schedule.snapshot import Cost, Run, Sleep, Snapshot


@apply.register
def _(fact: f.LegTaken, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    taken = moved(
        leg, fact, at, run=fact.run, slot=fact.slot, attempt=leg.attempt + 1, started=leg.started or at, note=""
    )
    profile = fact.slot.rpartition("#")[0]
    by = next((one for one in snapshot.outline.profiles if one.name == profile), Profile(""))
    run = Run(fact.run, leg.key, fact.slot, taken.attempt, at, profile=by.digest, model=by.model)
    return replace(put(snapshot, taken), runs={**snapshot.runs, run.id: run})


@apply.register
def _(fact: f.WorktreeMade, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    workstream = replace(snapshot.workstreams[leg.workstream], worktree=fact.path, clean_up_refused="")
    return with_workstream(put(snapshot, replace(leg, base=fact.base)), workstream)


@apply.register
def _(fact: f.RunStarted, snapshot: Snapshot, at: float) -> Snapshot:
    leg = moved(leg_of(snapshot, fact.leg), fact, at, hand=None)
    return _with_run(put(snapshot, leg), fact.run, started=at, pid=fact.pid, folder=fact.folder)


@apply.register
def _(fact: f.RunAdopted, snapshot: Snapshot, at: float) -> Snapshot:
    return _with_run(snapshot, fact.run, pid=fact.pid)


@apply.register
def _(fact: f.EndAsked, snapshot: Snapshot, at: float) -> Snapshot:
    return put(snapshot, replace(leg_of(snapshot, fact.leg), ending=fact.why))


@apply.register
def _(fact: f.RunEnded, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    run = snapshot.runs.get(fact.run)
    worked = at - run.started if run and run.started else 0.0
    continues = "" if run and run.started else leg.continues  # what never began has not used it up
    after = put(
        run_is_over(snapshot, fact.run, at),
        replace(leg, slot=None, continues=continues, worked_s=leg.worked_s + worked),
    )
    return _with_run(
        after, fact.run, ended=at, outcome=fact.outcome, code=fact.code, reason=fact.reason, session=fact.session
    )


@apply.register
def _(fact: f.ProfileSlept, snapshot: Snapshot, at: float) -> Snapshot:
    leg_of(snapshot, fact.leg)
    before = snapshot.asleep.get(fact.profile)
    if before is not None and before.until >= fact.until:
        return snapshot  # another of its runs was told a later time
    return replace(snapshot, asleep={**snapshot.asleep, fact.profile: Sleep(fact.until, fact.reason)})


@apply.register
def _(fact: f.UsageReported, snapshot: Snapshot, at: float) -> Snapshot:
    cost = Cost(fact.usd, fact.tokens_in, fact.tokens_cached, fact.tokens_out)
    return replace(snapshot, usage={**snapshot.usage, fact.run: cost})


def _with_run(snapshot: Snapshot, key: str, **changes: Any) -> Snapshot:
    run = snapshot.runs.get(key)
    if run is None:
        raise IllegalMoveError(f"there is no run {key}")
    return replace(snapshot, runs={**snapshot.runs, key: replace(run, **changes)})
