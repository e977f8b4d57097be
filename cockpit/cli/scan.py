"""`cockpit scan`: the quality monitor without a plan, on files, a range, what is staged, or pairs from a pipe."""

import json as jsonlib
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from cockpit.cli import shapes
from cockpit.cli.options import Json
from cockpit.cli.output import emit, emit_line, say
from cockpit.errors import CockpitError, GitError

if TYPE_CHECKING:
    from cockpit.git.pairs import Touched
    from cockpit.quality.apart import Apart
    from cockpit.quality.policy import Judged, Policy

Format = Literal["text", "json", "sarif", "github"]


def scan(
    *paths: Annotated[Path, Parameter(help="Files and folders, judged as new; default: what is not committed.")],
    diff: Annotated[str | None, Parameter(help="What a range changed: A..B, or one revision against the disk.")] = None,
    staged: Annotated[bool, Parameter(help="What is staged for the next commit: for a pre-commit hook.")] = False,
    format: Annotated[Format, Parameter(help="How the result is printed.")] = "text",
    plan: Annotated[
        Path | None, Parameter(help="A plan whose `quality` holds: its patterns, and what it ignores.")
    ] = None,
    stdin_pairs: Annotated[
        bool, Parameter(help="Read JSON lines {id, path, before, after}, print {id, violations} for each.")
    ] = False,
    json: Json = False,
) -> int:
    """Judge what a change does to code: dropped code, stubs, broken syntax, security risks.

    Exits with 1 when it finds something, so it serves as a pre-commit hook and in CI. With --diff or --staged, paths
    say which of the changed files are judged.
    """
    of_disk = bool(paths) and diff is None and not staged and not stdin_pairs
    policy = _policy(plan, of_disk=of_disk)
    if stdin_pairs:
        with closing(_apart(policy)) as apart:
            return _pairs(apart)
    if diff is not None and staged:
        raise CockpitError("--diff and --staged cannot go together", hint="give one of them")
    with closing(_apart(policy)) as apart:
        report = policy.report(_changes(paths, diff, staged=staged), apart.judge)
    _print(report, "json" if json else format)
    return 1 if report.violations else 0


def _print(report: Any, format: Format) -> None:
    from cockpit.cli import scanformats

    if format == "json":
        emit(shapes.document(scanformats.shape_of(report)))
    elif format == "sarif":
        emit(scanformats.sarif(report))
    else:
        for line in scanformats.github(report) if format == "github" else scanformats.text(report):
            say(line)


def _policy(plan: Path | None, *, of_disk: bool) -> "Policy":
    """Return what is judged by which rules; `of_disk` tells that paths are as somebody typed them."""
    from cockpit.quality.policy import Forbidden, Policy, policy_of

    if plan is None:
        return Policy()
    from cockpit.plan.load import load_plan

    loaded = load_plan(plan)
    quality = loaded.plan.quality
    forbid = [Forbidden(one.name, one.pattern, one.severity, one.paths) for one in quality.forbid]
    top = os.path.realpath(_top(loaded.repo)) if of_disk else ""
    return policy_of(quality.ignore, forbid, named=(lambda path: _within(path, top)) if top else str)


def _top(folder: Path) -> Path:
    from cockpit.git import pairs

    try:
        return pairs.top_of(folder)
    except GitError:
        return folder  # a plan may say what is judged where there is no repository


def _within(path: str, top: str) -> str:
    """Return a path from the top of the repository, whatever folder and links it was reached by."""
    folder, name = os.path.split(path)
    return os.path.relpath(Path(os.path.realpath(folder), name), top)


def _apart(policy: "Policy") -> "Apart":
    from cockpit.quality.apart import Apart

    return Apart(lambda _, one: policy.judge(one))


def _changes(paths: tuple[Path, ...], diff: str | None, *, staged: bool) -> "Iterator[Judged]":
    if paths and diff is None and not staged:
        yield from _files(paths)
        return
    from cockpit.engine.judging import judged
    from cockpit.git import pairs

    top = pairs.top_of(Path.cwd())
    if staged:
        touched = pairs.staged(top)
    elif diff is not None:
        touched = pairs.in_range(top, diff)
    else:
        touched = pairs.uncommitted(top)
    yield from map(judged, pairs.read(top, _chosen(top, touched, paths)))


def _chosen(top: Path, touched: "tuple[Touched, ...]", paths: tuple[Path, ...]) -> "Iterator[Touched]":
    wanted = [os.path.relpath(path.absolute(), top) for path in paths]
    for one in touched:
        if not wanted or any(name in (".", one.path) or one.path.startswith(f"{name}/") for name in wanted):
            yield one


def _files(paths: tuple[Path, ...]) -> "Iterator[Judged]":
    from cockpit.git.pairs import from_disk
    from cockpit.quality.policy import Judged

    for given in paths:
        if not given.exists():
            raise CockpitError("no such file or folder", where=str(given))
        for path in _walk(given) if given.is_dir() else (given,):
            data, skipped = from_disk(path)
            if data is not None or skipped:
                yield Judged(str(path), None, data, skipped=skipped)


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, by name, without hidden folders; links are not followed."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if not path.is_symlink():
                yield path


def _pairs(apart: "Apart") -> int:
    """Answer each line with a line at once, one that is no pair with an `error`; return the exit code: 0 or 2."""
    from dataclasses import asdict

    from cockpit.cli.scanformats import violation_shape
    from cockpit.quality.policy import Judged

    code = 0
    for number, line in enumerate(sys.stdin.buffer, 1):
        if not line.strip():
            continue
        asked: Any = None
        try:
            asked = jsonlib.loads(line)
            one = Judged(_path(asked["path"]), _bytes(asked.get("before")), _bytes(asked.get("after")))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            known = asked.get("id") if isinstance(asked, dict) else None
            emit_line({"id": known, "error": f"line {number} is not a pair: {error}", "violations": []})
            code = 2
            continue
        found = apart.judge(one)
        answer: dict[str, Any] = {
            "id": asked.get("id"),
            "violations": [asdict(violation_shape(v)) for v in found.violations],
        }
        if found.skipped:
            answer["skipped"] = found.skipped
        emit_line(answer)
    return code


def _path(given: object) -> str:
    if not isinstance(given, str):
        raise TypeError("`path` is a text")
    return given


def _bytes(text: object) -> bytes | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise TypeError("`before` and `after` are texts or null")
    return text.encode("utf-8", "surrogatepass")
