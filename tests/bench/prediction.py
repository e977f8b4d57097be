"""Predicting the conflicts of all pairs of worktrees, and what one changed file costs after that."""

import time
from pathlib import Path
from statistics import median

from cockpit.git import worktrees
from cockpit.git.conflicts import Predictor
from cockpit.git.repo import Repo
from tests.git.repos import make_repo, run_git, write

WORKTREES = 50
FILES = 5000


def prepare(folder: Path, count: int = WORKTREES, files: int = FILES) -> tuple[Repo, list[Path]]:
    """Make a repository of many files, and worktrees with a commit and uncommitted edits, some of which conflict."""
    names = [f"src/part{number % 100}/file{number}.py" for number in range(files)]
    repo = Repo.open(make_repo(folder, {name: f"# {name}\n" + "x = 1\n" * 20 for name in names}))
    made = []
    for number in range(count):
        path = worktrees.add(repo, folder / "worktrees" / f"w{number}", f"w{number}", "main").path
        mine = [names[(number * 97 + step * 13) % files] for step in range(5)] + [names[number % 7]]
        write(path, {name: f"# {name}, by {number}\n" + "x = 1\n" * 20 for name in mine[:4]})
        run_git(path, "commit", "--quiet", "-a", "-m", f"Work {number}")
        write(path, {name: f"# {name}, still by {number}\n" + "x = 1\n" * 20 for name in mine[4:]})
        made.append(path)
    return repo, made


def measure(folder: Path, rounds: int = 5) -> tuple[float, float, float, int]:
    """Return the seconds for the first look at all worktrees, for all pairs, for one changed file; and the conflicts.

    The last of the three is the look at the one worktree and the prediction together.
    """
    repo, made = prepare(folder)
    with Predictor(repo, "main") as predictor:
        start = time.perf_counter()
        looks = {path.name: predictor.look(path) for path in made}
        looked = time.perf_counter()
        found = predictor.update(looks)
        pairs = time.perf_counter()
        after = []
        for number in range(rounds):
            changed = made[number * 7 % len(made)]
            write(changed, {"src/part1/file1.py": f"changed {number}\n"})
            begun = time.perf_counter()
            looks[changed.name] = predictor.look(changed, last=looks[changed.name])
            predictor.update(looks)
            after.append(time.perf_counter() - begun)
    conflicts = sum(bool(paths) for paths in found.pairs.values())
    return looked - start, pairs - looked, median(after), conflicts
