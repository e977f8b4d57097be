"""Replays commits one by one onto another commit, without a checkout and without moving a ref."""

from dataclasses import dataclass

from cockpit.errors import GitError
from cockpit.git import mergetree, spawn
from cockpit.git.builds import Built
from cockpit.git.repo import Repo


@dataclass(frozen=True, slots=True)
class Stopped:
    """Nothing was built: replaying `commit` conflicts at these paths; `has_merges`: the replayed range holds merges."""

    commit: str
    paths: tuple[str, ...]
    has_merges: bool


@dataclass(frozen=True, slots=True)
class _Original:
    tree: str
    parents: tuple[str, ...]
    author: bytes
    encoding: bytes
    message: bytes


def replay(repo: Repo, onto: str, head: str) -> Built | Stopped:
    """Replay the commits of `head` that `onto` lacks: author, dates and message kept, committed by git's identity.

    A merge commit is replayed as one change against its first parent, what it merged in being no commit of its own.
    Commits that change nothing (any more) are dropped. Both are whole ids. Raises GitError.
    """
    listed = repo.git("rev-list", "--reverse", "--topo-order", "--first-parent", head, f"^{onto}", "--")
    commits = listed.decode().split()
    originals = _read(repo, [onto, *commits])
    above = {o.parents[0] for o in originals.values() if o.parents} - originals.keys()
    originals.update(_read(repo, sorted(above)))
    has_merges = any(len(originals[commit].parents) > 1 for commit in commits)
    committer = repo.git("var", "GIT_COMMITTER_IDENT").strip() if commits else b""
    tip, tree = onto, originals[onto].tree
    for commit in commits:
        original = originals[commit]
        parent = original.parents[0] if original.parents else None
        if parent is not None and originals[parent].tree == original.tree:
            continue
        if parent is not None and originals[parent].tree == tree:
            new = original.tree
        else:
            merged = mergetree.merge_trees(repo, parent, tree, original.tree)
            if merged.paths:
                return Stopped(commit, merged.paths, has_merges)
            new = merged.tree
        if new == tree:
            continue
        tip, tree = _write(repo, new, tip, original, committer), new
    return Built(tip, tree, empty=tip == onto)


def _read(repo: Repo, commits: list[str]) -> dict[str, _Original]:
    output = repo.git("cat-file", "--batch", stdin="".join(f"{commit}\n" for commit in commits).encode())
    found: dict[str, _Original] = {}
    at = 0
    for commit in commits:
        end = output.index(b"\n", at)
        fields = output[at:end].split(b" ")
        if len(fields) != 3 or fields[1] != b"commit":
            raise GitError(f"{commit[:12]} is no commit that can be read", where=str(repo.root))
        size = int(fields[2])
        found[commit] = _parsed(output[end + 1 : end + 1 + size])
        at = end + 1 + size + 1
    return found


def _parsed(raw: bytes) -> _Original:
    head, _, message = raw.partition(b"\n\n")
    tree, author, encoding = b"", b"", b""
    parents: list[str] = []
    for line in head.split(b"\n"):
        key, _, value = line.partition(b" ")
        if key == b"tree":
            tree = value
        elif key == b"parent":
            parents.append(value.decode())
        elif key == b"author":
            author = value
        elif key == b"encoding":
            encoding = value
    return _Original(tree.decode(), tuple(parents), author, encoding, message)


def _write(repo: Repo, tree: str, parent: str, original: _Original, committer: bytes) -> str:
    """Write the commit byte by byte, so that a message in any encoding stays what it is."""
    lines = [b"tree " + tree.encode(), b"parent " + parent.encode(), b"author " + original.author]
    lines += [b"committer " + committer, *([b"encoding " + original.encoding] if original.encoding else [])]
    raw = b"\n".join(lines) + b"\n\n" + original.message
    done = spawn.git(["hash-object", "-t", "commit", "-w", "--stdin"], cwd=repo.root, stdin=raw)
    return done.stdout.decode().strip()
