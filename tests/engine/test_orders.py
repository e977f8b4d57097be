"""What the operator's orders do to a plan that runs, whenever they come."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from cockpit.errors import CockpitError
from cockpit.git import rescue
from cockpit.git.repo import Repo
from cockpit.git.rescued import listed, restore
from cockpit.schedule import facts as f
from cockpit.schedule.comments import Comment
from tests.engine.scenes import WRITES, Scene

pytestmark = pytest.mark.anyio

WAITS = 'echo part > "$COCKPIT_WORKSTREAM.txt"; tell "$COCKPIT_WORKSTREAM.on"; wait_for "$COCKPIT_WORKSTREAM.go"\n'


async def test_nothing_runs_before_it_is_started_and_then_what_it_needs_too(scene: Scene) -> None:
    scene.plan({"a": {}, "b": {"depends_on": ["a"]}, "c": {}})
    async with scene.driving() as play:
        answer = await play.order("start", "b")
        assert answer.ok
        assert play.state("b") == "waiting"
        assert not play.driver.engine.under_way()
        assert (await play.order("start", "a")).ok
        await play.until_merged("a", "b")
        assert not (await play.order("start", "a")).ok
        assert not (await play.order("start", "nobody")).ok
        assert not (await play.order("dance", "a")).ok
        assert play.state("c") == "waiting"
        assert not play.snapshot.orders
    scene.check()


async def test_pause_ends_a_run_and_resume_goes_on_in_the_same_worktree(scene: Scene) -> None:
    scene.plan({"a": {"does": WAITS}})
    async with scene.driving() as play:
        await play.start()
        await play.until_there("a.on")
        await play.until_state(a="running")
        assert (await play.order("pause", "a")).ok
        assert play.state("a") == "paused"
        assert not scene.ours()
        scene.go("a.go")
        assert (await play.order("resume", "a")).ok
        await play.until_merged()
        assert [one.outcome for one in play.of(f.RunEnded)] == ["stopped", "done"]
        assert len(scene.begun("a")) == 2
    scene.check()


async def test_stop_ends_a_run_with_all_its_children_and_keeps_its_work(scene: Scene) -> None:
    scene.plan({"a": {"does": "(setsid sleep 1000 &); " + WAITS}, "b": {}})
    async with scene.driving() as play:
        await play.start()
        await play.until_there("a.on")
        await play.until_state(a="running", b="merged")
        assert (await play.order("stop", "a")).ok
        assert play.state("a") == "stopped"
        assert not scene.ours()
        assert (scene.worktree("a") / "a.txt").read_text() == "part\n"
        assert not play.snapshot.workstreams["a"].wanted
        scene.go("a.go")
        assert (await play.order("start", "a")).ok
        await play.until_merged()
    scene.check()


async def test_a_stop_reaches_no_run_of_another_plan_that_looks_the_same(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "twin").mkdir()
    twin = Scene(tmp_path / "twin")
    for one in (scene, twin):
        one.plan({"a": {"does": WAITS}})
    async with scene.driving() as play, twin.driving() as other:
        for each in (play, other):
            await each.start()
            await each.until_there("a.on")
            await each.until_state(a="running")
        assert (await play.order("stop", "a")).ok
        twin.go("a.go")
        await other.until_merged()
    assert len(twin.begun("a")) == 1
    twin.check()
    scene.check()


async def test_stop_while_the_worktree_is_being_prepared(scene: Scene) -> None:
    scene.plan({"a": {}}, setup={"run": [f"touch {scene.stage}/on; while :; do sleep 0.1; done"]})
    async with scene.driving() as play:
        await play.start()
        await play.until_there("on")
        await play.until_state(a="preparing")
        assert (await play.order("stop", "a")).ok
        assert play.state("a") == "stopped"
        assert not scene.ours()
        assert not scene.begun("a")
    scene.check()


@pytest.mark.parametrize("when", ["always", "merge"])
async def test_stop_while_a_gate_runs(scene: Scene, when: str) -> None:
    gate = {"name": "slow", "when": when, "run": f"touch {scene.stage}/on; setsid sleep 1000 & sleep 1000"}
    scene.plan({"a": {}}, gates=[gate])
    async with scene.driving() as play:
        await play.start()
        await play.until_there("on")
        if when == "merge":
            assert (await play.order("stop", "a")).ok
            return
        await play.until_state(a="checking")
        assert (await play.order("stop", "a")).ok
        if when == "always":
            assert play.state("a") == "stopped"
            assert not scene.ours()
    scene.check()


async def test_stop_of_everything_and_pause_of_what_does_not_run(scene: Scene) -> None:
    scene.plan({"a": {"does": WAITS}, "b": {"does": WAITS}, "c": {"depends_on": ["a"]}})
    async with scene.driving() as play:
        assert not (await play.order("pause", "a")).ok
        await play.start()
        await play.until_there("a.on", "b.on")
        await play.until_state(a="running", b="running")
        answer = await play.order("pause", "a", "c")
        assert answer.ok
        assert "c" in answer.note
        assert (await play.order("stop", everything=True)).ok
        assert [play.state(one) for one in "abc"] == ["stopped", "stopped", "waiting"]
        assert not scene.ours()
    scene.check()


async def test_a_refused_merge_gives_the_reason_to_the_next_run(scene: Scene) -> None:
    scene.plan({"a": {}}, approve={"merge": "always"})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="review")
        assert not (await play.order("merge", "a")).ok
        with pytest.raises(CockpitError, match="nobody decided on a yet"):
            await play.handle.ask("diff", workstream="a", since="review")
        said = (
            Comment("a.txt", 1, "say it in words", "a 1"),
            Comment("old/b c.txt", 7, "put it back", "x", removed=True),
        )
        for comments in ((*said, replace(said[0], text=" ")), (replace(said[0], line=0),), said * 101):
            assert not (await play.order("reject", "a", reason="no", comments=comments)).ok
        assert (await play.order("reject", "a", reason="The colours are wrong", comments=said)).ok
        assert play.state("a") == "rejected"
        assert play.leg("a").reviewed == play.leg("a").commit != ""
        assert scene.base_file("a.txt") == ""
        assert (await play.order("retry", "a")).ok
        await play.until_state(a="review")
        prompt = scene.prompts("a")[1]
        assert "The colours are wrong" in prompt
        assert "a.txt:1: say it in words\n\n```text\na 1\n```\n" in prompt
        assert "old/b c.txt:7 (a line that was removed): put it back" in prompt
        (scene.worktree("a") / "later.txt").write_text("nobody is asked about this\n")
        whole, since = [await play.handle.ask("diff", workstream="a", since=one) for one in ("", "review")]
        assert "@@ -0,0 +1,2 @@\n+a 1\n+a 2\n" in whole["text"]
        assert whole["files"] == 1
        assert "@@ -1 +1,2 @@\n a 1\n+a 2\n" in since["text"]
        assert (since["listed"], since["base"]) == ([["a.txt", "a.txt", "M", 1, 0, ""]], play.leg("a").reviewed)
        assert (await play.order("approve", "a")).ok
        await play.until_merged()
        assert not play.leg("a").comments
    assert scene.base_file("a.txt") == "a 1\na 2\n"
    assert scene.merges_of("a") == 1
    scene.check()


async def test_draining_launches_nothing_new_until_it_is_undone(scene: Scene) -> None:
    scene.plan({"a": {"does": WAITS}, "b": {"depends_on": ["a"]}})
    async with scene.driving() as play:
        await play.start()
        await play.until_there("a.on")
        assert (await play.order("drain")).ok
        assert not (await play.order("drain")).ok
        scene.go("a.go")
        await play.until_merged("a")
        assert play.state("b") == "ready"
        assert not scene.begun("b")
        assert (await play.order("undrain")).ok
        await play.until_merged()
    scene.check()


async def test_clean_up_rescues_what_was_never_committed_and_it_can_be_brought_back(scene: Scene) -> None:
    does = "echo precious > 'new file.txt'; echo edited >> README.md; tell a.on; wait_for a.go"
    scene.plan({"a": {"does": does}, "b": {"does": WAITS}})
    async with scene.driving() as play:
        await play.start()
        await play.until_there("a.on", "b.on")
        await play.until_state(a="running", b="running")
        refused = await play.order("cleanup", "a")
        assert not refused.ok
        assert "stop it" in refused.note
        await play.order("stop", "a")
        assert (await play.order("cleanup", "a")).ok
        assert not scene.worktree("a").exists()
        scene.go("b.go")
        await play.until_merged("b")
        assert (await play.order("cleanup", "b")).ok
        (ref,) = play.snapshot.workstreams["a"].rescues
        assert not play.snapshot.workstreams["b"].rescues, "all of it is on base"
    repo = Repo.open(scene.repo)
    assert [one.ref for one in listed(repo, "scene")] == [ref]
    back = restore(repo, ref, path=scene.top / "back")
    assert (back.path / "new file.txt").read_text() == "precious\n"
    assert (back.path / "README.md").read_text().endswith("edited\n")
    assert rescue.listed is listed
    scene.check()


async def test_merged_worktrees_go_by_themselves_where_the_plan_says_so(scene: Scene) -> None:
    scene.plan({"a": {"does": WRITES + "echo junk > junk.o"}, "b": {}}, cleanup="merged")
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
        await play.until(lambda now: not any(one.worktree for one in now.snapshot.workstreams.values()))
    assert not scene.worktree("a").exists()
    assert scene.git("branch", "--list", "--format=%(refname:short)").split() == ["main"]
    assert len(scene.git("worktree", "list").splitlines()) == 1
    scene.check()
