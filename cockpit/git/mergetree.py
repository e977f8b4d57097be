"""Merges commits without a checkout, exactly as `git merge` would in a checkout of the first; it moves no ref.

Attributes (merge drivers, binary, renormalisation) are read from the first commit, not from whatever happens to be
checked out, and submodules are found where the main worktree has them.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cockpit.errors import GitError
from cockpit.git import places, spawn
from cockpit.git.builds import decoded, reading, scratch_objects, synthetic, writing_to
from cockpit.git.repo import Repo
from cockpit.git.scratch import scratch_folder

_GITLINK = "160000"


@dataclass(frozen=True, slots=True)
class Merged:
    """The tree that a merge gives, and its conflicted paths (none: the tree is good)."""

    tree: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Special:
    """An entry of a tree that bears on how its files are merged: attributes, submodules and their list."""

    mode: str
    id: str
    path: str


def specials(repo: Repo, rev: str, env: Mapping[str, str] | None = None) -> tuple[Special, ...]:
    """Return what in a commit or tree bears on how its files are merged. Raises GitError."""
    output = repo.git("ls-tree", "-r", "-z", "--full-tree", rev, env=env)
    if b".gitattributes\0" not in output and b"160000 commit" not in output:
        return ()
    found: list[Special] = []
    for row in output.split(b"\0"):
        head, _, raw = row.partition(b"\t")
        if head.startswith(b"160000") or _bears_on_merges(raw):
            mode, _, blob = head.decode().split(" ")
            found.append(Special(mode, blob, os.fsdecode(raw)))
    return tuple(found)


def differing_in_specials(
    repo: Repo, reference: str, commits: Sequence[str], env: Mapping[str, str] | None = None
) -> frozenset[str]:
    """Return those of these commits whose `specials` may be others than the reference's. Raises GitError.

    All in one process that looks only at what differs: a repository's attributes hardly ever change.
    """
    lines = "".join(f"{commit} {reference}\n" for commit in commits if commit != reference).encode()
    if not lines:
        return frozenset()
    args = ("diff-tree", "--stdin", "-r", "-z", "--raw", "--no-renames", "--no-ext-diff", "--no-abbrev")
    found: set[str] = set()
    commit = ""
    fields = iter(repo.git(*args, stdin=lines, env=env, timeout=600.0).split(b"\0"))
    for field in fields:
        if not field.startswith(b":"):
            commit = field.decode()
        elif _bears_on_merges(next(fields)) or b"160000" in field[1:14].split(b" "):
            found.add(commit)
    return frozenset(found)


def _bears_on_merges(path: bytes) -> bool:
    return path == b".gitmodules" or path.rpartition(b"/")[2] == b".gitattributes"


@contextmanager
def as_checked_out(
    repo: Repo, entries: Sequence[Special], env: Mapping[str, str] | None = None
) -> Iterator[tuple[Path, dict[str, str]]]:
    """Give a folder and an environment in which git sees these entries as if their commit were checked out."""
    with scratch_folder("merge") as name:
        top = Path(name)
        for entry in entries:
            target = top / entry.path
            if entry.mode == _GITLINK:
                inner = places.git_dir(repo.root / entry.path)
                if inner is not None:
                    target.mkdir(parents=True, exist_ok=True)
                    (target / ".git").write_bytes(b"gitdir: " + os.fsencode(inner) + b"\n")
            elif entry.mode != "120000":  # git reads no attributes through a symlink
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(repo.git("cat-file", "blob", entry.id, env=env))
        yield top, {**(env or {}), "GIT_DIR": str(repo.common_dir), "GIT_WORK_TREE": str(top)}


def merge(
    repo: Repo,
    ours: str,
    theirs: str,
    *,
    env: Mapping[str, str] | None = None,
    entries: Sequence[Special] | None = None,
) -> Merged:
    """Merge two commits, given by their ids; `entries` are the `specials` of `ours` where they are known.

    Raises GitError: unrelated histories, say.
    """
    known = specials(repo, ours, env) if entries is None else entries
    with as_checked_out(repo, known, env) as (top, inside):
        args = ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", ours, theirs]
        done = spawn.git(args, cwd=top, env=inside, accept=(0, 1), timeout=600.0)
        tree, *names = done.stdout.split(b"\0")
        if done.code == 0:
            return Merged(tree.decode(), ())
        paths = plain_paths(decoded(names), ours, theirs)
        return Merged(tree.decode(), paths or _told(top, inside, ours, theirs))


def merge_many(
    repo: Repo,
    pairs: Sequence[tuple[str, str]],
    *,
    entries: Sequence[Special] = (),
    env: Mapping[str, str] | None = None,
    timeout: float = 1800.0,
) -> list[Merged | None]:
    """Merge many pairs of commits in one process; None for a pair that has no common history.

    `entries` are the `specials` that the first commits of all pairs have in common. Raises GitError.
    """
    if not pairs:
        return []
    with as_checked_out(repo, entries, env) as (top, inside):
        lone = [False] * len(pairs)
        done = _batch(top, inside, pairs, timeout)
        if done.code and "unrelated histories" in done.stderr:
            lone = _unrelated(repo, pairs, env)
            done = _batch(top, inside, [pair for pair, no in zip(pairs, lone, strict=True) if not no], timeout)
        if done.code:
            raise GitError(f"`git merge-tree` failed: {done.stderr.strip()[-800:]}", where=str(repo.root))
        fields = iter(done.stdout.split(b"\0"))
        results: list[Merged | None] = []
        for (ours, theirs), no in zip(pairs, lone, strict=True):
            if no:
                results.append(None)
                continue
            clean, tree = next(fields) == b"1", next(fields).decode()
            names = []
            while name := next(fields):
                names.append(name)
            paths = () if clean else plain_paths(decoded(names), ours, theirs) or _told(top, inside, ours, theirs)
            results.append(Merged(tree, paths))
        return results


def merge_trees(repo: Repo, base: str | None, ours: str, theirs: str) -> Merged:
    """Merge two commits' or trees' contents as if `base` (a commit's or tree's; None: nothing) were their ancestor.

    The tree is written to the repository, what is needed on the way is not. Raises GitError.
    """
    with scratch_objects() as folder:
        write = writing_to(repo, folder)
        tree = repo.tree_of(base) if base is not None else _empty_tree(repo)
        root = synthetic(repo, tree, (), write)
        sides = [synthetic(repo, repo.tree_of(side), (root,), write) for side in (ours, theirs)]
        return merge(repo, *sides, env=reading(folder))


def plain_paths(paths: Sequence[str], *labels: str) -> tuple[str, ...]:
    """Return paths without the name of a side that git gives to a file which is in a folder's place."""
    if not any("~" in path for path in paths):
        return tuple(paths)
    ending = re.compile(
        "~(?:" + "|".join(re.escape(label.replace("/", "_")) for label in labels) + r")(?:_\d+)?(?=/|$)"
    )
    return tuple(sorted({ending.sub("", path) for path in paths}))


