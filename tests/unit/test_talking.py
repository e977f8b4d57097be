import time
from typing import Any

import pytest
from msgspec.structs import replace

from cockpit.agents.streams import codex_app
from cockpit.agents.streams.codex_app import CHANGES, FORM, MORE, RUNS
from cockpit.engine import duplex_acp, duplex_claude
from cockpit.engine.hidden import hidden
from cockpit.engine.told import heard
from cockpit.errors import OrderRefusedError
from cockpit.plan.roundzero import PREPARE
from cockpit.redaction import KNOWN
from cockpit.schedule import facts as f
from cockpit.schedule.adding import LONGEST, NOT_TOLD, note
from cockpit.schedule.carry import carry_out
from cockpit.schedule.fold import replay
from cockpit.schedule.matching import PERMISSION, Found, quick_reply, share
from cockpit.schedule.orders import Order
from cockpit.schedule.outline import Outline, QuickReply
from cockpit.schedule.snapshot import Snapshot
from cockpit.schedule.talk import Question
from cockpit.schedule.talking import NOTE_LIMIT, OPEN_AT_ONCE, UNREAD
from cockpit.schedule.wording import words
from tests.unit.outlines import changed_workstream, loaded, merged, outline, prepared, ran, told

PLAN = outline([("a", []), ("b", [])])
RUN = "a@1"


def running(plan: Outline = PLAN) -> Snapshot:
    """Return a plan whose two workstreams both run."""
    return told(loaded(plan), *ran("a"), *ran("b", "claude#2"))


def inside(verb: str, text: str = "", **more: Any) -> Order:
    return Order(verb, ("a",), "claude#1", text, how=RUN, **more)


def gave(snapshot: Snapshot, order: Order) -> Snapshot:
    return told(snapshot, *carry_out(snapshot, order).facts)


def refused(snapshot: Snapshot, order: Order) -> str:
    with pytest.raises(OrderRefusedError) as caught:
        carry_out(snapshot, order)
    return caught.value.what


def only(snapshot: Snapshot) -> Question:
    (asked,) = snapshot.questions.values()
    return asked


# --- notes, and what is said to be done ---------------------------------------------------------------------------


def test_a_note_stands_on_its_leg_until_the_next_run() -> None:
    noted = gave(running(), inside("note", "  half of\n it "))
    assert noted.legs["a"].note == "half of it"
    again = told(noted, f.RunEnded("a", RUN, "failed"), f.RetryScheduled("a", 0.0), f.LegTaken("a", "a@2", "claude#1"))
    assert again.legs["a"].note == ""


def test_an_agent_claims_issues_by_id_and_points_by_words_or_number() -> None:
    plan = changed_workstream(PLAN, "a", checklist=("Docs written", "Load test run"))
    legs = tuple(replace(leg, issues=("A-1", "A-2")) if leg.key == "a" else leg for leg in plan.legs)
    snapshot = gave(running(replace(plan, legs=legs)), inside("done", words=("A-1", "docs  WRITTEN")))
    snapshot = gave(snapshot, inside("done", words=("2", "A-1")))
    assert snapshot.legs["a"].claimed == ("A-1", "Docs written", "Load test run")
    assert "B-9 is no issue" in refused(snapshot, inside("done", words=("B-9",)))
    assert refused(snapshot, inside("done")) == "nothing was named that is done"


@pytest.mark.parametrize("verb", ["note", "ask", "send", "inbox", "done", "withdraw"])
def test_only_a_run_that_is_under_way_may_speak(verb: str) -> None:
    order = inside(verb, "x", expected="b", words=("x",))
    assert refused(running(), replace(order, how="a@0")) == "run a@0 of a is not under way"
    over = told(running(), f.RunEnded("a", RUN, "done", 0), f.ChecksStarted("a"))
    assert refused(over, order) == "run a@1 of a is not under way"


# --- questions ------------------------------------------------------------------------------------------------------


