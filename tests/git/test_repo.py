import os
import threading
from pathlib import Path

import pytest

from cockpit import globs
from cockpit.errors import GitError, UnsafePathError
from cockpit.filelock import LockHeldError
from cockpit.git import places, spawn
from cockpit.git.repo import Change, Repo, check_version
from cockpit.process import TRACE
from tests.git.repos import commit, make_repo, run_git, write

HOSTILE = ["-rf", "--help", "new\nline", "tab\there", 'quo"te', "back\\slash", "ünïcode", "space d/a b", ":(top)x", "*"]


def test_opens_from_any_folder_of_any_worktree(repo: Repo, tmp_path: Path) -> None:
    run_git(repo.root, "worktree", "add", "-q", "-b", "x", str(tmp_path / "other"))
    for start in (repo.root, repo.root / "src", tmp_path / "other", tmp_path / "other" / "src"):
        found = Repo.open(start)
        assert found.root == repo.root
        assert found.common_dir == repo.root / ".git"
        assert found.name == "repo"


def test_says_what_is_no_repository(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    run_git(tmp_path, "init", "--quiet", "--bare", str(tmp_path / "bare.git"))
    for path in (tmp_path / "plain", tmp_path / "bare.git", tmp_path / "absent"):
        with pytest.raises(GitError) as caught:
            Repo.open(path)
        assert caught.value.hint


def test_knows_gits_version() -> None:
    assert check_version() >= (2, 38, 0)


def test_the_operators_git_variables_reach_no_command(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("GIT_WORK_TREE", "/nonexistent")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nonexistent/index")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody Else")
    monkeypatch.setenv("GIT_OPTIONAL_LOCKS", "1")
    assert repo.git("rev-parse", "--show-toplevel").strip() == os.fsencode(repo.root)
    assert b"Olga Operator" in repo.git("var", "GIT_AUTHOR_IDENT")
    shown = repo.git("-c", "alias.show-env=!env", "show-env")
    assert b"GIT_OPTIONAL_LOCKS=0\n" in shown
    assert b"GIT_WORK_TREE" not in shown


def test_a_folder_that_is_gone_is_an_error_and_never_another_repository(repo: Repo, tmp_path: Path) -> None:
    with pytest.raises(GitError):
        repo.git("status", cwd=tmp_path / "gone")


def test_time_limit_and_trace(repo: Repo) -> None:
    with pytest.raises(GitError):
        spawn.git(["-c", "alias.wait=!sleep 30", "wait"], cwd=repo.root, timeout=0.2)
    last = TRACE.entries()[-1]
    assert last.argv[0] == "git"
    assert last.argv[-1] == "wait"
    assert last.code != 0


def test_bytes_go_in_and_come_out_unchanged(repo: Repo) -> None:
    data = bytes(range(256)) * 1000 + b"\n\n"
    blob = repo.git("hash-object", "-w", "--stdin", stdin=data).decode().strip()
    assert repo.git("cat-file", "blob", blob) == data


def test_resolves_names_and_takes_none_for_an_option(repo: Repo) -> None:
    head = run_git(repo.root, "rev-parse", "HEAD").strip()
    assert repo.resolve("main") == head
    assert repo.resolve(head) == head
    assert repo.resolve("HEAD~0") == head
    for nonsense in ("", "nope", "-x", "--all", "--git-dir", "f" * 40, "a b", "x\ny", "main..main"):
        assert repo.resolve(nonsense) is None
    run_git(repo.root, "tag", "main", run_git(repo.root, "commit-tree", "HEAD^{tree}", "-m", "t").strip())
    run_git(repo.root, "pack-refs", "--all")
    assert repo.resolve("main") == head
    assert repo.tip("main") == head
    assert repo.branch_exists("main")
    assert not repo.branch_exists("other")
    with pytest.raises(GitError):
        repo.branch_exists("--all")


def test_current_branch_and_checkout_of(repo: Repo, tmp_path: Path) -> None:
    assert repo.current_branch() == "main"
    assert repo.checkout_of("main") == repo.root
    assert repo.checkout_of("other") is None
    run_git(repo.root, "worktree", "add", "-q", "-b", "other", str(tmp_path / "o"))
    assert repo.checkout_of("other") == tmp_path / "o"
    run_git(repo.root, "checkout", "--quiet", "--detach")
    assert repo.current_branch() is None


def test_identity_comes_from_git_config(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    assert repo.identity().name == "Olga Operator"
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/nonexistent")
    run_git(repo.root, "config", "user.email", "")
    with pytest.raises(GitError) as caught:
        repo.identity()
    assert "user.email" in caught.value.hint


def test_exclude_adds_each_line_once_from_many_threads(repo: Repo) -> None:
    (repo.common_dir / "info").mkdir(exist_ok=True)
    (repo.common_dir / "info" / "exclude").write_text("mine")
    threads = [threading.Thread(target=repo.exclude, args=([".cockpit/", f"t{n % 4}"],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = (repo.common_dir / "info" / "exclude").read_text().splitlines()
    assert lines[0] == "mine"
    assert sorted(lines[1:]) == [".cockpit/", "t0", "t1", "t2", "t3"]
    assert [path.name for path in (repo.common_dir / "info").iterdir()] == ["exclude"]


def test_the_lock_is_one_for_all_worktrees(repo: Repo, tmp_path: Path) -> None:
    run_git(repo.root, "worktree", "add", "-q", "-b", "x", str(tmp_path / "x"))
    other = Repo.open(tmp_path / "x")
    with repo.lock().held(), pytest.raises(LockHeldError):
        other.lock().acquire()


def test_reads_blobs_of_any_name(repo: Repo) -> None:
    content = {name: f"<{name}>".encode() for name in HOSTILE} | {"src/app.py": b"print('hello')\n"}
    commit(repo.root, "Hostile", content)
    wanted = [*content, "absent", "src", "absent too missing"]
    assert repo.read_blobs("HEAD", wanted) == content
    plain = [name for name in wanted if "\n" not in name]
    assert repo.read_blobs("main", plain) == {name: data for name, data in content.items() if "\n" not in name}
    assert repo.read_blobs("HEAD", []) == {}


def test_changed_paths_and_ancestry(repo: Repo) -> None:
    first = repo.commit_id("main")
    run_git(repo.root, "mv", "README.md", "READ ME.md")
    second = commit(repo.root, "Change", {"new\nline": "x", "src/app.py": "print('changed')\n"})
    assert repo.changed_paths(first, second) == (
        Change("R", "READ ME.md", "README.md"),
        Change("A", "new\nline"),
        Change("M", "src/app.py"),
    )
    assert repo.is_ancestor(first, second)
    assert not repo.is_ancestor(second, first)
    assert repo.tree_of("main") == run_git(repo.root, "rev-parse", "HEAD^{tree}").strip()
    with pytest.raises(GitError):
        repo.is_ancestor("nope", "main")


def test_a_path_outside_or_through_a_symlink_is_refused(tmp_path: Path) -> None:
    parent = tmp_path / "p"
    parent.mkdir()
    (parent / "link").symlink_to(tmp_path)
    (tmp_path / "to-p").symlink_to(parent)
    for bad in (parent, tmp_path / "x", parent / ".." / "x", parent / "link", parent / "link" / "x", Path("/")):
        with pytest.raises(UnsafePathError):
            places.inside(parent, bad)
    assert places.inside(parent, parent / "a" / "b") == parent / "a" / "b"
    assert places.inside(tmp_path / "to-p", tmp_path / "to-p" / "a") == parent / "a"
    assert places.inside(tmp_path / "to-p", parent / "a") == parent / "a"


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        (".env*", [".env", ".env.local", ".env/inner"], ["a/.env", "env"]),
        ("node_modules", ["node_modules", "node_modules/", "node_modules/a/b"], ["a/node_modules", "node_modules2"]),
        ("./cfg/*.json", ["cfg/a.json"], ["cfg/x/a.json", "cfg/ajson"]),
        ("**/*.key", ["a.key", "x/y/a.key"], ["a.keys"]),
        ("data/**", ["data/x", "data/x/y"], ["database"]),
        ("[ab]?.txt", ["a1.txt", "b\n.txt"], ["c1.txt", "a/.txt"]),
        ("a[1].txt", ["a[1].txt", "a1.txt"], ["a2.txt"]),
    ],
)
def test_setup_patterns(pattern: str, matching: list[str], other: list[str]) -> None:
    matches = globs.matcher([pattern])
    assert [name for name in matching if not matches(name)] == []
    assert [name for name in other if matches(name)] == []
    assert not globs.matcher([])("x")


def test_make_repo_takes_files(tmp_path: Path) -> None:
    top = make_repo(tmp_path, {"a/b.txt": "x"}, "other")
    write(top, {"c": b"\xff"})
    assert run_git(top, "status", "--porcelain") == "?? c\n"
