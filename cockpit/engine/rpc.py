"""JSON-RPC with an agent: what is called and what it answers, what it asks and what it is answered; means nothing."""

import asyncio
import itertools
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Self

from cockpit.engine.duplex import Agent, AgentGoneError
from cockpit.errors import CockpitError
from cockpit.safetext import safe_line

NO_METHOD = -32601
Message = dict[str, Any]
_GONE = "the agent ended before its work did"


class Rpc:
    """The calls of both sides, each answered when it can be; entered, it listens.

    `answer` returns what a request of the agent's is answered with, None where it is not known; `notice` takes what
    the agent tells unasked.
    """

    def __init__(
        self,
        agent: Agent,
        answer: Callable[[str, Message], Awaitable[Message | None]],
        notice: Callable[[str, Message], None] = lambda _method, _params: None,
    ) -> None:
        self._agent, self._reply, self._notice = agent, answer, notice
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._over = False

    async def __aenter__(self) -> Self:
        self.do(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def do(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside the rest, until it or the conversation is over."""
        self._tasks.add(task := asyncio.create_task(work))
        task.add_done_callback(self._done)

    async def call(self, method: str, params: Message) -> Message:
        """Call a method and return its result. Raises CockpitError where it is refused."""
        return await self.result(await self.begin(method, params), method)

    async def tried(self, method: str, params: Message) -> Message | None:
        """Call a method and return its result; None where it is refused, which is said on stderr."""
        try:
            return await self.call(method, params)
        except AgentGoneError:
            raise
        except CockpitError as error:
            print(f"{safe_line(error.what, 500)}; it begins anew", file=sys.stderr, flush=True)
            return None

    async def begin(self, method: str, params: Message) -> asyncio.Future[Any]:
        """Send a call, and return what `result` waits for. Raises AgentGoneError."""
        if self._over:  # it may still take input, and will never answer
            raise AgentGoneError(_GONE)
        number, coming = self._promise()
        await self._agent.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return coming

    async def result(self, coming: asyncio.Future[Any], method: str) -> Message:
        """Return what a call came to. Raises CockpitError where it is refused."""
        found: Message = await coming
        if "error" in found:
            error = found["error"]
            said = error.get("message", error) if isinstance(error, dict) else error
            raise CockpitError(f"the agent refused {method}: {said}")
        return _object(found.get("result"))

    def promise(self) -> asyncio.Future[Any]:
        """Return something to wait for that fails where the agent ends before."""
        return self._promise()[1]

    def _promise(self) -> tuple[int, asyncio.Future[Any]]:
        number = next(self._ids)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        return number, self._waiting[number]

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # that the agent has gone, or takes something no more, is told by what waits for it

    async def _listen(self) -> None:
        try:
            async for message in self._agent.messages():
                method, number = message.get("method"), message.get("id")
                if isinstance(method, str) and "id" in message:
                    self.do(self._answer(method, message))
                elif isinstance(method, str):
                    self._notice(method, _object(message.get("params")))
                elif isinstance(number, int) and (coming := self._waiting.pop(number, None)) and not coming.done():
                    coming.set_result(message)
        finally:
            self._over = True
            for coming in self._waiting.values():
                if not coming.done():
                    coming.set_exception(AgentGoneError(_GONE))

    async def _answer(self, method: str, message: Message) -> None:
        result = await self._reply(method, _object(message.get("params")))
        error = {"code": NO_METHOD, "message": "this client does not offer that"}
        reply = {"error": error} if result is None else {"result": result}
        await self._agent.send({"jsonrpc": "2.0", "id": message["id"], **reply})


def _object(value: Any) -> Message:
    return value if isinstance(value, dict) else {}
