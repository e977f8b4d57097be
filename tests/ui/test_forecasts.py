"""The forecast's page: bars of what was and is to come, what another number of agents changes, figures, reports."""

from typing import Any

import pytest

from cockpit.errors import CockpitError
from cockpit.forecast.estimates import Estimate
from cockpit.forecast.outlook import Coming, Outlook
from cockpit.metrics.stints import Stint
from cockpit.metrics.trends import Bucket
from cockpit.schedule import facts as f
from cockpit.schedule.readings import Forecast
from cockpit.ui.gantt import AFTER, COMING, CRITICAL, LOOK, Bar, Span, axis, bar_line, bars, leg_told, legend, span_of
from cockpit.ui.keys import on_page
from cockpit.ui.outlooks import estimate_drawing, finish_lines, trend_drawings
from cockpit.ui.screens.forecast import ForecastPage
from cockpit.ui.screens.workstream import WorkstreamPage
from cockpit.ui.widgets.chart import drawn
from tests.ui.fakes import FakeHandle, loaded, outline, under_way, workstream
from tests.ui.opening import Opened, opened
from tests.ui.past import moved
from tests.ui.test_merges import merged

pytestmark = pytest.mark.anyio
HOSTILE = "[/b]\x1b[31m\u202eevil" + "日本" * 40


def page(one: Opened) -> ForecastPage:
    found = one.app.screen
    assert isinstance(found, ForecastPage)
    return found


def flying() -> FakeHandle:
    """Return a plan with a leg merged, one that runs, and others to come, one of them after both."""
    handle = loaded(
        outline(
            workstream("api", "Rate limits", 2, approve_merge=False),
            workstream("docs", "Write it down", approve_merge=False),
            workstream("cli", "A command", 1, ("api/api-1", "docs/docs-1"), 2, approve_merge=False),
            *(workstream(f"job-{at}", "One of many", approve_merge=False) for at in range(5)),
        )
    )
    handle.record(*(f.WorkstreamWanted(key) for key in handle.snapshot.workstreams), publish=False)
    merged(handle, "api/api-1", "claude#1", "aaaaaaaaaaaa")
    handle.clock.advance(600)
    under_way(handle, "docs/docs-1", "claude#1")
    handle.clock.advance(300)
    handle.estimates = moved(handle.clock.now())
    return handle


def asks(handle: FakeHandle, question: str) -> list[dict[str, Any]]:
    return [given for asked_for, given in handle.asked if asked_for == question]


def plain(cells: Any) -> str:
    return "".join(text for text, _ in cells)


# --- pure: bars -------------------------------------------------------------------------------------------------------


def test_a_bar_has_a_glyph_for_each_kind_and_says_what_is_critical() -> None:
    stints = (Stint("waiting", 0, 10), Stint("running", 10, 30), Stint("checking", 30, 35), Stint("held", 35, 50))
    bar = Bar("api/api-1", "api", stints, Coming("api/api-1", 50, 80, 90, "claude#1", critical=True))
    text = plain(bar_line(bar, Span(0, 100, 50), 112, 12))
    assert text.startswith("api/api-1 * ")
    chart = text[12:]
    assert len(chart) == 100
    assert (chart[5], chart[20], chart[32], chart[45]) == tuple(
        LOOK[kind][0] for kind in ("waiting", "running", "checking", "held")
    )
    assert (chart[60], chart[85], chart[95]) == (CRITICAL[0], AFTER[0], " ")
    other = Bar("b", "b", (), Coming("b", 60, 80, 80))
    assert COMING[0] in plain(bar_line(other, Span(0, 100, 50), 112, 12))


