"""Hints: the one that fits, gone for good once it was dismissed, and none where that could not be kept."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from cockpit.engine.handle import View
from cockpit.ui.hints import HINTS, hint
from cockpit.ui.keys import BY_NAME
from cockpit.ui.remembered import FOR_ALL, Remembered
from tests.ui.fakes import busy, held, loaded, six
from tests.ui.opening import opened, text_of


def names(view: View, dismissed: tuple[str, ...] = ()) -> str:
    found = hint(view, dismissed)
    return found.name if found else ""


def test_the_hint_that_fits_comes_first() -> None:
    assert names(loaded(six()).view()) == "start"
    assert names(busy().view()) == "review"
    assert names(held().view()) == "quarantine"
    assert names(busy().view(), ("review",)) == "quit"
    assert names(busy().view(), tuple(one.name for one in HINTS)) == ""


def test_hints_name_keys_of_actions_that_there_are() -> None:
    keys = {name: action.shown for name, action in BY_NAME.items()}
    assert all("{" not in one.text.format_map(keys) for one in HINTS)
    assert len({one.name for one in HINTS}) == len(HINTS)


@pytest.mark.anyio
async def test_a_hint_that_is_dismissed_never_comes_back_in_any_plan(tmp_path: Path) -> None:
    async with opened(loaded(six()), remembered=Remembered(tmp_path, "one")) as one:
        assert "s starts a workstream, S the whole plan   H: seen, for good" in text_of(one.page.hint)
        assert one.page.hint.display
        shown = text_of(one.page.hint)
        await one.press("H")
        assert text_of(one.page.hint) != shown
        assert "/ filters, , sorts, w shows the map" in text_of(one.page.hint)
        await one.press("H")
        await one.until(lambda: not one.page.hint.display)
        await one.press("H")
        assert "no hint is shown" in one.status
    async with opened(loaded(six()), remembered=Remembered(tmp_path, "another")) as one:
        assert not one.page.hint.display
    assert Remembered(tmp_path, FOR_ALL).get("hints") == "start look"


@pytest.mark.anyio
async def test_hints_name_the_operators_own_keys_and_are_not_shown_where_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BY_NAME, "start_all", replace(BY_NAME["start_all"], shown="f9"))
    async with opened(loaded(six()), remembered=Remembered(tmp_path, "one")) as one:
        assert "f9 the whole plan" in text_of(one.page.hint)
    async with opened(loaded(six())) as one:
        assert not one.page.hint.display
    async with opened(loaded(six()), (60, 30), remembered=Remembered(tmp_path, "one")) as one:
        assert not one.page.hint.display
        await one.pilot.resize_terminal(100, 30)
        await one.until(lambda: one.page.hint.display)
        await one.pilot.resize_terminal(100, 15)
        await one.until(lambda: not one.page.hint.display and not one.page.needs.display)
