import subprocess
import sys
from pathlib import Path

import pytest

from cockpit.errors import GitError, UnsafePathError
from cockpit.git import gatetree, integrate, rescue, worktrees
from cockpit.git.integrate import Blocked, Built, Conflict, Moved, Published, Strategy, build, publish
from cockpit.git.repo import Author, Repo
from tests.git.repos import commit, run_git, tree, write

BOTH = pytest.mark.parametrize("strategy", ["merge", "squash"])
EACH = pytest.mark.parametrize("strategy", ["merge", "squash", "rebase"])


@pytest.fixture
def work(repo: Repo, folder: Path) -> Path:
    """A worktree with two commits of an agent that edit README.md and add a file."""
    path = worktrees.add(repo, folder / "a", "plan/a", "main").path
    commit(path, "One", {"README.md": "# demo, improved\n"})
    write(path, {"new.txt": "new\n"})
    run_git(path, "add", "--all")
    run_git(
        path, "commit", "-q", "-m", "Two", "--author", "Agent Smith <smith@example.org>", "--date", "1700000000 +0200"
    )
    return path


def made(repo: Repo, strategy: Strategy, head: str = "plan/a", onto: str = "main") -> Built:
    found = build(repo, onto, head, strategy, "Bring in the work\n\nDetails.")
    assert isinstance(found, Built)
    return found


def test_a_merge_has_two_parents_even_when_it_could_be_forwarded(repo: Repo, work: Path) -> None:
    before = repo.tip("main")
    found = made(repo, "merge")
    assert run_git(repo.root, "log", "-1", "--format=%P", found.commit).split() == [before, repo.tip("plan/a")]
    assert run_git(repo.root, "log", "-1", "--format=%an%n%B", found.commit).startswith(
        "Olga Operator\nBring in the work\n\nDetails.\n"
    )
    assert tree(repo.root, found.tree) == tree(work)
    assert repo.tip("main") == before
    assert run_git(repo.root, "status", "--porcelain") == ""
    assert not found.empty


def test_a_squash_has_one_parent_and_keeps_the_author(repo: Repo, work: Path) -> None:
    before = repo.tip("main")
    found = made(repo, "squash")
    shown = run_git(repo.root, "log", "-1", "--date=raw", "--format=%P|%an <%ae>|%ad|%cn", found.commit).strip()
    assert shown == f"{before}|Agent Smith <smith@example.org>|1700000000 +0200|Olga Operator"
    other = build(repo, "main", "plan/a", "squash", "x", author=Author("Ü Name", "u@example.org"))
    assert isinstance(other, Built)
    assert run_git(repo.root, "log", "-1", "--format=%an", other.commit).strip() == "Ü Name"


@BOTH
def test_what_base_has_already_is_empty(repo: Repo, work: Path, strategy: Strategy) -> None:
    found = made(repo, strategy, head="main", onto="plan/a")
    assert found == Built(repo.commit_id("plan/a"), repo.tree_of("plan/a"), empty=True)


@BOTH
def test_a_chain_builds_on_what_was_built(repo: Repo, work: Path, folder: Path, strategy: Strategy) -> None:
    second = worktrees.add(repo, folder / "b", "plan/b", "main").path
    commit(second, "B", {"b.txt": "b\n"})
    one = made(repo, strategy)
    two = made(repo, strategy, "plan/b", one.commit)
    done = publish(repo, "main", repo.commit_id("main"), two.commit)
    assert done == Published(two.commit, repo.root)
    assert {"new.txt", "b.txt"} <= tree(repo.root)
    assert (repo.root / "b.txt").read_text() == "b\n"
    assert run_git(repo.root, "status", "--porcelain") == ""


@BOTH
def test_a_conflict_names_its_paths_and_touches_nothing(repo: Repo, work: Path, strategy: Strategy) -> None:
    commit(work, "Hostile", {"-x\ny": "ours\n"})
    before = commit(repo.root, "Other", {"README.md": "other\n", "-x\ny": "theirs\n"})
    refs = run_git(repo.root, "for-each-ref")
    assert build(repo, "main", "plan/a", strategy, "x") == Conflict(("-x\ny", "README.md"))
    assert repo.tip("main") == before
    assert run_git(repo.root, "for-each-ref") == refs
    assert run_git(repo.root, "status", "--porcelain") == ""


