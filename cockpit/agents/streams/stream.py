"""What the parsers of all formats have in common: lines, words for what goes on, and what was told so far."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from cockpit.agents.streams import events as e
from cockpit.agents.streams.limits import Limit, later, limit_in
from cockpit.safetext import safe_line, safe_text

MOST_LINE = 32 * 1024 * 1024  # a longer line than a whole log is none
SHOWN = 300
MOST_SAID = 16_384
PATIENCE = 12
KEPT = 20  # denials that are kept by name
MOST_CALLS = 100  # of tools at once
SILENT = "its model ended without a word about its work: it may have refused"
_VERBS = {
    "write": "writes",
    "write_file": "writes",
    "edit": "edits",
    "multiedit": "edits",
    "notebookedit": "edits",
    "replace": "edits",
    "patch": "edits",
    "apply_patch": "edits",
    "file_change": "edits",
    "read": "reads",
    "read_file": "reads",
    "read_many_files": "reads",
    "bash": "runs",
    "run_shell_command": "runs",
    "command_execution": "runs",
    "execute": "runs",
    "grep": "searches",
    "glob": "searches",
    "search_file_content": "searches",
    "search": "searches",
    "web_search": "searches",
    "list": "lists",
    "list_directory": "lists",
    "webfetch": "fetches",
    "web_fetch": "fetches",
    "task": "asks a helper:",
}
_SAYS = re.compile(r"(?!at ).*\w{3}")  # neither a line of a stack nor a bracket
_ERROR = re.compile(r"\W{0,3}\w*(error|fatal|panic|exception)\b", re.IGNORECASE)  # it may take several lines
_TARGETS = (
    "file_path",
    "filePath",
    "path",
    "absolute_path",
    "notebook_path",
    "command",
    "cmd",
    "pattern",
    "query",
    "url",
    "dir_path",
    "description",
    "prompt",
)


class Stream:
    """Cuts an output into lines and keeps what its events tell; a format says what a line means and judges the end."""

    patience = PATIENCE

    def __init__(self) -> None:
        self.session = ""
        self.usage = e.Usage()
        self.by_run = False
        self.limit: Limit | None = None
        self.waits: Limit | None = None
        self.fruitless = 0
        self._at_work: set[str] = set()
        self.denied: list[str] = []
        self.error = ""
        self._doing = ""
        self._text = ""
        self._aside = ""
        self._lines = {False: _Lines(), True: _Lines()}

    @property
    def activity(self) -> str:
        """What the agent is doing, in one line."""
        return self._doing

    @property
    def in_tool(self) -> bool:
        """Whether a tool of the agent's is at work."""
        return bool(self._at_work)

    def feed(self, data: bytes, *, stderr: bool = False) -> tuple[e.Event, ...]:
        """Take the next bytes of an output and return what they complete."""
        return tuple(event for line in self._lines[stderr].feed(data) for event in self._take(line, stderr))

    def beside(self, data: bytes) -> None:
        """Take the end of what the agent told of itself in its run's folder."""

    def finish(self) -> tuple[e.Event, ...]:
        """Return what the last lines say that had no end."""
        return tuple(
            event
            for stderr, lines in self._lines.items()
            for line in lines.rest()
            for event in self._take(line, stderr)
        )

    def lost(self) -> None:
        """Forget the beginning of a line whose end is missing."""
        for lines in self._lines.values():
            lines.skip()

    def verdict(self) -> e.Verdict:
        """Return what the output says about the run."""
        return e.DONE

    def bore_fruit(self) -> None:
        """Note that the model answered: no call before counts, and no limit that was told before ends the run."""
        self.fruitless, self.waits, self.limit = 0, None, None

    def unfinished(self, what: str = "its output ended before it said that it was done") -> e.Verdict:
        """Return the verdict on an output without an end: with its error, else what it said last beside it."""
        return e.Verdict("failed", self.error or (f"{what}: {self._aside}" if self._aside else what))

    def _read(self, line: bytes) -> Iterable[e.Event]:
        """Return what a line of the output means; of any bytes."""
        raise NotImplementedError

    def _read_error(self, line: bytes) -> Iterable[e.Event]:
        """Return what a line of the error output means; of any bytes."""
        return (e.Raw(safe_line(line[:4096], SHOWN)),)

    def _take(self, line: bytes, stderr: bool) -> Iterator[e.Event]:
        for event in self._read_error(line) if stderr else self._read(line):
            if stderr and isinstance(event, e.Raw) and _SAYS.match(event.text):
                begun = self._aside if _ERROR.match(self._aside) and not _ERROR.match(event.text) else ""
                self._aside = f"{begun} {event.text}".strip()[:SHOWN]
            self._note(event)
            yield event

    def _note(self, event: e.Event) -> None:
        if isinstance(event, e.Session):
            self.session = event.id or self.session
        elif isinstance(event, e.Message):
            self._text = (self._text + event.text)[-SHOWN:] if event.part else event.text[:SHOWN]
        elif isinstance(event, e.Denied):
            if event.what not in self.denied and len(self.denied) < KEPT:
                self.denied.append(event.what)
        elif isinstance(event, e.Error):
            self.error = event.text
            self.limit = later(self.limit, limit_in(event.text))
        elif isinstance(event, e.Retry):
            self.fruitless += 1
            self.waits = limit_in(event.why)
        elif isinstance(event, e.ToolUse):
            self._text = ""
            self.bore_fruit()
        elif isinstance(event, (e.ToolResult, e.FileEdit)):  # of what the model asked for before a limit, it may be
            self._text = ""
            self.fruitless, self.waits = 0, None
        if isinstance(event, e.ToolUse) and len(self._at_work) < MOST_CALLS:
            self._at_work.add(event.id)
        elif isinstance(event, e.ToolResult):
            self._at_work.discard(event.id)  # others that were called with it may go on
        elif isinstance(event, (e.Message, e.TurnEnd)):
            self._at_work.clear()
        self._doing = safe_line(self._words(event), SHOWN) or self._doing

    def _words(self, event: e.Event) -> str:
        """Return what the agent is doing after an event; empty where that says nothing about it."""
        match event:
            case e.Session():
                return "" if self._doing else "starts"
            case e.Message():
                return self._text
            case e.ToolUse(name, target):
                return f"{verb(name)} {target}".strip()
            case e.ToolResult():
                return "thinks"
            case e.Retry(why, attempt, most):
                return f"calls the model again: {f'{attempt} of {most}, ' if most else ''}{why}"
            case e.Question(_, text):
                return f"asks: {text}"
            case e.Error(text):
                return f"error: {text}"
            case e.TurnEnd(ok, text):
                return "is done" if ok else f"ended: {text}"
            case _:
                return ""


