"""The page of quarantines and violations: what it lists, what each of its keys orders, and what is asked before."""

import pytest
from msgspec.structs import replace
from textual.widgets import Input, OptionList, Static

from cockpit.schedule import facts as f
from cockpit.schedule.orders import Order
from cockpit.schedule.readings import FindingReading
from cockpit.schedule.states import State
from cockpit.ui.alerts import alerts
from cockpit.ui.headline import headline
from cockpit.ui.keys import QUARANTINE, TABS, on_page
from cockpit.ui.news import news, rings
from cockpit.ui.present import Presenter
from cockpit.ui.screens.confirm import ConfirmScreen
from cockpit.ui.screens.diff import DiffPage
from cockpit.ui.screens.quarantine import QuarantinePage
from cockpit.ui.screens.release import ReleaseScreen
from cockpit.ui.screens.workstream import WorkstreamPage
from cockpit.ui.violations import counted, detail, items, place_short
from tests.ui.fakes import DROPPED, SECRET, STANDS, FakeHandle, busy, held, loaded, six
from tests.ui.opening import Opened, opened

pytestmark = pytest.mark.anyio
WHO = "user@screen"
LEG = DROPPED.leg


def page(one: Opened) -> QuarantinePage:
    screen = one.app.screen
    assert isinstance(screen, QuarantinePage)
    return screen


def release(one: Opened) -> ReleaseScreen:
    screen = one.app.screen
    assert isinstance(screen, ReleaseScreen)
    return screen


def said(one: Opened, selector: str) -> str:
    return str(one.app.screen.query_one(selector, Static).content)


def ways(one: Opened) -> dict[str, str]:
    return {str(option.id): str(option.prompt) for option in one.app.screen.query_one(OptionList).options}


def seeing(*readings: FindingReading) -> FakeHandle:
    handle = busy()
    handle.read(findings={"ci-testing": readings})
    return handle


# --- pure -----------------------------------------------------------------------------------------------------------


async def test_held_legs_come_first_with_what_holds_them_then_what_is_open_then_what_ended() -> None:
    found = items(held().view())
    assert list(found) == [f"leg:{LEG}", "v1", "v2", "v3", "v4", "v5"]
    assert [one.row.cells[0][0] for one in found.values()] == [
        "⊘ quarantined",
        "! open",
        "! open",
        "! open",
        "~ waived",
        "✓ fixed",
    ]
    assert found["v1"].place == ("src/install.py", 13)
    assert {cell[1] for cell in found["v5"].row.cells} <= {"dim", "quiet"}
    assert counted(held().snapshot) == (1, 3)


async def test_what_is_only_seen_is_listed_with_the_time_it_has_left_until_it_is_recorded() -> None:
    handle = seeing(FindingReading("v9", "no-evil", "HIGH", "a.py", 3, 1.0, due=9.0))
    (item,) = items(handle.view()).values()
    assert (item.row.id, item.row.due, item.row.cells[0][0]) == ("seen:v9", 9.0, "◌ seen")
    handle.record(replace(DROPPED, id="v9"))
    assert list(items(handle.view())) == ["v9"]


async def test_the_detail_shows_what_went_missing_and_what_stands_there_now() -> None:
    handle = held()
    now = handle.clock.now()
    lines = detail(handle.view(), items(handle.view())["v1"], now)
    cells = [cell for line in lines for cell in line]
    assert ("−         raise MissingError(name)", "bad") in cells
    assert ("+     # ... the rest stays the same", "good") in cells
    text = " ".join(text for text, _ in cells)
    assert "written by claude#1 in run ci-testing-1" in text
    assert "42s ago" in text
    waived = detail(handle.view(), items(handle.view())["v4"], now)
    assert "waived by olga@desk 22:18:15: it is a fixture" in str(waived)


async def test_the_detail_says_what_becomes_of_it_in_each_state() -> None:
    handle = held()

    def last(key: str) -> str:
        return detail(handle.view(), items(handle.view())[key], handle.clock.now())[-1][0][0]

    assert last("v1").startswith("it holds the leg and its slot")
    assert last("v2").startswith("it alone would not hold the leg")
    assert last("v3").startswith("it holds nothing: you see it in the review")
    assert last("v5") == "it is not there any more"
    handle.record(f.LegReleased(LEG, "resume", WHO), publish=False)
    assert last("v1").startswith("it is judged again")
    handle.record(f.ApprovalGiven(STANDS.leg, "merge"), f.MergeStarted(STANDS.leg), publish=False)
    handle.record(f.MergeBuilt(STANDS.leg, "m", "t", "abc"), f.LegMerged(STANDS.leg, "m"), publish=False)
    assert last("v3").startswith("merged with its leg")


