"""Makes the JSON Schema of the plan as it is written, for editors; the models stay the only place that decides."""

from typing import Any

from cockpit.plan.model import Plan

DIALECT = "http://json-schema.org/draft-07/schema#"
"""The dialect that yaml-language-server knows best; what is used here means the same in later ones."""


def plan_schema() -> dict[str, Any]:
    """Return the JSON Schema of a plan file, with a description at every key."""
    schema = Plan.model_json_schema(by_alias=True, ref_template="#/definitions/{model}")
    definitions: dict[str, Any] = schema.pop("$defs", {})
    for name, definition in (("Plan", schema), *definitions.items()):
        definition.pop("title", None)
        for key, part in definition.get("properties", {}).items():
            _describe(part, DESCRIPTIONS[f"{name}.{key}"])
    plan = {"title": "cockpit plan", **schema}
    return {"$schema": DIALECT, **plan, "definitions": definitions}


def _describe(part: dict[str, Any], text: str) -> None:
    part.pop("title", None)
    part["description"] = text
    if part.get("default") is None or isinstance(part["default"], dict):
        part.pop("default", None)  # says nothing, or what the part's own keys say
    if "patternProperties" in part:
        part["additionalProperties"] = False
    if "$ref" in part:  # beside a reference, older dialects read nothing
        part["allOf"] = [{"$ref": part.pop("$ref")}]


_TRACKED = {
    "status": "Written by cockpit where `track` is on; ignored as input.",
    "started": "Written by cockpit where `track` is on; ignored as input.",
    "completed": "Written by cockpit where `track` is on; ignored as input.",
    "updated": "Written by cockpit where `track` is on; ignored as input.",
    "blocker": "Written by cockpit where `track` is on; ignored as input.",
}

