"""Keeps a worktree's checkout to its scope's folders and the top-level files; it takes away no file that was edited.

Git needs its extension `worktreeConfig` for that, which it switches on in the repository by itself.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from cockpit.errors import GitError
from cockpit.git import places, spawn
from cockpit.git.repo import LOCK_TIMEOUT, Repo

_WILD = frozenset("*?[")


def narrow(repo: Repo, worktree: Path, scope: Sequence[str], commit: str) -> None:
    """Let a worktree that was not checked out yet hold only what the scope's globs name, and the top-level files.

    Whole folders (git's cone mode) where every glob begins with a folder's name, else the globs themselves. The
    caller holds the repository's lock. Raises GitError.
    """
    folders = folders_of(repo, scope, commit)
    if folders is None:
        patterns = ["/*", "!/*/", *(f"/{glob.removeprefix('./').lstrip('/')}" for glob in scope)]
        _run(worktree, ["set", "--no-cone"], patterns)
    else:
        _run(worktree, ["set", "--cone", "--no-sparse-index", "--skip-checks"], folders)


def widen(repo: Repo, worktree: Path, paths: Iterable[str]) -> bool:
    """Check out these files or folders too, in a sparse worktree; false when the worktree holds everything anyway.

    In cone mode the folder of a file comes as a whole. Raises GitError.
    """
    wanted = [path.strip("/") for path in paths if path.strip("/")]
    folder = places.git_dir(worktree)
    if folder is None or not (folder / "info" / "sparse-checkout").exists() or not wanted:
        return False
    with repo.lock().held(LOCK_TIMEOUT):
        if (folder / "index.lock").exists():
            hint = "wait until the git command that runs there has ended"
            raise GitError("another git command runs in the worktree", where=str(worktree), hint=hint)
        cone = spawn.git(["config", "--type=bool", "core.sparseCheckoutCone"], cwd=worktree, accept=(0, 1))
        if cone.stdout.strip() == b"true":
            folders = folders_of(repo, wanted, "HEAD", worktree)
            _run(worktree, ["add", "--skip-checks"], folders or [])
        else:
            _run(worktree, ["add"], ["/" + _escaped(path) for path in wanted])
    return True


def folders_of(repo: Repo, scope: Sequence[str], commit: str, worktree: Path | None = None) -> list[str] | None:
    """Return the folders that hold all that the globs can name, None when that would be everything. Raises GitError."""
    found: list[str] = []
    for glob in scope:
        parts = [part for part in glob.removeprefix("./").split("/") if part]
        plain: list[str] = []
        for part in parts:
            if _WILD & set(part):
                break
            plain.append(part)
        if not plain:
            if len(parts) > 1 or "**" in glob:
                return None
            continue  # a top-level file, which is there anyway
        if (
            len(plain) == len(parts)
            and not glob.endswith("/")
            and not _is_folder(repo, "/".join(plain), commit, worktree)
        ):
            plain.pop()
        if plain:
            found.append("/".join(plain))
    return list(dict.fromkeys(found))


def _is_folder(repo: Repo, path: str, commit: str, worktree: Path | None) -> bool:
    kind = spawn.git(["cat-file", "-t", f"{commit}:{path}"], cwd=worktree or repo.root, accept=(0, 128))
    return kind.stdout.strip() == b"tree"


def _run(worktree: Path, args: Sequence[str], lines: Sequence[str]) -> None:
    if any("\n" in line for line in lines):
        raise GitError("a newline in a path of a sparse checkout", where=str(worktree), hint="leave `sparse` out")
    stdin = b"".join(os.fsencode(_quoted(line)) + b"\n" for line in lines)
    spawn.git(["sparse-checkout", *args, "--stdin"], cwd=worktree, stdin=stdin or b"\n", locks=True, timeout=1800.0)


def _quoted(line: str) -> str:
    """Return a line as git reads it back: what begins with a quote would be taken for quoted."""
    if not line.startswith('"'):
        return line
    inner = line.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inner}"'


def _escaped(path: str) -> str:
    return "".join(f"\\{char}" if char in "*?[\\" else char for char in path)