async def test_what_is_held_and_taken_over_is_handed_back_before_any_way_out() -> None:
    handle = held()
    handle.record(f.TakeOverAsked(LEG, "olga"), f.TakenOver(LEG, "tree"))
    view = handle.view()
    shown = "\n".join(
        text for cells in detail(view, next(iter(items(view).values())), handle.clock.now()) for text, _ in cells
    )
    assert "taken over by olga: o hands it back" in shown
    assert "releases it" not in shown


async def test_a_start_over_says_who_set_the_work_aside() -> None:
    handle = held()
    handle.record(f.LegReleased(LEG, "restart", "olga", "no good"), publish=False)
    lines = detail(handle.view(), items(handle.view())["v1"], handle.clock.now())
    assert lines[-1][0][0] == "its work was set aside by olga: no good"


async def test_a_long_path_keeps_its_end() -> None:
    assert place_short("a/b.py", 3) == "a/b.py:3"
    assert place_short("packages/core/a/rather/long/path/to/settings.py", 3).endswith("/to/settings.py:3")
    assert len(place_short("x" * 90, 3)) == 21
    assert place_short("日本語" * 30, 0).startswith("…")


async def test_the_grid_counts_violations_and_says_what_is_seen_and_until_when() -> None:
    rows = Presenter().rows(held().view())
    assert rows["ci-testing"].cells[10] == ("2 open", "warn")
    assert rows["security"].cells[10] == ("1 open 1 waived", "warn")
    assert rows["docs"].cells[10][0] == ""
    assert rows["ci-testing"].awaits
    handle = seeing(
        FindingReading("x", "note", "LOW", "b.py", 1, 1.0),
        FindingReading("y", "no-evil", "HIGH", "src/db.py", 12, 1.0, due=9.0),
    )
    row = Presenter().rows(handle.view())["ci-testing"]
    assert row.cells[8] == ("⚠ no-evil src/db.py:12 +1", "warn")
    assert (row.cells[10][0], row.due) == ("2 seen", 9.0)
    handle.record(f.EndAsked(LEG, "quarantine"))
    row = Presenter().rows(handle.view())["ci-testing"]
    assert (row.cells[8][0], row.due) == ("being quarantined…", None)


async def test_alerts_name_what_solves_a_quarantine_and_what_will_be_one() -> None:
    found = {one.workstream: one.text for one in alerts(held().view())}
    assert (
        found["ci-testing"]
        == "ci-testing: quarantined: PLACEHOLDER_DROPPED in src/install.py:13 · 4, there u releases, X discards"
    )
    assert found["security"].endswith("awaits your yes to its merge (a, A) · 1 open violation (4)")
    handle = seeing(FindingReading("y", "no-evil", "HIGH", "src/db.py", 12, 1.0, due=1_700_000_100.0))
    texts = [one.text for one in alerts(handle.view())]
    assert "ci-testing: HIGH no-evil src/db.py:12: quarantined 22:15:00 if it stays" in texts
    handle.read(findings={"ci-testing": (FindingReading("x", "note", "LOW", "b.py"),)})
    assert not any("if it stays" in one.text for one in alerts(handle.view()))


async def test_the_header_shows_held_slots_beside_the_agents_and_a_quarantine_is_news() -> None:
    handle = held()
    rows = Presenter().rows(handle.view())
    model = headline(handle.view(), rows.values(), handle.clock.now())
    assert model.agents == "0/3 ⊘ 1 slot"
    assert ("quarantined", 1) in [(look.word, number) for look, number in model.counts]
    told = news(handle.snapshot, handle.recorded[-1:])
    assert told == (("ci-testing quarantined: PLACEHOLDER_DROPPED in src/install.py:13 (4)", True),)
    assert rings(handle.recorded[-1:])
    assert not rings(handle.recorded[:-1])


# --- the page -------------------------------------------------------------------------------------------------------


async def test_4_opens_the_page_tab_and_1_change_it_and_esc_leaves() -> None:
    async with opened(held()) as one:
        await one.press("4")
        assert page(one).grid.cursor == f"leg:{LEG}"
        await one.press("4")
        assert len(one.app.screen_stack) == 2
        for key in ("1", "tab", "tab", "4", "escape"):
            await one.press(key)
            assert (one.app.screen is one.page) is (key in ("1", "escape") or len(one.app.screen_stack) == 1)
        await one.press("enter", "4")
        assert [type(screen).__name__ for screen in one.app.screen_stack] == ["GridPage", "QuarantinePage"]
        await one.press("1", *["tab"] * TABS.index(QUARANTINE))
        assert page(one)


