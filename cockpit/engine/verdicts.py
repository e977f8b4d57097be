"""Judges the end of a run: it is done only where its output says so and its exit agrees; git is asked by the checks."""

from cockpit.agents.runs import RunExit
from cockpit.agents.streams.events import Parser, Verdict
from cockpit.agents.streams.limits import Limit

STALLED = "stalled: "
LIMITED = "limited: "


def outcome_of(ended: RunExit, verdict: Verdict, who: str = "the agent") -> tuple[str, str]:
    """Return how a run ended, in a word, and why; no reason where it is done."""
    if ended.reason == "exited":
        if ended.ok:
            return verdict.outcome, verdict.reason
        how = f"signal {ended.signal}" if ended.signal else f"code {ended.code}"
        if verdict.reason:
            return verdict.outcome, f"{verdict.reason} ({who} ended with {how})"
        return "failed", f"{who} ended with {how}"
    if ended.reason == "timeout":
        return "timeout", "the time limit of a run was reached"
    if ended.reason == "spawn-failed":
        return "failed", f"{who} could not be started: {ended.error}"
    if ended.reason == "stopped" and ended.detail.startswith(LIMITED):
        return "failed", ended.detail.removeprefix(LIMITED)
    if ended.reason == "stopped":
        outcome = "stalled" if ended.detail.startswith(STALLED) else "stopped"
        return outcome, ended.detail or "it was stopped"
    said = f"; its output says: {verdict.reason}" if verdict.reason else ""
    return "unknown", f"its supervisor was killed: how it ended is not known{said}"


def limit_of(ended: RunExit, outcome: str, parser: Parser) -> Limit | None:
    """Return the quota or rate limit that ended a run; None where it ended for another reason."""
    if outcome != "failed":
        return None
    if ended.reason == "exited":
        return parser.limit
    return parser.waits if ended.detail.startswith(LIMITED) else None
