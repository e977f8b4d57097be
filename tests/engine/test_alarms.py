"""Thresholds of the plan and the limit of free disk, as a driver notes them, also one that came after the fact."""

import pytest

from cockpit.engine import alarms
from tests.engine.scenes import Play, Scene

pytestmark = pytest.mark.anyio


async def test_a_threshold_and_a_disk_that_runs_full_are_noted_and_known_to_the_next_driver(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarms, "_free", lambda _: 5_000)
    scene.plan(
        {"a": {"does": "exit 1"}},
        alerts={"errors_per_hour": 0, "gate_p95": "1h"},
        notify=[{"on": ["disk", "threshold"], "run": f"echo $COCKPIT_EVENT >> {scene.stage}/called"}],
    )
    for again in (False, True):
        async with scene.driving() as play:
            if not again:
                await play.start()
            await play.until(lambda play: "alerts.errors_per_hour" in play.view.readings.notes)
            notes = play.view.readings.notes
            assert notes["alerts.errors_per_hour"] == "1 error within an hour: 1 of runs, 0 of gates"
            assert notes["disk"] == "5.0 KB free for worktrees, less than limits.min_free_disk 5.0 GB"
            assert not {"alerts.gate_p95", "alerts.agent_failure_rate"} & notes.keys()
            await play.driver.notifier.idle()
            assert (scene.stage / "called").read_text().split() == ["disk", "threshold"], "once for all drivers"


async def test_an_alarm_is_told_again_only_when_it_had_gone_away_meanwhile(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [5_000]
    monkeypatch.setattr(alarms, "_free", lambda _: free[0])
    called = scene.stage / "called"
    scene.plan({"a": {}}, notify=[{"on": ["threshold"], "run": f"echo $COCKPIT_EVENT >> {called}"}])

    async def looked(play: Play, *noted: str) -> None:
        looking = alarms.Alarms(play.driver.effects, play.driver.notifier.alarmed)
        await looking.look()
        assert set(noted) == {key for key in play.driver.engine.readings.notes if key == "disk"}
        await play.driver.notifier.idle()

    async with scene.driving() as play:
        await looked(play, "disk")
        assert not called.exists(), "the plan did not ask for it"
    scene.plan({"a": {}}, notify=[{"on": ["disk"], "run": f"echo $COCKPIT_EVENT >> {called}"}])
    async with scene.driving() as play:
        await looked(play, "disk")
        await looked(play, "disk")
        assert called.read_text().split() == ["disk"]
    free[0] = 10**12
    async with scene.driving() as play:
        await looked(play)
    free[0] = 5_000
    async with scene.driving() as play:
        await looked(play, "disk")
        assert called.read_text().split() == ["disk", "disk"]
    scene.state.told.write_text("{damaged")
    async with scene.driving() as play:
        await looked(play, "disk")
        assert called.read_text().split() == ["disk"] * 3
