"""One repository, seen from outside its worktrees: names, revisions, blobs, identity, the lock; it moves no ref."""

import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cockpit.errors import GitError
from cockpit.filelock import FileLock
from cockpit.git import places, spawn

OLDEST_GIT = (2, 38, 0)
LOCK_TIMEOUT = 120.0


@dataclass(frozen=True, slots=True)
class Author:
    """Who a commit is by; `date` as git writes it (`1700000000 +0100`), empty for now."""

    name: str
    email: str
    date: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One path that differs: its status letter (A M D R T U, ? untracked) and the old path of a rename."""

    status: str
    path: str
    old_path: str | None = None


@cache
def check_version() -> tuple[int, int, int]:
    """Return git's version. Raises GitError when git is missing or too old."""
    text = spawn.git(["version"], cwd=Path("/")).stdout.decode()
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    if not found:
        raise GitError(f"unexpected version of git: {text.strip()}", hint="install git 2.38 or newer")
    version = (int(found[1]), int(found[2]), int(found[3] or 0))
    if version < OLDEST_GIT:
        raise GitError(f"git {'.'.join(map(str, version))} is too old", hint="install git 2.38 or newer")
    return version


class Repo:
    """A repository with a main worktree. `root` is that worktree's top folder, `common_dir` its git folder."""

    def __init__(self, root: Path, common_dir: Path) -> None:
        self.root = root
        self.common_dir = common_dir
        self.name = root.name

    def __repr__(self) -> str:
        return f"Repo({str(self.root)!r})"

    @classmethod
    def open(cls, path: Path) -> "Repo":
        """Find the repository that a folder (of any of its worktrees) belongs to. Raises GitError."""
        check_version()
        hint = "run it inside a git repository, or give the plan's `repo`"
        if not path.is_dir():
            raise GitError("no such folder", where=str(path), hint=hint)
        asked = ["rev-parse", "--path-format=absolute", "--git-common-dir", "--git-dir", "--is-bare-repository"]
        done = spawn.git(asked, cwd=path.absolute(), accept=())
        if done.code:
            if "dubious ownership" in done.stderr:
                hint = "the folder belongs to another user: git config --global --add safe.directory …"
                raise GitError("git does not trust this folder", where=str(path), stderr=done.stderr, hint=hint)
            raise GitError("not a git repository", where=str(path), stderr=done.stderr, hint=hint)
        lines = [os.fsdecode(line) for line in done.stdout.rstrip(b"\n").split(b"\n")]
        if len(lines) != 3:
            raise GitError("a newline in the repository's path", where=str(path), hint="rename the folder")
        common, git_dir, bare = lines
        bare_hint = "cockpit needs a repository with a checkout: clone it without --bare"
        if bare == "true":
            raise GitError("a bare repository", where=str(path), hint=bare_hint)
        if git_dir == common:
            top = spawn.git(["rev-parse", "--show-toplevel"], cwd=path.absolute(), accept=())
            if top.code:
                raise GitError("inside a git folder, not in a checkout", where=str(path), hint=hint)
            return cls(Path(os.fsdecode(top.stdout.rstrip(b"\n"))), Path(common))
        main = Path(common)
        if main.name != ".git" or not main.parent.is_dir():
            raise GitError("the main worktree cannot be found from here", where=str(path), hint="start it there")
        if spawn.git(["config", "--type=bool", "core.bare"], cwd=main, accept=()).stdout.strip() == b"true":
            raise GitError("a bare repository", where=str(path), hint=bare_hint)
        return cls(main.parent, main)

    def git(
        self,
        *args: str,
        cwd: Path | None = None,
        stdin: bytes = b"",
        accept: Sequence[int] = (0,),
        timeout: float = 120.0,
        env: Mapping[str, str] | None = None,
    ) -> bytes:
        """Run a git command in a worktree (default: the main one) and return what it printed. Raises GitError."""
        return spawn.git(args, cwd=cwd or self.root, stdin=stdin, accept=accept, timeout=timeout, env=env).stdout

    def lock(self) -> FileLock:
        """Return the repository's one lock, not yet taken: for everything that changes refs or worktree metadata."""
        return FileLock(self.common_dir / "cockpit.lock")

    def resolve(self, rev: str) -> str | None:
        """Return the id of the commit that a branch or other revision names, None when there is none.

        A branch of that name goes before a tag of that name.
        """
        if not rev or "\0" in rev or "\n" in rev:
            return None
        if not places.is_id(rev) and ".." not in rev:
            found = places.loose_ref(self.common_dir, f"refs/heads/{rev}")
            if found:
                return found
            if not rev.startswith("-"):
                branch = self._commit(f"refs/heads/{rev}")
                if branch:
                    return branch
        return self._commit(rev)

    def commit_id(self, rev: str) -> str:
        """Return the id of the commit that a revision names; a whole id is taken as it is. Raises GitError."""
        found = rev if places.is_id(rev) else self.resolve(rev)
        if found is None:
            raise GitError(f"no commit is called {rev!r}", where=str(self.root), hint="see git branch --all")
        return found

    def tip(self, branch: str) -> str | None:
        """Return the commit that a branch is at, None when there is no such branch."""
        places.require_branch_name(branch)
        ref = f"refs/heads/{branch}"
        return places.loose_ref(self.common_dir, ref) or self._commit(ref)

    def branches(self) -> dict[str, str]:
        """Return all branches and the commits that they are at, asked for at once."""
        listed = self.git("for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads")
        rows = (os.fsdecode(line).split(" ", 1) for line in listed.splitlines())
        return {name: commit for commit, name in rows}

    def branch_exists(self, branch: str) -> bool:
        """Tell whether there is a branch of this name."""
        return self.tip(branch) is not None

    def current_branch(self) -> str | None:
        """Return the branch that the main worktree has checked out, None when its HEAD is detached."""
        found = self.git("symbolic-ref", "--quiet", "--short", "HEAD", accept=(0, 1))
        return os.fsdecode(found.rstrip(b"\n")) or None

    def identity(self) -> Author:
        """Return the name and address that commits are made with. Raises GitError when git has none."""
        found = self.git("config", "-z", "--get-regexp", r"^(user|author)\.(name|email)$", accept=(0, 1))
        values = dict(item.split(b"\n", 1) for item in found.split(b"\0") if b"\n" in item)
        name = values.get(b"author.name") or values.get(b"user.name") or b""
        email = values.get(b"author.email") or values.get(b"user.email") or b""
        if not name.strip() or not email.strip():
            hint = "git config --global user.name 'Your Name'; git config --global user.email you@example.org"
            raise GitError("git does not know who makes the commits", where=str(self.root), hint=hint)
        return Author(name.decode("utf-8", "replace"), email.decode("utf-8", "replace"))

    def exclude(self, patterns: Iterable[str]) -> None:
        """Add ignore patterns to the repository's own exclude file, once each, replacing the file at a stroke."""
        path = self.common_dir / "info" / "exclude"
        with self.lock().held(LOCK_TIMEOUT):
            old = path.read_bytes() if path.exists() else b""
            lines = old.split(b"\n")
            new = [line for pattern in dict.fromkeys(patterns) if (line := os.fsencode(pattern)) not in lines]
            if not new:
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            start = old if not old or old.endswith(b"\n") else old + b"\n"
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix="exclude.", delete=False) as draft:
                draft.write(start + b"\n".join(new) + b"\n")
                draft.flush()
                os.fsync(draft.fileno())
            mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
            Path(draft.name).chmod(mode)
            Path(draft.name).replace(path.resolve())

    def checkout_of(self, branch: str) -> Path | None:
        """Return the worktree (also the main one) that has the branch checked out."""
        from cockpit.git import worktrees

        for worktree in worktrees.listed(self):
            if worktree.branch == branch and not worktree.prunable:
                return worktree.path
        return None

    def tree_of(self, commit: str) -> str:
        """Return the id of a commit's tree. Raises GitError."""
        found = self.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{tree}}", accept=(0, 1))
        if not found.strip():
            raise GitError(f"no commit is called {commit!r}", where=str(self.root))
        return found.decode().strip()

    def is_ancestor(self, a: str, b: str) -> bool:
        """Tell whether commit `a` is `b` or is reachable from it. Raises GitError for what is no commit."""
        first, second = self.commit_id(a), self.commit_id(b)
        if first == second:
            return True
        done = spawn.git(["merge-base", "--is-ancestor", first, second], cwd=self.root, accept=(0, 1))
        return done.code == 0

    def read_blobs(self, tree: str, paths: Sequence[str]) -> dict[str, bytes]:
        """Return the contents of files of a tree or commit by path; a path that is no file there is left out."""
        wanted = self._plain(tree)
        if any("\n" in path for path in paths):  # the batch's input is lines: such names are asked for one by one
            return {path: data for path in paths if (data := self._blob(wanted, path)) is not None}
        if not paths:
            return {}
        names = b"".join(os.fsencode(f"{wanted}:{path}") + b"\n" for path in paths)
        output = self.git("cat-file", "--batch", stdin=names)
        found: dict[str, bytes] = {}
        at = 0
        for path in paths:
            end = output.index(b"\n", at)
            head = output[at:end].split(b" ")
            at = end + 1
            if output.endswith(b" missing", 0, end) or len(head) < 3 or not head[-1].isdigit():
                continue
            size = int(head[-1])
            if head[-2] == b"blob":
                found[path] = output[at : at + size]
            at += size + 1
        return found

    def changed_paths(self, a: str, b: str) -> tuple[Change, ...]:
        """Return what differs between two commits or trees, renames found, sorted by path."""
        args = ("diff-tree", "-r", "-z", "-M", "--name-status", "--no-ext-diff", self._plain(a), self._plain(b), "--")
        return parse_name_status(self.git(*args))

    def _blob(self, tree: str, path: str) -> bytes | None:
        args = ["cat-file", "blob", f"{tree}:{path}"]
        done = spawn.git(args, cwd=self.root, accept=(0, 128))
        return None if done.code else done.stdout

    def _commit(self, rev: str) -> str | None:
        args = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}")
        found = self.git(*args, accept=(0, 1, 128)).decode("ascii", "replace").strip()
        return found if places.is_id(found) else None  # a range or an exclusion prints more than an id

    def _plain(self, rev: str) -> str:
        """Return an id for a revision that is one already or names a commit or tree: never taken for an option."""
        if places.is_id(rev):
            return rev
        found = self.resolve(rev)
        if found is None:
            args = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{tree}}")
            found = self.git(*args, accept=(0, 1, 128)).decode().strip()
        if not found:
            raise GitError(f"no commit is called {rev!r}", where=str(self.root), hint="see git branch --all")
        return found


def parse_name_status(output: bytes) -> tuple[Change, ...]:
    """Return the changes of a `--name-status -z` output, sorted by path."""
    fields = [os.fsdecode(field) for field in output.split(b"\0")]
    changes: list[Change] = []
    at = 0
    while at + 1 < len(fields):
        letter = fields[at][:1]
        if letter in "RC":
            changes.append(Change(letter, fields[at + 2], fields[at + 1]))
            at += 3
        else:
            changes.append(Change(letter, fields[at + 1]))
            at += 2
    return tuple(sorted(changes, key=lambda change: change.path))
