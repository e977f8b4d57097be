"""The key that leads to where an agent works: what can be chosen, what is ordered, and what is opened."""

import os
from typing import Any

import pytest
from msgspec.structs import replace

from cockpit import process
from cockpit.cli.status import status_of
from cockpit.forecast.eta import forecast
from cockpit.schedule import facts as f
from cockpit.schedule.orders import Order
from cockpit.schedule.readings import Forecast
from cockpit.ui import attaching
from cockpit.ui.alerts import alerts
from cockpit.ui.app import CockpitApp
from cockpit.ui.attaching import HERE, SPLIT, WINDOW, places_for, tmux
from cockpit.ui.headline import headline
from cockpit.ui.news import news
from cockpit.ui.present import Presenter, Row
from cockpit.ui.screens.attach import AttachScreen
from cockpit.ui.screens.printed import PrintedPage
from tests.ui.fakes import FakeHandle, busy, loaded, outline, under_way, workstream
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


def test_what_is_taken_over_in_review_is_shown_as_by_hand_and_awaits_nobody() -> None:
    handle = loaded(outline(workstream("a", "x", 1)))
    under_way(handle, "a/a-1", "claude#1", f.RunEnded("a/a-1", "a-1", "done", 0), f.ChecksStarted("a/a-1"))
    handle.record(f.WorkstreamWanted("a"), f.ReviewAsked("a/a-1"))
    leg = handle.snapshot.legs["a/a-1"]
    handle.read(forecast=Forecast(handle.clock.now(), 60.0, 90.0, 1, 0.0, "", {leg.workstream: 60.0}))
    before = Presenter().rows(handle.view())[leg.workstream]
    assert (before.look.word, before.awaits, before.finish is None) == ("review", True, False)
    assert handle.snapshot.state() == "attention"
    handle.record(f.TakeOverAsked(leg.key, "you"), f.TakenOver(leg.key, "tree"))
    rows = Presenter().rows(handle.view())
    after = rows[leg.workstream]
    assert (after.look.word, after.awaits, after.finish) == ("by hand", False, None)
    counts = {look.word: number for look, number in headline(handle.view(), rows.values(), 0.0).counts}
    assert (counts.get("by hand"), counts.get("review", 0)) == (1, 0)
    assert leg.workstream not in {one.workstream for one in alerts(handle.view())}
    assert status_of(handle.view(), 0.0, None).state == handle.snapshot.state() == "running"
    told = forecast(handle.snapshot, handle.clock.now(), samples=10)
    assert leg.key not in told.ends
    assert told.why_not == f"{leg.key} is worked on by hand"


def test_a_terminal_that_is_gone_is_an_alert_and_no_more() -> None:
    handle = busy()
    key = running(handle)
    leg = handle.snapshot.leg_under_way(key).key
    handle.record(f.TakeOverAsked(leg, "you"))
    taken(handle, key)
    presenter = Presenter()

    def words(row: Row) -> str:
        return " ".join(text for text, _ in row.cells)

    assert "taken over by" in words(presenter.rows(handle.view())[key])
    handle.read(left={key: handle.clock.now()})
    (alert,) = [one for one in alerts(handle.view()) if one.workstream == key]
    assert (alert.look.word, alert.solve) == ("by hand", ("attach",))
    assert alert.text == f"{key}: taken over, but its terminal is gone: o goes in again, or hands it back"
    assert words(presenter.rows(handle.view())[key]).count("its terminal is gone (o hands it back)")
    assert "is gone since" in " ".join(attaching.about(handle.view(), key))
    shown = {one.id: one.taken_over for one in status_of(handle.view(), 0.0, None).workstreams}[key]
    assert shown is not None
    assert shown.left
    handle.record(f.HandBackAsked(leg, "leave"), f.HandedBack(leg, "leave"))
    assert not [one for one in alerts(handle.view()) if one.workstream == key], "whatever was read before"


def test_where_a_terminal_can_be_opened() -> None:
    assert places_for({}, web=False) == (HERE,)
    assert places_for({"TMUX": "x"}, web=False) == (WINDOW, SPLIT)
    assert places_for({"TMUX": "x"}, web=True) == ()
    assert tmux(SPLIT, "a", ARGV, {}, "%3", 200) == ["tmux", "split-window", "-h", "-t", "%3", "--", *ARGV]
    assert tmux(SPLIT, "a", ARGV, {}, "", 80)[:3] == ["tmux", "split-window", "-v"]
