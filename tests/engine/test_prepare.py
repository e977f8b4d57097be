"""What a plan prepares is on base, once, gated and approved, before anything else of the plan runs."""

import contextlib
import os
import re
import signal
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from cockpit import processtree
from cockpit.engine.client import glimpse
from cockpit.git import rescued
from cockpit.git.repo import Repo
from cockpit.plan.roundzero import PREPARE
from cockpit.schedule import facts as f
from tests.engine.scenes import Play, Scene

pytestmark = pytest.mark.anyio

STUBS = ["echo stub > stub.txt", ["sh", "-c", 'cat stub.txt README.md > "$0"', "all $HOME.txt"]]
READS = "cat stub.txt > $COCKPIT_WORKSTREAM.txt"
BOTH: dict[str, dict[str, Any]] = {"a": {"does": READS}, "b": {"does": READS, "depends_on": ["a"]}}


async def until(play: Play, state: str) -> None:
    await play.until(lambda now: now.state(PREPARE) == state)


def runs_of(play: Play) -> int:
    return len([fact for fact in play.of(f.RunStarted) if fact.leg == PREPARE])


def counting(scene: Scene, *more: str) -> list[str]:
    """Return commands that leave a line on the stage for each time they are run."""
    return [f"echo x >> {scene.stage}/ran", *more]


def times(scene: Scene) -> int:
    file = scene.stage / "ran"
    return len(file.read_text().splitlines()) if file.exists() else 0


def changed(scene: Scene, change: Callable[[dict[str, Any]], object], *, trusted: bool = True) -> None:
    plan = yaml.safe_load(scene.path.read_text())
    change(plan)
    text = yaml.safe_dump(plan, sort_keys=False)
    if trusted:  # before the driver sees it, or it would ask
        aside = scene.path.read_text()
        scene.path.write_text(text)
        scene.trust()
        scene.path.write_text(aside)
    scene.write(text)


@pytest.mark.parametrize("strategy", ["merge", "squash", "rebase"])
async def test_what_is_prepared_is_on_base_before_anything_starts(scene: Scene, strategy: str) -> None:
    scene.plan(
        BOTH,
        prepare={"run": STUBS, "message": "chore: stubs\n\nWhy so."},
        merge={"strategy": strategy},
        cleanup="merged",
    )
    async with scene.driving() as play:
        await play.start("a", also_needed=True)
        await play.until_merged(PREPARE, "a")
        assert next(fact.leg for fact in play.of(f.LegMerged)) == PREPARE
        assert play.snapshot.merges[0].round == 0
        taken = {fact.leg: fact.slot for fact in play.of(f.LegTaken)}
        assert taken == {PREPARE: "", "a": "sh#1"}
        await play.until(lambda now: not now.snapshot.workstreams[PREPARE].worktree)
        assert "stub" not in scene.git("branch", "--list", "*/@prepare")
    assert scene.base_file("a.txt") == scene.base_file("stub.txt") == "stub\n"
    assert "all $HOME.txt" in scene.git("ls-tree", "--name-only", "main")
    assert scene.merges_of(PREPARE) == 1
    messages = scene.git("log", "--format=%B", "main")
    assert "chore: stubs\n\nWhy so.\n\n" in messages
    assert "Cockpit-Leg: @prepare" in messages
    assert not scene.worktree(PREPARE).exists()
    scene.check()


async def test_where_it_changes_nothing_it_is_merged_without_a_commit(scene: Scene) -> None:
    scene.plan({"a": {}}, prepare={"run": ["cat README.md"]})
    before = scene.git("rev-parse", "main")
    async with scene.driving() as play:
        await play.start(PREPARE)
        await play.until_merged(PREPARE)
        assert scene.git("rev-parse", "main") == before
        assert not play.snapshot.merges
        assert not scene.begun("a"), "it may be started alone"
        refused = await play.order("rollback", PREPARE)
        assert not refused.ok
        await play.start("a")
        await play.until_merged()
    scene.check()


