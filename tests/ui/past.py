"""What a driver would answer about what was and is to come, folded from the facts of a fake handle."""

from typing import TYPE_CHECKING, Any

from msgspec import to_builtins

from cockpit.errors import CockpitError
from cockpit.forecast.estimates import Estimate
from cockpit.forecast.outlook import outlook
from cockpit.metrics.stints import Stints
from cockpit.metrics.trends import Trends
from cockpit.schedule import facts as f
from cockpit.schedule.codec import encode
from cockpit.schedule.facts import to_json
from cockpit.schedule.seeking import sought, told

if TYPE_CHECKING:
    from tests.ui.fakes import FakeHandle


def answer(handle: "FakeHandle", question: str, given: dict[str, Any]) -> Any:
    """Answer a question about the past or the future. Raises CockpitError for another one."""
    recorded, now = handle.recorded, handle.clock.now()
    if question == "facts":
        return _facts(recorded, **given)
    if question == "fact":
        (one,) = [one for one in recorded if one.seq == given["seq"]]
        return {"seq": one.seq, "at": one.at, "kind": type(one.fact).__name__, "fields": to_json(one.fact)}
    if question == "base":
        return {"branch": handle.snapshot.outline.base, "commits": handle.base}
    if question == "changes":
        facts = [one for one in recorded if isinstance(one.fact, f.PlanChanged)]
        told = {"changes": [], "left_out": 0, **(to_json(facts[-1].fact) if facts else {})}
        return {"seq": facts[-1].seq if facts else 0, "at": facts[-1].at if facts else 0.0, **told}
    if question == "ran":
        return _ran(handle.ran, **given)
    if question == "outlook":
        found = outlook(handle.snapshot, now, given.get("agents"))
        rest = {"agents": found.agents, "all_wanted": found.all_wanted, "legs": to_builtins(found.legs)}
        return {"forecast": encode(found.forecast), **rest}
    if question == "trends":
        trends = Trends()
        for one in recorded:
            trends.fold(one)
        series = trends.series[given["window"]]
        return {
            "window": given["window"],
            "width_s": series.width_s,
            "points": to_builtins(series.points(now)),
            "estimates": to_builtins(handle.estimates),
        }
    if question == "stints":
        stints = Stints()
        for one in recorded:
            stints.fold(one)
        return {"legs": to_builtins(stints.of_all())}
    if question == "export":
        return {"paths": [f"/srv/state/reports/1-trends-{given['window']}.csv", "/srv/state/reports/1-legs.csv"]}
    raise CockpitError(f"no such question: {question}")


def _facts(recorded: list[f.Recorded], before: int | None = None, limit: int = 200, text: str = "") -> Any:
    wanted = sought(text)
    known = [told(one) for one in reversed(recorded) if before is None or one.seq < before]
    found = [one for one in known if wanted.holds(one)]
    more = found[limit - 1].seq if len(found) > limit else 0
    return {"facts": to_builtins(found[:limit]), "next": more}


def _ran(ran: list[list[Any]], before: int | None = None, since: int = 0, limit: int = 200, text: str = "") -> Any:
    found = [one for one in reversed(ran) if since < one[0] and (before is None or one[0] < before)]
    return {"commands": [one for one in found if text.lower() in str(one).lower()][:limit]}


def moved(now: float) -> list[Estimate]:
    """Return estimates of two hours that went up, and then down."""
    return [
        Estimate(now - 60 * (120 - at), now + 60 * (80 + abs(60 - at)), now + 60 * (120 + abs(60 - at)))
        for at in range(0, 120, 2)
    ]
