"""How a run reaches the driver that it belongs to: as its environment says, and for what an agent may say alone.

It never starts a driver: that is the operator's.
"""

import asyncio
import contextlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cockpit.engine.client import SocketHandle, connect
from cockpit.errors import CockpitError, DriverGoneError, OrderRefusedError
from cockpit.schedule.orders import Order
from cockpit.schedule.talk import TALK
from cockpit.store.paths import StateFolder

LOOK_AGAIN_S = 0.5
LOOK_S = 30.0
"""How long one look at an open question takes at most: a line that was cut meanwhile is noticed then."""
Again = Literal["same", "open", "other"]
SAME: Again = "same"
OPEN: Again = "open"
OTHER: Again = "other"
_NEEDED = ("COCKPIT_RUN", "COCKPIT_WORKSTREAM", "COCKPIT_STATE")


@dataclass(frozen=True, slots=True)
class Inside:
    """A run, as its own environment names it, and what its agent can say and ask."""

    run: str
    workstream: str
    state: StateFolder
    worktree: Path

    async def order(self, verb: str, text: str = "", about: str = "", words: tuple[str, ...] = ()) -> str:
        """Say something, and return the driver's note. Raises OrderRefusedError and DriverGoneError."""
        handle = await self._reached()
        try:
            by = f"{self.run}@agent"
            order = Order(verb, (self.workstream,), by, text, expected=about, how=self.run, words=words)
            answer = await handle.order(order)
        finally:
            await handle.close()
        if not answer.ok:
            raise OrderRefusedError(answer.note)
        return answer.note

    async def question(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Return the driver's answer to a question. Raises CockpitError and DriverGoneError."""
        handle = await self._reached()
        try:
            found: dict[str, Any] = await handle.ask(name, **arguments)
        finally:
            await handle.close()
        return found

    async def ask(self, text: str, choices: tuple[str, ...] = (), *, again: Again = "same") -> str:
        """Put a question to the operator, and return its id. Raises OrderRefusedError and DriverGoneError.

        The same words again are the same question, so that whoever was cut off while waiting goes on waiting; or only
        as long as it is open; or they are another one.
        """
        if again != OTHER:
            known = await self.question("asked", run=self.run, text=text, answered=again == SAME)
            if known["id"]:
                if again == SAME:
                    await self.waits_on(str(known["id"]))
                return str(known["id"])
        return await self.order("ask", text, words=choices)

    async def answered(self, question: str, wait_s: float | None = None) -> dict[str, Any]:
        """Wait for the answer of a question, for ever or so many seconds, and return how it stands then.

        A driver that goes away meanwhile is waited for, too: runs outlive it. Raises CockpitError for a question that
        is not known, DriverGoneError where the time is up while there is no driver.
        """
        loop = asyncio.get_running_loop()
        deadline = None if wait_s is None else loop.time() + wait_s
        while True:
            left = LOOK_S if deadline is None else min(LOOK_S, deadline - loop.time())
            try:
                found = await self.question("answer", key=question, wait_s=max(0.0, left))
            except DriverGoneError:
                if deadline is not None and loop.time() >= deadline:
                    raise
                await asyncio.sleep(LOOK_AGAIN_S)
                continue
            if not found["open"] or (deadline is not None and loop.time() >= deadline):
                return found

    async def waits_on(self, question: str) -> None:
        """Have it noted that the answer of an earlier question is waited for again, as far as that can be.

        It has no words: a driver of an earlier version would put them to the operator.
        """
        with contextlib.suppress(OrderRefusedError, DriverGoneError):
            await self.order("ask", about=question)

    async def withdraw(self, question: str) -> dict[str, Any]:
        """Give up on a question, and return how it stands: an answer that came just before counts.

        Raises CockpitError and DriverGoneError.
        """
        with contextlib.suppress(OrderRefusedError):  # it was closed at that moment
            await self.order("withdraw", about=question)
        return await self.question("answer", key=question)

    async def inbox(self, *, everything: bool = False) -> list[dict[str, Any]]:
        """Return the messages of other agents that were not read yet, or all that are kept; then they count as read.

        Where that is refused, as to a run that says too much, they are returned again the next time. Raises
        CockpitError and DriverGoneError.
        """
        found = await self.question("inbox", workstream=self.workstream, everything=everything)
        messages: list[dict[str, Any]] = found["messages"]
        new = [str(one["id"]) for one in messages if not one["read"]]
        with contextlib.suppress(OrderRefusedError):  # or another call read them at that moment
            await self.order("inbox", about=" ".join(new))
        return messages

    async def hear(self, known: Iterable[str]) -> dict[str, Any]:
        """Wait for what the operator says to this run's agent, but what is known; return it, or nothing after a while.

        Raises CockpitError and DriverGoneError.
        """
        return await self.question("hear", run=self.run, known=sorted(known), wait_s=LOOK_S)

    async def has_heard(self, message: str) -> None:
        """Say that the agent was told what the operator said. Raises OrderRefusedError and DriverGoneError."""
        await self.order("inbox", about=message, words=(TALK,))

    async def is_to_hear(self, message: str) -> bool:
        """Tell whether what the operator said counts as not heard yet. Raises CockpitError and DriverGoneError."""
        found = await self.question("hear", run=self.run, known=[], wait_s=0.0)
        return not found["over"] and any(str(one["id"]) == message for one in found["messages"])

    async def shared(self, path: str) -> dict[str, Any]:
        """Return who else is changing a file; its path is the worktree's, or relative to the present folder.

        Raises CockpitError for one outside of the worktree, OrderRefusedError and DriverGoneError.
        """
        name = self._in_worktree(path)
        await self.order("shared", about=name)
        return await self.question("shared", path=name, workstream=self.workstream)

    def _in_worktree(self, path: str) -> str:
        top = Path(os.path.realpath(self.worktree))
        full = Path(os.path.realpath(path))
        if not full.is_relative_to(top):
            raise CockpitError(f"{path} is not in this run's worktree", hint=f"give a path below {top}")
        return full.relative_to(top).as_posix()

    async def _reached(self) -> SocketHandle:
        try:
            return await connect(self.state)
        except DriverGoneError as error:
            hint = "nothing was said; go on without it, or try again later: only the operator starts a driver"
            raise DriverGoneError("the driver of this run's plan cannot be reached", hint=hint) from error


def inside(environment: Mapping[str, str] | None = None) -> Inside:
    """Return the run that this process belongs to. Raises CockpitError outside of one."""
    found = os.environ if environment is None else environment
    missing = [name for name in _NEEDED if not found.get(name)]
    if missing:
        raise CockpitError(
            f"this command is for agents inside a run: {', '.join(missing)} not set",
            hint="the operator's commands are those of `cockpit --help` that name a plan, such as `cockpit answer`",
        )
    run, workstream, state = (found[name] for name in _NEEDED)
    return Inside(run, workstream, StateFolder(Path(state)), Path(found.get("COCKPIT_WORKTREE") or Path.cwd()))
