"""What the prompt of a run hands over, kept in the run's folder until its facts are sure; decides nothing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cockpit.schedule import facts as f
from cockpit.schedule.snapshot import Snapshot
from cockpit.schedule.talk import PROMPT

_FILE = "handed.json"


@dataclass(frozen=True, slots=True)
class Handed:
    """What the operator added to a prompt, and the ids of the messages that it tells."""

    addition: str = ""
    messages: tuple[str, ...] = ()

    def keep(self, folder: Path) -> None:
        """Leave this in a run's folder: a driver may be killed before the journal says that the run was told."""
        text = json.dumps({"addition": self.addition, "messages": self.messages})
        (folder / _FILE).write_text(text, encoding="utf-8")

    @classmethod
    def kept(cls, folder: Path) -> "Handed":
        """Return what was left in a run's folder; nothing where none was, or where it cannot be read."""
        try:
            found = json.loads((folder / _FILE).read_text("utf-8"))
            return cls(str(found["addition"]), tuple(map(str, found["messages"])))
        except (OSError, ValueError, LookupError, TypeError):
            return cls()

    def facts(self, snapshot: Snapshot, key: str, run: str) -> Iterator[f.Fact]:
        """Yield what says that a run of a leg was told this, as far as that is not said yet."""
        leg = snapshot.legs[key]
        if self.addition and (self.addition == leg.addition or self.addition not in leg.additions):
            yield f.AdditionTold(key, run, self.addition)
        unread = tuple(one.id for one in snapshot.unread(leg.workstream) if one.id in self.messages)
        if unread:
            yield f.MessagesRead(key, unread, PROMPT, run)
