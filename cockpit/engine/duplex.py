"""Talks with an agent program for its run: hands it the prompt and what the operator says, and hands on what it asks.

`python -P -m cockpit.engine.duplex DIALECT PROMPT_FILE PROGRAM…` is what a run of such an agent starts. It is one of
the run's own processes, so it lives as long as the agent, whatever becomes of the driver; what the agent prints goes on
to stdout as it is, and what the operator says is noted between. It decides nothing: a question that cannot be put is
not answered with a yes.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Protocol

from cockpit.errors import CockpitError, DriverGoneError, OrderRefusedError
from cockpit.safetext import safe_line

LONGEST_LINE = 64 * 1024 * 1024
ENDING_S = 10.0
LAST_WORDS_S = 1.0
"""How long an agent's output is read on at most once it has ended."""
AGAIN_S = 1.0
REFUSED_S = 5.0
LATER_S = 30.0
OPEN_MOST = 8
"""How many questions of one agent are put at once: more than nine are refused, and what is not put is denied."""
_SESSION, _ANEW = "session", "anew.md"
OURS = "cockpit"
"""The key of the lines that are not the agent's but ours; one of the agent's own that has it is passed on without."""
Ask = Callable[[str, tuple[str, ...]], Awaitable[str]]
"""Puts a question with its choices, and returns the answer; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the operator says to an agent at work: an id, the words, and who it was."""

    id: str
    text: str
    by: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """The session of a run that was paused, and the prompt for a new one where that cannot be gone on with."""

    session: str
    anew: str

    @staticmethod
    def keep(folder: Path, session: str, anew: str) -> None:
        """Leave this in a run's folder for whoever talks with its agent."""
        (folder / _SESSION).write_text(session, encoding="utf-8")
        (folder / _ANEW).write_text(anew, encoding="utf-8", errors="replace")

    @classmethod
    def kept(cls, folder: Path) -> "Earlier | None":
        """Return what was left in a run's folder; None where its agent begins anew."""
        try:
            session = (folder / _SESSION).read_text("utf-8")
        except FileNotFoundError:
            return None
        return cls(session, (folder / _ANEW).read_text("utf-8", "replace"))


class Operator(Protocol):
    """The operator's side of a talk."""

    def lines(self) -> AsyncIterator[Said]:
        """Yield what the operator says, each once, for as long as the run lasts."""
        ...

    async def heard(self, said: Said) -> None:
        """Note that the agent was told."""
        ...


class AgentGoneError(CockpitError):
    """The agent ended, or closed its output, in the middle of a talk."""


class Agent:
    """A program that takes JSON lines on its stdin; `out` gets all that it prints, which comes by `reader`."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        output: asyncio.BaseTransport,
        out: IO[bytes],
    ) -> None:
        self._process = process
        self._reader = reader
        self._output = output
        self._out = out
        self._closing = asyncio.create_task(self._close_behind_it())
        self.repeats = False  # it tells again what an earlier run printed

    async def _close_behind_it(self) -> None:
        """Close its output once it has ended: what it left behind may hold that open for ever."""
        await self._process.wait()
        await asyncio.sleep(LAST_WORDS_S)
        self._output.close()

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """Yield the messages that it sends until it closes its output; other lines are only passed on.

        Raises AgentGoneError for a line that is longer than LONGEST_LINE.
        """
        while line := await self._line():
            try:
                found = json.loads(line)
            except (ValueError, RecursionError):
                found = None
            if self.repeats and isinstance(found, dict) and "method" in found and "id" not in found:
                continue
            forged = isinstance(found, dict) and OURS in found
            self._write(_json({key: value for key, value in found.items() if key != OURS}) if forged else line)
            if isinstance(found, dict):
                yield found

    async def _line(self) -> bytes:
        try:
            return await self._reader.readline()
        except ValueError as error:
            raise AgentGoneError(f"the agent printed a line of more than {LONGEST_LINE:,} bytes") from error

    def note(self, said: Said, *, queued: bool = False) -> None:
        """Note in the output what the operator said, and whether it waits for the agent's turn to end."""
        told = {"id": said.id, "by": said.by, "text": said.text, "queued": queued}
        self._write(_json({OURS: told}))

    def _write(self, line: bytes) -> None:
        self._out.write(line)
        self._out.flush()

    async def send(self, message: dict[str, Any]) -> None:
        """Send a message. Raises AgentGoneError."""
        assert self._process.stdin is not None  # noqa: S101  # it was started with a pipe
        try:
            self._process.stdin.write(_json(message))
            await self._process.stdin.drain()
        except (ConnectionError, OSError) as error:
            raise AgentGoneError("the agent takes no more input") from error

    async def end(self) -> None:
        """Close its input, which ends it; one that goes on for long is told to end, then ended."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        for insist in (self._process.terminate, self._process.kill):
            try:
                async with asyncio.timeout(ENDING_S):
                    await self._process.wait()
                    break
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):  # it ended at that moment
                    insist()
        with contextlib.suppress(AgentGoneError):
            async for _ in self.messages():
                pass  # it is passed on, no more
        self._closing.cancel()
        self._output.close()


def _json(message: dict[str, Any]) -> bytes:
    text = json.dumps(message, separators=(",", ":"))
    if "\\ud" in text:  # it may hold half a pair, as bytes that are no UTF-8 become: Codex drops the whole message
        whole = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")
        text = json.dumps(json.loads(whole), separators=(",", ":"))
    return text.encode() + b"\n"


class Dialect(Protocol):
    """How one kind of agent is talked to."""

    def __init__(self, agent: Agent, ask: Ask) -> None: ...

    async def converse(self, prompt: str, earlier: Earlier | None = None) -> bool:
        """Hand over a prompt, answer what is asked, and say whether the agent came to a good end.

        `earlier`: go on with that session, where neither its program nor its words do that themselves.
        """
        ...

    @property
    def waits(self) -> bool:
        """Whether what is said now reaches the agent only when its turn ends."""
        ...

    async def tell(self, text: str) -> None:
        """Say something of the operator's to the agent; return when it was handed over. Raises AgentGoneError."""
        ...