def test_unrelated_histories_are_an_error(repo: Repo) -> None:
    lone = run_git(repo.root, "commit-tree", "HEAD^{tree}", "-m", "lone").strip()
    with pytest.raises(GitError):
        build(repo, "main", lone, "merge", "x")
    with pytest.raises(GitError):
        build(repo, "main", "--all", "merge", "x")


@EACH
def test_the_operators_unrelated_work_survives_and_is_not_swept_in(repo: Repo, work: Path, strategy: Strategy) -> None:
    top = repo.root
    write(top, {"src/app.py": "staged\n"})
    run_git(top, "add", "src/app.py")
    write(top, {"src/app.py": "staged, then edited\n", "src/loose.py": "loose\n", "staged.txt": "s\n"})
    run_git(top, "add", "staged.txt")
    before = run_git(top, "status", "--porcelain"), run_git(top, "diff"), run_git(top, "diff", "--cached")
    run_git(top, "config", "merge.autoStash", "true")
    run_git(top, "config", "branch.main.mergeOptions", "--no-ff --autostash")
    found = made(repo, strategy)
    assert publish(repo, "main", repo.commit_id("main"), found.commit) == Published(found.commit, top)
    assert (run_git(top, "status", "--porcelain"), run_git(top, "diff"), run_git(top, "diff", "--cached")) == before
    assert run_git(top, "stash", "list") == ""
    assert tree(top) == {"README.md", "src/app.py", "new.txt"}
    assert run_git(top, "show", "HEAD:src/app.py") == "print('hello')\n"
    assert (top / "new.txt").read_text() == "new\n"


def edited(top: Path) -> str:
    write(top, {"README.md": "mine\n"})
    return "README.md"


def staged(top: Path) -> str:
    write(top, {"README.md": "mine\n"})
    run_git(top, "add", "README.md")
    return "README.md"


def staged_new(top: Path) -> str:
    write(top, {"new.txt": "mine\n"})
    run_git(top, "add", "new.txt")
    return "new.txt"


def untracked(top: Path) -> str:
    write(top, {"new.txt": "mine\n"})
    return "new.txt"


def ignored(top: Path) -> str:
    write(top, {".git/info/exclude": "new.txt\n", "new.txt": "mine\n"})
    return "new.txt"


def folder_in_the_way(top: Path) -> str:
    write(top, {"new.txt/inner": "mine\n"})
    return "new.txt/inner"


@EACH
@pytest.mark.parametrize("obstacle", [edited, staged, staged_new, untracked, ignored, folder_in_the_way])
def test_work_in_the_way_blocks_by_name_and_stays(repo: Repo, work: Path, strategy: Strategy, obstacle) -> None:  # type: ignore[no-untyped-def] # the fixtures above
    top = repo.root
    path = obstacle(top)
    old = repo.commit_id("main")
    state = run_git(top, "status", "--porcelain", "--ignored"), run_git(top, "diff", "HEAD"), (top / path).read_text()
    found = publish(repo, "main", old, made(repo, strategy).commit)
    assert isinstance(found, Blocked)
    assert found.paths == (path,)
    assert found.checkout == top
    assert repo.tip("main") == old
    now = run_git(top, "status", "--porcelain", "--ignored"), run_git(top, "diff", "HEAD"), (top / path).read_text()
    assert now == state


def test_a_branch_that_nobody_has_checked_out_moves_alone(repo: Repo, work: Path) -> None:
    run_git(repo.root, "checkout", "-q", "-b", "elsewhere")
    write(repo.root, {"README.md": "mine\n"})
    old, found = repo.commit_id("main"), made(repo, "merge")
    assert publish(repo, "main", old, found.commit) == Published(found.commit, None)
    assert repo.tip("main") == found.commit
    assert (repo.root / "README.md").read_text() == "mine\n"
    assert publish(repo, "main", old, found.commit) == Published(found.commit, None)
    assert integrate.contains(repo, "main", repo.commit_id("plan/a"))
    assert not integrate.contains(repo, "elsewhere", "plan/a")
    assert not integrate.contains(repo, "nope", "plan/a")