async def test_it_shows_the_one_under_the_cursor_and_follows_what_comes() -> None:
    handle = held()
    async with opened(handle) as one:
        await one.press("4")
        assert "quarantine 1 held · 3 open violations" in one.screen_text()
        assert "claude#1 gets no other work" in one.screen_text()
        await one.press("j")
        assert "4 lines went away, and a comment says that they are still there" in one.screen_text()
        await one.press("G")
        assert "it is not there any more" in one.screen_text()
        await one.press("k", "k")
        handle.record(replace(SECRET, id="v0"))
        await one.until(lambda: page(one).grid.total == 7)
        assert page(one).grid.cursor == "v3", "the cursor stays on its row"
        handle.clock.advance(60)
        one.app.tick()
        await one.until(lambda: "1m ago" in one.screen_text())


async def test_an_empty_page_says_so_and_its_keys_say_why() -> None:
    async with opened(loaded(six())) as one:
        await one.press("4")
        assert "nothing is held, and no violation was found" in one.screen_text()
        for key in ("u", "X", "W", "d", "enter"):
            await one.press(key)
            assert "no workstream is selected" in one.screen_text()
            assert page(one)


async def test_the_filter_narrows_and_esc_drops_it_first() -> None:
    async with opened(held()) as one:
        await one.press("4", "slash", *"logic", "enter")
        assert page(one).grid.shown == ("v3",)
        assert "1/6 /logic" in one.screen_text()
        assert "an assertion was made trivial" in one.screen_text()
        await one.press("escape")
        assert page(one).grid.total == len(page(one).grid.shown)
        await one.press("slash", *"zzz")
        assert "nothing matches the filter" in one.screen_text()
        await one.press("escape", "escape")
        assert one.app.screen is one.page


async def test_enter_opens_the_workstream_and_esc_comes_back() -> None:
    async with opened(held()) as one:
        await one.press("4", "j", "enter")
        assert isinstance(one.app.screen, WorkstreamPage)
        assert one.app.screen.workstream == "ci-testing"
        await one.press("escape")
        assert page(one).grid.cursor == "v1"


async def test_n_goes_to_the_page_of_what_awaits_and_of_a_quarantine_here() -> None:
    async with opened(held()) as one:
        await one.press("4", "n")
        assert isinstance(one.app.screen, WorkstreamPage)
        assert one.app.screen.workstream == "security"
        await one.press("n", "n")
        assert page(one).targets() == ("ci-testing",), "a quarantined one awaits too"


@pytest.mark.parametrize(
    ("moves", "order"),
    [
        (1, Order("release", ("ci-testing",), WHO, "be good", expected="v1 v2", how="resume")),
        (2, Order("release", ("ci-testing",), WHO, "be good", expected="v1 v2", how="restart")),
        (3, Order("release", ("ci-testing",), WHO, "be good", expected="v1 v2", how="other")),
        (4, Order("waive", ("ci-testing",), WHO, "be good", expected="v1 v2")),
    ],
)
async def test_u_releases_by_each_way(moves: int, order: Order) -> None:
    handle = held()
    async with opened(handle) as one:
        await one.press("4", "u")
        assert ways(one).keys() == {"cancel", "resume", "restart", "other", "waive"}
        await one.press(*["down"] * moves, "enter")
        await one.press("b", "e", "space", *"good", "enter")
        await one.until(lambda: handle.orders == [order])
        assert handle.snapshot.legs[LEG].state is State.READY
        assert not handle.snapshot.held_slots()
        await one.until(lambda: "0 held" in one.screen_text())


async def test_u_names_what_holds_it_and_stands_on_cancel() -> None:
    handle = held()
    async with opened(handle) as one:
        await one.press("4", "u")
        assert "claude#1 is held for 2 open violations" in said(one, "#question")
        assert "CRITICAL PLACEHOLDER_DROPPED src/install.py:13" in said(one, "#question")
        assert said(one, "#means") == "Nothing is done. claude#1 stays held."
        await one.press("y")
        assert "choose a way" in said(one, "#refused")
        await one.press("enter")
        assert page(one)
        assert "nothing was done" in one.screen_text()
        await one.press("u", "down", "escape")
        assert handle.orders == []
    async with opened(handle, (32, 15)) as one:
        await one.press("4", "u")
        for _ in range(3):
            await one.pilot.pause()
        assert "claude#1 is held" in one.screen_text()
        assert "cancel: leave it" in one.screen_text()