class JsonStream(Stream):
    """A stream of one JSON object a line; other lines are kept as raw."""

    def _read(self, line: bytes) -> Iterable[e.Event]:
        try:
            found = msgspec.json.decode(line)
        except (ValueError, RecursionError):  # msgspec's own errors are ValueErrors
            found = None
        if not isinstance(found, dict):
            return (e.Raw(safe_line(line[:4096], SHOWN)),)
        events = (_told(said),) if isinstance(said := found.get("cockpit"), dict) else tuple(self._events(found))
        return events or (e.Raw(safe_line(line[:4096], SHOWN)),)

    def _events(self, found: dict[str, Any]) -> Iterable[e.Event]:
        """Return what a JSON object means; nothing where it is unknown."""
        raise NotImplementedError


def _told(said: dict[str, Any]) -> e.Told:
    return e.Told(text(said, "id"), said_in(said, "text"), text(said, "by"), queued=said.get("queued") is True)


def denials(stream: Stream) -> e.Verdict | None:
    """Return the verdict on a run whose output says that something was not allowed."""
    if not stream.denied:
        return None
    more = f" and {len(stream.denied) - 3} more" if len(stream.denied) > 3 else ""
    return e.Verdict("refused", f"it was not allowed: {'; '.join(stream.denied[:3])}{more}")