@pytest.mark.parametrize("width", [30, 36, 76, 116, 196])
def test_bars_and_times_fill_the_width_exactly_whatever_they_are(width: int) -> None:
    span = Span(1_700_000_000, 1_700_090_000, 1_700_050_000)
    odd = [
        Bar("x" * 80, "x", (Stint("merged", 1_700_000_000, 1_700_000_000),)),
        Bar("日本" * 20, "y", (Stint("running", 1.6e9, 1.65e9),), Coming("y", 1_700_060_000, None, None)),
        Bar("z", "z", (Stint("running", 1_700_010_000),), Coming("z", 0.0, 1_800_000_000, 1_900_000_000)),
    ]
    from cockpit.ui.looks import cells_of

    for bar in odd:
        assert cells_of(plain(bar_line(bar, span, width, 12))) == width
    line = plain(axis(span, width, 12))
    assert len(line) == width
    assert plain(axis(Span(0, 600, 300), width, 12)).endswith("00:10:00" if width > 60 else " 00:10")
    assert "now" in line
    assert len(plain(legend(odd, width))) <= width
    assert "merged" in plain(legend(odd, width))
    assert "in check" not in plain(legend(odd, width))


def test_bars_are_in_the_order_in_which_legs_begin_and_the_span_holds_all_of_them() -> None:
    handle = flying()
    stints = {"api/api-1": [Stint("running", 100, 200)], "cli/cli-1": [Stint("waiting", 50)]}
    found = bars(handle.snapshot, stints, [Coming("docs/docs-1", 150, 300, 400), Coming("cli/cli-1", 400, 500, 600)])
    assert [bar.leg for bar in found] == ["api/api-1", "docs/docs-1", "cli/cli-1"]
    assert span_of(found, 250, None) == Span(50, 600, 250)
    assert span_of(found, 250, 100) == Span(150, 600, 250)
    assert span_of((), 250, None) == Span(250, 310, 250)
    assert "starts about" in plain(leg_told(handle.snapshot, found[2], 250))
    assert "no such leg" in plain(leg_told(handle.snapshot, Bar("no such leg", ""), 250))


# --- pure: words and charts -------------------------------------------------------------------------------------------


def test_what_if_says_by_how_much_it_is_sooner_or_later_or_why_nobody_knows() -> None:
    own = Outlook(Forecast(0, 7200.0, 9000.0, 2, 600.0), 3, all_wanted=False)
    sooner = Outlook(Forecast(0, 3600.0, 4000.0), 6, all_wanted=False)
    first, second = finish_lines(own, sooner, 0)
    assert plain(first) == "3 agents: done 02:00; 90% by 02:30 · 1h 50m + your 2 approvals"
    assert plain(second).startswith("if 6 agents: done 01:00 · 1h 00m sooner; 90% by 01:06")
    assert plain(finish_lines(own, own, 0)[1]).count(" · no difference;") == 1
    assert " · 1h 00m later;" in plain(finish_lines(sooner, own, 0)[1])
    some = Outlook(Forecast(0, why_not="a waits"), 3, False, (Coming("b", 0, 60, 3600), Coming("a", 0, 60, None)))
    more = Outlook(Forecast(0, why_not="a waits"), 4, False, (Coming("b", 0, 60, 1800),))
    first, second = finish_lines(some, more, 0)
    assert plain(first) == "3 agents: the rest done 01:00; a waits"
    assert plain(second) == "if 4 agents: the rest done 00:30 · 30m sooner; a waits; with slots for them"
    stuck = Outlook(Forecast(0, why_not=f"a waits {HOSTILE}"), 1, all_wanted=True)
    ((said, *_),) = [[plain(line)] for line in finish_lines(stuck, None, 0)]
    assert said.startswith("if all was started now, 1 agent: a waits")
    assert "\x1b" not in said


def test_the_titles_of_the_charts_have_the_figures_and_charts_without_any_are_left_empty() -> None:
    points = [Bucket(0, 2, 3, 1, 1.5, 2000, 4, 60.0), Bucket(60), Bucket(120, 1, 1, 0, 0.5, 0, 1, 15.0)]
    titles = [one.title for one in trend_drawings(points, 60, "1h")]
    assert titles == [
        "3 merges · 1 h, each 1m",
        "changes with violations: 1 of 4 (25%)",
        "cost: $2.00, 2k tokens",
        "gates: 5 runs, 15s each",
    ]
    assert [one.curves for one in trend_drawings([Bucket(0)], 60, "1h")] == [(), (), (), ()]
    drawing = estimate_drawing([Estimate(0, 1000, 2000), Estimate(60, 1600, 2600)], 100, "1h")
    assert drawing.title.endswith("10m later than at first")
    assert estimate_drawing([Estimate(0, 1000, 2000)], 100_000, "1h").curves == ()


