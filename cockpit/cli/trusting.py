"""Asks for trust before anything of a plan runs, and gives it; knows nothing about how it is kept."""

from typing import TYPE_CHECKING

from cockpit.cli.inside import refuse_inside_run
from cockpit.errors import CockpitError, UntrustedError
from cockpit.safetext import safe_line

if TYPE_CHECKING:
    from cockpit.engine.project import Project

_SHOWN = 40


def is_trusted(project: "Project") -> bool:
    """Say whether this user trusted the plan as it is now. Raises TrustError."""
    from cockpit.plan.trust import TrustStore

    return TrustStore().is_trusted(project.loaded)


def give_trust(project: "Project") -> None:
    """Trust the plan as it is now, for this user. Raises CockpitError, also inside a run."""
    refuse_inside_run("cockpit trust")
    keep_trust(project)


def keep_trust(project: "Project") -> None:
    """Keep that the plan as it is now is trusted, without asking who asks. Raises CockpitError."""
    from cockpit.plan.trust import TrustStore

    store = TrustStore()
    try:
        store.trust(project.loaded)
    except OSError as error:
        hint = "make it writable; trust is kept in $XDG_CONFIG_HOME/cockpit, or ~/.config/cockpit"
        raise CockpitError(f"trust cannot be kept: {error.strerror}", where=str(store.path), hint=hint) from error


def require_trust(project: "Project", *, trust: bool = False) -> None:
    """Return when the plan is trusted, after trusting it if `trust`. Raises UntrustedError with what it would run."""
    if is_trusted(project):
        return
    if trust:
        give_trust(project)
        return
    raise UntrustedError(
        "this plan is not trusted yet, or was changed since; it would run:\n" + "\n".join(listing(project)[:_SHOWN]),
        where=str(project.loaded.path),
        hint=f"if that is fine: cockpit trust {safe_line(str(project.loaded.path))}   (or add --trust)",
    )


def listing(project: "Project") -> list[str]:
    """Return a line for each command that the plan would run, with its place in the plan."""
    from cockpit.plan.trust import commands

    found = commands(project.loaded.plan)
    widest = max((len(where) for where, _ in found), default=0)
    return [safe_line(f"{where:<{widest}}").ljust(widest + 2) + safe_line(text) for where, text in found] or [
        "(no command at all)"
    ]
