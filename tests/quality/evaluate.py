"""Prints precision and recall of each rule over the corpora of this folder: `make quality`. Decides nothing."""

import importlib
import pkgutil
import sys
import time
from collections.abc import Iterator, Sequence

from cockpit.quality.rule import Example, Rule
from cockpit.quality.rules import RULES
from cockpit.quality.scan import scan_text
from tests.quality import corpus


def corpora() -> dict[str, Sequence[Example]]:
    """Return the examples of each rule that has a corpus: those of its own table, and those of its module here."""
    found = {rule.name: list(rule.examples) for rule in RULES}
    for module in pkgutil.iter_modules(corpus.__path__):
        if module.name.upper() in found:
            found[module.name.upper()] += importlib.import_module(f"{corpus.__name__}.{module.name}").EXAMPLES
    return {name: examples for name, examples in found.items() if examples}


def is_caught(rule: Rule, example: Example) -> bool:
    """Tell whether a rule finds something in an example."""
    return bool(scan_text(example.path, example.before, example.after, [rule]).violations)


def rows() -> Iterator[tuple[str, int, int, int, int, int]]:
    """Yield for each rule: its name, what it caught, missed and rightly passed, its false alarms here and elsewhere.

    Elsewhere are the clean changes that were written for other rules: they are clean for every rule.
    """
    known = corpora()
    for rule in RULES:
        own = known.get(rule.name, ())
        bad = [is_caught(rule, one) for one in own if one.caught]
        clean = [is_caught(rule, one) for one in own if not one.caught]
        others = [one for name, examples in known.items() if name != rule.name for one in examples if not one.caught]
        elsewhere = sum(is_caught(rule, one) for one in others)
        yield rule.name, sum(bad), len(bad) - sum(bad), len(clean) - sum(clean), sum(clean), elsewhere


def main() -> None:
    """Print the table."""
    begun = time.perf_counter()
    print(
        f"{'rule':<22}{'caught':>8}{'missed':>8}{'passed':>8}{'alarms':>8}{'others':>8}{'recall':>9}{'precision':>11}"
    )
    for name, caught, missed, passed, alarms, elsewhere in rows():
        wrong = alarms + elsewhere
        recall = f"{caught / (caught + missed):.1%}" if caught + missed else "-"
        precision = f"{caught / (caught + wrong):.1%}" if caught + wrong else "-"
        counts = "".join(f"{one:>8}" for one in (caught, missed, passed, alarms, elsewhere))
        print(f"{name:<22}{counts}{recall:>9}{precision:>11}")
    print(f"{time.perf_counter() - begun:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
