"""The JSON shapes that commands print: their classes, which `cockpit schema --of` describes; computes nothing.

A field that is here is printed, and what is printed is here: shapes and schemas have this one source, which is why it
is longer than a module usually is.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

PlanState = Literal["idle", "running", "paused", "attention", "finished"]
LegState = Literal[
    "waiting",
    "ready",
    "preparing",
    "running",
    "checking",
    "review",
    "queued",
    "merging",
    "merged",
    "retrying",
    "paused",
    "quarantined",
    "conflict",
    "failed",
    "stopped",
    "rejected",
]
IssueState = LegState | Literal["done", "~done"]
Awaits = Literal["answer", "approval", "decision"]
SlotState = Literal["free", "busy", "quarantined", "asleep", "draining"]


@dataclass(frozen=True, slots=True)
class Base:
    """The branch that work is merged into, and the commit that it is at."""

    branch: str
    commit: str | None


@dataclass(frozen=True, slots=True)
class Driver:
    """The process that drives the plan, and since when (ISO 8601)."""

    pid: int
    since: str


@dataclass(frozen=True, slots=True)
class Eta:
    """When the wanted rest will be done: in seconds from now, and as times (ISO 8601); p50 and p90."""

    p50_s: float
    p90_s: float
    finish_p50: str
    finish_p90: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What runs used so far; `tokens_in` are without those read from a cache."""

    usd: float
    tokens_in: int
    tokens_cached: int
    tokens_out: int


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue: the state of its leg, `done` once that is past checking, `~done` when only its agent says so."""

    id: str
    state: IssueState


@dataclass(frozen=True, slots=True)
class TakenOver:
    """Who works in a worktree by hand, and since when; null: it is about to be theirs.

    `left` is since when the terminal is gone from which that was done; null where none is known to be.
    """

    by: str
    since: str | None
    left: str | None


@dataclass(frozen=True, slots=True)
class Workstream:
    """A workstream: `leg` is the key of the leg under way, `round` that leg's; `legs` and `estimate_s` are of all.

    `commits` counts its merged legs and the commits that are ahead of base; `violations` the open ones; `blocked_by`
    holds the keys of the legs that hold it up. What is changed is counted of the leg under way, against base.
    `note` is what its agent noted last, `unread` counts the messages that it has not read. `awaits` is what it needs
    of the operator: an answer to its agent, an approval, a decision about what went wrong; nothing of that while its
    worktree is `taken_over`. Of the leg under way also: what comments `allowed`, `unscanned` files with the reason,
    `flaky_gates`, which failed and then passed on one tree.
    """

    id: str
    title: str
    state: LegState
    leg: str
    legs: list[str]
    round: int
    issues: list[Issue]
    agent: str | None
    slot: str | None
    run: str | None
    branch: str
    worktree: str | None
    commits: int
    ahead: int
    behind: int
    files: int
    added: int
    removed: int
    blocked_by: list[str]
    violations: int
    approval: Literal["start", "merge"] | None
    estimate_s: float
    started: str | None
    ended: str | None
    error: str | None
    note: str | None
    unread: int
    awaits: Awaits | None
    taken_over: TakenOver | None
    allowed: list[str]
    unscanned: list[str]
    flaky_gates: list[str]


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of an agent profile, and what is in it; asleep: a quota or rate limit ended a run of its profile."""

    slot: str
    profile: str
    state: SlotState
    workstream: str | None
    run: str | None


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that was broken at a place, since when (ISO 8601), and the lines that went missing there.

    Of one that a human let stand: `by` whom and for which `reason`.
    """

    id: str
    rule: str
    severity: str
    path: str
    line: int
    excerpt: str
    message: str
    missing: list[str]
    workstream: str
    slot: str | None
    state: Literal["open", "released", "fixed"]
    since: str | None
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge into base, at a time (ISO 8601); `reverted` where a rollback undid it."""

    workstream: str
    leg: str
    round: int
    commit: str
    at: str
    reverted: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What an agent asks the operator and waits for; `choices` are offered, any text may be answered."""

    id: str
    workstream: str
    run: str
    text: str
    choices: list[str]
    asked: str


@dataclass(frozen=True, slots=True)
class Use:
    """What one run used, and whose it was; the sums for a leg, a workstream or a profile are made of these."""

    run: str
    leg: str
    workstream: str
    profile: str
    usd: float
    tokens_in: int
    tokens_cached: int
    tokens_out: int


FiguresOf = Literal["profile", "role", "plan", "everywhere"]


@dataclass(frozen=True, slots=True)
class Figures:
    """What the ended runs of a profile, a role, the plan, or a profile over all plans (`everywhere`) came to.

    Of the `judged` changes, `violation_rate` had a violation, and `clean_rate` had none and passed every gate at once;
    `release_s` is the mean time in quarantine, null where nothing was released.
    """

    of: FiguresOf
    name: str
    runs: int
    judged: int
    violation_rate: float
    clean_rate: float
    quarantines: int
    release_s: float | None
    retries: int
    gate_pass_rate: float
    usd: float


@dataclass(frozen=True, slots=True)
class Status:
    """The snapshot of a plan as it stands; `counts` counts workstreams by state."""

    plan: str
    repo: str
    base: Base
    state: PlanState
    driver: Driver | None
    counts: dict[str, int]
    eta: Eta | None
    cost: Cost
    workstreams: list[Workstream]
    agents: list[Slot]
    violations: list[Violation]
    merges: list[Merge]
    usage: list[Use]
    questions: list[Asked]
    figures: list[Figures]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, or odd, in a plan file; line and column count from 1, 0 is unknown."""

    file: str
    line: int
    column: int
    where: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class PreflightLine:
    """One check of the preflight."""

    name: str
    ok: bool
    detail: str
    hint: str


