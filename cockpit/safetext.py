"""Turns untrusted text (plans, branches, files, agents) into text that is safe to show; never interprets it."""

import re

_STRING_SEQUENCE = re.compile(r"(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?")
_CSI = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?")
_SGR = re.compile(r"\x1b\[[0-9;:]*m")
_OTHER_ESCAPE = re.compile(r"\x1b[ -/]*[0-~]?")
_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_DROPPED = {
    **dict.fromkeys(range(0x20)),
    **dict.fromkeys(range(0x7F, 0xA0)),
    **dict.fromkeys(map(ord, _BIDI)),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
    **dict.fromkeys((0x2028, 0x2029), " "),
}
_DROPPED_KEEPING_LINES = {code: to for code, to in _DROPPED.items() if code not in (0x0A, 0x09)}


def safe_text(text: str | bytes) -> str:
    """Return the text without escape sequences, control and bidi characters; newlines and tabs stay."""
    return _strip(_decoded(text)).translate(_DROPPED_KEEPING_LINES)


def safe_line(text: str | bytes, limit: int = 0) -> str:
    """Return the text as one line: newlines and tabs become blanks, cut with `…` at `limit` characters if given."""
    line = " ".join(safe_text(text).split())
    return line[: limit - 1] + "…" if 0 < limit < len(line) else line


def on_one_line(text: str | bytes, limit: int = 0) -> str:
    """Return the text as one safe line like `safe_line`, with ` │ ` where one line ended and another began."""
    lines = (" ".join(part.split()) for part in safe_text(text).splitlines())
    line = " │ ".join(part for part in lines if part)
    return line[: limit - 1] + "…" if 0 < limit < len(line) else line


def safe_ansi(text: str | bytes) -> str:
    """Return the text with its colours (SGR sequences) and without everything else that is not printable."""
    plain = _STRING_SEQUENCE.sub("", _decoded(text).replace("\r\n", "\n"))
    parts: list[str] = []
    end = 0
    for match in _SGR.finditer(plain):
        parts += [safe_text(plain[end : match.start()]), match.group()]
        end = match.end()
    parts.append(safe_text(plain[end:]))
    return "".join(parts)


def _decoded(text: str | bytes) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def _strip(text: str) -> str:
    if "\x1b" not in text and not any("\x80" <= char <= "\x9f" for char in text):
        return text
    return _OTHER_ESCAPE.sub("", _CSI.sub("", _STRING_SEQUENCE.sub("", text)))
