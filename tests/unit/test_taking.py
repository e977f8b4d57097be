"""Which worktrees a human may take over, and what each way of handing one back leads to; pure."""

import pytest
from msgspec.structs import replace

from cockpit.errors import IllegalMoveError, OrderRefusedError
from cockpit.schedule import facts as f
from cockpit.schedule.carry import carry_out, progress
from cockpit.schedule.decide import decide
from cockpit.schedule.orders import HandBack, Order, TakeLeg, TakeOver
from cockpit.schedule.readings import Readings
from cockpit.schedule.snapshot import PendingOrder, Snapshot
from cockpit.schedule.states import State
from cockpit.schedule.taking import HELD_UP, TAKEABLE, WAYS, after_hand_back
from tests.unit.outlines import START, loaded, told
from tests.unit.test_carry import ONE, PATHS

MADE = f.WorktreeMade("a", "/w/a", "a", "base")
S = State
GO_ON = {
    S.RUNNING: S.READY,
    S.PAUSED: S.READY,
    S.RETRYING: S.READY,
    S.FAILED: S.READY,
    S.REJECTED: S.READY,
    S.STOPPED: S.READY,
    S.REVIEW: S.READY,
    S.QUARANTINED: S.READY,
}


def in_state(state: State) -> Snapshot:
    return told(loaded(ONE), MADE, *PATHS[state])


def todos(snapshot: Snapshot) -> list[object]:
    return list(decide(snapshot, Readings(), START + 1e6))


def taken(state: State) -> Snapshot:
    """Return a snapshot with a leg that was in a state, and is taken over."""
    snapshot = in_state(state)
    snapshot = told(snapshot, *carry_out(snapshot, Order("takeover", ("a",), "me")).facts)
    if state is S.RUNNING:
        assert TakeOver("a") not in todos(snapshot), "its run goes on still"
        second = carry_out(snapshot, Order("takeover", ("a",), "you"))
        assert (second.facts, second.left_out) == ((), ("a is being taken over already",))
        assert not snapshot.legs["a"].handed_over, "who comes second waits for that, too"
        snapshot = told(snapshot, f.RunEnded("a", "a@1", "stopped"), f.LegPaused("a"))
    assert TakeOver("a") in todos(snapshot)
    assert progress(snapshot, PendingOrder("o", Order("takeover", ("a",)))) is None
    snapshot = told(snapshot, f.TakenOver("a", "tree"))
    assert progress(snapshot, PendingOrder("o", Order("takeover", ("a",)))) == f.OrderDone("o", "/w/a")
    return snapshot


@pytest.mark.parametrize("state", State)
def test_what_may_be_taken_over(state: State) -> None:
    if state in TAKEABLE:
        snapshot = taken(state)
        assert [one for one in todos(snapshot) if isinstance(one, TakeLeg)] == []
        for verb in HELD_UP:
            with pytest.raises(OrderRefusedError, match="taken over by me"):
                carry_out(snapshot, Order(verb, ("a",), reason="x"))
    else:
        with pytest.raises(OrderRefusedError, match=r"^a (is|has) "):
            carry_out(in_state(state), Order("takeover", ("a",)))


@pytest.mark.parametrize("state", sorted(TAKEABLE))
@pytest.mark.parametrize("how", ["go-on", "review", "leave"])
@pytest.mark.parametrize("changed", [False, True])
def test_each_way_of_handing_back(state: State, how: str, changed: bool) -> None:
    snapshot = taken(state)
    with pytest.raises(OrderRefusedError, match="too long to tell: 20001 characters"):
        carry_out(snapshot, Order("handback", ("a",), "you", "x" * 20_001, how=how))
    snapshot = told(snapshot, *carry_out(snapshot, Order("handback", ("a",), "you", "so", how=how)).facts)
    assert HandBack("a", how) in todos(snapshot)
    assert progress(snapshot, PendingOrder("o", Order("handback", ("a",)))) is None
    refused = told(snapshot, f.HandBackRefused("a", "a rebase is under way"))
    assert todos(refused) == todos(taken(state)), "it stays a human's"
    order = PendingOrder("o", Order("handback", ("a",)))
    assert progress(refused, order) == f.OrderRefused("o", "a: a rebase is under way")
    leg = snapshot.legs["a"]
    assert leg.hand is not None
    before, hand = leg.state, leg.hand
    snapshot = told(snapshot, f.HandedBack("a", how, "you", ("x",) if changed else (), changed))
    follow = after_hand_back(snapshot, snapshot.legs["a"], type(hand)(back=how, said="so", changed=changed))
    snapshot = told(snapshot, *follow)
    leg = snapshot.legs["a"]
    assert (leg.taken_over, leg.by_hand) == (False, changed)
    if how == "go-on":
        assert leg.state is GO_ON[state]
        assert [one for one in todos(snapshot) if isinstance(one, TakeLeg)]
    elif before is S.REVIEW:
        assert leg.state is (S.CHECKING if changed else S.REVIEW), "a review of what is not there any more is void"
    else:
        assert leg.state is (S.CHECKING if how == "review" else before)
    with pytest.raises(OrderRefusedError, match="not taken over"):
        carry_out(snapshot, Order("handback", ("a",), how="leave"))


@pytest.mark.parametrize("state", sorted(TAKEABLE))
@pytest.mark.parametrize("how", WAYS)
def test_the_conversation_that_a_human_went_on_with_is_that_of_the_next_run(state: State, how: str) -> None:
    snapshot = taken(state)
    before = snapshot.legs["a"].continues
    snapshot = replace(snapshot, runs={"a@1": replace(snapshot.runs["a@1"], session="S")})
    snapshot = told(snapshot, f.HandBackAsked("a", how), f.HandedBack("a", how))
    leg = snapshot.legs["a"]
    assert leg.hand is not None
    snapshot = told(snapshot, *after_hand_back(snapshot, leg, leg.hand))
    assert snapshot.legs["a"].continues == ("a@1" if how == "go-on" else before)


def test_what_a_human_changed_is_on_no_agents_record() -> None:
    snapshot = told(taken(S.FAILED), f.HandedBack("a", "review", changed=True), f.ChecksStarted("a"))
    snapshot = told(snapshot, f.WorkScanned("a", "a@1", "c", found=1), f.LegQuarantined("a", ""))
    assert not snapshot.runs["a@1"].tally.judged
    assert snapshot.held_slots() == {}


@pytest.mark.parametrize("fact", [f.TakenOver("a"), f.HandBackAsked("a", "leave"), f.HandedBack("a", "leave")])
def test_nothing_is_handed_back_that_was_not_taken_over(fact: f.Fact) -> None:
    with pytest.raises(IllegalMoveError, match="not taken over"):
        told(in_state(S.PAUSED), fact)