def test_a_question_waits_for_the_operator_and_holds_nothing_else() -> None:
    snapshot = gave(running(), inside("ask", "Which port?", words=("80", "8080")))
    asked = only(snapshot)
    assert (asked.workstream, asked.run, asked.choices, asked.by, asked.open) == (
        "a",
        RUN,
        ("80", "8080"),
        "claude#1",
        True,
    )
    assert (snapshot.state(), snapshot.open_questions("b")) == ("attention", ())
    answered = gave(snapshot, Order("answer", ("a",), "olga@desk", number=2))
    assert (only(answered).answer, only(answered).answered_by, only(answered).how) == ("8080", "olga@desk", "operator")
    assert answered.state() == "running"


def test_a_number_that_is_typed_is_a_choice_only_where_there_is_such_a_one() -> None:
    def chosen(text: str, *choices: str) -> int | None:
        return Question("q", "a", "a", RUN, "?", choices).chosen(text)

    assert [chosen(text, "80", "8080") for text in ("1", "2", "3", "0", "8080", "9" * 5000)] == [1, 2, *[None] * 4]
    assert chosen("4") is None, "how many? 4 is an answer in words"


def test_an_answer_names_its_question_where_there_are_several() -> None:
    snapshot = gave(gave(running(), inside("ask", "one?")), inside("ask", "two?"))
    first, second = snapshot.questions
    assert first in refused(snapshot, Order("answer", ("a",), reason="yes"))
    snapshot = gave(snapshot, Order("answer", ("a",), reason="yes", expected=second))
    assert [one.open for one in snapshot.questions.values()] == [True, False]
    assert "not open" in refused(snapshot, Order("answer", ("a",), reason="no", expected=second))
    assert "no choice 1" in refused(snapshot, Order("answer", ("a",), number=1))
    assert refused(snapshot, Order("answer", ("b",), reason="x")) == "b asks nothing"


def test_who_only_looks_again_leaves_the_order_as_the_fact() -> None:
    snapshot = gave(running(), inside("ask", "one?"))
    for looks in (inside("ask", "waits on", expected=only(snapshot).id), inside("inbox")):
        assert carry_out(snapshot, looks).facts == ()
    assert "asked no question q99" in refused(snapshot, inside("ask", "x", expected="q99"))
    of_another = Order("ask", ("b",), "claude#2", "x", how="b@1", expected=only(snapshot).id)
    assert "asked no question" in refused(snapshot, of_another)


def test_a_question_ends_with_its_time_or_with_its_run() -> None:
    snapshot = gave(running(), inside("ask", "one?"))
    late = gave(snapshot, inside("withdraw", expected=only(snapshot).id))
    assert (only(late).how, only(late).answer) == ("timeout", "")
    over = told(snapshot, f.RunEnded("a", RUN, "failed"))
    assert only(over).how == "ended"
    # what an older journal holds twice does not fit, and is skipped
    again = replay(
        over, [f.Recorded(over.seq + 1, over.at, f.QuestionAnswered("a", only(over).id, "x", "y", "operator"))]
    )
    assert (again.skipped, only(again).how) == (1, "ended")


def test_always_answers_the_same_question_of_that_workstream_alone() -> None:
    snapshot = gave(running(), inside("ask", "May I run npm ci?"))
    snapshot = gave(snapshot, Order("answer", ("a",), "olga@desk", "yes", how="always"))
    snapshot = gave(snapshot, inside("ask", "may I  run npm CI?"))
    asked = list(snapshot.questions.values())[-1]
    assert (asked.answer, asked.how, asked.answered_by) == ("yes", "automatic", "olga@desk, for always")
    other = gave(snapshot, Order("ask", ("b",), "claude#2", "May I run npm ci?", how="b@1"))
    assert len(other.open_questions("b")) == 1


def test_the_plans_answers_are_used_above_their_threshold_and_recorded_as_automatic() -> None:
    plan = replace(
        PLAN, answers=(QuickReply("(?i)may i run the tests", "yes", 90.0), QuickReply("tests", "never", 90.0))
    )
    snapshot = gave(running(plan), inside("ask", "May I run the tests?"))
    assert (only(snapshot).answer, only(snapshot).how) == ("yes", "automatic")
    assert "covers 95% of it" in only(snapshot).answered_by
    longer = gave(running(plan), inside("ask", "May I run the tests and then delete the database?"))
    assert only(longer).open


