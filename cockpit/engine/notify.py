"""Runs the plan's own notification commands when something happened that the operator asked to be told of."""

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any

from cockpit.engine.alarms import DISK, THRESHOLD
from cockpit.engine.effects import Effects
from cockpit.quality.gates import run_gate
from cockpit.schedule import facts as f
from cockpit.schedule.facts import Recorded

TIMEOUT_S = 30.0
WAITING = 100


class Notifier:
    """Follows the facts of one engine and runs what the plan's `notify` says, one after the other."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        self._queue: asyncio.Queue[tuple[str, str]] = asyncio.Queue(WAITING)
        self._state = ""
        self._over_cost: bool | None = None
        self._alarmed: frozenset[str] = frozenset()

    async def idle(self) -> None:
        """Wait until all that was to be told has been."""
        await self._queue.join()

    async def run(self) -> None:
        """Notify until cancelled."""
        end = self._effects.engine.watch_facts(self._heard)
        try:
            while True:
                event, workstream = await self._queue.get()
                try:
                    await self._tell(event, workstream)
                finally:
                    self._queue.task_done()
        finally:
            end()

    def _heard(self, recorded: tuple[Recorded, ...], readings: Mapping[str, Any]) -> None:
        alarms = self._new_alarms() if "notes" in readings else ()
        if not self._effects.project.loaded.plan.notify or self._effects.engine.readings.plan.untrusted:
            return
        snapshot = self._effects.engine.snapshot
        for alarm in alarms:
            self._put(alarm, "")
        for one in recorded:
            event = _EVENTS.get(type(one.fact))
            if isinstance(one.fact, f.QuestionAsked) and not snapshot.open_questions(
                snapshot.legs[one.fact.leg].workstream
            ):
                continue  # it was answered by a reply given beforehand
            if event and isinstance(one.fact, f.LegFact):
                self._put(event, snapshot.legs[one.fact.leg].workstream)
        state = snapshot.state()
        if state != self._state and state == "finished" and self._state:
            self._put("finished", "")
        self._state = state
        over = bool(snapshot.over_cost())
        if over and self._over_cost is False:  # what was so when the driver began is no news
            self._put("cost", "")
        self._over_cost = over

    def _new_alarms(self) -> tuple[str, ...]:
        """Return the events of the thresholds and of the disk that are noted now and were not before."""
        before, notes = self._alarmed, self._effects.engine.readings.notes
        self._alarmed = frozenset(key for key in notes if key == DISK or key.startswith(THRESHOLD))
        return tuple(dict.fromkeys("disk" if key == DISK else "threshold" for key in sorted(self._alarmed - before)))

    def _put(self, event: str, workstream: str) -> None:
        with contextlib.suppress(asyncio.QueueFull):  # a flood of events tells the operator nothing more
            self._queue.put_nowait((event, workstream))

    async def _tell(self, event: str, workstream: str) -> None:
        plan = self._effects.project.loaded.plan
        model = plan.find(workstream)
        worktree = self._effects.repo.root
        if workstream:
            own = Path(self._effects.engine.snapshot.workstreams[workstream].worktree)
            there: bool = await self._effects.pool.short(own.is_dir)
            worktree = own if there else worktree
        env = {**self._effects.gate_environment(model, worktree), "COCKPIT_EVENT": event}
        output = self._effects.project.state.path / "notify.log"
        for number, one in enumerate(plan.notify, 1):
            if event not in one.on:
                continue
            result = await self._effects.pool.long(
                run_gate,
                f"notify-{number}",
                one.run,
                worktree=worktree,
                output=output,
                timeout_s=TIMEOUT_S,
                env=env,
                cancelled=Event(),
            )
            self._effects.engine.read(notes={"notify": None if result.ok else f"notify {result.reason}"})


_EVENTS: dict[type[f.Fact], str] = {
    f.ConflictFound: "conflict",
    f.ReviewAsked: "approval",
    f.LegFailed: "failed",
    f.LegQuarantined: "quarantined",
    f.LegMerged: "merged",
    f.QuestionAsked: "question",
}
