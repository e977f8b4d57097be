"""What the operator set for all plans, in config.toml: theme, keys, how to be called; passes over no error."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from cockpit.errors import CockpitError, Problem

if TYPE_CHECKING:
    from cockpit.ui.keys import Action

THEMES = ("dark", "light", "high-contrast", "ansi")
DESKTOP = ("off", "osc9", "osc777")
SWITCHES = ("bell", "title")
Place = tuple[str, ...]


class Settings(Struct, frozen=True):
    """The settings: a theme of THEMES, the actions whose keys are others, and how the operator is called.

    `desktop` is the kind of notification that the terminal understands, one of DESKTOP.
    """

    theme: str = "dark"
    actions: Mapping[str, "Action"] = {}
    bell: bool = True
    title: bool = True
    desktop: str = "off"


class SettingsError(CockpitError):
    """Settings that cannot be used; carries every problem found in the file."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def default_path() -> Path:
    """Return the place of the settings: in `$XDG_CONFIG_HOME`, or in `~/.config`."""
    configured = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(configured) if configured.startswith("/") else Path.home() / ".config"
    return folder / "cockpit" / "config.toml"


def read_settings(path: Path | None = None) -> Settings:
    """Return the settings, which are the defaults where there is no file. Raises SettingsError."""
    path = path or default_path()
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        hint = "make it readable, or move it away"
        raise SettingsError((Problem(error.strerror or str(error), str(path), hint=hint),)) from error
    return _Reader(str(path), content).settings()


class _Reader:
    """Reads one file and gathers what is wrong with it."""

    def __init__(self, file: str, content: bytes) -> None:
        self._file = file
        self._problems: list[Problem] = []
        try:
            self._text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            at = content.count(b"\n", 0, error.start) + 1
            raise SettingsError((Problem("not UTF-8", file, at, 1, hint="save it as UTF-8"),)) from error
        self._places = _places(self._text)

    def settings(self) -> Settings:
        data = self._parsed()
        self._only(data, (), ("theme", "notifications", "keys"))
        theme = self._one_of(data, ("theme",), THEMES)
        told = self._table(data, "notifications")
        self._only(told, ("notifications",), (*SWITCHES, "desktop"))
        switches = {name: self._switch(told, ("notifications", name)) for name in SWITCHES}
        desktop = self._one_of(told, ("notifications", "desktop"), DESKTOP)
        actions: Mapping[str, Action] = {}
        if asked := self._table(data, "keys"):
            from cockpit.ui.keymap import changed

            actions, wrong = changed(asked)
            for names, message, hint in wrong:
                self._wrong(("keys", *names), message, hint)
        if self._problems:
            raise SettingsError(tuple(sorted(self._problems, key=lambda one: (one.line, one.column))))
        return Settings(theme, actions, switches["bell"], switches["title"], desktop)

    def _parsed(self) -> dict[str, Any]:
        import tomllib

        try:
            return tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            said = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", str(error))
            what, line, column = said.groups() if said else (str(error), None, None)
            end = (self._text.count("\n") + 1, len(self._text.rpartition("\n")[2]) + 1)
            at = (int(line), int(column)) if line and column else end
            problem = Problem(f"not TOML: {what}", self._file, *at, hint="see https://toml.io for how it is written")
            raise SettingsError((problem,)) from error

    def _wrong(self, place: Place, message: str, hint: str) -> None:
        above = (place[:end] for end in range(len(place), 0, -1))
        line, column = next((self._places[one] for one in above if one in self._places), (1, 1))
        self._problems.append(Problem(message, self._file, line, column, ".".join(place), hint))

    def _only(self, table: Mapping[str, Any], above: Place, names: tuple[str, ...]) -> None:
        for name in table:
            if name not in names:
                self._wrong((*above, name), "there is no such setting", f"known here: {', '.join(names)}")

    def _table(self, data: Mapping[str, Any], name: str) -> dict[str, Any]:
        found = data.get(name, {})
        if isinstance(found, dict):
            return found
        self._wrong((name,), "must be a table", f"write [{name}] on a line of its own, and what belongs to it below")
        return {}

    def _one_of(self, table: Mapping[str, Any], place: Place, known: tuple[str, ...]) -> str:
        found = table.get(place[-1], known[0])
        if isinstance(found, str) and found in known:
            return found
        self._wrong(place, f"must be one of {', '.join(known)}", f'for example {place[-1]} = "{known[-1]}"')
        return known[0]

    def _switch(self, table: Mapping[str, Any], place: Place) -> bool:
        found = table.get(place[-1], True)
        if isinstance(found, bool):
            return found
        self._wrong(place, "must be true or false", f"for example {place[-1]} = false")
        return True


_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_PATH = rf"\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*"
_HEADER = re.compile(rf"\[{_PATH}\]")
_ENTRY = re.compile(rf"{_PATH}=")


def _places(text: str) -> dict[Place, tuple[int, int]]:
    """Return the line and column of each table and key of a text; the standard parser keeps none."""
    found: dict[Place, tuple[int, int]] = {}
    table: Place = ()
    for number, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.match(line.lstrip()):
            table = _parts(header[1])
            found.setdefault(table, (number, len(line) - len(line.lstrip()) + 1))
        elif entry := _ENTRY.match(line):
            found.setdefault((*table, *_parts(entry[1])), (number, entry.start(1) + 1))
    return found


def _parts(path: str) -> Place:
    return tuple(one.strip("\"'") for one in re.findall(_KEY, path))
