"""Hostile texts, and a plan in flight in which every text that people, repositories or agents write is one of them."""

from collections.abc import Mapping
from typing import Any, get_type_hints

import msgspec
from msgspec.structs import fields, replace

from cockpit.schedule import facts as f
from cockpit.schedule.fold import fold
from cockpit.schedule.readings import PlanReading, Readings
from cockpit.schedule.snapshot import Snapshot
from tests.ui.fakes import FakeHandle
from tests.ui.scenery import every_state

MARKUP = "[/b][@click=app.quit]x[/]"
HOSTILE = (
    MARKUP
    + "\x1b]0;owned\x07\x1b[2J\u202e\x9b31m\u2066\u200f"
    + "日本語👩\u200d👩\u200d👧z\u0301\u0302\r\n\tend\x00\x7f {y} `$(rm)` \\["
)
LONG = "長い long\u0301 " * 1_250  # ten thousand characters, some of them of two cells, some of none
# What a plan, a file or an agent does not choose freely: what refers to another thing, and words that cockpit has.
REFERENCES = frozenset(
    {"leg", "workstream", "run", "slot", "id", "ids", "key", "legs", "issues", "depends_on", "agents", "profile"}
    | {"outcome", "why", "what", "how", "strategy", "severity", "trust", "digest", "order", "verb", "source", "match"}
    | {"violations", "targets", "expected", "to", "items", "words", "state"}
)


def poisoned(one: Any, text: str, *, name: str = "") -> Any:
    """Return a value with a text in place of each of its own, however deep; what refers to something else stays."""
    if isinstance(one, str):
        return text if name not in REFERENCES else one
    if isinstance(one, msgspec.Struct):
        own = {field.name: getattr(one, field.name) for field in fields(one)}
        return replace(one, **{key: poisoned(value, text, name=key) for key, value in own.items()})
    if isinstance(one, tuple):
        return tuple(poisoned(part, text, name="" if isinstance(part, msgspec.Struct) else name) for part in one)
    if isinstance(one, Mapping):
        return {key: poisoned(value, text) for key, value in one.items()}
    return one


def every_fact(text: str) -> list[f.Fact]:
    """Return one fact of each kind with a text in each of its fields that take one."""
    found: list[f.Fact] = []
    kinds: list[type[f.Fact]] = [*f.Fact.__subclasses__()]
    for kind in kinds:
        kinds += kind.__subclasses__()
        if kind not in (f.LegFact, f.PlanLoaded):
            given = {
                name: _of(hint, text) for name, hint in get_type_hints(kind).items() if name in kind.__struct_fields__
            }
            found.append(kind(**given))
    return found


def _of(hint: Any, text: str) -> Any:
    known = {str: text, tuple[str, ...]: (text, text), int: 7, float: 7.0, bool: True}
    return next((value for kind, value in known.items() if hint in (kind, kind | None)), ())


def hostile(text: str) -> FakeHandle:
    """Return the plan in which all is there at once, with a text in place of each that is foreign."""
    handle = every_state()
    snapshot = Snapshot()
    recorded = [replace(one, fact=poisoned(one.fact, text)) for one in handle.recorded]
    for one in recorded:
        snapshot = fold(snapshot, one)
    snapshot = replace(snapshot, recovered=(text,), outline=replace(snapshot.outline, base=text))
    handle.snapshot, handle.recorded = snapshot, recorded
    handle.recorded += [
        f.Recorded(snapshot.seq + number, handle.clock.now(), fact) for number, fact in enumerate(every_fact(text), 1)
    ]
    readings: Readings = poisoned(handle.readings, text)
    shared = {f"{text}.json": ("ci-testing", "billing-and-invoices")}
    notes = {"disk": text, "watching": text, "alerts.gate_p95": text, "ci-testing": text, "driver": text}
    handle.readings = replace(readings, shared=shared, notes=notes, hold=text, plan=PlanReading((text,)))
    handle.outputs = dict.fromkeys(handle.outputs, f"{text}\n" * 9)
    path = text.replace("\n", "\\n")
    handle.diffs = {
        path: f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n"
        f"@@ -1,2 +1,2 @@ {path}\n {path}\n-{path}\n+x{path}\n"
    }
    handle.gates = [{"gate": text, "ok": False, "seconds": 4.0, "reason": text, "output": text * 2}]
    handle.prompt = {**handle.prompt, "text": f"# {text}\n\n- {text}"}
    rows = [[4242, 0, text, 1.0, 120_000_000], [4243, 1, text, None, None]]
    handle.processes = {"run": "ci-testing-2", "at": 1.0, "processes": rows}
    handle.ran = [[number, handle.clock.now(), 0.2, 1, f"git show {text}", text, text] for number in (1, 2, 3)]
    handle.commands = [[text, text], ["gates.a", text]]
    return handle
