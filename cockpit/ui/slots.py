"""View → rows of the agents page: all agents, each profile, each slot with what it does; and each in full. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from cockpit.engine.handle import View
from cockpit.metrics import records
from cockpit.plan.duration import amount
from cockpit.schedule.readings import RunReading
from cockpit.schedule.records import Record
from cockpit.schedule.snapshot import Cost, Leg, Run, Snapshot, total
from cockpit.schedule.states import State
from cockpit.ui.columns import Column
from cockpit.ui.headline import Line
from cockpit.ui.keys import BY_NAME
from cockpit.ui.looks import LOOKS, STALLED, Look, age, count, exact_clock, line, name
from cockpit.ui.present import Cell, Row, held_why

COLUMNS = (
    Column("state", "state", 0, 100, 9, 13),
    Column("name", "slot", 1, 99, 9, 18),
    Column("workstream", "workstream", 2, 95, 10, 20),
    Column("why", "what it does", 3, 85, 20, 400),
    Column("tokens", "tokens", 4, 50, 6, 9, right=True),
    Column("cost", "cost", 5, 60, 6, 9, right=True),
    Column("heard", "heard", 6, 70, 8, 8, right=True),
    Column("time", "since", -1, 80, 5, 7, right=True),
)
CARD = (0, 7, 3, 2)
ALL = "all"
FREE = Look("○", "free", "plain")
BUSY = Look("●", "busy", "accent")
HELD = LOOKS[State.QUARANTINED]
ASLEEP = Look("z", "asleep", "warn")
DRAINING = Look("=", "draining", "warn")
EVERY = Look("Σ", "agents", "strong")
PAUSED = Look("=", "held", "warn")


class Item(Struct, frozen=True):
    """One line of the page: all agents, a profile (without a slot), or a slot and the leg that it works on."""

    row: Row
    profile: str = ""
    slot: str = ""
    workstream: str = ""
    workstreams: tuple[str, ...] = ()
    leg: str = ""


class Sums:
    """What runs came to and used, profile by profile; added up anew only when there are other runs or usages."""

    def __init__(self) -> None:
        self._of: tuple[object, object] = (None, None)
        self.records: dict[str, Record] = {}
        self.used: dict[str, Cost] = {}

    def look(self, snapshot: Snapshot) -> None:
        """Add up what a snapshot holds."""
        if self._of[0] is not snapshot.runs or self._of[1] is not snapshot.usage:
            self._of = (snapshot.runs, snapshot.usage)
            self.records = records.by(records.run_records(snapshot), lambda one: one.name)
            self.used = _used(snapshot)


def items(view: View, sums: Sums) -> dict[str, Item]:
    """Return what the page lists: all agents, then profile by profile with its slots, those that are gone last."""
    snapshot = view.snapshot
    sums.look(snapshot)
    busy, held = snapshot.busy_slots(), snapshot.held_slots()
    asleep = snapshot.sleepers(snapshot.at)
    found = {ALL: _all(view, busy)}
    profiles = dict.fromkeys((*snapshot.sizes(), *(slot.rpartition("#")[0] for slot in (*busy, *held))))
    for profile in profiles:
        mine = [slot for slot in dict.fromkeys((*snapshot.slots(), *busy, *held)) if slot.rpartition("#")[0] == profile]
        working = tuple(busy[slot].workstream for slot in mine if slot in busy)
        look = DRAINING if profile in snapshot.draining else ASLEEP if profile in asleep else FREE
        shown = look if look is not FREE else BUSY if working else FREE
        says = [f"{len(working)} of {count(snapshot.sizes().get(profile, 0), 'slot')} busy"]
        says += [f"until {exact_clock(asleep[profile].until)}"] if profile in asleep else []
        says += [records.words(sums.records[profile])] if profile in sums.records else []
        row = _row(f"profile:{profile}", shown, name(profile), "", (" · ".join(says), "plain"), sums.used.get(profile))
        found[row.id] = Item(row, profile, workstreams=working)
        for slot in mine:
            found[f"slot:{slot}"] = _slot(view, slot, busy.get(slot), held.get(slot), look)
    return found


def _all(view: View, busy: Mapping[str, Leg]) -> Item:
    snapshot = view.snapshot
    says = f"{len(busy)} of at most {count(snapshot.max_agents(), 'agent')} at work"
    why = held_why(view)
    row = _row(
        ALL,
        PAUSED if why else EVERY,
        "all agents",
        "",
        (f"{says} · {why}" if why else says, "warn" if why else "plain"),
        snapshot.cost(),
    )
    return Item(row, workstreams=tuple(leg.workstream for leg in busy.values()))


def _slot(view: View, slot: str, leg: Leg | None, held: Leg | None, unused: Look) -> Item:
    profile = slot.rpartition("#")[0]
    of = leg or held
    if of is None:
        says = {"free": "waits for work", "asleep": "its profile sleeps", "draining": "its profile takes nothing new"}
        row = _row(f"slot:{slot}", unused, slot, "", (says[unused.word], "dim"), None, indent=True)
        return Item(row, profile, slot)
    reading = view.readings.runs.get(of.run or "")
    look, doing = (HELD, (line(of.reason), "bad")) if leg is None else (BUSY, _doing(leg, reading))
    if leg is not None and reading is not None and reading.stalled_since is not None and leg.state is State.RUNNING:
        look = STALLED
    heard = exact_clock(reading.output_at) if leg is not None and reading and reading.output_at else ""
    cost = view.snapshot.usage.get(of.run or "")
    row = _row(f"slot:{slot}", look, slot, of.workstream, doing, cost, heard=heard, since=of.since, indent=True)
    return Item(row, profile, slot, of.workstream, (of.workstream,), of.key)


def _doing(leg: Leg, reading: RunReading | None) -> Cell:
    """Return what a busy slot does: the words of its stream, else the state of its leg."""
    if leg.ending:
        return f"being ended to {line(leg.ending)}", "warn"
    if reading is not None and leg.state is State.RUNNING:
        if reading.stalled_since is not None:
            return f"~ no output and no change since {exact_clock(reading.stalled_since)}", "warn"
        unsure = "" if reading.source == "asserted" else "~ "
        return f"{unsure}{line(reading.activity) or 'running'}", "plain"
    return LOOKS[leg.state].word, LOOKS[leg.state].style


def _used(snapshot: Snapshot) -> dict[str, Cost]:
    """Return what the runs of each profile used."""
    parts: dict[str, list[Cost]] = {}
    for key, cost in snapshot.usage.items():
        if (run := snapshot.runs.get(key)) is not None:
            parts.setdefault(run.slot.rpartition("#")[0], []).append(cost)
    return {profile: total(costs) for profile, costs in parts.items()}


def _row(
    key: str,
    look: Look,
    title: str,
    workstream: str,
    doing: Cell,
    cost: Cost | None,
    *,
    heard: str = "",
    since: float = 0.0,
    indent: bool = False,
) -> Row:
    tokens = cost.tokens_in + cost.tokens_cached + cost.tokens_out if cost else 0
    quiet = look in (FREE, ASLEEP, DRAINING) and indent
    cells: tuple[Cell, ...] = (
        (f"{look.glyph} {look.word}", "dim" if quiet else look.style),
        (f"  {name(title)}" if indent else name(title), "dim" if quiet else "plain" if indent else "strong"),
        (name(workstream), "strong" if workstream else "plain"),
        doing,
        (_short(tokens), "dim"),
        (f"${cost.usd:,.2f}" if cost and cost.usd else "", "dim"),
        (heard, "dim"),
        (f"{name(title)} {name(workstream)}".strip(), "plain" if indent else "strong"),
    )
    search = " ".join(text for text, _ in cells).lower()
    return Row(key, look, cells, since or None, None, awaits=False, output=("", 0), search=search)


def _short(tokens: int) -> str:
    """Return a number of tokens in few cells."""
    if tokens < 10_000:
        return f"{tokens:,}" if tokens else ""
    return f"{tokens / 1000:,.0f}k" if tokens < 10_000_000 else f"{tokens / 1_000_000:,.0f}M"


# --- one of them in full ----------------------------------------------------------------------------------------------


def detail(view: View, sums: Sums, item: Item, now: float, processes: Sequence[Line] = ()) -> tuple[Line, ...]:
    """Return all that is known of one line of the page; `processes` are those of its run, as lines."""
    sums.look(view.snapshot)
    if item.slot:
        return (*_of_slot(view, item, now), *processes)
    return tuple(_of_profile(view, sums, item) if item.profile else _of_all(view))


def _of_all(view: View) -> Iterator[Line]:
    snapshot = view.snapshot
    planned = snapshot.outline.max_agents
    changed = f" (the plan says {planned})" if planned != snapshot.max_agents() else ""
    yield ((f"at most {count(snapshot.max_agents(), 'agent')} at once{changed}", "strong"),)
    if why := held_why(view):
        yield ((why, "warn"),)
    yield ("used by all runs: ", "dim"), (_spent(snapshot.cost()), "plain")
    yield from _keys(
        ("more", "one agent more at once"),
        ("fewer", "one fewer"),
        ("drain", "launch nothing new; again: go on"),
    )


def _of_profile(view: View, sums: Sums, item: Item) -> Iterator[Line]:
    snapshot, profile = view.snapshot, item.profile
    planned = next((one for one in snapshot.outline.profiles if one.name == profile), None)
    head: Line = (
        (f"{item.row.look.glyph} {item.row.look.word}", item.row.look.style),
        (f" · {name(profile)}", "strong"),
    )
    yield (*head, (f" · model {line(planned.model)}", "plain")) if planned and planned.model else head
    if planned is None:
        yield (("it is no longer in the plan; what it runs goes on", "warn"),)
        return
    size = snapshot.sizes()[profile]
    changed = f" (the plan says {planned.slots})" if planned.slots != size else ""
    yield ((f"{count(size, 'slot')}{changed}, {len(item.workstreams)} busy", "plain"),)
    if sleep := snapshot.sleepers(snapshot.at).get(profile):
        yield ((f"asleep until {exact_clock(sleep.until)}: {line(sleep.reason)}", "warn"),)
    if profile in snapshot.draining:
        yield (("it takes nothing new; what it runs goes on", "warn"),)
    mine = sums.records.get(profile)
    yield ("in this plan: ", "dim"), (records.words(mine) if mine else "no run has ended yet", "plain")
    if known := view.readings.records.get(planned.digest):
        yield ("in all plans: ", "dim"), (records.words(known), "plain")
    yield ("used: ", "dim"), (_spent(sums.used.get(profile, Cost())), "plain")
    yield from _keys(
        ("more", "one slot more"),
        ("fewer", "one fewer"),
        ("drain", "let it take nothing new; again: go on"),
        ("pause", "pause all that it runs"),
    )


def _of_slot(view: View, item: Item, now: float) -> Iterator[Line]:
    snapshot, look = view.snapshot, item.row.look
    leg = snapshot.legs.get(item.leg)
    head: Line = ((f"{look.glyph} {look.word}", look.style), (f" · {name(item.slot)}", "strong"))
    if leg is None:
        yield head
        yield ((item.row.cells[3][0], "plain"),)
        return
    title = snapshot.workstreams[leg.workstream].outline.title
    yield (*head, (f" · {name(leg.workstream)}", "strong"), (f" · {line(title)}" if title else "", "plain"))
    yield (item.row.cells[3],)
    run = snapshot.runs.get(leg.run or "")
    if run is not None:
        yield from _of_run(view, leg, run, now)


def _of_run(view: View, leg: Leg, run: Run, now: float) -> Iterator[Line]:
    begun = run.started or run.taken
    told = f"run {name(run.id)} of leg {name(leg.key)}, attempt {run.attempt}"
    yield (told, "plain"), (f" · since {exact_clock(begun)}, for {age((run.ended or now) - begun)}", "dim")
    reading = view.readings.runs.get(run.id)
    if reading is not None and reading.output_at:
        heard = f"last output {exact_clock(reading.output_at)}, {age(now - reading.output_at)} ago"
        yield (heard, "plain"), (f" · {amount(reading.output_bytes)} in all", "dim")
    elif reading is not None:
        yield (("it has printed nothing yet", "dim"),)
    if reading is not None and reading.heartbeat_at:
        yield ((f"its supervisor gave a sign of life {age(now - reading.heartbeat_at)} ago", "dim"),)
    yield ("used: ", "dim"), (_spent(view.snapshot.usage.get(run.id, Cost())), "plain")


def _spent(cost: Cost) -> str:
    if not (cost.usd or cost.tokens_in or cost.tokens_cached or cost.tokens_out):
        return "nobody told what"
    cached = f" (and {cost.tokens_cached:,} cached)" if cost.tokens_cached else ""
    tokens = f"{cost.tokens_in:,} tokens in{cached}, {cost.tokens_out:,} out"
    return f"{tokens}, ${cost.usd:,.2f}" if cost.usd else tokens


def _keys(*told: tuple[str, str]) -> Iterator[Line]:
    yield tuple(
        part for action, about in told for part in ((BY_NAME[action].shown, "accent"), (f" {about}  ", "plain"))
    )


# --- the processes of a run -------------------------------------------------------------------------------------------


class Processes(Struct, frozen=True):
    """What a driver told of the processes of a run at a time of its own: rows of pid, depth, name, seconds, bytes."""

    run: str
    at: float
    rows: tuple[tuple[int, int, str, float | None, int | None], ...]


def told_processes(answer: Mapping[str, Any]) -> Processes:
    """Return a driver's answer as what it says; processes that it does not know how to tell are left out."""
    rows = tuple(
        (int(pid), int(depth), str(known), None if cpu is None else float(cpu), None if size is None else int(size))
        for pid, depth, known, cpu, size in answer["processes"]
    )
    return Processes(str(answer["run"] or ""), float(answer["at"]), rows)


