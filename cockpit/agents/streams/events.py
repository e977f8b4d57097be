"""What an agent's output says, whatever its format: frozen events; never a judgement about the run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """A line that the agent wrote, safe to show."""

    text: str


Event = Message


class Parser(Protocol):
    """Turns output into events, bytes after bytes; pure, and never raises whatever comes."""

    @property
    def activity(self) -> str:
        """What the agent is doing, in one line; empty when it has said nothing."""
        ...

    def feed(self, data: bytes) -> Sequence[Event]:
        """Take the next bytes and return what they complete."""
        ...

    def finish(self) -> Sequence[Event]:
        """Return what is left at the end of the output."""
        ...
