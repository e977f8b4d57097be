"""Carries out what decide asks for, on the worker pool; every effect ends in facts and touches no state itself."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from threading import Event

from cockpit.agents import environment, runs
from cockpit.engine import checks, hands, merges, resolutions, rollbacks
from cockpit.engine.loop import Engine
from cockpit.engine.monitor import Monitor
from cockpit.engine.moved_back import MovedBack
from cockpit.engine.pool import Pool
from cockpit.engine.project import Project
from cockpit.engine.retired import plans_in_force
from cockpit.engine.running import Running
from cockpit.engine.terminals import Terminals
from cockpit.errors import CockpitError
from cockpit.git.repo import Author, Repo
from cockpit.plan.model import Plan, Workstream
from cockpit.safetext import safe_text
from cockpit.schedule import facts as f
from cockpit.schedule.orders import (
    CheckLeg,
    CleanUp,
    EndRun,
    HandBack,
    Integrate,
    PrepareLeg,
    Resolve,
    Revert,
    TakeOver,
    Todo,
    WatchRun,
)
from cockpit.schedule.snapshot import Leg
from cockpit.schedule.states import State

SPIN_GUARD_S = 2.0


class Effects:
    """The effects of one plan's driver. `project` is replaced when a changed plan comes into force."""

    def __init__(self, engine: Engine, project: Project, pool: Pool, identity: Author) -> None:
        self.engine = engine
        self.project = project
        self.pool = pool
        self.identity = identity
        self.seen_change: dict[str, float] = {}
        self.changed: dict[str, frozenset[str]] = {}  # what commits of this driver changed, by their ids
        self.retired: tuple[Plan, ...] = ()
        self._failed_merges = 0  # in a row, by what no effect foresaw
        self.running = Running(self)
        self.monitor = Monitor(self)
        self.moved_back = MovedBack(self)
        self.terminals = Terminals(self)

    @property
    def repo(self) -> Repo:
        """The repository."""
        return self.project.repo

    @property
    def base(self) -> str:
        """The branch that work is merged into."""
        return self.project.base

    async def __call__(self, todo: Todo) -> None:
        """Carry one thing out. An error that no effect foresaw is shown, and what failed is not tried again at once."""
        try:
            await self._do(todo)
            self.engine.read(notes={self._name(todo): None})
            if isinstance(todo, Integrate):
                self._failed_merges = 0
        except CockpitError as error:
            await self._unforeseen(todo, str(error))
        except Exception as error:  # noqa: BLE001  # the driver must outlive a fault in one effect, and show it
            await self._unforeseen(todo, f"internal error: {type(error).__name__}: {error}")

    async def _do(self, todo: Todo) -> None:
        if isinstance(todo, PrepareLeg):
            await self.running.prepare(todo.leg, todo.run)
        elif isinstance(todo, WatchRun):
            await self.running.watch(todo.leg, todo.run)
        elif isinstance(todo, EndRun):
            await self.running.let_finish(todo.leg, todo.run)
            await self.pool.ending(runs.stop, self.project.state.run(todo.run), "the operator's order")
        elif isinstance(todo, CheckLeg):
            await checks.check_leg(self, todo.leg, todo.run)
        elif isinstance(todo, Integrate):
            await merges.integrate_legs(self, todo.legs)
        elif isinstance(todo, Resolve):
            await resolutions.resolve_step(self, todo.leg, todo.how)
        elif isinstance(todo, Revert):
            await rollbacks.roll_back(self, todo.leg)
        elif isinstance(todo, TakeOver):
            await hands.take_over(self, todo.leg)
        elif isinstance(todo, HandBack):
            await hands.hand_back(self, todo.leg)
        elif isinstance(todo, CleanUp):
            await merges.clean_up(self, todo.workstream)

    @staticmethod
    def _name(todo: Todo) -> str:
        return str(getattr(todo, "leg", type(todo).__name__))

    async def _unforeseen(self, todo: Todo, reason: str) -> None:
        key = getattr(todo, "leg", None)
        leg = self.engine.snapshot.legs.get(key) if key else None
        self.engine.read(notes={self._name(todo): reason})
        if leg is not None and leg.state in (State.PREPARING, State.CHECKING):
            self.fail(leg.key, leg.run or "", "failed", reason)
        elif isinstance(todo, CleanUp):
            self.engine.record(f.CleanUpRefused(todo.workstream, reason))
        elif isinstance(todo, Resolve):
            self.engine.record(f.ResolutionEnded(todo.leg, reason, leg.opened if leg else ""))
        elif isinstance(todo, Revert):
            self.engine.record(f.RollbackEnded(todo.leg, reason))
        elif isinstance(todo, Integrate):
            merging = [key for key in todo.legs if self.engine.snapshot.legs[key].state is State.MERGING]
            # What killed a git once is mostly over: soon again, and ever later where it fails each time.
            until = self.engine.clock.now() + min(SPIN_GUARD_S * 2 ** min(self._failed_merges, 8), merges.DEFER_S)
            self._failed_merges += 1
            self.engine.record(*(f.MergeDeferred(key, reason, until) for key in merging))
        else:
            await asyncio.sleep(SPIN_GUARD_S)

    def fail(self, key: str, run: str, outcome: str, reason: str) -> None:
        """Record that a leg's run, set-up or checks failed, and what follows: a retry, or the end of it."""
        if self.ended_on_request(key, run):
            return
        ended = self.engine.snapshot.runs.get(run)
        facts: list[f.Fact] = [] if ended and ended.ended else [f.RunEnded(key, run, outcome, None, reason)]
        self.engine.record(*facts, self.engine.after_failure(key, reason))

    def ended_on_request(self, key: str, run: str) -> bool:
        """End a leg whose pause or stop was asked for, if it was, and tell whether."""
        leg = self.engine.snapshot.legs[key]
        if not leg.ending:
            return False
        ended = self.engine.snapshot.runs.get(run)
        facts: list[f.Fact] = [] if ended and ended.ended else [f.RunEnded(key, run, "stopped", None, leg.ending)]
        paused = leg.ending == "pause" and leg.state is not State.CHECKING
        self.engine.record(*facts, f.LegPaused(key) if paused else f.LegStopped(key))
        return True

    # --- what effects share ---------------------------------------------------------------------------------------

    def workstream(self, key: str) -> Workstream:
        """Return the plan's workstream; one that is no longer in the plan as it was when it was last in force."""
        found = self.project.loaded.plan.find(key)
        if found is not None:
            return found
        if not self.retired:
            facts = (recorded.fact for recorded in self.engine.journal.read())
            self.retired = plans_in_force(fact for fact in facts if isinstance(fact, f.PlanLoaded))
        for plan in self.retired:
            if (one := plan.find(key)) is not None:
                return one
        raise CockpitError(f"no plan that was trusted has a workstream {key}")

    def gate_environment(self, workstream: Workstream | None, worktree: Path) -> dict[str, str]:
        """Return the environment of set-up commands, gates and notifications: a short list, and what the plan sets.

        They run what agents wrote, so the operator's secrets are no more theirs than an agent's.
        """
        return {
            **environment.passed(),
            **(dict(workstream.env) if workstream else {}),
            "COCKPIT_PLAN": self.project.loaded.name,
            "COCKPIT_WORKSTREAM": workstream.id if workstream else "",
            "COCKPIT_WORKTREE": str(worktree),
        }

    @contextlib.contextmanager
    def cancellable(self, *keys: str) -> Iterator[Event]:
        """Yield an event for a command of legs: it is set when the end of one is asked for, or the driver's own."""
        cancelled = Event()
        self.engine.cancels.update(dict.fromkeys(keys, cancelled))
        if any(self.engine.snapshot.legs[key].ending for key in keys):
            cancelled.set()
        try:
            yield cancelled
        finally:
            cancelled.set()  # a driver that ends waits for no command
            for key in keys:
                self.engine.cancels.pop(key, None)

    def merge_message(self, leg: Leg) -> str:
        """Return the message of a leg's merge commit: the plan's template, or what was merged; then trailers."""
        plan, workstream = self.project.loaded.plan, self.workstream(leg.workstream)
        issues = [plan.issues_by_id[issue] for issue in leg.outline.issues if issue in plan.issues_by_id]
        template = plan.merge_of(workstream).message
        title = workstream.title or leg.workstream
        listed = "\n".join(f"- {issue.id}: {issue.title}" if issue.title else f"- {issue.id}" for issue in issues)
        ids = ", ".join(leg.outline.issues)
        if template is None:
            text = f"Merge {leg.workstream}: {title}\n\n{listed}".strip()
        else:
            words = {"workstream": leg.workstream, "title": title, "issues": ids, "leg": leg.key, "list": listed}
            text = template
            for word, value in words.items():
                text = text.replace("{" + word + "}", value)
        text = safe_text(text)
        return f"{text}\n\nCockpit-Workstream: {leg.workstream}\nCockpit-Leg: {leg.key}\n"

    async def gate_integrated(self, keys: list[str], tip: str, commit: str, tree: str) -> str:
        """Return why an integrated commit may not be published; empty when it passed what it has to."""
        return await checks.gate_integrated(self, keys, tip, commit, tree)
