from pathlib import Path

import pytest

from cockpit.errors import GitError
from cockpit.git import worktrees
from cockpit.git.integrate import Blocked, Built, Conflict, Published, Strategy, build, publish
from cockpit.git.rebase import Rebased, rebase_worktree
from cockpit.git.repo import Repo
from cockpit.git.resolve import abandon, conflict_worktree
from cockpit.git.revert import build_again, build_revert
from tests.git.repos import commit, run_git, tree, write

STRATEGIES = pytest.mark.parametrize("strategy", ["merge", "squash", "rebase"])


@pytest.fixture
def work(repo: Repo, folder: Path) -> Path:
    """A worktree with two commits: a new file, and an edit that others' edits are far from."""
    path = worktrees.add(repo, folder / "a", "plan/a", "main").path
    commit(path, "One", {"feature.py": "def f():\n    return 1\n", "README.md": "# demo\n\nfeature\n"})
    commit(path, "Two", {"src/app.py": "print('feature')\n"})
    commit(repo.root, "Earlier", {"earlier.txt": "e\n"})
    return path


def put(repo: Repo, built: Built | Conflict) -> str:
    assert isinstance(built, Built)
    assert not built.empty
    assert isinstance(publish(repo, "main", repo.commit_id("main"), built.commit), Published)
    return built.commit


def merged_and_reverted(repo: Repo, strategy: Strategy) -> tuple[str, str]:
    """Merge the work, let others go on, take it out again, and return what was merged and the revert."""
    since = repo.commit_id("main")
    merged = put(repo, build(repo, "main", "plan/a", strategy, "Merge"))
    commit(repo.root, "Others", {"others.txt": "o\n"})
    undone = build_revert(
        repo, "main", merged, "Take it back", since=since if strategy == "rebase" else None
    )  # fmt: skip
    return merged, put(repo, undone)


@STRATEGIES
def test_a_revert_takes_out_what_the_leg_brought_and_no_more(repo: Repo, work: Path, strategy: Strategy) -> None:
    start = run_git(repo.root, "rev-parse", "HEAD").strip()
    merged, undone = merged_and_reverted(repo, strategy)
    assert tree(repo.root) == {"README.md", "src/app.py", "others.txt", "earlier.txt"}
    assert run_git(repo.root, "diff", "--name-only", start, "main").split() == ["others.txt"]
    assert run_git(repo.root, "log", "-1", "--format=%s%n%P", undone).split("\n")[0] == "Take it back"
    assert len(run_git(repo.root, "log", "-1", "--format=%P", undone).split()) == 1
    assert run_git(repo.root, "status", "--porcelain") == ""
    again = build_revert(repo, "main", merged, "x", since=start if strategy == "rebase" else None)
    assert again == Built(undone, repo.tree_of(undone), empty=True)


def test_a_revert_conflicts_where_others_built_on_the_work(repo: Repo, work: Path) -> None:
    merged = put(repo, build(repo, "main", "plan/a", "merge", "Merge"))
    commit(repo.root, "Others", {"feature.py": "def f():\n    return 2\n"})
    assert build_revert(repo, "main", merged, "x") == Conflict(("feature.py",))
    with pytest.raises(GitError, match="is not in"):
        build_revert(repo, merged, "main", "x")


@STRATEGIES
def test_work_comes_back_with_its_fix(repo: Repo, work: Path, strategy: Strategy) -> None:
    _, undone = merged_and_reverted(repo, strategy)
    commit(work, "Fix", {"feature.py": "def f():\n    return 42\n", "fix.txt": "f\n"})
    put(repo, build_again(repo, "main", "plan/a", undone, strategy, "Merge again"))
    assert tree(repo.root) == {"README.md", "src/app.py", "others.txt", "earlier.txt", "feature.py", "fix.txt"}
    assert (repo.root / "feature.py").read_text() == "def f():\n    return 42\n"
    assert (repo.root / "src/app.py").read_text() == "print('feature')\n"
    assert (repo.root / "README.md").read_text() == "# demo\n\nfeature\n"


