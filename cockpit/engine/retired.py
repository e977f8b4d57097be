"""The plans that were in force, for workstreams that the present one no longer has; never what nobody trusted."""

from collections.abc import Iterable
from pathlib import Path

from cockpit.errors import PlanError
from cockpit.plan.load import parse_plan
from cockpit.plan.model import Plan
from cockpit.plan.trust import keep_in_force
from cockpit.schedule.facts import PlanLoaded

WHOLE, PART = "whole", "part"
"""What of a plan that was loaded is trusted: all of it, or all but what it changed of the part that trust covers."""


def plans_in_force(loaded: Iterable[PlanLoaded]) -> tuple[Plan, ...]:
    """Return the plans that were in force, newest first, from the facts of their loading."""
    found: list[Plan] = []
    for fact in loaded:
        try:
            plan = parse_plan(fact.text, Path(fact.path)).plan
        except PlanError:
            continue  # of an older version, with keys that mean something else by now
        if fact.trust == WHOLE:
            found.append(plan)
        elif fact.trust == PART and found:
            found.append(keep_in_force(found[-1], plan)[0])
    return tuple(reversed(found))
