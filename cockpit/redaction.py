"""Hides secrets in what is shown and kept: values of variables whose names say so, and tokens in known formats.

A secret gives way to as many stars, so that offsets in a log stay what they are. It knows nothing of where secrets are
found, and no encoded form but that of JSON. The supervisor imports this too: `re` is imported only when it is needed.
"""

import os
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re

SHORTEST = 8  # characters of a value that is a secret: less may stand anywhere by chance
CUT = 6  # characters of one at the end of what was read, from which on it is taken for the begin of a secret
REACH = 256  # bytes around what is shown that are looked at, as a token may be cut in two
_PIECE = 1 << 20
_WORDS = ("KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIALS", "CREDENTIAL", "WEBHOOK")
_PARTS = frozenset({*_WORDS, "PASS", "PAT", "AUTH", "COOKIE", "DSN", "KEYS", "TOKENS", "SECRETS", "PW"})
_TOKENS = (
    rb"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{40,}|glpat-[\w-]{20,}|xox[abeprs]-[\w-]{16,}|[sr]k_live_\w{12,}"
    rb"|sk-(?=[\w-]{0,40}\d)[\w-]{20,}|AIza[\w-]{35}|(?:AKIA|ASIA)[A-Z0-9]{16}|npm_\w{36}|pypi-[\w-]{50,}|hf_\w{30,}"
    rb"|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,})"
)
_CUT_TOKEN = rb"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|[sr]k_live_|sk-ant-|npm_|pypi-|hf_)[\w-]*\Z"


class Redactor:
    """Knows secrets, and hides them; what it learned it never forgets."""

    def __init__(self) -> None:
        self._values: tuple[bytes, ...] = ()

    @property
    def reach(self) -> int:
        """How many bytes before and after a part of a log must be looked at, so that no secret is cut in two."""
        return max(REACH, len(self._values[0])) if self._values else REACH

    def learn(self, environment: Mapping[str, str]) -> None:
        """Learn the secrets among variables."""
        found = {form for name, value in environment.items() for one in secrets_of(name, value) for form in _forms(one)}
        if not found <= set(self._values):
            self._values = tuple(sorted({*self._values, *found}, key=lambda one: (-len(one), one)))

    def data(self, data: bytes, *, is_cut: bool = False) -> bytes:
        """Return bytes with secrets hidden, as many; `is_cut` tells that a secret may end beyond their end."""
        for value in self._values:
            if value in data:
                data = data.replace(value, b"*" * len(value))
        if is_cut:
            for value in self._values:
                for length in range(min(len(value) - 1, len(data)), CUT - 1, -1):
                    if data.endswith(value[:length]):
                        data = data[:-length] + b"*" * length
                        break
            data = _pattern(_CUT_TOKEN).sub(_stars, data)
        return _pattern(_TOKENS).sub(_stars, data)

    def text(self, text: str, *, is_cut: bool = False) -> str:
        """Return a text with secrets hidden; `is_cut` as in `data`."""
        data = text.encode("utf-8", "surrogatepass")
        hidden = self.data(data, is_cut=is_cut)
        return text if hidden == data else hidden.decode("utf-8", "surrogatepass")

    def file(self, path: str) -> None:
        """Hide secrets in a file that nobody writes any more, in its place; one that cannot be written stays."""
        try:
            fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return
        try:
            self._hide_in(fd)
        except OSError:
            return
        finally:
            os.close(fd)

    def _hide_in(self, fd: int) -> None:
        was, at, changed = os.fstat(fd), 0, False
        while data := os.pread(fd, _PIECE + self.reach, at):
            hidden = self.data(data)
            if hidden != data:
                os.pwrite(fd, hidden, at)
                changed = True
            if len(data) <= _PIECE:
                break
            at += _PIECE
        if changed:
            os.utime(fd, ns=(was.st_atime_ns, was.st_mtime_ns))  # when the agent last wrote is what it tells


KNOWN = Redactor()
"""The secrets that this process knows of."""


def secrets_of(name: str, value: str) -> list[str]:
    """Return what of a variable is secret: its lines where its name says so, else the password of an address in it."""
    bare = name.upper()
    if bare.endswith(_WORDS) or not _PARTS.isdisjoint(bare.split("_")):
        found = [] if os.path.lexists(os.path.expanduser(value)) else value.splitlines()  # noqa: PTH111  # no pathlib here
    else:
        before, _, _ = value.partition("://")[2].partition("/")[0].rpartition("@")
        found = [before.partition(":")[2]]
    return [one for one in map(str.strip, found) if len(one) >= SHORTEST]


def _forms(secret: str) -> set[bytes]:
    escaped = secret.replace("\\", "\\\\").replace('"', '\\"')
    return {os.fsencode(one) for one in (secret, escaped)}


@cache
def _pattern(expression: bytes) -> "re.Pattern[bytes]":
    import re

    return re.compile(expression)


def _stars(found: "re.Match[bytes]") -> bytes:
    return b"*" * len(found[0])
