"""Lines that a run printed → entries to show: words, calls of tools with their results, notes. Pure; draws nothing."""

import json
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from cockpit.clock import span
from cockpit.schedule import printed as p
from cockpit.schedule.printed import Meaning, Printed
from cockpit.ui.looks import code, line

Cell = tuple[str, str]
BOTH, OUT, ERR = "both", "stdout", "stderr"
LINE, NOTE, SAYS, CALL, EVENT = "line", "note", "says", "call", "event"
MOST = 2_000
"""Lines that are kept."""
DETAILS = 200
ALL = 1 << 30
_NOISE = frozenset(
    {"uuid", "session_id", "sessionID", "sessionId", "parent_tool_use_id", "timestamp", "usage", "model"}
)
_NOISE |= {"type", "id", "jsonrpc", "role", "messageID", "stop_reason", "tool_use_id", "toolCallId", "callID", "method"}
_MOST_LEFT = 1_000_000
"""Characters of lines that are kept beside, for a look at them as they came."""


class Entry:
    """One thing to show. A call may be unfolded (`open`); `spelled` is what its `read` first rows say.

    `drawn`, `colours` and `high` are what a widget made of it, and in how many rows.
    """

    __slots__ = (
        "began",
        "colours",
        "drawn",
        "edits",
        "high",
        "id",
        "kind",
        "more",
        "ok",
        "open",
        "outcome",
        "read",
        "rows",
        "spelled",
        "style",
        "text",
        "took",
    )

    def __init__(self, kind: str, text: str, *rows: Printed, style: str = "plain", more: str = "", ident: str = ""):
        self.kind, self.text, self.style, self.more, self.id = kind, text, style, more, ident
        self.rows = list(rows)
        self.ok: bool | None = None
        self.outcome = self.took = ""
        self.edits: list[str] = []
        self.began = 0.0, 0.0
        self.open = False
        self.drawn: Any = None
        self.high = 1
        self.spelled: list[str] = []
        self.read = 0
        self.colours: Any = None

    @property
    def err(self) -> bool:
        """Whether it stands on stderr."""
        return bool(self.rows) and self.rows[0].err

    def holds(self, err: bool, at: int) -> bool:
        """Say whether it shows the line of a log that begins at a place."""
        return any(one.at == at and one.err == err for one in self.rows)


