"""Predicts conflicts while agents still work, uncommitted edits included, at low priority; it touches no worktree."""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path

from cockpit.engine.effects import Effects
from cockpit.errors import CockpitError
from cockpit.git.conflicts import Look, Prediction, Predictor
from cockpit.git.status import changed_files
from cockpit.globs import matcher
from cockpit.schedule.readings import ConflictReading
from cockpit.schedule.snapshot import Leg
from cockpit.schedule.states import State

EVERY_S = 4.0
REST = 4
PATHS = 20


def between(found: Prediction, workstream: str) -> dict[str, tuple[str, ...]]:
    """Return what a workstream conflicts in with which others, less what it is base that one of the two conflicts with.

    A branch that holds the newest base brings base's side of a file into the pair, without having touched it.
    """
    own = set(found.base.get(workstream, ()))
    others: dict[str, tuple[str, ...]] = {}
    for other, paths in found.conflicts_of(workstream).items():
        by_base = own ^ set(found.base.get(other, ()))
        if left := tuple(path for path in paths if path not in by_base):
            others[other] = left
    return others


class Predictions:
    """Looks at the live worktrees of one plan again and again, and keeps the readings of their conflicts fresh."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        self._engine = effects.engine
        self._looks: dict[str, Look] = {}

    async def run(self) -> None:
        """Predict until cancelled, while somebody looks on or merges are near."""
        predictor = Predictor(self._effects.repo, self._effects.base)
        try:
            while True:
                loop = asyncio.get_running_loop()
                began = loop.time()
                if self._engine.followed:
                    await self._look(predictor)
                await asyncio.sleep(max(EVERY_S, REST * (loop.time() - began)))
        finally:
            predictor.close()

    async def _look(self, predictor: Predictor) -> None:
        live = {leg.workstream: leg for leg in self._live()}
        predictor.base = self._effects.base
        looks: dict[str, Look] = {}
        shared: dict[str, list[str]] = {}
        for workstream, leg in sorted(live.items()):
            worktree = Path(self._engine.snapshot.workstreams[workstream].worktree)
            try:
                look = await self._effects.pool.idle(
                    predictor.look, worktree, self._effects.project.setup_files, self._looks.get(workstream)
                )
                looks[workstream] = look
                for path in await self._effects.pool.idle(self._shared_of, leg, worktree):
                    shared.setdefault(path, []).append(workstream)
            except CockpitError as error:
                self._engine.read(notes={workstream: f"its conflicts cannot be predicted: {error.what}"})
        self._looks = looks
        try:
            found = await self._effects.pool.idle(predictor.update, looks)
        except CockpitError as error:
            self._engine.read(notes={"prediction": error.what})
            return
        self._tell(found, looks, shared)

    def _live(self) -> Iterable[Leg]:
        """Return the legs whose worktrees hold work that is not on base yet."""
        snapshot = self._engine.snapshot
        for key in sorted(snapshot.active):
            leg = snapshot.legs[key]
            if leg.state in (State.READY, State.PREPARING) or not snapshot.workstreams[leg.workstream].worktree:
                continue
            yield leg

    def _shared_of(self, leg: Leg, worktree: Path) -> tuple[str, ...]:
        """Return the shared files that a leg has changed."""
        patterns = self._effects.project.loaded.plan.shared_files
        if not patterns or not leg.base:
            return ()
        changes = changed_files(worktree, leg.base, self._effects.project.setup_files)
        is_shared = matcher(patterns)
        return tuple(one.path for one in changes if is_shared(one.path))

    def _tell(self, found: Prediction, looks: Mapping[str, Look], shared: Mapping[str, list[str]]) -> None:
        now = self._engine.readings
        conflicts: dict[str, ConflictReading | None] = dict.fromkeys(now.conflicts)
        for workstream in looks:
            others = {name: paths[:PATHS] for name, paths in between(found, workstream).items()}
            reading = ConflictReading(found.base.get(workstream, ())[:PATHS], others)
            conflicts[workstream] = reading if reading.base or others else None
        edited: dict[str, tuple[str, ...] | None] = dict.fromkeys(now.shared)
        edited |= {path: tuple(workstreams) for path, workstreams in shared.items() if len(workstreams) > 1}
        self._engine.read(conflicts=conflicts, shared=edited, notes={"prediction": None})
