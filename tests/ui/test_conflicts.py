"""Conflicts that are there or foreseen, ways out of them, rollbacks, and what a driver put right, on the screen."""

import itertools

import pytest
from msgspec.structs import replace
from textual.widgets import OptionList, Static

from cockpit.errors import OrderRefusedError
from cockpit.schedule import facts as f
from cockpit.schedule.carry import carry_out
from cockpit.schedule.orders import Order
from cockpit.schedule.readings import ConflictReading
from cockpit.schedule.snapshot import GateResult
from cockpit.schedule.states import State
from cockpit.ui import reasons
from cockpit.ui.alerts import alerts
from cockpit.ui.asking import question
from cockpit.ui.columns import COLUMNS, lay_out
from cockpit.ui.keys import ACTIONS, BY_NAME
from cockpit.ui.news import news
from cockpit.ui.present import Presenter, on_older_base
from cockpit.ui.screens.ways import WaysScreen
from tests.ui.fakes import START, FakeHandle, busy, loaded, outline, under_way, workstream
from tests.ui.opening import Opened, opened

WHO = "user@screen"
LEG = "api/api-1"


def pair() -> FakeHandle:
    """Load a plan of two workstreams: docs needs what api does."""
    return loaded(outline(workstream("api", "End points"), workstream("docs", "Words", needs=(LEG,), round_=2)))


def to_review(handle: FakeHandle, key: str, slot: str = "coder#1") -> str:
    """Carry the leg of a workstream to its review."""
    leg = f"{key}/{key}-1"
    run = f"{key}-{handle.snapshot.legs[leg].attempt + 1}"
    done = (f.RunEnded(leg, run, "done", 0), f.ChecksStarted(leg), f.WorkCommitted(leg, "c0ffee1", "tree", "abc"))
    under_way(handle, leg, slot, *done, f.GateFinished(leg, "syntax", True, "tree"), f.ReviewAsked(leg))
    return leg


def to_conflict(handle: FakeHandle) -> None:
    leg = to_review(handle, "api")
    found = f.ConflictFound(leg, ("src/db.py", "[b]x"), "abc", "/state/reports/conflict-api-1.md")
    handle.record(f.ApprovalGiven(leg, "merge"), f.MergeStarted(leg), found, publish=False)


def to_merged(handle: FakeHandle, key: str) -> None:
    leg = to_review(handle, key)
    built = f.MergeBuilt(leg, f"{key}-merge", "tree", "abc")
    merged = f.LegMerged(leg, f"{key}-merge")
    handle.record(f.ApprovalGiven(leg, "merge"), f.MergeStarted(leg), built, merged, publish=False)


def text_of(handle: FakeHandle) -> list[tuple[str, str]]:
    return [(one.style, f"{one.glyph} {one.text}") for one in alerts(handle.view())]


def ways(one: Opened) -> dict[str, str]:
    found = one.app.screen.query_one(OptionList)
    return {str(option.id): str(option.prompt) for option in found.options}


# --- pure -----------------------------------------------------------------------------------------------------------


def test_a_foreseen_conflict_names_its_partner_and_its_path_in_the_grid() -> None:
    handle = busy()
    handle.read(conflicts={"ci-testing": ConflictReading(("setup.py", "b"), {"security": ("src/db.py",)})})
    row = Presenter().rows(handle.view())["ci-testing"]
    assert row.cells[9] == ("⚔ main: setup.py +2", "warn")
    assert "⚔ main: setup.py" in row.search
    handle.read(conflicts={"ci-testing": ConflictReading((), {"security": ("src/db.py",)})})
    assert Presenter().rows(handle.view())["ci-testing"].cells[9][0] == "⚔ security: src/db.py"


