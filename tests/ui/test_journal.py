"""The journal's page and the log of commands: newest first, live, filtered by the driver, each in full by a key."""

from typing import Any

import pytest

from cockpit.errors import CockpitError
from cockpit.schedule import facts as f
from cockpit.ui.keys import on_page
from cockpit.ui.past import Ran, fact_item, fact_lines, ran_item, ran_lines
from cockpit.ui.screens import asked
from cockpit.ui.screens.journal import JournalPage
from cockpit.ui.screens.log import LogPage
from tests.ui.fakes import FakeHandle, held, loaded, outline, workstream
from tests.ui.opening import Opened, opened

pytestmark = pytest.mark.anyio
HOSTILE = "[/b]\x1b[31m\u202eevil\u200d[@click=app.quit]x[/]" + "日本" * 40


def journal(one: Opened) -> JournalPage:
    page = one.app.screen
    assert isinstance(page, JournalPage)
    return page


def log(one: Opened) -> LogPage:
    page = one.app.screen
    assert isinstance(page, LogPage)
    return page


def ran(number: int, at: float, command: str = "git status", code: int | None = 0, said: str = "") -> list[Any]:
    return [number, at, 0.25 * number, code, command, "/srv/app", said]


def logged(count: int = 6, said: str = "fatal: [/b]no such ref\nsecond line") -> FakeHandle:
    handle = held()
    for number in range(1, count + 1):
        bad = number == count
        handle.ran.append(ran(number, handle.clock.now(), f"git show {number}", 128 if bad else 0, said if bad else ""))
    return handle


def asks(handle: FakeHandle, question: str) -> list[dict[str, Any]]:
    return [given for asked_for, given in handle.asked if asked_for == question]


# --- the journal ------------------------------------------------------------------------------------------------------


async def test_7_shows_the_newest_facts_first_and_the_one_under_the_cursor_with_its_fields() -> None:
    handle = held()
    async with opened(handle) as one:
        await one.press("7")
        await one.until(lambda: 'violations  ["v1"]' in one.screen_text())
        assert journal(one).numbers == list(range(handle.snapshot.seq, 0, -1))
        assert f"journal {handle.snapshot.seq} facts" in one.screen_text()
        await one.press("j")
        await one.until(lambda: "outcome  stopped" in one.screen_text())
        assert asks(handle, "fact")[-1] == {"seq": handle.snapshot.seq - 1}
        await one.press("7", "escape")
        assert one.front is one.page


async def test_facts_that_come_are_put_first_and_the_cursor_follows_only_from_the_newest() -> None:
    handle = held()
    async with opened(handle) as one:
        await one.press("7")
        await one.until(lambda: journal(one).numbers)
        handle.record(f.LaunchingHeld())
        newest = str(handle.snapshot.seq)
        await one.until(lambda: journal(one).grid.cursor == newest)
        assert "nothing new is launched" in one.screen_text()
        await one.press("j")
        handle.record(f.LaunchingFreed())
        await one.until(lambda: journal(one).numbers[0] == handle.snapshot.seq)
        assert journal(one).grid.cursor == str(int(newest) - 1)
        assert len(asks(handle, "facts")) == 1


async def test_facts_that_were_missed_are_asked_for_again() -> None:
    handle = held()
    async with opened(handle) as one:
        await one.press("7")
        await one.until(lambda: journal(one).numbers)
        handle.record(f.LaunchingHeld(), publish=False)
        handle.record(f.LaunchingFreed())
        await one.until(lambda: journal(one).numbers[:2] == [handle.snapshot.seq, handle.snapshot.seq - 1])
        assert len(asks(handle, "facts")) == 2


async def test_the_filter_is_the_drivers_and_facts_that_come_pass_it_too() -> None:
    handle = held()
    async with opened(handle) as one:
        await one.press("7", "slash", *"kind:launching", "enter")
        await one.until(lambda: asks(handle, "facts")[-1]["text"] == "kind:launching")
        await one.until(lambda: "nothing matches the filter" in one.screen_text())
        await one.press("enter")
        assert "nothing is selected" in one.screen_text()
        handle.record(f.LaunchingHeld(), f.WorkstreamUnwanted("docs"))
        await one.until(lambda: journal(one).grid.shown == (str(handle.snapshot.seq - 1),))
        assert f"1/{handle.snapshot.seq} /kind:launching" in one.screen_text()
        await one.press("escape")
        await one.until(lambda: len(journal(one).numbers) == handle.snapshot.seq)


async def test_enter_shows_one_fact_on_the_whole_screen_and_esc_the_list_again() -> None:
    async with opened(held(), (80, 24)) as one:
        await one.press("7")
        await one.until(lambda: journal(one).numbers)
        await one.press("enter")
        assert not journal(one).grid.display
        await one.press("escape")
        assert journal(one).grid.display
        await one.press("enter", "enter")
        assert journal(one).grid.display


async def test_no_more_is_held_than_can_be_read_and_the_newest_are_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asked, "HELD", 40)
    monkeypatch.setattr("cockpit.ui.screens.journal.PART", 20)
    handle = loaded(outline(workstream("a", "b")))
    handle.record(*(f.DriverStarted(pid) for pid in range(100)), publish=False)
    async with opened(handle) as one:
        await one.press("7")
        await one.until(lambda: len(journal(one).numbers) == 40)
        assert journal(one).fresh
        await one.press("G")
        await one.until(lambda: not journal(one).fresh)
        assert len(journal(one).numbers) == 40
        assert len(journal(one)._told_facts) <= 40
        assert journal(one).numbers[0] < handle.snapshot.seq
        assert "g: the newest" in one.screen_text()
        while journal(one).next:
            await one.press("G")
        assert journal(one).numbers[-1] == 1
        await one.press("g")
        await one.until(lambda: journal(one).fresh)
        assert journal(one).numbers[0] == handle.snapshot.seq


