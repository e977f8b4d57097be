"""Commits what a run left, and gates it: on the worktree, and on the integrated tree before base moves."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from msgspec.structs import replace

from cockpit.engine import outfit
from cockpit.engine.findings import IMPORTS
from cockpit.engine.project import Project
from cockpit.engine.steps import step, step_of_legs
from cockpit.errors import CockpitError, GitError
from cockpit.git import commits, places, sparse, worktrees
from cockpit.git.gatetree import gate_worktree
from cockpit.git.status import survey
from cockpit.plan.model import Gate, Workstream
from cockpit.quality.gates import mark_of, run_gate
from cockpit.quality.unscanned import may_hide_code
from cockpit.schedule import facts as f
from cockpit.schedule.snapshot import Leg

if TYPE_CHECKING:
    from cockpit.engine.effects import Effects

SHOWN_OUTPUT = 3000
SHOWN_PLACES = 50
SYNTAX_RULE = "MALFORMED_SYNTAX"
STRICT = "scan"  # the builtin gate that lets nothing pass which nobody could judge
_BROKEN = {"syntax": "places do not parse", "imports": "imports lead to nothing", "scan": "violations"}


async def check_leg(effects: "Effects", key: str, run: str) -> None:
    """Commit a leg's work and run its gates; it ends in review, queued, merged (nothing to merge), or failed."""
    engine = effects.engine
    leg = engine.snapshot.legs[key]
    workstream = effects.workstream(leg.workstream)
    worktree = Path(engine.snapshot.workstreams[leg.workstream].worktree)
    try:
        branch = engine.snapshot.workstreams[leg.workstream].outline.branch
        with step(engine, (leg.workstream,), "its work is being committed"):
            fact, paths = await effects.pool.git(_commit, effects.project, leg, workstream, worktree, branch)
    except CockpitError as error:
        effects.fail(key, run, "failed", f"the work could not be committed: {error}")
        return
    if fact is None:
        if workstream.expect == "change":
            what = "nothing was changed in its worktree" if leg.hand else "the agent ended well but changed nothing"
            effects.fail(key, run, "failed", what)
        else:
            engine.record(f.LegMerged(key))
        return
    engine.record(fact)
    if paths:
        effects.changed[fact.commit] = paths
    try:
        with step(engine, (leg.workstream,), "its change is being scanned"):
            bad = await effects.monitor.judge_commit(engine.snapshot.legs[key], fact.commit)
    except CockpitError as error:
        effects.fail(key, run, "failed", f"the work could not be scanned: {error}")
        return
    if bad:
        quarantine(effects, key, bad)
        return
    failed = await _gates(effects, [leg.key], effects.project.loaded.plan.gates_of(workstream), worktree, fact.base)
    if failed or engine.snapshot.legs[key].ending:
        effects.fail(key, run, "failed", failed)
        return
    unsure = engine.snapshot.unsure_of(engine.snapshot.legs[key])
    by_hand = engine.snapshot.legs[key].hand is not None  # it was handed back to be reviewed
    asks = bool(unsure) or by_hand or engine.snapshot.workstreams[leg.workstream].outline.approve_merge
    engine.record(f.ReviewAsked(key) if asks else f.MergeQueued(key))


def quarantine(effects: "Effects", key: str, violations: tuple[str, ...], *facts: f.Fact) -> None:
    """Record that a leg and the slot that wrote it are quarantined, after other facts."""
    engine = effects.engine
    run = engine.snapshot.runs.get(engine.snapshot.legs[key].run or "")
    found = [engine.snapshot.violations[one] for one in violations]
    reason = "; ".join(f"{one.rule} in {one.path}:{one.line}" for one in found[:3])
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    slot = "" if run is None or engine.snapshot.legs[key].by_hand else run.slot  # no slot wrote what a human changed
    engine.record(*facts, f.LegQuarantined(key, slot, violations, f"{reason}{more}"))


def _commit(
    project: Project, leg: Leg, workstream: Workstream, worktree: Path, branch: str
) -> tuple[f.WorkCommitted | None, frozenset[str]]:
    """Commit what is there; return the fact (None: nothing changed), and the paths where they are the whole leg's."""
    plan = project.loaded.plan
    titles = [plan.issues_by_id[issue].title for issue in leg.outline.issues if issue in plan.issues_by_id]
    subject = workstream.title or next(filter(None, titles), "") or f"Work on {leg.workstream}"
    listed = "\n".join(f"- {issue}" for issue in leg.outline.issues)
    worktrees.reattach(project.repo, worktree, branch)  # what an agent did on a detached HEAD is its work too
    admin = places.admin_of(project.repo.common_dir, worktree)
    if admin is not None and admin.branch not in (None, branch):  # it may be base, where nothing is before its gates
        hint = f"bring the work to {branch} and switch back to that (`cockpit attach`)"
        raise GitError(f"its worktree is on the branch {admin.branch}, not {branch}", where=str(worktree), hint=hint)
    made = commits.commit_all(
        project.repo,
        worktree,
        f"{subject}\n\n{listed}".strip(),
        {"Cockpit-Workstream": leg.workstream, "Cockpit-Leg": leg.key},
        project.setup_files,
        hooks=plan.commit.hooks,
        sign=plan.commit.sign,
    )
    if made is not None and made.parent == leg.base:
        fact = f.WorkCommitted(leg.key, made.id, made.tree, leg.base, made.files, made.added, made.removed)
        return fact, made.paths
    head = made.id if made else project.repo.tip(branch)
    if head is None or project.repo.is_ancestor(head, leg.base):
        return None, frozenset()
    seen = survey(worktree, leg.base, project.setup_files)
    tree = project.repo.tree_of(head)
    return f.WorkCommitted(leg.key, head, tree, leg.base, seen.files, seen.added, seen.removed), frozenset()