def test_the_column_of_conflicts_is_there_when_there_is_one_and_there_is_room() -> None:
    handle = busy()
    quiet = tuple(Presenter().rows(handle.view()).values())
    handle.read(conflicts={"ci-testing": ConflictReading((), {"security": ("src/db.py",)})})
    handle.record(replace(BAD, leg="ci-testing/ci-testing-1"))
    rows = tuple(Presenter().rows(handle.view()).values())
    names = {width: [one.column.name for one in lay_out(rows, width, START)] for width in (60, 240)}
    assert "clash" not in [one.column.name for one in lay_out(quiet, 240, START)]
    assert "clash" in names[240]
    assert "clash" not in names[60]
    silent = {"activity"}  # nothing printed, and no file changed
    assert {column.name for column in COLUMNS} - silent == set(names[240])


def test_alerts_tell_each_pair_once_below_what_is_real_and_shared_files_above_it() -> None:
    handle = busy()
    handle.read(
        conflicts={
            "ci-testing": ConflictReading(("setup.py",), {"security": ("a", "b", "c", "d")}),
            "security": ConflictReading((), {"ci-testing": ("a", "b", "c", "d")}),
            "gone": ConflictReading(("x",), {}),
        },
        shared={"package.json": ("ci-testing", "docs"), "alone": ("docs",)},
    )
    found = text_of(handle)
    assert found[-3:] == [
        ("warn", "≈ package.json: ci-testing, docs (shared file)"),
        ("dim", "⚔ ci-testing would conflict with main: setup.py"),
        ("dim", "⚔ ci-testing and security would conflict: a, b, c and 1 more"),
    ]
    assert found[0][0] == "bad"


def test_what_a_driver_put_right_is_told_until_the_next_start() -> None:
    handle = busy()
    handle.record(f.Recovered(("/w/api: its checkout was cut short: finished",)), publish=False)
    assert text_of(handle)[-1] == ("dim", "↺ put right: /w/api: its checkout was cut short: finished")
    handle.record(f.Recovered(()), publish=False)
    assert not any("put right" in text for _, text in text_of(handle))


def test_a_merge_that_waits_names_every_path_in_its_way() -> None:
    handle = pair()
    leg = to_review(handle, "api")
    late = f.MergeDeferred(leg, "edited in your checkout: a.py", START + 60, ("a.py", "b.py"))
    handle.record(f.ApprovalGiven(leg, "merge"), f.MergeStarted(leg), late, publish=False)
    why = Presenter().rows(handle.view())["api"].cells[8][0]
    assert why.startswith("edited in your checkout: a.py: b.py · next try")
    assert any("a.py: b.py" in text for _, text in text_of(handle))


def test_a_gate_that_passed_before_base_moved_is_told_apart() -> None:
    handle = pair()
    to_review(handle, "api")
    leg = handle.snapshot.legs[LEG]
    gate = handle.snapshot.gates[leg.key][0]
    assert not on_older_base(gate, leg, "abc")
    assert on_older_base(gate, leg, "moved")
    handle.record(f.LegRebased(leg.key, "moved", "c2", "tree2"), publish=False)
    rebased = handle.snapshot.legs[leg.key]
    assert on_older_base(gate, rebased, "moved")
    assert not on_older_base(GateResult("syntax", False, "tree", START), rebased, "moved")
    merged = pair()
    to_merged(merged, "api")
    assert not on_older_base(gate, merged.snapshot.legs[LEG], "moved")


def test_the_lines_of_a_reason_are_kept_apart() -> None:
    handle = busy()
    handle.record(f.LegRetried("database/database-1"), publish=False)
    failed = f.LegFailed("database/database-1", "gate tests failed: exited with 1\nFAILED a\nFAILED b")
    under_way(handle, "database/database-1", "coder#2", failed)
    wanted = "gate tests failed: exited with 1 │ FAILED a │ FAILED b"
    assert Presenter().rows(handle.view())["database"].cells[8][0] == wanted


