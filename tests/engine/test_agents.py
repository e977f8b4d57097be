"""Conformance of every preset, with small programs that print and end as the real ones do.

Exit codes that lie, signals, children in sessions of their own, silence, cut streams; and what that means for slots,
costs and sessions.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cockpit.agents.programs import PROGRAMS
from cockpit.agents.streams.events import Usage
from cockpit.agents.streams.formats import parser
from cockpit.cli.status import status_of
from cockpit.engine import running
from cockpit.engine.following import usage
from cockpit.plan.settings import AgentProfile
from cockpit.schedule import facts as f
from cockpit.schedule.decide import decide
from cockpit.schedule.orders import TakeLeg, WakeAt
from cockpit.schedule.queueing import waits_in_line
from cockpit.schedule.readings import Readings
from cockpit.schedule.snapshot import Cost, Run, Snapshot
from tests.engine.scenes import Scene

pytestmark = pytest.mark.anyio
SAMPLES = Path(__file__).parents[1] / "unit" / "agent_streams"
FAKE = """#!/bin/sh
wait_for() { while [ ! -e "$STAGE/$1" ]; do sleep 0.02; done; }
tell() { : > "$STAGE/$1"; }
say() { cat "$SAMPLES/$1"; }
works() { echo "$COCKPIT_RUN" >> "$COCKPIT_WORKSTREAM.txt"; }
echo "$COCKPIT_WORKSTREAM $COCKPIT_RUN $$" >> "$STAGE/begun"
echo "$0 $*" > "$STAGE/$COCKPIT_RUN.args"
cat > "$STAGE/$COCKPIT_RUN.prompt" </dev/stdin
attempt=$(grep -c "^$COCKPIT_WORKSTREAM " "$STAGE/begun")
. "$STAGE/$COCKPIT_WORKSTREAM.sh"
"""
BESIDE = '"output_token_count": 5, "finish_reasons": ["content_filter"], "role": "main"'
ENDS: dict[str, dict[str, tuple[str, str]]] = {
    "claude": {
        "done": ("works; say claude-edit.jsonl", ""),
        "child": ("works; setsid sleep 1000 & say claude-edit.jsonl", ""),
        "idle": ("say claude-edit.jsonl", "the agent ended well but changed nothing"),
        "code": ("works; say claude-edit.jsonl; exit 3", "the agent ended with code 3"),
        "http400": ("say claude-http400.jsonl; exit 1", "API Error: 400 rig: scripted HTTP 400"),
        "cut": ("works; say claude-drop.jsonl", "the answer of its model was cut off"),
        "denied": ("works; say claude-ask-write.jsonl", "it was not allowed: Write /src/wt/asked2.txt"),
        "killed": ("works; head -n 4 $SAMPLES/claude-edit.jsonl; kill -9 $$", "its output ended before"),
        "lied": ("works; head -n 4 $SAMPLES/claude-edit.jsonl", "its output ended before it said that it was done"),
    },
    "codex": {
        "done": ("works; say codex-edit.jsonl", ""),
        "http400": ("say codex-http400.jsonl; exit 1", "rig: scripted HTTP 400"),
        "cut": ("works; say codex-drop.jsonl; exit 1", "stream disconnected before completion"),
        "denied": ("works; say codex-ask-write.jsonl", "its sandbox did not let it work"),
        "killed": ("works; head -n 6 $SAMPLES/codex-edit.jsonl; kill -15 $$", "before its turn was completed"),
    },
    "opencode": {
        "done": ("works; say opencode-edit.jsonl", ""),
        "http400": ("say opencode-http400.jsonl; exit 1", "rig: scripted HTTP 400"),
        "cut": ("works; say opencode-drop.jsonl; kill -15 $$", "the answer of its model was cut off"),
        "denied": (
            "works; say opencode-edit.jsonl; echo '! bash (make); auto-rejecting' >&2",
            "not allowed: bash (make)",
        ),
        "killed": ("works; head -n 8 $SAMPLES/opencode-edit.jsonl; kill -15 $$", "in the middle of its work"),
    },
    "gemini": {
        "done": ("works; say gemini-edit.jsonl", ""),
        "http400": ("say gemini-http400.jsonl; exit 144", "rig: scripted HTTP 400"),
        "beside": (f"works; say gemini-edit.jsonl; echo '{BESIDE}' > $GEMINI_TELEMETRY_OUTFILE", "its model refused"),
        "cut": ("works; say gemini-drop.jsonl", "Model stream ended without a finish reason."),
        "killed": ("works; head -n 6 $SAMPLES/gemini-edit.jsonl", "its output ended before it said that it was done"),
    },
    "aider": {
        "done": ("works; touch .aider.chat.history.md; mkdir .aider.tags; touch .aider.tags/x; say aider-edit.txt", ""),
        "http400": ("echo 'litellm.BadRequestError: no'", "litellm.BadRequestError: no"),
        "mute": ("works; echo 'Aider v0.86.2'", "its model gave no answer"),
        "killed": (
            "works; echo 'Aider v0.86.2'; kill -9 $$",
            "its model gave no answer (the agent ended with signal 9)",
        ),
    },
}


@pytest.fixture
def stage(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a fake of every agent program on the path, and return what writes a plan for presets."""
    programs = scene.top / "programs"
    programs.mkdir()
    for name in PROGRAMS:
        (programs / name).write_text(FAKE)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")

    def write(workstreams: dict[str, dict[str, Any]], agents: dict[str, dict[str, Any]], **more: Any) -> None:
        env = {"STAGE": str(scene.stage), "SAMPLES": str(SAMPLES)}
        profiles = {name: {"slots": 4, **keys, "env": env} for name, keys in agents.items()}
        scene.plan(workstreams, agents=profiles, **more)

    return write


