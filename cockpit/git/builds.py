"""What building a merge can end in, and the writing of commits and scratch objects for it; it moves no ref."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cockpit.git import spawn
from cockpit.git.repo import Author, Repo
from cockpit.git.scratch import scratch_folder

Strategy = Literal["merge", "squash", "rebase"]


@dataclass(frozen=True, slots=True)
class Built:
    """A commit that is ready for base, and its tree; `empty` when base has it all already (then it is `onto`)."""

    commit: str
    tree: str
    empty: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    """Nothing was built: both sides changed these paths."""

    paths: tuple[str, ...]


def commit_tree(repo: Repo, tree: str, parents: Sequence[str], message: str, author: Author | None = None) -> str:
    """Write a commit and return its id; by `author`, or by git's identity. Raises GitError."""
    args = ["commit-tree", "--no-gpg-sign", *(part for parent in parents for part in ("-p", parent)), "-F", "-", tree]
    done = spawn.git(args, cwd=repo.root, stdin=_message(message), env=_by(author))
    return done.stdout.decode().strip()


def synthetic(repo: Repo, tree: str, parents: Sequence[str], env: Mapping[str, str]) -> str:
    """Write a commit that only a computation needs, where `env` says; the same tree and parents give the same id."""
    args = ["commit-tree", "--no-gpg-sign", *(part for parent in parents for part in ("-p", parent)), "-F", "-", tree]
    done = spawn.git(args, cwd=repo.root, stdin=b"for a look ahead\n", env={**_NOBODY, **env})
    return done.stdout.decode().strip()


@contextmanager
def scratch_objects() -> Iterator[Path]:
    """Give a folder for objects that go when the block ends."""
    with scratch_folder("objects") as folder:
        yield Path(folder)


def writing_to(repo: Repo, folder: Path, *others: Path) -> dict[str, str]:
    """Return the environment in which git writes objects to a folder and reads the repository's, and `others`."""
    return {"GIT_OBJECT_DIRECTORY": str(folder), **reading(*dict.fromkeys((repo.common_dir / "objects", *others)))}


def reading(*folders: Path) -> dict[str, str]:
    """Return the environment in which git reads the objects of these folders too."""
    return {"GIT_ALTERNATE_OBJECT_DIRECTORIES": ":".join(_quoted(folder) for folder in folders)} if folders else {}


def _quoted(folder: Path) -> str:
    text = str(folder)
    if ":" not in text and not text.startswith('"') and "\\" not in text and "\n" not in text:
        return text
    inner = "".join(f"\\{char}" if char in '"\\' else f"\\{ord(char):03o}" if ord(char) < 32 else char for char in text)
    return f'"{inner}"'


def _by(author: Author | None) -> dict[str, str]:
    if author is None:
        return {}
    named = {"GIT_AUTHOR_NAME": author.name, "GIT_AUTHOR_EMAIL": author.email}
    return {**named, "GIT_AUTHOR_DATE": author.date} if author.date else named


def _message(message: str) -> bytes:
    text = message.replace("\0", "").strip() or "Merge"
    return f"{text}\n".encode("utf-8", "surrogateescape")


_NOBODY = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "cockpit"), ("EMAIL", "cockpit@localhost"), ("DATE", "@0 +0000"))
}


def decoded(names: Sequence[bytes]) -> tuple[str, ...]:
    """Return paths as the file system has them, each once, sorted."""
    return tuple(sorted({os.fsdecode(name) for name in names if name}))
