"""A version of a plan, made ready to come into force: all of the work that grows with the plan, done in a thread.

It brings nothing into force, and changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cockpit.engine.project import Project, outline_of, started_legs
from cockpit.plan.fields import Differences, differences
from cockpit.plan.load import Loaded
from cockpit.plan.model import Plan
from cockpit.schedule.facts import PlanLoaded, to_text
from cockpit.schedule.snapshot import Snapshot


@dataclass(frozen=True)
class Version:
    """What a version is to the scheduler (`fact`), and how its plan differs from the one before it."""

    project: Project
    fact: PlanLoaded
    differences: Differences
    legs: Mapping[str, object]
    started: Mapping[str, Sequence[tuple[str, ...]]]

    def fits(self, snapshot: Snapshot) -> bool:
        """Say whether its legs were cut for how things stand: no leg has started, or gone back, since."""
        return snapshot.legs is self.legs or started_legs(snapshot) == self.started


def version_of(project: Project, loaded: Loaded, trusted: str, before: Plan, snapshot: Snapshot) -> Version:
    """Return a version of a project's plan, cut for how things stand; `trusted` says what of it is."""
    started = started_legs(snapshot)
    project = project.with_plan(loaded)
    fact = PlanLoaded(str(loaded.path), loaded.text, outline_of(project, started), trusted)
    to_text(fact)  # it is kept for when it is recorded
    return Version(project, fact, differences(before, loaded.plan), snapshot.legs, started)
