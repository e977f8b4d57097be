"""`cockpit conflicts` on real repositories: its answer is that of git's own merge, and it changes nothing."""

import itertools
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cockpit.cli import shapes
from cockpit.cli.main import run
from tests.e2e.desk import Desk
from tests.git.repos import IDENTITY, commit, make_repo, run_git, write
from tests.unit.cli_schema_check import misfits

pytestmark = [
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
    pytest.mark.usefixtures("alone"),
]
TWO = """
limits: {agents: 2, retries: 0, min_free_disk: 1MB}
workstreams: [{id: slow}, {id: b}, {id: c}]
"""
HEAD = """
name: tiny
agents:
  coder: {run: ["sh", "agent.sh"], slots: 3}
gates: []
"""


def branches(tmp_path: Path) -> Path:
    """Make a repository whose branches one and two conflict in `a b.txt`, and of which three conflicts with main."""
    repo = make_repo(tmp_path, {"a b.txt": "1\n2\n3\n", "z.txt": "z\n"})
    for name, path, text in (
        ("one", "a b.txt", "1\none\n3\n"),
        ("two", "a b.txt", "1\ntwo\n3\n"),
        ("three", "z.txt", "three\n"),
    ):
        run_git(repo, "checkout", "-q", "-b", name, "main")
        commit(repo, f"work on {name}", {path: text})
    run_git(repo, "checkout", "-q", "main")
    commit(repo, "main moves", {"z.txt": "main\n"})
    return repo


def as_git_does(repo: Path, ours: str, theirs: str, scratch: Path) -> list[str]:
    """Return what `git merge` itself conflicts in, in a clone of its own."""
    clone = scratch / f"{ours}-{theirs}"
    run_git(scratch, "clone", "-q", "--branch", ours, str(repo), str(clone))
    run_git(clone, *IDENTITY, "merge", "-q", "--no-edit", f"origin/{theirs}", check=False)
    out = subprocess.run(
        ["git", "diff", "--name-only", "--diff-filter=U", "-z"], cwd=clone, capture_output=True, check=True
    )
    return [path for path in out.stdout.decode().split("\0") if path]


def found(capsys: pytest.CaptureFixture[str], *argv: str, code: int) -> Any:
    capsys.readouterr()
    assert run(["conflicts", *argv, "--json"]) == code, capsys.readouterr().err
    document = json.loads(capsys.readouterr().out)
    assert misfits(document, shapes.schema_of("conflicts")) == []
    return document


def test_any_repository_is_answered_as_git_merges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repo = branches(tmp_path)
    before = run_git(repo, "for-each-ref")
    names = ["one", "two", "three"]
    document = found(capsys, "--repo", str(repo), *names, code=1)
    assert {frozenset((one["a"], one["b"])) for one in document["pairs"]} == {
        frozenset(pair) for pair in itertools.combinations(names, 2)
    }
    for one in document["pairs"]:
        wanted = as_git_does(repo, one["a"], one["b"], tmp_path)
        assert one["paths"] == wanted
        assert one["conflict"] is bool(wanted)
    assert document["base"] == [
        {"branch": "one", "conflict": False, "paths": []},
        {"branch": "three", "conflict": True, "paths": ["z.txt"]},
        {"branch": "two", "conflict": False, "paths": []},
    ]
    assert run_git(repo, "for-each-ref") == before
    assert run_git(repo, "status", "--porcelain") == ""


def test_no_conflict_is_exit_code_zero_and_another_base_can_be_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = branches(tmp_path)
    document = found(capsys, "--repo", str(repo), "--base", "one", "three", code=0)
    assert document == {"pairs": [], "base": [{"branch": "three", "conflict": False, "paths": []}]}
    assert run(["conflicts", "--repo", str(repo), "--base", "one", "two", "three"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "⚔ two with one (base): a b.txt",
        "1 conflict among 1 pair and 2 merges into one",
    ]
    assert run(["conflicts", "--repo", str(repo), "one"]) == 0
    assert "no conflict among 1 merge into main" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "one plan file is needed"),
        (["a.yaml", "b"], "one plan file is needed"),
        (["--repo", "{repo}"], "no branch was named"),
        (["--repo", "{repo}", "nothing"], "no branch is called 'nothing'"),
        (["--repo", "{repo}/gone", "one"], "no such folder"),
        (["no.yaml"], "no such plan file"),
    ],
)
def test_what_cannot_be_answered_is_said(
    argv: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = make_repo(tmp_path, {"x": "x\n"})
    assert run(["conflicts", *(word.replace("{repo}", str(repo)) for word in argv)]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_a_plan_is_looked_at_with_what_is_not_committed(
    desk_of: Callable[..., Desk], capsys: pytest.CaptureFixture[str]
) -> None:
    desk = desk_of(TWO, head=HEAD)
    assert found(capsys, str(desk.plan), code=0) == {"pairs": [], "base": []}
    desk.trust()
    desk("start", "slow", "b")
    desk.until(lambda: desk.workstream("b")["state"] == "review" and bool(desk.workstream("slow")["worktree"]))
    trees = {key: Path(desk.workstream(key)["worktree"]) for key in ("slow", "b")}
    write(trees["slow"], {"new.txt": "by slow\n"})
    write(trees["b"], {"new.txt": "by b\n", "README.md": "# mine\n"})
    before = {key: run_git(tree, "status", "--porcelain") for key, tree in trees.items()}
    commit(desk.repo, "main moves", {"README.md": "# theirs\n"})
    document = found(capsys, str(desk.plan), code=1)
    assert document["pairs"] == [{"a": "b", "b": "slow", "conflict": True, "paths": ["new.txt"]}]
    assert document["base"] == [
        {"branch": "b", "conflict": True, "paths": ["README.md"]},
        {"branch": "slow", "conflict": False, "paths": []},
    ]
    assert {key: run_git(tree, "status", "--porcelain") for key, tree in trees.items()} == before
