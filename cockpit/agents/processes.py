"""What processes there are just now, and what they use, for the operator to look at; ends none, and keeps nothing."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cockpit import processtree
from cockpit.agents import runs

_PROC = Path("/proc")
_PLAIN = re.compile(r"[a-z][a-z-]{0,19}|[\w./-]{0,200}\.[a-z]{1,4}")  # what a program is told to do, or a script
MOST = 100


@dataclass(frozen=True, slots=True)
class Process:
    """One process of a run: how deep it stands below the agent, what it is, and what it used so far.

    `cpu_s` (seconds of processor time) and `memory` (resident bytes) are None where the system does not tell.
    """

    pid: int
    depth: int
    name: str
    cpu_s: float | None = None
    memory: int | None = None


def of_run(folder: Path) -> tuple[Process, ...]:
    """Return the processes of the run in this folder, the agent first, at most MOST. Raises CockpitError: no run."""
    look = runs.look(folder)
    top = look.supervisor if look.supervisor and look.supervisor_alive else None
    below = [one.pid for one in processtree.descendants(top.pid)] if top else []
    if not below and look.agent and look.agent_alive:
        below = [look.agent.pid, *(one.pid for one in processtree.descendants(look.agent.pid))]
    parents: dict[int, list[int]] = {}
    looks = {pid: _look_at(pid) for pid in below[:MOST]}
    for pid, (parent, _) in looks.items():
        parents.setdefault(parent if parent in looks else 0, []).append(pid)
    return tuple(Process(pid, depth, *looks[pid][1]) for pid, depth in _walk(parents))


def of_human(worktree: Path) -> tuple[Process, ...]:
    """Return what still runs of what a human started who works in a worktree, at most MOST."""
    found = sorted(one.pid for one in processtree.marked("COCKPIT_WORKTREE", str(worktree)))
    return tuple(Process(pid, 0, *_look_at(pid)[1]) for pid in found[:MOST])


def _walk(children: Mapping[int, list[int]]) -> Iterator[tuple[int, int]]:
    """Yield each process with its depth, right after its parent, siblings in the order of their pids."""
    todo = [(pid, 0) for pid in sorted(children.get(0, ()), reverse=True)]
    while todo:
        pid, depth = todo.pop()
        yield pid, depth
        todo += [(child, depth + 1) for child in sorted(children.get(pid, ()), reverse=True)]


def _look_at(pid: int) -> tuple[int, tuple[str, float | None, int | None]]:
    """Return a process's parent, and its name, processor time and memory; what has ended meanwhile uses nothing."""
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
        words = (_PROC / str(pid) / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return 0, ("?", None, None)
    begin, end = stat.find(b"("), stat.rfind(b")")
    fields = stat[end + 2 :].split()
    ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    comm = stat[begin + 1 : end].decode("utf-8", "replace")
    used = (int(fields[11]) + int(fields[12])) / ticks
    return int(fields[1]), (_name(comm, words), used, int(fields[21]) * page)


def _name(comm: str, words: list[str]) -> str:
    """Return a program's name, and its script or subcommand: never more of its words, which may hold anything."""
    program = words[0].rpartition("/")[2] or comm
    told = next((word for word in words[1:2] if _PLAIN.fullmatch(word)), "")
    return f"{program} {told.rpartition('/')[2]}".strip()
