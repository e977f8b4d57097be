"""Answers what clients ask about what was and what is to come: facts, commands, figures, forecasts; orders nothing."""

import os
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import Any

from msgspec import to_builtins

from cockpit.clock import iso
from cockpit.engine.effects import Effects
from cockpit.errors import CockpitError
from cockpit.forecast.estimates import Estimate
from cockpit.forecast.outlook import Outlook, outlook
from cockpit.forecast.ranked import ranked
from cockpit.git import baselog
from cockpit.metrics.stints import Stint, Stints
from cockpit.metrics.tables import csv_text
from cockpit.metrics.trends import FIGURES, WINDOWS, Bucket, Trends
from cockpit.process import TRACE, Traced
from cockpit.schedule.codec import encode
from cockpit.schedule.facts import PlanChanged, Recorded, to_json
from cockpit.schedule.seeking import Told, sought, told
from cockpit.schedule.wording import words

PAGE = 200
MOST_AT_ONCE = 1_000
LOOKED_AT = 10_000  # facts that one question looks at
VALUE_LIMIT = 8_192  # characters of one field of a fact
ARGV_LIMIT = 2_000
AGENTS_LIMIT = 1_000
BUDGET_S = 0.4


class Past:
    """The questions about a plan's past and future; what it folds of the journal it keeps, and folds on from there."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        self._lock = Lock()
        self._seq = 0
        self._trends, self._stints = Trends(), Stints()
        self.estimates: Callable[[], tuple[Estimate, ...]] = tuple
        self.known: dict[str, Callable[..., Awaitable[Any]]] = {
            "facts": self._facts,
            "fact": self._fact,
            "changes": self._changes,
            "ran": self._ran,
            "outlook": self._outlook,
            "trends": self._trends_of,
            "stints": self._stints_of,
            "export": self._export,
            "base": self._base,
        }

    # --- the journal ----------------------------------------------------------------------------------------------

    async def _facts(self, before: int | None = None, limit: int = PAGE, text: str = "") -> Any:
        """Give facts before a number, the newest first, as far as a filter lets them through."""
        found, next_ = await self._effects.pool.short(self._look_back, before, min(limit, MOST_AT_ONCE), text)
        return {"facts": to_builtins(found), "next": next_}

    def _look_back(self, before: int | None, limit: int, text: str) -> tuple[list[Told], int]:
        """Return what was found, and the number before which to go on; 0 where there is nothing more."""
        wanted, found = sought(text), list[Told]()
        with closing(self._effects.engine.journal.read_back(before)) as facts:
            for looked_at, recorded in enumerate(facts, 1):
                one = told(recorded)
                if wanted.holds(one):
                    found.append(one)
                if len(found) >= limit or looked_at >= LOOKED_AT:
                    return found, recorded.seq if recorded.seq > 1 else 0
        return found, 0

    async def _base(self, limit: int = 50) -> Any:
        """Give the last commits of base, the newest first: id, time, author, subject."""
        branch = self._effects.engine.snapshot.outline.base
        found = await self._effects.pool.git(baselog.last, self._effects.repo, branch, min(limit, PAGE))
        return {"branch": branch, "commits": [[one.commit, one.at, one.author, one.subject] for one in found]}

    async def _fact(self, seq: int) -> Any:
        """Give one fact in full, but for what is too long of a field."""
        found = await self._effects.pool.short(self._told, seq)
        if found is None:
            raise CockpitError(f"there is no fact {seq}, or this version cannot read it")
        return found

    async def _changes(self) -> Any:
        """Give what the last version of the plan that changed anything changed; a number of 0 where none did."""
        found = await self._effects.pool.short(self._effects.engine.journal.newest, PlanChanged.__name__)
        if found is None:
            return {"seq": 0, "at": 0.0, "changes": [], "left_out": 0}
        told = to_json(found.fact)
        return {"seq": found.seq, "at": found.at, "changes": told["changes"], "left_out": told.get("left_out", 0)}

    def _told(self, seq: int) -> dict[str, Any] | None:
        """Return a fact in words and by its fields; that of a large plan takes its time."""
        recorded = self._one(seq)
        if recorded is None:
            return None
        fact = recorded.fact
        fields = {name: _bounded(value) for name, value in to_json(fact).items()}
        kind = type(fact).__name__
        return {"seq": seq, "at": recorded.at, "kind": kind, "words": words(fact), "fields": fields}

    def _one(self, seq: int) -> Recorded | None:
        with closing(self._effects.engine.journal.read_back(seq + 1)) as facts:
            found = next(facts, None)
        return found if found is not None and found.seq == seq else None

    async def _ran(self, before: int | None = None, since: int = 0, limit: int = PAGE, text: str = "") -> Any:
        """Give the commands that this driver ran, the newest first; with `since`, those after that number."""
        lets = _lets(text)
        found: list[Any] = []
        for number, one in reversed(TRACE.numbered()):
            if number <= since:
                break
            if before is not None and number >= before:
                continue
            shown = _command(one)
            if lets(one, f"{shown} {one.cwd} {one.output}".lower()):
                found.append([number, one.at, one.seconds, one.code, shown, one.cwd, one.output])
            if len(found) >= min(limit, MOST_AT_ONCE):
                break
        return {"commands": found}

    # --- trends and forecast ----------------------------------------------------------------------------------------

    async def _outlook(self, agents: int | None = None) -> Any:
        """Give what is to come, with the plan's own number of agents or with another one."""
        found = await self._look_ahead(agents)
        shown = {"agents": found.agents, "all_wanted": found.all_wanted, "legs": to_builtins(found.legs)}
        return {"forecast": encode(found.forecast), **shown}

    async def _look_ahead(self, agents: int | None) -> Outlook:
        if agents is not None and not 1 <= agents <= AGENTS_LIMIT:
            raise CockpitError(f"not a number of agents: {agents}", hint=f"from 1 to {AGENTS_LIMIT}")
        engine = self._effects.engine
        snapshot = ranked(engine.snapshot, engine.readings.records)
        return await self._effects.pool.idle(outlook, snapshot, engine.clock.now(), agents, budget_s=BUDGET_S)

    async def _trends_of(self, window: str = "24h") -> Any:
        """Give the figures over a window of time, and how the estimate of the finish moved."""
        width_s, points = await self._effects.pool.idle(self._points, window)
        told = {"points": to_builtins(points), "estimates": to_builtins(self.estimates())}
        return {"window": window, "width_s": width_s, **told}

    async def _stints_of(self) -> Any:
        """Give what each leg did when."""
        stints = await self._effects.pool.idle(self._all_stints)
        return {"legs": to_builtins(stints)}

    def _points(self, window: str) -> tuple[float, list[Bucket]]:
        if window not in WINDOWS:
            raise CockpitError(f"no such window of time: {window}", hint=f"known: {', '.join(WINDOWS)}")
        with self._lock:
            self._catch_up()
            series = self._trends.series[window]
            points = series.points(self._effects.engine.clock.now())
            return series.width_s, points

    def _all_stints(self) -> dict[str, list[Stint]]:
        with self._lock:
            self._catch_up()
            return self._stints.of_all()

    def _catch_up(self) -> None:
        for recorded in self._effects.engine.journal.read(self._seq):
            self._trends.fold(recorded)
            self._stints.fold(recorded)
            self._seq = recorded.seq

    # --- reports ------------------------------------------------------------------------------------------------------

    async def _export(self, window: str = "24h") -> Any:
        """Write figures and legs as CSV below the state folder; give the paths."""
        _, points = await self._effects.pool.idle(self._points, window)
        stints = await self._effects.pool.idle(self._all_stints)
        ahead = await self._look_ahead(None)
        tables = {f"trends-{window}": _trends_table(points), "legs": _legs_table(self._effects, stints, ahead)}
        folder = self._effects.project.state.reports
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(self._effects.engine.clock.now()))
        return {"paths": await self._effects.pool.short(_write, folder, stamp, tables)}