def test_a_base_that_moved_is_told(repo: Repo, work: Path) -> None:
    old, found = repo.commit_id("main"), made(repo, "merge")
    now = commit(repo.root, "Others", {"other": "x"})
    assert publish(repo, "main", old, found.commit) == Moved(now)
    run_git(repo.root, "checkout", "-q", "-b", "elsewhere")
    assert publish(repo, "main", old, found.commit) == Moved(now)
    run_git(repo.root, "branch", "-q", "-D", "main")
    assert publish(repo, "main", old, found.commit) == Moved(None)


def test_only_forward(repo: Repo, work: Path) -> None:
    old = repo.commit_id("main")
    sideways = run_git(repo.root, "commit-tree", "HEAD^{tree}", "-m", "lone").strip()
    with pytest.raises(GitError, match="no fast-forward"):
        publish(repo, "main", old, sideways)
    assert repo.tip("main") == old
    run_git(repo.root, "checkout", "-q", "--detach")
    with pytest.raises(GitError, match="no fast-forward"):
        publish(repo, "main", old, sideways)
    assert repo.tip("main") == old


def test_a_merge_or_rebase_of_the_operator_blocks(repo: Repo, work: Path) -> None:
    top = repo.root
    run_git(top, "checkout", "-q", "-b", "side")
    commit(top, "Side", {"src/app.py": "side\n"})
    run_git(top, "checkout", "-q", "main")
    old = commit(top, "Main", {"src/app.py": "main\n"})
    found = made(repo, "merge")
    for command, word in (("merge", "a merge"), ("rebase", "a rebase"), ("cherry-pick", "a cherry-pick")):
        run_git(top, command, "side", check=False)
        before = run_git(top, "status", "--porcelain=v2", "--branch")
        blocked = publish(repo, "main", old, found.commit)
        assert isinstance(blocked, Blocked)
        assert word in blocked.reason
        assert blocked.checkout == top
        assert run_git(top, "status", "--porcelain=v2", "--branch") == before
        run_git(top, command, "--abort")
    assert isinstance(publish(repo, "main", old, found.commit), Published)


def test_an_index_lock_of_somebody_else_blocks(repo: Repo, work: Path) -> None:
    (repo.common_dir / "index.lock").touch()
    old, found = repo.commit_id("main"), made(repo, "merge")
    blocked = publish(repo, "main", old, found.commit)
    assert isinstance(blocked, Blocked)
    assert "index.lock" in blocked.reason
    assert (repo.common_dir / "index.lock").exists()
    assert repo.tip("main") == old
    (repo.common_dir / "index.lock").unlink()
    assert isinstance(publish(repo, "main", old, found.commit), Published)


def test_base_checked_out_in_a_linked_worktree(repo: Repo, work: Path, folder: Path) -> None:
    run_git(repo.root, "checkout", "-q", "-b", "elsewhere")
    run_git(repo.root, "worktree", "add", "-q", str(folder / "base"), "main")
    old, found = repo.commit_id("main"), made(repo, "merge")
    assert publish(repo, "main", old, found.commit) == Published(found.commit, folder / "base")
    assert (folder / "base" / "new.txt").exists()
    assert not (repo.root / "new.txt").exists()


def test_no_hook_of_the_repository_runs(repo: Repo, work: Path, tmp_path: Path) -> None:
    for name in ("post-merge", "reference-transaction", "post-checkout", "commit-msg"):
        write(repo.common_dir / "hooks", {name: f"#!/bin/sh\ntouch {tmp_path}/ran-{name}\n"})
        (repo.common_dir / "hooks" / name).chmod(0o755)
    publish(repo, "main", repo.commit_id("main"), made(repo, "merge").commit)
    assert list(tmp_path.glob("ran-*")) == []


_PUBLISH = """
import sys
from pathlib import Path
from cockpit.git import integrate
from cockpit.git.repo import Repo
print(type(integrate.publish(Repo.open(Path(sys.argv[1])), "main", sys.argv[2], sys.argv[3])).__name__)
"""


def test_of_two_processes_at_once_one_publishes_and_one_is_told(repo: Repo, work: Path, folder: Path) -> None:
    second = worktrees.add(repo, folder / "b", "plan/b", "main").path
    commit(second, "B", {"b.txt": "b\n"})
    old = repo.commit_id("main")
    news = [made(repo, "merge").commit, made(repo, "merge", "plan/b").commit]
    argv = [sys.executable, "-c", _PUBLISH, str(repo.root), old]
    both = [subprocess.Popen([*argv, new], stdout=subprocess.PIPE, text=True) for new in news]
    assert sorted(process.communicate(timeout=60)[0].strip() for process in both) == ["Moved", "Published"]
    assert repo.tip("main") in news


