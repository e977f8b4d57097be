"""Answers what clients ask a driver: outputs, diffs, prompts, timelines; reads only, and never more than was asked."""

import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from cockpit.agents import processes, toolset
from cockpit.engine import attached, changes, outputs, prompting
from cockpit.engine.effects import Effects
from cockpit.engine.past import Past
from cockpit.engine.plans import Plans
from cockpit.engine.talks import Talks
from cockpit.errors import CockpitError
from cockpit.git import ignored
from cockpit.metrics import records
from cockpit.plan import trust
from cockpit.redaction import KNOWN
from cockpit.schedule.snapshot import Leg

OUTPUT_LIMIT = 262_144
GATE_LIMIT = 16_384
PROMPT_LIMIT = 65_536
SOUGHT_LIMIT = 500


class Questions:
    """The questions that a driver answers."""

    def __init__(self, effects: Effects, plans: Plans) -> None:
        self._effects = effects
        self._plans = plans
        self.past = Past(effects)
        self.talks = talks = Talks(effects)
        self._known: dict[str, Callable[..., Awaitable[Any]]] = {
            "printed": self._printed,
            "sought": self._sought,
            "commands": self._commands,
            "ignored": self._ignored,
            "diff": self._diff,
            "gates": self._gates,
            "workplace": self._workplace,
            "prompt": self._prompt,
            "processes": self._processes,
            "records": self._records,
            "answer": talks.answer,
            "asked": talks.asked,
            "inbox": talks.inbox,
            "hear": talks.hear,
            "shared": talks.shared,
            **self.past.known,
        }

    async def __call__(self, question: str, arguments: dict[str, Any]) -> Any:
        """Return the answer as JSON values. Raises CockpitError for a question that is not known or does not fit."""
        if question not in self._known:
            raise CockpitError(f"no such question: {question}", hint=f"known: {', '.join(self._known)}")
        try:
            return await self._known[question](**arguments)
        except TypeError as error:
            raise CockpitError(f"the question {question} does not take these arguments: {error}") from error

    def _leg(self, workstream: str) -> Leg:
        return changes.begun_leg(self._effects.engine.snapshot, workstream)

    async def _printed(
        self, workstream: str, places: list[int | None] | None = None, limit: int = 65536, align: bool = False
    ) -> Any:
        """Give what the newest run of a workstream printed, line by line; see `outputs.printed`."""
        leg = self._leg(workstream)
        if leg.run is None:
            return {"run": None, "lines": [], "start": [0, 0], "next": [0, 0], "lost": 0, "more": False}
        folder = self._effects.project.state.run(leg.run)
        limit = min(limit, OUTPUT_LIMIT)
        found = await self._effects.pool.short(partial(outputs.printed, folder, places, limit, align=align))
        return {"run": leg.run, **found}

    async def _sought(self, workstream: str, text: str, raw: bool = False, err: bool | None = None) -> Any:
        """Give where in the logs of a workstream's newest run a text stands; see `outputs.sought`."""
        leg = self._leg(workstream)
        if leg.run is None:
            return {"run": None, "matches": [], "whole": True}
        folder = self._effects.project.state.run(leg.run)
        found = await self._effects.pool.idle(partial(outputs.sought, folder, text[:SOUGHT_LIMIT], raw=raw, err=err))
        return {"run": leg.run, **found}

    async def _diff(self, workstream: str, path: str = "", since: str = "") -> Any:
        """Give the change of a workstream's leg: what its worktree holds now, else what it committed."""
        snapshot, project = self._effects.engine.snapshot, self._effects.project
        found = await self._effects.pool.git(changes.change_of, snapshot, project, workstream, path, since)
        return found.answer()

    async def _gates(self, workstream: str) -> Any:
        """Give what the gates of a workstream's leg said, with the end of what each printed."""
        results = self._effects.engine.snapshot.gates.get(self._leg(workstream).key, ())
        printed = await self._effects.pool.short(lambda: [_end_of(one.output) for one in results])
        return {
            "gates": [
                {"gate": one.gate, "ok": one.ok, "seconds": one.seconds, "reason": one.reason, "output": text}
                for one, text in zip(results, printed, strict=True)
            ]
        }

    async def _prompt(self, workstream: str, upcoming: bool = False) -> Any:
        """Give what the agent of a workstream's last run was told, or its next: the beginning, where it is very long.

        Of the next it is what is known before its worktree is looked at.
        """
        leg = self._leg(workstream)
        if upcoming:
            plan, now = self._effects.project.loaded.plan, self._effects.engine.snapshot.leg_under_way(workstream)
            if (known := plan.find(workstream)) is None:
                raise CockpitError(f"{workstream} is no longer in the plan: it has no next run")
            profiles = [
                plan.agents.get(name) for name in plan.agents_of(known)[:1]
            ]  # who is to take it, if that is free
            tools = any(one is not None and not toolset.lacking(one) for one in profiles)
            text = prompting.text(plan, known, now, tools=tools)
            return {"run": None, "text": KNOWN.text(text[:PROMPT_LIMIT]), "left_out": len(text[PROMPT_LIMIT:])}
        if leg.run is None:
            return {"run": None, "text": "", "left_out": 0}
        path = self._effects.project.state.run(leg.run) / "prompt.md"
        data, size = await self._effects.pool.short(_beginning_of, path)
        return {"run": leg.run, "text": KNOWN.text(data.decode("utf-8", "replace")), "left_out": size - len(data)}

    async def _workplace(self, workstream: str) -> Any:
        """Say how a human gets to where the agent of a workstream works; see `attached.ways_in`."""
        leg, snapshot = self._leg(workstream), self._effects.engine.snapshot
        return attached.ways_in(self._effects.project, snapshot, leg.workstream)

    async def _processes(self, workstream: str) -> Any:
        """Give the processes of a workstream's run as they are just now; none where nothing of it runs."""
        leg = self._leg(workstream)
        if leg.run is None:
            return {"run": None, "at": 0.0, "processes": []}
        folder = self._effects.project.state.run(leg.run)
        try:
            found = await self._effects.pool.short(processes.of_run, folder)
        except CockpitError:  # its folder is not there yet
            found = ()
        told = [[one.pid, one.depth, one.name, one.cpu_s, one.memory] for one in found]
        return {"run": leg.run, "at": time.monotonic(), "processes": told}

    async def _records(self) -> Any:
        """Give the figures of this plan by profile and by role, and of its profiles over all plans."""
        snapshot, known = self._effects.engine.snapshot, self._effects.engine.readings.records
        here = records.run_records(snapshot)
        found = {
            "profiles": records.by(here, lambda one: one.name),
            "roles": records.by([one for one in here if one.role], lambda one: one.role),
            "everywhere": {one.name: known[one.digest] for one in snapshot.outline.profiles if one.digest in known},
        }
        return {part: {name: records.shape(one) for name, one in some.items()} for part, some in found.items()}

    async def _commands(self) -> Any:
        loaded = self._plans.on_disk
        return {"commands": [list(one) for one in trust.commands(loaded.plan)], "digest": trust.digest(loaded)}

    async def _ignored(self, workstreams: list[str]) -> Any:
        """Say what goes with the worktrees of workstreams at their clean-up without being kept."""
        known = self._effects.engine.snapshot.workstreams
        paths = [Path(known[one].worktree) for one in workstreams if one in known and known[one].worktree]
        exclude = self._effects.project.setup_files
        found = [await self._effects.pool.idle(ignored.count, path, exclude) for path in paths if path.is_dir()]
        return {"files": sum(one.files for one in found), "bytes": sum(one.bytes for one in found)}


def _end_of(path: str) -> str:
    """Return the end of what a gate printed; empty where it printed nothing, or its log is gone."""
    if not path:
        return ""
    try:
        with Path(path).open("rb") as log:
            log.seek(max(0, log.seek(0, 2) - GATE_LIMIT))
            return log.read(GATE_LIMIT).decode("utf-8", "replace")
    except OSError:
        return ""


def _beginning_of(path: Path) -> tuple[bytes, int]:
    """Return the beginning of a prompt, and how many bytes it has. Raises CockpitError where it is not there."""
    try:
        with path.open("rb") as prompt:
            return prompt.read(PROMPT_LIMIT), path.stat().st_size
    except OSError as error:
        raise CockpitError(f"the prompt of this run cannot be read: {error.strerror}") from error