@pytest.mark.parametrize("preset", ENDS)
async def test_a_run_is_done_only_where_output_exit_and_git_agree(
    scene: Scene, stage: Callable[..., None], preset: str
) -> None:
    ends = ENDS[preset]
    stage({case: {"does": does} for case, (does, _) in ends.items()}, {"one": {"preset": preset}})
    async with scene.driving() as play:
        await play.start()
        wanted = {case: "failed" if why else "merged" for case, (_, why) in ends.items()}
        await play.until(lambda play: all(play.state(case) == state for case, state in wanted.items()), 20)
        for case, (_, why) in ends.items():
            assert why in play.leg(case).reason, case
            assert '{"type"' not in play.leg(case).reason
        assert scene.base_file("done.txt")
        assert not scene.git("ls-tree", "-r", "--name-only", "main").count(".aider")
        run = next(one for one in play.snapshot.runs.values() if one.leg.startswith("done"))
        assert run.session
        assert play.snapshot.usage[run.id].tokens_out in (102, 42)
    scene.check()


async def test_a_silent_agent_and_one_that_calls_for_ever_are_ended(scene: Scene, stage: Callable[..., None]) -> None:
    again = "while :; do say opencode-drop.jsonl; sleep 0.1; done"
    log = """echo 'message="stream error" small=false error.error="usage limit, try again in 2 hours"' >&2"""
    streams = {
        "silent": {"does": "exec sleep 1000", "agent": "one"},
        "again": {"does": again, "agent": "one"},
        "limited": {"does": f"{log}; exec sleep 1000", "agent": "two"},
    }
    stage(streams, {key: {"preset": "opencode"} for key in ("one", "two")}, limits={"stall": "1s", "retries": 0})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(silent="failed", again="failed", limited="retrying", seconds=20)
        (slept,) = play.of(f.ProfileSlept)
        assert slept.profile == "two"
        assert slept.until == pytest.approx(time.time() + 7200, abs=60)
        assert slept.reason == "usage limit, try again in 2 hours"
        await play.order("stop", "limited")
        assert "no output and no file change" in play.leg("silent").reason
        assert "its model brought nothing" in play.leg("again").reason
        assert "what it did last: calls the model again: the answer was cut off" in play.leg("again").reason
        outcomes = {one.leg: one.outcome for one in play.snapshot.runs.values()}
        assert outcomes == {"silent": "stalled", "again": "stalled", "limited": "failed"}
    scene.check()


async def test_the_activity_is_the_tool_and_its_file(scene: Scene, stage: Callable[..., None]) -> None:
    does = 'sed "s|/src/wt|$PWD|" $SAMPLES/claude-edit.jsonl | head -n 3; wait_for go'
    stage({"a": {"does": does}}, {"one": {"preset": "claude"}})
    async with scene.driving() as play:
        await play.start()
        await play.until(
            lambda play: any(one.activity == "writes hello.txt" for one in play.view.readings.runs.values()), 15
        )
        await play.order("stop", "a")
    scene.check()