async def test_a_reason_is_needed_only_where_the_review_shows_it() -> None:
    handle = held()
    async with opened(handle) as one:
        await one.press("4", "u", "G", "end", "enter", "enter")
        assert said(one, "#refused") == "it needs a reason: the review shows it"
        await one.press("up")
        assert one.app.screen.query_one(OptionList).has_focus
        await one.press("home", "down", "y")
        await one.until(
            lambda: handle.orders == [Order("release", ("ci-testing",), WHO, expected="v1 v2", how="resume")]
        )


async def test_a_way_that_is_not_open_says_why() -> None:
    handle = held()
    plan = handle.snapshot.outline
    alone = tuple(replace(one, agents=("claude",)) for one in plan.workstreams)
    handle.record(f.PlanLoaded("p", "", replace(plan, workstreams=alone)), publish=False)
    async with opened(handle) as one:
        await one.press("4", "u", "down", "down", "down", "enter")
        assert "has no other agent than claude" in ways(one)["other"]
        assert "has no other agent than claude" in said(one, "#refused")
        await one.press("y")
        assert handle.orders == []


@pytest.mark.parametrize("change", ["another violation", "released"])
async def test_u_looks_again_when_it_is_decided(change: str) -> None:
    handle = held()
    async with opened(handle) as one:
        await one.press("4", "u", "down", "enter")
        seq = handle.snapshot.seq
        if change == "another violation":
            handle.record(replace(DROPPED, id="v8", path="other.py"))
        else:
            handle.record(f.LegReleased(LEG, "resume", "olga"))
        await one.until(lambda: one.app.view.snapshot.seq > seq)
        await one.press("enter")
        assert isinstance(release(one), ReleaseScreen)
        assert "not possible: " in said(one, "#refused")
        assert handle.orders == []


async def test_w_waives_what_the_cursor_is_on_for_a_reason() -> None:
    handle = held()
    async with opened(handle) as one:
        await one.press("4", "j", "j", "W")
        assert "HIGH SECURITY_RISK" in said(one, "#question")
        assert "Other violations hold it still." in said(one, "#question")
        await one.press("enter")
        assert said(one, "#refused") == "it needs a reason: the review shows it"
        await one.press(*"known", "enter")
        await one.until(lambda: handle.orders == [Order("waive", ("ci-testing",), WHO, "known", expected="v2")])
        assert handle.snapshot.legs[LEG].state is State.QUARANTINED
        await one.press("W")
        assert "it is waived already" in one.screen_text()


async def test_w_on_a_leg_waives_all_and_frees_it_and_works_on_the_workstreams_page() -> None:
    handle = held()
    async with opened(handle) as one:
        await one.press("4", "W")
        assert "Nothing else holds it: claude#1 is free" in said(one, "#question")
        await one.press(*"fine", "enter")
        await one.until(lambda: handle.orders == [Order("waive", ("ci-testing",), WHO, "fine", expected="v1 v2")])
        await one.press("1")
        await one.on("security")
        await one.press("enter", "W", *"ok", "enter")
        await one.until(lambda: handle.orders[1:] == [Order("waive", ("security",), WHO, "ok", expected="v3")])
        await one.press("W")
        assert "security has no such open violation" in one.screen_text()


async def test_w_looks_again_and_does_not_touch_what_is_only_seen() -> None:
    handle = held()
    async with opened(handle) as one:
        await one.press("4", "j", "W", *"x")
        handle.record(f.ViolationFixed(LEG, "v1"))
        await one.until(lambda: one.app.view.snapshot.violations["v1"].state == "fixed")
        await one.press("enter")
        assert "no longer possible" in said(one, "#refused")
        await one.press("escape")
        assert handle.orders == []
    handle = seeing(FindingReading("y", "no-evil", "HIGH", "src/db.py", 12, 1.0, due=1_699_999_999.0))
    handle.record(replace(DROPPED, id="v7"), publish=False)
    async with opened(handle) as one:
        await one.press("4")
        assert "being quarantined" in one.screen_text()
        await one.press("W")
        assert "it is only seen" in one.screen_text()


