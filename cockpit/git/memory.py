"""Remembers how conflicts of text files were resolved, and resolves the same ones again, in a folder of cockpit's own.

It works like git's rerere, which it never calls: a conflict is known by what both sides have in its hunks, and its
resolution is merged into the file at hand, whatever else changed there.
"""

import hashlib
import os
import tempfile
from pathlib import Path

from cockpit.errors import GitError
from cockpit.git import spawn
from cockpit.git.hunks import Hunk, parse_hunks, without_labels
from cockpit.git.scratch import scratch_folder


class Memory:
    """The resolutions that are remembered in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def remember(self, conflicted: bytes, resolved: bytes, ours: bytes, theirs: bytes) -> bool:
        """Keep how a file with these markers was resolved; false when it has none that can be told apart."""
        key = _key(parse_hunks(conflicted, ours, theirs))
        if key is None:
            return False
        place = self.folder / key
        place.mkdir(parents=True, exist_ok=True)
        _replace(place / "preimage", without_labels(conflicted, ours, theirs))
        _replace(place / "postimage", resolved)
        return True

    def recall(self, conflicted: bytes, ours: bytes, theirs: bytes) -> bytes | None:
        """Return the file as it was resolved the last time its conflicts were these; None when they are new.

        Raises GitError.
        """
        key = _key(parse_hunks(conflicted, ours, theirs))
        if key is None:
            return None
        try:
            before, after = (
                (self.folder / key / "preimage").read_bytes(),
                (self.folder / key / "postimage").read_bytes(),
            )
        except FileNotFoundError:
            return None
        with scratch_folder("recall") as name:
            top = Path(name)
            for file, data in (("this", without_labels(conflicted, ours, theirs)), ("old", before), ("new", after)):
                (top / file).write_bytes(data)
            done = spawn.git(["merge-file", "-p", "--quiet", "this", "old", "new"], cwd=top, accept=())
        if done.code > 127:
            raise GitError(f"`git merge-file` failed: {done.stderr.strip()[-500:]}", where=str(self.folder / key))
        return None if done.code else done.stdout


def _key(hunks: tuple[Hunk, ...]) -> str | None:
    if not hunks:
        return None
    digest = hashlib.sha256()
    for hunk in hunks:
        for side in (hunk.ours, hunk.theirs):
            data = side.encode("utf-8", "surrogateescape")
            digest.update(f"{len(data)}\0".encode() + data)
    return digest.hexdigest()


def _replace(path: Path, data: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}.", delete=False) as draft:
        draft.write(data)
        draft.flush()
        os.fsync(draft.fileno())
    Path(draft.name).replace(path)
