"""Fills the submodules of a worktree from what the main worktree has of them already; it never uses the network.

Each becomes a linked worktree of the submodule's own repository, so that nothing is cloned and what is committed in
it stays there. A submodule that the main worktree never initialised is named and left empty.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cockpit.errors import GitError
from cockpit.filelock import FileLock
from cockpit.git import places, removal, spawn, status
from cockpit.git.largefiles import SKIP_SMUDGE, fill_from
from cockpit.git.repo import LOCK_TIMEOUT, Repo


@dataclass(frozen=True, slots=True)
class Submodule:
    """One submodule of a worktree: its path, its commit, and why it was left empty (None: it is filled)."""

    path: str
    commit: str
    left: str | None = None


def initialise_submodules(repo: Repo, worktree: Path) -> tuple[Submodule, ...]:
    """Check out the submodules of a worktree, nested ones too, and return each. Raises GitError.

    None when there is no `.gitmodules`. One that is filled already stays as it is; one outside a sparse checkout is
    left out.
    """
    return tuple(_fill(worktree, repo.common_dir / "modules", ""))


def release_submodules(repo: Repo, worktree: Path) -> None:
    """Take the checkouts of submodules that `initialise_submodules` made away again; their folders stay, empty.

    A commit that no ref of the submodule holds is kept there under `refs/cockpit/rescue/`. Raises GitError: files that
    are not committed.
    """
    modules = repo.common_dir / "modules"
    if modules.is_dir():
        _empty(worktree, modules)


def filled(repo: Repo, worktree: Path) -> list[tuple[Path, str]]:
    """Return the folders of submodules that `initialise_submodules` filled, inner ones first, and their commits there.

    The commits are those that the superproject's index names. Raises GitError.
    """
    modules = repo.common_dir / "modules"
    return list(_filled(worktree, modules)) if modules.is_dir() else []


def linked(repo: Repo, worktree: Path, commit: str | None = None) -> frozenset[tuple[str, str]]:
    """Return the submodules, path and commit, that a worktree's index, or a commit, names. Raises GitError."""
    if commit is None:
        return frozenset(_gitlinks(worktree))
    listed = repo.git("ls-tree", "-r", "-z", "--full-tree", commit)
    rows = [row.partition(b"\t") for row in listed.split(b"\0") if row.startswith(b"160000 ")]
    return frozenset((os.fsdecode(path), head.split()[2].decode()) for head, _, path in rows)


def _filled(worktree: Path, modules: Path) -> Iterator[tuple[Path, str]]:
    for path, commit in _gitlinks(worktree):
        target = worktree / path
        folder = places.git_dir(target)
        if folder is None or not folder.is_relative_to(modules) or folder.parent.name != "worktrees":
            continue
        yield from _filled(target, folder.parent.parent / "modules")
        yield target, commit


def _fill(worktree: Path, modules: Path, prefix: str) -> list[Submodule]:
    if not (worktree / ".gitmodules").is_file() or (worktree / ".gitmodules").is_symlink():
        return []
    names = _names(worktree)
    found: list[Submodule] = []
    for path, commit in _gitlinks(worktree):
        name, shown = names.get(path), prefix + path
        target = worktree / path
        if places.git_dir(target) is not None:
            found.append(Submodule(shown, commit))
            continue
        if name is None or ".." in name.split("/") or name.startswith("/"):
            found.append(Submodule(shown, commit, "it is not named in .gitmodules"))
            continue
        source = modules / name
        if not (source / "HEAD").is_file():
            found.append(Submodule(shown, commit, "not initialised: git submodule update --init in the main worktree"))
            continue
        if spawn.git(["cat-file", "-e", f"{commit}^{{commit}}"], cwd=source, accept=(), env=_at(source)).code:
            found.append(Submodule(shown, commit, "its commit is not there: git submodule update in the main worktree"))
            continue
        places.inside(worktree, target)
        if target.is_dir() and any(target.iterdir()):
            found.append(Submodule(shown, commit, "files are in its place"))
            continue
        with FileLock(source / "cockpit.lock").held(LOCK_TIMEOUT):
            if _forget_gone(source, target):
                args = ["worktree", "add", "--quiet", "--detach", "--", str(target), commit]
                spawn.git(args, cwd=source, env={**_at(source), **SKIP_SMUDGE}, locks=True, timeout=1800.0)
                fill_from(source, target)
            else:
                hint = f"git --git-dir={source} worktree prune"
                found.append(Submodule(shown, commit, f"an earlier checkout there went away with staged work: {hint}"))
                continue
        found.append(Submodule(shown, commit))
        found += _fill(target, source / "modules", f"{shown}/")
    return found


