"""`cockpit demo`: a scratch repository with a plan and scripted agents, on the screen or headless to its end."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cockpit.cli.output import paint, say
from cockpit.errors import CockpitError, GitError
from cockpit.safetext import safe_line

if TYPE_CHECKING:
    from cockpit.engine.project import Project
    from cockpit.schedule.snapshot import Snapshot

PLAN = "demo.yaml"
AGENT = "scripted_agent.py"


def demo(
    folder: Annotated[
        Path | None,
        Parameter(help="Where the scratch repository goes; must be empty. Default: a new temporary folder."),
    ] = None,
    /,
    *,
    headless: Annotated[bool, Parameter(help="Run it to its end without the screen, approving everything.")] = False,
    start: Annotated[bool, Parameter(help="Start everything at once; without it, `S` does.")] = False,
) -> int:
    """Make a scratch repository with a sample plan and scripted agents, and open it.

    Without a terminal, or with --headless, it runs to its end, prints what was merged and what waits for a human and
    why, and exits with 0 when it ended as it is meant to: with one conflict, one quarantine, and what depends on them,
    left for you.
    """
    from cockpit.cli.reach import as_written
    from cockpit.cli.trusting import keep_trust

    repo = make(folder)
    plan = repo / PLAN
    project = as_written(plan, None)
    keep_trust(project)
    say(safe_line(f"scratch repository: {repo}"))
    say("its plan is trusted: it is cockpit's own, and its agents are the scripts in tools/")
    if headless or not (sys.stdin.isatty() and sys.stdout.isatty()):
        code = _headless(project)
    else:
        from cockpit.cli.show import open_cockpit

        code = open_cockpit(plan, start=start)
    _farewell(project)
    return code


def make(folder: Path | None) -> Path:
    """Make the scratch repository and return its folder. Raises CockpitError for a folder that is not empty."""
    from cockpit.git.repo import Repo
    from cockpit.git.spawn import git

    repo = _place(folder)
    samples = samples_folder()
    shutil.copytree(samples / "demo", repo, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (repo / "tools").mkdir(exist_ok=True)
    shutil.copyfile(samples / AGENT, repo / "tools" / AGENT)
    for name in (PLAN, "plan.schema.json"):
        shutil.copyfile(samples / name, repo / name)
    git(["init", "--quiet", "--initial-branch=main"], cwd=repo, locks=True)
    made = Repo.open(repo)
    try:
        made.identity()
    except GitError:
        made.git("config", "user.name", "cockpit demo")
        made.git("config", "user.email", "demo@cockpit.invalid")
    made.git("add", "--all")
    made.git("-c", "commit.gpgSign=false", "commit", "--quiet", "-m", "A small project, and a plan for it")
    return made.root


def samples_folder() -> Path:
    """Return the folder of the sample plans: the package's once installed, else the repository's."""
    import cockpit

    package = Path(cockpit.__file__).resolve().parent
    for place in (package / "sample_plans", package.parent / "sample_plans"):
        if (place / PLAN).is_file():
            return place
    raise CockpitError("the sample plans are missing", where=str(package), hint="install cockpit again")


def ended_as_meant(snapshot: "Snapshot") -> bool:
    """Say whether one conflict and one quarantine are left, what waits for them is blocked, and all else is merged."""
    from cockpit.schedule.snapshot import blockers
    from cockpit.schedule.states import State

    left = {key: leg.state for key, leg in snapshot.legs.items() if leg.state is not State.MERGED}
    blocked = blockers(snapshot)
    for_a_human = sorted(state for key, state in left.items() if key not in blocked)
    held_up_by = {culprit for key in left for culprit in blocked.get(key, ())}
    return (
        for_a_human == [State.CONFLICT, State.QUARANTINED]
        and State.CONFLICT in {left[key] for key in held_up_by}
        and bool(snapshot.merges)
    )


def _place(folder: Path | None) -> Path:
    if folder is None:
        repo = Path(tempfile.mkdtemp(prefix="cockpit-demo-")) / "parcel"
        repo.mkdir()
        return repo
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise CockpitError(
                "the folder is not empty", where=str(folder), hint="name one that is, or that is not there"
            )
    except OSError as error:
        raise CockpitError(
            f"cannot be made: {error.strerror}", where=str(folder), hint="name another folder"
        ) from error
    return folder.resolve()


def _headless(project: "Project") -> int:
    from cockpit.cli.reach import prepared, view_of
    from cockpit.cli.run import carry_through

    prepared(project)
    carry_through(project, agents=None, approve="all", only=(), wait=False, json=False)
    meant = ended_as_meant(view_of(project).snapshot)
    if meant:
        say("\nThat is how the demo is meant to end. Two agents changed the same line, and one dropped half of a file")
        say("and left a note in its place: a human has to decide (`cockpit rerun`, `cockpit release`, or the screen).")
    else:
        say(paint("\nThat is not how the demo is meant to end; `cockpit facts` on its plan says what happened.", "red"))
    return 0 if meant else 1


def _farewell(project: "Project") -> None:
    plan = safe_line(str(project.loaded.path))
    say(f"\nLook at it:  git -C {safe_line(str(project.repo.root))} log --graph --oneline")
    say(f"             cockpit {plan}    cockpit status {plan}    cockpit facts {plan}")
    say("Remove it:   delete the folder; cockpit keeps nothing of it elsewhere but the trust in its plan")
