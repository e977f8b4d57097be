"""How things stand just now: the latest wins, nothing of it is journaled, all of it is rebuilt at every start."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct, field

from cockpit.schedule.changed import PlanChange
from cockpit.schedule.records import Record


class WorktreeReading(Struct, frozen=True):
    """A worktree as git sees it; `changed_at` is when a file last changed (seconds since the epoch)."""

    files: int = 0
    added: int = 0
    removed: int = 0
    untracked: int = 0
    ahead: int = 0
    behind: int = 0
    head: str = ""
    changed_at: float = 0.0


class RunReading(Struct, frozen=True):
    """A run as it is seen from outside; `source` is asserted, inferred or unknown."""

    output_at: float = 0.0
    output_bytes: int = 0
    heartbeat_at: float = 0.0
    activity: str = ""
    stalled_since: float | None = None
    source: str = "asserted"


class Step(Struct, frozen=True):
    """What of long work is being done to a workstream just now, and since when (seconds since the epoch)."""

    what: str
    since: float = 0.0


class Forecast(Struct, frozen=True):
    """When the wanted rest will be done, in seconds from `at`; None with the reason where only a human can tell."""

    at: float
    p50_s: float | None = None
    p90_s: float | None = None
    approvals: int = 0
    approvals_s: float = 0.0
    why_not: str = ""
    ends: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


class ConflictReading(Struct, frozen=True):
    """What a workstream's work would conflict in if it was merged now: with base, and with each other workstream."""

    base: tuple[str, ...] = ()
    others: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))


class FindingReading(Struct, frozen=True):
    """A violation that stands in a worktree now; `since` is when it was first seen (seconds since the epoch).

    `due` is when the leg is quarantined if it still stands then; 0 where its rule quarantines nothing.
    """

    id: str
    rule: str
    severity: str
    path: str
    line: int = 0
    since: float = 0.0
    due: float = 0.0


class Flaw(Struct, frozen=True):
    """An error in a plan file: its place (line and column from 1; 0 unknown), the key that it is about, what to do."""

    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    where: str = ""
    hint: str = ""


class PlanReading(Struct, frozen=True):
    """The plan file as it is on disk: the errors of a broken one, the changes that await trust.

    `flaws` are the errors once more, in their parts, `held` the changes, with what each would mean.
    """

    errors: tuple[str, ...] = ()
    untrusted: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    flaws: tuple[Flaw, ...] = ()
    held: tuple[PlanChange, ...] = ()


class Readings(Struct, frozen=True):
    """All readings of a plan; mappings are by workstream id or run id and never changed in place.

    `shared` holds each shared file that is edited now, with the workstreams that edit it, `findings` what the monitor
    sees in the worktrees of what runs, `records` what is known of agent profiles from all plans, by the digest of what
    they run, `steps` what of long work is being done to a workstream: the gate that runs, the merge that is built,
    `left` since when the terminals are gone from which a human worked in a worktree that was taken over.
    """

    worktrees: Mapping[str, WorktreeReading] = field(default_factory=lambda: MappingProxyType({}))
    runs: Mapping[str, RunReading] = field(default_factory=lambda: MappingProxyType({}))
    conflicts: Mapping[str, ConflictReading] = field(default_factory=lambda: MappingProxyType({}))
    shared: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    findings: Mapping[str, tuple[FindingReading, ...]] = field(default_factory=lambda: MappingProxyType({}))
    steps: Mapping[str, Step] = field(default_factory=lambda: MappingProxyType({}))
    notes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    left: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    records: Mapping[str, Record] = field(default_factory=lambda: MappingProxyType({}))
    forecast: Forecast | None = None
    plan: PlanReading = field(default_factory=PlanReading)
    base_commit: str = ""
    hold: str = ""
    driver_pid: int = 0
    driver_since: float = 0.0
