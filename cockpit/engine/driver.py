"""The driver: the one process that holds a plan's lock and runs its engine, watchers and worker pool.

`python -m cockpit.engine.driver PLAN STATE [AGENTS]` is one without a terminal; `cockpit run` is one in the foreground.
"""

import asyncio
import contextlib
import gc
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from cockpit import __version__
from cockpit.clock import Clock, SystemClock
from cockpit.engine.alarms import Alarms
from cockpit.engine.effects import Effects
from cockpit.engine.forecasts import Forecasts
from cockpit.engine.heads import Head, Loss, keep_head, kept_head, loss_of
from cockpit.engine.local import LocalHandle
from cockpit.engine.loop import Engine
from cockpit.engine.notify import Notifier
from cockpit.engine.overdue import judge_ended
from cockpit.engine.plans import Plans
from cockpit.engine.pool import Pool
from cockpit.engine.predict import Predictions
from cockpit.engine.project import Project, open_project, prepare_state, require_own
from cockpit.engine.pruned import prune_state
from cockpit.engine.questions import Questions
from cockpit.engine.recording import Recording
from cockpit.engine.resolutions import drop_left_behind
from cockpit.engine.restraint import Restraint
from cockpit.engine.server import Server
from cockpit.engine.watch import Watch
from cockpit.errors import CockpitError, DrivenElsewhereError, OrderRefusedError
from cockpit.filelock import FileLock, LockHeldError
from cockpit.git import gatetree, scratch
from cockpit.git.mend import mend
from cockpit.quality.gates import end_left_over
from cockpit.safetext import safe_line
from cockpit.schedule import facts as f
from cockpit.schedule.carry import carry_out
from cockpit.schedule.orders import Order
from cockpit.schedule.snapshot import Snapshot
from cockpit.schedule.states import State
from cockpit.store.journal import Journal
from cockpit.store.paths import StateFolder
from cockpit.store.records import RecordStore, records_file

FIRST_CLIENT_S = 10.0
SELDOM = (5_000, 8, 250)
LINGER_S = 1.0
CLOSING_S = 5.0
TAKE_S = 2.5  # a driver that was started for one order may be about to end
NOTIFYING_S = 35.0
Talk = Callable[[LocalHandle], Awaitable[None]]


