"""`cockpit reject`: says no to work, with comments on its lines where there are any; judges nothing itself."""

import re
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from msgspec.structs import replace

from cockpit.cli.giving import give_to, order_of, order_shown, project_for
from cockpit.cli.options import All, Commit, Json, Plan, Reason, StateDir, Workstreams
from cockpit.errors import CockpitError
from cockpit.schedule.comments import QUOTED, Comment

if TYPE_CHECKING:
    from cockpit.engine.project import Project
    from cockpit.schedule.snapshot import Leg

_COMMENT = re.compile(r"(?P<path>.+?):(?P<removed>-?)(?P<line>[0-9]{1,9})=(?P<text>.*\S.*)", re.DOTALL)
_SHAPE = 'PATH:LINE=TEXT, as "src/a.py:12=say why"; PATH:-LINE for a line that was removed, numbered as before'


def reject(
    plan: Plan,
    /,
    *workstreams: Workstreams,
    all: All = False,
    commit: Commit = "",
    reason: Reason = "",
    comment: Annotated[
        list[str] | None,
        Parameter(
            help="PATH:LINE=TEXT: what is to be said of a line, told to the next run with the line; PATH:-LINE for a"
            " line that was removed. May be given often, for one workstream.",
        ),
    ] = None,
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Say no to the start or the merge that workstreams await; the reason and the comments go to the next run."""
    given = [_comment(one) for one in comment or ()]
    order = order_of("reject", workstreams, all, reason)
    if given and len(workstreams) != 1:
        raise CockpitError("comments are about the lines of one workstream", hint="name one workstream")
    project = project_for(plan, state_dir, "reject")
    order = order_shown(project, order, commit)
    if given:
        order = replace(order, comments=_quoted(project, workstreams[0], given))
    return give_to(project, order, json=json)


def _comment(text: str) -> Comment:
    """Return what an argument means. Raises CockpitError."""
    found = _COMMENT.fullmatch(text)
    if found is None or int(found["line"]) < 1:
        raise CockpitError(f"--comment {text!r} names no line, or says nothing of it", hint=_SHAPE)
    return Comment(found["path"], int(found["line"]), found["text"].strip(), removed=bool(found["removed"]))


def _quoted(project: "Project", workstream: str, comments: list[Comment]) -> tuple[Comment, ...]:
    """Return comments with the lines that they are about. Raises CockpitError for a line that is not there."""
    from cockpit.cli.reach import view_of

    snapshot = view_of(project).snapshot
    if workstream not in snapshot.workstreams:
        return tuple(comments)  # the driver says that there is none
    leg = snapshot.leg_under_way(workstream)
    return tuple(replace(one, code=_line(project, leg, one)) for one in comments)


def _line(project: "Project", leg: "Leg", comment: Comment) -> str:
    commit = leg.base if comment.removed else leg.commit
    if not commit:
        raise CockpitError(f"{leg.workstream} has committed nothing yet: there is no line to comment on")
    lines = project.repo.git("cat-file", "blob", f"{commit}:{comment.path}", accept=(0, 128)).split(b"\n")
    if comment.line > len(lines) - (not lines[-1]):
        raise CockpitError(f"there is no line {comment.place} in {commit[:9]}", hint=_SHAPE)
    return lines[comment.line - 1].decode("utf-8", "replace").rstrip("\r")[:QUOTED]
