"""Refuses what only humans may do where it comes from inside a run; the guard of promise 4, no sandbox.

The driver looks itself, too (`engine/peers.py`): here it is said before anything else is done.
"""

from cockpit.errors import OrderRefusedError
from cockpit.processtree import run_in_ancestry


def refuse_inside_run(what: str) -> None:
    """Let only humans go on. Raises OrderRefusedError inside a run, or below a process of one."""
    run = run_in_ancestry()
    if run is not None:
        raise OrderRefusedError(
            f"`{what}` is for humans: this command comes from inside run {run or '(unnamed)'}",
            hint="let the operator decide; an agent's work is done when it ends",
        )
