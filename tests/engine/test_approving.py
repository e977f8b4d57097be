"""Approvals that are asked for on the terminal: about the work that was shown, and once what is wanted was started."""

import asyncio
import io

import pytest

from cockpit.cli import approving
from cockpit.cli.approving import Asker
from cockpit.cli.telling import Teller
from cockpit.engine.driver import drive
from cockpit.schedule import facts as f
from cockpit.schedule.orders import Order
from tests.engine.scenes import Scene
from tests.ui.fakes import FakeHandle
from tests.unit.outlines import changed_workstream, loaded, outline, ran, told

pytestmark = pytest.mark.anyio
OLD, NEW = "a" * 40, "b" * 40


async def test_a_yes_is_about_the_commit_that_was_shown_and_work_by_hand_is_not_asked_about(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    two = outline([("a", []), ("c", [])])
    for key in ("a", "c"):
        two = changed_workstream(two, key, approve_merge=True)
    snapshot = loaded(two)
    for key in ("a", "c"):
        done = (f.RunEnded(key, f"{key}@1", "done"), f.ChecksStarted(key), f.WorkCommitted(key, OLD, "t"))
        snapshot = told(snapshot, *ran(key), *done, f.ReviewAsked(key))
    handle = FakeHandle(told(snapshot, f.TakeOverAsked("c", "me"), f.TakenOver("c")))
    asked: list[str] = []

    async def line(prompt: str) -> str:
        asked.append(prompt)
        if len(asked) == 1:  # it was brought onto a newer base while the operator looked at it
            handle.record(f.LegRebased("a", "base", NEW, "t2"))
        return "yes\n"

    monkeypatch.setattr(approving, "_line", line)
    following = asyncio.create_task(Asker(Teller(io.StringIO()), wait=True).follow(handle))
    async with asyncio.timeout(5):
        while handle.snapshot.legs["a"].state.value != "queued":  # noqa: ASYNC110 - the fake tells nobody else
            await asyncio.sleep(0.01)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert [prompt[: prompt.index(" (")] for prompt in asked] == [
        f"merge of a at {OLD[:9]}",
        f"merge of a at {NEW[:9]}",
    ]
    approvals = [Order("approve", ("a",), handle.orders[0].by, expected=commit) for commit in (OLD, NEW)]
    assert handle.orders == approvals
    assert "refused: a is not what was shown any more" in capsys.readouterr().out


async def test_who_is_asked_ends_no_plan_before_what_is_wanted_was_started(scene: Scene) -> None:
    scene.plan({"a": {"does": "exit 3\n"}, "b": {}})
    async with scene.driving() as play:
        await play.start("a")
        await play.until_state(a="failed")
    asker = Asker(Teller(io.StringIO()), wait=False)
    async with asyncio.timeout(20):
        assert await drive(scene.project(), talk=asker.follow, approve="ask", wait=True) == 1
    assert scene.merges_of("b") == 1
    scene.check()
