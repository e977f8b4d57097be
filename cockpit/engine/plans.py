"""The plan in force: taken up at the start, changed by good and trusted reloads, kept when the file breaks."""

import asyncio
from pathlib import Path

from msgspec.structs import replace

from cockpit.engine.effects import Effects
from cockpit.engine.preparing import changed_too_late
from cockpit.engine.project import keep_base
from cockpit.engine.retired import PART, WHOLE
from cockpit.engine.versions import Version, version_of
from cockpit.errors import CockpitError, OrderRefusedError, PlanError, UntrustedError
from cockpit.plan import trust
from cockpit.plan.fields import CUT
from cockpit.plan.load import Loaded, load_plan, parse_plan
from cockpit.plan.model import Plan as PlanModel
from cockpit.plan.trust import TrustStore
from cockpit.redaction import KNOWN
from cockpit.schedule import facts as f
from cockpit.schedule.changed import PlanChange
from cockpit.schedule.consequences import plan_changes, shortened
from cockpit.schedule.orders import Order
from cockpit.schedule.readings import Flaw, PlanReading
from cockpit.schedule.talking import FROM_INSIDE

FREE_VERBS = frozenset({"drain", "pause", "stop", "limits", "answer", "tell", "shared"}) | FROM_INSIDE
ADVICE = frozenset({"leftovers", "driver"})  # what preflight finds and a start can go well with


