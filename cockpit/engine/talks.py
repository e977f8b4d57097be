"""Answers what agents ask a driver about what is said to them, and about each other's files; it records nothing."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cockpit.engine.effects import Effects
from cockpit.errors import CockpitError
from cockpit.git.status import changed_files
from cockpit.globs import matcher
from cockpit.schedule import facts as f
from cockpit.schedule.matching import plain
from cockpit.schedule.snapshot import Leg
from cockpit.schedule.states import UNBEGUN

_CLOSING = (f.QuestionAnswered, f.RunEnded)
_SAYING = (f.AgentTold, f.RunEnded)


class Talks:
    """The questions of agents that one driver answers."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        self._engine = effects.engine
        self._waiting: Counter[str] = Counter()
        self._hearing = 0
        self._engine.waiting_runs = self.waiting_runs

    def waiting_runs(self) -> frozenset[str]:
        """Return the runs from which somebody waits here for an answer."""
        return frozenset(run for run, number in self._waiting.items() if number > 0)

    @property
    def listeners(self) -> int:
        """How many wait here for an answer, or for what the operator says: clients that look on at nothing."""
        return self._waiting.total() + self._hearing

    async def answer(self, key: str, wait_s: float = 0.0) -> Any:
        """Give what became of a question, as soon as it is closed or so many seconds have passed."""
        closed = asyncio.Event()

        def heard(recorded: tuple[f.Recorded, ...], _: Mapping[str, Any]) -> None:
            if any(isinstance(one.fact, _CLOSING) for one in recorded):
                closed.set()

        asked = self._engine.snapshot.questions.get(key)
        waiter = asked.run if asked is not None and asked.open and wait_s > 0 else None
        end = self._engine.watch_facts(heard)
        self._count(waiter, +1)
        try:
            async with asyncio.timeout(max(0.0, wait_s)):
                while self._shown(key)["open"]:
                    await closed.wait()
                    closed.clear()
        except TimeoutError:
            pass  # it is open still, and that is the answer
        finally:
            end()
            self._count(waiter, -1)
        return self._shown(key)

    async def hear(self, run: str, known: list[str], wait_s: float = 0.0) -> Any:
        """Give what the operator told the agent of a run, but what it knows; at once, or as soon as there is something.

        `over`: the run has ended, and will hear nothing more.
        """
        news = asyncio.Event()

        def told(recorded: tuple[f.Recorded, ...], _: Mapping[str, Any]) -> None:
            if any(isinstance(one.fact, _SAYING) for one in recorded):
                news.set()

        end = self._engine.watch_facts(told)
        self._hearing += 1
        self._engine.wake()
        try:
            async with asyncio.timeout(max(0.0, wait_s)):
                while not any((found := self._said(run, known)).values()):
                    await news.wait()
                    news.clear()
        except TimeoutError:
            found = self._said(run, known)
        finally:
            end()
            self._hearing -= 1
            self._engine.wake()
        return found

    def _said(self, run: str, known: list[str]) -> dict[str, Any]:
        snapshot = self._engine.written
        ran = snapshot.runs.get(run)
        if ran is None:
            raise CockpitError(f"there is no run {run}")
        unread = snapshot.unread(snapshot.legs[ran.leg].workstream)
        new = [one for one in unread if not one.sender and one.id not in known]
        return {
            "messages": [{"id": one.id, "text": one.text, "by": one.by} for one in new],
            "over": ran.ended is not None,
        }

    def _count(self, run: str | None, by: int) -> None:
        if run is not None:
            self._waiting[run] += by
            self._engine.wake()

    async def asked(self, run: str, text: str, answered: bool = True) -> Any:
        """Give the id of a question that a run put in these words before, and that is open (or `answered`)."""
        asked = [one for one in self._engine.snapshot.questions.values() if one.run == run]
        same = [one for one in asked if plain(one.text) == plain(text) and (one.open or (answered and one.answer))]
        return {"id": same[-1].id if same else ""}

    def _shown(self, key: str) -> dict[str, Any]:
        asked = self._engine.written.questions.get(key)
        if asked is None:
            raise CockpitError(f"there is no question {key}")
        return {"id": key, "open": asked.open, "answer": asked.answer, "by": asked.answered_by, "how": asked.how}

    async def inbox(self, workstream: str, everything: bool = False) -> Any:
        """Give the messages for a workstream: those that it has not read, or all that are kept."""
        found = self._engine.snapshot.messages.get(workstream, ())
        return {
            "messages": [
                {
                    "id": one.id,
                    "from": one.sender or "the operator",
                    "text": one.text,
                    "at": one.at,
                    "read": bool(one.read),
                }
                for one in found
                if everything or not one.read
            ]
        }

    async def shared(self, path: str, workstream: str = "") -> Any:
        """Say which other workstreams have changed a file in their worktrees, and whether it is one of all's."""
        edited_by: list[dict[str, str]] = []
        for leg in self._begun(workstream):
            worktree = Path(self._engine.snapshot.workstreams[leg.workstream].worktree)
            if await self._effects.pool.short(self._changes, leg, worktree, path):
                edited_by.append({"workstream": leg.workstream, "state": leg.state.value, "agent": leg.slot or ""})
        patterns = self._effects.project.loaded.plan.shared_files
        return {"path": path, "shared": bool(patterns) and matcher(patterns)(path), "edited_by": edited_by}

    def _begun(self, but: str) -> list[Leg]:
        """Return the legs of other workstreams whose worktrees may hold work that is not on base."""
        snapshot = self._engine.snapshot
        found = [snapshot.legs[key] for key in sorted(snapshot.active)]
        return [
            leg
            for leg in found
            if leg.workstream != but
            and leg.state not in UNBEGUN
            and leg.base
            and snapshot.workstreams[leg.workstream].worktree
        ]

    def _changes(self, leg: Leg, worktree: Path, path: str) -> bool:
        if not (worktree / ".git").exists():
            return False
        return any(one.path == path for one in changed_files(worktree, leg.base, self._effects.project.setup_files))
