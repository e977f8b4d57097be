"""The page of a diff: where it opens, how one goes through it, and what it says when there is nothing to show."""

import pytest

from cockpit.ui.difflines import parsed
from cockpit.ui.screens.diff import DiffPage
from cockpit.ui.widgets.difftext import _parts
from tests.ui.fakes import DIFF, busy, held, loaded, six
from tests.ui.opening import Opened, opened

pytestmark = pytest.mark.anyio


def page(one: Opened) -> DiffPage:
    screen = one.app.screen
    assert isinstance(screen, DiffPage)
    return screen


def shown(one: Opened) -> str:
    return one.screen_text()


async def test_lines_know_what_they_are_and_their_numbers() -> None:
    diff = parsed(DIFF)
    assert [(one.sign, one.number, one.text) for one in diff.lines[:5]] == [
        ("", 0, "src/install.py"),
        ("@", 0, "@@ -1,3 +1,4 @@ import os"),
        (" ", 1, "import os"),
        ("+", 2, "import sys"),
        (" ", 3, ""),
    ]
    assert diff.hunks == (1, 6)
    at = diff.place("src/install.py", 13)
    assert at is not None
    assert diff.lines[at].text == "    # ... the rest stays the same"
    assert diff.place("other.py", 1) is None


async def test_lines_that_look_like_headers_are_lines() -> None:
    text = "diff --git a/a.sql b/a.sql\n--- a/a.sql\n+++ b/a.sql\n@@ -1,2 +1,2 @@\n--- old\n+++ new\n diff --git x\n"
    lines = parsed(text).lines
    assert [(one.sign, one.text) for one in lines[2:]] == [("−", "-- old"), ("+", "++ new"), (" ", "diff --git x")]
    assert {one.path for one in lines[1:]} == {"a.sql"}


async def test_removed_renamed_and_binary_files_are_told() -> None:
    text = (
        "diff --git a/gone b/gone\ndeleted file mode 100644\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
        "diff --git a/p.png b/p.png\nBinary files a/p.png and b/p.png differ\n"
    )
    assert [one.text for one in parsed(text).lines] == [
        "gone (removed)",
        "deleted file mode 100644",
        "@@ -1 +0,0 @@",
        "x",
        "a/p.png b/p.png",
        "Binary files a/p.png and b/p.png differ",
    ]


async def test_wide_characters_are_never_halved() -> None:
    assert _parts("日本語", 4) == ["日本", "語"]
    assert _parts("abcdef", 4) == ["abcd", "ef"]


async def test_d_on_a_violation_opens_its_file_at_its_line_and_d_shows_all() -> None:
    handle = held()
    async with opened(handle) as one:
        await one.press("4", "j", "d")
        await one.until(lambda: "1 file · 2 hunks · against abc" in shown(one))
        assert handle.asked[-1] == ("diff", {"workstream": "ci-testing", "path": "src/install.py"})
        assert "13 +▶    # ... the rest stays the same" in shown(one)
        await one.press("d")
        await one.until(lambda: "2 files · 4 hunks" in shown(one))
        assert handle.asked[-1] == ("diff", {"workstream": "ci-testing", "path": ""})
        await one.press("escape", "escape")
        assert one.app.screen is one.page


async def test_d_in_the_grid_and_on_a_page_shows_all_of_the_leg() -> None:
    handle = held()
    async with opened(handle) as one:
        for keys in (("d",), ("enter", "d")):
            await one.press(*keys)
            await one.until(lambda: "2 files · 4 hunks" in shown(one))
            await one.press("d")
            assert "d diff: it was opened for all of it" in shown(one)
            await one.press("1")


async def test_brackets_go_from_hunk_to_hunk() -> None:
    handle = held()
    far = "".join(f" line {at}\n" for at in range(40))
    handle.diffs = {"x": "diff --git a/x b/x\n" + "".join(f"@@ -{n},40 +{n},40 @@\n{far}" for n in (1, 100, 200))}
    async with opened(handle, (100, 20)) as one:
        await one.press("d")
        await one.until(lambda: page(one).view.diff.hunks == (1, 42, 83))
        tops = []
        for key in ("]", "]", "]", "[", "[", "[", "G", "g", "pagedown", "j", "k"):
            await one.press({"]": "right_square_bracket", "[": "left_square_bracket"}.get(key, key))
            tops.append(page(one).view.top)
        assert tops[:6] == [1, 42, 83, 42, 1, 0]
        assert tops[6] > 100
        assert tops[7] == 0
        assert tops[9] == tops[8] + 1
        await one.press("G", "right_square_bracket")
        assert "that is the last hunk" in shown(one)


async def test_long_lines_are_folded_and_stay_where_they_are_when_the_width_changes() -> None:
    handle = held()
    handle.diffs = {"x": "diff --git a/x b/x\n@@ -1,1 +1,1 @@\n" + "".join(f"+{'wide ' * 60}{n}\n" for n in range(50))}
    async with opened(handle, (100, 20)) as one:
        await one.press("d")
        await one.until(lambda: page(one).view.diff.hunks)
        page(one).view.to_line(20)
        await one.until(lambda: page(one).view.top == 20)
        await one.pilot.resize_terminal(40, 20)
        await one.until(lambda: page(one).view.size.width == 40 and page(one).view.top == 20)


async def test_what_cannot_be_had_or_is_not_there_is_said() -> None:
    handle = held()
    handle.diffs = {}
    async with opened(handle) as one:
        await one.press("4", "j", "d")
        await one.until(lambda: "src/install.py does not differ from base any more" in shown(one))
        await one.press("right_square_bracket")
        assert "there is no hunk" in shown(one)
        handle.connected = False
        await one.press("R")
        await one.until(lambda: "no diff: the driver is gone" in shown(one))


async def test_what_nobody_has_worked_on_has_no_diff() -> None:
    async with opened(loaded(six())) as one:
        await one.press("d")
        assert "ci-testing has no worktree yet" in one.status


async def test_the_diff_stands_still_while_the_agent_goes_on_until_r() -> None:
    handle = busy()
    handle.diffs = {"x": "diff --git a/x b/x\n@@ -1 +1 @@\n+one\n"}
    async with opened(handle) as one:
        await one.press("d")
        await one.until(lambda: "+ one" in shown(one))
        handle.diffs["x"] += "+two\n"
        handle.publish()
        await one.pilot.pause()
        assert "+ two" not in shown(one)
        await one.press("R")
        await one.until(lambda: "+ two" in shown(one))
