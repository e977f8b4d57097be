"""Real temporary repositories for tests of any room; identity in their own configuration, first branch `main`."""

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from cockpit.process import TRACE

IDENTITY = ("-c", "user.name=Olga Operator", "-c", "user.email=olga@example.org")
_ENV = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {"LC_ALL": "C"}


@contextmanager
def watched() -> Iterator[list[str]]:
    """Collect the names of the git commands that cockpit runs in a block."""
    before = TRACE.entries()
    commands: list[str] = []
    yield commands
    known = {id(entry) for entry in before}  # ids stay theirs, since `before` keeps the entries
    commands.extend(entry.argv[1] for entry in TRACE.entries() if id(entry) not in known)


def run_git(folder: Path, *args: str, stdin: bytes = b"", check: bool = True) -> str:
    """Run git as an operator or an agent would, and return what it printed (names as the file system has them)."""
    done = subprocess.run(["git", "-C", str(folder), *args], input=stdin, capture_output=True, env=_ENV)
    if check and done.returncode:
        raise AssertionError(f"git {' '.join(args)}: {done.stderr.decode('utf-8', 'replace')}")
    return os.fsdecode(done.stdout)


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files below a folder, making the folders that they need."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else os.fsencode(content))


def make_repo(tmp_path: Path, files: Mapping[str, str | bytes] | None = None, name: str = "repo") -> Path:
    """Make a repository with one commit of these files on `main` and return its top folder."""
    top = tmp_path / name
    shutil.copytree(_empty(), top)
    write(top, files if files is not None else {"README.md": "# demo\n", "src/app.py": "print('hello')\n"})
    _commit(top, "Start")
    return top


@cache
def _empty() -> Path:
    """Make a repository without commits, once: a copy of it is had without git."""
    folder = Path(tempfile.mkdtemp(prefix="cockpit-empty-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    top = folder / "repo"
    run_git(folder, "init", "--quiet", "--template=", "-b", "main", str(top))
    with (top / ".git" / "config").open("a") as config:
        config.write("[user]\n\tname = Olga Operator\n\temail = olga@example.org\n[commit]\n\tgpgSign = false\n")
        config.write("[maintenance]\n\tauto = false\n")  # one more program after each commit, which does nothing here
    return top


def commit(folder: Path, message: str, files: Mapping[str, str | bytes] | None = None) -> str:
    """Write files, commit everything and return the commit's id."""
    write(folder, files or {})
    _commit(folder, message)
    return run_git(folder, "rev-parse", "HEAD").strip()


def _commit(folder: Path, message: str) -> None:
    run_git(folder, "add", "--all")
    # A clone has no identity of its own, and the user of a new machine may have none.
    run_git(folder, *IDENTITY, "commit", "--quiet", "--allow-empty", "-m", message)


def tree(folder: Path, rev: str = "HEAD") -> set[str]:
    """Return the paths of a revision's files."""
    return {name for name in run_git(folder, "ls-tree", "-r", "-z", "--name-only", rev).split("\0") if name}