class Transcript:
    """What is shown of a run's two logs: `raw` as it came, else folded where it has a format; of both logs or of one.

    `me` is who looks on, as orders say it.
    """

    def __init__(self) -> None:
        self.me = ""
        self.raw = self.unfolded = self.structured = False
        self.logs = BOTH
        self._rows: deque[tuple[Printed | str, float]] = deque()
        self._kept = 0
        self.entries: deque[Entry] = deque()
        self._calls: dict[str, Entry] = {}
        self._unended: dict[bool, Entry] = {}
        self._errs = False
        self._gone = self._changed = 0

    @property
    def marks(self) -> bool:
        """Whether lines of stderr are marked: where there are any, beside others."""
        return self.logs == BOTH and self._errs

    def clear(self) -> None:
        """Forget all lines; how they are looked at stays."""
        self._rows.clear()
        self._kept = 0
        self._errs = self.structured = False
        self._empty()

    def news(self) -> tuple[int, int]:
        """Return how many entries went at the beginning, and how many at the end changed, since this was asked last.

        More went than there were: all of it is to be looked at anew.
        """
        found = self._gone, min(self._changed, len(self.entries))
        self._gone = self._changed = 0
        return found

    def _empty(self) -> None:
        self._gone = ALL
        self.entries.clear()
        self._calls.clear()
        self._unended.clear()

    def edge(self, *, last: bool = False) -> int | None:
        """Return where the first line of stdout begins that is here, or the last one; None where there is none."""
        rows = (row for row, _ in (reversed(self._rows) if last else self._rows))
        return next((row.at for row in rows if not isinstance(row, str) and not row.err), None)

    def note(self, text: str) -> None:
        """Add a line of our own."""
        self._keep(text, 0.0)
        self._put(Entry(NOTE, text, style="dim"))

    def add(self, rows: Iterable[Printed], now: float = 0.0, *, structured: bool = False) -> None:
        """Take lines as they come; `now`: they were printed just now (0: nobody knows when)."""
        self.structured = self.structured or structured
        for row in rows:
            if self._unended:
                self._forget_open(row.err)
            self._errs = self._errs or row.err
            self._keep(row, now)
            self._show(row, now)

    def _keep(self, row: Printed | str, now: float) -> None:
        self._rows.append((row, now))
        self._kept += _size(row)
        while (self._kept > _MOST_LEFT or len(self._rows) > MOST) and len(self._rows) > 1:
            self._kept -= _size(self._rows.popleft()[0])

    def _forget_open(self, err: bool) -> None:
        """Take away a line that had no end: it comes again, longer."""
        entry = self._unended.pop(err, None)
        if entry is None:
            return
        if behind := self._place(entry):
            self._changed = max(self._changed - (self._changed >= behind), behind - 1)
            self.entries.remove(entry)
        row = entry.rows[0]
        for kept in list(self._rows)[-8:]:
            if kept[0] is row:
                self._rows.remove(kept)
                self._kept -= len(row.text)

    def look(self, *, raw: bool | None = None, logs: str | None = None) -> None:
        """Show it otherwise: as it came or folded, of one log or both."""
        self.raw = self.raw if raw is None else raw
        self.logs = self.logs if logs is None else logs
        self._empty()
        for row, now in self._rows:
            if isinstance(row, str):
                self._put(Entry(NOTE, row, style="dim"))
            else:
                self._show(row, now)

    def unfold(self, entry: Entry | None = None) -> None:
        """Unfold a call, or fold it again; none: all that are there and come."""
        if entry is None:
            self.unfolded = not self.unfolded
        for one in self.entries if entry is None else (entry,):
            if one.kind == CALL:
                one.open = self.unfolded if entry is None else not one.open
                one.drawn = None
        self._changed = max(self._changed, len(self.entries) if entry is None else self._place(entry))

    def _place(self, entry: Entry) -> int:
        """Return how far an entry is from the end, from 1; 0 where it is not there."""
        return next((number for number, one in enumerate(reversed(self.entries), 1) if one is entry), 0)

    def _touch(self, entry: Entry) -> None:
        """Have an entry drawn anew."""
        entry.drawn = None
        self._changed = max(self._changed, self._place(entry))

    # --- what lines mean ------------------------------------------------------------------------------------------

    def _show(self, row: Printed, now: float) -> None:
        if row.err != (self.logs == ERR) and self.logs != BOTH:
            return
        if row.err and row.means and not self.raw:
            return  # it only counts tokens
        if self.raw or not self.structured or row.err:
            entry = self._put(Entry(LINE, row.text, row))
            if row.open:
                self._unended[row.err] = entry
            return
        for meaning in row.means:
            self._mean(meaning, row, now)

    def _put(self, entry: Entry) -> Entry:
        self.entries.append(entry)
        self._changed += 1
        if len(self.entries) > MOST:
            gone = self.entries.popleft()
            if self._calls.get(gone.id) is gone:
                del self._calls[gone.id]
            self._gone += 1
        return entry

    def _mean(self, meaning: Meaning, row: Printed, now: float) -> None:
        last = self.entries[-1] if self.entries else None
        match meaning.kind:
            case p.SAYS:
                if meaning.part and last is not None and last.kind == SAYS:
                    last.text += meaning.text
                    last.rows.append(row)
                    self._touch(last)
                elif meaning.text.strip():
                    self._put(Entry(SAYS, meaning.text, row))
            case p.CALLS:
                self._call(meaning, row, now)
            case p.RESULT:
                self._result(meaning, row, now)
            case p.EDITS:
                call = last if last is not None and last.kind == CALL else None
                if call is None:
                    self._put(Entry(EVENT, f"✎ edited {line(meaning.text)}", row, style="good"))
                elif meaning.text not in (call.more, *call.edits):
                    call.edits.append(meaning.text)
                    self._touch(call)
            case _:
                text, style = _event(meaning, self.me)
                self._put(Entry(EVENT, text, row, style=style))

    def _call(self, meaning: Meaning, row: Printed, now: float) -> None:
        known = self._calls.get(meaning.id) if meaning.id else None
        if known is not None and known.ok is None:  # it is told again, with more that is known of it
            known.text, known.more = meaning.text or known.text, meaning.more or known.more
            known.rows.append(row)
            self._touch(known)
            return
        entry = self._put(Entry(CALL, meaning.text, row, more=meaning.more, ident=meaning.id))
        entry.open = self.unfolded
        self._calls[meaning.id] = entry
        entry.began = row.time, now

    def _result(self, meaning: Meaning, row: Printed, now: float) -> None:
        call = self._calls.get(meaning.id)
        if call is None or call.ok is not None:
            glyph, style = ("✓", "good") if meaning.ok else ("✗", "bad")
            self._put(Entry(EVENT, f"{glyph} a call ended{_behind(meaning.text)}", row, style=style))
            return
        call.ok, call.outcome = meaning.ok, meaning.text
        self._touch(call)
        if row is not call.rows[-1]:
            call.rows.append(row)
            said, seen = call.began
            if said and row.time >= said:
                call.took = _short(row.time - said)
            elif seen and now >= seen:
                call.took = f"~{_short(now - seen)}"


