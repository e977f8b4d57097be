"""What an agent's output says, whatever its format: frozen events; never a judgement about the run."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from cockpit.agents.streams.limits import Limit


class Event(Struct, frozen=True):
    """Root of all events; every text in them is safe to show."""


class Session(Event, frozen=True):
    """The agent named its session, by which it can be resumed, and its model."""

    id: str
    model: str = ""


class Message(Event, frozen=True):
    """Something that the agent wrote; `part`: it goes on the message before."""

    text: str
    part: bool = False


class ToolUse(Event, frozen=True):
    """The agent began to use a tool on something: a path, a command, a pattern."""

    name: str
    target: str = ""
    id: str = ""


class ToolResult(Event, frozen=True):
    """A tool ended; `text` is said where it failed."""

    ok: bool = True
    text: str = ""
    id: str = ""


class FileEdit(Event, frozen=True):
    """The agent says that it changed a file; what it really changed is read from git."""

    path: str
    kind: str = ""


class Usage(Event, frozen=True):
    """Tokens and money; `tokens_in` are without those read from a cache, `usd` is None where no cost was told."""

    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    usd: float | None = None


class Question(Event, frozen=True):
    """The agent waits for an answer or a permission."""

    id: str
    text: str
    options: tuple[str, ...] = ()


class Retry(Event, frozen=True):
    """The agent calls its model again after `why`."""

    why: str
    attempt: int = 0
    most: int = 0


class Denied(Event, frozen=True):
    """Something that the agent wanted to do was not allowed."""

    what: str


class TurnEnd(Event, frozen=True):
    """The agent says that it is at its end; `ok` is its own word for it."""

    ok: bool
    text: str = ""


class Error(Event, frozen=True):
    """Something went wrong, in the agent's words."""

    text: str


class Told(Event, frozen=True):
    """The operator said something to the agent, noted in its output by cockpit; `queued`: it waits for the turn's end.

    `id` is that of the fact.
    """

    id: str
    text: str
    by: str = ""
    queued: bool = False


class Raw(Event, frozen=True):
    """A line that nothing is known about, kept as it came as far as it is safe to show."""

    text: str


class Verdict(Struct, frozen=True):
    """What a whole output says about its run: `done`, `refused` or `failed`, and why in the operator's words."""

    outcome: str
    reason: str = ""

    @property
    def ok(self) -> bool:
        """Whether the output says that the work is done; exit and git have to agree."""
        return self.outcome == "done"


DONE = Verdict("done")


class Parser(Protocol):
    """Turns output into events, bytes after bytes; pure, and never raises whatever comes.

    `usage` is what the run used as far as it was told, in the arithmetic of its format, or `by_run` that of this run
    alone; `fruitless` counts the calls of the model, one after the other, that brought nothing, `patience` is how many
    may; `limit` is a quota or rate limit that ended the run, `waits` one for whose end the agent itself waits, calling
    again and again; `error` is the last one that it told.
    """

    session: str
    usage: Usage
    by_run: bool
    limit: Limit | None
    waits: Limit | None
    error: str
    fruitless: int
    patience: int

    @property
    def in_tool(self) -> bool:
        """Whether a tool of the agent's is at work."""
        ...

    @property
    def activity(self) -> str:
        """What the agent is doing, in one line; empty when it has said nothing."""
        ...

    def feed(self, data: bytes, *, stderr: bool = False) -> Sequence[Event]:
        """Take the next bytes of an output and return what they complete."""
        ...

    def lost(self) -> None:
        """Say that a part of the output is missing before what comes next."""
        ...

    def beside(self, data: bytes) -> None:
        """Take the end of what the agent told of itself in its run's folder; most tell nothing."""
        ...

    def finish(self) -> Sequence[Event]:
        """Return what is left at the end of the output."""
        ...

    def verdict(self) -> Verdict:
        """Return what the output says about the run, once it is finished."""
        ...
