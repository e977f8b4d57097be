"""`cockpit rescue`: lists, shows and restores what was kept of work that would have gone away; deletes nothing."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cockpit.cli.inside import refuse_inside_run
from cockpit.cli.options import Json, Plan, StateDir
from cockpit.cli.output import emit, say, table, tell
from cockpit.clock import iso
from cockpit.errors import CockpitError
from cockpit.safetext import safe_line, safe_text

if TYPE_CHECKING:
    from cockpit.engine.project import Project
    from cockpit.git.rescue import RescueEntry

APP = App(name="rescue", help="List, show and bring back work that was kept before its worktree went.")
_Name = Annotated[str, Parameter(help="Its ref, the end of it, or the beginning of its commit, as `list` shows them.")]


@APP.command(name="list")
def list_(plan: Plan, /, *, json: Json = False, state_dir: StateDir = None) -> int:
    """List what was kept of this plan's work, oldest first."""
    entries = _entries(_opened(plan, state_dir))
    if json:
        emit({"rescues": [_document(entry) for entry in entries]})
        return 0
    if not entries:
        tell("nothing was ever rescued: nothing had to be")
        return 0
    rows = [
        (
            entry.workstream,
            time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.at)),
            entry.commit[:9],
            f"{len(entry.files)} uncommitted",
            entry.ref,
        )
        for entry in entries
    ]
    for line in table(("WORKSTREAM", "KEPT AT", "COMMIT", "FILES", "REF"), rows):
        say(line)
    return 0


@APP.command
def show(plan: Plan, rescue: _Name, /, *, state_dir: StateDir = None) -> int:
    """Print what a rescue holds: its commits that no branch holds, and what was not committed, as a diff."""
    from cockpit.git import rescue as kept

    project = _opened(plan, state_dir)
    text = kept.show(project.repo, _find(_entries(project), rescue).ref)
    say(safe_text(text).rstrip("\n"))
    return 0


@APP.command
def restore(
    plan: Plan,
    rescue: _Name,
    /,
    *,
    to: Annotated[Path | None, Parameter(help="Where the new worktree goes; default: beside the plan's.")] = None,
    branch: Annotated[
        str | None, Parameter(help="Name of the new branch; default: the old one or one like it.")
    ] = None,
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Bring a rescue back: its commits as a new branch in a new worktree, the rest as changes in its files."""
    from cockpit.git import rescue as kept

    refuse_inside_run("cockpit rescue restore")
    project = _opened(plan, state_dir)
    entry = _find(_entries(project), rescue)
    made = kept.restore(
        project.repo, entry.ref, path=to.absolute() if to else _free_place(project, entry), branch=branch
    )
    if json:
        emit({"ref": entry.ref, "worktree": str(made.path), "branch": made.branch})
    else:
        say(safe_line(f"restored as branch {made.branch} in {made.path}"))
    return 0


def _opened(plan: Path, state_dir: Path | None) -> "Project":
    from cockpit.cli.reach import opened

    return opened(plan, state_dir)


def _entries(project: "Project") -> "tuple[RescueEntry, ...]":
    from cockpit.git import rescue as kept

    return kept.listed(project.repo, project.loaded.name)


def _find(entries: "tuple[RescueEntry, ...]", name: str) -> "RescueEntry":
    exact = [entry for entry in entries if entry.ref == name]
    near = [
        entry
        for entry in entries
        if entry.ref.endswith(f"/{name}") or (len(name) > 3 and entry.commit.startswith(name))
    ]
    found = exact or near
    if len(found) == 1:
        return found[0]
    what = "several rescues fit" if found else "no rescue is called"
    raise CockpitError(f"{what} {name!r}", hint="see `cockpit rescue list PLAN`, and give the whole ref")


def _free_place(project: "Project", entry: "RescueEntry") -> Path:
    from cockpit.store.paths import folder_name

    folder = project.loaded.worktrees
    name = f"{folder_name(entry.workstream)}.rescued"
    place, number = folder / name, 1
    while place.exists() or place.is_symlink():
        number += 1
        place = folder / f"{name}-{number}"
    return place


def _document(entry: "RescueEntry") -> dict[str, object]:
    return {
        "ref": entry.ref,
        "workstream": entry.workstream,
        "at": iso(entry.at),
        "commit": entry.commit,
        "files": list(entry.files),
        "branch": entry.branch,
    }
