"""`cockpit report`: what a plan came to, for people (Markdown, HTML) and programs (JSON, CSV); it changes nothing."""

import html
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter
from msgspec import Struct

from cockpit.cli.options import Plan, StateDir
from cockpit.cli.output import emit, plural, say
from cockpit.clock import span
from cockpit.errors import CockpitError
from cockpit.safetext import safe_line

if TYPE_CHECKING:
    from cockpit.schedule.facts import Recorded

Format = Literal["md", "json", "csv", "html"]
_USED = ("usd", "tokens_in", "tokens_cached", "tokens_out")
LEDGER = ("day", "workstream", "leg", "run", "agent", "model", *_USED)


def report(
    plan: Plan,
    /,
    *,
    shape: Annotated[
        Format,
        Parameter(
            name="--format", help="md (Markdown), html (one page), json (all of it), or csv: what was used, run by run."
        ),
    ] = "md",
    output: Annotated[
        Path | None, Parameter(name=["--output", "-o"], help="Write it there instead of printing.")
    ] = None,
    state_dir: StateDir = None,
) -> int:
    """Report what was done: state, merges, cost per agent, model, workstream and day, quality, questions."""
    from cockpit.cli.reach import opened, view_of
    from cockpit.metrics.report import document

    project = opened(plan, state_dir)
    found = document(view_of(project).snapshot, _recorded(project.state.journal), time.time())
    if shape == "json" and output is None:
        emit(found)
        return 0
    text = _TEXTS[shape](found)
    if output is None:
        say(text.rstrip("\n"))
        return 0
    try:
        output.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise CockpitError(f"cannot be written: {error.strerror or error}", where=str(output)) from error
    return 0


def _recorded(path: Path) -> "Iterable[Recorded]":
    from cockpit.store.journal import Journal

    if not path.exists():
        return
    journal = Journal(path, read_only=True)
    try:
        yield from journal.read()
    finally:
        journal.close()


class Table(Struct, frozen=True):
    """A part of the report: a title, lines of text, the heads of columns, and rows; `right` columns are figures."""

    title: str
    lines: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    right: tuple[int, ...] = ()


def parts(found: dict[str, Any]) -> list[Table]:
    """Return a report's parts for people, all of their text safe and on one line each."""
    cost = found["cost"]
    made = [_summary(found), _workstreams(found["workstreams"])]
    made += [_merges(found["merges"])] if found["merges"] else []
    made += [
        _used(f"Cost by {name}", name, cost[f"by_{name}"])
        for name in ("agent", "model", "workstream", "day")
        if cost["ledger"]
    ]
    made += [_quality(found["quality"])] if found["quality"] else []
    made += [_violations(found["violations"])] if found["violations"] else []
    return made


def _summary(found: dict[str, Any]) -> Table:
    counts = " · ".join(f"{count} {state}" for state, count in found["counts"].items())
    spent, asked = found["cost"]["total"], found["questions"]
    lines = [
        f"{found['state']}: {found['legs_merged']} of {plural(found['legs'], 'leg')} merged into {found['base']}",
        f"workstreams: {counts}" if counts else "no workstreams",
        f"begun {found['began']}, last change {found['last']}" if found["began"] else "not begun",
        f"used: {_use(spent)}",
    ]
    if asked["asked"]:
        lines.append(
            f"questions of agents: {asked['asked']}; answered by a human {asked['answered']}, automatically"
            f" {asked['automatic']}, not at all {asked['unanswered']}"
        )
    return Table(f"{found['plan']}", tuple(lines))


def _use(cost: dict[str, Any]) -> str:
    tokens = f"{cost['tokens_in']:,} tokens in, {cost['tokens_cached']:,} cached, {cost['tokens_out']:,} out"
    return f"${cost['usd']:,.2f}, {tokens}"


def _workstreams(rows: list[dict[str, Any]]) -> Table:
    heads = ("workstream", "title", "state", "legs", "runs", "changes", "worked", "open", "waived", "USD", "why")
    cells = tuple(
        (
            one["id"],
            one["title"],
            one["state"],
            f"{one['legs_merged']}/{one['legs']}",
            f"{one['runs']}" + (f" ({one['runs_failed']} failed)" if one["runs_failed"] else ""),
            f"+{one['added']} −{one['removed']}" if one["files"] else "",
            span(one["worked_s"]) if one["worked_s"] else "",
            str(one["violations_open"] or ""),
            str(one["violations_waived"] or ""),
            f"{one['usd']:.2f}",
            one["reason"] if one["state"] != "merged" else "",
        )
        for one in rows
    )
    return Table("Workstreams", heads=heads, rows=cells, right=(3, 4, 6, 7, 8, 9))


