import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cockpit.errors import OrderRefusedError
from cockpit.schedule import facts as f
from cockpit.schedule.adding import LONGEST
from cockpit.schedule.carry import Carried, carry_out, needed_too, progress
from cockpit.schedule.decide import decide
from cockpit.schedule.orders import (
    CheckLeg,
    CleanUp,
    EndRun,
    Integrate,
    Order,
    PrepareLeg,
    StartMerge,
    TakeLeg,
    Todo,
    WatchRun,
)
from cockpit.schedule.outline import Outline
from cockpit.schedule.readings import Readings
from cockpit.schedule.shown import START, shown
from cockpit.schedule.snapshot import PendingOrder, Snapshot
from cockpit.schedule.states import IDLE, State
from tests.unit.outlines import changed_workstream, loaded, merged, outline, outlines, prepared, ran, told

ONE = changed_workstream(outline([("a", [])]), "a", approve_merge=True)
CHECKED = (*ran("a"), f.RunEnded("a", "a@1", "done"), f.ChecksStarted("a"))
REVIEW = (*CHECKED, f.ReviewAsked("a"))

PATHS: dict[State, tuple[f.Fact, ...]] = {
    State.WAITING: (f.WorkstreamUnwanted("a"),),
    State.READY: (),
    State.PREPARING: ran("a")[:1],
    State.RUNNING: ran("a"),
    State.CHECKING: CHECKED,
    State.REVIEW: REVIEW,
    State.QUEUED: (*REVIEW, f.ApprovalGiven("a", "merge")),
    State.MERGING: merged("a")[:-1],
    State.MERGED: merged("a"),
    State.RETRYING: (*ran("a"), f.RetryScheduled("a", 0.0)),
    State.PAUSED: (*ran("a"), f.LegPaused("a")),
    State.CONFLICT: (*merged("a")[:-1], f.ConflictFound("a", ("x",))),
    State.QUARANTINED: (*CHECKED, f.LegQuarantined("a", "claude#1")),
    State.FAILED: (*ran("a"), f.LegFailed("a")),
    State.STOPPED: (*ran("a"), f.WorkstreamUnwanted("a"), f.LegStopped("a")),
    State.REJECTED: (*REVIEW, f.ApprovalRefused("a", "merge")),
}
"""How a leg gets into each state."""

VERBS = ("start", "pause", "resume", "stop", "retry", "approve", "reject", "merge", "release", "discard", "cleanup")
ALLOWED: dict[State, dict[str, State]] = {
    State.WAITING: {"start": State.READY},
    State.READY: {"stop": State.WAITING},
    State.PREPARING: {"pause": State.PREPARING, "stop": State.PREPARING},
    State.RUNNING: {"pause": State.RUNNING, "stop": State.RUNNING},
    State.CHECKING: {"stop": State.CHECKING},
    State.QUARANTINED: {"release": State.READY, "discard": State.STOPPED},
    State.REVIEW: {"approve": State.QUEUED, "reject": State.REJECTED, "stop": State.STOPPED},
    State.QUEUED: {"merge": State.QUEUED, "reject": State.REJECTED, "stop": State.STOPPED},
    State.MERGING: {"stop": State.MERGING, "merge": State.MERGING},
    State.MERGED: {"merge": State.MERGED},
    State.RETRYING: {"retry": State.READY, "stop": State.STOPPED},
    State.PAUSED: {"resume": State.READY, "stop": State.STOPPED},
    State.CONFLICT: {"retry": State.READY, "reject": State.REJECTED, "stop": State.STOPPED},
    State.FAILED: {"retry": State.READY, "stop": State.STOPPED},
    State.STOPPED: {"start": State.READY, "retry": State.READY},
    State.REJECTED: {"retry": State.READY, "stop": State.STOPPED},
}


def carried(snapshot: Snapshot, verb: str, *targets: str, everything: bool = False) -> tuple[Snapshot, Carried]:
    result = carry_out(snapshot, Order(verb, targets, "me", "why", everything=everything))
    return told(snapshot, *result.facts), result


