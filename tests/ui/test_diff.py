"""The page of a diff: where it opens, how one goes through it, and what it says when there is nothing to show."""

from pathlib import Path

import pytest

from cockpit.schedule import facts as f
from cockpit.schedule.comments import MOST, Comment
from cockpit.schedule.orders import Order
from cockpit.ui.difflines import parsed
from cockpit.ui.drafts import Drafts
from cockpit.ui.remembered import Remembered
from cockpit.ui.screens.diff import DiffPage
from tests.ui.fakes import DIFF, FakeHandle, busy, held, loaded, six
from tests.ui.opening import Opened, opened

pytestmark = pytest.mark.anyio


def page(one: Opened) -> DiffPage:
    screen = one.app.screen
    assert isinstance(screen, DiffPage)
    return screen


def shown(one: Opened) -> str:
    return one.screen_text()


async def test_d_on_a_violation_opens_its_file_at_its_line_and_d_shows_all() -> None:
    handle = held()
    async with opened(handle, (100, 20)) as one:
        await one.press("4", "j", "d")
        await one.until(lambda: "1 file · 2 hunks · against abc" in shown(one))
        assert handle.asked[-1] == ("diff", {"workstream": "ci-testing", "path": "src/install.py"})
        assert "13 +▶    # ... the rest stays the same" in shown(one)
        await one.press("d")
        await one.until(lambda: "2 files · 4 hunks" in shown(one))
        assert handle.asked[-1] == ("diff", {"workstream": "ci-testing", "path": ""})
        await one.press("escape", "escape")
        assert one.app.screen is one.page


async def test_d_in_the_grid_and_on_a_page_shows_all_of_the_leg_and_there_one_file_of_it() -> None:
    handle = held()
    async with opened(handle, (100, 20)) as one:
        for keys in (("d",), ("enter", "d")):
            await one.press(*keys)
            await one.until(lambda: "2 files · 4 hunks" in shown(one))
            await one.press("right_curly_bracket", "d")
            await one.until(lambda: "1 file · 2 hunks" in shown(one))
            assert handle.asked[-1] == ("diff", {"workstream": "ci-testing", "path": "b.py"})
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
        assert tops[9] == tops[8]  # the cursor moves, and the text only where it would leave it
        await one.press("G", "right_square_bracket")
        assert "that is the last hunk" in shown(one)


async def test_long_lines_are_folded_and_stay_where_they_are_when_the_width_changes() -> None:
    handle = held()
    handle.diffs = {"x": "diff --git a/x b/x\n@@ -1,1 +1,1 @@\n" + "".join(f"+{'wide ' * 60}{n}\n" for n in range(50))}
    async with opened(handle, (100, 20)) as one:
        await one.press("d")
        await one.until(lambda: page(one).view.diff.hunks)
        page(one).view.to_line(20, top=True)
        await one.until(lambda: page(one).view.top == 20)
        await one.pilot.resize_terminal(40, 20)
        await one.until(lambda: page(one).view.size.width == 40 and page(one).view.top == 20)


async def test_what_is_laid_out_beside_the_screen_draws_no_other_lines_and_keeps_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cockpit.ui.widgets.difftext._AT_ONCE", 0)
    head = "diff --git a/x b/x\n@@ -1,1 +1,1 @@\n"
    handle = held()
    handle.diffs = {"x": head + "".join(f"+new {n}\n" for n in range(90))}
    async with opened(handle, (120, 20)) as one:
        await one.press("d")
        await one.until(lambda: "new 3" in shown(one))
        await one.press("G")
        view = page(one).view
        assert view.line > 80
        view.show(parsed(f"{head}+short\n"), None, {})
        assert not any(view.render_line(y).text.strip() for y in range(5)), "rows of lines that are gone"
        view.show(parsed(handle.diffs["x"]), 60, {})
        view.set_side(True)
        assert view.line == 60
        await one.until(lambda: "new 58" in shown(one))
        assert view.line == 60


async def test_what_cannot_be_had_or_is_not_there_is_said() -> None:
    handle = held()
    handle.diffs = {}
    async with opened(handle, (100, 20)) as one:
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
    async with opened(handle, (100, 20)) as one:
        await one.press("d")
        await one.until(lambda: "+ one" in shown(one))
        handle.diffs["x"] += "+two\n"
        handle.publish()
        await one.pilot.pause()
        assert "+ two" not in shown(one)
        await one.press("R")
        await one.until(lambda: "+ two" in shown(one))


# --- files ------------------------------------------------------------------------------------------------------------

NEW = (
    "diff --git a/new.py b/new.py\nnew file mode 100644\n--- /dev/null\n+++ b/new.py\n@@ -0,0 +1,2 @@\n+x = 1\n+y = 2\n"
)
PICTURE = "diff --git a/p.png b/p.png\nBinary files a/p.png and b/p.png differ\n"


