"""Lists what a plan asks for and this version of cockpit does not do yet, so that no key is ignored in silence."""

from collections.abc import Iterator

from cockpit.plan.model import AgentProfile, Plan


def not_in_effect(plan: Plan) -> tuple[str, ...]:
    """Return the keys that are given in this plan, with their values where these matter, and have no effect yet."""
    return tuple(_later(plan))


def _later(plan: Plan) -> Iterator[str]:
    for name, profile in plan.agents.items():
        yield from _of_agent(f"agents.{name}", profile)
    if plan.track:
        yield "track"


def _of_agent(where: str, profile: AgentProfile) -> Iterator[str]:
    if profile.preset in (None, "acp", "shell") and profile.model is not None:
        yield f"{where}.model (only a preset passes it on)"
