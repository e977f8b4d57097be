"""What a run printed, both its logs, line by line with what the lines mean; and where in them a text stands.

It reads the run's files and no more of them than was asked.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from cockpit.agents import runs
from cockpit.agents.streams import events as e
from cockpit.agents.streams import formats
from cockpit.agents.streams.stream import verb
from cockpit.agents.supervisor import LOGS
from cockpit.engine.following import format_of
from cockpit.schedule import printed as p

LINE = 16_384
"""Characters of one line that are handed on at most."""
OPEN = 4_096
"""Bytes of a line without an end that are awaited; more of them count as a line."""
LEAST = 65_536
"""Bytes of messages that are read at once at least: a single one may be long."""
SOUGHT_BYTES = 32 * 1024 * 1024
MATCHES = 2_000
_PIECE = 1 << 20


class _Stamped(msgspec.Struct):
    timestamp: str | float | None = None


def printed(folder: Path, places: Sequence[int | None] | None, limit: int, *, align: bool = False) -> dict[str, Any]:
    """Return the lines of a run's two logs (stdout, stderr) from a place in each on, at most `limit` bytes of each.

    Without places they are the newest; a log whose place is None is left out. `align`: the places may lie in the middle
    of a line, whose rest is left out then. `next` are the places to go on at, `start` where the lines begin, `lost`
    says what was cut away in between, `more` that there is more already. Of the newest, the log that was written to
    last comes last.
    """
    format_ = format_of(folder)
    structured = format_ in formats.STRUCTURED
    limit = max(limit, LEAST) if structured else limit
    over = (folder / "exit.json").exists()
    found: list[tuple[float, list[list[Any]]]] = []
    start, after = [0, 0], [0, 0]
    lost, more = 0, False
    for number, name in enumerate(LOGS):
        place = places[number] if places is not None else max(0, runs.written(folder, name) - limit)
        if place is None:
            continue
        chunk = _read(folder, name, place, limit)
        if structured and len(chunk.data) >= limit and b"\n" not in chunk.data:
            chunk = _read(folder, name, place, _PIECE)  # half a message says nothing
        at, data = chunk.offset, chunk.data
        lost += chunk.lost
        if at > 0 and (align or places is None):
            cut = data.find(b"\n") + 1 or (len(data) if structured else 0)
            at, data = at + cut, data[cut:]
        parser = formats.parser(format_) if structured else None
        rows, rest = _rows(at, data, parser, err=number == 1, over=over, full=len(chunk.data) >= limit)
        start[number], after[number] = at, chunk.next - rest
        more = more or len(chunk.data) >= limit
        found.append((_written(folder / name) if places is None else 0.0, rows))
    found.sort(key=lambda one: one[0])
    lines = [row for _, rows in found for row in rows]
    return {"lines": lines, "start": start, "next": after, "lost": lost, "more": more, "structured": structured}


def sought(folder: Path, text: str, *, raw: bool = False, err: bool | None = None) -> dict[str, Any]:
    """Return where lines begin that hold a text, whatever its case: pairs of log (0: stdout) and place, in order.

    Of the lines of a format those that say nothing are left out, unless all of it is shown `raw`. `err`: only in that
    log. `whole` tells whether all of the logs was looked at; of very long ones it is their ends.
    """
    format_ = format_of(folder)
    parsing = format_ in formats.STRUCTURED and not raw
    needles = _needles(text, written=format_ in formats.STRUCTURED)
    matches: list[tuple[int, int]] = []
    whole = True
    for number, name in enumerate(LOGS):
        if not needles or (err is not None and err != (number == 1)):
            continue
        begin = max(0, runs.written(folder, name) - SOUGHT_BYTES)
        mine: list[tuple[int, int]] = []
        for at, line in _matching(folder, name, begin, needles):
            if parsing and _says_nothing(formats.parser(format_), line, err=number == 1):
                continue
            mine.append((number, at))
            if len(mine) > MATCHES:
                del mine[0]
                whole = False
        whole = whole and begin == 0
        matches += mine
    return {"matches": matches, "whole": whole}


def _read(folder: Path, name: str, place: int, limit: int) -> runs.Chunk:
    """Read on over the places where a log was cut."""
    first = chunk = runs.read_output(folder, place, limit, name=name)
    data = bytearray(chunk.data)
    while chunk.data and len(data) < limit:
        chunk = runs.read_output(folder, chunk.next, limit - len(data), name=name)
        if chunk.lost:
            break
        data += chunk.data
    return runs.Chunk(bytes(data), first.offset, first.offset + len(data), first.lost)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _rows(
    at: int, data: bytes, parser: e.Parser | None, *, err: bool, over: bool, full: bool
) -> tuple[list[list[Any]], int]:
    """Return the lines in some bytes, and how many bytes at their end are to be read again."""
    *whole, rest = data.split(b"\n")
    rows: list[list[Any]] = []
    for line in whole:
        rows += _cut(at, line, err=err) if parser is None else [_row(at, line, parser, err=err)]
        at += len(line) + 1
    if not rest:
        return rows, 0
    if len(rest) >= OPEN and (parser is None or (full and not whole)):
        return rows + _cut(at, rest, err=err), 0
    if parser is None or err or over:
        row = _row(at, rest, parser, err=err)
        row[3] = True
        rows.append(row)
    return rows, len(rest)


def _cut(at: int, line: bytes, *, err: bool) -> list[list[Any]]:
    """Return a line of text in pieces that can be shown."""
    starts = range(0, len(line) or 1, OPEN)
    return [_row(at + start, line[start : start + OPEN], None, err=err) for start in starts]


def _row(at: int, line: bytes, parser: e.Parser | None, *, err: bool) -> list[Any]:
    text = line.decode("utf-8", "replace").removesuffix("\r")[:LINE]
    if parser is None:
        return [at, text, err, False]
    if err:
        means = [msgspec.to_builtins(p.Meaning(p.COUNTS))] if _says_nothing(parser, line, err=True) else []
        return [at, text, err, False, 0.0, means]
    return [at, text, err, False, _time(line), list(map(msgspec.to_builtins, _meanings(parser, line, err=err)))]


def _time(line: bytes) -> float:
    """Return when a line says that it was printed, in seconds since the epoch; 0 where it says nothing."""
    try:
        said = msgspec.json.decode(line, type=_Stamped).timestamp
        if isinstance(said, str):
            return datetime.fromisoformat(said).timestamp()
    except (ValueError, RecursionError, OverflowError):
        return 0.0
    return (said or 0.0) / 1000


def _says_nothing(parser: e.Parser, line: bytes, *, err: bool) -> bool:
    """Say whether a line of a format is not to be shown: of stderr only what counts tokens, and no more."""
    if not err:
        return not _meanings(parser, line, err=False)
    events = tuple(parser.feed(line + b"\n", stderr=True))
    return bool(events) and all(isinstance(one, e.Usage) for one in events)


def _meanings(parser: e.Parser, line: bytes, *, err: bool) -> list[p.Meaning]:
    events = parser.feed(line + b"\n", stderr=err)
    return [meaning for event in events if (meaning := _meaning(event, line)) is not None]


def _meaning(event: e.Event, line: bytes) -> p.Meaning | None:
    match event:
        case e.Message(text, part):
            return p.Meaning(p.SAYS, text, part=part)
        case e.ToolUse(name, target, ident):
            return p.Meaning(p.CALLS, verb(name), target, ident)
        case e.ToolResult(ok, text, ident):
            return p.Meaning(p.RESULT, text, id=ident, ok=ok)
        case e.FileEdit(path, kind):
            return p.Meaning(p.EDITS, path, kind)
        case e.Question(_, text):
            return p.Meaning(p.ASKS, text)
        case e.Retry(why, attempt, most):
            return p.Meaning(p.RETRIES, f"{f'{attempt} of {most}: ' if most else ''}{why}")
        case e.Denied(what):
            return p.Meaning(p.DENIED, what)
        case e.TurnEnd(ok, text):
            return p.Meaning(p.ENDED, text, ok=ok)
        case e.Error(text):
            return p.Meaning(p.ERROR, text)
        case e.Told(ident, text, by, queued):
            return p.Meaning(p.TOLD, text, by, ident, part=queued)
        case e.Raw(text) if text and not line.lstrip().startswith(b"{"):
            return p.Meaning(p.SAYS, text)
        case _:
            return None


def _needles(text: str, *, written: bool) -> tuple[bytes, ...]:
    """Return the bytes that a text may stand as: as it is, and as JSON writes it."""
    forms = [text]
    if written:
        forms += [json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]]
    return tuple(dict.fromkeys(form.encode("utf-8", "replace").lower() for form in forms if form.strip()))


def _matching(folder: Path, name: str, begin: int, needles: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a log that hold one of these, with the places at which they begin."""
    place, start = begin, b""
    while True:
        chunk = runs.read_output(folder, place, _PIECE, name=name)
        if chunk.lost:
            start = b""
        data = start + chunk.data
        at = chunk.offset - len(start)
        end = data.rfind(b"\n") + 1 if chunk.data and len(data) < 2 * _PIECE else len(data)
        yield from ((at + found, data[found : _line_end(data, found)]) for found in _begins(data[:end], needles))
        if not chunk.data:
            return
        place, start = chunk.next, data[end:]


def _begins(data: bytes, needles: Iterable[bytes]) -> Iterator[int]:
    lowered, found = data.lower(), set[int]()
    for needle in needles:
        at = lowered.find(needle)
        while at >= 0:
            found.add(lowered.rfind(b"\n", 0, at) + 1)
            end = lowered.find(b"\n", at)
            at = lowered.find(needle, end) if end >= 0 else -1
    yield from sorted(found)


def _line_end(data: bytes, begin: int) -> int:
    end = data.find(b"\n", begin)
    return len(data) if end < 0 else end
