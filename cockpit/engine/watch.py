"""Follows the plan file, the git folder, outputs and hot worktrees by file events, and keeps the readings fresh.

Events are hints, never truth: a slow sweep looks again at what runs.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from typing import Any

from cockpit.agents import runs
from cockpit.agents.streams.events import Parser
from cockpit.agents.streams.limits import Limit, wakes_at
from cockpit.engine.effects import Effects
from cockpit.engine.folders import folders_of, newest_change
from cockpit.engine.following import REPORT_EVERY_S, Following, usage
from cockpit.engine.verdicts import LIMITED, STALLED
from cockpit.errors import CockpitError
from cockpit.git import integrate
from cockpit.git.status import read, survey
from cockpit.schedule import facts as f
from cockpit.schedule.readings import RunReading, WorktreeReading
from cockpit.schedule.snapshot import Leg, Run
from cockpit.schedule.states import State

SWEEP_S = 5.0
UNEXPLAINED_S = 20.0  # between two tries of a merge that waits for nobody knows what
HOT_AFTER_S = 1.0
REBUILD_S = 1.0
LIMITED_CALLS = 4
LIMITED_S = 60.0
"""How often and for how long an agent may call its model against a limit, before its run is ended."""
_MOVES_BRANCH = (f.WorktreeMade, f.WorkCommitted, f.LegRebased, f.LegReset, f.LegReverted)


class Watch:
    """Keeps the readings of one engine fresh; `on_plan` is called when the plan file changed."""

    def __init__(self, effects: Effects, plan: Path, on_plan: Callable[[], Awaitable[None]]) -> None:
        self._effects = effects
        self._engine = effects.engine
        self._plan = plan
        self._on_plan = on_plan
        self._dirty: set[str] = set()
        self._dirty_runs: set[str] = set()
        self._folders: dict[str, frozenset[str]] = {}
        self._work = asyncio.Event()
        self._paths: frozenset[str] = frozenset()
        self._ended: set[str] = set()
        self._followed: dict[str, Following] = {}
        self._reported: dict[str, float] = {}
        self._stops: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Watch until cancelled."""
        self._paths = frozenset()
        end = self._engine.watch_facts(self._heard)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_watching(group))
                group.create_task(self._keep_reading())
                group.create_task(self._keep_sweeping())
                group.create_task(self._effects.terminals.run())
        finally:
            end()

    def _heard(self, recorded: tuple[f.Recorded, ...], _readings: Mapping[str, Any]) -> None:
        """Look again at worktrees whose branch cockpit itself moved: no folder that is watched tells of it."""
        legs = {one.fact.leg for one in recorded if isinstance(one.fact, _MOVES_BRANCH)}
        if moved := {leg.workstream for leg in map(self._engine.snapshot.legs.get, legs) if leg is not None}:
            self._dirty |= moved
            self._work.set()

    def look_at_everything(self) -> None:
        """Read everything again soon: somebody began to look."""
        self._dirty |= {one.id for one in self._engine.snapshot.workstreams.values() if one.worktree}
        self._dirty_runs |= {leg.run for leg in self._running() if leg.run}
        self._work.set()

    def _running(self) -> list[Leg]:
        return self._engine.snapshot.legs_in(State.RUNNING)

    def _taken_over(self) -> set[str]:
        """Return the workstreams in whose worktrees a human works."""
        active = map(self._engine.snapshot.legs.__getitem__, self._engine.snapshot.active)
        return {leg.workstream for leg in active if leg.taken_over}

    # --- events ---------------------------------------------------------------------------------------------------

    async def _keep_watching(self, group: asyncio.TaskGroup) -> None:
        """Watch a set of folders that follows what runs; for a moment old and new watcher overlap, to miss nothing."""
        old: tuple[asyncio.Task[None], asyncio.Event] | None = None
        while True:
            before = self._folders.keys() | set()
            wanted = await self._wanted()
            fresh = old
            if wanted != self._paths or old is None or old[0].done():
                stop = asyncio.Event()
                fresh = (group.create_task(self._watch(wanted, stop)), stop)
                self._paths = wanted
            await asyncio.sleep(REBUILD_S)
            self._effects.monitor.sweep(*(self._folders.keys() - before))  # what came before anything watched
            if old is None:
                await self._effects.moved_back.look()
            elif fresh is not old:
                old[1].set()
            old = fresh

    async def _wanted(self) -> frozenset[str]:
        common = self._effects.repo.common_dir
        base_ref = common / "refs" / "heads" / self._effects.base
        wanted = {str(self._plan.parent), str(common), str(base_ref.parent)}
        now = self._engine.clock.now()
        hot: set[str] = set()
        for leg in self._running():
            wanted.add(str(self._effects.project.state.run(leg.run or "")))
            if now - leg.since >= HOT_AFTER_S:
                hot.add(leg.workstream)
        if taken := self._taken_over():
            wanted.add(str(self._effects.terminals.folder))
            hot.update(taken)
        for gone in self._folders.keys() - hot:
            del self._folders[gone]
        for workstream in hot - self._folders.keys():
            worktree = self._engine.snapshot.workstreams[workstream].worktree
            self._folders[workstream] = await self._effects.pool.idle(folders_of, worktree)
        return frozenset(wanted.union(*self._folders.values()))

    async def _watch(self, paths: frozenset[str], stop: asyncio.Event) -> None:
        from watchfiles import awatch

        there = [path for path in paths if await self._effects.pool.idle(os.path.isdir, path)]
        try:
            # The filter that comes by default leaves out all that lies in a `.git`.
            async for changes in awatch(
                *there,
                watch_filter=None,
                recursive=False,
                stop_event=stop,
                debounce=200,
                step=20,
                ignore_permission_denied=False,
            ):
                await self._changed(path for _, path in changes)
        except OSError as error:
            # The limit of watches, or a folder that vanished: the sweep goes on, and says so.
            self._engine.read(notes={"watching": f"file events are lost, falling back to sweeps: {error}"})
            await asyncio.sleep(SWEEP_S)

    async def _changed(self, paths: Iterable[str]) -> None:
        common, state = f"{self._effects.repo.common_dir}/", f"{self._effects.project.state.path / 'runs'}/"
        terminals = f"{self._effects.terminals.folder}/"
        worktrees = {one.worktree: one.id for one in self._engine.snapshot.workstreams.values() if one.worktree}
        git_moved = False
        for path in paths:
            if path.endswith(".lock"):
                continue
            if path == str(self._plan):
                await self._on_plan()
            elif path.startswith(state):
                self._dirty_runs |= {leg.run for leg in self._running() if leg.run and f"/{leg.run}/" in path}
            elif path.startswith(terminals):
                self._effects.terminals.look_soon()
            elif path.startswith(common):
                git_moved = True
            else:
                self._edited(path, worktrees)
        if git_moved:
            await self._git_moved()
        self._work.set()

    def _edited(self, path: str, worktrees: dict[str, str]) -> None:
        for top, workstream in worktrees.items():
            if path.startswith(f"{top}/"):
                self._dirty.add(workstream)
                self._effects.monitor.touch(workstream)
                self._effects.seen_change[workstream] = self._engine.clock.now()
                if path not in self._folders.get(workstream, ()) and Path(path).is_dir():
                    self._folders.pop(workstream, None)
                return

    async def _git_moved(self) -> None:
        """Look at all worktrees again, and at what waits for the operator's checkout."""
        self._dirty |= {one.id for one in self._engine.snapshot.workstreams.values() if one.worktree}
        await self._effects.moved_back.look()
        await self._try_deferred(moved=True)

    async def _try_deferred(self, *, moved: bool = False) -> None:
        """Queue merges again that had to wait for something of the operator's which is out of the way by now.

        Where nobody can tell what it was, a change in the git folder (`moved`) is a reason to try, though not at once:
        the try itself changes something there.
        """
        for leg in (leg for leg in self._engine.snapshot.legs_in(State.QUEUED) if leg.retry_at):
            if leg.paths:
                free = await self._effects.pool.short(self._free, leg.paths)
            elif integrate.is_obstacle(leg.reason):
                free = not await self._effects.pool.short(integrate.obstacle, self._effects.repo, self._effects.base)
            else:
                free = moved and self._engine.clock.now() - leg.since >= UNEXPLAINED_S
            now = self._engine.snapshot.legs[leg.key]
            if free and now.state is State.QUEUED and now.retry_at:
                self._engine.record(f.MergeQueued(leg.key))

    def _free(self, paths: tuple[str, ...]) -> bool:
        """Tell whether none of the paths that were in the way of a merge is edited or untracked any more."""
        checkout = self._effects.repo.checkout_of(self._effects.base)
        if checkout is None:
            return True
        state = read(checkout, ignored=True)
        names = {*(entry.path for entry in state.entries), *state.ignored}
        folders = tuple(name for name in names if name.endswith("/"))  # of an untracked folder, git names no files
        return not any(
            path in names or (path.startswith(folders) and os.path.lexists(checkout / path)) for path in paths
        )

    # --- readings -------------------------------------------------------------------------------------------------

    async def _keep_reading(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            runs_, self._dirty_runs = self._dirty_runs, set()
            await asyncio.gather(*(self._read_run(run) for run in runs_))
            if not self._engine.followed:
                continue
            worktrees, self._dirty = self._dirty, set()
            tip = await self._effects.pool.idle(self._effects.repo.tip, self._effects.base)
            self._engine.read(base_commit=tip or "")
            await asyncio.gather(*(self._survey(workstream) for workstream in worktrees))
            await asyncio.sleep(0.2)

    async def _survey(self, workstream: str) -> None:
        one = self._engine.snapshot.workstreams.get(workstream)
        if one is None or not one.worktree:
            return
        base, exclude = self._effects.base, self._effects.project.setup_files
        try:
            seen = await self._effects.pool.idle(survey, Path(one.worktree), base, exclude)
        except CockpitError as error:
            self._engine.read(notes={workstream: error.what})
            return
        changed = self._effects.seen_change.get(workstream, 0.0)
        reading = WorktreeReading(
            seen.files, seen.added, seen.removed, seen.untracked, seen.ahead, seen.behind, seen.head or "", changed
        )
        self._engine.read(worktrees={workstream: reading}, notes={workstream: None})

    async def _read_run(self, run: str) -> None:
        snapshot = self._engine.snapshot
        one = snapshot.runs.get(run)
        if one is None or one.ended is not None:
            return
        folder = self._effects.project.state.run(run)
        try:
            look, parser = await self._effects.pool.idle(self._look, folder, run)
        except CockpitError:
            return  # its folder is gone: the run's own watch says how it ended
        leg = snapshot.legs[one.leg]
        self._report(leg, one, parser)
        worktree = snapshot.workstreams[leg.workstream].worktree
        touched = max(
            look.output_at or 0.0, self._effects.seen_change.get(leg.workstream, 0.0), one.started or one.taken
        )
        now, limit = self._engine.clock.now(), snapshot.outline.stall_s
        # While it asks it waits for the operator, not for its model.
        asked = [now if one.open else one.ended for one in snapshot.questions.values() if one.run == run]
        touched = max(touched, *asked, 0.0)
        stalled = touched if now - touched >= limit else None
        reading = RunReading(
            output_at=look.output_at or 0.0,
            output_bytes=look.output_bytes,
            heartbeat_at=look.heartbeat or 0.0,
            activity=parser.activity.replace(f"{worktree}/", ""),
            stalled_since=stalled,
            source="asserted" if look.supervisor_alive else "unknown",
        )
        self._engine.read(runs={run: reading})
        if run in self._ended:
            return
        if parser.waits is not None and _sleeps(parser.waits, parser.fruitless, now, now - touched):
            self._begin_to_end(run, self._end(run, leg, folder, f"{LIMITED}{parser.waits.text}"))
        elif parser.fruitless >= parser.patience:
            why = f"{STALLED}its model brought nothing {parser.fruitless} times"
            self._begin_to_end(run, self._end(run, leg, folder, why))
        elif now - touched >= 2 * limit:
            self._begin_to_end(run, self._end_stalled(run, leg, folder, now - touched))

    def _begin_to_end(self, run: str, ending: Coroutine[Any, Any, None]) -> None:
        self._ended.add(run)
        self._stops.add(task := asyncio.create_task(ending))
        task.add_done_callback(self._stops.discard)

    def _report(self, leg: Leg, run: Run, parser: Parser) -> None:
        """Record what a run used so far, now and then: every such fact is written."""
        now = self._engine.clock.now()
        if now - self._reported.get(run.id, run.started or run.taken) < REPORT_EVERY_S:
            return
        self._reported[run.id] = now
        if self._engine.snapshot.runs[run.id].ended is not None:
            return
        profile = self._effects.project.loaded.plan.agents.get(run.slot.rpartition("#")[0])
        if used := usage(self._engine.snapshot, leg.key, run.id, parser, profile):
            self._engine.record(used)

    async def _end_stalled(self, run: str, leg: Leg, folder: Path, seconds: float) -> None:
        """End a run that gives no sign, unless its worktree does: events can be lost, what lies there can't."""
        worktree = self._engine.snapshot.workstreams[leg.workstream].worktree
        newest = await self._effects.pool.idle(newest_change, worktree)
        if self._engine.clock.now() - newest < self._engine.snapshot.outline.stall_s:
            self._effects.seen_change[leg.workstream] = newest
            self._ended.discard(run)
            return
        await self._end(run, leg, folder, f"{STALLED}no output and no file change for {int(seconds)} s")

    async def _end(self, run: str, leg: Leg, folder: Path, reason: str) -> None:
        try:
            await self._effects.pool.ending(runs.stop, folder, reason)
        except CockpitError as error:
            self._engine.read(notes={leg.workstream: f"the stalled run cannot be ended: {error.what}"})
            self._ended.discard(run)

    def _look(self, folder: Path, run: str) -> tuple[runs.RunLook, Parser]:
        look = runs.look(folder)
        if run not in self._followed:
            self._followed[run] = Following(folder)
        return look, self._followed[run].read()

    async def _keep_sweeping(self) -> None:
        last = time.monotonic()
        plan = None
        while True:
            await asyncio.sleep(SWEEP_S)
            if (now := await self._effects.pool.idle(_stamp, self._plan)) != plan:
                plan = now
                await self._on_plan()  # its event may have come before anything watched
            await self._try_deferred()  # no event tells that an untracked file went
            self._effects.terminals.look_soon()
            running = self._running()
            self._dirty_runs |= {leg.run for leg in running if leg.run}
            for over in self._followed.keys() - {leg.run for leg in running}:
                del self._followed[over]
                self._reported.pop(over, None)
            if self._engine.followed:
                self._dirty |= {leg.workstream for leg in running} | self._taken_over()
            if time.monotonic() - last > 3 * SWEEP_S:
                self.look_at_everything()  # the machine slept
            last = time.monotonic()
            if self._dirty_runs or self._dirty:
                self._work.set()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what differs when a file was replaced or written; None where it is not there."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _sleeps(limit: Limit, calls: int, now: float, silent_s: float) -> bool:
    """Tell whether an agent had better not wait for the end of a limit by itself: its profile can sleep instead."""
    wake = wakes_at(limit, now)
    return calls >= LIMITED_CALLS or silent_s >= LIMITED_S or (wake is not None and wake - now >= LIMITED_S)
