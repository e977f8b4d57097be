"""Commands on real scratch repositories, with real drivers and real agents."""

import contextlib
import fcntl
import json
import os
import re
import select
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import AnyStr

import pytest

from cockpit.cli import shapes
from cockpit.cli.known import driven_state, known_state
from cockpit.cli.main import run
from cockpit.cli.show import limit
from cockpit.engine.client import driver_pid, glimpse
from cockpit.engine.project import open_project
from cockpit.errors import JournalError
from tests.e2e.desk import DEADLINE_S, HEAD, Desk
from tests.git.repos import commit, run_git, write
from tests.unit.cli_schema_check import misfits

# A driver is meant to outlive the command that started it.
pytestmark = [
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
    pytest.mark.usefixtures("alone"),
]

SAMPLES = Path(__file__).resolve().parents[2] / "sample_plans"
# --- looking, without a driver -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("broken/*.yaml")), ids=lambda path: path.stem)
def test_check_reports_every_kind_of_broken_plan(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(path), "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert misfits(found, shapes.schema_of("check")) == []
    assert not found["ok"]
    assert found["errors"]
    assert all(one["line"] and one["column"] and one["hint"] for one in found["errors"])
    assert run(["check", str(path)]) == 2
    out = capsys.readouterr().out
    assert f"{path.name}:{found['errors'][0]['line']}:{found['errors'][0]['column']}" in out
    assert run(["status", str(path)]) == 2
    assert capsys.readouterr().out == ""


def test_check_of_a_good_plan_finds_nothing_in_the_way(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of("workstreams: [{id: a}, {id: b, depends_on: [a]}]\n")
    found = desk.json("check")
    assert misfits(found, shapes.schema_of("check")) == []
    assert found["ok"]
    names = [one["name"] for one in found["preflight"]]
    assert {"graph", "git", "base", "identity", "branches", "agents", "disk", "worktrees", "leftovers"} <= set(names)
    code, out, _ = desk("check")
    assert code == 0
    assert "✓ graph" in out
    assert not (desk.repo / ".cockpit").exists()


def test_check_warns_of_what_has_no_effect_yet_and_of_short_time_limits(desk_of: Callable[..., Desk]) -> None:
    plan = "limits: {run_timeout: 1h}\ntrack: true\n"
    plan += "workstreams: [{id: a, estimate: 3h, sparse: true, env: {SOME_TOKEN: long-enough, MODE: long-enough}}]\n"
    head = HEAD.replace("limits: {retries: 0, min_free_disk: 1MB}\n", "")
    found = desk_of(plan, head=head).json("check")
    messages = [one["message"] for one in found["warnings"]]
    assert any("not in effect yet: track" in message for message in messages)
    assert any("limits.run_timeout" in message and "3h" in message for message in messages)
    assert any("`sparse` has no effect on a" in message for message in messages)
    assert [message.rpartition(".")[2] for message in messages if "secret" in message] == ["SOME_TOKEN"]
    assert "long-enough" not in str(messages)
    assert all(one["line"] for one in found["warnings"])


@pytest.mark.parametrize(
    ("plan", "name", "said"),
    [
        ("base: nowhere\nworkstreams: [{id: a}]\n", "base", "there is no branch nowhere (named in the plan)"),
        ("workstreams: [{id: a, branch: main}]\n", "branches", "is the base"),
        ("workstreams: [{id: a, branch: theirs}]\n", "branches", "commits that main lacks"),
        ("workstreams: [{id: a, branch: elsewhere}]\n", "branches", "is checked out in"),
        ("worktrees: README.md\nworkstreams: [{id: a}]\n", "worktrees", "is no folder"),
        ("worktrees: src\nworkstreams: [{id: a}]\n", "worktrees", "holds tracked files"),
    ],
)
def test_the_preflight_names_what_is_in_the_way(
    plan: str, name: str, said: str, desk_of: Callable[..., Desk], tmp_path: Path
) -> None:
    desk = desk_of(plan)
    commit(desk.repo, "tracked", {"src/x.py": "x = 1\n"})
    run_git(desk.repo, "branch", "elsewhere")
    run_git(desk.repo, "worktree", "add", "-q", str(tmp_path / "other"), "elsewhere")
    run_git(desk.repo, "branch", "theirs")
    run_git(tmp_path / "other", "switch", "-q", "theirs")
    commit(tmp_path / "other", "theirs")
    run_git(tmp_path / "other", "switch", "-q", "elsewhere")
    found = desk.json("check", code=1)
    wrong = [one for one in found["preflight"] if not one["ok"]]
    assert [one["name"] for one in wrong] == [name]
    assert said in wrong[0]["detail"]
    assert wrong[0]["hint"]


def test_the_preflight_counts_the_disk_and_looks_for_programs(desk_of: Callable[..., Desk]) -> None:
    tools = 'y: {preset: gemini, run: ["true"], mcp: true}, z: {preset: claude, run: ["true"], mcp: false}'
    head = f'agents: {{x: {{run: ["no-such-program-at-all"]}}, {tools}}}\nlimits: {{min_free_disk: 900TB}}\n'
    desk = desk_of("workstreams: [{id: a}]\n", head=head)
    found = desk.json("check", code=1)
    wrong = [(one["name"], one["detail"]) for one in found["preflight"] if not one["ok"]]
    assert [name for name, _ in wrong] == ["agents", "agents", "disk"]
    assert "no-such-program-at-all is not found" in wrong[0][1]
    assert "y: `mcp: true`, and it gets no tools: Gemini CLI takes them from its own settings" in wrong[1][1]
    assert "min_free_disk 900.0 TB" in wrong[2][1]
    fine = [one["detail"] for one in found["preflight"] if one["name"] == "agents" and one["ok"]]
    assert fine[-1].endswith(", without cockpit's tools (`mcp: false`)")


def test_leftovers_are_named_with_what_to_do(desk_of: Callable[..., Desk], tmp_path: Path) -> None:
    desk = desk_of("workstreams: [{id: a}]\n")
    run_git(desk.repo, "worktree", "add", "-q", str(tmp_path / "gone"), "-b", "gone")
    (tmp_path / "gone" / ".git").unlink()
    lock = desk.repo / ".git" / "index.lock"
    lock.touch()
    os.utime(lock, (1.0, 1.0))
    found = desk.json("check", code=1)
    wrong = [one for one in found["preflight"] if not one["ok"]]
    assert {one["name"] for one in wrong} == {"leftovers"}
    assert {one["detail"].split()[0] for one in wrong} == {"worktree", "lock"}
    assert all(one["hint"] for one in wrong)


def test_check_outside_a_repository_is_an_error_of_the_plan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    write(tmp_path, {"plan.yaml": "workstreams: [{id: a}]\n"})
    assert run(["check", str(tmp_path / "plan.yaml"), "--json"]) == 2
    assert "not a git repository" in json.loads(capsys.readouterr().out)["errors"][0]["message"]


def test_simulate_prints_the_schedule(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(
        """
workstreams:
  - {id: db, issues: [{id: DB-1, estimate: 1h}, {id: DB-2, estimate: 2h, depends_on: [DB-1]}]}
  - {id: cli, issues: [{id: CLI-1, estimate: 1h}, {id: CLI-2, estimate: 1h, depends_on: [DB-1]}]}
"""
    )
    found = desk.json("simulate", "--agents", "1,2")
    assert misfits(found, shapes.schema_of("simulate")) == []
    assert found["rounds"] == 2
    assert [row["agents"] for row in found["per_agents"]] == [1, 2]
    assert found["per_agents"][0]["work_s"] == 5 * 3600
    assert sum(leg["critical"] for leg in found["legs"]) >= 2
    code, out, _ = desk("simulate")
    assert code == 0
    assert "critical path: " in out
    assert "CLI-2" in out
    assert not (desk.repo / ".cockpit").exists()


def test_a_plan_without_agents_can_be_simulated_but_not_run(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of("workstreams: [{id: a, estimate: 2h}, {id: b, depends_on: [a], estimate: 1h}]\n", head="")
    found = desk.json("simulate")
    assert misfits(found, shapes.schema_of("simulate")) == []
    assert [(leg["end_s"], leg["slot"]) for leg in found["legs"]] == [(7200.0, None), (10800.0, None)]
    assert [one["name"] for one in desk.json("check", code=1)["preflight"] if not one["ok"]] == ["agents"]


def test_a_plan_that_was_never_opened_has_a_status_and_no_facts(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of("workstreams: [{id: a, title: One}]\n")
    found = desk.status()
    assert found["state"] == "idle"
    assert found["base"]["commit"] == run_git(desk.repo, "rev-parse", "main").strip()
    assert found["driver"] is None
    assert "not started" in desk("status")[1]
    assert desk("facts")[1] == ""
    assert desk.json("facts", "--verify") == {"ok": True, "facts": 0, "first_broken": None, "head": "", "missing": 0}
    assert not (desk.repo / ".cockpit").exists()


def test_a_plan_must_be_trusted_before_anything_runs(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of("workstreams: [{id: a}]\n")
    for command in (["start", "a"], ["run"], ["retry", "--all"]):
        code, out, err = desk(command[0], *command[1:])
        assert (code, out) == (2, "")
        assert '["sh", "agent.sh"]' in err
        assert "cockpit trust" in err
    assert not (desk.repo / ".cockpit").exists()
    code, out, err = desk("trust")
    assert code == 2
    assert '["sh", "agent.sh"]' in out
    assert "--yes" in err
    found = desk.json("trust", "--yes")
    assert (found["trusted"], found["already"]) == (True, False)
    assert desk.json("trust")["already"]
    desk.plan.write_text(desk.plan.read_text().replace("agent.sh", "other.sh"))
    assert desk("run")[0] == 2


# --- running -------------------------------------------------------------------------------------------------------


def test_run_carries_a_plan_to_base(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of("workstreams: [{id: a}, {id: b, depends_on: [a]}]\n")
    code, out, err = desk("run", "--approve", "all", "--trust")
    assert (code, err) == (0, "")
    assert "merged: 2 legs" in out
    assert run_git(desk.repo, "show", "main:b.txt") == "b\n"
    found = desk.status()
    assert found["state"] == "finished"
    assert [merge["leg"] for merge in found["merges"]] == ["a", "b"]
    lines = desk("facts", "--json")[1].splitlines()
    facts = [json.loads(line) for line in lines]
    assert [fact["seq"] for fact in facts] == list(range(1, len(facts) + 1))
    assert {"PlanLoaded", "RunStarted", "LegMerged"} <= {fact["kind"] for fact in facts}
    since = [json.loads(line)["seq"] for line in desk("facts", "--json", "--since", "3")[1].splitlines()]
    assert since == list(range(4, len(facts) + 1))
    assert desk.json("facts", "--verify")["ok"]
    printed = desk("facts")[1]
    assert len(printed.splitlines()) == len(facts)
    assert "merged into base as" in printed
    only = desk("facts", "--only", "kind:legmerged workstream:b")[1].splitlines()
    assert [line for line in printed.splitlines() if " b " in line and "merged into" in line] == only
    assert "--verify checks all facts" in desk("facts", "--only", "x", "--verify")[2]
    assert desk("changes") == (0, "", "the plan did not change since it was opened first\n")
    desk.plan.write_text(desk.plan.read_text().replace("{id: a}", '{id: a, title: "[/b]\\u202e Other"}'))
    again, out, err = desk("run")
    assert (again, err) == (0, "")
    assert "all is merged already: nothing was left to do" in out
    assert "refused" not in out
    told = desk("changes")[1].splitlines()
    assert told[0].endswith(": 1 change")
    assert told[1:] == ["~ a title", "    + [/b] Other", "    → it is merged: nothing of that is done again"]
    (change,) = desk.json("changes")["changes"]
    assert (change["workstream"], change["field"], change["new"]) == ("a", "title", "[/b]\u202e Other")
    assert known_state(desk.plan) is not None
    desk.plan.write_text(desk.plan.read_text() + "# changed\n")
    assert known_state(desk.plan) is None


def test_run_says_what_waits_for_a_human_and_why(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of("workstreams: [{id: bad}, {id: a}, {id: b, depends_on: [bad]}]\n")
    code, out, _ = desk("run", "--trust")
    assert code == 1
    assert "bad is failed" in out
    assert "a is review: awaits your approval of its merge" in out
    assert "b is waiting: blocked by bad (failed)" in out
    found = desk.json("run", code=1)
    assert misfits(found, shapes.schema_of("status")) == []
    assert found["state"] == "attention"


def test_run_of_some_wants_only_these_and_what_they_need(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of("workstreams: [{id: a}, {id: b, depends_on: [a]}, {id: c}]\n")
    assert desk("run", "--trust", "--approve", "all", "--only", "b")[0] == 0
    states = {one["id"]: one["state"] for one in desk.status()["workstreams"]}
    assert states == {"a": "merged", "b": "merged", "c": "waiting"}
    code, out, err = desk("run", "--only", "b")
    assert (code, err, "b is merged already" in out, "refused" in out) == (0, "", True, False)
    assert desk("run", "--only", "nope")[0] != 0


def test_orders_go_through_a_driver_that_they_start(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of("workstreams: [{id: slow}, {id: a}, {id: b, depends_on: [a]}]\n")
    desk.trust()
    code, _, err = desk("start", "b")
    assert (code, "a" in err) == (0, False)
    assert desk("start", "a", "slow")[0] == 0
    desk.until(lambda: desk.workstream("slow")["state"] == "running")
    found = desk.status()
    assert found["driver"]["pid"] == driver_pid(open_project(desk.plan).state)
    assert "slow" in [slot["workstream"] for slot in found["agents"] if slot["state"] == "busy"]
    code, out, err = desk("run")
    assert (code, out) == (3, "")
    assert "another driver runs" in err
    desk.until(lambda: desk.workstream("a")["approval"] == "merge")
    code, _, err = desk("approve", "slow")
    assert (code, "awaits no approval" in err) == (1, True)
    code, _, err = desk("discard", "slow")
    assert (code, "slow is running, not quarantined" in err) == (1, True)  # and nobody is asked before
    code, _, err = desk("approve", "a", "--commit", "0123456789")
    assert (code, "a is not what was shown any more" in err) == (1, True)
    assert desk("approve", "a", "--commit", "main")[0] == 2
    assert desk.json("approve", "a")["ok"]
    desk.until(lambda: desk.workstream("a")["state"] == "merged")
    given = [json.loads(line)["data"] for line in desk("facts", "--json")[1].splitlines() if "ApprovalGiven" in line]
    assert [run_git(desk.repo, "cat-file", "-t", one["commit"]).strip() for one in given] == ["commit"]
    assert desk("merge", "a") == (0, "merge a done: a is merged already\n", "")
    desk.until(lambda: desk.workstream("b")["state"] == "review")
    assert desk("reject", "b", "--comment", "b.txt:0=zero")[0] == 2
    code, _, err = desk("reject", "b", "--comment", "b.txt:99=there is none")
    assert (code, "there is no line b.txt:99 in " in err) == (2, True)
    code, out, err = desk("diff", "b")
    assert (code, err, "+++ b/b.txt\n@@ -0,0 +1 @@\n+b\n" in out, desk("diff", "b", "a.txt")) == (
        0,
        "",
        True,
        (0, "", ""),
    )
    assert "nobody decided on b yet" in desk("diff", "b", "--since-review")[2]
    comments = ["--comment", "b.txt:1=why = so", "--comment", "README.md:-1=keep it"]
    assert desk("reject", "b", "--reason", "not like this", *comments)[0] == 0
    assert desk.workstream("b")["state"] == "rejected"
    assert desk.json("diff", "b", "--since-review")["files"] == []
    assert desk.json("diff", "b")["files"][0]["path"] == "b.txt"
    assert "not like this │ b.txt:1: why = so │ README.md:1: keep it" in desk("facts")[1]
    assert desk("pause", "slow")[0] == 0
    assert desk.workstream("slow")["state"] == "paused"
    good = desk.plan.read_text()
    desk.plan.write_text("workstreams: [")
    assert known_state(desk.plan) is None
    assert driven_state(desk.plan) is not None, "the screen opens, and lists what is wrong"
    assert desk.workstream("slow")["state"] == "paused", "and commands go on with what the driver goes on with"
    assert desk("check")[0] == 2
    code, _, err = desk("resume", "slow")
    assert (code, "has errors" in err) == (0, True)
    desk.plan.unlink()
    code, _, err = desk("pause", "slow")
    assert (code, "is gone" in err) == (0, True)
    assert desk("resume", "slow")[0] == 0
    desk.plan.write_text(good.replace('"agent.sh"', '"agent.sh", "else"'))
    assert "not trusted" in desk("limits", "--agents", "2")[2]
    assert desk("pause", "slow")[0] == 0, "what holds back needs no trust"
    desk.plan.write_text(good)
    assert desk("resume", "slow")[0] == 0
    assert desk("limits", "--agents", "1")[0] == 0
    assert limit_of(desk) == 1
    limit(open_project(desk.plan).state, 5)  # as `cockpit PLAN --agents 5` does while a driver runs
    assert limit_of(desk) == 5
    assert desk("drain")[0] == 0
    assert "held already" in desk("drain")[2]
    assert desk("drain", "--off")[0] == 0
    assert desk("stop", "slow", "--reason", "enough")[0] == 0
    assert desk.workstream("slow")["state"] == "stopped"
    code, _, err = desk("start", "nobody")
    assert (code, "there is no workstream nobody" in err) == (1, True)
    assert desk("stop-driver")[0] == 0
    desk.until(lambda: driver_pid(open_project(desk.plan).state) is None)
    assert desk("stop-driver")[0] == 1
    by = {json.loads(line)["data"].get("by", "") for line in desk("facts", "--json")[1].splitlines()}
    assert any(one.endswith("@command") for one in by)
    limit(open_project(desk.plan).state, 9)  # no driver runs: it is told when it is started
    assert desk("pause", "a")[0] == 1
    assert limit_of(desk) == 5, "the limit outlives the driver"


def limit_of(desk: Desk) -> int:
    """Return how many agents may run at once, by the journal."""
    return glimpse(open_project(desk.plan).state).snapshot.max_agents()


def test_work_that_is_cleaned_up_is_kept_and_comes_back(desk_of: Callable[..., Desk], tmp_path: Path) -> None:
    desk = desk_of("cleanup: never\nworkstreams: [{id: a}]\n")
    assert desk("run", "--trust")[0] == 1
    worktree = Path(desk.workstream("a")["worktree"])
    (worktree / "draft.txt").write_text("not committed\n")
    assert desk("stop", "a")[0] == 0
    assert desk("cleanup", "a")[0] == 0
    assert not worktree.exists()
    rescues = desk.json("rescue list")["rescues"]
    assert [one["workstream"] for one in rescues] == ["a"]
    assert rescues[0]["files"] == ["draft.txt"]
    assert "draft.txt" in desk("rescue show", rescues[0]["ref"])[1]
    assert rescues[0]["ref"] in desk("rescue list")[1]
    made = desk.json("rescue restore", rescues[0]["commit"][:9], "--to", str(tmp_path / "back"))
    assert (Path(made["worktree"]) / "draft.txt").read_text() == "not committed\n"
    assert (Path(made["worktree"]) / "a.txt").read_text() == "a\n"
    code, _, err = desk("rescue show", "nonsense")
    assert (code, "no rescue is called" in err) == (2, True)
    state = open_project(desk.plan).state
    desk("stop-driver")
    desk.until(lambda: driver_pid(state) is None)
    whole = desk.json("facts", "--verify")
    assert f"of {whole['facts']} facts is whole; its last hash is {whole['head']}\n" in desk("facts", "--verify")[1]
    journal = state.journal
    with contextlib.closing(sqlite3.connect(journal)) as db, db:
        db.execute("DELETE FROM facts WHERE seq > ?", (whole["facts"] - 2,))
    code, out, _ = desk("facts", "--verify")
    assert (code, "2 facts are missing at the end" in out, "docs/recovery.md" in out) == (1, True, True)
    cut = desk.json("facts", "--verify", code=1)
    assert (cut["facts"], cut["first_broken"], cut["missing"]) == (whole["facts"] - 2, whole["facts"] - 1, 2)
    for name in ("", "-wal", "-shm"):
        journal.with_name(journal.name + name).unlink(missing_ok=True)
    for content in (None, b""):
        if content is not None:
            journal.write_bytes(content)
        code, out, _ = desk("facts", "--verify")
        assert (code, "1 run in " in out, "1 rescue." in out, "docs/recovery.md" in out) == (1, True, True, True)
        found = {"ok": False, "facts": 0, "first_broken": 1, "head": "", "missing": whole["facts"]}
        assert desk.json("facts", "--verify", code=1) == found


def test_logs_print_what_the_agent_printed_without_its_escapes(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of("workstreams: [{id: a}]\n")
    assert "has not run yet" in desk("logs", "a")[2]
    assert desk("run", "--trust", "--approve", "all")[0] == 0
    code, out, err = desk("logs", "a", "--follow")
    assert code == 0
    assert out == "hello from a red \ncareful\n"
    assert "run " in err
    code, _, err = desk("logs", "nope")
    assert (code, "there is no workstream nope" in err) == (2, True)


def test_doctor_names_a_run_without_a_driver(desk_of: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    desk = desk_of("workstreams: [{id: slow}]\n")
    monkeypatch.chdir(desk.repo)
    desk.trust()
    assert run(["doctor", "--json"]) == 0
    assert desk("start", "slow")[0] == 0
    desk.until(lambda: desk.workstream("slow")["state"] == "running")
    assert desk("stop-driver")[0] == 0
    state = open_project(desk.plan).state
    desk.until(lambda: driver_pid(state) is None)
    desk.capsys.readouterr()
    assert run(["doctor", "--json"]) == 1
    checks = json.loads(desk.capsys.readouterr().out)["checks"]
    wrong = [one for one in checks if not one["ok"]]
    assert [one["name"] for one in wrong] == ["run"]
    assert "goes on without a driver" in wrong[0]["detail"]
    assert desk.status()["driver"] is None
    go = desk.repo.parent / "repo.worktrees" / "go"
    go.touch()
    assert desk("run", "--approve", "all")[0] == 0
    assert glimpse(state).snapshot.state() == "finished"


def test_doctor_says_what_the_next_start_puts_right_and_changes_nothing(
    desk_of: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = desk_of("cleanup: never\nworkstreams: [{id: a}]\n")
    assert desk("run", "--trust")[0] == 1
    monkeypatch.chdir(desk.repo)
    worktree = Path(desk.workstream("a")["worktree"])
    lock = Path(run_git(worktree, "rev-parse", "--absolute-git-dir").strip()) / "index.lock"
    lock.touch()
    os.utime(lock, (1, 1))
    for argv in (["doctor", "--json"], ["doctor", str(desk.plan), "--json"]):
        desk.capsys.readouterr()
        assert run(argv) == 1
        checks = json.loads(desk.capsys.readouterr().out)["checks"]
        (one,) = [one for one in checks if one["name"] == "recovery"]
        assert not one["ok"]
        assert f"{lock}: will be removed" in one["detail"]
        assert one["hint"] == "the next start of the plan does that"
        assert lock.exists()
    assert desk("run")[0] == 1
    assert not lock.exists()
    assert f"put right: {lock}: removed" in desk("facts")[1]


def test_state_can_be_kept_elsewhere(desk_of: Callable[..., Desk], tmp_path: Path) -> None:
    desk = desk_of("workstreams: [{id: a}]\n")
    elsewhere = str(tmp_path / "state")
    assert desk("run", "--trust", "--approve", "all", "--state-dir", elsewhere)[0] == 0
    assert not (desk.repo / ".cockpit").exists()
    assert desk.json("status", "--state-dir", elsewhere)["state"] == "finished"
    assert known_state(desk.plan, tmp_path / "state") is not None
    assert desk.status()["state"] == "idle"


def test_hostile_titles_reach_no_terminal(desk_of: Callable[..., Desk]) -> None:
    title = r'"\e]0;pwned\a\e[31m[bold]\u202e\nx"'
    desk = desk_of(f"workstreams: [{{id: a, title: {title}}}]\n")
    out = desk("run", "--trust", "--approve", "all")[1] + desk("status")[1] + desk("facts")[1] + desk("simulate")[1]
    assert not {"\x1b", "\x07", "\u202e"} & set(out)
    assert desk.workstream("a")["title"] == "\x1b]0;pwned\x07\x1b[31m[bold]\u202e\nx"


# --- the demo ------------------------------------------------------------------------------------------------------


def test_the_demo_refuses_a_folder_that_holds_something(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").touch()
    assert run(["demo", str(tmp_path), "--headless"]) == 2
    assert "not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


# --- what goes on beside -------------------------------------------------------------------------------------------


def test_ctrl_c_ends_the_driver_and_leaves_the_agents(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of("workstreams: [{id: slow}]\n")
    desk.trust()
    state = open_project(desk.plan).state

    def interrupt() -> None:
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            with contextlib.suppress(JournalError):  # it may be in the making
                if "running" in glimpse(state).snapshot.counts():
                    break
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    code, _, err = desk("run", "--approve", "all")
    thread.join()
    assert code == 130
    assert "takes them over" in err
    assert driver_pid(state) is None
    assert desk.workstream("slow")["state"] == "running"
    (desk.repo.parent / "repo.worktrees" / "go").touch()
    assert desk("run", "--approve", "all")[0] == 0


def test_run_asks_on_the_terminal(
    desk_of: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    desk = desk_of("workstreams: [{id: a}, {id: b, depends_on: [a]}]\n")
    desk.trust()
    code, _, err = desk("run", "--approve", "ask")
    assert (code, "needs a terminal" in err) == (2, True)
    master, slave = os.openpty()
    os.write(master, b"y\nn\ntoo short\n")
    with os.fdopen(slave, "r") as typed, (tmp_path / "shown").open("w+") as shown:
        monkeypatch.setattr("sys.stdin", typed)
        monkeypatch.setattr(shown, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdout", shown)
        monkeypatch.setenv("NO_COLOR", "1")
        code = run(["run", str(desk.plan), "--approve", "ask"])
        monkeypatch.undo()
        shown.seek(0)
        text = shown.read()
    os.close(master)
    assert code == 1
    assert re.search(r"merge of a at [0-9a-f]{9} \(1 file, \+1 −0\): approve\?", text)
    assert "legs merged" in text
    assert "b is rejected: too short" in text
    assert "merged into base as" in text
    assert run_git(desk.repo, "show", "main:a.txt") == "a\n"


def test_facts_of_a_plan_without_a_journal_are_none_and_say_why(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of("workstreams: [{id: a}]\n")
    code, out, err = desk("facts", "--json")
    assert (code, out) == (0, ""), "no line of JSON for no fact"
    assert err == "nothing has happened yet: this plan has no journal\n"
    assert desk.json("facts", "--verify") == {"ok": True, "facts": 0, "first_broken": None, "head": "", "missing": 0}
    assert not (desk.repo / ".cockpit").exists()


def test_facts_can_be_followed_from_before_the_beginning(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of("workstreams: [{id: a}]\n")
    argv = [sys.executable, "-m", "cockpit", "facts", str(desk.plan), "--follow", "--json"]
    with ended(subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)) as follower:
        assert desk("run", "--trust", "--approve", "all")[0] == 0
        assert follower.stdout is not None
        kinds = []
        while "DriverEnded" not in kinds:
            kinds.append(json.loads(follower.stdout.readline())["kind"])
        follower.send_signal(signal.SIGINT)
        _, err = follower.communicate(timeout=DEADLINE_S)
    assert "LegMerged" in kinds
    assert (follower.returncode, err) == (130, "")


def test_trust_reaches_a_driver_that_runs(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of("workstreams: [{id: slow}, {id: a}]\n")
    desk.trust()
    assert desk("start", "slow")[0] == 0
    desk.until(lambda: desk.workstream("slow")["state"] == "running")
    desk.plan.write_text(desk.plan.read_text().replace("slots: 2", "slots: 3"))
    assert desk("start", "a")[0] == 2
    assert desk("trust", "--yes")[0] == 0
    assert desk("start", "a")[0] == 0
    desk.until(lambda: len(desk.status()["agents"]) == 3)


def test_the_screen_needs_a_terminal(desk_of: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    desk = desk_of("workstreams: [{id: a}]\n")
    assert run([str(desk.plan)]) == 2
    err = desk.capsys.readouterr().err
    assert "needs a terminal" in err
    assert "cockpit run" in err


def test_the_screen_opens_on_a_terminal_and_leaves_what_runs(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of("workstreams: [{id: slow, title: Takes its time}]\n")
    desk.trust()
    assert desk("start", "slow")[0] == 0
    desk.until(lambda: desk.workstream("slow")["state"] == "running")
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    argv = [sys.executable, "-m", "cockpit", str(desk.plan)]
    with ended(subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)) as screen:
        os.close(slave)
        shown = _read_until(master, b"hello from slow")  # the driver tells what the agent prints
        os.write(master, b"q")
        shown += _read_until(master, b"Leave running")
        os.write(master, b"\x03")  # at a question, ctrl+c quits at once and leaves what runs
        shown += _read_until(master, b"Come back with")
        assert screen.wait(DEADLINE_S) == 0
    os.close(master)
    assert b"slow" in shown
    assert b"The driver goes on with slow" in shown
    assert desk.workstream("slow")["state"] == "running"


@contextlib.contextmanager
def ended(process: subprocess.Popen[AnyStr]) -> Iterator[subprocess.Popen[AnyStr]]:
    """Leave no process behind, also when a test fails."""
    with process:
        try:
            yield process
        finally:
            process.kill()


def _read_until(fd: int, pattern: bytes) -> bytes:
    """Read what a screen paints until a pattern shows."""
    found = b""
    deadline = time.monotonic() + DEADLINE_S
    while not re.search(pattern, found):
        ready, _, _ = select.select([fd], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, found[-2000:]
        try:
            found += os.read(fd, 65536)
        except OSError as error:  # the other end is closed
            raise AssertionError(found[-2000:]) from error
    return found