def verb(name: str) -> str:
    """Return what using a tool is called."""
    return _VERBS.get(name.lower(), f"uses {name}")


def target(given: Any) -> str:
    """Return what a tool is used on, from its input: a path, a command, a pattern."""
    if not isinstance(given, dict):
        return ""
    return next((shown for key in _TARGETS if (shown := text(given, key))), "")


def dig(found: Any, *path: str) -> Any:
    """Return what lies at a path of keys; None where nothing does."""
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def text(found: Any, *path: str) -> str:
    """Return the text at a path of keys as one safe line; empty where there is none."""
    value = dig(found, *path)
    return safe_line(value[:4096], SHOWN) if isinstance(value, str) else ""


def number(found: Any, *path: str) -> float:
    """Return the number at a path of keys; 0 where there is none that makes sense."""
    value = dig(found, *path)
    sound = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1e15
    return float(value) if sound else 0.0


def whole(found: Any, *path: str) -> int:
    """Return the whole number at a path of keys; 0 where there is none that makes sense."""
    return int(number(found, *path))


def rows(found: Any, *path: str) -> list[dict[str, Any]]:
    """Return the objects of the list at a path of keys."""
    value = dig(found, *path)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def said_in(found: Any, *path: str) -> str:
    """Return the words at a path of keys, all of them with their lines as far as they are safe to show."""
    value = dig(found, *path)
    return safe_text(value[:MOST_SAID]) if isinstance(value, str) else ""


def message_in(value: Any) -> str:
    """Return an error's message as one safe line to show; where it holds the JSON of an answer, the message in that.

    Of a long one both ends are kept.
    """
    line = whole_message(value)
    return line if len(line) <= SHOWN else f"{line[: SHOWN // 2]} … {line[3 - SHOWN // 2 :]}"


def whole_message(value: Any) -> str:
    """Return an error's message as `message_in` does, with what it says in its middle: until when a limit holds."""
    if not isinstance(value, str):
        return ""
    line = safe_line(value[:4096])
    if "{" not in value:
        return line
    start = value[:65536].find("{")
    try:
        found = msgspec.json.decode(value[start : value.rfind("}") + 1][:65536])
    except (ValueError, RecursionError):
        return line
    inner = (dig(found, *path) for path in (("error", "message"), ("message",), ("detail",)))
    return next((safe_line(one[:4096]) for one in inner if isinstance(one, str) and one.strip()), line)


def added(first: e.Usage, second: e.Usage) -> e.Usage:
    """Return the sum of two usages; a cost that only one of them tells counts."""
    usd = None if first.usd is None and second.usd is None else (first.usd or 0.0) + (second.usd or 0.0)
    return e.Usage(
        first.tokens_in + second.tokens_in,
        first.tokens_cached + second.tokens_cached,
        first.tokens_out + second.tokens_out,
        usd,
    )


class _Lines:
    """Cuts bytes into lines without their ends, blank ones left out; keeps the start of the next."""

    def __init__(self) -> None:
        self._start = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        first, *others = data.split(b"\n")
        if not others:
            self._keep(first)
            return
        self._keep(first)
        yield from self.rest()
        *whole_lines, last = others
        yield from (line for line in whole_lines if line.strip())
        self._keep(last)

    def rest(self) -> Iterator[bytes]:
        line, self._start = bytes(self._start), bytearray()
        skipping, self._skipping = self._skipping, False
        if line.strip() and not skipping:
            yield line

    def skip(self) -> None:
        self._start.clear()
        self._skipping = True

    def _keep(self, data: bytes) -> None:
        if self._skipping or not data:
            return
        self._start += data
        if len(self._start) > MOST_LINE:
            self.skip()