async def test_a_driver_that_does_not_answer_is_said() -> None:
    handle = held()

    async def no(question: str, **given: Any) -> Any:
        raise CockpitError(f"the journal cannot be used {HOSTILE}")

    handle.ask = no  # type: ignore[method-assign]
    async with opened(handle) as one:
        await one.press("7")
        await one.until(lambda: "it cannot be had: the journal cannot be used" in one.screen_text())


@pytest.mark.parametrize("size", [(120, 40), (32, 15)])
async def test_hostile_facts_are_shown_as_text_at_every_width(size: tuple[int, int]) -> None:
    handle = held()
    handle.record(
        f.CleanUpRefused("cli", HOSTILE), f.Recovered((HOSTILE, HOSTILE)), f.OrderRefused("o", HOSTILE), publish=False
    )
    async with opened(handle, size) as one:
        await one.press("7")
        await one.until(lambda: journal(one).numbers)
        for key in ("j", "enter", "escape", "j", "G"):
            await one.press(key)
            text = one.screen_text()
            assert "\x1b" not in text
            assert "\u202e" not in text
            assert {strip.cell_length for strip in one.app.screen._compositor.render_strips()} == {size[0]}


async def test_a_long_field_is_told_in_bounded_lines() -> None:
    handle = held()
    one = fact_item(about := f_told(handle), handle.snapshot, handle.clock.now())
    assert one.workstream == "ci-testing"
    lines = list(fact_lines(about, {"text": "\n".join("x" * 10 for _ in range(5000)), "n": 3, "bad": HOSTILE}))
    assert len(lines) < 450
    assert not any("\x1b" in text for cells in lines for text, _ in cells)


def f_told(handle: FakeHandle) -> Any:
    from cockpit.schedule.seeking import told

    return told(handle.recorded[-1])


# --- the log ----------------------------------------------------------------------------------------------------------


async def test_at_shows_what_was_run_with_how_it_ended_and_what_it_printed() -> None:
    handle = logged()
    async with opened(handle) as one:
        await one.press("at")
        await one.until(lambda: log(one).numbers == [6, 5, 4, 3, 2, 1])
        text = one.screen_text()
        assert "git show 6" in text
        assert "128 after 1.5s" in text
        assert "fatal: [/b]no such ref" in text
        assert "second line" in text
        await one.press("enter")
        assert not log(one).grid.display
        await one.press("escape", "at", "escape")
        assert one.front is one.page
    async with opened(logged(), (40, 30)) as one:
        await one.press("at")
        await one.until(lambda: "exit 128 · 1.5s" in one.screen_text())


async def test_the_log_follows_and_is_filtered_by_the_driver() -> None:
    handle = logged()
    async with opened(handle) as one:
        await one.press("at")
        await one.until(lambda: log(one).numbers)
        handle.ran.append(ran(7, handle.clock.now(), "git gc"))
        one.app.tick()
        await one.until(lambda: log(one).grid.cursor == "7")
        await one.press("slash", *"no such", "enter")
        await one.until(lambda: log(one).numbers == [6])
        handle.ran.append(ran(8, handle.clock.now(), "git fetch"))
        one.app.tick()
        await one.until(lambda: asks(handle, "ran")[-1].get("since"))
        assert log(one).numbers == [6]
        await one.press("escape")
        await one.until(lambda: log(one).numbers[0] == 8)


async def test_another_driver_begins_another_log() -> None:
    handle = logged()
    async with opened(handle) as one:
        await one.press("at")
        await one.until(lambda: len(log(one).numbers) == 6)
        handle.ran[:] = [ran(1, handle.clock.now(), "git version")]
        handle.read(driver_pid=4711)
        await one.until(lambda: log(one).numbers == [1])
        assert "process 4711" in one.screen_text()
        await one.until(lambda: "git version" in one.screen_text())
        assert "git show 1" not in one.screen_text()


async def test_an_empty_log_says_so() -> None:
    async with opened(held()) as one:
        await one.press("at")
        await one.until(lambda: "nothing was run yet" in one.screen_text())


async def test_hostile_commands_are_text() -> None:
    one = Ran(1, 1.0, 0.5, None, HOSTILE, HOSTILE, HOSTILE + "\n" + HOSTILE)
    cells = [*ran_item(one, 2.0).row.cells, *(cell for cells in ran_lines(one) for cell in cells)]
    assert not any("\x1b" in text or "\u202e" in text or "\n" in text for text, _ in cells)
    assert ran_item(one, 2.0).row.cells[4:] == (("cut off", "bad"), ("cut off · 500ms", "bad"))


@pytest.mark.parametrize(("key", "page"), [("7", "journal"), ("at", "log")])
async def test_every_key_of_the_page_is_listed_in_its_help(key: str, page: str) -> None:
    async with opened(logged(), (120, 60)) as one:
        await one.press(key, "question_mark")
        text = one.screen_text()
        for action in on_page(page):
            assert action.about[:40] in text
