"""What the screen remembers for its user from one time to the next: a small file a plan, outside of any repository.

It is a comfort: what cannot be read is as if it was not there, and what cannot be written is not kept.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

LIMIT = 1_048_576
FOR_ALL = ""


def default_folder() -> Path:
    """Return where this user's screens remember: in `$XDG_STATE_HOME`, or in `~/.local/state`."""
    configured = os.environ.get("XDG_STATE_HOME", "")
    state = Path(configured) if configured.startswith("/") else Path.home() / ".local" / "state"
    return state / "cockpit" / "screens"


class Remembered:
    """Short texts by their names, of one plan by its path, or FOR_ALL plans; without a folder nothing is kept."""

    def __init__(self, folder: Path | None, plan: str) -> None:
        self._folder = folder
        self._file: Path | None = None
        self._texts: dict[str, str] = {}
        if folder is not None:
            self._file = folder / f"{_digest(plan)}.json"
            self._texts = _read(self._file)

    def for_all(self) -> "Remembered | None":
        """Return what is remembered for all plans, None where nothing is kept."""
        return Remembered(self._folder, FOR_ALL) if self._folder is not None else None

    def get(self, name: str) -> str:
        """Return what was remembered; empty where nothing was."""
        return self._texts.get(name, "")

    def put(self, name: str, text: str) -> None:
        """Remember a text; an empty one is forgotten."""
        if self.get(name) == text:
            return
        texts = {**(_read(self._file) if self._file is not None else self._texts), name: text}
        self._texts = {key: value for key, value in texts.items() if value}
        if self._file is not None:
            with suppress(OSError):
                _write(self._file, self._texts)


def _digest(plan: str) -> str:
    from zlib import crc32

    name = "".join(char if char.isalnum() else "-" for char in plan[-40:])
    return f"{name}-{crc32(plan.encode('utf-8', 'surrogatepass')):08x}" if plan else "all"


def _read(file: Path) -> dict[str, str]:
    try:
        with file.open("rb") as opened:
            return msgspec.json.decode(opened.read(LIMIT), type=dict[str, str])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def _write(file: Path, texts: Mapping[str, str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    fresh.write_bytes(msgspec.json.encode(texts))
    fresh.replace(file)
