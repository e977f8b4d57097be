"""The wave map: rounds as columns, legs as cards, the edges of the one under the cursor, and orders from there."""

from pathlib import Path

import pytest

from cockpit.schedule import facts as f
from cockpit.ui.depending import needed_by, needs, told
from cockpit.ui.present import Presenter
from cockpit.ui.remembered import Remembered
from cockpit.ui.waves import GUTTER, Edges, Waves, waves
from cockpit.ui.widgets.wavemap import HEIGHT, WaveMap
from tests.ui.fakes import FakeHandle, busy, loaded, many, outline, workstream
from tests.ui.opening import Opened, opened


def of(handle: FakeHandle) -> Waves:
    rows = Presenter().rows(handle.view())
    return waves(handle.snapshot, rows, rows)


def drawn(found: Waves, selected: str, column: int, lines: int) -> list[str]:
    edges = Edges(found, selected, HEIGHT)
    return [edges.between(column, y) for y in range(lines)]


def test_legs_are_cards_in_the_column_of_their_round() -> None:
    found = of(busy())
    assert found.rounds == (1, 2, 3)
    names = [[found.cards[key].name for key in column] for column in found.columns]
    assert names == [
        ["ci-testing 1/2", "security", "database 1/2"],
        ["ci-testing 2/2", "database 2/2", "cli", "api"],
        ["docs"],
    ]
    assert found.heading(1) == "round 2 · 0/4 merged"
    assert [key for key, card in found.cards.items() if card.critical] == [
        "database/database-1",
        "cli/cli-1",
        "docs/docs-1",
    ]
    assert found.cards["cli/cli-1"].look.word == "blocked"
    assert found.card_of("database") == "database/database-1"
    assert found.card_of("nobody") is None


def test_edges_go_from_what_a_card_needs_and_to_what_needs_it() -> None:
    found = of(busy())
    assert drawn(found, "security/security-1", 0, 12) == [
        *["    "] * 3,
        "─╮  ",
        *[" │  "] * 5,
        " ╰─▸",
        *["    "] * 2,
    ]
    assert drawn(found, "cli/cli-1", 0, 7)[6] == "───▸"
    assert drawn(found, "cli/cli-1", 1, 7)[0] == " ╭─▸"
    assert drawn(found, "cli/cli-1", 1, 7)[6] == "─╯  "
    assert drawn(found, "ci-testing/ci-testing-1", 0, 1) == ["───▸"]


def test_edges_over_more_than_one_round_show_both_ends() -> None:
    plan = outline(
        workstream("a", "a"),
        workstream("b", "b", needs=("a/a-1",), round_=2),
        workstream("c", "c", needs=("a/a-1",), round_=3),
        workstream("d", "d", needs=("c/c-1",), round_=4),
    )
    found = of(loaded(plan))
    assert drawn(found, "c/c-1", 0, 1) == ["─┄  "]
    assert drawn(found, "c/c-1", 1, 1) == ["  ┄▸"]
    assert drawn(found, "c/c-1", 2, 1) == ["───▸"]
    assert drawn(found, "a/a-1", 1, 1) == ["  ┄▸"]
    assert drawn(found, "a/a-1", 0, 1) == ["───▸"]
    assert drawn(found, "", 0, 1) == [" " * GUTTER]


def test_the_line_of_dependencies_names_states_and_says_where_there_is_nothing() -> None:
    handle = busy()
    text = {key: "".join(part for part, _ in told(handle.snapshot, key)) for key in handle.snapshot.workstreams}
    assert text["cli"] == "needs ✗ database database-1   needed by docs"
    assert text["security"] == "needs nothing   needed by api"
    assert text["docs"] == "needs · cli   needed by nothing"
    assert told(handle.snapshot, "gone") == ()
    assert needs(handle.snapshot, "api") == ("security/security-1",)
    assert needed_by(handle.snapshot, "database") == ("cli",)


def test_many_dependencies_are_counted() -> None:
    parts = [workstream(f"w{at}", "w") for at in range(9)]
    last = workstream("z", "z", needs=tuple(legs[0].key for _, legs in parts), round_=2)
    text = "".join(part for part, _ in told(loaded(outline(*parts, last)).snapshot, "z"))
    assert text == "needs · w0, · w1, · w2, · w3, · w4 and 4 more   needed by nothing"


def mapped(one: Opened) -> WaveMap:
    found = one.page.mapped
    assert found is not None
    return found


def drawn_lines(one: Opened) -> list[str]:
    wide = mapped(one)
    return ["".join(segment.text for segment in wide.render_line(y)).rstrip() for y in range(wide.size.height)]


