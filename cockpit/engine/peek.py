"""A driver's present view over a blocking socket, for what prints once; loads no event loop, starts nothing."""

import socket
from typing import Any

from msgspec.structs import replace

from cockpit.engine import wire
from cockpit.engine.handle import View
from cockpit.engine.sockets import reachable
from cockpit.errors import CockpitError
from cockpit.filelock import holder_of
from cockpit.schedule.fold import replay
from cockpit.schedule.snapshot import Snapshot
from cockpit.store.journal import Journal
from cockpit.store.paths import StateFolder

PATIENCE_S = 1.0


def glimpse(state: StateFolder) -> View:
    """Return how things stand by the journal alone; an empty view where there is none. Raises JournalError."""
    if not state.journal.exists():
        return View(Snapshot(), connected=False)
    journal = Journal(state.journal, read_only=True)
    try:
        return View(journal.snapshot(), connected=False)
    finally:
        journal.close()


def peeked(state: StateFolder, known: View, *, patience_s: float = PATIENCE_S) -> View:
    """Return the driver's present view, made from one known by the journal.

    Where no driver runs, or one doesn't answer in time, it is the known view, unconnected, with the problem if any.
    """
    if holder_of(state.lock) is None:
        return known
    try:
        message = _first_message(state, known.snapshot.seq, patience_s)
        recorded = tuple(one for one in wire.facts_in(message["facts"]) if one.seq > known.snapshot.seq)
        readings = wire.patched(known.readings, message["readings"])
    except (OSError, ValueError, KeyError, CockpitError):
        return replace(known, problem="the driver does not answer")
    return View(replay(known.snapshot, recorded), readings, recorded, problem=message.get("problem", ""))


def _first_message(state: StateFolder, since: int, patience_s: float) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(patience_s)
        with reachable(state.socket) as name:
            line.connect(name)
        line.sendall(wire.line({"op": "subscribe", "since": since, "id": 1}))
        with line.makefile("rb") as answers:
            return wire.message(answers.readline(wire.LIMIT))