def test_a_chart_has_the_size_that_it_is_given_at_any_width() -> None:
    drawing = estimate_drawing([Estimate(at * 60.0, 9000 + at, 9900 + at) for at in range(9)], 600, "1h")
    for width, height in ((30, 6), (76, 12), (190, 40)):
        text = drawn(drawing, width, height, 600, {"accent": (1, 2, 3), "warn": None})
        lines = text.plain.splitlines()
        assert len(lines) == height
        assert max(map(len, lines)) <= width
    one = trend_drawings([Bucket(0, 1, 1, 1, 1.0, 1, 1, 1.0)], 60, "1h")
    assert all("\x1b" not in drawn(chart, 40, 8, 60, {}).plain for chart in one)


# --- the page ---------------------------------------------------------------------------------------------------------


async def test_6_shows_when_all_is_done_and_the_bars_of_what_was_and_will_be() -> None:
    handle = flying()
    async with opened(handle) as one:
        await one.press("6")
        await one.until(lambda: page(one).gantt.bar)
        text = one.screen_text()
        assert "3 agents: done " in text
        assert "back 24 h" in text
        for glyph, _ in (LOOK["running"], LOOK["merged"], CRITICAL):
            assert glyph in text
        assert page(one).gantt.bar is not None
        assert "merged at" in text
        await one.press("j")
        await one.until(lambda: "running since" in one.screen_text())
        await one.press("enter")
        assert isinstance(one.front, WorkstreamPage)
        await one.press("escape", "escape")
        await one.until(lambda: one.front is one.page)


async def test_plus_and_minus_ask_what_if_and_change_nothing() -> None:
    handle = flying()
    async with opened(handle) as one:
        await one.press("6")
        await one.until(lambda: page(one).gantt.bar)
        await one.press("plus", "plus")
        await one.until(lambda: "if 5 agents: done" in one.screen_text())
        assert "sooner" in one.screen_text()
        assert "schedule · 5 agents" in one.screen_text()
        await one.press("minus", "minus", "minus")
        await one.until(lambda: "if 2 agents: done" in one.screen_text())
        assert "later" in one.screen_text()
        await one.press("minus", "minus")
        assert "there is no fewer than one agent" in one.screen_text()
        await one.press("escape")
        await one.until(lambda: "if 1 agent" not in one.screen_text())
        assert isinstance(one.front, ForecastPage)
        assert handle.orders == []
        assert {given["agents"] for given in asks(handle, "outlook") if given} >= {5, 2}


async def test_brackets_turn_to_the_finish_and_the_figures_and_w_looks_further_back() -> None:
    handle = flying()
    async with opened(handle) as one:
        await one.press("6")
        await one.until(lambda: page(one).gantt.bar)
        await one.press("right_square_bracket")
        await one.until(lambda: "50% by" in one.screen_text())
        await one.press("right_square_bracket")
        await one.until(lambda: "1 merge · 24 h, each 30m" in one.screen_text())
        await one.press("w")
        await one.until(lambda: "1 merge · 7 d, each 3h 00m" in one.screen_text())
        await one.press("w", "w")
        await one.until(lambda: "1 merge · 1 h, each 1m" in one.screen_text())
        assert asks(handle, "trends")[-1] == {"window": "1h"}
        await one.press("right_square_bracket", "left_square_bracket", "left_square_bracket")
        assert page(one).part == "finish"


async def test_e_writes_reports_and_says_where_and_a_screen_that_only_reads_writes_none() -> None:
    handle = flying()
    async with opened(handle) as one:
        await one.press("6", "E")
        await one.until(lambda: "written: /srv/state/reports/1-trends-24h.csv" in one.screen_text())
    async with opened(flying(), read_only=True) as one:
        await one.press("6", "E")
        assert "this screen is read only" in one.screen_text()
        await one.press("plus")
        await one.until(lambda: "if 4 agents: done" in one.screen_text())
        assert asks(one.handle, "export") == []


