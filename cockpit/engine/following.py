"""Reads what an agent prints, as far as it goes, into its parser; says what a run used; judges nothing itself."""

from dataclasses import dataclass
from pathlib import Path

from cockpit.agents import presets, runs
from cockpit.agents.streams import formats
from cockpit.agents.streams.events import Parser, Verdict
from cockpit.agents.supervisor import BESIDE
from cockpit.plan.settings import AgentProfile
from cockpit.schedule import facts as f
from cockpit.schedule.snapshot import Cost, Snapshot, total

FORMAT = "output-format"
TAIL = 4096
BESIDE_BYTES = 1 << 25  # a call of a model takes 200 kB of it
REPORT_EVERY_S = 30.0


@dataclass(frozen=True, slots=True)
class Told:
    """What the whole output of a run says: the verdict, the session, and what was used.

    `plain`: it has no format, so that its end is the best that is known of it.
    """

    verdict: Verdict
    session: str
    parser: Parser
    plain: bool


def keep_format(profile: AgentProfile, folder: Path) -> None:
    """Note in a run's folder how its output is to be read: the plan may say something else by its end."""
    (folder / FORMAT).write_text(presets.output_of(profile), encoding="utf-8")


def format_of(folder: Path) -> str:
    """Return how a run's output is to be read; plain where nothing was noted."""
    try:
        return (folder / FORMAT).read_text(encoding="utf-8").strip() or "plain"
    except OSError:
        return "plain"


class Following:
    """Follows the two outputs of one run; of text without a format only the end is read. Used by one thread at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.whole = (format_ := format_of(folder)) != "plain"
        self.parser = formats.parser(format_)
        self._places = {"stdout.log": 0, "stderr.log": 0}

    def read(self) -> Parser:
        """Read what came since the last time, and return the parser. Raises CockpitError."""
        if not self.whole:
            self.parser = formats.parser("plain")
            self.parser.feed(runs.tail(self._folder, limit=TAIL))
            return self.parser
        for name in self._places:
            while (chunk := runs.read_output(self._folder, self._places[name], runs.AT_ONCE, name=name)).data:
                if chunk.lost:
                    self.parser.lost()
                self.parser.feed(chunk.data, stderr=name == "stderr.log")
                self._places[name] = chunk.next
        return self.parser


def told(folder: Path) -> Told:
    """Return what the whole output of a run that is over says. Raises CockpitError."""
    following = Following(folder)
    parser = following.read()
    parser.finish()
    parser.beside(runs.tail(folder, BESIDE, BESIDE_BYTES))
    return Told(parser.verdict(), parser.session, parser, plain=not following.whole)


def usage(
    snapshot: Snapshot, leg: str, run: str, parser: Parser, profile: AgentProfile | None
) -> f.UsageReported | None:
    """Return the fact of what a run used so far; None where nothing new is known.

    Where a format tells the sum of a session, what its earlier runs used is taken off; where it tells no cost, the
    profile's prices make one.
    """
    used, how = parser.usage, presets.adapter(profile) if profile is not None else None
    earlier = Cost()
    if how is not None and (how.cumulative or how.cumulative_cost) and parser.session:
        same = [one for one in snapshot.runs.values() if one.session == parser.session and one.id != run]
        earlier = total(snapshot.usage.get(one.id, Cost()) for one in same)
    before = earlier if how is not None and how.cumulative and not parser.by_run else Cost()
    fresh = max(0, used.tokens_in - before.tokens_in)
    cached = max(0, used.tokens_cached - before.tokens_cached)
    out = max(0, used.tokens_out - before.tokens_out)
    prices = profile.cost if profile is not None else None
    if used.usd is not None:
        usd = max(0.0, used.usd - earlier.usd)
    else:
        usd = 0.0 if prices is None else (fresh * prices.input + cached * prices.cached + out * prices.output) / 1e6
    if Cost(usd, fresh, cached, out) == snapshot.usage.get(run, Cost()):
        return None
    return f.UsageReported(leg, run, fresh, cached, out, usd)