@pytest.mark.parametrize(
    ("pattern", "question", "percent"),
    [
        ("a+", "aab", 200 / 3),
        ("yes", "no", 0.0),
        ("^.*$", "two\n  lines", 100.0),
        ("(", "(", 0.0),
        (".*", "x" * 401, 0.0),
        ("x*", "y", 0.0),
    ],
)
def test_a_match_is_measured_by_how_much_of_the_question_it_covers(pattern: str, question: str, percent: float) -> None:
    assert share(pattern, question) == pytest.approx(percent)


def test_a_reply_without_any_match_is_never_used() -> None:
    assert quick_reply([QuickReply("z", "yes", 0.0)], "may I?") == Found()


def test_a_pattern_that_takes_too_long_matches_nothing_and_the_fact_says_so() -> None:
    slow = ("(?:a+)+[^a]$", r"(.*)(.*)(.*)(.*)\1\2x")
    plan = replace(PLAN, answers=(*(QuickReply(one, "no") for one in slow), QuickReply("a+", "yes")))
    begun = time.process_time()
    found = carry_out(running(plan), inside("ask", f"{'a' * 380}x{'a' * 18}")).facts
    assert time.process_time() - begun < 1.0
    asked, answered = found
    assert isinstance(asked, f.QuestionAsked)
    assert isinstance(answered, f.QuestionAnswered)
    assert (asked.slow, answered.text) == (slow, "yes")
    assert f"took too long to match: {slow[0]!r}, " in words(asked)


def test_a_permission_is_given_only_by_a_pattern_that_covers_all_of_it() -> None:
    plan = replace(PLAN, answers=(QuickReply("May it run: make test", "allow", 10.0),))
    for text in ("May it run: make test?", "May it run: make test; rm -rf ~?"):
        assert only(gave(running(plan), inside("ask", text))).open, text
    whole = replace(PLAN, answers=(QuickReply(r"May it run: make test\?", "allow", 10.0),))
    assert only(gave(running(whole), inside("ask", "May it  run: make test?"))).answer == "allow"
    assert only(gave(running(plan), inside("ask", "It asks: May it run: make test"))).answer == "allow"


def test_a_permission_for_always_is_for_the_same_case() -> None:
    snapshot = gave(running(), inside("ask", "May it run: rm Build?"))
    snapshot = gave(snapshot, Order("answer", ("a",), "olga@desk", "allow", how="always"))
    snapshot = gave(snapshot, inside("ask", "May it run: rm build?"))
    assert [one.text for one in snapshot.open_questions("a")] == ["May it run: rm build?"]
    again = gave(snapshot, inside("ask", "May it run:  rm Build?"))
    assert len(again.open_questions("a")) == 1


def test_all_that_go_betweens_ask_for_is_known_as_a_permission() -> None:
    codex = [codex_app.Wishes().wanted(method, {}) for method in (RUNS, CHANGES, MORE, FORM)]
    asked = (*codex, duplex_acp.wanted({}), duplex_claude.wanted({}, {}))
    assert [one for one in asked if not one.startswith(f"{PERMISSION} ") and not one.startswith(f"{PERMISSION}:")] == []


def test_too_much_is_refused() -> None:
    snapshot = running()
    assert "too long" in refused(snapshot, inside("note", "x" * (NOTE_LIMIT + 1)))
    assert "is empty" in refused(snapshot, inside("ask", " \n"))
    assert "at most 9 choices" in refused(snapshot, inside("ask", "?", words=tuple("0123456789")))
    for number in range(OPEN_AT_ONCE):
        snapshot = gave(snapshot, inside("ask", f"{number}?"))
    assert "are open already" in refused(snapshot, inside("ask", "one more?"))


# --- messages -------------------------------------------------------------------------------------------------------


def test_a_message_waits_in_the_inbox_of_the_other_until_it_is_read() -> None:
    snapshot = gave(running(), inside("send", "the schema is new", expected="b"))
    (sent,) = snapshot.unread("b")
    assert (sent.sender, sent.text, snapshot.unread("a")) == ("a", "the schema is new", ())
    reading = Order("inbox", ("b",), "claude#2", expected=sent.id, how="b@1")
    snapshot = gave(snapshot, reading)
    assert (snapshot.unread("b"), snapshot.messages["b"][0].read) == ((), "inbox")
    assert "no such message" in refused(snapshot, reading)


