import pytest

from cockpit.errors import IllegalMoveError
from cockpit.schedule.facts import KINDS, LegFact
from cockpit.schedule.states import (
    AWAITS_HUMAN,
    BLOCKS_OTHERS,
    HOLDS_SLOT,
    IDLE,
    MOVES,
    MOVING_FACTS,
    PAST_CHECKING,
    UNBEGUN,
    WORKING,
    State,
    next_state,
)

DERIVED = {"DependenciesMet", "DependenciesUnmet"}
LATER = {"LegQuarantined", "LegReleased"}  # their facts come with the quality monitor's own issue


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("fact", sorted(MOVING_FACTS | {"RunEnded", "Nonsense"}))
def test_each_move_leads_where_the_table_says_and_every_other_raises(state: State, fact: str) -> None:
    if fact in MOVES[state]:
        assert next_state(state, fact) is MOVES[state][fact]
    else:
        with pytest.raises(IllegalMoveError, match=state.value):
            next_state(state, fact)


def test_every_state_has_a_row_and_can_be_reached() -> None:
    assert set(MOVES) == set(State)
    seen = {State.WAITING}
    todo = [State.WAITING]
    while todo:
        for other in MOVES[todo.pop()].values():
            if other not in seen:
                seen.add(other)
                todo.append(other)
    assert seen == set(State)


@pytest.mark.parametrize("state", State)
def test_every_state_leads_to_merged(state: State) -> None:
    seen = {state}
    todo = [state]
    while todo:
        for other in MOVES[todo.pop()].values():
            if other not in seen:
                seen.add(other)
                todo.append(other)
    assert State.MERGED in seen


def test_only_a_rollback_follows_merged() -> None:
    assert MOVES[State.MERGED] == {"LegReverted": State.REVIEW}


def test_every_move_is_made_by_a_fact_about_a_leg() -> None:
    assert MOVING_FACTS >= LATER | DERIVED
    for name in MOVING_FACTS - DERIVED - (LATER - set(KINDS)):
        assert issubclass(KINDS[name], LegFact), name


def test_the_sets_of_states_fit_each_other() -> None:
    assert UNBEGUN - {State.READY} == IDLE
    assert HOLDS_SLOT <= WORKING
    assert not WORKING & (AWAITS_HUMAN | BLOCKS_OTHERS | IDLE)
    assert not BLOCKS_OTHERS & UNBEGUN
    assert State.MERGED in PAST_CHECKING
    assert set(State) == WORKING | AWAITS_HUMAN | BLOCKS_OTHERS | UNBEGUN | {State.PAUSED}