def pending(verb: str, *targets: str) -> PendingOrder:
    return PendingOrder("o1", Order(verb, targets))


@pytest.mark.parametrize("state", PATHS)
@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_from_each_state_leads_on_or_is_refused_with_a_reason(state: State, verb: str) -> None:
    snapshot = told(loaded(ONE), *PATHS[state])
    assert snapshot.legs["a"].state is state
    if verb in ALLOWED[state]:
        after, _ = carried(snapshot, verb, "a")
        assert after.legs["a"].state is ALLOWED[state][verb]
    else:
        with pytest.raises(OrderRefusedError, match="a"):
            carry_out(snapshot, Order(verb, ("a",)))


@pytest.mark.parametrize("verb", ["pause", "stop"])
def test_a_run_is_asked_to_end_and_the_order_lasts_until_it_has(verb: str) -> None:
    snapshot, _ = carried(told(loaded(ONE), *ran("a")), verb, "a")
    assert snapshot.legs["a"].ending == verb
    assert snapshot.workstreams["a"].wanted is (verb == "pause")
    assert progress(snapshot, pending(verb, "a")) is None
    ended = f.LegPaused("a") if verb == "pause" else f.LegStopped("a")
    assert progress(told(snapshot, ended), pending(verb, "a")) == f.OrderDone("o1")


def test_an_order_to_pause_does_not_outlive_what_it_was_for() -> None:
    snapshot, _ = carried(told(loaded(ONE), *ran("a")), "pause", "a")
    snapshot = told(snapshot, f.ChecksStarted("a"), f.ReviewAsked("a"))
    assert progress(snapshot, pending("pause", "a")) == f.OrderDone("o1")


def test_starting_again_what_was_stopped_gives_it_a_new_run() -> None:
    snapshot, result = carried(told(loaded(ONE), *PATHS[State.STOPPED]), "start", "a")
    assert result.facts == (f.WorkstreamWanted("a"), f.LegRetried("a"))
    assert snapshot.workstreams["a"].wanted


def test_a_retry_wants_what_was_unwanted() -> None:
    snapshot, _ = carried(told(loaded(ONE), *PATHS[State.FAILED], f.WorkstreamUnwanted("a")), "retry", "a")
    assert snapshot.legs["a"].state is State.READY


def test_an_approval_of_a_start() -> None:
    plan = changed_workstream(ONE, "a", approve_start=True)
    snapshot, result = carried(loaded(plan), "approve", "a")
    assert result.facts == (f.ApprovalGiven("a", "start", "me"),)
    assert snapshot.approval_of(snapshot.legs["a"]) is None
    refused, _ = carried(loaded(plan), "reject", "a")
    assert refused.legs["a"].state is State.REJECTED
    assert "why" in refused.legs["a"].lessons[-1]


def test_a_start_takes_what_is_needed_too() -> None:
    plan = outline([("a", []), ("b", ["a"]), ("c", ["b"]), ("d", [])])
    snapshot = loaded(plan, want=[])
    assert needed_too(snapshot, ["c"]) == ("a", "b")
    assert needed_too(loaded(plan, want=["a"]), ["c"]) == ("b",)
    assert needed_too(told(loaded(plan, want=["a"]), *merged("a")), ["b"]) == ()
    result = carry_out(snapshot, Order("start", ("c",), also_needed=True))
    assert {one.workstream for one in result.facts if isinstance(one, f.WorkstreamWanted)} == {"a", "b", "c"}
    assert carry_out(snapshot, Order("start", ("c",))).facts == (f.WorkstreamWanted("c"),)


def test_everything_means_all_that_the_verb_makes_sense_for() -> None:
    snapshot = told(loaded(outline([("a", []), ("b", [])]), want=["a"]), *ran("a"))
    _, result = carried(snapshot, "start", everything=True)
    assert result == Carried((f.WorkstreamWanted("b"),), ())
    with pytest.raises(OrderRefusedError):
        carry_out(snapshot, Order("resume", everything=True))


