"""Every key of the registry is pressed on every page where it works; what came of each is kept and was looked at.

A key that nobody pressed here yet, or that does nothing, fails. What came of them is kept in `__snapshots__`: after a
key was added or changed, `pytest tests/ui/test_every_key.py --snapshot-update`, and read the difference. That pages and
dialogs open is tested with each of them; here a page is opened once, and what a key would open is noted instead.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion
from textual import events
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from cockpit.ui.keys import COMMANDS, DIFF, FORECAST, GRID, JOURNAL, LOG, PAGES, PLAN, WORKSTREAM, Action, on_page
from cockpit.ui.screens.confirm import ConfirmScreen
from cockpit.ui.screens.listing import ListPage
from cockpit.ui.screens.page import Page
from cockpit.ui.screens.workstream import WorkstreamPage
from cockpit.ui.widgets.lines import Lines
from tests.ui.fakes import FakeHandle
from tests.ui.gallery import untrusted
from tests.ui.opening import Opened, opened
from tests.ui.scenery import every_state

pytestmark = pytest.mark.anyio
NOTHING, MOVES_OR_SHOWS = "nothing", "moves or shows"
RESTING = " · against "  # what a diff says of itself when nothing else is said
ROUNDS = 40
WAITS = 10
ON, BACK = ("down", "page_down", "last"), ("up", "page_up", "first")
MOVES = frozenset({*ON, *BACK, "following", "previous"})
LAST = ("filter", "search", "trust", "back", "quit", "interrupt")  # they leave something open, or the page
THERE = {DIFF: "the rest stays", FORECAST: "schedule", JOURNAL: "nightly", LOG: "second line", COMMANDS: "pytest"}


class Noted:
    """Notes what the app would open or leave, in place of doing it; a confirm that needs no reason is answered."""

    def __init__(self, one: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened: list[str] = []
        self.left = False
        monkeypatch.setattr(one.app, "push_screen", self._push)
        monkeypatch.setattr(one.app, "do_grid", self._leave)
        monkeypatch.setattr(one.app, "exit", lambda *_: self.opened.append("the shell"))

    def _push(self, screen: Screen[Any], callback: Callable[[Any], None] | None = None, **_: Any) -> None:
        if isinstance(screen, ConfirmScreen):
            self.opened.append(f"{screen._question.title!r}")
            if callback is not None and not screen._question.reason:
                callback("yes")
        else:
            about = getattr(screen, "workstream", "")
            self.opened.append(f"{type(screen).__name__}{f' of {about}' if about else ''}")

    def _leave(self) -> None:
        self.left = True

    def told(self) -> str:
        """Return what was opened since it was asked the last time."""
        words = [f"opens {' and '.join(self.opened)}"] if self.opened else []
        words += ["leads to the first page"] if self.left and not self.opened else []
        self.opened, self.left = [], False
        return ", ".join(words)


async def settle() -> None:
    """Let messages be handled; a pilot's own pause sleeps, which hundreds of keys would pay for."""
    for _ in range(ROUNDS):
        await asyncio.sleep(0)


async def open_page(one: Opened, name: str) -> Page:
    """Open a page from the first one."""
    if name == WORKSTREAM:
        one.app.open_workstream("ci-testing")
    elif name == DIFF:
        one.app.do_diff()
    elif name == COMMANDS:
        one.app.do_trust()
    elif name != GRID:
        getattr(one.app, f"do_{name}")()
    await one.until(lambda: THERE.get(name, "") in one.screen_text())
    page = one.app.screen
    assert isinstance(page, Page)
    assert name == page.PAGE
    return page


def presses(name: str) -> list[tuple[Action, str]]:
    """Return all keys of a page with their actions, in an order in which each of them can do something."""

    moves = [*BACK, *ON] if name == WORKSTREAM else [*ON, *BACK]  # its output begins at the end
    moves += ["following", "previous"]

    def place(one: tuple[Action, str]) -> tuple[int, int, str]:
        action, key = one
        if action.name in MOVES:
            return (0 if action.keys.startswith(key) else 1), moves.index(action.name), key
        return (3, LAST.index(action.name), key) if action.name in LAST else (2, 0, action.name)

    return sorted(((one, key) for one in on_page(name) for key in one.keys.split(",") if key), key=place)


