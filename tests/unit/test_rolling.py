"""Rollbacks as orders: what depends on a merge goes before it, and only what was shown is undone."""

import pytest

from cockpit.errors import OrderRefusedError
from cockpit.schedule import facts as f
from cockpit.schedule.carry import carry_out, progress
from cockpit.schedule.decide import decide
from cockpit.schedule.orders import Order, Revert, StartMerge
from cockpit.schedule.outline import Outline
from cockpit.schedule.readings import Readings
from cockpit.schedule.rolling import still_needed
from cockpit.schedule.shown import shown
from cockpit.schedule.snapshot import Snapshot
from tests.unit.outlines import loaded, merged, outline, told

CHAIN = outline([("a", []), ("b", ["a"]), ("c", ["b"])])
WOVEN = outline([("a/1", []), ("b", ["a/1"]), ("a/2", ["b"])])


def all_merged(plan: Outline = CHAIN) -> Snapshot:
    snapshot = loaded(plan)
    for leg in sorted(snapshot.legs.values(), key=lambda one: one.outline.round):
        snapshot = told(snapshot, *merged(leg.key))
    return snapshot


def asked(snapshot: Snapshot, *targets: str, also_needed: bool = False) -> list[str]:
    facts = carry_out(snapshot, Order("rollback", targets, also_needed=also_needed)).facts
    return [one.leg for one in facts if isinstance(one, f.RollbackAsked)]


def test_what_depends_on_others_is_undone_before_them_in_whatever_order_they_are_named() -> None:
    snapshot = all_merged()
    assert asked(snapshot, "a", "b", "c") == asked(snapshot, "b", "c", "a") == ["c", "b", "a"]
    assert asked(all_merged(WOVEN), "b", "a") == ["a/2", "b"]


def test_what_only_some_of_it_may_go_leaves_what_they_were_built_on() -> None:
    snapshot = all_merged()
    assert asked(snapshot, "a", "c") == ["c"]
    assert carry_out(snapshot, Order("rollback", ("a", "c"))).left_out == (
        "b depend on a and are merged: roll them back first",
    )
    with pytest.raises(OrderRefusedError, match="c depend on b and are merged"):
        carry_out(snapshot, Order("rollback", ("a", "b")))
    assert asked(snapshot, "a", "b", also_needed=True) == ["b", "a"]
    woven = told(all_merged(WOVEN))
    with pytest.raises(OrderRefusedError, match="a depend on b"):
        carry_out(woven, Order("rollback", ("b",)))


def test_one_whose_dependents_could_not_be_undone_stays() -> None:
    snapshot = all_merged()
    order = Order("rollback", ("b", "c"))
    asking = told(snapshot, f.OrderGiven("o", "rollback", ("b", "c")), *carry_out(snapshot, order).facts)
    assert Revert("c") in decide(asking, Readings(), asking.at)
    assert still_needed(asking, "c") == ""
    stuck = told(asking, f.RollbackEnded("c", "later work builds on it"))
    assert still_needed(stuck, "b") == "c depend on b and stayed merged"
    assert still_needed(told(asking, f.LegReverted("c", "r")), "b") == ""
    ended = progress(told(stuck, f.RollbackEnded("b", still_needed(stuck, "b"))), stuck.orders["o"])
    assert isinstance(ended, f.OrderRefused)
    half = told(asking, f.LegReverted("c", "r"), f.RollbackEnded("b", "a gate failed"))
    assert progress(half, half.orders["o"]) == f.OrderRefused("o", "b: a gate failed; rolled back: c")
    all_the_same = told(snapshot, f.OrderGiven("o", "rollback", ("a",), also_needed=True), f.RollbackAsked("a"))
    assert still_needed(all_the_same, "a") == ""


def test_what_is_approved_waits_for_what_it_depends_on_to_be_merged_again() -> None:
    snapshot = told(all_merged(), f.RollbackAsked("c"), f.LegReverted("c", "r"), f.RollbackAsked("b"))
    snapshot = told(snapshot, f.LegReverted("b", "r"), f.ApprovalGiven("c", "merge"))
    assert decide(snapshot, Readings(), snapshot.at) == []
    with pytest.raises(OrderRefusedError, match="c waits for the merge of b, which it depends on"):
        carry_out(snapshot, Order("merge", ("c",)))
    pending = told(snapshot, f.OrderGiven("o", "merge", ("c",))).orders["o"]
    assert isinstance(progress(snapshot, pending), f.OrderRefused), "nobody waits for it for ever"
    snapshot = told(snapshot, f.ApprovalGiven("b", "merge"))
    assert decide(snapshot, Readings(), snapshot.at) == [StartMerge(("b",))]
    snapshot = told(snapshot, f.MergeStarted("b"), f.LegMerged("b", "again"))
    assert decide(snapshot, Readings(), snapshot.at) == [StartMerge(("c",))]


def test_only_the_merge_that_was_shown_is_rolled_back() -> None:
    one = outline([("a", [])])
    snapshot = told(loaded(one), *merged("a"))
    order = Order("rollback", ("a",), expected=shown(snapshot, ("a",), "rollback"))
    assert order.expected == "commit-a"
    assert carry_out(snapshot, order).facts == (f.RollbackAsked("a"),)
    again = told(
        snapshot,
        f.RollbackAsked("a"),
        f.LegReverted("a", "r"),
        f.ApprovalGiven("a", "merge"),
        f.MergeStarted("a"),
        f.LegMerged("a", "commit-second"),
    )
    with pytest.raises(OrderRefusedError, match="not what was shown any more: its last merge is commit-se now"):
        carry_out(again, order)
    assert carry_out(again, Order("rollback", ("a",), expected="commit-second")).facts
