"""What a new version of a plan means for the work that is under way, in words. Pure; it brings nothing into force.

Each sentence says what the engine does: a run keeps what it was started with, what was judged is not judged again by
itself, and what has not begun is as the new version says. A test runs the engine for those that are easy to get wrong.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from cockpit.plan.roundzero import PREPARE
from cockpit.schedule.changed import ADDED, CHANGED, REMOVED, PlanChange
from cockpit.schedule.outline import Outline
from cockpit.schedule.snapshot import Leg, Snapshot
from cockpit.schedule.states import State

if TYPE_CHECKING:
    from cockpit.plan.fields import Differences, FieldChange
    from cockpit.plan.model import Workstream

MOST = 200
_RUNS = frozenset({State.PREPARING, State.RUNNING})
_JUDGED = frozenset({State.REVIEW, State.QUEUED, State.MERGING})
_TOLD = frozenset({"title", "role", "prompt", "notes", "checklist"})
_LATER = frozenset({"priority", "estimate"})
_OTHERS_RUN = "nothing that runs is ended; it counts for what starts from now on"
_FROM_NOW = "it counts from now on, for what is under way too"


def plan_changes(found: "Differences", snapshot: Snapshot, outline: Outline) -> tuple[PlanChange, ...]:
    """Return what a new version changes and what each change means, what touches work under way first.

    `snapshot` is how things stood before, `outline` the new version's; of very many changes those are left out that
    touch nothing.
    """
    return tuple(sorted(_Consequences(found, snapshot, outline).all(), key=lambda one: not one.touches))


def shortened(changes: Sequence[PlanChange]) -> tuple[tuple[PlanChange, ...], int]:
    """Return as many changes as a fact keeps, and how many it leaves out."""
    return tuple(changes[:MOST]), max(0, len(changes) - MOST)


class _Consequences:
    def __init__(self, found: "Differences", snapshot: Snapshot, outline: Outline) -> None:
        self._found, self._old, self._new, self._snapshot = found, found.old, found.new, snapshot
        self._needs = {leg.key: leg.depends_on for leg in outline.legs}
        self._outlines = {one.id: one for one in outline.workstreams}

    def all(self) -> Iterator[PlanChange]:
        for key in self._found.removed:
            yield self._removed(key)
        for key, fields in self._found.changed.items():
            for change in fields:
                yield self._changed(self._new.by_id[key], change)
        for key in self._found.added:
            yield self._added(key)
        for change in self._found.settings:
            means, touches = self._setting(change)
            yield PlanChange(CHANGED, "", change.where, change.old, change.new, means, touches)

    # --- workstreams ------------------------------------------------------------------------------------------------

    def _under_way(self, workstream: str) -> Leg | None:
        """Return the leg of a workstream that has begun and is not merged, if there is one."""
        if workstream not in self._snapshot.workstreams:
            return None
        return next((leg for leg in self._snapshot.legs_of(workstream) if _has_begun(leg)), None)

    def _added(self, workstream: str) -> PlanChange:
        title, leg = self._new.by_id[workstream].title, self._under_way(workstream)
        if leg is not None:
            means = f"it is in the plan again: {_stands(leg)}"
        elif workstream in self._snapshot.workstreams:
            means = "it is in the plan again; what is merged of it stays merged"
        else:
            means = "it waits until it is started"
        return PlanChange(ADDED, workstream, new=title, means=means, touches=leg is not None)

    def _removed(self, workstream: str) -> PlanChange:
        title = self._old.by_id[workstream].title
        known = self._snapshot.workstreams.get(workstream)
        if known is None:
            return PlanChange(REMOVED, workstream, old=title)
        legs = self._snapshot.legs_of(workstream)
        unbegun = sum(not (leg.attempt or leg.state is State.MERGED) for leg in legs)
        rest = f"; {_legs(unbegun)} of it that had not begun {'is' if unbegun == 1 else 'are'} dropped"
        leg = self._under_way(workstream)
        if leg is not None:
            means = f"it has begun, and is kept as it was with its worktree: {_stands(leg)}"
            touches = True
        elif any(leg.state is State.MERGED for leg in legs):
            means, touches = "what is merged of it stays merged", bool(unbegun and known.wanted)
        else:
            return PlanChange(
                REMOVED, workstream, old=title, means="it had not begun: it is gone", touches=known.wanted
            )
        return PlanChange(REMOVED, workstream, old=title, means=means + (rest if unbegun else ""), touches=touches)

    def _changed(self, after: "Workstream", change: "FieldChange") -> PlanChange:
        root, _, rest = change.where.partition("[")
        if root == "issues" and rest:
            means, touches = self._issue(after, change)
        else:
            means, touches = self._field(after, change, root.partition(".")[0].removesuffix(" (order)"))
        return PlanChange(CHANGED, after.id, change.where, change.old, change.new, means, touches)

    def _field(self, after: "Workstream", change: "FieldChange", field: str) -> tuple[str, bool]:
        if field == "depends_on":
            return self._waits(after.id, change)
        leg = self._under_way(after.id)
        if leg is None:
            return self._not_under_way(after.id), False
        if field in _LATER or field == "issues":
            return "", False
        if field in _TOLD:
            return _told(leg, field), True
        if field == "branch":
            known = self._snapshot.workstreams[after.id]
            return f"it keeps its branch {known.outline.branch}, as it has a worktree", bool(known.worktree)
        if field in ("gates", "critical"):
            asked = "; you are asked about it as about critical work" if field == "critical" and after.critical else ""
            return self._gates(leg) + asked, True
        if field == "approve":
            start = change.where == "approve.start"
            return ("its start was decided on", False) if start else (self._approval(leg), True)
        if field == "sparse" and not after.sparse:
            return "its next run has the whole tree in its worktree", True
        means = _FIELDS.get(field)
        return (means(leg), True) if means is not None else ("", False)

    def _not_under_way(self, workstream: str) -> str:
        known = self._snapshot.workstreams.get(workstream)
        if known is None or not any(leg.state is State.MERGED for leg in self._snapshot.legs_of(workstream)):
            return ""
        return (
            "it is merged: nothing of that is done again"
            if self._snapshot.is_merged(workstream)
            else ("what is merged of it stays as it is; it is for the legs that have not begun")
        )

    def _issue(self, after: "Workstream", change: "FieldChange") -> tuple[str, bool]:
        name, _, field = change.where.removeprefix("issues[").partition("]")
        legs = self._snapshot.legs_of(after.id) if after.id in self._snapshot.workstreams else ()
        leg = next((one for one in legs if name in one.outline.issues), None)
        if leg is not None and leg.state is State.MERGED:
            return "it is merged: nothing of that is done again", False
        if field == ".depends_on":
            return self._waits(after.id, change)
        begun = leg is not None and _has_begun(leg)
        if not field and any(issue.id == name for issue in after.issues):
            joins = self._under_way(after.id) is not None
            return "it joins the legs that have not begun" if joins else "", joins
        if leg is None or not begun:
            return "" if field else "it had not begun: it is dropped", False
        if not field:
            return f"{leg.key} has begun with it and keeps it; a next run of it is not told of it", True
        return ("", False) if field.removeprefix(".") in _LATER else (_told(leg, field), True)

    def _waits(self, workstream: str, change: "FieldChange") -> tuple[str, bool]:
        """Say for which legs those of a workstream wait by the new version and did not before."""
        found: list[str] = []
        touches = False
        more = set(change.new.split(", ")) - set(change.old.split(", ")) - {""}
        for leg in self._snapshot.legs_of(workstream) if workstream in self._snapshot.workstreams else ():
            needed = self._more_needed(leg)
            if _has_begun(leg):
                touches = True
                waits = f", and merges only after {_named(needed)}" if needed else ""
                waits = waits or (", and does not wait for what has not begun" if more else "")
                found.append(f"{_stands(leg)}{waits}")
            elif needed and leg.state is State.READY:
                found.append(f"{leg.key} waits for {_named(needed)} again")
        return "; ".join(found[:3]), touches

    def _more_needed(self, leg: Leg) -> list[str]:
        known = set(leg.outline.depends_on)
        return [
            key
            for key in self._needs.get(leg.key, ())
            if key not in known
            and (key not in self._snapshot.legs or self._snapshot.legs[key].state is not State.MERGED)
        ]

    def _gates(self, leg: Leg) -> str:
        if leg.state is State.CHECKING:
            return f"{leg.key} is being checked, by the gates of before or the new ones"
        if leg.state not in _JUDGED:
            return "its next check runs the new gates"
        merging = "its merge runs the gates marked `merge`, and no others"
        return f"it passed the gates of before; {merging if self._new.merge_gates else 'the new ones run at its merge'}"

    def _approval(self, leg: Leg) -> str:
        if leg.state is State.REVIEW:
            return "it awaits your yes all the same"
        if leg.state in _JUDGED:
            return "its merge was decided on; you are not asked again"
        asks = self._outlines[leg.workstream].approve_merge
        return f"you are {'asked' if asks else 'not asked'} before its merge"

    # --- settings ---------------------------------------------------------------------------------------------------

    def _setting(self, change: "FieldChange") -> tuple[str, bool]:
        """Return what a change of the plan's own keys means, and whether that touches work under way."""
        key = change.where.replace("[", ".").split(".")[0].removesuffix(" (order)")
        begun = [leg for leg in self._snapshot.legs.values() if _has_begun(leg)]
        if key == "name":
            return "this driver goes on; the next one knows nothing of what was done under the old name", True
        if key in ("repo", "base"):
            return "it is in effect from the driver's next start", bool(begun)
        if key == "cleanup":
            return self._clean_up()
        if key == "limits":
            return self._limit(change.where, begun)
        if key == "gates":
            judged = next((leg for leg in begun if leg.state in _JUDGED), None)
            told = f"what is checked from now on; {self._gates(judged)}" if judged else "what is checked from now on"
            return told, bool(begun)
        if key == "prepare":
            prepared = PREPARE in self._snapshot.legs and self._snapshot.legs[PREPARE].state is State.MERGED
            return ("it is prepared already, and not again", True) if prepared else ("", False)
        return _SETTINGS.get(key, ""), bool(begun) and key in _SETTINGS

    def _clean_up(self) -> tuple[str, bool]:
        if self._new.cleanup != "merged":
            return "worktrees of what is merged stay until they are cleaned up by hand", False
        kept = [
            key for key, one in self._snapshot.workstreams.items() if one.worktree and self._snapshot.is_merged(key)
        ]
        if not kept:
            return "worktrees go once all of their work is merged", False
        return f"the worktrees of what is merged are removed now, rescue first: {_named(kept)}", True

    def _limit(self, where: str, begun: Sequence[Leg]) -> tuple[str, bool]:
        if where == "limits.run_timeout":
            return "runs that go on keep the limit that they were started with", bool(begun)
        if where != "limits.agents":
            return _FROM_NOW, bool(begun)
        by_hand = self._snapshot.agent_limit
        gives_way = f"; the {by_hand} that were set by hand give way to it" if by_hand is not None else ""
        return f"{_OTHERS_RUN}{gives_way}", bool(begun) or by_hand is not None


