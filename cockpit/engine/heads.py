"""How far the journal reached when a driver last began or ended, kept beside it, so that a cut at its end shows.

It is no proof: who cuts the journal can change this file, too.
"""

import contextlib
import json
from pathlib import Path
from typing import NamedTuple

from cockpit.agents.supervisor import write_atomically
from cockpit.store.journal import Journal


class Head(NamedTuple):
    """The number of facts that a journal held, and the hash of the last of them."""

    facts: int = 0
    hash: str = ""


class Loss(NamedTuple):
    """The first fact that a journal lost, as far as it is known, how many are missing at its end, and that in words."""

    first: int
    missing: int
    words: str


def kept_head(path: Path) -> Head:
    """Return what was kept last; nothing where the file is gone or damaged."""
    try:
        kept = json.loads(path.read_bytes())
        return Head(int(kept["facts"]), str(kept["hash"]))
    except (OSError, ValueError, TypeError, KeyError):
        return Head()


def keep_head(path: Path, head: Head) -> None:
    """Keep how far a journal reaches, as far as the disk lets it."""
    with contextlib.suppress(OSError):
        write_atomically(str(path), json.dumps(head._asdict()))


def loss_of(kept: Head, journal: Journal) -> Loss | None:
    """Return what the journal no longer holds of what was kept, or of its own checkpoint; None: it holds all of it.

    Raises JournalError.
    """
    count = journal.last_seq()
    for head in (kept, Head(*journal.last_checkpoint())):
        if not head.facts or journal.hash_of(head.facts) == head.hash:
            continue
        if count >= head.facts:
            words = f"fact {head.facts} of the journal is another one than it was: facts before it were lost"
            return Loss(head.facts, 0, words)
        missing = head.facts - count
        are = f"{missing} facts are" if missing > 1 else "1 fact is"
        words = f"{are} missing at the end of the journal: it held {head.facts}, and holds {count}"
        return Loss(count + 1, missing, words)
    return None