def test_a_rollback_is_news() -> None:
    handle = pair()
    to_merged(handle, "api")
    handle.record(f.RollbackAsked(LEG), publish=False)
    assert Presenter().rows(handle.view())["api"].cells[8][0] == "its merge is being rolled back"
    handle.record(f.LegReverted(LEG, "r"), publish=False)
    assert news(handle.snapshot, handle.recorded[-1:]) == (("api rolled back, in review again", False),)


def test_a_rollback_that_did_not_happen_says_why_in_the_grid() -> None:
    handle = pair()
    to_merged(handle, "api")
    handle.record(f.RollbackAsked(LEG), f.RollbackEnded(LEG, "later work builds on it: x"), publish=False)
    why = Presenter().rows(handle.view())["api"].cells[8]
    assert why == ("as api-merge · not rolled back: later work builds on it: x", "warn")


BAD = f.ViolationFound(LEG, "v", "LOGIC_ERROR", "MEDIUM", "a.py")
REVIEW = (f.RunEnded(LEG, "api-1", "done", 0), f.ChecksStarted(LEG), f.ReviewAsked(LEG))
MERGING = (*REVIEW, f.ApprovalGiven(LEG, "merge"), f.MergeStarted(LEG))
CONFLICT = (*MERGING, f.ConflictFound(LEG, ("x",)))
LIVES: dict[str, tuple[f.Fact, ...]] = {
    "running": (),
    "ending": (f.EndAsked(LEG, "pause"),),
    "checking": REVIEW[:2],
    "review": REVIEW,
    "queued": MERGING[:-1],
    "merging": MERGING,
    "merged": (*MERGING, f.MergeBuilt(LEG, "m", "t", "abc"), f.LegMerged(LEG, "m")),
    "reverting": (*MERGING, f.MergeBuilt(LEG, "m", "t", "abc"), f.LegMerged(LEG, "m"), f.RollbackAsked(LEG)),
    "retrying": (f.RetryScheduled(LEG, 0.0),),
    "paused": (f.LegPaused(LEG),),
    "conflict": CONFLICT,
    "resolving": (*CONFLICT, f.ResolutionAsked(LEG, "rebase")),
    "opened": (*CONFLICT, f.ResolutionAsked(LEG, "resolve"), f.ResolutionEnded(LEG, "", "/c/api")),
    "failed": (f.LegFailed(LEG),),
    "quarantined": (BAD, f.EndAsked(LEG, "quarantine"), f.LegQuarantined(LEG, "coder#1", ("v",))),
    "flawed": (*REVIEW[:2], BAD, REVIEW[2]),
    "stopped": (f.WorkstreamUnwanted("api"), f.LegStopped(LEG)),
    "rejected": (*REVIEW, f.ApprovalRefused(LEG, "merge")),
}


@pytest.mark.parametrize("life", ["waiting", "ready", *LIVES])
def test_the_screen_and_the_driver_agree_on_what_can_be_done_in_every_state(life: str) -> None:
    handle = pair()
    if life in LIVES:
        under_way(handle, LEG, "coder#1", *LIVES[life])
    elif life == "ready":
        handle.record(f.WorkstreamWanted("api"), publish=False)
    state = handle.snapshot.legs[LEG].state.value
    same = {
        "ending": "running",
        "reverting": "merged",
        "resolving": "conflict",
        "opened": "conflict",
        "flawed": "review",
    }
    assert state == same.get(life, life)
    view = handle.view()
    for action in ACTIONS:
        if not action.verb or action.whole:
            continue
        given = [Order(action.verb, ("api",), reason="because", also_needed=action.name == "rollback")]
        given += [Order("resume", ("api",))] if action.name == "pause" else []
        refusals = [refusal(handle, order) for order in given]
        assert (action.why_not(view, ("api",)) is None) is (None in refusals), (action.name, refusals)


def refusal(handle: FakeHandle, order: Order) -> str | None:
    try:
        carried = carry_out(handle.snapshot, order)
    except OrderRefusedError as error:
        return error.what
    return None if carried.facts else "there is nothing left to do"