def test_some_of_the_targets_may_be_left_out_with_the_reason() -> None:
    snapshot = told(loaded(outline([("a", []), ("b", [])])), *ran("a"))
    _, result = carried(snapshot, "pause", "a", "b")
    assert result.facts == (f.EndAsked("a", "pause"),)
    assert result.left_out == ("b is ready: only what runs can be paused",)


def test_unknown_verbs_and_targets_are_refused() -> None:
    with pytest.raises(OrderRefusedError, match="juggle"):
        carry_out(loaded(ONE), Order("juggle", ("a",)))
    with pytest.raises(OrderRefusedError, match="nobody"):
        carry_out(loaded(ONE), Order("start", ("nobody",)))
    with pytest.raises(OrderRefusedError):
        carry_out(loaded(ONE), Order("start"))


@pytest.mark.parametrize("verb", ["stop", "retry"])
def test_a_reason_has_a_limit(verb: str) -> None:
    snapshot = told(loaded(outline([("a", [])])), *ran("a"))
    if verb == "retry":
        snapshot = told(snapshot, f.RunEnded("a", "a@1", "failed"), f.LegFailed("a"))
    assert carry_out(snapshot, Order(verb, ("a",), "me", "x" * LONGEST)).facts
    with pytest.raises(OrderRefusedError, match=f"the reason is too long: {LONGEST + 1} characters, {LONGEST} at most"):
        carry_out(snapshot, Order(verb, ("a",), "me", "x" * (LONGEST + 1)))


def test_orders_for_the_whole_plan() -> None:
    snapshot, _ = carried(loaded(ONE), "drain")
    assert snapshot.held
    with pytest.raises(OrderRefusedError, match="already"):
        carry_out(snapshot, Order("drain"))
    snapshot, _ = carried(snapshot, "undrain")
    with pytest.raises(OrderRefusedError, match="not held"):
        carry_out(snapshot, Order("undrain"))
    assert carry_out(snapshot, Order("limits", number=5)).facts == (f.AgentLimitChanged(5),)
    own = ("claude",)
    assert carry_out(snapshot, Order("limits", number=5, words=own)).facts == (f.SlotsChanged("claude", 5),)
    facts = carry_out(snapshot, Order("drain", words=own)).facts
    drained = told(snapshot, *facts)
    assert (facts, drained.held) == ((f.ProfileDrained("claude"),), False)
    for verb, profile, why in (
        ("drain", "claude", "nothing new already"),
        ("undrain", "claud", "no agent claud in this plan: it has claude"),
        ("limits", "claude", "slots must be 1"),
    ):
        with pytest.raises(OrderRefusedError, match=why):
            carry_out(drained, Order(verb, number=0, words=(profile,)))
    assert carry_out(drained, Order("undrain", words=own)).facts == (f.ProfileFreed("claude"),)
    for number in (None, 0, -1):
        with pytest.raises(OrderRefusedError):
            carry_out(snapshot, Order("limits", number=number))


def test_a_merge_is_pending_until_it_is_merged_or_stuck() -> None:
    snapshot, _ = carried(told(loaded(ONE), *PATHS[State.QUEUED]), "merge", "a")
    assert progress(snapshot, pending("merge", "a")) is None
    snapshot = told(snapshot, f.MergeStarted("a"))
    assert progress(snapshot, pending("merge", "a")) is None
    assert progress(told(snapshot, f.LegMerged("a", "m")), pending("merge", "a")) == f.OrderDone("o1")
    stuck = progress(told(snapshot, f.MergeDeferred("a", "x.py is edited", 1e9)), pending("merge", "a"))
    assert isinstance(stuck, f.OrderRefused)
    assert "x.py is edited" in stuck.reason
    conflict = progress(told(snapshot, f.ConflictFound("a", ("x.py",))), pending("merge", "a"))
    assert isinstance(conflict, f.OrderRefused)


