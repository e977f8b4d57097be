"""Lets the operator write a text in the editor of theirs; what it is for, and whether it is kept, others say."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cockpit.errors import CockpitError
from cockpit.safetext import safe_line
from cockpit.ui.editing import edit

if TYPE_CHECKING:
    from cockpit.ui.app import CockpitApp


async def written(app: "CockpitApp", text: str, name: str) -> str:
    """Open the editor on a text, in a file of its own, and return it as it is then. Raises CockpitError."""
    with TemporaryDirectory(prefix="cockpit-") as folder:
        path = Path(folder, name)
        _put(path, text)
        await edit(app, path)
        return _taken(path)


def _put(path: Path, text: str) -> None:
    try:
        path.write_text(f"{text}\n" if text else "", encoding="utf-8")
    except OSError as error:
        raise CockpitError(f"it cannot be written: {error.strerror}", where=safe_line(str(path))) from error


def _taken(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError as error:
        raise CockpitError(f"what was written cannot be read: {error.strerror}", where=safe_line(str(path))) from error
