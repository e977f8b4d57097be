"""A client's end of the line: the socket of a driver, which is started when there is none; holds no state of a plan."""

import asyncio
import contextlib
import itertools
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from cockpit.engine import wire
from cockpit.engine.handle import Answer, View
from cockpit.engine.peek import glimpse as glimpse  # noqa: PLC0414 - screens and commands find it here
from cockpit.engine.sockets import reachable
from cockpit.errors import CockpitError, DrivenElsewhereError, DriverGoneError
from cockpit.filelock import holder_of
from cockpit.schedule.codec import encode
from cockpit.schedule.facts import PlanLoaded
from cockpit.schedule.fold import replay
from cockpit.schedule.orders import Order
from cockpit.schedule.snapshot import Snapshot
from cockpit.store.paths import StateFolder

START_TIMEOUT_S = 20.0
LONG, MANY = 65_536, 100
"""From so many bytes, or facts, on a message is read beside the loop, which has keys to hear."""
PLAN = PlanLoaded.__name__


def driver_pid(state: StateFolder) -> int | None:
    """Return the process id of the plan's driver, None when none runs (0: unknown)."""
    return holder_of(state.lock)


class SocketHandle:
    """The handle of a connected client; see `Handle` for what its verbs do."""

    def __init__(self, state: StateFolder, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._state = state
        self._reader = reader
        self._writer = writer
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Queue[dict[str, Any] | None]] = {}
        self.farewell = ""
        self._listening = asyncio.create_task(self._listen())

    async def subscribe(self) -> AsyncIterator[View]:
        """Yield how things stand, at once and after every change; ends when the driver or the handle goes."""
        start = await asyncio.to_thread(glimpse, self._state)
        view = replace(start, connected=True)
        first = True
        queue = self._send(next(self._ids), {"op": "subscribe", "since": view.snapshot.seq})
        while (message := await queue.get()) is not None:
            if any(kind == PLAN for _, _, kind, *_ in message["facts"]) or len(message["facts"]) > MANY:
                view = await asyncio.to_thread(_after, view, message, first=first)
            else:
                view = _after(view, message, first=first)
            first = False
            yield view

    async def order(self, order: Order) -> Answer:
        """Hand in an order and wait until it was carried out or refused. Raises DriverGoneError."""
        message = await self._reply({"op": "order", "order": encode(order)})
        return Answer(**message["answer"])

    async def ask(self, question: str, **arguments: Any) -> Any:
        """Ask the driver. Raises DriverGoneError, and CockpitError for a question it cannot answer."""
        message = await self._reply({"op": "ask", "question": question, "arguments": arguments})
        if "error" in message:
            raise CockpitError(message["error"], hint=message.get("hint", ""))
        return message["result"]

    @property
    def gone(self) -> bool:
        """Whether the line is cut."""
        return self._listening.done()

    async def close(self) -> None:
        """Let go of the driver; it goes on."""
        self._listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._listening
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    def _send(self, number: int, message: dict[str, Any]) -> "asyncio.Queue[dict[str, Any] | None]":
        if self.gone:
            raise DriverGoneError("the driver is gone", hint="the next order starts it again")
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._answers[number] = queue
        self._writer.write(wire.line({**message, "id": number}))
        return queue

    async def _reply(self, message: dict[str, Any]) -> dict[str, Any]:
        number = next(self._ids)
        try:
            answer = await self._send(number, message).get()
        finally:
            self._answers.pop(number, None)
        if answer is None:
            raise DriverGoneError("the driver went away before it answered", hint="try again: it is started anew")
        return answer

    async def _listen(self) -> None:
        try:
            async for text in self._reader:
                message = wire.message(text) if len(text) < LONG else await asyncio.to_thread(wire.message, text)
                if "farewell" in message:
                    self.farewell = message["farewell"]
                elif (queue := self._answers.get(message["id"])) is not None:
                    queue.put_nowait(message)
        except (ConnectionError, ValueError):
            pass  # a broken line is the end of the line; whoever waits is told below
        finally:
            for queue in self._answers.values():
                queue.put_nowait(None)


def _after(view: View, message: dict[str, Any], *, first: bool) -> View:
    """Return the view after what a message says."""
    recorded = tuple(one for one in wire.facts_in(message["facts"]) if one.seq > view.snapshot.seq)
    snapshot = replay(view.snapshot, recorded)
    changed = None if first else wire.workstreams_of(snapshot, recorded, message["readings"])
    readings = wire.patched(view.readings, message["readings"])
    return View(snapshot, readings, recorded, changed, problem=message.get("problem", ""))


