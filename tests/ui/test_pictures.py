"""A few pictures of the whole screen, at the sizes that matter and without colour."""

import os
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from cockpit.schedule.readings import PlanReading
from cockpit.ui.app import CockpitApp
from cockpit.ui.screens.diff import DiffPage
from cockpit.ui.screens.grid import GridPage
from tests.ui.fakes import busy, held
from tests.ui.opening import opened
from tests.ui.test_agents import answer, working
from tests.ui.test_alerts import alarming
from tests.ui.test_merges import merging

Compare = Callable[..., bool]


def cockpit() -> CockpitApp:
    handle = busy()
    return CockpitApp(handle, handle.view(), clock=handle.clock)


def after(*keys: str) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Return what waits until the output is there, then presses keys."""

    async def act(pilot: Pilot[Any]) -> None:
        app = pilot.app
        assert isinstance(app, CockpitApp)
        page = app.page
        assert isinstance(page, GridPage)
        for _ in range(100):
            if "looking at" in page.output.plain():
                break
            await pilot.pause(0.01)
        await pilot.press(*keys)
        await pilot.pause()

    return act


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 30)], ids=["80x24", "120x40", "40x30"])
def test_the_grid(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(cockpit(), terminal_size=size, run_before=after())


def test_the_wave_map(snap_compare: Compare) -> None:
    assert snap_compare(cockpit(), terminal_size=(120, 40), run_before=after("w", "j"))


def quarantine() -> CockpitApp:
    handle = held()
    return CockpitApp(handle, handle.view(), clock=handle.clock)


def test_the_quarantine_page(snap_compare: Compare) -> None:
    assert snap_compare(quarantine(), terminal_size=(120, 40), run_before=after("4", "j"))


def test_the_agents_page(snap_compare: Compare) -> None:
    handle = working()
    handle.processes = answer()
    cockpit = CockpitApp(handle, handle.view(), clock=handle.clock)

    async def act(pilot: Pilot[Any]) -> None:
        await pilot.press("2", "G", "k")
        await pilot.pause()

    assert snap_compare(cockpit, terminal_size=(80, 24), run_before=act)


def test_the_alerts_page(snap_compare: Compare) -> None:
    handle = alarming("tests failed: 3 of 41")
    handle.readings = replace(handle.readings, plan=PlanReading(("plan.yaml:7:3: unknown key `agnet`",)))
    cockpit = CockpitApp(handle, handle.view(), clock=handle.clock)

    async def act(pilot: Pilot[Any]) -> None:
        await pilot.press("3", *"jjjjjj", "K")
        await pilot.pause()

    assert snap_compare(cockpit, terminal_size=(80, 24), run_before=act)


def test_the_merges_page(snap_compare: Compare) -> None:
    handle = merging()
    cockpit = CockpitApp(handle, handle.view(), clock=handle.clock)

    async def act(pilot: Pilot[Any]) -> None:
        await pilot.press("5", "j", "j", "j")
        await pilot.pause()

    assert snap_compare(cockpit, terminal_size=(80, 24), run_before=act)


def test_the_release_of_a_quarantine(snap_compare: Compare) -> None:
    assert snap_compare(quarantine(), terminal_size=(80, 24), run_before=after("4", "u", "down"))


def in_colour(*keys: str) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Return what opens a diff, presses keys there, and waits until it has the colours of its language."""

    async def act(pilot: Pilot[Any]) -> None:
        await after("4", "j", "d")(pilot)
        page = pilot.app.screen
        assert isinstance(page, DiffPage)
        for pressed in (False, True):
            for _ in range(100):
                if page.view.diff.hunks and page.view.coloured:
                    break
                await pilot.pause(0.01)
            if not pressed:
                await pilot.press(*keys)
        await pilot.pause()

    return act


def test_a_diff_side_by_side_with_a_comment(snap_compare: Compare) -> None:
    keys = ("d", "c", *"why?", "enter")
    assert snap_compare(quarantine(), terminal_size=(200, 50), run_before=in_colour(*keys))


def test_without_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(cockpit(), terminal_size=(80, 24), run_before=after("space", "j"))


def test_the_page_of_a_workstream(snap_compare: Compare) -> None:
    assert snap_compare(cockpit(), terminal_size=(100, 30), run_before=after("enter"))


@pytest.mark.anyio
async def test_without_colour_the_cursor_marks_and_states_are_still_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    async with opened(busy(), (80, 24)) as one:
        await one.press("space")
        first, second, third = one.lines()[1:4]
        assert first.startswith(" * ●")
        assert second.startswith("▌  ◆")
        assert third.startswith("   ✗")
        for strip in one.app.screen._compositor.render_strips():
            for segment in strip:
                for colour in (segment.style.color, segment.style.bgcolor) if segment.style else ():
                    triplet = colour.triplet if colour else None
                    assert triplet is None or triplet.red == triplet.green == triplet.blue


@pytest.mark.anyio
@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light", "textual-light"])
async def test_other_themes_paint_every_page(theme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTUAL_THEME", theme)
    async with opened(busy(), (100, 30)) as one:
        one.app.theme = theme
        for keys in (("j",), ("x", "escape"), ("question_mark", "escape"), ("colon", "escape"), ("enter", "escape")):
            await one.press(*keys)
            assert "database" in one.screen_text()


def test_the_theme_of_the_environment_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTUAL_THEME", "nord")
    assert cockpit().theme != "cockpit"
    monkeypatch.delenv("TEXTUAL_THEME")
    assert cockpit().theme == "cockpit"
    assert os.environ.get("TEXTUAL_THEME") is None


def test_style_sheets_are_found_beside_the_package_and_a_missing_one_is_named() -> None:
    from cockpit.errors import CockpitError
    from cockpit.ui.styling import stylesheet

    assert stylesheet("cockpit").is_file()
    with pytest.raises(CockpitError, match=r"nothing\.tcss is missing"):
        stylesheet("nothing")
