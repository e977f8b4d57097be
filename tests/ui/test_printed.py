"""The output of the workstream's page by its keys: search, folded calls, its two logs, talk, and its next prompt."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cockpit.schedule import facts as f
from cockpit.ui import searching
from cockpit.ui.app import CockpitApp
from cockpit.ui.screens.printed import PrintedPage
from tests.ui.fakes import FakeHandle, busy, loaded, outline, under_way, workstream
from tests.ui.opening import Opened, opened

pytestmark = pytest.mark.anyio
WS = "ci-testing"


def said(text: str) -> dict[str, object]:
    return {"type": "assistant", "message": {"content": [{"type": "text", "text": text}]}}


def call(ident: str, command: str) -> dict[str, object]:
    used = {"type": "tool_use", "id": ident, "name": "Bash", "input": {"command": command}}
    return {"type": "assistant", "message": {"content": [used]}}


def ended(ident: str, text: str, *, bad: bool = False) -> dict[str, object]:
    result = {"type": "tool_result", "tool_use_id": ident, "is_error": bad, "content": text}
    return {"type": "user", "message": {"content": [result]}}


def log(*lines: object) -> str:
    return "".join(json.dumps(one) + "\n" for one in lines)


def structured() -> FakeHandle:
    handle = busy()
    handle.formats[WS] = "claude"
    handle.outputs[WS] = log(
        {"type": "system", "subtype": "init", "session_id": "hidden"},
        said("I look at the tests.\nThen I mend them."),
        call("t1", "pytest -q"),
        ended("t1", "1 failed\nneedle in the output", bad=True),
        call("t2", "ls"),
    )
    return handle


def page(one: Opened) -> PrintedPage:
    assert isinstance(one.app.screen, PrintedPage)
    return one.app.screen


def title(one: Opened) -> str:
    return str(page(one).output.border_title)


async def test_calls_are_one_line_each_unfold_at_the_point_and_are_shown_as_they_came() -> None:
    handle = structured()
    async with opened(handle) as one:
        await one.press("l")
        output = page(one).output
        await one.until(lambda: "● runs ls" in output.plain())
        assert output.plain().split("\n") == [
            "I look at the tests.",
            "Then I mend them.",
            "▸ ✗ runs pytest -q: 1 failed needle in the output",
            "▸ ● runs ls",
        ]
        handle.print(WS, log(ended("t2", "a.py"), call("t3", "make")))
        await one.until(lambda: "● runs make" in output.plain())
        handle.print(WS, log(ended("t3", "")))
        await one.until(lambda: "✓ runs make · ~0." in output.plain())
        assert "✓ runs ls\n" in output.plain(), "nobody saw when that began"
        await one.press("up", "up", "up", "enter")
        assert "▾ ✗ runs pytest -q" in output.plain()
        assert "needle in the output" in output.plain().split("▸ ✓ runs ls")[0].split("│ content:")[-1]
        await one.press("enter", "down", "down", "down")
        assert output.point is None
        assert output.following
        await one.press("enter")
        assert output.plain().count("▾") == 3
        before = output.plain()
        top = next(y for y in range(output.size.height) if "runs ls" in output.render_line(y).text)
        await one.pilot.click(output, offset=(20, top + 1))
        await one.until(lambda: output.plain().count("▾") == 2)
        await one.pilot.click(output, offset=(20, top + 1))
        await one.until(lambda: output.plain() == before)
        await one.press("v")
        assert '"session_id": "hidden"' in output.plain()
        assert "as it came" in title(one)
        await one.press("v", "w")
        assert "stdout alone" in title(one)
        handle.errors[WS] = "a trace\n"
        handle.print(WS, log(said("goes on")))
        await one.until(lambda: "goes on" in output.plain())
        assert "a trace" not in output.plain()
        await one.press("w")
        assert (output.plain(), "stderr alone" in title(one)) == ("a trace", True)
        await one.press("w")
        await one.until(lambda: "e│a trace" in one.screen_text())


async def test_a_search_leads_from_place_to_place_even_to_what_is_not_there_and_n_means_that_meanwhile() -> None:
    handle = busy()
    lines = [f"line {at} {'needle ' if at % 360 == 7 else ''}end{'.' * 180}" for at in range(900)]
    handle.outputs[WS] = "\n".join(lines) + "\n"
    async with opened(handle) as one:
        await one.press("l", "slash", *"need")
        output = page(one).output
        await one.until(lambda: "“need” 3/3" in title(one))
        assert "line 727 needle end" in one.screen_text()
        await one.press("enter", "N")
        await one.until(lambda: "2/3" in title(one) and "line 367 needle end" in one.screen_text())
        assert "later output follows" in output.plain()
        assert output.point is not None
        await one.press("n", "n")
        await one.until(lambda: "1/3" in title(one) and "line 7 needle end" in one.screen_text())
        handle.print(WS, "one more needle\n")
        await one.until(lambda: "1/4" in title(one))
        await one.press("G")
        await one.until(lambda: "one more needle" in output.plain() and output.following)
        await one.press("N")
        await one.until(lambda: "4/4" in title(one))
        await one.press("escape")
        assert "needle" not in title(one)
        await one.press("N")
        assert "nothing is sought: / seeks" in one.screen_text()
        await one.press("slash", *"ab", "escape")
        assert page(one).workstream == WS
        await one.press("n")
        await one.until(lambda: page(one).workstream == "security")


async def test_what_is_printed_on_and_on_holds_up_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "REST_S", 0.3)
    handle = busy()
    handle.outputs[WS] = "".join(f"needle {at}\n" for at in range(9))
    async with opened(handle) as one:
        await one.press("l", "slash", *"need", "enter")
        printed = iter(range(100))

        def more(found: str) -> bool:
            handle.print(WS, f"more of it {next(printed)}\n")
            return found in title(one)

        await one.until(lambda: more("9/9"))
        handle.print(WS, "needle\n")
        await one.until(lambda: "9/10" in title(one))


async def test_the_keys_that_turn_pages_lead_through_all_of_a_log() -> None:
    handle = busy()
    handle.outputs[WS] = "".join(f"line {at:04} {'.' * 190}\n" for at in range(1_500))
    async with opened(handle) as one:
        await one.press("l")
        output = page(one).output
        await one.until(lambda: output.following and "line 1499 " in one.screen_text())
        first = output.transcript.edge()
        assert first
        output.scroll_home(animate=False, force=True)
        await one.pilot.pause()
        await one.press("pageup")
        await one.until(lambda: (output.transcript.edge() or 0) < first and "later output follows" in output.plain())
        assert f"line {first // 201:04} " in one.screen_text(), "where it was left"
        await one.press("g")
        await one.until(lambda: "line 0000 " in one.screen_text())
        await one.press("pageup")
        await one.until(lambda: "that is the beginning" in one.screen_text())
        output.scroll_end(animate=False, force=True)
        await one.until(lambda: output.following)
        last = output.transcript.edge(last=True) or 0
        await one.press("pagedown")
        await one.until(lambda: (output.transcript.edge(last=True) or 0) > last)
        await one.press("G")
        await one.until(lambda: output.following and "line 1499 " in one.screen_text())


async def test_the_key_that_goes_to_the_newest_wins_over_an_answer_from_further_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handle = busy()
    handle.outputs[WS] = "".join(f"line {at:04} {'.' * 190}\n" for at in range(1_500))
    async with opened(handle) as one:
        await one.press("l")
        output, ask, came = page(one).output, handle.ask, asyncio.Event()
        await one.until(lambda: output.following and "line 1499 " in one.screen_text())

        async def late(question: str, **arguments: Any) -> Any:
            await came.wait()
            return await ask(question, **arguments)

        monkeypatch.setattr(handle, "ask", late)
        await one.press("g", "G")
        handle.asked.clear()
        came.set()
        await one.until(lambda: handle.asked)
        await one.until(lambda: not any(work.group == "sought" and work.is_running for work in one.app.workers))
        await one.pilot.pause()
        assert output.following
        assert "later output follows" not in output.plain()
        assert "line 1499 " in one.screen_text()


async def test_a_match_in_a_fold_unfolds_it() -> None:
    handle = structured()
    handle.outputs[WS] = log(call("t1", "ls"), ended("t1", "x " * 400 + "deep"), *(said(f"w{at}") for at in range(60)))
    async with opened(handle) as one:
        await one.press("l", "slash", *"deep", "enter")
        await one.until(lambda: "1/1" in title(one))
        output = page(one).output
        await one.until(lambda: "▾ ✓ runs ls" in output.plain())
        drawn = [segment for y in range(output.size.height) for segment in output.render_line(y)]
        (at,) = [at for at, one in enumerate(drawn) if one.text == "deep"]
        match, before = drawn[at].style, drawn[at - 1].style
        assert match is not None
        assert before is not None
        assert match.bgcolor != before.bgcolor, "also where it is pointed at"
        assert "deep" in one.screen_text().replace("“deep”", "")


async def test_what_is_typed_below_the_output_is_said_to_an_agent_that_hears() -> None:
    plan = outline(workstream("a", "x"), workstream("b", "y"))
    talks = tuple(replace(one, talks=one.name == "claude") for one in plan.profiles)
    handle = loaded(replace(plan, profiles=talks))
    under_way(handle, "a/a-1", "claude#1")
    under_way(handle, "b/b-1", "coder#1")
    async with opened(handle) as one:
        one.app.talk("a")
        await one.until(lambda: isinstance(one.app.screen, PrintedPage) and page(one).chat.has_focus)
        await one.press(*"mind n", "enter")
        await one.until(lambda: handle.orders)
        assert (handle.orders[0].verb, handle.orders[0].reason, handle.orders[0].by) == ("tell", "mind n", one.app.who)
        assert page(one).chat.value == ""
        await one.press("escape", "l")
        assert not page(one).chat.display
        one.app.talk("a")
        await one.until(lambda: page(one).chat.has_focus)
        leg = "a/a-1"
        handle.record(f.RunEnded(leg, "a-1", "done", 0), f.ChecksStarted(leg))
        await one.until(lambda: not page(one).chat.has_focus)
        one.app.talk("a")
        await one.pilot.pause()
        assert "its agent cannot be talked to just now" in one.screen_text()


async def test_e_on_the_prompt_edits_what_the_next_run_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "editor"
    program.write_text('#!/bin/sh\ncat "$1" >> "$1.before"; printf "Use tabs.\\n\\nAlways.\\n" > "$1"\n')
    program.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(program))
    monkeypatch.setattr(CockpitApp, "suspend", _suspended)
    handle = busy()
    handle.prompt = {"run": "ci-testing-1", "text": "Do it.", "left_out": 0}
    async with opened(handle) as one:
        await one.press("enter")
        assert isinstance(one.app.screen, PrintedPage)
        one.app.screen.turn_to("prompt")
        await one.until(lambda: "nothing is added for the next run yet" in one.screen_text())
        await one.press("e")
        await one.until(lambda: handle.orders)
        assert (handle.orders[0].verb, handle.orders[0].reason) == ("prompt", "Use tabs.\n\nAlways.")
        await one.until(lambda: "the next run is also told" in one.screen_text())
        assert "the run that goes on is not told" in one.screen_text()
        await one.press("e")
        await one.until(lambda: not one.app.lent)
        await one.pilot.pause(0.01)
        assert len(handle.orders) == 1, "what was not changed is no order"


@contextmanager
def _suspended(_: CockpitApp) -> Iterator[None]:
    yield
