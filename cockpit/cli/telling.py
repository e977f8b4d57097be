"""Tells what a driver in the foreground does: a line per fact, a progress bar on a terminal, and what is left."""

import asyncio
import contextlib
import shutil
import signal
import sys
import time
from typing import TextIO

from cockpit.cli.output import coloured, plural, width
from cockpit.cli.reach import who
from cockpit.cli.status import why
from cockpit.engine.handle import Answer, Handle, View
from cockpit.safetext import on_one_line, safe_line
from cockpit.schedule import facts as f
from cockpit.schedule.orders import Order
from cockpit.schedule.snapshot import Snapshot
from cockpit.schedule.states import State
from cockpit.schedule.wording import line

_STYLE = {
    f.LegMerged: "32",
    f.LegFailed: "31",
    f.ConflictFound: "31",
    f.OrderRefused: "31",
    f.RetryScheduled: "33",
    f.ReviewAsked: "33",
    f.MergeDeferred: "33",
    f.LegReverted: "33",
    f.RollbackEnded: "31",
    f.Recovered: "33",
}
_QUIET = (f.UsageReported, f.MergeBuilt, f.WorkScanned)
_BAR = 24


class Teller:
    """Prints views as they come; `out` gets the lines, and the bar where it is a terminal."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._seq: int | None = None
        self._bar = ""
        self._problem = ""
        self.interrupted = False
        self._ending: asyncio.Future[Answer] | None = None

    async def follow(self, handle: Handle) -> None:
        """Print all that a driver tells, until it ends; goes on without a word once nobody reads.

        An interruption (ctrl+c) ends the driver in good order; `interrupted` then says so.
        """
        self.heed_interruptions(handle)
        async for view in handle.subscribe():
            try:
                self.show(view)
            except BrokenPipeError:
                return

    def heed_interruptions(self, handle: Handle) -> None:
        """Let ctrl+c end the driver in good order, and remember it."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._interrupt, handle)

    def show(self, view: View) -> None:
        """Print the facts of a view that were not printed yet, and redraw the bar."""
        self._wipe()
        for recorded in view.facts:
            if self._seq is not None and recorded.seq <= self._seq:
                continue
            self._seq = recorded.seq
            if not isinstance(recorded.fact, _QUIET):
                self._line(recorded)
        if view.problem != self._problem:
            self._problem = view.problem
            self._out.write(f"{on_one_line(self._problem or 'that is over: it goes on')}\n")
            self._out.flush()
        self._draw(view)

    def end(self) -> None:
        """Take the bar away."""
        with contextlib.suppress(BrokenPipeError):
            self._wipe()
            self._out.flush()

    def _interrupt(self, handle: Handle) -> None:
        self.interrupted = True
        if self._out.isatty():
            self._out.write("\n")
        self._bar = ""
        self._ending = asyncio.ensure_future(handle.order(Order("stop-driver", by=who("command"), reason="ctrl+c")))

    def _line(self, recorded: f.Recorded) -> None:
        text = line(recorded)
        style = _STYLE.get(type(recorded.fact))
        self._out.write(f"\x1b[{style}m{text}\x1b[0m\n" if style and coloured(self._out) else f"{text}\n")
        self._out.flush()

    def _wipe(self) -> None:
        if self._bar:
            self._out.write("\r\x1b[K")
            self._bar = ""

    def _draw(self, view: View) -> None:
        if not self._out.isatty():
            return
        room = shutil.get_terminal_size().columns - 1
        text = safe_line(progress(view))
        while text and width(text) > room:
            text = text[:-1]
        self._bar = text
        self._out.write(text)
        self._out.flush()


def progress(view: View) -> str:
    """Return a bar of the merged legs, and the counts."""
    snapshot = view.snapshot
    legs = list(snapshot.legs.values())
    merged = sum(leg.state is State.MERGED for leg in legs)
    full = _BAR * merged // len(legs) if legs else 0
    counts = " · ".join(f"{count} {state}" for state, count in snapshot.counts().items())
    forecast = view.readings.forecast
    at = ""
    if forecast is not None and forecast.p50_s is not None:
        at = time.strftime(" · done about %H:%M", time.localtime(forecast.at + forecast.p50_s))
    return f"{'█' * full}{'░' * (_BAR - full)} {merged}/{len(legs)} legs merged · {counts}{at}"


def summary(snapshot: Snapshot) -> list[str]:
    """Return what was merged, and what waits for a human and why."""
    merged = [f"  {one.commit[:9]}  {one.leg}" for one in snapshot.merges if not one.reverted]
    lines = [f"merged: {plural(len(merged), 'leg')}", *merged]
    undone = [f"  {one.leg}: {one.commit[:9]} by {one.reverted[:9]}" for one in snapshot.merges if one.reverted]
    lines += [f"rolled back: {plural(len(undone), 'merge')}", *undone] if undone else []
    empty = [leg.key for leg in snapshot.legs.values() if leg.state is State.MERGED and not leg.merged]
    lines += [f"  done without a change: {', '.join(empty)}"] if empty else []
    left = [key for key in snapshot.workstreams if not snapshot.is_merged(key)]
    if left:
        lines.append(f"left: {plural(len(left), 'workstream')}")
        for key in left:
            reason = why(snapshot, key)
            state = snapshot.state_of(key).value
            lines.append(f"  {key} is {state}" + (f": {reason}" if reason else ""))
    rescues = [ref for one in snapshot.workstreams.values() for ref in one.rescues]
    lines += [f"kept under rescue refs: {len(rescues)} (see `cockpit rescue list`)"] if rescues else []
    return [on_one_line(part) if not part.startswith("  ") else f"  {on_one_line(part)}" for part in lines]
