"""View → the header: the plan, its base, counts, agents, when it will be done and what is wrong. Pure, no widgets."""

from collections import Counter
from collections.abc import Callable, Iterable

from msgspec import Struct
from rich.cells import cell_len

from cockpit.clock import span
from cockpit.engine.handle import View
from cockpit.schedule.snapshot import Snapshot
from cockpit.schedule.states import State
from cockpit.ui.keyed import key_of
from cockpit.ui.looks import DERIVED, LOOKS, ORDER, Look, at_clock, count, line, name
from cockpit.ui.present import Cell, Row, held_why

Line = tuple[Cell, ...]
NARROW = 76
SHORT = {
    "running": "run",
    "preparing": "prep",
    "checking": "check",
    "retrying": "retry",
    "merging": "merge",
    "queued": "queue",
    "waiting": "wait",
    "paused": "pause",
    "quarantined": "quar",
    "conflict": "confl",
    "failed": "fail",
    "rejected": "rej",
    "stopped": "stop",
    "blocked": "block",
    "~stalled": "~stall",
    "by hand": "hand",
}
WORST = ("bad", "warn", "accent", "busy", "plain", "good", "quiet")
GLYPHS: dict[str, Look] = {look.word: look for look in (*LOOKS.values(), *DERIVED)}


class Headline(Struct, frozen=True):
    """What the header says: safe texts; `eta_short` is for narrow screens, `problems` are never dropped."""

    plan: str
    base: str
    state: str
    counts: tuple[tuple[Look, int], ...]
    agents: str
    eta: str
    eta_short: str
    cost: str
    problems: tuple[Cell, ...]


def headline(
    view: View, rows: Iterable[Row], now: float, *, read_only: bool = False, reaching: bool = False
) -> Headline:
    """Return what the header says of a view at a time (seconds since the epoch).

    `reaching`: no driver has answered yet, and what is shown comes from the journal.
    """
    snapshot, readings = view.snapshot, view.readings
    commit = name(readings.base_commit)[:7]
    cost = snapshot.cost()
    tokens = cost.tokens_in + cost.tokens_out
    eta, short = when_done(view, now)
    return Headline(
        plan=name(snapshot.outline.name) or "no plan yet",
        base=f"{name(snapshot.outline.base)}{f'@{commit}' if commit else ''}",
        state=snapshot.state(),
        counts=_counts(rows),
        agents=f"{len(snapshot.busy_slots())}/{snapshot.max_agents()}{_held_slots(snapshot)}",
        eta=eta,
        eta_short=short,
        cost=f"${cost.usd:,.2f}" if cost.usd else f"{tokens / 1000:,.0f}k tokens" if tokens else "",
        problems=problems(view, read_only=read_only, reaching=reaching),
    )


def _held_slots(snapshot: Snapshot) -> str:
    """Return how many slots are quarantined, beside the agents that run."""
    held = len(snapshot.held_slots())
    return f" {LOOKS[State.QUARANTINED].glyph} {count(held, 'slot')}" if held else ""


def _counts(rows: Iterable[Row]) -> tuple[tuple[Look, int], ...]:
    words = Counter(row.look.word for row in rows)
    inferred = {word: words[f"~{word}"] for word in ORDER}
    totals = {word: words[word] + inferred[word] for word in ORDER}
    return tuple((GLYPHS[word], totals[word]) for word in ORDER if totals[word])


def problems(view: View, *, read_only: bool = False, reaching: bool = False) -> tuple[Cell, ...]:
    """Return what is wrong with the driver or the plan, or keeps agents from being launched."""
    found: list[Cell] = []
    if reaching and not view.connected and not view.problem:
        found.append(("… reaching the driver", "dim"))
    elif not view.connected:
        found.append((f"✗ driver gone{f': {line(view.problem)}' if view.problem else ''}", "bad"))
    elif view.problem:
        found.append((f"! {line(view.problem)}", "warn"))
    plan = view.readings.plan
    if plan.errors:
        found.append((f"✗ plan file: {count(len(plan.errors), 'error')}", "bad"))
    if plan.untrusted or plan.asks:
        found.append((f"! not trusted yet ({key_of('trust')})", "warn"))
    elif view.snapshot.held or view.readings.hold:
        found.append((f"= {held_why(view)}", "warn"))
    if spent := view.snapshot.over_cost():
        found.append((f"! {spent}", "warn"))
    if read_only:
        found.append(("read only", "dim"))
    return tuple(found)


