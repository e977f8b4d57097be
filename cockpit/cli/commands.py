"""Makes the commands that hand in one order for named workstreams, or for all; each is told apart by verb and help."""

from collections.abc import Callable

from cockpit.cli.giving import give, give_to, order_of, order_shown, project_for
from cockpit.cli.options import All, Commit, Json, Plan, Reason, StateDir, Workstreams

Command = Callable[..., int]


def plain_order(verb: str, about: str) -> Command:
    """Return the command of a verb that needs no more than its targets."""

    def command(
        plan: Plan, /, *workstreams: Workstreams, all: All = False, json: Json = False, state_dir: StateDir = None
    ) -> int:
        return give(plan, state_dir, order_of(verb, workstreams, all), json=json)

    return _named(command, verb, about)


def reasoned_order(verb: str, about: str) -> Command:
    """Return the command of a verb that takes a reason."""

    def command(
        plan: Plan,
        /,
        *workstreams: Workstreams,
        all: All = False,
        reason: Reason = "",
        json: Json = False,
        state_dir: StateDir = None,
    ) -> int:
        return give(plan, state_dir, order_of(verb, workstreams, all, reason), json=json)

    return _named(command, verb, about)


def deciding_order(verb: str, about: str) -> Command:
    """Return the command of a verb that decides about work: it names the commits, so that no newer work is meant."""

    def command(
        plan: Plan,
        /,
        *workstreams: Workstreams,
        all: All = False,
        commit: Commit = "",
        reason: Reason = "",
        json: Json = False,
        state_dir: StateDir = None,
    ) -> int:
        order = order_of(verb, workstreams, all, reason)
        project = project_for(plan, state_dir, verb)
        return give_to(project, order_shown(project, order, commit), json=json)

    return _named(command, verb, about)


def _named(command: Command, verb: str, about: str) -> Command:
    command.__name__ = command.__qualname__ = verb
    command.__doc__ = about
    return command
