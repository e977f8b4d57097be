"""Runs the plan's own notification commands when something happened that the operator asked to be told of."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any

from cockpit.agents.supervisor import write_atomically
from cockpit.engine.alarms import DISK
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
        self._queue: asyncio.Queue[tuple[str, str, str]] = asyncio.Queue(WAITING)
        self._state = ""
        self._over_cost: bool | None = None
        self._told = _read_told(effects.project.state.told)
        self._telling: set[str] = set()
        self._standing: frozenset[str] = frozenset()

    async def idle(self) -> None:
        """Wait until all that was to be told has been."""
        await self._queue.join()

    async def run(self) -> None:
        """Notify until cancelled."""
        end = self._effects.engine.watch_facts(self._heard)
        try:
            while True:
                event, workstream, alarm = await self._queue.get()
                try:
                    await self._tell(event, workstream)
                    if alarm in self._standing:
                        self._keep(self._told | {alarm})
                finally:
                    self._telling.discard(alarm)
                    self._queue.task_done()
        finally:
            end()

    def _heard(self, recorded: tuple[Recorded, ...], _: Mapping[str, Any]) -> None:
        if not self._effects.project.loaded.plan.notify or self._effects.engine.readings.plan.untrusted:
            return
        snapshot = self._effects.engine.snapshot
        for one in recorded:
            event = EVENTS.get(type(one.fact))
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

    def alarmed(self, standing: frozenset[str]) -> None:
        """Tell of the thresholds and the disk, by the keys of their notes, that the operator was not told of yet.

        What was told is kept for the drivers to come until it no longer stands.
        """
        plan = self._effects.project.loaded.plan
        self._standing = standing
        if not self._told <= standing:
            self._keep(self._told & standing)
        if self._effects.engine.readings.plan.untrusted:
            return
        for key in sorted(standing - self._told - self._telling):
            if any(_event(key) in one.on for one in plan.notify) and self._put(_event(key), "", key):
                self._telling.add(key)

    def _keep(self, told: frozenset[str]) -> None:
        self._told = told
        _write_told(self._effects.project.state.told, told)

    def _put(self, event: str, workstream: str, alarm: str = "") -> bool:
        try:
            self._queue.put_nowait((event, workstream, alarm))
        except asyncio.QueueFull:  # a flood of events tells the operator nothing more
            return False
        return True

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


def _event(alarm: str) -> str:
    return "disk" if alarm == DISK else "threshold"


def _read_told(path: Path) -> frozenset[str]:
    """Return the alarms that were told and stood; none where the file is gone or damaged: told twice beats never."""
    try:
        return frozenset(map(str, json.loads(path.read_bytes())))
    except (OSError, ValueError, TypeError):
        return frozenset()


def _write_told(path: Path, told: frozenset[str]) -> None:
    with contextlib.suppress(OSError):  # a full disk may be the very alarm
        write_atomically(str(path), json.dumps(sorted(told)))


EVENTS: dict[type[f.Fact], str] = {
    f.ConflictFound: "conflict",
    f.ReviewAsked: "approval",
    f.LegFailed: "failed",
    f.LegQuarantined: "quarantined",
    f.LegMerged: "merged",
    f.QuestionAsked: "question",
}