def process_lines(now: Processes | None, before: Processes | None) -> tuple[Line, ...]:
    """Return processes as lines; how much of a core each uses is seen from two looks."""
    if now is None:
        return ((("looking at its processes …", "dim"),),)
    if not now.rows:
        return ((("no process of it runs", "dim"),),)
    since = (
        {pid: cpu for pid, _, _, cpu, _ in before.rows if cpu is not None} if before and before.run == now.run else {}
    )
    passed = now.at - before.at if before else 0.0
    head: Line = ((f"{'pid':>7} {'core':>5} {'time':>6} {'memory':>8}  process", "dim"),)
    lines: list[Line] = [head]
    for pid, depth, known, cpu, size in now.rows:
        share = f"{max(0.0, cpu - since[pid]) / passed:.0%}" if cpu is not None and pid in since and passed > 0 else "…"
        used = age(cpu) if cpu is not None else "?"
        held = amount(size) if size is not None else "?"
        figures = f"{pid:>7} {share if cpu is not None else '?':>5} {used:>6} {held:>8}  "
        lines.append(((figures, "plain"), ("  " * min(depth, 8) + name(known), "plain")))
    sizes = [size for *_, size in now.rows if size is not None]
    if len(sizes) > 1:
        lines.append(((f"{count(len(now.rows), 'process', 'processes')}, {amount(sum(sizes))} of memory", "dim"),))
    return tuple(lines)
