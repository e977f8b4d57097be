"""The page of agents: what it says of profiles and slots, what its keys order, and whose processes it asks for."""

from typing import Any

import pytest
from msgspec.structs import replace

from cockpit.errors import CockpitError
from cockpit.schedule import facts as f
from cockpit.schedule.orders import Order
from cockpit.schedule.readings import RunReading
from cockpit.schedule.records import Record
from cockpit.schedule.snapshot import Sleep
from cockpit.ui.screens.agents import AgentsPage
from cockpit.ui.screens.confirm import ConfirmScreen
from cockpit.ui.screens.workstream import WorkstreamPage
from cockpit.ui.slots import Sums, detail, items, process_lines, told_processes
from tests.ui.fakes import START, FakeHandle, busy, held, loaded, outline, under_way, workstream
from tests.ui.opening import Opened, opened
from tests.ui.test_merges import HOSTILE

pytestmark = pytest.mark.anyio
WHO = "user@screen"


def page(one: Opened) -> AgentsPage:
    screen = one.app.screen
    assert isinstance(screen, AgentsPage)
    return screen


def status(one: Opened) -> str:
    return str(one.app.screen.query_one("#status").render())


def working() -> FakeHandle:
    """Return a plan with one slot at work, one quarantined and free ones, of profiles whose records are known."""
    handle = held()
    handle.record(f.LegRetried("database/database-1"), publish=False)
    under_way(handle, "database/database-1", "coder#2")
    now = handle.clock.now()
    reading = RunReading(now - 5, 120_000, now - 2, "running pytest tests/test_db.py")
    snapshot = handle.snapshot
    profiles = tuple(replace(one, digest=one.name, model="large") for one in snapshot.outline.profiles)
    handle.snapshot = replace(snapshot, outline=replace(snapshot.outline, profiles=profiles))
    handle.read(
        runs={"database-2": reading},
        records={"coder": Record(runs=31, judged=20, clean=19, flawed=1)},
    )
    return handle


def told(handle: FakeHandle) -> dict[str, tuple[str, ...]]:
    return {key: tuple(text for text, _ in item.row.cells) for key, item in items(handle.view(), Sums()).items()}


def detailed(handle: FakeHandle, row: str) -> str:
    view = handle.view()
    sums = Sums()
    lines = detail(view, sums, items(view, sums)[row], handle.clock.now())
    return "\n".join("".join(text for text, _ in cells) for cells in lines)


# --- pure -------------------------------------------------------------------------------------------------------------


def test_it_lists_all_agents_each_profile_and_each_slot_with_what_it_does() -> None:
    rows = told(working())
    assert list(rows)[:4] == ["all", "profile:claude", "slot:claude#1", "slot:claude#2"]
    assert rows["all"][3] == "1 of at most 3 agents at work"
    assert rows["slot:claude#1"][:4] == (
        "⊘ quarantined",
        "  claude#1",
        "ci-testing",
        "PLACEHOLDER_DROPPED in src/install.py:13",
    )
    assert rows["slot:claude#2"][0] == "○ free"
    assert rows["slot:coder#2"][:4] == ("● busy", "  coder#2", "database", "running pytest tests/test_db.py")
    assert rows["profile:claude"][4:6] == ("128k", "$1.84")
    assert rows["profile:coder"][3].startswith("1 of 3 slots busy · 2 runs")


def test_a_slot_that_stalls_sleeps_drains_or_is_unsure_says_so() -> None:
    handle = working()
    handle.read(runs={"database-2": RunReading(activity="thinking", source="inferred")})
    assert told(handle)["slot:coder#2"][3] == "~ thinking"
    handle.read(runs={"database-2": RunReading(stalled_since=START)})
    assert told(handle)["slot:coder#2"][0] == "◌ ~stalled"
    handle.record(f.ProfileDrained("coder"))
    assert told(handle)["slot:coder#1"][0] == "= draining"
    handle.snapshot = replace(handle.snapshot, asleep={"claude": Sleep(handle.snapshot.at + 600, "quota")})
    assert told(handle)["slot:claude#2"][0] == "z asleep"
    assert "until" in told(handle)["profile:claude"][3]


