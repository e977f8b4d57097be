"""Opens the operator's editor on a file, at a line, in the screen's terminal; itself it reads and changes no file."""

import os
import shlex
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.errors import CockpitError
from cockpit.safetext import safe_line
from cockpit.schedule.states import State
from cockpit.ui.lending import lend
from cockpit.ui.looks import line as shown
from cockpit.ui.working import beside

if TYPE_CHECKING:
    from cockpit.ui.app import CockpitApp

SET_ONE = "set VISUAL or EDITOR to the editor that you want, then open cockpit again"
_PLUS_LINE = frozenset({"vi", "ex", "vis", "ne", "joe", "jed", "mg", "mcedit", "zile", "nvi", "elvis", "gedit"})
_CURSOR = frozenset({"vim", "nvim", "view", "gvim"})
_PLUS_COLON = frozenset({"emacs", "emacsclient", "micro", "kak"})
_GOTO = frozenset({"code", "code-insiders", "codium", "vscodium", "cursor", "windsurf"})
_COLONS = frozenset({"hx", "helix", "subl", "zed", "zeditor"})


async def edit(app: "CockpitApp", path: Path, line: int = 0, column: int = 0) -> None:
    """Open a file in $VISUAL or $EDITOR, at a line and a column that count from 1, and return when it is closed.

    Raises CockpitError where that cannot be done.
    """
    if app.read_only:
        raise CockpitError("this screen is read only", hint="open the plan without --read-only to edit")
    argv = editor(os.environ)
    path, folder = _found(path)
    code = await lend(app, [*argv, *place(argv[0], str(path), line, column)], cwd=folder)
    if code:
        raise CockpitError(f"`{shown(Path(argv[0]).name)}` ended with code {code}", where=safe_line(str(path)))


def _found(path: Path) -> tuple[Path, Path]:
    path = path.absolute()
    if not path.exists():
        raise CockpitError("it is not there any more", where=safe_line(str(path)))
    return path, path if path.is_dir() else path.parent


def begin(app: "CockpitApp", path: Path, line: int = 0, column: int = 0) -> None:
    """Open a file in the operator's editor beside the screen; the status line says what went wrong."""
    beside(app, partial(_begun, app, path, line, column), "opening the editor", "editor")


def of_worktree(app: "CockpitApp", workstream: str, path: str = "", line: int = 0) -> None:
    """Open a file of a workstream's worktree, at a line; where none is named, let one of those it changed be chosen."""
    from cockpit.ui.screens.files import FilesScreen

    snapshot = app.view.snapshot
    worktree = snapshot.workstreams[workstream].worktree

    def chosen(name: str | None) -> None:
        if name is not None:
            begin(app, Path(worktree, name), line)

    if path or app.read_only or app.is_web:  # where no editor can be opened, that is said before a file is chosen
        chosen(path)
    else:
        running = snapshot.leg_under_way(workstream).state is State.RUNNING
        app.push_screen(FilesScreen(app.handle, workstream, worktree, running=running), chosen)


async def _begun(app: "CockpitApp", path: Path, line: int, column: int) -> None:
    try:
        await edit(app, path, line, column)
    except CockpitError as error:
        hint = f" → {shown(error.hint)}" if error.hint else ""
        app.fail(f"{shown(path.name)} not edited: {shown(error.what)}{hint}")


def editor(environment: Mapping[str, str]) -> list[str]:
    """Return the words that start the operator's editor. Raises CockpitError where there is none."""
    for variable in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(environment.get(variable, ""))
        except ValueError as error:
            raise CockpitError(f"{variable} cannot be read: {str(error).lower()}", hint=SET_ONE) from error
        if words:
            return words
    if shutil.which("vi", path=environment.get("PATH")):
        return ["vi"]
    raise CockpitError("no editor is set, and there is no vi", hint=SET_ONE)


def place(program: str, path: str, line: int, column: int) -> list[str]:
    """Return the arguments that open a file at a line, in the way of that program; of an unknown one: the file alone.

    `path` is absolute, so that no name can be taken for an option.
    """
    name, column = Path(program).name.lower(), max(1, column)
    if line < 1:
        return [path]
    if name in _PLUS_LINE:
        return [f"+{line}", path]
    if name in _CURSOR:
        return [f"+call cursor({line},{column})", path]
    if name in _PLUS_COLON:
        return [f"+{line}:{column}", path]
    if name == "nano":
        return [f"+{line},{column}", path]
    if name in _GOTO:
        return ["--goto", f"{path}:{line}:{column}"]
    if name in _COLONS:
        return [f"{path}:{line}:{column}"]
    return [path]
