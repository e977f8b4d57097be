"""What a run printed, line by line, as clients are told it: the words as they came, and what they mean. Pure."""

from msgspec import Struct

SAYS, CALLS, RESULT, EDITS, ASKS = "says", "calls", "result", "edits", "asks"
RETRIES, DENIED, ENDED, ERROR, TOLD, COUNTS = "retries", "denied", "ended", "error", "told", "counts"


class Meaning(Struct, frozen=True, array_like=True):
    """One thing that a line of a structured output says; every text in it is safe to show.

    `more` is what a tool is used on, or who told an agent something; `id` joins a call and its result. `part`: it goes
    on the words before; of what was told: it waits for the end of the agent's turn. What only counts tokens is of
    stderr, where a program was told to log them.
    """

    kind: str
    text: str = ""
    more: str = ""
    id: str = ""
    ok: bool = True
    part: bool = False


class Printed(Struct, frozen=True, array_like=True):
    """A line of a log: where it begins in it (bytes), its text, whether it is of stderr, and what it means.

    `open`: its end has not come yet. `time`: when it was printed, where it says so (seconds since the epoch, else 0).
    """

    at: int
    text: str
    err: bool = False
    open: bool = False
    time: float = 0.0
    means: tuple[Meaning, ...] = ()
