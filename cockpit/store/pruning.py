"""Removes what runs and gates of merged work printed, oldest first; never what a leg that is not merged may need."""

import os
import shutil
from collections.abc import Collection
from pathlib import Path

from cockpit.store.paths import StateFolder, folder_name

KEPT_RUNS = 100
KEPT_BYTES = 512 * 1024 * 1024
LOG_BYTES = 1024 * 1024
LOG_KEPT = 256 * 1024


def prune(state: StateFolder, needed: Collection[str], *, runs: int = KEPT_RUNS, size: int = KEPT_BYTES) -> int:
    """Remove the folders of old runs and of their gates; return how many were removed.

    Those that are `needed` (ids of runs, keys of legs) stay and count for nothing; of the others the newest stay, as
    many as `runs` and as `size` bytes hold. What cannot be read or removed stays, too.
    """
    keep = {folder_name(one) for one in needed}
    found: dict[str, list[Path]] = {}
    for top in (state.path / "runs", state.path / "gates"):
        for folder in _folders(top):
            if folder.name not in keep:
                found.setdefault(folder.name, []).append(folder)
    newest = sorted(found.values(), key=lambda folders: -max(map(_changed, folders)))
    total = removed = 0
    for number, folders in enumerate(newest):
        total += sum(map(_size, folders))
        if number >= runs or total > size:
            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed


def shorten_log(state: StateFolder) -> None:
    """Cut away all but the end of a long driver's log; who appends to it goes on."""
    try:
        with state.log.open("r+b") as file:
            length = file.seek(0, os.SEEK_END)
            if length <= LOG_BYTES:
                return
            file.seek(length - LOG_KEPT)
            end = file.read().partition(b"\n")[2]
            file.seek(0)
            file.write(end)
            file.truncate()
    except OSError:
        return  # it is looked at again at the next start


def _folders(top: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(top) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _changed(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0


def _size(folder: Path) -> int:
    total = 0
    for top, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(f"{top}/{name}").st_size
            except OSError:
                continue
    return total
