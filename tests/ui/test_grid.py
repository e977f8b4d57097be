"""The grid and the frame around it: cursor, marks, filter, mouse, resize, and what is painted anew."""

import pytest
from msgspec.structs import replace
from textual.geometry import Region

from cockpit.schedule import facts as f
from cockpit.schedule.readings import PlanReading
from cockpit.ui.screens.workstream import WorkstreamPage
from tests.ui.fakes import busy, loaded, many, outline, six, workstream
from tests.ui.opening import opened, text_of

pytestmark = pytest.mark.anyio


async def test_it_paints_what_the_journal_holds_before_the_driver_answers() -> None:
    handle = busy()
    async with opened(handle) as one:
        assert "● running" in one.screen_text()
        assert one.grid.cursor == "ci-testing"
        assert text_of(one.page.header).startswith("cockpit live-services  on main@9f31c2a")


async def test_keys_move_the_cursor_and_stop_at_both_ends() -> None:
    async with opened(busy()) as one:
        seen = []
        for key in ("j", "down", "k", "up", "up", "G", "j", "g", "pagedown", "pageup"):
            await one.press(key)
            seen.append(one.grid.cursor)
        assert seen == [
            *("security", "database", "security", "ci-testing", "ci-testing"),
            *("docs", "docs", "ci-testing", "docs", "ci-testing"),
        ]


async def test_the_cursor_stays_on_its_workstream_when_rows_come_above_it() -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.on("database")
        plan = six()
        new = workstream("aaa", "comes first")
        more = replace(plan, workstreams=(new[0], *plan.workstreams), legs=(*new[1], *plan.legs))
        handle.record(f.PlanLoaded("p", "", more))
        await one.until(lambda: one.grid.total == 7)
        assert one.grid.cursor == "database"
        assert one.page.targets() == ("database",)
        handle.record(f.PlanLoaded("p", "", plan))
        await one.until(lambda: one.grid.total == 6)
        assert one.grid.cursor == "database"


async def test_the_view_stays_in_place_when_rows_come_above_it() -> None:
    handle = many(200)
    async with opened(handle, (100, 30)) as one:
        await one.on("ws-0100")
        before = one.grid.scroll_offset.y
        plan = handle.snapshot.outline
        new = [workstream(f"new-{at}", "") for at in range(5)]
        more = replace(
            plan,
            workstreams=(*(a for a, _ in new), *plan.workstreams),
            legs=(*(leg for _, legs in new for leg in legs), *plan.legs),
        )
        handle.record(f.PlanLoaded("p", "", more))
        await one.until(lambda: one.grid.total == 205)
        await one.until(lambda: one.grid.scroll_offset.y == before + 5)
        assert one.grid.cursor == "ws-0100"


async def test_a_cursor_whose_row_went_stands_on_the_next() -> None:
    handle = loaded(outline(*(workstream(key, key) for key in "abc")))
    async with opened(handle) as one:
        await one.on("b")
        handle.record(f.PlanLoaded("p", "", outline(workstream("a", "a"), workstream("c", "c"))))
        await one.until(lambda: one.grid.total == 2)
        assert one.grid.cursor == "c"


async def test_rows_that_come_to_an_empty_screen_are_shown_with_the_cursor_on_the_first() -> None:
    from cockpit.schedule.snapshot import Snapshot
    from tests.ui.fakes import FakeHandle

    handle = FakeHandle(Snapshot())
    async with opened(handle) as one:
        await one.press("j", "enter", "s")
        assert "no workstreams yet" in one.status
        handle.record(f.PlanLoaded("p", "", six()))
        await one.until(lambda: one.grid.cursor == "ci-testing")


async def test_only_lines_that_changed_are_painted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = many(500)
    async with opened(handle, (120, 40)) as one:
        painted: list[tuple[Region, ...]] = []
        refresh = one.grid.refresh

        def spy(*regions: Region, **options: bool) -> object:
            painted.append(regions)
            return refresh(*regions, **options)

        monkeypatch.setattr(one.grid, "refresh", spy)
        before = one.grid.row("ws-0003")
        handle.record(f.WorkstreamWanted("ws-0003"), f.WorkstreamWanted("ws-0400"))
        await one.until(lambda: one.grid.row("ws-0003") is not before)
        await one.pilot.pause()
        lines = {(region.y, region.height) for regions in painted for region in regions}
        assert lines == {(4, 1)}
        assert all(painted)