def stand(one: Opened, page: Page, action: Action) -> None:
    """Put the cursor, not at an end where that can be, on what an action can be done with, where there is any."""
    if isinstance(page, ListPage):
        page.grid.go_to(1)
        rows = page.grid.shown
        for key in () if action.whole else (*rows[1:], *rows[:1]):
            page.grid.go_to_row(key)
            if one.app.why_not(action) is None:
                return
        page.grid.go_to(1)
    elif isinstance(page, WorkstreamPage):
        able = (key for key in one.app.rows if action.why_not(one.app.view, (key,)) is None)
        page.workstream = "ci-testing" if action.whole else next(able, "ci-testing")
        page.show(one.app.view, one.app.rows, one.handle.clock.now())


def said(page: Page) -> str:
    return "".join(text for line in page.query_one("#status", Lines)._lines_now for text, _ in line)


def seen(page: Page) -> tuple[object, ...]:
    """Return what a key may have changed on a page, but for what it says."""
    every = list(page.query(Widget))
    texts = [str(widget.content) for widget in every if isinstance(widget, Static) and widget.id != "status"]
    cursors = [getattr(widget, name, None) for widget in every for name in ("cursor", "line", "side")]
    looks = [*cursors, *((widget.scroll_offset, widget.border_title) for widget in every)]
    return page.classes, looks, texts, page.focused


def outcome(one: Opened, page: Page, action: Action, noted: Noted, before: tuple[int, tuple[object, ...]]) -> str:
    """Return what came of a key in words: what it opens, orders and says, or whether the page looks different."""
    orders = one.handle.orders[before[0] :]
    if told := ", ".join(filter(None, (noted.told(), *(ordered(order) for order in orders)))):
        return told
    if one.app.screen is not page:
        return "leads back"
    text = said(page)
    if text and RESTING not in text:
        return f"says: {text}"
    if text or seen(page) != before[1]:
        return MOVES_OR_SHOWS
    return "is there already" if action.name == page.PAGE else NOTHING


def ordered(order: Any) -> str:
    return f"orders {' '.join((order.verb, *order.targets, *order.words))}"


async def pressed(one: Opened, page: Page, action: Action, key: str, noted: Noted) -> str:
    """Press a key as a terminal does and return what came of it; where nothing came yet, wait for it."""
    await (one.pilot.pause() if action.name in MOVES else settle())
    before = len(one.handle.orders), seen(page)
    one.app.post_message(events.Key(key, None))
    await settle()
    came = outcome(one, page, action, noted, before)
    for _ in range(WAITS):
        if came != NOTHING and not came.endswith("…"):
            break
        await one.pilot.pause()
        came = outcome(one, page, action, noted, before)
    if came == MOVES_OR_SHOWS:
        await settle()  # what is said of it may come last
        came = outcome(one, page, action, noted, before)
    return came


def scene(name: str) -> FakeHandle:
    handle = every_state()
    if name == COMMANDS:
        untrusted(handle)
        handle.commands *= 40
    plan = handle.readings.plan  # errors in it open a page by themselves
    errors = tuple(f"plan.yaml:{line}:3: unknown key `agnet`; did you mean `agent`?" for line in range(7, 40))
    plan = replace(plan, errors=errors if name == PLAN else ())
    handle.readings = replace(handle.readings, plan=plan)
    handle.outputs = {key: text * 9 for key, text in handle.outputs.items()}
    return handle


@pytest.mark.parametrize("name", sorted(PAGES))
async def test_every_key_does_what_it_is_known_to_do(
    name: str, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", "true")
    handle = scene(name)
    start = handle.snapshot
    came: list[str] = []
    async with opened(handle, (120, 24)) as one:
        page = await open_page(one, name)
        noted = Noted(one, monkeypatch)
        for action, key in presses(name):
            stand(one, page, action)
            handle.clock.advance(1)
            if name == DIFF:
                await one.pilot.pause()  # it is asked for anew, and says what came, after what happened before
            page.read_error()
            page.say("")
            came.append(f"{action.name:<14} {key:<22} {await pressed(one, page, action, key, noted)}")
            if action.name in ("filter", "search"):
                await one.press("escape")
            if handle.snapshot is not start:
                handle.snapshot = start
                handle.publish()
                await one.until(lambda: one.app.view.snapshot is start)
                await one.pilot.pause()
    assert not [line for line in came if line.endswith(NOTHING)]
    assert "\n".join(came) == snapshot