def _empty(worktree: Path, modules: Path) -> None:
    for target, _ in list(_filled(worktree, modules)):
        folder = places.git_dir(target)
        if folder is None:
            continue
        source = folder.parent.parent
        state = status.read(target)
        if state.entries or places.under_way(folder):
            hint = "commit it there, or move it away; cockpit cannot keep what it holds"
            raise GitError("a submodule holds uncommitted work", where=str(target), hint=hint)
        with FileLock(source / "cockpit.lock").held(LOCK_TIMEOUT):
            if state.head is not None:
                _keep_lone(source, folder.name, state.head)
            spawn.git(["worktree", "remove", "--", str(target)], cwd=source, env=_at(source), locks=True)
        target.mkdir(exist_ok=True)


def _forget_gone(source: Path, target: Path) -> bool:
    """Take away the metadata of a checkout whose folder went with its superproject; its commit is kept first.

    False where that would lose what was staged there. The caller holds the lock.
    """
    admin = places.admin_of(source, target)
    if admin is None:
        return True
    head = admin.head or ""
    if admin.has_index and places.is_id(head):
        env = {**_at(source), "GIT_INDEX_FILE": str(admin.folder / "index")}
        if spawn.git(["diff-index", "--cached", "--quiet", head, "--"], cwd=source, env=env, accept=(0, 1)).code:
            return False
        _keep_lone(source, admin.folder.name, head)
    removal.take_away(admin.folder, removal.listing(admin.folder))
    return True


def _keep_lone(source: Path, name: str, commit: str) -> None:
    if _is_lone(source, commit):
        ref = f"refs/cockpit/rescue/{name}/{time.time_ns()}"
        spawn.git(["update-ref", ref, commit], cwd=source, env=_at(source), locks=True)


def _is_lone(source: Path, commit: str) -> bool:
    args = ["rev-list", "--max-count=1", commit, "--not", "--single-worktree", "--all", "--"]
    return bool(spawn.git(args, cwd=source, env=_at(source)).stdout.strip())


def _at(source: Path) -> dict[str, str]:
    """Let git work in a submodule's repository without looking for the checkout that its configuration names."""
    return {"GIT_DIR": str(source), "GIT_WORK_TREE": str(source)}


def _names(worktree: Path) -> dict[str, str]:
    args = ["config", "-z", "--file", ".gitmodules", "--get-regexp", r"^submodule\..*\.path$"]
    output = spawn.git(args, cwd=worktree, accept=(0, 1)).stdout
    found: dict[str, str] = {}
    for row in output.split(b"\0"):
        key, _, value = os.fsdecode(row).partition("\n")
        if value:
            found[value.strip("/")] = key.removeprefix("submodule.").removesuffix(".path")
    return found


def _gitlinks(worktree: Path) -> list[tuple[str, str]]:
    output = spawn.git(["ls-files", "-t", "--stage", "-z"], cwd=worktree).stdout
    rows = [row.partition(b"\t") for row in output.split(b"\0") if row.startswith(b"H 160000")]
    return [(os.fsdecode(path), head.split()[2].decode()) for head, _, path in rows]