async def test_time_repaints_only_ages_that_read_differently() -> None:
    handle = busy()
    async with opened(handle) as one:
        one.app.tick()
        await one.pilot.pause()
        assert "4m" in one.lines()[1]
        handle.clock.advance(60)
        one.app.tick()
        assert "5m" in one.lines()[1]


async def test_space_marks_and_orders_act_on_the_marks() -> None:
    async with opened(busy()) as one:
        await one.press("space", "j", "space")
        assert one.grid.marks == {"ci-testing", "database"}
        assert one.page.targets() == ("ci-testing", "database")
        assert "2 marked" in str(one.grid.border_title)
        await one.press("g", "space")
        assert one.grid.marks == {"database"}


async def test_v_marks_a_range_that_follows_the_cursor() -> None:
    async with opened(busy()) as one:
        await one.press("j", "v", "j", "j")
        assert one.grid.marks == {"security", "database", "cli"}
        await one.press("k")
        assert one.grid.marks == {"security", "database"}
        await one.press("v", "j", "j")
        assert one.grid.marks == {"security", "database"}
        assert not one.grid.ranging


async def test_the_filter_is_live_counts_and_keeps_the_cursor() -> None:
    async with opened(busy()) as one:
        await one.on("database")
        await one.press("slash", "d", "a", "t", "a", "b")
        assert one.grid.shown == ("database", "cli", "docs")
        assert one.page.targets() == ("database",)
        assert "workstreams 3/6" in str(one.grid.border_title)
        await one.press("down", "enter")
        assert one.page.targets() == ("cli",)
        assert not one.page.query("FilterLine")
        await one.press("j")
        await one.press("escape")
        assert one.page.targets() == ("docs",)
        assert one.grid.shown == tuple(one.app.rows)


async def test_typing_a_filter_gives_no_orders() -> None:
    async with opened(busy()) as one:
        await one.press("slash", "s", "x", "q", "S", "space", "j")
        assert one.handle.orders == []
        assert one.grid.filter == ("sxqs", "j")
        assert one.grid.shown == ()
        await one.press("escape")
        assert len(one.grid.shown) == 6


async def test_esc_backs_out_of_filter_then_marks_and_never_quits() -> None:
    async with opened(busy()) as one:
        await one.press("space", "slash", "d", "o", "c", "enter", "escape")
        assert one.grid.filter == ()
        assert one.grid.marks == {"ci-testing"}
        await one.press("escape")
        assert one.grid.marks == frozenset()
        await one.press("escape", "escape")
        assert "q quits" in one.status
        assert one.app.is_running


async def test_a_workstream_that_comes_while_filtering_is_filtered_too() -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.press("slash", "r", "e", "v", "i", "e", "w", "enter")
        assert one.grid.shown == ("security", "api")
        handle.record(f.ApprovalGiven("security/security-1", "merge"))
        await one.until(lambda: one.grid.shown == ())
        await one.press("escape")
        assert len(one.grid.shown) == 6


async def test_n_opens_what_awaits_one_after_the_other_whatever_the_filter_hides() -> None:
    async with opened(busy()) as one:
        await one.press("slash", *"id:cli", "enter")
        seen = []
        for _ in range(3):
            await one.press("n")
            page = one.app.screen
            assert isinstance(page, WorkstreamPage)
            assert "2 workstreams in all" in one.screen_text()
            seen.append(page.workstream)
        assert seen == ["security", "database", "security"]
        await one.press("escape", "escape", "n", "escape")
        assert one.grid.cursor == "security", "backing out leads to it"


async def test_n_says_when_nothing_awaits() -> None:
    async with opened(loaded(six())) as one:
        await one.press("n")
        assert "nothing awaits you" in one.status


