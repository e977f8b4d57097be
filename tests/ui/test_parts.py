"""The parts of a workstream's page that are lists: issues and checklist, violations, what the agent was told."""

import pytest
from msgspec.structs import replace

from cockpit.cli.status import status_of
from cockpit.schedule import facts as f
from cockpit.schedule.snapshot import Leg
from cockpit.schedule.states import State
from cockpit.ui.parts import issues, prompt, violations
from cockpit.ui.pulse import progress
from cockpit.ui.screens.workstream import PARTS, WorkstreamPage
from cockpit.ui.violations import Line
from tests.ui.fakes import FakeHandle, busy, held, loaded, outline, under_way, workstream
from tests.ui.opening import Opened, opened

pytestmark = pytest.mark.anyio
HOSTILE = "[bold]\x1b[31mred\u202e[/nope]"


def text(lines: list[Line]) -> list[str]:
    return ["".join(part for part, _ in cells) for cells in lines]


def claiming() -> FakeHandle:
    """Return a plan whose first leg is in review; its agent said that its issue and a point are done."""
    handle = loaded(outline(workstream("a", "x", 2, checklist=("the tests ran", "no secret " + HOSTILE))))
    leg = "a/a-1"
    under_way(handle, leg, "claude#1", f.RunEnded(leg, "a-1", "done", 0), f.ChecksStarted(leg))
    handle.record(
        f.WorkCommitted(leg, "c0ffee1", "tree", files=4, added=120, removed=33),
        f.ReviewAsked(leg),
        f.DoneClaimed(leg, "a-1", ("a-1", "the tests ran")),
        publish=False,
    )
    return handle


async def to(one: Opened, part: str) -> WorkstreamPage:
    """Open a part of the page of the workstream under the cursor by its keys."""
    await one.press("enter", *["right_square_bracket"] * PARTS.index(part))
    page = one.app.screen
    assert isinstance(page, WorkstreamPage)
    assert page.part == part
    return page


def test_an_issue_is_done_alike_for_grid_page_and_status_and_an_agents_word_is_told_as_no_more() -> None:
    handle = claiming()
    told = text(list(issues(handle.snapshot, "a")))
    assert told[1].split() == ["✓", "done", "a-1", "issue", "1"]
    assert told[3].split() == ["○", "to", "do", "a-2", "issue", "2"]
    assert [one.state for one in status_of(handle.view(), 0.0, None).workstreams[0].issues] == ["done", "waiting"]
    legs = handle.snapshot.legs_of("a")
    assert progress(handle.snapshot, legs, legs[0]).told(0.0) == "1/2"
    running = replace(legs[0], state=State.RUNNING)
    before = replace(handle.snapshot, legs={**handle.snapshot.legs, running.key: running})
    assert text(list(issues(before, "a")))[1].split() == ["~", "said", "done", "a-1", "issue", "1"]
    assert progress(before, before.legs_of("a"), running).told(0.0) == "0/2"
    assert told[-2].split() == ["~", "said", "done", "1.", "the", "tests", "ran"]
    assert told[-1].startswith("  ○ to do")
    assert not {"\x1b", "\u202e"} & set("".join(told))


def test_a_workstream_without_a_checklist_says_so() -> None:
    assert text(list(issues(busy().snapshot, "docs")))[-1] == "the plan gives no checklist"


def test_violations_are_told_in_full_for_one_workstream_only() -> None:
    handle = held()
    told = "\n".join(text(list(violations(handle.view(), "ci-testing", handle.clock.now()))))
    assert "− " + "    for one in found:" in told
    assert "SECURITY_RISK" in told
    assert "LOGIC_ERROR" not in told
    waived = "\n".join(text(list(violations(handle.view(), "security", handle.clock.now()))))
    assert "it is a fixture" in waived
    assert "it is not there any more" in waived
    assert text(list(violations(handle.view(), "docs", 0.0))) == ["no agent has worked on it yet"]
    assert text(list(violations(busy().view(), "security", 0.0))) == ["no rule was broken"]


def test_a_prompt_is_never_read_as_markup_and_says_what_is_left_out() -> None:
    leg = Leg(busy().snapshot.legs["docs/docs-1"].outline)
    told = text(list(prompt(f"# {HOSTILE}\nDo it.", "a-1", 70_000, leg, "e")))
    assert any("[bold]" in one for one in told)
    assert not {"\x1b", "\u202e"} & set("".join(told))
    assert told[-1] == "… 70000 bytes more are in its prompt.md"
    assert told[0] == "nothing is added for the next run yet  e  adds to it"
    said = replace(leg, state=State.RUNNING, addition=f"Mind {HOSTILE}\nthe docs.", additions=("Use tabs.",))
    told = text(list(prompt("Do it.", "", 0, said, "E")))
    assert told[0] == "the next run is also told  E  changes it"
    assert told[1].startswith("  Mind ")
    assert told[2:4] == ["  the docs.", "told before, and told again  Use tabs."]
    assert "no agent has worked on it yet" in told[5]
    assert not {"\x1b", "\u202e"} & set("".join(told))
    over = text(list(prompt("Do it.", "a-1", 0, replace(said, state=State.MERGED), "e")))
    assert over[0] == "what run a-1 was told"


async def test_the_keys_lead_through_all_parts_and_each_shows_its_own() -> None:
    handle = held()
    handle.prompt = {"run": "ci-testing-1", "text": f"# Do {HOSTILE}\n" + "line\n" * 99, "left_out": 0}
    async with opened(handle) as one:
        page = await to(one, "issues")
        assert "issues and checklist of ci-testing" in one.screen_text()
        assert "issue 1" in one.screen_text()
        assert not page.output.display
        await one.press("right_square_bracket")
        assert "PLACEHOLDER_DROPPED" in one.screen_text()
        await one.press("right_square_bracket")
        await one.until(lambda: "what run ci-testing-1 was told" in one.screen_text())
        assert "# Do [bold]" in one.screen_text()
        await one.press("G")
        listed = page.query_one("#listed")
        await one.until(lambda: listed.scroll_offset.y == listed.max_scroll_y > 0)
        await one.press("right_square_bracket")
        assert page.part == "timeline"
        assert not listed.display


async def test_a_prompt_is_asked_anew_for_a_new_run_and_its_loss_is_said() -> None:
    handle = busy()
    handle.prompt = {"run": "ci-testing-1", "text": "one", "left_out": 0}
    async with opened(handle) as one:
        await to(one, "prompt")
        await one.until(lambda: "one" in one.screen_text())
        leg = "ci-testing/ci-testing-1"
        handle.prompt = {"run": "ci-testing-2", "text": "second words", "left_out": 0}
        handle.record(f.RunEnded(leg, "ci-testing-1", "failed", 2, "x"), f.LegFailed(leg, "x"))
        handle.record(f.LegRetried(leg), f.LegTaken(leg, "ci-testing-2", "claude#1"))
        await one.until(lambda: "second words" in one.screen_text())


async def test_a_prompt_that_cannot_be_had_is_said() -> None:
    handle = busy()
    handle.connected = False
    async with opened(handle) as one:
        await to(one, "prompt")
        await one.until(lambda: "it cannot be had: the driver is gone" in one.screen_text())


async def test_the_first_part_shows_the_checklist_of_what_is_in_review() -> None:
    async with opened(claiming()) as one:
        await one.press("enter")
        await one.until(lambda: "1. the tests ran" in one.screen_text())