def test_the_gate_worktree_follows_and_forgets_what_gates_left(repo: Repo, work: Path, folder: Path) -> None:
    run_git(repo.root, "config", "core.excludesFile", "/dev/null")
    write(repo.common_dir / "info", {"exclude": "cache/\n"})
    first = made(repo, "merge").commit
    gate = integrate.gate_worktree(repo, folder / "gate", first, parent=folder)
    assert run_git(gate, "rev-parse", "HEAD").strip() == first
    assert (gate / "new.txt").exists()
    write(gate, {"new.txt": "reformatted\n", "coverage/-x\n": "x", "cache/big": "x", "staged": "x"})
    run_git(gate, "add", "staged", "new.txt")
    (gate / "link").symlink_to(repo.root)
    (gate / "README.md").unlink()
    (repo.common_dir / "worktrees" / "gate" / "index.lock").touch()
    assert integrate.gate_worktree(repo, folder / "gate", "main", parent=folder) == gate
    assert run_git(gate, "status", "--porcelain") == ""
    assert run_git(gate, "rev-parse", "HEAD").strip() == repo.tip("main")
    assert sorted(path.name for path in gate.iterdir()) == [".git", "README.md", "cache", "src"]
    assert (repo.root / "README.md").exists()
    assert rescue.listed(repo) == ()


def test_the_gate_worktree_is_repaired(repo: Repo, work: Path, folder: Path) -> None:
    gate = integrate.gate_worktree(repo, folder / "gate", "main", parent=folder)
    subprocess.run(["rm", "-r", str(gate)], check=True)
    integrate.gate_worktree(repo, folder / "gate", "plan/a", parent=folder)
    assert (gate / "new.txt").exists()
    own = commit(gate, "Somebody's", {"theirs": "x"})
    integrate.gate_worktree(repo, folder / "gate", "main", parent=folder)
    (entry,) = rescue.listed(repo)
    assert repo.is_ancestor(own, entry.commit)
    assert run_git(gate, "status", "--porcelain") == ""


def test_the_gate_worktree_is_nobody_elses_folder(repo: Repo, work: Path, folder: Path) -> None:
    write(folder / "foreign", {"x": "mine"})
    for path in (folder / "foreign", work, repo.root):
        with pytest.raises(UnsafePathError):
            integrate.gate_worktree(repo, path, "main")
    assert (folder / "foreign" / "x").read_text() == "mine"
    assert repo.tip("plan/a") == run_git(work, "rev-parse", "HEAD").strip()


def test_the_gate_worktree_goes_when_it_is_cockpits_own(repo: Repo, tmp_path: Path) -> None:
    place = tmp_path / "gates"
    gatetree.gate_worktree(repo, place, repo.commit_id("main"))
    write(place, {"left by a gate": "x", "README.md": "edited by a gate"})
    assert gatetree.drop(repo, place)
    assert not place.exists()
    assert not gatetree.drop(repo, place)


def test_the_gate_worktree_stays_when_somebody_committed_in_it(repo: Repo, tmp_path: Path) -> None:
    place = tmp_path / "gates"
    gatetree.gate_worktree(repo, place, repo.commit_id("main"))
    commit(place, "Somebody's work", {"new": "x"})
    assert not gatetree.drop(repo, place)
    assert (place / "new").exists()


@pytest.mark.parametrize("link", ["whole", "begun", "none"])
def test_a_gate_worktree_whose_making_was_killed_is_made_again(repo: Repo, folder: Path, link: str) -> None:
    gate = folder / "gate"
    run_git(repo.root, "worktree", "add", "-q", "--detach", "--no-checkout", str(gate), "main")
    write(repo.common_dir / "worktrees" / "gate", {"locked": "initializing"})
    if link == "begun":
        write(gate, {".git": ""})
    elif link == "none":
        (gate / ".git").unlink()
    assert integrate.gate_worktree(repo, gate, "main", parent=folder) == gate
    assert (gate / "README.md").exists()
    assert run_git(gate, "status", "--porcelain") == ""
    assert run_git(repo.root, "worktree", "list").count(str(gate)) == 1
