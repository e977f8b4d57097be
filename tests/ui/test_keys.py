"""One registry of actions: what is bound, listed, offered and shown is what it holds, and nothing else."""

import importlib
import pkgutil
from collections import Counter
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.dom import DOMNode
from textual.widgets import OptionList

import cockpit.ui
from cockpit.schedule.orders import VERBS
from cockpit.ui.app import CockpitApp
from cockpit.ui.keys import (
    ACTIONS,
    AGENTS,
    ALERTS,
    BY_NAME,
    DIALOG,
    DIFF,
    FORECAST,
    GRID,
    JOURNAL,
    LOG,
    MERGES,
    PAGES,
    PLAN,
    QUARANTINE,
    WORKSTREAM,
    bindings,
    on_page,
)
from cockpit.ui.screens.help import HelpScreen
from cockpit.ui.screens.palette import MOST, PaletteScreen
from cockpit.ui.screens.ways import WAYS
from cockpit.ui.screens.workstream import WorkstreamPage
from cockpit.ui.widgets.lines import Keybar
from tests.ui.fakes import busy, many
from tests.ui.opening import opened

REQUIRED = [*"jkgGvsprxaAmMcCZSPnoltTRqduXWK12345", "up", "down", "pageup", "pagedown", "enter", "escape", "space"]
REQUIRED += ["comma", "w", "U", "left", "right"]
REQUIRED += ["ctrl+c", "slash", "colon", "question_mark", "plus", "minus", "tab"]
REQUIRED += ["left_square_bracket", "right_square_bracket"]


@pytest.mark.parametrize("page", sorted({*PAGES, DIALOG}))
def test_no_key_means_two_things_on_one_page(page: str) -> None:
    keys = Counter(key for action in on_page(page) for key in action.keys.split(",") if key)
    assert [key for key, times in keys.items() if times > 1] == []


def test_all_required_keys_are_in_the_registry() -> None:
    keys = {key for action in ACTIONS for key in action.keys.split(",")}
    assert set(REQUIRED) <= keys


def test_verbs_are_orders_and_what_is_hard_to_undo_asks() -> None:
    assert {action.verb for action in ACTIONS if action.verb} <= set(VERBS)
    assert {action.keys for action in ACTIONS if action.hard and action.keys} == {*"xAMCSTZuWX"}
    assert [action.name for action in ACTIONS if action.hard and not action.keys] == ["abandon"]


def test_what_has_no_key_is_in_the_palette_and_behind_the_key_that_it_names() -> None:
    keyless = [action for action in ACTIONS if not action.keys]
    assert {action.name for action in keyless} | {"reject"} == set(WAYS)
    assert {action.shown for action in keyless} == {BY_NAME["conflict"].keys}
    assert all(action.palette and action.verb for action in keyless)


def test_nothing_of_cockpits_own_is_bound_outside_the_registry() -> None:
    for module in pkgutil.walk_packages(cockpit.ui.__path__, "cockpit.ui."):
        importlib.import_module(module.name)
    registered = {(binding.key, binding.action) for binding in bindings(*PAGES, DIALOG)}
    found = 0
    todo: list[type[DOMNode]] = [DOMNode]
    while todo:
        cls = todo.pop()
        todo += cls.__subclasses__()
        if not cls.__module__.startswith("cockpit."):
            continue
        for one in cls.__dict__.get("BINDINGS", ()):
            assert isinstance(one, Binding)
            assert (one.key, one.action) in registered
            found += 1
    assert found >= len(REQUIRED)


def test_no_source_binds_by_a_key_method() -> None:
    for path in Path(cockpit.ui.__path__[0]).rglob("*.py"):
        assert " def key_" not in path.read_text("utf-8").replace("async def", " def"), path


def test_every_action_of_a_page_has_somebody_who_does_it() -> None:
    from cockpit.ui.screens.agents import AgentsPage
    from cockpit.ui.screens.alerts import AlertsPage
    from cockpit.ui.screens.commands import CommandsPage
    from cockpit.ui.screens.diff import DiffPage
    from cockpit.ui.screens.forecast import ForecastPage
    from cockpit.ui.screens.grid import GridPage
    from cockpit.ui.screens.journal import JournalPage
    from cockpit.ui.screens.log import LogPage
    from cockpit.ui.screens.merges import MergesPage
    from cockpit.ui.screens.plan import PlanPage
    from cockpit.ui.screens.quarantine import QuarantinePage

    pages = {GRID: GridPage, WORKSTREAM: WorkstreamPage, "commands": CommandsPage}
    pages |= {QUARANTINE: QuarantinePage, DIFF: DiffPage, MERGES: MergesPage, AGENTS: AgentsPage, ALERTS: AlertsPage}
    pages |= {FORECAST: ForecastPage, JOURNAL: JournalPage, LOG: LogPage, PLAN: PlanPage}
    assert pages.keys() == PAGES
    for page, cls in pages.items():
        for action in on_page(page):
            done = hasattr(cls, f"do_{action.name}") or hasattr(CockpitApp, f"do_{action.name}")
            assert done or action.verb, (page, action.name)