class Plans:
    """Brings plans into force for one engine. What needs trust and has none waits, and is asked about."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        self._engine = effects.engine
        self._on_disk = effects.project.loaded
        self._store = TrustStore()
        self._checked = False
        self._turns = asyncio.Lock()  # what is taken up and what is trusted come one after the other

    async def take_up(self) -> None:
        """Bring the plan as it is on disk into force at a driver's start; one without trust runs nothing."""
        async with self._turns:
            loaded = self._on_disk
            untrusted = await self._untrusted(loaded)
            self._engine.read(plan=PlanReading(untrusted=untrusted))
            before = await self._effects.pool.short(_before, self._engine.snapshot.text, loaded)
            version = await self._version(loaded, "" if untrusted else WHOLE, before)
            self._adopt(version)
            prepared = before.prepare if before is not None else None
            told = changed_too_late(self._engine.snapshot, prepared, loaded.plan.prepare)
            self._engine.read(notes={"prepare": told})

    async def reload(self) -> None:
        """Take up a changed plan file: a broken one is shown and changes nothing, an untrusted part waits."""
        async with self._turns:
            await self._reload()

    async def _reload(self) -> None:
        known = self._on_disk
        if not self._engine.readings.plan.errors and await self._effects.pool.short(_holds, known.path, known.text):
            return  # one save is several events
        try:
            loaded = await self._effects.pool.short(load_plan, known.path)
        except PlanError as error:
            problems = tuple(str(problem) for problem in error.problems)
            flaws = tuple(
                Flaw(one.message, one.file, one.line, one.column, one.where, one.hint) for one in error.problems
            )
            self._engine.read(plan=replace(self._engine.readings.plan, errors=problems, flaws=flaws))
            return
        reading = self._engine.readings.plan
        if loaded.text == known.text and not reading.errors:
            return
        untrusted = await self._untrusted(loaded)
        if reading.untrusted or not untrusted:
            self._adopt(await self._version(loaded, "" if untrusted else WHOLE), on_disk=loaded)
            self._engine.read(plan=PlanReading(untrusted=untrusted))
            return
        in_force = self._effects.project.loaded.plan
        kept, changes = await self._effects.pool.short(trust.keep_in_force, in_force, loaded.plan)
        asks = tuple(f"{change.where}: {change.old} → {change.new}" for change in changes)
        awaits = await self._version(loaded, "", kept) if asks else None
        self._adopt(
            await self._version(Loaded(kept, loaded.text, loaded.path), PART if asks else WHOLE), on_disk=loaded
        )
        held = self._told(awaits)[0] if awaits is not None else ()
        self._engine.read(plan=PlanReading(asks=asks, held=held))

    async def _untrusted(self, loaded: Loaded) -> tuple[str, ...]:
        """Return the commands of a plan that is not trusted; none of one that is."""
        return () if await self._effects.pool.short(self._store.is_trusted, loaded) else _commands(loaded)

    @property
    def on_disk(self) -> Loaded:
        """The newest good version of the plan file that was taken up, in force or not."""
        return self._on_disk

    async def trust(self, shown: str) -> None:
        """Trust the plan as it was shown (its digest), and bring all of it into force. Raises OrderRefusedError."""
        async with self._turns:
            loaded = self._on_disk
            if shown != trust.digest(loaded):
                raise OrderRefusedError("the plan changed since its commands were shown: look at them again")
            version = await self._version(loaded, WHOLE)
            try:
                await self._effects.pool.short(self._store.trust, loaded)
            except (CockpitError, OSError) as error:
                raise OrderRefusedError(f"the trust could not be kept: {error}") from error
            self._adopt(version if version.fits(self._engine.snapshot) else await self._version(loaded, WHOLE))
            self._engine.read(plan=PlanReading())

    async def require_trust(self, order: Order) -> None:
        """Refuse what would run commands of a plan that is not trusted, and a first start that cannot go well."""
        if self._engine.readings.plan.untrusted and order.verb not in FREE_VERBS:
            await self._look_for_trust()
        if order.verb == "start" and not self._checked:
            await self._preflight()
            try:
                await self._effects.pool.short(keep_base, self._effects.project)
            except CockpitError as error:
                raise OrderRefusedError(str(error)) from error
            self._checked = True

    async def _preflight(self) -> None:
        from cockpit.engine.preflight import preflight

        findings = await self._effects.pool.long(preflight, self._effects.project)
        bad = [f"{one.name}: {one.detail} ({one.hint})" for one in findings if not one.ok and one.name not in ADVICE]
        if bad:
            raise OrderRefusedError("; ".join(bad))

    async def _look_for_trust(self) -> None:
        """Bring the plan into force where a command trusted it meanwhile. Raises UntrustedError where none did."""
        async with self._turns:
            if not self._engine.readings.plan.untrusted:
                return
            if await self._untrusted(self._on_disk):
                raise UntrustedError("the plan is not trusted yet: look at its commands, then trust it")
            self._adopt(await self._version(self._on_disk, WHOLE))
            self._engine.read(plan=PlanReading())

    async def _version(self, loaded: Loaded, trusted: str, before: PlanModel | None = None) -> Version:
        """Make a version ready, again where a leg started meanwhile; to be adopted before anything else is awaited."""
        project = self._effects.project
        old = project.loaded.plan if before is None else before
        while True:
            made = await self._effects.pool.short(version_of, project, loaded, trusted, old, self._engine.snapshot)
            if made.fits(self._engine.snapshot):
                return made

    def _adopt(self, version: Version, *, on_disk: Loaded | None = None) -> None:
        """Bring a version into force, all at once: orders are either from before it or from after it."""
        snapshot, old, loaded = self._engine.snapshot, self._effects.project.loaded, version.project.loaded
        if version.fact != f.PlanLoaded(snapshot.path, snapshot.text, snapshot.outline, snapshot.trust):
            changes, left_out = self._told(version)
            known = changes and snapshot.workstreams  # a plan's first version changes nothing
            self._engine.record(version.fact, *((f.PlanChanged(changes, left_out),) if known else ()))
            self._effects.retired = ()
        if (loaded.plan.base, loaded.repo) != (old.plan.base, old.repo):
            self._engine.read(notes={"plan": "the new `base` or `repo` is in effect from the driver's next start"})
        if told := changed_too_late(self._engine.snapshot, old.plan.prepare, loaded.plan.prepare):
            self._engine.read(notes={"prepare": told})
        self._effects.project = version.project
        self._on_disk = self._on_disk if on_disk is None else on_disk

    def _told(self, version: Version) -> tuple[tuple[PlanChange, ...], int]:
        """Return what a version changes, without the secrets in it, and how much is left out."""
        found = version.differences
        for plan in (found.old, found.new):  # the old ones may be those of a driver before this one
            for env in (*(one.env for one in plan.agents.values()), *(one.env for one in plan.workstreams)):
                KNOWN.learn(env)
        changes, left_out = shortened(plan_changes(found, self._engine.snapshot, version.fact.outline))
        return tuple(replace(one, old=_hidden(one.old), new=_hidden(one.new)) for one in changes), left_out


def _before(text: str, loaded: Loaded) -> PlanModel | None:
    """Return the version of the plan that an earlier driver took up last; None where it can't be told."""
    if not text or text == loaded.text:
        return loaded.plan
    try:
        return parse_plan(text, loaded.path).plan
    except PlanError:
        return None


def _hidden(text: str) -> str:
    """Return the value of a field without secrets, also without the begin of one that was cut."""
    whole = text.removesuffix(CUT)
    return KNOWN.text(whole, is_cut=whole != text) + text[len(whole) :]


def _holds(path: Path, text: str) -> bool:
    """Say whether a file holds just this text."""
    try:
        return path.read_bytes().decode("utf-8-sig") == text
    except (OSError, UnicodeDecodeError):
        return False


def _commands(loaded: Loaded) -> tuple[str, ...]:
    listed = tuple(f"{where}: {command}" for where, command in trust.commands(loaded.plan))
    return listed or ("this plan runs no commands",)
