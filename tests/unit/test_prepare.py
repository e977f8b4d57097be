"""Round 0: the one leg that a plan's `prepare` is, that all others depend on, and that no agent runs."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from cockpit.agents import sequence
from cockpit.cli.status import status_of
from cockpit.engine.handle import View
from cockpit.engine.preparing import changed_too_late
from cockpit.errors import OrderRefusedError, PlanError
from cockpit.forecast.durations import History
from cockpit.forecast.eta import dry_run
from cockpit.plan.legs import cut
from cockpit.plan.load import Loaded, parse_plan
from cockpit.plan.roundzero import ESTIMATE_S, PREPARE
from cockpit.plan.settings import Prepare
from cockpit.schedule import facts as f
from cockpit.schedule.carry import carry_out, needed_too
from cockpit.schedule.decide import decide
from cockpit.schedule.orders import Order, TakeLeg
from cockpit.schedule.readings import Readings
from cockpit.schedule.snapshot import Snapshot, blockers
from cockpit.schedule.states import State
from cockpit.ui.present import run_told
from tests.unit.outlines import START, loaded, merged, outline, prepared, ran, told

PAIR = outline([("a", ()), ("b", ("a",))], max_agents=1)
PLAN = prepared(PAIR)
HEAD = "name: p\nprepare: {run: [make]}\n"
TWO = "workstreams: [{id: a}, {id: b, depends_on: [a]}]\n"


def plan(text: str = HEAD + TWO) -> Loaded:
    return parse_plan(text, Path("/nowhere/p.yaml"))


def taken(snapshot: Snapshot) -> list[TakeLeg]:
    found = decide(snapshot, Readings(), snapshot.at)
    return [todo for todo in found if isinstance(todo, TakeLeg)]


def states(snapshot: Snapshot) -> dict[str, str]:
    return {key: leg.state.value for key, leg in snapshot.legs.items()}


# --- the plan -------------------------------------------------------------------------------------------------------


def test_prepare_is_the_leg_of_round_0_that_every_other_one_needs() -> None:
    legs = {leg.key: leg for leg in cut(plan().plan)}
    assert {key: (leg.round, leg.depends_on) for key, leg in legs.items()} == {
        PREPARE: (0, ()),
        "a": (1, (PREPARE,)),
        "b": (2, (PREPARE, "a")),
    }
    assert cut(plan(TWO).plan)[0].key == "a"


def test_what_has_started_does_not_wait_for_a_prepare_that_is_new() -> None:
    legs = {leg.key: leg.depends_on for leg in cut(plan().plan, {"a": [()]})}
    assert legs == {PREPARE: (), "a": (), "b": (PREPARE, "a")}
    legs = {leg.key: leg.depends_on for leg in cut(plan().plan, {"a": [()], PREPARE: [()]})}
    assert legs == {PREPARE: (), "a": (PREPARE,), "b": (PREPARE, "a")}


def test_its_workstream_is_one_like_others_but_that_no_agent_takes_it() -> None:
    gates = "gates: [{name: g, run: t}, {name: c, run: t, when: critical}]\n"
    text = f"agents: {{x: {{run: cat}}}}\napprove: {{start: always}}\n{gates}"
    found = plan(HEAD.replace("[make]}", "[make], message: 'chore: stubs'}") + text + TWO)
    own = found.plan.find(PREPARE)
    assert own is not None
    assert (own.id, own.title, own.expect) == (PREPARE, "chore: stubs", "none")
    assert found.plan.all_workstreams == (own, *found.plan.workstreams)
    assert found.plan.agents_of(own) == ()
    assert found.plan.asks_start(own)
    assert found.plan.asks_merge(own)
    assert [gate.name for gate in found.plan.gates_of(own)] == ["g"]
    assert found.branch_of(own) == "p/@prepare"
    assert found.worktree_of(own) == found.worktrees / PREPARE
    assert plan(TWO).plan.find(PREPARE) is None


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("branch: '{plan}/x'\n", 4, "branch 'p/x' is already that of workstream '@prepare'"),
        ("base: p/@prepare\n", 2, "branch 'p/@prepare' is already that of base"),
    ],
)
def test_its_branch_is_its_own(text: str, line: int, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        plan(HEAD + text + "workstreams: [{id: a}]\n")
    (problem,) = caught.value.problems
    assert (problem.line, problem.message) == (line, message)


def test_no_id_of_a_plan_can_be_its_own() -> None:
    with pytest.raises(PlanError, match="@prepare"):
        plan("workstreams: [{id: '@prepare'}]\n")
    with pytest.raises(PlanError, match="unknown dependency"):
        plan(HEAD + "workstreams: [{id: a, depends_on: ['@prepare']}]\n")


# --- what is wanted ---------------------------------------------------------------------------------------------------


def test_whoever_is_wanted_wants_it_too() -> None:
    snapshot = loaded(PLAN, want=["b"])
    assert [key for key, one in snapshot.workstreams.items() if one.wanted] == [PREPARE, "b"]
    assert states(snapshot) == {PREPARE: "ready", "a": "waiting", "b": "waiting"}
    assert taken(snapshot) == [TakeLeg(PREPARE, "")]
    assert needed_too(snapshot, ["b"]) == ("a",)
    assert needed_too(loaded(PLAN, want=[]), ["b"]) == ("a",)


def test_it_is_wanted_by_itself_too_and_no_longer_than_anything_is() -> None:
    assert taken(loaded(PLAN, want=[PREPARE])) == [TakeLeg(PREPARE, "")]
    snapshot = loaded(PLAN, want=["a", "b"])
    snapshot = told(snapshot, f.WorkstreamUnwanted("a"))
    assert snapshot.workstreams[PREPARE].wanted
    snapshot = told(snapshot, f.WorkstreamUnwanted("b"))
    assert not snapshot.workstreams[PREPARE].wanted
    assert states(snapshot)[PREPARE] == "waiting"
    begun = told(loaded(PLAN, want=["a"]), *ran(PREPARE, ""), f.WorkstreamUnwanted("a"))
    assert begun.workstreams[PREPARE].wanted, "what has begun goes on"


def test_a_reload_that_adds_it_lets_what_is_wanted_wait_for_it() -> None:
    snapshot = told(loaded(PAIR), f.PlanLoaded("/p", "", PLAN))
    assert states(snapshot) == {PREPARE: "ready", "a": "waiting", "b": "waiting"}
    unwanted = told(loaded(PAIR, want=[]), f.PlanLoaded("/p", "", PLAN))
    assert not unwanted.workstreams[PREPARE].wanted


def test_it_is_prepared_once() -> None:
    snapshot = told(loaded(PLAN), *merged(PREPARE, ""))
    assert states(snapshot) == {PREPARE: "merged", "a": "ready", "b": "waiting"}
    for one in (PLAN, PAIR, PLAN):
        snapshot = told(snapshot, f.PlanLoaded("/p", "", one))
        assert snapshot.legs[PREPARE].state is State.MERGED
        assert snapshot.legs["a"].state is State.READY
    assert told(snapshot, f.WorkstreamUnwanted("a"), f.WorkstreamWanted("a")).legs[PREPARE].state is State.MERGED


def test_a_start_starts_again_what_was_stopped() -> None:
    snapshot = loaded(PLAN)
    snapshot = told(snapshot, *ran(PREPARE, ""), *carry_out(snapshot, Order("stop", (PREPARE,))).facts)
    snapshot = told(snapshot, f.LegStopped(PREPARE), f.WorkstreamUnwanted("a"))
    assert blockers(snapshot)["b"] == (PREPARE,)
    snapshot = told(snapshot, *carry_out(snapshot, Order("start", ("a",))).facts)
    assert states(snapshot)[PREPARE] == "ready"
    with pytest.raises(OrderRefusedError, match="started already"):
        carry_out(snapshot, Order("start", (PREPARE,)))


# --- what decides -----------------------------------------------------------------------------------------------------


def test_no_slot_is_taken_for_it_and_none_is_needed() -> None:
    none = prepared(outline([("a", ())], agents=(), slots=()))
    assert taken(loaded(none)) == [TakeLeg(PREPARE, "")]
    running = told(loaded(PAIR), *ran("a"), f.PlanLoaded("/p", "", PLAN))
    assert taken(running) == [TakeLeg(PREPARE, "")], "the one agent that may run is busy"
    assert list(told(running, *ran(PREPARE, "")).busy_slots()) == ["claude#1"]


def test_it_waits_for_its_approval_its_retry_and_a_drain() -> None:
    asked = prepared(PAIR, approve_start=True)
    assert taken(loaded(asked)) == []
    assert taken(told(loaded(asked), f.ApprovalGiven(PREPARE, "start", "me"))) == [TakeLeg(PREPARE, "")]
    assert taken(told(loaded(PLAN), f.LaunchingHeld())) == []
    failed = told(loaded(PLAN), *ran(PREPARE, ""), f.RetryScheduled(PREPARE, START + 100, "no"))
    assert taken(failed) == []
    assert taken(replace(failed, at=START + 100)) == [TakeLeg(PREPARE, "")]


# --- what shows it ----------------------------------------------------------------------------------------------------


def test_the_dry_run_has_it_in_round_0_before_all_others() -> None:
    found = dry_run(prepared(outline([("a", ()), ("b", ())])))
    legs = {leg["leg"]: leg for leg in found["legs"]}
    assert {key: (leg["round"], leg["start_s"], leg["slot"]) for key, leg in legs.items()} == {
        PREPARE: (0, 0.0, None),
        "a": (1, ESTIMATE_S, "claude#1"),
        "b": (1, ESTIMATE_S, "claude#2"),
    }
    assert found["rounds"] == 1
    (row,) = found["per_agents"]
    assert row["critical_path_s"] == row["lower_bound_s"] == row["makespan_p50_s"] == ESTIMATE_S + 60


def test_what_it_took_says_nothing_about_agents() -> None:
    snapshot = told(loaded(PLAN), *ran(PREPARE, ""), at=START)
    facts = (f.RunEnded(PREPARE, f"{PREPARE}@1", "done", 0), f.ChecksStarted(PREPARE), f.MergeQueued(PREPARE))
    snapshot = told(snapshot, *facts, at=START + 100 * ESTIMATE_S)
    assert snapshot.legs[PREPARE].worked_s == 100 * ESTIMATE_S
    assert History.of(snapshot).ratio == 1.0


def test_the_status_has_it_without_agent_and_slot() -> None:
    snapshot = told(loaded(PLAN), *ran(PREPARE, ""))
    first, *others = status_of(View(snapshot), START, None).workstreams
    assert (first.id, first.state, first.round, first.agent, first.slot) == (PREPARE, "running", 0, None, None)
    assert [one.id for one in others] == ["a", "b"]
    assert run_told(snapshot.runs[f"{PREPARE}@1"]) == " · attempt 1"


@pytest.mark.parametrize(
    ("facts", "says"),
    [((), None), (ran(PREPARE, ""), "from its next run on"), (merged(PREPARE, ""), "is not run again")],
)
def test_a_change_that_comes_too_late_is_told(facts: tuple[f.Fact, ...], says: str | None) -> None:
    snapshot = told(loaded(PLAN), *facts)
    old, new = Prepare(run=("make",)), Prepare(run=("make", "test"))
    assert changed_too_late(snapshot, old, old) is None
    assert changed_too_late(snapshot, None, new) is None
    found = changed_too_late(snapshot, old, new)
    assert found is None if says is None else says in (found or "")
    assert changed_too_late(loaded(PAIR), old, new) is None


# --- commands one after the other -------------------------------------------------------------------------------------


def run_them(folder: Path, *commands: str | tuple[str, ...]) -> int:
    *_, file = sequence.command(commands, folder / "commands.json")
    return sequence.run(file)


def test_commands_run_in_order_strings_by_sh_and_lists_as_they_are(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_them(tmp_path, "echo $((1 + 1))", ("echo", "$((1 + 1))", "é\n")) == 0
    found = capfd.readouterr()
    assert found.out == '$ echo $((1 + 1))\n2\n$ ["echo", "$((1 + 1))", "é\\n"]\n$((1 + 1)) é\n\n'
    assert found.err == ""


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("exit 7", 7, "`exit 7` ended with code 7"),
        ("kill -9 $$", 137, "`kill -9 $$` was ended by signal 9"),
        (("/no/such", "x"), 127, '`["/no/such", "x"]` could not be started: No such file or directory'),
    ],
)
def test_the_first_that_fails_ends_it_and_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str | tuple[str, ...], code: int, says: str
) -> None:
    assert run_them(tmp_path, command, "echo never") == code
    found = capfd.readouterr()
    assert found.err == f"{says}\n"
    assert "never" not in found.out


def test_commands_are_kept_as_data_not_as_a_shell_string(tmp_path: Path) -> None:
    made = sequence.command(["a 'b'", ("c", "d e")], tmp_path / "commands.json")
    assert not any("b'" in word for word in made)
    assert json.loads((tmp_path / "commands.json").read_text()) == ["a 'b'", ["c", "d e"]]
