"""`cockpit diff`: what a workstream changed, as the screen shows it; reads only, and starts no driver."""

from typing import Annotated

from cyclopts import Parameter

from cockpit.cli.options import Json, Plan, StateDir
from cockpit.cli.output import emit, paint, say, tell

LIMIT = 64 * 1024 * 1024
_STYLES = {"+": "green", "-": "red", "@": "blue"}


def diff(
    plan: Plan,
    workstream: str,
    path: Annotated[str, Parameter(help="One file of it alone.")] = "",
    /,
    *,
    since_review: Annotated[bool, Parameter(help="Only what changed since it was last approved or rejected.")] = False,
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Print what a workstream changed: what its worktree holds, in a review what was committed, or what was merged.

    With --since-review what came to base since then is no part of it.
    """
    from cockpit.cli.reach import opened, view_of
    from cockpit.engine.changes import REVIEW, change_of

    project = opened(plan, state_dir)
    since = REVIEW if since_review else ""
    found = change_of(view_of(project).snapshot, project, workstream, path, since, LIMIT).answer()
    if json:
        listed = found.pop("listed")
        names = ("path", "was", "letter", "added", "removed", "note")
        emit({**found, "files": [dict(zip(names, one, strict=True)) for one in listed]})
        return 0
    for line in str(found["text"]).removesuffix("\n").split("\n") if found["text"] else ():
        style = "bold" if line.startswith(("diff ", "--- ", "+++ ")) else _STYLES.get(line[:1], "")
        say(paint(line, style, blanks=True))
    if found["marked"]:
        tell(f"base changed the same lines: git's conflict marks stand in {', '.join(found['marked'])}")
    if found["cut"]:
        tell(f"cut: {found['lines_left']} lines or more are left out")
    return 0
