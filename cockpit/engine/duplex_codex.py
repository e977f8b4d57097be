"""Codex's app-server as its client speaks it: one thread, its turns, and what it asks the operator."""

import asyncio
from pathlib import Path
from typing import Any

from cockpit import __version__
from cockpit.agents.streams.codex_app import ALLOW, ASKS, CHANGES, CHOICES, DENY, FOR_SESSION, FORM, MORE, RUNS, Wishes
from cockpit.agents.streams.stream import dig, rows
from cockpit.engine.duplex import Agent, AgentGoneError, Ask, Earlier, offered, on_a_line
from cockpit.engine.rpc import Rpc

KEPT = " (what you answer is kept in the journal)"
_UNHEARD = (
    "account/rateLimits/updated",
    "item/agentMessage/delta",
    "item/commandExecution/outputDelta",
    "item/fileChange/outputDelta",
    "item/fileChange/patchUpdated",
    "item/plan/delta",
    "item/reasoning/summaryTextDelta",
    "item/reasoning/textDelta",
    "thread/status/changed",
    "turn/diff/updated",  # the whole difference, after each call of its model
)
"""What would only fill the log: it comes again as a whole, or says nothing of the work."""


class Talk:
    """One conversation; see `Dialect`."""

    def __init__(self, agent: Agent, ask: Ask) -> None:
        self._agent = agent
        self._ask = ask
        self._rpc = Rpc(agent, self._answer, self._notice)
        self._wishes = Wishes(str(Path.cwd()))
        self._thread = ""
        self._begun = asyncio.Event()
        self._over: asyncio.Future[Any] | None = None
        self._saying = 0
        self._open: set[str] = set()
        self._ended: set[str] = set()
        self._status = ""

    async def converse(self, prompt: str, earlier: Earlier | None = None) -> bool:
        """Start a thread, or resume the earlier one; hand over the prompt, and go on until no turn is open."""
        async with self._rpc:
            who = {"clientInfo": {"name": "cockpit", "version": __version__}}
            able = {"experimentalApi": False, "optOutNotificationMethods": _UNHEARD}
            await self._rpc.call("initialize", {**who, "capabilities": able})
            await self._agent.send({"jsonrpc": "2.0", "method": "initialized"})
            again = {"threadId": earlier.session, "excludeTurns": True} if earlier is not None else {}
            resumed = await self._rpc.tried("thread/resume", again) if again else None
            opened = resumed if resumed is not None else await self._rpc.call("thread/start", {})
            self._thread = str(dig(opened, "thread", "id"))
            self._over = self._rpc.promise()
            first = self._say(prompt if earlier is None or resumed is not None else earlier.anew)
            await asyncio.gather(first, self._over)
            return self._status == "completed"

    @property
    def waits(self) -> bool:
        """Say that it takes what is said at any time: between two calls of its model, or as a turn of its own."""
        return False

    async def tell(self, text: str) -> None:
        """Say something at once."""
        await self._begun.wait()
        await self._say(f"The operator says: {text}")

    async def _say(self, text: str) -> None:
        """Begin a turn, or go on with the one that is open. Raises AgentGoneError once the conversation is over."""
        if self._over is not None and self._over.done():
            raise AgentGoneError("the agent is at its end")
        self._saying += 1
        try:
            said = {"threadId": self._thread, "input": [{"type": "text", "text": text}]}
            found = await self._rpc.call("turn/start", said)
            self._open |= {str(dig(found, "turn", "id"))} - self._ended
            self._begun.set()
        finally:
            self._saying -= 1
            self._settle()

    def _notice(self, method: str, params: dict[str, Any]) -> None:
        self._wishes.see(method, params)
        if method == "turn/completed" and params.get("threadId") == self._thread:  # its helpers have threads too
            turn, self._status = str(dig(params, "turn", "id")), str(dig(params, "turn", "status"))
            self._ended.add(turn)
            self._open.discard(turn)
            self._settle()

    def _settle(self) -> None:
        if self._over is not None and not (self._over.done() or self._saying or self._open):
            self._over.set_result(None)

    async def _answer(self, method: str, params: dict[str, Any]) -> dict[str, Any] | None:
        if method == ASKS:
            return await self._asked(params)
        if wanted := on_a_line(self._wishes.wanted(method, params)):
            return _decided(method, params, await self._permitted(wanted))
        return _decided(method, params, DENY)

    async def _permitted(self, wanted: str) -> str:
        """Return one of the choices; other words are a no, and are told to it."""
        answer = await self._ask(wanted, CHOICES)
        said = offered(answer).casefold()
        if said in CHOICES or said in ("yes", "no", ""):
            return {"yes": ALLOW, "no": DENY, "": DENY}.get(said, said)
        self._rpc.do(self._say(f"You asked: {wanted}\nThe operator says: {answer}"))
        return DENY

    async def _asked(self, params: dict[str, Any]) -> dict[str, Any]:
        answers: dict[str, Any] = {}
        for one in rows(params, "questions"):
            text = str(one.get("question") or "It asks, without words.")
            labels = (str(option.get("label", "")) for option in rows(one, "options"))
            kept = KEPT if one.get("isSecret") is True else ""
            if answer := await self._ask(f"{text}{kept}", tuple(filter(None, labels))):
                answers[str(one.get("id"))] = {"answers": [answer]}
        return {"answers": answers}


def _decided(method: str, params: dict[str, Any], choice: str) -> dict[str, Any] | None:
    """Return a decision in the words of what asked for it; None for what is not known."""
    if method in (RUNS, CHANGES):
        return {"decision": {ALLOW: "accept", FOR_SESSION: "acceptForSession"}.get(choice, "decline")}
    if method == MORE:
        granted = params.get("permissions") if choice != DENY else {}
        return {"permissions": granted, "scope": "session" if choice == FOR_SESSION else "turn"}
    if method == FORM:
        if choice == DENY:
            return {"action": "decline", "content": None, "_meta": None}
        return {"action": "accept", "content": {}, "_meta": {"persist": "session"} if choice == FOR_SESSION else None}
    return None