async def test_it_is_gated_approved_and_rolled_back_like_any_leg(scene: Scene) -> None:
    gates = [
        {"name": "own", "run": f"test -e stub.txt && pwd >> {scene.stage}/gated"},
        {"name": "whole", "when": "merge", "run": f"pwd >> {scene.stage}/gated"},
    ]
    scene.plan(
        {"a": {"does": READS}},
        prepare={"run": STUBS[:1]},
        gates=gates,
        approve={"start": "always", "merge": "always"},
    )
    async with scene.driving() as play:
        await play.start()
        await play.until(lambda now: now.snapshot.approval_of(now.leg(PREPARE)) == "start")
        await play.order("approve", PREPARE)
        await until(play, "review")
        assert scene.base_file("stub.txt") == ""
        assert play.state("a") == "waiting"
        await play.order("approve", PREPARE)
        await play.until_merged(PREPARE)
        first, second = (scene.stage / "gated").read_text().splitlines()
        assert (first == str(scene.worktree(PREPARE)), second == str(scene.repo)) == (True, False)
        await play.until(lambda now: now.snapshot.approval_of(now.leg("a")) == "start")
        assert (await play.order("rollback", PREPARE)).ok
        assert (play.state(PREPARE), play.state("a")) == ("review", "waiting")
        assert scene.base_file("stub.txt") == ""
        await play.order("approve", PREPARE)
        await play.until_merged(PREPARE)
        assert scene.base_file("stub.txt") == "stub\n"
        assert runs_of(play) == 1
    scene.check()


async def test_a_command_that_fails_is_told_and_the_retry_begins_anew_and_loses_nothing(scene: Scene) -> None:
    """What a failed run left would spoil the next one, so it goes; under a rescue ref, as all work."""
    once = f"[ -e {scene.stage}/mended ] || {{ echo no network >&2; exit 4; }}"
    commands = ["test ! -e half.txt", "echo half > half.txt", once, "echo whole > half.txt"]
    scene.plan({"a": {"does": "cat half.txt > a.txt"}}, prepare={"run": commands})
    async with scene.driving() as play:
        await play.start()
        await until(play, "failed")
        reason = play.leg(PREPARE).reason
        assert "the commands of `prepare` ended with code 4" in reason
        assert "no network" in reason
        assert f"`{once}` ended with code 4" in reason
        assert play.state("a") == "waiting"
        said = await play.printed(PREPARE)
        assert said.startswith("$ test ! -e half.txt\n$ echo half > half.txt\n")
        scene.go("mended")
        await play.order("retry", PREPARE)
        await play.until_merged()
        kept = play.snapshot.workstreams[PREPARE].rescues
    assert scene.base_file("a.txt") == "whole\n"
    (found,) = [one for one in rescued.listed(Repo.open(scene.repo)) if one.ref in kept]
    assert scene.git("show", f"{found.ref}:half.txt") == "half\n"
    scene.check()


async def test_it_is_retried_by_itself_where_the_plan_allows_it(scene: Scene) -> None:
    once = f"[ -e {scene.stage}/twice ] || {{ touch {scene.stage}/twice; exit 4; }}"
    scene.plan({"a": {}}, prepare={"run": [once, "echo x > x.txt"]}, limits={"retries": 1})
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
        assert [fact.outcome for fact in play.of(f.RunEnded)][:2] == ["failed", "done"]
    scene.check()


async def test_its_whole_tree_is_ended_by_a_stop_and_by_the_time_limit(scene: Scene) -> None:
    waits = f"(setsid sleep 1000 &) ; touch {scene.stage}/on; sleep 1000"
    scene.plan({"a": {}}, prepare={"run": [waits]}, limits={"run_timeout": "2s"})
    async with scene.driving() as play:
        await play.start()
        await play.until_there("on")
        await until(play, "running")
        assert (await play.order("stop", PREPARE)).ok
        assert play.state(PREPARE) == "stopped"
        assert not scene.ours()
        await play.start("a")
        await until(play, "failed")
        assert "time limit" in play.leg(PREPARE).reason
        assert not scene.ours()
        assert not scene.begun("a")
    scene.check()


