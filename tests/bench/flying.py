"""The screen over 1,000 workstreams of which 50 print 2,000 lines a second together, and a bare Line-API list.

The screen runs in a process of its own over a handle that makes up the output: no driver and no agent takes part, so
what is measured is the screen alone. `python -m tests.bench.flying busy|idle|hour` is that process.
"""

import asyncio
import os
import re
import sys
import time
from asyncio import events
from collections.abc import Mapping
from pathlib import Path
from statistics import quantiles
from typing import Any

from msgspec.structs import replace

from cockpit.engine.handle import View
from cockpit.schedule.facts import Recorded
from cockpit.schedule.readings import RunReading
from cockpit.ui.app import CockpitApp
from tests.bench.terminal import Terminal, memory_mb
from tests.ui.fakes import FakeHandle, loaded, outline, under_way, workstream

ROWS, RUNNING = 1000, 50
LINES_PER_S, LOOK_S = 2000, 0.25
HOUR_S, LOOKS_OF_AN_HOUR = 3600, 600
KEYS = 60
CPU_S, WARM_S, BETWEEN_S = 6.0, 2.0, 0.03
UNDER_CURSOR = "▌".encode() + rb"(?:(?!\x1b\[\d+;\d+H|\n).){0,200}w%04d"  # in one row: nothing moves to another place
OVER = "the hour is over"
TURNS = "BENCH_TURNS"
LINE = "a line that an agent prints while it works on what it was told\n"
ROOT = Path(__file__).resolve().parents[2]
BARE = """
from rich.segment import Segment
from textual.app import App
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

class List(ScrollView, can_focus=True):
    BINDINGS = [("j", "down", "down")]
    at = 0
    def on_mount(self):
        self.virtual_size = Size(100, {rows})
    def render_line(self, y):
        y += self.scroll_offset.y
        mark = ">" if y == self.at else " "
        return Strip([Segment(f"{{mark}} row of w{{y + 1:04}} with some text in it".ljust(100))])
    def action_down(self):
        self.at += 1
        self.scroll_to_region(self.region.__class__(0, self.at, 1, 1), animate=False)
        self.refresh()

class Bare(App):
    def compose(self):
        yield List()

Bare().run()
"""


class Printing(FakeHandle):
    """Makes up what is printed from how much it is, so that it keeps none of it."""

    def view(self, *facts: Recorded) -> View:
        """Name those that run as what looks different, as a driver does."""
        running = frozenset(leg.workstream for leg in self.snapshot.legs.values() if leg.run)
        return replace(super().view(*facts), changed=running)

    def answer_printed(self, question: str, workstream: str, **arguments: Any) -> dict[str, Any]:
        """Make up whole lines from a place in the output on."""
        run = self.snapshot.leg_under_way(workstream).run
        size = self.readings.runs.get(run or "", RunReading()).output_bytes // len(LINE) * len(LINE)
        limit, places = arguments["limit"] // len(LINE) * len(LINE), arguments["places"]
        start = max(0, size - limit) if places is None else places[0]
        end = min(start + limit, size)
        lines = [[at, LINE.rstrip("\n")] for at in range(start, end, len(LINE))]
        return {"run": run, "lines": lines, "start": [start, 0], "next": [end, 0], "lost": 0, "more": end < size}

    def printed(self, seconds: float) -> None:
        """Let every run have printed for so long."""
        size = int(LINES_PER_S * seconds / RUNNING) * len(LINE)
        legs = [leg for leg in self.snapshot.legs.values() if leg.run]
        runs = {leg.run or "": self.readings.runs.get(leg.run or "", RunReading()) for leg in legs}
        now = self.clock.now()
        self.read(
            runs={
                key: replace(one, output_at=now, output_bytes=one.output_bytes + size, activity=f"line {now:.2f}")
                for key, one in runs.items()
            }
        )


