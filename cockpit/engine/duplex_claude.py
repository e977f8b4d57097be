"""Claude Code's own protocol on stdin and stdout: a prompt, permissions for its tools, and its questions."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

from cockpit.agents.streams.stream import rows
from cockpit.engine.duplex import Agent, AgentGoneError, Ask, Earlier, on_a_line

ALLOW, DENY = "allow", "deny"
NOT_ANSWERED = "the operator did not answer"
SEVERAL = " (several can be chosen, in words: 1, 3)"
_MAIN = ("command", "file_path", "notebook_path", "path", "url", "pattern")
_BESIDE = {
    "Bash": ("description", "timeout"),
    "Edit": ("old_string", "new_string", "replace_all"),
    "MultiEdit": ("edits",),
    "NotebookEdit": ("cell_id", "cell_type", "edit_mode", "new_source"),
    "WebFetch": ("prompt",),
    "Write": ("content",),
}
"""What of a tool's input is not shown with what it is used on: the operator reads it in the change."""
SETTLE_S = 3.0
"""How long after the result of a turn, in which something was said to it, a further turn may take to begin."""


class Talk:
    """One conversation; see `Dialect`."""

    def __init__(self, agent: Agent, ask: Ask) -> None:
        self._agent = agent
        self._ask = ask
        self._answering: set[asyncio.Task[None]] = set()
        self._begun = asyncio.Event()
        self._told = False

    async def converse(self, prompt: str, earlier: Earlier | None = None) -> bool:  # noqa: ARG002 - its own words do that
        """Hand over the prompt and answer requests until the result comes, and that of what was said meanwhile."""
        try:
            await self._agent.send(
                {"type": "control_request", "request_id": "init", "request": {"subtype": "initialize"}}
            )
            await self._say(prompt)
            self._begun.set()
            good: bool | None = None
            messages = self._agent.messages()
            while (message := await self._next(messages, None if good is None else SETTLE_S)) is not None:
                if _begins_turn(message):
                    good = None
                if message.get("type") == "result":
                    good = message.get("subtype") == "success" and not message.get("is_error")
                    if not self._told:
                        return good
                    self._told = False
                if message.get("type") == "control_request":
                    self._answering.add(task := asyncio.create_task(self._answer(message)))
                    task.add_done_callback(self._answering.discard)
            if good is None:
                raise AgentGoneError("the agent ended before its work did")
            return good
        finally:
            for task in self._answering:
                task.cancel()
            await asyncio.gather(*self._answering, return_exceptions=True)

    @property
    def waits(self) -> bool:
        """Say that it takes what is said at any time: between two calls of tools, or as a turn of its own."""
        return False

    async def tell(self, text: str) -> None:
        """Say something at once."""
        await self._begun.wait()
        self._told = True
        await self._say(f"The operator says: {text}")

    async def _say(self, text: str) -> None:
        said = {"role": "user", "content": [{"type": "text", "text": text}]}
        await self._agent.send({"type": "user", "message": said})

    @staticmethod
    async def _next(messages: AsyncIterator[dict[str, Any]], patience_s: float | None) -> dict[str, Any] | None:
        """Return the next message; None where the agent ended, or nothing came for so long."""
        try:
            async with asyncio.timeout(patience_s):
                return await anext(messages, None)
        except TimeoutError:
            return None

    async def _answer(self, message: dict[str, Any]) -> None:
        request = message.get("request")
        request = request if isinstance(request, dict) else {}
        told: dict[str, Any] = {"request_id": message.get("request_id")}
        if request.get("subtype") == "can_use_tool":
            told |= {"subtype": "success", "response": await self._permitted(request)}
        else:
            told |= {"subtype": "error", "error": "this client does not offer that"}
        await self._agent.send({"type": "control_response", "response": told})

    async def _permitted(self, request: dict[str, Any]) -> dict[str, Any]:
        given = request.get("input")
        given = given if isinstance(given, dict) else {}
        if request.get("tool_name") == "AskUserQuestion":
            return await self._asked(given)
        answer = await self._ask(wanted(request, given), (ALLOW, DENY))
        if answer.strip().casefold() in (ALLOW, "yes"):
            return {"behavior": ALLOW, "updatedInput": given}
        said = "the operator said no" if answer.strip().casefold() in (DENY, "no") else f"the operator says: {answer}"
        return {"behavior": DENY, "message": said if answer else NOT_ANSWERED}

    async def _asked(self, given: dict[str, Any]) -> dict[str, Any]:
        answers: dict[str, str] = {}
        for one in rows(given, "questions"):
            text = str(one.get("question", ""))
            labels = [str(option.get("label", "")) for option in rows(one, "options")]
            several = one.get("multiSelect") is True
            asked = f"{text or 'It asks, without words.'}{SEVERAL if several else ''}"
            answer = await self._ask(asked, tuple(filter(None, labels)))
            if not answer:
                return {"behavior": DENY, "message": NOT_ANSWERED}
            answers[text] = chosen(answer, labels) if several else answer
        return {"behavior": ALLOW, "updatedInput": {**given, "answers": answers}}


def chosen(answer: str, labels: list[str]) -> str:
    """Return the choices that an answer names by numbers, as their labels; any other answer as it is."""
    numbers = (
        re.findall(r"[0-9]+", answer)
        if re.fullmatch(r"[0-9]{1,2}(?:[ ,]{1,3}[0-9]{1,2}){0,99}", answer.strip())
        else []
    )
    places = [int(one) for one in numbers]
    return (
        ", ".join(labels[one - 1] for one in places)
        if places and all(0 < one <= len(labels) for one in places)
        else answer
    )


def _begins_turn(message: dict[str, Any]) -> bool:
    kind = message.get("type")
    return kind == "assistant" or (kind == "system" and message.get("subtype") == "init")


def wanted(request: dict[str, Any], given: dict[str, Any]) -> str:
    """Return what a tool is to be allowed, in words: what it is used on, and all else that says what that does."""
    tool = str(request.get("tool_name") or "a tool")
    main = next((key for key in _MAIN if given.get(key)), "")
    more = {key: one for key, one in given.items() if key != main and key not in _BESIDE.get(tool, ())}
    rest = json.dumps(more, ensure_ascii=False) if more or not main else ""
    shown = on_a_line(f"{given[main]} {rest}" if main else rest)
    why = on_a_line(str(request.get("decision_reason") or ""))
    return f"May it use {tool}: {shown}?{f' ({why})' if why else ''}"
