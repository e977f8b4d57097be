"""The page of alerts: what it lists in which order, that each alert's keys work there, and what acknowledging does."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from cockpit.schedule import facts as f
from cockpit.schedule.readings import ConflictReading, FindingReading, PlanReading, RunReading
from cockpit.schedule.snapshot import Cost, Sleep
from cockpit.ui.alerting import detail, items
from cockpit.ui.alerts import Alert, alerts, keyed
from cockpit.ui.keymap import changed
from cockpit.ui.keys import ALERTS, BY_NAME, TABS, on_page
from cockpit.ui.remembered import Remembered
from cockpit.ui.screens.agents import AgentsPage
from cockpit.ui.screens.alerts import AlertsPage
from cockpit.ui.screens.answer import AnswerScreen
from cockpit.ui.screens.commands import CommandsPage
from cockpit.ui.screens.confirm import ConfirmScreen
from cockpit.ui.screens.diff import DiffPage
from cockpit.ui.screens.merges import MergesPage
from cockpit.ui.screens.quarantine import QuarantinePage
from cockpit.ui.screens.release import ReleaseScreen
from cockpit.ui.screens.ways import WaysScreen
from cockpit.ui.screens.workstream import WorkstreamPage
from tests.ui.fakes import START, FakeHandle, busy, held, loaded, outline, under_way, workstream
from tests.ui.opening import Opened, opened, text_of
from tests.ui.test_merges import HOSTILE, merging, reviewed

pytestmark = pytest.mark.anyio


def page(one: Opened) -> AlertsPage:
    screen = one.app.screen
    assert isinstance(screen, AlertsPage)
    return screen


def status(one: Opened) -> str:
    return str(one.app.screen.query_one("#status").render())


def alarming(text: str = "a reason") -> FakeHandle:
    """Return a plan in which everything is wrong that can be: one alert of each kind."""
    keys = ("held", "clash", "failed", "refused", "stalled", "review", "start", "seen", "asking", "late")
    handle = loaded(outline(*(workstream(key, text, approve_start=key == "start") for key in keys)))
    clock = handle.clock
    for key in keys:
        clock.advance(10)
        leg = f"{key}/{key}-1"
        if key in ("clash", "refused", "review", "late"):
            reviewed(handle, leg, "coder#1")
        elif key == "start":
            handle.record(f.WorkstreamWanted(key), publish=False)
        else:
            under_way(handle, leg, f"claude#{1 + keys.index(key) % 2}")
    handle.record(
        f.EndAsked("held/held-1", "quarantine"),
        f.RunEnded("held/held-1", "held-1", "stopped"),
        f.LegQuarantined("held/held-1", "claude#1", ("v1",), text),
        f.RunEnded("failed/failed-1", "failed-1", "failed", 2),
        f.LegFailed("failed/failed-1", text),
        f.ApprovalRefused("refused/refused-1", "merge", "olga", text),
        f.QuestionAsked("asking/asking-1", "q1", "asking-1", text, by="claude#1"),
        publish=False,
    )
    for key in ("clash", "late"):
        handle.record(f.ApprovalGiven(f"{key}/{key}-1", "merge"), f.MergeStarted(f"{key}/{key}-1"), publish=False)
    handle.record(
        f.ConflictFound("clash/clash-1", ("src/a.py",)),
        f.MergeDeferred("late/late-1", text, clock.now() + 600, ("src/b.py",)),
        f.Recovered((text,)),
        publish=False,
    )
    snapshot = handle.snapshot
    handle.snapshot = replace(
        snapshot,
        skipped=2,
        asleep={"coder": Sleep(clock.now() + 900, text)},
        usage={"x": Cost(usd=2.0)},
        outline=replace(snapshot.outline, cost_limit=1.0),
        workstreams={
            **snapshot.workstreams,
            "start": replace(snapshot.workstreams["start"], clean_up_refused=text),
        },
    )
    handle.readings = replace(
        handle.readings,
        plan=PlanReading((f"plan.yaml:7:3: {text}",), ("run: rm",), (f"gates: {text}",)),
        notes={"watching": text, "disk": text, "alerts.gate_p95": text},
        hold=text,
        runs={"stalled-1": RunReading(stalled_since=START + 30)},
        findings={"seen": (FindingReading("s", "no-evil", "HIGH", "src/db.py", 12, START + 40, START + 400),)},
        shared={f"{text}.json": ("seen", "asking")},
        conflicts={"seen": ConflictReading((text,), {})},
    )
    return handle


WORDS = [
    "plan file",
    "trust",
    "trouble",
    "disk low",
    "held",
    "cost limit",
    "quarantined",
    "conflict",
    "seen",
    "failed",
    "rejected",
    "question",
    "put off",
    "~stalled",
    "threshold",
    "asleep",
    "clean-up",
    "approval",
    "journal",
    "shared",
    "foreseen",
    "put right",
]


# --- pure -------------------------------------------------------------------------------------------------------------


def test_every_kind_is_listed_the_worst_first_and_then_the_newest() -> None:
    found = items(alerts(alarming().view()), frozenset())
    words = [item.alert.look.word for item in found.values()]
    assert list(dict.fromkeys(words)) == WORDS
    assert len(words) == len(alerts(alarming().view())), "two alerts have one key"
    ranks = [(item.alert.rank, -item.alert.since) for item in found.values()]
    assert ranks == sorted(ranks)


def test_each_alert_is_solved_by_keys_of_the_page_or_says_what_else_does() -> None:
    works = {action.name for action in on_page(ALERTS)}
    for one in alerts(alarming().view()):
        assert set(one.solve) <= works, one
        unsolved = one.look.word in ("trouble", "put right")
        assert bool(one.solve or one.hint) or unsolved, one


def test_sentences_name_the_operators_own_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    found, wrong = changed({"approve": "y", "release": "ctrl+u", "quarantine": "9", "trust": "ctrl+t", "alerts": "0"})
    assert wrong == ()
    for action, own in found.items():
        monkeypatch.setitem(BY_NAME, action, own)
    texts = [one.text for one in alerts(alarming().view())]
    assert "held: quarantined: a reason · 9, there ctrl+u releases, X discards" in texts
    assert "review: awaits your yes to its merge (y, A)" in texts
    assert "1 command of the plan not trusted yet: ctrl+t" in texts
    assert keyed("release", "discard") == "ctrl+u release, X discard"


def test_an_alert_is_another_one_when_it_comes_again() -> None:
    handle = busy()
    before = {one.key for one in alerts(handle.view())}
    leg = "database/database-1"
    handle.clock.advance(60)
    handle.record(f.LegRetried(leg), publish=False)
    under_way(handle, leg, "coder#2", f.RunEnded(leg, "database-2", "failed", 2), f.LegFailed(leg, "once more"))
    after = {one.key for one in alerts(handle.view())}
    assert len(before - after) == len(after - before) == 1


def test_an_alert_whose_figures_move_is_the_same_one() -> None:
    handle = busy()
    keys = []
    for note in ("9 GB free", "8 GB free"):
        handle.read(notes={"disk": note})
        keys.append(next(one.key for one in alerts(handle.view()) if one.look.word == "disk low"))
    assert keys[0] == keys[1]


def test_the_detail_says_since_when_and_what_solves_it() -> None:
    handle = alarming()
    found = items(alerts(handle.view()), frozenset())
    held_one = next(item for item in found.values() if item.alert.look.word == "quarantined")
    text = "\n".join("".join(part for part, _ in cells) for cells in detail(handle.view(), held_one, START + 200))
    assert "⊘ quarantined · held · a reason" in text
    assert "for 1m" in text
    assert "u  release from quarantine" in text
    seen = items(alerts(handle.view()), {held_one.alert.key})
    assert list(seen)[-1] == held_one.alert.key
    assert seen[held_one.alert.key].acknowledged


# --- the page ---------------------------------------------------------------------------------------------------------


async def on(one: Opened, word: str) -> Alert:
    """Open the page and put its cursor on the first alert of a kind."""
    await one.press("3")
    found = next(item.alert for item in page(one).listed() if item.alert.look.word == word)
    page(one).grid.go_to_row(found.key)
    await one.pilot.pause()
    return found


async def test_3_opens_it_above_the_grid_and_the_cursor_stays_on_its_alert() -> None:
    handle = alarming()
    async with opened(handle) as one:
        await one.press("3")
        assert page(one).grid.cursor == page(one).grid.shown[0]
        await on(one, "failed")
        cursor = page(one).grid.cursor
        handle.read(plan=PlanReading(("another",) * 3))
        await one.until(lambda: "another" in one.screen_text())
        assert page(one).grid.cursor == cursor
        await one.press("escape")
        assert one.front is one.page


@pytest.mark.parametrize(
    ("word", "key", "order"),
    [
        ("failed", "r", ("retry", "failed")),
        ("rejected", "r", ("retry", "refused")),
        ("put off", "m", ("merge", "late")),
        ("approval", "a", ("approve", "start")),
        ("~stalled", "p", ("pause", "stalled")),
    ],
)
async def test_a_key_solves_the_alert_of_its_workstream(word: str, key: str, order: tuple[str, str]) -> None:
    handle = alarming()
    async with opened(handle) as one:
        await on(one, word)
        await one.press(key)
        if isinstance(one.front, ConfirmScreen):
            await one.press("y")
        await one.until(lambda: [(given.verb, *given.targets) for given in handle.orders] == [order])


@pytest.mark.parametrize(
    ("word", "key", "screen"),
    [
        ("quarantined", "u", ReleaseScreen),
        ("quarantined", "X", ConfirmScreen),
        ("quarantined", "enter", QuarantinePage),
        ("seen", "enter", QuarantinePage),
        ("put off", "enter", MergesPage),
        ("conflict", "c", WaysScreen),
        ("conflict", "enter", WorkstreamPage),
        ("trust", "enter", CommandsPage),
        ("trust", "T", CommandsPage),
        ("failed", "l", WorkstreamPage),
        ("failed", "t", WorkstreamPage),
        ("~stalled", "x", ConfirmScreen),
        ("failed", "d", DiffPage),
        ("approval", "A", ConfirmScreen),
        ("question", "i", AnswerScreen),
        ("asleep", "enter", AgentsPage),
        ("threshold", "enter", AgentsPage),
        ("shared", "d", DiffPage),
    ],
)
async def test_a_key_opens_what_solves_it(word: str, key: str, screen: type[object]) -> None:
    async with opened(alarming()) as one:
        found = await on(one, word)
        await one.press(key)
        await one.until(lambda: isinstance(one.front, screen))
        if isinstance(one.front, QuarantinePage | MergesPage):
            assert one.front.targets() == (found.workstream,)


async def test_what_is_about_the_plan_takes_no_order_of_a_workstream() -> None:
    handle = alarming()
    async with opened(handle) as one:
        await on(one, "cost limit")
        for key in ("r", "enter", "l", "d", "t", "x", "u"):
            await one.press(key)
            assert "this is about the plan, and not about one workstream" in status(one)
        assert handle.orders == []


async def test_capital_k_takes_an_alert_off_the_first_page_goes_on_and_brings_it_back() -> None:
    handle = busy()
    async with opened(handle) as one:
        assert "database: failed" in text_of(one.page.alerts)
        failed = await on(one, "failed")
        await one.press("K")
        assert "acknowledged: the first page shows it no more: database: failed" in status(one)
        assert "database: failed" not in text_of(one.page.alerts)
        assert list(page(one).grid.shown)[-1] == failed.key
        assert page(one).grid.cursor != failed.key
        assert "alerts 1 · 1 acknowledged" in one.screen_text()
        await one.press("K")
        assert page(one).item() is not None
        assert text_of(one.page.alerts) == ""
        page(one).grid.go_to_row(failed.key)
        await one.press("K")
        assert "database: failed" in text_of(one.page.alerts)
        assert "it counts again: database: failed" in status(one)


async def test_what_is_acknowledged_is_remembered_for_this_plan_and_user(tmp_path: Path) -> None:
    for known in (0, 1):
        async with opened(busy(), remembered=Remembered(tmp_path, "plan")) as one:
            await one.press("3")
            assert sum(item.acknowledged for item in page(one).listed()) == known
            if not known:
                await one.press("K")
    async with opened(busy(), remembered=Remembered(tmp_path, "another")) as one:
        assert one.app.acknowledged == {}


async def test_an_empty_page_says_that_all_is_well_and_its_keys_say_why() -> None:
    async with opened(loaded(outline(workstream("a", "b")))) as one:
        await one.press("3")
        assert "all is well" in one.screen_text()
        await one.press("K")
        assert "there is no alert" in status(one)
        await one.press("enter")
        assert "no workstream is selected" in status(one)


async def test_the_filter_moving_and_n_work_as_on_other_lists() -> None:
    async with opened(alarming(), (100, 30)) as one:
        await one.press("3", "slash", *"conflict", "enter")
        assert "/conflict" in one.screen_text()
        await one.press("escape", "G", "g", "j", "k", "pagedown", "pageup", "right_square_bracket")
        assert page(one).grid.cursor == page(one).grid.shown[0]
        await one.press("n")
        assert one.front is not one.page
        assert "await" in one.screen_text()


async def test_tab_goes_through_the_pages_with_it_among_them() -> None:
    async with opened(held()) as one:
        seen = []
        for _ in range(TABS.index(ALERTS)):
            await one.press("tab")
            seen.append(one.app.page.PAGE if one.app.page else "")
        assert seen == [*TABS[1 : TABS.index(ALERTS) + 1]]


@pytest.mark.parametrize("size", [(120, 40), (40, 30), (32, 15)])
async def test_hostile_text_is_shown_as_text_at_every_width(size: tuple[int, int]) -> None:
    async with opened(alarming(HOSTILE), size) as one:
        await one.press("3")
        await one.press(*"jjjjjjjj", "G", *"kkkkkkkk")
        text = one.screen_text()
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert {strip.cell_length for strip in one.app.screen._compositor.render_strips()} == {size[0]}


async def test_a_screen_that_is_read_only_still_acknowledges() -> None:
    handle = merging()
    async with opened(handle, read_only=True) as one:
        await one.press("3", "m")
        assert "this screen is read only" in status(one)
        await one.press("K")
        assert "acknowledged" in status(one)