async def test_a_run_whose_end_nobody_saw_is_not_taken_for_whole(scene: Scene) -> None:
    """Of an agent git would show what it did; half of what is to be prepared looks like all of it."""
    once = f"[ -e {scene.stage}/on ] || {{ touch {scene.stage}/on; sleep 1000; }}"
    scene.plan({"a": {}}, prepare={"run": ["echo 1 >> x.txt", once, "echo 2 >> x.txt"]}, limits={"retries": 1})
    async with scene.driving() as play:
        await play.start()
        await play.until_there("on")
        await until(play, "running")
    while left := scene.ours():
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        processtree.wait_for_end(left, 5.0)
    async with scene.driving() as play:
        await play.until_merged()
        assert play.snapshot.legs[PREPARE].attempt == 2
    assert scene.base_file("x.txt") == "1\n2\n"
    scene.check()


async def test_a_pause_ends_it_and_it_is_run_whole_after_that(scene: Scene) -> None:
    waits = f"touch {scene.stage}/on; while [ ! -e {scene.stage}/go ]; do sleep 0.02; done"
    scene.plan({"a": {}}, prepare={"run": ["test ! -e x.txt", "echo x > x.txt", waits]})
    async with scene.driving() as play:
        await play.start()
        await play.until_there("on")
        await until(play, "running")
        await play.order("pause", PREPARE)
        assert play.state(PREPARE) == "paused"
        scene.go("go")
        await play.order("resume", PREPARE)
        await play.until_merged()
    scene.check()


async def test_a_conflict_with_the_operators_commit_is_resolved_by_a_new_run(scene: Scene) -> None:
    scene.plan(
        {"a": {}},
        prepare={"run": ["echo stub >> README.md"]},
        approve={"merge": "always"},
        merge={"on_conflict": "rerun", "rebase_others": False},
    )
    async with scene.driving() as play:
        await play.start()
        await until(play, "review")
        (scene.repo / "README.md").write_text("changed\n")
        scene.git("commit", "-qam", "By the operator")
        scene.before = scene.checkout()
        await play.order("approve", PREPARE)
        await play.until(lambda now: now.leg(PREPARE).attempt == 2 and now.state(PREPARE) == "review")
        await play.order("approve", PREPARE)
        await play.until_merged(PREPARE)
    assert scene.base_file("README.md") == "changed\nstub\n"
    scene.check()


async def test_it_is_never_run_again_whatever_the_plan_says_later(scene: Scene) -> None:
    scene.plan({"a": {}}, prepare={"run": counting(scene, "echo 1 > x.txt")})
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
        changed(scene, lambda plan: plan["workstreams"].append({"id": "late"}))
        scene.does("late", READS.replace("stub", "x"))
        await play.until(lambda now: "late" in now.snapshot.workstreams)
        assert not play.view.readings.notes.get("prepare")
        changed(scene, lambda plan: plan["prepare"].update(run=counting(scene, "echo 2 > x.txt")))
        await play.until(lambda now: "not run again" in now.view.readings.notes.get("prepare", ""))
        await play.start("late")
        await play.until_merged("late")
        changed(scene, lambda plan: plan.pop("prepare"))
        await play.until(lambda now: now.snapshot.workstreams[PREPARE].gone)
        changed(scene, lambda plan: plan.update(prepare={"run": counting(scene)}))
        await play.until(lambda now: not now.snapshot.workstreams[PREPARE].gone)
        assert play.state(PREPARE) == "merged"
    assert scene.base_file("late.txt") == "1\n"
    changed(scene, lambda plan: plan["prepare"].update(run=counting(scene, "echo 3 > x.txt")))
    async with scene.driving() as play:
        assert "not run again" in play.view.readings.notes["prepare"], "it changed while no driver ran"
        assert play.state(PREPARE) == "merged"
    assert times(scene) == 1
    scene.check()


