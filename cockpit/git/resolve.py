"""Cockpit's own worktree for a conflict: a merge left with its markers, its resolution made a commit, or given up.

Resolutions are remembered in a folder of cockpit's own (memory.py), never in the repository's rr-cache, whose mere
presence would switch git's rerere on for the operator. It moves no branch.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cockpit.errors import GitError, UnsafePathError
from cockpit.git import places, removal, rescue, spawn, status
from cockpit.git.builds import Built, commit_tree
from cockpit.git.largefiles import SKIP_SMUDGE, fill_large_files
from cockpit.git.looks import tree_of_worktree
from cockpit.git.memory import Memory
from cockpit.git.repo import LOCK_TIMEOUT, Author, Repo
from cockpit.git.scratch import scratch_folder

_NOTE = "cockpit-conflict"  # in the worktree's metadata: what is being merged, and how it was left
_MARKER = re.compile(rb"(?:<{7,}|>{7,}|\|{7,})(?: .*)?")


@dataclass(frozen=True, slots=True)
class Opened:
    """A worktree with a merge to resolve: what is conflicted in it, and what remembered resolutions settled."""

    path: Path
    conflicted: tuple[str, ...]
    remembered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StillConflicted:
    """Nothing was built: these paths hold markers, or are neither staged nor removed."""

    paths: tuple[str, ...]


def conflict_worktree(
    repo: Repo, path: Path, *, onto: str, head: str, parent: Path, memory: Path | None = None
) -> Opened:
    """Make a detached worktree at `onto` with the merge of `head` into it left as git left it, markers and all.

    Called again for the same two commits it returns what is there, with all that was resolved so far. `parent` is
    the folder it must be in, `memory` where resolutions are remembered (default: in the repository's git folder).
    Raises UnsafePathError, GitError: another conflict is being resolved there.
    """
    full = places.inside(parent, path)
    ours, theirs = repo.commit_id(onto), repo.commit_id(head)
    label = f"refs/heads/{head}" if repo.resolve(f"refs/heads/{head}") == theirs else theirs
    admin = places.admin_of(repo.common_dir, full)
    if admin is not None:
        note = _note(admin.folder)
        if note is not None and note["state"] != "making":
            if (note["onto"], note["head"]) != (ours, theirs):
                hint = "finish it or give it up first"
                raise GitError("another conflict is being resolved there", where=str(full), hint=hint)
            return Opened(full, _unmerged(full), tuple(note["remembered"]))
        _undo_making(repo, full, admin, note)
    elif full.exists() and (not full.is_dir() or any(full.iterdir())):
        hint = "move it away; cockpit overwrites nothing"
        raise UnsafePathError("a foreign folder is where the conflict should go", where=str(full), hint=hint)
    with repo.lock().held(LOCK_TIMEOUT):
        full.parent.mkdir(parents=True, exist_ok=True)
        args = ["worktree", "add", "--quiet", "--detach", "--no-checkout", "--", str(full), ours]
        spawn.git(args, cwd=repo.root, locks=True)
        admin = places.admin_of(repo.common_dir, full)
        if admin is None:
            raise GitError("git made no worktree", where=str(full))
        _write_note(admin.folder, {"onto": ours, "head": theirs, "state": "making"})
    spawn.git(["read-tree", "-u", "--reset", "HEAD"], cwd=full, locks=True, timeout=1800.0, env=SKIP_SMUDGE)
    fill_large_files(repo, full)
    args = ["-c", "rerere.enabled=false", "merge", "--quiet", "--no-commit", "--no-ff", "--no-stat", "--no-squash"]
    args += ["--no-autostash", "--no-verify-signatures", label]
    done = spawn.git(args, cwd=full, accept=(), locks=True, timeout=600.0, env=SKIP_SMUDGE)
    if not (admin.folder / "MERGE_HEAD").exists():
        reason = done.stderr.strip()[-800:] or done.stdout.decode()
        raise GitError(f"`git merge` failed: {reason}", where=str(full), code=done.code)
    conflicted = _unmerged(full)
    files = {name: full / name for name in conflicted if (full / name).is_file() and not (full / name).is_symlink()}
    marked = {name: data for name, path_ in files.items() if _marker_lines(data := path_.read_bytes())}
    store = _memory(repo, memory)
    settled: list[str] = []
    for name, data in marked.items():
        resolved = store.recall(data, b"HEAD", label.encode())
        if resolved is not None:
            (full / name).write_bytes(resolved)
            settled.append(name)
    _stage(full, settled)
    note = {
        "onto": ours,
        "head": theirs,
        "label": label,
        "state": "open",
        "remembered": settled,
        "marked": {name: data.decode("latin-1") for name, data in marked.items()},
        "tree": _tree_now(repo, full),
    }
    _write_note(admin.folder, note)
    return Opened(full, _unmerged(full), tuple(settled))


def finish(
    repo: Repo, path: Path, message: str, *, author: Author | None = None, memory: Path | None = None
) -> Built | StillConflicted:
    """Make the merge commit of what was resolved, once no marker is left and nothing is unmerged.

    A text file without markers counts as resolved; any other conflict must have been staged or removed. All tracked
    edits go in, untracked files only if they are staged. The worktree stays until `abandon`. Raises GitError.
    """
    admin, note = _opened(repo, path)
    ours, theirs = note["onto"], note["head"]
    state = status.read(path)
    if state.head != ours:
        return _made_by_hand(repo, path, state, ours, theirs)
    if theirs not in _lines(admin.folder / "MERGE_HEAD"):
        hint = "give it up, and open it again"
        raise GitError("the merge is no longer under way there", where=str(path), hint=hint)
    marked: dict[str, str] = note["marked"]
    left = set(_with_markers(repo, path, marked, ours, theirs))
    unmerged = set(_unmerged(path))
    left |= unmerged - marked.keys()
    if left:
        return StillConflicted(tuple(sorted(left)))
    edited = [entry.path for entry in state.entries if entry.kind == "changed" and entry.unstaged != "."]
    _stage(path, [*sorted(unmerged), *edited])
    tree = spawn.git(["write-tree"], cwd=path, locks=True).stdout.decode().strip()
    store = _memory(repo, memory)
    for name, before in marked.items():
        if (path / name).is_file() and name not in note["remembered"]:
            resolved = (path / name).read_bytes()
            store.remember(before.encode("latin-1"), resolved, b"HEAD", note["label"].encode())
    built = Built(commit_tree(repo, tree, (ours, theirs), message, author), tree)
    _write_note(admin.folder, {**note, "tree": _tree_now(repo, path)})
    return built


def abandon(repo: Repo, path: Path, *, parent: Path, plan: str, workstream: str, at: float) -> rescue.Removed:
    """Remove a conflict worktree; what was edited in it and made no commit is rescued first.

    `at` is seconds since the epoch. One that was never finished, because making it was killed, goes too. Doing it again
    after it succeeded is no error. Raises UnsafePathError, GitError.
    """
    full = places.inside(parent, path)
    admin = places.admin_of(repo.common_dir, full)
    if is_half_made(repo, full):
        if admin is not None:
            _undo_making(repo, full, admin, _note(admin.folder))
        else:
            full.rmdir()
        return rescue.Removed(None, 0, (), branch_deleted=False)
    if admin is None:
        return rescue.remove(
            repo, full, parent=parent, branch=None, base="HEAD", plan=plan, workstream=workstream, at=at
        )
    admin, note = _opened(repo, full)
    state = status.read(full)
    untouched = state.head == note["onto"] and note.get("tree") == _tree_now(repo, full)
    if untouched:  # all of it is in the two commits or in the one that was built
        spawn.git(["reset", "--quiet", "--merge"], cwd=full, accept=(), locks=True)
        spawn.git(["read-tree", "-u", "--reset", "HEAD"], cwd=full, locks=True, env=SKIP_SMUDGE)
    return rescue.remove(
        repo, full, parent=parent, branch=None, base=note["onto"], plan=plan, workstream=workstream, at=at
    )


def is_half_made(repo: Repo, path: Path) -> bool:
    """Tell whether making a conflict worktree there was cut short: nobody was told of it, and it holds no work."""
    admin = places.admin_of(repo.common_dir, path)
    if admin is None:
        return path.is_dir() and not path.is_symlink() and not any(path.iterdir())
    note = _note(admin.folder)
    if note is not None:
        return bool(note["state"] == "making")
    names = [entry.name for entry in path.iterdir()] if path.is_dir() else []
    return not admin.has_index and names in ([], [".git"])


def _undo_making(repo: Repo, full: Path, admin: places.Admin, note: dict[str, Any] | None) -> None:
    """Take away what making the worktree left when it was killed: nobody was told of it yet."""
    names = [entry.name for entry in full.iterdir()] if full.is_dir() else []
    if note is None and (admin.has_index or names not in ([], [".git"])):
        hint = "cockpit made no conflict worktree of this: give another folder"
        raise UnsafePathError("somebody else's worktree is where the conflict should go", where=str(full), hint=hint)
    with repo.lock().held(LOCK_TIMEOUT):
        if full.is_dir():
            removal.take_away(full, removal.listing(full))
        removal.take_away(admin.folder, removal.listing(admin.folder))


def _opened(repo: Repo, path: Path) -> tuple[places.Admin, dict[str, Any]]:
    admin = places.admin_of(repo.common_dir, path)
    note = _note(admin.folder) if admin is not None else None
    if admin is None or note is None or note["state"] == "making":
        raise GitError("no conflict is being resolved there", where=str(path), hint="open it first")
    return admin, note


def _made_by_hand(repo: Repo, path: Path, state: status.State, ours: str, theirs: str) -> Built | StillConflicted:
    """Take the merge commit that somebody made in the worktree, if it is one of the two sides and all is in it."""
    if state.head is None or not (repo.is_ancestor(ours, state.head) and repo.is_ancestor(theirs, state.head)):
        hint = "bring it back to that commit, or give it up"
        raise GitError("the worktree is at a commit that does not hold both sides", where=str(path), hint=hint)
    edited = tuple(entry.path for entry in state.entries if entry.kind != "untracked")
    return StillConflicted(edited) if edited else Built(state.head, repo.tree_of(state.head))


def _with_markers(repo: Repo, path: Path, marked: Iterable[str], ours: str, theirs: str) -> list[str]:
    """Return the files that hold markers which neither side had before."""
    names = [name for name in marked if (path / name).is_file()]
    sides = [repo.read_blobs(side, names) for side in (ours, theirs)]
    found: list[str] = []
    for name in names:
        own = {line for side in sides for line in _marker_lines(side.get(name, b""))}
        if _marker_lines((path / name).read_bytes()) - own:
            found.append(name)
    return found


def _marker_lines(data: bytes) -> set[bytes]:
    if b"<<<<<<<" not in data and b">>>>>>>" not in data and b"|||||||" not in data:
        return set()
    return {bare for line in data.splitlines() if _MARKER.fullmatch(bare := line.rstrip(b"\r\n"))}


def _stage(path: Path, names: Sequence[str]) -> None:
    if names:
        rows = b"".join(name.encode("utf-8", "surrogateescape") + b"\0" for name in names)
        args = ["update-index", "-z", "--add", "--remove", "--replace", "--stdin"]
        spawn.git(args, cwd=path, stdin=rows, locks=True)


def _tree_now(repo: Repo, path: Path) -> str:
    with scratch_folder("conflict") as folder:
        return tree_of_worktree(repo, path, objects=Path(folder)).tree


def _unmerged(path: Path) -> tuple[str, ...]:
    return tuple(sorted(entry.path for entry in status.read(path).entries if entry.kind == "unmerged"))


def _memory(repo: Repo, folder: Path | None) -> Memory:
    return Memory(folder or repo.common_dir / "cockpit-resolutions")


def _note(folder: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((folder / _NOTE).read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _write_note(folder: Path, note: dict[str, Any]) -> None:
    draft = folder / f"{_NOTE}.new"
    draft.write_text(json.dumps(note))
    draft.replace(folder / _NOTE)


def _lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []
