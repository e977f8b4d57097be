"""Resolves conflicts step by step: rebase, run again, by hand in a worktree of its own; gates and review follow."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.errors import CockpitError, GitError
from cockpit.git import rebase, report, resolve, worktrees
from cockpit.git.builds import Conflict, commit_tree
from cockpit.safetext import safe_line, safe_text
from cockpit.schedule import facts as f
from cockpit.schedule.snapshot import Leg
from cockpit.store.paths import folder_name

if TYPE_CHECKING:
    from cockpit.engine.effects import Effects


async def resolve_step(effects: "Effects", key: str, how: str) -> None:
    """Do one step of a conflict's resolution; it ends in checks, in a new run, or in the conflict as it was."""
    leg = effects.engine.snapshot.legs[key]
    steps = {"rebase": _rebase, "rerun": _rerun, "resolve": _open, "resolved": _finish, "abandon": _abandon}
    await steps[how](effects, leg)


async def write_report(effects: "Effects", leg: Leg, onto: str) -> str:
    """Write the file that describes a conflict and how to resolve it by hand; return its path."""
    path = effects.project.state.path / "reports" / f"conflict-{folder_name(leg.workstream)}-{leg.outline.number}.md"
    found = await effects.pool.short(report.describe, effects.repo, onto, leg.commit)
    branch = effects.engine.snapshot.workstreams[leg.workstream].outline.branch
    worktree = effects.engine.snapshot.workstreams[leg.workstream].worktree
    plan = str(effects.project.loaded.path)
    text = _as_markdown(found, leg, effects.base, branch, worktree, plan)
    await effects.pool.short(_write, path, text)
    return str(path)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(text, encoding="utf-8", errors="replace")


async def _rebase(effects: "Effects", leg: Leg) -> None:
    engine = effects.engine
    tip = await _tip(effects)
    leg = await _shown(effects, leg, tip)
    done = await effects.pool.git(
        rebase.rebase_worktree,
        effects.repo,
        _worktree(effects, leg),
        tip,
        plan=effects.project.loaded.name,
        workstream=leg.workstream,
        at=engine.clock.now(),
        exclude=effects.project.setup_files,
    )
    if isinstance(done, Conflict):
        engine.record(f.ResolutionEnded(leg.key, f"the rebase conflicts too, in {', '.join(done.paths)}"))
        return
    kept = done.rescue.ref if done.rescue else ""
    tree = await effects.pool.short(effects.repo.tree_of, done.new)
    nothing_left = done.new == tip  # base holds all of it by now
    ended: tuple[f.Fact, ...] = (f.LegMerged(leg.key, tip),) if nothing_left else ()
    engine.record(f.LegRebased(leg.key, tip, done.new, tree, kept), f.ChecksStarted(leg.key), *ended)


async def _shown(effects: "Effects", leg: Leg, tip: str) -> Leg:
    """Return a leg whose work git does not take for merged already: what was rolled back becomes a commit of its own.

    Else a rebase would drop it, and whoever resolves the conflict would not see it.
    """
    if not leg.reverted or not leg.base:
        return leg
    found = await effects.pool.short(effects.repo.git, "merge-base", tip, leg.commit)
    if found.decode().strip() == leg.base:
        return leg
    message = effects.merge_message(leg)
    work = await effects.pool.short(commit_tree, effects.repo, leg.tree, (leg.base,), message, effects.identity)
    await effects.pool.short(
        worktrees.advance,
        effects.repo,
        _worktree(effects, leg),
        work,
        plan=effects.project.loaded.name,
        workstream=leg.workstream,
        at=effects.engine.clock.now(),
        exclude=effects.project.setup_files,
    )
    effects.engine.record(f.LegRebased(leg.key, leg.base, work, leg.tree))
    return effects.engine.snapshot.legs[leg.key]


async def _rerun(effects: "Effects", leg: Leg) -> None:
    await _shown(effects, leg, await _tip(effects))
    effects.engine.record(f.ResolutionEnded(leg.key), f.LegRetried(leg.key))


async def _open(effects: "Effects", leg: Leg) -> None:
    tip = await _tip(effects)
    leg = await _shown(effects, leg, tip)
    folder = _folder(effects)
    path = folder / folder_name(leg.workstream)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def merge_there() -> resolve.Opened:
        return resolve.conflict_worktree(effects.repo, path, onto=tip, head=head, parent=folder)

    head = leg.commit
    try:
        opened = await effects.pool.git(merge_there)
    except GitError:
        if leg.opened:
            raise
        await _drop(effects, leg, path)  # a driver that was killed opened it for other commits, and nobody was told
        opened = await effects.pool.git(merge_there)
    remembered = f"; remembered resolutions settled {', '.join(opened.remembered)}" if opened.remembered else ""
    note = f"to be resolved in {opened.path}: {', '.join(opened.conflicted) or 'nothing is left'}{remembered}"
    effects.engine.record(f.ResolutionEnded(leg.key, note, str(opened.path)))


