"""Predicts which of many branches or worktrees conflict, with each other and with base; it changes no repository."""

import contextlib
import itertools
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from cockpit.errors import GitError
from cockpit.git import mergetree
from cockpit.git.builds import reading, writing_to
from cockpit.git.looks import Look, tree_of_worktree
from cockpit.git.mergetree import Special, specials
from cockpit.git.repo import Repo
from cockpit.git.scratch import MEMORY, scratch_folder

__all__ = ["Look", "Prediction", "Predictor", "predict_branches", "tree_of_worktree"]

Pair = tuple[str, str]

_BATCH = 500  # merges whose results lie in memory at a time
_ROOM = 256 << 20  # bytes that must be free there


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a merge of each pair (the later name into the earlier), and of each name into base, would conflict in.

    Every pair and name is there, with no paths where the merge is clean. `unrelated` pairs have no common history:
    git refuses to merge them, and `.` stands for their paths.
    """

    pairs: dict[Pair, tuple[str, ...]] = field(default_factory=dict)
    base: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unrelated: frozenset[Pair] = frozenset()

    def conflicts_of(self, name: str) -> dict[str, tuple[str, ...]]:
        """Return what conflicts with this name, by the other's name."""
        found = {(b if a == name else a): paths for (a, b), paths in self.pairs.items() if name in (a, b) and paths}
        return dict(sorted(found.items()))


class Predictor:
    """Predicts the conflicts of a changing set of worktrees, computing again only what changed since the last time.

    Not for several threads at once. `objects` is its scratch folder, for `tree_of_worktree`; `close` takes it away.
    """

    def __init__(self, repo: Repo, base: str | None) -> None:
        self.repo = repo
        self.base = base
        self.computed = 0  # merges that were really made, since the start
        self._folder = scratch_folder("predict")
        self.objects = Path(self._folder.name) / "looks"
        self._known: dict[Pair, mergetree.Merged | None] = {}
        self._specials: dict[str, tuple[Special, ...]] = {}
        self._stores: set[Path] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take the scratch folder away."""
        self._folder.cleanup()

    def look(self, worktree: Path, exclude: Sequence[str] = (), last: Look | None = None) -> Look:
        """Look at a worktree as it is now, with what isn't committed in the scratch folder. Raises GitError."""
        return tree_of_worktree(self.repo, worktree, exclude, objects=self.objects, last=last)

    def update(self, looks: Mapping[str, Look | str]) -> Prediction:
        """Return the conflicts of these looks (or commits) by name; what of the last ones isn't there is forgotten.

        Raises GitError.
        """
        commits = {
            name: look.commit if isinstance(look, Look) else self.repo.commit_id(look) for name, look in looks.items()
        }
        stores = {look.objects for look in looks.values() if isinstance(look, Look) and look.objects is not None}
        base = self.repo.commit_id(self.base) if self.base is not None else None
        names = sorted(commits)
        wanted = {(a, b): (commits[a], commits[b]) for a, b in itertools.combinations(names, 2)}
        onto = {name: (base, commits[name]) for name in names} if base is not None else {}
        needed = dict.fromkeys(pair for pair in (*wanted.values(), *onto.values()) if pair[0] != pair[1])
        missing = [pair for pair in needed if pair not in self._known]
        self._known = {pair: self._known[pair] for pair in needed if pair in self._known}
        if missing:
            self._compute(missing, stores)
        self._drop(stores, set(commits.values()) | {base or ""})
        return Prediction(
            {names_: self._paths(pair) for names_, pair in wanted.items()},
            {name: self._paths(pair) for name, pair in onto.items()},
            frozenset(n for n, pair in wanted.items() if pair[0] != pair[1] and self._known[pair] is None),
        )

    def _paths(self, pair: Pair) -> tuple[str, ...]:
        if pair[0] == pair[1]:
            return ()
        found = self._known[pair]
        return found.paths if found is not None else (".",)

    def _compute(self, missing: Sequence[Pair], stores: Iterable[Path]) -> None:
        read = reading(*sorted(stores))
        self._know_specials(list(dict.fromkeys(ours for ours, _ in missing)), read)
        alike: dict[tuple[Special, ...], list[Pair]] = {}
        for pair in missing:
            alike.setdefault(self._specials[pair[0]], []).append(pair)
        for entries, pairs in alike.items():
            for at in range(0, len(pairs), _BATCH):
                some = pairs[at : at + _BATCH]
                self._known.update(zip(some, self._merged(some, entries, sorted(stores)), strict=True))
            self.computed += len(pairs)

    def _know_specials(self, commits: Sequence[str], read: Mapping[str, str]) -> None:
        unknown = [commit for commit in commits if commit not in self._specials]
        known = next((commit for commit in commits if commit in self._specials), None)
        if known is None and unknown:
            known = unknown.pop(0)
            self._specials[known] = specials(self.repo, known, read)
        if known is None or not unknown:
            return
        others = mergetree.differing_in_specials(self.repo, known, unknown, read)
        for commit in unknown:
            self._specials[commit] = specials(self.repo, commit, read) if commit in others else self._specials[known]

    def _merged(
        self, pairs: Sequence[Pair], entries: Sequence[Special], stores: Sequence[Path]
    ) -> list[mergetree.Merged | None]:
        """Merge pairs; what the merges write is of no use afterwards, so it goes to memory where there is room."""
        if _has_room(MEMORY):
            with contextlib.suppress(GitError, OSError):  # it filled up, say
                return self._merged_in(pairs, entries, stores, MEMORY)
        return self._merged_in(pairs, entries, stores, None)

    def _merged_in(
        self, pairs: Sequence[Pair], entries: Sequence[Special], stores: Sequence[Path], place: Path | None
    ) -> list[mergetree.Merged | None]:
        with scratch_folder("merges", place) as folder:
            env = writing_to(self.repo, Path(folder), *stores)
            return mergetree.merge_many(self.repo, pairs, entries=entries, env=env)

    def _drop(self, stores: set[Path], commits: set[str]) -> None:
        for gone in self._stores - stores:
            if gone.parent == self.objects:
                shutil.rmtree(gone, ignore_errors=True)  # scratch of this process: whatever stays goes with the folder
        self._stores = stores
        self._specials = {commit: entries for commit, entries in self._specials.items() if commit in commits}


def predict_branches(repo: Repo, branches: Sequence[str], base: str | None = None) -> Prediction:
    """Return what merging each pair of branches (or other revisions), and each into `base`, would conflict in.

    The answer is that of `git merge` of the later name in a checkout of the earlier one. Raises GitError.
    """
    commits: dict[str, str] = {}
    for branch in branches:
        found = repo.resolve(branch)
        if found is None:
            raise GitError(f"no branch is called {branch!r}", where=str(repo.root), hint="see git branch --all")
        commits[branch] = found
    with Predictor(repo, base) as predictor:
        return predictor.update(commits)


def _has_room(place: Path) -> bool:
    try:
        found = os.statvfs(place)
    except OSError:
        return False
    return os.access(place, os.W_OK) and found.f_bavail * found.f_frsize >= _ROOM
