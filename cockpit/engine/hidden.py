"""Facts without the secrets that agents, commands and files put into their words; what a human says stays as it is."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from cockpit.redaction import KNOWN
from cockpit.schedule import facts as f

WORDS = ("reason", "note", "text", "message", "excerpt", "missing", "allowed", "skipped", "items", "choices")
_OF_HUMANS = (f.PlanLoaded, f.OrderGiven, f.QuestionAnswered, f.AgentTold, f.PromptChanged, f.AdditionTold)
"""An answer may hold the very key that an agent asked for; an addition is told once it is told word for word."""


def hidden(fact: f.Fact) -> f.Fact:
    """Return a fact as it may be kept and shown."""
    if isinstance(fact, _OF_HUMANS):
        return fact
    changed = dict(_changed(fact))
    return replace(fact, **changed) if changed else fact


def hidden_notes(notes: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return notes as they may be shown."""
    return {name: KNOWN.text(note) if note else note for name, note in notes.items()}


def _changed(fact: f.Fact) -> Iterator[tuple[str, Any]]:
    for name in WORDS:
        said = getattr(fact, name, None)
        if said:
            safe = KNOWN.text(said) if isinstance(said, str) else tuple(map(KNOWN.text, said))
            if safe != said:
                yield name, safe
    if isinstance(fact, f.ApprovalRefused) and fact.comments:
        quoted = tuple(replace(one, code=KNOWN.text(one.code)) for one in fact.comments)
        if quoted != fact.comments:
            yield "comments", quoted
