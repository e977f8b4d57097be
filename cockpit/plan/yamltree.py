"""Reads YAML 1.2 text into plain data that remembers its places; never builds objects, and stays shallow and small.

It follows the parser's events instead of composing nodes: the composer of the C library overflows the stack on deep
nesting, and doesn't see duplicate keys.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from cockpit.plan.values import WrittenFloat, WrittenInt

DEEPEST = 64
MOST_ALIASED = 10_000

Path = tuple[str | int, ...]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # PyYAML may have been built without the C library
_TAG = "tag:yaml.org,2002:"
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMERIC = frozenset("0123456789+-.")
_LONGEST_NUMBER = 400  # characters; Python refuses to read whole numbers of more than 4300


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that is wrong with the text itself; line and column count from 1."""

    message: str
    line: int
    column: int
    hint: str = ""


class YamlError(Exception):
    """Text that cannot be read as a plan's YAML; carries every flaw found up to there."""

    def __init__(self, flaws: list[Flaw]) -> None:
        super().__init__("; ".join(flaw.message for flaw in flaws))
        self.flaws = flaws


@dataclass(slots=True)
class Node:
    """One value of the text: its plain data, its place, and those of what it holds."""

    data: Any
    line: int
    column: int
    items: "dict[str, Node] | list[Node] | None" = None
    keys: dict[str, tuple[int, int]] | None = None
    size: int = 1
    height: int = 1

    def place(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """Return line and column of the value at a path, or of its key; of the nearest one above if it is absent."""
        node = self
        for depth, step in enumerate(path):
            if isinstance(node.items, dict) and step in node.items:
                if key and depth == len(path) - 1 and node.keys is not None:
                    return node.keys[str(step)]
                node = node.items[str(step)]
            elif isinstance(node.items, list) and isinstance(step, int) and step < len(node.items):
                node = node.items[step]
            else:
                break
        return node.line, node.column


def read(text: str) -> Node | None:
    """Return the one document of a text, None when it is empty. Raises YamlError with what is wrong."""
    reader = _Reader()
    try:
        reader.read(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        context = f" {error.context}" if error.context else ""
        reader.flaws.append(Flaw(f"not YAML: {error.problem or 'unreadable'}{context}", line, column, _HINT))
    except yaml.reader.ReaderError as error:
        line, column = _first_unprintable(text)
        reader.flaws.append(
            Flaw(f"not YAML: {error.reason}", line, column, "remove the character, or escape it inside double quotes")
        )
    except _StopError:
        pass
    if reader.flaws:
        raise YamlError(reader.flaws)
    return reader.root


_HINT = "often an indent, a missing blank after `:`, or a value with `: ` or ` #` that needs quotes"
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _StopError(Exception):
    """Reading on makes no sense after this flaw."""


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come yet."""

    node: Node
    anchor: str | None
    key: str | None = None
    dropped: bool = False


@dataclass(slots=True)
class _Reader:
    root: Node | None = None
    flaws: list[Flaw] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, Node | None] = field(default_factory=dict)
    aliased: int = 0
    documents: int = 0

    def read(self, events: Iterator[Event]) -> None:
        for event in events:
            kind = event.__class__
            if kind is ScalarEvent:
                self._scalar(event)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._open(event, mapping=kind is MappingStartEvent)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                self._close()
            elif kind is AliasEvent:
                self._alias(event)
            elif kind is DocumentStartEvent:
                self.documents += 1
                if self.documents > 1:
                    self._stop("a plan is one document, and here a second one begins", event, "remove the `---`")

    def _flaw(self, message: str, event: Any, hint: str = "") -> None:
        mark = event.start_mark
        self.flaws.append(Flaw(message, mark.line + 1, mark.column + 1, hint))

    def _stop(self, message: str, event: Any, hint: str = "") -> None:
        self._flaw(message, event, hint)
        raise _StopError

    def _scalar(self, event: Any) -> None:
        top = self.stack[-1] if self.stack else None
        if top is not None and top.key is None and top.node.keys is not None:
            self._key(top, event)
            return
        mark = event.start_mark
        node = Node(self._value(event), mark.line + 1, mark.column + 1)
        if event.anchor:
            self.anchors[event.anchor] = node
        self._put(node)

    def _key(self, top: _Open, event: Any) -> None:
        key, keys = event.value, top.node.keys
        mark = event.start_mark
        top.key = key
        if event.anchor:
            self.anchors[event.anchor] = Node(key, mark.line + 1, mark.column + 1)
        if keys is None:
            return
        if key in keys:
            line, column = keys[key]
            self._flaw(f"duplicate key {key!r}", event, f"the first one is at line {line}, column {column}")
            top.dropped = True
        else:
            keys[key] = (mark.line + 1, mark.column + 1)

    def _open(self, event: Any, *, mapping: bool) -> None:
        self._no_key(event)
        if len(self.stack) >= DEEPEST:
            self._stop(f"nested beyond {DEEPEST} levels", event, "a plan needs no more than ten")
        if event.tag not in (None, "!", f"{_TAG}{'map' if mapping else 'seq'}"):
            self._flaw(f"tag {event.tag!r} is not allowed", event, "plans hold plain data only")
        mark = event.start_mark
        node = Node({} if mapping else [], mark.line + 1, mark.column + 1)
        if mapping:
            node.items, node.keys = {}, {}
        else:
            node.items = []
        if event.anchor:
            self.anchors[event.anchor] = None
        self.stack.append(_Open(node, event.anchor))

    def _close(self) -> None:
        done = self.stack.pop()
        if done.anchor:
            self.anchors[done.anchor] = done.node
        self._put(done.node)

    def _alias(self, event: Any) -> None:
        self._no_key(event)
        if event.anchor not in self.anchors:
            self._stop(f"unknown anchor {event.anchor!r}", event, f"write &{event.anchor} where the value stands first")
        node = self.anchors[event.anchor]
        if node is None:
            self._stop(f"alias {event.anchor!r} stands inside of what it names", event, "write the value out")
            return
        self.aliased += node.size
        if self.aliased > MOST_ALIASED:
            self._stop(f"aliases stand for more than {MOST_ALIASED} values", event, "write the values out")
        if len(self.stack) + node.height > DEEPEST + 1:
            self._stop(f"nested beyond {DEEPEST} levels", event, "a plan needs no more than ten")
        mark = event.start_mark
        copy = Node(node.data, mark.line + 1, mark.column + 1, node.items, node.keys, node.size, node.height)
        self._put(copy)

    def _no_key(self, event: Event) -> None:
        top = self.stack[-1] if self.stack else None
        if top is not None and top.key is None and top.node.keys is not None:
            self._stop("a key is plain text", event, "write a word before the `:`")

    def _put(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        owner = top.node
        owner.size += node.size
        if node.height >= owner.height:
            owner.height = node.height + 1
        if isinstance(owner.items, list):
            owner.items.append(node)
            owner.data.append(node.data)
        elif owner.items is not None and top.key is not None:
            if not top.dropped:
                owner.items[top.key] = node
                owner.data[top.key] = node.data
            top.key, top.dropped = None, False

    def _value(self, event: Any) -> Any:
        text: str = event.value
        tag: str | None = event.tag
        if tag is None:
            return text if event.style else plain(text)
        kind = tag.removeprefix(_TAG)
        if tag == "!" or kind == "str":
            return text
        value = plain(text)
        known: dict[str, Any] = {"null": type(None), "bool": bool, "int": int, "float": int | float}
        if kind not in known:
            self._flaw(f"tag {tag!r} is not allowed", event, "plans hold plain data only")
        elif not isinstance(value, known[kind]):
            self._flaw(f"{text!r} is not what its tag says", event, "leave the tag away")
        return value


def plain(text: str) -> Any:
    """Return what unquoted text means in YAML 1.2's core schema: `no` and `12:30` are text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC or len(text) > _LONGEST_NUMBER:
        return text
    if _INT.fullmatch(text):
        number = WrittenInt(int(text, 0) if text[:2] in ("0o", "0x") else int(text))
        number.written = text
        return number
    if _FLOAT.fullmatch(text):
        real = WrittenFloat(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        real.written = text
        return real
    return text


def _first_unprintable(text: str) -> tuple[int, int]:
    found = _UNPRINTABLE.search(text)
    before = text[: found.start()] if found else ""
    return before.count("\n") + 1, len(before) - before.rfind("\n")