def worked(commit: str) -> f.WorkCommitted:
    return f.WorkCommitted("a", commit, f"tree of {commit}")


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_a_decision_about_other_work_than_what_is_there_now_is_refused(verb: str) -> None:
    first, second = "1" * 40, "2" * 40
    seen = told(loaded(ONE), *CHECKED, worked(first), f.ReviewAsked("a"))
    order = Order(verb, ("a",), "me", expected=shown(seen, ["a"]))
    assert order.expected == first
    facts = carry_out(seen, order).facts
    assert isinstance(facts[0], f.ApprovalGiven | f.ApprovalRefused)
    if isinstance(facts[0], f.ApprovalGiven):
        assert facts[0].commit == first
    meanwhile = told(seen, f.LegRebased("a", "base", second, "tree"))
    with pytest.raises(OrderRefusedError, match=r"not what was shown.*222222222 now"):
        carry_out(meanwhile, order)
    assert carry_out(meanwhile, Order(verb, ("a",), expected=second[:7])).facts
    with pytest.raises(OrderRefusedError, match="not what was shown"):
        carry_out(meanwhile, Order(verb, ("a",), expected="2"))


def test_a_yes_to_a_start_is_none_to_a_merge() -> None:
    plan = changed_workstream(ONE, "a", approve_start=True)
    order = Order("approve", ("a",), expected=shown(loaded(plan), ["a"]))
    assert order.expected == START
    assert carry_out(loaded(plan), order).facts == (f.ApprovalGiven("a", "start"),)
    later = told(loaded(plan), f.ApprovalGiven("a", "start"), *CHECKED, worked("1" * 40), f.ReviewAsked("a"))
    with pytest.raises(OrderRefusedError, match="not what was shown"):
        carry_out(later, order)


def test_a_merge_that_happened_by_itself_is_done() -> None:
    commit = "1" * 40
    queued = told(loaded(ONE), *CHECKED, worked(commit), f.ReviewAsked("a"), f.ApprovalGiven("a", "merge"))
    order = Order("merge", ("a",), expected=shown(queued, ["a"]))
    assert carry_out(queued, order).facts == (f.MergeQueued("a"),)
    with pytest.raises(OrderRefusedError, match="not what was shown"):
        carry_out(queued, Order("merge", ("a",), expected="2" * 40))
    merging = told(queued, f.MergeStarted("a"))
    assert carry_out(merging, order) == Carried((), ("a is being merged already",))
    assert progress(merging, PendingOrder("o1", order)) is None
    done = told(merging, f.LegMerged("a", "m"))
    assert carry_out(done, order) == Carried((), ("a is merged already",))
    assert progress(done, PendingOrder("o1", order)) == f.OrderDone("o1")


def test_a_merge_is_stopped_or_comes_first() -> None:
    snapshot, result = carried(told(loaded(ONE), *PATHS[State.MERGING]), "stop", "a")
    assert result.facts == (f.WorkstreamUnwanted("a"), f.EndAsked("a", "stop"))
    assert progress(snapshot, pending("stop", "a")) is None
    stopped = told(snapshot, f.LegStopped("a"))
    assert stopped.legs["a"].state is State.STOPPED
    assert progress(stopped, pending("stop", "a")) == f.OrderDone("o1")
    late = progress(told(snapshot, f.LegMerged("a", "m")), pending("stop", "a"))
    assert late == f.OrderDone("o1", "merged before it could be stopped: a")


def test_a_clean_up_is_pending_until_the_worktree_is_gone_or_left() -> None:
    made = told(loaded(ONE), f.WorktreeMade("a", "/w", "a", "b"), *PATHS[State.STOPPED])
    snapshot, _ = carried(made, "cleanup", "a")
    assert progress(snapshot, pending("cleanup", "a")) is None
    assert progress(told(snapshot, f.WorktreeRemoved("a", "/w")), pending("cleanup", "a")) == f.OrderDone("o1")
    left = progress(told(snapshot, f.CleanUpRefused("a", "busy")), pending("cleanup", "a"))
    assert left == f.OrderRefused("o1", "a: busy")