def test_slots_that_the_plan_no_longer_has_stay_while_they_are_at_work() -> None:
    handle = working()
    handle.record(f.SlotsChanged("coder", 1), publish=False)
    assert [key for key in told(handle) if key.startswith("slot:coder")] == ["slot:coder#1", "slot:coder#2"]
    assert "1 slot (the plan says 3), 1 busy" in detailed(handle, "profile:coder")


def test_the_detail_tells_run_output_use_and_record() -> None:
    handle = working()
    text = detailed(handle, "slot:coder#2")
    for part in ("● busy · coder#2 · database · Move sessions", "run database-2 of leg", "5s ago · 120 KB in all"):
        assert part in text
    assert "used: nobody told what" in text
    assert "sign of life 2s ago" in text
    text = detailed(handle, "profile:coder")
    assert "model large" in text
    assert "in all plans: 31 runs, 19 of 20 changes clean (95%)" in text
    assert "used by all runs: 120,000 tokens in, 8,000 out, $1.84" in detailed(handle, "all")


def test_processes_are_a_tree_whose_share_of_a_core_shows_at_the_second_look() -> None:
    first = told_processes(answer(at=10.0, cpu=4.0))
    assert "…" in process_lines(first, None)[1][0][0]
    lines = process_lines(told_processes(answer(at=12.0, cpu=5.0)), first)
    assert "50%" in lines[1][0][0]
    assert lines[2][1][0] == "  [/b]"
    assert "?" in lines[2][0][0]
    assert process_lines(None, None)[0][0][0] == "looking at its processes …"
    assert process_lines(told_processes({"run": "", "at": 1, "processes": []}), None)[0][0][0].startswith("no process")


def answer(at: float = 1.0, cpu: float = 1.0, run: str = "database-2") -> dict[str, Any]:
    rows = [[4242, 0, "claude", cpu, 120_000_000], [4243, 1, "[/b]\x1b[31m", None, None]]
    return {"run": run, "at": at, "processes": rows}


# --- the page ---------------------------------------------------------------------------------------------------------


async def on(one: Opened, row: str) -> None:
    """Open the page and put its cursor on a row."""
    await one.press("2")
    page(one).grid.go_to_row(row)
    await one.pilot.pause()


async def test_plus_and_minus_change_the_limit_of_all_or_the_slots_of_the_profile_under_the_cursor() -> None:
    handle = working()
    async with opened(handle) as one:
        await on(one, "all")
        await one.press("plus")
        await one.until(lambda: handle.snapshot.max_agents() == 4)
        await on(one, "profile:coder")
        await one.press("minus", "minus")
        await one.until(lambda: handle.snapshot.sizes()["coder"] == 1)
        await one.until(lambda: "1 slot (the plan says 3)" in one.screen_text())
        await one.press("minus")
        assert "one slot is the least" in status(one)
        await on(one, "slot:coder#2")
        await one.press("minus")
        await one.until(lambda: handle.snapshot.max_agents() == 3)
        assert handle.snapshot.sizes() == {"claude": 2, "coder": 1}


async def test_capital_p_drains_the_profile_under_the_cursor_or_holds_all() -> None:
    handle = working()
    async with opened(handle) as one:
        await on(one, "profile:coder")
        await one.press("P")
        await one.until(lambda: handle.snapshot.draining == {"coder"})
        await one.until(lambda: "it takes nothing new" in one.screen_text())
        await one.press("P")
        await one.until(lambda: not handle.snapshot.draining)
        assert not handle.snapshot.held
        await on(one, "all")
        await one.press("P")
        await one.until(lambda: handle.snapshot.held)


