"""The page of merges: what it lists in which order, what each of its keys orders, and when it says why not."""

import pytest
from msgspec.structs import replace

from cockpit.schedule import facts as f
from cockpit.schedule.readings import Step
from cockpit.ui.keys import MERGES, TABS, on_page
from cockpit.ui.merging import counted, detail, items, why_not_merge, why_not_rollback
from cockpit.ui.onbase import Commit, merges_of
from cockpit.ui.present import Presenter
from cockpit.ui.screens.confirm import ConfirmScreen
from cockpit.ui.screens.merges import MergesPage
from cockpit.ui.screens.workstream import WorkstreamPage
from tests.ui.fakes import FakeHandle, loaded, outline, under_way, workstream
from tests.ui.opening import Opened, opened

pytestmark = pytest.mark.anyio
WHO = "user@screen"
HOSTILE = "[/b]\x1b[31m\u202eevil\u200d" + "日本" * 40


def page(one: Opened) -> MergesPage:
    screen = one.app.screen
    assert isinstance(screen, MergesPage)
    return screen


def reviewed(handle: FakeHandle, leg: str, slot: str) -> None:
    """Take a leg to its review."""
    key = handle.snapshot.legs[leg].workstream
    run = f"{key}-{handle.snapshot.legs[leg].attempt + 1}"
    under_way(
        handle,
        leg,
        slot,
        f.RunEnded(leg, run, "done", 0),
        f.ChecksStarted(leg),
        f.WorkCommitted(leg, f"work-{key}", "tree", files=2, added=9, removed=1),
        f.ReviewAsked(leg),
    )


def merged(handle: FakeHandle, leg: str, slot: str, commit: str) -> None:
    """Take a leg to its merge."""
    reviewed(handle, leg, slot)
    handle.record(
        f.ApprovalGiven(leg, "merge"),
        f.MergeStarted(leg),
        f.MergeBuilt(leg, commit, "t", "onto"),
        f.LegMerged(leg, commit),
        publish=False,
    )


def merging(title: str = "Rate limits") -> FakeHandle:
    """Return a plan with two merges of one workstream, one that was undone, one that merges, and two that wait."""
    handle = loaded(
        outline(
            workstream("api", title, 2, strategy="squash"),
            workstream("docs", "Write it down"),
            workstream("cli", "A status command"),
            workstream("web", "A page"),
            workstream("jobs", "A queue"),
        )
    )
    merged(handle, "api/api-1", "claude#1", "aaaaaaaaaaaa")
    merged(handle, "api/api-2", "claude#1", "bbbbbbbbbbbb")
    merged(handle, "docs/docs-1", "claude#1", "cccccccccccc")
    handle.record(f.RollbackAsked("docs/docs-1"), f.LegReverted("docs/docs-1", "dddddddddddd"), publish=False)
    for key, slot in (("cli", "claude#1"), ("web", "coder#1"), ("jobs", "coder#2")):
        reviewed(handle, f"{key}/{key}-1", slot)
        handle.record(f.ApprovalGiven(f"{key}/{key}-1", "merge"), publish=False)
    until = handle.clock.now() + 30
    web = "web/web-1"
    handle.record(
        f.MergeStarted(web), f.MergeDeferred(web, "src/a.py is edited in /srv/app", until, ("src/a.py",)), publish=False
    )
    handle.record(f.MergeStarted("cli/cli-1"), publish=False)
    handle.clock.advance(42)
    return handle


def told(handle: FakeHandle) -> dict[str, tuple[str, str]]:
    return {key: (one.row.cells[0][0], one.row.cells[6][0]) for key, one in items(handle.view()).items()}


# --- pure -----------------------------------------------------------------------------------------------------------