async def test_capital_x_says_what_goes_and_discards() -> None:
    handle = held()
    async with opened(handle) as one:
        await one.press("4", "X")
        await one.until(lambda: "3 ignored files of 1.5 MB go with it" in said(one, "#question"))
        text = said(one, "#question")
        for part in ("Stops it for good", "kept under a rescue ref first", "/srv/app.worktrees/ci-testing"):
            assert part in text
        assert one.app.focused is one.confirm.query_one("#cancel")
        await one.press("enter")
        assert handle.orders == []
        await one.press("X", "y")
        await one.until(lambda: handle.orders == [Order("discard", ("ci-testing",), WHO, expected="v1 v2")])
        assert handle.snapshot.legs[LEG].state is State.STOPPED
        await one.until(lambda: "✓ discard ci-testing" in one.screen_text())


async def test_what_is_not_quarantined_is_neither_released_nor_discarded() -> None:
    async with opened(held()) as one:
        await one.press("4")
        page(one).grid.go_to_row("v3")
        for key in ("u", "X"):
            await one.press(key)
            assert "security is review, not quarantined" in one.screen_text()


async def test_a_screen_that_is_read_only_gives_no_order() -> None:
    async with opened(held(), read_only=True) as one:
        await one.press("4", "u")
        assert "this screen is read only" in one.screen_text()
        await one.press("d")
        assert isinstance(one.app.screen, DiffPage)


