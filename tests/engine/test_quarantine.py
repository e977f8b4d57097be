"""Quarantine for real: agents that do harm are ended, held, and go on only when a human says how."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cockpit import processtree
from cockpit.schedule import facts as f
from cockpit.schedule.states import State
from tests.engine.scenes import WRITES, Scene

pytestmark = pytest.mark.anyio

QUALITY: dict[str, Any] = {
    "quarantine": ["no-evil", "OUT_OF_SCOPE"],
    "settle": "0s",
    "forbid": [{"name": "no-evil", "pattern": "EVIL"}, {"name": "note", "pattern": "NOTE"}],
}
WRITES_ON = 'echo EVIL > bad.txt; tell wrote; while :; do echo more >> "$STAGE/pulse"; sleep 0.05; done'
"""Writes something bad and never ends by itself."""
MENDS = 'if [ "$attempt" = 1 ]; then echo EVIL > bad.txt; else echo good > bad.txt; fi'


@pytest.fixture
def scans() -> None:
    """Scan as drivers do, in a process of its own."""


async def test_a_run_that_does_harm_is_ended_while_it_runs(scene: Scene) -> None:
    scene.plan({"a": {"does": WRITES_ON}, "b": {}}, quality=QUALITY)
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="quarantined", b="merged")
        leg = play.leg("a")
        assert not scene.ours()
        (found,) = play.snapshot.open_violations(leg.key)
        assert (found.rule, found.path, found.line, found.excerpt) == ("no-evil", "bad.txt", 1, "EVIL")
        assert play.snapshot.held_slots() == {found.slot: leg}
        assert leg.held_from == "running"
        assert (scene.worktree("a") / "bad.txt").read_text() == "EVIL\n"
    assert not scene.base_file("bad.txt")
    scene.check()


async def test_a_violation_that_is_mended_in_time_stops_nothing(scene: Scene) -> None:
    does = "echo EVIL > bad.txt; tell wrote; wait_for seen; echo good > bad.txt; wait_for end"
    scene.plan({"a": {"does": does}}, quality={**QUALITY, "settle": "60s"})
    async with scene.driving() as play:
        await play.start()
        await play.until(lambda play: play.view.readings.findings.get("a"))
        (seen,) = play.view.readings.findings["a"]
        assert (seen.rule, seen.path) == ("no-evil", "bad.txt")
        assert seen.due == seen.since + 60
        scene.go("seen")
        await play.until(lambda play: not play.view.readings.findings.get("a"))
        scene.go("end")
        await play.until_merged()
        assert not play.snapshot.violations
    scene.check()


async def test_at_the_end_of_a_run_nothing_waits_for_settling(scene: Scene) -> None:
    scene.plan({"a": {"does": MENDS}}, quality={**QUALITY, "settle": "60s"})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="quarantined")
        assert play.leg("a").held_from == "checking"
        answer = await play.order("release", "a", reason="be good")
        assert answer.ok
        await play.until_merged()
        assert {one.state for one in play.snapshot.violations.values()} == {"fixed"}
    assert "be good" in scene.prompts("a")[1]
    assert "no-evil" in scene.prompts("a")[1]
    assert scene.base_file("bad.txt") == "good\n"
    scene.check()


async def test_a_leg_is_started_over_and_the_bad_tree_is_kept(scene: Scene) -> None:
    scene.plan({"a": {"does": f'[ "$attempt" = 1 ] && echo mine > other.txt; {MENDS}'}}, quality=QUALITY)
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="quarantined")
        await play.order("release", "a", how="restart")
        assert [one.how for one in play.of(f.OrderGiven) if one.verb == "release"] == ["restart"]
        await play.until_merged()
        (ref,) = play.snapshot.workstreams["a"].rescues
    assert scene.git("show", f"{ref}:other.txt") == "mine\n"
    assert scene.base_file("other.txt") == ""
    assert scene.base_file("bad.txt") == "good\n"
    scene.check()


async def test_a_run_that_does_the_same_again_after_a_new_start_is_quarantined_again(scene: Scene) -> None:
    scene.plan({"a": {"does": "echo EVIL > bad.txt"}}, quality=QUALITY)
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="quarantined")
        await play.order("release", "a", how="restart")
        await play.until(lambda play: len(play.of(f.LegQuarantined)) == 2)
        assert len(play.snapshot.open_violations(play.leg("a").key)) == 1
    scene.check()


async def test_a_waiver_lets_the_work_go_on_and_is_kept(scene: Scene) -> None:
    gate = {"name": "say", "run": "echo this was printed"}
    scene.plan({"a": {"does": "echo EVIL > bad.txt"}}, quality=QUALITY, approve={"merge": "always"}, gates=[gate])
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="quarantined")
        assert (await play.handle.ask("gates", workstream="a")) == {"gates": []}
        assert not (await play.order("waive", "a")).ok
        assert (await play.order("waive", "a", reason="a word in a text")).ok
        await play.until_state(a="review")
        (waived,) = play.snapshot.violations.values()
        assert (waived.state, waived.by, waived.reason) == ("released", "test", "a word in a text")
        (said,) = (await play.handle.ask("gates", workstream="a"))["gates"]
        assert (said["gate"], said["ok"], said["output"]) == ("say", True, "this was printed\n")
        told = await play.handle.ask("prompt", workstream="a")
        assert told["run"] == play.leg("a").run
        assert told["text"].startswith("# ")
        assert "## Rules" in told["text"]
        assert told["left_out"] == 0
        assert len(play.of(f.RunStarted)) == 1
    scene.check()


async def test_that_something_else_still_writes_is_said_until_the_quarantine_is_over(scene: Scene) -> None:
    scene.plan({"a": {"does": WRITES_ON}}, quality=QUALITY)
    late = scene.worktree("a") / "late.txt"

    async def write() -> None:
        while True:
            late.write_text("x")
            await asyncio.sleep(0.02)

    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="running")
        writing = asyncio.create_task(write())
        await play.until_state(a="quarantined")
        writing.cancel()
        await play.until(lambda play: "still writes" in play.view.readings.notes.get("quarantine:a", ""))
        await play.order("discard", "a")
        await play.until(lambda play: "quarantine:a" not in play.view.readings.notes)
    scene.check()


async def test_what_is_discarded_is_rescued_first(scene: Scene) -> None:
    scene.plan({"a": {"does": WRITES_ON}}, quality=QUALITY)
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="quarantined")
        await play.order("discard", "a")
        await play.until(lambda play: not play.snapshot.workstreams["a"].worktree)
        (ref,) = play.snapshot.workstreams["a"].rescues
        assert play.state("a") == "stopped"
    assert scene.git("show", f"{ref}:bad.txt") == "EVIL\n"
    assert not scene.worktree("a").exists()
    scene.check()


async def test_only_what_the_plan_names_quarantines_and_the_rest_is_listed(scene: Scene) -> None:
    scene.plan({"a": {"does": "echo NOTE > a.txt"}}, quality=QUALITY, approve={"merge": "always"})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="review")
        (found,) = play.snapshot.open_violations("a")
        assert found.rule == "note"
        await play.order("approve", "a")
        await play.until_merged()
        assert not play.snapshot.open_violations("a")
    scene.check()


async def test_the_change_can_be_looked_at_and_the_plans_notifications_run(scene: Scene) -> None:
    told = scene.top / "told"
    scene.plan(
        {"a": {"does": f"echo x > other.txt; {WRITES_ON}"}, "b": {"depends_on": ["a"]}},
        quality=QUALITY,
        notify=[{"on": ["quarantined"], "run": f"echo $COCKPIT_EVENT >> {told}"}],
    )
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="quarantined")
        whole = await play.handle.ask("diff", workstream="a")
        assert (whole["files"], whole["left_out"], whole["cut"]) == (2, 0, False)
        assert "+++ b/bad.txt\n@@ -0,0 +1,1 @@\n+EVIL\n" in whole["text"]
        alone = await play.handle.ask("diff", workstream="a", path="bad.txt")
        assert alone["files"] == 1
        assert "other.txt" not in alone["text"]
        assert (await play.handle.ask("diff", workstream="b"))["text"] == ""
        await play.until(lambda _: told.exists() and told.read_text() == "quarantined\n")
    scene.check()


async def test_what_is_outside_its_files_is_out_of_scope(scene: Scene) -> None:
    scene.plan({"a": {"files": ["src/**"], "does": "echo x > elsewhere.txt"}}, quality=QUALITY)
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="quarantined")
        assert [one.rule for one in play.snapshot.open_violations("a")] == ["OUT_OF_SCOPE"]
    scene.check()


async def test_a_driver_that_is_killed_in_between_quarantines_all_the_same(scene: Scene) -> None:
    scene.plan({"a": {"does": WRITES_ON}}, quality={**QUALITY, "settle": "1s"})
    async with scene.client() as play:
        await play.start()
        await play.until_there("wrote")
        scene.kill_driver()
    async with scene.client() as play:
        await play.until_state(a="quarantined")
        assert not scene.ours()
        await play.handle.order(_stop())
    scene.end()
    assert play.snapshot.legs["a"].state is State.QUARANTINED
    scene.check()


DAEMONS = """
cat > "$STAGE/writer.sh" << 'END'
echo $$ > "$1"
while :; do echo more >> pulse.txt; sleep 0.01; done
END
setsid sh "$STAGE/writer.sh" "$STAGE/one" &
(setsid sh -c 'setsid sh "$STAGE/writer.sh" "$STAGE/two" &' &)
(env -i PATH="$PATH" setsid sh "$STAGE/writer.sh" "$STAGE/three" &)
while [ ! -s "$STAGE/one" ] || [ ! -s "$STAGE/two" ] || [ ! -s "$STAGE/three" ]; do sleep 0.02; done
tell wrote; wait_for evil; echo EVIL > bad.txt
sh "$STAGE/writer.sh" "$STAGE/four"
"""
"""Leaves writers behind that have sessions of their own, no parent, and one of them no mark in its environment."""


async def test_what_a_quarantined_agent_left_behind_writes_nothing_more_once_that_is_shown(scene: Scene) -> None:
    scene.plan({"a": {"does": DAEMONS}, "b": {"does": f"wait_for go\n{WRITES}"}}, quality=QUALITY)
    pulse = scene.worktree("a") / "pulse.txt"
    async with scene.driving() as play:
        await play.start()
        await play.until_there("wrote")
        writers = [processtree.identity(int((scene.stage / one).read_text())) for one in ("one", "two", "three")]
        assert all(one is not None and processtree.alive(one) for one in writers)
        scene.go("evil")
        await play.until_state(a="quarantined")
        size = _size(pulse)
        assert not any(processtree.alive(one) for one in writers if one)
        scene.go("go")
        await play.until_state(b="merged")  # time enough for hundreds of lines
        assert _size(pulse) == size > 0
        assert "quarantine:a" not in play.view.readings.notes
    scene.check()


async def test_a_run_that_went_on_without_a_driver_is_looked_at_before_anything_is_launched(scene: Scene) -> None:
    does = "tell began; wait_for alone; echo EVIL > bad.txt; tell wrote; wait_for never"
    scene.plan({"a": {"does": does}, "b": {}}, quality=QUALITY, limits={"agents": 1})
    async with scene.client() as play:
        await play.start()
        await play.until_there("began")
        scene.kill_driver()
    scene.go("alone")
    await play.until_there("wrote")
    async with scene.driving(agents=2) as play:
        await play.until_state(a="quarantined", b="merged")
        assert play.driver is not None
        facts = [type(one.fact) for one in play.driver.engine.journal.read()]
        second = len(facts) - 1 - facts[::-1].index(f.DriverStarted)
        assert f.ViolationFound in facts[second : facts.index(f.LegTaken, second)]
    scene.check()


def _size(path: Path) -> int:
    return path.stat().st_size


def _stop() -> Any:
    from cockpit.schedule.orders import Order

    return Order("stop-driver", by="test")