async def test_a_click_selects_and_the_wheel_scrolls_without_moving_the_cursor() -> None:
    async with opened(many(200), (100, 30)) as one:
        await one.pilot.click("Grid", offset=(10, 5))
        await one.pilot.pause()
        assert one.grid.cursor == "ws-0003"
        from textual import events

        one.grid.post_message(events.MouseScrollDown(one.grid, 5, 5, 0, 1, 0, shift=False, meta=False, ctrl=False))
        await one.until(lambda: one.grid.scroll_offset.y > 0)
        assert one.grid.cursor == "ws-0003"


async def test_a_double_click_opens_the_page() -> None:
    async with opened(busy()) as one:
        await one.pilot.click("Grid", offset=(10, 3), times=2)
        await one.until(lambda: len(one.app.screen_stack) == 2)


@pytest.mark.parametrize("height", [15, 40])
async def test_resizing_through_all_widths_keeps_the_row_in_sight(height: int) -> None:
    async with opened(many(100), (120, height)) as one:
        await one.on("ws-0060")
        for width in (32, 200, 79, 80, 40, 119, 121):
            await one.pilot.resize_terminal(width, height)
            await one.pilot.pause()
            assert one.grid.cursor == "ws-0060"
            await one.until(lambda: any("▌" in line and "ws-0060" in line for line in one.lines()))


async def test_the_header_is_as_high_as_its_lines_after_the_size_changed_behind_another_page() -> None:
    async with opened(busy(), (120, 40)) as one:
        before = one.grid.region
        await one.press("D")
        for size in ((32, 15), (120, 40)):
            await one.pilot.resize_terminal(*size)
            await one.pilot.pause()
        await one.press("1")
        await one.until(lambda: one.grid.region == before)


@pytest.mark.parametrize("size", [(200, 50), (80, 24), (40, 30), (32, 15)])
async def test_every_line_is_as_wide_as_the_screen_and_says_state_and_name(size: tuple[int, int]) -> None:
    async with opened(busy(), size) as one:
        strips = one.app.screen._compositor.render_strips()
        assert {sum(segment.cell_length for segment in strip) for strip in strips} == {size[0]}
        text = one.screen_text()
        assert "● running" in text
        assert "ci-testing" in text


async def test_cards_have_two_lines_each_with_state_and_name_then_why_and_eta() -> None:
    async with opened(busy(), (40, 30)) as one:
        assert one.grid.cards
        first, second, third, *_ = one.lines()
        assert first.split() == ["▌", "●", "running", "ci-testing", "4m"]
        assert second.rstrip().endswith("→22:43")
        assert "◆ review" in third


async def test_the_header_says_at_once_that_the_driver_is_gone_and_keeps_the_last_state() -> None:
    handle = busy()
    async with opened(handle) as one:
        handle.connected = False
        handle.publish()
        await one.until(lambda: "✗ driver gone: it was killed" in text_of(one.page.header))
        assert "● running" in one.screen_text()
        handle.connected = True
        handle.publish()
        await one.until(lambda: "driver gone" not in text_of(one.page.header))


async def test_header_and_alerts_follow_the_plan_file() -> None:
    handle = busy()
    async with opened(handle) as one:
        handle.read(plan=PlanReading(errors=("plan.yaml:7:3: unknown key `gate`",)))
        await one.until(lambda: "plan.yaml:7:3" in text_of(one.page.alerts))
        assert "✗ plan file: 1 error" in text_of(one.page.header)
        handle.read(plan=PlanReading())
        await one.until(lambda: "plan.yaml" not in text_of(one.page.alerts))


async def test_launching_that_is_held_is_visible() -> None:
    handle = busy()
    async with opened(handle) as one:
        handle.record(f.LaunchingHeld())
        await one.until(lambda: "launching is held (P)" in text_of(one.page.header))


async def test_merges_and_failures_are_told_as_toasts() -> None:
    handle = busy()
    leg = "security/security-1"
    async with opened(handle) as one:
        handle.record(f.ApprovalGiven(leg, "merge"), f.MergeStarted(leg), f.LegMerged(leg, "abc"))
        await one.until(lambda: "security merged" in [note.message for note in one.app._notifications])