_BY_MODEL: dict[str, dict[str, str]] = {
    "Plan": {
        "cockpit": "Version of the plan format.",
        "name": "Name of the plan, {plan} in branch names. Default: the file's stem.",
        "repo": "Folder of the repository, relative to this file. Default: the repository that holds this file.",
        "base": "Branch that work is merged into. Default: the one checked out in repo when the plan is opened; from "
        "its first start on it stays that one, whatever is checked out later, until the plan names another.",
        "worktrees": "Folder that receives one worktree per workstream, relative to repo; {repo} and {plan} are known.",
        "branch": "Default branch of a workstream; {plan} and {id} are known.",
        "agents": "Named agent profiles; the first one is the default.",
        "limits": "What the plan may use at most.",
        "shared_files": "Globs of files that every workstream may edit; edits are watched across worktrees.",
        "prepare": "Commands that run once, before all else: the leg of round 0, gated, approved and merged like any.",
        "setup": "What every fresh worktree gets before its first agent.",
        "gates": "Checks that a leg passes before it may merge, cheapest first; the first failure stops.",
        "quality": "What the quality monitor quarantines.",
        "approve": "When a human is asked.",
        "merge": "How legs reach base.",
        "cleanup": "When worktree and branch go: when all of a workstream is merged, or by order only.",
        "commit": "How cockpit's own commits and merges are made.",
        "notify": "Commands that are run at events.",
        "alerts": "Thresholds, evaluated over the last hour.",
        "answers": "Replies that are given without a human to an agent's questions.",
        "track": "Write the state of the work back into this file.",
        "workstreams": "The work: one branch and one worktree each.",
    },
    "AgentProfile": {
        "preset": "A known agent program.",
        "run": "The command, run in the worktree: a string by sh -c, a list as argv.",
        "model": "Model that the preset asks for.",
        "prompt": "How the prompt reaches the agent: on stdin, as {prompt}, or as the file {prompt_file}.",
        "output": "Format of what the agent prints.",
        "slots": "How many of this profile may run at once.",
        "env": "Environment variables for the agent.",
        "resume": "Words that go on with the conversation {session}, behind `args`; default: the preset's.",
        "leaves": "Globs of what the agent writes for itself: never committed; default: the preset's.",
        "attach": "The agent's interactive command, for you who take its work over; {session} is its conversation.",
        "pass_env": "Names of variables of cockpit's own environment that the agent gets.",
        "args": "Appended to the preset's command line.",
        "mcp": "Cockpit's own tools by MCP: false: none; true: demanded; default: where the extra is installed.",
        "cost": "Prices for agents that report no cost.",
    },
    "Cost": {
        "input": "USD per million tokens read.",
        "cached": "USD per million tokens read from a cache.",
        "output": "USD per million tokens written.",
    },
    "Limits": {
        "agents": "Agents at once, all profiles together.",
        "run_timeout": "Longest time of one agent run. Default: none.",
        "stall": "How long an agent may show no output and no file change.",
        "retries": "Further runs after a failure, before the workstream is failed.",
        "backoff": "Pause before a retry; doubled at every retry, 10 min at most.",
        "min_free_disk": "Disk space to leave free, on top of what the worktrees need.",
        "cost": "USD for the whole plan; reaching it stops launching.",
    },
    "Prepare": {
        "run": "Commands, one after the other, in a worktree of their own; the first that fails ends it.",
        "message": "Message of the commit.",
    },
    "Setup": {
        "copy": "Globs of files copied from the repository's checkout, untracked and ignored ones too.",
        "link": "Files and folders of the checkout that are symlinked.",
        "run": "Commands, one after the other.",
        "timeout": "Time limit of each command.",
    },
    "Gate": {
        "name": "Name, unique among the gates.",
        "run": "The command: a string by sh -c, a list as argv.",
        "builtin": "A check that cockpit brings along.",
        "timeout": "Time limit.",
        "when": "For every workstream, for critical ones, or on the integrated commit before it is published.",
    },
    "Quality": {
        "quarantine": "Rules, and names of `forbid`, whose violations quarantine a leg.",
        "settle": "How long a violation must persist while the agent still runs.",
        "ignore": "Globs of files that are not looked at.",
        "forbid": "The project's own patterns.",
    },
    "ForbidPattern": {
        "name": "Name, unique among the patterns.",
        "pattern": "Regular expression that added lines must not match.",
        "severity": "How bad a match is.",
        "paths": "Globs of files it applies to. Default: all.",
    },
    "Approve": {"start": "A human starts the leg.", "merge": "A human approves the merge."},
    "Merge": {
        "strategy": "How a leg becomes part of base.",
        "on_conflict": "What happens at a conflict; rerun: rebase, then run the agent again on the conflict.",
        "rebase_others": "After every merge, rebase the idle remaining worktrees onto base.",
        "message": "Template of the merge message.",
    },
    "Commit": {"hooks": "Run the repository's git hooks.", "sign": "Sign commits."},
    "Notify": {
        "on": "Events that it is run at; a threshold and the disk are told once for as long as they stand.",
        "run": "The command; COCKPIT_EVENT and COCKPIT_WORKSTREAM are in its environment.",
    },
    "Alerts": {
        "agent_failure_rate": "Share of runs that fail.",
        "errors_per_hour": "Errors in an hour.",
        "gate_p95": "95th percentile of the gates' time.",
    },
    "Answer": {
        "match": "Regular expression that the question must match.",
        "reply": "The reply.",
        "threshold": "How much of the question the longest match has to cover; default: 80%; of a permission: all.",
    },
    "Workstream": {
        "id": "Unique among workstreams and issues: letters, digits, dot, underscore, dash.",
        "title": "What it is about.",
        "role": "Who the agent is to be.",
        "priority": "P0 (first) to P3, or critical, high, medium, low.",
        "critical": "Gets the gates and approvals that are marked critical.",
        "agent": "Preferred agent profile. Default: the first one.",
        "fallback": "Other profiles that may take it, in order.",
        "branch": "Its branch. Default: from the plan's `branch`.",
        "estimate": "One value or a range, such as 45m, 3-4h, 1d (8 working hours).",
        "depends_on": "Ids of workstreams and issues that must be merged first.",
        "files": "Globs of what it may write. Default: anything.",
        "sparse": "Check out only the folders of `files` and `shared_files`, and the top-level files.",
        "prompt": "Free text for the agent; issues, files and rules are added to it.",
        "approve": "Overrides the plan's `approve`, key by key.",
        "merge": "Overrides the plan's `merge`, key by key.",
        "env": "Environment variables for its agents and gates.",
        "gates": "Names of the gates that apply. Default: all.",
        "expect": "Whether its runs must change something; none: nothing is merged.",
        "checklist": "What a human looks at before approving.",
        "notes": "Notes for people.",
        "issues": "The smallest units that other work can depend on.",
        **_TRACKED,
    },
    "Issue": {
        "id": "Unique among workstreams and issues: letters, digits, dot, underscore, dash.",
        "title": "What it is about.",
        "priority": "P0 (first) to P3, or critical, high, medium, low.",
        "depends_on": "Ids of issues and workstreams that it needs.",
        "estimate": "One value or a range, such as 45m, 3-4h, 1d (8 working hours).",
        "prompt": "Free text for the agent.",
        **_TRACKED,
    },
}

DESCRIPTIONS = {f"{model}.{key}": text for model, keys in _BY_MODEL.items() for key, text in keys.items()}
"""A sentence for every key, by `Model.key`."""
