"""Facts → toasts: what was merged and what went wrong since the view before, in few words. Pure, no widgets."""

from collections.abc import Iterable

from cockpit.engine.handle import View
from cockpit.schedule import facts as f
from cockpit.schedule.snapshot import Snapshot
from cockpit.ui.keys import BY_NAME
from cockpit.ui.looks import line, name

News = tuple[str, bool]
MOST = 2


def news(snapshot: Snapshot, recorded: Iterable[f.Recorded]) -> tuple[News, ...]:
    """Return texts, each with whether it is bad news; many of one kind are told as one."""
    merged: list[str] = []
    bad: list[str] = []
    back: list[str] = []
    handed: list[str] = []
    gone: list[f.WorktreeRemoved] = []
    for one in recorded:
        fact = one.fact
        if isinstance(fact, f.WorktreeRemoved) and fact.workstream in snapshot.workstreams:
            gone.append(fact)
        if not isinstance(fact, f.LegFact) or fact.leg not in snapshot.legs:
            continue
        who = name(snapshot.legs[fact.leg].workstream)
        if isinstance(fact, f.LegMerged):
            merged.append(f"{who} merged" if fact.commit else f"{who} done, nothing to merge")
        elif isinstance(fact, f.LegReverted):
            back.append(f"{who} rolled back, in review again")
        elif isinstance(fact, f.HandedBack):
            handed.append(f"{who} handed back ({fact.how}), {'changed' if fact.changed else 'as it was'}")
        elif isinstance(fact, f.LegFailed):
            bad.append(f"{who} failed: {line(fact.reason)}")
        elif isinstance(fact, f.LegQuarantined):
            bad.append(f"{who} quarantined: {line(fact.reason)} ({BY_NAME['quarantine'].shown})")
        elif isinstance(fact, f.ConflictFound):
            bad.append(f"{who} conflicts in {line(', '.join(fact.paths))}")
    told = (*_told(merged, "legs merged", bad=False), *_told(back, "merges rolled back", bad=False))
    told += (*_told(handed, "worktrees handed back", bad=False), *_cleaned(gone))
    return (*told, *_told(bad, "legs failed, conflict or are quarantined", bad=True))


def rings(recorded: Iterable[f.Recorded]) -> bool:
    """Say whether something happened that the operator is called for by a bell."""
    return any(isinstance(one.fact, f.LegQuarantined) for one in recorded)


def alarms(view: View) -> dict[str, str]:
    """Return what the driver noted of the plan's thresholds and of the disk, by what it is about."""
    notes, known = view.readings.notes, view.snapshot.workstreams
    found = {key: text for key, text in notes.items() if key not in known}
    return {key: line(text) for key, text in found.items() if key == "disk" or key.startswith("alerts.")}


def _cleaned(gone: list[f.WorktreeRemoved]) -> tuple[News, ...]:
    from cockpit.plan.duration import amount

    if not gone:
        return ()
    who = f"{name(gone[0].workstream)}: worktree" if len(gone) == 1 else f"{len(gone)} worktrees"
    kept = f"; what only {'it' if len(gone) == 1 else 'they'} held is kept" if any(one.rescue for one in gone) else ""
    return ((f"{who} removed, {amount(sum(one.freed for one in gone))} freed{kept}", False),)


def _told(texts: list[str], summed: str, *, bad: bool) -> list[News]:
    return [(f"{len(texts)} {summed}", bad)] if len(texts) > MOST else [(text, bad) for text in texts]
