"""The figures of agents as `cockpit status --json` gives them: by profile, by role, of the plan, and over all plans."""

from collections.abc import Iterator, Mapping

from cockpit.cli import shapes
from cockpit.engine.handle import View
from cockpit.metrics.records import by, run_records, shape
from cockpit.schedule.records import Record


def figures_of(view: View) -> list[shapes.Figures]:
    """Return what runs came to; of all plans together, only for the profiles of this plan."""
    here, known = run_records(view.snapshot), view.readings.records
    everywhere = {one.name: known[one.digest] for one in view.snapshot.outline.profiles if one.digest in known}
    return [
        *_rows("profile", by(here, lambda one: one.name)),
        *_rows("role", by([one for one in here if one.role], lambda one: one.role)),
        *_rows("plan", by(here, lambda _: view.snapshot.outline.name)),
        *_rows("everywhere", everywhere),
    ]


def _rows(of: shapes.FiguresOf, records: Mapping[str, Record]) -> Iterator[shapes.Figures]:
    for name, one in records.items():
        rates = shape(one)
        yield shapes.Figures(
            of,
            name,
            one.runs,
            one.judged,
            rates["violation_rate"],
            rates["clean_rate"],
            one.quarantines,
            one.held_s / one.releases if one.releases else None,
            one.retries,
            rates["gate_pass_rate"],
            one.usd,
        )
