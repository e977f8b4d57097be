import random
from dataclasses import fields
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.plan.legs import LegSpec, cut
from cockpit.plan.model import Plan
from cockpit.schedule.outline import LegOutline
from tests.plans import plans


def plan_of(**workstreams: dict[str, list[str]]) -> Plan:
    rows = [
        {"id": name, "issues": [{"id": issue, "depends_on": needs} for issue, needs in issues.items()]}
        for name, issues in workstreams.items()
    ]
    return Plan.model_validate({"workstreams": rows})


def table(legs: tuple[LegSpec, ...]) -> list[tuple[str, int, tuple[str, ...], tuple[str, ...], int]]:
    return [(leg.key, leg.number, leg.issues, leg.depends_on, leg.round) for leg in legs]


DATABASE_AND_CLI = plan_of(
    DB={"DB-1": [], "DB-2": ["DB-1"], "DB-3": ["DB-2"]}, CLI={"CLI-1": [], "CLI-2": ["DB-2"], "CLI-3": []}
)
OUT_OF_ORDER = plan_of(A={"A0": ["B1"], "A1": [], "A2": ["B0", "B2"]}, B={"B0": [], "B1": ["A2"], "B2": []})


def test_the_example_of_the_format() -> None:
    assert table(cut(DATABASE_AND_CLI)) == [
        ("DB/DB-1", 1, ("DB-1", "DB-2"), (), 1),
        ("DB/DB-3", 2, ("DB-3",), ("DB/DB-1",), 2),
        ("CLI/CLI-1", 1, ("CLI-1", "CLI-3"), (), 1),
        ("CLI/CLI-2", 2, ("CLI-2",), ("DB/DB-1",), 2),
    ]


def test_legs_that_run_out_of_their_numbered_order() -> None:
    legs = cut(OUT_OF_ORDER)
    assert table(legs) == [
        ("A/A1", 1, ("A1",), (), 1),
        ("A/A0", 2, ("A0",), ("B/B1",), 4),
        ("A/A2", 3, ("A2",), ("B/B0",), 2),
        ("B/B0", 1, ("B0", "B2"), (), 1),
        ("B/B1", 2, ("B1",), ("A/A2",), 3),
    ]
    assert carried_through(legs, random.Random(0))


def test_a_workstream_without_issues_is_one_leg() -> None:
    plan = Plan.model_validate(
        {"workstreams": [{"id": "a", "estimate": "2-4h"}, {"id": "b", "depends_on": ["a"], "issues": [{"id": "b1"}]}]}
    )
    one, other = cut(plan)
    assert (one.key, one.issues, one.low_s, one.high_s, one.estimate_s) == ("a", (), 7200.0, 14400.0, 10800.0)
    assert (other.key, other.depends_on, other.round) == ("b/b1", ("a",), 2)


def test_a_dependency_on_a_workstream_means_all_of_its_issues() -> None:
    plan = Plan.model_validate(
        {
            "workstreams": [
                {"id": "a", "issues": [{"id": "a1"}, {"id": "a2", "depends_on": ["c"]}]},
                {"id": "b", "issues": [{"id": "b1"}], "depends_on": ["a"]},
                {"id": "c"},
            ]
        }
    )
    assert {leg.key: leg.depends_on for leg in cut(plan)} == {
        "a/a1": (),
        "a/a2": ("c",),
        "b/b1": ("a/a1", "a/a2"),
        "c": (),
    }


def test_estimates_go_to_the_issues_that_have_none() -> None:
    issues = [{"id": "a1", "estimate": "1h"}, {"id": "a2"}, {"id": "a3"}]

    def span(**keys: Any) -> tuple[float, float]:
        (leg,) = cut(Plan.model_validate({"workstreams": [{"id": "a", "issues": issues, **keys}]}))
        return leg.low_s / 3600, leg.high_s / 3600

    assert span() == (2.0, 2.0)  # half an hour for each that says nothing
    assert span(estimate="3-5h") == (3.0, 5.0)
    assert span(estimate="30m") == (2.0, 2.0)  # less than its own issue: of no use for the others


def test_started_legs_stay_and_the_rest_is_cut_anew() -> None:
    started = {"DB": [("DB-1",)], "gone": [("X",)]}
    assert table(cut(DATABASE_AND_CLI, started))[:3] == [
        ("DB/DB-1", 1, ("DB-1",), (), 1),
        ("DB/DB-2", 2, ("DB-2",), ("DB/DB-1",), 2),
        ("DB/DB-3", 3, ("DB-3",), ("DB/DB-2",), 3),
    ]
    wider = cut(DATABASE_AND_CLI, {"DB": [("DB-3", "DB-1", "removed")]})
    assert table(wider)[:2] == [
        ("DB/DB-3", 1, ("DB-3", "DB-1", "removed"), (), 1),  # what it needed it no longer waits for
        ("DB/DB-2", 2, ("DB-2",), ("DB/DB-3",), 2),
    ]


def test_a_workstream_that_gained_or_lost_all_issues_after_its_start() -> None:
    gained = Plan.model_validate({"workstreams": [{"id": "a", "issues": [{"id": "a1"}]}]})
    assert [leg.key for leg in cut(gained, {"a": [()]})] == ["a", "a/a1"]
    assert [leg.key for leg in cut(gained, {"a": [("a",)]})] == ["a", "a/a1"]
    lost = Plan.model_validate({"workstreams": [{"id": "a"}, {"id": "b", "depends_on": ["a"]}]})
    assert table(cut(lost, {"a": [("a1",)]})) == [("a/a1", 1, ("a1",), (), 1), ("b", 1, (), ("a/a1",), 2)]
    assert [leg.key for leg in cut(lost, {"a": [()]})] == ["a", "b"]