class LazyHandle:
    """A handle that connects when it is used, starts a driver when none runs, and starts it again when it dies.

    A driver that was stopped on purpose stays stopped until the next order or question.
    """

    def __init__(self, plan: Path, state: StateFolder, *, agents: int | None = None) -> None:
        self._plan = plan
        self._state = state
        self._agents = agents
        self._handle: SocketHandle | None = None
        self._connecting = asyncio.Lock()
        self._wanted = asyncio.Event()
        self._closed = False

    async def subscribe(self) -> AsyncIterator[View]:
        """Yield how things stand, for as long as the handle is open; `connected` says whether a driver is there."""
        view = View(Snapshot(), connected=False)
        pause = 0.0
        while not self._closed:
            try:
                handle = await self._connected()
                async for view in handle.subscribe():
                    pause = 0.0
                    yield view
                farewell = handle.farewell
            except (CockpitError, OSError) as error:
                yield replace(view, facts=(), changed=None, connected=False, problem=str(error))
                farewell = ""
                pause = min(pause * 2 + 0.5, 10.0)
            gone = farewell or "the driver is gone and is being started again"
            yield replace(view, facts=(), changed=None, connected=False, problem=gone)
            if farewell:
                self._wanted.clear()
                await self._wanted.wait()
            await asyncio.sleep(pause)

    async def order(self, order: Order) -> Answer:
        """Hand in an order and wait until it was carried out or refused. Raises DriverGoneError."""
        return await (await self._connected()).order(order)

    async def ask(self, question: str, **arguments: Any) -> Any:
        """Ask the driver. Raises DriverGoneError, and CockpitError for a question it cannot answer."""
        return await (await self._connected()).ask(question, **arguments)

    async def close(self) -> None:
        """Let go of the driver; it goes on."""
        self._closed = True
        self._wanted.set()
        if self._handle is not None:
            await self._handle.close()

    async def _connected(self) -> SocketHandle:
        async with self._connecting:
            if self._handle is not None and self._handle.gone:
                await self._handle.close()
                self._handle = None
            if self._handle is None:
                self._handle = await ensure_driver(self._plan, self._state, agents=self._agents)
                self._agents = None  # one that is started again keeps to what was ordered last
            self._wanted.set()
            return self._handle


async def connect(state: StateFolder) -> SocketHandle:
    """Connect to the driver of a plan. Raises DriverGoneError when none listens."""
    try:
        with reachable(state.socket) as name:
            reader, writer = await asyncio.open_unix_connection(name, limit=wire.LIMIT)
    except OSError as error:
        raise DriverGoneError("no driver runs for this plan", where=str(state.path)) from error
    return SocketHandle(state, reader, writer)


async def ensure_driver(plan: Path, state: StateFolder, *, agents: int | None = None) -> SocketHandle:
    """Connect to the driver of a plan, starting one as a process of its own when none runs. Raises DriverGoneError."""
    with contextlib.suppress(DriverGoneError):
        return await connect(state)
    state.make()
    process = _spawn_driver(plan, state, agents)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + START_TIMEOUT_S
    while loop.time() < deadline:
        with contextlib.suppress(DriverGoneError):
            return await connect(state)
        code = process.poll()
        if code is not None and driver_pid(state) is None:
            if code != DrivenElsewhereError.exit_code:
                raise DriverGoneError(
                    f"the driver ended at once (code {code}): {_last_words(state)}", hint=f"see {state.log}"
                )
            process = _spawn_driver(plan, state, agents)  # the one that was in its way was just ending
        await asyncio.sleep(0.02)
    raise DriverGoneError(f"the driver did not answer within {START_TIMEOUT_S:g} s", hint=f"see {state.log}")


def _spawn_driver(plan: Path, state: StateFolder, agents: int | None) -> "subprocess.Popen[bytes]":
    from cockpit.process import clean_environment

    if "COCKPIT_RUN" in os.environ:
        hint = "an agent's own commands need a driver that the operator started"
        raise DriverGoneError("no driver runs for this plan, and none is started from inside a run", hint=hint)
    argv = [sys.executable, "-m", "cockpit.engine.driver", str(plan.absolute()), str(state.path)]
    argv += [str(agents)] if agents is not None else []
    fd = os.open(state.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    _spawned[:] = [one for one in _spawned if one.poll() is None]  # those that have ended do not stay as zombies
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=fd,
            stderr=fd,
            start_new_session=True,
            cwd="/",
            env=clean_environment(),
        )
    except OSError as error:
        raise DriverGoneError(f"the driver cannot be started: {error.strerror or error}") from error
    finally:
        os.close(fd)
    _spawned.append(process)
    return process


_spawned: list["subprocess.Popen[bytes]"] = []


def _last_words(state: StateFolder) -> str:
    try:
        lines = state.log.read_text("utf-8", "replace").strip().splitlines()
    except OSError:
        return "it left no word"
    said = [line for line in lines if line.strip() and not line.startswith(" ")]  # hints are indented
    return said[-1] if said else "it left no word"
