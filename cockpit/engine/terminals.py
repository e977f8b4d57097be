"""Knows from which terminals humans work in worktrees that were taken over, and tells of those that are gone.

`cockpit attach` leaves a file for as long as it is there; one that was closed leaves it behind. Hands nothing back.
"""

import asyncio
import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit import processtree
from cockpit.processtree import ProcessId
from cockpit.schedule.snapshot import Leg
from cockpit.store.paths import StateFolder, folder_name

if TYPE_CHECKING:
    from cockpit.engine.effects import Effects


def enter(state: StateFolder, key: str) -> Path:
    """Note that this process is where a human works on a leg, and return the note; who is gone is no news any more."""
    pid = os.getpid()
    for note in _notes(state, key):
        if _who(note) is None:
            leave(note)
    here = processtree.identity(pid)
    note = _folder(state) / f"{folder_name(key)}.{pid}"
    with contextlib.suppress(OSError):  # a full disk keeps nobody from work
        note.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = note.with_name(f".{note.name}")
        new.write_text(here.start if here is not None else "", encoding="utf-8")
        new.rename(note)
    return note


def leave(note: Path) -> None:
    """Note that nobody is there on purpose."""
    with contextlib.suppress(OSError):
        note.unlink(missing_ok=True)


def forget(state: StateFolder, key: str) -> None:
    """Remove the notes on a leg."""
    for note in _notes(state, key):
        leave(note)


class Terminals:
    """Tells, for one plan's driver, which worktrees are a human's whose terminals are all gone."""

    def __init__(self, effects: "Effects") -> None:
        self._effects = effects
        self._asked = asyncio.Event()
        self._awaited: dict[ProcessId, int] = {}

    @property
    def folder(self) -> Path:
        """Where the notes are."""
        return _folder(self._effects.project.state)

    def look_soon(self) -> None:
        """Look again soon: somebody may have come or gone."""
        self._asked.set()

    async def run(self) -> None:
        """Look whenever something may be different, until cancelled."""
        self._asked.set()
        try:
            while True:
                await self._asked.wait()
                self._asked.clear()
                await self.look()
        finally:
            for process in tuple(self._awaited):
                self._let_go(process)

    async def forget(self, leg: Leg) -> None:
        """Begin anew with a leg that was taken over, or handed back."""
        await self._effects.pool.short(forget, self._effects.project.state, leg.key)
        self._effects.engine.read(left={leg.workstream: None})

    async def look(self) -> None:
        """Look which terminals are there, and have their ends told."""
        engine = self._effects.engine
        taken = self._taken()
        if not taken and not engine.readings.left:
            return
        seen = await self._effects.pool.short(_seen, self._effects.project.state, taken)
        for process in {one for found in seen.values() for one in found if one is not None}:
            self._await_end(process)
        gone = {
            leg.workstream for key, leg in self._taken().items() if seen.get(key) and not any(seen[key])
        }  # by now it may have been handed back
        now, before = engine.clock.now(), engine.readings.left
        engine.read(left={**dict.fromkeys(before.keys() - gone), **{one: before.get(one, now) for one in gone}})

    def _taken(self) -> dict[str, Leg]:
        snapshot = self._effects.engine.snapshot
        return {key: snapshot.legs[key] for key in snapshot.active if snapshot.legs[key].handed_over}

    def _await_end(self, process: ProcessId) -> None:
        """Look again when a process ends, where the system tells of that; a sweep sees it elsewhere."""
        if process in self._awaited:
            return
        try:
            fd = processtree.descriptor(process.pid)
        except ProcessLookupError:
            self._asked.set()
            return
        if fd >= 0:
            self._awaited[process] = fd
            asyncio.get_running_loop().add_reader(fd, self._ended, process)

    def _ended(self, process: ProcessId) -> None:
        self._let_go(process)
        self._asked.set()

    def _let_go(self, process: ProcessId) -> None:
        fd = self._awaited.pop(process)
        asyncio.get_running_loop().remove_reader(fd)
        os.close(fd)


def _seen(state: StateFolder, keys: Iterable[str]) -> dict[str, list[ProcessId | None]]:
    """Return for each leg the terminals that were noted, None for one that is gone."""
    found: dict[str, list[ProcessId | None]] = {}
    for key in keys:
        if notes := _notes(state, key):
            found[key] = [_who(note) for note in notes]
    return found


def _who(note: Path) -> ProcessId | None:
    """Return the process that left a note; None where it is gone."""
    with contextlib.suppress(OSError, ValueError):
        process = ProcessId(int(note.suffix[1:]), note.read_text("utf-8"))
        return process if processtree.alive(process) else None
    return None


def _notes(state: StateFolder, key: str) -> list[Path]:
    name = folder_name(key)
    with contextlib.suppress(OSError):
        return [one for one in _folder(state).iterdir() if one.stem == name]
    return []


def _folder(state: StateFolder) -> Path:
    return state.path / "terminals"
