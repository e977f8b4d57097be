"""Reads output without a format: each line is a message, the last one the activity; never keeps more than a line."""

from cockpit.agents.streams.events import DONE, Message, Usage, Verdict
from cockpit.agents.streams.limits import Limit
from cockpit.safetext import safe_line

LINE_BYTES = 4096


class PlainStream:
    """A parser for plain text; of a longer line the first LINE_BYTES count, and binary becomes replacement marks."""

    patience = 1  # it tells of no calls

    def __init__(self) -> None:
        self.session = ""
        self.usage = Usage()
        self.limit: Limit | None = None
        self.waits: Limit | None = None
        self.fruitless = 0
        self.in_tool = False
        self._partial = b""
        self._activity = ""

    @property
    def activity(self) -> str:
        """The last line that says something, complete or not."""
        return _shown(self._partial) or self._activity

    def feed(self, data: bytes, *, stderr: bool = False) -> tuple[Message, ...]:
        """Take the next bytes and return the lines that they complete, without blank ones; errors are not read."""
        if stderr:
            return ()
        *lines, rest = data.split(b"\n")
        if not lines:
            self._partial = _joined(self._partial, rest)
            return ()
        lines[0] = _joined(self._partial, lines[0])
        self._partial = _joined(b"", rest)
        return self._messages(lines)

    def beside(self, data: bytes) -> None:
        """Take nothing: a program without a format tells nothing of itself."""

    def finish(self) -> tuple[Message, ...]:
        """Return the line that had no end."""
        line, self._partial = self._partial, b""
        return self._messages([line])

    def lost(self) -> None:
        """Forget the beginning of a line whose end is missing."""
        self._partial = b""

    def verdict(self) -> Verdict:
        """Return that it is done: text without a format says nothing, so exit and git alone decide."""
        return DONE

    def _messages(self, lines: list[bytes]) -> tuple[Message, ...]:
        messages = tuple(Message(text) for line in lines if (text := _shown(line)))
        if messages:
            self._activity = messages[-1].text
        return messages


def _joined(start: bytes, more: bytes) -> bytes:
    # Progress bars write over their own line: what follows the last carriage return is what a terminal shows.
    line = start + more
    text = line.rstrip(b"\r").rpartition(b"\r")[2]
    return text[:LINE_BYTES] + (b"\r" if line.endswith(b"\r") else b"")


def _shown(line: bytes) -> str:
    return safe_line(_joined(b"", line))
