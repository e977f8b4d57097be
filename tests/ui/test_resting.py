"""A page behind another one shows no views, and shows how things stand as soon as it is in front again."""

import pytest

from cockpit.schedule import facts as f
from tests.ui.fakes import busy
from tests.ui.opening import opened

pytestmark = pytest.mark.anyio


async def test_the_first_page_rests_behind_another_one() -> None:
    handle = busy()
    async with opened(handle) as one:
        first = one.page
        before = first.grid.row("security")
        await one.press("2")
        await one.until(lambda: one.app.page is not first)
        handle.record(f.ApprovalGiven("security/security-1", "merge"))
        await one.until(lambda: one.app.rows["security"] is not before)
        assert first.rested
        assert first.grid.row("security") is before
        await one.press("escape")
        await one.until(lambda: first.grid.row("security") is one.app.rows["security"])
        await one.press("question_mark")
        handle.record(f.LaunchingHeld())
        await one.until(lambda: first.view.snapshot.held)  # a dialog leaves it in sight
        assert not first.rested
