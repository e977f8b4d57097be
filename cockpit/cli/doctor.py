"""`cockpit doctor`: versions, agents found, what was left behind, and what to do about each; it changes nothing."""

import platform
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cockpit import __version__
from cockpit.cli import shapes
from cockpit.cli.options import Json, StateDir
from cockpit.cli.output import emit, paint, say
from cockpit.errors import CockpitError

if TYPE_CHECKING:
    from cockpit.git.repo import Repo
    from cockpit.schedule.snapshot import Snapshot
    from cockpit.store.paths import StateFolder

LIBRARIES = ("textual", "rich", "pydantic", "GitPython", "watchfiles", "cyclopts", "PyYAML")

_Lines = Iterator[shapes.PreflightLine]


def doctor(
    plan: Annotated[Path | None, Parameter(help="A plan to look at; default: all state in this repository.")] = None,
    /,
    *,
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Look at the machine, and at what was left behind: stale locks, orphaned worktrees and runs.

    Says what the next start of a plan would put right by itself, and changes nothing of it.

    Exits with 1 when something needs to be done.
    """
    found = [*_machine(), *(_plan(plan, state_dir) if plan is not None else _here(state_dir))]
    if json:
        emit({"ok": all(line.ok for line in found), "checks": [_document(line) for line in found]})
    else:
        for text in lines(found):
            say(text)
    return 0 if all(line.ok for line in found) else 1


def lines(found: list[shapes.PreflightLine]) -> list[str]:
    """Return a line for each check, and what to do where something is to be done."""
    widest = max((len(line.name) for line in found), default=0)
    out: list[str] = []
    for line in found:
        mark = paint("✓", "green") if line.ok else paint("✗", "red")
        out.append(f"{mark} {line.name:<{widest}}  {paint(line.detail, 'plain')}")
        out += [f"{'':{widest + 4}}→ {paint(line.hint, 'plain')}"] if line.hint else []
    return out


def _machine() -> _Lines:
    from importlib.metadata import PackageNotFoundError, version

    from cockpit.git.repo import check_version

    line = shapes.PreflightLine
    yield line("cockpit", True, f"{__version__} on Python {platform.python_version()}, {platform.platform()}", "")
    try:
        yield line("git", True, ".".join(map(str, check_version())), "")
    except CockpitError as error:
        yield line("git", False, error.what, error.hint)
    for name in LIBRARIES:
        try:
            yield line("library", True, f"{name} {version(name)}", "")
        except PackageNotFoundError:
            yield line("library", False, f"{name} is not installed", "install cockpit again")
    from cockpit.agents.checkup import check_up

    for one in check_up():
        if one.place is None:
            yield line("agent", True, f"{one.name}: not on PATH", "")
        elif one.starts:
            yield line("agent", True, f"{one.name}: {one.version}, {one.place}", "")
        else:
            hint = f"run `{one.name} --version` to see why; plans without it need nothing"
            yield line("agent", False, f"{one.name}: {one.place} does not start: {one.problem}", hint)


def _plan(plan: Path, state_dir: Path | None) -> _Lines:
    from cockpit.cli.reach import as_written
    from cockpit.engine.preflight import preflight

    project = as_written(plan, state_dir)
    for one in preflight(project):
        yield shapes.PreflightLine(one.name, one.ok, one.detail, one.hint)
    yield from _state(project.repo, project.state.path, known=True)


def _here(state_dir: Path | None) -> _Lines:
    from cockpit.git.repo import Repo
    from cockpit.store.paths import state_folder

    try:
        repo = Repo.open(Path.cwd())
    except CockpitError:
        yield shapes.PreflightLine("repository", True, "this folder is in none", "")
        return
    yield shapes.PreflightLine("repository", True, str(repo.root), "")
    parent = state_folder(repo.root, "x", state_dir).path.parent
    folders = sorted(folder for folder in parent.glob("*") if (folder / "journal.db").exists())
    if not folders:
        yield shapes.PreflightLine("plans", True, "no plan was opened in this repository yet", "")
        yield from _leftovers(repo, repo.root.parent / f"{repo.name}.worktrees", [])
    for folder in folders:
        yield from _state(repo, folder, known=False)


def _state(repo: "Repo", folder: Path, *, known: bool) -> _Lines:
    """Look at one plan's state folder; `known`: the preflight has looked at the rest."""
    from cockpit.engine.client import driver_pid, glimpse
    from cockpit.store.paths import StateFolder

    state = StateFolder(folder)
    try:
        snapshot = glimpse(state).snapshot
    except CockpitError as error:
        yield shapes.PreflightLine("journal", False, f"{folder}: {error.what}", error.hint)
        return
    pid = driver_pid(state)
    name = snapshot.outline.name or folder.name
    where = f"driven by process {pid}" if pid is not None else "no driver"
    yield shapes.PreflightLine("plan", True, f"{name}: {snapshot.state()}, {where}", "")
    if snapshot.skipped:
        hint = "`cockpit facts PLAN --verify` finds the first that is damaged"
        yield shapes.PreflightLine("journal", False, f"{name}: {snapshot.skipped} facts could not be used", hint)
    if pid is None and state.socket.exists():
        yield shapes.PreflightLine(
            "socket", True, f"{name}: a dead driver left {state.socket}", "the next one takes it"
        )
    yield from _runs(state, name, snapshot.path, driven=pid is not None)
    if pid is None and snapshot.workstreams:
        yield from _recovery(repo, snapshot, name, state.path / "conflicts")
    if not known:
        branches = [one.outline.branch for one in snapshot.workstreams.values() if not one.worktree]
        yield from _leftovers(repo, Path(snapshot.outline.worktrees), branches if pid is None else [])


def _runs(state: "StateFolder", name: str, plan: str, *, driven: bool) -> _Lines:
    """Name the runs that go on without a driver; one that is driven is nobody's orphan."""
    from cockpit.agents import runs

    for folder in sorted(state.run("x").parent.glob("*")) if not driven else []:
        if not (folder / "spec").exists():
            continue
        look = runs.look(folder)
        if look.over:
            continue
        pid = look.agent.pid if look.agent else "unknown"
        hint = f"`cockpit {plan or 'PLAN'}` or `cockpit run` takes it over"
        yield shapes.PreflightLine("run", False, f"{name}: {folder.name} goes on without a driver (pid {pid})", hint)


def _recovery(repo: "Repo", snapshot: "Snapshot", name: str, conflicts: Path) -> _Lines:
    """Name what the next driver would put right in the repository at its start, and what it would go on with."""
    from cockpit.git.mend import due
    from cockpit.git.resolve import is_half_made
    from cockpit.schedule.states import State

    branches = [one.outline.branch for one in snapshot.workstreams.values()]
    for one in due(repo, Path(snapshot.outline.worktrees), branches):
        hint = "the next start of the plan does that" if one.ok else "look at it: the next start leaves it alone"
        yield shapes.PreflightLine("recovery", False, f"{name}: {one.what}: {one.done}", hint)
    for folder in sorted(conflicts.iterdir()) if conflicts.is_dir() else ():
        if is_half_made(repo, folder):
            detail = f"{name}: making {folder} for a conflict was cut short"
            yield shapes.PreflightLine("recovery", False, detail, "the next start of the plan takes it away")
    merging = [leg.key for leg in map(snapshot.legs.__getitem__, sorted(snapshot.active)) if leg.state is State.MERGING]
    for key in (*merging, *snapshot.reverting):
        what = "rollback" if key in snapshot.reverting else "merge"
        detail = f"{name}: the {what} of {key} was cut short"
        yield shapes.PreflightLine("recovery", False, detail, "the next start looks whether base holds it, and goes on")


def _leftovers(repo: "Repo", worktrees: Path, branches: list[str]) -> _Lines:
    from cockpit.git.leftovers import leftovers

    for one in leftovers(repo, worktrees, branches):
        yield shapes.PreflightLine("leftover", False, f"{one.kind} {one.what}", one.hint)


def _document(line: shapes.PreflightLine) -> dict[str, object]:
    return {"name": line.name, "ok": line.ok, "detail": line.detail, "hint": line.hint}
