import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from cockpit.errors import JournalError
from cockpit.schedule.codec import decode, encode
from cockpit.schedule.facts import (
    KINDS,
    Fact,
    LegFailed,
    PlanLoaded,
    UsageReported,
    from_json,
    from_text,
    to_json,
    to_text,
)
from cockpit.schedule.readings import Readings
from cockpit.schedule.snapshot import Leg, Snapshot
from tests.unit.fact_strategies import facts, instances
from tests.unit.outlines import OUT_OF_ORDER, loaded, merged, ran, told


def there_and_back(value: Any) -> Any:
    return decode(type(value), json.loads(json.dumps(encode(value))))


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_every_kind_of_fact_comes_back_as_it_was(kind: str, data: st.DataObject) -> None:
    fact: Fact = data.draw(instances(KINDS[kind]))
    text = json.dumps(to_json(fact))
    assert from_json(kind, json.loads(text)) == fact
    assert from_text(kind, text) == from_text(kind, to_text(fact)) == fact


@given(instances(Snapshot))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_snapshot_comes_back_as_it_was(snapshot: Snapshot) -> None:
    assert there_and_back(snapshot) == snapshot


@given(instances(Readings))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_readings_come_back_as_they_were(readings: Readings) -> None:
    assert there_and_back(readings) == readings


def test_a_snapshot_that_was_folded_comes_back_as_it_was() -> None:
    snapshot = told(loaded(OUT_OF_ORDER), *merged("B/0"), *ran("A/2", "claude#2"))
    assert there_and_back(snapshot) == snapshot


@given(facts())
@settings(max_examples=50, deadline=None)
def test_keys_that_this_version_does_not_know_are_ignored(fact: Fact) -> None:
    data = to_json(fact) | {"from_the_future": {"deep": [1]}}
    assert from_json(type(fact).__name__, data) == fact


def test_fields_that_an_older_version_lacks_take_their_default() -> None:
    assert from_json("RunEnded", {"leg": "a", "run": "r", "outcome": "done"}) == KINDS["RunEnded"](
        leg="a", run="r", outcome="done"
    )


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(JournalError, match="LegTeleported"):
        from_json("LegTeleported", {})
    for root in ("Fact", "LegFact"):
        with pytest.raises(JournalError):
            from_json(root, {"leg": "a"})


@pytest.mark.parametrize(
    "data",
    [{}, {"leg": 3, "run": "r", "slot": "s"}, {"leg": "a", "run": None, "slot": "s"}, [], "x", None, 7, {"leg": "a"}],
)
def test_data_that_does_not_fit_is_refused_and_never_half_read(data: Any) -> None:
    with pytest.raises(JournalError, match="LegTaken"):
        from_json("LegTaken", data)


@pytest.mark.parametrize(
    "outline",
    [
        None,
        [],
        3,
        {"name": 3},
        {"name": "p", "legs": [None]},
        {"name": "p", "legs": 3},
        {"name": "p", "profiles": [[]]},
        {"name": "p", "legs": "text"},
    ],
)
def test_a_damaged_outline_is_refused(outline: Any) -> None:
    with pytest.raises(JournalError, match="PlanLoaded"):
        from_json("PlanLoaded", {"path": "p", "text": "t", "outline": outline})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(KINDS)), st.data())
@settings(max_examples=300, deadline=None)
def test_any_damage_ends_in_a_fact_or_a_journal_error(kind: str, data: st.DataObject) -> None:
    names = list(KINDS[kind].__struct_fields__)
    values: dict[str, Any] = data.draw(st.dictionaries(st.sampled_from(names), JSON, max_size=4)) if names else {}
    with suppress(JournalError):
        assert isinstance(from_json(kind, values), KINDS[kind])


def test_defaults_are_left_out_and_whole_numbers_serve_as_seconds() -> None:
    leg = Leg(OUT_OF_ORDER.legs[0])
    assert set(encode(leg)) == {"outline"}
    assert decode(Leg, {**encode(leg), "since": 3}).since == 3.0
    with pytest.raises(ValueError, match="attempt"):
        decode(Leg, {**encode(leg), "attempt": True})


def test_a_type_without_a_way_to_decode_it_is_refused() -> None:
    class Odd(Struct, frozen=True):
        what: complex

    with pytest.raises(ValueError, match="complex"):
        decode(Odd, {"what": 1})


@pytest.mark.parametrize("usd", [float("inf"), 0.25])
@pytest.mark.parametrize("reason", ["half a pair: \ud800", "plain"])
def test_what_json_dumps_writes_is_read_even_where_it_is_no_json(usd: float, reason: str) -> None:
    for fact in (UsageReported("a", "r", usd=usd), LegFailed("a", reason)):
        text = json.dumps(to_json(fact))
        assert from_text(type(fact).__name__, text) == fact == from_json(type(fact).__name__, json.loads(text))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"leg": 3}', "{} {}", "\ud800"])
def test_text_that_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(JournalError, match="LegFailed"):
        from_text("LegFailed", text)


def test_a_plan_comes_back_with_its_text() -> None:
    fact = PlanLoaded("/p.yaml", "workstreams: []\n", OUT_OF_ORDER)
    assert from_json("PlanLoaded", to_json(fact)) == fact


@pytest.mark.parametrize("text", ["workstreams: [é]\n", "half a pair: \ud800"])
@pytest.mark.parametrize("cost", [None, 12.5, float("inf")])
def test_the_text_of_a_plan_for_journal_and_clients_holds_all_of_it(text: str, cost: float | None) -> None:
    for path in ("/a.yaml", "/b.yaml"):  # the last one is kept: another is another
        fact = PlanLoaded(path, text, replace(OUT_OF_ORDER, cost_limit=cost), "whole")
        assert from_text("PlanLoaded", to_text(fact)) == fact == from_json("PlanLoaded", json.loads(to_text(fact)))
        assert to_text(fact) is to_text(fact)
