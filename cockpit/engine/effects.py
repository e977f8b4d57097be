"""Carries out what decide asks for, on the worker pool; every effect ends in facts and touches no state itself."""

import asyncio
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Lock

from cockpit.agents import environment, presets, runs
from cockpit.agents.prompt import EarlierRun, compose
from cockpit.engine import checks, merges, setup
from cockpit.engine.loop import Engine
from cockpit.engine.pool import Pool
from cockpit.engine.project import Project
from cockpit.errors import CockpitError
from cockpit.git import integrate, worktrees
from cockpit.git.repo import Author, Repo
from cockpit.git.status import changed_files
from cockpit.plan.legs import LegSpec
from cockpit.plan.load import Loaded, parse_plan
from cockpit.plan.model import Workstream
from cockpit.schedule import facts as f
from cockpit.schedule.orders import CheckLeg, CleanUp, EndRun, Integrate, PrepareLeg, Todo, WatchRun
from cockpit.schedule.snapshot import Leg
from cockpit.schedule.states import State

LOOK_EVERY_S = 0.5
SPIN_GUARD_S = 2.0
STALLED = "stalled: "


class Effects:
    """The effects of one plan's driver. `project` is replaced when a changed plan comes into force."""

    def __init__(self, engine: Engine, project: Project, pool: Pool, identity: Author) -> None:
        self.engine = engine
        self.project = project
        self.pool = pool
        self.identity = identity
        self.started: set[str] = set()
        self.seen_change: dict[str, float] = {}
        self._ports: dict[str, int] = {}
        self._ports_lock = Lock()

    @property
    def repo(self) -> Repo:
        """The repository."""
        return self.project.repo

    @property
    def base(self) -> str:
        """The branch that work is merged into."""
        return self.project.base

    @staticmethod
    def path(text: str) -> Path:
        """Return a path that a fact holds as text."""
        return Path(text)

    async def __call__(self, todo: Todo) -> None:
        """Carry one thing out. An error that no effect foresaw is shown, and what failed is not tried again at once."""
        try:
            await self._do(todo)
        except CockpitError as error:
            await self._unforeseen(todo, str(error))
        except Exception as error:  # noqa: BLE001  # the driver must outlive a fault in one effect, and show it
            await self._unforeseen(todo, f"internal error: {type(error).__name__}: {error}")

    async def _do(self, todo: Todo) -> None:
        if isinstance(todo, PrepareLeg):
            await self.prepare(todo.leg, todo.run)
        elif isinstance(todo, WatchRun):
            await self.watch(todo.leg, todo.run)
        elif isinstance(todo, EndRun):
            await self.pool.long(runs.stop, self.project.state.run(todo.run), "the operator's order")
        elif isinstance(todo, CheckLeg):
            await checks.check_leg(self, todo.leg, todo.run)
        elif isinstance(todo, Integrate):
            await merges.integrate_legs(self, todo.legs)
        elif isinstance(todo, CleanUp):
            await merges.clean_up(self, todo.workstream)

    async def _unforeseen(self, todo: Todo, reason: str) -> None:
        key = getattr(todo, "leg", None)
        leg = self.engine.snapshot.legs.get(key) if key else None
        self.engine.read(notes={key or type(todo).__name__: reason})
        if leg is not None and leg.state in (State.PREPARING, State.CHECKING):
            self.fail(leg.key, leg.run or "", "failed", reason)
        elif isinstance(todo, CleanUp):
            self.engine.record(f.CleanUpRefused(todo.workstream, reason))
        elif isinstance(todo, Integrate):
            merging = [key for key in todo.legs if self.engine.snapshot.legs[key].state is State.MERGING]
            until = self.engine.clock.now() + merges.DEFER_S
            self.engine.record(*(f.MergeDeferred(key, reason, until) for key in merging))
        else:
            await asyncio.sleep(SPIN_GUARD_S)

    # --- runs -----------------------------------------------------------------------------------------------------

    async def prepare(self, key: str, run: str) -> None:
        """Make the worktree ready, then start the run; a run that was started before a crash is found and kept."""
        folder = self.project.state.run(run)
        if (folder / "spec").exists():
            look = await self.pool.long(self._found, folder)
            if look is not None:
                self._started(key, run, look)
                return
        leg = self.engine.snapshot.legs[key]
        workstream = self.workstream(leg.workstream)
        try:
            await self._make_worktree(leg, workstream)
            if self._ended_on_request(key, run):
                return
            await self.engine.durable()  # a run that a later driver finds must find its worktree known
            spec = await self.pool.short(self._spec, self.engine.snapshot.legs[key], workstream, run)
            await self.pool.short(runs.start, spec)
        except CockpitError as error:
            self.fail(key, run, "failed", str(error))
            return
        look = await self.pool.short(runs.look, folder)
        self._started(key, run, look)

    @staticmethod
    def _found(folder: Path) -> runs.RunLook | None:
        """Look at a run that an earlier driver began to start; None where it must be started anew."""
        look = runs.look(folder)
        if not (look.started_at or look.supervisor_alive or look.exit):
            runs.stop(folder, "its start was cut off")  # its supervisor may have been killed after it started the agent
            look = runs.look(folder)
        if look.started_at or look.supervisor_alive or look.exit:
            return look
        (folder / "spec").unlink()
        return None

    def _started(self, key: str, run: str, look: runs.RunLook) -> None:
        process = look.agent or look.supervisor
        self.started.add(run)
        self.engine.record(f.RunStarted(key, run, process.pid if process else 0, str(self.project.state.run(run))))

    async def _make_worktree(self, leg: Leg, workstream: Workstream) -> None:
        known = self.engine.snapshot.workstreams[leg.workstream]
        path = Path(known.worktree or known.outline.worktree)
        fresh = not known.worktree or not await self.pool.short(path.exists)
        base = await self.pool.short(self.repo.tip, self.base)
        if base is None:
            raise CockpitError(f"the branch {self.base} is gone", hint="make it again, or name another `base`")
        made = await self.pool.short(
            worktrees.add,
            self.repo,
            path,
            known.outline.branch,
            base,
            parent=Path(self.engine.snapshot.outline.worktrees),
        )
        if not fresh:  # nothing runs there now: a lock is what a git that was killed with its run left behind
            await self.pool.short(worktrees.drop_stale_index_lock, self.repo, path)
        head = made.head or base
        if not fresh and not leg.base:
            await self.pool.short(
                worktrees.advance,
                self.repo,
                path,
                base,
                plan=self.project.loaded.name,
                workstream=leg.workstream,
                at=self.engine.clock.now(),
                exclude=self.project.setup_files,
            )
            head = base
        if fresh:
            output = self.project.state.gates(leg.run or leg.key) / "setup.log"
            env = self.gate_environment(workstream, made.path)
            with self.cancellable(leg.key) as cancelled:
                await self.pool.long(setup.set_up, self.project, made.path, output, env, cancelled)
        if fresh or not leg.base:
            start = base
            if head != base:
                start = (await self.pool.short(self.repo.git, "merge-base", base, head)).decode().strip()
            self.engine.record(f.WorktreeMade(leg.key, str(made.path), known.outline.branch, start))

    def _spec(self, leg: Leg, workstream: Workstream, run: str) -> runs.RunSpec:
        plan, folder = self.project.loaded.plan, self.project.state.run(run)
        profile = plan.agents[(leg.slot or "").rsplit("#", 1)[0]]
        worktree = Path(self.engine.snapshot.workstreams[leg.workstream].worktree)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        present = changed_files(worktree, leg.base, self.project.setup_files) if leg.attempt > 1 else ()
        text = compose(
            plan,
            workstream,
            self._leg_spec(leg),
            earlier=self._earlier(leg),
            present=[change.path for change in present],
            notes=self._notes(leg),
        )
        prompt = folder / "prompt.md"
        prompt.write_text(text, encoding="utf-8")
        env = environment.environment(
            run_id=run,
            plan=self.project.loaded.name,
            workstream=leg.workstream,
            worktree=worktree,
            prompt_file=prompt,
            port=self._port(run),
            pass_env=profile.pass_env,
            profile_env=profile.env,
            workstream_env=workstream.env,
        )
        launch = presets.command(profile, prompt, text)
        return runs.RunSpec(
            run_id=run,
            folder=folder,
            command=launch.command,
            cwd=worktree,
            env=env,
            stdin=launch.stdin,
            timeout_s=plan.limits.run_timeout,
        )

    def _port(self, run: str) -> int:
        """Return the first port of a block that no other run of this driver has now."""
        with self._ports_lock:
            active = {leg.run for leg in map(self.engine.snapshot.legs.__getitem__, self.engine.snapshot.active)}
            self._ports = {one: port for one, port in self._ports.items() if one in active}
            self._ports[run] = environment.port_block(run, self._ports.values())
            return self._ports[run]

    @staticmethod
    def _leg_spec(leg: Leg) -> LegSpec:
        one = leg.outline
        return LegSpec(
            one.key,
            one.workstream,
            one.number,
            one.issues,
            one.depends_on,
            one.round,
            one.estimate_s,
            one.low_s,
            one.high_s,
        )

    def _earlier(self, leg: Leg) -> list[EarlierRun]:
        return [EarlierRun(number, "not merged", lesson) for number, lesson in enumerate(leg.lessons, 1)]

    def _notes(self, leg: Leg) -> list[str]:
        """Return what else a run is told: that what an earlier run left does not merge with base as it is now."""
        tip = self.repo.tip(self.base)
        if not leg.commit or tip is None:
            return []
        built = integrate.build(self.repo, tip, leg.commit, "merge", "", author=None)
        if not isinstance(built, integrate.Conflict):
            return []
        paths = ", ".join(built.paths[:20])
        return [
            f"Bring this branch together with `{self.base}`: `git merge {self.base}`, and mend the conflict: {paths}"
        ]

    async def watch(self, key: str, run: str) -> None:
        """Follow a run to its end, and judge it."""
        folder = self.project.state.run(run)
        if run not in self.started:
            self.started.add(run)
            look = await self.pool.short(runs.look, folder)
            process = look.agent or look.supervisor
            if not look.over and process:
                self.engine.record(f.RunAdopted(key, run, process.pid))
        await self._gone(folder)
        ended = await self.pool.long(self._judged, folder)
        self._judge(key, run, ended)

    async def _gone(self, folder: Path) -> None:
        """Wait until the run's supervisor is gone."""
        fd = await self.pool.short(runs.watch_fd, folder)
        if fd is None:
            while not (await self.pool.short(runs.look, folder)).over:  # noqa: ASYNC110  # no event tells it here
                await asyncio.sleep(LOOK_EVERY_S)
            return
        loop = asyncio.get_running_loop()
        gone: asyncio.Future[None] = loop.create_future()
        loop.add_reader(fd, _resolve, gone)
        try:
            await gone
        finally:
            loop.remove_reader(fd)
            os.close(fd)

    @staticmethod
    def _judged(folder: Path) -> runs.RunExit:
        """Return how a run ended; what a killed supervisor left running is ended first."""
        look = runs.look(folder)
        return look.exit or runs.stop(folder, "its supervisor is gone")

    def _judge(self, key: str, run: str, ended: runs.RunExit) -> None:
        leg = self.engine.snapshot.legs[key]
        outcome, reason = _outcome(ended)
        fact = f.RunEnded(key, run, outcome, ended.code, reason)
        self.engine.read(runs={run: None})
        if outcome == "done" and leg.ending != "pause":
            self.engine.record(fact, f.LegStopped(key) if leg.ending else f.ChecksStarted(key))
        elif leg.ending:
            self.engine.record(fact, f.LegPaused(key) if leg.ending == "pause" else f.LegStopped(key))
        else:
            self.engine.record(fact, self.engine.after_failure(key, self._with_tail(run, reason)))

    def _with_tail(self, run: str, reason: str) -> str:
        folder = self.project.state.run(run)
        with contextlib.suppress(CockpitError, OSError):
            for name in ("stderr.log", "stdout.log"):
                tail = runs.tail(folder, name, 2000).decode("utf-8", "replace").strip()
                if tail:
                    return f"{reason}\n{tail[-1500:]}"
        return reason

    def fail(self, key: str, run: str, outcome: str, reason: str) -> None:
        """Record that a leg's run, set-up or checks failed, and what follows: a retry, or the end of it."""
        if self._ended_on_request(key, run):
            return
        ended = self.engine.snapshot.runs.get(run)
        facts: list[f.Fact] = [] if ended and ended.ended else [f.RunEnded(key, run, outcome, None, reason)]
        self.engine.record(*facts, self.engine.after_failure(key, reason))

    def _ended_on_request(self, key: str, run: str) -> bool:
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
        """Return the plan's workstream; one that is no longer in the plan is taken from the last text that had it."""
        found = self.project.loaded.plan.by_id.get(key)
        if found is not None:
            return found
        for recorded in reversed(list(self.engine.journal.read())):
            if isinstance(recorded.fact, f.PlanLoaded):
                old: Loaded = parse_plan(recorded.fact.text, Path(recorded.fact.path))
                if key in old.plan.by_id:
                    return old.plan.by_id[key]
        raise CockpitError(f"no plan that was loaded has a workstream {key}")

    def gate_environment(self, workstream: Workstream | None, worktree: Path) -> dict[str, str]:
        """Return the environment of set-up commands and gates: the operator's own, and what the plan sets."""
        from cockpit.process import clean_environment

        return clean_environment(
            {
                **(dict(workstream.env) if workstream else {}),
                "COCKPIT_PLAN": self.project.loaded.name,
                "COCKPIT_WORKSTREAM": workstream.id if workstream else "",
                "COCKPIT_WORKTREE": str(worktree),
            }
        )

    @contextlib.contextmanager
    def cancellable(self, key: str) -> Iterator[Event]:
        """Yield an event for a command of a leg: it is set when the leg's end is asked for, or the driver's own."""
        cancelled = self.engine.cancels.setdefault(key, Event())
        if self.engine.snapshot.legs[key].ending:
            cancelled.set()
        try:
            yield cancelled
        finally:
            cancelled.set()  # a driver that ends waits for no command
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
        return f"{text}\n\nCockpit-Workstream: {leg.workstream}\nCockpit-Leg: {leg.key}\n"

    async def gate_integrated(self, keys: list[str], tip: str, commit: str, tree: str) -> str:
        """Return why an integrated commit may not be published; empty when it passed what it has to."""
        return await checks.gate_integrated(self, keys, tip, commit, tree)


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def _outcome(ended: runs.RunExit) -> tuple[str, str]:
    if ended.ok:
        return "done", ""
    if ended.reason == "timeout":
        return "timeout", "the time limit of a run was reached"
    if ended.reason == "spawn-failed":
        return "failed", f"the agent could not be started: {ended.error}"
    if ended.reason == "stopped":
        outcome = "stalled" if ended.detail.startswith(STALLED) else "stopped"
        return outcome, ended.detail or "it was stopped"
    if ended.reason == "unknown":
        return "unknown", "its supervisor was killed: how it ended is not known"
    how = f"signal {ended.signal}" if ended.signal else f"code {ended.code}"
    return "failed", f"the agent ended with {how}"