def _fly(how: str) -> None:
    """Open the screen; `busy` prints as time goes by, `hour` an hour's worth at once, and then waits to be measured."""
    plan = outline(*(workstream(f"w{number:04}", f"Workstream {number}") for number in range(1, ROWS + 1)))
    base = loaded(plan)
    handle = Printing(base.snapshot, clock=base.clock)
    if how != "idle":
        for number in range(1, RUNNING + 1):
            under_way(handle, f"w{number:04}/w{number:04}-1", f"coder#{number}")
    app = CockpitApp(handle, View(handle.snapshot), clock=handle.clock)

    async def printing() -> None:
        looks = LOOKS_OF_AN_HOUR if how == "hour" else sys.maxsize
        for _ in range(looks):
            handle.clock.advance(HOUR_S / looks if how == "hour" else LOOK_S)
            handle.printed(HOUR_S / looks if how == "hour" else LOOK_S)
            await asyncio.sleep(0.01 if how == "hour" else LOOK_S)
        app.exit()

    async def both() -> None:
        task = asyncio.create_task(printing()) if how != "idle" else None
        await app.run_async()
        if task:
            task.cancel()

    asyncio.run(both())
    print(OVER, flush=True)
    sys.stdin.readline()


def time_turns(told: Path, after_s: float = 2 * WARM_S) -> None:
    """Keep in a file how long the longest turn of this process's loop was after the start, in seconds of processor."""
    run, longest, begun = events.Handle._run, 0.0, time.perf_counter()

    def timed(handle: events.Handle) -> None:
        nonlocal longest
        start = time.thread_time()
        run(handle)
        spent = time.thread_time() - start
        if spent > longest and time.perf_counter() - begun > after_s:
            longest = spent
            told.write_text(f"{longest}")

    setattr(events.Handle, "_run", timed)  # noqa: B010 - asyncio has no other place from which every turn is seen


def key_times(env: Mapping[str, str], folder: Path) -> tuple[list[float], list[float], float, float]:
    """Return the times of a key in the bare list and in the busy screen, the latter's share of a core and longest turn.

    The turn is one of its loop, in seconds of processor: for so long no key is heard, on a machine that has time.
    """
    turns = folder / "turns"
    bare = Terminal([sys.executable, "-c", BARE.format(rows=ROWS)], env)
    ours = busy_screen({**env, TURNS: str(turns)})
    try:
        bare.wait_for(b"w0005")
        ours.wait_for(b"w0005")
        bare.drain(WARM_S)
        ours.drain(WARM_S)
        share = _cpu_share(ours)
        theirs, times = [], []
        for number in range(2, KEYS + 2):
            bare.drain(BETWEEN_S)
            theirs.append(bare.key_until(b"j", re.compile(b"> row of w%04d" % number)))
            ours.drain(BETWEEN_S)
            times.append(ours.key_until(b"j", re.compile(UNDER_CURSOR % number)))
        return theirs, times, share, float(turns.read_text())
    finally:
        bare.close()
        ours.close()


def idle_share(env: Mapping[str, str]) -> float:
    """Return the share of a core that the screen takes where nothing runs."""
    ours = _screen("idle", env)
    try:
        ours.wait_for(b"w0005")
        ours.drain(WARM_S)
        return _cpu_share(ours)
    finally:
        ours.close()


def hour_memory(env: Mapping[str, str]) -> float:
    """Return the memory of the screen in MB after an hour's worth of output."""
    ours = _screen("hour", env)
    try:
        ours.wait_for(OVER.encode())
        return memory_mb(ours.pid)
    finally:
        ours.close()


def busy_screen(env: Mapping[str, str]) -> Terminal:
    """Open the screen over what prints all the time."""
    return _screen("busy", env)


def p95(times: list[float]) -> float:
    """Return the time that 95 of 100 keep."""
    return quantiles(times, n=20)[-1]


def _screen(how: str, env: Mapping[str, str]) -> Terminal:
    return Terminal([sys.executable, "-m", "tests.bench.flying", how], {**env, "PYTHONPATH": str(ROOT)})


def _cpu_share(terminal: Terminal) -> float:
    before, start = _cpu(terminal.pid), time.perf_counter()
    terminal.drain(CPU_S)
    return (_cpu(terminal.pid) - before) / (time.perf_counter() - start)


def _cpu(pid: int) -> float:
    after = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after[11]) + int(after[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    if TURNS in os.environ:
        time_turns(Path(os.environ[TURNS]))
    _fly(sys.argv[1])
