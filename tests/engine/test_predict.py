"""Conflicts are known while agents still work, and what an earlier driver left behind is put right."""

import pytest

from cockpit.engine import predict
from cockpit.git.conflicts import Prediction
from cockpit.schedule.readings import ConflictReading
from tests.engine.scenes import Scene

pytestmark = pytest.mark.anyio


async def test_what_one_conflicts_with_base_in_is_not_told_of_a_branch_that_only_holds_base() -> None:
    pairs = {("new", "old"): ("a", "b"), ("both", "old"): ("a",)}
    found = Prediction(pairs=pairs, base={"old": ("a",), "both": ("a",)})
    assert predict.between(found, "new") == {"old": ("b",)}
    assert predict.between(found, "old") == {"new": ("b",), "both": ("a",)}


async def test_uncommitted_edits_that_conflict_are_seen_while_both_agents_run(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predict, "EVERY_S", 0.1)
    scene.plan(
        {
            "one": {"does": "echo one > README.md; echo x > apart1.txt; tell there1; wait_for go"},
            "two": {"does": "echo two > README.md; echo y > apart2.txt; tell there2; wait_for go"},
            "three": {"does": "echo z > apart3.txt; tell there3; wait_for go"},
        },
        shared_files=["README.md"],
    )
    async with scene.driving() as play:
        await play.start()
        await play.until(lambda play: set(play.driver.engine.readings.conflicts) == {"one", "two"})
        await play.until(lambda play: play.driver.engine.readings.shared)
        readings = play.driver.engine.readings
        assert readings.conflicts["one"] == ConflictReading((), {"two": ("README.md",)})
        assert readings.conflicts["two"] == ConflictReading((), {"one": ("README.md",)})
        assert readings.shared == {"README.md": ("one", "two")}
        assert scene.git("status", "--porcelain") == ""
        scene.go("go")
        await play.until(lambda play: not play.driver.engine.readings.shared)
