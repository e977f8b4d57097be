"""The key that leads to where an agent works: what can be chosen, what is ordered, and what is opened."""

import os
from typing import Any

import pytest
from msgspec.structs import replace

from cockpit import process
from cockpit.schedule import facts as f
from cockpit.schedule.orders import Order
from cockpit.ui import attaching
from cockpit.ui.app import CockpitApp
from cockpit.ui.attaching import HERE, SPLIT, WINDOW, places_for, tmux
from cockpit.ui.news import news
from cockpit.ui.screens.attach import AttachScreen
from cockpit.ui.screens.printed import PrintedPage
from tests.ui.fakes import FakeHandle, busy
from tests.ui.opening import opened

pytestmark = pytest.mark.anyio
ARGV = ["python", "-m", "cockpit", "attach", "p.yaml", "a"]


def taken(handle: FakeHandle, workstream: str) -> None:
    leg = handle.snapshot.leg_under_way(workstream)
    handle.record(f.RunEnded(leg.key, leg.run or "", "stopped"), f.LegPaused(leg.key), f.TakenOver(leg.key, "tree"))


def running(handle: FakeHandle) -> str:
    key = next(one for one in handle.snapshot.workstreams if handle.snapshot.state_of(one).value == "running")
    leg = handle.snapshot.leg_under_way(key)
    handle.record(f.WorktreeMade(leg.key, f"/w/{key}", key, "base"))
    return key


async def test_taking_over_in_this_terminal_and_handing_back(monkeypatch: pytest.MonkeyPatch) -> None:
    lent: list[list[str]] = []

    async def lend(_app: CockpitApp, argv: list[str], **_: Any) -> int:
        lent.append(argv)
        return 0

    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.setattr(attaching, "lend", lend)
    handle = busy()
    key = running(handle)
    async with opened(handle) as one:
        waiting = next(one for one in handle.snapshot.workstreams if handle.snapshot.state_of(one).value == "waiting")
        await one.on(waiting)
        await one.press("o")
        assert "only what runs, is paused, in review or has come to a halt is taken over" in one.status
        await one.on(key)
        await one.press("o")
        await one.until(lambda: isinstance(one.front, AttachScreen))
        shown = one.screen_text()
        assert "Its run is paused first" in shown
        assert "its agent, `claude --resume S`," in shown
        await one.press("down", "enter")
        await one.until(lambda: lent)
        assert lent == [["true", "--agent"]]
        assert handle.orders == [Order("takeover", (key,), one.app.who)]
        taken(handle, key)
        await one.until(lambda: "taken over by" in one.screen_text())
        await one.press("r")
        assert "hand it back first" in one.status
        await one.press("o")
        await one.until(lambda: "hand it back to review" in one.screen_text())
        await one.press("down", "enter")
        await one.until(lambda: len(handle.orders) > 1)
        assert handle.orders[1] == Order("handback", (key,), one.app.who, how="review")
        handle.connected = False
        await one.press("o")
        await one.until(lambda: "the driver is gone" in one.status)


async def test_in_tmux_a_window_is_opened_and_what_goes_wrong_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setenv("TMUX", "/tmp/s,1,0")
    monkeypatch.setattr(process, "run", lambda argv, **_: ran.append(argv))
    handle = busy()
    key = running(handle)
    handle.workplace |= {"agent": "", "why_not": "unresumable"}
    async with opened(handle) as one:
        await one.on(key)
        await one.press("o")
        await one.until(lambda: isinstance(one.front, AttachScreen))
        assert "unresumable" in one.screen_text()
        await one.press("end", "enter")
        assert isinstance(one.front, AttachScreen), "what cannot be done is not chosen"
        await one.press("home", "enter")
        await one.until(lambda: ran)
        assert ran == [
            ["tmux", "new-window", "-a", "-n", key, "-e", f"HOME={os.environ['HOME']}", "--", "true", "--shell"]
        ]
        await one.until(lambda: "o hands it back" in one.status)
    async with opened(busy(), read_only=True) as one:
        await one.press("o")
        assert "read only" in one.status


async def test_one_that_can_be_talked_to_is_talked_to_first() -> None:
    handle = busy()
    plan = handle.snapshot.outline
    handle.record(
        f.PlanLoaded("p.yaml", "", replace(plan, profiles=tuple(replace(one, talks=True) for one in plan.profiles)))
    )
    key = running(handle)
    async with opened(handle) as one:
        await one.on(key)
        await one.press("o")
        await one.until(lambda: isinstance(one.front, AttachScreen))
        assert "take it over: a shell" in one.screen_text()
        await one.press("enter")
        await one.until(lambda: isinstance(one.front, PrintedPage) and one.front.chat.has_focus)
        page = one.front
        assert isinstance(page, PrintedPage)
        await one.press("escape")
        await one.until(lambda: not page.chat.has_focus)
        await one.press("o")
        await one.until(lambda: page.chat.has_focus)


def test_what_was_handed_back_elsewhere_is_news() -> None:
    handle = busy()
    key = running(handle)
    leg = handle.snapshot.leg_under_way(key).key
    handle.record(f.TakeOverAsked(leg, "you"))
    taken(handle, key)
    handle.record(f.HandedBack(leg, "review", "you", ("x",), changed=True))
    assert news(handle.snapshot, handle.recorded[-1:]) == ((f"{key} handed back (review), changed", False),)


def test_where_a_terminal_can_be_opened() -> None:
    assert places_for({}, web=False) == (HERE,)
    assert places_for({"TMUX": "x"}, web=False) == (WINDOW, SPLIT)
    assert places_for({"TMUX": "x"}, web=True) == ()
    assert tmux(SPLIT, "a", ARGV, {}, "%3", 200) == ["tmux", "split-window", "-h", "-t", "%3", "--", *ARGV]
    assert tmux(SPLIT, "a", ARGV, {}, "", 80)[:3] == ["tmux", "split-window", "-v"]
