"""The plan as frozen models, and what its keys amount to for a workstream; never reads a file."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal, Self, TypeVar

from pydantic import Field

from cockpit.plan.roundzero import PREPARE
from cockpit.plan.settings import (
    AgentProfile,
    Alerts,
    Answer,
    Approve,
    Commit,
    Cost,
    ForbidPattern,
    Gate,
    Limits,
    Merge,
    Notify,
    Prepare,
    Quality,
    Setup,
)
from cockpit.plan.values import (
    Argument,
    Command,
    Environment,
    Estimate,
    Flag,
    Frozen,
    InsidePath,
    Name,
    Priority,
    Text,
    When,
)

SettingsT = TypeVar("SettingsT", bound=Frozen)

__all__ = [
    "AgentProfile",
    "Alerts",
    "Answer",
    "Approve",
    "Command",
    "Commit",
    "Cost",
    "ForbidPattern",
    "Gate",
    "Issue",
    "Limits",
    "Merge",
    "Notify",
    "Plan",
    "Prepare",
    "Quality",
    "Setup",
    "Workstream",
]


class Tracked(Frozen):
    """The keys that `track` writes into a plan; accepted, and ignored as input."""

    status: Any = Field(default=None, exclude=True, repr=False)
    started: Any = Field(default=None, exclude=True, repr=False)
    completed: Any = Field(default=None, exclude=True, repr=False)
    updated: Any = Field(default=None, exclude=True, repr=False)
    blocker: Any = Field(default=None, exclude=True, repr=False)


class Issue(Tracked):
    """The smallest unit that other work can depend on; `estimate` is its low and high seconds."""

    id: Name
    title: Text = ""
    priority: Priority = 2
    depends_on: tuple[Text, ...] = ()
    estimate: Estimate | None = None
    prompt: Text = ""


class Workstream(Tracked):
    """One branch, one worktree, an ordered list of issues; `estimate` is its low and high seconds."""

    id: Name
    title: Text = ""
    role: Text = ""
    priority: Priority = 2
    critical: Flag = False
    agent: Text | None = None
    fallback: tuple[Text, ...] = ()
    branch: Text | None = None
    estimate: Estimate | None = None
    depends_on: tuple[Text, ...] = ()
    files: tuple[InsidePath, ...] = ()
    sparse: Flag = False
    prompt: Text = ""
    approve: Approve | None = None
    merge: Merge | None = None
    env: Environment = Field(default_factory=dict)
    gates: tuple[Text, ...] | None = None
    expect: Literal["change", "none"] = "change"
    checklist: tuple[Text, ...] = ()
    notes: Text = ""
    issues: tuple[Issue, ...] = ()


class Plan(Frozen):
    """The whole plan. What depends on where its file lies (name, repo, branches) is answered by `load.Loaded`."""

    cockpit: Literal[1] = 1
    name: Name | None = None
    repo: Argument | None = None
    base: Text | None = None
    worktrees: Argument = "../{repo}.worktrees"
    branch: Text = "{plan}/{id}"
    agents: dict[Name, AgentProfile] = Field(default_factory=dict)
    limits: Limits = Limits()
    shared_files: tuple[InsidePath, ...] = ()
    prepare: Prepare | None = None
    setup: Setup = Setup()
    gates: tuple[Gate, ...] = (Gate(name="syntax", builtin="syntax"),)
    quality: Quality = Quality()
    approve: Approve = Approve()
    merge: Merge = Merge()
    cleanup: Literal["merged", "never"] = "merged"
    commit: Commit = Commit()
    notify: tuple[Notify, ...] = ()
    alerts: Alerts = Alerts()
    answers: tuple[Answer, ...] = ()
    track: Flag = False
    workstreams: tuple[Workstream, ...] = Field(min_length=1)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some fields replaced (unchecked), without what was computed from the old ones."""
        copied = super().model_copy(update=update, deep=deep)
        for computed in ("by_id", "issues_by_id"):
            copied.__dict__.pop(computed, None)
        return copied

    @cached_property
    def by_id(self) -> dict[str, Workstream]:
        """The workstreams by their ids."""
        return {workstream.id: workstream for workstream in self.workstreams}

    @cached_property
    def issues_by_id(self) -> dict[str, Issue]:
        """The issues of all workstreams by their ids."""
        return {issue.id: issue for workstream in self.workstreams for issue in workstream.issues}

    @property
    def preparing(self) -> Workstream | None:
        """The workstream that stands for `prepare`, titled with its message; None where nothing is to be prepared."""
        if self.prepare is None:
            return None
        return Workstream.model_construct(id=PREPARE, title=self.prepare.message.strip(), expect="none")

    @property
    def all_workstreams(self) -> tuple[Workstream, ...]:
        """The workstreams, that of `prepare` before them."""
        first = self.preparing
        return self.workstreams if first is None else (first, *self.workstreams)

    def find(self, key: str) -> Workstream | None:
        """Return a workstream by its id, that of `prepare` too; None where the plan has none."""
        return self.preparing if key == PREPARE else self.by_id.get(key)

    def approve_of(self, workstream: Workstream) -> Approve:
        """Return when a human is asked for this workstream: its own keys over the plan's."""
        return _over(self.approve, workstream.approve)

    def merge_of(self, workstream: Workstream) -> Merge:
        """Return how this workstream is merged: its own keys over the plan's."""
        return _over(self.merge, workstream.merge)

    def asks_start(self, workstream: Workstream) -> bool:
        """Return whether a human approves the start of this workstream's legs."""
        return _applies(self.approve_of(workstream).start, workstream)

    def asks_merge(self, workstream: Workstream) -> bool:
        """Return whether a human approves the merges of this workstream."""
        return _applies(self.approve_of(workstream).merge, workstream)

    def gates_of(self, workstream: Workstream) -> tuple[Gate, ...]:
        """Return the gates that this workstream's legs pass before they may merge, in order."""
        names = workstream.gates
        return tuple(
            gate
            for gate in self.gates
            if (gate.when == "always" or (gate.when == "critical" and workstream.critical))
            and (names is None or gate.name in names)
        )

    @property
    def merge_gates(self) -> tuple[Gate, ...]:
        """The gates that an integrated commit passes before it is published, in order."""
        return tuple(gate for gate in self.gates if gate.when == "merge")

    def agents_of(self, workstream: Workstream) -> tuple[str, ...]:
        """Return the agents that may take this workstream, the preferred one first; empty for `prepare`."""
        if workstream.id == PREPARE:
            return ()
        first = workstream.agent or next(iter(self.agents), None)
        names = (first, *workstream.fallback) if first is not None else workstream.fallback
        return tuple(dict.fromkeys(names))


def _over(plans: SettingsT, own: SettingsT | None) -> SettingsT:
    if own is None:
        return plans
    return plans.model_copy(update={key: getattr(own, key) for key in own.model_fields_set})


def _applies(when: When, workstream: Workstream) -> bool:
    return when == "always" or (when == "critical" and workstream.critical)
