"""A human takes a worktree over and hands it back: what goes on, what is reviewed, what nothing touches meanwhile."""

import asyncio
import sys

import pytest

from cockpit.engine import watch
from cockpit.engine.attached import ways_in, workplace
from cockpit.engine.project import outline_of
from cockpit.engine.terminals import enter, leave
from cockpit.schedule import facts as f
from cockpit.schedule.snapshot import Snapshot
from tests.engine.scenes import WRITES, Scene
from tests.git.repos import run_git
from tests.unit.outlines import told

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
        run_git(worktree, "switch", "-qc", "other")
        assert "on the branch other" in (await play.order("handback", "a", how="leave")).note
        run_git(worktree, "switch", "-q", "--detach", "main")
        assert "HEAD is detached" in (await play.order("handback", "a", how="leave")).note
        run_git(worktree, "switch", "-q", "scene/a")
        run_git(worktree, "commit", "-q", "--amend", "-m", "said better")
        assert (await play.order("handback", "a", how="leave")).ok
        await play.until(lambda one: one.state("a") == "review" and one.leg("a").commit != first)
        first = play.leg("a").commit
        assert scene.git("log", "-1", "--format=%s", first).strip() == "said better"
        assert (await play.order("takeover", "a")).ok
        worktree.rename(worktree.with_name("away"))
        assert "is gone" in (await play.order("handback", "a", how="review")).note
        worktree.with_name("away").rename(worktree)
        (worktree / "a.txt").write_text("better\n")
        assert (await play.order("handback", "a", how="leave")).ok
        await play.until(lambda one: one.state("a") == "review" and one.leg("a").commit != first)
        assert not (await play.order("approve", "a", expected=first)).ok
        assert (await play.order("approve", "a")).ok
        await play.until_merged("a")
    assert scene.base_file("a.txt") == "better\n"
    assert len(scene.begun("a")) == 1
    scene.check()


async def test_what_an_agent_leaves_on_base_itself_is_not_committed_there(scene: Scene) -> None:
    scene.git("switch", "-qc", "elsewhere")  # so nothing keeps its worktree from base
    scene.plan({"a": {"does": WRITES + "git switch -q main\n"}}, base="main")
    before = scene.git("rev-parse", "main")
    async with scene.driving() as play:
        await play.start("a")
        await play.until_state(a="failed")
        assert "on the branch main, not scene/a" in play.leg("a").reason
    assert scene.git("rev-parse", "main") == before
    assert (scene.worktree("a") / "a.txt").exists()


async def test_what_a_human_writes_is_watched_but_not_stopped_and_judged_when_it_is_handed_back(scene: Scene) -> None:
    quality = {"quarantine": ["no-evil"], "settle": "0s", "forbid": [{"name": "no-evil", "pattern": "EVIL"}]}
    scene.plan({"a": {"does": BUSY}}, quality=quality)
    async with scene.driving() as play:
        await play.start("a")
        await play.until_there("begun-1")
        assert (await play.order("takeover", "a")).ok
        (scene.worktree("a") / "bad.txt").write_text("EVIL\n")
        play.driver.effects.monitor.touch("a")  # an event may have come, or be late
        await play.until(lambda one: one.view.readings.findings.get("a"))
        (seen,) = play.view.readings.findings["a"]
        assert (seen.rule, seen.due, play.state("a")) == ("no-evil", 0.0, "paused")
        assert not play.snapshot.violations
        assert (await play.order("handback", "a", how="review")).ok
        await play.until_state(a="quarantined")
        assert play.snapshot.held_slots() == {}, "no agent wrote that"
        assert not play.snapshot.runs[play.leg("a").run or ""].tally.flawed
        assert (await play.order("takeover", "a")).ok
        (scene.worktree("a") / "bad.txt").write_text("good\n")
        assert (await play.order("handback", "a", how="review")).ok
        await play.until_state(a="review")
    scene.check()


