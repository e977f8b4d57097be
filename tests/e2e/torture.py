"""Torture: plans of six streams whose processes are killed at random moments, and the proof that nothing was lost.

`python -m tests.e2e.torture --kills 500 [--seed N]` runs long; it prints one line an act and ends with code 1 at the
first proof that fails. It kills only what belongs to its own scene, by pid and start time.
"""

import argparse
import asyncio
import contextlib
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cockpit import processtree
from cockpit.agents import runs
from cockpit.engine.client import driver_pid
from cockpit.errors import CockpitError
from cockpit.git.proof import is_delivered
from cockpit.git.repo import Repo
from cockpit.processtree import ProcessId
from cockpit.schedule import facts as f
from cockpit.store.journal import Journal
from tests.e2e.operating import Operator
from tests.engine.scenes import Play, Scene, gone, own_place
from tests.git.repos import commit, run_git

STREAMS = "abcdef"
VICTIMS = ("driver", "git", "git", "agent", "supervisor")
ACT_KILLS = 10
CLASHING = 2  # streams that edit the same line
KILLING_S = 120.0
REST_S = 40.0

# What an agent does: each token is told only after it is in a file, so what is told must be found in the end.
AGENT = r"""
git_() { n=0; until git "$@"; do n=$((n + 1)); [ $n -lt 40 ] || exit 9; sleep 0.05; done; }
put() {
    t="tok$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')"
    echo "$t $COCKPIT_RUN" >> "$1"
    echo "$t $1" >> "$STAGE/told"
}
me=$COCKPIT_WORKSTREAM
mend() {
    sed -i '/^[<=>|][<=>|][<=>|][<=>|]/d' clash
    git_ add --all
    git_ commit -qm "Mended by $COCKPIT_RUN" --allow-empty
    git rev-parse HEAD >> "$STAGE/commits"
}
if grep -q "^$me\$" "$STAGE/clashing"; then
    if grep -q conflict "$STAGE/$COCKPIT_RUN.prompt"; then
        mend  # what a killed run left
        git merge -q main || mend
    fi
    grep -q "by $me" clash || sed -i "5s/\$/ by $me/" clash
fi
mkdir -p "$me.d"
put "$me.d/committed"
git_ add "$me.d/committed" clash
git_ commit -qm "By $COCKPIT_RUN" --allow-empty
git rev-parse HEAD >> "$STAGE/commits"
sleep 0.0$(($$ % 9))
put "$me.d/edited"
put "$me.d/$COCKPIT_RUN.fresh"
put "$me.d/staged"
git add "$me.d/staged"
exit 0
"""


class LostError(AssertionError):
    """A proof that failed: something was lost, done twice or left behind."""


@dataclass
class Act:
    """One plan on a scene of its own, and how often something of it was killed."""

    scene: Scene
    chance: random.Random
    kills: int
    done: dict[str, int] = field(default_factory=dict)
    strategies: dict[str, str] = field(default_factory=dict)
    clashing: tuple[str, ...] = ()
    orders: dict[str, int] = field(default_factory=dict)

    def plan(self) -> None:
        """Write a plan of six streams, with dependencies among their issues and a strategy for each."""
        self.clashing = tuple(self.chance.sample(STREAMS, CLASHING))
        (self.scene.stage / "clashing").write_text("".join(f"{key}\n" for key in self.clashing))
        commit(self.scene.repo, "What they clash in", {"clash": "".join(f"line {n}\n" for n in range(1, 10))})
        streams: dict[str, dict[str, Any]] = {}
        for number, key in enumerate(STREAMS):
            before = STREAMS[number - 1] if number else ""
            second: dict[str, Any] = {"id": f"{key.upper()}-2", "depends_on": [f"{key.upper()}-1"]}
            waits = before and self.chance.random() < 0.6
            if waits:
                second["depends_on"].append(f"{before.upper()}-1")
            issues = [{"id": f"{key.upper()}-1"}, *([second] if waits else [])]
            strategy = self.strategies[key] = self.chance.choice(("merge", "squash", "rebase"))
            streams[key] = {"does": AGENT, "issues": issues, "merge": {"strategy": strategy}}
        self.scene.plan(
            streams,
            gates=[
                {"name": "own", "run": "sleep 0.02"},
                {"name": "whole", "when": "merge", "run": "test -e README.md"},
            ],
            merge={"on_conflict": self.chance.choice(("ask", "ask", "rerun"))},
            cleanup=self.chance.choice(("merged", "never")),
            limits={"agents": 3, "retries": 100},
        )

    async def run(self) -> None:
        """Kill until the act's kills are done or all is merged, then let it come to its end."""
        async with self.scene.client() as play:
            await play.start()
            operator = Operator(play, self.chance)
            working = asyncio.create_task(operator.work())
            deadline = time.monotonic() + KILLING_S
            while sum(self.done.values()) < self.kills and play.snapshot.state() != "finished":
                _require(time.monotonic() < deadline, f"nothing is left to kill, nothing goes on: {play.told()}")
                await asyncio.sleep(self.chance.random() * 0.25)  # the moment is meant to be any
                await self._kill()
            await play.until(lambda now: working.done() or _is_over(now, operator), seconds=REST_S)
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working
            self.orders = operator.given
            await play.until(_cleaned_up, seconds=REST_S)
            await play.until(lambda now: now.view.connected, seconds=REST_S)
            await play.order("stop-driver")
            assert not play.snapshot.skipped

    async def _kill(self) -> None:
        kind = self.chance.choice(VICTIMS)
        victim = await asyncio.to_thread(self._find, kind)
        if victim is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim.pid, signal.SIGKILL)
            self.done[kind] = self.done.get(kind, 0) + 1
        gone(victim)
        if kind == "driver":
            return
        if self.chance.random() < 0.3 and (driver := self.scene.driver()):
            await asyncio.sleep(self.chance.random() * 0.05)
            with contextlib.suppress(ProcessLookupError):
                os.kill(driver.pid, signal.SIGKILL)
            gone(driver)

    def _find(self, kind: str) -> ProcessId | None:
        """Return a process of ours; for git, look again and again for a while: its commands are short."""
        deadline = time.monotonic() + 0.5
        while time.monotonic() < deadline:
            found = {"driver": self._driver, "git": self._git, "agent": self._agents, "supervisor": self._supervisors}
            if victims := found[kind]():
                return self.chance.choice(victims)
            time.sleep(0.002)
        return None

    def _driver(self) -> list[ProcessId]:
        pid = driver_pid(self.scene.state)
        found = processtree.identity(pid) if pid and pid != os.getpid() else None
        return [found] if found else []

    def _git(self) -> list[ProcessId]:
        roots = [*self._driver(), *(one for one in self._supervisors() if self.chance.random() < 0.3)]
        below = {pid for root in roots for pid in _below(root.pid)}
        found = [processtree.identity(pid) for pid in sorted(below)]
        return [one for one in found if one is not None and _name(one).startswith("git")]

    def _agents(self) -> list[ProcessId]:
        return [one for one in self.scene.ours() if _name(one) == "sh"]

    def _supervisors(self) -> list[ProcessId]:
        folder = self.scene.state.path / "runs"
        found: list[ProcessId | None] = []
        for one in folder.iterdir() if folder.is_dir() else ():
            with contextlib.suppress(CockpitError):  # it is only just being made
                found.append(runs.look(one).supervisor)
        return [one for one in found if one is not None and processtree.alive(one)]

    # --- the proof --------------------------------------------------------------------------------------------

    def prove(self) -> None:
        """Raise LostError for the first promise that does not hold."""
        scene = self.scene
        scene.check()
        facts = [one.fact for one in Journal(scene.state.journal, read_only=True).read()]
        tips = scene.git("for-each-ref", "--format=%(objectname)", "refs/heads", "refs/cockpit/rescue").split()
        # What was squashed or rebased may go with its branch, once all its work is proven to be in what was merged.
        reachable = set(scene.git("rev-list", *tips, *self._delivered(facts)).split())
        made = set((scene.stage / "commits").read_text().split())
        made |= {
            one.commit for one in facts if isinstance(one, (f.WorkCommitted, f.LegRebased, f.LegMerged)) and one.commit
        }
        for reflog in sorted((scene.repo / ".git" / "logs").rglob("*")):
            if reflog.is_file():
                made |= {line.split()[1] for line in reflog.read_text().splitlines()}
        lost = sorted(made - reachable)
        _require(not lost, f"commits that nothing holds: {[scene.git('log', '-1', '--oneline', one) for one in lost]}")
        self._prove_tokens(tips)
        clash = scene.base_file("clash")
        missing = [key for key in self.clashing if f"by {key}" not in clash]
        _require(not missing, f"edits of lines that others edited too are not on base: {missing}\n{clash}")
        _require("<<<<" not in clash, f"markers are on base:\n{clash}")
        merged = [one.leg for one in facts if isinstance(one, f.LegMerged)]
        reverted = [one.leg for one in facts if isinstance(one, f.LegReverted)]
        often = {leg: merged.count(leg) for leg in merged if merged.count(leg) != reverted.count(leg) + 1}
        _require(not often, f"not merged once more than rolled back, by the journal: {often}")
        # What is rebased brings each of its commits, one for each run whose work cockpit committed.
        rebased = {key for key in STREAMS if self.strategies[key] == "rebase"}
        rebased |= {leg[0] for leg in reverted}
        twice = [leg for leg in merged if leg[0] not in rebased and scene.merges_of(leg) > 1]
        subjects = scene.git("log", "--first-parent", "--format=%s", "main").splitlines()
        again = {one for one in subjects if one.startswith("By ") and subjects.count(one) > 1 and not reverted}
        _require(not again, f"commits that are on base twice: {again}")
        log = scene.git("log", "--graph", "--format=%h %p %an: %s", "main")
        _require(not twice, f"merged twice, on base: {twice} {self.strategies}\n{log}")
        self._prove_forward()
        listed = scene.git("worktree", "list", "--porcelain")
        known = {str(scene.repo), *(str(scene.worktree(key)) for key in STREAMS), str(scene.state.integration)}
        stray = [line[9:] for line in listed.splitlines() if line.startswith("worktree ") and line[9:] not in known]
        _require(not stray and "prunable" not in listed, f"stray worktrees: {stray}")
        there = [one for one in (scene.top / "repo.worktrees").glob("*") if str(one) not in listed.split()]
        _require(not there, f"folders that are no worktrees: {there}")
        scene.git("fsck", "--full", "--strict", "--no-dangling")

    def _delivered(self, facts: list[f.Fact]) -> list[str]:
        """Return the commits of squashed and rebased legs whose work the commits that were merged hold."""
        repo = Repo.open(self.scene.repo)
        merged = {one.leg: one.commit for one in facts if isinstance(one, f.LegMerged)}
        kinds = (f.WorkCommitted, f.LegRebased)
        works = {one.leg: one.commit for one in facts if isinstance(one, kinds) and one.leg in merged}
        gone = [(leg, work) for leg, work in works.items() if self.strategies[leg[0]] != "merge" and repo.resolve(work)]
        return [work for leg, work in gone if is_delivered(repo, "main", merged[leg], work)]

    def _prove_tokens(self, tips: list[str]) -> None:
        """Each line that an agent told of is on base, where it was written; all of it was committed or kept."""
        told = dict(line.split() for line in (self.scene.stage / "told").read_text().splitlines() if " " in line)
        for path in set(told.values()):
            on_base = self.scene.base_file(path)
            missing = [token for token, where in told.items() if where == path and token not in on_base]
            if missing:
                kept = "".join(run_git(self.scene.repo, "show", f"{tip}:{path}", check=False) for tip in tips)
                lost = [token for token in missing if token not in kept]
                _require(not lost, f"lines of {path} that nothing holds: {lost}")
        doubled = re.findall(r"tok[0-9a-f]{12}", "".join(self.scene.base_file(path) for path in set(told.values())))
        _require(len(doubled) == len(set(doubled)), "a line is on base twice")

    def _prove_forward(self) -> None:
        log = (self.scene.repo / ".git" / "logs" / "refs" / "heads" / "main").read_text().splitlines()
        ids = [line.split()[1] for line in log]
        for old, new in pairwise(ids):
            _require(not _fails(self.scene, "merge-base", "--is-ancestor", old, new), f"base moved back: {old} → {new}")


