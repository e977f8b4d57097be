"""A talk with an agent at work, line by line in a terminal: what it does, what it asks, and what the operator says."""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.agents import runs
from cockpit.agents.streams import events as e
from cockpit.agents.streams import formats
from cockpit.cli.giving import by
from cockpit.cli.output import say, tell
from cockpit.engine.following import format_of
from cockpit.errors import CockpitError, DriverGoneError
from cockpit.safetext import on_one_line, safe_text
from cockpit.schedule.orders import Order

if TYPE_CHECKING:
    from cockpit.engine.handle import Handle, View
    from cockpit.engine.project import Project
    from cockpit.schedule.talk import Question

LOOK_EVERY_S = 0.2
SHOWN_FIRST = 20
QUIET = 5  # looks without anything new, after which half a line is shown too
PIECE = 1 << 16


def chat(project: "Project", workstream: str) -> int:
    """Show what the agent of a workstream does, hand over what is typed, until its run or the input ends."""
    return asyncio.run(_chat(project, workstream))


async def _chat(project: "Project", workstream: str) -> int:
    from cockpit.engine.client import ensure_driver

    handle = await ensure_driver(project.loaded.path, project.state)
    talk = _Talk(handle, project, workstream)
    try:
        await talk.go_on()
    finally:
        await handle.close()
    return 0


class _Talk:
    """One talk; `handle` leads to the driver."""

    def __init__(self, handle: "Handle", project: "Project", workstream: str) -> None:
        self._handle = handle
        self._project = project
        self._workstream = workstream
        self._run = ""
        self._asked: tuple[Question, ...] = ()

    async def go_on(self) -> None:
        """Talk until the run is over, or nothing more is typed."""
        tasks = [asyncio.create_task(one) for one in (self._follow(), self._listen())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # --- what the agent does and asks -----------------------------------------------------------------------------

    async def _follow(self) -> None:
        """Show what is printed and asked, until the run is over. Raises DriverGoneError."""
        showing: asyncio.Task[None] | None = None
        try:
            async for view in self._handle.subscribe():
                leg = view.snapshot.leg_under_way(self._workstream)
                if not self._run and leg.run:
                    self._run = leg.run
                    tell(f"run {self._run} of {leg.slot}: what you type is told to it; ctrl+d leaves it")
                    showing = asyncio.create_task(self._show(self._project.state.run(self._run)))
                self._ask(view)
                run = view.snapshot.runs.get(self._run)
                if run is not None and run.ended is not None:
                    await asyncio.sleep(2 * LOOK_EVERY_S)  # what it printed last is still to be shown
                    tell(f"run {run.id} ended {run.outcome}" + (f": {on_one_line(run.reason)}" if run.reason else ""))
                    return
            raise DriverGoneError("the driver went away", hint="the agent goes on; the same command starts it again")
        finally:
            if showing is not None:
                showing.cancel()
                await asyncio.gather(showing, return_exceptions=True)

    def _ask(self, view: "View") -> None:
        open_now, known = view.snapshot.open_questions(self._workstream), {one.id for one in self._asked}
        for one in open_now:
            if one.id not in known:
                say(f"? {safe_text(one.text)}")
                for number, choice in enumerate(one.choices, 1):
                    say(f"  {number}  {on_one_line(choice)}")
        self._asked = open_now

    async def _show(self, folder: Path) -> None:
        parser, place, idle = formats.parser(format_of(folder)), 0, 0
        words, first = InWords(), True
        while True:
            new: list[str] = []
            while (chunk := runs.read_output(folder, place, PIECE)).data:
                place, idle = chunk.next, 0
                if chunk.lost:
                    parser.lost()
                new += words.lines(parser.feed(chunk.data))
            idle += 1
            if idle == QUIET:
                new += words.rest()
            for text in new[-SHOWN_FIRST:] if first else new:
                say(text)
            first = False
            await asyncio.sleep(LOOK_EVERY_S)

    # --- what the operator says -----------------------------------------------------------------------------------

    async def _listen(self) -> None:
        """Hand over each line that is typed, until there are no more."""
        lines = _typed()
        while (line := await lines.get()) is not None:
            if text := line.strip():
                await self._hand_over(text)
        tell("left; the agent goes on")

    async def _hand_over(self, text: str) -> None:
        order = Order("tell", (self._workstream,), by(), text)
        if self._asked:
            number = self._asked[0].chosen(text)
            words = "" if number is not None else text
            order = Order("answer", (self._workstream,), by(), words, number, expected=self._asked[0].id)
        try:
            answer = await self._handle.order(order)
        except CockpitError as error:
            tell(f"not said: {error.what}")
            return
        if not answer.ok:
            tell(f"not said: {on_one_line(answer.note)}")


class InWords:
    """Turns events of an agent's output into printable lines; what says nothing to a human is left out."""

    def __init__(self) -> None:
        self._part = ""

    def lines(self, found: Iterable[e.Event]) -> Iterator[str]:
        """Yield the lines that these events complete; a message that comes in parts is kept until its line ends."""
        for one in found:
            if isinstance(one, e.Message) and one.part:
                *whole, self._part = (self._part + one.text).split("\n")
                yield from map(safe_text, whole)
            elif said := _said(one):
                yield from self.rest()
                yield said

    def rest(self) -> Iterator[str]:
        """Yield what is left of a message that came in parts."""
        if self._part:
            yield safe_text(self._part)
            self._part = ""


def _said(one: e.Event) -> str:
    match one:
        case e.Message(text=text):
            return safe_text(text)
        case e.ToolUse(name=name, target=target):
            return f"· {on_one_line(f'{name} {target}')}"
        case e.ToolResult(ok=False, text=text) | e.Error(text=text):
            return f"✗ {on_one_line(text)}"
        case e.Told(text=text, by=who, queued=queued):
            waits = " (it hears this when its turn ends)" if queued else ""
            return f"{on_one_line(who or 'you')}: {safe_text(text)}{waits}"
    return ""


def _typed() -> "asyncio.Queue[str | None]":
    """Return a queue that gets every line of stdin, and None at its end."""
    loop, lines = asyncio.get_running_loop(), asyncio.Queue[str | None]()

    def read() -> None:
        # Not by sys.stdin: a thread that waits there holds a lock that the interpreter needs in order to end.
        rest = b""
        with contextlib.suppress(OSError):  # a terminal that is gone types no more
            while sys.stdin is not None and (data := os.read(sys.stdin.fileno(), PIECE)):
                *whole, rest = (rest + data).split(b"\n")
                for line in whole:
                    hand_on(line.decode("utf-8", "replace"))
        if rest:
            hand_on(rest.decode("utf-8", "replace"))
        hand_on(None)

    def hand_on(line: str | None) -> None:
        with contextlib.suppress(RuntimeError):  # the talk is over, and its loop closed
            loop.call_soon_threadsafe(lines.put_nowait, line)

    threading.Thread(target=read, name="what is typed", daemon=True).start()
    return lines
