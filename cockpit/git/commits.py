"""Makes cockpit's commits: all that a worktree holds but ignored and set-up files; it moves no other branch."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit import globs
from cockpit.errors import GitError
from cockpit.git import places, spawn, status
from cockpit.git.repo import Repo
from cockpit.safetext import safe_line, safe_text


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that was made: its id, tree, parent (None: the first one), paths, and lines added and removed."""

    id: str
    tree: str
    parent: str | None
    paths: frozenset[str]
    added: int
    removed: int

    @property
    def files(self) -> int:
        """How many files it changed."""
        return len(self.paths)


def commit_all(
    repo: Repo,
    worktree: Path,
    message: str,
    trailers: Mapping[str, str],
    exclude: Sequence[str] = (),
    *,
    hooks: bool = False,
    sign: bool = False,
) -> Commit | None:
    """Commit all that a worktree holds except ignored and set-up files; None when there is nothing to commit.

    Author and committer are git's. Raises GitError: unresolved conflicts, a rebase under way, a detached HEAD, a
    repository inside the worktree, or git's own refusal.
    """
    state = status.read(worktree)
    is_setup = globs.matcher(exclude)
    entries = [entry for entry in state.entries if not is_setup(entry.path)]
    folder = places.git_dir(worktree)
    doing = places.under_way(folder) if folder else None
    if places.admin_of(repo.common_dir, worktree) is None:
        hint = "what is in it is kept: look into it, then clean the workstream up by hand"
        raise GitError("it is no worktree of this repository any more", where=str(worktree), hint=hint)
    if not entries and doing is None and state.branch is not None:
        return None
    _require_committable(worktree, state, entries, doing)
    staged_setup = [e for e in state.entries if e.kind == "changed" and e.staged != "." and is_setup(e.path)]
    if staged_setup:
        spawn.git(["update-index", "-z", "--index-info"], cwd=worktree, stdin=as_in_head(staged_setup), locks=True)
    unstaged = [e.path for e in entries if e.kind == "untracked" or e.unstaged != "."]
    if unstaged:
        paths = b"".join(os.fsencode(path) + b"\0" for path in unstaged)
        args = ["update-index", "-z", "--add", "--remove", "--replace", "--stdin"]
        _with_lock_hint(args, worktree, paths)
    text = with_trailers(message, trailers).encode("utf-8", "surrogateescape")
    args = ["commit", "--quiet", "--cleanup=verbatim", "--file=-", "--gpg-sign" if sign else "--no-gpg-sign"]
    done = spawn.git(args, cwd=worktree, stdin=text, accept=(), locks=True, hooks=hooks)
    if done.code == 1 and not done.stderr.strip() and not hooks:
        return None  # what differed, differs no more once git's filters went over it
    if done.code:
        raise GitError(f"`git commit` failed: {done.stderr.strip()[-800:]}", where=str(worktree), code=done.code)
    shown = repo.git(
        "log", "-1", "--format=%H %T", "--numstat", "-z", "--no-renames", "-m", "--first-parent", cwd=worktree
    )
    ids, _, numstat = shown.partition(b"\0")
    commit, tree = ids.decode().split()
    rows = status.parse_numstat(numstat)
    added, removed = sum(row[0] for row in rows.values()), sum(row[1] for row in rows.values())
    return Commit(commit, tree, state.head, frozenset(rows), added, removed)


def with_trailers(message: str, trailers: Mapping[str, str]) -> str:
    """Return a commit message that ends in the trailers, each on one line."""
    body = safe_text(message).strip() or "Work of a run"
    lines = [f"{name}: {safe_line(value)}" for name, value in trailers.items()]
    return f"{body}\n" + ("\n" + "\n".join(lines) + "\n" if lines else "")


def as_in_head(entries: Sequence[status.Entry]) -> bytes:
    """Return the index information that makes these paths in the index what they are in HEAD."""
    rows: list[bytes] = []
    for entry in entries:
        gone = not entry.head_mode.strip("0")
        mode, blob = ("0", "0" * len(entry.head_id)) if gone else (entry.head_mode, entry.head_id)
        rows.append(f"{mode} {blob}\t".encode() + os.fsencode(entry.path) + b"\0")
    return b"".join(rows)


def _require_committable(
    worktree: Path, state: status.State, entries: Sequence[status.Entry], doing: str | None
) -> None:
    where = str(worktree)
    unmerged = [entry.path for entry in state.entries if entry.kind == "unmerged"]
    if unmerged:
        during = f" of {doing}" if doing else ""
        hint = "resolve them and `git add` the files, or abort it"
        raise GitError(f"unresolved conflicts{during}: {', '.join(unmerged[:5])}", where=where, hint=hint)
    if doing == "a rebase":
        hint = "git rebase --continue or --abort there"
        raise GitError("in the middle of a rebase", where=where, hint=hint)
    if state.branch is None:
        raise GitError("HEAD is detached: a commit would be on no branch", where=where, hint="git switch to the branch")
    inner = [entry.path for entry in entries if entry.is_repository]
    if inner:
        hint = "ignore it, move it away, or remove its .git"
        raise GitError(f"a git repository inside the worktree: {inner[0]}", where=where, hint=hint)


def _with_lock_hint(args: Sequence[str], worktree: Path, stdin: bytes) -> None:
    try:
        spawn.git(args, cwd=worktree, stdin=stdin, locks=True)
    except GitError as error:
        if "index.lock" in error.stderr:
            error.hint = "another git command runs there, or one was killed: if none runs, remove its index.lock"
        raise
