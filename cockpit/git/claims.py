"""Says on disk which of git's locks a command of cockpit's may hold, so that those of a killed one are known for ours.

A claim is a file in the repository's git folder, made before the command begins and gone when it has ended. The command
inherits it, open and locked, so the kernel says when both cockpit and the command are gone. No lock is removed that was
there before the command began, or while a git command runs that could have made it.
"""

import contextlib
import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit.git import places
from cockpit.git.atwork import git_at_work

_FOLDER = "cockpit-claims"
_OF_A_WORKTREE = (
    "index.lock", "HEAD.lock", "ORIG_HEAD.lock", "config.worktree.lock", "info/sparse-checkout.lock",
)  # fmt: skip
# packed-refs.new is no lock by its name, but git refuses to write where a killed one left it.
_SHARED = ("config.lock", "packed-refs.lock", "packed-refs.new", "shallow.lock", "reftable/tables.list.lock")
_PATIENCE = 2.0  # seconds that the git commands of others get to end, so that a lock is known not to be theirs
_BEGINNING = 5.0  # seconds: a claim that says nothing yet may be written just now


@dataclass(frozen=True, slots=True)
class Stale:
    """A lock that a killed command of cockpit's may have left; `held` tells why it stays, empty when it can go."""

    path: Path
    held: str = ""


@dataclass(slots=True)
class Claim:
    """The claim of one command: the open file that it inherits. `killed` is set when it did not end by itself."""

    fd: int
    killed: bool = False


@contextlib.contextmanager
def claimed(
    args: Sequence[str], cwd: Path, timeout: float, env: Mapping[str, str] | None = None
) -> Iterator[Claim | None]:
    """Claim for a block what the git command may lock; where it was killed, take away the locks that it left.

    Yields None where there is no repository yet, or git works with an index of cockpit's own.
    """
    found = _folders(cwd, env or {})
    if found is None or "GIT_INDEX_FILE" in (env or {}):
        yield None
        return
    own, common = found
    try:
        (common / _FOLDER).mkdir(exist_ok=True)
        fd, name = tempfile.mkstemp(dir=common / _FOLDER)
    except OSError:  # git itself could write nothing there either
        yield None
        return
    fcntl.flock(fd, fcntl.LOCK_EX)
    locks = {os.fspath(path): _identity(path) for path in _possible(args, own, common)}
    os.write(fd, json.dumps({"in": os.fspath(cwd), "until": time.time() + timeout, "locks": locks}).encode())
    claim = Claim(fd)
    try:
        yield claim
    except BaseException:
        claim.killed = True
        raise
    finally:
        if not claim.killed:
            Path(name).unlink(missing_ok=True)
        os.close(fd)
        if claim.killed:
            _settle(common, Path(name), remove=True)


def at_work(common_dir: Path) -> frozenset[Path]:
    """Return the folders in which commands of cockpit's work that may change something, after waiting for them to end.

    They may outlive the cockpit that started them.
    """
    deadline = time.monotonic() + _PATIENCE
    while (found := _held(common_dir)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def drop_stale(common_dir: Path) -> tuple[Stale, ...]:
    """Remove the locks that killed commands of cockpit's left, as far as nobody else can hold them; return them all."""
    return _settled(common_dir, remove=True)


def stale(common_dir: Path) -> tuple[Stale, ...]:
    """Return what `drop_stale` would find now; it changes nothing and waits for nobody."""
    return _settled(common_dir, remove=False)


def _held(common: Path) -> frozenset[Path]:
    found: set[Path] = set()
    for claim in _all(common):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError), claim.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                found.add(Path(json.loads(file.read())["in"]))
    return frozenset(found)


def _all(common: Path) -> list[Path]:
    try:
        return sorted((common / _FOLDER).iterdir())
    except OSError:
        return []


def _settled(common: Path, *, remove: bool) -> tuple[Stale, ...]:
    found = [one for claim in _all(common) for one in _settle(common, claim, remove=remove)]
    return tuple({one.path: one for one in found}.values())


def _settle(common: Path, claim: Path, *, remove: bool) -> list[Stale]:
    try:
        fd = os.open(claim, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return []  # its command has ended meanwhile
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return _settle_locked(common, claim, fd, remove=remove)
    except BlockingIOError:
        return []  # the command, or whoever started it, is still there
    finally:
        os.close(fd)


def _settle_locked(common: Path, claim: Path, fd: int, *, remove: bool) -> list[Stale]:
    try:
        said = json.loads(os.pread(fd, 1 << 20, 0))
        before = {Path(path): tuple(was) if was else None for path, was in said["locks"].items()}
        until = float(said["until"])
    except (ValueError, KeyError, TypeError, AttributeError):
        if remove and time.time() - os.fstat(fd).st_mtime > _BEGINNING:
            claim.unlink(missing_ok=True)
        return []
    left = {path: now for path, was in before.items() if (now := _identity(path)) not in (None, was)}
    left = {path: now for path, now in left.items() if _made_at(path) <= until}
    if not left:
        if remove:
            claim.unlink(missing_ok=True)
        return []
    if not _others_ended(common, _PATIENCE if remove else 0.0):
        return [Stale(path, "a git command runs that may hold it") for path in left]
    if remove:
        for path, was in left.items():
            if _identity(path) == was:
                path.unlink(missing_ok=True)
        claim.unlink(missing_ok=True)
    return [Stale(path) for path in left]


def _others_ended(common: Path, patience: float) -> bool:
    """Tell whether all git commands ended that run now; one that begins later cannot hold what is there already."""
    folders = _worktrees(common)
    holders = git_at_work(folders)
    deadline = time.monotonic() + patience
    while holders and time.monotonic() < deadline:
        time.sleep(0.01)
        now = git_at_work(folders)
        holders = holders & now if now is not None else None
    return holders is not None and not holders


def _worktrees(common: Path) -> list[Path]:
    found = [common, common.parent]
    for entry in (common / "worktrees").glob("*/gitdir"):
        with contextlib.suppress(OSError):
            found.append(Path(os.path.normpath(entry.parent / os.fsdecode(entry.read_bytes()).rstrip("\n"))).parent)
    return found


def _folders(cwd: Path, env: Mapping[str, str]) -> tuple[Path, Path] | None:
    """Return the git folder of a worktree and the one that all worktrees of its repository share."""
    own = Path(env["GIT_DIR"]) if "GIT_DIR" in env else places.git_dir(cwd)
    if own is None or not own.is_dir():
        return None
    try:
        shared = os.fsdecode((own / "commondir").read_bytes()).rstrip("\n")
    except OSError:
        return own, own
    return own, Path(os.path.normpath(own / shared))


def _possible(args: Sequence[str], own: Path, common: Path) -> list[Path]:
    """Return the locks that a command may take: the fixed ones, and those of the refs that it names or HEAD does."""
    refs = {arg for arg in args if arg.startswith("refs/")}
    if "-b" in args:
        refs.add(f"refs/heads/{args[args.index('-b') + 1]}")
    branch = places.admin_at(own).branch
    if branch is not None:
        refs.add(f"refs/heads/{branch}")
    found = [own / name for name in _OF_A_WORKTREE] + [common / name for name in _SHARED]
    return found + [common / f"{ref}.lock" for ref in sorted(refs)]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_ino, found.st_ctime_ns


def _made_at(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0
