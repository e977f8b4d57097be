"""What the operator adds to a prompt reaches the next run, and those after it; a run that goes on is left alone."""

import asyncio
import json
from pathlib import Path

import pytest

from cockpit.cli.main import run
from cockpit.schedule import facts as f
from cockpit.schedule.adding import NOT_TOLD
from tests.engine.scenes import Scene

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
        (told,) = play.of(f.AdditionTold)
        assert (told.text, play.leg("a").addition) == ("Use tabs.\n\nAlways.", "")
        more = tmp_path / "more.md"
        more.write_text("Mind the docs.\n")
        assert (await command("--file", str(more)))[1] == f"prompt a done: {NOT_TOLD}\n"
        found = json.loads((await command("--json"))[1])
        assert (found["run"], found["addition"]) == (told.run, "Mind the docs.")
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