@pytest.mark.parametrize("state", [State.READY, State.RUNNING, State.PAUSED, State.REVIEW, State.FAILED])
def test_what_still_has_work_to_do_is_not_cleaned_up(state: State) -> None:
    made = told(loaded(ONE), f.WorktreeMade("a", "/w", "a", "b"), *PATHS[state])
    with pytest.raises(OrderRefusedError, match="stop it"):
        carry_out(made, Order("cleanup", ("a",)))


# --- any life -------------------------------------------------------------------------------------------------------


def effect(draw: st.DrawFn, snapshot: Snapshot, todo: Todo) -> tuple[f.Fact, ...]:
    """Return facts that carrying out an order from decide may end in."""
    match todo:
        case TakeLeg(leg, slot):
            return (f.LegTaken(leg, f"r{snapshot.seq}", slot),)
        case PrepareLeg(leg, run):
            made = (f.WorktreeMade(leg, f"/w/{leg}", "branch", "base"), f.RunStarted(leg, run, 1))
            return draw(st.sampled_from([made, (f.RetryScheduled(leg, 0.0, "set-up failed"),)]))
        case WatchRun(leg, run) if not snapshot.legs[leg].ending:
            after = st.sampled_from([f.ChecksStarted(leg), f.RetryScheduled(leg, 0.0, "no"), f.LegFailed(leg, "no")])
            return f.RunEnded(leg, run, "done"), draw(after)
        case EndRun(leg, run):
            end = f.LegPaused(leg) if snapshot.legs[leg].ending == "pause" else f.LegStopped(leg)
            return f.RunEnded(leg, run, "stopped"), end
        case CheckLeg(leg, _):
            return (
                draw(st.sampled_from([f.ReviewAsked(leg), f.MergeQueued(leg), f.LegMerged(leg), f.LegFailed(leg)])),
            )
        case StartMerge(legs):
            return tuple(map(f.MergeStarted, legs))
        case Integrate(legs):
            ends = st.sampled_from(["merged", "conflict", "deferred"])
            return tuple(
                {
                    "merged": f.LegMerged(leg, "m"),
                    "conflict": f.ConflictFound(leg, ("x",)),
                    "deferred": f.MergeDeferred(leg, "dirty", 0.0),
                }[draw(ends)]
                for leg in legs
            )
        case CleanUp(workstream):
            return (f.WorktreeRemoved(workstream, "/w"),)
        case _:
            return ()


@given(outlines(most=6) | outlines(most=6).map(prepared), st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_happens_and_whoever_orders_what_every_fact_fits(plan: Outline, data: st.DataObject) -> None:
    snapshot = loaded(plan, want=[])
    for _ in range(data.draw(st.integers(1, 40))):
        if data.draw(st.booleans()):
            verb = data.draw(st.sampled_from(["start", *VERBS, "drain", "undrain"]))
            targets = (data.draw(st.sampled_from(sorted(snapshot.workstreams))),)
            order = Order(verb, targets, also_needed=data.draw(st.booleans()))
            try:
                snapshot = told(snapshot, *carry_out(snapshot, order).facts)
            except OrderRefusedError as refused:
                assert refused.what  # noqa: PT017 - either way of ending is right, and this one says why
            progress(snapshot, PendingOrder("o", order))
        elif found := decide(snapshot, Readings(), snapshot.at):
            snapshot = told(snapshot, *data.draw(st.composite(effect)(snapshot, data.draw(st.sampled_from(found)))))
        assert snapshot.active == {key for key, leg in snapshot.legs.items() if leg.state not in IDLE}
        begun = [leg for leg in snapshot.legs.values() if leg.state not in IDLE | {State.READY}]
        assert len({leg.workstream for leg in begun}) == len(begun)
        assert len([leg for leg in begun if leg.slot]) <= snapshot.max_agents()
        assert len({leg.slot for leg in begun if leg.slot}) == len([leg for leg in begun if leg.slot])
