import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from cockpit.engine.duplex import Agent, AgentGoneError
from cockpit.engine.rpc import Rpc

pytestmark = pytest.mark.anyio


class Mute:
    """An agent that closes its output after its first answer, and goes on to take input."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """Yield its only answer."""
        yield {"id": 1, "result": {"well": True}}
        self.closed.set()

    async def send(self, message: dict[str, Any]) -> None:
        """Take what it is sent."""


async def unknown(method: str, params: dict[str, Any]) -> None:
    """Answer nothing."""


async def test_a_call_of_an_agent_that_answers_no_more_fails_at_once() -> None:
    agent = Mute()
    async with asyncio.timeout(10), Rpc(cast("Agent", agent), unknown) as rpc:
        assert await rpc.call("first", {}) == {"well": True}
        await agent.closed.wait()
        await asyncio.sleep(0)
        with pytest.raises(AgentGoneError, match="ended before"):
            await rpc.call("second", {})
