"""Rollback: base gets a commit that undoes a merge, and the work comes back whole when it is merged again."""

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cockpit.schedule import facts as f
from cockpit.schedule.orders import Order
from tests.engine.scenes import Play, Scene
from tests.git.repos import commit, run_git

pytestmark = pytest.mark.anyio

STRATEGIES = ("merge", "squash", "rebase")
DOES = 'for n in 1 2 3; do echo $n > a$n; git add a$n; git commit -qm "Part $n"; done; echo 4 > a4\n'


def planned(scene: Scene, strategy: str = "merge", **more: Any) -> None:
    workstreams = more.pop("workstreams", {"a": {"does": DOES}, "b": {}})
    scene.plan(workstreams, approve={"merge": "always"}, merge={"strategy": strategy}, **more)


async def merged(play: Play, *workstreams: str) -> None:
    """Run workstreams, approve them and wait until they are merged."""
    await play.start(*workstreams)
    await play.until(lambda now: all(now.state(one) == "review" for one in workstreams))
    await play.order("approve", *workstreams)
    await play.until_merged(*workstreams)


def only_forward(scene: Scene) -> bool:
    """Tell whether each position of base is an ancestor of the next, by its reflog."""
    ids = scene.git("reflog", "show", "--format=%H", "main").split()[::-1]
    return all(scene.git("merge-base", "--is-ancestor", one, two) == "" for one, two in pairwise(ids))


def parts(scene: Scene) -> str:
    return "".join(scene.base_file(f"a{number}") for number in range(1, 6))


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_what_was_rolled_back_and_mended_is_merged_whole(scene: Scene, strategy: str) -> None:
    gate = {
        "name": "whole",
        "when": "merge",
        "run": f"pwd >> {scene.stage}/gated; ls | tr '\\n' ' ' >> {scene.stage}/gated",
    }
    planned(scene, strategy, gates=[gate])
    async with scene.driving() as play:
        await merged(play, "b")
        before = scene.git("rev-parse", "main^{tree}")
        await merged(play, "a")
        work = play.leg("a").commit
        gates = len((scene.stage / "gated").read_text().splitlines())
        for number in range(2):
            tip = scene.git("rev-parse", "main").strip()
            assert (await play.order("rollback", "a")).ok
            await play.until_state(a="review")
            assert scene.git("rev-parse", "main^{tree}") == before, "nothing of it is left"
            assert scene.git("rev-parse", "main^").strip() == tip
            assert len(play.of(f.LegReverted)) == number + 1
            leg = play.leg("a")
            assert run_git(scene.worktree("a"), "rev-parse", "HEAD").strip() == leg.commit
            assert run_git(scene.worktree("a"), "status", "--porcelain") == ""
            if not number:
                assert leg.commit == work
                await play.order("reject", "a", reason="part 5 is missing")
                scene.does("a", "echo 5 > a5; echo more >> a1")
                await play.order("retry", "a")
                await play.until_state(a="review")
            await play.order("approve", "a")
            await play.until_merged("a")
            assert parts(scene) == "1\nmore\n2\n3\n4\n5\n"
        assert len((scene.stage / "gated").read_text().splitlines()) > gates, "a revert is gated too"
    assert set((scene.stage / "gated").read_text().split()) & {str(scene.state.integration)}
    assert only_forward(scene)
    assert scene.base_file("b.txt") == "b 1\n"
    scene.check()


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_a_merge_that_was_rolled_back_after_clean_up_comes_back_too(scene: Scene, strategy: str) -> None:
    planned(scene, strategy, cleanup="merged")
    async with scene.driving() as play:
        await merged(play, "a")
        await play.until(lambda now: not now.snapshot.workstreams["a"].worktree)
        scene.git("reflog", "expire", "--expire=now", "--all")
        scene.git("gc", "-q", "--prune=now")
        assert (await play.order("rollback", "a")).ok
        await play.until_state(a="review")
        assert (scene.worktree("a") / "a4").exists()
        assert parts(scene) == ""
        await play.order("approve", "a")
        await play.until_merged("a")
    assert parts(scene) == "1\n2\n3\n4\n"
    scene.check()