def _size(row: Printed | str) -> int:
    return len(row if isinstance(row, str) else row.text)


def _short(seconds: float) -> str:
    return f"{seconds:.1f}s" if seconds < 9.95 else span(seconds)


def _event(meaning: Meaning, me: str) -> tuple[str, str]:
    """Return the words and the style of what is neither said nor a call."""
    said = line(meaning.text)
    match meaning.kind:
        case p.ASKS:
            return f"? asks: {said}", "warn"
        case p.RETRIES:
            return f"↻ calls its model again: {said}", "warn"
        case p.DENIED:
            return f"⊘ was not allowed: {said}", "bad"
        case p.ENDED:
            return ("✓ its turn ended", "good") if meaning.ok else (f"✗ its turn ended{_behind(said)}", "bad")
        case p.TOLD:
            who = "you" if meaning.more == me else line(meaning.more) or "the operator"
            return f"» {who}{' (heard when its turn ends)' if meaning.part else ''}: {said}", "accent"
        case _:
            return f"✗ error: {said}", "bad"


def _behind(text: str) -> str:
    return f": {line(text)}" if text else ""


def head(entry: Entry) -> tuple[Cell, ...]:
    """Return the one line of a call: what it does, how it ended, how long it took (`~`: as it was seen here)."""
    glyph, style = {None: ("●", "busy"), True: ("✓", "good"), False: ("✗", "bad")}[entry.ok]
    fold = "▾" if entry.open else "▸"
    cells: list[Cell] = [(f"{fold} {glyph} ", style), (f"{line(entry.text)} ", "strong"), (line(entry.more), "plain")]
    if entry.edits:
        cells.append((f" · edited {', '.join(map(line, entry.edits))}", "dim"))
    if entry.took:
        cells.append((f" · {entry.took}", "dim"))
    if entry.ok is False:
        cells.append((_behind(entry.outcome) or ": failed", "bad"))
    return tuple(cells)


def in_words(entry: Entry) -> str:
    """Return an entry as plain words; a call as its one line."""
    return "".join(text for text, _ in head(entry)) if entry.kind == CALL else entry.text


def details(entry: Entry) -> list[str]:
    """Return what stands in the lines of a call, as indented words; each is one safe line."""
    for row in entry.rows[entry.read :]:
        entry.read += 1
        if len(entry.spelled) >= DETAILS:
            continue
        try:
            value = json.loads(row.text)
        except (ValueError, RecursionError):
            value = row.text
        entry.spelled += map(code, islice(_spelled(value, 0), DETAILS - len(entry.spelled)))
    return [*entry.spelled, "…"] if len(entry.spelled) >= DETAILS else entry.spelled


def _spelled(value: Any, deep: int) -> Iterator[str]:
    """Yield a JSON value in words: its keys, and texts with their own lines."""
    pad = "  " * min(deep, 8)
    if isinstance(value, dict):
        for key, one in value.items():
            if key in _NOISE or one is False or one in (None, "", [], {}):
                continue
            if _is_short(one):
                yield f"{pad}{key}: {one}"
            elif len(value) == 1 or key in ("message", "content", "part", "item", "params", "update"):
                yield from _spelled(one, deep)
            else:
                yield f"{pad}{key}:"
                yield from _spelled(one, deep + 1)
    elif isinstance(value, list):
        for one in value:
            yield from _spelled(one, deep)
    else:
        yield from (f"{pad}{text}" for text in str(value).splitlines())


def _is_short(value: Any) -> bool:
    return isinstance(value, (int, float, bool)) or (isinstance(value, str) and "\n" not in value)
