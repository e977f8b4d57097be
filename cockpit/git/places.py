"""Where things are, read from git's own small files without spawning git; it writes and removes nothing."""

import os
from dataclasses import dataclass
from pathlib import Path

from cockpit.errors import GitError, UnsafePathError

_BUSY = {
    "MERGE_HEAD": "a merge",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
}


@dataclass(frozen=True, slots=True)
class Admin:
    """The metadata of one linked worktree: its folder under `worktrees/`, and what its HEAD names."""

    folder: Path
    branch: str | None
    head: str | None

    @property
    def has_index(self) -> bool:
        """Tell whether the worktree was ever checked out."""
        return (self.folder / "index").exists()

    @property
    def locked(self) -> str | None:
        """Return the reason of the worktree's lock (may be empty), None when it is not locked."""
        try:
            return (self.folder / "locked").read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return None


def inside(parent: Path, path: Path) -> Path:
    """Return the path made absolute, after proving that it is below `parent` without a symlink on the way.

    Raises UnsafePathError.
    """
    top = Path(os.path.realpath(parent))
    full = Path(os.path.normpath(parent.absolute() / path))
    for start in (Path(os.path.normpath(parent.absolute())), top):
        if full != start and full.is_relative_to(start):
            parts = full.relative_to(start).parts
            break
    else:
        raise UnsafePathError(
            "outside the folder of the plan's worktrees", where=str(path), hint=f"it must be in {top}"
        )
    here = top
    for part in parts:
        here = here / part
        if here.is_symlink():
            raise UnsafePathError("a symlink is on the way to the worktree", where=str(here), hint="remove the symlink")
    return here


def git_dir(worktree: Path) -> Path | None:
    """Return the git folder of a worktree (main or linked), None when it has none or it is gone."""
    dot = worktree / ".git"
    if dot.is_dir() and not dot.is_symlink():
        return dot
    text = _read(dot)
    if text is None or not text.startswith("gitdir: "):
        return None
    folder = Path(os.path.normpath(worktree / text.removeprefix("gitdir: ").rstrip("\n")))
    return folder if folder.is_dir() else None


def points_to(worktree: Path) -> Path | None:
    """Return where the worktree's `.git` file points to, whether that is there or not."""
    text = _read(worktree / ".git")
    if text is None or not text.startswith("gitdir: "):
        return None
    return Path(os.path.normpath(worktree / text.removeprefix("gitdir: ").rstrip("\n")))


def admin_of(common_dir: Path, worktree: Path) -> Admin | None:
    """Return the metadata of the linked worktree at this path, looked up from both ends; None when there is none."""
    folder = git_dir(worktree)
    if folder is not None:
        if folder.parent != common_dir / "worktrees" or not _names(folder, worktree):
            return None
        return _admin(folder)
    worktrees = common_dir / "worktrees"
    if worktrees.is_dir():
        for entry in worktrees.iterdir():
            if _names(entry, worktree):
                return _admin(entry)
    return None


def admin_at(folder: Path) -> Admin:
    """Return the metadata in a folder of `worktrees/`, whole or not."""
    return _admin(folder)


def under_way(folder: Path) -> str | None:
    """Name the operation that the worktree with this git folder is in the middle of, None when there is none."""
    for name, word in _BUSY.items():
        if (folder / name).exists():
            return word
    return None


def rebased_branch(folder: Path) -> str | None:
    """Return the branch that is being rebased in the worktree with this git folder."""
    for name in ("rebase-merge", "rebase-apply"):
        text = _read(folder / name / "head-name")
        if text is not None and text.startswith("refs/heads/"):
            return text.strip().removeprefix("refs/heads/")
    return None


def loose_ref(common_dir: Path, ref: str) -> str | None:
    """Return the object id in a ref's own file; None says only that git has to be asked."""
    text = _read(common_dir / ref)
    value = text.strip() if text is not None else ""
    return value if is_id(value) else None


def is_id(text: str) -> bool:
    """Tell whether the text is a whole object id (SHA-1 or SHA-256)."""
    return len(text) in (40, 64) and all(char in "0123456789abcdef" for char in text)


def require_branch_name(branch: str) -> str:
    """Return the branch's name if no command could take it for an option or another kind of revision.

    Raises GitError; git itself refuses the rest of what cannot be a name.
    """
    if not branch or branch.startswith(("-", "/")) or "\0" in branch or "@{" in branch or branch == "HEAD":
        raise GitError(f"{branch!r} cannot be the name of a branch", hint="see git help check-ref-format")
    return branch


def _admin(folder: Path) -> Admin:
    head = (_read(folder / "HEAD") or "").strip()
    if head.startswith("ref: refs/heads/"):
        return Admin(folder, head.removeprefix("ref: refs/heads/"), None)
    return Admin(folder, None, head or None)


def _names(admin: Path, worktree: Path) -> bool:
    text = _read(admin / "gitdir")
    if text is None:
        return False
    dot = Path(os.path.normpath(admin / text.rstrip("\n")))
    return dot.name == ".git" and (dot.parent == worktree or os.path.realpath(dot.parent) == os.path.realpath(worktree))


def _read(path: Path) -> str | None:
    try:
        return os.fsdecode(path.read_bytes())
    except OSError:
        return None
