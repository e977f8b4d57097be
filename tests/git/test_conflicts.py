import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cockpit.errors import GitError
from cockpit.git import conflicts, mergetree, worktrees
from cockpit.git.conflicts import Look, Predictor, predict_branches
from cockpit.git.integrate import Built, build
from cockpit.git.mergetree import differing_in_specials, specials
from cockpit.git.repo import Repo
from tests.git.repos import commit, make_repo, run_git, watched, write


def three(repo: Repo, folder: Path) -> list[Path]:
    return [worktrees.add(repo, folder / name, f"plan/{name}", "main").path for name in "abc"]


def untouched(repo: Repo, *trees: Path) -> list[object]:
    """Return all that a prediction must not change: objects, refs, and each index byte by byte."""
    files = sorted(path for path in (repo.common_dir / "objects").rglob("*") if path.is_file())
    indexes = [(repo.common_dir / "worktrees" / tree.name / "index").read_bytes() for tree in trees]
    return [files, indexes, run_git(repo.root, "for-each-ref"), sorted(repo.common_dir.iterdir())]


def test_uncommitted_edits_are_predicted_and_nothing_is_touched(repo: Repo, folder: Path) -> None:
    a, b, c = three(repo, folder)
    commit(a, "A", {"README.md": "from a\n"})
    write(b, {"README.md": "from b, not committed\n", "staged.txt": "s\n"})
    run_git(b, "add", "staged.txt")
    write(c, {"README.md.orig": "untracked\n", "staged.txt": "another\n"})
    before = untouched(repo, a, b, c)
    with Predictor(repo, "main") as predictor:
        looks = {path.name: predictor.look(path) for path in (a, b, c)}
        found = predictor.update(looks)
        assert found.pairs == {("a", "b"): ("README.md",), ("a", "c"): (), ("b", "c"): ("staged.txt",)}
        assert found.base == {"a": (), "b": (), "c": ()}
        assert found.conflicts_of("b") == {"a": ("README.md",), "c": ("staged.txt",)}
        assert [look.dirty for look in looks.values()] == [False, True, True]
        scratch = predictor.objects
    assert untouched(repo, a, b, c) == before
    assert not scratch.exists()


def test_a_look_is_what_a_commit_of_everything_would_be(repo: Repo, folder: Path, tmp_path: Path) -> None:
    (a, *_) = three(repo, folder)
    run_git(repo.root, "config", "core.autocrlf", "input")
    write(repo.common_dir / "info", {"exclude": "ignored\n.env\n"})
    write(a, {"crlf.txt": "1\r\n2\r\n", "new\nline": "x", "ignored": "i", ".env": "e", "run.sh": "#!/bin/sh\n"})
    (a / "run.sh").chmod(0o755)
    (a / "link").symlink_to("nowhere")
    (a / "src/app.py").unlink()
    write(a, {"src/app.py/now a folder": "x", "setup.cfg": "set-up\n"})
    with Predictor(repo, None) as predictor:
        look = predictor.look(a, ["setup.cfg"])
    (a / "setup.cfg").unlink()
    commit(a, "All")
    assert look.tree == repo.tree_of("plan/a")


def test_only_what_changed_is_computed_again(repo: Repo, folder: Path) -> None:
    a, b, c = three(repo, folder)
    for path in (a, b, c):
        commit(path, "Own", {f"{path.name}.txt": "x"})
    write(c, {"loose.txt": "l\n"})
    with Predictor(repo, "main") as predictor:
        looks = {path.name: predictor.look(path) for path in (a, b, c)}
        predictor.update(looks)
        assert predictor.computed == 6
        with watched() as commands:
            again = {path.name: predictor.look(path, last=looks[path.name]) for path in (a, b, c)}
            predictor.update(again)
        assert set(commands) <= {"status", "rev-parse"}
        assert again["c"] is looks["c"]
        assert predictor.computed == 6
        write(a, {"c.txt": "clash\n"})
        again["a"] = predictor.look(a, last=looks["a"])
        found = predictor.update(again)
        assert predictor.computed == 9
        assert found.pairs[("a", "c")] == ("c.txt",)
        assert len(list(predictor.objects.iterdir())) == 2
        write(a, {"c.txt": "clash again\n"})
        again["a"] = predictor.look(a, last=again["a"])
        predictor.update(again)
        assert len(list(predictor.objects.iterdir())) == 2
        del again["b"]
        assert set(predictor.update(again).pairs) == {("a", "c")}
        commit(repo.root, "Base moves", {"loose.txt": "other\n"})
        assert predictor.update(again).base == {"a": (), "c": ("loose.txt",)}


