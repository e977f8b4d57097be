"""The life of a run: its worktree made ready, its agent started, followed to its end and judged; it merges nothing."""

import asyncio
import contextlib
import os
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from msgspec.structs import replace

from cockpit.agents import environment, presets, runs, toolset
from cockpit.agents.streams.limits import Limit, wakes_at
from cockpit.engine import checks, following, preparing, prompting
from cockpit.engine.duplex import Earlier
from cockpit.engine.folders import newest_change
from cockpit.engine.handed import Handed
from cockpit.engine.monitor import QUARANTINE
from cockpit.engine.outfit import Outfit, make_ready
from cockpit.engine.startover import start_over
from cockpit.engine.told import heard, notes
from cockpit.engine.verdicts import limit_of, outcome_of
from cockpit.errors import CockpitError
from cockpit.git.status import changed_files
from cockpit.plan.model import AgentProfile, Workstream
from cockpit.plan.roundzero import PREPARE
from cockpit.schedule import facts as f
from cockpit.schedule.decide import able
from cockpit.schedule.snapshot import Leg
from cockpit.schedule.talk import Message

if TYPE_CHECKING:
    from cockpit.engine.effects import Effects

LOOK_EVERY_S = 0.5
STILL_S = 0.3
PAUSE_S = 10.0
"""How long a run that is to be paused may go on with the tool call that it is in."""
UNNAMED_SLEEP_S = 60.0
"""How long a profile sleeps after a limit that named no time."""


class Running:
    """Starts and follows the runs of one plan's driver."""

    def __init__(self, effects: "Effects") -> None:
        self._effects = effects
        self._engine = effects.engine
        self._pool = effects.pool
        self._started_here: set[str] = set()
        self._ports: dict[str, int] = {}
        self._ports_lock = Lock()

    async def prepare(self, key: str, run: str) -> None:
        """Make the worktree ready, then start the run; a run that was started before a crash is found and kept."""
        folder = self._effects.project.state.run(run)
        if (folder / "spec").exists():
            look = await self._pool.long(self._found, folder)
            if look is not None:
                await self._told(key, run, folder)
                self._started(key, run, look)
                return
        leg = self._engine.snapshot.legs[key]
        workstream = self._effects.workstream(leg.workstream)
        try:
            if leg.start_over or (key == PREPARE and leg.attempt > 1):  # its commands begin from a clean start
                await start_over(self._effects, leg)
                leg = self._engine.snapshot.legs[key]
            outfit = await make_ready(self._effects, leg, workstream, run)
            if self._effects.ended_on_request(key, run):
                return
            await self._engine.durable()  # a run that a later driver finds must find its worktree known
            mail = self._engine.snapshot.unread(leg.workstream) if key != PREPARE else ()
            leg = self._engine.snapshot.legs[key]
            spec = await self._pool.short(self._spec, leg, workstream, run, outfit, mail)
            await self._pool.short(runs.start, spec)
        except CockpitError as error:
            self._effects.fail(key, run, "failed", str(error))
            return
        await self._told(key, run, folder)
        look = await self._pool.short(runs.look, folder)
        self._started(key, run, look)

    @staticmethod
    def _found(folder: Path) -> runs.RunLook | None:
        """Look at a run that an earlier driver began to start; None where it must be started anew."""
        look = runs.look(folder)
        if not (look.started_at or look.supervisor_alive or look.exit):
            runs.stop(folder, "its start was cut off")  # its supervisor may have been killed after it started the agent
            look = runs.look(folder)
        if look.started_at or look.supervisor_alive or look.exit:
            return look
        (folder / "spec").unlink()
        return None

    async def _told(self, key: str, run: str, folder: Path) -> None:
        handed = await self._pool.short(Handed.kept, folder)
        self._engine.record(*handed.facts(self._engine.snapshot, key, run))

    def _started(self, key: str, run: str, look: runs.RunLook) -> None:
        process = look.agent or look.supervisor
        self._started_here.add(run)
        self._engine.record(
            f.RunStarted(key, run, process.pid if process else 0, str(self._effects.project.state.run(run)))
        )

    def _spec(
        self, leg: Leg, workstream: Workstream, run: str, outfit: Outfit, mail: tuple[Message, ...]
    ) -> runs.RunSpec:
        if leg.key == PREPARE:
            return preparing.spec(self._effects, run, self.port(run))
        plan, folder = self._effects.project.loaded.plan, self._effects.project.state.run(run)
        name = (leg.slot or "").rpartition("#")[0]
        profile = plan.agents.get(name)
        if profile is None:  # the plan changed while its worktree was made ready
            raise CockpitError(f"the plan has no agent {name} any more")
        worktree = Path(self._engine.snapshot.workstreams[leg.workstream].worktree)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        present = changed_files(worktree, leg.base, self._effects.project.setup_files) if leg.attempt > 1 else ()
        paths = [change.path for change in present]
        session, tools = self._session(leg, profile), toolset.gives(profile)
        told = [*notes(self._effects, leg, outfit), *heard(mail)]
        if session:
            text = prompting.text_again(leg, present=paths, notes=told)
            if presets.loads(profile):  # whether it can go on with that, only the agent itself knows
                anew = prompting.text(plan, workstream, leg, present=paths, notes=told, tools=tools)
                Earlier.keep(folder, session, anew)
        else:
            text = prompting.text(plan, workstream, leg, present=paths, notes=told, tools=tools)
        prompt = folder / "prompt.md"
        prompt.write_text(text, encoding="utf-8", errors="replace")  # paths may hold bytes that are no UTF-8
        Handed(leg.addition, tuple(one.id for one in mail)).keep(folder)
        following.keep_format(profile, folder)
        env = environment.environment(
            run_id=run,
            plan=self._effects.project.loaded.name,
            workstream=leg.workstream,
            worktree=worktree,
            state=self._effects.project.state.path,
            prompt_file=prompt,
            port=self.port(run),
            pass_env=presets.pass_env(profile),
            profile_env=presets.env(profile, folder),
            workstream_env=workstream.env,
        )
        env = environment.with_own_command(toolset.environment(profile, env), self._effects.project.state.path / "bin")
        launch = presets.command(profile, prompt, text, session, tools=True)
        return runs.RunSpec(
            run_id=run,
            folder=folder,
            command=launch.command,
            cwd=worktree,
            env=env,
            stdin=launch.stdin,
            timeout_s=plan.limits.run_timeout,
        )

    def _session(self, leg: Leg, profile: AgentProfile) -> str:
        """Return the session that a leg's run goes on with, where the same program does it."""
        before = self._engine.snapshot.runs.get(leg.continues)
        now = self._engine.snapshot.runs.get(leg.run or "")
        same = before is not None and now is not None and before.profile == now.profile
        return before.session if before is not None and same and presets.adapter(profile).resumes else ""

    def port(self, run: str) -> int:
        """Return the first port of a block that no other run of this driver has now."""
        with self._ports_lock:
            active = {leg.run for leg in map(self._engine.snapshot.legs.__getitem__, self._engine.snapshot.active)}
            self._ports = {one: port for one, port in self._ports.items() if one in active}
            self._ports[run] = environment.port_block(run, self._ports.values())
            return self._ports[run]

    async def watch(self, key: str, run: str) -> None:
        """Follow a run to its end, and judge it."""
        folder = self._effects.project.state.run(run)
        if run not in self._started_here:
            self._started_here.add(run)
            look = await self._pool.short(runs.look, folder)
            process = look.agent or look.supervisor
            if not look.over and process:
                self._engine.record(f.RunAdopted(key, run, process.pid))
        await self._gone(folder)
        ended = await self._pool.ending(self._judged, folder)
        told = await self._pool.ending(following.told, folder)
        if self._engine.snapshot.legs[key].ending == QUARANTINE:
            await self._require_still(key)
        unsure = ended.reason == "unknown" and key != PREPARE and told.verdict.ok
        changed = unsure and await self._pool.git(self._left_changes, key)
        self._judge(key, run, ended, told, changed=changed)

    async def let_finish(self, key: str, run: str) -> None:
        """Let the tool call end that a run to be paused is in, where its output shows one; for a while, not longer."""
        following_ = None
        deadline = self._engine.clock.now() + PAUSE_S
        while self._engine.snapshot.legs[key].ending == "pause" and self._engine.clock.now() < deadline:
            following_ = following_ or following.Following(self._effects.project.state.run(run))
            parser = await self._pool.ending(following_.read)
            look = await self._pool.ending(runs.look, self._effects.project.state.run(run))
            if look.over or not parser.in_tool or self._asks(run):
                return
            await asyncio.sleep(LOOK_EVERY_S)

    def _asks(self, run: str) -> bool:
        """Tell whether a run waits for the operator: then its tool call does not end by itself."""
        return any(one.run == run for one in self._engine.snapshot.open_questions())

    async def _require_still(self, key: str) -> None:
        """Say so where something goes on writing after a quarantined run's whole process tree has gone."""
        workstream = self._engine.snapshot.legs[key].workstream
        worktree = self._engine.snapshot.workstreams[workstream].worktree
        before = await self._pool.idle(newest_change, worktree)
        await asyncio.sleep(STILL_S)
        after = await self._pool.idle(newest_change, worktree)
        what = "something that is not of its run still writes in this worktree" if after > before else None
        self._engine.read(notes={f"quarantine:{workstream}": what})

    async def _gone(self, folder: Path) -> None:
        """Wait until the run's supervisor is gone."""
        fd = await self._pool.short(runs.watch_fd, folder)
        if fd is None:
            while not (await self._pool.short(runs.look, folder)).over:  # noqa: ASYNC110  # no event tells it here
                await asyncio.sleep(LOOK_EVERY_S)
            return
        loop = asyncio.get_running_loop()
        gone: asyncio.Future[None] = loop.create_future()
        loop.add_reader(fd, _resolve, gone)
        try:
            await gone
        finally:
            loop.remove_reader(fd)
            os.close(fd)

    @staticmethod
    def _judged(folder: Path) -> runs.RunExit:
        """Return how a run ended; what a killed supervisor left running is ended first."""
        look = runs.look(folder)
        return look.exit or runs.stop(folder, "its supervisor is gone")

    def _left_changes(self, key: str) -> bool:
        """Tell whether git shows work of a run that nobody saw end; its output can say nothing about its end."""
        leg = self._engine.snapshot.legs[key]
        worktree = Path(self._engine.snapshot.workstreams[leg.workstream].worktree)
        return bool(changed_files(worktree, leg.base, self._effects.project.setup_files))

    def _judge(self, key: str, run: str, ended: runs.RunExit, told: following.Told, *, changed: bool = False) -> None:
        leg = self._engine.snapshot.legs[key]
        who = "the commands of `prepare`" if key == PREPARE else "the agent"
        outcome, reason = outcome_of(ended, told.verdict, who)
        profile = self._profile(run)
        resumes = profile is not None and presets.adapter(profile).resumes
        session = told.session or self._session(leg, profile) if profile is not None and resumes else ""
        fact = f.RunEnded(key, run, outcome, ended.code, reason, session)
        self._engine.read(runs={run: None})
        if used := following.usage(self._engine.snapshot, key, run, told.parser, profile):
            self._engine.record(used)
        if leg.ending == QUARANTINE and (held := self._effects.monitor.held_for(leg)):
            checks.quarantine(self._effects, key, held, replace(fact, reason="it was quarantined"))
            return
        if (outcome == "done" or changed) and leg.ending != "pause":
            self._engine.record(fact, f.LegStopped(key) if leg.ending else f.ChecksStarted(key))
        elif leg.ending:
            self._engine.record(fact, f.LegPaused(key) if leg.ending == "pause" else f.LegStopped(key))
        elif (limit := limit_of(ended, outcome, told.parser)) is not None:
            self._engine.record(fact, *self._slept(key, run, limit, reason))
        else:
            self._engine.record(fact, self._engine.after_failure(key, self._explained(run, ended, told, reason)))

    def _slept(self, key: str, run: str, limit: Limit, reason: str) -> tuple[f.Fact, f.Fact]:
        """Return what follows from a limit: its profile sleeps, and the leg is run again, by another where one may."""
        now = self._engine.clock.now()
        wake = wakes_at(limit, now)
        slot = self._engine.snapshot.runs[run].slot
        slept = f.ProfileSlept(key, run, slot.rpartition("#")[0], wake or now + UNNAMED_SLEEP_S, reason)
        asleep = {one: sleep.until for one, sleep in self._engine.snapshot.sleepers(now).items()}
        asleep[slept.profile] = max(slept.until, asleep.get(slept.profile, now))
        leg = self._engine.snapshot.legs[key]
        may = able(self._engine.snapshot, leg)
        awake = min((asleep.get(one, now) for one in may), default=asleep[slept.profile])
        # A limit that names its end, or that another may do the work under, is nobody's failure; but two that come to
        # such limits in turn could go on for ever.
        again: f.Fact = f.RetryScheduled(key, now, reason, counted=False)
        if not wake and (awake > now or leg.attempt > leg.failures + len(may)):
            again = self._engine.after_failure(key, reason)
        if isinstance(again, f.RetryScheduled):  # no earlier than a profile that may do it is awake
            again = replace(again, at=max(again.at, awake))
        return slept, again

    def _profile(self, run: str) -> AgentProfile | None:
        slot = self._engine.snapshot.runs[run].slot
        return self._effects.project.loaded.plan.agents.get(slot.rpartition("#")[0])

    def _explained(self, run: str, ended: runs.RunExit, told: following.Told, reason: str) -> str:
        """Return why a run failed, with what helps to understand it: never raw lines of a format."""
        if told.plain:
            return self._with_tail(run, reason)
        if ended.reason == "exited":
            if not told.verdict.ok:
                return reason
            error = told.parser.error
            return f"{reason} after an error: {error}" if error else self._with_tail(run, reason, "stderr.log")
        return f"{reason}\nwhat it did last: {told.parser.activity}" if told.parser.activity else reason

    def _with_tail(self, run: str, reason: str, *names: str) -> str:
        folder = self._effects.project.state.run(run)
        with contextlib.suppress(CockpitError, OSError):
            for name in names or ("stderr.log", "stdout.log"):
                tail = runs.tail(folder, name, 2000).decode("utf-8", "replace").strip()
                if tail:
                    return f"{reason}\n{tail[-1500:]}"
        return reason


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
