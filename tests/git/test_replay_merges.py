"""More than a hundred merges of made-up histories: what is predicted and built is what `git merge` itself makes."""

import itertools
import re
from pathlib import Path

import pytest

from cockpit.git.conflicts import predict_branches
from cockpit.git.integrate import Built, Conflict, build
from cockpit.git.repo import Repo
from tests.git.histories import make_history
from tests.git.repos import make_repo, run_git

SEEDS = range(11)  # of four branches and main: ten merges each


COUNTS = {True: 0, False: 0}


def real_merge(checkout: Path, ours: str, theirs: str) -> tuple[str, ...] | str:
    """Merge as an operator would, and return the tree or the conflicted paths."""
    run_git(checkout, "checkout", "--quiet", "-f", "--detach", ours)
    run_git(checkout, "merge", "--no-ff", "--no-edit", "-m", "Merge", theirs, check=False)
    rows = [row for row in run_git(checkout, "ls-files", "--unmerged", "-z").split("\0") if row]
    if not rows:
        second, tip, tree = run_git(checkout, "rev-parse", "HEAD^2", theirs, "HEAD^{tree}").split()
        assert second == tip, "a conflict without a conflicted file"
        return tree
    side = re.escape(theirs.replace("/", "_"))
    paths = {re.sub(rf"~(HEAD|{side})(_\d+)?(?=/|$)", "", row.partition("\t")[2]) for row in rows}
    run_git(checkout, "merge", "--abort", check=False)
    run_git(checkout, "clean", "-ffdxq")
    return tuple(sorted(paths))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_pair_is_merged_as_git_merges_it(tmp_path: Path, seed: int) -> None:
    top = make_repo(tmp_path, {"README.md": "x\n"})
    names = make_history(top, seed)
    repo = Repo.open(top)
    asked = (("for-each-ref",), ("count-objects",), ("status", "--porcelain"))
    before = [run_git(top, *args) for args in asked]
    predicted = predict_branches(repo, names, "main")
    assert [run_git(top, *args) for args in asked] == before
    assert predicted.pairs.keys() == set(itertools.combinations(names, 2))
    wanted = {**predicted.pairs, **{("main", name): paths for name, paths in predicted.base.items()}}
    assert len(wanted) == 10
    for (ours, theirs), paths in wanted.items():
        built = build(repo, ours, theirs, "merge", "Merge")
        real = real_merge(top, ours, theirs)
        if isinstance(real, str):
            assert paths == ()
            assert isinstance(built, Built)
            assert built.tree == real
        else:
            assert paths == real
            assert built == Conflict(real)
        COUNTS[isinstance(real, str)] += 1


def test_there_were_enough_of_both_kinds() -> None:
    if sum(COUNTS.values()) >= 100:  # not when single histories are chosen
        assert min(COUNTS.values()) >= 20
