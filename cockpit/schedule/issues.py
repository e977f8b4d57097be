"""Says which issues are done, for all who show it: the grid, a workstream's page and `cockpit status`. Pure."""

from typing import Literal

from cockpit.schedule.snapshot import Leg
from cockpit.schedule.states import PAST_CHECKING

Done = Literal["done", "~done", ""]


def issue_done(leg: Leg, issue: str = "") -> Done:
    """Return `done` once the leg is past checking, `~done` when only its agent said so; empty where it is not.

    Without an issue it is asked of the leg of a workstream that has none.
    """
    if leg.state in PAST_CHECKING:
        return "done"
    return "~done" if issue in leg.claimed else ""