@pytest.mark.anyio
async def test_w_shows_the_map_and_keys_move_in_it() -> None:
    async with opened(busy()) as one:
        await one.press("h")
        assert "it moves in the wave map (w)" in one.status
        await one.press("w")
        await one.until(lambda: mapped(one).cursor == "ci-testing/ci-testing-1")
        assert "round 1 · 0/3 merged" in drawn_lines(one)[0]
        seen = []
        for key in ("j", "right", "G", "right", "right", "left", "g", "up", "pagedown", "pageup"):
            await one.press(key)
            seen.append((mapped(one).cursor.partition("/")[2], one.grid.cursor))
        assert seen == [
            ("security-1", "security"),
            ("database-2", "database"),
            ("api-1", "api"),
            ("docs-1", "docs"),
            ("docs-1", "docs"),
            ("ci-testing-2", "ci-testing"),
            ("ci-testing-2", "ci-testing"),
            ("ci-testing-2", "ci-testing"),
            ("api-1", "api"),
            ("ci-testing-2", "ci-testing"),
        ]
        await one.press("w")
        assert one.page.mapped is None
        assert one.grid.cursor == "ci-testing"


@pytest.mark.anyio
async def test_orders_act_on_the_workstream_of_the_card() -> None:
    async with opened(busy()) as one:
        await one.press("w", "j", "a")
        await one.until(lambda: [order.targets for order in one.handle.orders] == [("security",)])
        await one.press("space", "j", "space")
        assert one.grid.marks == {"security", "database"}
        assert "*" in drawn_lines(one)[4]
        await one.press("v")
        assert "ranges are marked in the list (w)" in one.status
        await one.press("enter")
        assert len(one.app.screen_stack) == 2


@pytest.mark.anyio
async def test_next_and_filter_and_a_click_lead_the_map() -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.press("w", "n", "escape")
        assert mapped(one).workstream == "security"
        handle.record(f.WorkstreamWanted("docs"))
        await one.until(lambda: one.app.view.snapshot.workstreams["docs"].wanted)
        assert mapped(one).workstream == "security"
        await one.press("slash", *"id:database", "enter")
        await one.until(lambda: len(mapped(one).waves.cards) == 2)
        assert mapped(one).workstream == "database"
        await one.press("escape")
        await one.until(lambda: len(mapped(one).waves.cards) == 8)
        await one.pilot.click("WaveMap", offset=(5, 5))
        assert one.grid.cursor == "security"
        await one.pilot.click("WaveMap", offset=(5, 2), times=2)
        await one.until(lambda: len(one.app.screen_stack) == 2)


@pytest.mark.anyio
async def test_where_it_is_narrow_one_round_is_shown_at_a_time() -> None:
    async with opened(busy(), (40, 30)) as one:
        await one.press("w")
        assert drawn_lines(one)[0].strip() == "round 1 · 0/3 merged →"
        await one.press("right")
        lines = drawn_lines(one)
        assert lines[0] == "← round 2 · 0/4 merged →"
        assert "security" not in "\n".join(lines)
        await one.press("j", "j")
        assert one.grid.cursor == "cli"


@pytest.mark.anyio
async def test_ages_tick_and_a_view_that_changes_is_drawn() -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.press("w")
        assert "4m" in drawn_lines(one)[2]
        handle.clock.advance(60)
        one.app.tick()
        assert "5m" in drawn_lines(one)[2]
        handle.record(f.ApprovalGiven("security/security-1", "merge"))
        await one.until(lambda: "▹ security" in drawn_lines(one)[4])


@pytest.mark.anyio
async def test_a_thousand_cards_are_drawn_line_by_line_and_the_cursor_stays_in_sight() -> None:
    async with opened(many(1000), (100, 30)) as one:
        await one.press("w", "G")
        await one.until(lambda: any("▌" in line and "ws-0999" in line for line in drawn_lines(one)))
        await one.press("w")
        assert one.grid.cursor == "ws-0999"


@pytest.mark.anyio
async def test_the_look_is_kept(tmp_path: Path) -> None:
    async with opened(busy(), remembered=Remembered(tmp_path, "p")) as one:
        await one.press("w")
    async with opened(busy(), remembered=Remembered(tmp_path, "p")) as one:
        await one.until(lambda: one.page.mapped is not None)


@pytest.mark.anyio
async def test_hostile_names_and_an_empty_plan_break_nothing() -> None:
    nasty = outline(workstream("a", "x\x1b]0;y\x07"), workstream("[/b]\u202e" + "ш" * 300, "t", 2, ("a/a-1",), 2))
    async with opened(loaded(nasty), (80, 24)) as one:
        await one.press("w", "right", "j")
        text = one.screen_text()
        assert "\x1b" not in text
        assert "\u202e" not in text
        handle = one.handle
        handle.record(f.PlanLoaded("p", "", outline()))
        await one.until(lambda: one.grid.total == 0)
        await one.press("j", "right", "w", "w")
        assert "no workstreams" in one.status or one.grid.cursor is None
