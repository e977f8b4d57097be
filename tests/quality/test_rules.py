"""All rules against their own examples and against the corpus of each: what must be caught is, what must pass does."""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

import pytest

from cockpit.quality.change import Change
from cockpit.quality.rule import Example, Rule
from cockpit.quality.rules import RULES
from cockpit.quality.violation import fingerprint


def _examples(rule: Rule) -> Sequence[Example]:
    corpus = f"tests.quality.corpus.{rule.name.lower()}"
    more: Sequence[Example] = import_module(corpus).EXAMPLES if find_spec(corpus) else ()
    return [*rule.examples, *more]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_catches_what_it_must_and_nothing_else(rule: Rule) -> None:
    wrong = []
    for one in _examples(rule):
        found = list(rule.judge(Change(one.path, one.before, one.after)))
        if bool(found) != one.caught:
            wrong.append(f"{'missed' if one.caught else 'false alarm'}: {one.path}: {one.about}: {found or one.after}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_shows_both_what_it_catches_and_what_not(rule: Rule) -> None:
    assert {one.caught for one in rule.examples} == {True, False}


def test_a_path_that_is_no_text_has_a_fingerprint_of_its_own() -> None:
    found = {fingerprint("RULE", f"bad{byte}.py", "x", 1) for byte in ("\udcff", "\udcfe", "?")}
    assert len(found) == 3
