"""Tells which git commands of anybody run in worktrees right now, read from /proc; it ends and signals none."""

import os
from collections.abc import Iterable
from pathlib import Path


def git_at_work(folders: Iterable[Path]) -> frozenset[int] | None:
    """Return the processes that are git and have their folder in one of these; None where the system doesn't say."""
    processes = Path("/proc")
    if not (processes / "self").is_dir():
        return None
    tops = {os.path.realpath(folder) for folder in folders}
    found: set[int] = set()
    for entry in processes.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if not (entry / "comm").read_bytes().startswith(b"git"):
                continue
            here = os.readlink(entry / "cwd")  # noqa: PTH115  # a process's folder may be gone: its text is enough
            if b"fsmonitor--daemon" in (entry / "cmdline").read_bytes():
                continue  # it stays for good, and takes no lock
        except OSError:
            continue  # it ended, or is another user's
        if any(here == top or here.startswith(f"{top}/") for top in tops):
            found.add(int(entry.name))
    return frozenset(found)


def is_git_at_work(folder: Path) -> bool:
    """Tell whether a git command may be at work in a folder; true where the system doesn't say."""
    found = git_at_work([folder])
    return found is None or bool(found)
