"""Conflicts, rollbacks and clean-ups by commands, on real repositories with real drivers."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.desk import Desk
from tests.git.repos import commit, run_git

pytestmark = [
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
    pytest.mark.usefixtures("alone"),
]
PLAN = """
cleanup: never
workstreams: [{id: a}, {id: b, depends_on: [a]}]
"""


def in_review(desk: Desk, key: str) -> None:
    desk.until(lambda: bool(desk.workstream(key)["state"] == "review"))


def merged(desk: Desk, *keys: str) -> None:
    """Carry workstreams to base, one after the other."""
    desk.trust()
    for key in keys:
        desk("start", key)
        in_review(desk, key)
        assert desk("approve", key)[0] == 0
        desk.until(lambda key=key: bool(desk.workstream(key)["state"] == "merged"))  # type: ignore[misc]  # this one


def conflicting(desk: Desk) -> None:
    """Bring `a` into a conflict with base: both made a.txt."""
    desk.trust()
    desk("start", "a")
    in_review(desk, "a")
    commit(desk.repo, "the operator's own", {"a.txt": "by the operator\n"})
    desk("approve", "a")
    desk.until(lambda: bool(desk.workstream("a")["state"] == "conflict"))


def test_a_conflict_is_resolved_by_hand_without_a_terminal(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(PLAN)
    conflicting(desk)
    assert desk("resolve", "a", "--done") == (1, "", "error: a: no worktree is open for its conflict (resolve)\n")
    code, out, _ = desk("resolve", "a")
    assert code == 0
    place, todo, give_up = out.splitlines()
    assert "in conflict: a.txt; edit the files until no marker is left, then: cockpit resolve" in todo
    assert give_up.endswith("--abandon")
    assert "<<<<<<<" in (Path(place) / "a.txt").read_text()
    document = desk.json("resolve", "a")
    assert (document["worktree"], document["files"]) == (place, ["a.txt"])
    assert Path(document["report"]).name == "conflict-a-1.md"
    code, _, err = desk("resolve", "a", "--done")
    assert code == 1
    assert "still conflicted: a.txt" in err
    code, _, err = desk("rebase", "a")
    assert code == 1
    assert "it is being resolved in" in err
    (Path(place) / "a.txt").write_text("both\n")
    assert desk("resolve", "a", "--done")[0] == 0
    in_review(desk, "a")
    desk("approve", "a")
    desk.until(lambda: bool(desk.workstream("a")["state"] == "merged"))
    assert (desk.repo / "a.txt").read_text() == "both\n"


def test_a_resolution_can_be_given_up_and_a_rebase_that_conflicts_says_so(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(PLAN)
    conflicting(desk)
    place = Path(desk("resolve", "a")[1].splitlines()[0])
    assert desk("resolve", "a", "--abandon")[0] == 0
    assert not place.exists()
    code, _, err = desk("rebase", "a")
    assert code == 1
    assert "the rebase conflicts too, in a.txt" in err
    assert len(err.splitlines()) == 1
    (desk.repo / "a.txt").unlink()
    run_git(desk.repo, "commit", "-q", "--all", "-m", "take it back")
    assert desk("rebase", "a")[0] == 0
    in_review(desk, "a")


def test_a_conflict_goes_to_a_new_run(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(PLAN)
    conflicting(desk)
    before = desk.workstream("a")["run"]
    assert desk("rerun", "a")[0] == 0
    desk.until(lambda: desk.workstream("a")["run"] != before)


@pytest.mark.parametrize("verb", ["rebase", "rerun", "resolve", "rollback"])
def test_what_makes_no_sense_is_refused_in_one_line(verb: str, desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(PLAN)
    desk.trust()
    code, out, err = desk(verb, "a")
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    code, _, err = desk(verb, "nobody")
    assert code == 1
    assert "there is no workstream nobody" in err


@pytest.mark.parametrize(
    "argv", [["rebase"], ["rerun"], ["rollback"], ["resolve"], ["resolve", "--done"], ["resolve", "--abandon"]]
)
def test_from_inside_a_run_nothing_is_resolved_or_rolled_back(
    argv: list[str], desk_of: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = desk_of(PLAN)
    desk.trust()
    monkeypatch.setattr("cockpit.cli.inside.run_in_ancestry", lambda: "a-1")
    code, _, err = desk(argv[0], "a", *argv[1:])
    assert code == 1
    assert "inside run a-1" in err


def test_done_and_abandon_exclude_each_other(desk_of: Callable[..., Desk]) -> None:
    assert desk_of(PLAN)("resolve", "a", "--done", "--abandon")[0] == 2


def test_a_rollback_names_merged_dependents_and_goes_on_when_told(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(PLAN)
    merged(desk, "a", "b")
    code, _, err = desk("rollback", "a")
    assert code == 1
    assert err.splitlines()[0].startswith("error: b depend on a and are merged")
    assert "--anyway" in err
    assert not desk.json("rollback", "a", code=1)["ok"]
    assert desk("rollback", "a", "--anyway", "--reason", "wrong")[0] == 0
    assert not (desk.repo / "a.txt").exists()
    assert [(one["workstream"], one["reverted"]) for one in desk.status()["merges"]] == [("a", True), ("b", False)]
    assert desk.workstream("a")["state"] == "review"
    code, out, _ = desk("facts")
    assert "its work is in review again" in out


def test_clean_up_says_what_it_freed_and_that_nothing_is_left(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(PLAN)
    code, out, _ = desk("trust", "--yes")
    assert desk("cleanup", "--all")[:2] == (0, "nothing to clean up\n")
    merged(desk, "a")
    desk("start", "b")
    in_review(desk, "b")
    code, out, _ = desk("cleanup", "--all")
    assert code == 0
    assert re.fullmatch(r"cleanup everything done: [\d.]+ [KM]?B freed\n", out)
    assert desk.workstream("a")["worktree"] is None
    assert desk.workstream("b")["worktree"] is not None
    code, out, _ = desk("cleanup", "--all")
    assert (code, out) == (0, "nothing to clean up: still in use are the worktrees of b (review)\n")
    assert desk.json("cleanup", "--all")["ok"]
    assert desk("cleanup", "a")[0] == 1


# --- on a terminal --------------------------------------------------------------------------------------------------


def on_a_terminal(desk: Desk, monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Let both ends be terminals on which these answers are typed; return the questions."""
    asked: list[str] = []
    left = list(answers)

    def answered(question: str) -> str:
        asked.append(question)
        return left.pop(0)

    monkeypatch.setattr("builtins.input", answered)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    return asked