async def talk(
    dialect: type[Dialect],
    argv: list[str],
    prompt: str,
    ask: Ask,
    out: IO[bytes],
    operator: Operator | None = None,
    earlier: Earlier | None = None,
) -> bool:
    """Start a program, talk with it to the end of its work, and say whether that end is good. Raises CockpitError.

    What the operator says is handed over as soon as the agent's protocol takes it.
    """
    # A pipe of asyncio's own would keep it from seeing the agent's end for as long as anybody else holds it open.
    ours, its = os.pipe()
    reader = asyncio.StreamReader(LONGEST_LINE)
    output, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours, "rb", 0)
    )
    try:
        process = await asyncio.create_subprocess_exec(*argv, stdin=asyncio.subprocess.PIPE, stdout=its)
    except OSError as error:
        output.close()
        raise CockpitError(f"{argv[0]} cannot be started: {error.strerror or error}") from error
    finally:
        os.close(its)
    agent = Agent(process, reader, output, out)
    slots = asyncio.Semaphore(OPEN_MOST)

    async def in_turn(text: str, choices: tuple[str, ...]) -> str:
        async with slots:
            return await ask(text, choices)

    conversation = dialect(agent, in_turn)
    line = _Line(agent, conversation, operator) if operator is not None else None
    try:
        return await conversation.converse(prompt, earlier)
    finally:
        if line is not None:
            await line.close()
        await agent.end()


class _Line:
    """Carries what the operator says to the agent, in that order."""

    def __init__(self, agent: Agent, conversation: Dialect, operator: Operator) -> None:
        self._agent, self._conversation, self._operator = agent, conversation, operator
        self._handing_over: list[asyncio.Task[None]] = []
        self._acknowledging: list[asyncio.Task[None]] = []
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for said in self._operator.lines():
            if self._conversation.waits:
                self._agent.note(said, queued=True)
            self._handing_over.append(asyncio.create_task(self._hand_over(said)))

    async def _hand_over(self, said: Said) -> None:
        await self._conversation.tell(said.text)
        self._agent.note(said)
        self._acknowledging.append(asyncio.create_task(self._operator.heard(said)))

    async def close(self) -> None:
        """Hear no more; what was handed over is noted so first, and what was not goes to the next run."""
        tasks = (self._listening, *self._handing_over)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ENDING_S):
                await asyncio.gather(*self._acknowledging, return_exceptions=True)


class FromInside:
    """The operator as a run reaches him: through its driver, over and over while there is none."""

    async def lines(self) -> AsyncIterator[Said]:
        """Yield what the operator says until the run is over."""
        from cockpit.engine.inside import inside

        here, known = inside(), set[str]()
        while True:
            try:
                found = await here.hear(known)
            except DriverGoneError:
                await asyncio.sleep(AGAIN_S)  # runs outlive their driver
                continue
            except CockpitError:
                await asyncio.sleep(LATER_S)  # a driver of another version may not know what is asked; the next may
                continue
            for one in found["messages"]:
                known.add(str(one["id"]))
                yield Said(str(one["id"]), str(one["text"]), str(one["by"]))
            if found["over"]:
                return

    async def heard(self, said: Said) -> None:
        """Have the driver note that the agent was told."""
        from cockpit.engine.inside import inside

        here = inside()
        while True:
            with contextlib.suppress(DriverGoneError):
                try:
                    await here.has_heard(said.id)
                except OrderRefusedError:
                    if await here.is_to_hear(said.id):  # it is refused only for now, as where the disk is full
                        await asyncio.sleep(REFUSED_S)
                        continue
                return
            await asyncio.sleep(AGAIN_S)


def on_a_line(what: str) -> str:
    """Return what is to be allowed, all of it, on one line that shows where others began: to a shell that matters."""
    return " ⏎ ".join(" ".join(line.split()) for line in what.splitlines() if line.strip())


def put(text: str) -> str:
    """Return a question as it is put: of a very long one the beginning, so marked that no two look the same.

    Else an answer for always would allow whatever begins like what was allowed once.
    """
    from cockpit.schedule.talking import TEXT_LIMIT

    if len(text) <= TEXT_LIMIT:
        return text
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    end = f"… ({len(text)} characters in all, sha256 {mark})"
    return text[: TEXT_LIMIT - len(end)] + end


def offered(choice: str) -> str:
    """Return a choice as it is put, and answered with."""
    from cockpit.schedule.talking import CHOICE_LIMIT

    return " ".join(choice[:CHOICE_LIMIT].split())


async def ask_operator(text: str, choices: tuple[str, ...]) -> str:
    """Put a question from inside this run, wait for its answer, and return it; empty where there will be none."""
    from cockpit.engine.inside import OPEN, OTHER, inside
    from cockpit.schedule.talking import CHOICES

    here = inside()
    short = tuple(map(offered, choices[:CHOICES]))
    again = OTHER
    while True:
        try:
            found = await here.answered(await here.ask(put(text), short, again=again))
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
        earlier = Earlier.kept(Path(prompt_file).parent)
        good = asyncio.run(talk(dialect, argv, prompt, ask_operator, sys.stdout.buffer, FromInside(), earlier))
    except CockpitError as error:
        print(safe_line(error.what, 500), file=sys.stderr, flush=True)
        good = False
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