def _merges(rows: list[dict[str, Any]]) -> Table:
    cells = tuple(
        (one["at"] or "", one["leg"], one["commit"][:9] or "(nothing)", "rolled back" if one["reverted"] else "")
        for one in rows
    )
    return Table("Merges", heads=("at", "leg", "commit", ""), rows=cells)


def _used(title: str, name: str, rows: list[dict[str, Any]]) -> Table:
    heads = (name, "USD", "tokens in", "cached", "out")
    cells = tuple((str(one["name"]), f"{one['usd']:,.4f}", *(f"{one[key]:,}" for key in _USED[1:])) for one in rows)
    return Table(title, heads=heads, rows=cells, right=(1, 2, 3, 4))


def _quality(rows: list[dict[str, Any]]) -> Table:
    heads = ("agent", "runs", "judged", "clean", "with violations", "quarantined", "retried", "gates passed")
    cells = tuple(
        (
            str(one["name"]),
            *(f"{one[key]:g}" for key in ("runs", "judged", "clean", "flawed", "quarantines", "retries")),
            f"{one['passed']:g} of {one['gates']:g}",
        )
        for one in rows
    )
    return Table("Quality", heads=heads, rows=cells, right=(1, 2, 3, 4, 5, 6, 7))


def _violations(rows: list[dict[str, Any]]) -> Table:
    cells = tuple(
        (
            one["state"],
            one["severity"],
            one["rule"],
            f"{one['path']}:{one['line']}",
            one["leg"],
            f"{one['by']}: {one['reason']}" if one["by"] else "",
        )
        for one in rows
    )
    return Table("Violations", heads=("state", "severity", "rule", "place", "leg", "let stand"), rows=cells)


def markdown(found: dict[str, Any]) -> str:
    """Return a report as Markdown."""
    lines: list[str] = []
    for number, part in enumerate(parts(found)):
        lines += [f"{'#' if number == 0 else '##'} {_plain(part.title)}", ""]
        lines += [f"- {_plain(one)}" for one in part.lines] + ([""] if part.lines else [])
        if part.heads:
            marks = ["--:" if at in part.right else "---" for at in range(len(part.heads))]
            lines += [_row(part.heads), _row(marks), *map(_row, part.rows), ""]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_plain, cells))} |"


def _plain(text: str) -> str:
    """Return untrusted text as one line that means nothing to Markdown."""
    line = safe_line(text).replace("\\", "\\\\")
    for sign in "|<>`*_[]#":
        line = line.replace(sign, f"\\{sign}")
    return line


def page(found: dict[str, Any]) -> str:
    """Return a report as one HTML page without scripts, and without anything from elsewhere."""
    body: list[str] = []
    for number, part in enumerate(parts(found)):
        level = "h1" if number == 0 else "h2"
        body.append(f"<{level}>{_escaped(part.title)}</{level}>")
        body += [f"<p>{_escaped(one)}</p>" for one in part.lines]
        if part.heads:
            head = "".join(f"<th>{_escaped(one)}</th>" for one in part.heads)
            body.append(f"<table><thead><tr>{head}</tr></thead><tbody>")
            body += [f"<tr>{_cells(part, row)}</tr>" for row in part.rows]
            body.append("</tbody></table>")
    title = _escaped(f"{found['plan']}: report")
    return "\n".join([_HEAD.replace("TITLE", title) + body[0], *body[1:], "</body></html>", ""])


def _cells(part: Table, row: Sequence[str]) -> str:
    return "".join(f"<td{' class=r' if at in part.right else ''}>{_escaped(cell)}</td>" for at, cell in enumerate(row))


def _escaped(text: str) -> str:
    return html.escape(safe_line(text))


_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>TITLE</title><style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; color: #222; }
table { border-collapse: collapse; margin: 1em 0; } p { margin: .2em 0; }
th, td { padding: .25em .7em; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top; }
th { color: #666; font-weight: normal; } .r { text-align: right; font-variant-numeric: tabular-nums; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #ddd; } th, td { border-color: #333; } }
</style></head><body>
"""


def sheet(found: dict[str, Any]) -> str:
    """Return what was used, run by run and day by day, as CSV; no cell begins as a formula would."""
    from cockpit.metrics.tables import csv_text

    return csv_text(LEDGER, ([one[name] for name in LEDGER] for one in found["cost"]["ledger"]), end="\n")


def _json(found: dict[str, Any]) -> str:
    import json

    return json.dumps(found, indent=2) + "\n"


_TEXTS = {"md": markdown, "html": page, "csv": sheet, "json": _json}