def _is_over(play: Play, operator: Operator) -> bool:
    return all(map(play.snapshot.is_merged, play.snapshot.workstreams)) and operator.is_done


def _cleaned_up(play: Play) -> bool:
    snapshot = play.snapshot
    return not snapshot.outline.clean_merged or not any(one.worktree for one in snapshot.workstreams.values())


def _below(pid: int) -> set[int]:
    """Return the processes below one; many times cheaper than to look at all that the machine runs."""
    found: set[int] = set()
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (thread / "children").read_text().split()):
                found |= {child, *_below(child)}
    return found


def _name(process: ProcessId) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process.pid}/comm").read_text().strip()
    return ""


def _fails(scene: Scene, *args: str) -> bool:
    try:
        scene.git(*args)
    except AssertionError:
        return True
    return False


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise LostError(otherwise)


async def act(scene: Scene, seed: int, kills: int) -> Act:
    """Run one plan to its end while killing, and prove that nothing was lost."""
    one = Act(scene, random.Random(seed), kills)
    one.plan()
    await one.run()
    one.prove()
    return one


def main() -> int:
    """Run acts until so many kills were done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    seed, done, began = given.seed, 0, time.monotonic()
    while done < given.kills:
        top = Path(tempfile.mkdtemp(prefix="cockpit-torture-"))
        patch = pytest.MonkeyPatch()
        started = time.monotonic()
        try:
            for scene in own_place(top, patch):
                one = asyncio.run(act(scene, seed, min(ACT_KILLS, given.kills - done)))
        except BaseException:
            print(f"seed {seed} failed after {done} kills; its scene: {top}", flush=True)
            raise
        finally:
            patch.undo()
        shutil.rmtree(top)
        done += sum(one.done.values())
        took = time.monotonic() - started
        print(f"seed {seed}: {one.done}, {one.orders}, {done} kills so far, {took:.1f} s", flush=True)
        seed += 1
    print(f"{done} kills in {time.monotonic() - began:.0f} s: nothing was lost")
    return 0


if __name__ == "__main__":
    sys.exit(main())
