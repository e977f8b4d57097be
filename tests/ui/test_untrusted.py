"""No text from a plan, a repository or an agent breaks the screen, runs an action, or reaches the terminal raw."""

import pytest
from msgspec.structs import replace

from cockpit.schedule import facts as f
from cockpit.schedule.outline import Outline
from cockpit.schedule.readings import Forecast, PlanReading, Readings, RunReading
from tests.ui.fakes import START, FakeHandle, loaded, outline, under_way, workstream
from tests.ui.opening import opened

pytestmark = pytest.mark.anyio

HOSTILE = (
    "[/foo]",
    "[@click=app.boom]x[/]",
    "\x1b]0;owned\x07\x1b[2Jtitle",
    "\x9b31mC1\x9d52;c;AAAA\x9c",
    "abc\u202edef\u2066ghi",
    "日本語の名前を持つ作業" * 3,
    "👩‍👩‍👧‍👦🏳️‍🌈" * 4,
    "🇩🇪🇫🇷🇪🇺🇯🇵" * 4,
    "z\u0300\u0301\u0302" * 50,
    "\x1b[0m",
    "a\r\n\tb\x00c\x7f",
    "$(rm -rf ~) `x` {{y}} %s",
    "[bold red]",
    "\\[escaped",
)


def hostile() -> FakeHandle:
    plan: Outline = outline(
        *(
            replace_texts(workstream(f"{text}{at}" if text.strip() else text, f"{text} {'long ' * 2000}"), text)
            for at, text in enumerate(HOSTILE)
        ),
        name="[/plan]\x1b]0;x\x07",
    )
    handle = loaded(replace(plan, base="[/base]\x1b[5m"))
    first, second, third = plan.legs[0].key, plan.legs[1].key, plan.legs[2].key
    under_way(handle, first, "[@click=app.boom]slot#1")
    under_way(handle, second, "x", f.LegFailed(second, HOSTILE[1] + HOSTILE[2]))
    under_way(handle, third, "y", f.ChecksStarted(third), f.ReviewAsked(third))
    run = handle.snapshot.legs[first].run or ""
    handle.readings = Readings(
        runs={run: RunReading(activity="[/activity]\x1b[31m", output_bytes=5)},
        notes={"driver": "[/note]\x1b]0;x\x07"},
        forecast=Forecast(START, why_not="[/why]\x1b[31m"),
        plan=PlanReading(errors=("[/error]\x1b[2J",)),
        base_commit="[/c]\x1b",
        hold="[/hold]\x1b",
    )
    handle.outputs[plan.workstreams[0].id] = "".join(HOSTILE)
    return handle


def replace_texts(made: tuple, text: str) -> tuple:  # type: ignore[type-arg]  # what workstream() returns
    one, legs = made
    return replace(one, branch=text), legs


def assert_clean(text: str) -> None:
    assert not [char for char in text if (ord(char) < 32 and char != "\n") or 0x7F <= ord(char) < 0xA0]
    assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


@pytest.mark.parametrize("size", [(120, 30), (32, 15)])
async def test_a_hostile_plan_is_only_text_on_every_page(size: tuple[int, int]) -> None:
    handle = hostile()
    async with opened(handle, size) as one:
        for keys in (("G",), ("g",), ("x",), ("escape",), ("S",), ("escape",), ("enter",), ("t",), ("l",), ("escape",)):
            await one.press(*keys)
            assert_clean(one.screen_text())
            strips = one.app.screen._compositor.render_strips()
            assert {sum(segment.cell_length for segment in strip) for strip in strips} == {size[0]}
            for strip in strips:
                assert not any(segment.style and segment.style.meta.get("@click") for segment in strip)
        for _ in HOSTILE:
            await one.press("j", "space")
            assert_clean(one.screen_text())
        assert "[/foo]0" in [row.cells[1][0] for row in one.app.rows.values()]


async def test_every_hostile_row_can_be_opened() -> None:
    handle = hostile()
    async with opened(handle, (60, 16)) as one:
        for _ in HOSTILE:
            await one.press("enter", "escape", "j")
        assert one.app.screen is one.page


async def test_hostile_texts_in_toasts_refusals_and_dialogs_are_text() -> None:
    handle = hostile()
    async with opened(handle) as one:
        one.app.fail("[/boom] [@click=app.boom]x[/]")
        await one.pilot.pause()
        handle.connected = False
        await one.press("p")
        await one.until(lambda: "✗ pause [/foo]0" in one.status)
        assert_clean(one.screen_text())
        await one.press("slash", *"[/foo]", "enter")
        assert one.grid.shown == ("[/foo]0",)


async def test_an_untrusted_plan_shows_its_commands_in_full_before_t_trusts_it() -> None:
    handle = hostile()
    handle.commands = [
        ["gates[0].run", "make [/x]\x1b]0;t\x07\nrm -rf build"],
        ["agents.a\x1b[2J", "[@click=app.boom]go[/]"],
    ]
    async with opened(handle) as one:
        handle.read(plan=PlanReading(untrusted=("make", "go")))
        await one.until(lambda: one.app.page is not one.page)
        await one.until(lambda: "2 commands" in one.screen_text())
        text = one.screen_text()
        assert_clean(text)
        for part in ("gates[0].run", "make [/x]", "rm -rf build", "[@click=app.boom]go[/]"):
            assert part in text
        await one.press("s", "x", "enter")
        assert handle.orders == []
        await one.press("T")
        await one.until(lambda: [order.verb for order in handle.orders] == ["trust"])
        await one.until(lambda: one.app.screen is one.page)


async def test_what_was_trusted_elsewhere_takes_no_dialog_off_the_screen() -> None:
    handle = hostile()
    async with opened(handle) as one:
        handle.read(plan=PlanReading(untrusted=("make",)))
        await one.until(lambda: one.app.page is not one.page)
        await one.press("question_mark")
        dialog = one.app.screen
        assert dialog is not one.app.page
        handle.read(plan=PlanReading())
        await one.until(lambda: not one.app.view.readings.plan.untrusted)
        await one.pilot.pause()
        assert one.app.screen is dialog
        await one.press("escape")
        handle.publish()
        await one.until(lambda: one.app.screen is one.page)


async def test_leaving_the_commands_trusts_nothing_and_t_shows_them_again() -> None:
    handle = hostile()
    handle.commands = [["a", "make"]]
    async with opened(handle) as one:
        handle.read(plan=PlanReading(untrusted=("make",)))
        await one.until(lambda: one.app.page is not one.page)
        await one.press("escape")
        assert one.app.screen is one.page
        assert "not trusted yet (T)" in one.screen_text()
        handle.publish()
        await one.pilot.pause()
        assert one.app.screen is one.page
        await one.press("T")
        assert one.app.page is not one.page
        assert handle.orders == []


async def test_changes_that_await_trust_are_shown_with_the_commands() -> None:
    handle = hostile()
    async with opened(handle) as one:
        handle.read(plan=PlanReading(asks=("gates.tests: make → make all",)))
        await one.until(lambda: "gates.tests: make → make all" in one.screen_text())
        await one.press("T")
        await one.until(lambda: "1 change ·" in one.screen_text())
        await one.press("T")
        await one.until(lambda: [order.verb for order in handle.orders] == ["trust"])


async def test_t_says_when_all_is_trusted() -> None:
    async with opened(loaded(outline(workstream("a", "a")))) as one:
        await one.press("T")
        assert "all of the plan is trusted" in one.status