def _batch(top: Path, env: Mapping[str, str], pairs: Sequence[tuple[str, str]], timeout: float) -> spawn.Done:
    lines = "".join(f"{ours} {theirs}\n" for ours, theirs in pairs).encode()
    if not lines:
        return spawn.Done(0, b"", "")
    args = ["merge-tree", "--write-tree", "--name-only", "--no-messages", "--stdin"]
    return spawn.git(args, cwd=top, env=env, stdin=lines, accept=(), timeout=timeout)


def _told(top: Path, env: Mapping[str, str], ours: str, theirs: str) -> tuple[str, ...]:
    """Return the paths that a conflict is told about when it left no file in conflict."""
    args = ["merge-tree", "--write-tree", "-z", "--name-only", "--messages", ours, theirs]
    fields = iter(spawn.git(args, cwd=top, env=env, accept=(0, 1), timeout=600.0).stdout.split(b"\0"))
    while next(fields):
        pass
    names: list[bytes] = []
    while (count := next(fields, b"")).isdigit():
        these = [next(fields) for _ in range(int(count))]
        kind, _ = next(fields), next(fields)
        names += these if kind.startswith(b"CONFLICT") else []
    return plain_paths(decoded(names), ours, theirs) or (".",)


def _unrelated(repo: Repo, pairs: Sequence[tuple[str, str]], env: Mapping[str, str] | None) -> list[bool]:
    """Tell of each pair whether its commits have no root in common: then they have no common ancestor at all."""
    roots: dict[str, frozenset[bytes]] = {}
    for side in {side for pair in pairs for side in pair}:
        roots[side] = frozenset(repo.git("rev-list", "--max-parents=0", side, "--", env=env).split())
    return [not roots[ours] & roots[theirs] for ours, theirs in pairs]


def _empty_tree(repo: Repo) -> str:
    return repo.git("hash-object", "-w", "-t", "tree", "--stdin").decode().strip()
