"""OUT_OF_SCOPE: what is written outside a workstream's files, or unasked; looks at names only."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from cockpit.globs import matcher
from cockpit.quality.violation import Severity, Violation, fingerprint

NAME = "OUT_OF_SCOPE"
# lock file → the files that ask for a change of it
_LOCKS = {
    "package-lock.json": ("package.json",),
    "npm-shrinkwrap.json": ("package.json",),
    "yarn.lock": ("package.json",),
    "pnpm-lock.yaml": ("package.json", "pnpm-workspace.yaml"),
    "bun.lock": ("package.json",),
    "bun.lockb": ("package.json",),
    "Cargo.lock": ("Cargo.toml",),
    "poetry.lock": ("pyproject.toml",),
    "uv.lock": ("pyproject.toml",),
    "pdm.lock": ("pyproject.toml",),
    "Pipfile.lock": ("Pipfile",),
    "Gemfile.lock": ("Gemfile",),
    "composer.lock": ("composer.json",),
    "go.sum": ("go.mod",),
    "Podfile.lock": ("Podfile",),
    "Package.resolved": ("Package.swift",),
    "packages.lock.json": (),
    "gradle.lockfile": (),
}
_OF_GIT = frozenset({".gitmodules", ".gitattributes"})


@dataclass(frozen=True, slots=True)
class Scope:
    """What a workstream may write: globs of its files (none: anywhere), of shared files, and the plan's own path."""

    files: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    plan: str = ""

    def judge(self, touched: Collection[tuple[str, str]]) -> Iterator[Violation]:
        """Yield what is out of scope among (path, kind) of all that is touched; kind is file, link or submodule."""
        inside, shared = matcher(self.files), matcher(self.shared)
        paths = {path for path, _ in touched}
        for path, kind in touched:
            why = self._why(path, kind, asked=inside(path), free=not self.files or shared(path), paths=paths)
            if why:
                yield Violation(NAME, Severity.HIGH, path, 0, 0, "", why, (), fingerprint(NAME, path, "", 1))

    def _why(self, path: str, kind: str, *, asked: bool, free: bool, paths: Collection[str]) -> str:
        name = PurePosixPath(path).name
        if path == self.plan:
            return "the plan itself is the operator's"
        if asked:
            return ""
        if kind == "submodule":
            return "a submodule was moved, and the workstream's files do not name it"
        if name in _OF_GIT:
            return "a file that tells git what to do, and the workstream's files do not name it"
        if not free:
            return "not among the files that this workstream may write"
        wanted = _LOCKS.get(name)
        if wanted and not any(str(PurePosixPath(path).with_name(one)) in paths for one in wanted):
            return f"a lock file changed, and {' or '.join(wanted)} did not"
        return ""