async def test_the_queue_comes_first_with_what_each_step_does_then_the_merges_by_round() -> None:
    handle = merging()
    found = told(handle)
    assert list(found) == ["leg:cli/cli-1", "leg:web/web-1", "leg:jobs/jobs-1", "merge:1", "merge:2", "merge:0"]
    assert found["leg:cli/cli-1"] == ("▸ merging", "being built")
    assert found["leg:web/web-1"] == ("▹ queued", "src/a.py is edited in /srv/app · next try 22:13:50")
    assert found["leg:jobs/jobs-1"] == ("▹ queued", "waits for the merge that is under way")
    assert found["merge:1"] == ("✓ merged", "")
    assert found["merge:2"] == ("↺ reverted", "undone by ddddddddd")
    assert counted(handle.snapshot) == (3, 2)
    row = items(handle.view())["merge:1"].row
    assert [text for text, _ in row.cells[1:6]] == ["api", "api-2", "r2", "bbbbbbbbb", "squash"]


async def test_a_merge_that_is_built_is_at_its_gates_and_the_detail_names_those_that_ended() -> None:
    handle = merging()
    leg = "cli/cli-1"
    handle.record(
        f.MergeBuilt(leg, "eeeeeeeeeeee", "t", "onto"), f.GateFinished(leg, "tests", ok=True, tree="t"), publish=False
    )
    assert told(handle)[f"leg:{leg}"][1] == "built as eeeeeeeee, being checked"
    handle.read(steps={"cli": Step("gate lint (2 of 3)", handle.clock.now() - 12)})
    assert told(handle)[f"leg:{leg}"][1] == "built as eeeeeeeee, being checked · gate lint (2 of 3)"
    assert Presenter().rows(handle.view())["cli"].cells[8] == ("gate lint (2 of 3)", "busy")
    view = handle.view()
    text = str(detail(view, items(view)[f"leg:{leg}"], handle.clock.now()))
    assert "since the merge began: tests passed" in text
    assert "gate lint (2 of 3), for 12s" in text
    assert "its work is work-cli: 2 files +9 −1" in text


async def test_a_rollback_is_in_the_queue_and_behind_the_merge_that_is_under_way() -> None:
    handle = merging()
    handle.record(f.RollbackAsked("api/api-2"), publish=False)
    assert told(handle)["leg:api/api-2"] == ("↺ rolling back", "waits for the merge that is under way")
    handle.record(f.LegMerged("cli/cli-1", "f" * 12), publish=False)
    assert told(handle)["leg:api/api-2"][1] == "the commit that undoes it is built and checked"
    assert told(handle)["leg:jobs/jobs-1"][1] == "waits for a rollback"
    handle.record(f.RollbackEnded("api/api-2", "gate tests failed"), publish=False)
    assert told(handle)["merge:1"][1] == "not rolled back: gate tests failed"
    assert told(handle)["leg:jobs/jobs-1"][1] == "is merged next"


def test_what_an_earlier_try_built_is_not_shown_in_the_next() -> None:
    handle = merging()
    leg = "cli/cli-1"
    handle.record(f.MergeBuilt(leg, "eeeeeeeeeeee", "t", "onto"), publish=False)
    handle.record(f.MergeDeferred(leg, "main keeps moving"), publish=False)
    handle.clock.advance(1.0)
    handle.record(f.MergeStarted(leg), publish=False)
    assert told(handle)[f"leg:{leg}"][1] == "being built"


async def test_only_the_last_merge_of_a_workstream_that_stands_can_be_rolled_back() -> None:
    handle = merging()
    found, snapshot = items(handle.view()), handle.snapshot
    assert why_not_rollback(snapshot, found["merge:1"]) is None
    assert why_not_rollback(snapshot, found["merge:0"]) == "api was merged again as bbbbbbbbb: roll that back first"
    assert why_not_rollback(snapshot, found["merge:2"]) == "it was rolled back by ddddddddd"
    assert why_not_rollback(snapshot, found["leg:web/web-1"]) == "it is not merged yet"
    assert why_not_merge(found["leg:web/web-1"]) is None
    assert why_not_merge(found["merge:1"]) == "this leg is merged already"
    assert why_not_merge(found["merge:2"]) == "this merge was rolled back; what is in the queue can be merged"