async def test_rolled_back_and_rejected_it_is_run_again_as_the_plan_has_it_now(scene: Scene) -> None:
    scene.plan({"a": {}}, prepare={"run": counting(scene, "echo 1 > x.txt")}, approve={"merge": "always"})
    async with scene.driving() as play:
        await play.start(PREPARE)
        await until(play, "review")
        await play.order("approve", PREPARE)
        await until(play, "merged")
        changed(scene, lambda plan: plan["prepare"].update(run=counting(scene, "echo 2 > x.txt")))
        await play.until(lambda now: "not run again" in now.view.readings.notes.get("prepare", ""))
        await play.order("rollback", PREPARE)
        await play.order("reject", PREPARE, reason="not what we want")
        await play.order("retry", PREPARE)
        await until(play, "review")
        assert "prepare" not in play.view.readings.notes
        await play.order("approve", PREPARE)
        await until(play, "merged")
    assert (scene.base_file("x.txt"), times(scene)) == ("2\n", 2)
    scene.check()


async def test_a_prepare_that_joins_late_runs_before_what_has_not_begun(scene: Scene) -> None:
    scene.plan({"a": {"does": "tell on; wait_for go\necho a > a.txt"}, "b": {"depends_on": ["a"], "does": READS}})
    async with scene.driving() as play:
        await play.start()
        await play.until_there("on")
        changed(scene, lambda plan: plan.update(prepare={"run": STUBS[:1]}))
        await play.until(lambda now: PREPARE in now.snapshot.workstreams)
        await play.until_merged(PREPARE)
        assert play.state("a") == "running"
        scene.go("go")
        await play.until_merged()
    assert scene.base_file("b.txt") == "stub\n"
    scene.check()


async def test_a_failed_prepare_that_the_plan_drops_holds_nothing_up(scene: Scene) -> None:
    scene.plan({"a": {}}, prepare={"run": ["exit 1"]})
    async with scene.driving() as play:
        await play.start()
        await until(play, "failed")
        changed(scene, lambda plan: plan.pop("prepare"))
        await play.until_merged("a")
        await play.order("retry", PREPARE)
        await until(play, "failed")
        assert "no `prepare` any more" in play.leg(PREPARE).reason
    scene.check()


async def test_a_prepare_that_nobody_trusted_is_not_run(scene: Scene) -> None:
    scene.plan({"a": {}, "b": {"does": "wait_for go"}}, prepare={"run": [f"touch {scene.stage}/good", "exit 1"]})
    async with scene.driving() as play:
        await play.start()
        await until(play, "failed")
        changed(scene, lambda plan: plan["prepare"].update(run=[f"touch {scene.stage}/evil"]), trusted=False)
        await play.until(lambda now: any("evil" in one for one in now.view.readings.plan.asks))
        await play.order("retry", PREPARE)
        await play.until(lambda now: now.leg(PREPARE).attempt == 2 and now.state(PREPARE) == "failed")
    assert not (scene.stage / "evil").exists()
    assert (scene.stage / "good").exists()
    scene.check()


async def test_the_operators_secrets_and_staged_edits_are_no_part_of_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "hunter2")
    (scene.repo / "README.md").write_text("mine\n")
    scene.git("add", "README.md")
    (scene.repo / "notes.txt").write_text("mine too\n")
    scene.before = scene.checkout()
    scene.plan({"a": {}}, prepare={"run": ["env > env.txt", "git status --porcelain >> seen.txt"]})
    async with scene.driving() as play:
        await play.start(PREPARE)
        await play.until_merged(PREPARE)
    assert "hunter2" not in scene.base_file("env.txt")
    assert f"COCKPIT_WORKTREE={scene.worktree(PREPARE)}" in scene.base_file("env.txt")
    assert re.search(r"^COCKPIT_PORT=\d{4,5}$", scene.base_file("env.txt"), re.MULTILINE)
    assert "README.md" not in scene.base_file("seen.txt")
    assert scene.base_file("README.md") != "mine\n"
    assert glimpse(scene.state).snapshot.state_of(PREPARE).value == "merged"
    scene.check()
