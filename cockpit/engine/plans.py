"""The plan in force: taken up at the start, changed by good and trusted reloads, kept when the file breaks."""

from pathlib import Path

from msgspec.structs import replace

from cockpit.engine.effects import Effects
from cockpit.engine.preparing import changed_too_late
from cockpit.engine.project import keep_base, outline_of, started_legs
from cockpit.engine.retired import PART, WHOLE
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
from cockpit.schedule.outline import Outline
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

    def take_up(self) -> None:
        """Bring the plan as it is on disk into force at a driver's start; one without trust runs nothing."""
        loaded = self._on_disk
        untrusted = () if self._store.is_trusted(loaded) else _commands(loaded)
        self._engine.read(plan=PlanReading(untrusted=untrusted))
        before = self._before(loaded)
        prepared = before.prepare if before is not None else None
        self._force(loaded, "" if untrusted else WHOLE, before)
        self._engine.read(notes={"prepare": changed_too_late(self._engine.snapshot, prepared, loaded.plan.prepare)})

    def _before(self, loaded: Loaded) -> PlanModel | None:
        """Return the version of the plan that an earlier driver took up last; None where it can't be told."""
        text = self._engine.snapshot.text
        if not text or text == loaded.text:
            return loaded.plan
        try:
            return parse_plan(text, loaded.path).plan
        except PlanError:
            return None

    async def reload(self) -> None:
        """Take up a changed plan file: a broken one is shown and changes nothing, an untrusted part waits."""
        known = self._on_disk
        if not self._engine.readings.plan.errors and await self._effects.pool.short(_holds, known.path, known.text):
            return  # one save is several events
        try:
            loaded = await self._effects.pool.short(load_plan, self._on_disk.path)
        except PlanError as error:
            problems = tuple(str(problem) for problem in error.problems)
            flaws = tuple(
                Flaw(one.message, one.file, one.line, one.column, one.where, one.hint) for one in error.problems
            )
            self._engine.read(plan=replace(self._engine.readings.plan, errors=problems, flaws=flaws))
            return
        reading = self._engine.readings.plan
        if loaded.text == self._on_disk.text and not reading.errors:
            return
        self._on_disk = loaded
        if reading.untrusted or self._store.is_trusted(loaded):
            untrusted = () if self._store.is_trusted(loaded) else _commands(loaded)
            self._force(loaded, "" if untrusted else WHOLE)
            self._engine.read(plan=PlanReading(untrusted=untrusted))
            return
        kept, changes = trust.keep_in_force(self._effects.project.loaded.plan, loaded.plan)
        asks = tuple(f"{change.where}: {change.old} → {change.new}" for change in changes)
        self._force(Loaded(kept, loaded.text, loaded.path), PART if asks else WHOLE)
        self._engine.read(plan=PlanReading(asks=asks, held=self._held(kept, loaded) if asks else ()))

    def _held(self, kept: PlanModel, loaded: Loaded) -> tuple[PlanChange, ...]:
        """Return what awaits trust, with what it would mean for the work under way now."""
        outline = outline_of(self._effects.project.with_plan(loaded), started_legs(self._engine.snapshot))
        return self._told(kept, loaded.plan, outline)[0]

    @property
    def on_disk(self) -> Loaded:
        """The newest good version of the plan file, in force or not."""
        return self._on_disk

    async def trust(self, shown: str) -> None:
        """Trust the plan as it was shown (its digest), and bring all of it into force. Raises OrderRefusedError."""
        loaded = self._on_disk
        if shown != trust.digest(loaded):
            raise OrderRefusedError("the plan changed since its commands were shown: look at them again")
        try:
            await self._effects.pool.short(self._store.trust, loaded)
        except (CockpitError, OSError) as error:
            raise OrderRefusedError(f"the trust could not be kept: {error}") from error
        if self._on_disk is loaded:  # else a newer version came meanwhile, and asked for itself
            self._force(loaded, WHOLE)
            self._engine.read(plan=PlanReading())

    async def require_trust(self, order: Order) -> None:
        """Refuse what would run commands of a plan that is not trusted, and a first start that cannot go well."""
        if self._engine.readings.plan.untrusted and order.verb not in FREE_VERBS:
            if self._store.is_trusted(self._on_disk):  # trusted meanwhile by a command
                self._force(self._on_disk, WHOLE)
                self._engine.read(plan=PlanReading())
            else:
                raise UntrustedError("the plan is not trusted yet: look at its commands, then trust it")
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

    def _force(self, loaded: Loaded, trusted: str, before: PlanModel | None = None) -> None:
        snapshot, old = self._engine.snapshot, self._effects.project.loaded
        project = self._effects.project.with_plan(loaded)
        outline = outline_of(project, started_legs(snapshot))
        fact = f.PlanLoaded(str(loaded.path), loaded.text, outline, trusted)
        if fact != f.PlanLoaded(snapshot.path, snapshot.text, snapshot.outline, snapshot.trust):
            self._engine.record(fact, *self._changes(old.plan if before is None else before, loaded.plan, outline))
            self._effects.retired = ()
        if (loaded.plan.base, loaded.repo) != (old.plan.base, old.repo):
            self._engine.read(notes={"plan": "the new `base` or `repo` is in effect from the driver's next start"})
        if told := changed_too_late(self._engine.snapshot, old.plan.prepare, loaded.plan.prepare):
            self._engine.read(notes={"prepare": told})
        self._effects.project = project

    def _changes(self, old: PlanModel, new: PlanModel, outline: Outline) -> tuple[f.PlanChanged, ...]:
        """Return the fact of what a new version changes; none at a plan's first, and where it changes nothing."""
        changes, left_out = self._told(old, new, outline)
        return (f.PlanChanged(changes, left_out),) if changes and self._engine.snapshot.workstreams else ()

    def _told(self, old: PlanModel, new: PlanModel, outline: Outline) -> tuple[tuple[PlanChange, ...], int]:
        """Return what differs in two versions, without the secrets in it, and how much is left out."""
        for plan in (old, new):  # the old ones may be those of a driver before this one
            for env in (*(one.env for one in plan.agents.values()), *(one.env for one in plan.workstreams)):
                KNOWN.learn(env)
        changes, left_out = shortened(plan_changes(old, new, self._engine.snapshot, outline))
        return tuple(replace(one, old=_hidden(one.old), new=_hidden(one.new)) for one in changes), left_out


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
