"""The engine: records facts, asks decide what is next, keeps one effect of each in flight; the only owner of state."""

import asyncio
import itertools
import os
import secrets
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from threading import Event
from typing import Any

from msgspec.structs import replace

from cockpit.clock import Clock
from cockpit.engine.handle import Answer, View
from cockpit.engine.hidden import hidden, hidden_notes
from cockpit.errors import CockpitError, IllegalMoveError, JournalError, OrderRefusedError, TooManyOrdersError
from cockpit.schedule import facts as f
from cockpit.schedule.adding import LONGEST
from cockpit.schedule.carry import carry_out, progress
from cockpit.schedule.decide import decide
from cockpit.schedule.orders import (
    CleanUp,
    EndRun,
    Integrate,
    Order,
    PrepareLeg,
    Revert,
    StartMerge,
    TakeLeg,
    Todo,
    WakeAt,
    WatchRun,
)
from cockpit.schedule.readings import Readings
from cockpit.store.journal import Journal, chained

REWRITE_AFTER_S = 1.0
# What ends work is taken also while nothing can be written: what fills the disk may be an agent.
ENDING_VERBS = frozenset({"stop", "pause", "stop-driver", "drain"})
Subscriber = Callable[[tuple[f.Recorded, ...], Mapping[str, Any]], None]
Effect = Callable[[Todo], Coroutine[Any, Any, None]]
Gatekeeper = Callable[[Order, str | None], Awaitable[None]]


