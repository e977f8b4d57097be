"""What the screen says of a plan, without a screen: rows, differences, columns, header, alerts."""

from itertools import pairwise
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

from cockpit.cli.status import status_lines
from cockpit.engine.handle import View
from cockpit.schedule import facts as f
from cockpit.schedule.readings import Forecast, PlanReading, RunReading
from cockpit.schedule.snapshot import Sleep
from cockpit.schedule.states import State
from cockpit.ui.alerts import alerts, top_lines
from cockpit.ui.asking import quit_question
from cockpit.ui.columns import COLUMNS, GAP, lay_out
from cockpit.ui.headline import header_lines, headline, problems
from cockpit.ui.keys import ACTIONS, BY_NAME
from cockpit.ui.looks import LOOKS, age, at_clock, fit, line, name
from cockpit.ui.news import news
from cockpit.ui.present import REMOVED, Presenter, Row, going_on, patch
from cockpit.ui.screens.known import about
from cockpit.ui.violations import detail, items
from tests.ui.fakes import START, FakeHandle, busy, held, loaded, many, outline, six, under_way, workstream


def rows_of(handle: FakeHandle) -> dict[str, Row]:
    return Presenter().rows(handle.view())


def said(rows: dict[str, Row], key: str) -> tuple[str, str]:
    return rows[key].cells[0][0], rows[key].cells[8][0]


def test_every_state_has_a_glyph_of_one_cell_a_word_and_a_colour() -> None:
    assert LOOKS.keys() == set(State)
    assert all(cell_len(look.glyph) == 1 for look in LOOKS.values())
    assert len({look.glyph for look in LOOKS.values()}) == len(State)
    assert all(look.word == state.value for state, look in LOOKS.items())


def test_a_row_says_its_state_and_why() -> None:
    rows = rows_of(busy())
    assert said(rows, "ci-testing") == ("● running", "running pytest tests/test_install.py")
    assert said(rows, "security") == ("◆ review", "approval: merge")
    assert said(rows, "database") == ("✗ failed", "gate tests failed: 3 of 41")
    assert said(rows, "cli") == ("⊣ blocked", "blocked by database (failed)")
    assert said(rows, "api") == ("· waiting", "waits for security (review)")
    assert said(rows, "docs") == ("⊣ blocked", "blocked by database (failed)")


def test_a_plan_that_nobody_started_says_what_each_needs() -> None:
    rows = rows_of(loaded(six()))
    assert said(rows, "database") == ("· waiting", "not started")
    assert said(rows, "cli") == ("· waiting", "not started · needs database (waiting)")


def test_a_start_that_needs_approval_says_so() -> None:
    handle = loaded(replace(six(), workstreams=tuple(replace(one, approve_start=True) for one in six().workstreams)))
    handle.record(f.WorkstreamWanted("security"), publish=False)
    rows = rows_of(handle)
    assert said(rows, "security") == ("○ ready", "approval: start")
    assert rows["security"].awaits
    assert not rows["cli"].awaits


def test_what_waits_for_a_slot_says_what_holds_launching() -> None:
    handle = loaded(six())
    handle.record(f.WorkstreamWanted("security"), publish=False)
    assert said(rows_of(handle), "security")[1] == "is next"
    handle.record(f.LaunchingHeld(), publish=False)
    assert said(rows_of(handle), "security")[1] == "launching is held (P)"
    handle.read(plan=PlanReading(untrusted=("make",)))
    assert "not trusted" in said(rows_of(handle), "security")[1]


def test_silence_is_a_stall_and_inference_is_marked() -> None:
    handle = busy()
    handle.read(runs={"ci-testing-1": RunReading(stalled_since=START + 60)})
    state, why = said(rows_of(handle), "ci-testing")
    assert state == "◌ ~stalled"
    assert why == "no output and no change since 22:14:20"
    handle.read(runs={"ci-testing-1": RunReading(source="unknown", activity="thinking")})
    assert said(rows_of(handle), "ci-testing") == ("● ~running", "thinking")