def test_a_shell_is_opened_and_it_goes_on_when_it_is_resolved(
    desk_of: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    desk = desk_of(PLAN)
    conflicting(desk)
    shell = tmp_path / "shell"
    shell.write_text('#!/bin/sh\n[ -z "$GIT_DIR" ] && [ -e again ] && echo both > a.txt\ntouch again\n')
    shell.chmod(0o755)
    monkeypatch.setenv("SHELL", str(shell))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    asked = on_a_terminal(desk, monkeypatch, "d", "d")
    code, _, err = desk("resolve", "a")
    assert code == 0, err
    assert len(asked) == 2
    assert "not resolved yet: " in err
    assert "still conflicted: a.txt" in err
    monkeypatch.undo()


def test_an_editor_is_given_the_files_and_it_can_be_left_for_later(
    desk_of: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    desk = desk_of(PLAN)
    conflicting(desk)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"sh -c 'echo \"$@\" > {tmp_path}/edited' sh")
    asked = on_a_terminal(desk, monkeypatch, "l")
    code, out, _ = desk("resolve", "a", "--edit")
    assert code == 1
    assert "goes on with it" in out
    assert len(asked) == 1
    assert (tmp_path / "edited").read_text() == "./a.txt\n"
    assert desk.workstream("a")["state"] == "conflict"
    monkeypatch.setenv("EDITOR", "/no/such/editor")
    code, _, err = desk("resolve", "a", "--edit")
    assert code == 2
    assert "/no/such/editor cannot be started" in err


def test_a_rollback_asks_about_merged_dependents(desk_of: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    desk = desk_of(PLAN)
    merged(desk, "a", "b")
    asked = on_a_terminal(desk, monkeypatch, "", "y")
    assert desk("rollback", "a")[0] == 1
    assert desk("rollback", "a")[0] == 0
    assert asked == ["b depend on a and are merged. Roll back anyway? [y/N] "] * 2
    assert desk.workstream("a")["state"] == "review"


def test_of_two_rollbacks_the_one_that_is_refused_is_named_once(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(PLAN)
    merged(desk, "a", "b")
    assert desk("rollback", "b")[0] == 0
    _, out, err = desk("rollback", "b", "a", "--json")
    assert (out + err).count("b is review") == 1
    assert "a: ;" not in out + err
    assert desk.workstream("a")["state"] == desk.workstream("b")["state"] == "review"