def test_an_edit_within_one_tick_and_of_the_same_size_is_seen(repo: Repo, folder: Path) -> None:
    (a, *_) = three(repo, folder)
    write(a, {"README.md": "edit 1\n"})
    with Predictor(repo, None) as predictor:
        first = predictor.look(a)
        found = (a / "README.md").stat()
        write(a, {"README.md": "edit 2\n"})
        os.utime(a / "README.md", ns=(found.st_atime_ns, found.st_mtime_ns))
        assert predictor.look(a, last=first).tree != first.tree


def test_worktrees_in_odd_states_are_looked_at(repo: Repo, folder: Path) -> None:
    a, b, _ = three(repo, folder)
    commit(a, "A", {"README.md": "a\n"})
    commit(b, "B", {"README.md": "b\n"})
    run_git(a, "merge", "plan/b", check=False)
    make_repo(b, None, "inner")
    run_git(b, "checkout", "-q", "--detach")
    with Predictor(repo, "main") as predictor:
        look = predictor.look(a)
        assert isinstance(look, Look)
        assert look.dirty
        assert not predictor.look(b).dirty
        assert predictor.update({"a": look}).base == {"a": ()}
    lone = make_repo(repo.root.parent, {}, "empty")
    run_git(lone, "update-ref", "-d", "HEAD")
    with Predictor(Repo.open(lone), None) as predictor, pytest.raises(GitError, match="no commit yet"):
        predictor.look(lone)


def test_directory_renames_are_predicted(repo: Repo, folder: Path) -> None:
    a, b, _ = three(repo, folder)
    commit(a, "More", {"src/more.py": "print('more')\n"})
    run_git(b, "reset", "-q", "--hard", "plan/a")
    run_git(a, "mv", "src", "source")
    write(b, {"src/new.py": "new\n"})
    with Predictor(repo, None) as predictor:
        found = predictor.update({"a": predictor.look(a), "b": predictor.look(b)})
    assert found.pairs == {("a", "b"): ("source/new.py",)}
    run_git(a, "commit", "-q", "-m", "Move")
    with Predictor(repo, None) as predictor:
        found = predictor.update({"a": predictor.look(a), "b": predictor.look(b)})
    assert found.pairs == {("a", "b"): ("source/new.py",)}


def test_branches_of_any_repository(repo: Repo) -> None:
    for name, text in (("one", "1\n"), ("two", "2\n")):
        run_git(repo.root, "checkout", "-q", "-b", name, "main")
        commit(repo.root, name, {"README.md": text})
    lone = run_git(repo.root, "commit-tree", "HEAD^{tree}", "-m", "lone").strip()
    found = predict_branches(repo, ["two", "one", lone], "main")
    assert found.pairs[("one", "two")] == ("README.md",)
    assert {name for pair in found.unrelated for name in pair} == {lone, "one", "two"}
    assert len(found.unrelated) == 2
    assert found.base["one"] == ()
    with pytest.raises(GitError, match="no branch is called 'none'"):
        predict_branches(repo, ["one", "none"])


def test_attributes_are_those_of_the_branch_that_is_merged_into(repo: Repo) -> None:
    run_git(repo.root, "checkout", "-q", "-b", "union")
    commit(repo.root, "Union", {".gitattributes": "README.md merge=union\n", "README.md": "# demo\nunion\n"})
    run_git(repo.root, "checkout", "-q", "-b", "plain", "main")
    commit(repo.root, "Plain", {"README.md": "# demo\nplain\n"})
    for at in ("union", "plain", "main"):
        run_git(repo.root, "checkout", "-q", at)
        assert predict_branches(repo, ["plain"], "union").base == {"plain": ()}
        assert predict_branches(repo, ["union"], "plain").base == {"union": ("README.md",)}
        built = build(repo, "union", "plain", "merge", "x")
        assert isinstance(built, Built)
        assert repo.read_blobs(built.commit, ["README.md"]) == {"README.md": b"# demo\nunion\nplain\n"}


