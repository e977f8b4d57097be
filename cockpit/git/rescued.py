"""Lists, shows and restores what was rescued; it overwrites nothing and deletes no rescue ref."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from cockpit.errors import GitError
from cockpit.git import places, spawn, worktrees
from cockpit.git.repo import Repo

REFS = "refs/cockpit/rescue"


@dataclass(frozen=True, slots=True)
class RescueEntry:
    """One rescue: its ref, whose it was, when (seconds since the epoch), its commit, the uncommitted paths in it.

    `head` is the commit that was checked out (None: none yet), `staged` a commit of what was staged, if it differs.
    """

    ref: str
    plan: str
    workstream: str
    at: float
    commit: str
    files: tuple[str, ...]
    branch: str | None = None
    head: str | None = None
    staged: str | None = None


def encoded(name: str) -> str:
    """Return a name as one component of a ref: letters, digits, _ and - stay, the rest as %XX; long ones are cut."""
    raw = name.encode("utf-8", "surrogateescape")
    out = "".join(
        chr(byte) if byte < 128 and (chr(byte).isalnum() or byte in b"_-") else f"%{byte:02X}" for byte in raw
    )
    if len(out) > 150:
        out = f"{out[:100]}%-{hashlib.sha256(raw).hexdigest()[:20]}"
    return out or "%"


def folder_of(plan: str, workstream: str) -> str:
    """Return the ref folder of a workstream's rescues."""
    return f"{REFS}/{encoded(plan)}/{encoded(workstream)}"


def listed(repo: Repo, plan: str | None = None) -> tuple[RescueEntry, ...]:
    """Return the rescues of a plan (None: of all), oldest first. Raises GitError."""
    pattern = f"{REFS}/{encoded(plan)}/" if plan is not None else f"{REFS}/"
    return tuple(sorted(_entries(repo, pattern), key=lambda entry: (entry.at, entry.ref)))


def show(repo: Repo, ref: str) -> bytes:
    """Return a rescue as text: its commits that no branch holds, then what was not committed as a diff."""
    entry = _entry(repo, ref)
    head = entry.head or _empty_tree(repo)
    commits = b""
    if entry.head is not None:
        commits = repo.git("log", "--max-count=200", "--format=%h %an: %s", entry.head, "--not", "--branches", "--")
    options = ("--stat", "--patch", "-M", "--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/")
    parts = [b"Commits that no branch holds:\n" + commits] if commits else []
    staged = repo.git("diff", *options, head, entry.staged, "--") if entry.staged else b""
    working = repo.git("diff", *options, head, entry.commit, "--")
    parts += [b"Staged:\n" + staged] if staged else []
    parts += [b"Not committed:\n" + working] if working else []
    return b"\n".join(parts)


def restore(
    repo: Repo, ref: str, *, path: Path, branch: str | None = None, parent: Path | None = None
) -> worktrees.Worktree:
    """Bring a rescue back: its commits as a new branch in a new worktree, the rest as changes in its files.

    `branch` must not exist (default: one like the old name that is free), nor `path`. Raises GitError.
    """
    entry = _entry(repo, ref)
    if os.path.lexists(path):
        raise GitError("something is there already", where=str(path), hint="give a path that doesn't exist")
    if branch is None:
        branch = _free_branch(repo, entry)
    elif repo.branch_exists(branch):
        raise GitError(f"branch {branch} exists already", where=str(repo.root), hint="give another name")
    made = worktrees.add(repo, path, branch, entry.head or entry.commit, parent=parent)
    if entry.head is None:
        return made
    _write_files(repo, made.path, entry.head, entry.commit)
    if entry.staged is not None:
        spawn.git(["read-tree", entry.staged], cwd=made.path, locks=True)
    return made


def _write_files(repo: Repo, top: Path, head: str, commit: str) -> None:
    """Make the working files what they were, byte by byte, without git's filters."""
    output = repo.git("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", head, commit, "--")
    fields = output.split(b"\0")
    wanted: list[tuple[str, str, str]] = []
    for row, raw in zip(fields[0::2], fields[1::2], strict=False):
        _, mode, _, blob, letter = row.decode().lstrip(":").split(" ")
        path = os.fsdecode(raw)
        if letter == "D":
            gone = places.inside(top, (top / path).parent / "x").parent / (top / path).name
            gone.unlink(missing_ok=True)
            while gone.parent != top and not any(gone.parent.iterdir()):
                gone = gone.parent
                gone.rmdir()
        else:
            wanted.append((path, mode, blob))
    contents = _blobs(repo, [blob for _, _, blob in wanted])
    for path, mode, blob in wanted:
        target = top / path
        places.inside(top, target.parent / "x")  # no folder on the way may be a symlink
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        if mode == "120000":
            target.symlink_to(os.fsdecode(contents[blob]))
        elif mode != "160000":
            target.write_bytes(contents[blob])
            target.chmod(0o755 if mode == "100755" else 0o644)


def _blobs(repo: Repo, ids: list[str]) -> dict[str, bytes]:
    if not ids:
        return {}
    output = repo.git("cat-file", "--batch", stdin="".join(f"{name}\n" for name in dict.fromkeys(ids)).encode())
    found: dict[str, bytes] = {}
    at = 0
    while at < len(output):
        end = output.index(b"\n", at)
        name, kind, *size = output[at:end].decode().split(" ")
        at = end + 1
        if size:
            if kind == "blob":
                found[name] = output[at : at + int(size[0])]
            at += int(size[0]) + 1
    return found


def _free_branch(repo: Repo, entry: RescueEntry) -> str:
    """Return a name like the old one, never that itself: its workstream may still want it."""
    stem = f"{entry.branch}-rescued" if entry.branch else "rescued"
    number = 1
    while repo.branch_exists(f"{stem}-{number}"):
        number += 1
    return f"{stem}-{number}"


def _entry(repo: Repo, ref: str) -> RescueEntry:
    for entry in _entries(repo, ref) if ref.startswith(f"{REFS}/") else []:
        if entry.ref == ref:
            return entry
    raise GitError(f"no rescue is called {ref!r}", where=str(repo.root), hint="see cockpit rescue list")


def _entries(repo: Repo, pattern: str) -> list[RescueEntry]:
    output = repo.git("for-each-ref", "--format=%(refname)%00%(objectname)%00%(contents:body)%00", "--", pattern)
    fields = output.split(b"\0")
    found: list[RescueEntry] = []
    for raw_ref, commit, body in zip(fields[0::3], fields[1::3], fields[2::3], strict=False):
        ref = os.fsdecode(raw_ref.lstrip(b"\n"))
        note = _note(body)
        plan, _, rest = ref.removeprefix(f"{REFS}/").partition("/")
        found.append(
            RescueEntry(
                ref,
                str(note.get("plan") or unquote(plan)),
                str(note.get("workstream") or unquote(rest.partition("/")[0])),
                float(note.get("at") or 0.0),
                commit.decode(),
                tuple(str(name) for name in note.get("files") or ()),
                note.get("branch"),
                note.get("head"),
                note.get("staged"),
            )
        )
    return found


def _note(body: bytes) -> dict[str, Any]:
    try:
        note = json.loads(body)
    except ValueError:  # a ref that somebody else put there: it is listed by its name alone
        return {}
    return note if isinstance(note, dict) else {}


def _empty_tree(repo: Repo) -> str:
    return repo.git("hash-object", "-t", "tree", "--stdin").decode().strip()
