from pathlib import Path
from typing import Any

from cockpit.plan.diff import compare
from cockpit.plan.effect import not_in_effect
from cockpit.plan.load import parse_plan
from cockpit.plan.model import Plan


def plan(text: str, workstreams: str = "[{id: a}]") -> Plan:
    return parse_plan(f"{text}\nworkstreams: {workstreams}\n", Path("/nowhere/plan.yaml")).plan


def test_a_plain_plan_is_all_in_effect() -> None:
    assert not_in_effect(plan("")) == ()
    text = """
name: n
base: main
agents: {one: {run: cat, slots: 2, env: {A: b}, pass_env: [C], args: [x]}, two: {preset: shell, run: cat}}
limits: {agents: 2, run_timeout: 1h, stall: 1h, retries: 0, backoff: 1s, min_free_disk: 1GB}
setup: {copy: [a], link: [b], run: [c], timeout: 1m}
gates:
  - {name: s, builtin: syntax}
  - {name: i, builtin: imports}
  - {name: m, builtin: scan}
  - {name: t, run: x, when: merge}
quality: {quarantine: [], settle: 5s, ignore: [x], forbid: [{name: p, pattern: x}]}
approve: {start: critical}
merge: {strategy: rebase, message: x, on_conflict: rerun, rebase_others: false}
cleanup: never
commit: {hooks: true}
notify: [{on: [finished], run: x}]
track: false
"""
    own = "[{id: a, expect: none, env: {A: b}, gates: [s], priority: low, files: [x], sparse: false, status: done}]"
    assert not_in_effect(plan(text, own)) == ()


def test_what_has_no_effect_yet_is_listed() -> None:
    text = """
agents: {one: {preset: claude, cost: {input: 1}, model: m}, two: {run: cat, output: acp, model: m},
         three: {preset: acp, run: cat}}
limits: {cost: 3}
shared_files: [x]
alerts: {errors_per_hour: 1}
answers: [{match: a, reply: b}]
track: true
"""
    assert not_in_effect(plan(text, "[{id: a, sparse: true}]")) == (
        "agents.two.model (only a preset passes it on)",
        "track",
    )


def test_the_differences_of_two_plans() -> None:
    old = plan("limits: {agents: 3}", "[{id: a, title: x}, {id: b}, {id: c, issues: [{id: c1}]}]")
    new = plan(
        "limits: {agents: 4}\nsetup: {copy: [x]}",
        "[{id: d}, {id: c, priority: P0, issues: [{id: c1, estimate: 1h}]}, {id: a, title: y}]",
    )
    found = compare(old, new)
    assert found
    assert found.added == ("d",)
    assert found.removed == ("b",)
    assert found.changed == {"c": ("priority", "issues"), "a": ("title",)}
    assert found.settings == ("limits", "setup")


def test_nothing_differs_but_what_cockpit_itself_writes() -> None:
    old = plan("", "[{id: a, issues: [{id: a1}]}]")
    new = plan("limits: {agents: 3}", "[{id: a, status: merged, issues: [{id: a1, completed: 2026-01-01}]}]")
    assert not compare(old, new)


def test_the_order_of_agents_is_a_difference() -> None:
    one, other = (plan(f"agents: {{{names}}}") for names in ("x: {run: a}, y: {run: b}", "y: {run: b}, x: {run: a}"))
    assert compare(one, other).settings == ("agents",)


def test_a_copy_forgets_what_was_computed() -> None:
    old = plan("", "[{id: a, issues: [{id: a1}]}]")
    assert (list(old.by_id), list(old.issues_by_id)) == (["a"], ["a1"])
    changed: dict[str, Any] = {"workstreams": plan("", "[{id: b}]").workstreams}
    new = old.model_copy(update=changed)
    assert (list(new.by_id), list(new.issues_by_id)) == (["b"], [])
    assert list(old.by_id) == ["a"]