def _has_begun(leg: Leg) -> bool:
    return bool(leg.attempt) and leg.state is not State.MERGED


def _stands(leg: Leg) -> str:
    active = leg.state in _RUNS or leg.state in _JUDGED or leg.state in (State.CHECKING, State.RETRYING)
    return f"{leg.key} is {leg.state.value}{' and goes on' if active else ''}"


def _told(leg: Leg, field: str) -> str:
    at_once = {"checklist": "the review shows it from now on; ", "title": "its merge gets this title; "}.get(field, "")
    if leg.state in _RUNS:
        return f"{at_once}its run goes on with what it was told, the next one is told this"
    if leg.state is State.CHECKING or leg.state in _JUDGED:
        return f"{at_once}its run is over; a next one, if there is any, is told this"
    if leg.continues:
        return f"{at_once}its run goes on with its session and is not told, a new one is"
    return f"{at_once}its next run is told this"


def _scope(leg: Leg) -> str:
    if leg.state in _RUNS:
        return "its run goes on with the files that it was told; what it writes is judged by these from now on"
    if leg.state is State.CHECKING or leg.state in _JUDGED:
        return "its work is judged by those of before, and by these where it is scanned again"
    return "its next run is told these, and judged by them"


def _agents(leg: Leg) -> str:
    goes_on = f"its run goes on in {leg.slot or 'its slot'}; " if leg.state in _RUNS else ""
    return f"{goes_on}its next run is for these"


