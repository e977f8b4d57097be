"""The settings of a plan: everything in it that is not a workstream; frozen, and never reads a file."""

from typing import Literal, Self

from pydantic import Field, model_validator

from cockpit.plan.values import (
    Argument,
    Duration,
    Environment,
    EnvName,
    Flag,
    Frozen,
    InsidePath,
    Name,
    Number,
    OwnFiles,
    Percent,
    Regex,
    ReplyPattern,
    RunCommand,
    RunCommands,
    Size,
    Strategy,
    Text,
    TimeLimit,
    When,
    Whole,
    wrong,
)

Preset = Literal["claude", "codex", "opencode", "gemini", "aider", "acp", "shell"]
Output = Literal["plain", "claude", "codex", "opencode", "gemini", "aider", "acp"]
Severity = Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"]
Event = Literal[
    "approval", "question", "quarantined", "conflict", "failed", "merged", "cost", "threshold", "disk", "finished"
]


class Cost(Frozen):
    """Prices in USD per million tokens, for agents that report no cost."""

    input: Number = Field(default=0.0, ge=0, allow_inf_nan=False)
    cached: Number = Field(default=0.0, ge=0, allow_inf_nan=False)
    output: Number = Field(default=0.0, ge=0, allow_inf_nan=False)


class AgentProfile(Frozen):
    """How one kind of agent is started, and how many of it may run at once."""

    preset: Preset | None = None
    run: RunCommand | None = None
    model: Text | None = None
    prompt: Literal["stdin", "arg", "file"] = "stdin"
    output: Output = "plain"
    slots: Whole = Field(default=1, ge=1, le=1000)
    env: Environment = Field(default_factory=dict)
    pass_env: tuple[EnvName, ...] = ()
    args: tuple[Argument, ...] = ()
    resume: tuple[Argument, ...] | None = None
    attach: tuple[Argument, ...] = ()
    leaves: tuple[OwnFiles, ...] | None = None
    mcp: Flag | None = None
    cost: Cost | None = None

    @model_validator(mode="after")
    def _has_a_command(self) -> Self:
        if self.run is None and self.preset in (None, "acp", "shell"):
            who = f"preset {self.preset}" if self.preset else "an agent without preset"
            raise wrong(f"{who} needs `run`", 'run: ["python3", "tools/agent.py"]')
        return self


class Limits(Frozen):
    """What a plan may use at most; times in seconds, sizes in bytes, cost in USD."""

    agents: Whole = Field(default=3, ge=1, le=1000)
    run_timeout: TimeLimit | None = None
    stall: TimeLimit = 900.0
    retries: Whole = Field(default=1, ge=0, le=100)
    backoff: Duration = 30.0
    min_free_disk: Size = 5_000_000_000
    cost: Number | None = Field(default=None, gt=0, allow_inf_nan=False)


class Setup(Frozen):
    """What every fresh worktree gets before its first agent."""

    copy_: tuple[InsidePath, ...] = Field(default=(), alias="copy")
    link: tuple[InsidePath, ...] = ()
    run: RunCommands = ()
    timeout: TimeLimit = 600.0


class Prepare(Frozen):
    """What is run once and committed to base before any worktree is made."""

    run: RunCommands
    message: Text = "chore: prepare"

    @model_validator(mode="after")
    def _runs_something(self) -> Self:
        if not self.run:
            raise wrong("prepare runs nothing", 'run: ["python3 tools/stubs.py"]')
        return self


class Gate(Frozen):
    """One check: a command or a built-in one, and when it applies."""

    name: Name
    run: RunCommand | None = None
    builtin: Literal["syntax", "imports", "scan"] | None = None
    timeout: TimeLimit | None = None
    when: Literal["always", "critical", "merge"] = "always"

    @model_validator(mode="after")
    def _checks_something(self) -> Self:
        if (self.run is None) == (self.builtin is None):
            what = "has neither `run` nor `builtin`" if self.run is None else "has both `run` and `builtin`"
            raise wrong(f"gate {self.name!r} {what}", 'run: "make test", or builtin: syntax')
        return self


class ForbidPattern(Frozen):
    """A pattern of the project's own that added lines must not match."""

    name: Name
    pattern: Regex
    severity: Severity = "MEDIUM"
    paths: tuple[Text, ...] = ()


class Quality(Frozen):
    """What the quality monitor quarantines, and after how many seconds."""

    quarantine: tuple[Text, ...] = ("PLACEHOLDER_DROPPED", "SECURITY_RISK", "INCOMPLETE_CODE", "MALFORMED_SYNTAX")
    settle: Duration = 20.0
    ignore: tuple[Text, ...] = ()
    forbid: tuple[ForbidPattern, ...] = ()


class Approve(Frozen):
    """When a human is asked."""

    start: When = "never"
    merge: When = "always"


class Merge(Frozen):
    """How legs reach base."""

    strategy: Strategy = "merge"
    on_conflict: Literal["ask", "rebase", "rerun"] = "ask"
    rebase_others: Flag = True
    message: Text | None = None


class Commit(Frozen):
    """How the commits and merges that cockpit makes are made."""

    hooks: Flag = False
    sign: Flag = False


class Notify(Frozen):
    """A command that is run at some events."""

    on: tuple[Event, ...] = Field(min_length=1)
    run: RunCommand


class Alerts(Frozen):
    """Thresholds over the last hour; None: no alert. Rates in percent, times in seconds."""

    agent_failure_rate: Percent | None = None
    errors_per_hour: Number | None = Field(default=None, ge=0, allow_inf_nan=False)
    gate_p95: TimeLimit | None = None


class Answer(Frozen):
    """A reply that is given without a human to a question that matches."""

    match: ReplyPattern
    reply: Text
    threshold: Percent | None = None
