"""A plan that changes or breaks under an open screen: toasts, the dialog of consequences, the page, the editor."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cockpit.schedule import facts as f
from cockpit.schedule.changed import PlanChange
from cockpit.schedule.readings import Flaw, PlanReading
from cockpit.ui.planfile import detail, entries, line_of
from cockpit.ui.screens.changed import ChangedScreen
from cockpit.ui.screens.commands import CommandsPage
from cockpit.ui.screens.plan import PlanPage
from tests.ui.fakes import busy
from tests.ui.opening import opened
from tests.ui.test_editing import pretend
from tests.ui.test_untrusted import HOSTILE, assert_clean

pytestmark = pytest.mark.anyio

PROMPT = PlanChange("changed", "ci-testing", "prompt", "Old words", "New\nwords", "told to the next run", touches=True)
QUIET = PlanChange("added", "extra", new="Something more", means="it waits until it is started")
FLAWS = (
    Flaw("unknown key 'agnet'", "", 7, 3, "workstreams[ci].agnet", "did you mean `agent`?"),
    Flaw("unknown dependency 'nobody'", "", 12, 17, "workstreams[cli].depends_on", "known: database"),
)


def broken(path: Path) -> PlanReading:
    flaws = tuple(Flaw(one.message, str(path), one.line, one.column, one.where, one.hint) for one in FLAWS)
    return PlanReading(tuple(f"{path}:{one.line}: {one.message}" for one in flaws), flaws=flaws)


def changed(*changes: PlanChange, left_out: int = 0) -> f.PlanChanged:
    return f.PlanChanged(changes, left_out)


def toasts(one: Any) -> list[str]:
    return [toast.message for toast in one.app._notifications]


async def test_a_change_that_touches_work_under_way_is_a_dialog_and_another_one_is_a_toast() -> None:
    handle = busy()
    async with opened(handle) as one:
        handle.record(changed(QUIET))
        await one.until(lambda: "the plan changed: extra added (D)" in toasts(one))
        assert one.front is one.page

        await one.press("slash", "c")
        handle.record(changed(PROMPT, QUIET, left_out=4))
        await one.pilot.pause()
        assert one.front is one.page, "what is being typed is not for a dialog"
        await one.press("escape")
        one.app.tick()
        await one.until(lambda: isinstance(one.front, ChangedScreen) and "Close" in one.screen_text())
        text = one.screen_text()
        parts = (
            "~ ci-testing prompt",
            "− Old words",
            "+ New",
            "+ words",
            "→ told to the next run",
            "and 5 changes that",
        )
        assert [part for part in parts if part not in text] == []
        await one.press("a", "s", "x")
        assert handle.orders == []
        await one.press("enter")
        assert one.front is one.page

        await one.press("D")
        await one.until(lambda: isinstance(one.front, PlanPage) and "ci-testing prompt" in one.screen_text())
        assert "Something more" not in one.screen_text()
        await one.press("j")
        assert "+ Something more" in one.screen_text()
        await one.press("escape")
        assert one.front is one.page


async def test_what_awaits_trust_is_offered_with_the_change() -> None:
    handle = busy()
    handle.commands = [["gates[t]", "make all"]]
    async with opened(handle) as one:
        handle.read(plan=PlanReading(asks=("gates[t].run: make → make all",)))
        await one.until(lambda: any("1 change of the plan awaits your trust" in toast for toast in toasts(one)))
        handle.record(changed(PROMPT))
        await one.until(lambda: "! 1 change awaits your trust" in one.screen_text())
        await one.press("tab", "enter")
        await one.until(lambda: isinstance(one.front, CommandsPage))
        await one.press("escape", "D")
        await one.until(lambda: "make → make all" in one.screen_text())
        assert "! waits" in one.screen_text()
        held = PlanChange(
            "changed", "", "gates[t].run", "make", "make all", "what is checked from now on", touches=True
        )
        handle.read(plan=PlanReading(asks=("gates[t].run: make → make all",), held=(held,)))
        await one.until(lambda: "→ what is checked from now on" in one.screen_text())
        assert "the old value stays in force until you trust the new one: T" in one.screen_text()


async def test_errors_are_listed_with_their_places_and_e_opens_the_editor_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle, plan = busy(), tmp_path / "plan.yaml"
    plan.write_text("name: x\nworkstreams:\n  - id: api\n")
    noted = pretend(tmp_path, monkeypatch)
    handle.record(f.PlanLoaded(str(plan), plan.read_text(), handle.snapshot.outline), publish=False)
    async with opened(handle) as one:
        handle.read(plan=broken(plan))
        await one.until(lambda: any("(D lists them)" in toast for toast in toasts(one)))
        await one.press("3", "enter")
        assert isinstance(one.front, PlanPage), "its alert leads there"
        text = one.screen_text()
        for part in ("plan.yaml:7:3", "plan.yaml:12:17", "unknown key 'agnet'", "did you mean `agent`?", "2 errors"):
            assert part in text
        await one.press("j", "e")
        await one.until(noted.exists)
        assert noted.read_text() == f"{tmp_path}\n+12\n{plan}\nclean\n"

        noted.unlink()
        handle.read(plan=PlanReading())
        handle.record(changed(PlanChange("changed", "api", "title", "x", "y")))
        await one.until(lambda: "~ changed" in one.screen_text())
        assert "the plan file is good again" in toasts(one)
        await one.press("e")
        await one.until(noted.exists)
        assert noted.read_text() == f"{tmp_path}\n+3\n{plan}\nclean\n"
        one.app.read_only = True
        await one.press("e")
        assert "this screen is read only" in one.screen_text()


async def test_hostile_texts_of_a_plan_are_only_text_on_the_smallest_screen() -> None:
    handle = busy()
    bad = changed(*(PlanChange("changed", text, text, text, text, text, touches=True) for text in HOSTILE))
    flaws = tuple(Flaw(text, text, 1, 1, text, text) for text in HOSTILE)
    handle.readings = replace(handle.readings, plan=PlanReading(HOSTILE, (), HOSTILE, flaws))
    found = entries(handle.view(), bad).values()
    assert len(found) == 3 * len(HOSTILE)
    for cells in (*(entry.row.cells for entry in found), *(cells for entry in found for cells in detail(entry))):
        assert_clean("".join(text for text, _ in cells))
    async with opened(handle, (32, 15), broken=True) as one:
        await one.until(lambda: isinstance(one.front, PlanPage))  # a plan that is broken when the screen opens
        assert toasts(one) == []
        handle.record(bad)
        await one.until(lambda: isinstance(one.front, ChangedScreen) and "esc closes" in one.screen_text())
        assert_clean(one.screen_text())
        await one.press("pagedown", "escape", "G")
        assert isinstance(one.front, PlanPage)
        assert_clean(one.screen_text())


def test_a_workstream_is_found_in_the_text_of_a_plan() -> None:
    text = 'name: api\nworkstreams:\n- id: cli  # first\n- {id: "api", title: x}\n- title: y\n  id: api-2\n'
    assert [line_of(text, one) for one in ("cli", "api", "api-2", "docs", "")] == [3, 4, 6, 0, 0]