def reviewed(handle: FakeHandle) -> FakeHandle:
    """Three files, in a review; one of them is too much for all of the diff."""
    leg = "security/security-1"
    handle.record(f.WorkCommitted(leg, "c0ffee1", "tree", base="abc", files=3, added=5, removed=4), publish=False)
    handle.diffs = {"src/install.py": DIFF, "new.py": NEW, "p.png": PICTURE}
    return handle


def current(one: Opened) -> str:
    return page(one).files.files[page(one).files.current].path


async def test_the_files_stand_beside_the_diff_and_one_goes_from_one_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[tuple[str, int]] = []
    monkeypatch.setattr("cockpit.ui.editing.begin", lambda _app, path, at: begun.append((str(path), at)))
    handle = reviewed(held())
    handle.unread = {"new.py"}
    async with opened(handle, (120, 24)) as one:
        await one.on("security")
        await one.press("d")
        await one.until(lambda: "3 files · 2 hunks · 1 file left out: too much to show" in shown(one))
        assert "▸M src/install.py       +2 −4" in shown(one)
        assert " A new.py                  +2" in shown(one)
        await one.press("left_curly_bracket")
        assert "that is the first file" in shown(one)
        await one.press("right_curly_bracket")
        await one.until(lambda: "new.py  new · +2" in shown(one))
        assert handle.asked[-1][1]["path"] == "new.py", "what all of the diff lacks is asked for alone"
        assert current(one) == "new.py"
        await one.press("j", "j", "j", "e")
        assert begun == [("/srv/app.worktrees/security/new.py", 1)]
        handle.unread.clear()
        await one.press("d")
        await one.until(lambda: "3 files · 3 hunks" in shown(one))
        await one.press("right_curly_bracket")
        assert (current(one), page(one).place()) == ("p.png", ("p.png", 0))
        await one.press("right_curly_bracket")
        assert "that is the last file" in shown(one)
        await one.pilot.click("#files", offset=(3, 1))
        assert current(one) == "src/install.py"
        await one.pilot.click("#diff", offset=(20, 4))
        assert page(one).place() == ("src/install.py", 2)
        await one.press("f", "j", "enter", "j", "j")
        assert current(one) == "new.py"
        await one.press("enter")
        assert "enter pick: f lists the files first" in shown(one)


async def test_where_it_is_narrow_the_files_take_the_place_of_the_diff_while_one_is_chosen() -> None:
    handle = reviewed(held())
    async with opened(handle, (60, 20)) as one:
        await one.on("security")
        await one.press("d")
        await one.until(lambda: "1/3  M src/install.py" in shown(one))
        await one.press("v")
        assert "v side: side by side needs 100 columns" in shown(one)
        await one.press("f")
        assert "import sys" not in shown(one)
        await one.press("G", "escape")
        assert "1/3  M src/install.py" in shown(one)
        await one.press("f", "G", "k", "enter")
        await one.until(lambda: "2/3  A new.py" in shown(one) and "x = 1" in shown(one))


async def test_before_and_after_stand_side_by_side_where_it_is_wide_and_v_changes_that() -> None:
    handle = reviewed(held())
    async with opened(handle, (160, 24)) as one:
        await one.on("security")
        await one.press("d")
        await one.until(
            lambda: any("for one in found:" in line and "# ... the rest" in line for line in shown(one).split("\n"))
        )
        await one.until(lambda: page(one).view.coloured)
        where = [page(one).view.line]
        for _ in range(12):
            await one.press("j")
            where.append(page(one).view.line)
        assert where[-5:] == [8, 13, 10, 11, 12], "it goes by pairs, and stands on what there is after the change"
        await one.press("v")
        assert page(one).view.line == 12
        assert not any("for one in found:" in line and "# ... the rest" in line for line in shown(one).split("\n"))
        await one.pilot.resize_terminal(120, 24)
        await one.press("v")
        await one.until(
            lambda: any("for one in found:" in line and "# ... the rest" in line for line in shown(one).split("\n"))
        )


async def test_what_was_committed_meanwhile_is_not_decided_on_unseen() -> None:
    handle = reviewed(held())
    async with opened(handle, (100, 20)) as one:
        await one.on("security")
        await one.press("d")
        await one.until(lambda: "3 files · 3 hunks" in shown(one))
        leg = "security/security-1"
        handle.record(f.WorkCommitted(leg, "badcafe", "tree2", base="abc", files=1))
        await one.until(lambda: page(one)._read == ("badcafe",))
        assert page(one).why_not("reject") is None
        assert "not what is shown" not in shown(one), "a new base that changes none of it needs no second look"
        handle.diffs["new.py"] += "+z = 3\n"
        handle.record(f.WorkCommitted(leg, "decade0", "tree3", base="abc", files=1))
        await one.until(lambda: "its work is not what is shown any more: R reads it again" in shown(one))
        await one.press("j", "a")
        assert "a approve: its work is not what is shown any more" in shown(one)
        await one.press("R")
        await one.until(lambda: "3 files · 3 hunks" in shown(one))
        await one.press("A")
        assert "Reject security" in shown(one)


