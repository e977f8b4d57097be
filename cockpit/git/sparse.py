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
        patterns = ["/*", "!/*/", *map(_as_pattern, scope)]
        _run(worktree, ["set", "--no-cone"], patterns)
    else:
        _run(worktree, ["set", "--cone", "--no-sparse-index", "--skip-checks"], folders)


def is_sparse(worktree: Path) -> bool:
    """Tell whether a worktree holds only a part of its commit's files. Raises GitError."""
    folder = places.git_dir(worktree)
    return folder is not None and (folder / "info" / "sparse-checkout").exists() and _is_set(worktree, "")


def widen(repo: Repo, worktree: Path, paths: Iterable[str], scope: Sequence[str] = ()) -> bool:
    """Check out these files or folders too, and what these globs name; false when all of it is there anyway.

    In cone mode the folder of a file comes as a whole. The caller knows that no git command runs there. Raises
    GitError.
    """
    wanted = [path.strip("/") for path in paths if path.strip("/")]
    if not (wanted or scope) or not is_sparse(worktree):
        return False
    with repo.lock().held(LOCK_TIMEOUT):
        _require_unlocked(worktree)
        if _is_set(worktree, "Cone"):
            folders = folders_of(repo, [*wanted, *scope], "HEAD", worktree)
            if folders is None:
                _disable(worktree)
                return True
            there = _listed(worktree)
            missing = [one for one in folders if not any(one == held or one.startswith(f"{held}/") for held in there)]
            if missing:
                _run(worktree, ["add", "--skip-checks"], missing)
            return bool(missing)
        there = _listed(worktree)
        lines = [f"/{_escaped(path)}" for path in wanted] + [_as_pattern(glob) for glob in scope]
        missing = [line for line in dict.fromkeys(lines) if line not in there]
        if missing:
            _run(worktree, ["add"], missing)
        return bool(missing)


def make_whole(repo: Repo, worktree: Path) -> bool:
    """Check out everything in a sparse worktree, whatever is edited stays; false when it is whole. Raises GitError.

    The caller knows that no git command runs there.
    """
    if not is_sparse(worktree):
        return False
    with repo.lock().held(LOCK_TIMEOUT):
        _require_unlocked(worktree)
        _disable(worktree)
    return True


def sizes(repo: Repo, commit: str, scopes: Sequence[Sequence[str] | None]) -> list[int]:
    """Return how many bytes the files of a commit take in a worktree of each scope (None: everything); at most that.

    Raises GitError.
    """
    files: list[tuple[str, int]] = []
    for row in repo.git("ls-tree", "-r", "-l", "-z", "--full-tree", commit).split(b"\0"):
        head, _, raw = row.partition(b"\t")
        fields = head.split()
        if len(fields) == 4 and fields[3].isdigit():
            files.append((os.fsdecode(raw).rpartition("/")[0], int(fields[3])))
    found: list[int] = []
    for scope in scopes:
        folders = None if scope is None else folders_of(repo, scope, commit)
        found.append(sum(size for folder, size in files if folders is None or _is_held(folder, folders)))
    return found


def _is_held(folder: str, folders: Sequence[str]) -> bool:
    """Tell whether a checkout of these folders holds a folder's files: in one of them, or on the way to one."""
    inside = f"{folder}/"
    return not folder or any(inside.startswith(f"{one}/") or f"{one}/".startswith(inside) for one in folders)


def folders_of(repo: Repo, scope: Sequence[str], commit: str, worktree: Path | None = None) -> list[str] | None:
    """Return the folders that hold all that the globs can name, None when that would be everything. Raises GitError."""
    found: list[str] = []
    whole: set[str] = set()  # what was named without a wildcard: a folder, or a file whose folder is meant
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
        if len(plain) == len(parts) and not glob.endswith("/"):
            whole.add("/".join(plain))
        found.append("/".join(plain))
    folders = _folders_among(repo, sorted(whole), commit, worktree)
    kept = [one if one not in whole or one in folders else one.rpartition("/")[0] for one in found]
    return [one for one in dict.fromkeys(kept) if one]


def _folders_among(repo: Repo, paths: Sequence[str], commit: str, worktree: Path | None) -> set[str]:
    if not paths:
        return set()
    stdin = b"".join(os.fsencode(f"{commit}:{path}") + b"\0" for path in paths)
    args = ["cat-file", "--batch-check=%(objecttype)", "-z"]
    kinds = spawn.git(args, cwd=worktree or repo.root, stdin=stdin).stdout.split(b"\n")
    # A path that isn't there is echoed, and may span lines: then the rest is asked one by one.
    if len(kinds) != len(paths) + 1:
        return {path for path in paths if _is_folder(repo, path, commit, worktree)}
    return {path for path, kind in zip(paths, kinds, strict=False) if kind == b"tree"}


def _is_folder(repo: Repo, path: str, commit: str, worktree: Path | None) -> bool:
    kind = spawn.git(["cat-file", "-t", f"{commit}:{path}"], cwd=worktree or repo.root, accept=(0, 128))
    return kind.stdout.strip() == b"tree"


def _require_unlocked(worktree: Path) -> None:
    folder = places.git_dir(worktree)
    if folder is not None and (folder / "index.lock").exists():
        hint = "wait until the git command that runs there has ended"
        raise GitError("another git command runs in the worktree", where=str(worktree), hint=hint)


def _is_set(worktree: Path, name: str) -> bool:
    args = ["config", "--type=bool", f"core.sparseCheckout{name}"]
    return spawn.git(args, cwd=worktree, accept=(0, 1)).stdout.strip() == b"true"


def _listed(worktree: Path) -> set[str]:
    output = spawn.git(["sparse-checkout", "list"], cwd=worktree).stdout
    return {os.fsdecode(line) for line in output.split(b"\n") if line}


def _disable(worktree: Path) -> None:
    spawn.git(["sparse-checkout", "disable"], cwd=worktree, locks=True, timeout=1800.0)


def _as_pattern(glob: str) -> str:
    return f"/{glob.removeprefix('./').lstrip('/')}"


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
