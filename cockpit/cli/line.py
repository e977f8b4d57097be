"""`cockpit PLAN --line`: how a plan stands on one line, for a status bar; fast, changes nothing, starts no driver."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.cli.output import say
from cockpit.errors import CockpitError

if TYPE_CHECKING:
    from cockpit.engine.handle import View


def print_line(plan: Path, *, width: int = 0, tmux: bool = False, state_dir: Path | None = None) -> int:
    """Print the line; of a plan that cannot be read it says so, since a status bar shows nothing of stderr."""
    from cockpit.ui.looks import line
    from cockpit.ui.statusline import cut, for_tmux, plain, status_line

    shown = for_tmux if tmux else plain
    try:
        say(shown(status_line(_view(plan, state_dir), time.time(), width=width)))
    except CockpitError as error:
        cells = ((f"✗ {line(plan.name)}: {line(str(error))}", "bad"),)
        say(shown(cut(cells, width) if width else cells))
        raise
    return 0


def _view(plan: Path, state_dir: Path | None) -> "View":
    from cockpit.cli.known import standing
    from cockpit.engine.peek import peeked

    try:
        text = plan.read_text("utf-8-sig")
        known = list(standing(plan, state_dir))
        # The plan may have had another name: what is unchanged is meant, else what was written last.
        found = max(known, key=lambda one: (one[1].snapshot.text == text, one[0].journal.stat().st_mtime), default=None)
    except (OSError, ValueError):
        found = None  # the long way says what is wrong
    if found is not None:
        return peeked(*found)
    from cockpit.cli.reach import opened, view_of

    return view_of(opened(plan, state_dir))
