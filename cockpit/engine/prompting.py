"""What an agent is told, from how its leg stands; asks neither git nor the clock, and starts nothing."""

from collections.abc import Sequence

from msgspec.structs import astuple

from cockpit.agents.prompt import EarlierRun, LineComment, compose
from cockpit.plan.legs import LegSpec
from cockpit.plan.model import Plan, Workstream
from cockpit.schedule.snapshot import Leg


def text(
    plan: Plan, workstream: Workstream, leg: Leg, *, present: Sequence[str] = (), notes: Sequence[str] = ()
) -> str:
    """Return the prompt of a leg's next run: `present` and `notes` are what git and other agents add to it."""
    return compose(
        plan,
        workstream,
        LegSpec(*astuple(leg.outline)),
        earlier=[EarlierRun(number, "not merged", lesson) for number, lesson in enumerate(leg.lessons, 1)],
        comments=[LineComment(*astuple(one)) for one in leg.comments],
        present=present,
        notes=notes,
        additions=[*leg.additions, leg.addition],
    )
