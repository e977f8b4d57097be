"""The Agent Client Protocol as its client speaks it: one session, a prompt, and permissions that the operator gives.

It offers no files and no terminals: an agent in its own worktree needs none of another's.
"""

import asyncio
import itertools
import sys
from pathlib import Path
from typing import Any

from cockpit import __version__
from cockpit.agents.streams.stream import rows
from cockpit.engine.duplex import Agent, AgentGoneError, Ask, Earlier
from cockpit.errors import CockpitError
from cockpit.safetext import safe_line

PROTOCOL = 1
SHOWN = 300
NO_METHOD = -32601
_NOTHING = {"outcome": {"outcome": "cancelled"}}


class Talk:
    """One conversation; see `Dialect`."""

    def __init__(self, agent: Agent, ask: Ask) -> None:
        self._agent = agent
        self._ask = ask
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._said: list[str] = []
        self._told: list[tuple[str, asyncio.Future[None]]] = []

    async def converse(self, prompt: str, earlier: Earlier | None = None) -> bool:
        """Open a session, or load the earlier one; hand over the prompt, and go on until nothing is left to say."""
        listening = asyncio.create_task(self._listen())
        try:
            offered = {"fs": {"readTextFile": False, "writeTextFile": False}, "terminal": False}
            who = {"name": "cockpit", "version": __version__}
            about = {"protocolVersion": PROTOCOL, "clientCapabilities": offered, "clientInfo": who}
            able = await self._call("initialize", about)
            loaded = earlier is not None and await self._load(able, earlier.session)
            session = earlier.session if earlier is not None and loaded else await self._open()
            stop, texts = "", [prompt if earlier is None or loaded else earlier.anew]
            told: list[tuple[str, asyncio.Future[None]]] = []
            while texts:
                parts = [{"type": "text", "text": text} for text in texts]
                number = await self._begin("session/prompt", {"sessionId": session, "prompt": parts})
                for _, handed_over in told:
                    handed_over.set_result(None)
                ended = await self._result(number, "session/prompt")
                stop = str(ended.get("stopReason", ""))
                told, self._told = [one for one in self._told if not one[1].done()], []
                texts, self._said = [*self._said, *(text for text, _ in told)], []
            return stop == "end_turn"
        finally:
            for task in (listening, *self._answering):
                task.cancel()
            await asyncio.gather(listening, *self._answering, return_exceptions=True)

    async def _open(self) -> Any:
        return (await self._call("session/new", _here())).get("sessionId")

    async def _load(self, able: dict[str, Any], session: str) -> bool:
        """Have the agent go on with a session, and say whether it can; what it tells again of it is not new output."""
        can = able.get("agentCapabilities")
        if not (isinstance(can, dict) and can.get("loadSession") is True):
            return False
        self._agent.repeats = True
        try:
            await self._call("session/load", {"sessionId": session, **_here()})
        except AgentGoneError:
            raise
        except CockpitError as error:
            print(f"{safe_line(error.what, 500)}; it begins anew", file=sys.stderr, flush=True)
            return False
        finally:
            self._agent.repeats = False
        return True

    @property
    def waits(self) -> bool:
        """Say that a prompt is taken only after the one before was answered."""
        return True

    async def tell(self, text: str) -> None:
        """Say something as the next prompt of the session; return when it was handed over."""
        handed_over = asyncio.get_running_loop().create_future()
        self._told.append((f"The operator says: {text}", handed_over))
        await handed_over

    async def _call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        return await self._result(await self._begin(method, params), method)

    async def _begin(self, method: str, params: dict[str, Any]) -> int:
        number = next(self._ids)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._agent.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return number

    async def _result(self, number: int, method: str) -> dict[str, Any]:
        found: dict[str, Any] = await self._waiting[number]
        if "error" in found:
            error = found["error"]
            said = error.get("message", error) if isinstance(error, dict) else error
            raise CockpitError(f"the agent refused {method}: {said}")
        result = found.get("result")
        return result if isinstance(result, dict) else {}

    async def _listen(self) -> None:
        try:
            async for message in self._agent.messages():
                if isinstance(message.get("method"), str):
                    if "id" in message:
                        self._answering.add(task := asyncio.create_task(self._answer(message)))
                        task.add_done_callback(self._answering.discard)
                elif isinstance(number := message.get("id"), int) and number in self._waiting:
                    self._waiting.pop(number).set_result(message)
        finally:
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(AgentGoneError("the agent ended before its work did"))

    async def _answer(self, message: dict[str, Any]) -> None:
        reply: dict[str, Any]
        if message["method"] == "session/request_permission":
            params = message.get("params")
            reply = {"result": await self._permitted(params if isinstance(params, dict) else {})}
        else:
            reply = {"error": {"code": NO_METHOD, "message": "this client does not offer that"}}
        await self._agent.send({"jsonrpc": "2.0", "id": message["id"], **reply})

    async def _permitted(self, params: dict[str, Any]) -> dict[str, Any]:
        options = [one for one in rows(params, "options") if one.get("optionId")]
        text = wanted(params.get("toolCall"))
        answer = await self._ask(text, tuple(str(one.get("name") or one["optionId"]) for one in options))
        chosen = option_for(options, answer)
        if chosen is None:
            # Words are no yes; they reach the agent once it has come to an end with the no.
            if answer:
                self._said.append(f"You asked: {text}\nThe operator says: {answer}")
            chosen = next((one for one in options if str(one.get("kind", "")).startswith("reject")), None)
        return _NOTHING if chosen is None else {"outcome": {"outcome": "selected", "optionId": chosen["optionId"]}}


def _here() -> dict[str, Any]:
    return {"cwd": str(Path.cwd()), "mcpServers": []}


def wanted(call: Any) -> str:
    """Return what an agent wants to be allowed, in words, from a tool call as it describes it."""
    given = call if isinstance(call, dict) else {}
    title = " ".join(str(given.get("title") or given.get("kind") or "something").split())
    raw = given.get("rawInput")
    command = raw.get("command") if isinstance(raw, dict) else None
    more = f" ({command})" if isinstance(command, str) and command not in title else ""
    return f"May it: {title[:SHOWN]}{more[:SHOWN]}?"


def option_for(options: list[dict[str, Any]], answer: str) -> dict[str, Any] | None:
    """Return the option that an answer means: by its name, its kind or its id, whatever their case; else None."""
    said = answer.strip().casefold()
    return next(
        (
            one
            for one in options
            if said and said in (str(one.get(key, "")).casefold() for key in ("name", "kind", "optionId"))
        ),
        None,
    )
