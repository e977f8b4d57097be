"""View → the one line of `cockpit PLAN --line`, for a status bar; pure, and no text in it can act on tmux."""

import os
from collections.abc import Sequence

from msgspec.structs import replace

from cockpit.engine.handle import View
from cockpit.ui.alerts import alerts
from cockpit.ui.headline import Headline, headline
from cockpit.ui.looks import cells_of, fit
from cockpit.ui.present import Cell, Presenter, going_on

Part = Sequence[Cell]
COLOURS = {
    "dim": "dim",
    "quiet": "dim",
    "strong": "bold",
    "busy": "fg=blue",
    "good": "fg=green",
    "warn": "fg=yellow",
    "bad": "fg=red",
    "accent": "fg=cyan",
}
GAP: Cell = ("  ", "plain")


def status_line(view: View, now: float, *, width: int = 0) -> tuple[Cell, ...]:
    """Return a view as cells that fit `width` (0: any): what awaits the operator goes last, then what is wrong."""
    rows = Presenter().rows(view).values()
    model = headline(replace(view, connected=True), rows, now)
    yours = sum(row.awaits for row in rows)
    grave = sum(one.style == "bad" for one in alerts(view))
    calls: list[Cell] = [(f"◆ {yours} await{'s' if yours == 1 else ''} you", "warn")] if yours else []
    calls += [(f"! {grave} alert{'' if grave == 1 else 's'}", "bad")] if grave else []
    wrong = _wrong(view, model)
    state: Part = [(model.state, "dim")]
    eta: Part = [(model.eta_short, "plain")] if model.eta_short and model.eta_short != model.state else []
    agents: Part = [(f"agents {model.agents}", "plain")]
    plan: Part = [(model.plan, "strong")]
    counts = [
        cell for look, number in model.counts for cell in ((" ", "plain"), (f"{look.glyph} {number}", look.style))
    ]
    fewer = [(f"◆{yours}", "warn")] if yours else []
    fewer += [(f"!{grave}", "bad")] if grave else []
    ways: tuple[Sequence[Part], ...] = (
        (plan, state, counts[1:], agents, eta, *([one] for one in (*wrong, *calls))),
        (plan, counts[1:], agents, eta, *([one] for one in (*wrong, *calls))),
        (plan, counts[1:], eta, *([one] for one in (*wrong, *fewer))),
        (plan, counts[1:], *([one] for one in (*wrong, *fewer))),
        (plan, *([one] for one in (*wrong, *fewer))),
        tuple([one] for one in fewer) or (plan,),
    )
    lines = [_joined(way) for way in ways]
    return next((one for one in lines if not width or _wide(one) <= width), cut(lines[-1], width))


def cut(cells: Sequence[Cell], width: int) -> tuple[Cell, ...]:
    """Return cells as far as they fit; where they don't, they end with `…`."""
    found: list[Cell] = []
    left = width
    for text, style in cells:
        if left <= 0:
            break
        found.append((fit(text, left) if cells_of(text) > left else text, style))
        left -= cells_of(text)
    return tuple(found)


def plain(cells: Sequence[Cell]) -> str:
    """Return cells as text."""
    return "".join(text for text, _ in cells)


def for_tmux(cells: Sequence[Cell]) -> str:
    """Return cells as a piece of tmux's status line, in its colours unless NO_COLOR is set; every `#` is doubled."""
    bare = bool(os.environ.get("NO_COLOR"))
    parts: list[str] = []
    for text, style in cells:
        shown = text.replace("#", "##")
        colour = "" if bare else COLOURS.get(style, "")
        parts.append(f"#[{colour}]{shown}#[default]" if colour else shown)
    return "".join(parts)


def _wrong(view: View, model: Headline) -> list[Cell]:
    """Return what is wrong; that no driver runs only where there is something that it would do."""
    found = list(model.problems)
    if not view.connected and not view.problem and going_on(view.snapshot):
        found.insert(0, ("no driver", "warn"))
    return found


def _joined(parts: Sequence[Part]) -> tuple[Cell, ...]:
    found: list[Cell] = []
    for part in parts:
        if part:
            found += [*([GAP] if found else []), *part]
    return tuple(found)


def _wide(cells: Sequence[Cell]) -> int:
    return sum(cells_of(text) for text, _ in cells)