async def test_a_quarantine_rings_the_bell_once(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = busy()
    async with opened(handle) as one:
        rung: list[int] = []
        monkeypatch.setattr(one.app, "bell", lambda: rung.append(1))
        handle.record(DROPPED, f.EndAsked(LEG, "quarantine"))
        handle.record(f.LegQuarantined(LEG, "claude#1", ("v1",), "x"))
        await one.until(lambda: rung == [1])
        handle.publish()
        handle.record(replace(STANDS, id="v6"))
        await one.until(lambda: "v6" in one.app.view.snapshot.violations)
        assert rung == [1]


async def test_the_countdown_in_the_grid_moves_on_with_the_time() -> None:
    handle = busy()
    now = handle.clock.now()
    handle.read(findings={"ci-testing": (FindingReading("y", "no-evil", "HIGH", "db.py", 12, now, due=now + 8),)})
    async with opened(handle, (200, 30)) as one:
        assert "⚠ no-evil db.py:12 · 8 s until quarantine" in one.lines()[1]
        handle.clock.advance(3)
        one.app.tick()
        assert "5 s until quarantine" in one.lines()[1]
    async with opened(handle, (40, 30)) as one:
        assert "5 s · ⚠ no-evil db.py:12" in one.lines()[1]


@pytest.mark.parametrize("width", [200, 80, 40, 32])
async def test_state_and_rule_are_there_at_every_width(width: int) -> None:
    async with opened(held(), (width, 30)) as one:
        await one.press("4")
        text = one.screen_text()
        assert all(len(line) <= width for line in text.splitlines())
        for part in ("⊘ quarantined", "! open", "~ waived", "✓ fixed", "PLACEHOL", "src/install.py:13"):
            assert part in text or (width == 32 and part == "src/install.py:13")
        assert "u release" in text


async def test_brackets_scroll_the_one_in_full_where_it_is_longer_than_the_screen() -> None:
    handle = held()
    handle.record(replace(DROPPED, missing=tuple(f"line {at}" for at in range(60))), publish=False)
    async with opened(handle, (80, 24)) as one:
        await one.press("4", "j")
        assert "− line 0" in one.screen_text()
        await one.press(*["right_square_bracket"] * 9)
        assert "20 lines more went missing" in one.screen_text()
        await one.press(*["left_square_bracket"] * 9)
        assert "− line 0" in one.screen_text()
        await one.press("G", "right_square_bracket")
        assert "all of it is in sight" in one.screen_text()


async def test_every_key_of_the_page_is_listed_in_its_help() -> None:
    async with opened(held(), (120, 60)) as one:
        await one.press("4", "question_mark")
        text = one.screen_text()
        for action in on_page("quarantine"):
            assert action.about[:40] in text


# --- reviews --------------------------------------------------------------------------------------------------------


async def test_a_yes_to_a_merge_names_what_is_open_and_what_was_waived() -> None:
    handle = held()
    async with opened(handle) as one:
        await one.on("security")
        await one.press("a")
        text = said(one, "#question")
        assert "! open: MEDIUM LOGIC_ERROR tests/test_keys.py:40: an assertion was made trivial" in text
        assert "~ LOW no-print tests/conftest.py:2: waived by olga@desk 22:18:15: it is a fixture" in text
        assert isinstance(one.app.screen, ConfirmScreen)
        await one.press("enter")
        assert handle.orders == []
        await one.press("a")
        handle.record(f.ViolationFixed(STANDS.leg, "v3"))
        await one.until(lambda: one.app.view.snapshot.violations["v3"].state == "fixed")
        await one.press("y")
        assert "its violations are not what they were" in said(one, "#refused")
        await one.press("escape", "a", "y")
        await one.until(lambda: [order.verb for order in handle.orders] == ["approve"])


async def test_the_page_of_a_workstream_shows_gates_violations_and_who_let_them_stand() -> None:
    handle = held()
    allowed = f.WorkScanned(
        STANDS.leg, "security-1", "c", 1, ("no-print tests/a.py:3: a demo",), ("big.bin: too large",)
    )
    handle.record(allowed, *(f.WorkRescued("security", f"refs/{n}", "") for n in (1, 2, 3)), publish=False)
    async with opened(handle) as one:
        await one.on("security")
        await one.press("enter")
        text = one.screen_text()
        for part in (
            "✓ syntax",
            "violation  MEDIUM LOGIC_ERROR tests/test_keys.py:40",
            "waived     LOW no-print tests/conftest.py:2 · waived by olga@desk",
            "allowed    by a comment: no-print tests/a.py:3: a demo",
            "unscanned  big.bin: too large",
            "fixed      1 violation",
            "rescued    refs/3 and 2 more (cockpit rescue list)",
        ):
            assert part in text
        await one.press("1", "k", "enter")
        assert "held       claude#1 · u:" in one.screen_text()
        await one.press("u")
        assert isinstance(release(one), ReleaseScreen)


async def test_brackets_turn_to_what_the_gates_printed() -> None:
    handle = held()
    handle.gates = [
        {
            "gate": "tests",
            "ok": False,
            "seconds": 2.0,
            "reason": "exited with 1",
            "output": "\x1b[31mFAILED\x1b[0m [/a]",
        }
    ]
    async with opened(handle) as one:
        await one.on("security")
        await one.press("enter", "left_square_bracket")
        await one.until(lambda: "✗ tests 2s exited with 1" in one.screen_text())
        assert "FAILED [/a]" in one.screen_text()
        await one.press("right_square_bracket", "right_square_bracket")
        assert isinstance(one.app.screen, WorkstreamPage)
        assert one.app.screen.part == "output"
        handle.gates = []
        await one.press("t", "right_square_bracket")
        await one.until(lambda: "no gate has judged it yet" in one.screen_text())
        handle.gates = [{"gate": "lint", "ok": True, "seconds": 1.0, "reason": "", "output": ""}]
        handle.record(f.GateFinished("security/security-1", "lint", ok=True, tree="tree", seconds=1.0))
        await one.until(lambda: "✓ lint 1s" in one.screen_text())


# --- hostile texts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(120, 40), (32, 20)])
async def test_hostile_texts_in_every_field_are_only_text(size: tuple[int, int]) -> None:
    from tests.ui.test_untrusted import HOSTILE, assert_clean

    handle = held()
    for at, text in enumerate(HOSTILE):
        words = {"rule": text, "path": text, "excerpt": text, "message": text, "missing": (text, text), "slot": text}
        handle.record(replace(DROPPED, id=f"h{at}", severity=text, **words), publish=False)
    handle.record(f.ViolationWaived(LEG, "h0", HOSTILE[1], HOSTILE[2]), publish=False)
    handle.diffs = {"x": "".join(f"+++ {text}\n@@ -1 +1 @@\n+{text}\n-{text}\n" for text in HOSTILE)}
    async with opened(handle, size) as one:
        await one.press("4")
        for key in ("j", *["j"] * len(HOSTILE), "u", "down", "escape", "W", "escape", "X", "escape", "d", "d", "G"):
            await one.press(key)
            assert_clean(one.screen_text())
            strips = one.app.screen._compositor.render_strips()
            assert {sum(segment.cell_length for segment in strip) for strip in strips} == {size[0]}
            for strip in strips:
                assert not any(segment.style and segment.style.meta.get("@click") for segment in strip)
        assert isinstance(one.app.screen, DiffPage)


async def test_the_reason_that_is_typed_goes_on_one_line() -> None:
    handle = held()
    async with opened(handle) as one:
        await one.press("4", "u", "down", "enter")
        one.app.screen.query_one("#reason", Input).value = "  a \t b  "
        await one.press("enter")
        await one.until(lambda: [order.reason for order in handle.orders] == ["a b"])
