"""Answers what clients ask a driver: outputs, diffs, prompts, timelines; reads only, and never more than was asked."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cockpit.agents import runs
from cockpit.engine.effects import Effects
from cockpit.errors import CockpitError
from cockpit.plan import trust
from cockpit.process import TRACE
from cockpit.schedule.facts import to_json
from cockpit.schedule.snapshot import Leg

DIFF_LIMIT = 2_000_000
OUTPUT_LIMIT = 262_144


class Questions:
    """The questions that a driver answers."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        self._known: dict[str, Callable[..., Awaitable[Any]]] = {
            "output": self._output,
            "diff": self._diff,
            "prompt": self._prompt,
            "timeline": self._timeline,
            "commands": self._commands,
            "trace": self._trace,
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
        snapshot = self._effects.engine.snapshot
        if workstream not in snapshot.workstreams:
            raise CockpitError(f"there is no workstream {workstream} in this plan")
        leg = snapshot.leg_under_way(workstream)
        if leg.run is None:
            begun = [one for one in snapshot.legs_of(workstream) if one.run]
            return begun[-1] if begun else leg
        return leg

    async def _output(self, workstream: str, offset: int | None = None, limit: int = 65536) -> Any:
        leg = self._leg(workstream)
        if leg.run is None:
            return {"run": None, "data": "", "start": 0, "next": 0, "lost": 0}
        folder = self._effects.project.state.run(leg.run)
        chunk = await self._effects.pool.short(_read, folder, offset, min(limit, OUTPUT_LIMIT))
        text = chunk.data.decode("utf-8", "replace")
        return {"run": leg.run, "data": text, "start": chunk.offset, "next": chunk.next, "lost": chunk.lost}

    async def _diff(self, workstream: str) -> Any:
        self._leg(workstream)
        worktree = self._effects.engine.snapshot.workstreams[workstream].worktree
        if not worktree:
            return {"text": ""}
        git = self._effects.repo.git
        base = f"refs/heads/{self._effects.base}"
        start = await self._effects.pool.short(git, "merge-base", base, "HEAD", cwd=Path(worktree), accept=(0, 1))
        args = ["diff", "--no-ext-diff", "--no-color", start.decode().strip() or base, "--"]
        text = await self._effects.pool.short(git, *args, cwd=Path(worktree))
        return {"text": text[:DIFF_LIMIT].decode("utf-8", "replace")}

    async def _prompt(self, workstream: str) -> Any:
        leg = self._leg(workstream)
        path = self._effects.project.state.run(leg.run or "none") / "prompt.md"
        try:
            return {"text": await self._effects.pool.short(path.read_text, "utf-8", "replace")}
        except FileNotFoundError:
            return {"text": ""}

    async def _timeline(self, workstream: str) -> Any:
        legs = {leg.key for leg in self._effects.engine.snapshot.legs_of(self._leg(workstream).workstream)}
        found = [
            {"seq": one.seq, "at": one.at, "kind": type(one.fact).__name__, **to_json(one.fact)}
            for one in self._effects.engine.journal.read()
            if getattr(one.fact, "leg", None) in legs
            or getattr(one.fact, "workstream", None) == workstream
            or workstream in getattr(one.fact, "targets", ())
        ]
        return {"facts": found}

    async def _commands(self) -> Any:
        return {"commands": [list(one) for one in trust.commands(self._effects.project.loaded.plan)]}

    async def _trace(self) -> Any:
        return {"commands": [asdict(one) for one in TRACE.entries()]}


def _read(folder: Path, offset: int | None, limit: int) -> runs.Chunk:
    if offset is not None:
        return runs.read_output(folder, offset, limit)
    try:
        size = runs.look(folder).output_bytes
    except CockpitError:
        return runs.Chunk(b"", 0, 0, 0)
    data = runs.tail(folder, "stdout.log", limit)
    chunk = runs.read_output(folder, max(0, size), 0)
    return runs.Chunk(data, max(0, chunk.next - len(data)), chunk.next, 0)
