"""Columns that the operator shows or hides at a width, and that they are so again the next time."""

from pathlib import Path

import pytest

from cockpit.ui.choosing import ABOUT, ALWAYS, fitting, kept, remembered, turned, width_class
from cockpit.ui.columns import COLUMNS, lay_out
from cockpit.ui.present import Presenter
from cockpit.ui.remembered import Remembered
from cockpit.ui.screens.columns import ColumnsScreen
from tests.ui.fakes import busy
from tests.ui.opening import Opened, opened


def test_all_columns_but_state_and_name_can_be_chosen() -> None:
    assert {one.name for one in COLUMNS} - ABOUT.keys() == ALWAYS
    assert [width_class(width) for width in (32, 79, 80, 119, 120, 199, 200)] == [
        *["", "", "normal", "normal"],
        *["wide", "wide", "wider"],
    ]


def test_what_is_hidden_makes_room_and_what_is_asked_for_goes_last() -> None:
    handle = busy()
    rows = tuple(Presenter().rows(handle.view()).values())

    def laid(choice: dict[str, bool]) -> list[str]:
        found = lay_out(rows, 77, handle.clock.now(), fitting(COLUMNS, choice))
        return [one.column.name for one in found]

    plain = laid({})
    assert "cost" not in plain
    assert "agent" in plain
    assert "agent" not in laid({"agent": False})
    assert "cost" in laid({"cost": True})
    assert {"state", "name"} <= set(laid(dict.fromkeys(ABOUT, False)))
    assert laid({"state": False, "name": False}) == plain


def test_what_is_kept_is_what_was_chosen_and_damage_is_nothing() -> None:
    choices = {"wide": turned({}, "cost", shown=True), "normal": {}}
    assert remembered(kept(choices)) == {"wide": {"cost": False}}
    assert kept({"wide": {}}) == ""
    assert remembered('{"wide": {"no-such": true, "eta": true}, "odd": {}}') == {"wide": {"eta": True}}
    for damage in ("", "{", "[]", '{"wide": 1}', "\udcff"):
        assert remembered(damage) == {}


def head(one: Opened) -> str:
    return one.lines()[0]


@pytest.mark.anyio
async def test_f_shows_and_hides_columns_at_once_at_this_width_and_for_this_plan(tmp_path: Path) -> None:
    async with opened(busy(), remembered=Remembered(tmp_path, "plan.yaml")) as one:
        assert "issues" in head(one)
        assert "rnd" not in head(one)
        await one.press("f")
        assert isinstance(one.front, ColumnsScreen)
        assert "columns at a width of 120 to 199" in one.screen_text()
        await one.press("down", "enter", *["down"] * 4, "space")
        assert "rnd" in head(one)
        assert "issues" not in head(one)
        await one.press("escape")
        await one.pilot.resize_terminal(110, 30)
        await one.until(lambda: "issues" in head(one) and "rnd" not in head(one))
        await one.pilot.resize_terminal(60, 30)
        await one.press("f")
        assert "f columns: only the list has columns, from a width of 80" in one.status
    async with opened(busy(), remembered=Remembered(tmp_path, "plan.yaml")) as one:
        await one.until(lambda: "rnd" in head(one) and "issues" not in head(one))
        await one.press("f", "end", "enter", "escape")
        assert "issues" in head(one)
        assert "rnd" not in head(one)
    assert Remembered(tmp_path, "plan.yaml").get("columns") == ""