async def test_only_what_changed_since_it_was_decided_on() -> None:
    handle = reviewed(held())
    async with opened(handle, (100, 20)) as one:
        await one.on("security")
        await one.press("d")
        await one.until(lambda: "3 files · 3 hunks" in shown(one))
        await one.press("s")
        assert "s since: nobody decided on it yet" in shown(one)
        leg = "security/security-1"
        said = (Comment("new.py", 2, "why y?", "y = 2"),)
        handle.record(f.ApprovalRefused(leg, "merge", "o", "no", "c0ffee1", said), f.LegRetried(leg))
        handle.since_review = {"new.py": NEW}
        handle.told = {"marked": ["new.py"]}
        await one.press("s")
        await one.until(
            lambda: "1 file · 1 hunk · ! base changed the same lines of 1 file: with conflict marks" in shown(one)
        )
        assert handle.asked[-1] == ("diff", {"workstream": "security", "path": "", "since": "review"})
        assert "all that changed since it was decided on" in shown(one)
        assert "┃ said before: why y?" in shown(one)
        await one.press("s")
        await one.until(lambda: "3 files" in shown(one))


async def test_what_is_cut_says_how_much_is_left_out_and_how_to_see_it() -> None:
    handle = reviewed(held())
    handle.told = {"cut": True, "lines_left": 12_345}
    handle.diffs = {"new.py": NEW + "+z\n" * 6_000}
    async with opened(handle, (100, 20)) as one:
        await one.on("security")
        await one.press("d")
        await one.until(lambda: page(one).view.diff.lines)
        await one.press("G")
        await one.until(lambda: "… 12345 lines or more are left out here: d shows the file alone" in shown(one))
        await one.press("d")
        await one.until(lambda: len(page(one).view.diff.lines) and not page(one)._whole)
        await one.press("G")
        await one.until(lambda: "… 12345 lines of it are left out: e opens the file" in shown(one))


# --- comments ---------------------------------------------------------------------------------------------------------


async def test_comments_on_lines_are_kept_until_they_are_sent_with_the_rejection(tmp_path: Path) -> None:
    handle = reviewed(held())
    async with opened(handle, (100, 20), remembered=Remembered(tmp_path, "plan.yaml")) as one:
        await one.on("security")
        await one.press("d")
        await one.until(lambda: "3 files · 3 hunks" in shown(one))
        await one.press("c")
        assert "c comment: the cursor is on no line of a file" in shown(one)
        await one.press("j", "j", "j", "c", "w", "?", "enter")
        assert "┃ w?" in shown(one)
        assert "1 comment to be sent with A" in shown(one)
        await one.press("c", "escape", "j", "c", "g", "enter")
        assert "┃ g" in shown(one)
        await one.press("c", "backspace", "enter", "right_square_bracket")
        assert "┃ g" not in shown(one)
        said = (
            Comment("src/install.py", 2, "w?", "import sys"),
            Comment("src/install.py", 12, "k", "    for one in found:", removed=True),
        )
        await one.press("j", "j", "j", "c", "k", "enter", "escape")
        later = Remembered(tmp_path, "plan.yaml")
        assert Drafts((later.get, later.put)).of("security") == said
        await one.press("a")
        assert "What you said of its lines is not sent, and forgotten:" in shown(one)
        await one.press("escape", "d")
        await one.until(lambda: "┃ k" in shown(one))
        await one.press("A")
        assert "src/install.py:12: k" in shown(one)
        await one.press("enter")
        await one.until(lambda: handle.orders)
        order = handle.orders[-1]
        assert (order.verb, order.targets, order.reason) == ("reject", ("security",), "See the comments on its lines.")
        assert order.comments == said
        await one.until(lambda: not isinstance(one.app.screen, DiffPage))
        assert one.app.drafts.of("security") == ()
        assert Remembered(tmp_path, "plan.yaml").get("comments:security") == ""


async def test_a_refused_rejection_keeps_the_comments_and_others_get_none_of_them() -> None:
    handle = reviewed(held())
    async with opened(handle, (100, 20)) as one:
        drafts = one.app.drafts
        drafts.put("security", Comment("a", 1, "why?"))
        orders = (Order("reject", ("api", "security"), reason="no"),)
        assert drafts.with_comments(orders) == (
            Order("reject", ("api",), reason="no"),
            Order("reject", ("security",), reason="no", comments=(Comment("a", 1, "why?"),)),
        )
        await one.on("security")
        await one.press("A")
        handle.connected = False
        await one.press("enter")
        await one.until(lambda: "the driver is gone" in shown(one))
        assert drafts.of("security")
        for at in range(1, 300):
            drafts.put("security", Comment("a", at, "x" * 5_000))
        assert len(drafts.of("security")) == MOST
        assert (
            drafts.put("security", Comment("b", 1, "one more")) == "200 comments are the most that can be sent at once"
        )
