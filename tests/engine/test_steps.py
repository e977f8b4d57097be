"""What is being done to a workstream is shown for as long as it is done, and no longer."""

from contextlib import ExitStack
from pathlib import Path

from cockpit.clock import FakeClock
from cockpit.engine.loop import Engine
from cockpit.engine.steps import step
from cockpit.store.journal import Journal


def test_what_ended_is_not_shown_again_when_what_began_later_ends(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    engine = Engine(journal, FakeClock(1000.0))
    first, second = ExitStack(), ExitStack()
    first.enter_context(step(engine, ("a", "b"), "its change is being scanned"))
    second.enter_context(step(engine, ("a",), "gate tests"))
    assert {key: one.what for key, one in engine.readings.steps.items()} == {
        "a": "gate tests",
        "b": "its change is being scanned",
    }
    first.close()
    assert {key: one.what for key, one in engine.readings.steps.items()} == {"a": "gate tests"}
    second.close()
    assert engine.readings.steps == {}
    journal.close()