@STRATEGIES
def test_work_comes_back_as_it_was(repo: Repo, work: Path, strategy: Strategy) -> None:
    _, undone = merged_and_reverted(repo, strategy)
    plain = build(repo, "main", "plan/a", strategy, "Merge again")
    assert isinstance(plain, Built)
    assert plain.empty == (strategy == "merge")  # what git itself takes for merged is not merged any more
    put(repo, build_again(repo, "main", "plan/a", undone, strategy, "Merge again"))
    assert (repo.root / "feature.py").exists()
    assert (repo.root / "others.txt").exists()
    tip = repo.commit_id("main")
    assert build_again(repo, "main", "plan/a", undone, strategy, "x") == Built(tip, repo.tree_of(tip), empty=True)


@STRATEGIES
def test_work_comes_back_from_a_branch_that_went_on_from_base(repo: Repo, work: Path, strategy: Strategy) -> None:
    since = repo.commit_id("main")
    merged = put(repo, build(repo, "main", "plan/a", strategy, "Merge"))
    worktrees.advance(repo, work, merged, plan="p", workstream="a", at=1.0)
    undone = put(
        repo, build_revert(repo, "main", merged, "Back", since=since if strategy == "rebase" else None)
    )  # fmt: skip
    commit(work, "Fix", {"feature.py": "def f():\n    return 42\n"})
    put(repo, build_again(repo, "main", "plan/a", undone, strategy, "Merge again"))
    assert (repo.root / "feature.py").read_text() == "def f():\n    return 42\n"
    assert (repo.root / "src/app.py").read_text() == "print('feature')\n"


@STRATEGIES
def test_work_comes_back_from_a_branch_that_took_the_revert_in(repo: Repo, work: Path, strategy: Strategy) -> None:
    _, undone = merged_and_reverted(repo, strategy)
    run_git(work, "merge", "-q", "--no-edit", "main")
    commit(work, "Fix", {"fix.txt": "f\n"})
    put(repo, build_again(repo, "main", "plan/a", undone, strategy, "Merge again"))
    assert (repo.root / "feature.py").read_text() == "def f():\n    return 1\n"
    assert (repo.root / "fix.txt").exists()
    assert (repo.root / "src/app.py").read_text() == "print('feature')\n"


@STRATEGIES
def test_a_branch_that_reverted_the_revert_itself_is_taken_as_it_is(repo: Repo, work: Path, strategy: Strategy) -> None:
    _, undone = merged_and_reverted(repo, strategy)
    run_git(work, "reset", "-q", "--hard", "main")
    run_git(work, "revert", "--no-edit", undone)
    commit(work, "Fix", {"feature.py": "def f():\n    return 42\n"})
    put(repo, build_again(repo, "main", "plan/a", undone, strategy, "Merge again"))
    assert (repo.root / "feature.py").read_text() == "def f():\n    return 42\n"
    assert (repo.root / "src/app.py").read_text() == "print('feature')\n"


@STRATEGIES
def test_work_comes_back_after_its_worktree_was_rebased_onto_the_revert(
    repo: Repo, work: Path, strategy: Strategy
) -> None:
    _, undone = merged_and_reverted(repo, strategy)
    assert isinstance(rebase_worktree(repo, work, "main", plan="p", workstream="a", at=1.0), Rebased)
    commit(work, "Fix", {"fix.txt": "f\n"})
    put(repo, build_again(repo, "main", "plan/a", undone, strategy, "Merge again"))
    assert (repo.root / "feature.py").exists()
    assert (repo.root / "fix.txt").exists()


@STRATEGIES
def test_work_may_be_taken_back_twice(repo: Repo, work: Path, strategy: Strategy) -> None:
    _, undone = merged_and_reverted(repo, strategy)
    commit(work, "Fix", {"fix.txt": "f\n"})
    before = repo.commit_id("main")
    merged = put(repo, build_again(repo, "main", "plan/a", undone, strategy, "Again"))
    twice = put(
        repo, build_revert(repo, "main", merged, "Back", since=before if strategy == "rebase" else None)
    )  # fmt: skip
    assert tree(repo.root) == {"README.md", "src/app.py", "others.txt", "earlier.txt"}
    commit(work, "Fix more", {"fix.txt": "g\n"})
    put(repo, build_again(repo, "main", "plan/a", twice, strategy, "Third time"))
    assert (repo.root / "feature.py").exists()
    assert (repo.root / "fix.txt").read_text() == "g\n"


