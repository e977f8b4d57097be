"""Judges what runs write while they write it, and at their end; quarantines what does harm. It releases nothing."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cockpit.engine.findings import Finding, Findings
from cockpit.engine.scanner import ScanError, Scanner
from cockpit.schedule import facts as f
from cockpit.schedule.readings import FindingReading
from cockpit.schedule.snapshot import OPEN, RELEASED, Leg
from cockpit.schedule.states import State

if TYPE_CHECKING:
    from cockpit.engine.effects import Effects

QUARANTINE = "quarantine"
FAILED = "scan:"  # begins the note that says why a workstream could not be scanned
_ENDING = (f.LegReleased, f.LegStopped, f.ChecksStarted)
LOOKING = "the runs that went on without a driver are looked at first"
SLOW_SWEEP_S = 30.0
SWEEP_TURN = 10
MISSING_KEPT = 40
UNSCANNED_KEPT = 200
SCANNED = (State.RUNNING, State.PAUSED, State.CHECKING, State.MERGING)  # whose files are looked at more than once


class Monitor:
    """Scans the worktrees of one driver's runs: those that were touched, and slowly all, since events can be lost."""

    def __init__(self, effects: "Effects") -> None:
        self._effects = effects
        self._engine = effects.engine
        self._scanner = Scanner()
        self._touched: dict[str, None] = {}  # in the order in which they came, as the next one
        self._swept: dict[str, None] = {}
        self._turns = 0
        self._adopted: set[str] = set()  # whose runs an earlier driver left, and nobody has looked at yet
        self._work = asyncio.Event()
        self._since: dict[str, dict[str, float]] = {}  # leg → id of a violation → when it was first seen
        self._getting_ready: asyncio.Task[None] | None = None
        self._due: dict[str, float] = {}  # leg → when a violation of it will have persisted

    def touch(self, *workstreams: str) -> None:
        """Scan the worktrees of workstreams soon: something changed in them."""
        self._touched.update(dict.fromkeys(workstreams))
        self._work.set()

    def sweep(self, *workstreams: str) -> None:
        """Scan the worktrees of workstreams when those that were touched are scanned: something may have changed."""
        self._swept.update(dict.fromkeys(workstreams))
        self._work.set()

    async def run(self) -> None:
        """Scan what is touched, until cancelled."""
        self.touch(*(leg.workstream for leg in self._running()))
        end = self._engine.watch_facts(self._heard)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_sweeping())
                group.create_task(self._keep_scanning())
        finally:
            end()

    def _heard(self, recorded: tuple[f.Recorded, ...], _: Mapping[str, Any]) -> None:
        """Take back what was said of a quarantine once that is over; get ready to scan when an agent starts."""
        if any(isinstance(one.fact, f.RunStarted) for one in recorded) and self._getting_ready is None:
            self._getting_ready = asyncio.create_task(self._scanner.get_ready())
        snapshot, notes = self._engine.snapshot, self._engine.readings.notes
        over = {snapshot.legs[one.fact.leg].workstream for one in recorded if isinstance(one.fact, _ENDING)}
        if gone := [note for note in map(f"{QUARANTINE}:{{}}".format, over) if note in notes]:
            self._engine.read(notes=dict.fromkeys(gone))

    def look_first(self) -> None:
        """Let nothing new be launched before the runs of an earlier driver were looked at: nobody has, meanwhile."""
        self._adopted = {leg.workstream for leg in self._running()}
        if self._adopted:
            self._engine.read(hold=LOOKING)

    def _looked_at(self, workstream: str) -> None:
        self._adopted.discard(workstream)
        if not self._adopted and self._engine.readings.hold == LOOKING:
            self._engine.read(hold="")
            self._engine.wake()

    async def close(self) -> None:
        """End the scanning process."""
        if self._getting_ready is not None:
            await asyncio.wait([self._getting_ready])
        await self._scanner.close()

    def _running(self) -> list[Leg]:
        """Return the legs whose worktrees are being written in: by agents, or by a human who took one over."""
        snapshot = self._engine.snapshot
        active = map(snapshot.legs.__getitem__, snapshot.active)
        return [leg for leg in active if leg.state is State.RUNNING or leg.taken_over]

    async def _keep_sweeping(self) -> None:
        while True:
            await asyncio.sleep(SLOW_SWEEP_S)
            self.sweep(*(leg.workstream for leg in self._running()))

    async def _keep_scanning(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._pause()):
                    await self._work.wait()
            except TimeoutError:
                now = self._engine.clock.now()
                legs = self._engine.snapshot.legs
                self._touched.update({legs[key].workstream: None for key, at in self._due.items() if at <= now})
            self._work.clear()
            self._forget()
            while (workstream := self._next()) is not None:
                leg = next((one for one in self._running() if one.workstream == workstream), None)
                try:
                    if leg is not None:
                        await self._look(leg)
                finally:
                    self._looked_at(workstream)
                self._forget()

    def _next(self) -> str | None:
        """Return whose worktree is next: who was touched longest ago, and now and then one that is only swept."""
        self._turns += 1
        swept_first = self._turns % SWEEP_TURN == 0
        for queue in (self._swept, self._touched) if swept_first else (self._touched, self._swept):
            if queue:
                first = next(iter(queue))
                del queue[first]
                return first
        return None

    def _pause(self) -> float | None:
        return max(0.0, min(self._due.values()) - self._engine.clock.now()) if self._due else None

    def _forget(self) -> None:
        running = {leg.key: leg for leg in self._running()}
        for key in self._since.keys() - running.keys():
            del self._since[key]
        for key in self._due.keys() - running.keys():
            del self._due[key]
        told, at_work = self._engine.readings, {leg.workstream for leg in running.values()}
        gone = told.findings.keys() - at_work
        failed = [note for note in told.notes if note.startswith(FAILED) and note.removeprefix(FAILED) not in at_work]
        if gone or failed:
            self._engine.read(findings=dict.fromkeys(gone), notes=dict.fromkeys(failed))

    async def _look(self, leg: Leg) -> None:
        """Scan the worktree of a leg that runs; what has persisted for `settle` counts."""
        try:
            found = await self._scan(leg, commit="")
        except ScanError as error:
            self._engine.read(notes={f"{FAILED}{leg.workstream}": str(error)})
            return
        self._engine.read(notes={f"{FAILED}{leg.workstream}": None})
        now, settle = self._engine.clock.now(), self._effects.project.loaded.plan.quality.settle
        leg = self._engine.snapshot.legs[leg.key]
        if leg.ending or not (leg.taken_over or leg.state is State.RUNNING):
            return
        facts = self._facts(leg, found)
        known = self._since.get(leg.key, {})
        since = {fact.id: known.get(fact.id, now) for fact in facts}
        self._since[leg.key] = since
        settled = [fact for fact in facts if since[fact.id] + settle <= now]
        self._tell(leg, facts, since)
        if leg.taken_over:  # a human sees it, and is not stopped; it is judged once it is handed back
            self._due.pop(leg.key, None)
            return
        self._engine.record(*self._new(settled), *self._fixed(leg, facts))
        bad = self._quarantining(settled)
        pending = [since[fact.id] + settle for fact in facts if since[fact.id] + settle > now]
        if pending:
            self._due[leg.key] = min(pending)
        else:
            self._due.pop(leg.key, None)
        if bad:
            self._engine.record(f.EndAsked(leg.key, QUARANTINE))

    def _tell(self, leg: Leg, facts: Iterable[f.ViolationFound], since: dict[str, float]) -> None:
        quality = self._effects.project.loaded.plan.quality
        seen = tuple(
            FindingReading(
                one.id,
                one.rule,
                one.severity,
                one.path,
                one.line,
                since[one.id],
                since[one.id] + quality.settle if one.rule in quality.quarantine and not leg.taken_over else 0.0,
            )
            for one in facts
            if not self._is_released(one)
        )
        self._engine.read(findings={leg.workstream: seen or None})

    async def judge_commit(self, leg: Leg, commit: str) -> tuple[str, ...]:
        """Scan what a leg committed, record what is found, and return the ids of what quarantines it.

        Raises ScanError: work that nobody could look at does not go on.
        """
        found = await self._scan(leg, commit=commit)
        self._forget()  # from here on what was seen while it wrote is for the facts to tell
        facts = self._facts(leg, found)
        scanned = f.WorkScanned(
            leg.key,
            leg.run or "",
            commit,
            sum(1 for one in facts if not self._is_released(one)),
            tuple(f"{path}:{line}: {rule}: {why or 'no reason is given'}" for rule, path, line, why in found.allowed),
            _unscanned(found),
        )
        self._engine.record(*self._new(facts), *self._fixed(leg, facts), scanned)
        return tuple(fact.id for fact in self._quarantining(facts))

    async def findings(
        self, keys: Sequence[str], base: str, commit: str, task: str = ""
    ) -> tuple[list[f.ViolationFound], dict[str, str]]:
        """Return what stands in a commit against another, for gates, and why some files of it were not scanned.

        What a human has waived is not among it.

        The last of the legs asks; where the commit merges several, or something else than its own, each one's scope
        was judged on its own commit, and a waiver for any of them counts. `task` is what to look for (empty: all that
        the rules find). Raises ScanError.
        """
        legs = [self._engine.snapshot.legs[key] for key in keys]
        request = {**self._request(legs[-1], commit), "checkout": str(self._effects.repo.root), "base": base}
        worktrees = [self._engine.snapshot.workstreams[leg.workstream].worktree for leg in legs]
        if commit != legs[-1].commit:
            request["scope"] = None
        found = await self._scanner.scan({**request, "task": task, "worktrees": worktrees})
        released = {one for leg in legs for one in self._facts(leg, found) if self._is_released(one)}
        waived = {(one.rule, one.path, one.excerpt, one.line) for one in released}
        stand = self._facts(legs[-1], found)
        return [one for one in stand if (one.rule, one.path, one.excerpt, one.line) not in waived], found.skipped

    def held_for(self, leg: Leg) -> tuple[str, ...]:
        """Return the ids of the open violations for which a leg that was just ended is quarantined."""
        wanted = self._effects.project.loaded.plan.quality.quarantine
        return tuple(one.id for one in self._engine.snapshot.open_violations(leg.key) if one.rule in wanted)

    async def _scan(self, leg: Leg, commit: str) -> Findings:
        return await self._scanner.scan(self._request(leg, commit))

    def _request(self, leg: Leg, commit: str) -> dict[str, Any]:
        project = self._effects.project
        plan, workstream = project.loaded.plan, self._effects.workstream(leg.workstream)
        root, path = project.repo.root, project.loaded.path
        return {
            "key": leg.key,
            "live": [leg.key, *(one.key for one in self._engine.snapshot.legs_in(*SCANNED))],
            "checkout": self._engine.snapshot.workstreams[leg.workstream].worktree,
            "base": leg.base,
            "commit": commit,
            "exclude": list(project.setup_files),
            "ignore": plan.quality.ignore,
            "forbid": [[one.name, one.pattern, one.severity, one.paths] for one in plan.quality.forbid],
            "scope": {
                "files": list(workstream.files),
                "shared": list(plan.shared_files),
                "plan": str(path.relative_to(root)) if path.is_relative_to(root) else "",
            },
        }

    def _facts(self, leg: Leg, found: Findings) -> list[f.ViolationFound]:
        run = self._engine.snapshot.runs.get(leg.run or "")
        slot = "" if run is None or leg.by_hand else run.slot
        return [_fact(leg, one, slot) for one in found.violations]

    def _new(self, facts: Iterable[f.ViolationFound]) -> list[f.ViolationFound]:
        known = self._engine.snapshot.violations
        return [one for one in facts if one.id not in known or known[one.id].state not in (OPEN, RELEASED)]

    def _fixed(self, leg: Leg, facts: Iterable[f.ViolationFound]) -> list[f.ViolationFixed]:
        there = {one.id for one in facts}
        still = self._engine.snapshot.open_violations(leg.key)
        return [f.ViolationFixed(leg.key, one.id) for one in still if one.id not in there]

    def _quarantining(self, facts: Iterable[f.ViolationFound]) -> list[f.ViolationFound]:
        wanted = self._effects.project.loaded.plan.quality.quarantine
        return [one for one in facts if one.rule in wanted and not self._is_released(one)]

    def _is_released(self, fact: f.ViolationFound) -> bool:
        known = self._engine.snapshot.violations.get(fact.id)
        return known is not None and known.state == RELEASED


def _unscanned(found: Findings) -> tuple[str, ...]:
    told = [f"{path}: {why}" for path, why in sorted(found.skipped.items())]
    more = len(told) - UNSCANNED_KEPT
    return (*told[:UNSCANNED_KEPT], *([f"and {more} files more"] if more > 0 else []))


def _fact(leg: Leg, one: Finding, slot: str) -> f.ViolationFound:
    key = sha256(f"{leg.key}\0{one.fingerprint}".encode()).hexdigest()[:10]
    return f.ViolationFound(
        leg.key,
        key,
        one.rule,
        one.severity,
        one.path,
        one.line,
        one.excerpt,
        one.message,
        one.missing[:MISSING_KEPT],
        slot,
        leg.run or "",
    )