def test_a_started_leg_still_names_the_started_legs_that_it_needed() -> None:
    plan = Plan.model_validate({"workstreams": [{"id": "a"}, {"id": "b", "depends_on": ["a"]}]})
    assert cut(plan, {"a": [()], "b": [()]}) == cut(plan)
    assert cut(DATABASE_AND_CLI, {leg.workstream: [leg.issues] for leg in cut(DATABASE_AND_CLI)[::2]}) == cut(
        DATABASE_AND_CLI
    )


def test_started_legs_that_a_change_puts_into_a_ring_hold_nothing_up() -> None:
    plan = plan_of(z={"z1": ["a1"]}, a={"a1": ["b1"], "a2": []}, b={"b1": [], "b2": ["a2"]})
    legs = cut(plan, {"a": [("a1", "a2")], "b": [("b1", "b2")]})
    assert {leg.key: leg.depends_on for leg in legs} == {"z/z1": ("a/a1",), "a/a1": (), "b/b1": ("a/a1",)}
    assert {leg.key: leg.round for leg in legs} == {"z/z1": 2, "a/a1": 1, "b/b1": 2}


def test_a_long_chain_needs_no_recursion() -> None:
    rows = [{"id": f"w{n}", "depends_on": [f"w{n + 1}"] if n < 2999 else []} for n in range(3000)]
    legs = cut(Plan.model_validate({"workstreams": rows}))
    assert (legs[0].round, legs[-1].round) == (3000, 1)


def carried_through(legs: tuple[LegSpec, ...], rng: random.Random) -> bool:
    """Run legs in any order that their dependencies allow, each workstream's one at a time; tell whether all ran."""
    merged: set[str] = set()
    under_way: dict[str, LegSpec] = {}
    waiting = list(legs)
    while waiting or under_way:
        startable = [leg for leg in waiting if leg.workstream not in under_way and merged.issuperset(leg.depends_on)]
        if startable and (not under_way or rng.random() < 0.5):
            leg = rng.choice(startable)
            waiting.remove(leg)
            under_way[leg.workstream] = leg
        elif under_way:
            merged.add(under_way.pop(rng.choice(sorted(under_way))).key)
        else:
            return False
    return True


def check_graph(plan: Plan, legs: tuple[LegSpec, ...]) -> None:
    by_key = {leg.key: leg for leg in legs}
    assert len(by_key) == len(legs)
    for leg in legs:
        before = [by_key[key].round for key in leg.depends_on]
        assert leg.round == 1 + max(before, default=0)
        assert leg.key not in leg.depends_on
    issues = [issue for leg in legs for issue in leg.issues if issue in plan.issues_by_id]
    assert sorted(issues) == sorted(plan.issues_by_id)


@settings(max_examples=200, deadline=None)
@given(plans(), st.randoms(use_true_random=False))
def test_no_acyclic_plan_deadlocks(data: dict[str, Any], rng: random.Random) -> None:
    plan = Plan.model_validate(data)
    legs = cut(plan)
    check_graph(plan, legs)
    assert [leg.workstream for leg in legs] == sorted((leg.workstream for leg in legs), key=lambda name: int(name[1:]))
    holder = {unit: leg for leg in legs for unit in leg.issues or (leg.workstream,)}
    members = {w.id: [issue.id for issue in w.issues] or [w.id] for w in plan.workstreams}
    for workstream in plan.workstreams:
        for unit in members[workstream.id]:
            issue = plan.issues_by_id.get(unit)
            needs = [*workstream.depends_on, *(issue.depends_on if issue else ())]
            for need in (inner for name in needs for inner in members.get(name, [name])):
                leg, other = holder[unit], holder[need]
                assert other.key in leg.depends_on or other is leg
                if other is leg:
                    assert leg.issues.index(need) < leg.issues.index(unit)
    assert carried_through(legs, rng)


def test_thousands_of_plans_of_all_shapes_end() -> None:
    rng = random.Random(2)
    for _ in range(3000):
        units = [(f"w{w}", f"w{w}.{i}") for w in range(rng.randint(1, 7)) for i in range(rng.randint(1, 6))]
        rng.shuffle(units)
        rows: dict[str, dict[str, list[str]]] = {}
        for place, (name, unit) in enumerate(units):
            count = min(place, rng.choice((0, 0, 1, 1, 2, 4)))
            rows.setdefault(name, {})[unit] = [other for _, other in rng.sample(units[:place], count)]
        plan = plan_of(**{name: dict(rng.sample(list(row.items()), len(row))) for name, row in rows.items()})
        legs = cut(plan)
        check_graph(plan, legs)
        assert carried_through(legs, rng), rows


@settings(max_examples=200, deadline=None)
@given(plans(), plans(), st.randoms(use_true_random=False))
def test_a_changed_plan_never_deadlocks_what_has_not_started(
    before: dict[str, Any], after: dict[str, Any], rng: random.Random
) -> None:
    """Legs of one plan start, then any other plan takes its place: what is left is acyclic and complete."""
    started: dict[str, list[tuple[str, ...]]] = {}
    for leg in cut(Plan.model_validate(before)):
        if rng.random() < 0.5:
            started.setdefault(leg.workstream, []).append(leg.issues)
    plan = Plan.model_validate(after)
    legs = cut(plan, started)
    check_graph(plan, legs)
    for name, own in started.items():
        if name in plan.by_id:
            assert [leg.issues for leg in legs if leg.workstream == name][: len(own)] == own
    assert carried_through(legs, rng)


def test_a_leg_of_the_plan_and_of_the_outline_have_the_same_fields() -> None:
    assert tuple(field.name for field in fields(LegSpec)) == LegOutline.__struct_fields__
