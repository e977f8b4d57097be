"""`cockpit mcp`: what an agent may say and ask, as tools of an MCP server on stdio, by the protocol's own SDK."""

import gc
from typing import TYPE_CHECKING, Any

from cockpit.errors import CockpitError

if TYPE_CHECKING:
    from mcp.server.fastmcp import FastMCP

    from cockpit.engine.inside import Inside

WAIT_S = 50.0
"""How long one call waits for an answer: some clients give a call up after a minute."""
ABOUT = """\
Talk to the operator of this plan of parallel work, and to the agents of its other workstreams. Ask rather than guess
where only a human can decide. No tool here approves, releases or merges anything."""


def mcp() -> int:
    """Serve note, ask, send, inbox, shared and done as tools of the Model Context Protocol on stdio (inside a run)."""
    gc.disable()  # the SDK makes hundreds of classes: looking for garbage among them takes a third of its start
    from cockpit.engine.inside import inside

    here = inside()
    try:
        server = made(here)
        gc.freeze()
        gc.enable()
    except ImportError as error:
        hint = "install it with cockpit: pip install 'cockpit[mcp]'"
        raise CockpitError("the MCP server needs the package `mcp`, which is not installed", hint=hint) from error
    server.run("stdio")
    return 0


def made(here: "Inside") -> "FastMCP[Any]":
    """Return the server of a run. Raises ImportError where its SDK is not installed."""
    from mcp.server.fastmcp import FastMCP

    server: FastMCP[Any] = FastMCP("cockpit", instructions=ABOUT, log_level="ERROR")
    tools = Tools(here)
    for tool in (tools.note, tools.ask, tools.answer, tools.send, tools.inbox, tools.shared, tools.done):
        server.add_tool(tool)
    return server


class Tools:
    """What a model is offered: names, arguments and docstrings are what it is told; errors reach it as their text."""

    def __init__(self, here: "Inside") -> None:
        self._here = here

    async def note(self, text: str) -> str:
        """Note how far you are; the operator sees it."""
        await self._here.order("note", text)
        return "noted"

    async def ask(self, question: str, choices: list[str] | None = None) -> str:
        """Ask the operator, and return the answer; where it takes longer, `answer` goes on waiting for it."""
        key = await self._here.ask(question, tuple(choices or ()))
        return _told(await self._here.answered(key, WAIT_S))

    async def answer(self, question: str) -> str:
        """Wait on for the answer of a question that `ask` named, such as q12."""
        await self._here.waits_on(question)
        return _told(await self._here.answered(question, WAIT_S))

    async def send(self, workstream: str, text: str) -> str:
        """Send the agent of another workstream a message."""
        await self._here.order("send", text, about=workstream)
        return f"sent to {workstream}"

    async def inbox(self) -> list[dict[str, str]]:
        """Return what the agents of other workstreams sent you since you last looked."""
        return [{"from": str(one["from"]), "text": str(one["text"])} for one in await self._here.inbox()]

    async def shared(self, file: str) -> dict[str, Any]:
        """Say who else is changing a file of the repository just now."""
        return await self._here.shared(file)

    async def done(self, items: list[str]) -> str:
        """Say which issues (by id), or points of the checklist (by words or number), are done."""
        await self._here.order("done", words=tuple(items))
        return "kept"


def _told(found: dict[str, Any]) -> str:
    """Return how a question stands, for a model to read."""
    if found["open"]:
        return f"No answer yet. The question stays open as {found['id']}: call `answer` with that, or go on meanwhile."
    return str(found["answer"]) or f"Nobody answered ({found['how']}): decide by yourself, and say so at the end."