def test_each_commit_of_base_is_told_by_the_merge_that_brought_it() -> None:
    handle = merging()
    ids = ["dddddddddddd", "cccccccccccc", "bbbbbbbbbbbb", "b2", "aaaaaaaaaaaa", "before"]
    log = tuple(Commit(one, 1.0, "olga", f"says {one}") for one in ids)
    bare = merges_of(handle.snapshot, log)
    assert {one: merge.leg for one, merge in bare.items()} == {
        "dddddddddddd": "docs/docs-1",
        "cccccccccccc": "docs/docs-1",
        "bbbbbbbbbbbb": "api/api-2",
        "aaaaaaaaaaaa": "api/api-1",
    }
    onto = {"aaaaaaaaaaaa": "before", "bbbbbbbbbbbb": "aaaaaaaaaaaa", "cccccccccccc": "bbbbbbbbbbbb"}
    merges = tuple(replace(one, onto=onto[one.commit]) for one in handle.snapshot.merges)
    rebased = merges_of(replace(handle.snapshot, merges=merges), log)
    assert rebased["b2"].leg == "api/api-2", "a rebased leg has several commits"
    assert "before" not in rebased


# --- keys -----------------------------------------------------------------------------------------------------------


async def test_5_and_tab_open_the_page_and_esc_leaves_it() -> None:
    async with opened(merging()) as one:
        await one.press("5")
        assert page(one).grid.cursor == "leg:cli/cli-1"
        assert "merges 3 in the queue · 2 merges on main" in one.screen_text()
        await one.press("5", "escape")
        assert one.front is one.page
        await one.press(*["tab"] * TABS.index(MERGES))
        page(one)


async def test_z_rolls_back_the_merge_under_the_cursor_after_a_yes() -> None:
    handle = merging()
    async with opened(handle) as one:
        await one.press("5", "j", "j", "j", "Z")
        assert isinstance(one.front, ConfirmScreen)
        assert "api: merged as bbbbbbbbb" in one.screen_text()
        await one.press("y")
        await one.until(lambda: handle.orders)
        assert [(order.verb, order.targets, order.by) for order in handle.orders] == [("rollback", ("api",), WHO)]
        await one.until(lambda: "rolling back" in one.screen_text())
        await one.press("Z")
        assert "it is being rolled back" in one.screen_text()


@pytest.mark.parametrize(
    ("row", "key", "why"),
    [
        ("merge:0", "Z", "api was merged again as bbbbbbbbb: roll that back first"),
        ("merge:2", "Z", "it was rolled back by"),
        ("leg:jobs/jobs-1", "Z", "it is not merged yet"),
        ("leg:cli/cli-1", "m", "cli"),
        ("merge:1", "m", "this leg is merged already"),
        ("merge:2", "m", "this merge was rolled back"),
    ],
)
async def test_what_cannot_be_merged_or_rolled_back_says_why(row: str, key: str, why: str) -> None:
    handle = merging()
    async with opened(handle) as one:
        await one.press("5")
        page(one).grid.go_to_row(row)
        await one.press(key)
        status = str(one.app.screen.query_one("#status").render())
        assert why in status
        assert handle.orders == []
        assert not isinstance(one.front, ConfirmScreen)


async def test_m_merges_what_is_put_off_at_once_and_M_all_after_a_yes() -> None:  # noqa: N802 - the key
    handle = merging()
    async with opened(handle) as one:
        await one.press("5", "j", "m")
        await one.until(lambda: handle.orders)
        assert (handle.orders[0].verb, handle.orders[0].targets) == ("merge", ("web",))
        await one.press("M")
        assert isinstance(one.front, ConfirmScreen)
        await one.press("y")
        await one.until(lambda: [(order.verb, order.everything) for order in handle.orders[1:]] == [("merge", True)])


async def test_enter_opens_its_workstream_the_filter_narrows_and_n_goes_to_what_awaits() -> None:
    async with opened(merging()) as one:
        await one.press("5", "slash", *"docs", "enter")
        assert page(one).grid.shown == ("merge:2",)
        assert "1/6 /docs" in one.screen_text()
        await one.press("enter")
        assert isinstance(one.front, WorkstreamPage)
        await one.press("escape", "escape")
        assert len(page(one).grid.shown) == 6
        await one.press("n")
        assert isinstance(one.front, WorkstreamPage)
        assert one.front.workstream == "docs"