class Engine:
    """One plan's state and what is under way for it.

    `effects` carries out what decide asks for; `admit` is asked before an order is taken and refuses by raising;
    `waiting_runs` names the runs whose agents do nothing but wait for an answer;
    `cancels` holds an event a leg whose gate runs, set when its end is asked for. `snapshot` is how things stand,
    `written` how they stand on the disk, a moment behind.
    """

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self.journal = journal
        self.clock = clock
        self.snapshot = self.written = journal.snapshot()
        self.readings = Readings()
        self.effects: Effect | None = None
        self.admit: Gatekeeper | None = None
        self.waiting_runs: Callable[[], Collection[str]] = lambda: ()
        self.auto_approve = False
        self.trouble = ""
        self.cancels: dict[str, Event] = {}
        self._flights: dict[object, asyncio.Task[None]] = {}
        self._subscribers: list[Subscriber] = []
        self._listeners: list[Subscriber] = []
        self._waiting: dict[str, asyncio.Future[Answer]] = {}
        self._due: list[tuple[int, Answer]] = []
        self._unwritten: list[f.Recorded] = []
        self._news = asyncio.Event()
        self._flushed = asyncio.Event()
        self._writing = asyncio.Lock()
        self._wake = asyncio.Event()
        self._ids = itertools.count(1)
        self._stopping = False

    # --- facts and readings ---------------------------------------------------------------------------------------

    def record(self, *facts: f.Fact) -> None:
        """Fold facts at once, and have them written; whoever follows is told, and effects begin, once they are.

        Raises IllegalMoveError for facts that don't fit; then none of them counts.
        """
        if not facts:
            return
        self.snapshot, recorded = chained(self.snapshot, [hidden(fact) for fact in facts], self.clock.now())
        self._unwritten += recorded
        self._news.set()
        for one in recorded:
            if isinstance(one.fact, f.EndAsked) and one.fact.leg in self.cancels:
                self.cancels[one.fact.leg].set()
        self._settle()
        self._wake.set()

    async def durable(self) -> None:
        """Wait until everything that was recorded so far is on the disk."""
        seq = self.snapshot.seq
        while self.written.seq < seq:
            self._flushed.clear()
            await self._flushed.wait()

    async def keep_writing(self) -> None:
        """Write what is recorded until cancelled, all that came meanwhile in one transaction.

        Where the journal can't be written (a full disk), the facts wait in memory, nothing new is begun, and writing
        is tried again.
        """
        while True:
            await self._news.wait()
            self._news.clear()
            await self.flush()

    async def flush(self) -> None:
        """Write what is recorded, however often it takes, and tell whoever follows."""
        async with self._writing:
            while self._unwritten:
                batch, snapshot = tuple(self._unwritten), self.snapshot
                try:
                    await asyncio.to_thread(self.journal.write, batch, snapshot)
                except JournalError as error:
                    self.trouble = f"nothing new is begun: {error.what}"
                    self.read(hold=self.trouble)
                    await asyncio.sleep(REWRITE_AFTER_S)
                    continue
                del self._unwritten[: len(batch)]
                self.written = snapshot
                if self.trouble:
                    self.trouble = ""
                    self.read(hold="")
                self._answer()
                self._flushed.set()
                self._wake.set()
                self._tell(batch, {})

    def read(self, **changes: Any) -> None:
        """Replace readings by newer ones; `worktrees`, `runs` and `notes` are merged by key, None removes an entry."""
        if "notes" in changes:
            changes["notes"] = hidden_notes(changes["notes"])
        now = self.readings
        new: dict[str, Any] = {}
        told: dict[str, Any] = {}
        for name, value in changes.items():
            old = getattr(now, name)
            if isinstance(value, Mapping):
                patch = {key: item for key, item in value.items() if old.get(key) != item}
                if patch:
                    merged = {**old, **patch}
                    new[name] = {key: item for key, item in merged.items() if item is not None}
                    told[name] = patch
            elif value != old:
                new[name] = told[name] = value
        if new:
            self.readings = replace(now, **new)
            self._tell((), told)

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Tell somebody of every change from now on; call what is returned to end that."""
        self._subscribers.append(subscriber)
        self._wake.set()

        def unsubscribe() -> None:
            self._subscribers.remove(subscriber)
            self._wake.set()

        return unsubscribe

    def watch_facts(self, listener: Subscriber) -> Callable[[], None]:
        """Tell a part of the driver itself of every change, without counting it as somebody who looks on."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def followed(self) -> bool:
        """Whether anybody looks on, so that readings are worth their cost."""
        return bool(self._subscribers)

    def view(self) -> View:
        """Return how things stand."""
        return View(self.snapshot, self.readings, problem=self.trouble)

    def _tell(self, recorded: tuple[f.Recorded, ...], readings: Mapping[str, Any]) -> None:
        for subscriber in (*self._listeners, *self._subscribers):
            subscriber(recorded, readings)

    # --- orders ---------------------------------------------------------------------------------------------------

    async def order(self, order: Order, inside: str | None = None) -> Answer:
        """Take an order, from inside a run or None, and return when it was carried out or refused."""
        number = f"{os.getpid():x}-{self.snapshot.seq:x}-{next(self._ids)}"
        given = f.OrderGiven(
            number,
            order.verb,
            order.targets,
            order.by,
            order.reason[:LONGEST],  # longer ones are refused, and need not be kept whole
            order.number,
            order.everything,
            order.also_needed,
            order.expected,
            order.how,
            order.words,
        )
        try:
            if self.trouble and order.verb not in ENDING_VERBS:
                raise OrderRefusedError(self.trouble)
            if self.admit is not None:
                await self.admit(order, inside)
            carried = carry_out(self.snapshot, order)
            waiting = asyncio.get_running_loop().create_future()
            self._waiting[number] = waiting
            self.record(given, *carried.facts)
        except TooManyOrdersError as error:
            return Answer(number, False, error.what)
        except (CockpitError, IllegalMoveError) as error:
            self._waiting.pop(number, None)
            self.record(given, f.OrderRefused(number, error.what))
            return Answer(number, False, error.what)
        if self.trouble:  # it is done, but not on the disk yet: who waits for that would wait for room
            self._waiting.pop(number, None)
            return Answer(number, True, self.trouble)
        answer: Answer = await waiting
        if carried.left_out:
            return replace(answer, note="; ".join(filter(None, (answer.note, *carried.left_out))))
        return answer

    def _settle(self) -> None:
        ended = [fact for pending in self.snapshot.orders.values() if (fact := progress(self.snapshot, pending))]
        if not ended:
            return
        self.record(*ended)
        for fact in ended:
            if isinstance(fact, f.OrderDone):
                self._due.append((self.snapshot.seq, Answer(fact.order, True, fact.note)))
            else:
                self._due.append((self.snapshot.seq, Answer(fact.order, False, fact.reason)))

    def _answer(self) -> None:
        """Tell those who gave orders what became of them, once that is on the disk."""
        due, self._due = self._due, []
        for seq, answer in due:
            if seq > self.written.seq:  # it was given while others were being written
                self._due.append((seq, answer))
                continue
            waiting = self._waiting.pop(answer.order, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)

    # --- the loop -------------------------------------------------------------------------------------------------

    async def run(self, quiet: Callable[[bool], bool]) -> None:
        """Do what decide asks for until `stop`, or until nothing is under way and `quiet` says that this is the end.

        It is told whether something is to be tried again later.
        """
        self._settle()
        while not self._stopping:
            self._wake.clear()
            wake_at = self._turn()
            if self._wake.is_set():
                continue
            if not (self._goes_on() or self._unwritten) and quiet(wake_at is not None):
                return
            timeout = None if wake_at is None else max(0.0, wake_at - self.clock.now())
            try:
                async with asyncio.timeout(timeout):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _goes_on(self) -> bool:
        """Tell whether anything is under way but runs that wait for an answer of the operator."""
        waiting = self.waiting_runs()
        return any(not _only_watches(todo, waiting) for todo in self._flights)

    @property
    def stopping(self) -> bool:
        """Whether the loop was asked to end."""
        return self._stopping

    def has_work(self, waiting: Collection[str] = ()) -> bool:
        """Say whether anything is to be done now, but to watch runs that wait for an answer of the operator."""
        todos = decide(self.snapshot, self.readings, self.clock.now())
        found = (*self._flights, *(todo for todo in todos if not isinstance(todo, WakeAt)))
        return any(not _only_watches(todo, waiting) for todo in found)

    def stop(self) -> None:
        """End the loop; what is under way is cut off, agents go on."""
        self._stopping = True
        self._wake.set()

    def wake(self) -> None:
        """Make the loop decide again."""
        self._wake.set()

    async def close(self) -> None:
        """Cancel what is under way in this process and wait for it."""
        for task in self._flights.values():
            task.cancel()
        await asyncio.gather(*self._flights.values(), return_exceptions=True)

    def _turn(self) -> float | None:
        if self.auto_approve:
            self._approve_all()
        wake_at: float | None = None
        for todo in decide(self.snapshot, self.readings, self.clock.now()):
            if isinstance(todo, WakeAt):
                wake_at = todo.at
            elif isinstance(todo, TakeLeg):
                self.record(f.LegTaken(todo.leg, self._run_id(todo.leg), todo.slot))
            elif isinstance(todo, StartMerge):
                self.record(*(f.MergeStarted(leg) for leg in todo.legs))
            else:
                self._launch(todo)
        return wake_at

    def _approve_all(self) -> None:
        awaited = [
            (leg, self.snapshot.approval_of(leg)) for leg in map(self.snapshot.legs.__getitem__, self.snapshot.active)
        ]
        self.record(
            *(
                f.ApprovalGiven(leg.key, what, "run --approve all", leg.commit if what == "merge" else "")
                for leg, what in awaited
                # Nobody but a human can be sure of what is unsure, or knows when work by hand is done.
                if what and not leg.taken_over and not self.snapshot.unsure_of(leg)
            )
        )

    def _run_id(self, leg: str) -> str:
        """Return a name that no run of any plan had: a run's processes are found, and ended, by it."""
        attempt = self.snapshot.legs[leg].attempt + 1
        return f"{leg.replace('/', '.')}-{attempt}-{secrets.token_hex(4)}"

    def _launch(self, todo: Todo) -> None:
        if todo in self._flights or self.effects is None or not (self._is_allowed(todo) and self._is_written(todo)):
            return
        if isinstance(todo, (Integrate, Revert)) and any(isinstance(one, (Integrate, Revert)) for one in self._flights):
            return
        if isinstance(todo, PrepareLeg) and CleanUp(self.snapshot.legs[todo.leg].workstream) in self._flights:
            return  # it is made anew once it is gone
        task = asyncio.create_task(self.effects(todo), name=repr(todo))
        self._flights[todo] = task
        task.add_done_callback(lambda _: self._landed(todo))

    def _is_allowed(self, todo: Todo) -> bool:
        """Say whether a thing may be begun: under a plan without trust, runs are followed and ended, no more."""
        return not self.readings.plan.untrusted or isinstance(todo, (WatchRun, EndRun))

    def _is_written(self, todo: Todo) -> bool:
        """Say whether the state that an effect follows from is on the disk, so that no effect is ahead of its fact."""
        if isinstance(todo, CleanUp):
            return self.written.workstreams[todo.workstream] == self.snapshot.workstreams[todo.workstream]
        keys = todo.legs if isinstance(todo, Integrate) else (getattr(todo, "leg", ""),)
        return all(self._same(key) for key in keys)

    def _same(self, key: str) -> bool:
        written, now = self.written.legs.get(key), self.snapshot.legs[key]
        return written is not None and (written.state, written.run) == (now.state, now.run)

    def _landed(self, todo: Todo) -> None:
        self._flights.pop(todo, None)
        self._wake.set()

    def under_way(self) -> int:
        """Return how many effects are in flight."""
        return len(self._flights)

    def after_failure(self, key: str, reason: str) -> f.RetryScheduled | f.LegFailed:
        """Return what follows when a leg failed: a further run after a pause, or the end of it."""
        leg, outline = self.snapshot.legs[key], self.snapshot.outline
        if leg.failures < outline.retries:
            pause = min(outline.backoff_s * 2**leg.failures, 600.0)
            return f.RetryScheduled(key, self.clock.now() + pause, reason)
        return f.LegFailed(key, reason)


def _only_watches(todo: object, runs: Collection[str]) -> bool:
    return isinstance(todo, WatchRun) and todo.run in runs