async def _finish(effects: "Effects", leg: Leg) -> None:
    engine = effects.engine
    built = await effects.pool.short(
        resolve.finish, effects.repo, Path(leg.opened), effects.merge_message(leg), author=effects.identity
    )
    if isinstance(built, resolve.StillConflicted):
        note = f"still conflicted: {', '.join(built.paths)}"
        engine.record(f.ResolutionEnded(leg.key, note, leg.opened))
        return
    onto = await effects.pool.short(effects.repo.git, "rev-parse", f"{built.commit}^1")
    await effects.pool.git(
        worktrees.advance,
        effects.repo,
        _worktree(effects, leg),
        built.commit,
        plan=effects.project.loaded.name,
        workstream=leg.workstream,
        at=engine.clock.now(),
        exclude=effects.project.setup_files,
    )
    base = onto.decode().strip()
    engine.record(f.LegRebased(leg.key, base, built.commit, built.tree), f.ChecksStarted(leg.key))
    await _drop(effects, leg, Path(leg.opened))


async def drop_left_behind(effects: "Effects") -> None:
    """Take away the worktrees of conflicts that are resolved, whose driver was killed before it came to that."""
    folder = _folder(effects)
    legs = effects.engine.snapshot.legs.values()
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        mine = [leg for leg in legs if folder_name(leg.workstream) == path.name]
        if not mine or any(leg.opened or leg.resolving for leg in mine):
            continue
        try:
            await _drop(effects, mine[0], path)
        except CockpitError as error:
            effects.engine.read(notes={mine[0].workstream: f"{path} was left: {error.what}"})


async def _abandon(effects: "Effects", leg: Leg) -> None:
    await _drop(effects, leg, Path(leg.opened))
    effects.engine.record(f.ResolutionEnded(leg.key, "the resolution was given up"))


async def _drop(effects: "Effects", leg: Leg, path: Path) -> None:
    removed = await effects.pool.git(
        resolve.abandon,
        effects.repo,
        path,
        parent=_folder(effects),
        plan=effects.project.loaded.name,
        workstream=leg.workstream,
        at=effects.engine.clock.now(),
    )
    if removed.rescue:
        effects.engine.record(f.WorkRescued(leg.workstream, removed.rescue.ref, "a resolution was given up"))


def _folder(effects: "Effects") -> Path:
    return effects.project.state.path / "conflicts"


async def _tip(effects: "Effects") -> str:
    tip = await effects.pool.short(effects.repo.tip, effects.base)
    if tip is None:
        raise CockpitError(f"the branch {effects.base} is gone", hint="make it again, or name another `base`")
    return tip


def _worktree(effects: "Effects", leg: Leg) -> Path:
    return Path(effects.engine.snapshot.workstreams[leg.workstream].worktree)


def _as_markdown(found: report.ConflictReport, leg: Leg, base: str, branch: str, worktree: str, plan: str) -> str:
    lines = [
        f"# Conflict of {leg.key} with {safe_line(base)}",
        "",
        f"`{safe_line(branch)}` at {found.head[:12]} does not merge with `{safe_line(base)}` at {found.onto[:12]}.",
        "Base and all checkouts are untouched.",
        "",
        "## Files",
        "",
    ]
    for one in found.files:
        lines += [f"### {safe_line(one.path)} ({', '.join(one.kinds)})", ""]
        lines += [*(f"- {safe_line(message)}" for message in one.messages), ""]
        for hunk in one.hunks:
            lines += [f"Line {hunk.line}, on `{safe_line(base)}`:", "", *_quoted(hunk.ours), ""]
            lines += [f"and on `{safe_line(branch)}`:", "", *_quoted(hunk.theirs), ""]
        if one.more_hunks:
            lines += [f"and {one.more_hunks} more places.", ""]
    for title, log in ((base, found.log_ours), (branch, found.log_theirs)):
        lines += [f"## What `{safe_line(title)}` has that the other lacks", ""]
        lines += [f"- {one.commit[:12]} {one.date} {safe_line(one.author)}: {safe_line(one.subject)}" for one in log]
        lines.append("")
    lines += [
        "## By hand",
        "",
        f"    cd {shlex.quote(safe_line(worktree))}",
        f"    git merge {shlex.quote(safe_line(base))}      # edit the files above, then:",
        "    git add --all && git commit",
        f"    cockpit rebase {shlex.quote(safe_line(plan))} {leg.workstream}      # gates and review follow",
        "",
    ]
    return "\n".join(lines)


def _quoted(text: str) -> list[str]:
    return [f"    {line}" for line in safe_text(text).splitlines()] or ["    (nothing)"]