def test_what_is_merged_cannot_be_stopped_and_what_runs_cannot_be_merged() -> None:
    handle = pair()
    under_way(handle, LEG, "coder#1")
    assert reasons.for_verb("merge")(handle.view(), ("api",)) == "api is running: there is nothing approved to merge"
    merged = pair()
    to_merged(merged, "api")
    assert reasons.for_verb("stop")(merged.view(), ("api",)) == "api is merged already"


@pytest.mark.parametrize(("life", "verb"), itertools.product(["review", "queued"], ["stop"]))
def test_what_awaits_its_merge_can_be_stopped(life: str, verb: str) -> None:
    handle = pair()
    under_way(handle, LEG, "coder#1", *LIVES[life])
    assert reasons.for_verb(verb)(handle.view(), ("api",)) is None
    handle.record(*carry_out(handle.snapshot, Order(verb, ("api",))).facts, publish=False)
    assert handle.snapshot.legs[LEG].state is State.STOPPED


# --- on the screen --------------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_c_shows_the_ways_out_of_a_conflict_and_why_some_are_closed() -> None:
    handle = pair()
    to_conflict(handle)
    async with opened(handle) as one:
        assert "c conflict" in one.screen_text().splitlines()[-1]
        await one.press("c")
        assert isinstance(one.front, WaysScreen)
        about = str(one.app.screen.query_one("#question", Static).content)
        assert "in src/db.py, [b]x" in about
        assert "/state/reports/conflict-api-1.md" in about
        shown = ways(one)
        assert list(shown) == ["rebase", "rerun", "resolve", "resolved", "abandon", "reject"]
        assert "—" not in shown["rebase"]
        assert "no worktree is open" in shown["resolved"]
        await one.press("enter")
        await one.until(lambda: handle.orders == [Order("rebase", ("api",), WHO)])
        await one.until(lambda: "rebase is under way" in one.screen_text())
        await one.press("c", "escape")
        assert one.app.screen_stack == [one.page]


@pytest.mark.anyio
async def test_a_conflict_that_is_open_can_be_said_to_be_resolved_or_be_given_up() -> None:
    handle = pair()
    to_conflict(handle)
    handle.record(f.ResolutionAsked(LEG, "resolve"), f.ResolutionEnded(LEG, "", "/c/api"), publish=False)
    async with opened(handle) as one:
        assert "being resolved in /c/api (c)" in one.screen_text()
        await one.press("colon", *"abandon", "enter")
        assert "/c/api" in str(one.confirm.query_one("#question", Static).content)
        await one.press("escape", "c", "enter")
        await one.until(lambda: [order.verb for order in handle.orders] == ["resolved"])


@pytest.mark.anyio
async def test_the_ways_follow_what_happens_and_name_the_open_worktree_once() -> None:
    handle = pair()
    to_conflict(handle)
    handle.record(f.ResolutionAsked(LEG, "resolve"), f.ResolutionEnded(LEG, "", "/c/api"), publish=False)
    async with opened(handle) as one:
        await one.press("c")
        about = str(one.app.screen.query_one("#question", Static).content)
        assert "\n".join([about, *ways(one).values()]).count("/c/api") == 1
        assert "it is being resolved there (resolved, abandon)" in ways(one)["rebase"]
        assert "—" not in ways(one)["abandon"]
        dialog = one.front
        assert isinstance(dialog, WaysScreen)
        handle.record(f.ResolutionAsked(LEG, "abandon"))
        await one.until(lambda: one.app.view.snapshot is handle.snapshot)
        dialog.follow()
        assert "`abandon` is under way" in str(dialog.query_one("#question", Static).content)
        assert "—" in ways(one)["abandon"]
        handle.record(f.ResolutionEnded(LEG, "given up"), f.ChecksStarted(LEG))
        await one.until(lambda: one.app.view.snapshot is handle.snapshot)
        dialog.follow()
        assert "it is in conflict no more" in str(dialog.query_one("#question", Static).content)
        await one.press("enter")
        assert handle.orders == []