async def test_orders_are_for_the_workstream_of_the_slot_or_for_all_that_a_profile_runs() -> None:
    handle = working()
    async with opened(handle) as one:
        await on(one, "slot:coder#2")
        await one.press("p")
        await one.until(lambda: handle.orders == [Order("pause", ("database",), WHO)])
        await on(one, "slot:claude#1")
        await one.press("u")
        await one.until(lambda: not isinstance(one.front, AgentsPage))
        await one.press("escape")
        await on(one, "profile:coder")
        await one.press("x")
        assert isinstance(one.front, ConfirmScreen)
        assert "database" in one.screen_text()
        await one.press("escape")
        await on(one, "slot:coder#1")
        for key in ("enter", "l", "d", "t"):
            await one.press(key)
            assert "no agent is at work there" in status(one)
        await one.press("x")
        assert "no workstream is selected" in status(one)
        await on(one, "slot:coder#2")
        await one.press("enter")
        assert isinstance(one.front, WorkstreamPage)


async def test_only_the_processes_of_the_run_under_the_cursor_are_asked_for_and_only_while_the_page_is_open() -> None:
    handle = working()
    handle.processes = answer()
    async with opened(handle) as one:
        await on(one, "slot:coder#1")
        assert [one for one in handle.asked if one[0] == "processes"] == []
        await on(one, "slot:coder#2")
        await one.until(lambda: "120 MB" in one.screen_text())
        handle.processes = answer(2.0, 1.5)
        handle.clock.advance(2.5)
        one.app.tick()
        await one.until(lambda: "50%" in one.screen_text())
        asked = [arguments for question, arguments in handle.asked if question == "processes"]
        assert asked == [{"workstream": "database"}] * 2
        await one.press("escape")
        handle.clock.advance(10)
        one.app.tick()
        await one.pilot.pause()
        assert len([one for one in handle.asked if one[0] == "processes"]) == 2


async def test_processes_that_cannot_be_told_say_why() -> None:
    handle = working()
    handle.processes = CockpitError("no such [/question]")
    async with opened(handle) as one:
        await on(one, "slot:coder#2")
        await one.until(lambda: "its processes cannot be told: no such [/question]" in one.screen_text())


async def test_it_follows_and_the_cursor_stays_on_its_slot() -> None:
    handle = working()
    async with opened(handle) as one:
        await on(one, "slot:coder#2")
        handle.record(f.SlotsChanged("claude", 4))
        await one.until(lambda: "claude#4" in one.screen_text())
        assert page(one).grid.cursor == "slot:coder#2"
        await one.press("g", "j", "k", "G", "pageup", "pagedown", "slash", *"claude", "enter")
        assert "/claude" in one.screen_text()
        await one.press("escape", "escape")
        assert one.front is one.page


async def test_a_screen_that_is_read_only_and_a_driver_that_is_gone_say_so() -> None:
    handle = busy()
    async with opened(handle, read_only=True) as one:
        await on(one, "profile:coder")
        for key in ("plus", "minus", "P"):
            await one.press(key)
            assert "this screen is read only" in status(one)
        handle.connected = False
        handle.publish()
        await one.until(lambda: "✗ driver gone" in one.screen_text())
        assert handle.orders == []


@pytest.mark.parametrize("size", [(120, 40), (40, 30), (32, 15)])
async def test_hostile_text_is_shown_as_text_at_every_width(size: tuple[int, int]) -> None:
    handle = loaded(outline(workstream("a", HOSTILE)))
    under_way(handle, "a/a-1", "claude#1")
    handle.readings = replace(
        handle.readings, runs={"a-1": RunReading(activity=HOSTILE, output_at=START)}, hold=HOSTILE
    )
    handle.processes = answer(run="a-1")
    async with opened(handle, size) as one:
        await one.press("2", "j", "j", "j", "k")
        await one.until(lambda: "4242" in one.screen_text() or size[0] < 120)
        text = one.screen_text()
        assert "claude#1" in text
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert {strip.cell_length for strip in one.app.screen._compositor.render_strips()} == {size[0]}