@STRATEGIES
def test_work_on_a_branch_that_went_on_may_be_taken_back_twice(repo: Repo, work: Path, strategy: Strategy) -> None:
    undone = ""
    for number in range(3):
        before = repo.commit_id("main")
        if undone:
            commit(work, f"Fix {number}", {f"fix{number}.txt": "f\n"})
            merged = put(repo, build_again(repo, "main", "plan/a", undone, strategy, "Again"))
        else:
            merged = put(repo, build(repo, "main", "plan/a", strategy, "First"))
            worktrees.advance(repo, work, merged, plan="p", workstream="a", at=1.0)
        assert (repo.root / "feature.py").exists()
        assert (repo.root / "src/app.py").read_text() == "print('feature')\n"
        since = before if strategy == "rebase" else None
        undone = put(repo, build_revert(repo, "main", merged, "Back", since=since))
        assert tree(repo.root) == {"README.md", "src/app.py", "earlier.txt"}


def test_the_operators_work_is_not_touched(repo: Repo, work: Path) -> None:
    write(repo.root, {"src/app.py": "mine\n", "loose.txt": "l\n"})
    run_git(repo.root, "checkout", "-q", "-b", "elsewhere")
    before = run_git(repo.root, "status", "--porcelain"), run_git(repo.root, "diff", "HEAD")
    merged = put(repo, build(repo, "main", "plan/a", "merge", "Merge"))
    undone = put(repo, build_revert(repo, "main", merged, "Back"))
    put(repo, build_again(repo, "main", "plan/a", undone, "merge", "Again"))
    assert (run_git(repo.root, "status", "--porcelain"), run_git(repo.root, "diff", "HEAD")) == before


def _state(repo: Repo) -> tuple[str, ...]:
    args = (["status", "--porcelain", "--ignored"], ["diff"], ["diff", "--cached"], ["stash", "list"])
    return tuple(run_git(repo.root, *some) for some in args)


@STRATEGIES
@pytest.mark.parametrize("how", ["edited", "staged", "untracked"])
def test_what_the_operator_has_in_the_way_of_a_rollback_stays_and_is_named(
    repo: Repo, work: Path, strategy: Strategy, how: str
) -> None:
    since = repo.commit_id("main")
    merged = put(repo, build(repo, "main", "plan/a", strategy, "Merge"))
    undone = build_revert(repo, "main", merged, "Back", since=since if strategy == "rebase" else None)
    assert isinstance(undone, Built)
    if how == "untracked":
        run_git(repo.root, "rm", "-q", "--cached", "feature.py")
    write(repo.root, {"feature.py": "the operator's\n", "loose.txt": "l\n"})
    if how == "staged":
        run_git(repo.root, "add", "feature.py")
    before = _state(repo)
    found = publish(repo, "main", merged, undone.commit)
    assert isinstance(found, Blocked)
    assert "feature.py" in found.paths
    assert repo.commit_id("main") == merged
    assert _state(repo) == before


@STRATEGIES
def test_a_conflict_touches_nothing_that_the_operator_has_in_the_checkout(
    repo: Repo, work: Path, folder: Path, strategy: Strategy
) -> None:
    commit(repo.root, "Clash", {"README.md": "# demo\n\nanother\n", "src/app.py": "print('another')\n"})
    write(repo.root, {"README.md": "edited\n", "src/app.py": "staged\n", "loose.txt": "l\n"})
    run_git(repo.root, "add", "src/app.py")
    before = _state(repo)
    assert isinstance(build(repo, "main", "plan/a", strategy, "Merge"), Conflict)
    opened = conflict_worktree(repo, folder / "conflict", onto="main", head="plan/a", parent=folder)
    assert set(opened.conflicted) == {"README.md", "src/app.py"}
    abandon(repo, opened.path, parent=folder, plan="p", workstream="a", at=1.0)
    assert _state(repo) == before
