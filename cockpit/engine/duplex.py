"""Talks with an agent program for its run: hands it the prompt, and what it asks to the operator, inside that run.

`python -P -m cockpit.engine.duplex DIALECT PROMPT_FILE PROGRAM…` is what a run of such an agent starts. It is one of
the run's own processes, so it lives as long as the agent, whatever becomes of the driver; what the agent prints goes on
to stdout as it is. It decides nothing: a question that cannot be put is not answered with a yes.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Protocol

from cockpit.errors import CockpitError, DriverGoneError, OrderRefusedError
from cockpit.safetext import safe_line

LONGEST_LINE = 64 * 1024 * 1024
ENDING_S = 10.0
AGAIN_S = 1.0
DIALECTS = ("acp", "claude")
Ask = Callable[[str, tuple[str, ...]], Awaitable[str]]
"""Puts a question with its choices, and returns the answer; empty where there is none."""


class AgentGoneError(CockpitError):
    """The agent ended, or closed its output, in the middle of a talk."""


class Agent:
    """A program that takes JSON lines on its stdin; `out` gets all that it prints."""

    def __init__(self, process: asyncio.subprocess.Process, out: IO[bytes]) -> None:
        self._process = process
        self._out = out

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """Yield the messages that it sends until it closes its output; other lines are only passed on."""
        assert self._process.stdout is not None  # noqa: S101  # it was started with a pipe
        async for line in self._process.stdout:
            self._out.write(line)
            self._out.flush()
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if isinstance(found, dict):
                yield found

    async def send(self, message: dict[str, Any]) -> None:
        """Send a message. Raises AgentGoneError."""
        assert self._process.stdin is not None  # noqa: S101  # the same
        try:
            self._process.stdin.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
            await self._process.stdin.drain()
        except (ConnectionError, OSError) as error:
            raise AgentGoneError("the agent takes no more input") from error

    async def end(self) -> None:
        """Close its input, which ends it; one that goes on for long is told to end."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(ENDING_S):
                async for _ in self.messages():
                    pass  # it is passed on, no more
                await self._process.wait()
        except TimeoutError:
            self._process.terminate()
            await self._process.wait()


class Dialect(Protocol):
    """How one kind of agent is talked to."""

    def __init__(self, agent: Agent, ask: Ask) -> None: ...

    async def converse(self, prompt: str) -> bool:
        """Hand over a prompt, answer what is asked, and say whether the agent came to a good end."""
        ...


async def talk(dialect: type[Dialect], argv: list[str], prompt: str, ask: Ask, out: IO[bytes]) -> bool:
    """Start a program, talk with it to the end of its work, and say whether that end is good. Raises CockpitError."""
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe, limit=LONGEST_LINE)
    except OSError as error:
        raise CockpitError(f"{argv[0]} cannot be started: {error.strerror or error}") from error
    agent = Agent(process, out)
    try:
        return await dialect(agent, ask).converse(prompt)
    finally:
        await agent.end()


async def ask_operator(text: str, choices: tuple[str, ...]) -> str:
    """Put a question from inside this run, wait for its answer, and return it; empty where there will be none."""
    from cockpit.engine.inside import OPEN, OTHER, inside
    from cockpit.schedule.talking import CHOICE_LIMIT, CHOICES, TEXT_LIMIT

    here = inside()
    short = tuple(choice[:CHOICE_LIMIT] for choice in choices[:CHOICES])
    again = OTHER
    while True:
        try:
            found = await here.answered(await here.ask(text[:TEXT_LIMIT], short, again=again))
        except DriverGoneError:
            again = OPEN  # it may have been put, just before the line was cut
            await asyncio.sleep(AGAIN_S)  # runs outlive their driver
        except OrderRefusedError as error:
            print(f"a question was not put: {error.what}", file=sys.stderr, flush=True)
            return ""
        else:
            return str(found["answer"])


def main() -> None:
    """Talk with the program that the command line names."""
    name, prompt_file, *argv = sys.argv[1:]
    dialect: type[Dialect] = import_module(f"cockpit.engine.duplex_{name}").Talk
    prompt = Path(prompt_file).read_text("utf-8", "replace")
    try:
        good = asyncio.run(talk(dialect, argv, prompt, ask_operator, sys.stdout.buffer))
    except CockpitError as error:
        print(safe_line(error.what, 500), file=sys.stderr, flush=True)
        good = False
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
