"""How busy a row was, how far it has come and what it cost: figures made of readings as they come."""

from msgspec.structs import replace

from cockpit.schedule import facts as f
from cockpit.schedule.readings import RunReading, WorktreeReading
from cockpit.ui.present import Presenter, Row
from cockpit.ui.pulse import MINUTES, NO_PULSE, Activity, Progress, spark
from tests.ui.fakes import START, busy, held

NOON = 1_700_000_040.0  # a whole minute


def test_a_pulse_has_a_bar_a_minute_on_a_scale_that_all_rows_share() -> None:
    activity = Activity()
    activity.note("a", "a-1", RunReading(output_at=NOON, output_bytes=50_000), None)
    for minute, size in ((1, 50_010), (2, 50_010), (3, 51_000), (4, 120_000)):
        pulse = activity.note("a", "a-1", RunReading(output_at=NOON + 60 * minute, output_bytes=size), None)
    assert spark(pulse, NOON + 240) == "     ▁▃ ▆█"
    assert spark(pulse, NOON + 360) == "   ▁▃ ▆█  "
    assert spark(pulse, NOON + 840) == ""
    assert spark(pulse, NOON) == "     ▁▃ ▆█", "a clock that is behind draws what there is"


def test_changed_files_count_too_and_what_is_the_same_counts_nothing() -> None:
    activity = Activity()
    changed = WorktreeReading(changed_at=NOON)
    pulse = activity.note("a", "", None, changed)
    assert activity.note("a", "", None, changed) == pulse
    assert spark(pulse, NOON).strip() == "▅"
    assert activity.note("b", "b-1", RunReading(), None) == NO_PULSE


def test_a_new_run_begins_anew_and_old_minutes_go() -> None:
    activity = Activity()
    for minute in range(500):
        run = f"a-{minute // 100}"
        pulse = activity.note("a", run, RunReading(output_at=NOON + 60 * minute, output_bytes=minute % 100 + 1), None)
    assert len(pulse[1]) == MINUTES
    assert pulse[1] == (1,) * MINUTES
    activity.forget(["a", "b"])
    assert activity.pulse("a") == NO_PULSE


def test_progress_tells_issues_and_how_much_of_the_estimate_is_used() -> None:
    assert Progress(1, 3).told(NOON) == "1/3"
    assert Progress(1, 3, 450.0, 900.0).told(NOON) == "1/3  50%"
    assert Progress(0, 1, 450.0, 900.0, since=NOON - 900).told(NOON) == "0/1 150%"
    assert Progress(0, 1, 9e9, 1.0).told(NOON) == "0/1 999%"
    assert Progress(0, 1, 60.0, 0.0).told(NOON) == "0/1"


def rows_of(presenter: Presenter | None = None) -> dict[str, Row]:
    return (presenter or Presenter()).rows(busy().view())


def test_rows_know_their_progress_and_their_cost() -> None:
    rows = rows_of()
    told = {key: row.progress.told(START + 295) for key, row in rows.items() if row.progress}
    assert told["ci-testing"] == "0/2  16%"
    assert told["security"].startswith("1/1")
    assert rows["ci-testing"].cells[11][0] == "$1.84"
    assert rows["docs"].cells[11][0] == ""


def test_only_the_row_that_costs_more_is_made_again() -> None:
    handle, presenter = busy(), Presenter()
    before = presenter.rows(handle.view())
    handle.record(f.UsageReported("ci-testing/ci-testing-1", "ci-testing-1", 5_000, 0, 0, 0.0), publish=False)
    after = presenter.rows(handle.view())
    assert [key for key in after if after[key] is not before[key]] == ["ci-testing"]


def test_signs_tell_what_the_state_does_not() -> None:
    handle = held()
    handle.readings = replace(handle.readings, shared={"pyproject.toml": ("security", "cli")})
    rows = Presenter().rows(handle.view())
    assert {key: row.cells[12][0] for key, row in rows.items() if row.cells[12][0]} == {"security": "⊘≈", "cli": "≈"}
