"""What an agent is told, from how its leg stands; asks neither git nor the clock, and starts nothing."""

from collections.abc import Sequence

from msgspec.structs import astuple

from cockpit.agents.prompt import EarlierRun, LineComment, compose, compose_again
from cockpit.plan.legs import LegSpec
from cockpit.plan.model import Plan, Workstream
from cockpit.schedule.snapshot import Leg


def text(
    plan: Plan,
    workstream: Workstream,
    leg: Leg,
    *,
    present: Sequence[str] = (),
    notes: Sequence[str] = (),
    tools: bool = False,
) -> str:
    """Return the prompt of a leg's next run: `present` and `notes` are what git and other agents add to it.

    `tools`: its agent gets the commands as tools, too.
    """
    return compose(
        plan,
        workstream,
        LegSpec(*astuple(leg.outline)),
        earlier=_earlier(leg),
        comments=_comments(leg),
        present=present,
        notes=notes,
        additions=[*leg.additions, leg.addition],
        tools=tools,
    )


def text_again(leg: Leg, *, present: Sequence[str] = (), notes: Sequence[str] = ()) -> str:
    """Return the prompt of a leg's next run where that goes on with the session of the one before it."""
    return compose_again(
        earlier=_earlier(leg), comments=_comments(leg), present=present, notes=notes, additions=[leg.addition]
    )


def _earlier(leg: Leg) -> list[EarlierRun]:
    return [EarlierRun(number, "not merged", lesson) for number, lesson in enumerate(leg.lessons, 1)]


def _comments(leg: Leg) -> list[LineComment]:
    return [LineComment(*astuple(one)) for one in leg.comments]
