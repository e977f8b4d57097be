"""Compares two versions of a plan; says what is different, never what that means for work under way."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cockpit.plan.model import Plan
from cockpit.plan.values import Frozen


@dataclass(frozen=True, slots=True)
class PlanDiff:
    """Ids of workstreams in plan order, the changed fields of those in both plans, and the changed top-level keys."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is different."""
        return bool(self.added or self.removed or self.changed or self.settings)


def compare(old: Plan, new: Plan) -> PlanDiff:
    """Return what is different; what `track` writes into a plan doesn't count."""
    fields = {
        workstream.id: changed_fields(old.by_id[workstream.id], workstream)
        for workstream in new.workstreams
        if workstream.id in old.by_id
    }
    return PlanDiff(
        added=tuple(workstream.id for workstream in new.workstreams if workstream.id not in old.by_id),
        removed=tuple(workstream.id for workstream in old.workstreams if workstream.id not in new.by_id),
        changed={name: changed for name, changed in fields.items() if changed},
        settings=tuple(key for key in changed_fields(old, new) if key != "workstreams"),
    )


def changed_fields(old: Frozen, new: Frozen) -> tuple[str, ...]:
    """Return the keys whose values differ, in the models' order; the order of agents is part of their value."""
    if _alike(old.__dict__, new.__dict__):  # of a thousand workstreams few differ
        return ()
    keys = [key for key in type(new).model_fields if _differs(getattr(old, key), getattr(new, key))]
    if not keys:
        return ()
    one, other = old.model_dump(include=set(keys)), new.model_dump(include=set(keys))
    return tuple(type(new).model_fields[key].alias or key for key in other if _differs(one[key], other[key]))


def _alike(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    mixed = (key for key, value in one.items() if isinstance(value, dict) and len(value) > 1)
    return one == other and not any(_differs(one[key], other[key]) for key in mixed)


def _differs(one: object, other: object) -> bool:
    return one != other or (isinstance(one, dict) and isinstance(other, dict) and list(one) != list(other))
