"""The Agent Client Protocol as its client speaks it: one session, a prompt, and permissions that the operator gives.

It offers no files and no terminals: an agent in its own worktree needs none of another's.
"""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from cockpit import __version__
from cockpit.agents import toolset
from cockpit.agents.streams.stream import rows
from cockpit.engine.duplex import Agent, Ask, Earlier, offered, on_a_line
from cockpit.engine.rpc import Rpc

PROTOCOL = 1
_BESIDE = {
    "edit": (
        *("content", "contents", "diff", "edits", "new_content", "new_str", "new_string", "newContent", "newString"),
        *("newText", "old_content", "old_str", "old_string", "oldContent", "oldString", "oldText"),
    ),
    "execute": ("description", "timeout"),
}
"""What of the input of a kind of tool is not shown: the operator reads it in the change, or it changes nothing."""
_NOTHING = {"outcome": {"outcome": "cancelled"}}


class Talk:
    """One conversation; see `Dialect`."""

    def __init__(self, agent: Agent, ask: Ask) -> None:
        self._agent = agent
        self._ask = ask
        self._rpc = Rpc(agent, self._answer)
        self._said: list[str] = []
        self._told: list[tuple[str, asyncio.Future[None]]] = []

    async def converse(self, prompt: str, earlier: Earlier | None = None) -> bool:
        """Open a session, or load the earlier one; hand over the prompt, and go on until nothing is left to say."""
        async with self._rpc:
            offered = {"fs": {"readTextFile": False, "writeTextFile": False}, "terminal": False}
            who = {"name": "cockpit", "version": __version__}
            about = {"protocolVersion": PROTOCOL, "clientCapabilities": offered, "clientInfo": who}
            able = await self._rpc.call("initialize", about)
            loaded = earlier is not None and await self._load(able, earlier.session)
            session = earlier.session if earlier is not None and loaded else await self._open()
            stop, texts = "", [prompt if earlier is None or loaded else earlier.anew]
            told: list[tuple[str, asyncio.Future[None]]] = []
            while texts:
                parts = [{"type": "text", "text": text} for text in texts]
                coming = await self._rpc.begin("session/prompt", {"sessionId": session, "prompt": parts})
                for _, handed_over in told:
                    handed_over.set_result(None)
                ended = await self._rpc.result(coming, "session/prompt")
                stop = str(ended.get("stopReason", ""))
                told, self._told = [one for one in self._told if not one[1].done()], []
                texts, self._said = [*self._said, *(text for text, _ in told)], []
            return stop == "end_turn"

    async def _open(self) -> Any:
        servers = toolset.handed(os.environ)
        opened = await self._rpc.tried("session/new", _here(servers)) if servers else None
        # One that cannot have them is to work without them, or to say what else is wrong.
        return (opened if opened is not None else await self._rpc.call("session/new", _here([]))).get("sessionId")

    async def _load(self, able: dict[str, Any], session: str) -> bool:
        """Have the agent go on with a session, and say whether it can; what it tells again of it is not new output."""
        can = able.get("agentCapabilities")
        if not (isinstance(can, dict) and can.get("loadSession") is True):
            return False
        self._agent.repeats = True
        try:
            servers = toolset.handed(os.environ)
            given = [_here(servers), *([_here([])] if servers else [])]
            for here in given:
                if await self._rpc.tried("session/load", {"sessionId": session, **here}) is not None:
                    return True
            return False
        finally:
            self._agent.repeats = False

    @property
    def waits(self) -> bool:
        """Say that a prompt is taken only after the one before was answered."""
        return True

    async def tell(self, text: str) -> None:
        """Say something as the next prompt of the session; return when it was handed over."""
        handed_over = asyncio.get_running_loop().create_future()
        self._told.append((f"The operator says: {text}", handed_over))
        await handed_over

    async def _answer(self, method: str, params: dict[str, Any]) -> dict[str, Any] | None:
        return await self._permitted(params) if method == "session/request_permission" else None

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


def _here(servers: list[dict[str, Any]]) -> dict[str, Any]:
    return {"cwd": str(Path.cwd()), "mcpServers": servers}


def wanted(call: Any) -> str:
    """Return what an agent wants to be allowed, in words: a title, and all else that says what that does."""
    given = call if isinstance(call, dict) else {}
    title = on_a_line(str(given.get("title") or given.get("kind") or "something"))
    raw = given.get("rawInput")
    fields = raw if isinstance(raw, dict) else {"input": raw}
    said = (None, title.strip("`"), str(Path.cwd()))
    beside = _BESIDE.get(str(given.get("kind")), ())
    more = {key: one for key, one in fields.items() if key not in beside and _line(one) not in said}
    command = _line(more.pop("command")) if isinstance(more.get("command"), str) else ""
    rest = json.dumps(more, ensure_ascii=False) if more else ""
    shown = " ".join(filter(None, (command, rest)))
    return f"May it: {title}{f' ({shown})' if shown else ''}?"


def _line(value: Any) -> Any:
    return on_a_line(value) if isinstance(value, str) else value


def option_for(options: list[dict[str, Any]], answer: str) -> dict[str, Any] | None:
    """Return the option that an answer means: by its name, its kind or its id, whatever their case; else None."""
    said = offered(answer).casefold()
    return next(
        (
            one
            for one in options
            if said and said in (offered(str(one.get(key, ""))).casefold() for key in ("name", "kind", "optionId"))
        ),
        None,
    )
