"""Questions of agents on the screen: they await the operator, and are answered by a choice or in words."""

import pytest
from textual.widgets import Checkbox, Input, Static

from cockpit.schedule import facts as f
from cockpit.schedule.orders import Order
from cockpit.schedule.printed import CALLS, SAYS, Meaning, Printed
from cockpit.ui.present import Presenter, awaits_operator
from cockpit.ui.screens.answer import AnswerScreen, last_lines, question_lines
from tests.ui.fakes import FakeHandle, busy
from tests.ui.opening import Opened, opened

pytestmark = pytest.mark.anyio
LEG, RUN, WHO = "ci-testing/ci-testing-1", "ci-testing-1", "user@screen"


def asking(text: str = "Which port?", choices: tuple[str, ...] = ("80", "8080")) -> FakeHandle:
    """Return the plan in the middle, with one agent that asks."""
    handle = busy()
    handle.record(f.NoteMade(LEG, RUN, "half way"), f.QuestionAsked(LEG, "q7", RUN, text, choices, "claude#1"))
    return handle


def answers(one: Opened) -> AnswerScreen:
    screen = one.app.screen
    assert isinstance(screen, AnswerScreen)
    return screen


async def test_a_question_awaits_the_operator_and_says_what_it_asks() -> None:
    view = asking().view()
    row = Presenter().rows(view)["ci-testing"]
    assert (row.awaits, row.look.word) == (True, "running")
    assert ("asks: Which port?", "warn") in row.cells
    assert awaits_operator(view.snapshot, "ci-testing")


async def test_all_of_a_long_question_can_be_read_beside_its_choices() -> None:
    handle = asking("May it run: " + "step && " * 400 + "the end?")
    async with opened(handle) as one:
        await one.on("ci-testing")
        await one.press("i")
        asked, ways = answers(one).query_one("#asked"), answers(one).query_one("#ways")
        assert (asked.scroll_offset.y, ways.has_focus) == (0, True)
        await one.press("shift+tab", "end")
        await one.until(lambda: asked.scroll_offset.y == asked.max_scroll_y > 0)
        assert answers(one).region.contains_region(ways.region)
        await one.press("2")
        await one.until(lambda: [order.number for order in handle.orders] == [2])


async def test_what_an_agent_noted_stands_before_what_it_does() -> None:
    handle = busy()
    handle.record(f.NoteMade(LEG, RUN, "half way"))
    cells = Presenter().rows(handle.view())["ci-testing"].cells
    assert ("half way · running pytest tests/test_install.py", "plain") in cells


@pytest.mark.parametrize(
    ("keys", "order"),
    [
        (("2",), Order("answer", ("ci-testing",), WHO, number=2, expected="q7")),
        (("down", "enter"), Order("answer", ("ci-testing",), WHO, number=2, expected="q7")),
        (("tab", *"81", "enter"), Order("answer", ("ci-testing",), WHO, "81", expected="q7")),
        (
            ("tab", "tab", "space", "up", "9", "enter"),
            Order("answer", ("ci-testing",), WHO, "9", expected="q7", how="always"),
        ),
    ],
)
async def test_i_answers_by_number_by_choice_or_in_words(keys: tuple[str, ...], order: Order) -> None:
    handle = asking()
    async with opened(handle) as one:
        await one.on("ci-testing")
        await one.press("i")
        shown = one.screen_text()
        assert "ci-testing asks" in shown
        assert "2  8080" in shown
        assert "it noted: half way" in shown
        await one.until(lambda: "release 1.4.2 is not installed" in one.screen_text())
        await one.press(*keys)
        await one.until(lambda: handle.orders)
        assert handle.orders == [order]
        assert not handle.snapshot.open_questions()


async def test_esc_leaves_it_open_and_nothing_to_answer_is_said() -> None:
    handle = asking(choices=())
    async with opened(handle) as one:
        await one.on("ci-testing")
        await one.press("i", "enter")
        assert "the answer is empty" in str(answers(one).query_one("#refused", Static).content)
        await one.press("escape")
        assert (handle.orders, one.app.screen) == ([], one.page)
        await one.on("docs")
        await one.press("i")
        assert "docs asks nothing" in one.status


async def test_what_was_answered_meanwhile_is_not_answered_again() -> None:
    handle = asking()
    async with opened(handle) as one:
        await one.on("ci-testing")
        await one.press("i")
        handle.record(f.QuestionAnswered(LEG, "q7", "80", "olga@desk", "operator"))
        await one.until(lambda: not one.app.view.snapshot.open_questions())
        await one.press("1")
        assert "not open any more" in str(answers(one).query_one("#refused", Static).content)
        assert handle.orders == []


async def test_nothing_an_agent_asks_reaches_the_screen_as_it_is() -> None:
    evil = "\x1b]0;x\x07[red]may I[/red]\x1b[2J\n\x1b[31mrm\u202e -rf?"
    handle = asking(evil, ("[b]yes\x1b[1m", "no\nno"))
    assert question_lines(handle.snapshot.questions["q7"]) == ["[red]may I[/red]", "rm -rf?"]
    async with opened(handle, size=(40, 24)) as one:
        await one.on("ci-testing")
        await one.press("i")
        shown = one.screen_text()
        assert "[red]may I[/red]" in shown
        assert "1  [b]yes" in shown
        assert "\x1b" not in shown
        assert one.app.screen.query_one(Input).has_focus is False
        assert one.app.screen.query_one(Checkbox).value is False


def test_only_the_last_lines_that_say_something_are_shown() -> None:
    rows = [Printed(at, text) for at, text in enumerate(("a", "", "\x1b[31mb\x1b[0m", "   ", "c", "d", "e"))]
    assert last_lines(rows) == ["b", "c", "d", "e"]
    meant = [Printed(1, "{}", means=(Meaning(SAYS, "first\n\nthen"), Meaning(CALLS, "runs", "ls", "t")))]
    assert last_lines(meant, structured=True) == ["first", "then", "▸ ● runs ls"]