def test_a_message_has_a_recipient_that_can_read_it() -> None:
    snapshot = running()
    assert "there is no workstream c in this plan (there are: b)" in refused(
        snapshot, inside("send", "x", expected="c")
    )
    assert "your own" in refused(snapshot, inside("send", "x", expected="a"))
    done = told(told(loaded(PLAN), *ran("a")), *merged("b", "claude#2"))
    assert refused(done, inside("send", "x", expected="b")) == "b is merged: no agent works on it any more"
    for _ in range(UNREAD):
        snapshot = gave(snapshot, inside("send", "again", expected="b"))
    assert "is full" in refused(snapshot, inside("send", "again", expected="b"))


# --- what the operator says to an agent at work -------------------------------------------------------------------


def test_the_operator_talks_to_an_agent_at_work_and_what_it_missed_waits_for_its_next_run() -> None:
    talks = tuple(replace(one, talks=True) for one in PLAN.profiles)
    saying = Order("tell", ("a",), "me@screen", "mind the tests")
    assert "cannot be talked to while it works" in refused(running(), saying)
    snapshot = gave(running(replace(PLAN, profiles=talks)), saying)
    (said,) = snapshot.unread("a")
    assert (said.sender, said.by, said.text, said.run) == ("", "me@screen", "mind the tests", RUN)
    heard_now = gave(snapshot, inside("inbox", expected=said.id, words=("talk",)))
    assert (heard_now.unread("a"), heard_now.messages["a"][0].read) == ((), "talk")
    over = told(snapshot, f.RunEnded("a", RUN, "failed"), f.LegFailed("a"))
    assert "only an agent at work" in refused(over, saying)
    (note,) = heard(over.unread("a"))
    assert note == "The operator told you, while no run could hear it: mind the tests"
    full = told(snapshot, *(f.AgentTold("a", f"x{one}", RUN, "more") for one in range(UNREAD)))
    assert "the inbox of a is full" in refused(full, saying)


# --- what the operator adds to the prompt of the next run ---------------------------------------------------------


def test_an_addition_is_put_behind_or_in_place_and_taken_away_and_told_to_every_run_from_the_next_on() -> None:
    def adding(text: str, how: str = "") -> Order:
        return Order("prompt", ("a",), "me@screen", text, how=how)

    snapshot = gave(gave(loaded(PLAN), adding(" Use tabs.\n")), adding("Mind the docs.", "add"))
    assert snapshot.legs["a"].addition == "Use tabs.\n\nMind the docs."
    assert "already" in refused(snapshot, adding(snapshot.legs["a"].addition))
    assert gave(snapshot, adding("")).legs["a"].addition == ""
    assert "nothing to add" in refused(snapshot, adding(" ", "add"))
    assert "too long" in refused(snapshot, adding("x" * (LONGEST + 1)))
    at_work = gave(told(snapshot, *ran("a")), adding("Only this."))
    leg = told(at_work, f.AdditionTold("a", RUN, "Use tabs.\n\nMind the docs.")).legs["a"]
    assert (leg.addition, leg.additions) == ("Only this.", ("Use tabs.\n\nMind the docs.",)), "changed meanwhile"
    leg = told(at_work, f.AdditionTold("a", RUN, "Only this.")).legs["a"]
    assert (leg.addition, leg.additions) == ("", ("Only this.",))
    assert note([at_work.legs["a"]]) == NOT_TOLD
    assert note([leg]) == ""
    KNOWN.learn({"DOOR_TOKEN": "open-sesame-4711"})
    secret = gave(at_work, adding("Use open-sesame-4711."))
    leg = told(secret, hidden(f.AdditionTold("a", RUN, secret.legs["a"].addition))).legs["a"]
    assert leg.addition == "", "else each run would be told it anew"
    over = told(loaded(PLAN), *merged("a"))
    assert "a is merged" in refused(over, adding("too late"))
    assert "runs commands" in refused(loaded(prepared(PLAN)), Order("prompt", (PREPARE,), "me", "hello"))
