"""Notes that cockpit moves a checkout from one commit to another, and undoes what git wrote when it was killed at it.

Only what is known to come from the new commit is put back: a file that holds anything else is left and named.
"""

import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cockpit.errors import GitError
from cockpit.git import places, spawn
from cockpit.git.repo import Repo

_NOTE = "cockpit-moving"  # in the checkout's git folder while cockpit's own git command is at work there


@dataclass(frozen=True, slots=True)
class Undone:
    """What was put back to the old commit, and what was left because it may be somebody's work."""

    restored: tuple[str, ...]
    left: tuple[str, ...]
    finished: bool = False


def move(
    repo: Repo,
    checkout: Path,
    folder: Path,
    old: str,
    new: str,
    args: Sequence[str],
    env: Mapping[str, str] | None = None,
) -> spawn.Done:
    """Run the git command that moves a checkout (`folder` is its git folder), and return how it ended.

    Where that command alone was killed, what it left is undone or finished here. The caller holds the repository's
    lock, and has kept what `new` lacks of `old`. Raises GitError with the signal's negative code where nothing was
    moved.
    """
    with noted(folder, old, new):
        done = spawn.git(args, cwd=checkout, accept=(), locks=True, timeout=1800.0, env=env)
        if done.code < 0 and not undo(repo, checkout, folder).finished and _head(repo, checkout) != new:
            raise GitError(f"`git {args[0]}` was killed", where=str(checkout), code=done.code)
    return done


@contextmanager
def noted(folder: Path, old: str, new: str) -> Iterator[None]:
    """Note for a block that a checkout with this git folder is moved; only a kill leaves the note behind."""
    note = folder / _NOTE
    draft = folder / f"{_NOTE}.new"
    draft.write_text(json.dumps({"old": old, "new": new}))
    draft.replace(note)
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def is_noted(folder: Path) -> bool:
    """Tell whether moving the checkout with this git folder was cut short (or is under way)."""
    return (folder / _NOTE).exists()


def undo(repo: Repo, checkout: Path, folder: Path) -> Undone:
    """Undo or finish a move that was cut short, and take the note away.

    The caller holds the repository's lock and knows that no git command runs in the checkout. Raises GitError.
    """
    note = folder / _NOTE
    try:
        said = json.loads(note.read_text())
        old, new = str(said["old"]), str(said["new"])
    except (ValueError, KeyError, TypeError):
        note.unlink(missing_ok=True)
        return Undone((), ())
    (folder / "index.lock").unlink(missing_ok=True)  # git takes it first of all: whoever was killed here, held it
    head = _head(repo, checkout)
    result = Undone((), ())
    if head == old:
        index_is_new = not spawn.git(["diff-index", "--cached", "--quiet", new, "--"], cwd=checkout, accept=(0, 1)).code
        if index_is_new:  # git wrote every file; what only the old commit held was kept before the move was begun
            args = ["update-ref", "-m", "cockpit: finished what was cut short", "HEAD", new, old]
            spawn.git(args, cwd=checkout, locks=True)
            result = Undone((), (), finished=True)
        else:
            result = _put_back(repo, checkout, old, new)
    note.unlink(missing_ok=True)
    return result


def _head(repo: Repo, checkout: Path) -> str:
    return repo.git("rev-parse", "--verify", "--quiet", "HEAD", cwd=checkout, accept=(0, 1)).decode().strip()


def _put_back(repo: Repo, checkout: Path, old: str, new: str) -> Undone:
    raw = repo.git("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", old, new, "--").split(b"\0")
    restore: list[str] = []
    left: list[str] = []
    rows = list(zip(raw[0::2], raw[1::2], strict=False))
    # What was added goes first: it may be in the place of what has to come back.
    for head, name in sorted(rows, key=lambda row: not row[0].startswith(b":000000")):
        old_mode, mode, old_id, blob, _ = head.decode().lstrip(":").split(" ")
        path = os.fsdecode(name)
        if "160000" in (old_mode, mode) or not _index_has(checkout, path, old_mode, old_id):
            continue
        places.inside(checkout, (checkout / path).parent / "x")
        now = _content(checkout, path)
        if now == (old_mode, old_id) or (now is None and old_mode.startswith("0000")):
            continue
        if now is not None and now != (mode, blob) and not _is_beginning(checkout, path, mode, blob):
            left.append(path)
        elif old_mode.startswith("0000"):
            (checkout / path).unlink()
            _drop_empty(checkout, (checkout / path).parent)
            restore.append(path)
        else:
            restore.append(path)
    back = [path for path in restore if _index_names(checkout, path)]
    if back:
        stdin = b"".join(os.fsencode(path) + b"\0" for path in back)
        spawn.git(["checkout-index", "--force", "--index", "-z", "--stdin"], cwd=checkout, stdin=stdin, locks=True)
    return Undone(tuple(restore), tuple(left))


def _index_has(checkout: Path, path: str, mode: str, blob: str) -> bool:
    listed = spawn.git(["--literal-pathspecs", "ls-files", "--stage", "-z", "--", path], cwd=checkout).stdout
    rows = [row for row in listed.split(b"\0") if row.partition(b"\t")[2] == os.fsencode(path)]
    if mode.startswith("0000"):
        return not rows
    return rows == [f"{mode} {blob} 0\t".encode() + os.fsencode(path)]


def _index_names(checkout: Path, path: str) -> bool:
    listed = spawn.git(["--literal-pathspecs", "ls-files", "-z", "--", path], cwd=checkout).stdout
    return os.fsencode(path) in listed.split(b"\0")


def _content(checkout: Path, path: str) -> tuple[str, str] | None:
    """Return mode and blob id of a file as git would store it, None when it isn't there."""
    full = checkout / path
    try:
        mode = full.lstat().st_mode
    except OSError:
        return None
    if stat.S_ISLNK(mode):
        target = os.fsencode(full.readlink())
        done = spawn.git(["hash-object", "--no-filters", "--stdin"], cwd=checkout, stdin=target)
        return "120000", done.stdout.decode().strip()
    if not stat.S_ISREG(mode):
        return "", ""
    data = full.read_bytes()
    done = spawn.git(["hash-object", "--stdin", f"--path={path}"], cwd=checkout, stdin=data)
    return "100755" if mode & 0o100 else "100644", done.stdout.decode().strip()


def _is_beginning(checkout: Path, path: str, mode: str, blob: str) -> bool:
    """Tell whether a file is a part of what git was writing: the beginning of the new file's content."""
    full = checkout / path
    if not mode.startswith("100") or full.is_symlink() or not full.is_file():
        return False
    whole = spawn.git(["cat-file", "--filters", f"--path={path}", blob], cwd=checkout).stdout
    return whole.startswith(full.read_bytes())


def _drop_empty(checkout: Path, folder: Path) -> None:
    while folder != checkout and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
