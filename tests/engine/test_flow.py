"""A plan runs to its end: order, legs, retries, time limits, stalls; with real agents and real merges."""

import pytest

from cockpit.schedule import facts as f
from tests.engine.scenes import Scene

pytestmark = pytest.mark.anyio


async def test_the_order_of_dependencies_holds_and_each_sees_what_it_needs_on_base(scene: Scene) -> None:
    scene.plan(
        {
            "api": {"depends_on": ["db"], "does": "cat db.txt > api.txt"},
            "db": {"does": "echo tables > db.txt"},
            "web": {"depends_on": ["api"], "does": "cat db.txt api.txt > web.txt"},
            "docs": {"does": "echo words > docs.txt"},
        }
    )
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
    merged = [fact.leg for fact in play.of(f.LegMerged)]
    assert sorted(merged) == ["api", "db", "docs", "web"]
    assert merged.index("db") < merged.index("api") < merged.index("web")
    assert scene.base_file("web.txt") == "tables\ntables\n"
    assert (scene.repo / "web.txt").read_text() == "tables\ntables\n"
    assert [scene.merges_of(one) for one in ("db", "api", "web", "docs")] == [1, 1, 1, 1]
    scene.check()


@pytest.mark.parametrize("strategy", ["merge", "squash"])
async def test_a_workstreams_second_leg_goes_on_from_the_merged_state(scene: Scene, strategy: str) -> None:
    does = 'grep -o "Issue [A-Z]*-[0-9]" "$STAGE/$COCKPIT_RUN.prompt" >> "$COCKPIT_WORKSTREAM.txt"; ls > seen'
    scene.plan(
        {
            "db": {
                "does": f"{does}.db",
                "issues": [{"id": "DB-1"}, {"id": "DB-2", "depends_on": ["CLI-1"]}, {"id": "DB-3"}],
            },
            "cli": {"does": f"{does}.cli", "issues": [{"id": "CLI-1", "depends_on": ["DB-1"]}, {"id": "CLI-2"}]},
        },
        merge={"strategy": strategy},
    )
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
        legs = [leg.key for leg in play.snapshot.legs.values()]
    assert len(legs) == 5 or len(legs) == 4
    assert sorted(scene.base_file("db.txt").splitlines()) == ["Issue DB-1", "Issue DB-2", "Issue DB-3"]
    assert "cli.txt" in scene.base_file("seen.db")
    assert [scene.merges_of(leg) for leg in legs] == [1] * len(legs)
    parents = scene.git("log", "--first-parent", "--format=%P", "main").splitlines()
    assert {len(one.split()) for one in parents[: len(legs)]} == ({2} if strategy == "merge" else {1})
    scene.check()


async def test_a_failure_is_retried_and_the_next_prompt_says_what_went_wrong(scene: Scene) -> None:
    does = '[ "$attempt" = 2 ] || { echo "the pump is broken" >&2; echo half > half.txt; exit 3; }\n'
    scene.plan({"a": {"does": does + "cat half.txt > a.txt"}}, limits={"retries": 1})
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
        assert [one.outcome for one in play.of(f.RunEnded)] == ["failed", "done"]
    first, second = scene.prompts("a")
    assert "Earlier runs" not in first
    assert "code 3" in second
    assert "the pump is broken" in second
    assert scene.base_file("a.txt") == "half\n", "what the failed run wrote is kept for the next one"
    scene.check()


async def test_when_retries_are_used_up_what_depends_is_blocked_and_the_rest_goes_on(scene: Scene) -> None:
    scene.plan(
        {"bad": {"does": "exit 1"}, "after": {"depends_on": ["bad"]}, "free": {}},
        limits={"retries": 2},
    )
    async with scene.driving() as play:
        await play.start()
        await play.until_state(bad="failed", free="merged")
        assert play.state("after") == "waiting"
        assert play.snapshot.state() == "attention"
        assert len(scene.begun("bad")) == 3
        assert not scene.begun("after")
        scene.does("bad", "echo good > bad.txt")
        assert (await play.order("retry", "bad")).ok
        await play.until_merged()
    scene.check()


async def test_a_run_that_takes_too_long_is_ended(scene: Scene) -> None:
    scene.plan({"slow": {"does": "tell on; wait_for never"}}, limits={"run_timeout": "1s"})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(slow="failed")
        assert [one.outcome for one in play.of(f.RunEnded)] == ["timeout"]
        assert "time limit" in play.leg("slow").reason
    scene.check()


