"""The terminal's title, bell and notifications: when they come, and that no foreign text can steer a terminal."""

import re

import pytest

from cockpit.schedule import facts as f
from cockpit.ui.calling import Calling, notification, title
from cockpit.ui.news import alarms
from cockpit.ui.present import Presenter
from cockpit.ui.settings import Settings
from tests.ui.fakes import FakeHandle, busy, loaded, outline, under_way, workstream
from tests.ui.opening import opened

HOSTILE = "p\x1b]0;evil\x07\x9c\x1b\\\x9d9;x\x07\n;q\u202e"
LEG = "ci-testing/ci-testing-1"


def show(calling: Calling, handle: FakeHandle, *, urgent: bool = False) -> bool:
    rows = Presenter().rows(handle.view())
    return calling.show(handle.snapshot.outline.name, rows, handle.clock.now(), urgent=urgent)


def to_review(handle: FakeHandle, leg: str) -> None:
    run = handle.snapshot.legs[leg].run or ""
    handle.record(
        f.RunEnded(leg, run, "done", 0),
        f.ChecksStarted(leg),
        f.WorkCommitted(leg, "c0ffee2", "tree2", files=1),
        f.ReviewAsked(leg),
    )


def test_the_title_says_how_much_awaits_and_the_terminal_gets_its_own_back(monkeypatch: pytest.MonkeyPatch) -> None:
    handle, written = busy(), list[str]()
    calling = Calling(Settings(), written.append)
    assert not show(calling, handle), "what awaited before the screen was opened rings no bell"
    show(calling, handle)
    assert written == ["\x1b[22;0t\x1b]0;(2) cockpit: live-services\x1b\\"]
    to_review(handle, LEG)
    assert show(calling, handle)
    assert written[1:] == ["\x1b]0;(3) cockpit: live-services\x1b\\"]
    calling.end()
    calling.end()
    assert written[2:] == ["\x1b[23;0t"]


def test_it_rings_for_what_is_new_and_not_all_the_time() -> None:
    handle = busy()
    calling = Calling(Settings(), lambda _: None)
    show(calling, handle)
    to_review(handle, LEG)
    assert show(calling, handle)
    assert not show(calling, handle)
    assert not show(calling, handle, urgent=True), "the bell rang just now"
    handle.clock.advance(3)
    assert show(calling, handle, urgent=True)


def test_a_threshold_or_a_full_disk_calls_once_for_as_long_as_it_lasts() -> None:
    handle, written = busy(), list[str]()
    calling = Calling(Settings(desktop="osc9"), written.append)
    rows = Presenter().rows(handle.view())

    def ring(**notes: str | None) -> bool:
        handle.read(notes=notes)
        handle.clock.advance(3)
        return calling.show("p", rows, handle.clock.now(), alarms=alarms(handle.view()))

    assert not ring(disk="1 GB free"), "what was so when the screen opened rings no bell"
    assert not ring(disk="0.9 GB free")
    assert ring(**{"alerts.errors_per_hour": "9 errors\x1b]0;x\x07"})
    assert re.fullmatch("\x1b]9;cockpit: p: 9 errors[^\x1b\x07]*\x1b\\\\", written[-1])
    assert not ring(**{"alerts.errors_per_hour": "10 errors"})
    assert not ring(driver="something else")
    assert ring(disk="1 GB free")


def test_what_is_switched_off_stays_silent() -> None:
    handle, written = busy(), list[str]()
    calling = Calling(Settings(bell=False, title=False), written.append)
    show(calling, handle)
    to_review(handle, LEG)
    assert not show(calling, handle)
    calling.end()
    assert written == []


@pytest.mark.parametrize(
    ("kind", "sequence"),
    [
        ("osc9", "\x1b]9;cockpit: live-services: ci-testing awaits you\x1b\\"),
        ("osc777", "\x1b]777;notify;cockpit;live-services: ci-testing awaits you\x1b\\"),
    ],
)
def test_a_notification_is_shown_where_it_was_asked_for(
    kind: str, sequence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    handle, written = busy(), list[str]()
    calling = Calling(Settings(title=False, bell=False, desktop=kind), written.append)
    show(calling, handle)
    to_review(handle, LEG)
    assert not show(calling, handle)
    assert written == [sequence]
    monkeypatch.setenv("TMUX", "/tmp/tmux,1,0")
    assert notification("osc9", "x") == "\x1bPtmux;\x1b\x1b]9;cockpit: x\x1b\x1b\\\x1b\\"


@pytest.mark.parametrize("kind", ["osc9", "osc777"])
def test_no_name_can_end_a_sequence_or_begin_one(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    handle, written = loaded(outline(workstream(HOSTILE, HOSTILE), name=HOSTILE)), list[str]()
    calling = Calling(Settings(desktop=kind), written.append)
    show(calling, handle)
    leg = f"{HOSTILE}/{HOSTILE}-1"
    under_way(handle, leg, "claude#1")
    to_review(handle, leg)
    show(calling, handle)
    whole = re.compile(r"(?:\x1b\[22;0t)?\x1b\](?:0;|9;cockpit: |777;notify;cockpit;)([^\x00-\x1f\x7f-\x9f]*)\x1b\\")
    found = [whole.fullmatch(one) for one in written]
    assert len(found) == 3
    assert all(found)
    assert ";" not in (found[2] or [""])[1], "a notification has fields"
    assert title("", 0) == "cockpit"


@pytest.mark.anyio
async def test_the_screen_calls_through_its_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = busy()
    async with opened(handle) as one:
        written: list[str] = []
        rung: list[int] = []
        monkeypatch.setattr(one.app, "bell", lambda: rung.append(1))
        monkeypatch.setattr(one.app._calling, "_write", written.append)
        to_review(handle, LEG)
        await one.until(lambda: rung == [1])
        assert written == ["\x1b]0;(3) cockpit: live-services\x1b\\"]
    assert written[1:] == ["\x1b[23;0t"]
