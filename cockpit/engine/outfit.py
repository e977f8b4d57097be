"""Makes a leg's worktree ready for a run: made or moved on, as wide as it must be, filled, set up; it removes nothing.

What is not done twice is noted in git's metadata of the worktree, so that a set-up that failed or was killed is
done again by the next run.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.engine import merges, setup
from cockpit.engine.catching_up import catch_up
from cockpit.engine.project import Project
from cockpit.errors import CockpitError, GitError
from cockpit.git import integrate, largefiles, places, sparse, submodules, worktrees
from cockpit.git.repo import Repo
from cockpit.git.status import changed_files
from cockpit.plan.model import Plan, Workstream
from cockpit.plan.values import Command
from cockpit.schedule import facts as f
from cockpit.schedule.readings import RunReading
from cockpit.schedule.snapshot import Leg
from cockpit.schedule.snapshot import Workstream as Known
from cockpit.store.paths import folder_name

if TYPE_CHECKING:
    from cockpit.engine.effects import Effects

TOLD_EVERY_S = 1.0
NAMED = 20
_PATH = re.compile(r"(\./)?[\w][\w.+-]*(/[\w.+-]+)+")  # a word of a command that may name a file below the top


@dataclass(frozen=True, slots=True)
class Outfit:
    """What a run finds: the paths in which its branch conflicts with base, and what else it should know.

    `lacks` is what of that the operator is told too, `came_from` the commit that its branch left base at before it was
    brought on to base as it is now.
    """

    conflicts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    lacks: str = ""
    came_from: str = ""


async def make_ready(effects: "Effects", leg: Leg, workstream: Workstream, run: str) -> Outfit:
    """Make the worktree of a leg ready, and tell what a run finds in it. Raises CockpitError."""
    with _progress(effects, run) as progress:
        path, came_from = await _make(effects, leg, workstream, progress)
        leg = effects.engine.snapshot.legs[leg.key]
        progress.tell("filling the worktree")
        found = await effects.pool.git(_fill, effects, leg, workstream, path)
        effects.engine.read(notes={merges.noted(leg.workstream): found.lacks or None})
        if not await effects.pool.short(worktrees.is_set_up, path):
            output = effects.project.state.gates(leg.run or leg.key) / "setup.log"
            port = await effects.pool.short(effects.running.port, run)
            env = {**effects.gate_environment(workstream, path), "COCKPIT_PORT": str(port)}
            with effects.cancellable(leg.key) as cancelled:
                await effects.pool.long(setup.set_up, effects.project, path, output, env, cancelled, progress.tell)
            await effects.pool.short(worktrees.mark_set_up, path)
    return replace(found, came_from=came_from)


def scope(project: Project, workstream: Workstream) -> tuple[str, ...] | None:
    """Return the globs that a sparse workstream's worktree is kept to; None where it holds everything.

    Raises GitError.
    """
    if not workstream.sparse or not workstream.files:
        return None  # without `files` it may write anywhere
    plan = project.loaded.plan
    return (*workstream.files, *plan.shared_files, *named_in(project.repo, project.base, commands(plan)))


def named_in(repo: Repo, rev: str, lines: Iterable[Command]) -> tuple[str, ...]:
    """Return the files and folders of a commit, below its top, that commands name. Raises GitError."""
    words = [word for line in lines for word in (line.split() if isinstance(line, str) else line)]
    named = {os.path.normpath(word) for word in words if _PATH.fullmatch(word)}
    wanted = sorted(path for path in named if not path.startswith(".."))  # git refuses what is outside
    if not wanted:
        return ()
    listed = repo.git("ls-tree", "-z", "--name-only", "--full-tree", rev, "--", *wanted)
    return tuple(os.fsdecode(raw) for raw in listed.split(b"\0") if raw)


def commands(plan: Plan) -> list[Command]:
    """Return what a plan runs in the worktrees of its workstreams."""
    agents = [one.run for one in plan.agents.values() if one.run is not None]
    gates = [one.run for one in plan.gates if one.run is not None]
    return [*agents, *plan.setup.run, *gates]


def widen(effects: "Effects", worktree: Path, workstream: Workstream, paths: tuple[str, ...]) -> None:
    """Check out what a worktree lacks of these paths and of its workstream's scope. Raises GitError."""
    wanted = scope(effects.project, workstream)
    if wanted is None:
        sparse.make_whole(effects.repo, worktree)
    else:
        sparse.widen(effects.repo, worktree, paths, wanted)


def make_whole(effects: "Effects", worktree: Path) -> None:
    """Check out all of a sparse worktree, its submodules and large files too. Raises GitError."""
    sparse.make_whole(effects.repo, worktree)
    submodules.initialise_submodules(effects.repo, worktree)
    largefiles.fill_large_files(effects.repo, worktree)