async def gate_integrated(effects: "Effects", keys: list[str], tip: str, commit: str, tree: str) -> str:
    """Return why an integrated commit may not be published; empty when it passed what promise 3 asks for."""
    plan = effects.project.loaded.plan
    gates = plan.merge_gates
    if not gates:
        wanted = [
            gate
            for key in keys
            for gate in plan.gates_of(effects.workstream(effects.engine.snapshot.legs[key].workstream))
        ]
        gates = tuple({gate.name: gate for gate in wanted}.values())
    gates = tuple(gate for gate in gates if not _passed(effects, gate, tree))
    if not gates:
        return ""
    folder = effects.project.state.integration
    if any(gate.run is not None for gate in gates):
        folder = await effects.pool.git(gate_worktree, effects.repo, folder, commit, at=effects.engine.clock.now())
    return await _gates(effects, keys, gates, folder, tip, commit=commit, tree=tree)


def _passed(effects: "Effects", gate: Gate, tree: str) -> bool:
    results = effects.engine.snapshot.gates.values()
    how = _how(gate)
    return any(one.how == how and one.tree == tree and one.ok for some in results for one in some)


def _how(gate: Gate) -> str:
    """Return what names a gate and all that decides its result, so that a changed gate is run again."""
    return sha256(gate.model_dump_json(exclude={"timeout", "when"}).encode()).hexdigest()[:16]


async def _gates(
    effects: "Effects",
    keys: Sequence[str],
    gates: Iterable[Gate],
    folder: Path,
    base: str,
    *,
    commit: str = "",
    tree: str = "",
) -> str:
    """Run gates, cheapest first, recording each for the last leg; return why the first one failed, or nothing."""
    leg = effects.engine.snapshot.legs[keys[-1]]
    commit, tree = commit or leg.commit, tree or leg.tree
    due = [gate for gate in gates if not _passed(effects, gate, tree)]
    for number, gate in enumerate(due, 1):
        if _passed(effects, gate, tree):
            continue  # another one of the same kind passed meanwhile
        # What a gate finds in a part of the tree is no proof for the tree, and a failure may be what is not there.
        part = gate.run is not None and await effects.pool.short(sparse.is_sparse, folder)
        told = f"gate {gate.name}{f' ({number} of {len(due)})' if len(due) > 1 else ''}"
        with effects.cancellable(*keys) as cancelled, step_of_legs(effects.engine, keys, told):
            fact, shown = await _gate(effects, keys, gate, folder, base, commit, tree, cancelled)
            if part and fact.ok:
                fact = replace(fact, how=f"{fact.how}-part")
            elif part and not cancelled.is_set():
                await effects.pool.git(outfit.make_whole, effects, folder)
                fact, shown = await _gate(effects, keys, gate, folder, base, commit, tree, cancelled)
        if any(effects.engine.snapshot.legs[key].ending for key in keys):
            return "stopped"  # a gate that was cut off says nothing about the work
        effects.engine.record(fact)
        if not fact.ok:
            return f"gate {gate.name} failed: {fact.reason}\n{shown}".strip()
    return ""


async def _gate(
    effects: "Effects",
    keys: Sequence[str],
    gate: Gate,
    folder: Path,
    base: str,
    commit: str,
    tree: str,
    cancelled: Event,
) -> tuple[f.GateFinished, str]:
    start = effects.engine.clock.now()
    leg = effects.engine.snapshot.legs[keys[-1]]
    if gate.run is None:
        task = IMPORTS if gate.builtin == IMPORTS else ""
        found, skipped = await effects.monitor.findings(keys, base, commit, task)
        bad = [one for one in found if gate.builtin != "syntax" or one.rule == SYNTAX_RULE]
        lines = [f"{one.path}:{one.line}: {one.rule}: {one.message}" for one in bad[:SHOWN_PLACES]]
        unseen = [one for one in skipped.items() if gate.builtin == STRICT and may_hide_code(*one)]
        lines += [f"{path}: not scanned: {why}" for path, why in unseen[:SHOWN_PLACES]]
        shown = "\n".join(lines)
        counts = [f"{len(bad)} {_BROKEN[gate.builtin or '']}"] if bad else []
        counts += [f"{len(unseen)} files that could not be scanned (see `quality.ignore`)"] if unseen else []
        reason = ", ".join(counts)
        seconds = effects.engine.clock.now() - start
        return f.GateFinished(leg.key, gate.name, not reason, tree, seconds, reason, how=_how(gate)), shown
    output = effects.project.state.gates(leg.run or leg.key) / f"{gate.name}-{tree[:8]}.log"
    env = effects.gate_environment(effects.workstream(leg.workstream), folder)
    output.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    result = await effects.pool.long(
        run_gate,
        gate.name,
        gate.run,
        worktree=folder,
        output=output,
        timeout_s=gate.timeout,
        env=env,
        cancelled=cancelled,
        mark=mark_of(leg.run or leg.key, gate.name),
    )
    fact = f.GateFinished(leg.key, gate.name, result.ok, tree, result.seconds, result.reason, str(output), _how(gate))
    return fact, result.tail[-SHOWN_OUTPUT:]