def test_a_human_gets_the_agents_environment_and_none_of_the_run(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET", "TOKEN", "GIT_DIR", "COCKPIT_RUN", "EDITOR"):
        monkeypatch.setenv(name, "x")
    agent = {"run": ["true"], "env": {"A": "1", "B": "1"}, "pass_env": ["TOKEN"], "attach": ["me", "{session}"]}
    scene.plan({"a": {"env": {"B": "2"}}}, agents={"sh": agent})
    scene.worktree("a").mkdir(parents=True)
    project = scene.project()
    facts = (
        f.PlanLoaded(str(scene.path), "", outline_of(project)),
        f.WorkstreamWanted("a"),
        f.LegTaken("a", "r", "sh#1"),
    )
    made = (f.WorktreeMade("a", str(scene.worktree("a")), "a", "b"), f.RunStarted("a", "r", 1))
    snapshot = told(Snapshot(), *facts, *made)
    place = workplace(project, snapshot, "a")
    names = {name: place.env.get(name) for name in ("A", "B", "TOKEN", "EDITOR", "SECRET", "GIT_DIR", "COCKPIT_RUN")}
    assert names == {
        "A": "1",
        "B": "2",
        "TOKEN": "x",
        "EDITOR": "x",
        **dict.fromkeys(("SECRET", "GIT_DIR", "COCKPIT_RUN")),
    }
    assert (place.worktree, place.agent) == (scene.worktree("a"), ())
    assert "no conversation" in place.why_not
    ways = ways_in(project, snapshot, "a")
    assert ways["agent"] == "me ID"
    assert "TOKEN" not in ways["pass"]  # type: ignore[operator]  # it is a list
    assert str(ways["argv"]).endswith(f"'{scene.path}', 'a', '--state-dir', '{scene.state_dir}']")
    snapshot = told(snapshot, f.RunEnded("a", "r", "stopped", session="S"), f.LegPaused("a"))
    assert workplace(project, snapshot, "a").agent == ("me", "S")
    scene.plan({"a": {}}, agents={"sh": {"preset": "aider", "env": {"A": "1"}}})
    env = workplace(scene.project(), snapshot, "a").env
    assert (env["A"], env.get("COLUMNS")) == ("1", None), "its lines end where this terminal does"


async def test_it_is_told_that_the_terminal_of_a_human_is_gone_and_nothing_is_handed_back_for_that(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SWEEP_S", 1000.0)  # its end is told of by an event
    scene.plan({"a": {"does": FAILS}})
    async with scene.driving() as play:
        await play.start("a")
        await play.until_state(a="failed")
        assert (await play.order("takeover", "a")).ok
        terminals, engine = play.driver.effects.terminals, play.driver.effects.engine
        first, second = await entered(scene, "a"), await entered(scene, "a")
        await terminals.look()
        first.kill()
        await first.wait()
        await terminals.look()
        assert not engine.readings.left, "another one is still there"
        second.kill()
        await play.until(lambda one: one.view.readings.left)
        assert (list(play.view.readings.left), play.leg("a").taken_over) == (["a"], True)
        third = await entered(scene, "a")
        assert [one.suffix for one in terminals.folder.iterdir()] == [f".{third.pid}"]
        await terminals.look()
        assert not engine.readings.left
        assert (await play.order("handback", "a", how="leave")).ok
        assert (await play.order("takeover", "a")).ok
        third.kill()
        await asyncio.gather(second.wait(), third.wait())
        await terminals.look()
        assert not engine.readings.left, "who was there before is nobody who left"
        leave(enter(scene.state, "a"))
        await terminals.look()
        assert not engine.readings.left, "that is on purpose"
    scene.check()


async def entered(scene: Scene, key: str) -> asyncio.subprocess.Process:
    """Return a process from which a human works on a leg until it ends."""
    program = (
        "import sys; from pathlib import Path; from cockpit.engine.terminals import StateFolder, enter; "
        "enter(StateFolder(Path(sys.argv[1])), sys.argv[2]); print(flush=True); sys.stdin.read()"
    )
    argv = (sys.executable, "-c", program, str(scene.state.path), key)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe)
    assert process.stdout is not None
    await process.stdout.readline()
    return process


async def test_a_takeover_outlives_the_driver_and_can_be_handed_back_by_the_next_one(scene: Scene) -> None:
    scene.plan({"a": {"does": BUSY}, "b": {"does": FAILS}}, limits={"retries": 3, "backoff": "1h"})
    async with scene.driving() as play:
        await play.start("a", "b")
        await play.until_there("begun-1")
        await play.until_state(b="retrying")
        assert (await play.order("takeover", "a", "b")).ok
    (scene.worktree("a") / "mine.txt").write_text("by hand\n")
    async with scene.driving() as play:
        assert play.leg("a").taken_over
        assert play.leg("b").taken_over
        assert (await play.order("handback", "a", how="review")).ok
        await play.until_state(a="review")
        (handed,) = play.of(f.HandedBack)
        assert handed.paths == ("mine.txt",), "what the run left before is not by hand"
        assert (await play.order("approve", "a")).ok
        assert (await play.order("handback", "b", how="go-on")).ok
        await play.until_merged("a", "b")
    assert not list((scene.state.path / "hands").iterdir())
    scene.check()
