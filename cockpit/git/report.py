"""Describes a conflict for those who are to resolve it: files, what each side wants, both histories; it reads only."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from cockpit.git import mergetree, spawn
from cockpit.git.builds import scratch_objects, writing_to
from cockpit.git.hunks import Hunk, parse_hunks
from cockpit.git.repo import Repo

_COMMITS = 50  # of each side's log
_HUNKS = 20  # of each file
_BYTES = 1_000_000  # a larger file's hunks are not shown


@dataclass(frozen=True, slots=True)
class ConflictFile:
    """One conflicted path: git's kinds (`content`, `add/add`, `modify/delete`, …), its own words, and the hunks.

    `stages` says which of base, ours and theirs have the file. No hunks: the file has no lines to show.
    """

    path: str
    kinds: tuple[str, ...]
    messages: tuple[str, ...]
    stages: tuple[str, ...]
    hunks: tuple[Hunk, ...] = ()
    more_hunks: int = 0


@dataclass(frozen=True, slots=True)
class Logged:
    """One commit of a side's log."""

    commit: str
    author: str
    date: str
    subject: str


@dataclass(frozen=True, slots=True)
class ConflictReport:
    """What a merge of `head` onto `onto` conflicts in; no files: it is clean. The logs begin with the last commit."""

    onto: str
    head: str
    merge_bases: tuple[str, ...]
    files: tuple[ConflictFile, ...]
    log_ours: tuple[Logged, ...]
    log_theirs: tuple[Logged, ...]


def describe(repo: Repo, onto: str, head: str) -> ConflictReport:
    """Return what merging `head` onto `onto` conflicts in, and both histories since they parted. Raises GitError."""
    ours, theirs = repo.commit_id(onto), repo.commit_id(head)
    bases = repo.git("merge-base", "--all", ours, theirs, accept=(0, 1)).decode().split()
    with scratch_objects() as folder:
        env = writing_to(repo, folder)
        files = _files(repo, ours, theirs, env)
    return ConflictReport(
        ours, theirs, tuple(bases), files, _log(repo, ours, theirs), _log(repo, theirs, ours)
    )  # fmt: skip


def _files(repo: Repo, ours: str, theirs: str, env: dict[str, str]) -> tuple[ConflictFile, ...]:
    with mergetree.as_checked_out(repo, mergetree.specials(repo, ours), env) as (top, inside):
        args = ["merge-tree", "--write-tree", "-z", "--messages", ours, theirs]
        done = spawn.git(args, cwd=top, env=inside, accept=(0, 1), timeout=600.0)
    if done.code == 0:
        return ()
    fields = iter(done.stdout.split(b"\0"))
    tree = next(fields).decode()
    stages: dict[str, list[str]] = {}
    in_tree: dict[str, str] = {}
    while row := next(fields):
        head, _, raw = row.partition(b"\t")
        actual = os.fsdecode(raw)
        (path,) = mergetree.plain_paths([actual], ours, theirs)
        stages.setdefault(path, []).append(("base", "ours", "theirs")[int(head.rsplit(b" ", 1)[1]) - 1])
        in_tree[path] = actual
    kinds: dict[str, list[str]] = {}
    texts: dict[str, list[str]] = {}
    for names, kind, text in _messages(fields):
        for path in mergetree.plain_paths(names, ours, theirs):
            if not kind.startswith("CONFLICT") or (len(names) > 1 and path not in stages):
                continue
            kinds.setdefault(path, []).append(_kind(kind))
            texts.setdefault(path, []).append(text.replace(ours, "ours").replace(theirs, "theirs"))
    found: list[ConflictFile] = []
    for path in sorted(stages.keys() | kinds.keys()):
        hunks = _hunks(repo, tree, in_tree[path], env, (ours, theirs)) if path in in_tree else ()
        found.append(
            ConflictFile(
                path,
                tuple(dict.fromkeys(kinds.get(path, ()))),
                tuple(dict.fromkeys(texts.get(path, ()))),
                tuple(dict.fromkeys(stages.get(path, ()))),
                hunks[:_HUNKS],
                max(len(hunks) - _HUNKS, 0),
            )
        )
    return tuple(found)


def _messages(rest: Iterator[bytes]) -> list[tuple[list[str], str, str]]:
    found: list[tuple[list[str], str, str]] = []
    while (count := next(rest, b"")).isdigit():
        names = [os.fsdecode(next(rest)) for _ in range(int(count))]
        kind, text = next(rest).decode("utf-8", "replace"), next(rest).decode("utf-8", "replace")
        found.append((names, kind, text.strip()))
    return found


def _kind(kind: str) -> str:
    """Return `content` for git's `CONFLICT (contents)`, and so on."""
    inner = kind.partition("(")[2].rpartition(")")[0] or kind
    return "content" if inner == "contents" else inner


def _hunks(repo: Repo, tree: str, path: str, env: dict[str, str], labels: tuple[str, str]) -> tuple[Hunk, ...]:
    done = spawn.git(["cat-file", "blob", f"{tree}:{path}"], cwd=repo.root, env=env, accept=())
    if done.code or len(done.stdout) > _BYTES or b"\0" in done.stdout[:8000]:
        return ()
    return parse_hunks(done.stdout, *(label.encode() for label in labels))


def _log(repo: Repo, of: str, without: str) -> tuple[Logged, ...]:
    fmt = "--format=%H%x00%an%x00%aI%x00%s"
    output = repo.git("log", f"--max-count={_COMMITS}", fmt, of, f"^{without}", "--")
    rows = [line.split(b"\0") for line in output.split(b"\n") if line]
    return tuple(Logged(*(field.decode("utf-8", "replace") for field in row)) for row in rows)
