"""Looks at what a worktree holds right now, uncommitted work included, as a commit; it touches neither index nor store.

What isn't committed is written to a scratch folder outside the repository, through a copy of the worktree's index.
"""

import hashlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit import globs
from cockpit.errors import GitError
from cockpit.git import places, spawn, status
from cockpit.git.builds import synthetic, writing_to
from cockpit.git.commits import as_in_head
from cockpit.git.repo import Repo

_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Look:
    """A worktree as it is: HEAD, the tree of what is in it, and whether that is more than HEAD holds.

    `commit` is HEAD, or a commit of the tree on HEAD; its objects are in the scratch folder `objects` (None: all of
    them are in the repository). `signature` tells whether another look would find the same.
    """

    head: str
    tree: str
    dirty: bool
    commit: str
    objects: Path | None = None
    signature: str = ""


def tree_of_worktree(
    repo: Repo, worktree: Path, exclude: Sequence[str] = (), *, objects: Path, last: Look | None = None
) -> Look:
    """Return what is in a worktree now: committed, staged, unstaged and untracked, not ignored and set-up files.

    `objects` is the folder below which what isn't committed is written; `last` (the look before) is returned again
    when nothing changed. Raises GitError: no commit yet.
    """
    state = status.read(worktree)
    if state.head is None:
        raise GitError("no commit yet", where=str(worktree))
    is_setup = globs.matcher(exclude)
    wanted = [entry for entry in state.entries if not entry.is_repository and not is_setup(entry.path)]
    staged_setup = [e for e in state.entries if e.kind == "changed" and e.staged != "." and is_setup(e.path)]
    signature = _signature(worktree, state, wanted)
    if last is not None and last.signature == signature and (last.objects is None or last.objects.is_dir()):
        return last
    head_tree = repo.tree_of(state.head)
    if not wanted:
        return Look(state.head, head_tree, False, state.head, None, signature)
    objects.mkdir(parents=True, exist_ok=True)
    store = Path(tempfile.mkdtemp(prefix=f"look-{next(_numbers)}-", dir=objects))
    try:
        env = writing_to(repo, store)
        tree = _tree(worktree, wanted, staged_setup, env, store)
        if tree == head_tree:  # what differs goes away when git's filters go over it
            shutil.rmtree(store)
            return Look(state.head, head_tree, False, state.head, None, signature)
        commit = synthetic(repo, tree, (state.head,), env)
    except BaseException:
        shutil.rmtree(store, ignore_errors=True)
        raise
    return Look(state.head, tree, True, commit, store, signature)


def _tree(
    worktree: Path,
    wanted: Sequence[status.Entry],
    staged_setup: Sequence[status.Entry],
    env: dict[str, str],
    store: Path,
) -> str:
    index = store / "index"
    folder = places.git_dir(worktree)
    if folder is not None and (folder / "index").exists():
        shutil.copyfile(folder / "index", index)
    inside = {**env, "GIT_INDEX_FILE": str(index)}
    if staged_setup:
        rows = as_in_head(staged_setup)
        spawn.git(["update-index", "-z", "--index-info"], cwd=worktree, stdin=rows, env=inside, locks=True)
    paths = b"".join(os.fsencode(e.path) + b"\0" for e in wanted if e.kind == "untracked" or e.unstaged != ".")
    if paths:
        # `--info-only` would leave out what the merge has to read; the filters of git apply, as they do for a commit.
        args = ["update-index", "-z", "--add", "--remove", "--replace", "--stdin"]
        spawn.git(args, cwd=worktree, stdin=paths, env=inside, locks=True, timeout=1800.0)
    tree = spawn.git(["write-tree"], cwd=worktree, env=inside, locks=True).stdout.decode().strip()
    index.unlink(missing_ok=True)
    return tree


def _signature(worktree: Path, state: status.State, wanted: Sequence[status.Entry]) -> str:
    digest = hashlib.sha256(f"{state.head} {state.branch}".encode())
    for entry in wanted:
        row = (entry.kind, entry.staged, entry.unstaged, entry.head_id, entry.index_mode, entry.index_id)
        digest.update(os.fsencode(entry.path) + b"\0" + repr(row).encode())
        try:
            found = (worktree / entry.path).lstat()
        except OSError:
            continue
        # The change time too: a file may be written again within one tick of its size and modification time.
        digest.update(repr((found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns)).encode())
    return digest.hexdigest()