def test_a_blocked_merge_says_why_and_when_it_is_tried_again() -> None:
    handle = busy()
    leg = "security/security-1"
    handle.record(
        f.ApprovalGiven(leg, "merge", "me"),
        f.MergeStarted(leg),
        f.MergeDeferred(leg, "src/a.py is edited in the checkout", START + 400),
        publish=False,
    )
    state, why = said(rows_of(handle), "security")
    assert state == "▹ queued"
    assert why == "src/a.py is edited in the checkout · next try 22:20:00"
    assert any("merge waits: src/a.py" in alert.text for alert in alerts(handle.view()))


def test_ending_retrying_and_refused_clean_ups_are_explained() -> None:
    handle = busy()
    handle.record(f.EndAsked("ci-testing/ci-testing-1", "pause"), publish=False)
    assert said(rows_of(handle), "ci-testing")[1] == "pausing…"
    handle.record(f.RetryScheduled("ci-testing/ci-testing-1", START + 60, "it exited 3"), publish=False)
    assert said(rows_of(handle), "ci-testing") == ("↻ retrying", "again at 22:14:20 · it exited 3")
    handle.record(f.CleanUpRefused("database", "it has a stash"), publish=False)
    assert said(rows_of(handle), "database")[1] == "clean-up refused: it has a stash"


def test_what_goes_on_when_nobody_looks_is_what_works_or_waits_for_nobody() -> None:
    handle = busy()
    assert going_on(handle.snapshot) == ("ci-testing",)
    handle.record(f.WorkstreamWanted("security"), f.LegRetried("database/database-1"), publish=False)
    assert going_on(handle.snapshot) == ("ci-testing", "database")
    handle.record(f.LaunchingHeld(), publish=False)
    assert going_on(handle.snapshot) == ("ci-testing",)


def test_rows_of_what_did_not_change_are_the_same_objects() -> None:
    handle, presenter = busy(), Presenter()
    before = presenter.rows(handle.view())
    handle.record(f.EndAsked("ci-testing/ci-testing-1", "stop"), publish=False)
    after = presenter.rows(handle.view())
    found = patch(before, after)
    assert found.order is None
    assert [row.id for row in found.rows] == ["ci-testing"]
    assert patch(after, presenter.rows(handle.view())).empty


def test_a_changed_state_changes_the_rows_of_those_that_wait_for_it() -> None:
    handle, presenter = busy(), Presenter()
    before = presenter.rows(handle.view())
    handle.record(f.ApprovalGiven("security/security-1", "merge"), publish=False)
    assert {row.id for row in patch(before, presenter.rows(handle.view())).rows} == {"security", "api"}


def test_what_was_removed_from_the_plan_and_is_kept_says_so() -> None:
    handle, presenter = busy(), Presenter()
    assert not any(REMOVED in row.cells[8][0] for row in presenter.rows(handle.view()).values())
    handle.record(f.PlanLoaded("p", "", outline(workstream("other", "x"))), publish=False)
    rows = presenter.rows(handle.view())
    assert list(rows) == ["other", "ci-testing", "security", "database"]
    assert rows["security"].cells[8][0] == "approval: merge · removed from plan"
    assert REMOVED in str(about(handle.view(), rows["security"], START))
    assert sum("removed from plan" in one for one in status_lines(handle.view(), START, None)) == 3


def test_texts_name_the_keys_that_the_operator_has(monkeypatch: pytest.MonkeyPatch) -> None:
    for number, action in enumerate(one for one in ACTIONS if one.keys):
        monkeypatch.setitem(BY_NAME, action.name, replace(action, shown=f"F{number}"))
    has = {one.name: BY_NAME[one.name].shown for one in ACTIONS}
    handle = held()
    handle.readings = replace(handle.readings, plan=PlanReading(untrusted=("make",)))
    assert problems(handle.view()) == ((f"! not trusted yet ({has['trust']})", "warn"),)
    assert headline(loaded(six()).view(), (), START).eta == f"nothing is started ({has['start']}, {has['start_all']})"
    found = items(handle.view())
    texts = [text for item in found.values() for cells in detail(handle.view(), item, START) for text, _ in cells]
    assert any(f"{has['release']} releases, {has['waive']} lets" in text for text in texts)
    assert any(f"{has['discard']} discards it · {has['diff']} shows" in text for text in texts)
    assert any(f"{has['waive']} lets it stand" in text for text in texts)
    quarantined = about(handle.view(), Presenter().rows(handle.view())["ci-testing"], START)
    assert f"{has['release']}: resume" in str(quarantined)
    assert f"({has['drain']} goes on)" in quit_question(1).lines[2]


