"""The live output: follows, keeps its colours and nothing worse, stays small, is asked for only when there is more."""

from functools import partial

import pytest
from rich.color import ColorType
from rich.segment import Segment

from cockpit.engine.handle import View
from cockpit.schedule import facts as f
from cockpit.schedule.printed import Printed
from cockpit.ui.transcript import MOST, Entry
from cockpit.ui.widgets.output import AT_ONCE, MAX_LINE, Output
from tests.ui.fakes import busy, under_way
from tests.ui.opening import Opened, opened

pytestmark = pytest.mark.anyio
WS = "ci-testing"


def asks(one: Opened) -> list[dict[str, object]]:
    return [arguments for question, arguments in one.handle.asked if question == "printed"]


def printed(one: Opened, text: str) -> bool:
    return text in one.page.output.plain()


async def test_it_shows_the_output_of_the_selected_workstream() -> None:
    async with opened(busy()) as one:
        await one.until(lambda: "AssertionError: release 1.4.2" in one.page.output.plain())
        assert "output of ci-testing · claude#1 · attempt 1" in str(one.page.output.border_title)
        await one.on("cli")
        await one.until(lambda: "no agent has worked on it yet" in one.screen_text())


async def test_it_asks_again_only_for_more_and_from_where_it_stopped() -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.until(lambda: asks(one))
        size = len(handle.outputs[WS].encode())
        handle.publish()
        handle.record(f.WorkstreamWanted("docs"))
        await one.until(lambda: one.app.view.snapshot.workstreams["docs"].wanted)
        assert [ask["places"] for ask in asks(one)] == [None]
        handle.print(WS, "one more line\n")
        await one.until(lambda: "one more line" in one.page.output.plain())
        assert [ask["places"] for ask in asks(one)] == [None, [size, 0]]


async def test_a_line_that_comes_in_parts_is_one_line() -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.until(one.page.output.plain)
        for part in ("half a ", "line and ", "its end\nnext"):
            handle.print(WS, part)
            await one.until(partial(printed, one, part.split("\n")[-1]))
        assert one.page.output.plain().endswith("half a line and its end\nnext")


async def test_it_follows_unless_it_was_scrolled_up() -> None:
    handle = busy()
    async with opened(handle) as one:
        handle.print(WS, "".join(f"line {at}\n" for at in range(200)))
        output = one.page.output
        await one.until(lambda: output.scroll_offset.y == output.max_scroll_y > 100)
        output.scroll_to(y=20, animate=False)
        await one.until(lambda: output.scroll_offset.y == 20)
        handle.print(WS, "more\n")
        await one.until(lambda: "more" in output.plain())
        await one.pilot.pause()
        assert output.scroll_offset.y == 20
        output.follow()
        await one.until(lambda: output.scroll_offset.y == output.max_scroll_y)
        handle.print(WS, "and more\n" * 50)
        await one.until(lambda: "and more" in output.plain() and output.scroll_offset.y == output.max_scroll_y)


async def test_colours_stay_and_other_sequences_go() -> None:
    handle = busy()
    handle.outputs[WS] = (
        "\x1b[31mred\x1b[0m \x1b]0;title\x07\x1b]52;c;AAAA\x07\x1b[2J\x1b[5;5Hplain \x1b[?1049h\u202eend\n"
    )
    async with opened(handle) as one:
        await one.until(lambda: one.page.output.plain() == "red plain end")
        strips = one.app.screen._compositor.render_strips()
        segments = [segment for strip in strips for segment in strip]
        assert not any("\x1b" in segment.text or "\u202e" in segment.text for segment in segments)
        red = next(segment for segment in segments if segment.text == "red")
        assert red.style is not None
        assert red.style.color is not None
        assert red.style.color.type is ColorType.TRUECOLOR
        assert red.style.color.triplet is not None
        assert red.style.color.triplet.red > red.style.color.triplet.green


async def test_markup_in_the_output_is_text() -> None:
    handle = busy()
    handle.outputs[WS] = "[/foo] [@click=app.boom]x[/] [bold]b[/bold]\n"
    async with opened(handle) as one:
        await one.until(lambda: "[/foo] [@click=app.boom]x[/] [bold]b[/bold]" in one.screen_text())


async def test_progress_bars_show_their_last_state() -> None:
    handle = busy()
    handle.outputs[WS] = "10%\r20%\r30%\r\nnext 1\rnext 2"
    async with opened(handle) as one:
        await one.until(lambda: one.page.output.plain() == "30%\nnext 2")


