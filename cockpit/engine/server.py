"""The driver's end of the socket: each connection is a client that subscribes, orders and asks; it owns no state."""

import asyncio
import contextlib
import socket
import stat
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from cockpit.engine import wire
from cockpit.engine.feed import Feed
from cockpit.engine.loop import Engine
from cockpit.engine.peers import Peers
from cockpit.engine.restraint import AGENTS_OWN
from cockpit.engine.sockets import reachable
from cockpit.errors import CockpitError
from cockpit.schedule.codec import decode
from cockpit.schedule.orders import Order

Ask = Callable[[str, dict[str, Any]], Awaitable[Any]]


class Server:
    """Listens on the plan's socket, and calls `on_client` for each client.

    `clients` are connected now, `served` were so far, and the last one left at `left_at` (monotonic seconds).
    """

    def __init__(self, engine: Engine, path: Path, ask: Ask) -> None:
        self.clients = 0
        self.served = 0
        self.left_at = 0.0
        self.on_client: Callable[[], None] = lambda: None
        self._engine = engine
        self._path = path
        self._ask = ask
        self._peers = Peers(lambda run: run in engine.snapshot.runs)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen; a socket file that a dead driver left is replaced (the caller holds the plan's lock)."""
        await self._peers.start()
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISSOCK(self._path.lstat().st_mode):
                self._path.unlink()
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with reachable(self._path) as name:
            listening.bind(name)
        self._path.chmod(0o600)
        self._server = await asyncio.start_unix_server(self._connected, sock=listening, limit=wire.LIMIT)

    async def close(self, farewell: str) -> None:
        """Stop listening, tell all clients why, and let go of them."""
        if self._server is not None:
            self._server.close()
        for writer in tuple(self._writers):
            with contextlib.suppress(ConnectionError, TimeoutError):
                writer.write(wire.line({"farewell": farewell}))
                async with asyncio.timeout(1.0):
                    await writer.drain()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
        self.clients += 1
        self.served += 1
        self.on_client()
        self._writers.add(writer)
        client = _Client(self._engine, self._ask, writer, self._peers)
        try:
            async for text in reader:
                client.handle(wire.message(text))
        except (ValueError, ConnectionError):
            pass  # a client that says nonsense, or is gone, is let go: it knows, and the driver lives on
        except asyncio.CancelledError:
            pass  # the driver ends; Python 3.11 would log a cancelled connection as an error
        finally:
            await client.close()
            self.clients -= 1
            self.left_at = time.monotonic()
            self._writers.discard(writer)
            if task is not None:
                self._tasks.discard(task)
            self._engine.wake()


class _Client:
    def __init__(self, engine: Engine, ask: Ask, writer: asyncio.StreamWriter, peers: Peers) -> None:
        self._engine = engine
        self._ask = ask
        self._writer = writer
        self._peers = peers
        self._looking: asyncio.Task[str | None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def handle(self, message: dict[str, Any]) -> None:
        """Begin to do what a message asks for. Raises ValueError for one that makes no sense."""
        try:
            work = self._work(message)
        except (KeyError, TypeError) as error:
            raise ValueError("a message that makes no sense") from error
        task = asyncio.create_task(self._done(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)  # what it raised is in the driver's log

    def _work(self, message: dict[str, Any]) -> Coroutine[Any, Any, None]:
        number, op = int(message["id"]), message["op"]
        if op == "subscribe":
            return self._subscribe(number, int(message["since"]))
        if op == "order":
            return self._order(number, decode(Order, message["order"]))
        if op == "ask":
            return self._question(number, str(message["question"]), dict(message["arguments"]))
        raise ValueError("nothing that can be done")

    async def _done(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except ConnectionError:
            pass  # whoever asked is gone
        except Exception:
            self._writer.close()  # no answer will come: the client must not wait for it
            raise

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(ConnectionError):
            self._writer.close()
            await self._writer.wait_closed()

    async def _send(self, message: dict[str, Any]) -> None:
        await self._write(wire.line(message))

    async def _write(self, line: bytes) -> None:
        self._writer.write(line)
        await self._writer.drain()

    async def _subscribe(self, number: int, since: int) -> None:
        feed = Feed(self._engine)
        try:
            missed = await asyncio.to_thread(lambda: tuple(self._engine.journal.read(since)))
            changes = wire.readings_out(wire.all_readings(self._engine.readings))
            now = {"id": number, "readings": changes, "problem": self._engine.trouble}
            await self._write(wire.news(now, missed))
            while True:
                facts, changes = await feed.take()
                if feed.overrun:
                    self._writer.close()  # it was away for long: it comes back, and reads the journal
                    return
                now = {"id": number, "readings": wire.readings_out(changes), "problem": self._engine.trouble}
                await self._write(wire.news(now, facts))
        finally:
            feed.close()

    async def _order(self, number: int, order: Order) -> None:
        inside = None if order.verb in AGENTS_OWN else await self._run_behind()
        answer = await self._engine.order(order, inside)
        await self._send({"id": number, "answer": asdict(answer)})

    async def _run_behind(self) -> str | None:
        """Return the run that this client belongs to, looked up once: all its orders wait for that, in their order."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._peers.run_behind(self._writer.get_extra_info("socket")))
        return await asyncio.shield(self._looking)

    async def _question(self, number: int, question: str, arguments: dict[str, Any]) -> None:
        try:
            result = await self._ask(question, arguments)
        except CockpitError as error:
            await self._send({"id": number, "error": error.what, "hint": error.hint})
        else:
            await self._send({"id": number, "result": result})
