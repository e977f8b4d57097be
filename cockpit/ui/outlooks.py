"""Forecasts and figures over time → what the forecast's page says of them, and what its charts draw. Pure."""

from collections.abc import Sequence

from msgspec import Struct

from cockpit.clock import span
from cockpit.forecast.estimates import Estimate
from cockpit.forecast.outlook import Outlook
from cockpit.metrics.trends import ALL, DAY, HOUR, WEEK, Bucket
from cockpit.ui.headline import Line
from cockpit.ui.looks import age, at_clock, count, line
from cockpit.ui.present import Cell

BACK: dict[str, float | None] = {HOUR: 3600.0, DAY: 86_400.0, WEEK: 7 * 86_400.0, ALL: None}
SAID = {HOUR: "1 h", DAY: "24 h", WEEK: "7 d", ALL: "all"}


class Curve(Struct, frozen=True):
    """One series of a chart: values at times (seconds since the epoch), drawn with a marker; `bars`: each alone."""

    label: str
    points: tuple[tuple[float, float], ...]
    style: str = "accent"
    bars: bool = False
    marker: str = "braille"


class Drawing(Struct, frozen=True):
    """A chart: its title with the figures that it comes to, its curves, and the time that it shows, from and to.

    `times`: its values are times, too.
    """

    title: str
    curves: tuple[Curve, ...]
    span: tuple[float, float] = (0.0, 1.0)
    times: bool = False


def finish_lines(own: Outlook, other: Outlook | None, now: float) -> tuple[Line, ...]:
    """Return when all will be done, and what another number of agents would change."""
    agents = count(own.agents, "agent")
    head = "if all was started now, " if own.all_wanted else ""
    lines: list[Line] = [((f"{head}{agents}: ", "dim"), *_done(own, now))]
    if other is not None:
        slots: list[Cell] = [("; with slots for them", "dim")] if other.agents > own.agents else []
        told = f"if {count(other.agents, 'agent')}: "
        lines.append(((told, "accent"), *_done(other, now, _against(own, other)), *slots))
    return tuple(lines)


def _done(shown: Outlook, now: float, against: Sequence[Cell] = ()) -> list[Cell]:
    """Return when it is done, what is to be told first being first, since a narrow screen cuts the end."""
    made = shown.forecast
    if made.p50_s is None:
        why: Cell = (line(made.why_not) or "nobody can tell when", "warn")
        if shown.rest_end is None:
            return [why]
        return [(f"the rest done {at_clock(shown.rest_end, now)}", "strong"), *against, ("; ", "dim"), why]
    p50, p90 = made.at + made.p50_s, made.at + (made.p90_s or made.p50_s)
    cells: list[Cell] = [(f"done {at_clock(p50, now)}", "strong"), *against]
    cells.append((f"; 90% by {at_clock(p90, now)}", "plain"))
    work = max(made.p50_s - made.approvals_s, 0.0)
    cells.append((f" · {age(work)}", "dim"))
    if made.approvals:
        cells.append((f" + your {count(made.approvals, 'approval')}", "warn"))
    return cells


def _against(own: Outlook, other: Outlook) -> list[Cell]:
    ends = [(one.forecast.at + one.forecast.p50_s) if one.forecast.p50_s else one.rest_end for one in (own, other)]
    mine, its = ends
    if mine is None or its is None or (own.forecast.p50_s is None) != (other.forecast.p50_s is None):
        return []
    sooner = mine - its
    if abs(sooner) < 30:
        return [(" · no difference", "dim")]
    return [(f" · {age(abs(sooner))} {'sooner' if sooner > 0 else 'later'}", "good" if sooner > 0 else "warn")]


def estimate_drawing(estimates: Sequence[Estimate], now: float, window: str) -> Drawing:
    """Return how the estimate of the finish moved within a window."""
    back = BACK[window]
    shown = [one for one in estimates if back is None or one.at >= now - back]
    title = f"the finish as it was forecast · {SAID[window]}"
    if len(shown) < 2:
        return Drawing(f"{title} · nothing to compare yet", ())
    first, last = shown[0], shown[-1]
    moved = last.p50 - first.p50
    told = "unmoved" if abs(moved) < 60 else f"{age(abs(moved))} {'later' if moved > 0 else 'sooner'} than at first"
    p50 = Curve("50% by", tuple((one.at, one.p50) for one in shown))
    p90 = Curve("90% by", tuple((one.at, one.p90) for one in shown), "warn", marker="·")
    return Drawing(f"{title} · {told}", (p50, p90), (first.at, max(now, last.at)), times=True)


def trend_drawings(points: Sequence[Bucket], width_s: float, window: str) -> tuple[Drawing, ...]:
    """Return the charts of the figures of a window, each with what it comes to in its title."""
    every = Bucket(0.0)
    for one in points:
        every.add(one)
    per = age(width_s)
    rate = f"{every.flawed} of {every.judged}" + (f" ({every.flawed / every.judged:.0%})" if every.judged else "")
    mean = span(every.gate_s / every.gates) if every.gates else "–"
    tokens = f", {every.tokens / 1000:,.0f}k tokens" if every.tokens else ""
    spent, money = 0.0, list[tuple[float, float]]()
    for one in points:
        spent += one.usd
        money.append((one.at, spent))
    shown = (points[0].at, points[-1].at + width_s) if points else (0.0, 1.0)
    merged = _curve("merges", [(one.at, float(one.merged)) for one in points], "good", bars=True)
    flawed = _curve("%", [(one.at, 100.0 * one.flawed / one.judged) for one in points if one.judged], "bad", bars=True)
    took = _curve("seconds", [(one.at, one.gate_s / one.gates) for one in points if one.gates], "busy", bars=True)
    return (
        Drawing(f"{count(every.merged, 'merge')} · {SAID[window]}, each {per}", merged, shown),
        Drawing(f"changes with violations: {rate}", flawed, shown),
        Drawing(f"cost: ${every.usd:,.2f}{tokens}", _curve("$", money if every.usd else [], "warn"), shown),
        Drawing(f"gates: {count(every.gates, 'run')}, {mean} each", took, shown),
    )


def _curve(label: str, points: Sequence[tuple[float, float]], style: str, *, bars: bool = False) -> tuple[Curve, ...]:
    shown = tuple(one for one in points if one[1] or not bars)
    return (Curve(label, shown, style, bars),) if any(value for _, value in shown) else ()