def test_a_plan_that_changes_gives_the_order_anew() -> None:
    handle, presenter = busy(), Presenter()
    before = presenter.rows(handle.view())
    plan = six()
    handle.record(f.PlanLoaded("p", "", replace(plan, workstreams=plan.workstreams[::-1])), publish=False)
    found = patch(before, presenter.rows(handle.view()))
    assert found.order == tuple(one.id for one in plan.workstreams[::-1])


@pytest.mark.parametrize("width", range(20, 240, 7))
def test_columns_fit_every_width_and_keep_state_and_name(width: int) -> None:
    rows = tuple(rows_of(busy()).values())
    laid = lay_out(rows, width, START)
    names = [one.column.name for one in laid]
    assert names[:2] == ["state", "name"]
    if width >= 30:
        assert sum(one.width for one in laid) + GAP * (len(laid) - 1) <= width


def test_columns_come_back_by_priority() -> None:
    rows = tuple(rows_of(busy()).values())
    shown = [{one.column.name for one in lay_out(rows, width, START)} for width in range(30, 240)]
    assert all(narrow <= wide for narrow, wide in pairwise(shown))
    nothing_of = {"clash", "bad", "activity", "alerts"}
    assert shown[-1] == {column.name for column in COLUMNS} - nothing_of


def test_the_header_tells_the_plan_counts_agents_eta_and_cost() -> None:
    handle = busy()
    model = headline(handle.view(), rows_of(handle).values(), handle.clock.now())
    text = "\n".join("".join(part for part, _ in one) for one in header_lines(model, 196))
    assert "live-services  on main@9f31c2a" in text
    assert "● 1 running" in text
    assert "⊣ 2 blocked" in text
    assert "agents 1/3" in text
    assert "done in 1h 10m (23:28), 90 % by 00:01 + your 3 approvals" in text
    assert "$1.84" in text
    assert "attention" in text


def test_a_reached_limit_of_cost_and_a_sleeping_profile_are_told() -> None:
    view = busy().view()
    limited = replace(view.snapshot, outline=replace(view.snapshot.outline, cost_limit=1.5))
    slept = replace(limited, asleep={"coder": Sleep(view.snapshot.at + 60, "quota"), "old": Sleep(1.0)})
    view = replace(view, snapshot=slept)
    spent = "the cost limit is reached: $1.84 of $1.50 (limits.cost)"
    assert f"! {spent}" in [text for text, _ in headline(view, (), view.snapshot.at).problems]
    told = [alert.text for alert in alerts(view)]
    assert f"nothing is launched: {spent}" in told
    assert all(one.solve for one in alerts(view) if spent in one.text)
    assert [text.partition(" until")[0] for text in told if "sleeps" in text] == ["coder sleeps"]


@pytest.mark.parametrize("width", [28, 38, 76, 78, 118, 196])
def test_the_header_never_drops_what_is_wrong(width: int) -> None:
    handle = busy()
    handle.connected = False
    handle.readings = replace(handle.readings, plan=PlanReading(errors=("a", "b")), hold="no disk")
    model = headline(handle.view(), rows_of(handle).values(), START)
    text = "\n".join("".join(part for part, _ in one) for one in header_lines(model, width))
    assert "✗ driver gone: it was killed" in text
    assert "✗ plan file: 2 errors" in text
    assert "no disk" in text