def test_a_submodule_that_only_moved_on_is_no_conflict(tmp_path: Path) -> None:
    library = make_repo(tmp_path, {"lib.py": "x = 1\n"}, "library")
    top = make_repo(tmp_path)
    run_git(top, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "lib")
    commit(top, "Add the library")
    run_git(top / "lib", "config", "user.email", "a@example.org")
    run_git(top / "lib", "config", "user.name", "A")
    first = commit(top / "lib", "Two", {"lib.py": "x = 2\n"})
    second = commit(top / "lib", "Three", {"lib.py": "x = 3\n"})
    for name, at in (("one", first), ("two", second)):
        run_git(top, "checkout", "-q", "-f", "-b", name, "main")
        run_git(top, "update-index", "--cacheinfo", f"160000,{at},lib")
        run_git(top, "commit", "-q", "-m", name)
    run_git(top, "checkout", "-q", "one")
    repo = Repo.open(top)
    assert predict_branches(repo, ["one", "two"]).pairs == {("one", "two"): ()}
    run_git(top, "merge", "-q", "--no-edit", "two")
    built = build(repo, "one^1", "two", "merge", "x")
    assert isinstance(built, Built)
    assert built.tree == repo.tree_of("one")


def test_a_repository_whose_path_holds_separators(tmp_path: Path) -> None:
    repo = Repo.open(make_repo(tmp_path, None, 'odd:"name\\'))
    made = worktrees.add(repo, tmp_path / "wt:x", "a", "main").path
    write(made, {"README.md": "dirty\n"})
    commit(repo.root, "Base", {"README.md": "base\n"})
    with Predictor(repo, "main") as predictor:
        assert predictor.update({"a": predictor.look(made)}).base == {"a": ("README.md",)}


def test_commits_whose_attributes_or_submodules_differ_are_found_among_many(repo: Repo) -> None:
    start = commit(
        repo.root, "Attributes", {".gitattributes": "*.x merge=union\n", "deep/er/.gitattributes": "* text\n"}
    )
    commits = [start, commit(repo.root, "Plain", {"src/app.py": "changed\n", "x.gitattributes": "no\n"})]
    commits.append(commit(repo.root, "Deep", {"deep/er/.gitattributes": "* -text\n"}))
    run_git(repo.root, "rm", "-q", "deep/er/.gitattributes")
    commits.append(commit(repo.root, "Gone"))
    run_git(repo.root, "update-index", "--add", "--cacheinfo", f"160000,{start},sub")
    run_git(repo.root, "commit", "-q", "-m", "Submodule")
    commits.append(repo.commit_id("main"))
    back = run_git(repo.root, "commit-tree", "-m", "Back", "-p", "main", f"{start}^{{tree}}")
    commits.append(back.strip())
    known = {one: specials(repo, one) for one in commits}
    for reference in commits:
        expected = {one for one in commits if known[one] != known[reference]}
        assert differing_in_specials(repo, reference, commits) == expected


@pytest.mark.parametrize("memory", ["there", "absent", "full"])
def test_what_merges_write_goes_to_memory_or_to_disk_and_the_answer_is_the_same(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: str
) -> None:
    place = tmp_path / "memory"
    if memory != "absent":
        place.mkdir()
    monkeypatch.setattr(conflicts, "MEMORY", place)
    monkeypatch.setattr(conflicts, "_BATCH", 2)
    used: list[Path] = []
    real = mergetree.merge_many

    def seen(*args: Any, env: Mapping[str, str], **options: Any) -> list[mergetree.Merged | None]:
        used.append(Path(env["GIT_OBJECT_DIRECTORY"]).parent.parent)
        if memory == "full" and used[-1] == place:
            raise GitError("no space left on device")
        return real(*args, env=env, **options)

    monkeypatch.setattr(mergetree, "merge_many", seen)
    base = repo.commit_id("main")
    for name in "abcd":
        run_git(repo.root, "switch", "-q", "-c", name, base)
        commit(repo.root, name, {"README.md": f"by {name}\n", name: "own\n"})
    found = predict_branches(repo, ["a", "b", "c", "d"], "main")
    assert set(found.pairs.values()) == {("README.md",)}
    assert (place in used) is (memory != "absent")
    assert (len(set(used)) == 1) is (memory != "full")
    assert memory == "absent" or {one.name for one in place.rglob("*") if one.is_file()} == {"cockpit"}
