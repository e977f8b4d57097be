"""Composes the prompt of a run, as Markdown with stable headings; never reads a file or a clock."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cockpit.plan.legs import LegSpec
from cockpit.plan.model import Plan, Workstream
from cockpit.safetext import safe_text

OUTPUT_CHARACTERS = 6000
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_LISTED = 200  # paths that are named one by one

RULES = (
    "Do the issues in the given order.",
    "Write only below the paths in `Files` and `Shared files`, where these are given.",
    "Do not commit, merge, rebase, stash or switch branches: cockpit commits what is in the worktree.",
    "Never drop code behind a placeholder comment such as `rest of the code unchanged`: write files out in full.",
    "Leave no half-done code: what cannot be finished is named at the end of the output.",
    "Write no secrets into files or output.",
)


COMMANDS = (
    '`cockpit ask "QUESTION" --choice "ONE" --choice "OTHER"`: asks the operator, waits for the answer, prints it',
    "where a `cockpit ask` is cut short, the same words again go on waiting for the same answer",
    '`cockpit note "TEXT"`: says how far you are',
    "`cockpit done ISSUE`: says which issue, or which point of the checklist, is done",
    '`cockpit send WORKSTREAM "TEXT"`: tells the agent of another workstream what it must know',
    "`cockpit inbox`: shows what other agents told you",
    "`cockpit shared FILE`: says who else is changing a file just now",
)
TOOLS = "where the MCP server `cockpit` offers you the same as tools, call those: a sandbox may keep a command from it"


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """A run of the same leg that did not lead to a merge.

    `outcome` is a word or two (`failed`, `time limit`, `rejected`, `conflict`), `reason` what is known; `gate` names
    the gate that failed, `output` is the end of its or the agent's output; `conflicts` are paths.
    """

    number: int
    outcome: str
    reason: str = ""
    gate: str = ""
    output: str = ""
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LineComment:
    """What the operator said of a line of the work so far: its file and number, and what stood there where known.

    Of a line that was `removed`, the number is that of the file before the change.
    """

    path: str
    line: int
    text: str
    code: str = ""
    removed: bool = False


def compose(
    plan: Plan,
    workstream: Workstream,
    leg: LegSpec,
    *,
    earlier: Sequence[EarlierRun] = (),
    comments: Sequence[LineComment] = (),
    present: Sequence[str] = (),
    notes: Sequence[str] = (),
    additions: Sequence[str] = (),
    tools: bool = False,
) -> str:
    """Return the prompt for a run of this leg.

    `earlier` are the leg's runs before this one, oldest first; `comments` what the operator said of lines when the
    last one was refused; `present` the paths that the worktree already holds changed; `notes` are further sentences
    for the agent, `additions` what the operator added to the plan's words, oldest first. `tools`: it has the commands
    as tools, too.
    """
    parts = [f"# {workstream.title or workstream.id}"]
    where = f" of the plan {plan.name}" if plan.name else ""
    role = f"You are: {workstream.role}. " if workstream.role else ""
    parts.append(f"{role}You work on the workstream {workstream.id}{where}, alone in a git worktree of its own.")
    if workstream.prompt.strip():
        parts += [f"## Workstream {workstream.id}", _closed(workstream.prompt.strip())]
    own = {issue.id: issue for issue in workstream.issues}  # of one that left the plan, only it knows them
    for issue in filter(None, (plan.issues_by_id.get(name, own.get(name)) for name in leg.issues)):
        parts.append(f"## Issue {issue.id}: {issue.title or issue.id}")
        if issue.prompt.strip():
            parts.append(_closed(issue.prompt.strip()))
    parts += _listed("Files", workstream.files, "anywhere in the worktree")
    parts += _listed("Shared files", plan.shared_files)
    parts += _listed("Checklist", workstream.checklist)
    if workstream.notes.strip():
        parts += ["## Notes", _closed(workstream.notes.strip())]
    parts += _added(additions)
    parts += _listed("Notes on this run", notes)
    parts += _earlier(earlier)
    parts += _comments(comments)
    parts += _present(present)
    rules = [*RULES, *(["No change of files is expected."] if workstream.expect == "none" else [])]
    parts += _listed("Rules", rules)
    parts += _listed("Commands that you can run", [*COMMANDS, *([TOOLS] if tools else [])])
    return "\n\n".join(parts) + "\n"


def compose_again(
    *,
    earlier: Sequence[EarlierRun] = (),
    comments: Sequence[LineComment] = (),
    present: Sequence[str] = (),
    notes: Sequence[str] = (),
    additions: Sequence[str] = (),
) -> str:
    """Return the prompt for a run that goes on with the session of one before: it knows its work, not what failed."""
    parts = ["# Go on", "The operator interrupted you, and now lets you go on. The rules are those of before."]
    parts += ["Look at what is in the worktree, and do what is left of your work."]
    parts += _added(additions)
    parts += _listed("Notes on this run", notes)
    parts += _earlier(earlier)
    parts += _comments(comments)
    parts += _present(present)
    return "\n\n".join(parts) + "\n"


def _added(additions: Sequence[str]) -> list[str]:
    said = [_closed(safe_text(one).strip()) for one in additions]
    return ["## The operator adds", *said] if any(said) else []


def _listed(heading: str, entries: Sequence[str], otherwise: str = "") -> list[str]:
    if not entries and not otherwise:
        return []
    return [f"## {heading}", "\n".join(f"- {entry}" for entry in entries or [otherwise])]


def _earlier(runs: Sequence[EarlierRun]) -> list[str]:
    if not runs:
        return []
    parts = ["## Earlier runs", "This work was begun before. Mend what went wrong, and keep what is good."]
    for run in runs:
        parts.append(f"### Run {run.number}: {run.outcome}")
        if run.reason.strip():
            parts.append(_closed(safe_text(run.reason).strip()))
        if run.conflicts:
            parts.append("These paths were in conflict with the base branch:")
            parts.append("\n".join(f"- {safe_text(path)}" for path in run.conflicts[:_LISTED]))
        if run.gate:
            parts.append(f"The gate `{run.gate}` failed.")
        if run.output.strip():
            parts.append("The end of the output:")
            parts.append(_fenced(safe_text(run.output).strip()[-OUTPUT_CHARACTERS:]))
    return parts


def _comments(comments: Sequence[LineComment]) -> list[str]:
    if not comments:
        return []
    parts = ["## The operator's comments", "Said of lines of the work that was refused. Heed every one of them."]
    for one in comments:
        path, text = (" ".join(safe_text(part).split()) for part in (one.path, one.text))
        parts.append(_closed(f"{path}:{one.line}{' (a line that was removed)' if one.removed else ''}: {text}"))
        if one.code.strip():
            parts.append(_fenced(" ".join(safe_text(one.code).splitlines())))
    return parts


def _present(paths: Sequence[str]) -> list[str]:
    if not paths:
        return []
    listed = [f"- {safe_text(path)}" for path in paths[:_LISTED]]
    if len(paths) > _LISTED:
        listed.append(f"- and {len(paths) - _LISTED} more")
    return ["## Already in the worktree", "The worktree already holds changes of earlier runs:", "\n".join(listed)]


def _closed(text: str) -> str:
    """Return Markdown with the code fence closed that it leaves open: the headings below are no code."""
    open_ = ""
    for line in text.splitlines():
        found = _FENCE.match(line)
        if found is None:
            continue
        fence, rest = found.groups()
        if not open_:
            open_ = fence if fence[0] == "~" or "`" not in rest else ""
        elif fence[0] == open_[0] and len(fence) >= len(open_) and not rest.strip():
            open_ = ""
    return f"{text}\n{open_}" if open_ else text


def _fenced(text: str) -> str:
    longest = max((len(match) for match in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}text\n{text}\n{fence}"