async def test_later_work_that_builds_on_it_refuses_a_rollback_by_its_paths(scene: Scene) -> None:
    planned(scene)
    async with scene.driving() as play:
        await merged(play, "a")
        tip = commit(scene.repo, "Later", {"a2": "changed since\n"})
        answer = await play.order("rollback", "a")
        assert not answer.ok
        assert "a2" in answer.note
        assert "a1" not in answer.note
        assert play.state("a") == "merged"
        assert scene.git("rev-parse", "main").strip() == tip
        assert not play.snapshot.reverting
        commit(scene.repo, "Back", {"a2": "2\n"})
        assert (await play.order("rollback", "a")).ok
    assert parts(scene) == ""
    scene.check()


async def test_a_gate_that_fails_keeps_the_merge(scene: Scene) -> None:
    gate = {"name": "needs-a", "when": "merge", "run": "test -e a1"}
    planned(scene, gates=[gate])
    async with scene.driving() as play:
        await merged(play, "a")
        tip = scene.git("rev-parse", "main")
        answer = await play.order("rollback", "a")
        assert not answer.ok
        assert "needs-a" in answer.note
        assert scene.git("rev-parse", "main") == tip
        assert play.state("a") == "merged"
    scene.check()


async def test_what_somebody_took_back_by_hand_is_not_taken_back_again(scene: Scene) -> None:
    planned(scene)
    async with scene.driving() as play:
        await merged(play, "a")
        scene.git("revert", "--no-edit", "-m", "1", "HEAD")
        tip = scene.git("rev-parse", "main")
        answer = await play.order("rollback", "a")
        assert not answer.ok
        assert "nothing" in answer.note
        assert scene.git("rev-parse", "main") == tip
    scene.check()


async def test_merged_dependents_are_named_and_waiting_ones_wait_again(scene: Scene) -> None:
    planned(scene, workstreams={"a": {"does": DOES}, "b": {"depends_on": ["a"]}, "c": {"depends_on": ["a"]}})
    async with scene.driving() as play:
        await merged(play, "a")
        await play.order("limits", number=1)
        await play.order("drain")
        await play.start("c")
        await play.until_state(c="ready")
        await play.order("undrain")
        await play.until_state(c="review")
        await play.order("approve", "c")
        await play.until_merged("c")
        await play.order("drain")
        await play.start("b")
        await play.until_state(b="ready")
        refused = await play.order("rollback", "a")
        assert not refused.ok
        assert "c depend on a" in refused.note
        assert "b" not in refused.note.split(" depend")[0]
        assert (await play.order("rollback", "a", also_needed=True)).ok
        await play.until_state(a="review", b="waiting", c="merged")
        await play.order("approve", "a")
        await play.until_state(a="merged", b="ready")
        await play.order("undrain")
        await play.until_state(b="review")
    assert scene.base_file("c.txt") == "c 1\n"
    scene.check()


async def test_one_order_undoes_what_depends_on_others_before_them(scene: Scene) -> None:
    planned(scene, workstreams={"a": {}, "b": {"depends_on": ["a"], "does": "cp a.txt b.txt\n"}})
    async with scene.driving() as play:
        await merged(play, "a")
        await merged(play, "b")
        before = scene.git("rev-parse", "main~2^{tree}")
        answer = await play.order("rollback", "a", "b")
        assert (answer.ok, answer.note) == (True, "")
        assert (play.state("a"), play.state("b")) == ("review", "review")
        assert [one.leg for one in play.of(f.LegReverted)] == ["b", "a"]
        assert scene.git("rev-parse", "main^{tree}") == before
        await play.order("approve", "b")
        assert "waits for the merge of a," in (await play.order("merge", "b")).note
        assert play.state("b") == "queued"
        await play.order("approve", "a")
        await play.until_merged("a", "b")
    assert scene.base_file("b.txt") == "a 1\n"
    scene.check()