class Driver:
    """One plan's driver, from taking the lock to giving it back; `handle` is the way in for this process."""

    def __init__(self, project: Project, *, clock: Clock | None = None) -> None:
        self.project = project
        self._clock = clock or SystemClock()
        self._lock = FileLock(project.state.lock)
        self._pool = Pool(project.loaded.plan.limits.agents)
        self._began = time.monotonic()
        self._loss: Loss | None = None
        self._restraint = Restraint(self._clock, self._under_way)
        self._background: list[asyncio.Task[None]] = []
        self.farewell = "the driver has ended: nothing was left to do"

    async def start(self, *, agents: int | None = None) -> None:
        """Take the plan: lock, journal, socket, watchers. Raises DrivenElsewhereError and CockpitError."""
        prepare_state(self.project)
        try:
            self._lock.acquire(TAKE_S)
        except LockHeldError as error:
            raise DrivenElsewhereError(
                f"another driver runs for this plan (process {error.holder})",
                where=str(self.project.loaded.path),
                hint="open it with `cockpit PLAN`, or end it with `cockpit stop-driver PLAN`",
            ) from error
        try:
            await self._take(agents)
        except BaseException:
            self._lock.release()
            raise

    async def _take(self, agents: int | None) -> None:
        self.journal = Journal(self.project.state.journal)
        self.engine = Engine(self.journal, self._clock)
        try:
            require_own(self.project, self.engine.snapshot.path)
        except CockpitError:
            self.journal.close()
            raise
        identity = await self._pool.short(self.project.repo.identity)
        self.effects = Effects(self.engine, self.project, self._pool, identity)
        self.plans = Plans(self.effects)
        self.engine.effects = self.effects
        self.engine.admit = self._admit
        self._loss = loss_of(kept_head(self.project.state.head), self.journal)
        self.engine.record(f.DriverStarted(os.getpid(), __version__))
        begun = Head(self.engine.snapshot.seq, self.engine.snapshot.hash)
        await self._recover()
        await self._pool.long(prune_state, self.project.state, self.engine.snapshot)
        await self.plans.take_up()
        if agents is not None:
            self.engine.record(f.AgentLimitChanged(agents))
        self.engine.read(driver_pid=os.getpid(), driver_since=self._clock.now())
        self.effects.monitor.look_first()
        questions = Questions(self.effects, self.plans)
        forecasts = Forecasts(self.engine, self._pool, self.project.state.estimates)
        questions.past.estimates = forecasts.estimates
        self.talks = questions.talks
        self.handle = LocalHandle(self.engine, questions)
        self.server = Server(self.engine, self.project.state.socket, questions)
        await self.server.start()
        self.watch = Watch(self.effects, self.project.loaded.path, self.plans.reload)
        self.server.on_client = self.watch.look_at_everything
        self._writing = asyncio.create_task(self._kept_up(self.engine.keep_writing))
        if self._loss:
            self.engine.read(notes={"journal": f"{self._loss.words}; see `cockpit facts --verify`"})
        self.notifier = Notifier(self.effects)
        self.recording = Recording(self.engine, self._pool, RecordStore(records_file()))
        beside = (
            self.watch.run,
            forecasts.run,
            Predictions(self.effects).run,
            self.effects.monitor.run,
            self.recording.run,
            self.notifier.run,
            Alarms(self.effects, self.notifier.alarmed).run,
        )
        self._background += [asyncio.create_task(self._kept_up(work)) for work in beside]
        self._background.append(asyncio.create_task(self._keep_head(begun)))

    async def _keep_head(self, head: Head) -> None:
        """Keep how far the journal reaches once it does; never over a head that it has lost: that loss is to show."""
        await self.engine.durable()
        if self._loss is None:
            await self._pool.short(keep_head, self.project.state.head, head)

    async def _recover(self) -> None:
        """Put right what an earlier driver left behind in the repository, and say what it was."""
        await self._pool.long(scratch.sweep)
        snapshot = self.engine.snapshot
        if not snapshot.workstreams:
            return
        gated = [snapshot.legs[key] for key in (*snapshot.active, *snapshot.reverting)]
        begun = [leg.run or leg.key for leg in gated if leg.state in (State.CHECKING, State.MERGING, State.MERGED)]
        await self._pool.long(end_left_over, begun)
        branches = [one.outline.branch for one in snapshot.workstreams.values()]
        found = await self._pool.long(mend, self.project.repo, Path(snapshot.outline.worktrees), branches)
        told = tuple(f"{one.what}: {one.done}" for one in found)
        if told != snapshot.recovered:
            self.engine.record(f.Recovered(told))
        await self.effects.moved_back.look()
        await drop_left_behind(self.effects)

    async def _kept_up(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run something beside the loop for as long as the driver lives; a fault in it is shown, and it goes on."""
        while True:
            try:
                await work()
            except Exception as error:  # noqa: BLE001  # the driver must outlive its watchers, and show the fault
                cause: BaseException = error
                while isinstance(cause, BaseExceptionGroup):
                    cause = cause.exceptions[0]
                fault = safe_line(f"{type(cause).__name__}: {cause}", 500)
                self.engine.read(notes={"driver": f"internal error: {fault}"})
                print(fault, file=sys.stderr, flush=True)
                await asyncio.sleep(5.0)
                self.engine.read(notes={"driver": None})

    def _under_way(self) -> set[str | None]:
        snapshot = self.engine.snapshot
        return {snapshot.legs[key].run for key in snapshot.active}

    async def _admit(self, order: Order, inside: str | None) -> None:
        """Let an order in, or refuse it by raising; what only the driver can do for it is done here."""
        if inside is not None:
            source = f"inside run {inside}" if inside else "a process that is gone, or that cannot be looked at"
            self._restraint.refuse(inside, f"`{order.verb}` is for humans: this order comes from {source}")
        self._restraint.require(order)
        if order.verb == "trust":
            await self.plans.trust(order.expected)
        elif order.verb == "stop-driver":
            self.farewell = "the driver was stopped; agents that run go on"
            asyncio.get_running_loop().call_later(0.1, self.engine.stop)
        else:
            await self.plans.require_trust(order)
            await judge_ended(self.effects, order)

    async def run(self, *, detached: bool, wait: bool = False) -> None:
        """Drive until nothing is left to do: for a detached driver, and nobody looks on; see DESIGN.md."""
        while True:
            await self.engine.run(lambda later: self._quiet(later, detached=detached, wait=wait))
            waiting = self.engine.waiting_runs()
            await self.server.close(self.farewell)
            if self.engine.stopping or not self.engine.has_work(waiting):
                return
            await self.server.start()  # an order came in just before the door was shut

    def _quiet(self, later: bool, *, detached: bool, wait: bool) -> bool:
        now = time.monotonic()
        finished = self.engine.snapshot.state() == "finished"
        if not detached:
            looking_on = self.server.clients - self.talks.listeners
            return finished or not (wait or looking_on > 0 or (later and self._goes_on_by_itself()))
        if later:
            return False
        if self.server.clients:
            return False
        quiet_since = max(self.server.left_at + LINGER_S, self._began + (0 if self.server.served else FIRST_CLIENT_S))
        if now < quiet_since:
            self._look_again(quiet_since - now)
            return False
        return True

    def _goes_on_by_itself(self) -> bool:
        """Tell whether what is to be tried again later needs no human: a retry does not, a checkout in the way does."""
        snapshot, now = self.engine.snapshot, self.engine.clock.now()
        active = [snapshot.legs[key] for key in snapshot.active]
        if snapshot.sleepers(now) and any(leg.state is State.READY for leg in active):
            return not (snapshot.held or snapshot.over_cost())
        return any(leg.state is State.RETRYING or (leg.state is State.QUEUED and not leg.paths) for leg in active)

    def _look_again(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds + 0.01, self.engine.wake)

    async def close(self) -> None:
        """Give the plan back: agents that run go on, and the next driver adopts them."""
        await self.server.close(self.farewell)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(NOTIFYING_S):
                await self.notifier.idle()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.engine.close()
        await self.effects.monitor.close()  # only now: a scan that is cut off would count as one that failed
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_S):
                await self.recording.write()
        with contextlib.suppress(CockpitError, TimeoutError):
            if self.engine.snapshot.state() == "finished":
                await self._pool.short(gatetree.drop, self.project.repo, self.project.state.integration)
        with contextlib.suppress(CockpitError, TimeoutError):
            self.engine.record(f.DriverEnded(os.getpid(), self.farewell))
            async with asyncio.timeout(CLOSING_S):
                await self._keep_head(Head(self.engine.snapshot.seq, self.engine.snapshot.hash))
            self.journal.checkpoint(self.engine.snapshot)
        self._writing.cancel()  # only now: a write that is cut off is done all the same, and nobody knows it
        await asyncio.gather(self._writing, return_exceptions=True)
        self._pool.close()
        self.journal.close()
        self._lock.release()


async def drive(
    project: Project,
    *,
    talk: Talk | None = None,
    approve: str = "none",
    only: tuple[str, ...] = (),
    wait: bool = False,
    agents: int | None = None,
) -> int:
    """Drive a plan in the foreground, wanting all of it (or `only`), and return the exit code of `cockpit run`.

    `talk` is run beside it with the driver's handle, to print or to ask; `approve` is all, none or ask (`talk` asks).
    """
    unknown = [one for one in only if project.loaded.plan.find(one) is None]
    if unknown:
        raise CockpitError(f"there is no workstream {', '.join(unknown)} in this plan", where=str(project.loaded.path))
    driver = Driver(project)
    await driver.start(agents=agents)
    stop_on_signals(driver)
    # Who asks ends the driver where nothing goes on, so nobody is to look on before what is wanted was started.
    talking = asyncio.create_task(_talk(talk, driver.handle)) if talk and approve != "ask" else None
    try:
        driver.engine.auto_approve = approve == "all"
        snapshot = driver.engine.snapshot
        order = Order("start", only, "run", everything=not only, also_needed=bool(only))
        if _leads_on(snapshot, order):
            answer = await driver.engine.order(order)
            if not answer.ok and not driver.engine.snapshot.active:
                raise CockpitError(f"nothing could be started: {answer.note}")
        if talk and talking is None:
            talking = asyncio.create_task(_talk(talk, driver.handle))
        await driver.run(detached=False, wait=wait)
        snapshot = driver.engine.snapshot
        wanted = only or tuple(snapshot.workstreams)
        return 0 if all(snapshot.is_merged(one) for one in wanted) else 1
    finally:
        if talking is not None:
            await asyncio.sleep(0.1)  # what happened last is still to be printed
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)
        await driver.close()


def _leads_on(snapshot: Snapshot, order: Order) -> bool:
    """Tell whether an order changes anything: what is started or merged already needs no order, and no refusal."""
    try:
        return bool(carry_out(snapshot, order).facts)
    except OrderRefusedError:
        return False


async def _talk(talk: Talk, handle: LocalHandle) -> None:
    try:
        await talk(handle)
    except Exception as error:  # noqa: BLE001  # the work goes on without a word, but nobody must think it stands still
        fault = safe_line(f"{type(error).__name__}: {error}", 500)
        print(f"internal error: {fault}; what happens is no longer told here", file=sys.stderr, flush=True)


def stop_on_signals(driver: Driver) -> None:
    """Let SIGTERM and SIGINT end the driver in good order."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, driver.engine.stop)


async def _detached(plan: Path, state: Path, agents: int | None) -> int:
    project = replace(open_project(plan), state=StateFolder(state))
    driver = Driver(project)
    await driver.start(agents=agents)
    stop_on_signals(driver)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    gc.set_threshold(*SELDOM)
    gc.freeze()  # looking through a plan of a thousand workstreams again and again would hold up the loop
    try:
        await driver.run(detached=True)
    finally:
        await driver.close()
    return 0


def main() -> None:
    """Run a driver without a terminal; what it prints goes to the driver's log."""
    plan, state, *agents = sys.argv[1:]
    try:
        code = asyncio.run(_detached(Path(plan), Path(state), int(agents[0]) if agents else None))
    except CockpitError as error:
        print(error, file=sys.stderr)
        code = error.exit_code
    sys.exit(code)


if __name__ == "__main__":
    main()
