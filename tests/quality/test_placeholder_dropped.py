"""What a finding of PLACEHOLDER_DROPPED carries, and that no text makes the rule slow."""

import time

import pytest

from cockpit.quality.change import Change
from cockpit.quality.rules.placeholder_dropped import RULE

LINES = "".join(f"value_{n} = work({n})\n" for n in range(60))


def test_a_finding_names_the_place_and_holds_the_lost_lines() -> None:
    (found,) = RULE.judge(Change("a.py", LINES, "value_0 = work(0)\n# the rest stays as it was\n"))
    assert found.line == 2
    assert "59 lines of code" in found.message
    assert found.missing[0] == "value_1 = work(1)"
    assert len(found.missing) == 40


@pytest.mark.parametrize("piece", ["*/ ", "-", "-->", "(", "... ", "not ", "/*", "{", "a."])
def test_no_line_makes_the_rule_slow(piece: str) -> None:
    line = (piece * 20_000)[:20_000]
    begun = time.process_time()
    for before in (LINES, None):
        list(RULE.judge(Change("a.ts", before, f"{line}\n{line[:399]}...\n{line}\n")))
    assert time.process_time() - begun < 2


def test_thousands_of_comments_do_not_make_the_rule_slow() -> None:
    change = Change("a.py", LINES * 200, "".join(f"# note {n} unchanged\n" for n in range(12_000)))
    assert change.hunks
    begun = time.process_time()
    list(RULE.judge(change))
    assert time.process_time() - begun < 5
