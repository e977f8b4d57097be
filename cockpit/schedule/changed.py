"""What a new version of a plan changed, as facts keep it: one part of it at a time, and what that meant. Plain data."""

from msgspec import Struct

ADDED, REMOVED, CHANGED = "added", "removed", "changed"


class PlanChange(Struct, frozen=True):
    """One change: `what` it is, of which workstream (empty: of the plan itself), and the field (empty: all of it).

    `means` says what comes of it for the work under way, empty where nothing does; `touches`: it is about such work.
    """

    what: str
    workstream: str = ""
    field: str = ""
    old: str = ""
    new: str = ""
    means: str = ""
    touches: bool = False

    @property
    def place(self) -> str:
        """What changed, as one name."""
        return " ".join(filter(None, (self.workstream, self.field)))