async def test_moving_keys_move_among_the_bars_and_scroll_the_figures() -> None:
    async with opened(flying(), (80, 24)) as one:
        await one.press("6")
        await one.until(lambda: page(one).gantt.bar)
        await one.press("G")
        assert page(one).gantt.cursor == page(one).gantt.last > 0
        await one.press("g", "down", "pagedown", "up", "pageup", "k")
        assert page(one).gantt.cursor == 0
        await one.press("left_square_bracket", "j")
        await one.until(lambda: page(one).scrolled().scroll_offset.y)
        await one.press("G", "g", "pagedown", "pageup", "k")
        assert page(one).scrolled().scroll_offset.y == 0


async def test_it_asks_again_when_something_happened_but_not_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = flying()
    async with opened(handle) as one:
        await one.press("6")
        await one.until(lambda: page(one).gantt.bar)
        before = len(asks(handle, "stints"))
        handle.record(f.LaunchingHeld())
        await one.pilot.pause()
        assert len(asks(handle, "stints")) == before
        page(one)._not_before = 0.0
        one.app.tick()
        await one.until(lambda: len(asks(handle, "stints")) == before + 1)


async def test_a_driver_that_does_not_answer_is_said_and_one_that_is_gone_is_not_asked() -> None:
    handle = flying()
    true = handle.ask

    async def no(question: str, **given: Any) -> Any:
        if question in ("outlook", "export"):
            raise CockpitError(f"it is busy {HOSTILE}")
        return await true(question, **given)

    handle.ask = no  # type: ignore[method-assign]
    async with opened(handle) as one:
        await one.press("6")
        await one.until(lambda: "it cannot be had: it is busy" in one.screen_text())
        await one.press("escape", "E")
        await one.until(lambda: "not written: it is busy" in one.screen_text())
        handle.connected = False
        handle.publish()
        await one.pilot.pause()
        await one.press("escape", "plus")
        assert "there is no driver to ask" in one.screen_text()


@pytest.mark.parametrize("size", [(200, 50), (40, 30), (32, 15)])
async def test_all_parts_fit_every_width_with_hostile_text(size: tuple[int, int]) -> None:
    handle = flying()
    handle.record(f.PlanLoaded("p", "", outline(workstream("日本" * 12 + "[/b]", HOSTILE))), publish=False)
    async with opened(handle, size) as one:
        await one.press("6")
        await one.until(lambda: page(one).gantt.bar)
        for key in ("plus", "right_square_bracket", "right_square_bracket", "w"):
            await one.press(key)
            text = one.screen_text()
            assert "\x1b" not in text
            assert "\u202e" not in text
            assert {strip.cell_length for strip in one.app.screen._compositor.render_strips()} == {size[0]}


async def test_every_key_of_the_page_is_listed_in_its_help() -> None:
    async with opened(flying(), (120, 70)) as one:
        await one.press("6", "question_mark")
        text = one.screen_text()
        for action in on_page("forecast"):
            assert action.about[:40] in text


@pytest.mark.parametrize("theme", ["ansi-dark", "textual-light"])
async def test_other_themes_draw_the_charts_too(theme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTUAL_THEME", theme)
    async with opened(flying(), (80, 24)) as one:
        one.app.theme = theme
        await one.press("6", "right_square_bracket")
        await one.until(lambda: "·· 90% by" in one.screen_text())
        assert "⢕⢕ 50% by" in one.screen_text()


async def test_the_mouse_selects_a_bar_and_opens_its_workstream_and_tab_goes_on_to_the_journal() -> None:
    async with opened(flying()) as one:
        await one.press("6")
        await one.until(lambda: page(one).gantt.bar)
        await one.pilot.click("GanttChart", offset=(20, 4))
        assert page(one).gantt.cursor == 2
        await one.pilot.click("GanttChart", offset=(20, 25))
        assert page(one).gantt.cursor == 2
        await one.pilot.click("GanttChart", offset=(20, 3), times=2)
        await one.until(lambda: isinstance(one.front, WorkstreamPage))
        await one.press("escape", "tab")
        await one.until(lambda: one.app.page is not None and one.app.page.PAGE == "journal")
        await one.press("tab")
        await one.until(lambda: one.front is one.page)