async def test_much_output_and_endless_lines_stay_small() -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.until(one.page.output.plain)
        output = one.page.output
        output.add(Printed(at, "x") for at in range(MOST * 3))
        assert output.plain().count("\n") < MOST
        output.add(Printed(at, "y" * MAX_LINE * 4) for at in range(20))
        assert max(len(line) for line in output.plain().split("\n")) <= MAX_LINE * 2


async def test_what_follows_far_behind_goes_to_the_newest_at_once() -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.until(lambda: "Reading" in one.page.output.plain())
        handle.print(WS, "".join(f"line {at}\n" for at in range(60_000)))
        await one.until(lambda: "line 59999" in one.page.output.plain() and one.page.output.following)
        assert [ask["places"] for ask in asks(one)] == [None, None]
        assert "earlier output is in its log" in one.page.output.plain()


async def test_a_new_run_starts_a_new_output() -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.until(lambda: "Reading" in one.page.output.plain())
        leg = "ci-testing/ci-testing-1"
        handle.outputs[WS] = "second try\n"
        handle.record(f.RetryScheduled(leg, 0.0), publish=False)
        under_way(handle, leg, "claude#2")
        handle.publish()
        await one.until(lambda: one.page.output.plain() == "second try")
        assert "attempt 2" in str(one.page.output.border_title)


async def test_what_was_cut_meanwhile_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.until(lambda: "Reading" in one.page.output.plain())

        def cut(*_: object, **__: object) -> dict[str, object]:
            return {"lines": [[9_000, "after"]], "start": [9_000, 0], "next": [9_006, 0], "lost": 8_000, "more": False}

        monkeypatch.setattr(handle, "answer_printed", cut)
        handle.print(WS, "!")
        await one.until(lambda: "bytes cut here" in one.page.output.plain())
        assert one.page.output.plain().endswith("after")


async def test_nothing_is_asked_of_a_driver_that_is_gone() -> None:
    handle = busy()
    handle.connected = False
    async with opened(handle) as one:
        await one.press("j", "k")
        assert handle.asked == []


async def test_an_answer_that_cannot_be_had_is_said() -> None:
    handle = busy()
    async with opened(handle) as one:
        await one.until(lambda: asks(one))
        handle.connected = False  # the screen's view is older: it still asks
        await one.on("security")
        await one.until(lambda: "no output to show: the driver is gone" in one.screen_text())


async def test_long_lines_are_folded_to_the_width_also_after_a_resize() -> None:
    handle = busy()
    handle.outputs[WS] = "0123456789" * 30 + "\n"
    async with opened(handle, (80, 40)) as one:
        await one.until(lambda: "0123456789" in one.page.output.plain())
        before = one.page.output.virtual_size.height
        await one.pilot.resize_terminal(40, 40)
        await one.until(lambda: one.page.output.virtual_size.height > before)


async def test_much_is_folded_piece_by_piece_and_what_is_in_sight_stays_there(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(busy(), (80, 40)) as one:
        await one.until(lambda: "AssertionError: release 1.4.2" in one.page.output.plain())
        output, folded = one.page.output, Output._folded
        calls: list[Entry] = []

        def counted(self: Output, entry: Entry) -> list[list[Segment]]:
            calls.append(entry)
            return folded(self, entry)

        def top() -> str:
            return "".join(segment.text for segment in output.render_line(0)).strip()

        def whole() -> bool:
            return all(entry.drawn for entry in output._drawn) and not output._busy

        monkeypatch.setattr(Output, "_folded", counted)
        output.clear()
        output.add(Printed(at, f"{at} {'x' * (150 if at % 2 else 1)}") for at in range(1, MOST + 1))
        assert len(calls) <= AT_ONCE
        assert output.following
        await one.until(whole)
        await one.until(lambda: output.scroll_offset.y == output.max_scroll_y)
        width = output.scrollable_content_region.width
        rows = sum(-(-len(text) // width) for text in output.plain().split("\n"))
        assert (len(calls), output.virtual_size.height) == (MOST, rows)
        output.scroll_to(y=rows // 2, animate=False)
        await one.until(lambda: output.scroll_offset.y == rows // 2)
        before = top()
        calls.clear()
        output._fold(follow=False, anew=True)
        assert len(calls) <= AT_ONCE + output.size.height
        assert top() == before
        output.add([Printed(MOST + 1, "one more")])
        await one.until(whole)
        assert output.virtual_size.height == sum(len(entry.drawn) for entry in output._drawn)


def test_a_view_is_frozen() -> None:
    assert View.__struct_config__.frozen