def when_done(view: View, now: float) -> tuple[str, str]:
    """Return when all that is wanted will be done, in words, long and short; or why nobody can tell."""
    snapshot, forecast = view.snapshot, view.readings.forecast
    state = snapshot.state()
    if state == "finished":
        return "all merged", "all merged"
    if state == "idle":
        return f"nothing is started ({key_of('start')}, {key_of('start_all')})", "nothing started"
    if forecast is None:
        return "", ""
    yours = f"+ your {count(forecast.approvals, 'approval')}" if forecast.approvals else ""
    if forecast.p50_s is None:
        return f"no ETA: {line(forecast.why_not) or 'only you can tell'}", "no ETA"
    end = forecast.at + forecast.p50_s
    # What the operator's own answers take is shown apart: the time without them, the clock with them.
    text = f"done in {span(end - forecast.approvals_s - now)} ({at_clock(end, now)})"
    if forecast.p90_s is not None and at_clock(forecast.at + forecast.p90_s, now) != at_clock(end, now):
        text += f", 90 % by {at_clock(forecast.at + forecast.p90_s, now)}"
    short = f"done {at_clock(end, now)}{f' +{forecast.approvals} yours' if forecast.approvals else ''}"
    return f"{text} {yours}".rstrip(), short


def header_lines(model: Headline, width: int) -> tuple[Line, ...]:
    """Return the header's lines for a width; what is wrong stays, words shrink to glyphs."""
    left: list[Cell] = [
        ("cockpit ", "accent"),
        (model.plan, "strong"),
        (f"  on {model.base}" if model.base else "", "dim"),
    ]
    if width < NARROW:
        left = [(model.plan, "strong"), (f" on {model.base}" if model.base else "", "dim")]
    agents: list[Cell] = [("agents ", "dim"), (model.agents, "plain")]
    if width < NARROW:
        short: list[Cell] = [
            *agents,
            (f"  {model.eta_short}", "plain"),
            (f"  {model.cost}" if model.cost else "", "dim"),
        ]
        lines = [_spread(left, [(model.state, "dim")], width), tuple(_counted(model, width)), tuple(short)]
        return (*lines, *(((text, style),) for text, style in model.problems))
    cost: list[Cell] = [(f"   {model.cost}" if model.cost else "", "dim")]
    rights = [[*agents, (f"   {eta}" if eta else "", "plain"), *cost] for eta in (model.eta, model.eta_short)]
    looks = [(counts, right) for counts in _count_looks(model) for right in rights]
    second = next((look for look in looks if _wide(look[0]) + 3 + _wide(look[1]) <= width), None)
    # Numbers without words say nothing: rather than drop the words, the counts take a line of their own.
    below: list[Line] = [_spread(*second, width)] if second else [tuple(_counted(model, width)), tuple(rights[1])]
    wrong = [cell for text, style in model.problems for cell in (("   ", "plain"), (text, style))]
    if _wide(left) + _wide(wrong) + len(model.state) + 3 <= width:
        return (_spread(left, [*wrong, (f"   {model.state}", "dim")], width), *below)
    own = tuple(((text, style),) for text, style in model.problems)
    return (_spread(left, [(model.state, "dim")], width), *below, *own)


def _count_looks(model: Headline) -> tuple[list[Cell], list[Cell]]:
    """Return the counts with whole words, and with short ones."""
    return _count_cells(model.counts, str), _count_cells(model.counts, lambda word: SHORT.get(word, word))


def _counted(model: Headline, width: int) -> list[Cell]:
    """Return the counts for a line of their own, with words as long as there is room; else with glyphs alone."""
    bare = _count_cells(model.counts, lambda _: "")
    for cells in (*_count_looks(model), bare):
        if _wide(cells) <= width:
            return cells
    return _worst_counts(model, width)


def _worst_counts(model: Headline, width: int) -> list[Cell]:
    """Return the counts that fit, the worst before what goes its way, with an ellipsis for the others."""
    chosen: list[tuple[Look, int]] = []
    for one in sorted(model.counts, key=lambda one: WORST.index(one[0].style)):
        more = [two for two in model.counts if two in (*chosen, one)]
        if _wide(_count_cells(more, lambda _: "")) + 3 > width:
            break
        chosen = more
    return [*_count_cells(chosen, lambda _: ""), ("  …", "dim")]


def _count_cells(counts: Iterable[tuple[Look, int]], say: Callable[[str], str]) -> list[Cell]:
    found: list[Cell] = []
    for look, number in counts:
        if found:
            found.append(("  ", "plain"))
        found.append((f"{look.glyph} {number}", look.style))
        if word := say(look.word):
            found.append((f" {word}", "dim"))
    return found


def _wide(cells: Iterable[Cell]) -> int:
    return sum(cell_len(text) for text, _ in cells)


def _spread(left: list[Cell], right: list[Cell], width: int) -> Line:
    gap = width - _wide(left) - _wide(right)
    return (*left, (" " * gap, "plain"), *right) if gap > 0 else tuple(left)