async def test_a_run_that_is_paused_in_a_tool_without_end_goes_on_with_its_session_under_the_next_driver(
    scene: Scene, stage: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PAUSE_S", 0.3)
    does = "[ $attempt = 1 ] && { works; head -n 3 $SAMPLES/claude-edit.jsonl; tell up; exec sleep 1000; }\n"
    stage(
        {"a": {"does": f"{does}works; say claude-resume.jsonl"}},
        {"one": {"preset": "claude"}, "two": {"run": ["true"]}},
    )
    async with scene.driving() as play:
        await play.start()
        await play.until_there("up")
        await play.order("pause", "a")
        await play.until_state(a="paused")
        assert not scene.ours()
    async with scene.driving() as play:
        assert play.state("a") == "paused"
        assert play.leg("a").continues
        await play.order("resume", "a")
        await play.until_merged("a")
        first, second = (run for run, _ in scene.begun("a"))
        assert "--resume" not in (scene.stage / f"{first}.args").read_text()
        args = (scene.stage / f"{second}.args").read_text().split()
        assert "--allowedTools=mcp__cockpit" in args
        assert args[-2:] == ["--resume", "4c22ce82-458a-43b5-ab58-6301cedc8142"]
        told = scene.prompts("a")
        assert told[0].startswith("# a\n")
        assert "MCP server `cockpit`" in told[0]
        assert told[1].startswith("# Go on\n")
        assert "- a.txt" in told[1]
        assert not play.leg("a").continues
    scene.check()


async def test_a_pause_lets_the_tool_call_end_that_the_output_shows(scene: Scene, stage: Callable[..., None]) -> None:
    does = "head -n 6 $SAMPLES/claude-edit.jsonl; tell up; wait_for go; works; sed -n 7p $SAMPLES/claude-edit.jsonl\n"
    stage({"a": {"does": f"{does}exec sleep 1000"}}, {"one": {"preset": "claude"}})
    async with scene.driving() as play:
        await play.start()
        await play.until_there("up")
        ordering = asyncio.create_task(play.order("pause", "a"))
        await play.until(lambda play: play.leg("a").ending == "pause")
        assert play.state("a") == "running"
        scene.go("go")
        await ordering
        await play.until_state(a="paused")
        assert (scene.worktree("a") / "a.txt").exists()
    scene.check()


async def test_a_run_that_failed_begins_a_session_of_its_own(scene: Scene, stage: Callable[..., None]) -> None:
    does = "[ $attempt = 1 ] && { say claude-http500.jsonl; exit 1; }\nworks; say claude-edit.jsonl"
    stage({"a": {"does": does}}, {"one": {"preset": "claude"}}, limits={"retries": 1})
    async with scene.driving() as play:
        await play.start()
        await play.until_merged("a")
        _, second = (run for run, _ in scene.begun("a"))
        assert "--resume" not in (scene.stage / f"{second}.args").read_text()
        assert "API Error: 500" in scene.prompts("a")[1]


QUOTA = (
    """echo '{"type":"turn.failed","error":{"message":"You have hit your usage limit. Try again in %s."}}'; exit 1"""
)


async def test_a_quota_puts_a_profile_to_sleep_and_the_fallback_takes_over(
    scene: Scene, stage: Callable[..., None]
) -> None:
    does = f'case "$0" in *codex) {QUOTA % "3 hours"};; esac; works; say claude-edit.jsonl'
    agents = {"first": {"preset": "codex"}, "other": {"preset": "claude"}}
    stage({"a": {"does": does, "fallback": ["other"]}, "b": {"does": does, "depends_on": ["a"]}}, agents)
    async with scene.driving() as play:
        await play.start()
        await play.until_merged("a")
        (slept,) = play.of(f.ProfileSlept)
        assert (slept.profile, "usage limit" in slept.reason) == ("first", True)
        assert slept.until == pytest.approx(time.time() + 3 * 3600, abs=60)
        assert play.snapshot.legs["a"].failures == 0
        await play.until_state(b="ready")  # only the profile that sleeps may do it
        shape = status_of(play.view, time.time(), None)
        assert {one.slot: one.state for one in shape.agents}["first#1"] == "asleep"
        assert "asleep until" in waits_in_line(play.snapshot, play.leg("b"))
        now = time.time()
        todos = decide(play.snapshot, Readings(), now)
        assert WakeAt(slept.until) in todos
        assert not any(isinstance(one, TakeLeg) for one in todos)
        assert TakeLeg("b", "first#1") in decide(play.snapshot, Readings(), slept.until)
    scene.check()


async def test_a_limit_that_names_no_time_counts_where_nobody_else_is_awake(
    scene: Scene, stage: Callable[..., None]
) -> None:
    does = f'case "$0" in *codex) {QUOTA % "a while"};; esac; works; say claude-edit.jsonl'
    streams: dict[str, dict[str, Any]] = {
        "held": {"does": does, "agent": "first", "fallback": ["other"]},
        "alone": {"does": does, "agent": "second"},
        "left": {"does": does, "agent": "third", "fallback": ["drained"]},
    }
    profiles = {name: {"preset": "codex"} for name in ("first", "second", "third")}
    stage(streams, {**profiles, "other": {"preset": "claude"}, "drained": {"preset": "claude"}})
    async with scene.driving() as play:
        assert (await play.order("drain", words=("drained",))).ok
        await play.start()
        await play.until_merged("held")
        await play.until_state(alone="failed", left="failed")
        assert [play.snapshot.legs[one].failures for one in ("held", "alone", "left")] == [0, 1, 1]
        assert all(one.until <= time.time() + 60 for one in play.of(f.ProfileSlept))
    scene.check()


async def test_a_short_limit_is_slept_over_and_counts_as_no_failure(scene: Scene, stage: Callable[..., None]) -> None:
    does = f"[ $attempt = 1 ] && {{ {QUOTA % '1 second'}; }}; works; say codex-edit.jsonl"
    stage({"a": {"does": does}}, {"one": {"preset": "codex"}})
    async with scene.driving() as play:
        await play.start()
        await play.until_merged("a")
        assert len(scene.begun("a")) == 2
        assert play.snapshot.legs["a"].lessons == ()
        (slept,), (again,) = play.of(f.ProfileSlept), play.of(f.RetryScheduled)
        assert again.at == slept.until, "it is not said to be run again before its only profile is awake"


async def test_the_limit_of_cost_stops_launching_and_ends_nothing(scene: Scene, stage: Callable[..., None]) -> None:
    does = "works; say claude-edit.jsonl"
    waiting = {"does": "wait_for go; works; say claude-edit.jsonl"}
    streams = {"a": {"does": does}, "b": waiting, "c": {"does": does, "depends_on": ["a"]}}
    notify = [{"on": ["cost"], "run": f"echo $COCKPIT_EVENT >> {scene.stage}/told"}]
    stage(streams, {"one": {"preset": "claude"}}, limits={"cost": 0.009}, notify=notify)
    async with scene.driving() as play:
        await play.start()
        await play.until_merged("a")
        assert play.snapshot.over_cost() == "the cost limit is reached: $0.01 of $0.01 (limits.cost)"
        scene.go("go")
        await play.until_merged("b")
        assert play.state("c") == "ready"
        assert play.snapshot.cost().usd == pytest.approx(0.0195)
        assert not scene.begun("c")
        await play.until_there("told")
        assert (scene.stage / "told").read_text() == "cost\n"
    scene.check()


@pytest.mark.parametrize("told", [3, 5])
def test_what_earlier_runs_of_a_session_used_is_not_counted_again(told: int) -> None:
    codex = AgentProfile.model_validate({"preset": "codex", "cost": {"input": 1.0, "cached": 0.1, "output": 10.0}})
    runs = {"r1": Run("r1", "a", "one#1", 1, 1.0, session="S"), "r2": Run("r2", "a", "one#1", 2, 2.0)}
    snapshot = Snapshot(runs=runs, usage={"r1": Cost(0.5, 1000, 200, 30)})
    stream: Any = parser("codex")
    stream.session, stream.usage = "S", Usage(told * 1000, 400, 50)
    fact = usage(snapshot, "a", "r2", stream, codex)
    fresh = (told - 1) * 1000
    assert fact is not None
    assert (fact.tokens_in, fact.tokens_cached, fact.tokens_out) == (fresh, 200, 20)
    assert fact.usd == pytest.approx((fresh + 20 + 200) / 1e6)
    known = Snapshot(runs=runs, usage={**snapshot.usage, "r2": Cost(fact.usd, fresh, 200, 20)})
    assert usage(known, "a", "r2", stream, codex) is None
    stream.by_run = True
    fact = usage(snapshot, "a", "r2", stream, codex)
    assert fact is not None
    assert (fact.tokens_in, fact.tokens_cached, fact.tokens_out) == (told * 1000, 400, 50)


def test_over_acp_the_cost_is_that_of_a_session_and_the_tokens_are_those_of_a_run() -> None:
    profile = AgentProfile.model_validate({"preset": "acp", "run": ["opencode", "acp"]})
    runs = {"r1": Run("r1", "a", "one#1", 1, 1.0, session="S"), "r2": Run("r2", "a", "one#1", 2, 2.0)}
    snapshot = Snapshot(runs=runs, usage={"r1": Cost(0.00246, 400, 800, 34)})
    stream: Any = parser("acp")
    stream.session, stream.usage = "S", Usage(400, 800, 34, 0.0041)
    fact = usage(snapshot, "a", "r2", stream, profile)
    assert fact is not None
    assert (fact.tokens_in, fact.tokens_cached, fact.tokens_out) == (400, 800, 34)
    assert fact.usd == pytest.approx(0.00164)
    stream.session = "another"
    alone = usage(snapshot, "a", "r2", stream, profile)
    assert alone is not None
    assert alone.usd == pytest.approx(0.0041)
