"""What a changed plan means for work under way: each sentence by the state of its leg, and what is left out."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from cockpit.engine.project import outline_of, started_legs
from cockpit.plan.fields import differences, field_changes
from cockpit.plan.load import parse_plan
from cockpit.schedule import facts as f
from cockpit.schedule.changed import PlanChange
from cockpit.schedule.consequences import MOST, plan_changes, shortened
from cockpit.schedule.facts import from_json, to_json
from cockpit.schedule.snapshot import Snapshot
from cockpit.schedule.states import State
from cockpit.schedule.wording import words
from tests.unit.outlines import ran, told

HEAD = "agents: {claude: {run: x, slots: 2}}\n"
A = "{id: a, issues: [{id: a1, title: One}]}"


def project(text: str) -> Any:
    loaded = parse_plan(text, Path("/nowhere/plan.yaml"))
    return SimpleNamespace(loaded=loaded, repo=SimpleNamespace(root=Path("/nowhere")), base="main")


def plan(*workstreams: str, head: str = HEAD) -> Any:
    return project(f"{head}workstreams: [{', '.join(workstreams)}]\n")


def begun(one: Any, key: str = "a/a1", *more: f.Fact) -> Snapshot:
    snapshot = told(Snapshot(), f.PlanLoaded("/p", one.loaded.text, outline_of(one)))
    wanted = [f.WorkstreamWanted(name) for name in snapshot.workstreams]
    return told(snapshot, *wanted, *ran(key), *more)


def changes(old: Any, new: Any, snapshot: Snapshot) -> dict[str, PlanChange]:
    outline = outline_of(new, started_legs(snapshot))
    found = plan_changes(differences(old.loaded.plan, new.loaded.plan), snapshot, outline)
    assert [one.touches for one in found] == sorted((one.touches for one in found), reverse=True)
    return {one.place: one for one in found}


def in_state(snapshot: Snapshot, state: State, key: str = "a/a1") -> Snapshot:
    return replace(snapshot, legs={**snapshot.legs, key: replace(snapshot.legs[key], state=state)})


@pytest.mark.parametrize(
    ("state", "means"),
    [
        (State.RUNNING, "its run goes on with what it was told, the next one is told this"),
        (State.REVIEW, "its run is over; a next one, if there is any, is told this"),
        (State.PAUSED, "its next run is told this"),
        (State.FAILED, "its next run is told this"),
    ],
)
def test_a_prompt_is_told_to_the_next_run(state: State, means: str) -> None:
    old, new = plan(A), plan("{id: a, prompt: New, issues: [{id: a1, title: Two}]}")
    found = changes(old, new, in_state(begun(old), state))
    assert found["a prompt"] == PlanChange("changed", "a", "prompt", "", "New", means, touches=True)
    assert found["a issues[a1].title"].new == "Two"
    assert found["a issues[a1].title"].means.endswith(means)


def test_a_paused_run_that_goes_on_with_its_session_is_told_nothing() -> None:
    old, new = plan(A), plan("{id: a, prompt: New, issues: [{id: a1, title: One}]}")
    ended = f.RunEnded("a/a1", "a/a1@1", "stopped", session="s1")
    found = changes(old, new, begun(old, "a/a1", f.EndAsked("a/a1", "pause"), ended, f.LegPaused("a/a1")))
    assert found["a prompt"].means == "its run goes on with its session and is not told, a new one is"


def test_what_has_not_begun_is_as_the_new_version_says_and_touches_nothing() -> None:
    old, new = plan(A, "{id: b}"), plan(A, "{id: b, prompt: P, files: [x], agent: claude}", "{id: c, title: New}")
    found = changes(old, new, begun(old))
    assert [(key, one.means, one.touches) for key, one in found.items()] == [
        ("b agent", "", False),
        ("b files", "", False),
        ("b prompt", "", False),
        ("c", "it waits until it is started", False),
    ]


def test_a_removed_workstream_is_kept_where_it_has_begun_and_gone_where_it_has_not() -> None:
    old = plan("{id: a, issues: [{id: a1}, {id: a2, depends_on: [b]}]}", "{id: b}", "{id: c}", "{id: d}")
    snapshot = told(begun(old), f.WorkstreamUnwanted("d"))
    found = changes(old, plan("{id: c}"), snapshot)
    kept = "it has begun, and is kept as it was with its worktree: a/a1 is running and goes on"
    assert found["a"].means == f"{kept}; 1 leg of it that had not begun is dropped"
    assert found["b"] == PlanChange("removed", "b", means="it had not begun: it is gone", touches=True)
    assert not found["d"].touches, "nobody wanted it"
    without = plan("{id: c}")
    gone = told(snapshot, f.PlanLoaded("/p", "", outline_of(without, started_legs(snapshot))))
    back = changes(without, old, gone)
    assert back["a"].means == "it is in the plan again: a/a1 is running and goes on"
    assert back["b"].means == "it waits until it is started"


def test_dependencies_hold_up_the_merge_of_what_has_begun_and_the_start_of_what_has_not() -> None:
    old = plan(A, "{id: b}", "{id: c}", "{id: n}")
    snapshot = told(begun(old), *ran("b", "claude#2"))
    found = changes(
        old,
        plan("{id: a, depends_on: [b, n], issues: [{id: a1}]}", "{id: b}", "{id: c, depends_on: [b]}", "{id: n}"),
        snapshot,
    )
    assert found["a depends_on"].means == "a/a1 is running and goes on, and merges only after b"
    assert found["a depends_on"].touches
    assert (found["c depends_on"].means, found["c depends_on"].touches) == ("c waits for b again", False)
    new = plan("{id: a, depends_on: [n], issues: [{id: a1}]}", "{id: b}", "{id: c}", "{id: n}")
    assert changes(old, new, snapshot)["a depends_on"].means == (
        "a/a1 is running and goes on, and does not wait for what has not begun"
    )


def test_scope_agents_gates_and_approvals_by_what_the_leg_is_doing() -> None:
    head = "agents: {claude: {run: x, slots: 2}, other: {run: y}}\n"
    old = plan(A, head=head)
    keys = "files: [x/**], agent: other, gates: [], approve: {merge: never}, env: {K: v}"
    own = f"{{id: a, {keys}, issues: [{{id: a1, title: One}}]}}"
    new, snapshot = plan(own, head=head), begun(old)
    running = changes(old, new, snapshot)
    assert running["a files"].means.endswith("what it writes is judged by these from now on")
    assert running["a agent"].means == "its run goes on in claude#1; its next run is for these"
    assert running["a gates"].means == "its next check runs the new gates"
    assert running["a approve"].means == "you are not asked before its merge"
    assert running["a env.K"].means.startswith("its run goes on with what it was started with")
    review = changes(old, new, in_state(snapshot, State.REVIEW))
    assert review["a gates"].means == "it passed the gates of before; the new ones run at its merge"
    assert review["a approve"].means == "it awaits your yes all the same"
    at_merge = plan(own, head=f"{head}gates: [{{name: g, run: x, when: merge}}]\n")
    means = changes(old, at_merge, in_state(snapshot, State.QUEUED))["a gates"].means
    assert means.endswith("its merge runs the gates marked `merge`, and no others")


def test_issues_join_are_kept_or_dropped() -> None:
    old = plan("{id: a, issues: [{id: a1}, {id: a2, depends_on: [b]}]}", "{id: b}")
    found = changes(old, plan("{id: a, issues: [{id: a3, title: More}]}", "{id: b}"), begun(old))
    assert found["a issues[a1]"].means == "a/a1 has begun with it and keeps it; a next run of it is not told of it"
    assert (found["a issues[a2]"].means, found["a issues[a2]"].touches) == ("it had not begun: it is dropped", False)
    assert found["a issues[a3]"].means == "it joins the legs that have not begun"


def test_settings_say_what_they_change_for_what_runs() -> None:
    old = plan(A, "{id: b}", head=f"name: n\n{HEAD}cleanup: never\n")
    head = (
        "name: m\nagents: {claude: {run: z, slots: 2}}\nlimits: {agents: 1, run_timeout: 1h}\ngates: []\nbase: main\n"
    )
    new, snapshot = plan(A, "{id: b}", head=head), begun(old, "b")
    merged = replace(snapshot.legs["b"], state=State.MERGED)
    there = replace(snapshot.workstreams["b"], worktree="/w/b")
    snapshot = replace(snapshot, legs={**snapshot.legs, "b": merged}, workstreams={**snapshot.workstreams, "b": there})
    found = changes(old, new, replace(snapshot, agent_limit=5))
    assert found["cleanup"].means == "the worktrees of what is merged are removed now, rescue first: b"
    assert found["name"].touches
    assert found["limits.agents"].means.endswith("the 5 that were set by hand give way to it")
    assert (found["agents.claude.run"].old, found["agents.claude.run"].new) == ("x", "z")
    assert not found["base"].touches, "nothing is under way"
    running = changes(old, new, begun(old))
    assert running["limits.run_timeout"] == PlanChange(
        "changed",
        "",
        "limits.run_timeout",
        "",
        "1h 00m",
        "runs that go on keep the limit that they were started with",
        touches=True,
    )
    assert running["cleanup"].means == "worktrees go once all of their work is merged"


def test_long_texts_are_shown_where_they_differ() -> None:
    lines = [f"line {number}" for number in range(40)]
    old = plan(f"{{id: a, prompt: {chr(34)}{'~n'.join(lines)}{chr(34)}}}".replace("~", "\\"))
    new = plan(
        f"{{id: a, prompt: {chr(34)}{'~n'.join([*lines[:20], 'another', *lines[21:]])}{chr(34)}}}".replace("~", "\\")
    )
    (found,) = field_changes(old.loaded.plan.by_id["a"], new.loaded.plan.by_id["a"])
    assert (found.where, found.old, found.new) == ("prompt", "line 20", "another")


def test_a_fact_keeps_as_much_as_it_can_and_says_it_in_words() -> None:
    many = tuple(PlanChange("added", f"w{number}") for number in range(MOST + 7))
    kept, left_out = shortened(many)
    assert (len(kept), left_out) == (MOST, 7)
    fact = f.PlanChanged((PlanChange("changed", "a", "prompt", "x", "y", "so it is", touches=True), *kept), left_out)
    assert from_json("PlanChanged", to_json(fact)) == fact
    assert words(fact) == (
        "the plan changed: a prompt, w0 added, w1 added, w2 added, w3 added and 203 more (a prompt: so it is)"
    )
