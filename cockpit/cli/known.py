"""Finds how a plan stood when it was opened before, by its journals alone: without its parser, git or an event loop."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.errors import JournalError

if TYPE_CHECKING:
    from cockpit.engine.handle import View
    from cockpit.store.paths import StateFolder


def known_state(plan: Path, state_dir: Path | None = None) -> "tuple[StateFolder, View] | None":
    """Return the state folder of a plan that was opened before and is unchanged, and how it stands; else None.

    The journal says which plan it is of, so that neither the plan's parser nor git is needed before the first paint.
    """
    try:
        text = plan.absolute().read_text("utf-8-sig")
        return next((one for one in standing(plan, state_dir) if one[1].snapshot.text == text), None)
    except (OSError, ValueError, JournalError):
        return None  # the long way says what is wrong


def driven_state(plan: Path, state_dir: Path | None = None) -> "tuple[StateFolder, View] | None":
    """Return the state folder of a plan file that a driver goes on with, whatever the file holds now; else None."""
    from cockpit.engine.client import driver_pid

    try:
        return next((one for one in standing(plan, state_dir) if driver_pid(one[0]) is not None), None)
    except (OSError, JournalError):
        return None


def standing(plan: Path, state_dir: Path | None = None) -> "Iterator[tuple[StateFolder, View]]":
    """Yield the state folders of a plan file that was opened before, and how each stands by its journal.

    There are several where the plan changed its name. Raises OSError, JournalError.
    """
    from cockpit.engine.peek import glimpse
    from cockpit.store.paths import StateFolder, state_folder

    file = plan.absolute()
    above = file.parent.resolve()
    root = next((folder for folder in (above, *above.parents) if (folder / ".git").is_dir()), None)
    if root is None:
        return
    for journal in sorted(state_folder(root, "plan", state_dir).path.parent.glob("*/journal.db")):
        state = StateFolder(journal.parent)
        view = glimpse(state)
        if view.snapshot.path == str(file):
            yield state, view