@dataclass(frozen=True, slots=True)
class Check:
    """What `check` found; `ok` where nothing is in the way of a start."""

    ok: bool
    errors: list[Finding]
    warnings: list[Finding]
    preflight: list[PreflightLine]


@dataclass(frozen=True, slots=True)
class ScheduledLeg:
    """A leg in the dry run: seconds from the start of the plan (null: no slot ever takes it)."""

    workstream: str
    leg: str
    round: int
    issues: list[str]
    depends_on: list[str]
    estimate_s: float
    start_s: float | None
    end_s: float | None
    slot: str | None
    critical: bool


@dataclass(frozen=True, slots=True)
class PerAgents:
    """How long the plan takes with a number of agents; `efficiency` is work over agents times makespan."""

    agents: int
    makespan_p50_s: float
    makespan_p90_s: float
    critical_path_s: float
    work_s: float
    lower_bound_s: float
    efficiency: float
    disk_bytes: int


@dataclass(frozen=True, slots=True)
class Simulation:
    """The dry run of a plan."""

    legs: list[ScheduledLeg]
    rounds: int
    per_agents: list[PerAgents]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two branches, and the paths that merging the one into the other would conflict in.

    Of a plan they are named by their workstreams' ids. A path `.`: they have no common history.
    """

    a: str
    b: str
    conflict: bool
    paths: list[str]


@dataclass(frozen=True, slots=True)
class OntoBase:
    """A branch (of a plan: the id of its workstream), and the paths that merging it into base would conflict in."""

    branch: str
    conflict: bool
    paths: list[str]


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Predicted conflicts of every pair of branches, and of each with base; what would merge cleanly is there too."""

    pairs: list[Pair]
    base: list[OntoBase]


@dataclass(frozen=True, slots=True)
class ScanViolation:
    """A rule broken at a place: line and column count from 1, 0 is the file as a whole.

    `fingerprint` names the same finding again when lines move.
    """

    rule: str
    severity: str
    path: str
    line: int
    column: int
    excerpt: str
    message: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class ScanAllowed:
    """A violation that a comment in the file allows, and the reason that it gives."""

    rule: str
    path: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class NotScanned:
    """A file that was not looked at, or not by all rules, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What `scan` found, in how many files and bytes, and in how many seconds."""

    violations: list[ScanViolation]
    allowed: list[ScanAllowed]
    skipped: list[NotScanned]
    files: int
    bytes: int
    seconds: float


ROOTS: dict[str, type] = {
    "status": Status,
    "check": Check,
    "simulate": Simulation,
    "scan": Scan,
    "conflicts": Conflicts,
}


def document(shape: Status | Check | Simulation | Conflicts | Scan) -> dict[str, Any]:
    """Return a shape as what `json.dumps` takes."""
    return asdict(shape)


def schema_of(name: str) -> dict[str, Any]:
    """Return the JSON Schema of a shape by its command's name. Raises KeyError."""
    from pydantic import TypeAdapter

    found: dict[str, Any] = TypeAdapter(ROOTS[name]).json_schema(mode="serialization")
    for definition in (found, *found.get("$defs", {}).values()):
        if definition.get("type") == "object" and "properties" in definition:
            definition["additionalProperties"] = False
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}