def _command(one: Traced) -> str:
    import shlex

    return shlex.join(one.argv)[:ARGV_LIMIT]


def _lets(text: str) -> Callable[[Traced, str], bool]:
    """Return what tells whether a filter lets a command through: words, `!words`, `kind:read` and `kind:change`."""
    parts = text.lower().split()
    kinds = [part[5:] for part in parts if part.startswith("kind:") and part[5:]]
    unwanted = [part[1:] for part in parts if part.startswith("!") and part[1:]]
    words = [part for part in parts if not part.startswith(("kind:", "!"))]

    def lets(one: Traced, where: str) -> bool:
        if kinds and not any(("read" if one.reads else "change").startswith(kind) for kind in kinds):
            return False
        return all(word in where for word in words) and not any(word in where for word in unwanted)

    return lets


def _bounded(value: Any) -> Any:
    if isinstance(value, str) and len(value) > VALUE_LIMIT:
        return f"{value[:VALUE_LIMIT]}… and {len(value) - VALUE_LIMIT} characters more"
    if isinstance(value, list | dict):
        import json

        text = json.dumps(value, ensure_ascii=False)
        return value if len(text) <= VALUE_LIMIT else _bounded(text)
    return value


def _trends_table(points: list[Bucket]) -> str:
    rows = ([iso(one.at), *(getattr(one, name) for name in FIGURES)] for one in points)
    return csv_text(("from", *FIGURES), rows)


def _legs_table(effects: Effects, stints: dict[str, list[Stint]], ahead: Outlook) -> str:
    snapshot = effects.engine.snapshot
    coming = {one.leg: one for one in ahead.legs}
    heads = ("leg", "workstream", "round", "state", "estimate_s", "kind", "start", "end", "critical")
    rows: list[tuple[str | float | None, ...]] = []
    for key, leg in snapshot.legs.items():
        of = (key, leg.workstream, leg.outline.round, leg.state.value, leg.outline.estimate_s)
        rows += [(*of, one.kind, iso(one.start), iso(one.end), "") for one in stints.get(key, ())]
        if (one := coming.get(key)) is not None:
            rows.append((*of, "forecast", iso(one.start), iso(one.end), "critical" if one.critical else ""))
    return csv_text(heads, rows)


def _write(folder: Path, stamp: str, tables: dict[str, str]) -> list[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        written: list[str] = []
        for name, text in tables.items():
            path = folder / f"{stamp}-{name}.csv"
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", newline="") as file:
                file.write(text)
            written.append(str(path))
    except OSError as error:
        what = f"the report cannot be written: {error.strerror or error}"
        raise CockpitError(what, where=str(folder), hint="make room there, or make it writable") from error
    return written