@pytest.mark.parametrize("width", [38, 60, 76, 78, 100, 118, 196])
def test_the_counts_have_words_wherever_there_is_room(width: int) -> None:
    handle = busy()
    model = headline(handle.view(), rows_of(handle).values(), handle.clock.now())
    shown = ["".join(part for part, _ in one) for one in header_lines(model, width)]
    assert all(cell_len(one) <= width for one in shown), shown
    text = "\n".join(shown)
    assert "agents 1/3" in text
    assert ("● 1 run" in text) is (width >= 60), text


def test_many_states_at_80_columns_keep_their_words_on_a_line_of_their_own() -> None:
    handle = busy()
    model = headline(handle.view(), rows_of(handle).values(), handle.clock.now())
    many = tuple((look, 10) for look in list(LOOKS.values())[:6])
    shown = ["".join(part for part, _ in one) for one in header_lines(replace(model, counts=many), 78)]
    assert len(shown) == 3
    assert "● 10 run  ◔ 10 prep" in shown[1]
    assert "agents 1/3" in shown[2]


@pytest.mark.parametrize("width", [30, 38])
def test_where_not_all_counts_fit_the_worst_are_told(width: int) -> None:
    handle = busy()
    model = headline(handle.view(), rows_of(handle).values(), handle.clock.now())
    every = replace(model, counts=tuple((look, 1) for look in LOOKS.values()))
    counts = "".join(part for part, _ in header_lines(every, width)[1])
    assert cell_len(counts) <= width
    assert {"⊘ 1", "≠ 1", "✗ 1"} <= set(counts.split("  "))
    assert counts.endswith("  …")
    assert "✓" not in counts


def test_no_eta_says_why_and_an_idle_plan_says_how_to_start() -> None:
    handle = busy()
    handle.readings = replace(handle.readings, forecast=Forecast(START, why_not="database failed: only you can retry"))
    assert headline(handle.view(), (), START).eta == "no ETA: database failed: only you can retry"
    assert headline(loaded(six()).view(), (), START).eta == "nothing is started (s, S)"


def test_what_is_read_from_the_journal_is_no_alarm() -> None:
    view = replace(busy().view(), connected=False)
    assert headline(view, (), START, reaching=True).problems == (("… reaching the driver", "dim"),)
    assert headline(view, (), START).problems[0][0].startswith("✗ driver gone")


def test_alerts_come_worst_first_and_say_what_awaits_the_operator() -> None:
    handle = busy()
    handle.readings = replace(
        handle.readings,
        plan=PlanReading(errors=("plan.yaml:3:1: what is this", "plan.yaml:4:1: and this"), asks=("gates: a → b",)),
        runs={"ci-testing-1": RunReading(stalled_since=START)},
        notes={"driver": "internal error"},
    )
    texts = [alert.text for alert in alerts(handle.view())]
    assert texts[0] == "plan file: 2 errors (D lists them), first plan.yaml:3:1: what is this"
    assert texts[1:3] == ["changed, not trusted yet (T): gates: a → b", "driver: internal error"]
    assert texts[3] == "database: failed: gate tests failed: 3 of 41"
    assert texts[4].startswith("ci-testing: ~stalled")
    assert texts[5] == "security: awaits your yes to its merge (a, A)"


def test_more_alerts_than_lines_say_how_many() -> None:
    found = alerts(busy().view()) * 4
    assert len(top_lines(found, 3)) == 3
    assert top_lines(found, 3)[-1].text == f"{len(found) - 2} more (3 shows all, n goes through yours)"


def test_conflicts_are_alerts_with_their_paths() -> None:
    handle = busy()
    leg = "security/security-1"
    handle.record(
        f.ApprovalGiven(leg, "merge"), f.MergeStarted(leg), f.ConflictFound(leg, ("src/a.py",)), publish=False
    )
    assert alerts(handle.view())[0].text == "security: conflict: conflicts with main in src/a.py"


