"""What runs came to is kept over plans and drivers, and told to whoever asks."""

from pathlib import Path
from typing import Any

import pytest

from cockpit.schedule.records import Record
from cockpit.store.records import RecordStore, records_file
from tests.engine.scenes import Scene

pytestmark = pytest.mark.anyio


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordStore:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    return RecordStore(records_file())


async def test_runs_are_kept_by_what_ran_and_counted_once_over_drivers(scene: Scene, store: RecordStore) -> None:
    scene.plan({"a": {}, "b": {}}, gates=[{"name": "g", "run": ["true"]}])
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
        (profile,) = play.snapshot.outline.profiles
    expected = {profile.digest: Record(runs=2, judged=2, clean=2, gates=2, passed=2)}
    assert store.by_profile() == expected
    async with scene.driving() as play:
        await play.until(lambda play: play.view.readings.records)
        assert dict(play.view.readings.records) == expected
        answer: dict[str, Any] = await play.handle.ask("records")
        assert answer["profiles"]["sh"]["clean_rate"] == 1.0
        assert answer["everywhere"]["sh"]["runs"] == 2
    assert store.by_profile() == expected
    scene.check()


async def test_what_a_killed_driver_did_not_write_is_written_by_the_next(scene: Scene, store: RecordStore) -> None:
    scene.plan({"a": {}})
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
    store.path.unlink()  # as if the driver had been killed before it wrote
    async with scene.driving() as play:
        await play.until(lambda play: play.view.readings.records)
    assert [one.runs for one in store.by_profile().values()] == [1]
    scene.check()


async def test_damaged_records_are_said_and_stop_nothing(scene: Scene, store: RecordStore) -> None:
    store.path.parent.mkdir(parents=True)
    store.path.write_bytes(b"this was a database once, and is none any more" * 50)
    scene.plan({"a": {}})
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
        await play.until(lambda play: play.view.readings.records)
    assert len(list(store.path.parent.glob("records.db.damaged-*"))) == 1
    scene.check()