@pytest.mark.parametrize("way", ["edited", "staged", "untracked"])
async def test_what_is_in_the_way_in_the_checkout_is_named_and_left(scene: Scene, way: str) -> None:
    planned(scene)
    async with scene.driving() as play:
        await merged(play, "a")
        tip = scene.git("rev-parse", "main")
        if way == "untracked":  # what the rollback brings back has a name that somebody uses by now
            scene.git("rm", "-q", "README.md")
            scene.git("commit", "-qm", "No readme")
            tip = scene.git("rev-parse", "main")
        (scene.repo / "a2").write_text("the operator's own\n")
        if way == "staged":
            scene.git("add", "a2")
        scene.before = scene.checkout()
        answer = await play.order("rollback", "a")
        assert not answer.ok
        assert "a2" in answer.note
        assert scene.git("rev-parse", "main") == tip
        assert (scene.repo / "a2").read_text() == "the operator's own\n"
        assert scene.checkout() == scene.before
        assert play.state("a") == "merged"
        scene.git("checkout", "-q", "HEAD", "--", "a2")
        assert (await play.order("rollback", "a")).ok
    scene.before = ""
    scene.check()


@pytest.mark.parametrize("strategy", ["merge", "rebase"])
async def test_one_of_a_batch_is_rolled_back_alone(scene: Scene, strategy: str) -> None:
    planned(scene, strategy, workstreams={"x": {}, "a": {"does": DOES}, "z": {}})
    async with scene.driving() as play:
        await merged(play, "x", "a", "z")
        assert (await play.order("rollback", "a")).ok
    assert parts(scene) == ""
    assert (scene.base_file("x.txt"), scene.base_file("z.txt")) == ("x 1\n", "z 1\n")
    scene.check()


@pytest.mark.parametrize("way", ["rebase", "resolve", "rerun"])
async def test_rolled_back_work_that_conflicts_by_now_is_resolved_whole(scene: Scene, way: str) -> None:
    planned(scene, workstreams={"a": {"does": DOES}})
    async with scene.driving() as play:
        await merged(play, "a")
        assert (await play.order("rollback", "a")).ok
        mine = commit(scene.repo, "Another a2", {"a2": "base's\n"})
        await play.order("approve", "a")
        await play.until_state(a="conflict")
        assert play.leg("a").paths == ("a2",)
        if way == "rebase":
            refused = await play.order("rebase", "a")
            assert not refused.ok
            assert "a2" in refused.note
            scene.git("revert", "--no-edit", mine)
            assert (await play.order("rebase", "a")).ok
        elif way == "resolve":
            assert (await play.order("resolve", "a")).ok
            opened = Path(play.leg("a").opened)
            assert (opened / "a1").exists(), "the rest of it is there"
            (opened / "a2").write_text("2\n")
            assert (await play.order("resolved", "a")).ok
        else:
            scene.does("a", "git merge -q main || { echo 2 > a2; git add a2; git commit -qm Mended; }")
            assert (await play.order("rerun", "a")).ok
        await play.until_state(a="review")
        assert sorted(one.name for one in scene.worktree("a").glob("a?")) == ["a1", "a2", "a3", "a4"]
        await play.order("approve", "a")
        await play.until_merged("a")
    assert parts(scene) == "1\n2\n3\n4\n"
    assert only_forward(scene)
    scene.check()


@pytest.mark.parametrize(("facts", "strategy"), [(1, "squash"), (3, "rebase"), (4, "merge")])
async def test_a_driver_that_is_killed_in_a_rollback_rolls_back_once(scene: Scene, facts: int, strategy: str) -> None:
    planned(scene, strategy, gates=[{"name": "whole", "when": "merge", "run": "true"}])
    async with scene.client() as play:
        await merged(play, "a")
        seq = play.snapshot.seq
        giving = asyncio.create_task(play.handle.order(Order("rollback", ("a",), "test")))
        await play.until(lambda now: now.snapshot.seq >= seq + facts)
        scene.kill_driver()
        await asyncio.gather(giving, return_exceptions=True)
        await play.until(lambda now: not now.view.connected)
        await play.until(lambda now: now.view.connected and not now.snapshot.reverting)
        if play.state("a") == "merged":  # it was killed before the order was on the disk
            assert (await play.order("rollback", "a")).ok
        await play.until_state(a="review")
        assert parts(scene) == ""
        assert scene.git("log", "--format=%s", "main").count("Roll back a") == 1
        await play.order("approve", "a")
        await play.until_merged("a")
        await play.order("stop-driver")
    assert parts(scene) == "1\n2\n3\n4\n"
    assert only_forward(scene)
    scene.check()
