"""What a plan came to, as one document: summary, workstreams, merges, costs, quality, questions. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from cockpit.clock import iso
from cockpit.metrics import ledger, records
from cockpit.schedule import facts as f
from cockpit.schedule.snapshot import OPEN, RELEASED, Cost, Snapshot, total
from cockpit.schedule.states import State
from cockpit.schedule.talk import AUTOMATIC, OPERATOR

NO_MODEL = "(the agent's own)"


def document(snapshot: Snapshot, recorded: Iterable[f.Recorded], now: float) -> dict[str, Any]:
    """Return the report of a plan, as JSON values, from its snapshot and all its facts; times are ISO 8601."""
    facts = [one for one in recorded if isinstance(one.fact, _LOOKED_AT)]
    entries = ledger.entries(facts, snapshot)
    outline = snapshot.outline
    return {
        "plan": outline.name,
        "repo": outline.repo,
        "base": outline.base,
        "made": iso(now),
        "state": snapshot.state(),
        "counts": snapshot.counts(),
        "legs": len(snapshot.legs),
        "legs_merged": sum(leg.state is State.MERGED for leg in snapshot.legs.values()),
        "began": iso(_first(facts)),
        "last": iso(snapshot.at) if snapshot.seq else None,
        "workstreams": [_workstream(snapshot, key, entries) for key in snapshot.workstreams],
        "merges": [
            {
                "workstream": one.workstream,
                "leg": one.leg,
                "round": one.round,
                "commit": one.commit,
                "at": iso(one.at),
                "reverted": bool(one.reverted),
            }
            for one in snapshot.merges
        ],
        "cost": {
            "total": _cost(total(one.cost for one in entries)),
            "by_agent": _sums(ledger.by(entries, lambda one: one.agent)),
            "by_model": _sums(ledger.by(entries, lambda one: one.model or NO_MODEL)),
            "by_workstream": _sums(ledger.by(entries, lambda one: one.workstream)),
            "by_day": sorted(_sums(ledger.by(entries, lambda one: one.day)), key=lambda one: str(one["name"])),
            "ledger": [_entry(one) for one in entries],
        },
        "quality": [
            {"name": name, **records.shape(one)}
            for name, one in records.by(records.run_records(snapshot), lambda one: one.name).items()
        ],
        "violations": [
            {
                "id": one.id,
                "rule": one.rule,
                "severity": one.severity,
                "path": one.path,
                "line": one.line,
                "leg": one.leg,
                "state": one.state,
                "by": one.by,
                "reason": one.reason,
            }
            for one in snapshot.violations.values()
        ],
        "questions": _questions(facts),
    }


_LOOKED_AT = (f.DriverStarted, f.UsageReported, f.QuestionAsked, f.QuestionAnswered)


def _first(facts: list[f.Recorded]) -> float | None:
    return facts[0].at if facts else None


def _workstream(snapshot: Snapshot, key: str, entries: Iterable[ledger.Entry]) -> dict[str, Any]:
    held, legs = snapshot.workstreams[key], snapshot.legs_of(key)
    keys = {leg.key for leg in legs}
    runs = [run for run in snapshot.runs.values() if run.leg in keys]
    found = [one for one in snapshot.violations.values() if one.leg in keys]
    leg = snapshot.leg_under_way(key)
    return {
        "id": key,
        "title": held.outline.title,
        "state": leg.state.value,
        "reason": leg.reason,
        "legs": len(legs),
        "legs_merged": sum(one.state is State.MERGED for one in legs),
        "runs": len(runs),
        "runs_failed": sum(run.outcome not in ("", "done", "stopped") for run in runs),
        "worked_s": sum(one.worked_s for one in legs),
        "review_s": sum(one.review_s for one in legs),
        "files": sum(one.files for one in legs),
        "added": sum(one.added for one in legs),
        "removed": sum(one.removed for one in legs),
        "violations_open": sum(one.state == OPEN for one in found),
        "violations_waived": sum(one.state == RELEASED and bool(one.reason) for one in found),
        "claimed": [item for one in legs for item in one.claimed],
        **_cost(total(one.cost for one in entries if one.workstream == key)),
    }


def _questions(facts: list[f.Recorded]) -> dict[str, int]:
    asked = sum(isinstance(one.fact, f.QuestionAsked) for one in facts)
    hows = [one.fact.how for one in facts if isinstance(one.fact, f.QuestionAnswered)]
    answered, automatic = hows.count(OPERATOR), hows.count(AUTOMATIC)
    return {"asked": asked, "answered": answered, "automatic": automatic, "unanswered": asked - answered - automatic}


def _cost(cost: Cost) -> dict[str, float]:
    return {
        "usd": round(cost.usd, 6),
        "tokens_in": cost.tokens_in,
        "tokens_cached": cost.tokens_cached,
        "tokens_out": cost.tokens_out,
    }


def _sums(sums: Mapping[str, Cost]) -> list[dict[str, Any]]:
    return [{"name": name, **_cost(cost)} for name, cost in sums.items()]


def _entry(one: ledger.Entry) -> dict[str, Any]:
    named = ("day", "workstream", "leg", "run", "agent", "model")
    return {**{name: getattr(one, name) for name in named}, **_cost(one.cost)}