async def test_it_follows_and_the_cursor_stays_on_its_line() -> None:
    handle = merging()
    async with opened(handle) as one:
        await one.press("5", "G")
        assert page(one).grid.cursor == "merge:0"
        handle.record(f.LegMerged("cli/cli-1", "f" * 12))
        await one.until(lambda: "3 merges on main" in one.screen_text())
        assert page(one).grid.cursor == "merge:0"


async def test_moving_and_scrolling_keys_work_or_say_why() -> None:
    async with opened(merging(), (80, 24)) as one:
        await one.press("5", "pagedown", "pageup", "g", "down", "up", "k")
        assert page(one).grid.cursor == "leg:cli/cli-1"
        await one.press("right_square_bracket")
        assert "all of it is in sight" in one.screen_text()
    async with opened(merging(HOSTILE), (32, 15)) as one:
        await one.press("5", "G")
        about = one.app.screen.query_one("#full")
        await one.until(lambda: about.max_scroll_y)
        await one.press("right_square_bracket")
        assert about.scroll_offset.y > 0
        await one.press("left_square_bracket")
        assert about.scroll_offset.y == 0


async def test_the_log_of_base_stands_below_and_names_the_leg_of_each_commit() -> None:
    handle = merging()
    handle.base = [["e" * 40, 1.0, "Olga", "Mend a typo"], ["bbbbbbbbbbbb", 0.0, "cockpit", "Health end points"]]
    async with opened(handle) as one:
        await one.press("5", "G")
        await one.until(lambda: "Health end points" in one.screen_text())
        await one.press("G")
        text = one.screen_text()
        assert "· on base" in text
        assert "merged from api: leg api/api-2, round 2" in text
        assert "Olga: Mend a typo" in text
        await one.press("m")
        assert "m merge: this is a commit of base" in one.screen_text()
        await one.press("Z")
        assert "Z roll back: roll back its merge, further up" in one.screen_text()
        await one.press("k")
        assert "it came to main from elsewhere" in one.screen_text()
        handle.base = [["f" * 40, 2.0, "Olga", "Another one"], *handle.base]
        handle.read(base_commit="f" * 40)
        await one.until(lambda: "Another one" in one.screen_text())
        assert page(one).grid.cursor == f"log:{'e' * 40}"


async def test_an_empty_page_says_that_nothing_was_merged() -> None:
    async with opened(loaded(outline(workstream("a", "b")))) as one:
        await one.press("5")
        assert "nothing is merged or queued yet" in one.screen_text()
        await one.press("Z")
        assert "no workstream is selected" in one.screen_text()


@pytest.mark.parametrize("size", [(120, 40), (40, 30), (32, 15)])
async def test_hostile_text_is_shown_as_text_at_every_width(size: tuple[int, int]) -> None:
    handle = merging(HOSTILE)
    handle.record(
        f.RollbackAsked("api/api-2"), f.RollbackEnded("api/api-2", HOSTILE), f.MergeDeferred("cli/cli-1", HOSTILE, 9.0)
    )
    async with opened(handle, size) as one:
        await one.press("5", "j", "j", "j", "j", "k")
        text = one.screen_text()
        assert "merged" in text
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert {strip.cell_length for strip in one.app.screen._compositor.render_strips()} == {size[0]}


async def test_a_workstream_that_left_the_plan_keeps_its_merges_on_the_page() -> None:
    handle = merging()
    handle.record(f.PlanLoaded("p", "", outline(workstream("other", "x"))), publish=False)
    async with opened(handle) as one:
        await one.press("5", "G")
        assert "aaaaaaaaa" in one.screen_text()
        await one.press("Z", "enter", "escape")
        assert handle.orders == []


async def test_every_key_of_the_page_is_listed_in_its_help() -> None:
    async with opened(merging(), (120, 60)) as one:
        await one.press("5", "question_mark")
        text = one.screen_text()
        for action in on_page("merges"):
            assert action.about[:40] in text