@pytest.mark.anyio
async def test_help_lists_all_keys_of_the_page_and_finds_those_of_others_by_their_words() -> None:
    async with opened(busy(), (120, 90)) as one:
        await one.press("question_mark")
        assert isinstance(one.front, HelpScreen)
        text = one.screen_text()
        for action in on_page(GRID):
            assert action.about.split("—")[0][:40] in text
        assert "ci-testing is running and" in text
        await one.press(*"csv")
        text = one.screen_text()
        assert "on forecast (6): write figures and legs as CSV files" in text
        assert "move up" not in text
        await one.press("x")
        assert "no key has these words" in one.screen_text()
        await one.press("escape")
        assert one.app.screen_stack == [one.page]


@pytest.mark.anyio
async def test_the_palette_finds_by_words_and_does_what_is_chosen() -> None:
    async with opened(busy()) as one:
        await one.press("colon", *"launch")
        assert isinstance(one.front, PaletteScreen)
        await one.press("enter")
        await one.until(lambda: [order.verb for order in one.handle.orders] == ["drain"])


@pytest.mark.anyio
async def test_the_palette_goes_to_any_workstream_and_knows_the_keys_of_other_pages() -> None:
    async with opened(busy()) as one:
        await one.press("colon", *"key rotation", "enter")
        assert isinstance(one.front, WorkstreamPage)
        assert one.front.workstream == "security"
        await one.press("escape", "colon", *"csv")
        assert "on forecast (6): write figures" in one.screen_text()
        await one.press("enter")
        assert "E export: not on this page; on forecast (6)" in one.status, one.screen_text()
    async with opened(many(200)) as one:
        await one.press("colon", *"number")
        await one.until(lambda: one.app.screen.query_one("#found", OptionList).option_count > MOST)
        assert "150 workstreams more: type on" in str(one.app.screen.query_one("#found", OptionList).options[-1].prompt)


@pytest.mark.anyio
async def test_the_palette_says_why_when_the_chosen_cannot_be_done() -> None:
    async with opened(busy()) as one:
        await one.press("colon", *"retry", "enter")
        assert "r retry: ci-testing is running" in one.status
        await one.press("colon", "down", "up", "escape")
        assert one.front is one.page


@pytest.mark.anyio
async def test_a_key_of_other_pages_says_where_it_works() -> None:
    async with opened(busy()) as one:
        await one.press("u")
        assert (
            "u release: not on this page; on agents (2), alerts (3), quarantine (4), a workstream's page" in one.status
        )
        await one.press("w")
        assert one.page.mapped is not None, "a key that does something here says nothing of other pages"
        assert "not on this page" not in one.status
        await one.press("colon", "u")
        assert "not on this page" not in one.status


@pytest.mark.anyio
async def test_the_footer_shows_what_fits_and_always_help_and_quit() -> None:
    for width in (32, 80, 200):
        async with opened(busy(), (width, 24)) as one:
            last = one.screen_text().splitlines()[-1]
            assert "? help" in last
            assert "q quit" in last
            assert (": find" in last) == (width >= 80)


@pytest.mark.parametrize("width", [32, 36, 40, 48, 80])
def test_a_footer_names_what_a_review_waits_for_before_what_is_always_there(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(Keybar, "show_lines", lambda _, lines: shown.append("".join(text for text, _ in lines[0])))
    known = [(one.shown, one.short, one.name in ("approve", "reject", "diff")) for one in on_page("diff") if one.short]
    Keybar("keys").show([("esc", "back", True), *known], width)
    assert len(shown[0]) <= width
    named = [one.split() for one in shown[0].split("  ") if one.strip()]
    assert {"esc", "a", "A", "?", "q"} <= {one[0] for one in named}
    assert ["a", "approve"] in named
    assert ["A", "reject"] in named


@pytest.mark.anyio
async def test_the_footer_is_not_made_anew_by_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(busy()) as one:
        made: list[object] = []
        monkeypatch.setattr(one.page.keybar, "show", lambda *args: made.append(args))
        one.app.tick()
        await one.pilot.pause()
        assert made == []
        await one.press("j")
        await one.until(lambda: made)


@pytest.mark.anyio
async def test_refresh_subscribes_anew_with_one_subscription() -> None:
    async with opened(busy()) as one:
        first = one.handle.subscribers[0]
        await one.press("R")
        await one.until(lambda: len(one.handle.subscribers) == 1 and one.handle.subscribers[0] is not first)
        assert "driver gone" not in one.screen_text()
