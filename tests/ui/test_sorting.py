"""The order and the groups of rows: chosen from a menu, kept for the next time, and never a reason to jump."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.message import Message

from cockpit.schedule import facts as f
from cockpit.ui.looks import ORDER
from cockpit.ui.present import Presenter, Row
from cockpit.ui.remembered import FOR_ALL, Remembered, default_folder
from cockpit.ui.screens.sort import CHOICES, SortScreen
from cockpit.ui.sorting import BY_ROUND, BY_STATE, GROUPED, SORTINGS, Arrangement, arranged, chosen, kept, remembered
from cockpit.ui.stacking import Stack
from cockpit.ui.widgets.grid import Grid
from tests.ui.fakes import busy, many
from tests.ui.opening import opened

ROWS: dict[str, Row] = Presenter().rows(busy().view())
PLAN = list(ROWS)


def order(name: str, *, turned: bool = False) -> list[str]:
    return [key for _, keys in arranged(ROWS, PLAN, Arrangement(name, turned)) for key in keys]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("plan", PLAN),
        ("need", ["security", "database", "ci-testing"]),
        ("state", ["ci-testing", "security", "api", "database"]),
        ("id", ["api", "ci-testing", "cli"]),
        ("round", ["ci-testing", "security", "database", "cli", "api", "docs"]),
        ("agent", ["ci-testing", "security"]),
        ("eta", ["security", "ci-testing"]),
        ("files", ["ci-testing", "security"]),
        ("cost", ["ci-testing", "security"]),
        ("activity", PLAN),
    ],
)
def test_rows_stand_in_the_order_that_was_asked_for(name: str, first: list[str]) -> None:
    assert order(name)[: len(first)] == first
    assert order(name, turned=True) == order(name)[::-1]


def test_groups_have_headings_that_count() -> None:
    by_round = arranged(ROWS, PLAN, Arrangement(group=BY_ROUND))
    assert [heading for heading, _ in by_round] == ["round 1 · 3", "round 2 · 2", "round 3 · 1"]
    by_state = arranged(ROWS, PLAN, Arrangement("id", group=BY_STATE))
    assert by_state[-1] == ("⊣ blocked · 2", ["cli", "docs"])
    assert by_state[0] == ("● running · 1", ["ci-testing"])


def test_the_same_again_turns_it_round_and_ungroups() -> None:
    how = chosen(Arrangement(), "cost")
    assert (how.order, how.turned) == ("cost", False)
    assert chosen(how, "cost").turned
    assert not chosen(chosen(how, "cost"), "cost").turned
    assert chosen(chosen(how, "cost"), "id") == Arrangement("id")
    assert chosen(Arrangement(), "plan").plain
    grouped = chosen(how, f"{GROUPED}{BY_STATE}")
    assert grouped.told() == "by cost · grouped by state"
    assert chosen(grouped, f"{GROUPED}{BY_STATE}") == how


@given(st.text(max_size=80))
def test_what_was_kept_is_found_again_and_nothing_else_is(text: str) -> None:
    how = Arrangement("cost", turned=True, group=BY_ROUND)
    assert remembered(kept(how)) == how
    assert remembered(text) is None
    assert kept(Arrangement()) == ""
    assert remembered('{"order": "colour"}') is None


@given(st.lists(st.tuples(st.sampled_from(["", "a", "b"]), st.integers(0, 4)), max_size=6), st.integers(1, 2))
def test_every_line_of_a_stack_is_a_heading_or_a_part_of_one_row(groups: list[tuple[str, int]], lines: int) -> None:
    given_ = [(heading, [f"{at}.{n}" for n in range(number)]) for at, (heading, number) in enumerate(groups)]
    stack = Stack(given_, lines)
    seen = [stack.at(y) for y in range(stack.height)]
    expected: list[tuple[int, int]] = []
    place = heading = 0
    for title, keys in given_:
        if title and keys:
            expected.append((-1, heading))
            heading += 1
        for _ in keys:
            assert stack.top(place) == len(expected)
            expected += [(place, part) for part in range(lines)]
            place += 1
    assert seen == expected
    assert stack.at(stack.height)[0] >= len(stack.shown)


def test_the_menu_has_a_letter_for_each_order() -> None:
    assert len({letter for _, letter, _ in CHOICES}) == len(CHOICES) == len(SORTINGS) + 2
    assert len(ORDER) > 10


@pytest.mark.anyio
async def test_a_letter_sorts_and_the_cursor_stays_on_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    posted: list[Message] = []
    async with opened(busy()) as one:
        await one.on("docs")
        await one.press("comma")
        assert isinstance(one.front, SortScreen)
        assert "as the plan has them" in one.screen_text()
        post = one.grid.post_message

        def spied(message: Message) -> bool:
            posted.append(message)
            return post(message)

        monkeypatch.setattr(one.grid, "post_message", spied)
        await one.press("i")
        assert [one for one in posted if isinstance(one, Grid.Moved)]
        assert one.grid.shown[:3] == ("api", "ci-testing", "cli")
        assert one.grid.cursor == "docs"
        assert "by id" in str(one.grid.border_title)
        await one.press("comma", "i")
        assert one.grid.shown[0] == "security"
        await one.press("comma", "down", "up", "enter")
        await one.press("comma", "escape")
        assert one.grid.cursor == "docs"


@pytest.mark.anyio
async def test_groups_are_stepped_over_and_clicked_past() -> None:
    async with opened(busy()) as one:
        await one.press("comma", "R")
        lines = [line.strip() for line in one.lines()]
        assert lines[1] == "round 1 · 3"
        assert lines[5] == "round 2 · 2"
        assert lines[6].startswith("⊣ blocked  cli")
        await one.press("j", "j", "j")
        assert one.grid.cursor == "cli"
        await one.pilot.click("Grid", offset=(10, 6))
        assert one.grid.cursor == "cli", "a heading is no row"
        await one.pilot.click("Grid", offset=(10, 8))
        assert one.grid.cursor == "api"


@pytest.mark.anyio
async def test_a_row_that_changes_its_state_changes_its_group_under_the_cursor() -> None:
    handle = busy()
    async with opened(handle, (60, 30)) as one:
        await one.press("comma", "S", "j")
        assert one.grid.cards
        await one.on("security")
        handle.record(f.ApprovalGiven("security/security-1", "merge"))
        await one.until(lambda: any("▹ queued · 1" in line for line in one.lines()))
        assert one.grid.cursor == "security"
        assert not any("review ·" in line for line in one.lines())


@pytest.mark.anyio
async def test_the_order_is_kept_for_this_plan_and_this_user(tmp_path: Path) -> None:
    async with opened(busy(), remembered=Remembered(tmp_path, "/srv/app/plan.yaml")) as one:
        await one.press("comma", "i", "comma", "R")
    async with opened(busy(), remembered=Remembered(tmp_path, "/srv/app/plan.yaml")) as one:
        assert "by id · grouped by round" in str(one.grid.border_title)
        assert one.grid.cursor == "ci-testing"
        await one.press("comma", "p", "comma", "R")
    async with opened(busy(), remembered=Remembered(tmp_path, "/srv/app/plan.yaml")) as one:
        assert one.grid.arrangement is None
    assert Remembered(tmp_path, "/srv/app/other.yaml").get("rows") == ""


def test_what_cannot_be_read_or_written_is_as_if_it_was_not_there(tmp_path: Path) -> None:
    first = Remembered(tmp_path, "p")
    first.put("a", "1")
    second = Remembered(tmp_path, "p")
    second.put("b", "2")
    first.put("a", "")
    assert Remembered(tmp_path, "p").get("b") == "2", "two screens do not forget for each other"
    assert Remembered(tmp_path, "p").get("a") == ""
    (file,) = tmp_path.iterdir()
    for damage in (b"", b"{", b'{"a": 1}', b"\xff", b'{"a": "' + b"x" * 70_000):
        file.write_bytes(damage)
        assert Remembered(tmp_path, "p").get("a") == ""
    blocked = Remembered(file / "below a file", FOR_ALL)
    blocked.put("a", "1")
    assert blocked.get("a") == "1"
    assert Remembered(tmp_path, "/a/\udcff\x1b[2J/../p").get("a") == ""


def test_it_is_remembered_outside_of_any_repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "cockpit" / "screens"
    monkeypatch.setenv("XDG_STATE_HOME", "not/absolute")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".local" / "state" / "cockpit" / "screens"


@pytest.mark.anyio
async def test_sorting_many_rows_keeps_the_cursor_in_sight() -> None:
    async with opened(many(300), (100, 30)) as one:
        await one.on("ws-0150")
        await one.press("comma", "i", "comma", "i")
        assert one.grid.cursor == "ws-0150"
        await one.until(lambda: any("▌" in line and "ws-0150" in line for line in one.lines()))


@pytest.mark.anyio
async def test_the_menu_takes_what_is_typed_fast() -> None:
    async with opened(busy()) as one:
        for key in ("comma", "i", "comma", "R"):
            one.app.post_message(events.Key(key, "," if key == "comma" else key))
        await one.until(lambda: "by id · grouped by round" in str(one.grid.border_title))
        assert one.handle.orders == []
