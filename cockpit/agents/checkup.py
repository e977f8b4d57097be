"""Finds out which agent programs are installed, and whether they start at all; asks no model, and waits for none."""

import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cockpit import process
from cockpit.agents import environment
from cockpit.agents.programs import EVERYWHERE, PROGRAMS
from cockpit.errors import CommandError
from cockpit.safetext import safe_line

LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Checkup:
    """One agent program: where it is (None: not on PATH), its version, and what is wrong where it did not say that."""

    name: str
    place: Path | None
    version: str = ""
    problem: str = ""

    @property
    def starts(self) -> bool:
        """Whether it would start."""
        return self.place is not None and not self.problem


def check_up(names: Iterable[str] = PROGRAMS, limit_s: float = LIMIT_S) -> tuple[Checkup, ...]:
    """Return how agent programs stand, all looked at at once, each for `limit_s` seconds at most."""
    wanted = list(names)
    with ThreadPoolExecutor(max_workers=max(1, len(wanted))) as pool:
        return tuple(pool.map(lambda name: _looked_at(name, limit_s), wanted))


def _looked_at(name: str, limit_s: float) -> Checkup:
    place = shutil.which(PROGRAMS[name].run[0])
    if place is None:
        return Checkup(name, None)
    env = {**environment.passed((*EVERYWHERE, *PROGRAMS[name].pass_env)), **PROGRAMS[name].env}
    try:
        done = process.run([place, "--version"], cwd="/", timeout=limit_s, env=env)
    except CommandError as error:
        return Checkup(name, Path(place), problem=safe_line(error.what, 200))
    said = [line for line in map(safe_line, done.stdout.splitlines()) if line]
    return Checkup(name, Path(place), said[-1][:80] if said else "no version told")
