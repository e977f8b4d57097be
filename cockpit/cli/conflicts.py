"""`cockpit conflicts`: predicts which branches conflict, with each other and with base; it changes no repository."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cockpit.cli import shapes
from cockpit.cli.options import Json, StateDir
from cockpit.cli.output import emit, paint, plural, say
from cockpit.errors import CockpitError
from cockpit.safetext import safe_line

if TYPE_CHECKING:
    from cockpit.engine.project import Project
    from cockpit.git.conflicts import Look, Prediction

_SHOWN = 8


def conflicts(
    *words: Annotated[str, Parameter(help="The plan file; with --repo, branches.")],
    repo: Annotated[Path | None, Parameter(help="Any repository, without a plan: look at its branches.")] = None,
    base: Annotated[
        str | None, Parameter(help="With --repo: the branch to merge into; default: the one checked out.")
    ] = None,
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Predict which branches conflict: each pair, and each with base.

    Of a plan these are the workstreams whose work is not on base yet, edits that are not committed included. Exits
    with 1 when it finds a conflict.
    """
    if repo is None:
        if len(words) != 1 or base is not None:
            hint = "cockpit conflicts PLAN, or cockpit conflicts --repo DIR BRANCH BRANCH…"
            raise CockpitError("one plan file is needed, or --repo and branches", hint=hint)
        found, onto = _of_plan(Path(words[0]), state_dir)
    else:
        if not words:
            hint = "cockpit conflicts --repo DIR BRANCH BRANCH…"
            raise CockpitError("no branch was named", where=str(repo), hint=hint)
        found, onto = _of_branches(repo, words, base)
    shape = shape_of(found)
    if json:
        emit(shapes.document(shape))
    else:
        for line in lines(shape, onto):
            say(line)
    return 1 if any(one.conflict for one in shape.pairs) or any(one.conflict for one in shape.base) else 0


def shape_of(found: "Prediction") -> shapes.Conflicts:
    """Return the shape of a prediction: every pair and every name, those that merge cleanly too."""
    return shapes.Conflicts(
        [shapes.Pair(a, b, bool(paths), list(paths)) for (a, b), paths in found.pairs.items()],
        [shapes.OntoBase(name, bool(paths), list(paths)) for name, paths in found.base.items()],
    )


def lines(found: shapes.Conflicts, base: str) -> list[str]:
    """Return what a human reads: a line for each conflict, and how many merges were looked at."""
    out = [_line(f"{one.a} with {one.b}", one.paths) for one in found.pairs if one.conflict]
    out += [_line(f"{one.branch} with {base} (base)", one.paths) for one in found.base if one.conflict]
    looked = [plural(len(found.pairs), "pair")] if found.pairs else []
    looked += [f"{plural(len(found.base), 'merge')} into {base}"] if found.base else []
    if not looked:
        return ["nothing to compare: no work that is not on base yet"]
    verdict = plural(len(out), "conflict") if out else "no conflict"
    return [*out, paint(f"{verdict} among {' and '.join(looked)}", "red" if out else "green")]


def _line(who: str, paths: list[str]) -> str:
    named = ", ".join("no common history" if path == "." else path for path in paths[:_SHOWN])
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return f"{paint('⚔', 'red')} {safe_line(f'{who}: {named}{more}')}"


def _of_branches(folder: Path, branches: tuple[str, ...], base: str | None) -> "tuple[Prediction, str]":
    from cockpit.git.conflicts import predict_branches
    from cockpit.git.repo import Repo

    if not folder.is_dir():
        raise CockpitError("no such folder", where=str(folder), hint="give the path of a git repository")
    repo = Repo.open(folder)
    onto = base or repo.current_branch()
    return predict_branches(repo, branches, onto), onto or ""


def _of_plan(plan: Path, state_dir: Path | None) -> "tuple[Prediction, str]":
    from cockpit.cli.reach import opened
    from cockpit.git.conflicts import Predictor

    project = opened(plan, state_dir)
    with Predictor(project.repo, project.base) as predictor:
        looks: dict[str, Look | str] = {}
        for workstream, place in _unmerged(project).items():
            looks[workstream] = predictor.look(place, project.setup_files) if isinstance(place, Path) else place
        return predictor.update(looks), project.base


def _unmerged(project: "Project") -> dict[str, Path | str]:
    """Return where the work is of each workstream that has some which is not on base: its worktree, else its branch."""
    from cockpit.cli.reach import glimpsed
    from cockpit.schedule.states import State

    snapshot = glimpsed(project).snapshot
    tips = project.repo.branches()
    found: dict[str, Path | str] = {}
    for key, workstream in snapshot.workstreams.items():
        leg = snapshot.leg_under_way(key)
        if leg.state is State.MERGED or not leg.attempt:
            continue
        if workstream.worktree and Path(workstream.worktree).is_dir():
            found[key] = Path(workstream.worktree)
        elif tip := tips.get(workstream.outline.branch):
            found[key] = tip
    return found