def test_news_tell_merges_and_failures_and_sum_up_many() -> None:
    handle = busy()
    leg = "security/security-1"
    handle.record(f.ApprovalGiven(leg, "merge"), f.MergeStarted(leg), f.LegMerged(leg, "abc"), publish=False)
    assert news(handle.snapshot, handle.recorded[-1:]) == (("security merged", False),)
    assert news(handle.snapshot, handle.recorded[-1:] * 5) == (("5 legs merged", False),)
    failed = [one for one in handle.recorded if isinstance(one.fact, f.LegFailed)]
    assert news(handle.snapshot, failed) == (("database failed: gate tests failed: 3 of 41", True),)


def test_a_finished_plan_says_so() -> None:
    handle = loaded(replace(six(), workstreams=six().workstreams[1:2], legs=six().legs[2:3]))
    under_way(handle, "security/security-1", "coder#1", f.ChecksStarted("security/security-1"))
    handle.record(f.LegMerged("security/security-1"), publish=False)
    assert headline(handle.view(), (), START).eta == "all merged"


@given(st.text(max_size=60), st.integers(0, 40), st.booleans())
def test_fit_takes_exactly_its_width(text: str, width: int, right: bool) -> None:
    assert cell_len(fit(line(text), width, right=right)) == width


@given(st.text(max_size=400))
def test_names_and_lines_hold_nothing_that_moves_a_cursor(text: str) -> None:
    for shown in (name(text), line(text)):
        assert not [char for char in shown if category(char) in ("Cc", "Cs", "Zl", "Zp")]
        assert not set(shown) & {"\u202e", "\u2066", "\u200f"}
    assert bool(name(text)) is bool(text)


def test_ages_are_coarse_and_clock_times_name_the_day_when_it_is_not_today() -> None:
    assert [age(0), age(59.9), age(61), age(3700), age(90_000), age(None)] == [
        "0s",
        "59s",
        "1m",
        "1h 01m",
        "1d 01h",
        "",
    ]
    assert at_clock(START + 60, START) == "22:14"
    assert at_clock(START + 2 * 86_400, START) == "Thu 22:13"
    assert at_clock(START + 20 * 86_400, START) == "04 Dec 22:13"


def test_an_empty_view_has_no_rows() -> None:
    from cockpit.schedule.snapshot import Snapshot

    view = View(Snapshot(), connected=False)
    assert Presenter().rows(view) == {}
    assert header_lines(headline(view, (), START), 80)
    assert lay_out((), 80, START)


def test_a_thousand_rows_come_in_plan_order() -> None:
    rows = rows_of(many(1000))
    assert list(rows)[:2] == ["ws-0000", "ws-0001"]
    assert len(rows) == 1000


def test_a_removed_worktree_is_news_with_what_it_freed() -> None:
    handle = busy()
    one = f.WorktreeRemoved("database", "/w/database", freed=1_500_000)
    handle.record(one)
    assert news(handle.snapshot, handle.recorded[-1:]) == (("database: worktree removed, 1.5 MB freed", False),)
    handle.record(f.WorktreeRemoved("docs", "/w/docs", "refs/x", 500_000))
    told = (("2 worktrees removed, 2.0 MB freed; what only they held is kept", False),)
    assert news(handle.snapshot, handle.recorded[-2:]) == told


def test_a_set_up_is_told_on_its_row() -> None:
    handle = busy()
    key = next(one for one in handle.snapshot.workstreams if handle.snapshot.state_of(one) is State.RUNNING)
    leg = handle.snapshot.leg_under_way(key)
    handle.snapshot = replace(
        handle.snapshot, legs={**handle.snapshot.legs, leg.key: replace(leg, state=State.PREPARING, reason="")}
    )
    handle.read(runs={leg.run: RunReading(activity="setting up: npm ci, 12 s")})
    assert said(rows_of(handle), key)[1] == "setting up: npm ci, 12 s"


def test_the_output_of_a_run_that_is_over_is_looked_at_once_more_though_nobody_saw_it_print() -> None:
    handle = loaded(outline(workstream("a", "x", 1)))
    under_way(handle, "a/a-1", "claude#1")
    before = rows_of(handle)["a"].output
    handle.record(f.RunEnded("a/a-1", "a-1", "done", 0))
    assert (before, rows_of(handle)["a"].output) == (("a-1", 0), ("a-1", -1))
