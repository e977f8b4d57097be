"""Every kind of fact has words, whatever it holds, on one harmless line."""

from unicodedata import category

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.safetext import on_one_line, safe_line
from cockpit.schedule import facts as f
from cockpit.schedule.wording import count, line, words
from tests.unit.fact_strategies import facts


@settings(max_examples=300, deadline=None)
@given(facts({"at": st.floats(0, 4e9)}))
def test_any_fact_is_one_harmless_line(fact: f.Fact) -> None:
    told = line(f.Recorded(7, 1_700_000_000.0, fact), numbered=True)
    assert told
    assert not any(category(char) in ("Cc", "Cs") for char in told)


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        (f.ResolutionAsked("a", "rebase"), "its conflict is to be resolved by a rebase onto base"),
        (f.ResolutionEnded("a", "still conflicted: x.py", "/c/a"), "resolution: still conflicted: x.py in /c/a"),
        (
            f.ResolutionEnded("a", "to be resolved in /c/a: x.py", "/c/a"),
            "resolution: to be resolved in /c/a: x.py",
        ),
        (
            f.LegRebased("a", "b" * 40, "c" * 40, "t", "refs/cockpit/rescue/p/a/1"),
            "its work is on base at bbbbbbbbb now, as ccccccccc; it was kept as refs/cockpit/rescue/p/a/1 before",
        ),
        (f.RollbackAsked("a"), "its merge is to be rolled back"),
        (f.OrderGiven("o", "limits", by="olga", number=4, words=("sh",)), "order limits 4 sh by olga"),
        (f.OrderGiven("o", "drain", words=("sh",)), "order drain sh"),
        (f.SlotsChanged("sh", 4), "4 slots of sh from now on"),
        (f.ProfileDrained("sh"), "sh takes nothing new"),
        (f.ProfileFreed("sh"), "sh takes legs again"),
        (f.LegReverted("a", "d" * 40), "rolled back by ddddddddd; its work is in review again"),
        (f.RollbackEnded("a", "later work builds on it: x"), "not rolled back: later work builds on it: x"),
        (f.Recovered(("/w/a: finished", "/w/b: forgotten")), "put right: /w/a: finished; /w/b: forgotten"),
        (f.ConflictFound("a", ("x", "y"), report="/r.md"), "conflicts with base in x, y; see /r.md"),
        (f.MergeDeferred("a", "edited: x", paths=("x", "y")), "merge waits: edited: x (y)"),
        (f.WorktreeRemoved("a", "/w/a", freed=1_500_000), "worktree removed, 1.5 MB freed"),
    ],
)
def test_what_facts_say(fact: f.Fact, told: str) -> None:
    assert words(fact) == told


def test_the_lines_of_a_reason_are_kept_apart() -> None:
    fact = f.LegFailed("a", "gate tests failed: exited with 1\n  FAILED test_x\n\n\x1b[31m1 failed\x1b[0m\n")
    told = line(f.Recorded(7, 1_700_000_000.0, fact))
    assert told.endswith("failed: gate tests failed: exited with 1 │ FAILED test_x │ 1 failed")


def test_a_number_has_its_noun() -> None:
    assert (count(1, "round"), count(0, "round"), count(3, "leg")) == ("1 round", "0 rounds", "3 legs")


def test_one_line_is_cut_where_it_is_too_long() -> None:
    assert on_one_line("a\nb\tc", 0) == "a │ b c"
    assert on_one_line("abcdef\nghi", 5) == "abcd…"
    assert on_one_line("one line") == safe_line("one line")
