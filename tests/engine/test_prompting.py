"""What the operator adds to a prompt reaches the next run, and those after it; a run that goes on is left alone."""

import asyncio
import json
from pathlib import Path

import pytest

from cockpit.agents import runs
from cockpit.cli.main import run
from cockpit.engine.handed import Handed
from cockpit.schedule import facts as f
from cockpit.schedule.adding import NOT_TOLD
from tests.engine.scenes import WRITES, Scene
from tests.unit.outlines import loaded, outline, ran, told

pytestmark = pytest.mark.anyio

DOES = 'tell "here$attempt"; wait_for "go$attempt"; [ "$attempt" = 1 ] && exit 3\necho done > a.txt\n'


async def test_what_is_added_to_a_prompt_reaches_the_next_run(
    scene: Scene, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    scene.plan({"a": {"does": DOES, "prompt": "Do it."}}, approve={"merge": "always"})

    async def command(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        argv = ["prompt", str(scene.path), "a", "--state-dir", str(scene.state_dir), *words]
        return (await asyncio.to_thread(run, argv), *capsys.readouterr())

    async with scene.driving() as play:
        assert (await play.order("prompt", "a", reason="Use spaces.")).ok
        assert (await command("--set", "Use tabs.\n\nAlways."))[:2] == (0, "prompt a done\n")
        code, out, err = await command()
        assert (code, "## The operator adds\n\nUse tabs.\n\nAlways.\n" in out) == (0, True), "before its first run"
        assert err.startswith("what the next run of a is told")
        upcoming = await play.handle.ask("prompt", workstream="a", upcoming=True)
        assert upcoming["text"].rstrip() == out.rstrip()
        await play.start()
        await play.until_there("here1")
        await play.until_state(a="running")
        (fact,) = play.of(f.AdditionTold)
        assert (fact.text, play.leg("a").addition) == ("Use tabs.\n\nAlways.", "")
        more = tmp_path / "more.md"
        more.write_text("Mind the docs.\n")
        assert (await command("--file", str(more)))[1] == f"prompt a done: {NOT_TOLD}\n"
        found = json.loads((await command("--json"))[1])
        assert (found["run"], found["addition"]) == (fact.run, "Mind the docs.")
        assert "Mind the docs." not in found["text"]
        assert "the next run is also told: Mind the docs." in (await command())[2]
        scene.go("go1")
        await play.until_state(a="failed")
        assert (await play.order("retry", "a")).ok
        await play.until_there("here2")
        first, second = scene.prompts("a")
        assert "## The operator adds\n\nUse tabs.\n\nAlways.\n\n## " in first
        assert "## The operator adds\n\nUse tabs.\n\nAlways.\n\nMind the docs.\n\n## " in second
        await play.until(lambda play: not play.leg("a").addition)
        assert (await command("--clear"))[2] == "error: a: nothing is added to it\n"
        for wrong in (("--add", "a", "--clear"), ("--add", ""), ("--add", " "), ("--file", str(tmp_path / "none"))):
            assert (await command(*wrong))[0] == 2
        scene.go("go2")
        await play.until_state(a="review")


async def test_what_a_driver_that_was_killed_had_told_is_told_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.plan({"a": {"does": "tell here; wait_for go\n" + WRITES}}, approve={"merge": "always"})
    start, cut = runs.start, list[str]()

    def killed(spec: runs.RunSpec) -> runs.Started:
        started = start(spec)
        if not cut:
            cut.append(spec.run_id)
            raise asyncio.CancelledError  # as far as the journal knows, the driver ended here
        return started

    monkeypatch.setattr(runs, "start", killed)
    async with scene.driving() as play:
        assert (await play.order("prompt", "a", reason="Use tabs.")).ok
        await play.start()
        await play.until_there("here")
        await play.until_state(a="running")
        (fact,) = play.of(f.AdditionTold)
        assert (fact.run, fact.text, play.leg("a").addition) == (cut[0], "Use tabs.", "")
        assert len(scene.begun("a")) == 1, "it is the run that was begun before"
        scene.go("go")
        await play.until_state(a="review")


def test_what_a_prompt_handed_over_is_said_once(tmp_path: Path) -> None:
    handed = Handed("Use tabs.", ("m1", "m2"))
    assert Handed.kept(tmp_path) == Handed(), "an older cockpit left nothing"
    handed.keep(tmp_path)
    assert Handed.kept(tmp_path) == handed
    snapshot = told(loaded(outline([("a", []), ("b", [])])), *ran("a"), *ran("b", "sh#2"))
    snapshot = told(snapshot, *(f.MessageSent("b", one, "a", "hello") for one in ("m1", "m2", "m3")))
    snapshot = told(snapshot, f.PromptChanged("a", "Only this."), f.MessagesRead("a", ("m1",), "inbox", "a@1"))
    said = tuple(handed.facts(snapshot, "a", "a@1"))
    assert said == (f.AdditionTold("a", "a@1", "Use tabs."), f.MessagesRead("a", ("m2",), "prompt", "a@1"))
    after = told(snapshot, *said)
    assert (after.legs["a"].addition, tuple(handed.facts(after, "a", "a@1"))) == ("Only this.", ())