async def _make(effects: "Effects", leg: Leg, workstream: Workstream, progress: "_Progress") -> tuple[Path, str]:
    engine, repo = effects.engine, effects.repo
    known = engine.snapshot.workstreams[leg.workstream]
    fresh = not known.worktree or not await effects.pool.short(Path(known.worktree).exists)
    base = await effects.pool.short(repo.tip, effects.base)
    if base is None:
        raise CockpitError(f"the branch {effects.base} is gone", hint="make it again, or name another `base`")
    progress.tell("making the worktree")
    made = await add_worktree(effects, workstream, base)
    path = made.path
    if not fresh:  # nothing runs there now: a lock is what a git that was killed with its run left behind
        await effects.pool.short(worktrees.drop_stale_locks, repo, path)
    head = made.head or base
    if not fresh and not leg.base:
        merged = await effects.pool.short(merges.delivered, effects, leg.workstream)
        await effects.pool.git(
            worktrees.advance,
            repo,
            path,
            base,
            plan=effects.project.loaded.name,
            workstream=leg.workstream,
            at=engine.clock.now(),
            exclude=effects.project.setup_files,
            merged=merged,
        )
        head = base
    if fresh or not leg.base:
        start = base
        if head != base:
            start = (await effects.pool.short(repo.git, "merge-base", base, head)).decode().strip()
        engine.record(f.WorktreeMade(leg.key, str(path), known.outline.branch, start))
        return path, ""
    return path, await catch_up(effects, leg, path, head, base)


async def add_worktree(effects: "Effects", workstream: Workstream, start: str) -> worktrees.Worktree:
    """Make the worktree of a workstream, its branch at `start` if it is new, or finish or return the one it has.

    Where the worktree of another plan, or of anybody, is in its place, it is made beside that. Raises CockpitError.
    """
    known = effects.engine.snapshot.workstreams[workstream.id]
    part = await effects.pool.short(scope, effects.project, workstream)
    while True:
        path = await effects.pool.short(_place, effects, known)
        try:
            return await effects.pool.git(
                worktrees.add,
                effects.repo,
                path,
                known.outline.branch,
                start,
                parent=Path(effects.engine.snapshot.outline.worktrees),
                sparse=part,
            )
        except GitError:
            if await effects.pool.short(_place, effects, known) == path:
                raise  # else somebody was faster


def _place(effects: "Effects", known: Known) -> Path:
    if known.worktree:
        return Path(known.worktree)
    wanted, branch = Path(known.outline.worktree), known.outline.branch
    beside = wanted.with_name(f"{wanted.name}@{folder_name(effects.project.loaded.name)}")
    taken = {path: places.admin_of(effects.repo.common_dir, path) for path in (wanted, beside)}
    mine = [path for path, admin in taken.items() if admin is not None and admin.branch == branch]
    there = taken[wanted]
    others = there is not None and there.branch is not None and there.locked != worktrees.INITIALIZING
    return mine[0] if mine else beside if others else wanted


def _fill(effects: "Effects", leg: Leg, workstream: Workstream, path: Path) -> Outfit:
    """Widen a sparse worktree by what was touched outside and by what conflicts, then fill what git leaves empty."""
    conflicts = _conflicts(effects, leg)
    part = sparse.is_sparse(path)
    runs = effects.engine.snapshot.runs.values()
    if part and any(run.leg == leg.key and run.outcome == "failed" for run in runs):  # what is not there may be why
        part = not sparse.make_whole(effects.repo, path)
    elif part:
        changed = changed_files(path, leg.base or "HEAD", effects.project.setup_files)
        widen(effects, path, workstream, (*(one.path for one in changed), *conflicts))
        part = sparse.is_sparse(path)
    left = [one for one in submodules.initialise_submodules(effects.repo, path) if one.left is not None]
    notes = [f"The submodule `{one.path}` is empty: {one.left}." for one in left]
    pointers = largefiles.fill_large_files(effects.repo, path)
    if pointers:
        more = f" and {len(pointers) - NAMED} more" if len(pointers) > NAMED else ""
        named = ", ".join(f"`{one}`" for one in pointers[:NAMED])
        notes.append(f"Only pointers of git LFS are there, not the content, for {named}{more}.")
    lacks = " ".join(notes)
    if part:
        told = (
            "Only a part of the repository is checked out: the folders that you may write in, and the top-level files"
        )
        notes.append(f"{told}. `git sparse-checkout add FOLDER` brings another folder here where you need it.")
    return Outfit(conflicts, tuple(notes), lacks)


def _conflicts(effects: "Effects", leg: Leg) -> tuple[str, ...]:
    """Return the paths in which what earlier runs of a leg left does not merge with base as it is now."""
    tip = effects.repo.tip(effects.base)
    if not leg.commit or tip is None:
        return ()
    built = integrate.build(effects.repo, tip, leg.commit, "merge", "", author=None)
    return built.paths if isinstance(built, integrate.Conflict) else ()


class _Progress:
    """What is being done to a worktree and since when, shown on its row; told by any thread."""

    def __init__(self, effects: "Effects", run: str) -> None:
        self._engine = effects.engine
        self._run = run
        self._loop = asyncio.get_running_loop()
        self._what = ""
        self._since = 0.0
        self.over = False

    def tell(self, what: str) -> None:
        """Say what is begun."""
        self._what, self._since = what, self._engine.clock.now()
        self._loop.call_soon_threadsafe(self.show)

    def show(self) -> None:
        """Show what is being done, and for how long it has been."""
        if self.over:
            return
        seconds = int(self._engine.clock.now() - self._since)
        spent = f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{seconds} s"
        self._engine.read(runs={self._run: RunReading(activity=f"{self._what}, {spent}" if seconds else self._what)})


@contextlib.contextmanager
def _progress(effects: "Effects", run: str) -> Iterator[_Progress]:
    progress = _Progress(effects, run)

    async def tick() -> None:
        while True:
            await asyncio.sleep(TOLD_EVERY_S)
            progress.show()

    ticking = asyncio.create_task(tick())
    try:
        yield progress
    finally:
        ticking.cancel()
        progress.over = True
        effects.engine.read(runs={run: None})
