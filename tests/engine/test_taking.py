"""A human takes a worktree over and hands it back: what goes on, what is reviewed, what nothing touches meanwhile."""

import pytest

from cockpit.schedule import facts as f
from tests.engine.scenes import WRITES, Scene, gone
from tests.git.repos import run_git

pytestmark = pytest.mark.anyio

BUSY = 'echo half > half.txt\ntell "begun-$attempt"\n[ "$attempt" -gt 1 ] || wait_for never\n' + WRITES
FAILS = '[ "$attempt" -gt 1 ] || exit 3\n' + WRITES


async def test_a_run_is_taken_over_and_goes_on_told_what_was_done_by_hand(scene: Scene) -> None:
    scene.plan({"a": {"does": BUSY}})
    async with scene.driving() as play:
        await play.start("a")
        await play.until_there("begun-1")
        ((_, pid),) = scene.begun("a")
        taken = await play.order("takeover", "a")
        assert taken.ok, taken.note
        assert taken.note == str(scene.worktree("a"))
        assert (play.state("a"), play.leg("a").taken_over) == ("paused", True)
        for verb in ("resume", "stop", "retry", "cleanup"):
            answer = await play.order(verb, "a")
            assert not answer.ok
            assert "taken over by test" in answer.note
        assert (await play.order("pause", "a")).ok
        assert "already" in (await play.order("takeover", "a")).note
        (scene.worktree("a") / "half.txt").write_text("whole\n")
        (scene.worktree("a") / "mine.txt").write_text("by hand\n")
        assert not (await play.order("handback", "a", how="home")).ok
        back = await play.order("handback", "a", how="go-on", reason="only the tests are left")
        assert back.ok, back.note
        await play.until_merged("a")
        (handed,) = play.of(f.HandedBack)
        assert (handed.paths, handed.changed, handed.by) == (("half.txt", "mine.txt"), True, "test")
        assert play.leg("a").hand is None
    told = scene.prompts("a")[1]
    assert "worked in this worktree by hand and changed `half.txt`, `mine.txt`" in told
    assert "The operator says: only the tests are left" in told
    assert scene.base_file("mine.txt") == "by hand\n"
    assert pid not in [one.pid for one in scene.ours()]
    scene.check()


async def test_what_failed_is_mended_by_hand_and_reviewed_and_a_change_in_review_is_checked_again(scene: Scene) -> None:
    scene.plan({"a": {"does": FAILS}}, gates=[{"name": "fine", "run": "test ! -e bad.txt"}])
    worktree = scene.worktree("a")
    async with scene.driving() as play:
        await play.start("a")
        await play.until_state(a="failed")
        assert (await play.order("takeover", "a")).ok
        (worktree / "a.txt").write_text("by hand\n")
        run_git(worktree, "switch", "-qc", "mine")
        answer = await play.order("handback", "a", how="review")
        assert (answer.ok, play.leg("a").taken_over) == (False, True)
        assert "on the branch mine: bring the work to scene/a" in answer.note
        run_git(worktree, "switch", "-q", "scene/a")
        assert (await play.order("handback", "a", how="review")).ok
        await play.until_state(a="review")
        first = play.leg("a").commit
        assert (await play.order("takeover", "a")).ok
        assert "taken over" in (await play.order("approve", "a")).note
        assert (await play.order("handback", "a", how="leave")).ok
        assert (play.state("a"), play.leg("a").commit) == ("review", first), "nothing was changed"
        assert (await play.order("takeover", "a")).ok
        (worktree / "a.txt").write_text("better\n")
        assert (await play.order("handback", "a", how="leave")).ok
        await play.until(lambda one: one.state("a") == "review" and one.leg("a").commit != first)
        assert not (await play.order("approve", "a", expected=first)).ok
        assert (await play.order("approve", "a")).ok
        await play.until_merged("a")
    assert scene.base_file("a.txt") == "better\n"
    assert len(scene.begun("a")) == 1
    scene.check()


async def test_a_takeover_outlives_the_driver_and_what_fails_stays_with_nobody(scene: Scene) -> None:
    scene.plan({"a": {"does": BUSY}, "b": {"does": FAILS}}, limits={"retries": 3, "backoff": "1h"})
    async with scene.client() as play:
        await play.start("a", "b")
        await play.until_there("begun-1")
        await play.until_state(b="retrying")
        assert (await play.order("takeover", "a", "b")).ok
        (scene.worktree("a") / "mine.txt").write_text("by hand\n")
        scene.kill_driver()
    async with scene.client() as play:
        assert play.leg("a").taken_over
        assert play.leg("b").taken_over
        assert (await play.order("handback", "a", how="review")).ok
        await play.until_state(a="review")
        (handed,) = play.of(f.HandedBack)
        assert handed.paths == ("mine.txt",), "what the run left before is not by hand"
        assert (await play.order("approve", "a")).ok
        assert (await play.order("handback", "b", how="go-on")).ok
        await play.until_merged("a", "b")
        process = scene.driver()
        assert process is not None
        await play.order("stop-driver")
    gone(process)
    scene.check()
