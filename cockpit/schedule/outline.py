"""What the scheduler needs of a plan, compiled once when it is loaded, so that replaying facts needs no parser."""

from collections.abc import Iterable, Mapping

from msgspec import Struct


class IssueOutline(Struct, frozen=True, omit_defaults=True):
    """One issue: its id and title as the plan has them (untrusted text)."""

    id: str
    title: str = ""


class LegOutline(Struct, frozen=True, omit_defaults=True):
    """One leg: `depends_on` holds keys of legs, durations are seconds, `number` counts from 1 and is for display."""

    key: str
    workstream: str
    number: int = 1
    issues: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    round: int = 1
    estimate_s: float = 1800.0
    low_s: float = 1800.0
    high_s: float = 1800.0


class WorkstreamOutline(Struct, frozen=True, omit_defaults=True):
    """One workstream: `agents` are profile names in order of preference, `legs` keys in the order of the cut.

    `files` are the globs of its scope; none: anywhere.
    """

    id: str
    title: str = ""
    priority: int = 2
    critical: bool = False
    branch: str = ""
    worktree: str = ""
    agents: tuple[str, ...] = ()
    issues: tuple[IssueOutline, ...] = ()
    legs: tuple[str, ...] = ()
    approve_start: bool = False
    approve_merge: bool = True
    files: tuple[str, ...] = ()
    strategy: str = "merge"
    expect_change: bool = True
    role: str = ""
    checklist: tuple[str, ...] = ()


class Profile(Struct, frozen=True, omit_defaults=True):
    """An agent profile, how many slots it has, its model; `digest` names what it runs, whatever a plan calls it.

    `talks`: its agents can be talked to while they work.
    """

    name: str
    slots: int = 1
    digest: str = ""
    model: str = ""
    talks: bool = False


COVERED = 80.0
"""How much of a question, in percent, a pattern has to cover where the plan does not say."""


class QuickReply(Struct, frozen=True, omit_defaults=True):
    """A reply to questions that a pattern covers by at least `threshold` percent."""

    match: str
    reply: str
    threshold: float = COVERED


class Outline(Struct, frozen=True, omit_defaults=True):
    """A plan as the scheduler sees it; durations are seconds."""

    name: str
    repo: str = ""
    base: str = ""
    worktrees: str = ""
    profiles: tuple[Profile, ...] = ()
    max_agents: int = 3
    retries: int = 1
    backoff_s: float = 30.0
    stall_s: float = 900.0
    clean_merged: bool = True
    cost_limit: float | None = None
    workstreams: tuple[WorkstreamOutline, ...] = ()
    legs: tuple[LegOutline, ...] = ()
    answers: tuple[QuickReply, ...] = ()


MAX_BACKOFF_S = 600.0


def dependents(legs: Iterable[LegOutline]) -> dict[str, tuple[str, ...]]:
    """Return for each leg the legs that depend on it directly."""
    found: dict[str, list[str]] = {}
    for leg in legs:
        for needed in leg.depends_on:
            found.setdefault(needed, []).append(leg.key)
    return {key: tuple(keys) for key, keys in found.items()}


def ranks(outline: Outline) -> dict[str, int]:
    """Return each leg's place in the order of launching: longest remaining path, then priority, then plan order."""
    priority = {workstream.id: workstream.priority for workstream in outline.workstreams}
    remaining = remaining_paths(outline.legs)
    ordered = sorted(
        (-remaining[leg.key], priority.get(leg.workstream, 2), at, leg.key) for at, leg in enumerate(outline.legs)
    )
    return {key: rank for rank, (*_, key) in enumerate(ordered)}


def remaining_paths(legs: Iterable[LegOutline]) -> Mapping[str, float]:
    """Return for each leg the seconds of the longest path from its start to the end of the plan."""
    after: dict[str, float] = {}
    remaining: dict[str, float] = {}
    for leg in sorted(legs, key=lambda leg: -leg.round):
        path = remaining[leg.key] = leg.estimate_s + after.get(leg.key, 0.0)
        for needed in leg.depends_on:
            if path > after.get(needed, 0.0):
                after[needed] = path
    return remaining