async def test_a_silent_run_is_shown_as_stalled_and_ended_later(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cockpit.engine.watch.SWEEP_S", 0.2)
    scene.plan({"mute": {"does": "echo hm; wait_for never"}}, limits={"stall": "1s"})
    async with scene.driving() as play:
        await play.start()
        await play.until(lambda now: any(run.stalled_since for run in now.view.readings.runs.values()))
        assert play.state("mute") == "running"
        await play.until_state(mute="failed")
        assert [one.outcome for one in play.of(f.RunEnded)] == ["stalled"], play.told()
        assert "no output" in play.of(f.RunEnded)[0].reason
    scene.check()


async def test_no_more_agents_run_at_once_than_the_limits_say(scene: Scene) -> None:
    does = 'tell "$COCKPIT_WORKSTREAM.on"; wait_for "$COCKPIT_WORKSTREAM.go"\n' + "echo x > $COCKPIT_WORKSTREAM"
    scene.plan({key: {"does": does} for key in "abcd"}, limits={"agents": 1})
    async with scene.driving() as play:
        await play.start()
        await play.until_there("a.on")
        assert len(play.snapshot.busy_slots()) == 1
        assert not (await play.order("limits", number=0)).ok
        assert (await play.order("limits", number=3)).ok
        await play.until_there("b.on", "c.on")
        assert len(play.snapshot.busy_slots()) == 3
        assert not scene.begun("d")
        for key in "abcd":
            scene.go(f"{key}.go")
        await play.until_merged()
    scene.check()


async def test_a_fallback_agent_takes_what_the_preferred_one_has_no_slot_for(scene: Scene) -> None:
    agent = {"run": ["sh", str(scene.stage / "agent.sh")], "env": {"STAGE": str(scene.stage)}}
    does = 'tell "$COCKPIT_WORKSTREAM.on"; wait_for go; echo x > $COCKPIT_WORKSTREAM'
    scene.plan(
        {"one": {"does": does, "fallback": ["second"]}, "two": {"does": does, "fallback": ["second"]}},
        agents={"first": agent, "second": agent},
    )
    async with scene.driving() as play:
        await play.start()
        await play.until_there("one.on", "two.on")
        await play.until(lambda now: len(now.snapshot.busy_slots()) == 2)
        assert set(play.snapshot.busy_slots()) == {"first#1", "second#1"}
        scene.go("go")
        await play.until_merged()
    scene.check()


async def test_a_start_that_needs_a_human_waits_for_one(scene: Scene) -> None:
    scene.plan({"a": {}, "b": {"critical": True}}, approve={"start": "critical", "merge": "never"})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="merged", b="ready")
        assert play.snapshot.approval_of(play.leg("b")) == "start"
        assert not scene.begun("b")
        assert (await play.order("approve", "b")).ok
        await play.until_merged()
    scene.check()


async def test_the_operator_is_notified_of_what_the_plan_names_and_sees_each_step(scene: Scene) -> None:
    told = f'echo "$COCKPIT_EVENT $COCKPIT_WORKSTREAM" >> {scene.stage}/told'
    scene.plan(
        {"good": {}, "bad": {"does": "exit 1"}},
        approve={"merge": "always"},
        notify=[{"on": ["approval", "failed", "merged"], "run": told}],
        gates=[{"name": "one", "run": "true"}, {"name": "two", "run": "true"}],
    )
    steps: list[str] = []
    async with scene.driving() as play:
        play.driver.engine.watch_facts(
            lambda _, readings: steps.extend(one.what for one in readings.get("steps", {}).values() if one)
        )
        await play.start()
        await play.until_state(good="review", bad="failed")
        await play.order("approve", "good")
        await play.until_merged("good")
        await play.until_lines("told", 3)
        assert play.driver.engine.readings.steps == {}
    assert steps[:2] == ["its work is being committed", "its change is being scanned"]
    assert steps[2:4] == ["gate one (1 of 2)", "gate two (2 of 2)"]
    assert steps.index("its merge into main is being built") < steps.index("main is being moved to it")
    lines = (scene.stage / "told").read_text().splitlines()
    assert sorted(lines) == ["approval good", "failed bad", "merged good"]
    scene.check()


async def test_questions_are_answered_about_a_run_that_goes_on(scene: Scene) -> None:
    scene.plan({"a": {"does": "echo some words; echo new > new.txt; git add new.txt; tell on; wait_for go"}})
    async with scene.driving() as play:
        await play.start()
        await play.until_there("on")
        await play.until_state(a="running")
        assert "some words" in await play.printed("a")
        kinds = [one[2] for one in (await play.handle.ask("facts", text="workstream:a"))["facts"]]
        assert kinds[:3] == ["RunStarted", "WorktreeMade", "LegTaken"]
        scene.go("go")
        await play.until_merged()
    scene.check()


async def test_a_worktree_is_looked_at_again_when_cockpit_itself_committed_there(scene: Scene) -> None:
    scene.plan({"a": {}}, approve={"merge": "always"})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="review")
        await play.until(lambda now: now.view.readings.worktrees["a"].ahead == 1)
        now = play.view.readings.worktrees["a"]
        assert (now.files, now.untracked) == (1, 0)
