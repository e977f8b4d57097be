"""A run that talks in a loop is held back, and its refusals are not kept one by one."""

import pytest

from cockpit.clock import FakeClock
from cockpit.engine.restraint import AT_ONCE, EVERY_S, QUESTIONS_AT_ONCE, Restraint
from cockpit.errors import OrderRefusedError, TooManyOrdersError
from cockpit.schedule.orders import Order
from cockpit.schedule.talk import TALK


def runs_under_way() -> tuple[str, ...]:
    return ("r1", "r2")


def given(
    restraint: Restraint, count: int, verb: str = "note", run: str = "r1", words: tuple[str, ...] = ()
) -> list[str]:
    """Return what became of so many orders, one after the other."""
    found = []
    for _ in range(count):
        try:
            restraint.require(Order(verb, ("a",), f"{run}@agent", "x", how=run, words=words))
        except TooManyOrdersError:
            found.append("dropped")
        except OrderRefusedError as error:
            found.append("refused" if f"run {run} says too much" in error.what else error.what)
        else:
            found.append("taken")
    return found


def test_a_run_may_say_much_at_once_and_little_for_long() -> None:
    clock = FakeClock(1000.0)
    restraint = Restraint(clock, runs_under_way)
    found = given(restraint, 1000)
    assert [found.count(what) for what in ("taken", "refused", "dropped")] == [AT_ONCE, 1, 999 - AT_ONCE]
    assert given(restraint, 1, run="r2") == ["taken"], "what one run says is no other's"
    clock.advance(EVERY_S)
    assert given(restraint, 2) == ["taken", "dropped"]
    assert given(restraint, 2, "ask") == ["taken", "taken"], "what is asked is counted apart"
    assert given(restraint, 300, "ask").count("taken") == QUESTIONS_AT_ONCE - 2
    clock.advance(EVERY_S * AT_ONCE)
    assert given(restraint, AT_ONCE + 1) == ["taken"] * AT_ONCE + ["refused"]


def test_the_operator_is_never_held_back() -> None:
    restraint = Restraint(FakeClock(1000.0), runs_under_way)
    for verb in ("start", "answer", "pause", "tell"):
        for _ in range(1000):
            restraint.require(Order(verb, ("a",), "me@screen"))


@pytest.mark.parametrize("verb", ["send", "inbox", "done", "shared", "withdraw"])
def test_everything_that_a_run_says_is_counted(verb: str) -> None:
    assert "dropped" in given(Restraint(FakeClock(1000.0), runs_under_way), 1000, verb)


def test_what_an_agent_heard_is_noted_however_much_it_says() -> None:
    restraint = Restraint(FakeClock(1000.0), runs_under_way)
    assert given(restraint, AT_ONCE + 1)[-1] == "refused"
    assert given(restraint, 1, "inbox", words=(TALK,)) == ["taken"]
    assert given(restraint, 1, "inbox") == ["dropped"]
    assert "dropped" in given(restraint, 1000, "inbox", words=(TALK,)), "who forges these is held back, too"


def test_a_run_that_tries_on_and_on_what_only_humans_may_do_is_noted_for_a_while() -> None:
    restraint, kinds = Restraint(FakeClock(1000.0), runs_under_way), []
    for _ in range(AT_ONCE + 2):
        with pytest.raises(OrderRefusedError) as caught:
            restraint.refuse("r1", "`approve` is for humans")
        kinds.append(caught.type)
    assert kinds == [OrderRefusedError] * (AT_ONCE + 1) + [TooManyOrdersError]
    assert given(restraint, 1) == ["taken"], "what it says is counted apart"


def test_a_run_that_only_looks_on_and_on_is_noted_once() -> None:
    def look(restraint: Restraint, verb: str, about: str = "", run: str = "r1") -> str:
        try:
            restraint.require(Order(verb, ("a",), f"{run}@agent", expected=about, how=run))
        except TooManyOrdersError as error:
            return error.what
        return "taken"

    here = ["r1", "r2"]
    restraint = Restraint(FakeClock(1000.0), lambda: here)
    assert [look(restraint, "inbox") for _ in range(300)] == ["taken", *["that is noted already"] * 299]
    assert look(restraint, "inbox", run="r2") == "taken"
    assert look(restraint, "inbox", "m1") == look(restraint, "inbox", "m1") == "taken", "this reads a message"
    assert [look(restraint, "inbox") for _ in "12"] == ["taken", "that is noted already"]
    assert [look(restraint, "ask", about) for about in ("q1", "q2", "q1")] == [
        "taken",
        "taken",
        "that is noted already",
    ]
    here.remove("r1")
    assert look(restraint, "ask", "q1") == "taken", "the driver judges who is not under way"


def test_run_ids_that_are_made_up_count_as_one() -> None:
    restraint = Restraint(FakeClock(1000.0), runs_under_way)
    found = [given(restraint, 1, run=f"made-up-{number}")[0] for number in range(100)]
    assert (found.count("taken"), found.count("dropped")) == (AT_ONCE, 100 - AT_ONCE - 1)
    assert given(restraint, 1) == ["taken"]
