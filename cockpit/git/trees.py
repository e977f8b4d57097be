"""What a commit holds: its paths, the text of single files, and which paths git would ignore; reads only."""

import os
from collections.abc import Sequence
from pathlib import Path

from cockpit.git import spawn

LARGEST_TEXT = 1024 * 1024


class CommitFiles:
    """The files of one commit. Raises GitError where there is no such commit."""

    def __init__(self, checkout: Path, commit: str) -> None:
        self._checkout = checkout
        listed = spawn.git(["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit], cwd=checkout).stdout
        rows = (row.split(b"\t", 1) for row in listed.split(b"\0") if row)
        self._blobs = {os.fsdecode(path): head.split()[2].decode("ascii") for head, path in rows}

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of all files, links and submodules."""
        return tuple(self._blobs)

    def text(self, path: str) -> str:
        """Return the text of a file; empty for what is no file of it, or too large to be a setting."""
        found = self._blobs.get(path)
        if found is None:
            return ""
        done = spawn.git(["cat-file", "blob", found], cwd=self._checkout, accept=(0, 1, 128))
        return "" if done.code or len(done.stdout) > LARGEST_TEXT else done.stdout.decode("utf-8", "replace")


def are_any_ignored(checkout: Path, paths: Sequence[str]) -> bool:
    """Tell whether git ignores any of some paths of a checkout, whether they are there or not."""
    asked = b"\0".join(map(os.fsencode, paths)) + b"\0"
    done = spawn.git(["check-ignore", "-z", "--stdin", "--no-index"], cwd=checkout, stdin=asked, accept=(0, 1, 128))
    return done.code == 0 and bool(done.stdout)