@pytest.mark.anyio
async def test_c_says_why_there_is_nothing_to_resolve() -> None:
    async with opened(busy()) as one:
        await one.press("c")
        assert one.front is one.page
        assert "ci-testing is running: there is no conflict to resolve" in one.status


@pytest.mark.anyio
async def test_the_page_of_a_conflict_names_its_report_its_paths_and_what_is_foreseen() -> None:
    handle = pair()
    to_conflict(handle)
    handle.readings = handle.view().readings
    handle.read(
        conflicts={"api": ConflictReading((), {"docs": ("src/web.py",)})}, shared={"package.json": ("api", "docs")}
    )
    async with opened(handle, (120, 50)) as one:
        await one.press("enter")
        await one.until(lambda: "conflict-api-1.md" in one.screen_text())
        text = one.screen_text()
        assert "src/db.py, [b]x" in text
        assert "docs: src/web.py" in text
        assert "package.json: docs too" in text
        assert "c: rebase, rerun, resolve by hand, reject" in text


@pytest.mark.anyio
async def test_the_page_marks_gates_that_passed_on_an_older_base() -> None:
    handle = pair()
    to_review(handle, "api")
    handle.read(base_commit="moved")
    async with opened(handle, (120, 50)) as one:
        await one.press("enter")
        await one.until(lambda: "passed on an older base" in one.screen_text())
        handle.read(base_commit="abc")
        await one.until(lambda: "passed on an older base" not in one.screen_text())


def test_of_several_rollbacks_each_that_others_depend_on_is_named() -> None:
    handle = loaded(
        outline(workstream("api", "A"), workstream("docs", "D", needs=(LEG,), round_=2), workstream("x", "X"))
    )
    for key in ("api", "docs", "x"):
        to_merged(handle, key)
    view = handle.view()
    assert reasons.depending(view, ("api", "x")) == "docs depend on api and are merged"
    assert reasons.depending(view, ("api", "docs", "x")) == reasons.depending(view, ("x",)) == ""
    asked = question(BY_NAME["rollback"], view, ("api", "x"), 0)
    assert asked is not None
    assert (asked.title, asked.despite) == ("Roll back 2 workstreams", "docs depend on api and are merged")


@pytest.mark.anyio
async def test_capital_z_names_merged_dependents_and_what_happens() -> None:
    handle = pair()
    to_merged(handle, "api")
    async with opened(handle) as one:
        await one.press("Z")
        asked = str(one.confirm.query_one("#question", Static).content)
        assert "api: merged as api-merge" in asked
        assert "goes back to review" in asked
        assert "depend" not in asked
        assert one.app.focused is one.confirm.query_one("#cancel")
        await one.press("escape")
        to_merged(handle, "docs")
        handle.publish()
        await one.until(lambda: one.app.view.snapshot.is_merged("docs"))
        await one.press("Z")
        assert "docs depend on api and are merged" in str(one.confirm.query_one("#question", Static).content)
        await one.press("y")
        shown = "api-merge"
        await one.until(lambda: handle.orders == [Order("rollback", ("api",), WHO, also_needed=True, expected=shown)])


@pytest.mark.anyio
async def test_capital_z_asks_anew_when_more_depends_on_it_by_then() -> None:
    handle = pair()
    to_merged(handle, "api")
    async with opened(handle) as one:
        await one.press("Z")
        to_merged(handle, "docs")
        handle.publish()
        await one.until(lambda: one.app.view.snapshot.is_merged("docs"))
        await one.press("y")
        refused = str(one.confirm.query_one("#refused", Static).content)
        assert "what depends on it is not what it was" in refused
        assert handle.orders == []


@pytest.mark.anyio
async def test_capital_z_says_why_there_is_nothing_to_roll_back() -> None:
    async with opened(busy()) as one:
        await one.press("Z")
        assert "ci-testing is running" in one.status