def _environment(leg: Leg) -> str:
    goes_on = "its run goes on with what it was started with; " if leg.state in _RUNS else ""
    return f"{goes_on}set-up, gates and its next run get this"


def _expected(leg: Leg) -> str:
    judged = leg.state in _JUDGED
    return "its work was judged by what was expected before" if judged else "it counts when its work is checked"


def _merging(leg: Leg) -> str:
    under_way = leg.state is State.MERGING
    return "its merge is under way, by what was there before or by this" if under_way else "its merge is made by this"


_FIELDS: Mapping[str, Callable[[Leg], str]] = {
    "files": _scope,
    "agent": _agents,
    "fallback": _agents,
    "env": _environment,
    "expect": _expected,
    "merge": _merging,
    "sparse": lambda _: "its worktree holds all files already, and keeps them",
}
_SETTINGS: Mapping[str, str] = {
    "worktrees": "worktrees that are there stay where they are; others are made there",
    "branch": "worktrees that are there keep their branches; others are made with it",
    "agents": "runs that go on keep the command that they were started with; slots and new runs are as it says now",
    "shared_files": "scans go by it from now on; a run that goes on was told the old list",
    "setup": "worktrees that are set up stay as they are; others are set up by it",
    "quality": "scans go by it from now on; what is quarantined stays so until you release it",
    "approve": "a merge that awaits your yes goes on awaiting it; from now on you are asked as it says",
    "merge": "merges are made by it from now on",
    "commit": "commits and merges are made by it from now on",
    "answers": "questions that come from now on are answered by it",
}


def _legs(number: int) -> str:
    return f"{number} leg{'' if number == 1 else 's'}"


def _named(keys: Sequence[str]) -> str:
    more = len(keys) - 3
    return ", ".join(keys[:3]) + (f" and {more} more" if more > 0 else "")
