"""The files of one tree as import resolving sees them: paths, folders, and the text of the few that it needs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, slots=True)
class Missing:
    """An import that leads to nothing: its place (from 1), what it names, and paths that would satisfy it."""

    line: int
    column: int
    name: str
    would_do: tuple[str, ...] = ()


class Files:
    """The paths of a tree; `read` returns the text of one, `may_come` tells whether git ignores any of some paths.

    What git ignores is made by a build: that it is not in the tree says nothing.
    """

    def __init__(
        self,
        paths: Iterable[str],
        read: Callable[[str], str],
        may_come: Callable[[Sequence[str]], bool] = lambda _: False,
    ) -> None:
        self.paths = frozenset(paths)
        self._read = read
        self._texts: dict[str, str] = {}
        self.may_come = may_come

    def text(self, path: str) -> str:
        """Return the text of a file; empty where it is not in the tree."""
        if path not in self._texts:
            self._texts[path] = self._read(path) if path in self.paths else ""
        return self._texts[path]

    @cached_property
    def folders(self) -> dict[str, set[str]]:
        """The names in each folder; that of the tree itself is empty."""
        found: dict[str, set[str]] = {"": set()}
        for path in self.paths:
            rest, name = split(path)
            while name not in found.setdefault(rest, set()):
                found[rest].add(name)
                if not rest:
                    break
                rest, name = split(rest)
        return found

    @cached_property
    def homes(self) -> dict[str, set[str]]:
        """The folders that hold a folder, or a Python module, of a name."""
        found: dict[str, set[str]] = {}
        for folder in self.folders:
            if folder:
                above, name = split(folder)
                found.setdefault(name, set()).add(above)
        for path in self.paths:
            if path.endswith((".py", ".pyi")):
                above, name = split(path)
                found.setdefault(name.partition(".")[0], set()).add(above)
        return found

    def has_stem(self, path: str) -> bool:
        """Tell whether there is a file of this path, with any suffix or none."""
        folder, name = split(path)
        return any(one == name or one.startswith(f"{name}.") for one in self.folders.get(folder, ()))


def split(path: str) -> tuple[str, str]:
    """Return the folder and the name of a path."""
    folder, _, name = path.rpartition("/")
    return folder, name


def join(*parts: str) -> str:
    """Return a path from its parts; empty ones are left out."""
    return "/".join(filter(None, parts))
